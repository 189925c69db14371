r"""The linear objectives of many candidates, side by side on shared samples.

A candidate is a setting to try on a fold: it has its own penalty, its own
weights of the samples (zero for those that the fold leaves out) and its own
parameters. Their logits are one matrix product, and so are their gradients,
which is several times as fast as one product for each: a product with few
columns spends its time on reading X.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from skxent.losses import binary_terms

if TYPE_CHECKING:
    from skxent.optimizers import UpdateRule

__all__ = ["CandidateObjectives", "Descents", "descend_together"]

# Logits of a block of samples for all candidates, with what is made of them, stay
# in the cache that the cores share.
_BLOCK_BYTES = 1 << 23


@dataclass(frozen=True, eq=False)
class CandidateObjectives:
    r"""The objectives of candidates, to be called with the parameters of all of them.

    For candidate c on fold f

    .. math::
        J_c(W, b) = \sum_i u_{fi} \, CE(t_i, W x_i + b) + \frac{\alpha_c}{2} \|W\|_2^2

    Parameters
    ----------
    X : ndarray or CSR matrix or array of shape (n_samples, n_features)
        Samples, float32 or float64.
    targets : ndarray of shape (n_samples,) or (n_samples, n_classes)
        Index of each sample's class (integers), or distributions (floats).
    n_classes : int
        At least two; two have one logit.
    train_shares, test_shares : ndarray of shape (n_folds, n_samples)
        Each sample's share u of the weight that a fold trains on, and of that
        which it leaves out. Rows sum to one.
    folds : ndarray of int of shape (n_candidates,)
        Each candidate's fold.
    alphas : ndarray of shape (n_candidates,)
        Each candidate's strength of the penalty.
    fit_intercept : bool
        Whether the parameters have an intercept as their last column.
    label_smoothing : float
        Share of each target that is spread evenly over the classes.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.candidates import CandidateObjectives
    >>> objectives = CandidateObjectives(
    ...     X=np.array([[-1.0], [1.0]]),
    ...     targets=np.array([0, 1]),
    ...     n_classes=2,
    ...     train_shares=np.eye(2),
    ...     test_shares=np.eye(2)[::-1],
    ...     folds=np.array([0, 1, 1]),
    ...     alphas=np.array([0.0, 0.0, 1.0]),
    ...     fit_intercept=False,
    ...     label_smoothing=0.0,
    ... )
    >>> values, gradients, held_out = objectives(np.ones((3, 1, 1)))
    >>> values.round(4)
    array([0.3133, 0.3133, 0.8133])
    >>> gradients.ravel().round(4)
    array([-0.2689, -0.2689,  0.7311])
    """

    X: Any  # scipy's matrices have no types
    targets: NDArray[Any]
    n_classes: int
    train_shares: NDArray[Any]
    test_shares: NDArray[Any]
    folds: NDArray[Any]
    alphas: NDArray[Any]
    fit_intercept: bool
    label_smoothing: float

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of the parameters, (n_candidates, n_outputs, n_features + fit_intercept)."""
        n_outputs = 1 if self.n_classes == 2 else self.n_classes
        return len(self.folds), n_outputs, self.X.shape[1] + int(self.fit_intercept)

    def take(self, candidates: NDArray[Any]) -> Self:
        """Return the objectives of some of the candidates.

        Parameters
        ----------
        candidates : ndarray of int or bool
            Which.

        Returns
        -------
        objectives : CandidateObjectives
            On the same samples.
        """
        return replace(self, folds=self.folds[candidates], alphas=self.alphas[candidates])

    def __call__(self, params: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Return the values, gradients and held-out losses of all candidates.

        Parameters
        ----------
        params : ndarray of shape (n_candidates, n_outputs, n_features + fit_intercept)
            Where to evaluate; not written to.

        Returns
        -------
        values : ndarray of shape (n_candidates,)
            J of each.
        gradients : ndarray of the shape of `params`, float64
            Their gradients.
        held_out : ndarray of shape (n_candidates,)
            Mean cross-entropy of the samples that each fold leaves out.
        """
        n_candidates, n_outputs, _ = self.shape
        n_features = self.X.shape[1]
        coef = params[..., :n_features]
        flat = coef.reshape(-1, n_features).astype(self.X.dtype)
        gradients = np.zeros(params.shape)
        flat_gradients = np.zeros(flat.shape)
        values, held_out = np.zeros(n_candidates), np.zeros(n_candidates)
        for rows in self._ranges:
            X = self.X[rows]
            logits = flat @ X.T if not issparse(X) else np.ascontiguousarray((X @ flat.T).T)
            logits = logits.reshape(n_candidates, n_outputs, -1)
            if self.fit_intercept:
                logits += params[..., -1:].astype(logits.dtype)
            train = self.train_shares[:, rows]
            losses, slopes = self._terms(logits, rows, train.astype(logits.dtype)[self.folds])
            test = self.test_shares[:, rows]
            trained = left_out = losses
            if not np.isfinite(losses).all():  # zero times infinity must be nothing
                trained = np.where(train[self.folds] > 0.0, losses, 0.0)
                left_out = np.where(test[self.folds] > 0.0, losses, 0.0)
                slopes = np.where(train[self.folds, np.newaxis] > 0.0, slopes, 0.0)
                slopes = slopes.astype(logits.dtype, copy=False)
            values += np.einsum("ci,ci->c", trained, train[self.folds], dtype=np.float64)
            held_out += np.einsum("ci,ci->c", left_out, test[self.folds], dtype=np.float64)
            slopes = slopes.reshape(len(flat), -1)
            flat_gradients += (X.T @ slopes.T).T if issparse(X) else slopes @ X
            if self.fit_intercept:
                sums = slopes.sum(axis=1, dtype=np.float64)
                gradients[..., -1] += sums.reshape(n_candidates, n_outputs)
        gradients[..., :n_features] = flat_gradients.reshape(coef.shape)
        gradients[..., :n_features] += self.alphas[:, np.newaxis, np.newaxis] * coef
        values += 0.5 * self.alphas * np.einsum("ckj,ckj->c", coef, coef)
        return values, gradients, held_out

    def _terms(
        self, logits: NDArray[Any], rows: slice, shares: NDArray[Any]
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Cross-entropies, and slopes of J in the logits, of which the array is used up."""
        if self.n_classes == 2:
            losses, slopes = binary_terms(logits[:, 0], self._distributions[1, rows])
            return losses, (slopes * shares)[:, np.newaxis]
        logits -= logits.max(axis=1)[:, np.newaxis]
        labels = None
        if self.targets.ndim == 1:  # of a label, one logit is all that has to be looked at
            labels = self.targets[rows], np.arange(logits.shape[2])
            spread = self.label_smoothing / self.n_classes
            losses = (self.label_smoothing - 1.0) * logits[:, *labels]
            if spread:
                losses -= spread * logits.sum(axis=1)
        else:
            targets = self._distributions[:, rows]
            losses = -np.einsum("cki,ki->ci", logits, targets)
        slopes = np.exp(logits, out=logits)
        sums = slopes.sum(axis=1)
        losses += np.log(sums)
        slopes *= (shares / sums)[:, np.newaxis]
        if labels is None:
            slopes -= shares[:, np.newaxis] * targets
        else:
            if spread:
                slopes -= (spread * shares)[:, np.newaxis]
            slopes[:, *labels] -= (1.0 - self.label_smoothing) * shares
        return losses, slopes

    @cached_property
    def _distributions(self) -> NDArray[Any]:
        """Smoothed targets of shape (n_classes, n_samples)."""
        if self.targets.ndim == 2:
            one_hot = self.targets.T
        else:
            one_hot = np.arange(self.n_classes)[:, np.newaxis] == self.targets
        smoothed = (1.0 - self.label_smoothing) * one_hot + self.label_smoothing / self.n_classes
        return np.ascontiguousarray(smoothed, dtype=self.X.dtype)

    @property
    def _ranges(self) -> list[slice]:
        n_rows = _BLOCK_BYTES // (self.X.dtype.itemsize * self.shape[0] * self.shape[1])
        n_rows = max(16, n_rows)
        return [slice(i, i + n_rows) for i in range(0, self.X.shape[0], n_rows)]


@dataclass(frozen=True, eq=False)
class Descents:
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
    >>> from skxent.candidates import Descents
    >>> Descents(np.zeros((1, 1, 2)), np.array([5]), np.zeros((1, 6)), np.array(["running"])).n_iter
    array([5])
    """

    params: NDArray[Any]
    n_iter: NDArray[Any]
    held_out: NDArray[Any]
    status: NDArray[Any]


def descend_together(
    objectives: CandidateObjectives,
    rule: UpdateRule,
    *,
    learning_rates: NDArray[Any],
    max_iter: int,
    tol: float,
    factor_of: Callable[[int], float],
    select: Callable[[int, NDArray[Any], NDArray[Any]], NDArray[Any]] | None = None,
    monitor: Callable[[int, int], bool] | None = None,
) -> Descents:
    """Descend the objectives of all candidates, each as :func:`skxent.solvers.descend` would.

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
    descents : Descents
        What became of them.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.candidates import CandidateObjectives, descend_together
    >>> from skxent.optimizers import gradient_descent
    >>> objectives = CandidateObjectives(
    ...     X=np.array([[-1.0], [1.0]]),
    ...     targets=np.array([0, 1]),
    ...     n_classes=2,
    ...     train_shares=np.full((1, 2), 0.5),
    ...     test_shares=np.full((1, 2), 0.5),
    ...     folds=np.array([0, 0]),
    ...     alphas=np.array([1.0, 1.0]),
    ...     fit_intercept=False,
    ...     label_smoothing=0.0,
    ... )
    >>> descents = descend_together(
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
    return Descents(best, n_iter, held_out, status)
