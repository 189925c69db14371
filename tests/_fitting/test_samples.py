from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array, csr_matrix

from skxent._fitting._holdout import draw_held_out
from skxent._fitting._samples import Samples
from skxent._fitting._targets import weights_of_classes
from tests._fitting.strategies import weighted_samples
from tests.losses import oracles
from tests.losses.strategies import sample_weights_of


def shares_of(samples):
    """The share of each class in each target, as lists."""
    n_classes = samples.n_classes
    return [list(oracles.distribution_of(target, n_classes)) for target in samples.targets]


@given(weighted_samples())
def test_sizes_and_labels(samples):
    assert len(samples) == len(samples.X)
    assert samples.n_classes == len(samples.classes)
    if samples.targets.ndim == 2:
        assert samples.labels is samples.targets
    else:
        expected = [samples.classes[k] for k in samples.targets]
        assert_array_equal(samples.labels, expected)


@given(weighted_samples())
def test_class_sums_are_those_of_the_loop(samples):
    expected = [0.0] * samples.n_classes
    for shares, weight in zip(shares_of(samples), samples.weights.tolist(), strict=True):
        for k, share in enumerate(shares):
            expected[k] += weight * share
    sums = samples.class_sums()
    assert sums.shape == (samples.n_classes,)
    assert_allclose(sums, expected, rtol=1e-13)


def test_class_sums_of_classes_without_a_sample_are_zero():
    samples = Samples(np.zeros((1, 1)), np.array([1]), np.array([2.0]), np.arange(4))
    assert_array_equal(samples.class_sums(), [0.0, 2.0, 0.0, 0.0])


@given(weighted_samples(), st.data())
def test_samples_are_weighed_by_the_expected_weight_of_their_class(samples, data):
    class_weights = data.draw(sample_weights_of(samples.n_classes))
    expected = [
        weight * sum(share * float(class_weights[k]) for k, share in enumerate(shares))
        for shares, weight in zip(shares_of(samples), samples.weights.tolist(), strict=True)
    ]
    weighed = samples.weighed(class_weights)
    assert_allclose(weighed.weights, expected, rtol=1e-14)
    assert weighed.X is samples.X
    assert weighed.targets is samples.targets
    assert weighed.classes is samples.classes


@given(weighted_samples(soft=False), st.data())
def test_a_one_hot_distribution_counts_as_its_label(samples, data):
    class_weights = data.draw(sample_weights_of(samples.n_classes))
    one_hot = replace(samples, targets=np.eye(samples.n_classes)[samples.targets])
    assert_array_equal(
        one_hot.weighed(class_weights).weights, samples.weighed(class_weights).weights
    )
    assert_allclose(one_hot.class_sums(), samples.class_sums(), rtol=1e-14)


@given(weighted_samples())
def test_classes_weighed_then_summed_are_classes_summed_then_weighed(samples):
    # The total weight of a balanced problem is that of its samples, also with soft targets.
    sums = samples.class_sums()
    class_weights = weights_of_classes("balanced", samples.classes, sums)
    total = samples.weighed(class_weights).weights.sum()
    assert_allclose(total, sums @ class_weights, rtol=1e-13)
    assert_allclose(total, samples.weights.sum(), rtol=1e-13)


@given(weighted_samples(), st.data())
def test_class_sums_of_rows_are_those_of_the_samples_there(samples, data):
    rows = np.array(data.draw(st.lists(st.integers(0, len(samples) - 1))), dtype=int)
    assert_array_equal(samples.class_sums(rows), samples.take(rows).class_sums())


@pytest.mark.parametrize("rows", [slice(1, 4), np.array([3, 0, 3])])
@pytest.mark.parametrize("kind", [np.asarray, csr_array, csr_matrix])
@pytest.mark.parametrize("soft", [False, True])
def test_rows_are_taken_of_everything_but_the_classes(rows, kind, soft):
    targets = np.array([0, 1, 1, 0, 1])
    targets = np.eye(2)[targets] if soft else targets
    samples = Samples(kind(np.eye(5)), targets, np.arange(5.0), np.array(["b", "a"]))
    taken = samples.take(rows)
    assert type(taken.X) is type(samples.X)
    assert_array_equal(taken.X if kind is np.asarray else taken.X.toarray(), np.eye(5)[rows])
    assert_array_equal(taken.targets, targets[rows])
    assert_array_equal(taken.weights, np.arange(5.0)[rows])
    assert taken.classes is samples.classes


@pytest.mark.parametrize("kind", [np.asarray, csr_array, csr_matrix])
def test_samples_held_out_are_those_drawn(kind):
    targets, weights = np.random.default_rng(0).permutation(np.arange(40) % 3), np.arange(1.0, 41.0)
    samples = Samples(kind(np.eye(40)), targets, weights, np.arange(3))
    parts = samples.hold_out(0.2, np.random.RandomState(0))
    drawn = draw_held_out(targets, weights, 0.2, np.random.RandomState(0))
    for part, rows in zip(parts, drawn, strict=True):
        X = part.X if kind is np.asarray else part.X.toarray()
        assert_array_equal(X, np.eye(40)[rows])
        assert_array_equal(part.targets, targets[rows])
        assert_array_equal(part.weights, weights[rows])


@given(weighted_samples())
def test_nothing_is_written_to(samples):
    arrays = [getattr(samples, field.name) for field in fields(samples)]
    copies = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    class_weights = np.arange(samples.n_classes) + 0.5
    results = [samples.class_sums(), samples.weighed(class_weights).weights]
    for array, copy in zip(arrays, copies, strict=True):
        assert_array_equal(array, copy)
        assert not any(np.shares_memory(result, array) for result in results)
