"""From a solver's name and settings to a solution: what the names mean, in one place."""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from skxent._fitting._continuation import Continuation
from skxent._fitting._monitor import Monitor
from skxent.linear._curvature import safe_rate
from skxent.linear._objective import LinearObjective
from skxent.linear._preconditioner import CurvatureModel
from skxent.optimizers import Solution, descend, lbfgs, newton_cg
from skxent.optimizers._descent import run_epoch
from skxent.optimizers._rules import make_rule
from skxent.optimizers._schedules import WHOLE_FIT_SCHEDULES, make_schedule

Schedule: TypeAlias = str | Callable[[float], float]

SECOND_ORDER: dict[str, Callable[..., Solution]] = {"lbfgs": lbfgs, "newton-cg": newton_cg}


def name_solver(
    solver: str, learning_rate: float | str, schedule: Schedule, l1_ratio: float
) -> str | None:
    """Return the solver of a fit; None where any without a learning rate will do."""
    needs_rate = {
        f"learning_rate={learning_rate!r}": learning_rate != "auto",
        f"schedule={schedule!r}": schedule != "constant",
    }
    given = [setting for setting, is_given in needs_rate.items() if is_given]
    if solver == "auto":
        return "gd" if given or l1_ratio else None
    if solver in SECOND_ORDER and given:
        raise ValueError(
            f"{given[0]} means nothing to solver={solver!r}, which finds its own "
            "steps; use solver='gd', or leave it out"
        )
    if l1_ratio and solver != "gd":
        raise ValueError(f"l1_ratio={l1_ratio!r} needs solver='gd', got {solver!r}")
    return solver


def name_partial_solver(solver: str, learning_rate: float | str) -> str:
    """Return the solver of a `partial_fit`."""
    if solver != "auto":
        return solver
    return "adam" if learning_rate == "auto" else "sgd"


def choose_second_order(objective: LinearObjective, max_newton: int = 128) -> str:
    """Return the solver without a learning rate that suits an objective.

    With up to `max_newton` parameters, Newton steps cost no more, and the last of them removes
    what rounding has left. With so many features that the preconditioner is diagonal, it knows
    too little for L-BFGS.
    """
    is_small = math.prod(objective.shape) <= max_newton
    return "newton-cg" if is_small or not CurvatureModel(objective).is_narrow else "lbfgs"


@dataclass(frozen=True)
class Solver:
    """A solver with its settings, as SoftmaxClassifier has them."""

    name: str
    learning_rate: float | str = "auto"
    schedule: Schedule = "constant"
    momentum: float = 0.9
    batch_size: int = 256
    l1: float = 0.0
    max_iter: int = 1000
    tol: float = 1e-4
    shuffle: bool = True

    @classmethod
    def of(cls, name: str | None, classifier: Any, objective: LinearObjective) -> Self:
        """Return the solver of a name, or one that suits, with a classifier's parameters."""
        name = name or choose_second_order(objective)
        names = [field.name for field in fields(cls) if field.name not in ("name", "l1")]
        settings = {name: getattr(classifier, name) for name in names}
        return cls(name, l1=classifier.alpha * classifier.l1_ratio, **settings)

    def rate(self, objective: LinearObjective) -> float | None:
        """Return the learning rate for an objective; None if the solver has none."""
        if self.name in SECOND_ORDER:
            return None
        if isinstance(self.learning_rate, str):
            return safe_rate(objective, self.name, self.momentum, self.batch_size)
        return float(self.learning_rate)

    def minimise(
        self,
        objective: LinearObjective,
        start: Continuation,
        learning_rate: float | None,
        monitor: Monitor,
    ) -> Solution:
        """Minimise an objective; of what the monitor has seen, the best parameters are kept."""
        watch: dict[str, Any] = {"max_iter": self.max_iter, "tol": self.tol, "monitor": monitor}
        strengths = _l1_strengths(objective, self.l1)
        if learning_rate is None:
            minimise, model = SECOND_ORDER[self.name], CurvatureModel(objective)
            solution = minimise(objective, start.params, precondition=model, **watch)
        else:
            factor_of = make_schedule(
                self.schedule, self.max_iter, lambda epoch: monitor.plateau.factor
            )
            # Some schedules span each fit anew.
            n_before = 0 if self.schedule in WHOLE_FIT_SCHEDULES else start.n_epochs
            batches = None
            if self.name != "gd":
                random_state = start.random_state if self.shuffle else None
                batches = partial(objective.batches, self.batch_size, random_state)
            solution = descend(
                objective,
                start.params,
                make_rule(self.name, self.momentum),
                learning_rate=lambda n_iter: learning_rate * factor_of(n_before + n_iter),
                batches=batches,
                l1=strengths,
                state=start.rule,
                **watch,
            )
        if monitor.best_params is None:
            return solution
        best = Solution.at(
            objective, monitor.best_params, l1=strengths, learning_rate=learning_rate or 1.0
        )
        return replace(
            solution, params=best.params, value=best.value, gradient_norm=best.gradient_norm
        )

    def run_epoch(
        self, objective: LinearObjective, start: Continuation, learning_rate: float
    ) -> tuple[Continuation, float, bool]:
        """Pass once over the samples in order; return the state, the loss and if it diverged.

        The loss is the mean of those of the batches, each before its update.
        """
        rule, params = make_rule(self.name, self.momentum), start.params
        batch_size = len(objective.samples) if self.name == "gd" else self.batch_size
        params, state, loss = run_epoch(
            objective.batches(batch_size),
            params,
            rule,
            rule.init(params) if start.rule is None else start.rule,
            learning_rate * make_schedule(self.schedule, self.max_iter)(start.n_epochs),
        )
        diverged = not (math.isfinite(loss) and np.isfinite(params).all())
        if diverged:
            params, state = start.params, None
        return start.advance(params, state), loss, diverged

    def describe_rate(self, objective: LinearObjective, learning_rate: float) -> str:
        """Return the learning rate that "auto" stands for, in words."""
        name, safe = "the largest safe" if self.name != "adam" else "the usual", learning_rate
        if self.learning_rate != "auto":
            safe = safe_rate(objective, self.name, self.momentum, self.batch_size)
        return f"{name} learning rate is {safe:.3g}"

    def explain_failure(
        self, solution: Solution, objective: LinearObjective, learning_rate: float | None
    ) -> str:
        """Return why a solution did not converge, and what would help."""
        problem = (
            f"solver {self.name!r} did not converge in {solution.n_iter} iterations "
            f"(gradient norm {solution.gradient_norm:.2g}, tol {self.tol:.2g})"
        )
        if learning_rate is None:
            return f"{problem}: increase max_iter or tol"
        if solution.diverged:
            problem = f"learning_rate={learning_rate:.3g} diverged"
        advice = self.describe_rate(objective, learning_rate)
        if not solution.diverged and solution.values[-1] == solution.values.min():
            # It is still falling.
            advice += "; increase max_iter, or scale the features (StandardScaler)"
        return f"{problem}: {advice}"


def _l1_strengths(objective: LinearObjective, l1: float) -> NDArray[np.float64] | None:
    """Return the strength of the L1 penalty of each column of the parameters, None without one."""
    if not l1:
        return None
    strengths = np.full(objective.shape[1], l1)
    strengths[objective.samples.X.shape[1] :] = 0.0
    return strengths
