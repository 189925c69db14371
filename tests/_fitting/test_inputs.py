import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from scipy.sparse import csr_array, csr_matrix, issparse, random_array
from sklearn.exceptions import DataConversionWarning

from skxent import SoftmaxClassifier
from skxent._fitting._holdout import set_aside
from skxent._fitting._inputs import check_samples, check_targets, check_weights

seeds = st.integers(0, 2**32 - 1)
fractions = st.sampled_from([0.1, 0.25, 0.5, 0.9]) | st.floats(0.01, 0.99)
class_sizes = st.lists(st.integers(2, 5) | st.integers(2, 120), min_size=2, max_size=4)


def labels_of(sizes, seed=0):
    return np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))


def split(labels, fraction=0.25, weights=None, targets=None, seed=0):
    """Set samples aside whose one feature is their row; return the rows of the two parts."""
    X = np.arange(float(len(labels)))[:, np.newaxis]
    weights = np.ones(len(labels)) if weights is None else weights
    targets = labels if targets is None else targets
    parts = set_aside(X, targets, weights, fraction, np.random.RandomState(seed))
    for X_part, targets_part, weights_part in parts:
        rows = X_part[:, 0].astype(int)
        assert_array_equal(targets_part, targets[rows])
        assert_array_equal(weights_part, weights[rows])
    return [X_part[:, 0].astype(int) for X_part, _, _ in parts]


def has_room(sizes, fraction):
    n_val = max(len(sizes), np.ceil(fraction * sum(sizes)))
    return n_val <= sum(sizes) - len(sizes)


# Samples set aside


@given(class_sizes, fractions, seeds)
def test_each_sample_is_in_one_part_in_its_order(sizes, fraction, seed):
    assume(has_room(sizes, fraction))
    kept, aside = split(labels_of(sizes, seed), fraction, seed=seed)
    assert_array_equal(np.sort(np.concatenate([kept, aside])), np.arange(sum(sizes)))
    assert (np.diff(kept) > 0).all()
    assert (np.diff(aside) > 0).all()


@given(class_sizes, fractions, seeds)
def test_each_class_is_in_both_parts(sizes, fraction, seed):
    assume(has_room(sizes, fraction))
    labels = labels_of(sizes, seed)
    for rows in split(labels, fraction, seed=seed):
        assert set(labels[rows]) == set(labels)


@given(class_sizes, fractions, seeds)
def test_size_set_aside_is_the_fraction_but_one_sample_of_each_class(sizes, fraction, seed):
    assume(has_room(sizes, fraction))
    _, aside = split(labels_of(sizes, seed), fraction, seed=seed)
    assert len(aside) == max(len(sizes), np.ceil(fraction * sum(sizes)))


@given(class_sizes, fractions, seeds)
def test_classes_have_the_same_share_of_both_parts(sizes, fraction, seed):
    assume(has_room(sizes, fraction))
    labels = labels_of(sizes, seed)
    _, aside = split(labels, fraction, seed=seed)
    expected = np.array(sizes) * len(aside) / len(labels)
    # Rounded, and moved by as much as the one sample of each small class takes.
    assert np.abs(np.bincount(labels[aside]) - expected).max() <= 1.0 + len(sizes)


def test_shares_are_exact_where_they_can_be():
    labels = labels_of([40, 20, 10])
    kept, aside = split(labels, fraction=0.1)
    assert_array_equal(np.bincount(labels[aside]), [4, 2, 1])
    assert_array_equal(np.bincount(labels[kept]), [36, 18, 9])


@given(class_sizes, st.integers(0, 10), seeds)
def test_samples_of_no_weight_stay(sizes, n_without, seed):
    rng = np.random.default_rng(seed)
    labels = np.concatenate([labels_of(sizes, seed), rng.integers(0, len(sizes), n_without)])
    weights = rng.uniform(0.1, 2.0, len(labels))
    weights[sum(sizes) :] = 0.0
    kept, aside = split(labels, 0.3, weights, seed=seed) if has_room(sizes, 0.3) else ([], [])
    assume(len(aside))
    assert (weights[aside] > 0.0).all()
    # They count for nothing: neither in the size, nor as a class's other sample.
    assert len(aside) == max(len(sizes), np.ceil(0.3 * sum(sizes)))
    assert set(labels[kept][weights[kept] > 0.0]) == set(range(len(sizes)))


@given(class_sizes, seeds)
def test_only_sample_of_a_class_stays(sizes, seed):
    assume(has_room(sizes, 0.25))
    labels = np.append(labels_of(sizes, seed), [len(sizes), len(sizes) + 2, len(sizes)])
    weights = np.ones(len(labels))
    weights[-1] = 0.0  # of the class's two samples one counts for nothing
    kept, aside = split(labels, 0.25, weights, seed=seed)
    assert set(kept) >= {len(labels) - 3, len(labels) - 2, len(labels) - 1}
    assert len(aside) == max(len(sizes), np.ceil(0.25 * sum(sizes)))


@given(class_sizes, fractions, seeds)
def test_distributions_count_with_their_likeliest_class(sizes, fraction, seed):
    assume(has_room(sizes, fraction))
    labels = labels_of(sizes, seed)
    targets = 0.3 * np.random.default_rng(seed).dirichlet(np.ones(len(sizes)), len(labels))
    targets[np.arange(len(labels)), labels] += 0.7
    soft = split(labels, fraction, targets=targets, seed=seed)
    hard = split(labels, fraction, seed=seed)
    assert_array_equal(soft[0], hard[0])
    assert_array_equal(soft[1], hard[1])


def test_seed_draws_the_same_samples_and_another_others():
    labels = labels_of([30, 30])
    first, again, other = (split(labels, seed=seed)[1] for seed in (1, 1, 2))
    assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("make", [csr_matrix, csr_array])
def test_sparse_samples_are_set_aside_as_dense_ones(make):
    X = random_array((40, 5), density=0.4, format="csr", rng=np.random.default_rng(0))
    targets, weights = labels_of([25, 15]), np.arange(1.0, 41.0)
    dense = set_aside(X.toarray(), targets, weights, 0.2, np.random.RandomState(0))
    sparse = set_aside(make(X), targets, weights, 0.2, np.random.RandomState(0))
    for one, other in zip(sparse, dense, strict=True):
        assert isinstance(one[0], make)
        assert_array_equal(one[0].toarray(), other[0])
        assert_array_equal(one[1], other[1])
        assert_array_equal(one[2], other[2])


@pytest.mark.parametrize(
    ("sizes", "fraction", "message"),
    [
        ([2, 1], 0.9, r"can't set 2 of 2 .*\(validation_fraction=0.9\)"),
        ([1, 1, 1], 0.1, r"can't set 0 of 0 .*\(validation_fraction=0.1\)"),
        ([4, 4], 0.8, r"can't set 7 of 8 .*\(validation_fraction=0.8\)"),
    ],
)
def test_too_few_samples_are_refused(sizes, fraction, message):
    with pytest.raises(ValueError, match=rf"early_stopping {message}; give fit an X_val and y_val"):
        split(labels_of(sizes), fraction)


# Samples


def checked(X, reset=True):
    return check_samples(SoftmaxClassifier(), X, reset=reset)


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
    check_samples(estimator, np.ones((2, 3)), reset=True)
    assert estimator.n_features_in_ == 3
    with pytest.raises(ValueError, match="X has 2 features, but SoftmaxClassifier is expecting 3"):
        check_samples(estimator, np.ones((2, 2)), reset=False)


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
