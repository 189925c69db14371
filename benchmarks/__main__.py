"""Run the benchmarks, and write a page and plots of the results.

    python -m benchmarks                    # all of them, about an hour
    python -m benchmarks mfcc search        # a selection
    python -m benchmarks --short            # all of them on little data, about a minute
    python -m benchmarks --output docs      # write docs/benchmarks.md, with its plots

Each benchmark runs in a process of its own, which is ended after its time limit; the page has what
it measured until then. The exit status is 1 if a benchmark failed.
"""

import argparse
import datetime as dt
import importlib
import os
import sys
from pathlib import Path

# One thread for all tools. Must be set before numpy is imported, here and in child processes.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", NUMBA_NUM_THREADS="1")

from benchmarks import BENCHMARKS
from benchmarks.machine import load, machine, versions
from benchmarks.page import write_page
from benchmarks.plots import draw_ratios
from benchmarks.recordings import prepare
from benchmarks.runs import run


def main(arguments=None):
    """Run the benchmarks that the arguments name, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(BENCHMARKS))
    parser.add_argument("--short", action="store_true", help="little data, nothing downloaded")
    parser.add_argument(
        "--output", type=Path, default=Path("build/benchmarks"), help="folder of the page"
    )
    args = parser.parse_args(arguments)
    unknown = sorted(set(args.names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"unknown benchmark {', '.join(unknown)}; choose from {', '.join(BENCHMARKS)}")
    recordings = prepare(download=not args.short)
    print(f"recordings: {recordings}")
    loads, outcomes, peers = [load()], [], []
    names = args.names or BENCHMARKS
    # Import all modules first, so that a peer that is not installed fails before any run.
    modules = [importlib.import_module(f"benchmarks.{name}") for name in names]
    for module in modules:
        print(f"\n{module.__name__}", flush=True)
        outcomes.append(run(module, args.short))
        peers += module.PEERS
        loads.append(load())
    images = args.output / "images"
    images.mkdir(parents=True, exist_ok=True)
    for outcome in outcomes:
        picture = images / f"benchmarks_{outcome.name}.png"
        if draw_ratios(outcome.rows, picture):
            outcome.figure = picture.relative_to(args.output).as_posix()
    page = write_page(
        outcomes,
        when=dt.datetime.now(dt.UTC).date().isoformat(),
        machine=machine(),
        versions=versions(peers),
        recordings=recordings,
        load=in_words(loads),
        short=args.short,
    )
    path = args.output / "benchmarks.md"
    path.write_text(page, encoding="utf-8")
    print(f"\nwritten: {path}")
    return int(any(outcome.failed for outcome in outcomes))


def in_words(loads):
    """Describe the load of the machine during the run, including the run itself."""
    if None in loads:
        return "unknown"
    numbers = ", ".join(f"{value:.1f}" for value in loads)
    return f"{numbers} runnable processes (load average, before the run and after each benchmark)"


if __name__ == "__main__":
    sys.exit(main())
