"""The loops that minimise a smooth objective.

An objective is any callable ``objective(params) -> (value, gradient)`` of a
2-D array with one row for each output; a solver knows neither the data nor the
model behind it. Every solver returns a :class:`Solution`, and calls
``monitor(n_iter, params)`` after each iteration, which stops it by returning
True.

The test of convergence is the same in all of them: the largest absolute entry
of the gradient is at most `tol`.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular
from scipy.optimize import minimize

__all__ = ["Solution", "descend", "lbfgs"]


@dataclass(frozen=True)
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
        Number of iterations, i.e. of updates of the parameters.
    converged : bool
        Whether the solver stopped because it could do no better: the gradient
        norm is within the tolerance or, in :func:`lbfgs`, the value no longer
        falls by more than its rounding error.
    diverged : bool
        Whether the value or the gradient became infinite or NaN.
    values : ndarray of shape (n_iter + 1,)
        The objective at the start and after each iteration.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.solvers import lbfgs
    >>> def parabola(params):
    ...     return 0.5 * float(np.sum(params**2)), params
    >>> solution = lbfgs(parabola, np.array([[3.0, 4.0]]), max_iter=10, tol=1e-6)
    >>> solution.values.round(4)
    array([12.5,  8. ,  0. ])
    >>> solution.n_iter, solution.converged
    (2, True)
    """

    params: np.ndarray
    value: float
    gradient_norm: float
    n_iter: int
    converged: bool
    diverged: bool
    values: np.ndarray


def descend(objective, start, rule, *, learning_rate, max_iter, tol, monitor=None):
    """Minimise by a first-order update rule with a constant learning rate.

    Where the last step and the new gradient point the same way, so that the
    momentum carries the iterate uphill, the rule's state starts afresh [1]_.

    Parameters
    ----------
    objective : callable
        ``objective(params) -> (value, gradient)``.
    start : ndarray
        The first iterate. It is not written to.
    rule : skxent.optimizers.UpdateRule
        The update rule.
    learning_rate : float
        Step size, positive.
    max_iter : int
        Largest number of updates.
    tol : float
        Stop where the largest absolute entry of the gradient is at most this.
    monitor : callable, default=None
        ``monitor(n_iter, params) -> stop`` after each update.

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

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.optimizers import gradient_descent
    >>> from skxent.solvers import descend
    >>> def parabola(params):
    ...     return 0.5 * float(np.sum(params**2)), params
    >>> solution = descend(
    ...     parabola, np.ones((1, 2)), gradient_descent(), learning_rate=0.5, max_iter=50, tol=1e-6
    ... )
    >>> solution.converged, solution.n_iter
    (True, 20)
    """
    params, best, previous = start, None, None
    state = rule.init(start)
    values = []
    for n_iter in range(max_iter + 1):
        with np.errstate(over="ignore", invalid="ignore"):
            value, gradient = objective(params)
        norm = float(np.max(np.abs(gradient)))
        values.append(value)
        diverged = not np.isfinite(value + norm)
        if diverged and best is None:
            raise ValueError("the objective is not finite at the start")
        if not diverged and (best is None or value < best[1]):
            best = params, value, norm
        # Short of the tolerance, the last iterate's value may be the lowest but
        # for rounding; the gradient decides.
        converged = norm <= tol
        if converged:
            best = params, value, norm
        stopped = previous is not None and monitor is not None and monitor(n_iter, params)
        if converged or diverged or stopped or n_iter == max_iter:
            break
        if previous is not None and np.vdot(gradient, params - previous) > 0.0:
            state = rule.init(params)
        previous = params
        with np.errstate(over="ignore", invalid="ignore"):
            step, state = rule.update(gradient, state, learning_rate)
            params = params + step
    return Solution(*best, n_iter, converged, diverged, np.array(values))


def lbfgs(objective, start, *, max_iter, tol, factor=None, monitor=None):
    r"""Minimise by L-BFGS, if wanted in coordinates where the curvature is even.

    With a factor :math:`C` of a model of the curvature that all rows of the
    parameters share, :math:`H \approx C C^\top`, the search runs over
    :math:`U = W C`, in which the curvature is near the identity and
    badly scaled columns cost no more iterations than well scaled ones.

    Parameters
    ----------
    objective : callable
        ``objective(params) -> (value, gradient)``.
    start : ndarray of shape (n_outputs, n_params)
        The first iterate. It is not written to.
    max_iter : int
        Largest number of iterations.
    tol : float
        Stop where the largest absolute entry of the gradient (in the given
        coordinates, not in those of the search) is at most this.
    factor : ndarray of shape (n_params, n_params), default=None
        The lower triangular :math:`C`; None is the identity.
    monitor : callable, default=None
        ``monitor(n_iter, params) -> stop`` after each iteration.

    Returns
    -------
    solution : Solution
        What was found.

    Raises
    ------
    ValueError
        If the objective is not finite at `start`.

    References
    ----------
    .. [1] D. C. Liu and J. Nocedal, "On the limited memory BFGS method for
       large scale optimization", Math. Programming 45, 1989.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.solvers import lbfgs
    >>> scale = np.array([1.0, 1e8])
    >>> def ravine(params):
    ...     return 0.5 * float(np.sum(scale * params**2)), scale * params
    >>> start = np.ones((1, 2))
    >>> lbfgs(ravine, start, max_iter=50, tol=1e-6, factor=np.diag(scale**0.5)).n_iter
    2
    """

    def solve(rows, transposed):
        if factor is None:
            return rows
        return solve_triangular(factor, rows.T, lower=True, trans=transposed).T

    def evaluate(flat):
        nonlocal last
        params = solve(flat.reshape(start.shape), transposed="T").copy()
        with np.errstate(over="ignore", invalid="ignore"):
            value, gradient = objective(params)
        last = params, value, float(np.max(np.abs(gradient)))
        return value, solve(gradient, transposed="N").ravel()

    def on_iteration(intermediate_result):
        # The line search ends on the point that it accepts, which is the new iterate.
        nonlocal best, diverged, stalled
        values.append(last[1])
        diverged = not np.isfinite(last[1] + last[2])
        if diverged:
            raise StopIteration
        best = last
        stalled = values[-2] - values[-1] <= 64 * np.finfo(np.float64).eps * abs(values[-1])
        if stalled or last[2] <= tol or (monitor is not None and monitor(len(values) - 1, last[0])):
            raise StopIteration

    searched = (start if factor is None else start @ factor).ravel()
    last = best = None
    diverged = stalled = False
    value, _ = evaluate(searched)
    if not np.isfinite(value + last[2]):
        raise ValueError("the objective is not finite at the start")
    values, best = [value], last
    if last[2] <= tol:
        return Solution(*best, 0, True, False, np.array(values))
    outcome = minimize(
        evaluate,
        searched,
        jac=True,
        method="L-BFGS-B",
        callback=on_iteration,
        options={
            "maxiter": max_iter,
            "maxfun": 50 * max_iter,
            "maxls": 50,
            # Its own test takes a value below one for one; on_iteration has a relative one.
            "gtol": 0.0,
            "ftol": 0.0,
        },
    )
    params, value, norm = best
    # 0: the value falls no more; 2: the line search finds nothing lower. On a smooth
    # objective both, as a stall, say that rounding is all that is left.
    converged = norm <= tol or stalled or (outcome.status in (0, 2) and not diverged)
    return Solution(params, value, norm, len(values) - 1, converged, diverged, np.array(values))
