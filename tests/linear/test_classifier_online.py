"""SoftmaxClassifier where a fit is watched, scheduled, or goes on from an earlier one."""

import functools
import pickle
import re
import warnings

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skxent import SoftmaxClassifier
from skxent._fitting._holdout import draw_held_out
from skxent.optimizers import step_decay
from tests.linear import oracles

seeds = st.integers(0, 2**32 - 1)
both = pytest.mark.parametrize("n_classes", [2, 3])
every_solver = pytest.mark.parametrize("solver", ["gd", "sgd", "adam", "lbfgs", "newton-cg"])
may_end_early = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def random_problem(n_classes, *, n_samples=60, n_features=4, seed=0):
    """Samples of overlapping classes, with weights."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n_samples) % n_classes
    X = rng.normal(size=(n_samples, n_features)) + rng.normal(size=(n_classes, n_features))[labels]
    return X, labels, rng.uniform(0.2, 3.0, n_samples)


def overfitting_problem(n_classes):
    """Few samples of many features, and others: without a penalty, their loss comes to rise."""
    rng = np.random.default_rng(1)
    labels = np.arange(90) % n_classes
    X = rng.normal(size=(90, 12)) + rng.normal(size=(n_classes, 12))[labels]
    weights = rng.uniform(0.2, 3.0, 90)
    train, val = slice(0, 30), slice(30, 90)
    return (X[train], labels[train], weights[train]), (X[val], labels[val], weights[val])


def all_params(classifier):
    return np.column_stack([classifier.coef_, classifier.intercept_])


class Recorder:
    """A callback that keeps the parameters of each iteration."""

    def __init__(self):
        self.params = []

    def setup(self, estimator, context):
        self.params.clear()

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        if fitted_estimator is not None:
            self.params.append(all_params(fitted_estimator))


# The loops that the solvers are checked against


def slopes_of_batch(params, X, y, weights, total, *, n_classes, alpha=0.0, **terms):
    """Gradient of sum_i w_i CE_i / total + alpha / 2 ||W||^2, without an intercept's penalty."""
    slopes = oracles.linear_gradient(
        params, X, y, n_classes=n_classes, sample_weight=weights, **terms
    )
    slopes = slopes * np.sum(weights) / total
    slopes[:, : X.shape[1]] += alpha * params[:, : X.shape[1]]
    return slopes


def momentum_rule(momentum):
    """Nesterov's: the velocity is the state."""

    def step(slopes, velocity, rate):
        velocity = momentum * (0.0 if velocity is None else velocity) - rate * slopes
        return momentum * velocity - rate * slopes, velocity

    return step


def adam_rule(slopes, state, rate):
    t, mean, square = (0, 0.0, 0.0) if state is None else state
    t, mean, square = t + 1, 0.9 * mean + 0.1 * slopes, 0.999 * square + 0.001 * slopes**2
    corrected = np.sqrt(square / (1 - 0.999**t)) + 1e-8
    return -rate * mean / (1 - 0.9**t) / corrected, (t, mean, square)


def loop_of_epochs(X, y, weights, n_classes, rate_of, n_epochs, **terms):
    """Textbook gradient descent from zero: parameters after each epoch."""
    params = [np.zeros((1 if n_classes == 2 else n_classes, X.shape[1] + 1))]
    for epoch in range(n_epochs):
        slopes = slopes_of_batch(
            params[-1], X, y, weights, np.sum(weights), n_classes=n_classes, **terms
        )
        params.append(params[-1] - rate_of(epoch) * slopes)
    return params


# Validation


@may_end_early
@every_solver
@both
def test_validation_curves_are_those_of_each_iteration(solver, n_classes):
    (X, y, weights), (X_val, y_val, weights_val) = overfitting_problem(n_classes)
    class_weight = {0: 0.5, 1: 2.0, 2: 1.5} if n_classes == 3 else {0: 0.5, 1: 2.0}
    recorder = Recorder()
    classifier = SoftmaxClassifier(
        solver=solver,
        class_weight=class_weight,
        label_smoothing=0.1,
        alpha=0.1,
        batch_size=8,
        max_iter=12,
        random_state=0,
    ).set_callbacks(recorder)
    classifier.fit(X, y, weights, X_val, y_val, weights_val)
    iterates = [np.zeros_like(recorder.params[0]), *recorder.params]
    assert len(iterates) == classifier.n_iter_ + 1
    # Without the penalty: it says nothing about new samples.
    losses = [
        oracles.linear_objective(
            params.tolist(),
            X_val,
            y_val,
            n_classes=n_classes,
            sample_weight=weights_val,
            class_weight=class_weight,
            label_smoothing=0.1,
        )
        for params in iterates
    ]
    assert_allclose(classifier.validation_loss_curve_, np.real(losses), rtol=1e-12)
    effective = weights_val * [class_weight[label] for label in y_val.tolist()]
    scores = []
    for params in iterates:
        logits = X_val @ params[:, :-1].T + params[:, -1]
        logits = np.column_stack([0 * logits, logits]) if n_classes == 2 else logits
        scores.append(np.average(logits.argmax(axis=1) == y_val, weights=effective))
    assert_allclose(classifier.validation_score_curve_, scores, rtol=1e-12)


