"""What solvers minimise, what watches them, and what they return."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Objective: TypeAlias = Callable[[NDArray[Any]], tuple[float, NDArray[Any]]]


Watcher: TypeAlias = Callable[[int, NDArray[Any], float], bool]


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
    >>> from skxent.optimizers import lbfgs
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
    >>> from skxent.optimizers._solution import evaluate
    >>> evaluate(lambda params: (float(np.sum(params**2)), 2 * params), np.array([1e200]))
    (inf, array([2.e+200]))
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return objective(params)
