"""MFCCTransformer(trim=...): from clips of any kind to what is left of them."""

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import clone

from skxent import MFCCTransformer
from skxent.features import DiskCache, MemoryCache
from skxent.frames import summarize, trim
from skxent.mfcc import CONVENTIONS, design, levels, mfcc
from tests.features.strategies import RATE, int16_of, noise
from tests.mfcc.oracles import assert_same_frames

CONVENTION_NAMES = sorted(CONVENTIONS)
TRIMS = st.sampled_from([None, 10.0, 20.0, 35.0, 60.0])


@st.composite
def words(draw):
    """A voice of some syllables that begins and ends within 30 ms, of at most 1.0."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_syllables = draw(st.integers(1, 4))
    n_samples = n_syllables * draw(st.integers(800, 2000))
    pitch = draw(st.floats(90, 280)) / RATE
    phase = 2 * np.pi * np.cumsum(pitch * np.linspace(1, draw(st.floats(0.8, 1.25)), n_samples))
    resonance = draw(st.floats(300, 1200))
    word = np.zeros(n_samples)
    for harmonic in range(1, int(0.45 / pitch / 1.25)):
        strength = 1 / (1 + ((harmonic * pitch * RATE - resonance) / 300) ** 2) + 0.01
        word += strength * np.sin(harmonic * phase + rng.uniform(0, 6.28))
    loudness = draw(st.lists(st.floats(0.6, 1.0), min_size=n_syllables, max_size=n_syllables))
    knots = np.linspace(0, n_samples, n_syllables)
    word *= np.interp(np.arange(n_samples), knots, loudness)
    ramp = np.sin(np.linspace(0, np.pi / 2, 240)) ** 2
    word[:240] *= ramp
    word[-240:] *= ramp[::-1]
    return word / np.abs(word).max()


def with_pauses(word, before, after):
    return np.concatenate([np.zeros(before), word, np.zeros(after)])


def colored(n_samples, exponent, seed):
    """Noise of variance one whose power falls with the frequency to the exponent."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(size=n_samples))
    spectrum[0] = 0.0
    spectrum[1:] *= np.arange(1, len(spectrum)) ** (-exponent / 2)
    signal = np.fft.irfft(spectrum, n_samples)
    return signal / signal.std()


def recordings(seed=0):
    """Clips of some words with pauses and noise, of several types."""
    rng = np.random.default_rng(seed)
    clips = []
    for i in range(8):
        clip = 0.3 * noise(2000 + 300 * i, seed=i)
        clip[1200 : 1900 + 50 * i] *= 20
        if i % 2:
            clip[:600] = 0.0
        clips.append(clip * rng.uniform(0.1, 1))
    return clips


@given(
    word=words(),
    convention=st.sampled_from(CONVENTION_NAMES),
    threshold=st.sampled_from([10.0, 20.0, 35.0, 60.0]),
    pooling=st.sampled_from(["mean_std", None]),
)
def test_frames_are_trimmed_before_all_else(word, convention, threshold, pooling):
    settings = {"convention": convention, "n_mels": 20}
    signal = with_pauses(word, 500, 3000) + 1e-3 * noise(len(word) + 3500)
    transformer = MFCCTransformer(
        sample_rate=RATE,
        trim=threshold,
        deltas=1,
        normalize="mean",
        pooling=pooling,
        n_segments=3,
        **settings,
    )
    frames, loudness = (of(signal, RATE, **settings) for of in (mfcc, levels))
    frames, lengths = trim(frames, loudness, threshold)
    expected = summarize(
        frames, lengths, deltas=1, normalization="mean", pooling=pooling, n_segments=3
    )
    found = transformer.transform([signal])[0]
    assert_array_equal(found, expected if pooling is None else expected[0])


