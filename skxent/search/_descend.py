"""The descent of all candidates together."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxent.optimizers import UpdateRule
from skxent.search._candidates import CandidateObjectives


@dataclass(frozen=True, eq=False)
class CandidateSolutions:
    """What became of each candidate.

    Parameters
    ----------
    params : ndarray of shape (n_candidates, n_outputs, n_params)
        The iterate with the lowest finite value.
    n_iter : ndarray of int of shape (n_candidates,)
        Number of updates.
    held_out : ndarray of shape (n_candidates, max_iter + 1)
        Mean cross-entropy of what the fold leaves out, at the start and after each
        update; NaN where there was none.
    status : ndarray of str of shape (n_candidates,)
        "converged", "diverged", "pruned" or "running" at the end.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.search._descend import CandidateSolutions
    >>> status = np.array(["running"])
    >>> CandidateSolutions(np.zeros((1, 1, 2)), np.array([5]), np.zeros((1, 6)), status).n_iter
    array([5])
    """

    params: NDArray[Any]
    n_iter: NDArray[Any]
    held_out: NDArray[Any]
    status: NDArray[Any]


def descend_all(
    objectives: CandidateObjectives,
    rule: UpdateRule,
    *,
    learning_rates: NDArray[Any],
    max_iter: int,
    tol: float,
    factor_of: Callable[[int], float],
    select: Callable[[int, NDArray[Any], NDArray[Any]], NDArray[Any]] | None = None,
    monitor: Callable[[int, int], bool] | None = None,
) -> CandidateSolutions:
    """Descend the objectives of all candidates, each as :func:`skxent.optimizers.descend` would.

    Parameters
    ----------
    objectives : CandidateObjectives
        What to minimise, from zero.
    rule : skxent.optimizers.UpdateRule
        The update rule; its state is an array of the parameters' shape.
    learning_rates : ndarray of shape (n_candidates,)
        Step sizes.
    max_iter : int
        Largest number of updates.
    tol : float
        A candidate has converged where the largest absolute entry of its
        gradient is at most this.
    factor_of : callable
        ``factor_of(epoch)`` of the learning rates.
    select : callable, default=None
        ``select(epoch, held_out, is_diverged) -> keep`` over all candidates,
        where what is not kept is not descended any further.
    monitor : callable, default=None
        ``monitor(epoch, n_alive) -> stop`` after each update.

    Returns
    -------
    descents : CandidateSolutions
        What became of them.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.search._candidates import CandidateObjectives
    >>> from skxent.search._descend import descend_all
    >>> from skxent.optimizers import gradient_descent
    >>> objectives = CandidateObjectives(
    ...     X=np.array([[-1.0], [1.0]]),
    ...     targets=np.array([0, 1]),
    ...     n_classes=2,
    ...     train_weights=np.full((1, 2), 0.5),
    ...     test_weights=np.full((1, 2), 0.5),
    ...     folds=np.array([0, 0]),
    ...     alphas=np.array([1.0, 1.0]),
    ...     fit_intercept=False,
    ...     label_smoothing=0.0,
    ... )
    >>> descents = descend_all(
    ...     objectives, gradient_descent(), learning_rates=np.array([0.1, 1.0]), max_iter=20,
    ...     tol=1e-4, factor_of=lambda epoch: 1.0,
    ... )
    >>> descents.status
    array(['running', 'converged'], dtype='<U9')
    """
    n_candidates = len(learning_rates)
    best = np.zeros(objectives.shape)
    best_values = np.full(n_candidates, np.inf)
    n_iter = np.zeros(n_candidates, dtype=int)
    held_out = np.full((n_candidates, max_iter + 1), np.nan)
    status = np.full(n_candidates, "running", dtype="<U9")
    alive = np.arange(n_candidates)
    params, previous = best.copy(), None
    state = rule.init(params)
    for epoch in range(max_iter + 1):
        with np.errstate(over="ignore", invalid="ignore"):
            values, gradients, losses = objectives(params)
            norms = np.abs(gradients).max(axis=(1, 2))
            is_finite = np.isfinite(values + norms)
        is_done = norms <= tol
        is_best = is_finite & ((values < best_values[alive]) | is_done)
        best[alive[is_best]] = params[is_best]
        best_values[alive[is_best]] = values[is_best]
        n_iter[alive] = epoch
        held_out[alive[is_finite], epoch] = losses[is_finite]
        status[alive[is_done]] = "converged"
        status[alive[~is_finite]] = "diverged"
        if select is not None:
            keep = select(epoch, held_out, status == "diverged")
            status[alive[(status[alive] == "running") & ~keep[alive]]] = "pruned"
        stop = epoch > 0 and monitor is not None and monitor(epoch, len(alive))
        is_running = status[alive] == "running"
        if epoch == max_iter or stop or not is_running.any():
            break
        if not is_running.all():
            alive, objectives = alive[is_running], objectives.take(is_running)
            params, gradients, state = params[is_running], gradients[is_running], state[is_running]
            previous = None if previous is None else previous[is_running]
        if previous is not None:
            climbs = np.einsum("ckj,ckj->c", gradients, params - previous) > 0.0
            state[climbs] = rule.init(params[climbs])
        previous = params
        rates = learning_rates[alive, np.newaxis, np.newaxis] * factor_of(epoch)
        with np.errstate(over="ignore", invalid="ignore"):
            step, state = rule.update(gradients, state, rates)
            params = params + step
    return CandidateSolutions(best, n_iter, held_out, status)
