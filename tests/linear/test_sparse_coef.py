"""Coefficients as a sparse array, and back."""

import pickle

import numpy as np
import pytest
import scipy.sparse
import skops.io
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import SelectFromModel

from skxent import SoftmaxClassifier, SoftmaxClassifierCV
from tests.linear.problems import both, may_end_early, random_problem

METHODS = ["decision_function", "predict", "predict_proba", "predict_log_proba"]
with_l1 = SoftmaxClassifier(l1_ratio=1.0, alpha=0.05)


@given(
    seed=st.integers(0, 2**32 - 1),
    n_classes=st.integers(2, 4),
    dtype=st.sampled_from([np.float32, np.float64]),
    make=st.sampled_from([np.asarray, scipy.sparse.csr_array, scipy.sparse.csr_matrix]),
)
@settings(max_examples=20)
def test_predictions_are_the_same(seed, n_classes, dtype, make):
    X, y, _ = random_problem(n_classes, seed=seed)
    X = make((X * (np.abs(X) > 0.3)).astype(dtype))
    fitted = clone(with_l1).fit(X, y)
    dense, expected = fitted.coef_, {name: getattr(fitted, name)(X) for name in METHODS}
    assert fitted.sparsify() is fitted
    assert isinstance(fitted.coef_, scipy.sparse.csr_array)
    assert fitted.coef_.nnz == np.count_nonzero(dense)
    for name in METHODS:
        found = getattr(fitted, name)(X)
        assert type(found) is np.ndarray
        assert found.dtype == expected[name].dtype
        assert_allclose(found, expected[name], rtol=1e-5 if dtype == np.float32 else 1e-12)
    assert fitted.densify() is fitted
    assert_array_equal(fitted.coef_, dense)
    assert fitted.densify().coef_.dtype == dtype


@pytest.mark.parametrize("twice", [False, True])
def test_pickle_of_few_coefficients_is_small(twice):
    X, y, _ = random_problem(3, n_features=400)
    fitted = clone(with_l1).set_params(alpha=0.1, tol=0.01, warm_start=True).fit(X, y)
    size, expected = len(pickle.dumps(fitted)), fitted.predict(X)
    fitted.sparsify()
    if twice:
        fitted.sparsify()
    data = pickle.dumps(fitted)
    assert len(data) < size / 4
    assert_array_equal(pickle.loads(data).predict(X), expected)
    data = skops.io.dumps(fitted)
    loaded = skops.io.loads(data, trusted=skops.io.get_untrusted_types(data=data))
    assert_array_equal(loaded.predict(X), expected)


@may_end_early
@both
def test_warm_start_goes_on_from_sparse_coefficients(n_classes):
    X, y, _ = random_problem(n_classes)
    fitted = clone(with_l1).set_params(warm_start=True, max_iter=7, tol=0.0).fit(X, y)
    last = fitted.loss_curve_[-1]
    fitted.sparsify().fit(X, y)
    assert_allclose(fitted.loss_curve_[0], last, rtol=1e-12)
    assert isinstance(fitted.coef_, np.ndarray)
    assert_array_equal(clone(fitted).fit(X, y).sparsify().fit(X, y).coef_, fitted.coef_)


@both
def test_partial_fit_goes_on_from_sparse_coefficients(n_classes):
    X, y, _ = random_problem(n_classes)
    plain = SoftmaxClassifier(solver="sgd", momentum=0.0, learning_rate=0.1)
    sparse = clone(plain)
    for _ in range(3):
        plain.partial_fit(X, y, np.arange(n_classes))
        sparse.partial_fit(X, y, np.arange(n_classes)).sparsify()
    assert_array_equal(sparse.densify().coef_, plain.coef_)
    assert sparse.n_iter_ == plain.n_iter_ == 3


@may_end_early
def test_search_has_the_sparse_coefficients_of_its_best_estimator():
    X, y, _ = random_problem(3)
    search = SoftmaxClassifierCV(learning_rates=2, cv=2, max_iter=10).fit(X, y)
    expected, score = search.predict_proba(X), search.score(X, y)
    search.sparsify()
    assert scipy.sparse.issparse(search.coef_)
    assert scipy.sparse.issparse(search.best_estimator_.coef_)
    assert_allclose(search.predict_proba(X), expected, rtol=1e-12)
    assert search.score(X, y) == score
    search.densify()
    assert isinstance(search.coef_, np.ndarray)
    assert isinstance(search.best_estimator_.coef_, np.ndarray)


def test_features_are_selected_by_sparse_coefficients():
    X, y, _ = random_problem(3)
    fitted = clone(with_l1).set_params(alpha=0.2).fit(X, y)
    dense, sparse = (
        SelectFromModel(model, prefit=True, threshold=1e-12).transform(X)
        for model in (fitted, clone(fitted).fit(X, y).sparsify())
    )
    assert_array_equal(sparse, dense)


@pytest.mark.parametrize("method", ["sparsify", "densify"])
@pytest.mark.parametrize("estimator", [SoftmaxClassifier(), SoftmaxClassifierCV()])
def test_estimator_without_coefficients_has_none_to_convert(estimator, method):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        getattr(estimator, method)()
