import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skxent.optimizers import lbfgs
from skxent.optimizers._lbfgs import two_loop_direction
from tests.optimizers.objectives import LogSumExp, Quadratic, fixed, random_matrix, solving_with
from tests.optimizers.strategies import seeds


def bfgs_inverse(pairs, inverse):
    """Dense inverse Hessian of BFGS after pairs (step, change), from an initial one."""
    for step, change in pairs:
        product = step @ change
        shift = np.eye(len(step)) - np.outer(step, change) / product
        inverse = shift @ inverse @ shift.T + np.outer(step, step) / product
    return inverse


@pytest.mark.parametrize("preconditioned", [False, True])
@given(seed=seeds, n_pairs=st.integers(1, 4))
def test_two_loops_are_the_dense_update_of_bfgs(preconditioned, seed, n_pairs):
    rng = np.random.default_rng(seed)
    curvature, matrix = random_matrix(seed, 4), random_matrix(seed + 1, 4)
    matrix = matrix if preconditioned else np.eye(4)
    gradient, *steps = rng.normal(size=(n_pairs + 1, 4))
    pairs = [(step, curvature @ step) for step in steps]
    step, change = pairs[-1]
    inverse = np.linalg.inv(matrix)
    inverse = inverse * (step @ change) / (change @ inverse @ change)
    expected = -bfgs_inverse(pairs, inverse) @ gradient
    triples = [(s[np.newaxis], c[np.newaxis], float(s @ c)) for s, c in pairs]
    solve = solving_with(matrix) if preconditioned else None
    direction = two_loop_direction(gradient[np.newaxis], triples, solve)
    assert_allclose(direction[0], expected, rtol=1e-7, atol=1e-7 * np.abs(expected).max())


def test_only_the_last_steps_are_remembered():
    objective = Quadratic(0, n_params=10)
    options = {"max_iter": 500, "tol": 1e-6}
    n_iter = [lbfgs(objective, objective.start, memory=m, **options).n_iter for m in (1, 3, 10)]
    assert n_iter[0] > n_iter[1] > n_iter[2]
    default = lbfgs(objective, objective.start, **options)
    assert default.n_iter == n_iter[2]


def test_preconditioner_is_asked_at_every_eighth_iterate():
    objective, asked, seen = LogSumExp(0), [], []

    def precondition(params, current):
        asked.append(params)
        return solving_with(random_matrix(len(asked), 3))

    lbfgs(
        objective,
        objective.start,
        precondition=precondition,
        monitor=lambda n_iter, params, value: seen.append(params),
        max_iter=25,
        tol=0.0,
    )
    assert len(seen) > 17
    for params, expected in zip(asked, seen[::8], strict=False):
        assert_array_equal(params, expected)
    assert len(asked) == 1 + (len(seen) - 2) // 8


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
