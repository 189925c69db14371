"""Update rules: pure functions that get their state and return the next one."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class UpdateRule(NamedTuple):
    """A first-order update rule.

    Parameters
    ----------
    init : callable
        ``init(params) -> state``: the state before the first step.
    update : callable
        ``update(gradient, state, learning_rate) -> (step, state)``: the step to
        add to the parameters, and the next state. The learning rate is a number
        or an array that broadcasts against the gradient.

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

    init: Callable[[NDArray[Any]], Any]
    update: Callable[[NDArray[Any], Any, float | NDArray[Any]], tuple[NDArray[Any], Any]]


def gradient_descent(momentum: float = 0.0) -> UpdateRule:
    r"""Gradient descent, with Nesterov's momentum.

    .. math::
        v_{t+1} = \mu v_t - \eta \nabla J(\theta_t), \qquad
        \theta_{t+1} = \theta_t + \mu v_{t+1} - \eta \nabla J(\theta_t)

    with the learning rate :math:`\eta`, the momentum :math:`\mu` and
    :math:`v_0 = 0`. The gradient is taken at :math:`\theta`, which is Nesterov's
    look-ahead point, so that a step costs one gradient.

    Parameters
    ----------
    momentum : float, default=0.0
        In [0, 1). With zero, the step is :math:`-\eta \nabla J`.

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
    _check_decay("momentum", momentum)

    def update(
        gradient: NDArray[Any], velocity: NDArray[Any], learning_rate: float | NDArray[Any]
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        plain = -learning_rate * gradient
        velocity = momentum * velocity + plain
        return momentum * velocity + plain, velocity

    return UpdateRule(init=np.zeros_like, update=update)


def adam(beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8) -> UpdateRule:
    r"""Adam: steps of about the size of the learning rate in every parameter.

    .. math::
        m_t = \beta_1 m_{t-1} + (1 - \beta_1) g_t, \quad
        v_t = \beta_2 v_{t-1} + (1 - \beta_2) g_t^2, \quad
        \theta_{t+1} = \theta_t - \eta \,
        \frac{m_t / (1 - \beta_1^t)}{\sqrt{v_t / (1 - \beta_2^t)} + \epsilon}

    with the learning rate :math:`\eta`. As in Algorithm 1 of [1]_, epsilon is
    added to the corrected square root; some libraries add it to the uncorrected
    one.

    Parameters
    ----------
    beta_1, beta_2 : float, default=0.9, 0.999
        Decay rates of the running means of the gradient and of its square, in
        [0, 1).
    epsilon : float, default=1e-8
        Positive.

    Returns
    -------
    rule : UpdateRule
        Its state is the tuple (t, m, v).

    Raises
    ------
    ValueError
        If a parameter is out of its range.

    References
    ----------
    .. [1] D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization",
       ICLR 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.optimizers import adam
    >>> rule = adam()
    >>> gradient = np.array([3.0, -0.001])
    >>> step, state = rule.update(gradient, rule.init(gradient), 0.1)
    >>> step.round(4)
    array([-0.1,  0.1])
    """
    _check_decay("beta_1", beta_1)
    _check_decay("beta_2", beta_2)
    if not epsilon > 0.0:
        raise ValueError(f"epsilon must be positive, got {epsilon!r}")

    def init(params: NDArray[Any]) -> tuple[int, NDArray[Any], NDArray[Any]]:
        return 0, np.zeros_like(params), np.zeros_like(params)

    def update(
        gradient: NDArray[Any],
        state: tuple[int, NDArray[Any], NDArray[Any]],
        learning_rate: float | NDArray[Any],
    ) -> tuple[NDArray[Any], tuple[int, NDArray[Any], NDArray[Any]]]:
        t, mean, square = state
        t += 1
        mean = beta_1 * mean + (1.0 - beta_1) * gradient
        square = beta_2 * square + (1.0 - beta_2) * gradient**2
        scale = np.sqrt(square / (1.0 - beta_2**t)) + epsilon
        return -learning_rate / (1.0 - beta_1**t) * mean / scale, (t, mean, square)

    return UpdateRule(init, update)


def make_rule(solver: str, momentum: float) -> UpdateRule:
    """Return the update rule of "gd", "sgd" or "adam", whose beta_1 the momentum is."""
    return adam(beta_1=momentum) if solver == "adam" else gradient_descent(momentum)


def _check_decay(name: str, value: float) -> None:
    if not 0.0 <= value < 1.0:
        raise ValueError(f"{name} must be in [0, 1), got {value!r}")
