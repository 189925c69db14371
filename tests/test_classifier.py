import pickle
import re
import warnings

import numpy as np
import oracles
import pandas as pd
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skxent import SoftmaxClassifier

seeds = st.integers(0, 2**32 - 1)
SOLVERS = {
    "lbfgs": SoftmaxClassifier(solver="lbfgs"),
    "gd": SoftmaxClassifier(solver="gd", max_iter=100_000),
}
every_solver = pytest.mark.parametrize("classifier", SOLVERS.values(), ids=SOLVERS)


def random_problem(n_classes, *, n_samples=60, n_features=4, seed=0):
    """Samples of overlapping classes, with weights: J has one minimum, at finite coefficients."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n_samples) % n_classes
    X = rng.normal(size=(n_samples, n_features)) + rng.normal(size=(n_classes, n_features))[labels]
    return X, labels, rng.uniform(0.2, 3.0, n_samples)


def all_params(classifier):
    """coef_ and intercept_ in one array, as the oracles take them."""
    columns = [classifier.coef_]
    if classifier.fit_intercept:
        columns.append(classifier.intercept_[:, np.newaxis])
    return np.column_stack(columns).astype(np.float64)


# scikit-learn's own checks


WEIGHT_CHECK = "check_sample_weight_equivalence_on_dense_data"


def too_coarse_for(estimator):
    # Of two runs that differ in their rounding, one may need an iteration more.
    reason = "compares to 1e-7 where tol leaves 1e-4; passes with the second estimator"
    return {WEIGHT_CHECK: reason} if estimator.tol == 1e-4 else {}


@parametrize_with_checks(
    [SoftmaxClassifier(), SoftmaxClassifier(alpha=0.01, tol=1e-9)],
    expected_failed_checks=too_coarse_for,
    xfail_strict=False,
)
def test_estimator_follows_scikit_learn(estimator, check):
    check(estimator)


# Some checks descend on features that are not scaled, where the safe rate takes more iterations
# than the default allows.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks([SoftmaxClassifier(solver="gd", momentum=0.0)])
def test_gradient_descent_follows_scikit_learn(estimator, check):
    check(estimator)


# Parity with LogisticRegression


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 0.5, 1: 2.0, 2: 1.5}])
def test_coefficients_are_those_of_logistic_regression(
    n_classes, fit_intercept, weighted, class_weight
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
    classifier = SoftmaxClassifier(
        alpha=alpha, fit_intercept=fit_intercept, class_weight=class_weight, tol=1e-9
    ).fit(X, y, sample_weight)
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
    second_order = SoftmaxClassifier(solver="lbfgs", **settings).fit(X, y, sample_weight)
    descent = SoftmaxClassifier(solver="gd", **settings).fit(X, y, sample_weight)
    assert_allclose(descent.coef_, second_order.coef_, atol=1e-6)
    assert_allclose(descent.predict_proba(X), second_order.predict_proba(X), atol=1e-6)


# What a fit says about itself


@every_solver
@given(
    samples=strategies.samples(),
    seed=seeds,
    label_smoothing=strategies.label_smoothings,
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
    assert fitted.converged_ == (fitted.gradient_norm_ <= 1e-7)
    assert fitted.converged_ == (not caught)
    assert fitted.n_features_in_ == X.shape[1]
    assert fitted.solver_ == classifier.solver
    assert (fitted.learning_rate_ is None) == (classifier.solver == "lbfgs")


@pytest.mark.parametrize("n_classes", [2, 3])
def test_automatic_rate_is_the_inverse_of_the_curvature_bound(n_classes):
    X, y, sample_weight = random_problem(n_classes)
    columns = np.column_stack([X, np.ones(len(X))])
    gram = (columns.T * sample_weight) @ columns / sample_weight.sum()
    bound = (0.25 if n_classes == 2 else 0.5) * np.linalg.eigvalsh(gram)[-1] + 0.1
    classifier = SoftmaxClassifier(solver="gd", alpha=0.1).fit(X, y, sample_weight)
    assert_allclose(classifier.learning_rate_, 1.0 / bound, rtol=1e-12)


def test_solver_follows_from_the_learning_rate():
    X, y, _ = random_problem(3)
    assert SoftmaxClassifier().fit(X, y).solver_ == "lbfgs"
    for solver in ("auto", "gd"):
        classifier = SoftmaxClassifier(solver=solver, learning_rate=0.25, alpha=0.1).fit(X, y)
        assert (classifier.solver_, classifier.learning_rate_) == ("gd", 0.25)


# Weights


@every_solver
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_integer_weights_are_repeated_samples(classifier, n_classes, class_weight):
    X, y, _ = random_problem(n_classes)
    weights = np.random.default_rng(1).integers(0, 4, len(y))
    repeat = np.repeat(np.arange(len(y)), weights)
    classifier = clone(classifier).set_params(alpha=0.05, tol=1e-10, class_weight=class_weight)
    weighted = clone(classifier).fit(X, y, weights)
    repeated = clone(classifier).fit(X[repeat], y[repeat])
    assert_allclose(weighted.coef_, repeated.coef_, atol=1e-7)
    assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-7)
    assert_allclose(weighted.loss_curve_[0], repeated.loss_curve_[0], rtol=1e-13)


@every_solver
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


@given(
    strategies.samples(log_scales=(-3, 3)),
    st.sampled_from([0.0, 1e-4, 10.0]),
    strategies.label_smoothings,
    st.booleans(),
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
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


def test_too_few_iterations_are_reported_with_what_would_help():
    X, y, _ = random_problem(3)
    X = X * [1.0, 10.0, 100.0, 1000.0]
    start = r"did not converge in 3 iterations \(gradient norm .*, tol 0.0001\): "
    with pytest.warns(ConvergenceWarning, match="solver 'lbfgs' " + start + "increase max_iter"):
        SoftmaxClassifier(max_iter=3).fit(X, y)
    advice = "the largest safe learning rate is .*; increase max_iter, or scale the features"
    with pytest.warns(ConvergenceWarning, match="solver 'gd' " + start + advice):
        SoftmaxClassifier(solver="gd", max_iter=3).fit(X, y)
    with pytest.warns(ConvergenceWarning, match=r"largest safe learning rate is \S+\d$"):
        SoftmaxClassifier(learning_rate=10.0, max_iter=3).fit(X, y)


@pytest.mark.parametrize("solver", ["gd", "lbfgs"])
def test_samples_that_say_nothing_are_no_error(solver):
    classifier = SoftmaxClassifier(solver=solver, alpha=0, fit_intercept=False)
    classifier.fit(np.zeros((4, 2)), [0, 1, 0, 1])
    assert classifier.converged_
    assert_array_equal(classifier.coef_, 0.0)


@pytest.mark.parametrize("load", [load_iris, load_wine])
def test_raw_features_converge_with_the_default_solver(load):
    X, y = load(return_X_y=True)
    classifier = SoftmaxClassifier().fit(X, y)
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


def test_separable_samples_without_penalty_converge():
    X, y = np.array([[-2.0], [-1.0], [1.0], [2.0]]), [0, 0, 1, 1]
    classifier = SoftmaxClassifier(alpha=0.0).fit(X, y)
    assert classifier.converged_
    assert np.isfinite(classifier.coef_).all()
    assert_array_equal(classifier.predict(X), y)


# Labels and types


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


# Prediction


def with_coefficients(coef, intercept, n_classes):
    """A fitted classifier with these coefficients."""
    classifier = SoftmaxClassifier().fit(np.eye(n_classes), np.arange(n_classes))
    classifier.coef_, classifier.intercept_ = np.array(coef), np.array(intercept)
    classifier.n_features_in_ = classifier.coef_.shape[1]
    return classifier


@pytest.mark.parametrize("logit", [0.0, 1.0, -40.0, 700.0, -5e3, 1e6])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_log_probabilities_of_huge_logits_are_accurate(n_classes, logit):
    coef = [[1.0]] if n_classes == 2 else [[1.0], [-1.0], [0.5]]
    classifier = with_coefficients(coef, np.zeros(len(coef)), n_classes)
    logits = [0.0, logit] if n_classes == 2 else [logit, -logit, 0.5 * logit]
    _, exact, _, _ = oracles.exact_softmax_terms(logits, [1.0] + [0.0] * (n_classes - 1))
    values = classifier.predict_log_proba([[logit]])
    assert np.isfinite(values).all()
    # Below the smallest normal float the exact logarithm itself has no more digits.
    assert_allclose(values[0], [float(value) for value in exact], rtol=1e-12, atol=1e-307)


@given(strategies.samples(log_scales=(-1, 1)))
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_predictions_agree_with_each_other(samples):
    X, y, n_classes = samples
    classifier = SoftmaxClassifier(max_iter=5).fit(X, y)
    logits, proba = classifier.decision_function(X), classifier.predict_proba(X)
    assert proba.shape == (len(X), n_classes)
    assert_allclose(proba.sum(axis=1), 1.0, rtol=1e-14)
    assert_allclose(np.exp(classifier.predict_log_proba(X)), proba, rtol=1e-12, atol=1e-300)
    if n_classes == 2:
        assert logits.shape == (len(X),)
        assert classifier.coef_.shape == (1, X.shape[1])
        assert_allclose(logits, X @ classifier.coef_[0] + classifier.intercept_[0], atol=1e-12)
        assert_array_equal(classifier.predict(X), (logits > 0).astype(int))
        assert_allclose(proba[:, 1], 1.0 / (1.0 + np.exp(-logits)), rtol=1e-12)
    else:
        assert logits.shape == (len(X), n_classes)
        assert classifier.coef_.shape == (n_classes, X.shape[1])
        assert_allclose(logits, X @ classifier.coef_.T + classifier.intercept_, atol=1e-12)
        assert_array_equal(classifier.predict(X), logits.argmax(axis=1))
        weights = np.exp(logits - logits.max(axis=1, keepdims=True))
        assert_allclose(proba, weights / weights.sum(axis=1, keepdims=True), rtol=1e-12)
    assert classifier.score(X, y) == np.mean(classifier.predict(X) == y)


# With the rest of scikit-learn


def test_clone_and_pickle_keep_what_they_should():
    X, y, _ = random_problem(3)
    classifier = SoftmaxClassifier(learning_rate=0.1, alpha=0.3).fit(X, y)
    copy = clone(classifier)
    assert copy.get_params() == classifier.get_params()
    with pytest.raises(NotFittedError):
        copy.predict(X)
    loaded = pickle.loads(pickle.dumps(classifier))
    assert_array_equal(loaded.predict_proba(X), classifier.predict_proba(X))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_grid_search_over_the_learning_rate_survives_one_that_diverges():
    X, y = load_wine(return_X_y=True)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), SoftmaxClassifier(alpha=0.01)),
        {"softmaxclassifier__learning_rate": [0.01, 0.3, 1e6]},
        cv=3,
        error_score="raise",
    ).fit(X, y)
    assert search.best_params_["softmaxclassifier__learning_rate"] < 1e6
    assert search.best_score_ > 0.95
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_names_of_features_are_kept_and_compared():
    X, y, _ = random_problem(3)
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    classifier = SoftmaxClassifier().fit(frame, y)
    assert_array_equal(classifier.feature_names_in_, ["a", "b", "c", "d"])
    assert_array_equal(classifier.predict(frame), SoftmaxClassifier().fit(X, y).predict(X))
    with pytest.raises(ValueError, match="feature names"):
        classifier.predict(frame[["b", "a", "c", "d"]])


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
        (
            {"solver": "lbfgs", "learning_rate": 0.1},
            "learning_rate=0.1 means nothing to solver='lbfgs'.* use solver='gd'",
        ),
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
