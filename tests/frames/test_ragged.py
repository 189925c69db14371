import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skxent.frames import _ragged
from skxent.frames._ragged import BLOCK_ROWS, lengths_of, mean_by_clip, split, sum_by_clip
from tests.frames import oracles, strategies

LONG = np.array([3, BLOCK_ROWS + 1, 2, 2 * BLOCK_ROWS, 1])


@given(strategies.lengths_of_clips)
def test_offsets_and_clips_of_frames(lengths):
    frames = [(clip, time) for clip, length in enumerate(lengths) for time in range(length)]
    lengths = np.array(lengths)
    starts, ends = _ragged.offsets(lengths)
    assert_array_equal(_ragged.clip_of_frame(lengths), [clip for clip, _ in frames])
    for clip, (start, end) in enumerate(zip(starts, ends, strict=True)):
        assert frames[start:end] == [(clip, time) for time in range(lengths[clip])]


@given(strategies.lengths_of_clips)
def test_positions_are_where_the_middles_of_frames_are(lengths):
    found = split(_ragged.positions(np.array(lengths)), np.array(lengths))
    assert np.concatenate(found).tolist() == oracles.positions(lengths)
    for where in found:
        assert (np.diff(where, prepend=0.0, append=1.0) > 0.0).all()
        assert_allclose(where.mean(), 0.5, rtol=1e-15)
        assert_allclose(1.0 - where[::-1], where, rtol=1e-12)


@given(st.integers(1, 50), st.integers(1, 5))
def test_positions_of_a_clip_in_finer_frames_have_those_of_the_clip_as_means(n_frames, n_parts):
    finer = _ragged.positions(np.array([n_parts * n_frames])).reshape(n_frames, n_parts)
    assert_allclose(finer.mean(axis=1), _ragged.positions(np.array([n_frames])), rtol=1e-12)


@given(st.lists(st.tuples(st.integers(-5, 20), st.integers(0, 5))))
def test_ranges_are_those_of_python_one_after_the_other(pairs):
    starts, sizes = np.array(pairs, dtype=int).reshape(-1, 2).T
    expected = [i for start, size in pairs for i in range(start, start + size)]
    assert_array_equal(_ragged.ranges(starts, starts + sizes), expected)


@pytest.mark.parametrize("n_rows", [0, 1, BLOCK_ROWS - 1, BLOCK_ROWS, BLOCK_ROWS + 1, 10**5])
def test_blocks_hold_each_row_once(n_rows):
    slices = list(_ragged.blocks(n_rows))
    assert [i for rows in slices for i in range(n_rows)[rows]] == list(range(n_rows))
    assert all(0 < rows.stop - rows.start <= BLOCK_ROWS for rows in slices)


def test_no_lengths_are_those_of_a_single_clip():
    frames = np.zeros((5, 2))
    assert_array_equal(_ragged.as_lengths(frames, None), [5])
    assert_array_equal(_ragged.as_lengths(frames, [2, 3]), [2, 3])


@given(strategies.sequences())
def test_joined_clips_are_split_again(clips):
    frames = np.concatenate(clips)
    parts = split(frames, lengths_of(clips))
    assert parts.dtype == object
    assert parts.shape == (len(clips),)
    for clip, part in zip(clips, parts, strict=True):
        assert_array_equal(part, clip)
        assert np.shares_memory(part, frames)


@given(strategies.sequences())
def test_sums_are_those_of_each_clip(clips):
    sums = sum_by_clip(np.concatenate(clips), lengths_of(clips))
    assert sums.dtype == np.float64
    for row, clip in zip(sums, clips, strict=True):
        expected = [math.fsum(column) for column in clip.T.tolist()]
        assert_allclose(row, expected, rtol=1e-13, atol=1e-15)


def test_sums_of_float32_keep_their_digits():
    values = np.full((100_000, 1), 0.1, dtype=np.float32)
    (total,) = sum_by_clip(values, np.array([100_000]))[0]
    assert_allclose(total, 100_000 * float(np.float32(0.1)), rtol=1e-12)


@given(strategies.clips_of_frames())
def test_means_and_mean_squares_are_those_of_each_clip(clips):
    frames, lengths = np.concatenate(clips), lengths_of(clips)
    means = mean_by_clip(frames, lengths)
    squares = mean_by_clip(frames, lengths, around=means)
    tolerance = 1e-15 * np.abs(frames).max()
    for clip, mean, square in zip(clips, means, squares, strict=True):
        columns = clip.T.tolist()
        assert_allclose(mean, [oracles.mean_of(column) for column in columns], atol=tolerance)
        deviations = [oracles.deviation_of(column) for column in columns]
        assert_allclose(np.sqrt(square), deviations, rtol=1e-12, atol=tolerance)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_means_of_long_clips_are_those_of_their_frames(dtype):
    rng = np.random.default_rng(0)
    frames = (10.0 + rng.normal(size=(LONG.sum(), 2))).astype(dtype)
    means = mean_by_clip(frames, LONG)
    squares = mean_by_clip(frames, LONG, around=means)
    assert means.dtype == squares.dtype == dtype
    rounding = 4 * np.finfo(dtype).eps
    for clip, mean, square in zip(split(frames, LONG), means, squares, strict=True):
        columns = clip.T.tolist()
        assert_allclose(mean, [oracles.mean_of(column) for column in columns], rtol=rounding)
        deviations = [oracles.deviation_of(column) for column in columns]
        assert_allclose(square, np.square(deviations), rtol=rounding, atol=rounding)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_columns", [1, 3])
def test_means_do_not_depend_on_the_clips_beside(dtype, n_columns):
    frames = np.random.default_rng(0).normal(size=(LONG.sum(), n_columns)).astype(dtype)
    means = mean_by_clip(frames, LONG)
    squares = mean_by_clip(frames, LONG, around=means)
    for i, clip in enumerate(split(frames, LONG)):
        alone = mean_by_clip(clip, LONG[i : i + 1])
        assert_array_equal(alone[0], means[i])
        assert_array_equal(mean_by_clip(clip, LONG[i : i + 1], around=alone)[0], squares[i])
