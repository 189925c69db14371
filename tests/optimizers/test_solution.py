import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skxent.optimizers import Solution, adam, descend, gradient_descent, lbfgs
from skxent.optimizers._solution import evaluate
from tests.optimizers.objectives import Quadratic
from tests.optimizers.strategies import seeds, strengths


def assert_same_solution(solution, expected):
    names = ["params", "value", "gradient_norm", "n_iter", "values"]
    for name in [*names, "diverged", "stopped"]:
        assert_array_equal(getattr(solution, name), getattr(expected, name))
    assert not solution.converged  # there is no tolerance
    assert solution.last is None


@given(seeds)
def test_solution_at_parameters_is_that_of_a_solver_without_iterations(seed):
    objective = Quadratic(seed)
    params = objective.start
    solution = Solution.at(objective, params)
    assert_same_solution(solution, lbfgs(objective, params, max_iter=0, tol=0.0))
    for rule in (gradient_descent(0.9), adam()):
        expected = descend(objective, params, rule, learning_rate=0.1, max_iter=0, tol=0.0)
        assert_same_solution(solution, expected)


@given(seeds, strengths, st.floats(0.0, 1.0))
def test_solution_at_parameters_counts_the_l1_penalty(seed, l1, rate):
    objective = Quadratic(seed)
    params = objective.start
    solution = Solution.at(objective, params, l1=l1, learning_rate=rate)
    expected = descend(
        objective, params, gradient_descent(), learning_rate=rate, max_iter=0, tol=0.0, l1=l1
    )
    assert_same_solution(solution, expected)
    assert solution.value == objective(params)[0] + float(np.sum(l1 * np.abs(params)))


def test_solution_at_parameters_writes_to_nothing():
    objective = Quadratic(0)
    params, l1 = objective.start.copy(), np.full(4, 0.1)
    params.flags.writeable = l1.flags.writeable = False
    Solution.at(objective, params, l1=l1)
    assert_array_equal(params, objective.start)


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_solution_at_parameters_may_be_infinite(value):
    solution = Solution.at(lambda params: (value, params), np.ones((1, 2)))
    assert_array_equal([solution.value, solution.gradient_norm], [value, 1.0])


def test_overflow_in_the_objective_warns_of_nothing():
    with np.errstate(over="raise", invalid="raise"):
        value, gradient = evaluate(
            lambda params: (float(np.sum(params**2)), params * np.inf * 0.0), np.array([[1e200]])
        )
    assert value == np.inf
    assert np.isnan(gradient).all()
