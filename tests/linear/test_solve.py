from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skxent._fitting._monitor import Monitor
from skxent.linear._curvature import safe_rate
from skxent.linear._solve import choose_second_order, draw_batches, train
from skxent.optimizers import SCHEDULES
from skxent.optimizers._rules import make_rule
from skxent.optimizers._schedules import WHOLE_FIT_SCHEDULES
from tests._fitting.strategies import samples
from tests.linear import oracles
from tests.linear.objectives import changed, make_objective

seeds = st.integers(0, 2**32 - 1)
SOLVERS = ["gd", "sgd", "adam", "lbfgs", "newton-cg"]
every_solver = pytest.mark.parametrize("solver", SOLVERS)


def patient():
    return Monitor(tol=0.0, patience=10)


def weights_for(problem):
    return np.random.default_rng(len(problem.labels)).uniform(0.5, 2.0, len(problem.labels))


def objective_of(problem, **terms):
    """J of samples with all terms."""
    terms = {"alpha": 0.1, "fit_intercept": True, "label_smoothing": 0.2} | terms
    return make_objective(
        problem.X, problem.labels, weights_for(problem), problem.n_classes, **terms
    )


def random_problem(seed=0, n_samples=24, n_features=3, n_classes=3, **terms):
    rng = np.random.default_rng(seed)
    targets = rng.dirichlet(np.ones(n_classes), n_samples)
    weights = rng.uniform(0.5, 2.0, n_samples)
    terms = {"alpha": 0.1, "fit_intercept": True, "label_smoothing": 0.2} | terms
    X = rng.normal(size=(n_samples, n_features)) + rng.normal(size=n_features)
    return make_objective(X, targets, weights, n_classes, **terms)


def run(objective, solver, start=None, **options):
    start = np.zeros(objective.shape) if start is None else start
    return train(
        objective,
        start,
        solver,
        **{"max_iter": 3000, "tol": 1e-9, "monitor": patient(), "batch_size": 8} | options,
    )


# Solvers by name


@pytest.mark.parametrize("solver", ["gd", "lbfgs", "newton-cg"])
@given(problem=samples())
@settings(max_examples=10)
def test_solver_finds_where_the_gradient_vanishes(solver, problem):
    objective = objective_of(problem)
    rate = safe_rate(objective, "gd", 0.9, None)
    solution = run(objective, solver, learning_rate=rate, tol=1e-8)
    assert solution.converged
    gradient = oracles.linear_gradient(
        solution.params,
        problem.X,
        problem.labels,
        n_classes=problem.n_classes,
        alpha=0.1,
        sample_weight=weights_for(problem),
        label_smoothing=0.2,
    )
    assert_allclose(gradient, 0.0, atol=2e-8)


@every_solver
@pytest.mark.parametrize("n_classes", [2, 3])
def test_every_solver_reaches_the_same_minimum(solver, n_classes):
    objective = random_problem(n_classes=n_classes)
    expected = run(objective, "newton-cg", tol=1e-12).params
    # What the noise of the batches does is as large as the last rates, so these fall; and a
    # rate that falls gets no nearer than the distance that it has left to go.
    options, atol = {"learning_rate": safe_rate(objective, "gd", 0.9, None)}, 1e-6
    if solver in ("sgd", "adam"):
        options = {"learning_rate": 0.05, "schedule": "cosine", "max_iter": 400}
        options |= {"random_state": np.random.RandomState(0)}
        atol = 2e-3
    solution = run(objective, solver, **options)
    assert_allclose(solution.params, expected, rtol=0, atol=atol)


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cg"])
def test_second_order_sees_features_of_any_scale_alike(solver):
    objective = random_problem(alpha=0.0)
    scale = np.array([1e-4, 1.0, 1e5])
    scaled = changed(objective, X=objective.samples.X * scale)
    plain, other = run(objective, solver), run(scaled, solver, tol=1e-7)
    assert_allclose(other.value, plain.value, rtol=1e-10)
    assert other.n_iter <= plain.n_iter + 3


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("solver", ["lbfgs", "newton-cg"])
@given(seed=seeds)
@settings(max_examples=10)
def test_features_that_depend_on_each_other_leave_the_parameters_small(solver, n_classes, seed):
    # Without a penalty, all along some lines is the minimum. The targets are random and soft:
    # it is not at infinity.
    objective = random_problem(seed, n_samples=60, n_classes=n_classes, alpha=0.0)
    mixed = objective.samples.X @ np.random.default_rng(seed).normal(size=(3, 2))
    X = np.column_stack([objective.samples.X, mixed, np.ones(60)])
    dependent = changed(objective, X=X)
    solution = run(dependent, solver, tol=1e-7, max_iter=200)
    assert solution.gradient_norm <= 1e-7
    assert np.abs(solution.params).max() < 1e4
    assert_allclose(solution.value, run(objective, "newton-cg", tol=1e-8).value, rtol=1e-8)


