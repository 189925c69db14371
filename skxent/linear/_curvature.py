"""Bounds on the curvature of the linear objective, and the learning rates that they allow."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigvalsh
from scipy.sparse.linalg import LinearOperator, eigsh

from skxent.linear._blocks import add_gradient, gram, logits, squared_norms
from skxent.linear._objective import LinearObjective


def safe_rate(objective: LinearObjective, solver: str, momentum: float, batch_size: int) -> float:
    r"""Return the learning rate that "auto" stands for.

    It is :math:`1 / L` for "gd" and :math:`(1 - \mu) / (2 L_b)` for "sgd", with the bounds of
    :func:`curvature_bound` and the momentum :math:`\mu`. The steps of "adam" do not depend on the
    scale of the objective; it has 0.001.
    """
    if solver == "adam":
        return 1e-3
    if solver == "gd":
        bound = curvature_bound(objective)
        return 1.0 / bound if bound > 0.0 else 1.0  # nothing to descend: any will do
    bound = curvature_bound(objective, batch_size)
    return (1.0 - momentum) / (2.0 * bound) if bound > 0.0 else 1.0


def curvature_bound(
    objective: LinearObjective, batch_size: int | None = None, *, max_dense: int = 512
) -> float:
    r"""Return an upper bound L of the curvature of J, anywhere.

    .. math::
        L = c \, \lambda_{\max}\!\left(
            \frac{\tilde X^\top \mathrm{diag}(w) \tilde X}{\sum_i w_i}\right) + \alpha

    where :math:`\tilde X` is X with the intercept's column of ones, and c
    bounds the Hessian of the cross-entropy in the logits: 1/4 for the
    sigmoid, 1/2 for the softmax [1]_. Gradient descent with a rate of at
    most 1/L lowers J at every step. For random batches of b of n samples
    it is the expected smoothness [2]_

    .. math::
        L_b = \frac{n (b - 1)}{b (n - 1)} L + \frac{n - b}{b (n - 1)}
              \max_i \left(c \, \frac{n w_i}{\sum_j w_j} \|\tilde x_i\|^2 + \alpha\right)

    The eigenvalue of a matrix of more than `max_dense` columns is found by iteration.

    .. [1] D. Böhning, "Multinomial logistic regression algorithm", Ann.
       Inst. Statist. Math. 44, 1992.
    .. [2] R. M. Gower et al., "SGD: general analysis and improved rates",
       ICML 2019, proposition 3.8.
    """
    cap = 0.25 if objective.samples.n_classes == 2 else 0.5
    bound = cap * _largest_eigenvalue(objective, max_dense) + objective.alpha
    n, b = len(objective.samples), batch_size
    if b is None or b >= n:
        return bound
    norms = np.concatenate([squared_norms(X) for _, X in objective.blocks])
    largest = float(np.max(n * objective.shares * (norms + objective.fit_intercept)))
    single = cap * largest + objective.alpha
    return n * (b - 1) / (b * (n - 1)) * bound + (n - b) / (b * (n - 1)) * single


def _largest_eigenvalue(objective: LinearObjective, max_dense: int) -> float:
    """Return the largest eigenvalue of X~' diag(w) X~ / sum(w), or a little more."""
    n_params, shares = objective.shape[1], objective.shares
    if n_params <= max_dense:
        return max(float(eigvalsh(gram(objective.blocks, shares, n_params))[-1]), 0.0)

    def product(vector: NDArray[Any]) -> NDArray[Any]:
        vector = vector.reshape(1, n_params)
        result = np.zeros((1, n_params))
        for rows, X in objective.blocks:
            add_gradient(result, X, logits(X, vector) * shares[rows, np.newaxis])
        return result.ravel()

    operator = LinearOperator((n_params, n_params), matvec=product, dtype=np.float64)
    start = np.random.default_rng(0).normal(size=n_params)
    if not product(start).any():
        return 0.0  # the iteration refuses a matrix of zeros
    values, vectors = eigsh(operator, k=1, v0=start, tol=1e-3)
    # The eigenvalue may exceed the estimate by the residual.
    residual = np.linalg.norm(product(vectors[:, 0]) - values[0] * vectors[:, 0])
    return float(values[0] + residual)
