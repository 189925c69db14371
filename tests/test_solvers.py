import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.linalg import cholesky

from skxent.optimizers import gradient_descent
from skxent.solvers import descend, lbfgs

seeds = st.integers(0, 2**32 - 1)


class Quadratic:
    """J(W) = sum over rows of (w - m)' A (w - m) / 2.

    The condition number of A is 100, before each parameter is scaled.
    """

    def __init__(self, seed, n_params=4, log_scale=0.0):
        rng = np.random.default_rng(seed)
        rotation, _ = np.linalg.qr(rng.normal(size=(n_params, n_params)))
        root = np.geomspace(0.1, 1.0, n_params)[:, np.newaxis] * rotation
        root *= 10.0 ** np.linspace(-log_scale, log_scale, n_params)
        self.curvature = root.T @ root
        self.largest = np.linalg.eigvalsh(self.curvature)[-1]
        self.minimum = rng.normal(size=(2, n_params))
        self.start = rng.normal(size=(2, n_params))

    def __call__(self, params):
        gradient = (params - self.minimum) @ self.curvature
        return 0.5 * float(np.vdot(gradient, params - self.minimum)), gradient


def by_descent(objective, start, *, momentum=0.0, rate, **options):
    options = {"max_iter": 100, "tol": 0.0} | options
    return descend(objective, start, gradient_descent(momentum), learning_rate=rate, **options)


def by_lbfgs(objective, start, **options):
    return lbfgs(objective, start, **{"max_iter": 100, "tol": 0.0} | options)


SOLVERS = {
    "descent": lambda objective, start, **options: by_descent(
        objective, start, rate=1.0 / objective.largest, **options
    ),
    "momentum": lambda objective, start, **options: by_descent(
        objective, start, momentum=0.9, rate=1.0 / objective.largest, **options
    ),
    "lbfgs": by_lbfgs,
    "factor": lambda objective, start, **options: by_lbfgs(
        objective, start, factor=cholesky(objective.curvature, lower=True), **options
    ),
}
every_solver = pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)


# What holds for every solver


@every_solver
@given(seed=seeds)
def test_solution_tells_the_truth(solver, seed):
    objective = Quadratic(seed)
    for max_iter in (1, 3, 2000):
        solution = solver(objective, objective.start, max_iter=max_iter, tol=1e-6)
        value, gradient = objective(solution.params)
        assert solution.value == value
        assert solution.gradient_norm == np.abs(gradient).max()
        assert solution.values.shape == (solution.n_iter + 1,)
        assert_allclose(solution.values[0], objective(objective.start)[0], rtol=1e-14)
        assert solution.value in solution.values
        assert solution.n_iter <= max_iter
        assert solution.converged == (solution.gradient_norm <= 1e-6)
        assert solution.converged or solution.n_iter == max_iter
        assert not solution.diverged
    assert solution.converged
    # The smallest curvature is 1/100.
    assert_allclose(solution.params, objective.minimum, atol=400e-6)


@every_solver
def test_first_iterate_within_the_tolerance_is_the_solution(solver):
    objective = Quadratic(0)
    solution = solver(objective, objective.minimum, tol=1e-6)
    assert (solution.n_iter, solution.converged) == (0, True)
    assert_allclose(solution.params, objective.minimum, rtol=1e-14)
    assert_allclose(solution.values, [0.0], atol=1e-28)


@every_solver
def test_start_is_not_written_to(solver):
    objective = Quadratic(0)
    start = objective.start.copy()
    start.flags.writeable = False
    solution = solver(objective, start)
    assert_array_equal(start, objective.start)
    assert not np.shares_memory(solution.params, start)


@every_solver
def test_monitor_sees_every_iterate_and_stops_the_solver(solver):
    objective = Quadratic(0)
    seen = []

    def stop_at_three(n_iter, params):
        seen.append((n_iter, objective(params)[0]))
        return n_iter == 3

    solution = solver(objective, objective.start, monitor=stop_at_three)
    assert [n_iter for n_iter, _ in seen] == [1, 2, 3]
    assert_array_equal(solution.values[1:], [value for _, value in seen])
    assert solution.n_iter == 3
    assert not solution.converged
    assert not solution.diverged


@every_solver
def test_monitor_that_does_not_stop_changes_nothing(solver):
    objective = Quadratic(0)
    expected = solver(objective, objective.start, max_iter=20)
    solution = solver(objective, objective.start, max_iter=20, monitor=lambda *_: None)
    assert_array_equal(solution.values, expected.values)
    assert_array_equal(solution.params, expected.params)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("where", ["value", "gradient"])
@pytest.mark.parametrize("solve", [by_lbfgs, lambda *args: by_descent(*args, rate=1.0)])
def test_start_that_is_not_finite_is_refused(solve, where, value):
    def objective(params):
        if where == "value":
            return value, params
        return 0.0, np.full_like(params, value)

    with pytest.raises(ValueError, match="not finite at the start"):
        solve(objective, np.ones((1, 2)))


# Descent


@given(seeds, st.floats(0.01, 1.0))
def test_descent_without_momentum_is_monotone_up_to_the_inverse_curvature(seed, share):
    objective = Quadratic(seed)
    solution = by_descent(objective, objective.start, rate=share / objective.largest)
    # The descent lemma, with equality allowed only by the rounding at the minimum.
    noise = 1e-14 * solution.values[0]
    assert (np.diff(solution.values) <= noise).all()


@given(seeds)
def test_descent_without_momentum_takes_the_textbook_steps(seed):
    objective = Quadratic(seed)
    rate = 0.3 / objective.largest
    solution = by_descent(objective, objective.start, rate=rate, max_iter=5)
    params = objective.start
    for _ in range(5):
        params = params - rate * (params - objective.minimum) @ objective.curvature
    assert_allclose(solution.params, params, rtol=1e-13, atol=1e-14)