@given(words(), st.sampled_from(CONVENTION_NAMES), st.integers(0, 40), st.integers(0, 4000))
def test_a_silent_pause_changes_nothing(word, convention, steps_before, after):
    transformer = MFCCTransformer(
        sample_rate=RATE, convention=convention, n_mels=20, trim=35.0, pooling=None
    )
    short, long = (
        with_pauses(word, 400 + 80 * steps, 400 + more)
        for steps, more in [(0, 0), (steps_before, after)]
    )
    expected, found = transformer.transform([short, long])
    assert_same_frames(found, expected)
    n_samples = 80 * (len(found) - 1) + 200
    assert len(word) - 400 < n_samples < len(word) + 400


@given(words(), st.sampled_from(CONVENTION_NAMES), st.integers(0, 40), st.integers(0, 4000))
def test_a_pause_adds_frames_at_the_ends_of_a_word_alone(word, convention, steps_before, after):
    # A frame of 25 ms every 10 ms: two are new at each end, of its first and last 15 ms.
    ranges = []
    for steps, more in [(0, 0), (steps_before, after)]:
        signal = with_pauses(word, 80 * steps, more)
        loudness = levels(signal, RATE, convention=convention, n_mels=20)
        numbers = np.arange(len(loudness))[:, np.newaxis] - steps
        kept, _ = trim(numbers, loudness, 35.0)
        ranges.append((kept[0, 0], kept[-1, 0]))
    (first, last), (earlier, later) = ranges
    assert 0 <= first - earlier <= 2
    assert 0 <= later - last <= 2


@given(words(), st.sampled_from(CONVENTION_NAMES), st.integers(-10, 3), st.floats(-0.1, 0.1))
def test_volume_and_offset_change_nothing(word, convention, power, offset):
    signal = with_pauses(word, 2000, 3000) + 0.003 * noise(len(word) + 5000)
    transformer = MFCCTransformer(
        sample_rate=RATE, convention=convention, n_mels=20, trim=35.0, pooling=None
    )
    clips = [signal, 2.0**power * signal, signal + offset]
    expected, other, shifted = map(len, transformer.transform(clips))
    assert other == shifted == expected


@given(
    word=words(),
    exponent=st.sampled_from([0.0, 1.0]),
    pauses=st.tuples(st.integers(0, 8000), st.integers(0, 8000)),
    convention=st.sampled_from(CONVENTION_NAMES),
    snr=st.sampled_from([10, 15, 20, 40]),
    seed=st.integers(0, 2**32 - 1),
)
def test_nothing_of_a_word_is_lost_in_noise(word, exponent, pauses, convention, snr, seed):
    signal = with_pauses(word, *pauses)
    scale = np.sqrt(np.mean(word**2)) * 10 ** (-snr / 20)
    signal += scale * colored(len(signal), exponent, seed)
    settings = {"convention": convention, "n_mels": 20}
    times = design(RATE, **settings).frame_times(len(mfcc(signal, RATE, **settings)))
    kept, _ = trim(times[:, np.newaxis], levels(signal, RATE, **settings), 35.0)
    begin, end = pauses[0] / RATE, (pauses[0] + len(word)) / RATE
    is_word = (times >= begin) & (times <= end)
    assert set(times[is_word]) <= set(kept.ravel())


@pytest.mark.parametrize("pooling", ["mean", None])
@pytest.mark.parametrize("dtype", [None, "float64"])
def test_a_clip_is_trimmed_alike_alone_and_from_anywhere(tmp_path, pooling, dtype):
    clips = [int16_of(clip) for clip in recordings()]
    transformer = MFCCTransformer(sample_rate=RATE, trim=20.0, pooling=pooling, dtype=dtype)
    expected = [transformer.transform([clip])[0] for clip in clips]
    paths = [tmp_path / f"{i}.wav" for i in range(len(clips))]
    for path, clip in zip(paths, clips, strict=True):
        soundfile.write(path, clip, RATE)
    flac = [tmp_path / f"{i}.flac" for i in range(len(clips))]
    for path, clip in zip(flac, clips, strict=True):
        soundfile.write(path, clip, RATE)
    for kind in (clips, [(RATE, clip) for clip in clips], paths, flac):
        for found, same in zip(transformer.transform(kind), expected, strict=True):
            assert_same_frames(found, same)


