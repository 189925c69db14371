"""skxent.mfcc against the tools whose conventions it follows."""

import numpy as np
import oracles
import pytest
import python_speech_features as psf
import strategies
from hypothesis import given
from hypothesis import strategies as st

from skxent import MFCCTransformer
from skxent.datasets import load_spoken_digits
from skxent.frames import delta
from skxent.mfcc import mfcc

# The symmetric windows by the names of both.
PSF_WINDOWS = {
    None: lambda n: np.ones(n),
    "boxcar": lambda n: np.ones(n),
    "hamming": np.hamming,
    "hann": np.hanning,
    "bartlett": np.bartlett,
    ("kaiser", 8.0): lambda n: np.kaiser(n, 8.0),
}


def psf_parameters(sample_rate, settings):
    """Parameters of python_speech_features.fbank for those of skxent.mfcc.design.

    skxent         python_speech_features    where they differ
    frame_length   winlen                    both in seconds, rounded half up to samples
    frame_step     winstep
    n_fft          nfft                      None: a power of two that holds a frame; psf: 512
    window         winfunc                   a name; psf: a function
    preemphasis    preemph
    n_mels         nfilt
    fmin, fmax     lowfreq, highfreq
    n_mfcc         numcep                    of mfcc alone
    lifter         ceplifter                 of mfcc alone
    """
    n_fft = settings["n_fft"]
    if n_fft is None:
        n_fft = 1
        while n_fft < oracles.round_half_up(settings["frame_length"] * sample_rate):
            n_fft *= 2
    names = {"preemphasis": "preemph", "n_mels": "nfilt", "fmin": "lowfreq", "fmax": "highfreq"}
    given = {theirs: settings[ours] for ours, theirs in names.items() if settings[ours] is not None}
    return {
        "samplerate": sample_rate,
        "winlen": settings["frame_length"],
        "winstep": settings["frame_step"],
        "nfft": n_fft,
        "winfunc": PSF_WINDOWS[settings["window"]],
        "nfilt": 26,  # psf's default of mfcc and logfbank alike, but not of get_filterbanks
        **given,
    }


def psf_mfcc(signal, sample_rate, settings):
    parameters = psf_parameters(sample_rate, settings)
    if settings["lifter"] is not None:
        parameters["ceplifter"] = settings["lifter"]
    return psf.mfcc(signal, numcep=settings["n_mfcc"], **parameters)


def psf_log_mel(signal, sample_rate, settings):
    energies, _ = psf.fbank(signal, **psf_parameters(sample_rate, settings))
    return np.log(energies)


@st.composite
def tasks(draw, windows=tuple(PSF_WINDOWS)):
    sample_rate = draw(strategies.sample_rates)
    settings = draw(strategies.front_end_settings(sample_rate, windows))
    return draw(strategies.signals()), sample_rate, settings


@given(tasks())
def test_mfcc_are_those_of_python_speech_features(task):
    signal, sample_rate, settings = task
    expected = psf_mfcc(signal, sample_rate, settings)
    np.testing.assert_allclose(mfcc(signal, sample_rate, **settings), expected, rtol=0, atol=1e-9)


@given(tasks())
def test_log_mel_are_those_of_python_speech_features(task):
    signal, sample_rate, settings = task
    actual = mfcc(signal, sample_rate, features="log_mel", **settings)
    expected = psf_log_mel(signal, sample_rate, settings)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-9)


def test_defaults_are_those_of_python_speech_features():
    signal = np.random.default_rng(0).normal(size=16000)
    np.testing.assert_allclose(mfcc(signal), psf.mfcc(signal), rtol=0, atol=1e-9)
    log_mel = mfcc(signal, features="log_mel")
    np.testing.assert_allclose(log_mel, psf.logfbank(signal), rtol=0, atol=1e-9)


