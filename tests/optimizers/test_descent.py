import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skxent.optimizers import adam, descend, gradient_descent
from skxent.optimizers._descent import run_epoch
from tests.optimizers.objectives import Quadratic, parabola
from tests.optimizers.strategies import seeds


def by_descent(objective, start, *, momentum=0.0, rate, **options):
    options = {"max_iter": 100, "tol": 0.0} | options
    return descend(objective, start, gradient_descent(momentum), learning_rate=rate, **options)


def by_adam_in_batches(objective, start, **options):
    # A rate that falls, for the minimum to be met within a tolerance.
    options = {"max_iter": 100, "tol": 0.0, "learning_rate": lambda n: 0.1 * 0.98**n} | options
    return descend(objective, start, adam(beta_2=0.9), batches=objective.batches, **options)


SOLVERS = {
    "descent": lambda objective, start, **options: by_descent(
        objective, start, rate=1.0 / objective.largest, **options
    ),
    "momentum": lambda objective, start, **options: by_descent(
        objective, start, momentum=0.9, rate=1.0 / objective.largest, **options
    ),
    "adam": by_adam_in_batches,
    "l1": lambda objective, start, **options: by_descent(
        objective, start, momentum=0.9, rate=1.0 / objective.largest, l1=np.zeros(4), **options
    ),
}
every_solver = pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)


# What holds for every rule


@every_solver
@given(seed=seeds)
def test_solution_tells_the_truth(solver, seed):
    objective = Quadratic(seed)
    for max_iter in (1, 3, 2000) if solver is not by_adam_in_batches else (1, 3, 50):
        solution = solver(objective, objective.start, max_iter=max_iter, tol=1e-6)
        value, gradient = objective(solution.params)
        assert solution.value == value == solution.values[-1]
        # What an L1 penalty of strength zero makes of the gradient is rounded once more.
        assert_allclose(solution.gradient_norm, np.abs(gradient).max(), rtol=1e-6, atol=1e-12)
        assert solution.values.shape == (solution.n_iter + 1,)
        assert solution.values[0] == objective(objective.start)[0]
        assert solution.n_iter <= max_iter
        assert solution.converged == (solution.gradient_norm <= 1e-6)
        assert solution.converged or solution.n_iter == max_iter
        assert not solution.diverged
        assert not solution.stopped
    # Batches that disagree keep Adam from the minimum by about its rate.
    assert solution.converged or solver is by_adam_in_batches


@every_solver
@given(seed=seeds)
@settings(max_examples=10)
def test_solution_is_the_minimum(solver, seed):
    objective = Quadratic(seed)
    options = {"max_iter": 2000, "tol": 1e-6}
    if solver is by_adam_in_batches:
        # Batches that agree, and a rate that falls no further than the tolerance asks.
        objective.batches = lambda: [objective]
        options |= {"tol": 1e-4, "learning_rate": lambda n: 0.1 * 0.995**n}
    solution = solver(objective, objective.start, **options)
    assert solution.converged
    # The smallest curvature is 1/100.
    assert_allclose(solution.params, objective.minimum, atol=400 * options["tol"])


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@given(seed=seeds)
@settings(max_examples=20)
def test_gradient_decides_where_values_differ_by_rounding_alone(momentum, seed):
    # At the minimum the value is 1e6, and its rounding errors are about 1e-10.
    objective = Quadratic(seed, offset=1e6)
    rate = 1.0 / objective.largest
    options = {"momentum": momentum, "rate": rate, "tol": 1e-8, "max_iter": 5000}
    solution = by_descent(objective, objective.start, **options)
    assert solution.converged
    assert solution.gradient_norm <= 1e-8
    assert_allclose(solution.params, objective.minimum, atol=4e-6)


@every_solver
def test_first_iterate_within_the_tolerance_is_the_solution(solver):
    objective = Quadratic(0)
    solution = solver(objective, objective.minimum, tol=1e-6)
    assert (solution.n_iter, solution.converged) == (0, True)
    assert_array_equal(solution.params, objective.minimum)
    assert_array_equal(solution.values, [0.0])


@every_solver
def test_start_is_not_written_to(solver):
    objective = Quadratic(0)
    start = objective.start.copy()
    start.flags.writeable = False
    solution = solver(objective, start)
    assert_array_equal(start, objective.start)
    assert not np.shares_memory(solution.params, start)


@every_solver
def test_monitor_sees_the_start_and_every_iterate_and_stops_the_solver(solver):
    objective = Quadratic(0)
    seen = []

    def stop_at_three(n_iter, params, value):
        seen.append((n_iter, params, value))
        return n_iter == 3

    solution = solver(objective, objective.start, monitor=stop_at_three)
    assert [n_iter for n_iter, _, _ in seen] == [0, 1, 2, 3]
    assert_array_equal(seen[0][1], objective.start)
    assert_array_equal(solution.values, [value for _, _, value in seen])
    # Looked at only now: no iterate has been written to since.
    assert_array_equal(solution.values, [objective(params)[0] for _, params, _ in seen])
    assert_array_equal(solution.last[0], seen[-1][1])
    assert solution.n_iter == 3
    assert solution.stopped
    assert not solution.converged
    assert not solution.diverged


