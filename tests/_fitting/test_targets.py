import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.utils.class_weight import compute_class_weight

from skxent._fitting._targets import encode, weights_of_classes
from tests._fitting import strategies

# Labels of every kind that a class may have, in their order.
KINDS_OF_LABELS = [
    np.array([0, 1, 2]),
    np.array([-5, 3, 70], dtype=np.int8),
    np.array([0.0, 1.0, 7.0]),
    np.array(["no", "yes", "yesterday"]),
    np.array(["no", "yes", "yesterday"], dtype=object),
    np.array([False, True]),
]
kinds_of_labels = pytest.mark.parametrize(
    "labels", KINDS_OF_LABELS, ids=lambda labels: str(labels.dtype)
)


# Labels


@kinds_of_labels
def test_labels_of_any_kind_become_indices_of_the_sorted_ones(labels):
    indices = np.random.default_rng(0).permutation(np.arange(20) % len(labels))
    classes, targets = encode(labels[indices])
    assert_array_equal(classes, labels)
    assert classes.dtype == labels.dtype
    assert_array_equal(targets, indices)
    assert targets.dtype.kind == "i"


@kinds_of_labels
def test_given_classes_keep_their_order(labels):
    for seed in range(4):
        given_classes = np.random.default_rng(seed).permutation(labels)
        y = labels[np.arange(20) % len(labels)]
        classes, targets = encode(y, given_classes)
        assert_array_equal(classes, given_classes)
        assert_array_equal(given_classes[targets], y)


@kinds_of_labels
def test_given_classes_may_be_missing_from_the_labels(labels):
    classes, targets = encode(labels[-1:], labels)
    assert_array_equal(classes, labels)
    assert_array_equal(targets, [len(labels) - 1])


@pytest.mark.parametrize(
    ("y", "classes", "unknown"),
    [
        ([1, 4, 2, 4, 9], [2, 1], "[4 9]"),
        ([-1, 1], [1, 2], "[-1]"),
        ([1, 2], [3, 0], "[1 2]"),
        (["a", "abc"], ["b", "a"], "['abc']"),
        (["a", "c"], [0, 1], "['a' 'c']"),
        ([0, 1], ["0", "x"], "[0 1]"),
        (list(range(9)), [10, 11], "[0 1 2 3 4]"),
    ],
)
def test_unknown_labels_are_refused_by_name(y, classes, unknown):
    message = f"y_val has labels that are not among the classes: {unknown}"
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        encode(np.array(y), np.array(classes), name="y_val")


@pytest.mark.parametrize("y", [["a"], ["a", "a"], [3.0]])
def test_a_single_class_is_refused(y):
    y = np.array(y)
    with pytest.raises(ValueError, match=f"at least two classes, got one class: {y[0]}"):
        encode(y)
    with pytest.raises(ValueError, match=f"at least two classes, got one class: {y[0]}"):
        encode(y, np.unique(y))


@pytest.mark.parametrize("classes", [None, np.array([0, 1])])
def test_what_scikit_learn_takes_for_no_labels_is_refused(classes):
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        encode(np.array([0.5, 1.25]), classes)
    with pytest.raises(TypeError, match="labels represented as bytes is not supported"):
        encode(np.array([b"a", b"b"]), classes)


# Distributions


@given(strategies.weighted_samples(soft=True))
def test_distributions_stay_as_they_are(samples):
    distributions, n_classes = samples.targets, samples.n_classes
    classes, targets = encode(distributions)
    assert_array_equal(classes, np.arange(n_classes))
    assert_array_equal(targets, distributions)
    names = np.array([f"class {k}" for k in range(n_classes)])[::-1]
    classes, targets = encode(distributions, names)
    assert_array_equal(classes, names)
    assert_array_equal(targets, distributions)


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint64, np.float16, np.float32])
def test_distributions_become_float64(dtype):
    _, targets = encode(np.eye(3, dtype=dtype))
    assert targets.dtype == np.float64
    assert_array_equal(targets, np.eye(3))


@pytest.mark.parametrize("share", [1 / 3, np.float32(1 / 3), (1.0 + 9e-7) / 3])
def test_distributions_may_sum_to_one_up_to_rounding(share):
    _, targets = encode(np.full((2, 3), share))
    assert_array_equal(targets, np.full((2, 3), share, dtype=np.float64))


@pytest.mark.parametrize(
    "row", [[0.5, 0.6], [0.5, 0.4], [1.5, -0.5], [0, 0], [1, 1], [np.nan, 1], [np.inf, 0], [3, 4]]
)
def test_rows_that_are_no_distribution_are_refused_by_their_number(row):
    y = np.array([[0.5, 0.5], [1.0, 0.0], row, row])
    message = "y_val of shape (4, 2) must hold a distribution over the classes in each row, "
    message += f"not negative and of sum one; row 2 is {y[2]}"
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        encode(y, name="y_val")


