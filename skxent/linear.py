r"""The linear softmax objective: value and gradient, and bounds on its curvature.

With logits :math:`z_i = W x_i + b`, targets :math:`t_i` and weights
:math:`w_i`, this is the objective that every linear classifier of the package
minimises:

.. math::
    J(W, b) = \frac{\sum_i w_i \, CE(t_i, z_i)}{\sum_i w_i}
              + \frac{\alpha}{2} \|W\|_2^2

Two classes have one logit and the sigmoid, three or more one logit each. The
parameters are one array of shape ``(n_outputs, n_features + fit_intercept)``;
the intercept is its last column, and is not penalised.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cholesky, eigh

from skxent.losses import binary_terms, softmax_terms

__all__ = ["LinearObjective"]

# A block of rows of X, its logits and their gradient stay in a core's cache
# between the product that goes forward and the one that goes back.
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class LinearObjective:
    """The objective J of one data set, to be called with parameters.

    Works through `X` in blocks of rows and never holds the logits of all
    samples. The products are computed in the type of `X`, sums and parameters
    are float64.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features)
        Samples, float32 or float64.
    targets : ndarray of shape (n_samples,)
        Index of each sample's class.
    weights : ndarray of shape (n_samples,)
        Non-negative, not all zero.
    n_classes : int
        At least two.
    alpha : float
        Strength of the penalty.
    fit_intercept : bool
        Whether the parameters have an intercept as their last column.
    label_smoothing : float, default=0.0
        Share of each target that is spread evenly over the classes.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.linear import LinearObjective
    >>> objective = LinearObjective(
    ...     X=np.array([[-1.0], [1.0]]),
    ...     targets=np.array([0, 1]),
    ...     weights=np.ones(2),
    ...     n_classes=2,
    ...     alpha=0.1,
    ...     fit_intercept=True,
    ... )
    >>> value, gradient = objective(np.array([[0.0, 0.0]]))
    >>> round(value, 4)
    0.6931
    >>> gradient
    array([[-0.5,  0. ]])
    >>> round(objective.curvature_bound(), 4)  # 1/4 * 1 + alpha
    0.35
    """

    X: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    n_classes: int
    alpha: float
    fit_intercept: bool
    label_smoothing: float = 0.0

    @property
    def shape(self):
        """Shape of the parameters, (n_outputs, n_features + fit_intercept)."""
        n_outputs = 1 if self.n_classes == 2 else self.n_classes
        return n_outputs, self.X.shape[1] + self.fit_intercept

    def __call__(self, params):
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
        n_features = self.X.shape[1]
        coef, intercept = params[:, :n_features], params[:, n_features:]
        weights = coef.astype(self.X.dtype, copy=False)
        # Shares of the sum, before float32 sees weights that it can't hold.
        shares = self.weights / self.weights.sum()
        value, gradient = 0.0, np.zeros(params.shape)
        for rows in self._blocks():
            # Computed transposed: the losses run fastest along the samples.
            logits = (weights @ self.X[rows].T).T
            if self.fit_intercept:
                logits += intercept.T.astype(logits.dtype)
            losses, slopes = self._terms(logits, self.targets[rows])
            value += float(shares[rows] @ losses)
            slopes *= shares[rows, np.newaxis]
            gradient[:, :n_features] += slopes.T @ self.X[rows]
            if self.fit_intercept:
                gradient[:, n_features] += slopes.sum(axis=0, dtype=np.float64)
        gradient[:, :n_features] += self.alpha * coef
        return value + 0.5 * self.alpha * float(np.vdot(coef, coef)), gradient

    def curvature_bound(self):
        r"""Return an upper bound L of the curvature of J, anywhere.

        .. math::
            L = c \, \lambda_{\max}\!\left(
                \frac{\tilde X^\top \mathrm{diag}(w) \tilde X}{\sum_i w_i}\right) + \alpha

        where :math:`\tilde X` is `X` with the intercept's column of ones, and c
        bounds the Hessian of the cross-entropy in the logits: 1/4 for the
        sigmoid, 1/2 for the softmax [1]_. Gradient descent with a rate of at
        most 1/L lowers J at every step.

        Returns
        -------
        bound : float
            L, positive unless X and alpha are zero.

        References
        ----------
        .. [1] D. Böhning, "Multinomial logistic regression algorithm", Ann.
           Inst. Statist. Math. 44, 1992.
        """
        n_samples, n_params = len(self.X), self.shape[1]
        if n_params > n_samples:  # the same largest eigenvalue from the smaller product
            scaled = self._scaled_rows(slice(None))
            gram = scaled @ scaled.T
        else:
            gram = self._gram()
        last = len(gram) - 1
        largest = eigh(gram, eigvals_only=True, subset_by_index=(last, last))[0]
        return self._cap * max(float(largest), 0.0) + self.alpha

    def curvature_factor(self):
        r"""Return the Cholesky factor C of a model of the Hessian.

        .. math::
            C C^\top = c \, \frac{\tilde X^\top \mathrm{diag}(w) \tilde X}{\sum_i w_i}
                       + \alpha I

        with the c of :meth:`curvature_bound`; alpha is left out for the
        intercept. A ridge of 1e-12 of each diagonal entry (more, where the columns
        are many) keeps the factor finite where columns depend on each other.

        Returns
        -------
        factor : ndarray of shape (n_params, n_params)
            Lower triangular, float64.
        """
        model = self._cap * self._gram()
        diagonal = np.einsum("ii->i", model)
        diagonal[: self.X.shape[1]] += self.alpha
        # Of each entry, not of the largest: that would drown the small columns.
        # The rounding errors that it must outweigh grow with the number of columns.
        diagonal *= 1.0 + max(1e-12, 64 * np.finfo(np.float64).eps * len(model))
        diagonal += np.finfo(np.float64).tiny
        return cholesky(model, lower=True, overwrite_a=True, check_finite=False)

    @property
    def _cap(self):
        return 0.25 if self.n_classes == 2 else 0.5

    def _terms(self, logits, targets):
        if self.n_classes == 2:
            losses, slopes = binary_terms(logits[:, 0], targets, self.label_smoothing)
            return losses, slopes[:, np.newaxis]
        return softmax_terms(logits, targets, self.label_smoothing)

    def _blocks(self):
        width = (self.X.shape[1] + 4 * self.shape[0]) * self.X.itemsize
        n_rows = max(32, _BLOCK_BYTES // width)
        for start in range(0, len(self.X), n_rows):
            yield slice(start, start + n_rows)

    def _scaled_rows(self, rows):
        """Rows of X with the intercept's column, times sqrt(w / sum(w)), in float64."""
        scale = np.sqrt(self.weights[rows] / self.weights.sum())
        n_features = self.X.shape[1]
        scaled = np.empty((len(scale), self.shape[1]))
        np.multiply(self.X[rows], scale[:, np.newaxis], out=scaled[:, :n_features])
        scaled[:, n_features:] = scale[:, np.newaxis]
        return scaled

    def _gram(self):
        gram = np.zeros((self.shape[1],) * 2)
        for rows in self._blocks():
            scaled = self._scaled_rows(rows)
            gram += scaled.T @ scaled
        return gram
