import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skxent.frames import STATISTICS, delta, normalize, pool, summarize
from skxent.frames._ragged import BLOCK_ROWS
from tests.frames import oracles, strategies

KINDS = st.sampled_from(sorted(STATISTICS))


# Normalisation


@given(strategies.clips_of_frames(), st.sampled_from(["mean", "mean_std"]))
def test_normalized_clips_have_mean_zero_and_deviation_one(clips, normalization):
    for frames in clips:
        normalized = normalize(frames, normalization)
        rounding = 2e-15 * np.abs(frames).max()
        if normalization == "mean_std" and len(frames) > 1:
            rounding /= min(oracles.deviation_of(column) for column in frames.T)
            for column in normalized.T:
                assert oracles.deviation_of(column) == pytest.approx(1.0, rel=0, abs=1e-12)
        for column in normalized.T:
            assert abs(oracles.mean_of(column)) <= rounding


@given(strategies.clips_of_frames())
def test_normalizing_against_loops(clips):
    for frames in clips:
        means = np.array([oracles.mean_of(column) for column in frames.T])
        scale = np.abs(frames).max()
        np.testing.assert_allclose(
            normalize(frames, "mean"), frames - means, rtol=0, atol=1e-15 * scale
        )
        if len(frames) > 1:
            deviations = np.array([oracles.deviation_of(column) for column in frames.T])
            np.testing.assert_allclose(
                normalize(frames, "mean_std"),
                (frames - means) / deviations,
                rtol=1e-11,
                atol=1e-15 * scale / deviations.min(),
            )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(
    value=st.sampled_from([0.0, 0.1, -36.04365338911715, 1 / 3, 12345.678, 1e-30]),
    n_frames=st.integers(1, 3000),
    normalization=st.sampled_from(["mean", "mean_std"]),
)
def test_a_constant_coefficient_becomes_zero(dtype, value, n_frames, normalization):
    frames = np.full((n_frames, 2), value, dtype)
    frames[:, 1] = np.arange(n_frames)
    normalized = normalize(frames, normalization)[:, 0]
    bound = 0.0 if normalization == "mean_std" else 4 * np.finfo(dtype).eps * abs(value)
    assert np.abs(normalized).max() <= bound


@given(strategies.clips_of_frames())
def test_normalizing_twice_changes_nothing(clips):
    for frames in clips:
        once = normalize(frames, "mean_std")
        # The first mean is rounded, and its error grows by the inverse deviation.
        deviation = min(oracles.deviation_of(column) for column in frames.T) or 1.0
        rounding = 1e-15 * max(1.0, np.abs(frames).max() / deviation)
        np.testing.assert_allclose(normalize(once, "mean_std"), once, rtol=0, atol=rounding)


def test_float32_keeps_a_deviation_far_below_the_mean():
    rng = np.random.default_rng(0)
    frames = (1e3 + 0.05 * rng.normal(size=(5000, 2))).astype(np.float32)
    normalized = normalize(frames, "mean_std").astype(np.float64)
    expected = frames.astype(np.float64)
    expected = (expected - expected.mean(axis=0)) / expected.std(axis=0)
    # The mean is rounded to float32: half a unit of 1000, over the deviation.
    bound = np.spacing(np.float32(1e3)) / 2 / 0.05
    np.testing.assert_allclose(normalized, expected, rtol=0, atol=1.1 * bound)
    np.testing.assert_allclose(normalized.std(axis=0), 1.0, rtol=0, atol=1e-5)


# Pooling


@given(strategies.clips_of_frames(max_frames=12), KINDS, st.integers(1, 20))
def test_pooling_against_loops(clips, statistics, n_segments):
    for frames in clips:
        expected = oracles.pooled(frames, STATISTICS[statistics], n_segments)
        actual = pool(frames, statistics, n_segments)
        assert actual.shape == (1, n_segments * len(STATISTICS[statistics]) * frames.shape[1])
        scale = np.abs(frames).max()
        np.testing.assert_allclose(actual[0], expected, rtol=0, atol=1e-14 * scale)


@given(st.integers(1, 200), st.data())
def test_segments_hold_every_frame_once_where_there_are_enough(n_frames, data):
    n_segments = data.draw(st.integers(1, n_frames))
    number = np.arange(float(n_frames))[:, np.newaxis]
    _, _, first, last = pool(number, "statistics", n_segments).reshape(n_segments, 4).T
    held = [i for a, b in zip(first, last, strict=True) for i in range(int(a), int(b) + 1)]
    assert held == list(range(n_frames))
    sizes = last - first + 1
    assert sizes.max() - sizes.min() <= 1


