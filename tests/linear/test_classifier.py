import re
import tracemalloc
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from skxent import SoftmaxClassifier
from tests._fitting import strategies as fitting_strategies
from tests.linear import oracles
from tests.linear.problems import all_params, may_end_early, random_problem
from tests.losses.strategies import distributions_of, label_smoothings

seeds = st.integers(0, 2**32 - 1)
SOLVERS = {
    "lbfgs": SoftmaxClassifier(solver="lbfgs"),
    "newton-cg": SoftmaxClassifier(solver="newton-cg"),
    "gd": SoftmaxClassifier(solver="gd", max_iter=100_000),
}
# Of these nothing is compared but runs of as many epochs.
STOCHASTIC = {
    "sgd": SoftmaxClassifier(solver="sgd", max_iter=30, random_state=0),
    "adam": SoftmaxClassifier(solver="adam", learning_rate=0.01, max_iter=30, random_state=0),
}
every_exact_solver = pytest.mark.parametrize("classifier", SOLVERS.values(), ids=SOLVERS)
every_solver = pytest.mark.parametrize(
    "classifier", (SOLVERS | STOCHASTIC).values(), ids=SOLVERS | STOCHASTIC
)


# Parity with LogisticRegression


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 0.5, 1: 2.0, 2: 1.5}])
@every_exact_solver
def test_coefficients_are_those_of_logistic_regression(
    classifier, n_classes, fit_intercept, weighted, class_weight
):
    X, y, sample_weight = random_problem(n_classes)
    X, y, sample_weight = X[7:], y[7:], sample_weight[7:]  # not balanced
    if not weighted:
        sample_weight = None
    if isinstance(class_weight, dict):
        class_weight = {label: class_weight[label] for label in range(n_classes)}
    alpha = 0.02
    weights = np.ones(len(y)) if sample_weight is None else sample_weight
    if class_weight == "balanced":
        per_class = weights.sum() / (n_classes * np.bincount(y, weights))
        total = (weights * per_class[y]).sum()
    else:
        total = (weights * [(class_weight or {}).get(label, 1.0) for label in y.tolist()]).sum()
    # C = 1 / (alpha sum(w)), w with the class weights: scikit-learn's loss is a sum, not a mean.
    peer = LogisticRegression(
        C=1.0 / (alpha * total),
        fit_intercept=fit_intercept,
        class_weight=class_weight,
        tol=1e-10,
        max_iter=10_000,
    ).fit(X, y, sample_weight)
    classifier = clone(classifier).set_params(
        alpha=alpha, fit_intercept=fit_intercept, class_weight=class_weight, tol=1e-9
    )
    classifier.fit(X, y, sample_weight)
    assert_allclose(classifier.coef_, peer.coef_, rtol=1e-5, atol=1e-6)
    # The intercepts of three classes are determined up to a constant.
    shift = classifier.intercept_.mean() - peer.intercept_.mean() if n_classes > 2 else 0.0
    assert_allclose(classifier.intercept_ - shift, peer.intercept_, rtol=1e-5, atol=1e-6)
    assert_allclose(classifier.predict_proba(X), peer.predict_proba(X), atol=1e-6)


@given(seeds, st.sampled_from([2, 3, 4]), st.booleans(), st.sampled_from([0.0, 0.2]))
def test_solvers_find_the_same_minimum(seed, n_classes, fit_intercept, label_smoothing):
    X, y, sample_weight = random_problem(n_classes, seed=seed)
    settings = {
        "alpha": 0.05,
        "fit_intercept": fit_intercept,
        "label_smoothing": label_smoothing,
        "class_weight": "balanced",
        "tol": 1e-9,
        "max_iter": 50_000,
    }
    newton = SoftmaxClassifier(solver="newton-cg", **settings).fit(X, y, sample_weight)
    for solver in ("lbfgs", "gd"):
        other = SoftmaxClassifier(solver=solver, **settings).fit(X, y, sample_weight)
        assert_allclose(other.coef_, newton.coef_, atol=1e-6)
        assert_allclose(other.predict_proba(X), newton.predict_proba(X), atol=1e-6)


@may_end_early
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(
    "stochastic",
    [{"solver": "sgd"}, {"solver": "adam", "learning_rate": 0.05}],
    ids=["sgd", "adam"],
)
def test_stochastic_solvers_come_near_the_minimum(stochastic, n_classes):
    X, y, sample_weight = random_problem(n_classes)
    settings = {"alpha": 0.05, "label_smoothing": 0.1, "class_weight": "balanced"}
    exact = SoftmaxClassifier(tol=1e-9, **settings).fit(X, y, sample_weight)
    near = SoftmaxClassifier(
        **stochastic, **settings, batch_size=16, schedule="cosine", max_iter=400, random_state=0
    ).fit(X, y, sample_weight)
    # Of batches of 16, a gradient's noise is of the size of the gradient itself at the start;
    # the schedule averages it away but for about this much.
    assert_allclose(near.predict_proba(X), exact.predict_proba(X), atol=0.01)
    assert exact.loss_curve_.min() <= near.loss_curve_.min() <= exact.loss_curve_.min() + 1e-4


# What a fit says about itself


