"""Benchmarks of skxent against its peers: `python -m benchmarks` runs them and writes a page.

A benchmark is a module of this package whose name is in `BENCHMARKS`. It has

- a docstring, which the page quotes: a title, the command, what is measured and how;
- `results(**settings)`, which yields a `benchmarks.rows.Row` for each measurement as soon as it
  is done;
- `SHORT`, the settings of a run of a few seconds;
- `LIMIT`, the time limit of a run in seconds;
- `PEERS`, the distributions whose versions the page lists.
"""

BENCHMARKS = (
    "mfcc",
    "search",
    "memory",
    "caches",
    "classifier",
    "validation",
    "speakers",
    "voice_activity",
    "robustness",
    "words",
    "unheard",
    "connected",
    "export",
)
