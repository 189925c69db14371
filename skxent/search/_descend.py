"""Gradient descent of all candidates together."""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxent.optimizers import UpdateRule
from skxent.search._candidates import CandidateObjectives
from skxent.search._halving import Halving

# Arrays of the parameters' size that a descent holds at a time.
_N_COPIES = 8


@dataclass(frozen=True, eq=False)
class CandidateSolutions:
    """What was found for each candidate.

    Parameters
    ----------
    params : ndarray of shape (n_candidates, n_outputs, n_features + fit_intercept)
        The last iterate; of those that diverged, the one with the lowest finite value.
    n_iter : ndarray of int of shape (n_candidates,)
        Number of updates.
    held_out : ndarray of shape (n_candidates, max_iter + 1)
        Mean cross-entropy of the samples that the fold leaves out, at the start
        and after each update; NaN after the last one.
    status : ndarray of str of shape (n_candidates,)
        "converged", "diverged", "pruned" or, at the end, "running".
    """

    params: NDArray[Any]
    n_iter: NDArray[Any]
    held_out: NDArray[Any]
    status: NDArray[Any]


def descend_in_groups(
    objectives: CandidateObjectives,
    rule: UpdateRule,
    *,
    learning_rates: NDArray[Any],
    max_iter: int,
    tol: float,
    factor_of: Callable[[float], float],
    prune: bool = False,
    monitor: Callable[[int, int], bool] | None = None,
    max_bytes: int = 1 << 29,
) -> CandidateSolutions:
    """Descend all candidates, in groups of whole settings whose arrays fit `max_bytes`.

    Candidates are ordered by setting, then by fold. `prune` drops settings by halving.
    """
    n_folds = len(objectives.train_weights)
    n_settings = len(learning_rates) // n_folds
    n_bytes = 8 * _N_COPIES * n_folds * math.prod(objectives.shape[1:])
    n_groups = math.ceil(n_settings / max(1, max_bytes // n_bytes))
    parts = []
    for settings in np.array_split(np.arange(n_settings), n_groups):
        group = np.arange(settings[0] * n_folds, (settings[-1] + 1) * n_folds)
        part = descend_all(
            objectives.take(group),
            rule,
            learning_rates=learning_rates[group],
            max_iter=max_iter,
            tol=tol,
            factor_of=factor_of,
            select=Halving(len(settings), n_folds, max_iter) if prune else None,
            monitor=monitor,
        )
        parts.append(part)
    names = [field.name for field in fields(CandidateSolutions)]
    return CandidateSolutions(
        *(np.concatenate([getattr(p, name) for p in parts]) for name in names)
    )


def descend_all(
    objectives: CandidateObjectives,
    rule: UpdateRule,
    *,
    learning_rates: NDArray[Any],
    max_iter: int,
    tol: float,
    factor_of: Callable[[float], float],
    select: Callable[[int, NDArray[Any], NDArray[Any]], NDArray[Any]] | None = None,
    monitor: Callable[[int, int], bool] | None = None,
) -> CandidateSolutions:
    """Descend all candidates from zero, each as :func:`skxent.optimizers.descend` would.

    ``select(epoch, held_out, is_diverged)`` returns which of all candidates to keep, and
    ``monitor(epoch, n_alive)``, called after each update, whether to stop. The state of the
    rule must be an array of the parameters' shape.
    """
    n_candidates = len(learning_rates)
    found = np.zeros(objectives.shape)
    lowest = np.full(n_candidates, np.inf)
    n_iter = np.zeros(n_candidates, dtype=int)
    held_out = np.full((n_candidates, max_iter + 1), np.nan)
    status = np.full(n_candidates, "running", dtype="<U9")
    alive = np.arange(n_candidates)
    params, previous = found.copy(), None
    state = rule.init(params)
    for epoch in range(max_iter + 1):
        with np.errstate(over="ignore", invalid="ignore"):
            values, gradients, losses = objectives(params)
            norms = np.abs(gradients).max(axis=(1, 2))
            is_finite = np.isfinite(values + norms)
        is_done = norms <= tol
        is_lowest = is_finite & (values < lowest[alive])
        found[alive[is_lowest]] = params[is_lowest]
        lowest[alive[is_lowest]] = values[is_lowest]
        n_iter[alive] = epoch
        held_out[alive[is_finite], epoch] = losses[is_finite]
        status[alive[is_done]] = "converged"
        status[alive[~is_finite]] = "diverged"
        if select is not None:
            keep = select(epoch, held_out, status == "diverged")
            status[alive[(status[alive] == "running") & ~keep[alive]]] = "pruned"
        stop = epoch > 0 and monitor is not None and monitor(epoch, len(alive))
        is_running = status[alive] == "running"
        is_last = bool(epoch == max_iter or stop)
        ends = is_finite & (~is_running | is_last)
        found[alive[ends]] = params[ends]
        if is_last or not is_running.any():
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
    return CandidateSolutions(found, n_iter, held_out, status)