@every_exact_solver
@given(
    samples=fitting_strategies.samples(),
    seed=seeds,
    label_smoothing=label_smoothings,
    alpha=st.sampled_from([1e-3, 1.0]),
    max_iter=st.sampled_from([1, 5, 300]),
    fit_intercept=st.booleans(),
)
def test_fitted_attributes_tell_the_truth(classifier, samples, seed, max_iter, **settings):
    rng = np.random.default_rng(seed)
    X, y, n_classes = samples
    terms = settings | {
        "sample_weight": rng.uniform(0.1, 2.0, len(y)),
        "class_weight": dict(enumerate(rng.uniform(0.5, 2.0, n_classes).tolist())),
    }
    fitted = clone(classifier).set_params(
        **settings, class_weight=terms["class_weight"], tol=1e-7, max_iter=max_iter
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted.fit(X, y, terms["sample_weight"])
    params = all_params(fitted)
    value = oracles.exact_linear_objective(params, X, y, n_classes=n_classes, **terms)
    gradient = oracles.linear_gradient(params, X, y, n_classes=n_classes, **terms)
    start = oracles.exact_linear_objective(0 * params, X, y, n_classes=n_classes, **terms)
    assert fitted.loss_curve_.shape == (fitted.n_iter_ + 1,)
    assert_allclose(fitted.loss_curve_[0], start, rtol=1e-12)
    assert_allclose(fitted.loss_curve_.min(), value, rtol=1e-12)
    assert_allclose(fitted.gradient_norm_, np.abs(gradient).max(), rtol=1e-10, atol=1e-13)
    assert fitted.n_iter_ <= max_iter
    assert fitted.converged_ or fitted.gradient_norm_ > 1e-7
    assert fitted.converged_ == (not caught)
    if fitted.gradient_norm_ > 1e-7 and fitted.converged_:
        # Nothing but rounding was left to gain.
        assert fitted.loss_curve_[-5] - fitted.loss_curve_[-1] <= 1e-13 * fitted.loss_curve_[-1]
    assert fitted.n_features_in_ == X.shape[1]
    assert fitted.solver_ == classifier.solver
    assert (fitted.learning_rate_ is None) == (classifier.solver != "gd")


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cg"])
@given(
    seed=st.integers(0, 2**32 - 1),
    n_classes=st.integers(2, 4),
    log_scale=st.integers(-4, 4),
    fit_intercept=st.booleans(),
)
@settings(max_examples=15)
def test_separable_classes_without_a_penalty_converge_at_no_tolerance(
    solver, seed, n_classes, log_scale, fit_intercept
):
    # The minimum is at infinity. On the way there, all that is divided by comes to underflow.
    X = np.random.default_rng(seed).normal(size=(60, 5))
    y = np.argsort(np.argsort(X[:, 0])) * n_classes // 60
    classifier = SoftmaxClassifier(
        solver=solver, alpha=0.0, tol=0.0, fit_intercept=fit_intercept, max_iter=3000
    ).fit(10.0**log_scale * X, y)
    assert classifier.converged_
    if fit_intercept:
        assert classifier.loss_curve_[-1] < 1e-90
        assert_array_equal(classifier.predict(10.0**log_scale * X), y)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_automatic_rate_is_the_inverse_of_the_curvature_bound(n_classes):
    X, y, sample_weight = random_problem(n_classes)
    columns = np.column_stack([X, np.ones(len(X))])
    gram = (columns.T * sample_weight) @ columns / sample_weight.sum()
    bound = (0.25 if n_classes == 2 else 0.5) * np.linalg.eigvalsh(gram)[-1] + 0.1
    classifier = SoftmaxClassifier(solver="gd", alpha=0.1).fit(X, y, sample_weight)
    assert_allclose(classifier.learning_rate_, 1.0 / bound, rtol=1e-12)


@may_end_early
@pytest.mark.parametrize(
    ("settings", "solver"),
    [
        ({}, "newton-cg"),
        ({"learning_rate": 0.25}, "gd"),
        ({"schedule": "cosine"}, "gd"),
        ({"l1_ratio": 0.5}, "gd"),
        ({"early_stopping": True}, "newton-cg"),
        ({"solver": "sgd", "learning_rate": 0.25}, "sgd"),
        ({"solver": "lbfgs"}, "lbfgs"),
    ],
)
def test_solver_follows_from_the_settings(settings, solver):
    X, y, _ = random_problem(3)
    classifier = SoftmaxClassifier(**settings, max_iter=20, random_state=0).fit(X, y)
    assert classifier.solver_ == solver
    if "learning_rate" in settings:
        assert classifier.learning_rate_ == 0.25


@pytest.mark.parametrize(("n_features", "solver"), [(41, "newton-cg"), (42, "lbfgs")])
def test_default_solver_takes_newton_steps_for_up_to_128_coefficients(n_features, solver):
    X, y, _ = random_problem(3, n_features=n_features)  # 3 * 42 with the intercepts, or 3 * 43
    assert SoftmaxClassifier().fit(X, y).solver_ == solver


# Weights


@may_end_early
@every_solver
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_integer_weights_are_repeated_samples(classifier, n_classes, class_weight):
    X, y, _ = random_problem(n_classes)
    weights = np.random.default_rng(1).integers(0, 4, len(y))
    repeat = np.repeat(np.arange(len(y)), weights)
    # Batches are cut from rows: there is one, in which the rows' order doesn't matter.
    classifier = clone(classifier).set_params(
        alpha=0.05, tol=1e-10, class_weight=class_weight, shuffle=False, batch_size=1000
    )
    weighted = clone(classifier).fit(X, y, weights)
    repeated = clone(classifier).fit(X[repeat], y[repeat])
    assert_allclose(weighted.coef_, repeated.coef_, atol=1e-7)
    assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-7)
    assert_allclose(weighted.loss_curve_[0], repeated.loss_curve_[0], rtol=1e-13)


@every_exact_solver
@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_sample_of_no_weight_is_no_sample(classifier, class_weight):
    X, y, sample_weight = random_problem(3)
    sample_weight[::4] = 0.0
    kept = sample_weight > 0.0
    classifier = clone(classifier).set_params(alpha=0.05, tol=1e-10, class_weight=class_weight)
    X_with_outliers = np.where(kept[:, np.newaxis], X, 1e3)
    weighted = clone(classifier).fit(X_with_outliers, y, sample_weight)
    removed = clone(classifier).fit(X[kept], y[kept], sample_weight[kept])
    assert_allclose(weighted.coef_, removed.coef_, atol=1e-7)
    assert_allclose(weighted.predict_proba(X), removed.predict_proba(X), atol=1e-7)


@may_end_early
@every_solver
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [2.0**-1000, 2.0**-140, 1024.0, 2.0**140])
def test_scale_of_the_weights_does_not_matter(classifier, dtype, scale):
    X, y, sample_weight = random_problem(3)
    X = X.astype(dtype)
    classifier = clone(classifier).set_params(alpha=0.05)
    fitted = clone(classifier).fit(X, y, sample_weight)
    scaled = clone(classifier).fit(X, y, scale * sample_weight)
    assert_allclose(scaled.coef_, fitted.coef_, rtol=1e-9)


