"""L-BFGS on top of a preconditioner."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxent.optimizers._line_search import ROUNDING, Precondition, minimise_along_directions
from skxent.optimizers._solution import LinearMap, Objective, Solution, Watcher

# Iterations between two calls of `precondition`.
_REFRESH = 8


def lbfgs(
    objective: Objective,
    start: NDArray[Any],
    *,
    max_iter: int,
    tol: float,
    precondition: Precondition | None = None,
    memory: int = 10,
    monitor: Watcher | None = None,
) -> Solution:
    r"""Minimise a smooth objective by L-BFGS on top of a preconditioner.

    The two-loop recursion [1]_ starts from :math:`\gamma M^{-1}`, with the
    preconditioner M, in place of a multiple of the identity. M may change
    between iterations, as the remembered steps do not depend on it.

    Parameters
    ----------
    objective : callable
        ``objective(params) -> (value, gradient)``, smooth.
    start : ndarray of shape (n_outputs, n_params)
        The first iterate. It is not written to.
    max_iter : int
        Largest number of iterations.
    tol : float
        Stop when the largest absolute entry of the gradient is at most this, or
        1e-100, as the products of smaller numbers underflow.
    precondition : callable, default=None
        ``precondition(params, current) -> solve``, where ``solve(rows)`` returns
        :math:`M^{-1}` times each row of an array of the parameters' shape, and
        `current` is the function returned before, at first None. It is called
        at the start and after every eighth iteration. None is the identity.
    memory : int, default=10
        Number of remembered steps.
    monitor : callable, default=None
        ``monitor(n_iter, params, value) -> stop``, at the start and after each
        iteration.

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
    .. [1] D. C. Liu and J. Nocedal, "On the limited memory BFGS method for
       large scale optimization", Math. Programming 45, 1989.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.optimizers import lbfgs
    >>> scale = np.array([1.0, 1e8])
    >>> def ravine(params):
    ...     return 0.5 * float(np.sum(scale * params**2)), scale * params
    >>> def precondition(params, current):
    ...     return lambda rows: rows / scale
    >>> start = np.ones((1, 2))
    >>> lbfgs(ravine, start, max_iter=50, tol=1e-6, precondition=precondition).n_iter
    1
    """
    pairs: list[tuple[NDArray[Any], NDArray[Any], float]] = []
    solve = None if precondition is None else precondition(start, None)

    def find_direction(n_iter: int, params: NDArray[Any], gradient: NDArray[Any]) -> NDArray[Any]:
        nonlocal solve
        if n_iter and n_iter % _REFRESH == 0 and precondition is not None:
            solve = precondition(params, solve)
        return two_loop_direction(gradient, pairs, solve)

    def remember(step: NDArray[Any], change: NDArray[Any]) -> None:
        product = float(np.vdot(step, change))
        # A step along which the slope doesn't rise tells nothing about the curvature, nor does one
        # where the square of the change underflows.
        rises = product > ROUNDING * float(np.linalg.norm(step) * np.linalg.norm(change))
        if rises and np.vdot(change, change) > 0.0:
            pairs.append((step, change, product))
            del pairs[:-memory]

    return minimise_along_directions(
        objective, start, find_direction, max_iter, tol, monitor, on_step=remember
    )


def two_loop_direction(
    gradient: NDArray[Any],
    pairs: list[tuple[NDArray[Any], NDArray[Any], float]],
    solve: LinearMap | None,
) -> NDArray[Any]:
    """Return the direction for remembered triples (step, change of gradient, their product)."""
    direction, coefficients = -gradient, []
    for step, change, product in reversed(pairs):
        coefficient = float(np.vdot(step, direction)) / product
        direction = direction - coefficient * change
        coefficients.append(coefficient)
    if solve is not None:
        direction = solve(direction)
    elif not pairs:  # nothing is known yet about how long a step should be
        direction = direction / max(1.0, float(np.sum(np.abs(gradient))))
    if pairs:
        _, change, product = pairs[-1]
        curved = float(np.vdot(change, change if solve is None else solve(change)))
        direction = direction * (product / curved if curved > 0.0 else 1.0)
    for (step, change, product), coefficient in zip(pairs, reversed(coefficients), strict=True):
        direction = direction + (coefficient - float(np.vdot(change, direction)) / product) * step
    return direction
