"""The loop of first-order solvers, and one pass over batches."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxent.optimizers._proximal import add_l1, proximal_gradient, proximal_step
from skxent.optimizers._rules import UpdateRule
from skxent.optimizers._solution import Objective, Solution, Watcher, evaluate


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
    r"""Minimise an objective by a first-order update rule.

    Without batches, the state of the rule is reset after each step that points
    along the new gradient, i.e. where the momentum has carried the iterate
    uphill [1]_.

    Parameters
    ----------
    objective : callable
        ``objective(params) -> (value, gradient)``.
    start : ndarray
        The first iterate. It is not written to.
    rule : skxent.optimizers.UpdateRule
        The update rule.
    learning_rate : float or callable
        Step size, or ``learning_rate(n_iter) -> step size`` of the next
        iteration. Not negative.
    max_iter : int
        Largest number of updates or, with batches, of passes over them.
    tol : float
        Stop when the largest absolute entry of the gradient is at most this.
    batches : callable, default=None
        ``batches() -> iterable`` of objectives, one for each update of a pass
        over the data. `objective`, of all the data, is evaluated after each pass.
    l1 : ndarray that broadcasts to the parameters, default=None
        Strength :math:`\lambda` of a penalty :math:`\sum_j \lambda_j |\theta_j|`
        that is added to the objective. Its updates are proximal [2]_: the rule
        gets, as the gradient,

        .. math::
            G = \frac{1}{\eta} \left(\theta - S_{\eta \lambda}(\theta - \eta g)\right),
            \qquad S_\tau(x) = \operatorname{sign}(x) \max(|x| - \tau, 0)

        which is zero at the minimum alone. What the proximal step makes zero is zero
        in the next iterate, whatever the rule adds to it. It cannot be combined with
        `batches`.
    state : object, default=None
        State of the rule to start from; None is its initial state.
    monitor : callable, default=None
        ``monitor(n_iter, params, value) -> stop``, called at the start and after
        each iteration.

    Returns
    -------
    solution : Solution
        The last iterate. When the objective is no longer finite, the loop ends,
        and the solution is the iterate with the lowest value.

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
    >>> from skxent.optimizers import descend, gradient_descent
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
    lowest = start, math.inf, math.inf
    state = rule.init(start) if state is None else state
    values: list[float] = []
    rate = 1.0 if l1 is None else rate_of(0)
    for n_iter in range(max_iter + 1):
        value, smooth = evaluate(objective, params)
        gradient = smooth
        if l1 is not None:
            value, gradient = add_l1(value, smooth, params, l1, rate)
        norm = float(np.max(np.abs(gradient)))
        values.append(value)
        diverged = not math.isfinite(value + norm)
        if diverged and n_iter == 0:
            raise ValueError("the objective is not finite at the start")
        converged = norm <= tol
        if not diverged and value < lowest[1]:
            lowest = params, value, norm
        stopped = not diverged and monitor is not None and bool(monitor(n_iter, params, value))
        # Before the loop may end, so that a later call continues as this one would have.
        if not diverged and previous is not None and np.vdot(gradient, params - previous) > 0.0:
            state = rule.init(params)
        if converged or diverged or stopped or n_iter == max_iter:
            break
        rate = rate_of(n_iter)  # the monitor may have changed it
        if batches is not None:
            params, state, _ = run_epoch(batches(), params, rule, state, rate)
            continue
        if l1 is not None:
            gradient = proximal_gradient(params, smooth, l1, rate)
        previous = params
        with np.errstate(over="ignore", invalid="ignore"):
            step, state = rule.update(gradient, state, rate)
            params = params + step
        if l1 is not None:
            # Momentum would carry on what the proximal step has stopped at zero.
            params[proximal_step(previous, smooth, l1, rate) == 0.0] = 0.0
    found = lowest if diverged else (params, value, norm)
    last = None if diverged else (params, state)
    return Solution(*found, n_iter, converged, diverged, stopped, np.array(values), last)


def run_epoch(
    batches: Iterable[Objective],
    params: NDArray[Any],
    rule: UpdateRule,
    state: Any,
    learning_rate: float,
) -> tuple[NDArray[Any], Any, float]:
    """Update the parameters once for each batch; return them, the state and the mean value."""
    values = []
    with np.errstate(over="ignore", invalid="ignore"):
        for batch in batches:
            value, gradient = batch(params)
            step, state = rule.update(gradient, state, learning_rate)
            params = params + step
            values.append(value)  # each before its update
        return params, state, float(np.mean(values))