@may_end_early
@every_solver
def test_validation_samples_are_not_trained_on(solver):
    (X, y, weights), (X_val, y_val, _) = overfitting_problem(3)
    classifier = SoftmaxClassifier(solver=solver, max_iter=20, random_state=0)
    alone = clone(classifier).fit(X, y, weights)
    watched = clone(classifier).fit(X, y, weights, X_val=X_val, y_val=y_val)
    assert_array_equal(watched.coef_, alone.coef_)
    assert_array_equal(watched.loss_curve_, alone.loss_curve_)
    assert len(watched.validation_loss_curve_) == watched.n_iter_ + 1
    assert not hasattr(alone, "validation_loss_curve_")
    watched.fit(X, y)
    assert not hasattr(watched, "validation_loss_curve_")
    assert not hasattr(watched, "validation_score_curve_")


@may_end_early
def test_kind_of_the_validation_targets_and_samples_does_not_matter():
    (X, y, _), (X_val, y_val, weights_val) = overfitting_problem(3)
    classifier = SoftmaxClassifier(solver="gd", max_iter=10)
    plain = clone(classifier).fit(X, y, None, X_val, y_val, weights_val)
    soft = clone(classifier).fit(X, y, None, X_val, np.eye(3)[y_val], weights_val)
    sparse = clone(classifier).fit(X, y, None, scipy.sparse.csr_array(X_val), y_val, weights_val)
    for other in (soft, sparse):
        assert_allclose(other.validation_loss_curve_, plain.validation_loss_curve_, rtol=1e-12)
        assert_allclose(other.validation_score_curve_, plain.validation_score_curve_, rtol=1e-12)


def test_classes_may_lack_among_the_validation_labels_but_not_among_the_training_ones():
    X, y, _ = random_problem(3)
    names = np.array(["a", "b", "c"])[y]
    fitted = SoftmaxClassifier().fit(X, names, X_val=X[y < 2], y_val=names[y < 2])
    assert np.isfinite(fitted.validation_loss_curve_).all()
    with pytest.raises(ValueError, match=r"y_val has labels .* not among the classes: \['c'\]"):
        SoftmaxClassifier().fit(X[y < 2], names[y < 2], X_val=X, y_val=names)


@pytest.mark.parametrize(
    ("validation", "message"),
    [
        ({"X_val": np.eye(3)}, "X_val and y_val must be given together"),
        ({"y_val": [0, 1, 1]}, "X_val and y_val must be given together"),
        ({"sample_weight_val": np.ones(3)}, "sample_weight_val needs X_val and y_val"),
        ({"X_val": np.eye(3), "y_val": [0, 1]}, "inconsistent numbers of samples"),
        ({"X_val": np.ones((3, 2)), "y_val": [0, 1, 1]}, "X has 2 features, but .* expecting 3"),
        ({"X_val": np.eye(3), "y_val": np.eye(3)}, "y_val must have a column for each of 2"),
        ({"X_val": np.eye(3), "y_val": np.ones((3, 2))}, "y_val of shape .* distribution"),
        ({"X_val": np.full((3, 3), np.nan), "y_val": [0, 1, 1]}, "contains NaN"),
        (
            {"X_val": np.eye(3), "y_val": [0, 1, 1], "sample_weight_val": [1.0, -1.0, 1.0]},
            "[Nn]egative values",
        ),
        (
            {"X_val": np.eye(3), "y_val": [0, 1, 1], "sample_weight_val": np.zeros(3)},
            "Sample weights must contain at least one non-zero number",
        ),
    ],
)
def test_bad_validation_samples_are_refused(validation, message):
    with pytest.raises(ValueError, match=message):
        SoftmaxClassifier().fit(np.eye(3), [0, 1, 1], **validation)


# Early stopping


def epochs_until_stale(losses, tol, patience):
    """After how many epochs the loss has not fallen below the best by more than tol."""
    best, stale = losses[0], 0
    for epoch, loss in enumerate(losses[1:], start=1):
        stale = 0 if loss < best - tol else stale + 1
        best = min(best, loss)
        if stale == patience:
            return epoch
    return None


STOPPED = {
    "gd": {"solver": "gd"},
    "l1": {"l1_ratio": 0.5},
    "sgd": {"solver": "sgd", "learning_rate": 0.1},
    "adam": {"solver": "adam", "learning_rate": 0.1},
    "lbfgs": {"solver": "lbfgs"},
    "newton-cg": {"solver": "newton-cg"},
}


def stopped_early(**settings):
    """A classifier without much of a penalty, which three epochs in vain end."""
    return SoftmaxClassifier(
        **settings,
        alpha=1e-6,
        tol=1e-6,
        early_stopping=True,
        n_iter_no_change=3,
        batch_size=8,
        random_state=0,
    )


