"""Truncated Newton steps by conjugate gradients."""

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from skxent.optimizers._line_search import _ROUNDING, LinearMap, Precondition, _iterate
from skxent.optimizers._solution import Solution, Watcher


class _CurvedObjective(Protocol):
    def __call__(self, params: NDArray[Any]) -> tuple[float, NDArray[Any]]: ...

    def hessian(self, params: NDArray[Any]) -> LinearMap: ...


def newton_cg(
    objective: _CurvedObjective,
    start: NDArray[Any],
    *,
    max_iter: int,
    tol: float,
    precondition: Precondition | None = None,
    monitor: Watcher | None = None,
) -> Solution:
    r"""Minimise a convex objective by truncated Newton steps.

    Each step solves :math:`H d = -g` by preconditioned conjugate gradients, as
    exactly as the distance to the minimum is worth [1]_.

    Parameters
    ----------
    objective : callable
        ``objective(params) -> (value, gradient)``, with a method
        ``hessian(params)`` that returns the Hessian there as a function
        ``product(direction)``.
    start : ndarray of shape (n_outputs, n_params)
        The first iterate. It is not written to.
    max_iter : int
        Largest number of steps.
    tol : float
        Stop where the largest absolute entry of the gradient is at most this.
    precondition : callable, default=None
        As in :func:`lbfgs`; looked at before every step.
    monitor : callable, default=None
        As in :func:`lbfgs`.

    Returns
    -------
    solution : Solution
        What was found.

    Raises
    ------
    ValueError
        If the objective is not finite at `start`.

    References
    ----------
    .. [1] S. C. Eisenstat and H. F. Walker, "Choosing the forcing terms in an
       inexact Newton method", SIAM J. Sci. Comput. 17, 1996.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.optimizers import newton_cg
    >>> class Ravine:
    ...     scale = np.array([1.0, 1e8])
    ...     def __call__(self, params):
    ...         return 0.5 * float(np.sum(self.scale * params**2)), self.scale * params
    ...     def hessian(self, params):
    ...         return lambda direction: self.scale * direction
    >>> newton_cg(Ravine(), np.ones((1, 2)), max_iter=50, tol=1e-6).converged
    True
    """
    solve = None

    def direct(n_iter: int, params: NDArray[Any], gradient: NDArray[Any]) -> NDArray[Any]:
        nonlocal solve
        if precondition is not None:
            solve = precondition(params, solve)
        return _conjugate_gradients(objective.hessian(params), gradient, solve)

    return _iterate(objective, start, direct, None, max_iter, tol, monitor)


def _conjugate_gradients(
    multiply: LinearMap, gradient: NDArray[Any], solve: LinearMap | None
) -> NDArray[Any]:
    """Direction of a truncated Newton step."""
    direction, residual = np.zeros_like(gradient), -gradient
    solved = residual if solve is None else solve(residual)
    along = solved.copy()
    size = first = float(np.vdot(residual, solved))
    # The nearer the minimum, the more exact: the steps then converge superlinearly.
    # But no more exact than the digits allow.
    wanted = min(0.25, max(1e-2, math.sqrt(first))) ** 2 * first
    extent, steepest = first, 0.0  # of `along`, as the preconditioner measures it
    for _ in range(10 * gradient.size):
        curved = multiply(along)
        curvature = float(np.vdot(along, curved))
        steepest = max(steepest, curvature / extent)
        if not curvature > _ROUNDING * steepest * extent:
            break  # nothing curves along this, as far as the digits go
        share = size / curvature
        # In place, as with many parameters each new array costs as much as the sum; but not
        # in `curved`, which may be an array of the objective's, or `along` itself.
        direction += share * along
        residual -= share * curved
        solved = residual if solve is None else solve(residual)
        size, last = float(np.vdot(residual, solved)), size
        if not size > wanted:
            break
        along *= size / last
        along += solved
        extent = size + (size / last) ** 2 * extent
    # Where nothing curves, as far as the digits go, the first direction is as good as any.
    return direction if direction.any() else along
