"""The line search and the loop of the second-order solvers."""

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skxent.optimizers._solution import Objective, Solution, Watcher, evaluate

LinearMap: TypeAlias = Callable[[NDArray[Any]], NDArray[Any]]


Precondition: TypeAlias = Callable[[NDArray[Any], Any], LinearMap]


# The line search: sufficient decrease and curvature of the weak Wolfe conditions.
_DECREASE, _CURVATURE = 1e-4, 0.9


_MAX_TRIALS = 40


# Two values whose difference is within this share of them are the same.
_ROUNDING = 64 * np.finfo(np.float64).eps


# How many iterations without a fall beyond rounding end the search.
_MAX_STALLED = 4


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
