"""scikit-learn's callbacks."""

from functools import partial
from typing import Any

from skxent._fitting._continuation import with_fit
from skxent._fitting._monitor import Attributes

# Of scikit-learn, while a fit is under way.
_UNDER_WAY = ("_callback_fit_ctx", "_parent_callback_ctx", "_skl_callbacks_to_teardown")


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
    stopped there.
    """
    iteration = context.subcontext(task_name="iteration")
    given = {"estimator": estimator, "X": X, "y": y}
    given["metadata"] = None if sample_weight is None else {"sample_weight": sample_weight}
    before, after = partial(_replace, estimator, before), partial(_replace, estimator, after)
    iteration.call_on_fit_task_begin(**given, reconstruction_attributes=before)
    return bool(iteration.call_on_fit_task_end(**given, reconstruction_attributes=after))


def _replace(estimator: Any, attributes: Attributes) -> dict[str, Any]:
    """Return what scikit-learn sets on its copy of an estimator, to make it one that is fitted.

    It sets attributes one by one. The copy would keep those of an earlier fit that this one has
    not, so it gets another `__dict__`.
    """
    every = with_fit(estimator, attributes())
    return {"__dict__": {name: every[name] for name in every if name not in _UNDER_WAY}}
