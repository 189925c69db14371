import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skxent.frames._ragged import split
from skxent.sequences._aggregation import aggregate_log_proba
from tests.sequences import oracles, strategies

AGGREGATES = ["sum_log_proba", "mean_log_proba"]


@pytest.mark.parametrize("aggregate", AGGREGATES)
@given(strategies.frame_probabilities(dtypes=st.just(np.float64)))
def test_aggregate_is_the_normalised_sum(aggregate, problem):
    log_proba = aggregate_log_proba(*problem, aggregate)
    for row, frames in zip(log_proba, split(*problem), strict=True):
        assert_allclose(row, oracles.aggregated_by_loops(frames, aggregate), rtol=1e-9, atol=1e-12)


@given(strategies.frame_probabilities(with_zeros=True))
def test_probabilities_of_a_sequence_sum_to_one_whatever_is_zero(problem):
    before = problem.log_proba.copy()
    for aggregate in AGGREGATES:
        log_proba = aggregate_log_proba(*problem, aggregate)
        assert log_proba.dtype == problem.log_proba.dtype
        assert log_proba.max() <= 0.0
        tolerance = 20 * np.finfo(log_proba.dtype).eps
        assert_allclose(np.exp(log_proba).sum(axis=1), 1.0, rtol=tolerance)
    assert_array_equal(problem.log_proba, before)


@given(strategies.frame_probabilities(dtypes=st.just(np.float64), with_zeros=True))
def test_sum_and_mean_agree_about_the_order_of_classes(problem):
    by_sum, by_mean = (aggregate_log_proba(*problem, aggregate) for aggregate in AGGREGATES)
    for i, k in itertools.combinations(range(by_sum.shape[1]), 2):
        # What is no rounding in the one is no tie or reversal in the other.
        sure = by_sum[:, i] > by_sum[:, k] + 1e-9
        assert (by_mean[sure, i] > by_mean[sure, k]).all()


@given(strategies.frame_probabilities(dtypes=st.just(np.float64), with_zeros=True))
def test_zeros_are_the_limit_of_small_probabilities(problem):
    log_proba = aggregate_log_proba(*problem, "sum_log_proba")
    small = np.maximum(problem.log_proba, -1e7)  # of which one outweighs all other frames
    nearly = aggregate_log_proba(small, problem.lengths, "sum_log_proba")
    # The sums are of some 1e7, which leaves the nine digits of their differences.
    assert_allclose(np.exp(log_proba), np.exp(nearly), atol=1e-6)


def test_a_zero_in_one_frame_excludes_a_class_unless_each_has_one():
    with np.errstate(divide="ignore"):
        frames = np.log([[0.0, 0.9, 0.1], [0.99, 0.0, 0.01], [0.8, 0.1, 0.1]])
    two = np.array([2])
    assert_array_equal(
        aggregate_log_proba(frames[:2], two, "sum_log_proba"), [[-np.inf, -np.inf, 0.0]]
    )
    # Of classes 0 and 1, each with one zero, 0.99 and 0.9 decide.
    proba = np.exp(aggregate_log_proba(frames[:2, :2], two, "sum_log_proba"))
    assert_allclose(proba, [[0.99 / 1.89, 0.9 / 1.89]])
    # Of three frames, class 2 has no zero.
    assert aggregate_log_proba(frames, np.array([3]), "mean_log_proba")[0, 2] == 0.0


def test_sure_sequence_keeps_its_digits():
    frames = np.array([[0.0, -20.0], [0.0, -20.0]])
    log_proba = aggregate_log_proba(frames, np.array([2]), "sum_log_proba")
    assert_allclose(log_proba[0], [-math.exp(-40.0), -40.0], rtol=1e-12)


def test_aggregate_of_another_name_is_an_error():
    with pytest.raises(ValueError, match=r"aggregate must be .* got 'vote'"):
        aggregate_log_proba(np.zeros((1, 2)), np.array([1]), "vote")
