"""The linear objectives of many candidates, side by side on shared samples.

A candidate is a setting to try on a fold: it has its own penalty, its own
weights of the samples (zero for those that the fold leaves out) and its own
parameters. Their logits are one matrix product, and so are their gradients,
which is several times as fast as one product for each: a product with few
columns spends its time on reading X.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from skxent.losses import binary_loss_gradient, fast_softmax_loss_gradient

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
    train_weights, test_weights : ndarray of shape (n_folds, n_samples)
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
    >>> from skxent.search._candidates import CandidateObjectives
    >>> objectives = CandidateObjectives(
    ...     X=np.array([[-1.0], [1.0]]),
    ...     targets=np.array([0, 1]),
    ...     n_classes=2,
    ...     train_weights=np.eye(2),
    ...     test_weights=np.eye(2)[::-1],
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
    train_weights: NDArray[Any]
    test_weights: NDArray[Any]
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
            train = self.train_weights[:, rows]
            losses, slopes = self._terms(logits, rows, train.astype(logits.dtype)[self.folds])
            test = self.test_weights[:, rows]
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
        self, logits: NDArray[Any], rows: slice, weights: NDArray[Any]
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return cross-entropies, and gradients of J in the logits, whose memory is reused."""
        targets = self._targets[..., rows]
        if self.n_classes > 2:
            return fast_softmax_loss_gradient(
                logits, targets, weights, self.label_smoothing, out=logits
            )
        losses, slopes = binary_loss_gradient(logits[:, 0], targets, self.label_smoothing)
        return losses, (slopes * weights)[:, np.newaxis]

    @cached_property
    def _targets(self) -> NDArray[Any]:
        """Targets as the losses take them: labels, or distributions with the samples last."""
        if self.targets.ndim == 1:
            return self.targets
        targets = self.targets[:, 1] if self.n_classes == 2 else self.targets.T
        return np.ascontiguousarray(targets, dtype=self.X.dtype)

    @property
    def _ranges(self) -> list[slice]:
        n_rows = _BLOCK_BYTES // (self.X.dtype.itemsize * self.shape[0] * self.shape[1])
        n_rows = max(16, n_rows)
        return [slice(i, i + n_rows) for i in range(0, self.X.shape[0], n_rows)]
