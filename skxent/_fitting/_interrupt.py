"""A callback with which an interrupt ends a fit and keeps what it has reached."""

import contextlib
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any
from uuid import UUID

from sklearn.exceptions import ConvergenceWarning

# Tasks after which an estimator of skxent ends its fit if a callback asks for it.
_STOPPABLE = ("iteration", "epoch")


@dataclass(eq=False)
class _Run:
    """What is known of a fit, the outermost one of several, that an interrupt may end."""

    earlier: Callable[[int, FrameType | None], Any]
    reached: str | None = None
    is_requested: bool = False
    stopped_after: str | None = None

    def handle(self, signum: int, frame: FrameType | None) -> None:
        """Note the first interrupt that finds a model to keep; hand on any other."""
        if self.reached is None or self.is_requested:
            self.earlier(signum, frame)
            return
        self.is_requested, self.stopped_after = True, self.reached
        with contextlib.suppress(RuntimeError):  # it came while something was being written
            print(
                "\nInterrupted: the fit ends as soon as it can. Another interrupt ends it at once, "
                "without a model.",
                file=sys.stderr,
            )

    def stop(self) -> bool:
        """Return whether the fit has to end here."""
        if self.is_requested:
            self.stopped_after = self.reached
        return self.is_requested


# By the identity of the outermost fit, which all tasks within it share. They are not kept in the
# callback, so that it can be pickled and used by several estimators.
_runs: dict[UUID, _Run] = {}


def is_interrupted(context: Any) -> bool:
    """Return whether an interrupt ends a fit, for loops that ask within an iteration too."""
    run = _runs.get(context.root_uuid)
    return run is not None and run.stop()


class StopOnInterrupt:
    """Callback with which Ctrl-C ends a fit and keeps the model reached so far.

    Without it, Ctrl-C (the signal SIGINT) raises `KeyboardInterrupt`, and a fit that
    took hours leaves nothing. With it, the fit ends after the current iteration, and
    a network's even before the next batch, with the weights of the last whole epoch.
    The estimator is then fitted, as by a longer fit that was cut short: `n_iter_` and
    `loss_curve_` say how far it came, `converged_` is False, `early_stopping` has
    kept the best weights, and `warm_start` continues. Schedules that span a whole fit
    ("cosine", "one_cycle") have not come to their end, and a warm start begins them
    again.

    The next Ctrl-C raises `KeyboardInterrupt` at once, and so does the first one
    where there is no model to keep: before the end of the first iteration, and while
    features are computed. One that comes when the last iteration is over changes
    nothing, but the warning.

    Register it on the outermost estimator. It reaches the estimators within:

    - The classifier at the end of a Pipeline, or within a
      :class:`~skxent.FramewiseClassifier`, ends its fit, and the outer fit with it.
    - :class:`~skxent.SoftmaxClassifierCV` ends its search, and fits the setting that is
      best so far to all samples. When the search has ended, while it scores and fits
      the best setting, Ctrl-C raises `KeyboardInterrupt`.
    - A `GridSearchCV` has no result before all its fits have ended. The current fit
      ends, and then `KeyboardInterrupt` is raised. Only the last fit, of the best
      candidate to all samples, can be cut short.

    Warns
    -----
    ConvergenceWarning
        If an interrupt ended a fit. The message says after which iteration.

    See Also
    --------
    sklearn.callback.ProgressBar : Shows how far a fit is.

    Notes
    -----
    The signal is handled from the beginning to the end of a fit in the main thread;
    then the earlier handler is put back. The callback does nothing in other threads
    and processes, as Python handles signals in the main thread alone: with `n_jobs`,
    Ctrl-C is what it is without the callback. Nor does it do anything where SIGINT is
    ignored, as in jobs in the background of a shell. Estimators that are not of skxent
    go on when a callback asks them to stop, so Ctrl-C raises `KeyboardInterrupt` there.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skxent import SoftmaxClassifier, StopOnInterrupt
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = SoftmaxClassifier().set_callbacks(StopOnInterrupt())
    >>> classifier.fit(X, y).converged_  # nobody has pressed Ctrl-C
    True
    """

    max_propagation_depth = None  # of scikit-learn's protocol: to all estimators within

    def setup(self, estimator: Any, context: Any) -> None:
        """Begin to handle interrupts.

        Parameters
        ----------
        estimator : estimator
            The outermost estimator.
        context : CallbackContext
            Its fit.
        """
        earlier = signal.getsignal(signal.SIGINT)
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread and callable(earlier) and context.root_uuid not in _runs:
            run = _runs[context.root_uuid] = _Run(earlier)
            signal.signal(signal.SIGINT, run.handle)

    def teardown(self, estimator: Any, context: Any) -> None:
        """Put back the earlier handler.

        Parameters
        ----------
        estimator : estimator
            The outermost estimator.
        context : CallbackContext
            Its fit.
        """
        run = _runs.pop(context.root_uuid, None)
        if run is not None and signal.getsignal(signal.SIGINT) == run.handle:
            signal.signal(signal.SIGINT, run.earlier)

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Raise the interrupt if it came before another fit.

        Parameters
        ----------
        estimator : estimator
            The estimator that begins a task.
        context : CallbackContext
            The task.

        Raises
        ------
        KeyboardInterrupt
            If a fit begins after an interrupt.
        """
        run = _runs.get(context.root_uuid)
        if run is not None and _is_fit(context):
            run.reached = None
            if run.is_requested:
                raise KeyboardInterrupt

    def on_fit_task_end(self, estimator: Any, context: Any) -> bool:
        """Ask to stop after an interrupt.

        Parameters
        ----------
        estimator : estimator
            The estimator that ends a task.
        context : CallbackContext
            The task.

        Returns
        -------
        stop : bool
            Whether an iteration should be the last one.
        """
        run = _runs.get(context.root_uuid)
        if run is None:
            return False
        if context.task_name in _STOPPABLE:
            run.reached = _describe(context)
            return run.stop()
        # The end of a fit, or of a search, after which no iteration asks whether to stop.
        run.reached = None
        if context.parent is None and run.stopped_after is not None:
            message = f"an interrupt ended {run.stopped_after}; it keeps what it has reached"
            run.stopped_after = None  # another callback of this kind need not say it again
            warnings.warn(message, ConvergenceWarning, stacklevel=2)
        return False


def _is_fit(context: Any) -> bool:
    """Return whether a task is the whole fit of an estimator, be it within another."""
    return context.parent is None or context.source_estimator_name is not None


def _describe(context: Any) -> str:
    """Return how far an estimator has come."""
    stage = "" if _is_fit(context.parent) else f" of {context.parent.task_name}"
    return f"{context.estimator_name} after {context.task_name} {context.task_id + 1}{stage}"