def test_a_refit_that_fails_leaves_the_fitted_estimator_as_it_was():
    X, y, _ = random_problem(3)
    classifier = SoftmaxClassifier(alpha=0.1).fit(X, y)
    predicted = classifier.predict(X)
    with pytest.raises(ValueError, match="got one class: a"):
        classifier.fit(X, ["a"] * len(X))
    assert_array_equal(classifier.predict(X), predicted)


def test_weights_of_the_caller_are_not_written_to():
    X, y, sample_weight = random_problem(3)
    copy = sample_weight.copy()
    for array in (X, y, sample_weight):
        array.flags.writeable = False
    SoftmaxClassifier(class_weight="balanced").fit(X, y, sample_weight)
    assert_array_equal(sample_weight, copy)


# Soft targets


@may_end_early
@every_solver
@pytest.mark.parametrize("n_classes", [2, 3])
def test_one_hot_distributions_are_labels(classifier, n_classes):
    X, y, sample_weight = random_problem(n_classes)
    classifier = clone(classifier).set_params(
        alpha=0.05, tol=1e-9, class_weight="balanced", label_smoothing=0.1
    )
    labelled = clone(classifier).fit(X, y, sample_weight)
    soft = clone(classifier).fit(X, np.eye(n_classes)[y], sample_weight)
    assert_array_equal(soft.classes_, np.arange(n_classes))
    assert_allclose(soft.coef_, labelled.coef_, atol=1e-7)
    assert_allclose(soft.intercept_, labelled.intercept_, atol=1e-7)
    assert_array_equal(soft.predict(X), labelled.predict(X))


@pytest.mark.parametrize("class_weight", [None, "balanced", "dict"])
@given(
    samples=fitting_strategies.samples(),
    data=st.data(),
    label_smoothing=label_smoothings,
    fit_intercept=st.booleans(),
)
def test_mixture_of_labels_is_the_sample_repeated_with_each_of_them(
    class_weight, samples, data, **settings
):
    X, y, n_classes = samples
    targets = data.draw(distributions_of(len(y), n_classes, np.float64))
    # Every class has a share of some sample.
    targets[:n_classes] = 0.5 * targets[:n_classes] + 0.5 * np.eye(n_classes)
    weights = np.random.default_rng(0).uniform(0.2, 3.0, len(y))
    sums = weights @ targets
    of_classes = np.ones(n_classes)
    if class_weight == "balanced":
        of_classes = sums.sum() / (n_classes * sums)
    elif class_weight == "dict":
        of_classes = np.linspace(0.5, 2.0, n_classes)
        class_weight = dict(enumerate(of_classes.tolist()))
    classifier = SoftmaxClassifier(alpha=0.05, tol=1e-9, **settings)
    soft = clone(classifier).set_params(class_weight=class_weight).fit(X, targets, weights)
    # The sample has one weight, that of its expected class, for all of its labels.
    shares = (weights * (targets @ of_classes))[:, np.newaxis] * targets
    labels = np.tile(np.arange(n_classes), len(X))
    repeated = clone(classifier).fit(np.repeat(X, n_classes, axis=0), labels, shares.ravel())
    assert_allclose(soft.loss_curve_[0], repeated.loss_curve_[0], rtol=1e-12)
    assert_allclose(soft.loss_curve_.min(), repeated.loss_curve_.min(), rtol=1e-12)
    assert_allclose(soft.predict_proba(X), repeated.predict_proba(X), atol=1e-6)


def test_score_of_soft_targets_is_of_labels():
    X, y, _ = random_problem(3)
    classifier = SoftmaxClassifier().fit(X, np.eye(3)[y])
    assert classifier.score(X, y) == np.mean(classifier.predict(X) == y)


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ([[0.5, 0.6], [1.0, 0.0]], r"distribution over the classes in each row.*row 0 is \[0.5"),
        ([[1.0, 0.0], [1.5, -0.5]], r"not negative and of sum one; row 1 is \[ 1.5 -0.5\]"),
        ([[1, 0], [1, 1]], r"row 1 is \[1 1\]. Labels have shape \(n_samples,\)"),
        ([[0.5, 0.5], [np.nan, 1.0]], "Input y contains NaN"),
        ([["a", "b"], ["b", "a"]], r"y of shape \(2, 2\) must be probabilities of the classes"),
        ([[1.0, 0.0], [1.0, 0.0]], "each class must have a sample of positive weight.* 1 has none"),
        (np.ones((2, 2, 2)) / 2, "1d array|dim 3"),
    ],
)
def test_targets_that_are_no_distributions_are_refused(targets, message):
    with pytest.raises(ValueError, match=message):
        SoftmaxClassifier().fit(np.eye(2), targets)


