import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skxent.frames import delta
from skxent.frames._neighbours import join
from skxent.frames._ragged import lengths_of
from tests.frames import oracles, strategies

# Slopes


@given(strategies.clips_of_frames(), st.integers(1, 50))
def test_delta_is_the_least_squares_slope(clips, width):
    for frames in clips:
        expected = oracles.slopes_of(frames, width)
        scale = np.abs(frames).max()
        np.testing.assert_allclose(delta(frames, width), expected, rtol=0, atol=1e-13 * scale)


@given(st.floats(-10, 10), st.floats(-10, 10), st.integers(1, 5), st.integers(1, 40))
def test_delta_of_a_ramp_is_its_slope_away_from_the_ends(slope, start, width, n_frames):
    ramp = (start + slope * np.arange(n_frames + 2 * width))[:, np.newaxis]
    inside = delta(ramp, width)[width:-width]
    np.testing.assert_allclose(inside, slope, rtol=0, atol=1e-12)


@given(st.floats(-1e6, 1e6), st.integers(1, 5), st.integers(1, 20))
def test_delta_of_a_constant_is_zero(value, width, n_frames):
    np.testing.assert_array_equal(delta(np.full((n_frames, 2), value), width), 0.0)


@given(strategies.clips_of_frames(max_frames=10), st.floats(-3, 3), st.floats(-3, 3))
def test_delta_is_linear(clips, a, b):
    frames = np.vstack(clips)
    other = frames[::-1] ** 2
    combined = delta(a * frames + b * other)
    scale = np.abs(frames).max() + np.abs(other).max()
    expected = a * delta(frames) + b * delta(other)
    np.testing.assert_allclose(combined, expected, rtol=0, atol=1e-14 * scale)


@pytest.mark.parametrize("width", [0, -1])
def test_delta_names_a_wrong_width(width):
    with pytest.raises(ValueError, match=f"width must be at least 1, got {width}"):
        delta(np.ones((3, 2)), width)


# Neighbours spliced to frames


def as_views(sequences):
    """The same sequences as parts of one array."""
    lengths = [len(sequence) for sequence in sequences]
    return np.split(np.concatenate(sequences), np.cumsum(lengths)[:-1])


@given(strategies.sequences(), st.integers(0, 8), st.integers(1, 3), st.booleans(), st.booleans())
def test_frames_are_spliced_in_the_order_of_time(sequences, context, step, position, are_views):
    if are_views:
        sequences = as_views(sequences)
    before = [sequence.copy() for sequence in sequences]
    frames = join(sequences, context, step=step, position=position)
    n_columns = frames.shape[1] - position
    assert frames[:, :n_columns].tolist() == oracles.spliced(sequences, context, step)
    if position:
        expected = oracles.positions(list(map(len, sequences)))
        assert_array_equal(frames[:, -1], np.array(expected).astype(frames.dtype))
    is_float32 = all(sequence.dtype == np.float32 for sequence in sequences)
    assert frames.dtype == (np.float32 if is_float32 else np.float64)
    assert frames.flags.c_contiguous
    for sequence, copied in zip(sequences, before, strict=True):
        assert_array_equal(sequence, copied)


@given(strategies.sequences())
def test_parts_of_one_array_are_seen_as_that(sequences):
    parts = as_views(sequences)
    frames = join(parts)
    assert_array_equal(frames, np.concatenate(parts))
    for start, part in zip(np.cumsum([0, *lengths_of(parts)]), parts, strict=False):
        assert np.shares_memory(frames[start : start + len(part)], part)


def test_array_that_sequences_are_seen_as_outlives_them():
    frames = join(as_views([np.full((50_000, 3), 1.0), np.full((50_000, 3), 2.0)]))
    kept = [np.full((50_000, 3), 7.0) for _ in range(4)]  # where it would be if it were freed
    assert frames.sum() == 450_000.0
    assert len(kept) == 4


def scattered():
    whole = np.arange(24.0).reshape(8, 3)
    buffer = bytearray(whole.tobytes())
    halves = [np.frombuffer(buffer, count=12, offset=start).reshape(4, 3) for start in (0, 96)]
    return {
        "out of order": [whole[4:], whole[:4]],
        "with a gap": [whole[:3], whole[4:]],
        "that overlap": [whole[:5], whole[4:]],
        "given twice": [whole[:4], whole[:4]],
        "of other types": [whole[:4], whole[4:].view(np.float32).reshape(8, 3)],
        "of another array": [whole[:4], whole[4:].copy()[:]],
        "of two owners side by side": halves,
        "with an owner among them": [whole, whole[4:]],
    }


@pytest.mark.parametrize("sequences", scattered().values(), ids=scattered())
def test_other_parts_are_copied(sequences):
    frames = join(sequences)
    assert_array_equal(frames, np.concatenate(sequences))
    assert not any(np.shares_memory(frames, sequence) for sequence in sequences)


def test_rows_of_every_second_one_are_not_taken_for_neighbours():
    whole = np.arange(24.0).reshape(8, 3)
    rows = [whole[i : i + 1] for i in range(0, 8, 2)]
    assert_array_equal(join(rows), whole[::2])


@pytest.mark.parametrize("position", [False, True])
@pytest.mark.parametrize("context", [0, 1, 4])
def test_frames_are_copied_once(context, position):
    sequences = [np.ones((length, 40)) for length in range(500, 600)]
    n_frames = sum(map(len, sequences))
    size = n_frames * ((2 * context + 1) * 40 + position) * 8
    tracemalloc.start()
    try:
        frames = join(sequences, context, position=position)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert frames.nbytes == size
    # Positions are computed before they are written: some numbers for each frame.
    assert peak < 1.01 * size + 5 * 8 * n_frames * position


def test_parts_of_one_array_are_not_copied():
    sequences = as_views([np.ones((length, 40)) for length in range(500, 600)])
    tracemalloc.start()
    try:
        join(sequences)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1e4
