"""The loop of first-order solvers, and what every solver returns.

An objective is any callable ``objective(params) -> (value, gradient)`` of a
2-D array with one row for each output; a solver knows neither the data nor the
model behind it. It calls ``monitor(n_iter, params, value)`` at the start and
after each iteration, which stops it by returning True.

The test of convergence is the same in all of them: the largest absolute entry
of the gradient is at most `tol`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from skxent.optimizers import UpdateRule

__all__ = ["Solution", "descend", "evaluate", "pass_over"]

Objective: TypeAlias = Callable[[NDArray[Any]], tuple[float, NDArray[Any]]]
Watcher: TypeAlias = Callable[[int, NDArray[Any], float], bool]


# An entry of the parameters that is no more than this share of the largest is none.
_ROUNDING = 64 * np.finfo(np.float64).eps


@dataclass(frozen=True, eq=False)
class Solution:
    """What a solver found.

    Parameters
    ----------
    params : ndarray
        The iterate with the lowest finite value.
    value : float
        The objective there.
    gradient_norm : float
        Largest absolute entry of the gradient there.
    n_iter : int
        Number of iterations, i.e. of updates of the parameters or passes over
        the batches.
    converged : bool
        Whether the solver stopped because it could do no better: the gradient
        norm is within the tolerance or, in second-order solvers, the value no
        longer falls by more than its rounding error.
    diverged : bool
        Whether the value or the gradient became infinite or NaN.
    stopped : bool
        Whether the monitor asked to stop.
    values : ndarray of shape (n_iter + 1,)
        The objective at the start and after each iteration.
    last : tuple, default=None
        ``(params, state)`` of a first-order solver after its last update, from
        where it goes on.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.second_order import lbfgs
    >>> def parabola(params):
    ...     return 0.5 * float(np.sum(params**2)), params
    >>> solution = lbfgs(parabola, np.array([[3.0, 4.0]]), max_iter=10, tol=1e-6)
    >>> solution.values.round(4)
    array([12.5   ,  9.1837,  0.    ])
    >>> solution.n_iter, solution.converged
    (2, True)
    """

    params: NDArray[Any]
    value: float
    gradient_norm: float
    n_iter: int
    converged: bool
    diverged: bool
    stopped: bool
    values: NDArray[Any]
    last: tuple[NDArray[Any], Any] | None = None


def descend(
    objective: Objective,
    start: NDArray[Any],
    rule: UpdateRule,
    *,
    learning_rate: float | Callable[[int], float],
    max_iter: int,
    tol: float,
    batches: Callable[[], Iterable[Objective]] | None = None,
    l1: NDArray[Any] | None = None,
    state: Any = None,
    monitor: Watcher | None = None,
) -> Solution:
    r"""Minimise by a first-order update rule.

    Without batches, where the last step and the new gradient point the same
    way, so that the momentum carries the iterate uphill, the rule's state
    starts afresh [1]_.

    Parameters
    ----------
    objective : callable
        ``objective(params) -> (value, gradient)``.
    start : ndarray
        The first iterate. It is not written to.
    rule : skxent.optimizers.UpdateRule
        The update rule.
    learning_rate : float or callable
        Step size, positive, or ``learning_rate(n_iter) -> step size`` of the
        next iteration.
    max_iter : int
        Largest number of updates or, with batches, of passes over them.
    tol : float
        Stop where the largest absolute entry of the gradient is at most this.
    batches : callable, default=None
        ``batches() -> iterable`` of objectives, one for each update of a pass
        over the data. `objective`, the whole, is evaluated after each pass.
    l1 : ndarray that broadcasts to the parameters, default=None
        Strength :math:`\lambda` of a penalty :math:`\sum_j \lambda_j |\theta_j|`
        that is added to the objective. Its updates are proximal [2]_: what the
        rule sees as the gradient is

        .. math::
            G = \frac{1}{\eta} \left(\theta - S_{\eta \lambda}(\theta - \eta g)\right),
            \qquad S_\tau(x) = \operatorname{sign}(x) \max(|x| - \tau, 0)

        which is zero at the minimum alone. Not with batches.
    state : object, default=None
        State of the rule to start from; None is a fresh one.
    monitor : callable, default=None
        ``monitor(n_iter, params, value) -> stop``.

    Returns
    -------
    solution : Solution
        A rate that diverges ends the loop, and the best finite iterate is kept.

    Raises
    ------
    ValueError
        If the objective is not finite at `start`.

    References
    ----------
    .. [1] B. O'Donoghue and E. Candès, "Adaptive restart for accelerated
       gradient schemes", Found. Comput. Math. 15, 2015.
    .. [2] A. Beck and M. Teboulle, "A fast iterative shrinkage-thresholding
       algorithm for linear inverse problems", SIAM J. Imaging Sci. 2, 2009.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.optimizers import gradient_descent
    >>> from skxent.solvers import descend
    >>> def parabola(params):
    ...     return 0.5 * float(np.sum((params - 2) ** 2)), params - 2
    >>> solution = descend(
    ...     parabola, np.ones((1, 2)), gradient_descent(), learning_rate=0.5, max_iter=50, tol=1e-6,
    ...     l1=np.array([1.0, 3.0]),
    ... )
    >>> solution.converged, solution.params.round(4)
    (True, array([[1., 0.]]))
    """
    rate_of = learning_rate if callable(learning_rate) else lambda n_iter: learning_rate
    params, previous = start, None
    best = start, math.inf, math.inf
    state = rule.init(start) if state is None else state
    values: list[float] = []
    rate = 1.0 if l1 is None else rate_of(0)
    for n_iter in range(max_iter + 1):
        value, slope = evaluate(objective, params)
        gradient = slope
        if l1 is not None:
            value += float(np.sum(l1 * np.abs(params)))
            gradient = _proximal_gradient(params, slope, l1, rate)
        norm = float(np.max(np.abs(gradient)))
        values.append(value)
        diverged = not math.isfinite(value + norm)
        if diverged and n_iter == 0:
            raise ValueError("the objective is not finite at the start")
        # Short of the tolerance, the last iterate's value may be the lowest but
        # for rounding; the gradient decides.
        converged = norm <= tol
        if not diverged and (value < best[1] or converged):
            best = params, value, norm
        stopped = not diverged and monitor is not None and bool(monitor(n_iter, params, value))
        # Before the loop may end, so that what goes on from here does as this would have.
        if not diverged and previous is not None and np.vdot(gradient, params - previous) > 0.0:
            state = rule.init(params)
        if converged or diverged or stopped or n_iter == max_iter:
            break
        rate = rate_of(n_iter)  # what the monitor has seen may have changed it
        if l1 is not None:
            gradient = _proximal_gradient(params, slope, l1, rate)
        if batches is not None:
            params, state, _ = pass_over(batches(), params, rule, state, rate)
            continue
        previous = params
        with np.errstate(over="ignore", invalid="ignore"):
            step, state = rule.update(gradient, state, rate)
            params = params + step
        if l1 is not None:  # what rounding has left of a zero
            params[np.abs(params) <= _ROUNDING * np.max(np.abs(previous))] = 0.0
    if l1 is not None and n_iter:
        best = _make_zeros_exact(objective, best, l1, rate, tol if converged else math.inf)
        converged = best[2] <= tol
    last = None if diverged else (params, state)
    return Solution(*best, n_iter, converged, diverged, stopped, np.array(values), last)


def pass_over(
    batches: Iterable[Objective],
    params: NDArray[Any],
    rule: UpdateRule,
    state: Any,
    learning_rate: float,
) -> tuple[NDArray[Any], Any, float]:
    """Update the parameters once for each batch.

    Parameters
    ----------
    batches : iterable of callable
        Objectives.
    params : ndarray
        Where to start. It is not written to.
    rule : skxent.optimizers.UpdateRule
        The update rule.
    state : object
        The rule's state.
    learning_rate : float
        Step size.

    Returns
    -------
    params : ndarray
        After the last update.
    state : object
        The rule's state that goes with them.
    value : float
        Mean of the batches' objectives, each before its update.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.optimizers import gradient_descent
    >>> from skxent.solvers import pass_over
    >>> def parabola(params):
    ...     return 0.5 * float(np.sum(params**2)), params
    >>> rule, start = gradient_descent(), np.ones((1, 1))
    >>> params, state, value = pass_over([parabola] * 2, start, rule, rule.init(start), 0.5)
    >>> params, value
    (array([[0.25]]), 0.3125)
    """
    values = []
    with np.errstate(over="ignore", invalid="ignore"):
        for batch in batches:
            value, gradient = batch(params)
            step, state = rule.update(gradient, state, learning_rate)
            params = params + step
            values.append(value)
        return params, state, float(np.mean(values))


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


def evaluate(objective: Objective, params: NDArray[Any]) -> tuple[float, NDArray[Any]]:
    """Evaluate an objective, which may overflow without a warning.

    Parameters
    ----------
    objective : callable
        ``objective(params) -> (value, gradient)``.
    params : ndarray
        Where.

    Returns
    -------
    value : float
        Maybe infinite or NaN.
    gradient : ndarray
        Of the shape of `params`.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.solvers import evaluate
    >>> evaluate(lambda params: (float(np.sum(params**2)), 2 * params), np.array([1e200]))
    (inf, array([2.e+200]))
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return objective(params)
