"""A model of the objective's curvature that all outputs share, to be solved with.

Second-order solvers see the objective as if its curvature were that of
:math:`M^{-1} H`, which is even where the model M is good: features then need
no scaling, and correlated ones no whitening.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky

from skxent.linear._blocks import average, deviations, gram, is_sparse, squares
from skxent.linear._objective import LinearObjective


@dataclass(frozen=True, eq=False)
class Preconditioner:
    """The inverse of a symmetric positive definite matrix M, applied to rows.

    Parameters
    ----------
    mean_curvature : float
        Mean curvature of the samples that M was made for.
    factor : ndarray of shape (n_params, n_params) or (n_params,)
        The lower Cholesky factor of M, or the diagonal of a diagonal M.
    """

    mean_curvature: float
    factor: NDArray[Any]

    @classmethod
    def from_matrix(
        cls, matrix: NDArray[Any], penalties: NDArray[Any], mean_curvature: float
    ) -> Self:
        """Return the inverse of a positive semidefinite matrix plus penalties on its diagonal.

        A ridge of 1e-12 of each diagonal entry (more, where the columns are
        many) keeps it finite where columns depend on each other.
        """
        matrix = matrix.copy()
        diagonal = np.einsum("ii->i", matrix)
        diagonal += penalties
        # Of each entry, not of the largest: that would drown the small columns.
        # The rounding errors that it must outweigh grow with the number of columns.
        diagonal *= 1.0 + max(1e-12, 64 * np.finfo(np.float64).eps * len(matrix))
        diagonal += np.finfo(np.float64).tiny
        return cls(
            mean_curvature, cholesky(matrix, lower=True, overwrite_a=True, check_finite=False)
        )

    @classmethod
    def from_diagonal(cls, diagonal: NDArray[Any], mean_curvature: float) -> Self:
        """Return the inverse of a diagonal matrix, whose zeros are taken as ones."""
        return cls(mean_curvature, np.where(diagonal > 0.0, diagonal, 1.0))

    def __call__(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Return M^{-1} applied to each row of an array of shape (n_rows, n_params)."""
        solved: NDArray[np.float64]
        if self.factor.ndim == 1:
            solved = rows / self.factor
        else:
            solved = cho_solve((self.factor, True), rows.T, check_finite=False).T
        return solved