@pytest.mark.parametrize("settings", STOPPED.values(), ids=STOPPED)
@both
def test_early_stopping_restores_the_best_weights(settings, n_classes):
    (X, y, weights), validation = overfitting_problem(n_classes)
    classifier = stopped_early(**settings).fit(X, y, weights, *validation)
    curve = classifier.validation_loss_curve_
    best = curve.argmin()
    assert classifier.converged_
    assert 0 < best < len(curve) - 1, "the loss rises"
    assert classifier.n_iter_ == epochs_until_stale(curve, 1e-6, 3) == len(curve) - 1
    loss = oracles.exact_linear_objective(
        all_params(classifier),
        validation[0],
        validation[1],
        n_classes=n_classes,
        sample_weight=validation[2],
    )
    assert_allclose(loss, curve[best], rtol=1e-12)
    if "l1_ratio" not in settings:
        slopes = oracles.linear_gradient(
            all_params(classifier), X, y, n_classes=n_classes, sample_weight=weights, alpha=1e-6
        )
        assert_allclose(classifier.gradient_norm_, np.abs(slopes).max(), rtol=1e-9)


@every_solver
def test_weights_of_the_validation_samples_count(solver):
    (X, y, weights), (X_val, y_val, weights_val) = overfitting_problem(3)
    weights_val[::3] = 0.0
    kept = weights_val > 0.0
    classifier = SoftmaxClassifier(
        solver=solver, alpha=1e-6, early_stopping=True, n_iter_no_change=2, random_state=0
    ).set_params(**({"learning_rate": 0.1} if solver in ("gd", "sgd", "adam") else {}))
    weighted = clone(classifier).fit(X, y, weights, X_val, y_val, weights_val)
    removed = clone(classifier).fit(X, y, weights, X_val[kept], y_val[kept], weights_val[kept])
    alike = clone(classifier).fit(X, y, weights, X_val[kept], y_val[kept])
    assert_allclose(weighted.validation_loss_curve_, removed.validation_loss_curve_, rtol=1e-12)
    assert_array_equal(weighted.coef_, removed.coef_)
    assert not np.allclose(alike.validation_loss_curve_[1:3], weighted.validation_loss_curve_[1:3])


@pytest.mark.parametrize("class_weight", [None, "balanced"])
@every_solver
@may_end_early
def test_early_stopping_sets_samples_of_each_class_aside(solver, class_weight):
    X, y, weights = random_problem(3, n_samples=200, n_features=20)
    classifier = SoftmaxClassifier(
        solver=solver,
        alpha=1e-6,
        early_stopping=True,
        validation_fraction=0.2,
        class_weight=class_weight,
        max_iter=30,
        shuffle=False,
        random_state=3,
    )
    fitted = clone(classifier).fit(X, y, weights)
    kept, aside = draw_held_out(y, weights, 0.2, np.random.RandomState(3))
    validation = X[aside], y[aside], weights[aside]
    given_apart = clone(classifier).fit(X[kept], y[kept], weights[kept], *validation)
    assert_array_equal(fitted.coef_, given_apart.coef_)
    assert_array_equal(fitted.validation_loss_curve_, given_apart.validation_loss_curve_)


@given(
    labels=st.lists(st.integers(0, 3), min_size=6, max_size=60),
    fraction=st.floats(0.01, 0.6),
    seed=seeds,
    is_soft=st.booleans(),
)
def test_samples_set_aside_are_a_share_of_each_class(labels, fraction, seed, is_soft):
    rng = np.random.default_rng(seed)
    # Two classes with enough samples, so that there is something to set aside.
    labels = np.array([*labels, *[0, 1] * 8])
    weights = rng.choice([0.0, 0.5, 2.0], len(labels), p=[0.2, 0.4, 0.4])
    weights[-16:] = 1.0
    targets = 0.6 * np.eye(4)[labels] + 0.1 if is_soft else labels
    kept, aside = draw_held_out(targets, weights, fraction, np.random.RandomState(seed))
    assert_array_equal(np.sort(np.concatenate([kept, aside])), np.arange(len(labels)))
    assert (weights[aside] > 0.0).all()
    usable = np.bincount(labels[weights > 0.0], minlength=4)
    taken = np.bincount(labels[aside], minlength=4)
    assert (taken[usable < 2] == 0).all()
    assert (taken[usable >= 2] >= 1).all()
    assert (taken[usable >= 2] < usable[usable >= 2]).all()
    # Shares of four classes are whole samples, at least one of each.
    assert (np.abs(taken - fraction * usable)[usable >= 2] <= 4).all()


def test_too_few_samples_to_validate_on_are_refused():
    classifier = SoftmaxClassifier(early_stopping=True)
    message = r"early_stopping can't set .* aside .*validation_fraction=0.1\).* give fit an X_val"
    with pytest.raises(ValueError, match=message):
        classifier.fit(np.eye(3), [0, 1, 2])
    with pytest.raises(ValueError, match=message):
        classifier.fit(np.eye(4), [0, 1, 0, 1], [1.0, 1.0, 0.0, 0.0])


# Schedules


