"""The loop and the line search of both second-order solvers, through the solvers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skxent.optimizers import lbfgs, newton_cg
from skxent.optimizers._line_search import (
    cubic_minimum,
    minimise_along_directions,
    search_wolfe_point,
)
from tests.optimizers.objectives import (
    Barrier,
    LogSumExp,
    Quadratic,
    Quartic,
    Smooth,
    fixed,
    random_matrix,
    solving_with,
)
from tests.optimizers.strategies import seeds


def run(solver, objective, start=None, **options):
    start = objective.start if start is None else start
    return solver(objective, start, **{"max_iter": 500, "tol": 1e-8} | options)


def with_a_preconditioner(solver):
    def solve(objective, start, **options):
        precondition = fixed(random_matrix(3, start.shape[1]))
        return solver(objective, start, **{"precondition": precondition} | options)

    return solve


SOLVERS = {
    "lbfgs": lbfgs,
    "newton": newton_cg,
    "lbfgs with M": with_a_preconditioner(lbfgs),
    "newton with M": with_a_preconditioner(newton_cg),
}
every_solver = pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)
both_solvers = pytest.mark.parametrize("solver", [lbfgs, newton_cg])
every_objective = pytest.mark.parametrize("make", [Quadratic, LogSumExp])


# What is found


@every_solver
@every_objective
@given(seed=seeds)
@settings(max_examples=25)
def test_solution_tells_the_truth(solver, make, seed):
    objective = make(seed)
    # Not so near the minimum that values differ by rounding alone, which also ends the search.
    for max_iter in (0, 2, 500):
        solution = run(solver, objective, max_iter=max_iter, tol=1e-6)
        value, gradient = objective(solution.params)
        assert solution.value == value == solution.values[-1]
        assert solution.gradient_norm == np.abs(gradient).max()
        assert solution.values.shape == (solution.n_iter + 1,)
        assert solution.values[0] == objective(objective.start)[0]
        assert solution.n_iter <= max_iter
        assert solution.converged == (solution.gradient_norm <= 1e-6)
        assert solution.converged or solution.n_iter == max_iter
        assert not solution.diverged
        assert not solution.stopped
        assert solution.last is None
    assert solution.converged


@every_solver
@given(seed=seeds)
@settings(max_examples=25)
def test_quadratic_is_solved(solver, seed):
    objective = Quadratic(seed)
    solution = run(solver, objective)
    # The smallest curvature is 1/100, and a row's norm at most twice its largest entry.
    assert_allclose(solution.params, objective.minimum, rtol=0, atol=2e-6)


@every_solver
@every_objective
@given(seed=seeds)
@settings(max_examples=25)
def test_no_step_climbs_by_more_than_rounding(solver, make, seed):
    # Without a tolerance, to where nothing but rounding is left.
    values = run(solver, make(seed), tol=0.0).values
    assert (np.diff(values) <= 1e-13 * np.abs(values[1:])).all()


@every_solver
@given(seed=seeds, scale=st.sampled_from([1e-6, 1.0, 1e6]))
@settings(max_examples=10)
def test_minimum_at_infinity_is_met_where_the_gradient_vanishes(solver, seed, scale):
    # Of the sum of exp(-w / scale): at no finite w is the gradient zero.
    def slopes(params):
        return np.exp(-params / scale)

    objective = Smooth(
        lambda params: (float(slopes(params).sum()), -slopes(params) / scale),
        lambda params: lambda direction: slopes(params) / scale**2 * direction,
    )
    start = scale * np.random.default_rng(seed).normal(size=(2, 3))
    solution = solver(objective, start, max_iter=5000, tol=0.0)
    assert solution.converged
    assert solution.gradient_norm <= 1e-100
    assert solution.n_iter < 5000


@every_solver
@given(seed=seeds)
@settings(max_examples=25)
def test_first_iterate_within_the_tolerance_is_the_solution(solver, seed):
    objective = Quadratic(seed)
    solution = run(solver, objective, objective.minimum, tol=0.0)
    assert (solution.n_iter, solution.converged) == (0, True)
    assert_array_equal(solution.params, objective.minimum)


@every_solver
def test_start_is_not_written_to(solver):
    objective = Quadratic(0)
    start = objective.start.copy()
    start.flags.writeable = False
    solution = run(solver, objective, start)
    assert_array_equal(start, objective.start)
    assert not np.shares_memory(solution.params, start)


@every_solver
@every_objective
def test_monitor_sees_the_start_and_every_iterate_and_stops_the_solver(solver, make):
    objective = make(0)
    seen = []

    def stop_at_two(n_iter, params, value):
        seen.append((n_iter, params, value))
        return n_iter == 2

    solution = run(solver, objective, monitor=stop_at_two, tol=0.0)
    assert [n_iter for n_iter, _, _ in seen] == [0, 1, 2]
    assert_array_equal(seen[0][1], objective.start)
    assert_array_equal(seen[2][1], solution.params)
    assert_array_equal(solution.values, [value for _, _, value in seen])
    # Looked at only now: no iterate has been written to since.
    assert_array_equal(solution.values, [objective(params)[0] for _, params, _ in seen])
    assert (solution.n_iter, solution.stopped, solution.converged) == (2, True, False)


@every_solver
def test_monitor_can_stop_at_the_start(solver):
    solution = run(solver, Quadratic(0), monitor=lambda *_: True)
    assert (solution.n_iter, solution.stopped, solution.converged) == (0, True, False)


@every_solver
def test_monitor_that_does_not_stop_changes_nothing(solver):
    expected = run(solver, LogSumExp(0))
    solution = run(solver, LogSumExp(0), monitor=lambda *_: None)
    assert_array_equal(solution.values, expected.values)
    assert_array_equal(solution.params, expected.params)


@every_solver
@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("where", ["value", "gradient"])
def test_start_that_is_not_finite_is_refused(solver, where, value):
    def objective(params):
        if where == "value":
            return value, params
        return 0.0, np.full_like(params, value)

    with pytest.raises(ValueError, match="not finite at the start"):
        solver(objective, np.ones((1, 2)), max_iter=10, tol=0.0)


# How fast


@both_solvers
@given(seed=seeds)
@settings(max_examples=25)
def test_preconditioner_makes_an_ill_scaled_quadratic_easy(solver, seed):
    # The condition number is about 1e16. Where M is A, the first step is Newton's; later ones
    # make good for the digits that solving with such a matrix has lost.
    objective = Quadratic(seed, n_params=5, log_scale=4.0)
    solution = run(solver, objective, precondition=fixed(objective.curvature), tol=1e-3)
    assert solution.converged
    assert solution.n_iter <= 5
    assert_allclose(solution.params, objective.minimum, rtol=1e-4)


# The loop and the line search alone


def test_direction_that_leads_uphill_is_replaced_by_the_gradient():
    objective = Quadratic(0)

    def values(sign):
        find = lambda n_iter, params, gradient: sign * gradient  # noqa: E731
        return minimise_along_directions(objective, objective.start, find, 5, 0.0, None).values

    assert_array_equal(values(1.0), values(-1.0))
    assert (np.diff(values(1.0)) < 0.0).all()


@pytest.mark.parametrize("is_expected", [False, True])
def test_search_that_finds_nothing_lower_has_converged_if_rounding_explains_it(is_expected):
    start = np.zeros((1, 1))
    # Higher by a relative 1e-9 everywhere but at the start, whatever the gradient promises.
    gradient = np.full((1, 1), 1e-5 if is_expected else 1e3)
    solution = minimise_along_directions(
        lambda params: (1e6 if params == start else 1e6 + 1e-3, gradient),
        start,
        lambda n, params, gradient: -gradient,
        max_iter=10,
        tol=0.0,
        monitor=None,
    )
    assert (solution.n_iter, solution.converged) == (0, is_expected)


def test_slope_decides_where_values_differ_by_rounding_alone():
    start = np.full((1, 1), 1e-6)
    above = np.nextafter(1e6, np.inf)
    found = search_wolfe_point(
        lambda params: (1e6 if params == start else above, params), start, 1e6, start, -start
    )
    assert found == (0.0, above, 0.0)


@pytest.mark.parametrize("beyond", [10.0, np.inf])
def test_lower_point_will_do_where_none_meets_the_conditions(beyond):
    # It falls as steeply as at the start, up to a cliff.
    def cliff(params):
        return float(-params[0, 0] if params[0, 0] < 1 / 3 else beyond), np.full((1, 1), -1.0)

    start = np.zeros((1, 1))
    params, value, _ = search_wolfe_point(cliff, start, *cliff(start), np.ones((1, 1)))
    assert 0.0 < params[0, 0] < 1 / 3
    assert value == -params[0, 0]


@given(seeds, st.floats(-6.0, 6.0))
@settings(max_examples=25)
def test_point_meets_the_weak_wolfe_conditions(seed, exponent):
    objective = LogSumExp(seed)
    value, gradient = objective(objective.start)
    direction = -(10.0**exponent) * gradient
    slope = np.vdot(gradient, direction)
    params, lower, new_gradient = search_wolfe_point(
        objective, objective.start, value, gradient, direction
    )
    length = np.vdot(params - objective.start, direction) / np.vdot(direction, direction)
    assert length > 0.0
    assert lower <= value + 1e-4 * length * slope + 1e-12 * abs(value)
    assert np.vdot(new_gradient, direction) >= 0.9 * slope


@given(st.lists(st.floats(-3.0, 3.0), min_size=4, max_size=4), st.floats(0.1, 2.0))
def test_cubic_minimum_is_that_of_the_cubic(coefficients, right):
    cubic = np.polynomial.Polynomial(coefficients)
    slope, curvature = cubic.deriv(), cubic.deriv(2)
    points = [(x, float(cubic(x)), float(slope(x))) for x in (0.0, right)]
    found = cubic_minimum(*points)
    if np.isfinite(found):
        scale = 1.0 + found**2
        assert abs(slope(found)) <= 1e-6 * scale
        assert curvature(found) >= -1e-4 * scale


# The preconditioner


@both_solvers
@every_objective
@given(seed=seeds)
@settings(max_examples=25)
def test_preconditioner_changes_nothing_about_the_minimum(solver, make, seed):
    objective = make(seed)
    plain = run(solver, objective)
    matrix = random_matrix(seed, objective.start.shape[1])
    preconditioned = run(solver, objective, precondition=fixed(matrix))
    assert plain.converged
    assert preconditioned.converged
    # The smallest curvature is 1/100.
    assert_allclose(preconditioned.params, plain.params, rtol=0, atol=4e-6)


@both_solvers
@every_objective
@given(seed=seeds)
@settings(max_examples=25)
def test_preconditioner_may_change_on_the_way(solver, make, seed):
    objective = make(seed)
    matrices = np.random.default_rng(seed).integers(0, 2**32, size=600)
    n_asked = 0

    def precondition(params, current):
        nonlocal n_asked
        n_asked += 1
        return solving_with(random_matrix(matrices[n_asked], params.shape[1]))

    solution = run(solver, objective, precondition=precondition)
    assert solution.converged
    assert_allclose(solution.params, run(newton_cg, objective).params, rtol=0, atol=4e-6)


@both_solvers
def test_preconditioner_is_asked_at_the_start_and_then_with_the_current_one(solver):
    objective = LogSumExp(1)
    asked, made, seen = [], [], []

    def precondition(params, current):
        asked.append((params, current))
        # Every second time it is the one so far.
        if current is None or len(asked) % 2:
            current = solving_with(random_matrix(len(asked), 3))
        made.append(current)
        return current

    run(
        solver,
        objective,
        precondition=precondition,
        monitor=lambda n_iter, params, value: seen.append(params),
        tol=0.0,
    )
    assert len(asked) > 2
    assert asked[0][0] is seen[0]
    assert asked[0][1] is None
    for (_, current), before in zip(asked[1:], made, strict=False):
        assert current is before
    # At iterates, each after the one before.
    places = [next(i for i, s in enumerate(seen) if s is params) for params, _ in asked]
    assert places == sorted(set(places))


# Where the objective is not finite, steep or flat


@every_solver
@pytest.mark.parametrize("outside", [np.nan, np.inf])
@given(start=st.lists(st.floats(0.01, 20.0), min_size=2, max_size=2))
def test_line_search_steps_back_into_the_domain(solver, outside, start):
    seen = []
    solution = run(
        solver,
        Barrier(outside),
        np.array([start]),
        monitor=lambda n_iter, params, value: seen.append(params),
    )
    assert solution.converged
    assert solution.gradient_norm <= 1e-8
    assert_allclose(solution.params, 1.0, rtol=1e-7)
    assert (np.array(seen) > 0.0).all()
    assert np.isfinite(solution.values).all()


@every_solver
@pytest.mark.parametrize("far", [10.0, 1e4, 1e10])
def test_steep_start_is_no_obstacle(solver, far):
    solution = run(solver, Quartic(), np.array([[far, -0.5 * far]]))
    assert solution.converged
    assert solution.gradient_norm <= 1e-8


@every_solver
@given(seed=seeds)
@settings(max_examples=25)
def test_search_has_converged_where_only_rounding_is_left(solver, seed):
    # At the minimum the value is 1e6, and its rounding errors are about 1e-10.
    objective = Quadratic(seed, offset=1e6)
    solution = run(solver, objective, tol=0.0)
    assert solution.converged
    assert solution.n_iter < 500
    assert_allclose(solution.value, 1e6, rtol=1e-14)


@both_solvers
def test_tolerance_is_met_also_where_the_value_is_tiny(solver):
    objective = Quadratic(0)
    tiny = Smooth(
        lambda params: tuple(1e-9 * term for term in objective(params)),
        lambda params: lambda direction: 1e-9 * direction @ objective.curvature,
    )
    solution = run(solver, tiny, objective.start, tol=1e-16)
    assert solution.gradient_norm <= 1e-16
    assert_allclose(solution.params, objective.minimum, rtol=0, atol=4e-5)


@every_solver
def test_flat_objective_leaves_the_start(solver):
    flat = Smooth(
        lambda params: (3.0, np.zeros_like(params)), lambda params: lambda rows: np.zeros_like(rows)
    )
    start = np.random.default_rng(0).normal(size=(2, 3))
    solution = run(solver, flat, start, tol=0.0)
    assert (solution.n_iter, solution.converged, solution.value) == (0, True, 3.0)
    assert_array_equal(solution.params, start)


@every_solver
def test_slope_without_an_end_is_followed_but_not_to_infinity(solver):
    # exp(-w) falls for ever, and so does its curvature.
    decay = Smooth(
        lambda params: (float(np.exp(-params).sum()), -np.exp(-params)),
        lambda params: lambda direction: np.exp(-params) * direction,
    )
    solution = run(solver, decay, np.zeros((1, 2)), tol=1e-8)
    assert solution.converged
    assert solution.gradient_norm <= 1e-8
    assert np.isfinite(solution.params).all()


@every_solver
@pytest.mark.parametrize("n_null", [1, 2])
@given(seed=seeds)
@settings(max_examples=25)
def test_null_directions_are_left_alone(solver, n_null, seed):
    objective = Quadratic(seed, n_null=n_null)
    solution = run(solver, objective, tol=0.0, max_iter=100)
    # Along them the gradient is nothing but rounding; M mixes them with the others.
    assert np.abs(solution.params).max() <= 100.0
    assert solution.gradient_norm <= 1e-7
    if solver in (lbfgs, newton_cg):
        moved = (solution.params - objective.start) @ objective.null.T
        assert_allclose(moved, 0.0, atol=1e-6)


@every_solver
@given(seed=seeds)
@settings(max_examples=25)
def test_null_directions_of_a_function_that_is_not_quadratic_are_left_alone(solver, seed):
    objective = LogSumExp(seed)
    # Slopes of both signs in a plane of the six-dimensional space: bounded below, and flat
    # along the other four directions.
    rng = np.random.default_rng(seed)
    plane = rng.normal(size=(3, 2)) @ rng.normal(size=(2, 6))
    objective.slopes = np.concatenate([plane, -plane]).reshape(6, 2, 3)
    objective.ridge = 0.0
    solution = run(solver, objective, tol=0.0, max_iter=100)
    assert solution.gradient_norm <= 1e-6
    assert np.abs(solution.params).max() <= 100.0
