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
    """Minimise a linear objective by the solver of a name."""
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
    strengths[objective.samples.X.shape[1] :] = 0.0
    return strengths


def choose_second_order(objective: LinearObjective) -> str:
    """Return the second-order solver that suits an objective."""
    is_small = math.prod(objective.shape) <= _MAX_NEWTON
    return "newton-cg" if is_small or not objective.is_narrow else "lbfgs"


def draw_batches(
    objective: LinearObjective, batch_size: int, random_state: np.random.RandomState | None
) -> Iterator[LinearObjective]:
    """Cut an objective into those of batches of its samples."""
    n_samples = len(objective.samples)
    order = None if random_state is None else random_state.permutation(n_samples)
    for first in range(0, n_samples, batch_size):
        rows = slice(first, first + batch_size)
        yield objective.take(rows if order is None else order[rows])