SCHEDULES = {
    "constant": ("constant", lambda epoch: 1.0),
    "inverse_scaling": ("inverse_scaling", lambda epoch: 1.0 / np.sqrt(1.0 + epoch)),
    "step": ("step", lambda epoch: 0.1 if epoch >= 30 else 1.0),
    "cosine": ("cosine", lambda epoch: np.cos(np.pi * epoch / 34 / 2) ** 2),
    "callable": (lambda epoch: 0.9**epoch, lambda epoch: 0.9**epoch),
    "partial": (
        functools.partial(step_decay, every=4, rate=0.5),
        lambda epoch: 0.5 ** (epoch // 4),
    ),
}


@may_end_early
@pytest.mark.parametrize(("schedule", "factor_of"), SCHEDULES.values(), ids=SCHEDULES)
@both
def test_schedules_follow_their_formula(schedule, factor_of, n_classes):
    X, y, weights = random_problem(n_classes, n_samples=10, n_features=2)
    terms = {"alpha": 0.3, "label_smoothing": 0.1}
    expected = loop_of_epochs(
        X, y, weights, n_classes, lambda epoch: 0.2 * factor_of(epoch), 34, **terms
    )
    fitted = SoftmaxClassifier(
        learning_rate=0.2, schedule=schedule, momentum=0.0, max_iter=34, tol=0.0, **terms
    ).fit(X, y, weights)
    assert_allclose(all_params(fitted), expected[-1], rtol=1e-11)
    assert fitted.learning_rate_ == 0.2


@both
def test_adaptive_schedule_lowers_the_rate_and_ends(n_classes):
    X, y, weights = random_problem(n_classes, n_samples=10, n_features=2)
    terms = {"n_classes": n_classes, "alpha": 0.3}
    tol, patience, factor = 1e-2, 2, 1.0
    params = np.zeros((1 if n_classes == 2 else n_classes, 3))
    curve, best, stale = [], np.inf, 0
    while True:
        loss = oracles.exact_linear_objective(params, X, y, sample_weight=weights, **terms)
        curve.append(loss)
        stale = 0 if loss < best - tol else stale + 1
        best = min(best, loss)
        if stale == patience:
            stale, factor = 0, factor / 5
        if factor < 1e-4:
            break
        params = params - 0.5 * factor * slopes_of_batch(
            params, X, y, weights, weights.sum(), **terms
        )
    fitted = SoftmaxClassifier(
        learning_rate=0.5,
        schedule="adaptive",
        momentum=0.0,
        n_iter_no_change=patience,
        tol=tol,
        alpha=0.3,
    ).fit(X, y, weights)
    assert fitted.gradient_norm_ > tol, "what ended the fit is the schedule"
    assert fitted.converged_
    assert_allclose(fitted.loss_curve_, curve, rtol=1e-12)
    assert_allclose(all_params(fitted), params, rtol=1e-10)


@may_end_early
def test_adaptive_schedule_watches_the_validation_samples():
    (X, y, _), (X_val, y_val, _) = overfitting_problem(3)
    settings = {"learning_rate": 0.1, "schedule": "adaptive", "alpha": 1e-6, "max_iter": 500}
    classifier = SoftmaxClassifier(**settings, tol=1e-4, n_iter_no_change=2)
    trained = clone(classifier).fit(X, y)
    watched = clone(classifier).fit(X, y, X_val=X_val, y_val=y_val)
    assert watched.converged_
    # There the loss stops falling first.
    assert watched.n_iter_ < trained.n_iter_


# partial_fit


def make_batches(n_classes, n_batches=3, n_samples=12):
    X, y, weights = random_problem(n_classes, n_samples=n_batches * n_samples, n_features=2)
    order = np.random.default_rng(0).permutation(len(y))
    return [(X[rows], y[rows], weights[rows]) for rows in np.array_split(order, n_batches)]


RULES = {
    "gd": ({"solver": "gd", "momentum": 0.0}, momentum_rule(0.0)),
    "gd with momentum": ({"solver": "gd"}, momentum_rule(0.9)),
    "sgd": ({"solver": "sgd", "momentum": 0.0}, momentum_rule(0.0)),
    "sgd with momentum": ({"solver": "sgd"}, momentum_rule(0.9)),
    "adam": ({"solver": "adam"}, adam_rule),
}


@pytest.mark.parametrize(("settings", "rule"), RULES.values(), ids=RULES)
@pytest.mark.parametrize("schedule", ["constant", "inverse_scaling"])
@both
def test_partial_fit_is_the_plain_loop(settings, rule, schedule, n_classes):
    terms = {"alpha": 0.3, "label_smoothing": 0.1}
    params, state = np.zeros((1 if n_classes == 2 else n_classes, 3)), None
    weight, count, curve = 0.0, 0, []
    classifier = SoftmaxClassifier(
        **settings, **terms, learning_rate=0.2, schedule=schedule, batch_size=5
    )
    for call, (X, y, weights) in enumerate(make_batches(n_classes)):
        classifier.partial_fit(X, y, classes=range(n_classes), sample_weight=weights)
        # Weights count by their mean so far.
        weight, count = weight + weights.sum(), count + len(y)
        rate = 0.2 * ((1.0 + call) ** -0.5 if schedule == "inverse_scaling" else 1.0)
        size = len(y) if settings["solver"] == "gd" else 5
        values = []
        for first in range(0, len(y), size):
            rows = slice(first, first + size)
            total = weight / count * len(y[rows])
            share = weights[rows].sum() / total
            loss = oracles.exact_linear_objective(
                params,
                X[rows],
                y[rows],
                n_classes=n_classes,
                sample_weight=weights[rows],
                label_smoothing=0.1,
            )
            values.append(share * loss + 0.15 * np.sum(params[:, :-1] ** 2))
            slopes = slopes_of_batch(
                params, X[rows], y[rows], weights[rows], total, n_classes=n_classes, **terms
            )
            step, state = rule(slopes, state, rate)
            params = params + step
        curve.append(np.mean(values))
        assert_allclose(all_params(classifier), params, rtol=1e-10)
        assert_allclose(classifier.loss_curve_, curve, rtol=1e-11)
        assert classifier.n_iter_ == call + 1


def test_partial_fit_balances_the_classes_by_all_samples_so_far():
    classifier = SoftmaxClassifier(
        learning_rate=0.2, momentum=0.0, class_weight="balanced", alpha=0.3, batch_size=100
    )
    batches = make_batches(3)
    first = batches[0][1] != 2  # the first call sees two of the classes
    batches[0] = tuple(part[first] for part in batches[0])
    params, sums, count = np.zeros((3, 3)), np.zeros(3), 0
    for X, y, weights in batches:
        classifier.partial_fit(X, y, classes=[0, 1, 2], sample_weight=weights)
        for label, weight in zip(y, weights, strict=True):
            sums[label] += weight
            count += 1
        of_classes = [sum(sums) / (np.sum(sums > 0.0) * s) if s else 1.0 for s in sums]
        balanced = weights * [of_classes[label] for label in y]
        # Balanced weights keep the sum of all weights.
        total = sums.sum() / count * len(y)
        slopes = slopes_of_batch(params, X, y, balanced, total, n_classes=3, alpha=0.3)
        params = params - 0.2 * slopes
        assert_allclose(all_params(classifier), params, rtol=1e-10)


def test_partial_fit_takes_soft_targets_and_sparse_samples():
    (X, y, weights), (X_next, y_next, weights_next), _ = make_batches(3)
    classifier = SoftmaxClassifier(solver="sgd", alpha=0.3)
    plain = clone(classifier).partial_fit(X, y, [0, 1, 2], weights)
    plain.partial_fit(X_next, y_next, sample_weight=weights_next)
    other = clone(classifier).partial_fit(scipy.sparse.csr_array(X), y, [0, 1, 2], weights)
    other.partial_fit(X_next, np.eye(3)[y_next], sample_weight=weights_next)
    assert_allclose(other.coef_, plain.coef_, rtol=1e-10)


@pytest.mark.parametrize(("settings", "solver"), [({}, "adam"), ({"learning_rate": 0.1}, "sgd")])
def test_default_solver_of_partial_fit_follows_from_the_learning_rate(settings, solver):
    X, y, _ = random_problem(3)
    classifier = SoftmaxClassifier(**settings).partial_fit(X, y, [0, 1, 2])
    assert classifier.solver_ == solver


def test_order_of_the_classes_is_kept_and_does_not_matter():
    X, y, _ = random_problem(3)
    names = np.array(["a", "b", "c"])
    classifier = SoftmaxClassifier(learning_rate=0.1)
    in_order = clone(classifier).partial_fit(X, names[y], classes=names)
    turned = clone(classifier).partial_fit(X, names[y], classes=["c", "a", "b"])
    assert_array_equal(turned.classes_, ["c", "a", "b"])
    assert_allclose(turned.coef_[[1, 2, 0]], in_order.coef_, rtol=1e-12)
    assert_allclose(turned.predict_proba(X)[:, [1, 2, 0]], in_order.predict_proba(X), rtol=1e-12)
    assert_array_equal(turned.predict(X), in_order.predict(X))
    # Later the order is no longer asked for.
    turned.partial_fit(X, names[y], classes=names)
    assert_array_equal(turned.classes_, ["c", "a", "b"])


def test_batches_may_lack_classes():
    X, y, _ = random_problem(4, n_samples=80)
    classifier = SoftmaxClassifier(learning_rate=0.3, batch_size=10)
    for _ in range(30):
        for pair in ([0, 1], [2, 3], [1], [0, 2, 3]):
            rows = np.isin(y, pair)
            classifier.partial_fit(X[rows], y[rows], classes=[0, 1, 2, 3])
    exact = SoftmaxClassifier().fit(X, y)
    assert set(classifier.predict(X)) == {0, 1, 2, 3}
    assert classifier.score(X, y) > exact.score(X, y) - 0.2


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (None, "the first call of partial_fit needs classes"),
        ([0], r"classes must be two or more different labels, got \[0\]"),
        ([0, 1, 1], r"two or more different labels, got \[0, 1, 1\]"),
        ([0, 1], r"y has labels that are not among the classes: \[2\]"),
        ([0, 1, 3], r"y has labels that are not among the classes: \[2\]"),
    ],
)
def test_bad_first_calls_of_partial_fit_are_refused(classes, message):
    X, y, _ = random_problem(3)
    classifier = SoftmaxClassifier(solver="sgd")
    with pytest.raises(ValueError, match=message):
        classifier.partial_fit(X, y, classes=classes)
    assert not hasattr(classifier, "classes_")
    classifier.partial_fit(X, y, classes=[0, 1, 2])


