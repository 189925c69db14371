import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, norm, t

from skxent.report._accuracy import confusions, number_speakers, share_of, shares_by, wilson

Z = norm.ppf(0.975)


@given(st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_interval_of_clips_is_wilsons(counts):
    n_right, n = counts
    share = share_of(np.arange(n) < n_right)
    expected = binomtest(n_right, n).proportion_ci(method="wilson")
    assert (share.n_right, share.n, share.value) == (n_right, n, n_right / n)
    np.testing.assert_allclose((share.low, share.high), expected, atol=1e-12)


@given(st.floats(0.0, 1.0), st.floats(0.5, 1e5), st.floats(0.5, 10.0))
def test_ends_of_the_interval_are_just_compatible_with_the_share(share, n, quantile):
    low, high = wilson(share, n, quantile)
    assert 0.0 <= low <= share <= high <= 1.0
    for end in (low, high):
        error = quantile * np.sqrt(end * (1.0 - end) / n)
        assert abs(share - end) == pytest.approx(error, rel=1e-5, abs=1e-7)


speakers = st.lists(st.lists(st.booleans(), min_size=1, max_size=8), min_size=2, max_size=8)


def flatten(clips_of_speakers):
    is_right = np.concatenate([np.array(clips) for clips in clips_of_speakers])
    return is_right, np.repeat(np.arange(len(clips_of_speakers)), [*map(len, clips_of_speakers)])


@given(speakers)
def test_interval_over_speakers_holds_the_accuracy_and_is_never_the_narrower_one(clips):
    is_right, groups = flatten(clips)
    with_speakers, without = share_of(is_right, groups), share_of(is_right)
    assert 0.0 <= with_speakers.low <= with_speakers.value <= with_speakers.high <= 1.0
    assert with_speakers.low <= without.low
    assert with_speakers.high >= without.high


@given(st.lists(st.booleans(), min_size=2, max_size=12), st.integers(2, 5))
def test_more_clips_of_the_same_speakers_tell_nothing_where_speakers_are_all_or_nothing(right, n):
    if all(right) or not any(right):
        right = [*right, not right[0]]
    once = share_of(*flatten([[flag] for flag in right]))
    often = share_of(*flatten([[flag] * n for flag in right]))
    assert (often.low, often.high) == pytest.approx((once.low, once.high), abs=1e-12)
    n_speakers, value = len(right), np.mean(right)
    # Of n clips, the variance with n - 1 in the denominator is that of n - 1.
    expected = wilson(value, n_speakers - 1, t.ppf(0.975, n_speakers - 1))
    assert (once.low, once.high) == pytest.approx(expected, abs=1e-12)


def test_interval_over_speakers_holds_the_accuracy_of_new_speakers_as_often_as_it_says():
    rng = np.random.default_rng(0)
    n_speakers, n_clips, n_trials = 8, 40, 200
    groups = np.repeat(np.arange(n_speakers), n_clips)
    abilities = rng.beta(6.0, 2.0, (n_trials, n_speakers))  # whose mean is 0.75
    n_hits = {"speakers": 0, "clips": 0}
    for of_speakers in abilities:
        is_right = rng.random(len(groups)) < of_speakers[groups]
        for kind, given_groups in (("speakers", groups), ("clips", None)):
            share = share_of(is_right, given_groups)
            n_hits[kind] += share.low <= 0.75 <= share.high
    assert 0.9 < n_hits["speakers"] / n_trials < 0.99
    assert n_hits["clips"] / n_trials < 0.75  # what clips alone promise


def test_one_speaker_has_no_spread():
    is_right = np.array([True, True, False])
    assert share_of(is_right, np.zeros(3, int)) == share_of(is_right)


def test_share_of_no_clips_is_unknown():
    share = share_of(np.zeros(0, bool))
    assert np.isnan(share.value)
    assert (share.low, share.high) == (0.0, 1.0)


def test_shares_are_those_of_each_code():
    is_right, codes = np.array([1, 0, 1, 1], bool), np.array([0, 0, 2, 2])
    shares = shares_by(is_right, codes, 3)
    assert [(share.n_right, share.n) for share in shares] == [(1, 2), (0, 0), (2, 2)]


def test_confusions_have_labels_in_rows():
    counts = confusions(np.array([0, 0, 2]), np.array([1, 0, 1]), 3)
    assert counts.tolist() == [[1, 1, 0], [0, 0, 0], [0, 1, 0]]


@pytest.mark.parametrize(
    ("groups", "codes", "known"),
    [
        (["b", "a", "b"], [1, 0, 1], ["a", "b"]),
        (["b", None, "a", None], [1, 2, 0, 3], ["a", "b"]),
        ([2, "a", 10, 2], [1, 2, 0, 1], [10, 2, "a"]),
    ],
)
def test_speakers_are_numbered_in_order_and_unknown_ones_one_by_one(groups, codes, known):
    numbers, speakers = number_speakers(groups)
    assert (numbers.tolist(), speakers) == (codes, known)
