"""The loop of first-order solvers, and what every solver returns.

An objective is any callable ``objective(params) -> (value, gradient)`` of a
2-D array with one row for each output; a solver knows neither the data nor the
model behind it. It calls ``monitor(n_iter, params, value)`` at the start and
after each iteration, which stops it by returning True.

The test of convergence is the same in all of them: the largest absolute entry
of the gradient is at most `tol`.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxent.optimizers._proximal import _make_zeros_exact, _proximal_gradient
from skxent.optimizers._rules import UpdateRule
from skxent.optimizers._solution import Objective, Solution, Watcher, evaluate

# An entry of the parameters that is no more than this share of the largest is none.
_ROUNDING = 64 * np.finfo(np.float64).eps


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
    >>> from skxent.optimizers import descend
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
            params, state, _ = run_epoch(batches(), params, rule, state, rate)
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


def run_epoch(
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
    >>> from skxent.optimizers._descent import run_epoch
    >>> def parabola(params):
    ...     return 0.5 * float(np.sum(params**2)), params
    >>> rule, start = gradient_descent(), np.ones((1, 1))
    >>> params, state, value = run_epoch([parabola] * 2, start, rule, rule.init(start), 0.5)
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
