import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array, csr_matrix, issparse, random_array
from sklearn.exceptions import DataConversionWarning

from skxent import SoftmaxClassifier
from skxent._fitting._inputs import (
    check_features,
    check_samples,
    check_targets,
    check_weights,
    has_validation,
)
from skxent._fitting._targets import encode

# Features


def checked(X, reset=True):
    return check_features(SoftmaxClassifier(), X, reset=reset)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("order", ["C", "F"])
def test_array_of_floats_is_not_copied(dtype, order):
    X = np.asarray(np.random.default_rng(0).normal(size=(6, 4)), dtype=dtype, order=order)
    assert np.shares_memory(checked(X), X)
    assert checked(X).dtype == dtype
    assert checked(X).flags[f"{order}_CONTIGUOUS"]


@pytest.mark.parametrize("order", ["C", "F"])
def test_memory_map_is_not_copied(tmp_path, order):
    X = np.memmap(tmp_path / "X", np.float32, "w+", shape=(6, 4), order=order)
    X[:] = 1.0
    assert np.shares_memory(checked(X), X)
    assert checked(X).flags[f"{order}_CONTIGUOUS"]


@pytest.mark.parametrize("X", [[[1, 2], [3, 4]], np.array([[1, 2], [3, 4]], dtype=np.int8)])
def test_anything_else_becomes_float64(X):
    assert checked(X).dtype == np.float64
    assert_array_equal(checked(X), [[1.0, 2.0], [3.0, 4.0]])


@pytest.mark.parametrize("make", [csr_matrix, csr_array])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_duplicate_entries_are_summed_without_touching_the_matrix(make, dtype):
    parts = np.array([1, 2, 4, 8], dtype=dtype), np.array([2, 0, 2, 1]), np.array([0, 3, 4])
    X = make(tuple(part.copy() for part in parts), shape=(2, 3))
    X_checked = checked(X)
    assert isinstance(X_checked, make)
    assert X_checked.dtype == dtype
    assert X_checked.has_canonical_format
    assert X_checked.nnz == 3
    assert_array_equal(X_checked.toarray(), [[2, 0, 5], [0, 8, 0]])
    for attribute, part in zip(("data", "indices", "indptr"), parts, strict=True):
        assert_array_equal(getattr(X, attribute), part)


def test_csr_matrix_without_duplicates_is_not_copied():
    X = random_array((20, 5), density=0.4, format="csr", rng=np.random.default_rng(0))
    assert np.shares_memory(checked(X).data, X.data)


@pytest.mark.parametrize("to", ["tocsc", "tocoo"])
def test_other_sparse_formats_become_csr(to):
    X = random_array((20, 5), density=0.4, format="csr", rng=np.random.default_rng(0))
    X_checked = checked(getattr(X, to)())
    assert issparse(X_checked)
    assert X_checked.format == "csr"
    assert_array_equal(X_checked.toarray(), X.toarray())


def test_number_of_features_is_learned_and_compared():
    estimator = SoftmaxClassifier()
    check_features(estimator, np.ones((2, 3)), reset=True)
    assert estimator.n_features_in_ == 3
    with pytest.raises(ValueError, match="X has 2 features, but SoftmaxClassifier is expecting 3"):
        check_features(estimator, np.ones((2, 2)), reset=False)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("make", [np.asarray, csr_matrix])
def test_samples_that_are_not_finite_are_refused(value, make):
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        checked(make(np.array([[1.0, value]])))


# Targets and weights


@pytest.mark.parametrize("y", [["b", "a"], [1, 0], [True, False], np.array([2.0, 3.0])])
def test_labels_keep_their_type(y):
    checked_y = check_targets(y)
    assert checked_y.shape == (2,)
    assert checked_y.dtype == np.asarray(y).dtype
    assert_array_equal(checked_y, y)


def test_single_column_is_taken_for_labels_with_a_warning():
    with pytest.warns(DataConversionWarning, match="column-vector y"):
        assert check_targets(np.array([[0], [1], [1]])).shape == (3,)


@pytest.mark.parametrize("y", [[[0.25, 0.75], [1.0, 0.0]], np.array([[0, 1], [1, 0]])])
def test_distributions_keep_their_shape(y):
    assert_array_equal(check_targets(y), y)
    assert check_targets(y).shape == (2, 2)


