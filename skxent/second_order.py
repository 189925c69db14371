"""Solvers that learn the curvature, and have no learning rate.

Both take an objective as :mod:`skxent.solvers` does, return its
:class:`~skxent.solvers.Solution`, and see the objective through a
preconditioner, a model of its curvature, if there is one::

    solve = precondition(params, None)       # at the start
    solve = precondition(params, solve)      # later: the same one, or a better one
    solve(rows)                              # the model's inverse applied to rows

"""

import math
from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skxent.solvers import Objective, Solution, Watcher, evaluate

__all__ = ["lbfgs", "newton_cg"]

LinearMap: TypeAlias = Callable[[NDArray[Any]], NDArray[Any]]
Precondition: TypeAlias = Callable[[NDArray[Any], Any], LinearMap]


class _CurvedObjective(Protocol):
    def __call__(self, params: NDArray[Any]) -> tuple[float, NDArray[Any]]: ...

    def hessian(self, params: NDArray[Any]) -> LinearMap: ...


# The line search: sufficient decrease and curvature of the weak Wolfe conditions.
_DECREASE, _CURVATURE = 1e-4, 0.9
_MAX_TRIALS = 40

# Two values whose difference is within this share of them are the same.
_ROUNDING = 64 * np.finfo(np.float64).eps

# How many iterations without a fall beyond rounding end the search.
_MAX_STALLED = 4

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
    >>> from skxent.second_order import lbfgs
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
    >>> from skxent.second_order import newton_cg
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


def _iterate(
    objective: Objective,
    start: NDArray[Any],
    direct: Callable[[int, NDArray[Any], NDArray[Any]], NDArray[Any]],
    remember: Callable[[NDArray[Any], NDArray[Any]], None] | None,
    max_iter: int,
    tol: float,
    monitor: Watcher | None,
) -> Solution:
    """Search along one direction after the other; `remember` is told what each step changed."""
    params = start
    value, gradient = evaluate(objective, params)
    norm = float(np.max(np.abs(gradient)))
    if not math.isfinite(value + norm):
        raise ValueError("the objective is not finite at the start")
    values, n_stalled, stopped = [value], 0, False
    for n_iter in range(max_iter + 1):
        stopped = monitor is not None and bool(monitor(n_iter, params, value))
        if norm <= tol or stopped or n_iter == max_iter or n_stalled == _MAX_STALLED:
            break
        direction = direct(n_iter, params, gradient)
        if not np.vdot(gradient, direction) < 0.0:
            direction = -gradient  # what rounding has left of a direction leads uphill
        found = _search(objective, params, value, gradient, direction)
        if found is None:
            # Nothing lower was found because there is nothing, but for rounding?
            hoped = -float(np.vdot(gradient, direction))
            n_stalled = _MAX_STALLED if hoped <= 1e6 * _ROUNDING * abs(value) else 0
            break
        moved, next_value, next_gradient = found
        if remember is not None:
            remember(moved - params, next_gradient - gradient)
        is_stalled = value - next_value <= _ROUNDING * abs(next_value)
        n_stalled = n_stalled + 1 if is_stalled else 0
        params, value, gradient = moved, next_value, next_gradient
        norm = float(np.max(np.abs(gradient)))
        values.append(value)
    return Solution(
        params=params,
        value=value,
        gradient_norm=norm,
        n_iter=len(values) - 1,
        converged=norm <= tol or n_stalled == _MAX_STALLED,
        diverged=False,
        stopped=stopped,
        values=np.array(values),
    )


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


def _search(
    objective: Objective,
    params: NDArray[Any],
    value: float,
    gradient: NDArray[Any],
    direction: NDArray[Any],
) -> tuple[NDArray[Any], float, NDArray[Any]] | None:
    """Return (params, value, gradient) of a weak Wolfe point along a direction, if there is one.

    Where values differ by rounding alone, slopes decide (the approximate Wolfe conditions of
    W. W. Hager and H. Zhang, SIAM J. Optim. 16, 2005).
    """
    slope = float(np.vdot(gradient, direction))
    low, high = (0.0, value, slope), None
    trial = 1.0
    for _ in range(_MAX_TRIALS):
        moved = params + trial * direction
        new_value, new_gradient = evaluate(objective, moved)
        new_slope = float(np.vdot(new_gradient, direction))
        point = trial, new_value, new_slope
        if not math.isfinite(new_value + new_slope):
            high, trial = None, low[0] + 0.1 * (trial - low[0])
            continue
        falls = new_value <= value + _DECREASE * trial * slope
        is_flat = abs(new_value - value) <= _ROUNDING * abs(value)
        if is_flat and new_slope <= (2 * _DECREASE - 1.0) * slope:
            falls = True
        if falls and new_slope >= _CURVATURE * slope:
            return moved, new_value, new_gradient
        if falls:
            last, low = low, point
        else:
            high = point
        if high is None:  # on, as far as a cubic through the two points says
            trial = min(max(_cubic_minimum(last, low), 2.0 * trial), 10.0 * trial)
        else:
            width = high[0] - low[0]
            if not abs(width) > 1e-15 * abs(high[0]):
                break
            guess = _cubic_minimum(low, high)
            if high[1] - value > 1e3 * high[0] * abs(slope):
                guess = low[0]  # so far out that no cubic says where to turn back to
            trial = min(max(guess, low[0] + 0.1 * width), high[0] - 0.1 * width)
    # No point meets both conditions, for rounding; one that is lower is still a step.
    if low[0] > 0.0:
        moved = params + low[0] * direction
        return moved, *evaluate(objective, moved)
    return None


def _cubic_minimum(left: tuple[float, float, float], right: tuple[float, float, float]) -> float:
    """Minimum of the cubic through two points (position, value, slope); infinite if none."""
    (a, fa, da), (b, fb, db) = left, right
    theta = 3.0 * (fa - fb) / (b - a) + da + db
    root = theta * theta - da * db
    if root < 0.0:
        return math.inf
    gamma = math.copysign(math.sqrt(root), b - a)
    bottom = db - da + 2.0 * gamma
    if bottom == 0.0:
        return math.inf
    return b - (b - a) * (db + gamma - theta) / bottom
