import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skxent import SoftmaxClassifier
from skxent.linear._prediction import coefficients_of, params_of
from tests._fitting import strategies as fitting_strategies
from tests.linear.problems import may_end_early
from tests.losses.oracles import exact_softmax_terms
from tests.losses.strategies import logits_of


def with_coefficients(coef, intercept, n_classes):
    """A fitted classifier with these coefficients."""
    classifier = SoftmaxClassifier().fit(np.eye(n_classes), np.arange(n_classes))
    classifier.coef_, classifier.intercept_ = np.array(coef), np.array(intercept)
    classifier.n_features_in_ = classifier.coef_.shape[1]
    return classifier


def exact_log_probabilities(logits):
    _, logarithms, _, _ = exact_softmax_terms(logits, [1.0] + [0.0] * (len(logits) - 1))
    return [float(value) for value in logarithms]


@given(logits_of((3,), np.float64, magnitude=1e4), st.sampled_from([2, 3]))
def test_log_probabilities_are_accurate_to_twelve_digits(logits, n_classes):
    logits = logits[:n_classes]
    if n_classes == 2:
        logits[0] = 0.0
    coef = logits[1:, np.newaxis] if n_classes == 2 else logits[:, np.newaxis]
    classifier = with_coefficients(coef, np.zeros(len(coef)), n_classes)
    values = classifier.predict_log_proba([[1.0]])[0]
    # Below the smallest normal float the exact logarithm itself has no more digits.
    assert_allclose(values, exact_log_probabilities(logits), rtol=1e-12, atol=1e-307)


@pytest.mark.parametrize("logit", [0.0, 1.0, -40.0, 700.0, -5e3, 1e6])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_log_probabilities_of_huge_logits_are_accurate(n_classes, logit):
    coef = [[1.0]] if n_classes == 2 else [[1.0], [-1.0], [0.5]]
    classifier = with_coefficients(coef, np.zeros(len(coef)), n_classes)
    logits = [0.0, logit] if n_classes == 2 else [logit, -logit, 0.5 * logit]
    values = classifier.predict_log_proba([[logit]])[0]
    assert np.isfinite(values).all()
    assert_allclose(values, exact_log_probabilities(logits), rtol=1e-12, atol=1e-307)


@given(fitting_strategies.samples(log_scales=(-1, 1)))
@may_end_early
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


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("fit_intercept", [False, True])
def test_coefficients_are_the_parameters_by_name(fit_intercept, dtype):
    params, classes = np.arange(6.0).reshape(2, 3), np.array(["a", "b"])
    named = coefficients_of(params, classes, fit_intercept=fit_intercept, dtype=dtype)
    assert named["classes_"] is classes
    assert named["coef_"].dtype == named["intercept_"].dtype == dtype
    if fit_intercept:
        assert_array_equal(named["coef_"], [[0.0, 1.0], [3.0, 4.0]])
        assert_array_equal(named["intercept_"], [2.0, 5.0])
    else:
        assert_array_equal(named["coef_"], params)
        assert_array_equal(named["intercept_"], [0.0, 0.0])
    classifier = SoftmaxClassifier(fit_intercept=fit_intercept)
    vars(classifier).update(named)
    assert_array_equal(params_of(classifier, 3 - fit_intercept), params)
    assert params_of(classifier, 3 - fit_intercept).dtype == np.float64
    with pytest.raises(ValueError, match=f"needs the {3 - fit_intercept} features .*, got 7"):
        params_of(classifier, 7)
