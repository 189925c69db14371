"""scikit-learn's callbacks."""

from collections.abc import Callable
from typing import Any


def report_iteration(
    context: Any,
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any,
    attributes: Callable[[], dict[str, Any]],
) -> bool:
    """Tell the callbacks of an estimator of an iteration.

    Parameters
    ----------
    context : sklearn.callback.CallbackContext
        Of the fit.
    estimator : estimator
        That is being fitted.
    X, y, sample_weight : array-like
        What it is fitted to.
    attributes : callable
        Returns a dict of its fitted attributes, were it to stop here; called only
        if it is asked for.

    Returns
    -------
    stop : bool
        Whether one of them asks to stop.

    Examples
    --------
    >>> from skxent import SoftmaxClassifier
    >>> from skxent._fitting._callbacks import report_iteration
    >>> classifier = SoftmaxClassifier()
    >>> context = classifier._init_callback_context(max_subtasks=1)
    >>> report_iteration(context, classifier, [[0.0], [1.0]], [0, 1], None, dict)
    False
    """
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
