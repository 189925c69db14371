import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skxent.optimizers import newton_cg
from skxent.optimizers._newton_cg import conjugate_gradients
from tests.optimizers.objectives import Quadratic, random_matrix, solving_with
from tests.optimizers.strategies import seeds


@given(seeds)
@settings(max_examples=25)
def test_newton_needs_few_steps_for_a_quadratic(seed):
    objective = Quadratic(seed)
    # An exact step would do. An inexact one leaves a quarter of the gradient at most, and the
    # nearer the minimum the less: from a norm of a few to 1e-8.
    assert newton_cg(objective, objective.start, max_iter=500, tol=1e-8).n_iter <= 8


@pytest.mark.parametrize("preconditioned", [False, True])
@given(seed=seeds, exponent=st.floats(-6.0, 1.0))
def test_step_is_as_exact_as_the_gradient_is_small(preconditioned, seed, exponent):
    curvature = Quadratic(seed, n_params=30).curvature
    gradient = 10.0**exponent * np.random.default_rng(seed).normal(size=(2, 30))
    solve = solving_with(random_matrix(seed, 30)) if preconditioned else None
    direction = conjugate_gradients(lambda rows: rows @ curvature, gradient, solve)
    sizes = [
        float(np.sqrt(np.vdot(rows, rows if solve is None else solve(rows))))
        for rows in (gradient, direction @ curvature + gradient)
    ]
    assert sizes[1] <= min(0.25, max(1e-2, sizes[0])) * sizes[0] * (1.0 + 1e-6)
    assert np.vdot(gradient, direction) < 0.0


@pytest.mark.parametrize("preconditioned", [False, True])
def test_step_is_the_preconditioned_gradient_where_nothing_curves(preconditioned):
    gradient = np.random.default_rng(0).normal(size=(2, 3))
    solve = solving_with(random_matrix(0, 3)) if preconditioned else np.copy
    direction = conjugate_gradients(np.zeros_like, gradient, solve)
    assert_array_equal(direction, solve(-gradient))


def test_hessian_that_returns_its_argument_is_as_good_as_one_that_copies_it():
    class Bowl:
        def __init__(self, multiply):
            self.multiply = multiply

        def __call__(self, params):
            return 0.5 * float(np.sum(params**2)), params

        def hessian(self, params):
            return self.multiply

    def precondition(params, current):
        return lambda rows: rows / np.array([1.0, 2.0, 3.0])

    start = np.array([[1.0, -2.0, 3.0]])
    settings = {"max_iter": 20, "tol": 1e-10, "precondition": precondition}
    itself = newton_cg(Bowl(lambda direction: direction), start, **settings)
    copied = newton_cg(Bowl(np.copy), start, **settings)
    assert_array_equal(itself.values, copied.values)
    assert_array_equal(itself.params, copied.params)
    assert itself.converged
