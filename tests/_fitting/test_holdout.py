import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skxent._fitting._holdout import draw_held_out

seeds = st.integers(0, 2**32 - 1)
fractions = st.sampled_from([0.1, 0.25, 0.5, 0.9]) | st.floats(0.01, 0.99)
class_sizes = st.lists(st.integers(2, 5) | st.integers(2, 120), min_size=2, max_size=4)


def labels_of(sizes, seed=0):
    return np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))


def split(labels, fraction=0.25, weights=None, targets=None, seed=0):
    weights = np.ones(len(labels)) if weights is None else weights
    targets = labels if targets is None else targets
    return draw_held_out(targets, weights, fraction, np.random.RandomState(seed))


def has_room(sizes, fraction):
    n_val = max(len(sizes), np.ceil(fraction * sum(sizes)))
    return n_val <= sum(sizes) - len(sizes)


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


@given(
    labels=st.lists(st.integers(0, 3), min_size=6, max_size=60),
    fraction=st.floats(0.01, 0.6),
    seed=seeds,
    is_soft=st.booleans(),
)
def test_samples_set_aside_are_a_share_of_each_class(labels, fraction, seed, is_soft):
    rng = np.random.default_rng(seed)
    # Two classes with enough samples, so that there is something to set aside.
    labels = np.array([*labels, *[0, 1] * 8])
    weights = rng.choice([0.0, 0.5, 2.0], len(labels), p=[0.2, 0.4, 0.4])
    weights[-16:] = 1.0
    targets = 0.6 * np.eye(4)[labels] + 0.1 if is_soft else labels
    kept, aside = draw_held_out(targets, weights, fraction, np.random.RandomState(seed))
    assert_array_equal(np.sort(np.concatenate([kept, aside])), np.arange(len(labels)))
    assert (weights[aside] > 0.0).all()
    usable = np.bincount(labels[weights > 0.0], minlength=4)
    taken = np.bincount(labels[aside], minlength=4)
    assert (taken[usable < 2] == 0).all()
    assert (taken[usable >= 2] >= 1).all()
    assert (taken[usable >= 2] < usable[usable >= 2]).all()
    # Shares of four classes are whole samples, at least one of each.
    assert (np.abs(taken - fraction * usable)[usable >= 2] <= 4).all()