@dataclass(frozen=True, eq=False)
class CurvatureModel:
    r"""Makes preconditioners of one objective, whose statistics it computes once.

    .. math::
        M = \frac{\tilde X^\top \mathrm{diag}(w h) \tilde X}{\sum_i w_i} + \alpha I,
        \qquad h_i = \frac{1}{K - 1} \sum_k p_{ik} (1 - p_{ik})

    for all outputs alike, with :math:`h_i = p_i (1 - p_i)` for two classes
    (and 1e-10 more, so that M is definite): the mean curvature of sample i's
    cross-entropy, which falls as the model gets sure of it. Of many samples
    some are drawn. With many features, M is diagonal: the mean square of a
    feature's entries that are not zero times the mean of h and the share of
    such entries in X, and a constant that keeps a first step safe. alpha is left
    out for the intercept.

    Parameters
    ----------
    objective : LinearObjective
        What is minimised.
    max_gram, max_sparse_gram : int, default=2048, 512
        Largest number of parameters of each output for which products of features are summed.
    gram_size, cheap_products : int, default=2**23, 2**24
        They are summed over eight times as many samples, or over fewer where
        that would take more than `gram_size` numbers, or over more where that
        takes fewer than `cheap_products` products.
    """

    objective: LinearObjective
    max_gram: int = 2048
    max_sparse_gram: int = 512
    gram_size: int = 1 << 23
    cheap_products: int = 1 << 24

    def __call__(
        self, params: NDArray[Any], current: Preconditioner | None = None
    ) -> Preconditioner:
        """Return M at `params`, or `current` if the mean of h is within a half of its own."""
        sample, n_params = self.sample, self.objective.shape[1]
        h = np.concatenate([_uncertainty(sample, X, params) for _, X in sample.blocks])
        mean_curvature = float(sample.shares @ h)
        if current is not None and 2 / 3 <= mean_curvature / current.mean_curvature <= 1.5:
            return current
        penalties = np.zeros(n_params)
        of_features = penalties[: sample.samples.X.shape[1]]
        of_features += self.objective.alpha
        if not self.is_narrow:
            diagonal = mean_curvature * np.append(self._scales, 1.0)[:n_params] + penalties
            # Features that are not zero together curve together. The trace of the curvature
            # as this diagonal sees it bounds by how much.
            moments = mean_curvature * np.append(self._second_moments, 1.0)[:n_params]
            diagonal *= max(1.0, float(np.sum(moments[diagonal > 0.0] / diagonal[diagonal > 0.0])))
            return Preconditioner.from_diagonal(diagonal, mean_curvature)
        matrix = gram(sample.blocks, sample.shares * h, n_params)
        if sample is not self.objective:
            # What the drawn samples say of a column that is rarely not zero is noise.
            # A hundredth of the variance in all of the samples bounds the harm.
            of_features += 0.01 * mean_curvature * self._variances
        return Preconditioner.from_matrix(matrix, penalties, mean_curvature)

    @property
    def is_narrow(self) -> bool:
        """Whether the features are few enough to sum their products."""
        limit = self.max_sparse_gram if is_sparse(self.objective.samples.X) else self.max_gram
        return self.objective.shape[1] <= limit

    @cached_property
    def sample(self) -> LinearObjective:
        """The objective of the samples whose products are summed."""
        samples, n_params = self.objective.samples, self.objective.shape[1]
        size = min(8 * n_params, self.gram_size // n_params)
        size = max(2048, size, self.cheap_products // n_params**2)
        weighted = np.flatnonzero(samples.weights)
        if not self.is_narrow or size >= len(weighted):
            return self.objective
        drawn = np.random.default_rng(0).choice(weighted, size, replace=False, shuffle=False)
        return replace(self.objective.take(np.sort(drawn)), total_weight=None)

    @cached_property
    def _variances(self) -> NDArray[np.float64]:
        """Weighted variance of each feature."""
        means = self._average(lambda X: X)
        variances = self._average(lambda X: deviations(X, means))
        if is_sparse(self.objective.samples.X):
            variances += means**2 * (1.0 - self._filled)
        return variances

    @cached_property
    def _second_moments(self) -> NDArray[np.float64]:
        """Weighted mean square of each feature."""
        return self._average(squares)

    @cached_property
    def _filled(self) -> NDArray[np.float64]:
        """Share of the samples in which each feature is not zero."""
        return self._average(lambda X: X != 0.0)

    @cached_property
    def _scales(self) -> NDArray[np.float64]:
        """Mean square of each feature's entries, zeros of sparse ones aside, times their share."""
        if not is_sparse(self.objective.samples.X):
            return self._second_moments
        # With its zeros, a feature would seem flatter than it is.
        scales: NDArray[np.float64] = np.zeros_like(self._filled)
        np.divide(self._second_moments, self._filled, out=scales, where=self._filled > 0.0)
        return scales * float(self._filled.mean())

    def _average(self, function: Any) -> NDArray[np.float64]:
        return average(self.objective.blocks, self.objective.shares, function)


def _uncertainty(objective: LinearObjective, X: Any, params: NDArray[Any]) -> NDArray[np.float64]:
    """Return the mean curvature h of each sample of a block."""
    curvature, n_classes = objective.logit_curvature(X, params), objective.samples.n_classes
    if n_classes > 2:
        curvature = curvature * (1.0 - curvature)
    sums: NDArray[np.float64] = curvature.sum(axis=1, dtype=np.float64)
    return sums / (n_classes - 1) + 1e-10
