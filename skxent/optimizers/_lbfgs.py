"""L-BFGS, started from a preconditioner."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxent.optimizers._line_search import _ROUNDING, LinearMap, Precondition, _iterate
from skxent.optimizers._solution import Objective, Solution, Watcher

# How many iterations pass between two looks at the preconditioner.
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
    r"""Minimise by L-BFGS, started from a preconditioner.

    The two-loop recursion [1]_ builds on :math:`\gamma M^{-1}` where others
    build on a multiple of the identity. M may change on the way, as the
    remembered steps don't depend on it.

    Parameters
    ----------
    objective : callable
        ``objective(params) -> (value, gradient)``, smooth.
    start : ndarray of shape (n_outputs, n_params)
        The first iterate. It is not written to.
    max_iter : int
        Largest number of iterations.
    tol : float
        Stop where the largest absolute entry of the gradient is at most this.
    precondition : callable, default=None
        ``precondition(params, current) -> solve`` as the module says; None is
        the identity.
    memory : int, default=10
        Number of remembered steps.
    monitor : callable, default=None
        ``monitor(n_iter, params, value) -> stop``, at the start and after each
        iteration.

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

    def direct(n_iter: int, params: NDArray[Any], gradient: NDArray[Any]) -> NDArray[Any]:
        nonlocal solve
        if n_iter and n_iter % _REFRESH == 0 and precondition is not None:
            solve = precondition(params, solve)
        return _two_loops(gradient, pairs, solve)

    def remember(step: NDArray[Any], change: NDArray[Any]) -> None:
        product = float(np.vdot(step, change))
        # Of steps along which the gradient doesn't rise nothing can be learned.
        if product > _ROUNDING * float(np.linalg.norm(step) * np.linalg.norm(change)):
            pairs.append((step, change, product))
            del pairs[:-memory]

    return _iterate(objective, start, direct, remember, max_iter, tol, monitor)


def _two_loops(
    gradient: NDArray[Any],
    pairs: list[tuple[NDArray[Any], NDArray[Any], float]],
    solve: LinearMap | None,
) -> NDArray[Any]:
    """Direction of L-BFGS from the remembered (step, change of gradient, their product)."""
    direction, shares = -gradient, []
    for step, change, product in reversed(pairs):
        share = float(np.vdot(step, direction)) / product
        direction = direction - share * change
        shares.append(share)
    if solve is not None:
        direction = solve(direction)
    elif not pairs:  # of a first gradient, nothing is known but its direction
        direction = direction / max(1.0, float(np.sum(np.abs(gradient))))
    if pairs:
        _, change, product = pairs[-1]
        curved = change if solve is None else solve(change)
        direction = direction * (product / float(np.vdot(change, curved)))
    for (step, change, product), share in zip(pairs, reversed(shares), strict=True):
        direction = direction + (share - float(np.vdot(change, direction)) / product) * step
    return direction
