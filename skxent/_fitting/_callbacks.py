"""scikit-learn's callbacks."""

from typing import Any

from skxent._fitting._continuation import forget_fit
from skxent._fitting._monitor import Attributes


def report_iteration(
    context: Any,
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any,
    before: Attributes,
    after: Attributes,
) -> bool:
    """Report an iteration to the callbacks of an estimator; return whether one asks to stop.

    They call `before` and `after` for the fitted attributes that the estimator would have if it
    stopped there; the curves of an earlier fit are none of them.
    """
    forget_fit(estimator)
    iteration = context.subcontext(task_name="iteration")
    given = {"estimator": estimator, "X": X, "y": y}
    given["metadata"] = None if sample_weight is None else {"sample_weight": sample_weight}
    iteration.call_on_fit_task_begin(**given, reconstruction_attributes=before)
    return bool(iteration.call_on_fit_task_end(**given, reconstruction_attributes=after))