def test_bad_later_calls_of_partial_fit_are_refused_and_leave_no_trace():
    X, y, weights = random_problem(3)
    classifier = SoftmaxClassifier(solver="sgd", class_weight="balanced", alpha=0.1)
    classifier.partial_fit(X, y, [0, 1, 2], weights)
    untouched = pickle.loads(pickle.dumps(classifier))
    for arguments, message in [
        ((X, y, [0, 1]), r"classes must be those of the first call, \[0, 1, 2\], got \[0, 1\]"),
        ((X, y, [0, 1, 3]), r"those of the first call, \[0, 1, 2\], got \[0, 1, 3\]"),
        ((X, y + 1), r"not among the classes: \[3\]"),
        ((X[:, :2], y), "X has 2 features, but SoftmaxClassifier is expecting 4"),
        ((X, np.ones((60, 4)) / 4), "y must have a column for each of 3 classes, got 4"),
        ((X, y, None, -weights), "[Nn]egative values"),
        ((X, y[1:]), "inconsistent numbers of samples"),
    ]:
        with pytest.raises(ValueError, match=message):
            classifier.partial_fit(*arguments)
    assert_array_equal(
        classifier.partial_fit(X, y, sample_weight=weights).coef_,
        untouched.partial_fit(X, y, sample_weight=weights).coef_,
    )


