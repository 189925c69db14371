"""SoftmaxClassifier with partial_fit, and where a fit continues an earlier one."""

import functools
import pickle
import re
import warnings

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skxent import SoftmaxClassifier
from skxent.optimizers import step_decay
from tests.linear import oracles
from tests.linear.problems import (
    STOPPED,
    all_params,
    both,
    may_end_early,
    overfitting_problem,
    random_problem,
    slopes_of_batch,
    stopped_early,
)


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
    for n in (1, 2, 3, 5, 10, 11, 16, 22, 29):
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
        params = classifier.coef_
        if fit_intercept:
            params = np.column_stack([params, classifier.intercept_])
        loss = oracles.exact_linear_objective(
            params,
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
