import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.utils.class_weight import compute_class_weight

from skxent._fitting._targets import encode, sum_by_class, weigh, weights_of_classes
from tests._fitting import strategies
from tests.losses import oracles
from tests.losses.strategies import distributions_of, sample_weights_of

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


@st.composite
def weighted_targets(draw, soft=None):
    """Labels (of which every class has one) or distributions, weights and a number of classes."""
    _, targets, n_classes = draw(strategies.samples(max_features=1))
    if draw(st.booleans()) if soft is None else soft:
        targets = draw(distributions_of(len(targets), n_classes, np.float64))
    return targets, draw(sample_weights_of(len(targets))), n_classes


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


@given(weighted_targets(soft=True))
def test_distributions_stay_as_they_are(problem):
    distributions, _, n_classes = problem
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


@given(weighted_targets())
def test_sums_by_class_are_those_of_the_loop(problem):
    targets, weights, n_classes = problem
    expected = [0.0] * n_classes
    for target, weight in zip(targets, weights.tolist(), strict=True):
        for k, share in enumerate(oracles.distribution_of(target, n_classes)):
            expected[k] += weight * share
    sums = sum_by_class(targets, weights, n_classes)
    assert sums.shape == (n_classes,)
    assert_allclose(sums, expected, rtol=1e-13)


def test_sums_of_classes_without_a_sample_are_zero():
    assert_array_equal(sum_by_class(np.array([1]), np.array([2.0]), 4), [0.0, 2.0, 0.0, 0.0])


@given(weighted_targets(soft=False), st.sampled_from([1.0, 1e-150, 1e150, 1e300]))
def test_balanced_weights_are_those_of_scikit_learn(problem, scale):
    labels, sample_weight, n_classes = problem
    classes = np.array(list("abcd")[:n_classes])
    for weights in (np.ones(len(labels)), sample_weight + 1e-3):
        sums = sum_by_class(labels, scale * weights, n_classes)
        expected = compute_class_weight(
            "balanced", classes=classes, y=classes[labels], sample_weight=weights
        )
        assert_allclose(weights_of_classes("balanced", classes, sums), expected, rtol=1e-13)


def test_balanced_weights_of_weights_whose_sum_overflows_are_finite():
    sums = np.array([1.5e308, 0.75e308, 1.5e308])
    assert_allclose(weights_of_classes("balanced", np.arange(3), sums), [5 / 6, 10 / 6, 5 / 6])


@given(weighted_targets(), st.integers(0, 4))
def test_balanced_classes_weigh_the_same_and_the_total_is_kept(problem, n_unseen):
    targets, weights, n_classes = problem
    sums = np.append(sum_by_class(targets, weights, n_classes), np.zeros(n_unseen))
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


@given(weighted_targets(), st.data())
def test_samples_weigh_by_the_expected_weight_of_their_class(problem, data):
    targets, sample_weight, n_classes = problem
    class_weights = data.draw(sample_weights_of(n_classes))
    expected = [
        weight
        * sum(
            share * float(class_weights[k])
            for k, share in enumerate(oracles.distribution_of(target, n_classes))
        )
        for target, weight in zip(targets, sample_weight.tolist(), strict=True)
    ]
    weights = weigh(targets, sample_weight, class_weights)
    assert weights.shape == sample_weight.shape
    assert_allclose(weights, expected, rtol=1e-14)


@given(weighted_targets(soft=False), st.data())
def test_a_one_hot_distribution_weighs_as_its_label(problem, data):
    labels, sample_weight, n_classes = problem
    class_weights = data.draw(sample_weights_of(n_classes))
    one_hot = np.eye(n_classes)[labels]
    assert_array_equal(
        weigh(one_hot, sample_weight, class_weights), weigh(labels, sample_weight, class_weights)
    )
    assert_allclose(
        sum_by_class(one_hot, sample_weight, n_classes),
        sum_by_class(labels, sample_weight, n_classes),
        rtol=1e-14,
    )


@given(weighted_targets())
def test_classes_weighed_then_summed_are_classes_summed_then_weighed(problem):
    # The total weight of a balanced problem is that of its samples, also with soft targets.
    targets, sample_weight, n_classes = problem
    sums = sum_by_class(targets, sample_weight, n_classes)
    class_weights = weights_of_classes("balanced", np.arange(n_classes), sums)
    weights = weigh(targets, sample_weight, class_weights)
    assert_allclose(weights.sum(), sums @ class_weights, rtol=1e-13)
    assert_allclose(weights.sum(), sample_weight.sum(), rtol=1e-13)


@given(weighted_targets())
def test_nothing_is_written_to(problem):
    targets, sample_weight, n_classes = problem
    arrays = [targets, sample_weight, np.arange(n_classes) + 0.5, np.arange(n_classes)[::-1].copy()]
    copies = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    results = [
        *encode(targets)[1:],
        *encode(targets, arrays[3])[1:],
        sum_by_class(targets, sample_weight, n_classes),
        weights_of_classes("balanced", arrays[3], arrays[2]),
        weigh(targets, sample_weight, arrays[2]),
    ]
    for array, copy in zip(arrays, copies, strict=True):
        assert_array_equal(array, copy)
        assert not any(np.shares_memory(result, array) for result in results)


def test_balanced_weights_of_classes_without_samples_are_one():
    weights = weights_of_classes("balanced", np.array(["a", "b"]), np.zeros(2))
    np.testing.assert_array_equal(weights, [1.0, 1.0])
