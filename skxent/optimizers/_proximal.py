"""Proximal steps for an L1 penalty.

An L1 penalty has no gradient at zero. In its place stands the proximal gradient, the step of
proximal gradient descent divided by the learning rate. It is zero at the minimum alone.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def add_l1(
    value: float, gradient: NDArray[Any], params: NDArray[Any], l1: NDArray[Any], rate: float
) -> tuple[float, NDArray[Any]]:
    """Return the value with the L1 penalty, and the proximal gradient."""
    value += float(np.sum(l1 * np.abs(params)))
    return value, proximal_gradient(params, gradient, l1, rate)


def proximal_gradient(
    params: NDArray[Any], gradient: NDArray[Any], l1: NDArray[Any], rate: float
) -> NDArray[Any]:
    """Return what the proximal step subtracts from the parameters, divided by the rate."""
    rate = rate or 1.0  # at the end of a schedule it may be zero; any other measures as well
    with np.errstate(over="ignore", invalid="ignore"):
        step: NDArray[Any] = params - proximal_step(params, gradient, l1, rate)
        return step / rate


def proximal_step(
    params: NDArray[Any], gradient: NDArray[Any], l1: NDArray[Any], rate: float
) -> NDArray[Any]:
    """Return the parameters after a step along the gradient and soft thresholding."""
    moved = params - rate * gradient
    shrunk: NDArray[Any] = np.sign(moved) * np.maximum(np.abs(moved) - rate * l1, 0.0)
    return shrunk
