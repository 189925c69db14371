"""Spoken digits for examples and tests.

`load_spoken_digits` loads synthetic speech that comes with the package and works offline;
`fetch_fsdd` loads real recordings, which it downloads once.
"""

from skxent.datasets._fsdd import fetch_fsdd
from skxent.datasets._spoken_digits import load_spoken_digits

__all__ = ["fetch_fsdd", "load_spoken_digits"]
