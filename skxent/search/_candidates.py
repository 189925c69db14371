"""The linear objectives of many candidates, side by side on shared samples.

A candidate is a setting to try on one fold: it has its own penalty, its own
weights of the samples (zero for those that the fold leaves out) and its own
parameters. The logits of all candidates are one matrix product, and so are
their gradients. This is several times as fast as a product for each, which
would spend its time on reading X.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from skxent.losses import binary_loss_gradient, fast_softmax_loss_gradient


@dataclass(frozen=True, eq=False)
class CandidateObjectives:
    r"""The objectives of all candidates, to be called with the parameters of all of them.

    For candidate c of fold f

    .. math::
        J_c(W, b) = \sum_i u_{fi} \, CE(t_i, W x_i + b) + \frac{\alpha_c}{2} \|W\|_2^2

    Parameters
    ----------
    X : ndarray or CSR matrix or array of shape (n_samples, n_features)
        Samples, float32 or float64.
    targets : ndarray of shape (n_samples,) or (n_samples, n_classes)
        Indices of classes (integers), or distributions over them (floats).
    n_classes : int
        At least two; two have one logit.
    train_weights, test_weights : ndarray of shape (n_folds, n_samples)
        Weights u of the samples that a fold trains on, and of those that it
        leaves out. Each row sums to one.
    folds : ndarray of int of shape (n_candidates,)
        Fold of each candidate.
    alphas : ndarray of shape (n_candidates,)
        Strength of each candidate's penalty.
    fit_intercept : bool
        Whether the parameters have an intercept as their last column.
    label_smoothing : float
        Share of each target that is spread evenly over the classes.
    block_bytes : int, default=2**23
        Size of the logits of a block of samples for all candidates, which should
        fit the cache that the cores share.
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
    block_bytes: int = 1 << 23

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of the parameters, (n_candidates, n_outputs, n_features + fit_intercept)."""
        n_outputs = 1 if self.n_classes == 2 else self.n_classes
        return len(self.folds), n_outputs, self.X.shape[1] + int(self.fit_intercept)

    def take(self, candidates: NDArray[Any]) -> Self:
        """Return the objectives of some candidates, given by their indices or a mask."""
        return replace(self, folds=self.folds[candidates], alphas=self.alphas[candidates])

    def __call__(self, params: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """Return values (n_candidates,), gradients of the parameters' shape, and held-out losses.

        A held-out loss is the mean cross-entropy of the samples that the fold leaves out.
        """
        n_candidates, n_outputs, _ = self.shape
        n_features = self.X.shape[1]
        coef = params[..., :n_features]
        flat = coef.reshape(-1, n_features).astype(self.X.dtype)
        gradients = np.zeros(params.shape)
        flat_gradients = np.zeros(flat.shape)
        values, held_out = np.zeros(n_candidates), np.zeros(n_candidates)
        for rows in self._blocks:
            X = self.X[rows]
            logits = flat @ X.T if not issparse(X) else np.ascontiguousarray((X @ flat.T).T)
            logits = logits.reshape(n_candidates, n_outputs, -1)
            if self.fit_intercept:
                logits += params[..., -1:].astype(logits.dtype)
            train = self.train_weights[:, rows]
            losses, slopes = self._terms(logits, rows, train.astype(logits.dtype)[self.folds])
            test = self.test_weights[:, rows]
            trained = left_out = losses
            if not np.isfinite(losses).all():  # zero times infinity must be zero
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
    def _blocks(self) -> list[slice]:
        """Ranges of samples."""
        n_rows = self.block_bytes // (self.X.dtype.itemsize * self.shape[0] * self.shape[1])
        n_rows = max(16, n_rows)
        return [slice(i, i + n_rows) for i in range(0, self.X.shape[0], n_rows)]