def ravine(params):
    scale = np.array([1e-3, 1.0])
    return 0.5 * float(np.sum(scale * params**2)), scale * params


def test_momentum_shortens_the_way_through_a_ravine():
    start = np.ones((1, 2))
    plain, fast = (
        by_descent(ravine, start, momentum=momentum, rate=1.0, max_iter=20000, tol=1e-9)
        for momentum in (0.0, 0.9)
    )
    assert plain.converged
    assert fast.converged
    assert fast.n_iter < plain.n_iter / 5


def test_momentum_starts_afresh_where_it_climbs():
    params = [np.array([[1.0]])]
    rate, momentum = 0.05, 0.95
    velocity, restarts = 0.0, []
    for n_iter in range(1, 200):
        gradient = params[-1]
        if n_iter > 1 and gradient * (params[-1] - params[-2]) > 0.0:
            velocity = 0.0
            restarts.append(n_iter)
        velocity = momentum * velocity - rate * gradient
        params.append(params[-1] + momentum * velocity - rate * gradient)
    seen = []
    by_descent(
        lambda point: (0.5 * float(np.sum(point**2)), point),
        params[0],
        momentum=momentum,
        rate=rate,
        max_iter=199,
        monitor=lambda n_iter, point: seen.append(point),
    )
    assert len(restarts) > 2
    assert_allclose(np.ravel(seen), np.ravel(params[1:]), rtol=1e-12)


@pytest.mark.parametrize("rate", [2.5, 10.0, 1e200, 1.7e308])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_divergence_keeps_the_best_finite_iterate(momentum, rate):
    start = np.array([[3.0, -4.0]])
    solution = by_descent(
        lambda params: (0.5 * float(np.sum(params**2)), params),
        start,
        momentum=momentum,
        rate=rate,
        max_iter=2000,
    )
    assert solution.diverged
    assert not solution.converged
    assert solution.n_iter < 2000
    assert solution.value == np.nanmin(solution.values)
    assert not np.isfinite(solution.values[-1])
    assert_array_equal(solution.params, start)
    assert solution.gradient_norm == 4.0


def test_iterate_before_the_last_is_kept_where_it_is_the_best():
    # |x|: the step of 0.6 leads from 1 to 0.4, to -0.2 and back to 0.4 for ever.
    solution = by_descent(
        lambda x: (float(np.abs(x).sum()), np.sign(x)), np.array([[1.0]]), rate=0.6, max_iter=5
    )
    assert_allclose(solution.values, [1.0, 0.4, 0.2, 0.4, 0.2, 0.4])
    assert_allclose(solution.params, -0.2)
    assert_allclose(solution.value, 0.2)
    assert not solution.converged


# L-BFGS


@given(seeds)
def test_factor_makes_an_ill_scaled_quadratic_easy(seed):
    # The condition number is about 1e16.
    objective = Quadratic(seed, n_params=5, log_scale=4.0)
    factor = cholesky(objective.curvature, lower=True)
    start = objective.start / 10.0 ** np.linspace(-4, 4, 5)
    objective.minimum = objective.minimum / 10.0 ** np.linspace(-4, 4, 5)
    solution = by_lbfgs(objective, start, factor=factor, tol=1e-3)
    assert solution.n_iter <= 5
    assert_allclose(solution.params, objective.minimum, rtol=1e-4)


@given(seeds)
def test_factor_does_not_change_the_minimum(seed):
    objective = Quadratic(seed)
    factor = np.tril(np.random.default_rng(seed).normal(size=(4, 4)), -1) + 3.0 * np.eye(4)
    plain = by_lbfgs(objective, objective.start, tol=1e-9, max_iter=500)
    preconditioned = by_lbfgs(objective, objective.start, factor=factor, tol=1e-9, max_iter=500)
    # The smallest curvature is 1/100.
    assert_allclose(preconditioned.params, objective.minimum, atol=400e-9)
    assert_allclose(plain.params, objective.minimum, atol=400e-9)


@given(seeds)
def test_lbfgs_never_climbs(seed):
    objective = Quadratic(seed, log_scale=1.0)
    solution = by_lbfgs(objective, objective.start)
    assert (np.diff(solution.values) <= 0.0).all()
    assert solution.value == solution.values[-1]


def test_lbfgs_meets_the_tolerance_also_where_the_value_is_tiny():
    def tiny(params):
        value, gradient = ravine(params)
        return 1e-9 * value, 1e-9 * gradient

    solution = by_lbfgs(tiny, np.ones((1, 2)), tol=1e-16)
    assert solution.gradient_norm <= 1e-16
    assert_allclose(solution.params, 0.0, atol=1e-4)


def test_lbfgs_has_converged_where_only_rounding_is_left():
    # At the minimum the value is 1e6, so that no step lowers it by a rounding error.
    def raised(params):
        value, gradient = ravine(params - 1.0)
        return value + 1e6, gradient

    solution = by_lbfgs(raised, np.zeros((1, 2)))
    assert solution.converged
    assert solution.gradient_norm > 0.0
    assert_allclose(solution.value, 1e6, rtol=1e-12)


def test_lbfgs_that_leaves_the_domain_keeps_the_best_finite_iterate():
    # log x has no minimum, and no value below zero.
    def objective(params):
        with np.errstate(invalid="ignore"):
            return float(np.log(params).sum()), 1.0 / params

    solution = by_lbfgs(objective, np.ones((1, 2)))
    assert solution.diverged
    assert not solution.converged
    assert np.isfinite(solution.params).all()
    assert solution.value == np.nanmin(solution.values)
    assert solution.values.shape == (solution.n_iter + 1,)
