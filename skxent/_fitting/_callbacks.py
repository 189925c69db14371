"""scikit-learn's callbacks."""

from collections.abc import Callable
from typing import Any

from skxent._fitting._continuation import forget_fit


def report_iteration(
    context: Any,
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any,
    attributes: Callable[[], dict[str, Any]],
) -> bool:
    """Report an iteration to the callbacks of an estimator; return whether one asks to stop.

    They call `attributes` for the fitted attributes that the estimator would have if it stopped;
    the curves of an earlier fit are none of them.
    """
    forget_fit(estimator)
    iteration = context.subcontext(task_name="iteration")
    iteration.call_on_fit_task_begin(estimator=estimator, X=X, y=y)
    stop = iteration.call_on_fit_task_end(
        estimator=estimator,
        X=X,
        y=y,
        metadata=None if sample_weight is None else {"sample_weight": sample_weight},
        reconstruction_attributes=attributes,
    )
    return bool(stop)