# The L1 penalty


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("l1_ratio", [0.3, 1.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_elastic_net_is_that_of_logistic_regression(n_classes, l1_ratio, fit_intercept):
    X, y, sample_weight = random_problem(n_classes, n_features=6)
    alpha = 0.05
    peer = LogisticRegression(
        solver="saga",
        l1_ratio=l1_ratio,
        C=1.0 / (alpha * sample_weight.sum()),
        fit_intercept=fit_intercept,
        tol=1e-10,
        max_iter=20_000,
        random_state=0,
    ).fit(X, y, sample_weight)
    classifier = SoftmaxClassifier(
        alpha=alpha, l1_ratio=l1_ratio, fit_intercept=fit_intercept, tol=1e-9, max_iter=50_000
    ).fit(X, y, sample_weight)
    assert_allclose(classifier.coef_, peer.coef_, atol=1e-6)
    assert_array_equal(classifier.coef_ == 0.0, peer.coef_ == 0.0)
    assert_allclose(classifier.predict_proba(X), peer.predict_proba(X), atol=1e-6)


@given(
    samples=fitting_strategies.samples(),
    seed=seeds,
    label_smoothing=st.sampled_from([0.0, 0.1]),
    l1_ratio=st.sampled_from([0.3, 1.0]),
    alpha=st.sampled_from([0.05, 0.2]),
    fit_intercept=st.booleans(),
)
def test_fit_with_an_l1_penalty_is_optimal(samples, seed, **settings):
    rng = np.random.default_rng(seed)
    X, y, n_classes = samples
    alpha, l1_ratio = settings["alpha"], settings["l1_ratio"]
    weights = rng.uniform(0.1, 2.0, len(y))
    class_weight = dict(enumerate(rng.uniform(0.5, 2.0, n_classes).tolist()))
    fitted = SoftmaxClassifier(
        **settings, class_weight=class_weight, tol=1e-6, max_iter=100_000
    ).fit(X, y, weights)
    terms = {name: settings[name] for name in ("label_smoothing", "fit_intercept")} | {
        "n_classes": n_classes,
        "alpha": alpha * (1.0 - l1_ratio),
        "sample_weight": weights,
        "class_weight": class_weight,
    }
    params, strength = all_params(fitted), alpha * l1_ratio
    slopes = oracles.linear_gradient(params, X, y, **terms)
    of_coef = slopes[:, : X.shape[1]]
    # Zero is in the subdifferential: -slope is the sign where there is one, within it at zero.
    # tol bounds the proximal step over its rate, which is this distance but for
    # the change of the slope along the step: no more than as much again.
    is_zero = fitted.coef_ == 0.0
    excess = np.where(
        is_zero,
        np.maximum(np.abs(of_coef) - strength, 0.0),
        np.abs(of_coef + strength * np.sign(fitted.coef_)),
    )
    assert excess.max() <= 2e-6
    assert np.abs(slopes[:, X.shape[1] :]).max(initial=0.0) <= 2e-6
    smooth = oracles.exact_linear_objective(params, X, y, **terms)
    value = smooth + strength * np.abs(fitted.coef_).sum()
    assert_allclose(fitted.loss_curve_[-1], value, rtol=1e-12)
    rate = fitted.learning_rate_
    stepped = fitted.coef_ - rate * of_coef
    soft = np.sign(stepped) * np.maximum(np.abs(stepped) - rate * strength, 0.0)
    norm = max(
        np.abs((fitted.coef_ - soft) / rate).max(),
        np.abs(slopes[:, X.shape[1] :]).max(initial=0.0),
    )
    # A difference of coefficients over the rate: it has their rounding.
    noise = 1e-14 * (1.0 + np.abs(params).max() / rate)
    assert_allclose(fitted.gradient_norm_, norm, rtol=1e-9, atol=noise)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_strong_l1_penalty_leaves_the_intercept_alone(n_classes):
    X, y, sample_weight = random_problem(n_classes)
    fitted = SoftmaxClassifier(alpha=10.0, l1_ratio=1.0, tol=1e-9).fit(X, y, sample_weight)
    assert_array_equal(fitted.coef_, 0.0)
    shares = np.bincount(y, sample_weight) / sample_weight.sum()
    assert_allclose(fitted.predict_proba(X[:1])[0], shares, atol=1e-8)


def test_features_that_say_nothing_get_coefficients_of_exactly_zero():
    X, y, _ = random_problem(3, n_samples=300)
    noise = np.random.default_rng(1).normal(size=(300, 20))
    fitted = SoftmaxClassifier(alpha=0.05, l1_ratio=1.0).fit(np.column_stack([X, noise]), y)
    assert (fitted.coef_[:, 4:] == 0.0).mean() > 0.9
    assert (fitted.coef_[:, :4] != 0.0).any(axis=0).all()


# Gradient descent and its learning rate


def test_toy_problem_of_three_samples_is_learned():
    X, y = [[0, 0, 1], [1, 1, 1], [1, 0, 1]], [0, 1, 1]
    classifier = SoftmaxClassifier(
        solver="gd", learning_rate=0.5, momentum=0, alpha=0, max_iter=10_000, tol=1e-3
    ).fit(X, y)
    assert classifier.loss_curve_[0] == pytest.approx(np.log(2.0))
    assert (np.diff(classifier.loss_curve_) < 0.0).all()
    assert_array_equal(classifier.predict(X), y)
    assert classifier.converged_


@may_end_early
@pytest.mark.parametrize("n_classes", [2, 3])
def test_gradient_descent_without_momentum_is_the_textbook_algorithm(n_classes):
    X, y, sample_weight = random_problem(n_classes, n_samples=12, n_features=2)
    terms = {"alpha": 0.3, "label_smoothing": 0.1}
    params = np.zeros((1 if n_classes == 2 else n_classes, 3))
    for _ in range(15):
        slopes = oracles.linear_gradient(
            params, X, y, n_classes=n_classes, sample_weight=sample_weight, **terms
        )
        params = params - 0.1 * slopes
    fitted = SoftmaxClassifier(learning_rate=0.1, momentum=0.0, max_iter=15, tol=0.0, **terms)
    assert_allclose(all_params(fitted.fit(X, y, sample_weight)), params, rtol=1e-12)


@pytest.mark.parametrize("batch_size", [7, 1000])
def test_automatic_rate_of_batches_follows_its_formula(batch_size):
    X, y, sample_weight = random_problem(3)
    n = len(X)
    columns = np.column_stack([X, np.ones(n)])
    whole = 0.5 * np.linalg.eigvalsh((columns.T * sample_weight) @ columns)[-1]
    whole = whole / sample_weight.sum() + 0.1
    single = 0.5 * np.max(n * sample_weight * (columns**2).sum(axis=1)) / sample_weight.sum() + 0.1
    b = min(batch_size, n)
    bound = (n * (b - 1) * whole + (n - b) * single) / (b * (n - 1))
    classifier = SoftmaxClassifier(
        solver="sgd", alpha=0.1, momentum=0.5, batch_size=batch_size, random_state=0, tol=0.1
    ).fit(X, y, sample_weight)
    assert_allclose(classifier.learning_rate_, 0.5 / (2.0 * bound), rtol=1e-12)


@may_end_early
@given(seeds, st.sampled_from([2, 3]), st.sampled_from([1, 8, 100]), st.sampled_from([0.0, 0.9]))
def test_automatic_rate_of_batches_never_diverges(seed, n_classes, batch_size, momentum):
    X, y, sample_weight = random_problem(n_classes, seed=seed, n_samples=20)
    X = X * 10.0 ** np.random.default_rng(seed).uniform(-3, 3, X.shape[1])
    fitted = SoftmaxClassifier(
        solver="sgd", momentum=momentum, batch_size=batch_size, max_iter=20, random_state=0
    ).fit(X, y, sample_weight)
    assert np.isfinite(fitted.loss_curve_).all()
    assert fitted.loss_curve_.min() < fitted.loss_curve_[0]
    assert fitted.loss_curve_.max() < 2.0 * fitted.loss_curve_[0]


@given(
    fitting_strategies.samples(log_scales=(-3, 3)),
    st.sampled_from([0.0, 1e-4, 10.0]),
    label_smoothings,
    st.booleans(),
)
@may_end_early
def test_automatic_rate_descends_at_every_step(samples, alpha, label_smoothing, fit_intercept):
    classifier = SoftmaxClassifier(
        solver="gd",
        momentum=0.0,
        alpha=alpha,
        label_smoothing=label_smoothing,
        fit_intercept=fit_intercept,
        max_iter=30,
        tol=0.0,
    ).fit(samples.X, samples.labels)
    # Where the minimum is met, a step may climb by a rounding error.
    assert (np.diff(classifier.loss_curve_) <= 1e-14 * classifier.loss_curve_[0]).all()


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("learning_rate", [1e4, 1e308])
def test_rate_that_diverges_keeps_the_best_finite_iterate(n_classes, momentum, learning_rate):
    X, y, _ = random_problem(n_classes)
    classifier = SoftmaxClassifier(learning_rate=learning_rate, momentum=momentum, alpha=1.0)
    safe = SoftmaxClassifier(solver="gd", alpha=1.0).fit(X, y).learning_rate_
    message = f"learning_rate={learning_rate:.3g} diverged: the largest safe learning rate is "
    with pytest.warns(ConvergenceWarning, match=re.escape(f"{message}{safe:.3g}")) as caught:
        classifier.fit(X, y)
    assert caught[0].filename == __file__
    assert not classifier.converged_
    assert np.isfinite(classifier.coef_).all()
    assert np.isfinite(classifier.intercept_).all()
    assert np.isfinite(classifier.predict_log_proba(X)).all()
    value = oracles.exact_linear_objective(
        all_params(classifier), X, y, n_classes=n_classes, alpha=1.0
    )
    assert_allclose(value, np.nanmin(classifier.loss_curve_), rtol=1e-12)
    assert not np.isfinite(classifier.loss_curve_[-1])


# 1e154 is about the root of the largest float: squares overflow, and sums of them.
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("learning_rate", [1e4, 1e100, 1e154, 1e308])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("solver", ["gd", "sgd"])
def test_rate_that_diverges_names_the_safe_one(solver, momentum, learning_rate, n_classes):
    X, y, sample_weight = random_problem(n_classes)
    classifier = SoftmaxClassifier(
        solver=solver, momentum=momentum, alpha=1.0, batch_size=8, random_state=0, max_iter=500
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        safe = clone(classifier).set_params(max_iter=1).fit(X, y, sample_weight).learning_rate_
    classifier.set_params(learning_rate=learning_rate)
    message = f"learning_rate={learning_rate:.3g} diverged: the largest safe learning rate is "
    with pytest.warns(ConvergenceWarning, match=re.escape(f"{message}{safe:.3g}")):
        classifier.fit(X, y, sample_weight, X_val=X, y_val=y)
    assert not classifier.converged_
    assert np.isfinite(classifier.coef_).all()
    assert_allclose(
        oracles.exact_linear_objective(
            all_params(classifier),
            X,
            y,
            n_classes=n_classes,
            alpha=1.0,
            sample_weight=sample_weight,
        ),
        np.nanmin(classifier.loss_curve_),
        rtol=1e-12,
    )


@may_end_early
@pytest.mark.parametrize("learning_rate", [1e4, 1e100, 1e154, 1e308])
@pytest.mark.parametrize("settings", [{"solver": "adam"}, {"l1_ratio": 0.5}], ids=["adam", "l1"])
def test_huge_rates_leave_finite_coefficients(settings, learning_rate):
    X, y, _ = random_problem(3)
    classifier = SoftmaxClassifier(
        **settings,
        learning_rate=learning_rate,
        alpha=1.0,
        batch_size=8,
        max_iter=100,
        random_state=0,
    ).fit(X, y)
    assert not classifier.converged_
    assert np.isfinite(all_params(classifier)).all()
    assert np.nanmin(classifier.loss_curve_) <= classifier.loss_curve_[0]


def test_too_few_iterations_are_reported_with_what_would_help():
    X, y, _ = random_problem(3)
    X = X * [1.0, 10.0, 100.0, 1000.0]
    start = r"did not converge in 3 iterations \(gradient norm .*, tol 0.0001\): "
    for solver in ("lbfgs", "newton-cg"):
        message = f"solver {solver!r} {start}increase max_iter or tol$"
        with pytest.warns(ConvergenceWarning, match=message):
            SoftmaxClassifier(solver=solver, max_iter=3).fit(X, y)
    advice = "the largest safe learning rate is .*; increase max_iter, or scale the features"
    with pytest.warns(ConvergenceWarning, match="solver 'gd' " + start + advice):
        SoftmaxClassifier(solver="gd", max_iter=3).fit(X, y)
    with pytest.warns(ConvergenceWarning, match=advice):
        SoftmaxClassifier(l1_ratio=0.1, max_iter=3).fit(X, y)
    with pytest.warns(ConvergenceWarning, match=r"largest safe learning rate is \S+\d$"):
        SoftmaxClassifier(learning_rate=10.0, max_iter=3).fit(X, y)
    with pytest.warns(ConvergenceWarning, match="the usual learning rate is 0.001"):
        SoftmaxClassifier(solver="adam", max_iter=3).fit(X, y)


@pytest.mark.parametrize("solver", ["gd", "sgd", "adam", "lbfgs", "newton-cg"])
def test_samples_that_say_nothing_are_no_error(solver):
    classifier = SoftmaxClassifier(solver=solver, alpha=0, fit_intercept=False)
    classifier.fit(np.zeros((4, 2)), [0, 1, 0, 1])
    assert classifier.converged_
    assert_array_equal(classifier.coef_, 0.0)


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer])
@pytest.mark.parametrize("solver", ["lbfgs", "newton-cg"])
def test_raw_features_converge_without_a_learning_rate(solver, load):
    X, y = load(return_X_y=True)
    classifier = SoftmaxClassifier(solver=solver).fit(X, y)
    assert classifier.converged_
    assert classifier.n_iter_ < 100


@pytest.mark.parametrize("offset", [0.0, 1e2, 1e4, 1e6])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_offset_of_the_features_costs_neither_iterations_nor_loss(n_classes, offset):
    # Of the logits' digits, the offset takes as many as it has.
    X, y, _ = random_problem(n_classes)
    centred = SoftmaxClassifier(tol=1e-8).fit(X, y)
    shifted = SoftmaxClassifier(tol=1e-8).fit(X + offset, y)
    assert shifted.n_iter_ <= centred.n_iter_ + 25
    assert_allclose(shifted.loss_curve_.min(), centred.loss_curve_.min(), rtol=1e-9)


@given(seeds, st.sampled_from([2, 3]))
def test_scale_of_each_feature_costs_no_iterations(seed, n_classes):
    X, y, _ = random_problem(n_classes, seed=seed)
    scale = 10.0 ** np.random.default_rng(seed).uniform(-6, 6, X.shape[1])
    # Smoothing keeps the minimum finite; tol is not free of the scale, so that it is not used.
    classifier = SoftmaxClassifier(alpha=0.0, label_smoothing=0.1, tol=0.0)
    plain = clone(classifier).fit(X, y)
    scaled = clone(classifier).fit(X * scale, y)
    assert scaled.n_iter_ <= plain.n_iter_ + 10
    assert_allclose(scaled.loss_curve_.min(), plain.loss_curve_.min(), rtol=1e-11)


def test_a_penalty_that_underflows_is_no_division_by_zero():
    X = np.array([[6, -1], [7, -12], [-7, -12], [-35, -1]], np.float32)
    for alpha in (1e-200, 1e-300):
        classifier = SoftmaxClassifier(solver="lbfgs", alpha=alpha, tol=0.0, max_iter=1000)
        assert np.isfinite(classifier.fit(X, [0, 1, 0, 1]).coef_).all()


def test_separable_samples_without_penalty_converge():
    X, y = np.array([[-2.0], [-1.0], [1.0], [2.0]]), [0, 0, 1, 1]
    classifier = SoftmaxClassifier(alpha=0.0).fit(X, y)
    assert classifier.converged_
    assert np.isfinite(classifier.coef_).all()
    assert_array_equal(classifier.predict(X), y)


# Labels and types


@may_end_early
@every_solver
@pytest.mark.parametrize("n_classes", [2, 3])
def test_names_of_the_classes_do_not_matter(classifier, n_classes):
    X, y, _ = random_problem(n_classes)
    order = np.roll(np.arange(n_classes), 1)
    classifier = clone(classifier).set_params(alpha=0.05, tol=1e-9)
    fitted = clone(classifier).fit(X, y)
    renamed = clone(classifier).fit(X, order[y])
    assert_allclose(
        renamed.predict_proba(X)[:, order], fitted.predict_proba(X), rtol=1e-6, atol=1e-8
    )
    assert_array_equal(renamed.predict(X), order[fitted.predict(X)])
    if n_classes == 2:
        assert_allclose(renamed.coef_, -fitted.coef_, atol=1e-7)
    else:
        assert_allclose(renamed.coef_[order], fitted.coef_, atol=1e-7)


@pytest.mark.parametrize(
    "names",
    [
        np.array(["one", "three", "two"]),
        np.array(["one", "three", "two"], dtype=object),
        np.array([-5, 7, 70]),
        np.array([False, True]),
        np.array([0.0, 1.0]),
    ],
    ids=["str", "object", "int", "bool", "float"],
)
def test_labels_of_any_type_are_predicted_as_given(names):
    X, y, _ = random_problem(len(names))
    classifier = SoftmaxClassifier().fit(X, names[y])
    by_index = SoftmaxClassifier().fit(X, y)
    assert_array_equal(classifier.classes_, names)
    assert classifier.predict(X).dtype == names.dtype
    assert_array_equal(classifier.predict(X), names[by_index.predict(X)])
    assert_array_equal(classifier.coef_, by_index.coef_)


def test_class_weight_names_the_classes_by_their_labels():
    X, y, _ = random_problem(3)
    names = np.array(["a", "b", "c"])
    named = SoftmaxClassifier(class_weight={"a": 2.0, "c": 0.5}).fit(X, names[y])
    indexed = SoftmaxClassifier(class_weight={0: 2.0, 2: 0.5}).fit(X, y)
    assert_array_equal(named.coef_, indexed.coef_)


@may_end_early
@every_solver
@pytest.mark.parametrize("n_classes", [2, 3])
def test_float32_is_kept_and_close_to_float64(classifier, n_classes):
    X, y, _ = random_problem(n_classes)
    X32 = X.astype(np.float32)
    single = clone(classifier).set_params(alpha=0.01).fit(X32, y)
    double = clone(classifier).set_params(alpha=0.01).fit(X32.astype(np.float64), y)
    assert single.coef_.dtype == single.intercept_.dtype == np.float32
    assert double.coef_.dtype == double.intercept_.dtype == np.float64
    for method in ("decision_function", "predict_proba", "predict_log_proba"):
        assert getattr(single, method)(X32).dtype == np.float32
        assert getattr(double, method)(X).dtype == np.float64
    assert_allclose(single.coef_, double.coef_, rtol=1e-3, atol=1e-3)
    assert_allclose(single.predict_proba(X32), double.predict_proba(X32), atol=1e-3)


def test_integer_samples_are_taken_as_float64():
    X, y, _ = random_problem(3)
    X = np.round(10 * X)
    fitted = SoftmaxClassifier().fit(X.astype(int), y)
    assert_array_equal(fitted.coef_, SoftmaxClassifier().fit(X, y).coef_)


# Kinds of X


def sparse_problem(n_classes):
    X, y, sample_weight = random_problem(n_classes, n_features=8)
    X[np.random.default_rng(2).uniform(size=X.shape) < 0.6] = 0.0
    return X, y, sample_weight


@may_end_early
@every_solver
@pytest.mark.parametrize("n_classes", [2, 3])
def test_sparse_samples_are_as_good_as_dense_ones(classifier, n_classes):
    X, y, sample_weight = sparse_problem(n_classes)
    classifier = clone(classifier).set_params(alpha=0.05, tol=1e-11)
    dense = clone(classifier).fit(X, y, sample_weight)
    sparse = clone(classifier).fit(scipy.sparse.csr_array(X), y, sample_weight)
    assert_allclose(sparse.coef_, dense.coef_, atol=1e-9)
    assert_allclose(sparse.intercept_, dense.intercept_, atol=1e-9)
    for method in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        expected = getattr(dense, method)(X)
        assert_allclose(getattr(dense, method)(scipy.sparse.csr_array(X)), expected, rtol=1e-9)


@pytest.mark.parametrize(
    "kind",
    [
        scipy.sparse.csr_matrix,
        scipy.sparse.csc_array,
        scipy.sparse.coo_array,
        lambda X: scipy.sparse.csr_array(X.astype(np.float32)),
    ],
    ids=["csr_matrix", "csc", "coo", "float32"],
)
def test_every_kind_of_sparse_matrix_is_taken(kind):
    X, y, _ = sparse_problem(3)
    fitted = SoftmaxClassifier(tol=1e-9).fit(kind(X), y)
    dense = SoftmaxClassifier(tol=1e-9).fit(X.astype(fitted.coef_.dtype), y)
    assert fitted.coef_.dtype == kind(X).dtype
    atol = 1e-7 if kind(X).dtype == np.float64 else 1e-3
    assert_allclose(fitted.predict_proba(kind(X)), dense.predict_proba(X), atol=atol)


def test_sparse_matrix_with_repeated_entries_is_their_sum_and_is_left_as_it_is():
    X, y, _ = sparse_problem(3)
    halves = scipy.sparse.csr_array(X)
    twice = scipy.sparse.csr_array(
        (
            np.repeat(0.5 * halves.data, 2),
            np.repeat(halves.indices, 2),
            2 * halves.indptr,
        ),
        shape=X.shape,
    )
    assert not twice.has_canonical_format
    data = twice.data.copy()
    fitted = SoftmaxClassifier().fit(twice, y)
    assert_allclose(fitted.coef_, SoftmaxClassifier().fit(halves, y).coef_, rtol=1e-12)
    assert_array_equal(twice.data, data)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", [np.asfortranarray, pd.DataFrame, pl.DataFrame, "memmap"], ids=str)
def test_kind_of_container_does_not_matter(kind, dtype, tmp_path):
    X, y, sample_weight = random_problem(3)
    X = X.astype(dtype)
    if isinstance(kind, str):
        given_X = np.memmap(tmp_path / "X", dtype=dtype, mode="w+", shape=X.shape)
        given_X[:] = X
        given_X.flags.writeable = False
    elif kind is np.asfortranarray:
        given_X = np.asfortranarray(X)
    else:
        given_X = kind(dict(zip("abcd", X.T, strict=True)))
    fitted = SoftmaxClassifier().fit(given_X, y, sample_weight)
    plain = SoftmaxClassifier().fit(X, y, sample_weight)
    # scikit-learn doesn't ask polars for its types, and takes it for float64.
    assert fitted.coef_.dtype == (np.float64 if kind is pl.DataFrame else dtype)
    # The order in memory decides how BLAS sums.
    rtol = 1e-9 if dtype == np.float64 else 1e-3
    assert_allclose(fitted.coef_, plain.coef_, rtol=rtol)
    assert_allclose(fitted.predict_proba(given_X), plain.predict_proba(X), rtol=rtol)
    if hasattr(given_X, "columns"):
        assert_array_equal(fitted.feature_names_in_, ["a", "b", "c", "d"])


# Squares of float32 overflow beyond 1e19, of float64 beyond 1e154.
@may_end_early
@every_solver
@pytest.mark.parametrize("kind", [np.asarray, scipy.sparse.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize(
    ("dtype", "scale"),
    [(np.float64, scale) for scale in (1e-300, 1e-100, 1e100, 1e150)]
    + [(np.float32, scale) for scale in (1e-30, 1e-18, 1e18, 1e25, 1e35)],
)
def test_features_of_any_scale_are_fitted(classifier, kind, dtype, scale):
    X, y, _ = random_problem(3)
    X = kind((X * scale).astype(dtype))
    fitted = clone(classifier).set_params(max_iter=20, batch_size=8).fit(X, y)
    assert np.isfinite(all_params(fitted)).all()
    assert np.isfinite(fitted.predict_log_proba(X)).all()
    if scale > 1.0 and fitted.solver_ != "adam":  # whose steps have the rate's own size
        assert fitted.loss_curve_.min() < 0.9 * fitted.loss_curve_[0]


@may_end_early
@pytest.mark.parametrize("classifier", SOLVERS.values(), ids=SOLVERS)
@pytest.mark.parametrize("scale", [1e155, 1e200, 1e300])
def test_features_whose_squares_overflow_are_refused(classifier, scale):
    X, y, _ = random_problem(3)
    with pytest.raises(ValueError, match=r"X .*(too large|overflow)"):
        clone(classifier).fit(X * scale, y)


# Of 10,000 samples, newton-cg keeps no probabilities either.
@may_end_early
@pytest.mark.parametrize(
    ("solver", "n_samples"),
    [("gd", 4_000), ("sgd", 4_000), ("adam", 4_000), ("lbfgs", 4_000), ("newton-cg", 10_000)],
)
def test_fit_holds_no_logits_of_all_samples(solver, n_samples):
    n_classes = 500
    X = np.random.default_rng(0).normal(size=(n_samples, 32))
    y = np.arange(n_samples) % n_classes
    classifier = SoftmaxClassifier(
        solver=solver, max_iter=3, tol=1e-3 if solver == "newton-cg" else 0.0, random_state=0
    ).fit(X[:2000], y[:2000])
    tracemalloc.start()
    try:
        classifier.fit(X, y)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # A block's logits and what the losses make of them are some five arrays that share about
    # 4 MiB; the rest is the parameters' (L-BFGS remembers some). All logits would be 16 MB.
    assert peak < 8e6


# Errors


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rate": -0.1}, "'learning_rate' parameter of SoftmaxClassifier.* Got -0.1"),
        ({"learning_rate": 0.0}, "'learning_rate' parameter"),
        ({"learning_rate": "fast"}, "'learning_rate' parameter"),
        ({"solver": "lgbfs"}, "'solver' parameter of SoftmaxClassifier.* Got 'lgbfs'"),
        ({"momentum": 1.0}, "'momentum' parameter"),
        ({"momentum": -0.1}, "'momentum' parameter"),
        ({"alpha": -1e-3}, "'alpha' parameter"),
        ({"label_smoothing": 1.5}, "'label_smoothing' parameter"),
        ({"class_weight": "balance"}, "'class_weight' parameter"),
        ({"fit_intercept": "yes"}, "'fit_intercept' parameter"),
        ({"max_iter": 0}, "'max_iter' parameter"),
        ({"tol": -1.0}, "'tol' parameter"),
        ({"schedule": "linear"}, "'schedule' parameter"),
        ({"batch_size": 0}, "'batch_size' parameter"),
        ({"l1_ratio": 1.5}, "'l1_ratio' parameter"),
        ({"early_stopping": "yes"}, "'early_stopping' parameter"),
        ({"validation_fraction": 1.0}, "'validation_fraction' parameter"),
        ({"n_iter_no_change": 0}, "'n_iter_no_change' parameter"),
        ({"warm_start": "yes"}, "'warm_start' parameter"),
        ({"shuffle": "yes"}, "'shuffle' parameter"),
        ({"random_state": "zero"}, "'random_state' parameter"),
        (
            {"solver": "lbfgs", "learning_rate": 0.1},
            "learning_rate=0.1 means nothing to solver='lbfgs'.* use solver='gd'",
        ),
        (
            {"solver": "newton-cg", "learning_rate": 0.1},
            "learning_rate=0.1 means nothing to solver='newton-cg'.* use solver='gd'",
        ),
        ({"solver": "lbfgs", "schedule": "cosine"}, "schedule='cosine' means nothing to solver"),
        ({"solver": "newton-cg", "schedule": "adaptive"}, "schedule='adaptive' means nothing"),
        ({"solver": "lbfgs", "schedule": float}, "schedule=.*float.* means nothing"),
        *(
            (
                {"solver": solver, "l1_ratio": 0.5},
                f"l1_ratio=0.5 needs solver='gd', got '{solver}'",
            )
            for solver in ("sgd", "adam", "lbfgs", "newton-cg")
        ),
        (
            {"schedule": lambda epoch: -1.0},
            "schedule must return a finite factor, not negative, got -1.0 for epoch 0",
        ),
        ({"schedule": lambda epoch: np.inf}, "finite factor.* got inf for epoch 0"),
        ({"schedule": lambda epoch: np.nan}, "finite factor.* got nan for epoch 0"),
        ({"class_weight": {0: -1.0}}, r"class_weight must be .* not negative, got \{0: -1.0\}"),
        ({"class_weight": {0: np.inf}}, "class_weight must be finite"),
        ({"class_weight": {0: 0.0}}, "each class must have a sample of positive .* 0 has none"),
    ],
)
def test_bad_settings_are_refused(settings, message):
    X, y, _ = random_problem(3)
    with pytest.raises(ValueError, match=message):
        SoftmaxClassifier(**settings).fit(X, y)


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="y must have at least two classes, got one class: dog"):
        SoftmaxClassifier().fit(np.eye(3), ["dog"] * 3)