@pytest.mark.parametrize("fit_intercept", [False, True])
@given(seed=seeds)
@settings(max_examples=10)
def test_l1_does_not_penalise_the_intercept(fit_intercept, seed):
    objective = random_problem(seed, fit_intercept=fit_intercept)
    rate = safe_rate(objective, "gd", 0.9, None)
    solution = run(objective, "gd", learning_rate=rate, l1=1e6, tol=1e-10)
    assert solution.converged
    assert_array_equal(solution.params[:, :3], 0.0)
    if fit_intercept:
        # With an intercept alone, the probabilities are the mean of the smoothed targets.
        targets = (
            0.8 * np.average(objective.samples.targets, axis=0, weights=objective.samples.weights)
            + 0.2 / 3
        )
        logits = solution.params[:, 3]
        assert_allclose(np.exp(logits) / np.exp(logits).sum(), targets, rtol=1e-8)


@pytest.mark.parametrize("solver", ["gd", "sgd", "adam"])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_training_goes_on_where_it_was_left(solver, schedule):
    objective = random_problem()

    def go(start, n_epochs, max_iter, random_state, state=None):
        # max_iter says where some of them end: in both ways alike.
        factor = (
            partial(SCHEDULES[schedule], n_epochs=9)
            if schedule in WHOLE_FIT_SCHEDULES
            else schedule
        )
        return run(
            objective,
            solver,
            start,
            learning_rate=0.1,
            schedule=factor,
            max_iter=max_iter,
            n_epochs=n_epochs,
            random_state=random_state,
            state=state,
            tol=0.0,
        )

    start, drawing = np.zeros(objective.shape), np.random.RandomState(3)
    whole = go(start, 0, 8, np.random.RandomState(3))
    first = go(start, 0, 3, drawing)
    second = go(first.last[0], 3, 5, drawing, first.last[1])
    assert_array_equal(np.append(first.values, second.values[1:]), whole.values)
    assert_array_equal(second.last[0], whole.last[0])


def test_batches_without_shuffling_are_taken_in_order():
    objective = random_problem()
    draw = {"learning_rate": 0.1, "max_iter": 3, "random_state": np.random.RandomState(0)}
    ordered = run(objective, "sgd", shuffle=False, **draw)
    again = run(objective, "sgd", shuffle=False, **draw | {"random_state": None})
    shuffled = run(objective, "sgd", **draw)
    assert_array_equal(ordered.values, again.values)
    assert np.abs(shuffled.values - ordered.values)[1:].min() > 0.0
    rule = make_rule("sgd", 0.9)
    params, state = np.zeros(objective.shape), rule.init(np.zeros(objective.shape))
    for batch in [*draw_batches(objective, 8, None)] * 3:
        step, state = rule.update(batch(params)[1], state, 0.1)
        params = params + step
    assert_allclose(ordered.last[0], params, rtol=1e-12)


