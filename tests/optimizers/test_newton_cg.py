import numpy as np
from hypothesis import given, settings
from numpy.testing import assert_array_equal

from skxent.optimizers import newton_cg
from tests.optimizers.objectives import Quadratic
from tests.optimizers.strategies import seeds


@given(seeds)
@settings(max_examples=25)
def test_newton_needs_few_steps_for_a_quadratic(seed):
    objective = Quadratic(seed)
    # An exact step would do. An inexact one leaves a quarter of the gradient at most, and the
    # nearer the minimum the less: from a norm of a few to 1e-8.
    assert newton_cg(objective, objective.start, max_iter=500, tol=1e-8).n_iter <= 8


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
