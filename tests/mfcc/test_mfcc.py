import itertools

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from skxent.mfcc import CONVENTIONS, design, mfcc, stream
from tests.mfcc import oracles, strategies
from tests.mfcc.oracles import assert_same_frames
from tests.mfcc.strategies import CONVENTION_NAMES, GEOMETRIES, frame_geometry, tasks

# The settings that are drawn may be anything.
pytestmark = pytest.mark.filterwarnings("ignore:.* of the mel filters are narrower")


# Frames


@given(tasks(), st.data())
def test_every_sample_is_in_a_frame_where_frames_overlap(task, data):
    signal, sample_rate, settings = task
    assume(settings["frame_step"] <= settings["frame_length"])
    changed = signal.copy()
    changed[data.draw(st.integers(0, len(signal) - 1))] += 1.0 + np.abs(signal).max()
    before, after = (mfcc(x, sample_rate, **settings) for x in (signal, changed))
    assert (before != after).any()


@given(tasks(min_size=2), st.data())
def test_a_frame_depends_on_its_samples_and_the_one_before(task, data):
    signal, sample_rate, settings = task
    position = data.draw(st.integers(0, len(signal) - 1))
    changed = signal.copy()
    changed[position] += 1.0 + np.abs(signal).max()
    before, after = (mfcc(x, sample_rate, **settings) for x in (signal, changed))
    length, step = frame_geometry(sample_rate, settings)
    starts = step * np.arange(len(before))
    untouched = (position < starts - 1) | (position >= starts + length)
    np.testing.assert_array_equal(before[untouched], after[untouched])