@given(st.integers(1, 30), st.integers(1, 100))
def test_more_segments_than_frames_repeat_frames_in_order(n_frames, more):
    number = np.arange(float(n_frames))[:, np.newaxis]
    means = pool(number, "mean", n_frames + more)[0]
    assert set(means) == set(range(n_frames))
    assert (np.diff(means) >= 0).all()


@given(strategies.clips_of_frames(), st.integers(1, 4), st.randoms(use_true_random=False))
def test_the_order_of_frames_in_a_segment_does_not_matter(clips, n_segments, random):
    frames = clips[0]
    order = list(range(len(frames)))
    if len(frames) >= n_segments:
        order = []
        for start, stop in oracles.segments_of(len(frames), n_segments):
            order += random.sample(range(start, stop), stop - start)
    scale = np.abs(frames).max()
    np.testing.assert_allclose(
        pool(frames[order], "statistics", n_segments),
        pool(frames, "statistics", n_segments),
        rtol=0,
        atol=1e-14 * scale,
    )


@given(
    st.floats(-1e6, 1e6, width=32),
    st.integers(1, 30),
    st.integers(1, 5),
    st.sampled_from([np.float32, np.float64]),
)
def test_pooling_of_a_constant_is_the_constant(value, n_frames, n_segments, dtype):
    frames = np.full((n_frames, 2), value, dtype)
    pooled = pool(frames, "statistics", n_segments).reshape(n_segments, 4, 2)
    mean, std, least, greatest = pooled.transpose(1, 0, 2)
    np.testing.assert_array_equal(least, frames[0, 0])
    np.testing.assert_array_equal(greatest, frames[0, 0])
    tolerance = 4 * np.finfo(dtype).eps * abs(value)
    np.testing.assert_allclose(mean, frames[0, 0], rtol=0, atol=tolerance)
    np.testing.assert_allclose(std, 0.0, rtol=0, atol=tolerance)


@pytest.mark.parametrize("n_segments", [0, -2])
def test_pool_names_a_wrong_number_of_segments(n_segments):
    with pytest.raises(ValueError, match=f"n_segments must be at least 1, got {n_segments}"):
        pool(np.ones((3, 2)), "mean", n_segments)


@pytest.mark.parametrize(("function", "name"), [(pool, "statistics"), (normalize, "normalization")])
def test_an_unknown_way_is_named(function, name):
    with pytest.raises(ValueError, match=f"{name}='cmvn' must be"):
        function(np.ones((3, 2)), "cmvn")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("pooling", ["mean_std", None])
def test_clip_of_hours_does_not_change_the_rounding_of_another(pooling, dtype):
    rng = np.random.default_rng(0)
    short, long = (rng.normal(size=(n, 3)).astype(dtype) for n in (97, BLOCK_ROWS + 1000))
    settings = {"deltas": 1, "normalization": "mean_std", "pooling": pooling}
    alone = summarize(short, [len(short)], **settings)
    together = summarize(np.concatenate([short, long]), [len(short), len(long)], **settings)
    np.testing.assert_array_equal(together[: len(alone)], alone)


@given(
    clips=strategies.clips_of_frames(),
    deltas=st.integers(0, 2),
    delta_width=st.integers(1, 4),
    normalization=st.sampled_from([None, "mean", "mean_std"]),
    pooling=KINDS | st.none(),
    n_segments=st.integers(1, 3),
)
def test_summary_is_slopes_then_normalisation_then_pooling(
    clips, deltas, delta_width, normalization, pooling, n_segments
):
    frames, lengths = np.vstack(clips), [len(clip) for clip in clips]
    orders = [frames]
    for _ in range(deltas):
        orders.append(delta(orders[-1], delta_width, lengths))
    expected = np.hstack(orders)
    if normalization is not None:
        expected = normalize(expected, normalization, lengths)
    if pooling is not None:
        expected = pool(expected, pooling, n_segments, lengths)
    summary = summarize(
        frames,
        lengths,
        deltas=deltas,
        delta_width=delta_width,
        normalization=normalization,
        pooling=pooling,
        n_segments=n_segments,
    )
    np.testing.assert_array_equal(summary, expected)


def test_summary_of_nothing_is_the_frames_and_never_read_only():
    frames = np.arange(6.0).reshape(3, 2)
    assert summarize(frames, [3]) is frames
    frames.flags.writeable = False
    copied = summarize(frames, [3])
    assert copied.flags.writeable
    np.testing.assert_array_equal(copied, frames)
