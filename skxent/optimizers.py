"""Update rules of first-order optimisation: pure functions, state is data.

A rule is a pair of functions::

    state = rule.init(params)
    step, state = rule.update(gradient, state, learning_rate)
    params = params + step

It neither knows the objective nor loops; :mod:`skxent.solvers` does. A rule
treats each entry of the parameters alike, so that problems of any shape, or
many side by side, are advanced by one call. To add a rule, write a function
that returns an :class:`UpdateRule`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

__all__ = ["UpdateRule", "gradient_descent"]


class UpdateRule(NamedTuple):
    """A first-order update rule.

    Parameters
    ----------
    init : callable
        ``init(params) -> state``: the state before the first step.
    update : callable
        ``update(gradient, state, learning_rate) -> (step, state)``: what to add
        to the parameters, and the state that goes with the sum. The learning
        rate is a number or an array that broadcasts against the gradient.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.optimizers import UpdateRule
    >>> def init(params):
    ...     return None  # no state
    >>> def update(gradient, state, learning_rate):
    ...     return -learning_rate * np.sign(gradient), state
    >>> signs = UpdateRule(init, update)
    >>> step, state = signs.update(np.array([3.0, -0.2]), signs.init(np.zeros(2)), 0.1)
    >>> step
    array([-0.1,  0.1])
    """

    init: Callable[[np.ndarray], Any]
    update: Callable[[np.ndarray, Any, float | np.ndarray], tuple[np.ndarray, Any]]


def gradient_descent(momentum=0.0):
    r"""Gradient descent, with Nesterov's momentum if it is not zero.

    .. math::
        v_{t+1} = \mu v_t - \eta \nabla J(\theta_t), \qquad
        \theta_{t+1} = \theta_t + \mu v_{t+1} - \eta \nabla J(\theta_t)

    with the learning rate :math:`\eta`, the momentum :math:`\mu` and
    :math:`v_0 = 0`. Here :math:`\theta` is the point where the gradient is
    taken, Nesterov's look-ahead point, so a step costs one gradient.

    Parameters
    ----------
    momentum : float, default=0.0
        In [0, 1). Zero is the textbook step :math:`-\eta \nabla J`.

    Returns
    -------
    rule : UpdateRule
        Its state is the velocity :math:`v`.

    Raises
    ------
    ValueError
        If `momentum` is not in [0, 1).

    References
    ----------
    .. [1] Y. Nesterov, "A method of solving a convex programming problem with
       convergence rate O(1/k^2)", Soviet Math. Doklady 27, 1983.
    .. [2] Y. Bengio, N. Boulanger-Lewandowski and R. Pascanu, "Advances in
       optimizing recurrent networks", ICASSP 2013 (this form of it).

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.optimizers import gradient_descent
    >>> rule = gradient_descent(momentum=0.5)
    >>> params = np.array([1.0])  # of J = params ** 2 / 2, whose gradient is params
    >>> state = rule.init(params)
    >>> for _ in range(3):
    ...     step, state = rule.update(params, state, 0.4)
    ...     params = params + step
    ...     print(params.round(4))
    [0.4]
    [0.06]
    [-0.066]
    """
    if not 0.0 <= momentum < 1.0:
        raise ValueError(f"momentum must be in [0, 1), got {momentum!r}")

    def update(gradient, velocity, learning_rate):
        plain = -learning_rate * gradient
        velocity = momentum * velocity + plain
        return momentum * velocity + plain, velocity

    return UpdateRule(init=np.zeros_like, update=update)
