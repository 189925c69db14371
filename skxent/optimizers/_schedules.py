"""Schedules: factors of the learning rate as functions of the epoch."""

import math
from collections.abc import Callable
from functools import partial


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
        The r, factor of each step.

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
        The n, after which the factor is zero. The classifiers set it to `max_iter`.

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
    r"""Raise the learning rate to its full value along half a cosine, then lower it to zero.

    .. math::
        s + (1 - s) \frac{1}{2} \left(1 - \cos \frac{\pi e}{p n}\right)
        \text{ for } e < p n, \qquad
        \frac{1}{2} \left(1 + \cos \frac{\pi (e - p n)}{(1 - p) n}\right)
        \text{ otherwise}

    Parameters
    ----------
    epoch : float
        The e, counted from zero.
    n_epochs : int, default=1000
        The n, after which the factor is zero. The classifiers set it to `max_iter`.
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

# Their length is that of the whole fit, which a partial_fit doesn't know.
WHOLE_FIT_SCHEDULES = ("cosine", "one_cycle")


def make_schedule(
    schedule: str | Callable[[float], float],
    max_iter: int,
    adaptive: Callable[[float], float] | None = None,
) -> Callable[[float], float]:
    """Return ``factor_of(epoch)`` of a name or a callable; "adaptive" is the function given."""
    if schedule == "adaptive" and adaptive is not None:
        return adaptive
    if schedule in WHOLE_FIT_SCHEDULES:
        return partial(SCHEDULES[schedule], n_epochs=max_iter)
    if not callable(schedule):
        return SCHEDULES[schedule]

    def checked(epoch: float) -> float:
        factor = schedule(epoch)
        if not 0.0 <= factor < math.inf:
            raise ValueError(
                f"schedule must return a finite factor, not negative, got {factor!r} "
                f"for epoch {epoch}"
            )
        return factor

    return checked
