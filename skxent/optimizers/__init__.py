"""How to minimise any objective: update rules, schedules and solvers."""

from skxent.optimizers._descent import descend
from skxent.optimizers._lbfgs import lbfgs
from skxent.optimizers._newton_cg import newton_cg
from skxent.optimizers._rules import UpdateRule, adam, gradient_descent
from skxent.optimizers._schedules import (
    SCHEDULES,
    constant,
    cosine,
    inverse_scaling,
    one_cycle,
    step_decay,
    warmup,
)
from skxent.optimizers._solution import Solution

__all__ = [
    "SCHEDULES",
    "Solution",
    "UpdateRule",
    "adam",
    "constant",
    "cosine",
    "descend",
    "gradient_descent",
    "inverse_scaling",
    "lbfgs",
    "newton_cg",
    "one_cycle",
    "step_decay",
    "warmup",
]