def test_calls_of_partial_fit_without_any_weight_are_refused():
    X, y, weights = random_problem(3)
    with pytest.raises(ValueError, match="must contain at least one non-zero number"):
        SoftmaxClassifier().partial_fit(X, y, [0, 1, 2], np.zeros(60))
    classifier = SoftmaxClassifier(class_weight={0: 0.0})
    with pytest.raises(ValueError, match="there must be a sample of positive weight"):
        classifier.partial_fit(X[y == 0], y[y == 0], [0, 1, 2])
    classifier.partial_fit(X, y, [0, 1, 2], weights)
    before = classifier.coef_
    # With others of a weight before, such samples say nothing but the penalty.
    classifier.partial_fit(X[y == 0], y[y == 0])
    assert np.isfinite(classifier.coef_).all()
    assert not np.array_equal(classifier.coef_, before)


@pytest.mark.parametrize(
    "settings",
    [
        {"solver": "lbfgs"},
        {"solver": "newton-cg"},
        {"early_stopping": True},
        {"schedule": "cosine"},
        {"schedule": "adaptive"},
        {"l1_ratio": 0.5},
    ],
    ids=str,
)
def test_partial_fit_is_there_where_it_makes_sense_alone(settings):
    classifier = SoftmaxClassifier(**settings)
    assert not hasattr(classifier, "partial_fit")
    name, value = next(iter(settings.items()))
    with pytest.raises(AttributeError) as caught:
        _ = classifier.partial_fit
    assert f"{name}={value!r} has no partial_fit" in str(caught.value.__cause__)
    for solver in ("auto", "gd", "sgd", "adam"):
        assert hasattr(SoftmaxClassifier(solver=solver), "partial_fit")


@both
def test_many_passes_of_partial_fit_converge_to_the_solution_of_fit(n_classes):
    X, y, weights = random_problem(n_classes)
    exact = SoftmaxClassifier(alpha=0.3, tol=1e-9).fit(X, y, weights)
    online = SoftmaxClassifier(
        solver="sgd", learning_rate=0.05, schedule="inverse_scaling", alpha=0.3, batch_size=20
    )
    for _ in range(600):
        online.partial_fit(X, y, range(n_classes), weights)
    # What the order of the batches adds is of the size of the last rate, which is 0.002.
    assert_allclose(online.predict_proba(X), exact.predict_proba(X), atol=0.005)
    whole = SoftmaxClassifier(solver="gd", alpha=0.3)
    for _ in range(300):
        whole.partial_fit(X, y, range(n_classes), weights)
    assert_allclose(whole.coef_, exact.coef_, atol=1e-7)


@pytest.mark.parametrize("learning_rate", [1e100, 1e154, 1e300, 1e308])
@pytest.mark.parametrize(
    "settings", [{"solver": "gd"}, {"solver": "sgd"}, {"solver": "adam"}], ids=str
)
def test_partial_fit_at_a_rate_that_diverges_keeps_finite_coefficients(settings, learning_rate):
    X, y, _ = random_problem(3)
    classifier = SoftmaxClassifier(**settings, learning_rate=learning_rate, alpha=1.0, batch_size=8)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        classifier.partial_fit(X, y, [0, 1, 2])
        while not caught and classifier.n_iter_ < 50:
            assert np.isfinite(all_params(classifier)).all()
            before = classifier.coef_
            classifier.partial_fit(X, y)
            if caught:
                assert_array_equal(classifier.coef_, before)
    assert np.isfinite(all_params(classifier)).all()
    # Adam's steps are of the rate's size, whatever the slope: 1e100 goes nowhere, but it is finite.
    if settings["solver"] == "adam" and learning_rate == 1e100:
        assert not caught
        return
    (warning,) = caught
    assert issubclass(warning.category, ConvergenceWarning)
    assert warning.filename == __file__
    # The objective is that of the last samples: the safe rate is theirs.
    message = rf"learning_rate={learning_rate:.3g} diverged; the coefficients are left as they were"
    rate = "usual" if settings["solver"] == "adam" else "largest safe"
    assert re.match(re.escape(message) + rf"; the {rate} learning rate is \d", str(warning.message))


