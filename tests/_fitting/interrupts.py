"""Interrupts to test with."""

import contextlib
import os
import signal
import warnings

from sklearn.exceptions import ConvergenceWarning


class Interrupt:
    """A callback that sends interrupts after the iterations of some numbers, counted from one."""

    max_propagation_depth = None

    def __init__(self, *numbers, task="end iteration epoch"):
        self.numbers, self.task = numbers, task
        self.process, self.n_seen = os.getpid(), 0

    def setup(self, estimator, context):
        self.n_seen = 0

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        self.see(f"begin {context.task_name}")

    def on_fit_task_end(self, estimator, context):
        self.see(f"end {context.task_name}")

    def see(self, name):
        if set(name.split()) <= set(self.task.split()):
            self.n_seen += 1
            if self.n_seen in self.numbers:
                os.kill(self.process, signal.SIGINT)


@contextlib.contextmanager
def handled_by(handler=signal.default_int_handler):
    """Let a function handle interrupts, as a shell may have told Python to ignore them."""
    earlier = signal.signal(signal.SIGINT, handler)
    try:
        yield
        assert signal.getsignal(signal.SIGINT) is handler, "was not put back"
    finally:
        signal.signal(signal.SIGINT, earlier)


def fit_interrupted(estimator, *data, **more):
    """Fit an estimator; return what was warned of."""
    with warnings.catch_warnings(record=True) as caught, handled_by():
        warnings.simplefilter("always", ConvergenceWarning)
        estimator.fit(*data, **more)
    return [str(warning.message) for warning in caught]
