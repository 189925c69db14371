"""Spoken digits to learn and test with.

`load_spoken_digits` reads synthetic speech that comes with the package and works offline;
`fetch_fsdd` gives real recordings, which it downloads once.
"""

from skxent.datasets._fsdd import fetch_fsdd
from skxent.datasets._spoken_digits import load_spoken_digits

__all__ = ["fetch_fsdd", "load_spoken_digits"]
