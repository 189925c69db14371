from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skxent import SoftmaxClassifier
from skxent._fitting._continuation import Continuation
from skxent._fitting._monitor import Monitor
from skxent.linear._curvature import safe_rate
from skxent.linear._solve import Solver, choose_second_order, name_partial_solver, name_solver
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


def run(
    objective,
    name,
    start=None,
    *,
    monitor=None,
    random_state=None,
    state=None,
    n_epochs=0,
    **settings,
):
    solver = Solver(name, **{"max_iter": 3000, "tol": 1e-9, "batch_size": 8} | settings)
    params = np.zeros(objective.shape) if start is None else start
    begin = Continuation(name, random_state, params, rule=state, n_epochs=n_epochs)
    return solver.minimise(objective, begin, solver.rate(objective), monitor or patient())


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
    for batch in [*objective.batches(8)] * 3:
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


# Batches


@pytest.mark.parametrize(
    ("solver", "learning_rate", "schedule", "l1_ratio", "expected"),
    [
        ("auto", "auto", "constant", 0.0, None),
        ("auto", 0.1, "constant", 0.0, "gd"),
        ("auto", "auto", "cosine", 0.0, "gd"),
        ("auto", "auto", "constant", 0.5, "gd"),
        ("lbfgs", "auto", "constant", 0.0, "lbfgs"),
        ("adam", 0.1, "step", 0.0, "adam"),
        ("gd", 0.1, "step", 0.5, "gd"),
    ],
)
def test_names_of_solvers(solver, learning_rate, schedule, l1_ratio, expected):
    assert name_solver(solver, learning_rate, schedule, l1_ratio) == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("lbfgs", 0.1, "constant", 0.0), "learning_rate=0.1 means nothing to solver='lbfgs'"),
        (("newton-cg", "auto", "step", 0.0), "schedule='step' means nothing to solver='newton-cg'"),
        (("sgd", "auto", "constant", 0.5), "l1_ratio=0.5 needs solver='gd', got 'sgd'"),
        (("lbfgs", "auto", "constant", 0.5), "l1_ratio=0.5 needs solver='gd', got 'lbfgs'"),
    ],
)
def test_settings_that_a_solver_lacks_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        name_solver(*arguments)


def test_names_of_solvers_of_partial_fit():
    assert name_partial_solver("auto", "auto") == "adam"
    assert name_partial_solver("auto", 0.1) == "sgd"
    assert name_partial_solver("gd", "auto") == "gd"


@every_solver
def test_solver_has_the_settings_of_the_classifier(solver):
    classifier = SoftmaxClassifier(
        learning_rate=0.3,
        schedule="step",
        momentum=0.5,
        batch_size=7,
        alpha=0.5,
        l1_ratio=0.25,
        max_iter=11,
        tol=0.125,
        shuffle=False,
    )
    expected = Solver(solver, 0.3, "step", 0.5, 7, 0.125, 11, 0.125, False)
    assert Solver.of(solver, classifier, None) == expected
    objective = random_problem()
    assert Solver.of(None, classifier, objective).name == choose_second_order(objective)
    rate = expected.rate(objective)
    assert rate == (None if solver in ("lbfgs", "newton-cg") else 0.3)


@pytest.mark.parametrize("solver", ["gd", "sgd", "adam"])
def test_automatic_rate_is_the_safe_one(solver):
    objective = random_problem()
    rate = Solver(solver, momentum=0.5, batch_size=7).rate(objective)
    assert rate == safe_rate(objective, solver, 0.5, 7)


# One epoch


@pytest.mark.parametrize("solver", ["gd", "sgd", "adam"])
def test_epochs_pass_over_the_samples_in_order_and_carry_the_state(solver):
    objective = random_problem()
    settings = Solver(solver, schedule="inverse_scaling", batch_size=10, momentum=0.5)
    state = Continuation(solver, None, np.zeros(objective.shape))
    rule = make_rule(solver, 0.5)
    params, rule_state = np.zeros(objective.shape), rule.init(np.zeros(objective.shape))
    for epoch in range(3):
        state, loss, diverged = settings.run_epoch(objective, state, 0.1)
        losses = []
        for first in range(0, 24, 24 if solver == "gd" else 10):
            rows = slice(first, first + (24 if solver == "gd" else 10))
            value, gradient = objective.take(rows)(params)
            step, rule_state = rule.update(gradient, rule_state, 0.1 / np.sqrt(epoch + 1))
            params = params + step
            losses.append(value)
        assert not diverged
        assert_allclose(loss, np.mean(losses), rtol=1e-14)
        assert_allclose(state.params, params, rtol=1e-12)
        assert state.n_epochs == epoch + 1


def test_an_epoch_that_diverges_leaves_the_parameters_and_forgets_the_momentum():
    objective = random_problem()
    start = Continuation("sgd", None, np.ones(objective.shape), rule=np.ones(objective.shape))
    end, _, diverged = Solver("sgd", batch_size=1).run_epoch(objective, start, 1e300)
    assert diverged
    assert end.params is start.params
    assert end.rule is None
    assert end.n_epochs == 1


# The best parameters


@every_solver
def test_solution_is_at_the_best_parameters_of_the_monitor(solver):
    objective = random_problem()
    seen = []

    def validate(params):
        seen.append(params)
        return abs(len(seen) - 3.0), 0.0

    monitor = Monitor(tol=0.0, patience=2, validate=validate, early_stopping=True)
    start = Continuation(solver, None, np.zeros(objective.shape))
    rate = None if solver in ("lbfgs", "newton-cg") else 0.01
    solution = Solver(solver, tol=0.0).minimise(objective, start, rate, monitor)
    value, gradient = objective(seen[2])
    assert solution.params is seen[2]
    assert solution.value == value
    assert solution.gradient_norm == np.abs(gradient).max()
    assert (solution.n_iter, len(solution.values)) == (4, 5)