def test_adaptive_schedule_lowers_the_rate_of_the_next_epochs():
    objective = random_problem()
    # A tolerance that no fall exceeds: each epoch but the start counts as stale.
    monitor = Monitor(tol=100.0, patience=2, adaptive=True)
    solution = run(
        objective, "gd", learning_rate=0.1, momentum=0.0, schedule="adaptive", monitor=monitor
    )
    params, values = np.zeros(objective.shape), []
    for epoch in range(13):
        value, gradient = objective(params)
        values.append(value)
        params = params - 0.1 * 0.2 ** (epoch // 2) * gradient
    assert solution.n_iter == 12
    assert solution.stopped
    assert_allclose(solution.values, values, rtol=1e-12)


# The names


@pytest.mark.parametrize(
    ("n_features", "n_classes", "fit_intercept", "expected"),
    [
        (128, 2, False, "newton-cg"),
        (129, 2, False, "lbfgs"),
        (127, 2, True, "newton-cg"),
        (128, 2, True, "lbfgs"),
        (32, 4, False, "newton-cg"),
        (32, 4, True, "lbfgs"),
    ],
)
def test_few_parameters_get_newton_steps(n_features, n_classes, fit_intercept, expected):
    objective = random_problem(
        n_features=n_features, n_classes=n_classes, fit_intercept=fit_intercept
    )
    assert choose_second_order(objective) == expected


# Safe rates


def bound_by_hand(objective, batch_size=None):
    """Bound on the curvature of J, or expected smoothness of batches, by the formulas."""
    n, c = len(objective.samples.X), 0.25 if objective.samples.n_classes == 2 else 0.5
    shares = [w / sum(objective.samples.weights) for w in objective.samples.weights]
    rows = [np.append(x, [1.0] * objective.fit_intercept) for x in objective.samples.X]
    gram = sum(share * np.outer(x, x) for share, x in zip(shares, rows, strict=True))
    whole = c * np.linalg.norm(gram, 2) + objective.alpha
    if batch_size is None:
        return whole
    single = max(c * n * share * (x @ x) for share, x in zip(shares, rows, strict=True))
    single += objective.alpha
    b = min(batch_size, n)
    return n * (b - 1) / (b * (n - 1)) * whole + (n - b) / (b * (n - 1)) * single


@given(samples(), st.booleans(), st.floats(0.0, 0.99))
def test_safe_rate_of_gd_is_the_inverse_curvature(problem, fit_intercept, momentum):
    objective = objective_of(problem, fit_intercept=fit_intercept)
    rate = safe_rate(objective, "gd", momentum, 4)
    assert_allclose(rate, 1.0 / bound_by_hand(objective), rtol=1e-10)


@given(samples(), st.booleans(), st.floats(0.0, 0.99), st.integers(1, 15))
def test_safe_rate_of_sgd_knows_momentum_and_batches(problem, fit_intercept, momentum, batch_size):
    objective = objective_of(problem, fit_intercept=fit_intercept)
    rate = safe_rate(objective, "sgd", momentum, batch_size)
    expected = (1.0 - momentum) / (2.0 * bound_by_hand(objective, batch_size))
    assert_allclose(rate, expected, rtol=1e-10)


@given(samples(log_scales=(-3, 3)))
def test_safe_rate_of_adam_knows_nothing_of_the_objective(problem):
    assert safe_rate(objective_of(problem), "adam", 0.9, 4) == 0.001


@pytest.mark.parametrize("solver", ["gd", "sgd"])
def test_safe_rate_is_positive_where_nothing_can_be_descended(solver):
    objective = make_objective(
        np.zeros((4, 2)), np.array([0, 1, 0, 1]), np.ones(4), 2, alpha=0.0, fit_intercept=False
    )
    assert safe_rate(objective, solver, 0.9, 2) == 1.0


@given(samples(), st.booleans())
@settings(max_examples=25)
def test_safe_rate_descends_at_every_step(problem, fit_intercept):
    objective = objective_of(problem, fit_intercept=fit_intercept)
    rate = safe_rate(objective, "gd", 0.0, None)
    start = np.random.default_rng(0).normal(size=objective.shape)
    solution = run(objective, "gd", start, learning_rate=rate, momentum=0.0, max_iter=50)
    assert (np.diff(solution.values) <= 1e-14 * solution.values[0]).all()


# Batches


@given(samples(), st.integers(1, 15), st.none() | seeds)
def test_each_sample_is_in_one_batch_of_a_pass(problem, batch_size, seed):
    objective = objective_of(problem)
    n_samples = len(problem.X)
    random_state = None if seed is None else np.random.RandomState(seed)
    batches = list(draw_batches(objective, batch_size, random_state))
    sizes = [len(batch.samples.X) for batch in batches]
    assert sizes[:-1] == [batch_size] * (len(sizes) - 1)
    assert sum(sizes) == n_samples
    assert 0 < sizes[-1] <= batch_size
    rows = np.concatenate(
        [
            np.column_stack([batch.samples.X, batch.samples.targets, batch.samples.weights])
            for batch in batches
        ]
    )
    expected = np.column_stack([problem.X, problem.labels, objective.samples.weights])
    if seed is None:
        assert_array_equal(rows, expected)
    else:
        order = np.random.RandomState(seed).permutation(n_samples)
        assert_array_equal(rows, expected[order])
        assert sorted(map(tuple, rows)) == sorted(map(tuple, expected))


@given(samples(), st.integers(1, 15), seeds)
def test_gradients_of_a_pass_have_the_mean_of_the_whole(problem, batch_size, seed):
    objective = objective_of(problem)
    params = np.random.default_rng(seed).normal(size=objective.shape)
    value, gradient = objective(params)
    mean_value, mean_gradient = 0.0, np.zeros(objective.shape)
    for batch in draw_batches(objective, batch_size, np.random.RandomState(seed)):
        share = len(batch.samples.X) / len(problem.X)
        part = batch(params)
        mean_value += share * part[0]
        mean_gradient += share * part[1]
    assert_allclose(mean_value, value, rtol=1e-12)
    assert_allclose(mean_gradient, gradient, rtol=1e-9, atol=1e-13)


def test_each_pass_draws_other_batches_and_a_seed_the_same():
    objective = random_problem()

    def two_passes():
        random_state = np.random.RandomState(5)
        return [
            np.concatenate([batch.samples.X for batch in draw_batches(objective, 7, random_state)])
            for _ in range(2)
        ]

    first, second = two_passes()
    assert not np.array_equal(first, second)
    assert_array_equal(two_passes(), [first, second])
