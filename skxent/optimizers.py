"""Update rules and learning-rate schedules: pure functions, state is data.

A rule is a pair of functions::

    state = rule.init(params)
    step, state = rule.update(gradient, state, learning_rate)
    params = params + step

It neither knows the objective nor loops; :mod:`skxent.solvers` does. A rule
treats each entry of the parameters alike, so that problems of any shape, or
many side by side, are advanced by one call. To add a rule, write a function
that returns an :class:`UpdateRule`.

A schedule is a function ``epoch -> factor`` of the learning rate, with epochs
counted from zero; within an epoch, a fraction is added. To add one, write a
function and name it in `SCHEDULES`, and in `SPANNING` if it has a parameter
`n_epochs` for the length of the fit.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "SCHEDULES",
    "SPANNING",
    "Plateau",
    "UpdateRule",
    "adam",
    "constant",
    "cosine",
    "gradient_descent",
    "inverse_scaling",
    "one_cycle",
    "step_decay",
    "warmup",
]


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

    init: Callable[[NDArray[Any]], Any]
    update: Callable[[NDArray[Any], Any, float | NDArray[Any]], tuple[NDArray[Any], Any]]


def gradient_descent(momentum: float = 0.0) -> UpdateRule:
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
    _check_share("momentum", momentum)

    def update(
        gradient: NDArray[Any], velocity: NDArray[Any], learning_rate: float | NDArray[Any]
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        plain = -learning_rate * gradient
        velocity = momentum * velocity + plain
        return momentum * velocity + plain, velocity

    return UpdateRule(init=np.zeros_like, update=update)


def adam(beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8) -> UpdateRule:
    r"""Adam: steps of about the learning rate in every direction.

    .. math::
        m_t = \beta_1 m_{t-1} + (1 - \beta_1) g_t, \quad
        v_t = \beta_2 v_{t-1} + (1 - \beta_2) g_t^2, \quad
        \theta_{t+1} = \theta_t - \eta \,
        \frac{m_t / (1 - \beta_1^t)}{\sqrt{v_t / (1 - \beta_2^t)} + \epsilon}

    with the learning rate :math:`\eta`. Epsilon stands where Algorithm 1 of [1]_
    has it, beside the corrected square root; some libraries put it beside the
    uncorrected one.

    Parameters
    ----------
    beta_1, beta_2 : float, default=0.9, 0.999
        How much of the running means of the gradient and of its square is kept,
        in [0, 1).
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
    _check_share("beta_1", beta_1)
    _check_share("beta_2", beta_2)
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


def constant(epoch: float) -> float:
    """Keep the learning rate: factor 1.

    Parameters
    ----------
    epoch : float
        Counted from zero.

    Returns
    -------
    factor : float
        One.

    Examples
    --------
    >>> from skxent.optimizers import constant
    >>> constant(7)
    1.0
    """
    return 1.0


def inverse_scaling(epoch: float, power: float = 0.5) -> float:
    r"""Lower the learning rate by a power: factor :math:`(1 + e)^{-q}`.

    Parameters
    ----------
    epoch : float
        The e, counted from zero.
    power : float, default=0.5
        The q, positive. With a power in (0.5, 1] stochastic descent converges [1]_.

    Returns
    -------
    factor : float
        In (0, 1].

    References
    ----------
    .. [1] H. Robbins and S. Monro, "A stochastic approximation method", Ann.
       Math. Statist. 22, 1951.

    Examples
    --------
    >>> from skxent.optimizers import inverse_scaling
    >>> [inverse_scaling(epoch) for epoch in (0, 3, 99)]
    [1.0, 0.5, 0.1]
    """
    return float((1.0 + epoch) ** -power)


