import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import multivariate_normal
from sklearn.base import clone
from sklearn.datasets import load_iris, load_wine
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)

from skxent.sequences import GaussianClassifier


def draw(seed, n_classes=3, n_features=3, n_samples=60, dtype=np.float64):
    """Samples of classes of different covariances, some features on another scale."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n_samples) % n_classes)
    mixes = np.eye(n_features) + 0.2 * rng.normal(size=(n_classes, n_features, n_features))
    X = np.einsum("ni,nij->nj", rng.normal(size=(n_samples, n_features)), mixes[y])
    X += 2 * rng.normal(size=(n_classes, n_features))[y] + 5.0
    return (X * 10.0 ** rng.integers(-1, 3, n_features)).astype(dtype), y


@given(
    seed=st.integers(0, 2**32 - 1),
    mix=st.sampled_from([0.0, 0.3, 1.0]),
    shrinkage=st.sampled_from([0.0, 0.01, 0.5]),
)
def test_scores_are_those_of_scipys_densities(seed, mix, shrinkage):
    X, y = draw(seed)
    weights = np.random.default_rng(seed).uniform(0.5, 2.0, len(y))
    classifier = GaussianClassifier(mix=mix, shrinkage=shrinkage).fit(X, y, weights)
    parts = [(X[y == k], weights[y == k]) for k in range(3)]
    priors = [w.sum() / weights.sum() for _, w in parts]
    covariances = [np.cov(x.T, aweights=w, bias=True) for x, w in parts]
    shared = sum(p * c for p, c in zip(priors, covariances, strict=True))
    expected = []
    for (x, w), prior, covariance in zip(parts, priors, covariances, strict=True):
        mixed = (1 - shrinkage) * ((1 - mix) * covariance + mix * shared)
        mixed += shrinkage * np.diag(np.diag(shared))
        density = multivariate_normal(np.average(x, axis=0, weights=w), mixed)
        expected.append(np.log(prior) + density.logpdf(X))
    scores = classifier.decision_function(X)
    expected = np.transpose(expected)
    assert_allclose(scores - scores[:, :1], expected - expected[:, :1], rtol=1e-6, atol=1e-6)
    assert_allclose(classifier.priors_, priors)
    assert_allclose(np.exp(classifier.predict_log_proba(X)).sum(axis=1), 1.0)


def test_parity_with_quadratic_and_linear_discriminant_analysis():
    X, y = load_iris(return_X_y=True)
    quadratic = QuadraticDiscriminantAnalysis().fit(X, y)
    ours = GaussianClassifier(mix=0.0, shrinkage=0.0).fit(X, y)
    # scikit-learn divides by n - 1: the same but for a factor near one.
    assert_allclose(ours.predict_proba(X), quadratic.predict_proba(X), atol=0.01)
    linear = LinearDiscriminantAnalysis(solver="lsqr").fit(X, y)
    ours = GaussianClassifier(mix=1.0, shrinkage=0.0).fit(X, y)
    assert_allclose(ours.predict_proba(X), linear.predict_proba(X), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("n_components", [1, 2])
def test_projection_is_that_of_linear_discriminant_analysis(n_components):
    X, y = load_wine(return_X_y=True)
    theirs = LinearDiscriminantAnalysis(solver="eigen", n_components=n_components)
    projected = theirs.fit(X, y).transform(X)
    inner = GaussianClassifier(mix=0.3, shrinkage=0.0).fit(projected, y)
    outer = GaussianClassifier(n_components, mix=0.3, shrinkage=0.0).fit(X, y)
    assert_allclose(outer.predict_proba(X), inner.predict_proba(projected), rtol=1e-5, atol=1e-9)


def test_all_directions_of_one_covariance_are_no_more_than_those_of_the_means():
    X, y = load_wine(return_X_y=True)
    plain, projected = GaussianClassifier(mix=1.0), GaussianClassifier(50, mix=1.0)
    assert_allclose(
        plain.fit(X, y).predict_proba(X), projected.fit(X, y).predict_proba(X), rtol=1e-6
    )


@given(seed=st.integers(0, 2**32 - 1), n_components=st.sampled_from([None, 2]))
def test_scale_and_origin_of_features_do_not_matter(seed, n_components):
    X, y = draw(seed)
    rng = np.random.default_rng(seed)
    other = X * rng.uniform(0.5, 20.0, X.shape[1]) + rng.normal(size=X.shape[1])
    classifier = GaussianClassifier(n_components)
    assert_allclose(
        clone(classifier).fit(X, y).predict_proba(X),
        classifier.fit(other, y).predict_proba(other),
        atol=1e-6,
    )


def test_constant_features_are_ignored():
    X, y = draw(0)
    constant = np.full((len(X), 1), 7.0)
    wide = np.hstack([X, constant])
    classifier = GaussianClassifier().fit(wide, y)
    expected = GaussianClassifier().fit(X, y).predict_proba(X)
    assert_allclose(classifier.predict_proba(wide), expected, atol=1e-9)
    wide[:, -1] += 3.0
    assert_allclose(classifier.predict_proba(wide), expected, atol=1e-9)


def test_some_classes_have_the_columns_of_all():
    X, y = draw(0, n_classes=5)
    for mix in (0.3, 1.0):
        classifier = GaussianClassifier(2, mix=mix).fit(X, y)
        every = classifier.score_classes(X)
        assert_array_equal(classifier.score_classes(X, [3, 0]), every[:, [3, 0]])


def test_classes_of_a_single_sample():
    classifier = GaussianClassifier().fit([[0.0, 1.0], [2.0, 3.0]], ["a", "b"])
    assert_array_equal(classifier.predict([[0.1, 1.0], [2.0, 2.9]]), ["a", "b"])


def test_samples_in_many_blocks():
    X, y = draw(0, n_samples=3000)
    classifier = GaussianClassifier().fit(X, y)
    assert_allclose(
        classifier.decision_function(X)[-5:], classifier.decision_function(X[-5:]), rtol=1e-12
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arguments_are_not_written_to(dtype):
    X, y = draw(0, dtype=dtype)
    weights = np.ones(len(y))
    for array in (X, y, weights):
        array.flags.writeable = False
    assert GaussianClassifier(2).fit(X, y, weights).score(X, y) > 0.5


def test_errors():
    X, y = draw(0, n_samples=9)
    with pytest.raises(ValueError, match=r"no inverse with mix=0.0 and shrinkage=0.0; raise one"):
        GaussianClassifier(mix=0.0, shrinkage=0.0).fit(X, y)
    with pytest.raises(ValueError, match="two classes at least, got one class: 'a'"):
        GaussianClassifier().fit(X, ["a"] * 9)
    with pytest.raises(ValueError, match=r"values up to 1e[+]200, too large for their squares"):
        GaussianClassifier().fit(np.where(np.arange(9)[:, np.newaxis] == 3, 1e200, X), y)
    with pytest.raises(ValueError, match="'mix' parameter"):
        GaussianClassifier(mix=1.5).fit(X, y)
