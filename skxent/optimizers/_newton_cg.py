"""Newton's method with steps by conjugate gradients."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxent.optimizers._line_search import ROUNDING, Precondition, minimise_along_directions
from skxent.optimizers._solution import CurvedObjective, LinearMap, Solution, Watcher


def newton_cg(
    objective: CurvedObjective,
    start: NDArray[Any],
    *,
    max_iter: int,
    tol: float,
    precondition: Precondition | None = None,
    monitor: Watcher | None = None,
) -> Solution:
    r"""Minimise a convex objective by truncated Newton steps.

    Each step solves :math:`H d = -g` by preconditioned conjugate gradients, the
    more exactly the nearer the minimum is [1]_.

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
        As in :func:`lbfgs`.
    precondition : callable, default=None
        As in :func:`lbfgs`, but called before every step.
    monitor : callable, default=None
        As in :func:`lbfgs`.

    Returns
    -------
    solution : Solution
        The last iterate.

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

    def find_direction(n_iter: int, params: NDArray[Any], gradient: NDArray[Any]) -> NDArray[Any]:
        nonlocal solve
        if precondition is not None:
            solve = precondition(params, solve)
        return conjugate_gradients(objective.hessian(params), gradient, solve)

    return minimise_along_directions(objective, start, find_direction, max_iter, tol, monitor)


def conjugate_gradients(
    multiply: LinearMap, gradient: NDArray[Any], solve: LinearMap | None
) -> NDArray[Any]:
    """Return an approximate solution of H d = -g; `multiply` is H, `solve` the preconditioner."""
    direction, residual = np.zeros_like(gradient), -gradient
    solved = residual if solve is None else solve(residual)
    along = solved.copy()
    size = first = float(np.vdot(residual, solved))
    # The tolerance falls with the gradient, so that the steps converge superlinearly, but not
    # below what the digits allow.
    wanted = min(0.25, max(1e-2, math.sqrt(first))) ** 2 * first
    extent, steepest = first, 0.0  # of `along`, as the preconditioner measures it
    for _ in range(10 * gradient.size):
        curved = multiply(along)
        curvature = float(np.vdot(along, curved))
        steepest = max(steepest, curvature / extent)
        if not curvature > ROUNDING * steepest * extent:
            break  # flat along this direction, but for rounding
        length = size / curvature
        # In place, as with many parameters a new array costs as much as the sum. Not in
        # `curved`, which may belong to the objective or be `along` itself.
        direction += length * along
        residual -= length * curved
        solved = residual if solve is None else solve(residual)
        size, last = float(np.vdot(residual, solved)), size
        if not size > wanted:
            break
        along *= size / last
        along += solved
        extent = size + (size / last) ** 2 * extent
    # All directions are flat: the first one is as good as any.
    return direction if direction.any() else along
