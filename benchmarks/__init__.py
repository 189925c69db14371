"""Benchmarks of skxent beside its peers: `python -m benchmarks` runs them and writes a page.

A benchmark is a module of this package, whose name stands in `BENCHMARKS`. It has

- a docstring, which the page quotes: a title, the command, what is measured and how;
- `results(**settings)`, which yields a `benchmarks.rows.Row` for all that was measured, as soon
  as it is;
- `SHORT`, the settings of a run of seconds;
- `LIMIT`, the seconds after which a run is cut off;
- `PEERS`, the distributions whose versions the page names.
"""

BENCHMARKS = ("mfcc", "search", "memory", "classifier", "validation", "speakers")