@pytest.mark.parametrize("trim", [None, 35.0])
def test_a_long_recording_is_trimmed_as_a_short_one(trim):
    signal = np.zeros((1 << 22) + 4321, np.float32)
    signal[300_000:4_000_000] = noise(3_700_000)
    settings = {"sample_rate": RATE, "frame_step": 0.05, "pooling": None}
    transformer = MFCCTransformer(**settings, trim=trim, cache=MemoryCache())
    (found,) = transformer.transform([signal])
    frames = mfcc(signal, RATE, frame_step=0.05)
    assert_array_equal(found, frames if trim is None else frames[750:10000])
    assert_array_equal(transformer.transform([signal])[0], found)


@given(
    trims=st.lists(TRIMS, min_size=2, max_size=4),
    pooling=st.sampled_from(["statistics", None]),
    features=st.sampled_from(["mfcc", "log_mel"]),
    n_clips=st.sampled_from([1, 8]),
)
def test_frames_of_a_cache_serve_any_trim(trims, pooling, features, n_clips):
    clips = recordings()[:n_clips]
    plain = MFCCTransformer(sample_rate=RATE, pooling=pooling, features=features, deltas=1)
    puts = []

    class NotedCache(MemoryCache):
        def put(self, key, frames):
            puts.append(key)
            super().put(key, frames)

    cached = clone(plain).set_params(cache=NotedCache())
    for threshold in trims:
        expected = plain.set_params(trim=threshold).transform(clips)
        found = cached.set_params(trim=threshold).transform(clips)
        assert cached.get_feature_names_out().tolist() == plain.get_feature_names_out().tolist()
        for row, same in zip(found, expected, strict=True):
            assert_same_frames(row, same)
    assert len(puts) == n_clips


@pytest.mark.parametrize("trim", [None, 35.0])
@pytest.mark.parametrize("cache", [None, "memory", "disk"])
@pytest.mark.parametrize("n_clips", [1, 8])
def test_frames_without_pooling_are_ones_own(tmp_path, trim, cache, n_clips):
    cache = {"memory": MemoryCache(), "disk": DiskCache(tmp_path)}.get(cache)
    transformer = MFCCTransformer(sample_rate=RATE, trim=trim, pooling=None, cache=cache)
    clips = recordings()[:n_clips]
    expected = [frames.copy() for frames in transformer.transform(clips)]
    for frames in transformer.transform(clips):
        assert frames.flags.carray
        frames[:] = 0.0
    for frames, same in zip(transformer.transform(clips), expected, strict=True):
        assert_array_equal(frames, same)


@pytest.mark.parametrize("convention", CONVENTION_NAMES)
@pytest.mark.parametrize("clip", [np.zeros(1), np.zeros(4000), np.full(4000, 0.25), noise(1)])
def test_something_is_left_of_any_clip(convention, clip):
    settings = {"convention": convention, "n_mels": 20, "n_segments": 5}
    transformer = MFCCTransformer(sample_rate=RATE, trim=1e-3, **settings)
    assert np.isfinite(transformer.transform([clip])).all()
    plain = MFCCTransformer(sample_rate=RATE, **settings)
    if not clip.any():  # silence is not louder here than there
        assert_array_equal(transformer.transform([clip]), plain.transform([clip]))


def test_clips_that_cannot_be_used_are_rows_of_nan():
    clips = [recordings()[0], [], recordings()[1]]
    transformer = MFCCTransformer(sample_rate=RATE, trim=35.0, on_error="warn")
    with pytest.warns(UserWarning, match="1 of 3 clips can't be used"):
        features = transformer.transform(clips)
    assert_array_equal(np.isnan(features).all(axis=1), [False, True, False])
    assert_array_equal(features[[0, 2]], transformer.transform([clips[0], clips[2]]))
