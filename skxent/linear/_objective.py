r"""The linear softmax objective: value, gradient, Hessian, and bounds on its curvature.

With logits :math:`z_i = W x_i + b`, targets :math:`t_i` and weights
:math:`w_i`, this is the smooth part of the objective that every linear
classifier of the package minimises:

.. math::
    J(W, b) = \frac{\sum_i w_i \, CE(t_i, z_i)}{\sum_i w_i}
              + \frac{\alpha}{2} \|W\|_2^2

Two classes have one logit and the sigmoid, three or more one logit each. The
parameters are one array of shape ``(n_outputs, n_features + fit_intercept)``;
the intercept is its last column, and is not penalised.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigvalsh
from scipy.sparse import issparse
from scipy.sparse.linalg import LinearOperator, eigsh

from skxent._fitting._samples import Samples
from skxent.linear._blocks import _deviations, _squares, _view
from skxent.linear._preconditioner import Preconditioner
from skxent.losses import binary_loss_gradient, hessian_product, softmax, softmax_loss_gradient

# A block of rows of X, its logits and their gradient stay in a core's cache
# between the product that goes forward and the one that goes back; but no
# block is smaller than the gradient that it is added to.
_BLOCK_BYTES = 1 << 22


_MAX_BLOCK_BYTES = 1 << 25


# Probabilities are kept between two products with one Hessian if they are no more.
_MAX_KEPT_BYTES = 1 << 25


# The largest eigenvalue of a matrix that is no larger comes from all of them.
_MAX_DENSE = 512


# Up to this many features, products between them are looked at to precondition:
# in eight times as many samples, or more where that costs little, or fewer where
# it would cost much.
_MAX_GRAM, _MAX_SPARSE_GRAM = 2048, 512


_CHEAP_PRODUCTS = 1 << 24


_GRAM_SIZE = 1 << 23


@dataclass(frozen=True, eq=False)
class LinearObjective:
    """The objective J of one data set, to be called with parameters.

    Works through `X` in blocks of rows and never holds the logits of all
    samples. The products are computed in the type of `X`, sums and parameters
    are float64.

    Parameters
    ----------
    samples : skxent._fitting._samples.Samples
        What J is a mean over, of float32 or float64, with at least two classes.
    alpha : float
        Strength of the L2 penalty.
    fit_intercept : bool
        Whether the parameters have an intercept as their last column.
    label_smoothing : float, default=0.0
        Share of each target that is spread evenly over the classes.
    total_weight : float, default=None
        What the weights are divided by; None is their sum, which must then be
        positive.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent._fitting._samples import Samples
    >>> from skxent.linear._objective import LinearObjective
    >>> labels = np.array([0, 1])
    >>> samples = Samples(np.array([[-1.0], [1.0]]), labels, np.ones(2), classes=labels)
    >>> objective = LinearObjective(samples, alpha=0.1, fit_intercept=True)
    >>> value, gradient = objective(np.array([[0.0, 0.0]]))
    >>> round(value, 4)
    0.6931
    >>> gradient
    array([[-0.5,  0. ]])
    >>> objective.hessian(np.array([[0.0, 0.0]]))(np.array([[1.0, 0.0]]))
    array([[0.35, 0.  ]])
    >>> round(objective.curvature_bound(), 4)  # 1/4 * 1 + alpha
    0.35
    """

    samples: Samples
    alpha: float
    fit_intercept: bool
    label_smoothing: float = 0.0
    total_weight: float | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the parameters, (n_outputs, n_features + fit_intercept)."""
        n_outputs = 1 if self.samples.n_classes == 2 else self.samples.n_classes
        return n_outputs, self.samples.X.shape[1] + self.fit_intercept

    @property
    def is_narrow(self) -> bool:
        """Whether products of features are few enough for a preconditioner to look at."""
        return self.shape[1] <= (_MAX_SPARSE_GRAM if issparse(self.samples.X) else _MAX_GRAM)

    def __call__(self, params: NDArray[Any]) -> tuple[float, NDArray[Any]]:
        """Return the value of J and its gradient.

        Parameters
        ----------
        params : ndarray of shape (n_outputs, n_features + fit_intercept)
            Where to evaluate; not written to.

        Returns
        -------
        value : float
            J, in nats.
        gradient : ndarray of the shape of `params`, float64
            Its gradient.
        """
        coef = params[:, : self.samples.X.shape[1]]
        value, gradient = 0.0, np.zeros(params.shape)
        for rows, X in self._blocks:
            logits = self._forward(X, params)
            losses, slopes = self._terms(logits, rows)
            value += float(self._shares[rows] @ losses)
            slopes *= self._shares[rows, np.newaxis]
            self._add_backward(gradient, X, slopes)
        self._balance(gradient)
        gradient[:, : self.samples.X.shape[1]] += self.alpha * coef
        return value + 0.5 * self.alpha * float(np.vdot(coef, coef)), gradient

    def loss_and_accuracy(self, params: NDArray[Any]) -> tuple[float, float]:
        """Return the mean cross-entropy, without the penalty, and the accuracy.

        Parameters
        ----------
        params : ndarray of shape (n_outputs, n_features + fit_intercept)
            Where to evaluate; not written to.

        Returns
        -------
        loss : float
            In nats.
        accuracy : float
            Weighted share of the samples whose likeliest class is the target, or
            the target's likeliest.
        """
        loss = accuracy = 0.0
        for rows, X in self._blocks:
            logits = self._forward(X, params)
            losses, _ = self._terms(logits, rows)
            loss += float(self._shares[rows] @ losses)
            if self.samples.n_classes == 2:
                logits = np.column_stack([np.zeros_like(logits), logits])
            targets = self.samples.targets[rows]
            if targets.ndim == 2:
                targets = targets.argmax(axis=1)
            accuracy += float(self._shares[rows] @ (logits.argmax(axis=1) == targets))
        return loss, accuracy

    def hessian(self, params: NDArray[Any]) -> Callable[[NDArray[Any]], NDArray[Any]]:
        """Return the Hessian of J as a function that multiplies by it.

        Parameters
        ----------
        params : ndarray of shape (n_outputs, n_features + fit_intercept)
            Where it is taken; not written to.

        Returns
        -------
        product : callable
            ``product(direction)``, both of the shape of `params`.
        """
        n_features = self.samples.X.shape[1]
        size = self.samples.X.shape[0] * self.shape[0] * self.samples.X.dtype.itemsize
        kept = None
        if size <= _MAX_KEPT_BYTES:
            kept = [self._curvature(X, params) for _, X in self._blocks]

        def product(direction: NDArray[Any]) -> NDArray[Any]:
            result = np.zeros(self.shape)
            for i, (rows, X) in enumerate(self._blocks):
                curvature = kept[i] if kept else self._curvature(X, params)
                moved = self._forward(X, direction)
                if self.samples.n_classes == 2:
                    moved *= curvature
                else:
                    moved = hessian_product(curvature, moved)
                moved *= self._shares[rows, np.newaxis]
                self._add_backward(result, X, moved)
            self._balance(result)
            result[:, :n_features] += self.alpha * direction[:, :n_features]
            return result

        return product

    def take(self, rows: slice | NDArray[Any]) -> Self:
        """Return the objective of some samples, whose gradient estimates that of all.

        Parameters
        ----------
        rows : slice or ndarray of int
            Of `X`.

        Returns
        -------
        objective : LinearObjective
            Over rows drawn at random, its gradient's mean is that of J.
        """
        samples = self.samples.take(rows)
        total = self._total * len(samples) / len(self.samples)
        return replace(self, samples=samples, total_weight=total)

    def curvature_bound(self, batch_size: int | None = None) -> float:
        r"""Return an upper bound L of the curvature of J, anywhere.

        .. math::
            L = c \, \lambda_{\max}\!\left(
                \frac{\tilde X^\top \mathrm{diag}(w) \tilde X}{\sum_i w_i}\right) + \alpha

        where :math:`\tilde X` is `X` with the intercept's column of ones, and c
        bounds the Hessian of the cross-entropy in the logits: 1/4 for the
        sigmoid, 1/2 for the softmax [1]_. Gradient descent with a rate of at
        most 1/L lowers J at every step. For random batches of b of n samples
        it is the expected smoothness [2]_

        .. math::
            L_b = \frac{n (b - 1)}{b (n - 1)} L + \frac{n - b}{b (n - 1)}
                  \max_i \left(c \, \frac{n w_i}{\sum_j w_j} \|\tilde x_i\|^2 + \alpha\right)

        Parameters
        ----------
        batch_size : int, default=None
            The b; None is all of the samples.

        Returns
        -------
        bound : float
            L or L_b, positive unless X and alpha are zero.

        References
        ----------
        .. [1] D. Böhning, "Multinomial logistic regression algorithm", Ann.
           Inst. Statist. Math. 44, 1992.
        .. [2] R. M. Gower et al., "SGD: general analysis and improved rates",
           ICML 2019, proposition 3.8.
        """
        cap = 0.25 if self.samples.n_classes == 2 else 0.5
        bound = cap * self._largest_eigenvalue() + self.alpha
        n: int = self.samples.X.shape[0]
        if batch_size is None or batch_size >= n:
            return bound
        squares: NDArray[np.float64] = np.concatenate(
            [np.ravel(_squares(X).sum(axis=1)) for _, X in self._blocks]
        )
        largest = float(np.max(n * self._shares * (squares + self.fit_intercept)))
        single = cap * largest + self.alpha
        b = batch_size
        return n * (b - 1) / (b * (n - 1)) * bound + (n - b) / (b * (n - 1)) * single

    def preconditioner(
        self, params: NDArray[Any], current: Preconditioner | None = None
    ) -> Preconditioner:
        r"""Return a model of the Hessian of J that is quickly solved with.

        .. math::
            M = \frac{\tilde X^\top \mathrm{diag}(w h) \tilde X}{\sum_i w_i} + \alpha I,
            \qquad h_i = \frac{1}{K - 1} \sum_k p_{ik} (1 - p_{ik})

        for all outputs alike, with :math:`h_i = p_i (1 - p_i)` for two classes
        (and 1e-10 more, so that M is definite): the mean curvature of sample i's
        cross-entropy, which falls as the model gets sure of it. Of many
        samples some are drawn. Of many features (over 2,048, or over 512 of a
        sparse X) nothing but their scales is taken: M is diagonal, with the
        mean square of a feature's entries that are not zero times the mean of h
        and the share of such entries in X, and a constant that keeps a first
        step safe. alpha is left out for the intercept.

        Parameters
        ----------
        params : ndarray of shape (n_outputs, n_features + fit_intercept)
            Where h is taken; not written to.
        current : Preconditioner, default=None
            One from other parameters. It is returned where the mean of h has
            changed by less than a half.

        Returns
        -------
        preconditioner : skxent.linear._preconditioner.Preconditioner
            To be called with rows of parameters.
        """
        sample = self._sample
        h = np.concatenate([sample._uncertainty(X, params) for _, X in sample._blocks])
        mean_curvature = float(sample._shares @ h)
        if current is not None and 2 / 3 <= mean_curvature / current.mean_curvature <= 1.5:
            return current
        penalties = np.zeros(self.shape[1])
        penalties[: self.samples.X.shape[1]] = self.alpha
        weights = sample._shares * h
        if not self.is_narrow:
            diagonal = mean_curvature * np.append(self._scales, 1.0)[: len(penalties)] + penalties
            # Features that are not zero together curve together. The trace of the curvature
            # as this diagonal sees it bounds by how much.
            moments = mean_curvature * np.append(self._second_moments, 1.0)[: len(penalties)]
            diagonal *= max(1.0, float(np.sum(moments[diagonal > 0.0] / diagonal[diagonal > 0.0])))
            return Preconditioner.from_diagonal(diagonal, mean_curvature)
        gram = sample._gram(weights)
        if sample is not self:
            # What the drawn samples say of a column that is rarely not zero is noise.
            # A hundredth of the variance in all of the samples bounds the harm.
            penalties[: self.samples.X.shape[1]] += 0.01 * mean_curvature * self._variances
        return Preconditioner.from_matrix(gram, penalties, mean_curvature)

    @cached_property
    def _total(self) -> float:
        return float(self.samples.weights.sum()) if self.total_weight is None else self.total_weight

    @cached_property
    def _shares(self) -> NDArray[np.float64]:
        """The weights as shares of their sum, before float32 sees weights that it can't hold."""
        return self.samples.weights / self._total

    @cached_property
    def _targets(self) -> NDArray[Any]:
        """Targets as the losses take them: for two classes the share of the second one."""
        if self.samples.targets.ndim == 2 and self.samples.n_classes == 2:
            return self.samples.targets[:, 1]
        return self.samples.targets

    @cached_property
    def _blocks(self) -> list[tuple[slice, Any]]:
        """Pairs of a range of rows, and X there."""
        n_samples, n_features = self.samples.X.shape
        n_outputs = self.shape[0]
        n_bytes = min(max(_BLOCK_BYTES, 8 * n_outputs * n_features), _MAX_BLOCK_BYTES)
        width = n_features
        if issparse(self.samples.X):  # where each product begins with a copy of the coefficients
            n_bytes, width = _MAX_BLOCK_BYTES, 2 * self.samples.X.nnz // max(1, n_samples)
        n_rows = max(32, n_bytes // (self.samples.X.dtype.itemsize * (width + 4 * n_outputs)))
        ranges = [slice(i, min(i + n_rows, n_samples)) for i in range(0, n_samples, n_rows)]
        return [(rows, _view(self.samples.X, rows)) for rows in ranges]

    def _terms(self, logits: NDArray[Any], rows: slice) -> tuple[NDArray[Any], NDArray[Any]]:
        if self.samples.n_classes > 2:
            return softmax_loss_gradient(logits, self._targets[rows], self.label_smoothing)
        losses, slopes = binary_loss_gradient(
            logits[:, 0], self._targets[rows], self.label_smoothing
        )
        return losses, slopes[:, np.newaxis]

    def _forward(self, X: Any, params: NDArray[Any]) -> NDArray[Any]:
        """Logits of a block, in Fortran order: the losses run fastest along the samples."""
        coef = params[:, : X.shape[1]].astype(X.dtype, copy=False)
        logits = np.asfortranarray(X @ coef.T) if issparse(X) else (coef @ X.T).T
        if self.fit_intercept:
            logits += params[:, -1].astype(X.dtype, copy=False)
        return logits

    def _add_backward(self, gradient: NDArray[Any], X: Any, slopes: NDArray[Any]) -> None:
        """Add a block's part of the gradient from the slopes of its logits."""
        gradient[:, : X.shape[1]] += (X.T @ slopes).T if issparse(X) else slopes.T @ X
        if self.fit_intercept:
            gradient[:, -1] += slopes.sum(axis=0, dtype=np.float64)

    def _balance(self, gradient: NDArray[Any]) -> None:
        """Make the slopes sum to zero over the classes: along that nothing curves.

        What rounding leaves there, a second-order solver would take for a slope
        without an end.
        """
        if self.samples.n_classes > 2:
            gradient -= gradient.mean(axis=0)

    def _curvature(self, X: Any, params: NDArray[Any]) -> NDArray[Any]:
        """Return what the Hessian needs of a block: probabilities, or the sigmoid's slope."""
        logits = self._forward(X, params)
        if self.samples.n_classes > 2:
            return softmax(logits)
        decay: NDArray[np.floating] = np.exp(-np.abs(logits))
        return decay / (1.0 + decay) ** 2

    def _uncertainty(self, X: Any, params: NDArray[Any]) -> NDArray[Any]:
        """Mean curvature of each sample's cross-entropy; not quite zero, so that M is definite."""
        curvature = self._curvature(X, params)
        if self.samples.n_classes > 2:
            curvature = curvature * (1.0 - curvature)
        sums: NDArray[np.float64] = curvature.sum(axis=1, dtype=np.float64)
        return sums / (self.samples.n_classes - 1) + 1e-10

    def _gram(self, weights: NDArray[Any]) -> NDArray[Any]:
        """X~' diag(weights) X~."""
        gram = np.zeros((self.shape[1],) * 2)
        n_features = self.samples.X.shape[1]
        for rows, X in self._blocks:
            scale = np.sqrt(weights[rows])
            if issparse(X):
                scaled = X.multiply(scale[:, np.newaxis]).tocsr()
                gram[:n_features, :n_features] += (scaled.T @ scaled).toarray()
            else:
                scaled = X * scale[:, np.newaxis]  # float64, whatever X is
                gram[:n_features, :n_features] += scaled.T @ scaled
            if self.fit_intercept:
                border = scaled.T @ scale
                gram[-1, :n_features] += border
                gram[:n_features, -1] += border
                gram[-1, -1] += scale @ scale
        return gram

    @cached_property
    def _sample(self) -> Self:
        """The objective of as many samples as a preconditioner is made from."""
        n_samples, n_params = self.samples.X.shape[0], self.shape[1]
        size = min(8 * n_params, _GRAM_SIZE // n_params)
        size = max(2048, size, _CHEAP_PRODUCTS // n_params**2)
        heavy = np.flatnonzero(self.samples.weights)
        if not self.is_narrow or size >= n_samples or size >= len(heavy):
            return self
        drawn = np.random.default_rng(0).choice(heavy, size, replace=False, shuffle=False)
        return replace(self.take(np.sort(drawn)), total_weight=None)

    @cached_property
    def _variances(self) -> NDArray[np.float64]:
        """Weighted variance of each feature."""
        means = self._average(lambda X: X)
        if not issparse(self.samples.X):
            return self._average(lambda X: np.square(X - means))
        of_entries = self._average(lambda X: _deviations(X, means))
        return of_entries + means**2 * (1.0 - self._filled)

    @cached_property
    def _second_moments(self) -> NDArray[np.float64]:
        """Weighted mean square of each feature."""
        return self._average(_squares)

    @cached_property
    def _filled(self) -> NDArray[np.float64]:
        """Share of the samples in which each feature is not zero."""
        return self._average(lambda X: X != 0.0)

    @cached_property
    def _scales(self) -> NDArray[np.float64]:
        """Mean square of each feature's entries, zeros of sparse ones aside, times their share."""
        if not issparse(self.samples.X):
            return self._second_moments
        # By how often it is not zero, a feature would be taken for flatter than it is.
        scales: NDArray[np.float64] = np.zeros_like(self._filled)
        np.divide(self._second_moments, self._filled, out=scales, where=self._filled > 0.0)
        return scales * float(self._filled.mean())

    def _average(self, function: Callable[[Any], Any]) -> NDArray[np.float64]:
        """Weighted mean over the samples of what a function makes of X's rows."""
        average = np.zeros(self.samples.X.shape[1])
        for rows, X in self._blocks:
            average += self._shares[rows] @ function(X)
        return average

    def _largest_eigenvalue(self) -> float:
        """Largest eigenvalue of X~' diag(w) X~ / sum(w)."""
        n_params = self.shape[1]
        if n_params <= _MAX_DENSE:
            return max(float(eigvalsh(self._gram(self._shares))[-1]), 0.0)

        def product(vector: NDArray[Any]) -> NDArray[Any]:
            vector = vector.reshape(1, n_params)
            result = np.zeros((1, n_params))
            for rows, X in self._blocks:
                moved = self._forward(X, vector)
                self._add_backward(result, X, moved * self._shares[rows, np.newaxis])
            return result.ravel()

        operator = LinearOperator((n_params, n_params), matvec=product, dtype=np.float64)
        start = np.random.default_rng(0).normal(size=n_params)
        if not product(start).any():
            return 0.0  # the iteration refuses a matrix of zeros
        values, vectors = eigsh(operator, k=1, v0=start, tol=1e-3)
        # The residual is how far the eigenvalue may be above the estimate.
        residual = np.linalg.norm(product(vectors[:, 0]) - values[0] * vectors[:, 0])
        return float(values[0] + residual)
