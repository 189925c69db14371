"""Proximal steps for an L1 penalty."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxent.optimizers._solution import Objective, evaluate


def _proximal_gradient(
    params: NDArray[np.float64],
    gradient: NDArray[np.float64],
    l1: NDArray[np.float64],
    rate: float,
) -> NDArray[np.float64]:
    rate = rate or 1.0  # where a schedule has ended at zero, any rate tells how far it is
    with np.errstate(over="ignore", invalid="ignore"):
        return (params - _soften(params - rate * gradient, rate * l1)) / rate


def _soften(params: NDArray[np.float64], thresholds: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sign(params) * np.maximum(np.abs(params) - thresholds, 0.0)


def _make_zeros_exact(
    objective: Objective,
    best: tuple[NDArray[Any], float, float],
    l1: NDArray[Any],
    rate: float,
    tol: float,
) -> tuple[NDArray[Any], float, float]:
    """Take last proximal steps: the look-ahead of the momentum is past zero where they end."""
    rate = rate or 1.0
    for _ in range(100):
        params, value, _ = best
        _, gradient = evaluate(objective, params)
        params = _soften(params - rate * gradient, rate * l1)
        next_value, gradient = evaluate(objective, params)
        next_value += float(np.sum(l1 * np.abs(params)))
        if not next_value <= value + 1e-12 * abs(value):  # the rate is too large
            break
        norm = float(np.max(np.abs(_proximal_gradient(params, gradient, l1, rate))))
        best = params, next_value, norm
        if norm <= tol:
            break
    return best
