"""The loop that both second-order solvers share, and its line search.

Each iteration takes a direction from the solver and searches along it. A preconditioner models
the Hessian: ``precondition(params, current)`` returns a function ``solve(rows)``, which may be
the current one where that still fits.
"""

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skxent.optimizers._solution import LinearMap, Objective, Solution, Watcher, evaluate

Precondition: TypeAlias = Callable[[NDArray[Any], Any], LinearMap]

# Relative differences of up to this much may be rounding errors.
ROUNDING = 64 * np.finfo(np.float64).eps

# The weak Wolfe conditions: sufficient decrease, and curvature.
_DECREASE, _CURVATURE = 1e-4, 0.9

# A gradient of up to this much is zero: the squares of such numbers, and what divides them,
# underflow. On the way to a minimum at infinity the gradient falls so far.
_VANISHED = 1e-100

# Points tried along one direction.
_MAX_TRIALS = 40

# After so many iterations in a row that lower the value by no more than rounding, it is at its
# minimum.
_MAX_STALLED = 4


def minimise_along_directions(
    objective: Objective,
    start: NDArray[Any],
    find_direction: Callable[[int, NDArray[Any], NDArray[Any]], NDArray[Any]],
    max_iter: int,
    tol: float,
    monitor: Watcher | None,
    on_step: Callable[[NDArray[Any], NDArray[Any]], None] | None = None,
) -> Solution:
    """Search along one direction after the other; `on_step` gets step and change of gradient."""
    params = start
    value, gradient = evaluate(objective, params)
    norm = float(np.max(np.abs(gradient)))
    if not math.isfinite(value + norm):
        raise ValueError("the objective is not finite at the start")
    values, n_stalled, stopped = [value], 0, False
    tol = max(tol, _VANISHED)
    for n_iter in range(max_iter + 1):
        stopped = monitor is not None and bool(monitor(n_iter, params, value))
        if norm <= tol or stopped or n_iter == max_iter or n_stalled == _MAX_STALLED:
            break
        direction = find_direction(n_iter, params, gradient)
        if not np.vdot(gradient, direction) < 0.0:
            direction = -gradient  # rounding has turned the direction uphill
        found = search_wolfe_point(objective, params, value, gradient, direction)
        if found is None:
            # At the minimum but for rounding, if no more than that was to be gained.
            expected = -float(np.vdot(gradient, direction))
            n_stalled = _MAX_STALLED if expected <= 1e6 * ROUNDING * abs(value) else 0
            break
        moved, next_value, next_gradient = found
        if on_step is not None:
            on_step(moved - params, next_gradient - gradient)
        is_stalled = value - next_value <= ROUNDING * abs(next_value)
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


def search_wolfe_point(
    objective: Objective,
    params: NDArray[Any],
    value: float,
    gradient: NDArray[Any],
    direction: NDArray[Any],
) -> tuple[NDArray[Any], float, NDArray[Any]] | None:
    """Return (params, value, gradient) at a weak Wolfe point along a direction, None without one.

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
        is_flat = abs(new_value - value) <= ROUNDING * abs(value)
        if is_flat and new_slope <= (2 * _DECREASE - 1.0) * slope:
            falls = True
        if falls and new_slope >= _CURVATURE * slope:
            return moved, new_value, new_gradient
        if falls:
            last, low = low, point
        else:
            high = point
        if high is None:  # farther, to where the cubic through the last two points is lowest
            trial = min(max(cubic_minimum(last, low), 2.0 * trial), 10.0 * trial)
        else:
            width = high[0] - low[0]
            if not abs(width) > 1e-15 * abs(high[0]):
                break
            guess = cubic_minimum(low, high)
            if high[1] - value > 1e3 * high[0] * abs(slope):
                guess = low[0]  # so high up that no cubic fits
            trial = min(max(guess, low[0] + 0.1 * width), high[0] - 0.1 * width)
    # Because of rounding, no point meets both conditions. A lower one will do.
    if low[0] > 0.0:
        moved = params + low[0] * direction
        return moved, *evaluate(objective, moved)
    return None


def cubic_minimum(left: tuple[float, float, float], right: tuple[float, float, float]) -> float:
    """Return where the cubic through two points (position, value, slope) is lowest, or infinity."""
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
