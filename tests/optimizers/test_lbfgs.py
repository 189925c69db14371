import pytest

from skxent.optimizers import lbfgs
from tests.optimizers.objectives import Quadratic, fixed


@pytest.mark.parametrize("log_scale", [1.0, 2.0])
def test_preconditioner_saves_iterations(log_scale):
    objective = Quadratic(0, n_params=6, log_scale=log_scale)
    plain = lbfgs(objective, objective.start, max_iter=5000, tol=1e-7)
    preconditioned = lbfgs(
        objective,
        objective.start,
        precondition=fixed(objective.curvature),
        max_iter=500,
        tol=1e-7,
    )
    assert preconditioned.converged
    assert preconditioned.n_iter < plain.n_iter / 3