def test_automatic_rate_of_partial_fit_is_safe_for_all_samples_so_far():
    X, y, _ = random_problem(3)
    classifier = SoftmaxClassifier(solver="sgd", batch_size=60)
    rates = []
    for scale in (1.0, 10.0, 0.1, 1.0):
        rates.append(classifier.partial_fit(scale * X, y, [0, 1, 2]).learning_rate_)
    assert rates[1] < rates[0]
    assert rates[1] == rates[2] == rates[3]


@pytest.mark.parametrize("solver", ["gd", "sgd", "adam"])
def test_pickled_classifier_goes_on_as_the_original(solver):
    batches = make_batches(3)
    classifier = SoftmaxClassifier(solver=solver, batch_size=5, class_weight="balanced")
    copied = clone(classifier)
    for X, y, weights in batches:
        classifier.partial_fit(X, y, [0, 1, 2], weights)
        copied = pickle.loads(pickle.dumps(copied)).partial_fit(X, y, [0, 1, 2], weights)
        assert_array_equal(copied.coef_, classifier.coef_)
        assert_array_equal(copied.loss_curve_, classifier.loss_curve_)


@may_end_early
def test_partial_fit_goes_on_from_fit_and_fit_starts_afresh():
    X, y, weights = random_problem(3)
    classifier = SoftmaxClassifier(solver="gd", alpha=0.05, max_iter=20, tol=0.0)
    whole = clone(classifier).set_params(max_iter=21).fit(X, y, weights)
    classifier.fit(X, y, weights)
    classifier.partial_fit(X, y, sample_weight=weights)
    # Of the same samples again, the mean weight is what it was.
    assert_allclose(classifier.coef_, whole.coef_, rtol=1e-10)
    assert classifier.n_iter_ == 21
    again = clone(classifier).fit(X, y, weights)
    assert_array_equal(classifier.fit(X, y, weights).coef_, again.coef_)


# warm_start


GOES_ON = {
    "plain": {"solver": "gd", "momentum": 0.0},
    "momentum": {"solver": "gd"},
    "much momentum": {"solver": "gd", "momentum": 0.99},
    "step": {"solver": "gd", "schedule": functools.partial(step_decay, every=7, rate=0.5)},
    "inverse_scaling": {"solver": "gd", "schedule": "inverse_scaling"},
    "adaptive": {"solver": "gd", "schedule": "adaptive", "tol": 1e-3, "n_iter_no_change": 2},
    "l1": {"l1_ratio": 0.5},
    "sgd": {"solver": "sgd"},
    "sgd in order": {"solver": "sgd", "shuffle": False},
    "adam": {"solver": "adam"},
}


@may_end_early
@pytest.mark.parametrize("settings", GOES_ON.values(), ids=GOES_ON)
def test_two_fits_with_a_warm_start_are_one(settings):
    X, y, weights = random_problem(3)
    classifier = SoftmaxClassifier(
        **{"alpha": 0.05, "tol": 0.0, "batch_size": 16, "random_state": 0} | settings
    )
    whole = clone(classifier).set_params(max_iter=30).fit(X, y, weights)
    assert whole.n_iter_ == 30
    for n in range(1, 30):
        parts = clone(classifier).set_params(max_iter=n, warm_start=True).fit(X, y, weights)
        first = parts.loss_curve_[:-1]
        parts.set_params(max_iter=30 - n).fit(X, y, weights)
        assert parts.n_iter_ == 30 - n
        curve = np.concatenate([first, parts.loss_curve_])
        # l1 leaves the momentum's look-ahead as it is, and reports what is exactly zero.
        assert_allclose(curve, whole.loss_curve_, rtol=1e-13, err_msg=f"after {n}")
        if whole.loss_curve_.argmin() >= n:
            assert_allclose(parts.coef_, whole.coef_, rtol=1e-10, atol=1e-15)


@may_end_early
@pytest.mark.parametrize("solver", ["gd", "sgd", "adam", "lbfgs", "newton-cg"])
def test_warm_start_with_early_stopping_validates_on_the_same_samples(solver):
    X, y, _ = random_problem(3)
    classifier = SoftmaxClassifier(
        solver=solver, early_stopping=True, warm_start=True, max_iter=5, tol=0.0, random_state=0
    ).fit(X, y)
    last = classifier.validation_loss_curve_[-1]
    best = classifier.validation_loss_curve_.min()
    classifier.fit(X, y)
    # Second-order solvers start from the best weights, others go on from the last ones.
    start = classifier.validation_loss_curve_[0]
    assert_allclose(start, best if solver in ("lbfgs", "newton-cg") else last, rtol=1e-12)


@pytest.mark.parametrize("settings", STOPPED.values(), ids=STOPPED)
def test_warm_start_after_an_early_stop_starts_from_what_it_kept(settings):
    (X, y, weights), validation = overfitting_problem(3)
    classifier = stopped_early(**settings, warm_start=True).fit(X, y, weights, *validation)
    best = classifier.validation_loss_curve_.min()
    classifier.fit(X, y, weights, *validation)
    assert_allclose(classifier.validation_loss_curve_[0], best, rtol=1e-12)
    assert classifier.n_iter_ >= 3
    assert classifier.validation_loss_curve_.min() <= best * (1 + 1e-12)


