"""Finite samples give finite features, however large they are."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skxent import MFCCTransformer
from skxent.audio import load
from skxent.mfcc import design, mfcc, stream
from skxent.mfcc._blocks import compute
from tests.mfcc import oracles, strategies
from tests.mfcc.strategies import CONVENTION_NAMES

CHOICES = [*CONVENTION_NAMES, *strategies.CHANGED]


@st.composite
def loud_signals(draw):
    """A signal with some samples up to the largest that float32 holds."""
    signal = draw(strategies.signals(min_size=1, max_size=4000)).astype(np.float32)
    largest = np.finfo(np.float32).max
    for _ in range(draw(st.integers(1, 4))):
        sign = draw(st.sampled_from([-1.0, 1.0]))
        loud = draw(st.sampled_from([1e15, 1e19, 1e30, 2e38, largest]))
        first = draw(st.integers(0, len(signal) - 1))
        signal[first : first + draw(st.integers(1, 300))] = sign * loud
    return signal


@pytest.mark.parametrize("features", ["mfcc", "log_mel"])
@given(signal=loud_signals(), convention=st.sampled_from(CHOICES))
def test_finite_samples_have_finite_features(features, signal, convention):
    settings = {"convention": convention, "n_mels": 20, "features": features}
    frames = mfcc(signal, 8000, **settings)
    assert frames.dtype == np.float32
    assert np.isfinite(frames).all()


@given(loud_signals(), st.sampled_from(["psf", "librosa", "htk", *strategies.CHANGED[:3]]))
def test_the_loudest_filter_of_a_frame_is_that_of_float64(signal, convention):
    # The others, and what is left of a frame without its mean, may be rounding alone.
    settings = {"convention": convention, "n_mels": 20, "features": "log_mel"}
    loudest = mfcc(signal, 8000, **settings).max(axis=1)
    expected = mfcc(signal.astype(np.float64), 8000, **settings).max(axis=1)
    np.testing.assert_allclose(loudest, expected, rtol=1e-3, atol=1e-2)


@given(st.lists(loud_signals() | strategies.signals(), min_size=1, max_size=5), st.data())
def test_what_overflows_changes_no_other_frame(signals, data):
    signals = [signal.astype(np.float32) for signal in signals]
    convention = data.draw(st.sampled_from(CHOICES))
    front_end = design(8000, convention=convention, n_mels=20, dtype="float32")
    together, lengths = compute(signals, front_end)
    alone = [compute([signal], front_end)[0] for signal in signals]
    assert lengths.tolist() == [len(frames) for frames in alone]
    oracles.assert_same_frames(together, np.vstack(alone))
    for signal, frames in zip(signals, alone, strict=True):
        cuts = [len(signal) // 3]
        blocks = stream(np.split(signal, cuts), 8000, convention=convention, n_mels=20)
        oracles.assert_same_frames(np.vstack(list(blocks)), frames)


@pytest.mark.parametrize("convention", CHOICES)
def test_what_overflowed_leaves_nothing_behind(convention):
    # Frames are computed in a buffer that a thread keeps. The mean of so many largest numbers,
    # which is subtracted from the padding of a frame too, is infinite.
    settings = {"convention": convention, "n_mels": 20, "frame_length": 257 / 8000}
    front_end = design(8000, **settings, dtype="float32")
    quiet = np.random.default_rng(0).normal(size=8000).astype(np.float32)
    expected, _ = compute([quiet], front_end)
    compute([np.full(8000, np.finfo(np.float32).max)], front_end)
    np.testing.assert_array_equal(compute([quiet], front_end)[0], expected)


def test_a_whole_block_may_overflow():
    signal = 1e30 * np.random.default_rng(0).normal(size=200_000).astype(np.float32)
    frames = mfcc(signal, 8000)
    # The filterbank has been rounded to float32.
    np.testing.assert_allclose(frames, mfcc(signal.astype(np.float64), 8000), rtol=0, atol=1e-4)
    np.testing.assert_array_equal(np.vstack(list(stream([signal], 8000))), frames)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e200, -1.7e308])
@pytest.mark.parametrize("convention", CONVENTION_NAMES)
def test_what_float64_does_not_hold_is_an_error(value, convention):
    signal = np.zeros(1000)
    signal[500] = value
    with pytest.raises(ValueError, match="must be finite, and its samples less than 1e100"):
        mfcc(signal, 8000, convention=convention, n_mels=20)
    with pytest.raises(ValueError, match="must be finite, and its samples less than 1e100"):
        list(stream([signal], 8000, convention=convention, n_mels=20))


@pytest.mark.parametrize("on_error", ["raise", "warn"])
@pytest.mark.parametrize("value", [1e15, 1e30, 3.4e38])
def test_a_damaged_sample_gives_no_nan(value, on_error):
    clip = np.random.default_rng(0).normal(size=4000).astype(np.float32)
    clip[2000] = value
    transformer = MFCCTransformer(sample_rate=8000, deltas=2, normalize="mean_std", n_segments=3)
    assert np.isfinite(transformer.set_params(on_error=on_error).transform([clip])).all()


@pytest.mark.parametrize("n_samples", [4000, (1 << 22) + 1])
def test_what_resampling_does_not_hold_is_an_error(n_samples):
    clip = np.zeros(n_samples, np.float32)
    clip[2000:3000] = np.finfo(np.float32).max
    transformer = MFCCTransformer(sample_rate=8000)
    with pytest.raises(ValueError, match=r"clip 1: can't be resampled from 11025 .*float32"):
        transformer.transform([clip[:1000], (11025, clip)])
    clip[2000:3000] = 1e30
    assert np.isfinite(transformer.transform([(11025, clip)])).all()


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("value", [1e101, -1e300])
def test_a_sample_beyond_what_features_hold_is_named(value, channels):
    clip = np.zeros((1000, channels))
    clip[321] = value
    with pytest.raises(ValueError, match=r"sample 321 is -?1e\+\d+: samples must be less than 1e"):
        load(clip, 8000)
    with pytest.raises(ValueError, match=r"clip 1.*sample 321"):
        MFCCTransformer(sample_rate=8000).transform([np.zeros(500), clip])


def test_samples_below_the_bound_are_computed():
    front_end = design(8000, convention="htk")
    loud = np.full(1000, 9e99)
    assert np.isfinite(compute([loud], front_end)[0]).all()
    assert np.isfinite(MFCCTransformer(convention="htk").transform([loud])).all()
    assert dataclasses.asdict(front_end.convention)["scale"] == 32768.0