@given(tasks(), st.sampled_from(["int16", "int32", "uint8"]))
def test_the_function_takes_integers_unscaled_as_python_speech_features_does(task, dtype):
    signal, sample_rate, settings = task
    integers = np.random.default_rng(len(signal)).integers(0, 128, len(signal)).astype(dtype)
    # psf subtracts in the integers' own type where the pre-emphasis is a float: in float64.
    expected = psf_mfcc(integers, sample_rate, settings)
    np.testing.assert_allclose(mfcc(integers, sample_rate, **settings), expected, rtol=0, atol=1e-9)


@given(tasks())
def test_float32_errs_by_its_rounding_of_the_frame(task):
    # Of a filter's energy E, sqrt(E) is a seminorm of the spectrum, so its error is at most
    # the norm of the error of the transform, which is some units of rounding of the frame's
    # norm. A filter far below the loudest is inexact in proportion. And the logarithm itself
    # is rounded.
    signal, sample_rate, settings = task
    single = signal.astype(np.float32)
    actual = mfcc(single, sample_rate, features="log_mel", **settings)
    assert actual.dtype == np.float32
    expected = psf_log_mel(single.astype(np.float64), sample_rate, settings)
    length = oracles.round_half_up(settings["frame_length"] * sample_rate)
    step = oracles.round_half_up(settings["frame_step"] * sample_rate)
    with_previous = np.concatenate([[0.0], single])
    frames = oracles.frames_of(with_previous, length + 1, step)
    norms = np.linalg.norm(frames, axis=1)[: len(actual), np.newaxis]
    amplitudes = np.exp(expected / 2)
    error = np.abs(np.exp(actual.astype(np.float64) / 2) - amplitudes)
    bound = np.finfo(np.float32).eps * (8 * norms + np.abs(expected) * amplitudes)
    assert (error <= bound).all()


@pytest.fixture(scope="module")
def digits():
    return load_spoken_digits()


@pytest.mark.parametrize("index", range(0, 480, 40))
def test_recordings_give_the_features_of_python_speech_features(digits, index):
    clip, path, sample_rate = digits.data[index], digits.filenames[index], digits.sample_rate
    frames = psf.mfcc(clip.astype(np.float64), sample_rate, nfft=256)
    np.testing.assert_allclose(
        mfcc(clip.astype(np.float64), sample_rate), frames, rtol=0, atol=1e-9
    )

    slopes = psf.delta(frames, 2)
    everything = np.hstack([frames, slopes, psf.delta(slopes, 2)])
    expected = np.hstack([everything.mean(axis=0), everything.std(axis=0)])
    double = MFCCTransformer(sample_rate=sample_rate, deltas=2, dtype="float64")
    np.testing.assert_allclose(double.transform([path])[0], expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(mfcc(clip, sample_rate), frames, rtol=0, atol=1e-3)
    single = MFCCTransformer(sample_rate=sample_rate, deltas=2)
    np.testing.assert_allclose(single.transform([path])[0], expected, rtol=0, atol=5e-5)


@given(strategies.clips_of_frames(), st.integers(1, 5))
def test_slopes_are_those_of_python_speech_features(clips, width):
    for frames in clips:
        expected = psf.delta(frames, width)
        np.testing.assert_allclose(delta(frames, width), expected, rtol=0, atol=1e-11)


def test_a_short_fft_is_an_error_where_python_speech_features_truncates():
    with pytest.raises(ValueError, match=r"n_fft=256 is too short for a frame of 400 samples"):
        mfcc(np.ones(1000), 16000, n_fft=256)


def test_silence_and_empty_filters_have_the_floor_of_python_speech_features():
    floor = np.log(np.finfo(np.float64).eps)
    silent = mfcc(np.zeros(800), 8000, features="log_mel")
    np.testing.assert_array_equal(silent, psf.logfbank(np.zeros(800), 8000, nfft=256))
    np.testing.assert_array_equal(silent, floor)

    noise = np.random.default_rng(0).normal(size=800)
    crowded = mfcc(noise, 8000, features="log_mel", n_mels=80)
    empty = ~psf.get_filterbanks(80, 256, 8000).any(axis=1)
    assert 0 < empty.sum() < 80
    np.testing.assert_array_equal((crowded == floor).all(axis=0), empty)
