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
    SCHEDULES,
    Solution,
    UpdateRule,
    adam,
    descend,
    gradient_descent,
    lbfgs,
    newton_cg,
)
from skxent.optimizers._schedules import WHOLE_FIT_SCHEDULES

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
    factor_of = make_schedule(schedule, max_iter, monitor)
    if schedule in WHOLE_FIT_SCHEDULES:  # each call has one of its own
        n_epochs = 0
    strengths = None
    if l1:
        strengths = np.full(objective.shape[1], l1)
        strengths[objective.samples.X.shape[1] :] = 0.0
    batches = None
    if solver != "gd":
        batches = partial(draw_batches, objective, batch_size, random_state if shuffle else None)
    return descend(
        objective,
        start,
        make_rule(solver, momentum),
        learning_rate=lambda n_iter: first_rate * factor_of(n_epochs + n_iter),
        batches=batches,
        l1=strengths,
        state=state,
        **watch,
    )


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


def make_rule(solver: str, momentum: float) -> UpdateRule:
    """Return the update rule of a first-order solver."""
    return adam(beta_1=momentum) if solver == "adam" else gradient_descent(momentum)


def make_schedule(
    schedule: str | Callable[[float], float], max_iter: int, monitor: Monitor | None
) -> Callable[[float], float]:
    """Return a schedule as a function of the epoch."""
    if schedule == "adaptive":
        watcher = cast("Monitor", monitor)
        return lambda epoch: watcher.plateau.factor
    if schedule in WHOLE_FIT_SCHEDULES:
        return partial(SCHEDULES[schedule], n_epochs=max_iter)
    if not callable(schedule):
        return SCHEDULES[schedule]

    def checked(epoch: float) -> float:
        factor = schedule(epoch)
        if not 0.0 <= factor < np.inf:
            raise ValueError(
                f"schedule must return a finite factor, not negative, got {factor!r} "
                f"for epoch {epoch}"
            )
        return factor

    return checked