def test_partial_fit_removes_what_was_true_of_the_fit():
    (X, y, weights), validation = overfitting_problem(3)
    classifier = SoftmaxClassifier(solver="sgd", learning_rate=0.1, tol=0.5)
    classifier.fit(X, y, weights, *validation)
    of_fit = ("converged_", "gradient_norm_", "validation_loss_curve_", "validation_score_curve_")
    assert all(hasattr(classifier, name) for name in of_fit)
    classifier.partial_fit(X, y)
    assert not any(hasattr(classifier, name) for name in of_fit)
    classifier.fit(X, y, weights, *validation)
    assert all(hasattr(classifier, name) for name in of_fit)
    assert len(clone(classifier).partial_fit(X, y, [0, 1, 2]).loss_curve_) == 1


def test_warm_start_does_not_take_an_intercept_for_the_coefficient_of_a_new_feature():
    X, y, _ = random_problem(3)
    classifier = SoftmaxClassifier(solver="gd", tol=0.1, warm_start=True).fit(X, y)
    classifier.set_params(fit_intercept=False)
    with pytest.raises(ValueError, match="needs the 4 features of the earlier fit, got 5"):
        classifier.fit(np.column_stack([X, X[:, 0]]), y)


def test_targets_to_validate_on_are_called_by_their_name():
    X, y, _ = random_problem(3)
    y_val = np.where(np.arange(len(y)) == 1, np.nan, y)
    with pytest.raises(ValueError, match="y_val contains NaN"):
        SoftmaxClassifier().fit(X, y, X_val=X, y_val=y_val)


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cg"])
@both
def test_warm_start_near_the_minimum_takes_few_iterations(solver, n_classes):
    X, y, weights = random_problem(n_classes)
    classifier = SoftmaxClassifier(solver=solver, alpha=0.01, tol=1e-8, warm_start=True)
    cold = classifier.fit(X, y, weights).n_iter_
    assert classifier.fit(X, y, weights).n_iter_ == 0
    assert classifier.set_params(alpha=0.0101).fit(X, y, weights).n_iter_ < cold
    fresh = clone(classifier).fit(X, y, weights)
    assert_allclose(classifier.coef_, fresh.coef_, atol=1e-5)


def test_fit_without_a_warm_start_forgets():
    X, y, weights = random_problem(3)
    classifier = SoftmaxClassifier(solver="gd", alpha=0.05).fit(X, y, weights)
    curve = classifier.loss_curve_
    assert_array_equal(classifier.fit(X, y, weights).loss_curve_, curve)


def test_warm_start_with_another_solver_starts_from_the_coefficients():
    X, y, weights = random_problem(3)
    classifier = SoftmaxClassifier(alpha=0.05, tol=1e-6, warm_start=True).fit(X, y, weights)
    for solver in ("gd", "lbfgs", "sgd", "newton-cg", "adam"):
        classifier.set_params(solver=solver).fit(X, y, weights)
        assert (classifier.n_iter_, classifier.solver_) == (0, solver)


@pytest.mark.parametrize("solver", ["gd", "lbfgs"])
def test_warm_start_with_an_intercept_more_or_less_starts_from_the_coefficients(solver):
    X, y, weights = random_problem(3)
    classifier = SoftmaxClassifier(solver=solver, alpha=0.05, warm_start=True)
    classifier.fit(X, y, weights)
    for fit_intercept in (False, True):
        loss = oracles.exact_linear_objective(
            classifier.coef_ if not fit_intercept else all_params(classifier),
            X,
            y,
            n_classes=3,
            alpha=0.05,
            sample_weight=weights,
            fit_intercept=fit_intercept,
        )
        classifier.set_params(fit_intercept=fit_intercept).fit(X, y, weights)
        assert_allclose(classifier.loss_curve_[0], loss, rtol=1e-12)


@pytest.mark.parametrize("solver", ["gd", "sgd", "lbfgs"])
def test_warm_start_with_other_classes_or_features_is_refused(solver):
    X, y, _ = random_problem(3)
    classifier = SoftmaxClassifier(
        solver=solver, warm_start=True, alpha=1.0, random_state=0, tol=0.1
    )
    classifier.fit(X, y)
    coef = classifier.coef_
    for labels in (y + 1, np.minimum(y, 1), np.arange(60) % 4):
        with pytest.raises(ValueError, match=r"warm_start needs the classes .*\[0, 1, 2\], got"):
            classifier.fit(X, labels)
    with pytest.raises(ValueError, match=r"warm_start needs the 4 features .*, got 3"):
        classifier.fit(X[:, :3], y)
    with pytest.raises(ValueError, match=r"warm_start needs the 4 features .*, got 5"):
        classifier.fit(np.column_stack([X, X[:, :1]]), y)
    assert classifier.coef_ is coef


def test_first_fit_with_a_warm_start_is_a_plain_one():
    X, y, _ = random_problem(3)
    classifier = SoftmaxClassifier(solver="gd", alpha=0.05)
    warm = clone(classifier).set_params(warm_start=True).fit(X, y)
    assert_array_equal(warm.coef_, classifier.fit(X, y).coef_)