@given(tasks(), st.data())
def test_the_frames_of_a_prefix_are_those_of_the_whole(task, data):
    signal, sample_rate, settings = task
    prefix = signal[: data.draw(st.integers(1, len(signal)))]
    length, step = frame_geometry(sample_rate, settings)
    whole, part = (mfcc(x, sample_rate, **settings) for x in (signal, prefix))
    n_inside = max(0, (len(prefix) - length) // step + 1)
    assert_same_frames(part[:n_inside], whole[:n_inside])


@given(tasks())
def test_a_signal_is_padded_with_silence(task):
    signal, sample_rate, settings = task
    settings["preemphasis"] = 0.0
    length, step = frame_geometry(sample_rate, settings)
    frames = oracles.frames_of(signal, length, step)
    each = [mfcc(np.array(frame), sample_rate, **settings)[0] for frame in frames]
    np.testing.assert_allclose(mfcc(signal, sample_rate, **settings), each, rtol=1e-12, atol=1e-12)


@given(st.integers(1, 10), strategies.sample_rates, st.sampled_from(["float32", "float64"]))
def test_a_tiny_clip_is_one_finite_frame(n_samples, sample_rate, dtype):
    frames = mfcc(np.ones(n_samples, dtype), sample_rate)
    assert frames.shape == (1, 13)
    assert np.isfinite(frames).all()


@given(tasks(), st.sampled_from(["float32", "float64"]))
def test_silence_is_finite(task, dtype):
    signal, sample_rate, settings = task
    assert np.isfinite(mfcc(np.zeros(len(signal), dtype), sample_rate, **settings)).all()


# Energies


@given(
    st.integers(0, 2**32 - 1),
    st.floats(1e-3, 1e3),
    st.sampled_from([8000, 16000]),
    st.sampled_from(["mfcc", "log_mel"]),
)
def test_louder_by_a_shifts_log_energies_by_2_log_a(seed, a, sample_rate, features):
    signal = np.random.default_rng(seed).normal(size=2000)
    shift = mfcc(a * signal, sample_rate, features=features)
    shift -= mfcc(signal, sample_rate, features=features)
    expected = np.full(shift.shape, 2 * np.log(a))
    if features == "mfcc":
        expected[:, 1:] = 0.0
    np.testing.assert_allclose(shift, expected, rtol=0, atol=1e-11)


@pytest.mark.parametrize(("sample_rate", "n_fft"), [(8000, 512), (16000, 1024), (44100, 4096)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_tone_at_the_centre_of_a_filter_is_loudest_there(sample_rate, n_fft, dtype):
    bins = oracles.mel_bins(26, n_fft, sample_rate)
    for index in range(26):
        cycles = bins[index + 1] / n_fft * np.arange(3 * n_fft)
        log_mel = mfcc(
            np.sin(2 * np.pi * cycles).astype(dtype),
            sample_rate,
            features="log_mel",
            frame_length=n_fft / sample_rate,
            n_fft=n_fft,
            window="hann",
            preemphasis=0.0,
        )
        n_whole = (2 * n_fft) // round(0.01 * sample_rate) + 1
        assert (log_mel[:n_whole].argmax(axis=1) == index).all()


def test_the_first_coefficient_is_the_logarithm_of_the_energy():
    # Parseval: the half spectrum of an even frame holds half of the energy, and half of
    # what the first and the last bin hold.
    frame = np.random.default_rng(0).normal(size=256)
    frames = mfcc(frame, 8000, frame_length=256 / 8000, preemphasis=0.0)
    ends = sum(frame) ** 2 + sum(frame * (-1.0) ** np.arange(256)) ** 2
    expected = np.log((sum(frame**2) + ends / 256) / 2)
    assert frames[0, 0] == pytest.approx(expected, abs=1e-12)


def test_preemphasis_is_the_filter_before_all_else():
    signal = np.random.default_rng(0).normal(size=1000)
    filtered = np.array([signal[0], *(b - 0.9 * a for a, b in itertools.pairwise(signal))])
    expected = mfcc(filtered, 8000, preemphasis=0.0)
    # The last frame is not compared: it is padded after the filter.
    np.testing.assert_allclose(
        mfcc(signal, 8000, preemphasis=0.9)[:-1], expected[:-1], rtol=0, atol=1e-11
    )


# Laws of the conventions


@pytest.mark.parametrize("convention", CONVENTION_NAMES)
@given(signal=strategies.signals(min_size=400, max_size=3000), shift=st.integers(1, 5))
def test_a_shift_by_a_step_shifts_the_frames_by_one(convention, signal, shift):
    settings = {"convention": convention, "n_mels": 20, "features": "log_mel"}
    frames = mfcc(signal, 8000, **settings)
    later = mfcc(signal[80 * shift :], 8000, **settings) if len(signal) > 80 * shift else []
    # Of the first frames some know what was cut off.
    known = {"center": 2, "pad": 1, "snip": 0}[CONVENTIONS[convention].edges]
    count = min(len(frames) - shift, len(later)) - known
    if count > 0:
        np.testing.assert_allclose(
            later[known : known + count],
            frames[shift + known : shift + known + count],
            rtol=1e-9,
            atol=1e-6,
        )


@pytest.mark.parametrize("convention", CONVENTION_NAMES)
@given(seed=st.integers(0, 1000), gain=st.sampled_from([2.0, 4.0, 8.0]))
def test_a_gain_adds_a_constant_to_the_log_energies(convention, seed, gain):
    signal = np.random.default_rng(seed).normal(size=2000)
    settings = {"convention": convention, "n_mels": 20, "features": "log_mel"}
    choices = CONVENTIONS[convention]
    expected = choices.power * choices.unit * np.log(gain)
    difference = mfcc(gain * signal, 8000, **settings) - mfcc(signal, 8000, **settings)
    np.testing.assert_allclose(difference, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("convention", CONVENTION_NAMES)
@pytest.mark.parametrize("n_samples", [1, 10, 199])
def test_a_clip_shorter_than_a_frame_has_one_finite_frame_or_more(convention, n_samples):
    is_centred = CONVENTIONS[convention].edges == "center"
    for features in ("mfcc", "log_mel"):
        settings = {"convention": convention, "n_mels": 20, "features": features}
        for signal in (np.zeros(n_samples), np.ones(n_samples)):
            frames = mfcc(signal, 8000, **settings)
            assert np.isfinite(frames).all()
            assert len(frames) == (1 + n_samples // 80 if is_centred else 1)


@pytest.mark.parametrize("convention", strategies.CHANGED)
@pytest.mark.parametrize("frame_step", [0.01, 0.04, 0.1])
@pytest.mark.parametrize("n_samples", [1, 2, 50, 100, 101, 159, 160, 161, 400])
def test_any_signal_has_a_frame_of_its_own_samples(convention, frame_step, n_samples):
    settings = {"convention": convention, "n_mels": 20, "frame_step": frame_step}
    signal = np.random.default_rng(0).normal(size=n_samples)
    frames = mfcc(signal, 8000, **settings)
    assert np.isfinite(frames).all()
    np.testing.assert_array_equal(np.vstack(list(stream([signal], 8000, **settings))), frames)
    if n_samples > 2:
        assert not np.array_equal(frames[0], mfcc(np.zeros(n_samples), 8000, **settings)[0])


@st.composite
def convention_tasks(draw):
    settings = {"convention": draw(st.sampled_from(CONVENTION_NAMES)), "n_mels": 20}
    settings |= draw(st.sampled_from(GEOMETRIES))
    settings["features"] = draw(st.sampled_from(["mfcc", "log_mel"]))
    return draw(strategies.signals(min_size=1, max_size=2000)), settings


@given(convention_tasks(), st.data())
def test_a_frame_of_any_convention_depends_on_its_samples_alone(task, data):
    signal, settings = task
    position = data.draw(st.integers(0, len(signal) - 1))
    changed = signal.copy()
    changed[position] += 1.0 + np.abs(signal).max()
    before, after = (mfcc(x, 8000, **settings) for x in (signal, changed))
    front_end = design(8000, **settings)
    choices = front_end.convention
    starts = front_end.n_step * np.arange(len(before)) - front_end.n_before
    n_known = choices.preemphasis_over == "signal" and front_end.preemphasis > 0.0
    untouched = (position < starts - n_known) | (position >= starts + front_end.n_length)
    np.testing.assert_array_equal(before[untouched], after[untouched])


@given(convention_tasks(), strategies.signals(max_size=500))
def test_what_follows_does_not_change_the_frames_of_any_convention(task, more):
    signal, settings = task
    front_end = design(8000, **settings)
    frames = mfcc(signal, 8000, **settings)
    ends = front_end.n_step * np.arange(len(frames)) - front_end.n_before
    n_inside = int(np.sum(ends + front_end.n_length <= len(signal)))
    for rest in (np.zeros(len(more)), more):
        longer = mfcc(np.concatenate([signal, rest]), 8000, **settings)
        assert_same_frames(longer[:n_inside], frames[:n_inside])
