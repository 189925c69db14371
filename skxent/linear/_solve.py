"""From a solver's name and settings to a solution: what the names mean, in one place."""

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from skxent._fitting._monitor import Monitor
from skxent.linear._objective import LinearObjective
from skxent.optimizers import (
    Solution,
    descend,
    lbfgs,
    newton_cg,
)
from skxent.optimizers._rules import make_rule
from skxent.optimizers._schedules import WHOLE_FIT_SCHEDULES, make_schedule

# Up to this many parameters "auto" takes Newton steps.
_MAX_NEWTON = 128


SECOND_ORDER: dict[str, Callable[..., Solution]] = {"lbfgs": lbfgs, "newton-cg": newton_cg}


def train(
    objective: LinearObjective,
    start: NDArray[Any],
    solver: str,
    *,
    max_iter: int,
    tol: float,
    monitor: Monitor | None,
    learning_rate: float | None = None,
    schedule: str | Callable[[float], float] = "constant",
    momentum: float = 0.9,
    l1: float = 0.0,
    batch_size: int = 256,
    shuffle: bool = True,
    random_state: np.random.RandomState | None = None,
    state: Any = None,
    n_epochs: int = 0,
) -> Solution:
    """Minimise a linear objective by the solver of a name.

    Parameters
    ----------
    objective : skxent.linear._objective.LinearObjective
        What to minimise.
    start : ndarray
        Where to start.
    solver : {"gd", "sgd", "adam", "lbfgs", "newton-cg"}
        The solver; the last two have no use for the parameters after `monitor`.
    max_iter, tol : int, float
        As every solver has them.
    monitor : skxent._fitting._monitor.Monitor or None
        Watches, and tells the factor of an "adaptive" schedule, which needs it.
    learning_rate : float, default=None
        Of the first epoch.
    schedule : str or callable, default="constant"
        A name of :data:`skxent.optimizers.SCHEDULES`, "adaptive", or ``epoch -> factor``.
    momentum : float, default=0.9
        Of the rule.
    l1 : float, default=0.0
        Strength of an L1 penalty on all but the intercept, for "gd".
    batch_size : int, default=256
        Of "sgd" and "adam".
    shuffle : bool, default=True
        Whether the batches are drawn anew for each epoch.
    random_state : numpy.random.RandomState, default=None
        What draws them.
    state : object, default=None
        Of the rule, from an earlier call; None is a fresh one.
    n_epochs : int, default=0
        How many epochs came before.

    Returns
    -------
    solution : skxent.optimizers.Solution
        What the solver returned.

    Raises
    ------
    ValueError
        If the objective is not finite at `start`, or a callable schedule returns no
        factor.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.linear._objective import LinearObjective
    >>> from skxent._fitting._monitor import Monitor
    >>> from skxent.linear._solve import train
    >>> X, y = np.array([[-1.0], [1.0], [2.0]]), np.array([0, 1, 1])
    >>> objective = LinearObjective(X, y, np.ones(3), 2, alpha=0.1, fit_intercept=True)
    >>> watch = {"max_iter": 1000, "tol": 1e-6, "monitor": Monitor(tol=0.0, patience=10)}
    >>> train(objective, np.zeros((1, 2)), "newton-cg", **watch).params.round(3)
    array([[1.5  , 0.139]])
    >>> train(objective, np.zeros((1, 2)), "gd", learning_rate=0.5, **watch).params.round(3)
    array([[1.5  , 0.139]])
    """
    watch: dict[str, Any] = {"max_iter": max_iter, "tol": tol, "monitor": monitor}
    if solver in SECOND_ORDER:
        return SECOND_ORDER[solver](
            objective, start, precondition=objective.preconditioner, **watch
        )
    first_rate = cast("float", learning_rate)
    watcher = cast("Monitor", monitor)
    factor_of = make_schedule(schedule, max_iter, lambda epoch: watcher.plateau.factor)
    if schedule in WHOLE_FIT_SCHEDULES:  # each call has one of its own
        n_epochs = 0
    batches = None
    if solver != "gd":
        batches = partial(draw_batches, objective, batch_size, random_state if shuffle else None)
    return descend(
        objective,
        start,
        make_rule(solver, momentum),
        learning_rate=lambda n_iter: first_rate * factor_of(n_epochs + n_iter),
        batches=batches,
        l1=l1_strengths(objective, l1),
        state=state,
        **watch,
    )


def l1_strengths(objective: LinearObjective, l1: float) -> NDArray[np.float64] | None:
    """Return the strength of the L1 penalty of each column of the parameters, None without one."""
    if not l1:
        return None
    strengths = np.full(objective.shape[1], l1)
    strengths[objective.X.shape[1] :] = 0.0
    return strengths


def choose_second_order(objective: LinearObjective) -> str:
    """Return the second-order solver that suits an objective.

    Parameters
    ----------
    objective : skxent.linear._objective.LinearObjective
        What is to be minimised.

    Returns
    -------
    solver : {"lbfgs", "newton-cg"}
        "newton-cg" for few parameters, where its steps cost no more, and the last
        of them removes what rounding has left; and for so many features that the
        preconditioner knows only their scales, which is too little for L-BFGS.
        "lbfgs" otherwise.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.linear._objective import LinearObjective
    >>> from skxent.linear._solve import choose_second_order
    >>> objective = LinearObjective(np.ones((2, 1)), np.array([0, 1]), np.ones(2), 2, 0.0, False)
    >>> choose_second_order(objective)
    'newton-cg'
    """
    is_small = math.prod(objective.shape) <= _MAX_NEWTON
    return "newton-cg" if is_small or not objective.is_narrow else "lbfgs"


def draw_batches(
    objective: LinearObjective, batch_size: int, random_state: np.random.RandomState | None
) -> Iterator[LinearObjective]:
    """Cut an objective into those of batches of its samples.

    Parameters
    ----------
    objective : skxent.linear._objective.LinearObjective
        Of all samples.
    batch_size : int
        Of all batches but the last, which may be smaller.
    random_state : numpy.random.RandomState or None
        Draws the batches; None takes the samples in their order.

    Yields
    ------
    batch : skxent.linear._objective.LinearObjective
        Of the next samples.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.linear._objective import LinearObjective
    >>> from skxent.linear._solve import draw_batches
    >>> objective = LinearObjective(np.eye(5), np.array([0, 1, 0, 1, 0]), np.ones(5), 2, 0.0, True)
    >>> [len(batch.targets) for batch in draw_batches(objective, 2, None)]
    [2, 2, 1]
    """
    n_samples = len(objective.weights)
    order = None if random_state is None else random_state.permutation(n_samples)
    for first in range(0, n_samples, batch_size):
        rows = slice(first, first + batch_size)
        yield objective.take(rows if order is None else order[rows])
