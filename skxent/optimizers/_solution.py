"""The contract of the solvers: the objective they minimise, the watcher they call, the result.

A solver sees the parameters as one 2-D array with a row for each output. It knows neither the
data nor the model behind the objective, so any function of the parameters will do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skxent.optimizers._proximal import add_l1

LinearMap: TypeAlias = Callable[[NDArray[Any]], NDArray[Any]]


class Objective(Protocol):
    """What every solver minimises: ``objective(params) -> (value, gradient)``."""

    def __call__(self, params: NDArray[Any], /) -> tuple[float, NDArray[Any]]: ...


class CurvedObjective(Objective, Protocol):
    """An objective with a Hessian: ``hessian(params)`` returns ``product(direction)``."""

    def hessian(self, params: NDArray[Any], /) -> LinearMap: ...


class Watcher(Protocol):
    """Called at the start and after each iteration; the solver stops where it returns True."""

    def __call__(self, n_iter: int, params: NDArray[Any], value: float, /) -> bool: ...


@dataclass(frozen=True, eq=False)
class Solution:
    """What a solver found.

    Parameters
    ----------
    params : ndarray
        The last iterate; if the solver diverged, the one with the lowest finite value.
    value : float
        The objective there.
    gradient_norm : float
        Largest absolute entry of the gradient there.
    n_iter : int
        Number of iterations: updates of the parameters or, with batches, passes
        over them.
    converged : bool
        Whether the solver could do no better: the gradient norm is within the
        tolerance or, in second-order solvers, the value no longer falls by more
        than its rounding error.
    diverged : bool
        Whether the value or the gradient became infinite or NaN.
    stopped : bool
        Whether the monitor stopped the solver.
    values : ndarray of shape (n_iter + 1,)
        The objective at the start and after each iteration.
    last : tuple, default=None
        ``(params, state)`` of a first-order solver after its last update, to
        continue from.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.optimizers import Solution, lbfgs
    >>> def parabola(params):
    ...     return 0.5 * float(np.sum(params**2)), params
    >>> solution = lbfgs(parabola, np.array([[3.0, 4.0]]), max_iter=10, tol=1e-6)
    >>> solution.values.round(4)
    array([12.5   ,  9.1837,  0.    ])
    >>> solution.n_iter, solution.converged
    (2, True)
    >>> Solution.at(parabola, np.array([[3.0, 4.0]])).gradient_norm
    4.0
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

    @classmethod
    def at(
        cls,
        objective: Objective,
        params: NDArray[Any],
        *,
        l1: NDArray[Any] | None = None,
        learning_rate: float = 1.0,
    ) -> Self:
        """Return given parameters as a solution, with their value and gradient norm.

        Parameters
        ----------
        objective : callable
            ``objective(params) -> (value, gradient)``.
        params : ndarray
            Parameters, such as an earlier iterate of a solver.
        l1 : ndarray that broadcasts to the parameters, default=None
            Strength of an L1 penalty, as in :func:`descend`.
        learning_rate : float, default=1.0
            Step size of the proximal gradient; it has no effect without `l1`.

        Returns
        -------
        solution : Solution
            Of no iterations. `converged` is False, as there is no tolerance.
        """
        value, gradient = evaluate(objective, params)
        if l1 is not None:
            value, gradient = add_l1(value, gradient, params, l1, learning_rate)
        return cls(
            params=params,
            value=value,
            gradient_norm=float(np.max(np.abs(gradient))),
            n_iter=0,
            converged=False,
            diverged=False,
            stopped=False,
            values=np.array([value]),
        )


def evaluate(objective: Objective, params: NDArray[Any]) -> tuple[float, NDArray[Any]]:
    """Return the value and the gradient of an objective, which may overflow without a warning."""
    with np.errstate(over="ignore", invalid="ignore"):
        return objective(params)
