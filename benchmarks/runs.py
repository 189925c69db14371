"""Run a benchmark in a process of its own, with a time limit."""

import importlib
import inspect
import sys
import time
from dataclasses import replace

from benchmarks.measure import ChildError, in_process
from benchmarks.page import Outcome
from benchmarks.rows import show


def run(module, short):
    """Return the results of a benchmark, or those until it was ended."""
    name = module.__name__.rpartition(".")[2]
    outcome, start = Outcome(name, inspect.getdoc(module)), time.perf_counter()

    def kept():
        for row in in_process(results_of, (module.__name__, short), module.LIMIT):
            if short:  # aims are for full runs
                row = replace(row, aim=None)
            outcome.rows.append(row)
            yield row

    try:
        show(kept())
    except TimeoutError:
        outcome.unfinished = f"ended after its limit of {module.LIMIT:g} s"
    except ChildError as error:
        outcome.unfinished, outcome.failed = f"it failed ({error.kind})", True
        print(error, file=sys.stderr)
    outcome.seconds = time.perf_counter() - start
    print(f"{name}: {outcome.unfinished or 'done'}, {outcome.seconds:.0f} s")
    return outcome


def results_of(name, short):
    """Yield the rows of a benchmark, in its own process."""
    module = importlib.import_module(name)
    yield from module.results(**(module.SHORT if short else {}))