@every_solver
def test_monitor_can_stop_at_the_start(solver):
    objective = Quadratic(0)
    solution = solver(objective, objective.start, monitor=lambda *_: True)
    assert (solution.n_iter, solution.stopped) == (0, True)
    assert_array_equal(solution.last[0], objective.start)


@every_solver
def test_monitor_that_does_not_stop_changes_nothing(solver):
    objective = Quadratic(0)
    expected = solver(objective, objective.start, max_iter=20)
    solution = solver(objective, objective.start, max_iter=20, monitor=lambda *_: None)
    assert_array_equal(solution.values, expected.values)
    assert_array_equal(solution.params, expected.params)


@every_solver
def test_no_iterations_leave_the_start(solver):
    objective = Quadratic(0)
    solution = solver(objective, objective.start, max_iter=0)
    assert (solution.n_iter, solution.converged) == (0, False)
    assert_array_equal(solution.last[0], objective.start)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("where", ["value", "gradient"])
@pytest.mark.parametrize("l1", [None, np.ones(2)])
def test_start_that_is_not_finite_is_refused(where, value, l1):
    def objective(params):
        if where == "value":
            return value, params
        return 0.0, np.full_like(params, value)

    with pytest.raises(ValueError, match="not finite at the start"):
        by_descent(objective, np.ones((1, 2)), rate=1.0, l1=l1)


# Rates