@pytest.mark.parametrize(
    "y", [[["a", "b"]], np.array([[1, 0]], dtype=object), [[1j, 0]]], ids=["str", "object", "c"]
)
def test_tables_of_anything_but_numbers_are_refused(y):
    message = r"y of shape \(1, 2\) must be probabilities of the classes, got "
    with pytest.raises(ValueError, match=message + str(np.array(y).dtype)):
        encode(np.array(y))


def test_distributions_need_a_column_for_each_class():
    with pytest.raises(ValueError, match="y_val must have a column for each of 3 classes, got 2"):
        encode(np.eye(2), np.arange(3), name="y_val")


@pytest.mark.parametrize("classes", [None, np.array(["a"])])
def test_distributions_over_a_single_class_are_refused(classes):
    with pytest.raises(ValueError, match="at least two classes"):
        encode(np.ones((3, 1)), classes)


# Weights


@given(strategies.weighted_samples(soft=False), st.sampled_from([1.0, 1e-150, 1e150, 1e300]))
def test_balanced_weights_are_those_of_scikit_learn(samples, scale):
    for weights in (np.ones(len(samples)), samples.weights + 1e-3):
        sums = replace(samples, weights=scale * weights).class_sums()
        expected = compute_class_weight(
            "balanced", classes=samples.classes, y=samples.labels, sample_weight=weights
        )
        found = weights_of_classes("balanced", samples.classes, sums)
        assert_allclose(found, expected, rtol=1e-13)


def test_balanced_weights_of_weights_whose_sum_overflows_are_finite():
    sums = np.array([1.5e308, 0.75e308, 1.5e308])
    assert_allclose(weights_of_classes("balanced", np.arange(3), sums), [5 / 6, 10 / 6, 5 / 6])


@given(strategies.weighted_samples(), st.integers(0, 4))
def test_balanced_classes_weigh_the_same_and_the_total_is_kept(samples, n_unseen):
    sums = np.append(samples.class_sums(), np.zeros(n_unseen))
    class_weights = weights_of_classes("balanced", np.arange(len(sums)), sums)
    seen = sums > 0.0
    assert_allclose((sums * class_weights)[seen], sums.sum() / seen.sum(), rtol=1e-13)
    assert_array_equal(class_weights[~seen], 1.0)


@pytest.mark.parametrize("kind", [np.array([2, 0, 1]), np.array(["b", "a", "c"])])
@pytest.mark.parametrize("named", [(), (0,), (1, 2), (0, 1, 2)])
def test_weights_by_label_are_those_of_scikit_learn(kind, named):
    class_weight = {kind[k].item(): 0.5 + k for k in named}
    weights = weights_of_classes(class_weight, kind, np.array([3.0, 1.0, 2.0]))
    assert_array_equal(weights, [0.5 + k if k in named else 1.0 for k in range(3)])
    assert_array_equal(weights, compute_class_weight(class_weight, classes=kind, y=kind))


def test_without_class_weights_they_are_one():
    assert_array_equal(
        weights_of_classes(None, np.arange(3), np.array([3.0, 0.0, 1.0])), np.ones(3)
    )


@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf, -np.inf])
def test_bad_class_weights_are_refused(value):
    class_weight = {0: 1.0, 1: value}
    message = f"class_weight must be finite and not negative, got {class_weight!r}"
    with pytest.raises(ValueError, match="^" + re.escape(message)):
        weights_of_classes(class_weight, np.arange(2), np.ones(2))


def test_class_weights_of_no_class_are_refused_where_classes_have_none():
    with pytest.raises(ValueError, match=r"The classes, \[1\], are not in class_weight"):
        weights_of_classes({0: 1.0, 5: 2.0}, np.arange(2), np.ones(2))


def test_a_class_may_weigh_nothing():
    assert_array_equal(weights_of_classes({1: 0.0}, np.arange(2), np.ones(2)), [1.0, 0.0])


@given(strategies.weighted_samples())
def test_nothing_is_written_to(samples):
    arrays = [samples.labels, samples.targets, samples.classes, samples.weights + 1.0]
    copies = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    labels, targets, classes, sums = arrays
    results = [
        *encode(targets)[1:],
        *encode(labels, classes)[1:],
        weights_of_classes("balanced", classes, sums[: len(classes)]),
    ]
    for array, copy in zip(arrays, copies, strict=True):
        assert_array_equal(array, copy)
        assert not any(np.shares_memory(result, array) for result in results)


def test_balanced_weights_of_classes_without_samples_are_one():
    weights = weights_of_classes("balanced", np.array(["a", "b"]), np.zeros(2))
    np.testing.assert_array_equal(weights, [1.0, 1.0])