def test_class_without_a_positive_weight_is_refused():
    with pytest.raises(ValueError, match=r"positive weight .* class cat has none"):
        SoftmaxClassifier().fit(np.eye(3), ["dog", "cat", "eel"], [1.0, 0.0, 1.0])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_samples_that_are_not_finite_are_refused(value):
    X, y, _ = random_problem(3)
    classifier = SoftmaxClassifier().fit(X, y)
    X[3, 1] = value
    with pytest.raises(ValueError, match="Input X contains"):
        SoftmaxClassifier().fit(X, y)
    with pytest.raises(ValueError, match="Input X contains"):
        classifier.predict_proba(X)


@pytest.mark.parametrize(
    ("sample_weight", "message"),
    [
        ([1.0, -1.0, 1.0], "[Nn]egative values in .*sample_weight"),
        ([1.0, np.nan, 1.0], "sample_weight contains NaN"),
        ([1.0, 1.0], r"sample_weight.shape == \(2,\), expected \(3,\)"),
    ],
)
def test_bad_sample_weights_are_refused(sample_weight, message):
    with pytest.raises(ValueError, match=message):
        SoftmaxClassifier().fit(np.eye(3), [0, 1, 1], sample_weight)


@pytest.mark.parametrize("n_labels", [2, 4])
def test_as_many_labels_as_samples_are_needed(n_labels):
    with pytest.raises(ValueError, match=rf"inconsistent numbers of samples: \[3, {n_labels}\]"):
        SoftmaxClassifier().fit(np.eye(3), np.arange(n_labels) % 2)


def test_continuous_targets_are_refused():
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        SoftmaxClassifier().fit(np.eye(3), [0.1, 0.2, 0.3])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_labels_that_are_not_finite_are_refused(value):
    with pytest.raises(ValueError, match="Input y contains"):
        SoftmaxClassifier().fit(np.eye(3), [0.0, 1.0, value])