@given(seeds)
def test_descent_without_momentum_takes_the_textbook_steps(seed):
    objective = Quadratic(seed)
    rates = np.random.default_rng(seed).uniform(0.1, 1.0, size=5) / objective.largest
    solution = by_descent(objective, objective.start, rate=lambda n: rates[n], max_iter=5)
    params = objective.start
    for rate in rates:
        params = params - rate * (params - objective.minimum) @ objective.curvature
    assert_allclose(solution.last[0], params, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("in_batches", [False, True])
def test_rate_is_asked_once_for_each_iteration(in_batches):
    asked = []

    def rate_of(n_iter):
        asked.append(n_iter)
        return 0.1

    batches = (lambda: [parabola]) if in_batches else None
    by_descent(parabola, np.ones((1, 2)), rate=rate_of, max_iter=4, batches=batches)
    assert asked == [0, 1, 2, 3]


@given(seeds, st.floats(0.01, 1.0))
def test_descent_without_momentum_is_monotone_up_to_the_inverse_curvature(seed, share):
    objective = Quadratic(seed)
    solution = by_descent(objective, objective.start, rate=share / objective.largest)
    # The descent lemma, with equality allowed only by the rounding at the minimum.
    noise = 1e-14 * solution.values[0]
    assert (np.diff(solution.values) <= noise).all()


def test_rate_of_zero_stays_where_it_is():
    objective = Quadratic(0)
    solution = by_descent(objective, objective.start, rate=0.0, momentum=0.9, max_iter=3)
    assert_array_equal(solution.params, objective.start)
    assert_array_equal(solution.values, np.repeat(solution.values[0], 4))


# Momentum


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


def momentum_by_hand(start, rate, momentum, n_iter, restarts):
    """Iterates of a parabola's descent, and after how many updates the velocity was reset."""
    iterates, velocity, resets = [start], 0.0, []
    for n in range(n_iter):
        here = iterates[-1]
        if restarts and n and here * (here - iterates[-2]) > 0.0:
            velocity = 0.0
            resets.append(n)
        velocity = momentum * velocity - rate * here
        iterates.append(here + momentum * velocity - rate * here)
    return iterates, resets


@pytest.mark.parametrize("in_batches", [False, True])
def test_momentum_starts_afresh_where_it_climbs_unless_in_batches(in_batches):
    iterates, resets = momentum_by_hand(1.0, 0.05, 0.95, 199, restarts=not in_batches)
    assert in_batches or len(resets) > 2
    seen = []
    by_descent(
        parabola,
        np.array([[1.0]]),
        momentum=0.95,
        rate=0.05,
        max_iter=199,
        batches=(lambda: [parabola]) if in_batches else None,
        monitor=lambda n_iter, params, value: seen.append(params[0, 0]),
    )
    assert_allclose(seen, iterates, rtol=1e-12, atol=1e-15)


# Divergence


@pytest.mark.parametrize("rate", [2.5, 10.0, 1e200, 1.7e308])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("in_batches", [False, True])
def test_divergence_keeps_the_best_finite_iterate(momentum, rate, in_batches):
    start = np.array([[3.0, -4.0]])
    solution = by_descent(
        parabola,
        start,
        momentum=momentum,
        rate=rate,
        max_iter=2000,
        batches=(lambda: [parabola, parabola]) if in_batches else None,
    )
    assert solution.diverged
    assert not solution.converged
    assert not solution.stopped
    assert solution.n_iter < 2000
    assert solution.value == np.nanmin(solution.values)
    assert not np.isfinite(solution.values[-1])
    assert_array_equal(solution.params, start)
    assert solution.gradient_norm == 4.0
    assert solution.last is None


def test_monitor_does_not_hear_of_what_is_not_finite():
    heard = []
    solution = by_descent(
        parabola,
        np.ones((1, 1)),
        rate=1e200,
        monitor=lambda n_iter, params, value: heard.append(value),
    )
    assert solution.diverged
    assert_array_equal(heard, solution.values[:-1])


def test_last_iterate_is_the_solution_also_where_one_before_it_was_lower():
    # |x|: the step of 0.6 leads from 1 to 0.4, to -0.2 and back to 0.4 for ever.
    solution = by_descent(
        lambda x: (float(np.abs(x).sum()), np.sign(x)), np.array([[1.0]]), rate=0.6, max_iter=5
    )
    assert_allclose(solution.values, [1.0, 0.4, 0.2, 0.4, 0.2, 0.4])
    assert_allclose(solution.params, 0.4)
    assert solution.value == solution.values[-1]
    assert not solution.converged


# Going on


def assert_goes_on_exactly(run, start, n, m):
    """Assert that n iterations and then m are n + m."""
    whole = run(start, max_iter=n + m, n_before=0)
    first = run(start, max_iter=n, n_before=0)
    second = run(first.last[0], max_iter=m, n_before=n, state=first.last[1])
    assert_array_equal(np.append(first.values, second.values[1:]), whole.values)
    assert_array_equal(second.last[0], whole.last[0])
    for after, expected in zip(second.last[1], whole.last[1], strict=True):
        assert_array_equal(after, expected)


@given(seeds, st.integers(0, 30), st.integers(0, 30), st.booleans())
def test_momentum_goes_on_from_the_last_iterate_and_its_state(seed, n, m, has_l1):
    objective = Quadratic(seed)

    def run(start, n_before, **options):
        rate = lambda n_iter: (1.0 + 0.1 * (n_before + n_iter)) ** -0.5 / objective.largest  # noqa: E731
        l1 = np.array([0.01, 0.0, 0.1, 0.01]) if has_l1 else None
        return by_descent(objective, start, momentum=0.95, rate=rate, l1=l1, **options)

    assert_goes_on_exactly(run, objective.start, n, m)


def test_momentum_goes_on_also_where_it_was_about_to_start_afresh():
    _, resets = momentum_by_hand(1.0, 0.05, 0.95, 100, restarts=True)

    def run(start, n_before, **options):
        return by_descent(parabola, start, momentum=0.95, rate=0.05, **options)

    for n in resets:
        assert_goes_on_exactly(run, np.array([[1.0]]), n, 5)


@given(seeds, st.integers(0, 5), st.integers(0, 5))
def test_adam_in_drawn_batches_goes_on_from_the_last_iterate_and_its_state(seed, n, m):
    objective = Quadratic(seed)
    batches = objective.batches()
    generators = {0: np.random.default_rng(seed)}

    def run(start, n_before, max_iter, **options):
        rng = generators[n_before] if n_before else np.random.default_rng(seed)
        generators[max_iter] = rng
        return descend(
            objective,
            start,
            adam(),
            learning_rate=lambda n_iter: 0.1 / (1 + n_before + n_iter),
            batches=lambda: (batches[i] for i in rng.permutation(len(batches))),
            max_iter=max_iter,
            tol=0.0,
            **options,
        )

    assert_goes_on_exactly(run, objective.start, n, m)


# Batches


@given(seeds, st.floats(0.0, 0.95))
def test_pass_over_updates_once_for_each_batch(seed, momentum):
    objective = Quadratic(seed)
    rule, rate = gradient_descent(momentum), 0.1
    start = objective.start.copy()
    start.flags.writeable = False
    state = rule.init(start) + 1.0
    state.flags.writeable = False
    params, after, mean = run_epoch(iter(objective.batches()), start, rule, state, rate)
    expected, velocity, values = start, state, []
    for batch in objective.batches():
        value, gradient = batch(expected)
        velocity = momentum * velocity - rate * gradient
        expected = expected + momentum * velocity - rate * gradient
        values.append(value)
    assert_allclose(params, expected, rtol=1e-12, atol=1e-14)
    assert_allclose(after, velocity, rtol=1e-12, atol=1e-14)
    # Each before its update.
    assert_allclose(mean, sum(values) / len(values), rtol=1e-12, atol=1e-14)


@given(seeds)
def test_iteration_with_batches_is_a_pass_over_them(seed):
    objective = Quadratic(seed)
    rule = gradient_descent(0.5)
    passes = [objective.batches(), objective.batches()[:1], objective.batches()[1:]]
    drawn = iter(passes)
    solution = by_descent(
        objective,
        objective.start,
        momentum=0.5,
        rate=lambda n: 0.1 / (n + 1),
        max_iter=3,
        batches=lambda: next(drawn),
    )
    params, state = objective.start, rule.init(objective.start)
    values = [objective(params)[0]]
    for n, batches in enumerate(passes):
        params, state, _ = run_epoch(batches, params, rule, state, 0.1 / (n + 1))
        values.append(objective(params)[0])
    assert_array_equal(solution.values, values)
    assert_array_equal(solution.last[0], params)
    assert_array_equal(solution.last[1], state)