@pytest.mark.parametrize("y", [[[0.5, np.nan]], [[np.inf, 0.5]]])
def test_distributions_that_are_not_finite_are_refused(y):
    with pytest.raises(ValueError, match=r"Input y contains (NaN|infinity)"):
        check_targets(y)


@pytest.mark.parametrize(
    ("y", "message"),
    [(np.zeros((2, 2, 2)), "array with dim 3"), (np.float64(1.0), "y should be a 1d array")],
)
def test_targets_of_other_shapes_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        check_targets(y)


@pytest.mark.parametrize(
    ("weights", "expected"),
    [(None, [1.0, 1.0]), ([2, 0], [2.0, 0.0]), (np.float32([0.5, 3.0]), [0.5, 3.0])],
)
@pytest.mark.parametrize("y", [np.zeros(2), np.full((2, 3), 1 / 3)])
@pytest.mark.parametrize("make", [np.asarray, csr_matrix])
def test_weights_are_float64_and_one_by_default(weights, expected, y, make):
    checked_weights = check_weights(make(np.zeros((2, 1))), y, weights)
    assert checked_weights.dtype == np.float64
    assert_array_equal(checked_weights, expected)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, -1.0], "(?i)negative"),
        ([1.0, np.nan], "NaN"),
        ([1.0, np.inf], "infinity"),
        ([1.0], r"sample_weight.shape == \(1,\)"),
        ([[1.0, 1.0]], "1D array"),
    ],
)
def test_weights_that_are_none_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        check_weights(np.zeros((2, 1)), np.zeros(2), weights)


def test_targets_must_be_as_many_as_samples():
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        check_weights(np.zeros((2, 1)), np.zeros(3), None)


# Samples


@pytest.mark.parametrize("classes", [None, np.array(["b", "a"])])
def test_samples_are_what_each_check_returns(classes):
    X, y, weights = [[1, 2], [3, 4], [5, 6]], ["a", "b", "a"], [1, 0, 2]
    estimator = SoftmaxClassifier()
    samples = check_samples(estimator, X, y, weights, classes=classes, reset=True)
    expected, targets = encode(check_targets(y), classes)
    assert estimator.n_features_in_ == 2
    assert_array_equal(samples.X, check_features(estimator, X, reset=False))
    assert_array_equal(samples.targets, targets)
    assert_array_equal(samples.classes, expected)
    assert_array_equal(samples.weights, [1.0, 0.0, 2.0])
    assert samples.weights.dtype == np.float64


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"X": [[1.0], [2.0]]}, "X has 1 features, but SoftmaxClassifier is expecting 2"),
        ({"y": [0, 2]}, r"y_val has labels that are not among the classes: \[2\]"),
        ({"y": [0.5, np.nan]}, "y_val contains NaN"),
        ({"y": [[0.5, 0.6], [0.0, 1.0]]}, "y_val of shape .* row 0"),
        ({"y": [0, 1, 1]}, "inconsistent numbers of samples"),
        ({"sample_weight": [1.0, -1.0]}, "(?i)negative"),
    ],
)
def test_samples_that_do_not_fit_are_refused(changes, message):
    estimator = SoftmaxClassifier()
    check_features(estimator, np.ones((2, 2)), reset=True)
    arguments = {"X": np.eye(2), "y": [0, 1], "sample_weight": None} | changes
    with pytest.raises(ValueError, match=message):
        check_samples(estimator, **arguments, classes=np.array([0, 1]), reset=False, name="y_val")


# Samples to validate on


def test_validation_samples_are_given_together_or_not_at_all():
    assert has_validation([[1.0]], [0], None)
    assert has_validation([[1.0]], [0], [1.0])
    assert not has_validation(None, None, None)
    for given_alone in ([[1.0]], None, None), (None, [0], None), (None, [0], [1.0]):
        with pytest.raises(ValueError, match="X_val and y_val must be given together"):
            has_validation(*given_alone)
    with pytest.raises(ValueError, match="sample_weight_val needs X_val and y_val"):
        has_validation(None, None, [1.0])