def step_decay(epoch: float, every: float = 30, rate: float = 0.1) -> float:
    r"""Lower the learning rate in steps: factor :math:`r^{\lfloor e / n \rfloor}`.

    Parameters
    ----------
    epoch : float
        The e, counted from zero.
    every : int, default=30
        The n, epochs between two steps.
    rate : float, default=0.1
        The r, factor of one step.

    Returns
    -------
    factor : float
        Positive.

    Examples
    --------
    >>> from functools import partial
    >>> from skxent.optimizers import step_decay
    >>> schedule = partial(step_decay, every=10, rate=0.5)
    >>> [schedule(epoch) for epoch in (0, 9, 10, 20)]
    [1.0, 1.0, 0.5, 0.25]
    """
    return float(rate ** (epoch // every))


def cosine(epoch: float, n_epochs: float = 1000) -> float:
    r"""Lower the learning rate along half a cosine, to zero.

    .. math:: \frac{1}{2} \left(1 + \cos \frac{\pi e}{n}\right)

    Parameters
    ----------
    epoch : float
        The e, counted from zero.
    n_epochs : int, default=1000
        The n; from there on the factor is zero. The classifier gives its `max_iter`.

    Returns
    -------
    factor : float
        In [0, 1].

    References
    ----------
    .. [1] I. Loshchilov and F. Hutter, "SGDR: stochastic gradient descent with
       warm restarts", ICLR 2017 (without restarts).

    Examples
    --------
    >>> from skxent.optimizers import cosine
    >>> [round(cosine(epoch, n_epochs=4), 4) for epoch in range(6)]
    [1.0, 0.8536, 0.5, 0.1464, 0.0, 0.0]
    """
    return 0.5 * (1.0 + math.cos(math.pi * min(epoch / n_epochs, 1.0)))


def warmup(epoch: float, n_warmup: float = 5) -> float:
    r"""Raise the learning rate to its full value: factor :math:`\min(1, (e + 1) / (n + 1))`.

    Parameters
    ----------
    epoch : float
        The e, counted from zero.
    n_warmup : int, default=5
        The n, epochs until the full rate.

    Returns
    -------
    factor : float
        In (0, 1].

    References
    ----------
    .. [1] P. Goyal et al., "Accurate, large minibatch SGD: training ImageNet in
       1 hour", arXiv:1706.02677, 2017, section 2.2.

    Examples
    --------
    >>> from skxent.optimizers import warmup
    >>> [warmup(epoch, n_warmup=3) for epoch in (0, 1, 2, 3, 99)]
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """
    return min(1.0, (epoch + 1.0) / (n_warmup + 1.0))


def one_cycle(
    epoch: float, n_epochs: float = 1000, peak: float = 0.3, start: float = 0.04
) -> float:
    r"""Raise the learning rate to its full value along half a cosine, and lower it to zero.

    .. math::
        s + (1 - s) \frac{1}{2} \left(1 - \cos \frac{\pi e}{p n}\right)
        \text{ for } e < p n, \qquad
        \frac{1}{2} \left(1 + \cos \frac{\pi (e - p n)}{(1 - p) n}\right)
        \text{ from there on}

    Parameters
    ----------
    epoch : float
        The e, counted from zero.
    n_epochs : int, default=1000
        The n; from there on the factor is zero. The classifiers give their `max_iter`.
    peak : float, default=0.3
        The p, share of the epochs until the full rate, in (0, 1).
    start : float, default=0.04
        The s, the first factor.

    Returns
    -------
    factor : float
        In [0, 1].

    References
    ----------
    .. [1] L. N. Smith and N. Topin, "Super-convergence: very fast training of
       neural networks using large learning rates", arXiv:1708.07120, 2017 (with
       half cosines for its straight lines, and the momentum left alone).

    Examples
    --------
    >>> from skxent.optimizers import one_cycle
    >>> [round(one_cycle(epoch, n_epochs=10), 2) for epoch in (0, 1, 2, 3, 5, 9, 10)]
    [0.04, 0.28, 0.76, 1.0, 0.81, 0.05, 0.0]
    """
    n_rising = peak * n_epochs
    if epoch < n_rising:
        return start + (1.0 - start) * (1.0 - cosine(epoch, n_rising))
    return cosine(epoch - n_rising, n_epochs - n_rising)


SCHEDULES: dict[str, Callable[..., float]] = {
    "constant": constant,
    "inverse_scaling": inverse_scaling,
    "step": step_decay,
    "cosine": cosine,
    "warmup": warmup,
    "one_cycle": one_cycle,
}

# Those that last as long as a fit does, which a partial_fit can't know.
SPANNING = ("cosine", "one_cycle")


class Plateau(NamedTuple):
    """The losses of the epochs so far, as far as stopping and "adaptive" rates need them.

    Parameters
    ----------
    best : float, default=inf
        The lowest loss.
    n_stale : int, default=0
        For how many epochs in a row the loss has not fallen below the best before
        by more than the tolerance.
    factor : float, default=1.0
        Factor of the "adaptive" learning rate.

    Examples
    --------
    >>> from skxent.optimizers import Plateau
    >>> plateau = Plateau()
    >>> for loss in [1.0, 0.5, 0.499, 0.51]:
    ...     plateau = plateau.update(loss, tol=0.01)
    >>> plateau
    Plateau(best=0.499, n_stale=2, factor=1.0)
    >>> plateau.lower()
    Plateau(best=0.499, n_stale=0, factor=0.2)
    """

    best: float = math.inf
    n_stale: int = 0
    factor: float = 1.0

    def update(self, loss: float, tol: float) -> Self:
        """Return the plateau after one more epoch.

        Parameters
        ----------
        loss : float
            The epoch's.
        tol : float
            How much a loss has to fall to count as better.

        Returns
        -------
        plateau : Plateau
            A new one.
        """
        n_stale = 0 if loss < self.best - tol else self.n_stale + 1
        return self._replace(best=min(self.best, loss), n_stale=n_stale)

    def lower(self, factor: float = 0.2) -> Self:
        """Return the plateau with a lower learning rate, its epochs counted afresh.

        Parameters
        ----------
        factor : float, default=0.2
            Of the learning rate.

        Returns
        -------
        plateau : Plateau
            A new one.
        """
        return self._replace(n_stale=0, factor=factor * self.factor)


def _check_share(name: str, value: float) -> None:
    if not 0.0 <= value < 1.0:
        raise ValueError(f"{name} must be in [0, 1), got {value!r}")
