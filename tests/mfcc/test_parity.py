"""skxent.mfcc against the tools whose conventions it follows."""

import dataclasses
import math
import os

import kaldi_native_fbank
import librosa
import numpy as np
import pytest
import python_speech_features as psf
from hypothesis import given
from hypothesis import strategies as st
from scipy.io import wavfile

from skxent import MFCCTransformer
from skxent.datasets import fetch_fsdd, load_spoken_digits
from skxent.frames import delta
from skxent.mfcc import CONVENTIONS, mfcc, stream
from tests.frames.strategies import clips_of_frames
from tests.mfcc import oracles, strategies

# The settings that are drawn may be anything, and the tools don't mind.
pytestmark = pytest.mark.filterwarnings("ignore:.* of the mel filters are narrower")

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


@given(clips_of_frames(), st.integers(1, 5))
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


# The other tools, on signals at three rates: frames of 25 ms every 10 ms, as librosa's hop and
# window and kaldi-native-fbank's defaults have them.

RATES = [8000, 16000, 44100]


@st.composite
def sounds(draw):
    """A signal of up to a second in [-1, 1], and its rate."""
    sample_rate = draw(st.sampled_from(RATES))
    signal = draw(strategies.signals(min_size=sample_rate // 30, max_size=sample_rate))
    return signal / max(1.0, np.abs(signal).max()), sample_rate


def librosa_features(signal, sample_rate, *, n_mels, n_mfcc, lifter):
    """Log-mel energies in dB and MFCCs of librosa, with top_db=None.

    skxent         librosa        where they differ
    frame_length   win_length     seconds; librosa: samples
    frame_step     hop_length     seconds; librosa: samples
    n_fft          n_fft          None: a power of two that holds a frame; librosa: 2048
    n_mels         n_mels
    n_mfcc         n_mfcc         librosa: 20
    lifter         lifter
    """
    length = math.floor(0.025 * sample_rate + 0.5)
    energies = librosa.feature.melspectrogram(
        y=signal,
        sr=sample_rate,
        n_fft=1 << (length - 1).bit_length(),
        win_length=length,
        hop_length=math.floor(0.010 * sample_rate + 0.5),
        n_mels=n_mels,
    )
    log_mel = librosa.power_to_db(energies, top_db=None)
    return log_mel.T, librosa.feature.mfcc(S=log_mel, n_mfcc=n_mfcc, lifter=lifter).T


def check_librosa(signal, sample_rate, n_mels=40, n_mfcc=20, lifter=0):
    log_mel, cepstra = librosa_features(
        signal, sample_rate, n_mels=n_mels, n_mfcc=n_mfcc, lifter=lifter
    )
    settings = {"convention": "librosa", "n_mels": n_mels, "n_mfcc": n_mfcc, "lifter": lifter}
    actual = mfcc(signal, sample_rate, features="log_mel", **settings)
    np.testing.assert_allclose(actual, log_mel, rtol=0, atol=1e-3)
    np.testing.assert_allclose(mfcc(signal, sample_rate, **settings), cepstra, rtol=0, atol=1e-3)


@pytest.mark.filterwarnings("ignore:Empty filters:UserWarning", "ignore:n_fft=:UserWarning")
@given(sounds(), st.integers(20, 60), st.integers(1, 20), st.sampled_from([0, 22]))
def test_librosa(sound, n_mels, n_mfcc, lifter):
    signal, sample_rate = sound
    check_librosa(signal, sample_rate, n_mels, n_mfcc, lifter)


@pytest.mark.filterwarnings("ignore:Empty filters:UserWarning", "ignore:n_fft=:UserWarning")
@pytest.mark.parametrize("n_fft", [255, 256, 301, 600])
@pytest.mark.parametrize("hop_length", [80, 300])
@pytest.mark.parametrize("n_samples", [1, 2, 200, 4000, 4001])
def test_librosa_with_transforms_of_odd_length_and_gaps(n_fft, hop_length, n_samples):
    signal = np.random.default_rng(n_fft).normal(scale=0.1, size=n_samples)
    energies = librosa.feature.melspectrogram(
        y=signal, sr=8000, n_fft=n_fft, win_length=200, hop_length=hop_length, n_mels=20
    )
    actual = mfcc(
        signal,
        8000,
        convention="librosa",
        features="log_mel",
        n_fft=n_fft,
        frame_step=hop_length / 8000,
        n_mels=20,
    )
    expected = librosa.power_to_db(energies, top_db=None).T
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-3)


def kaldi_features(samples, sample_rate, kind, n_mels, **settings):
    """Frames of kaldi-native-fbank of 16-bit samples with dither=0, its other defaults.

    skxent   kaldi-native-fbank
    n_mels   mel_opts.num_bins (23 for both)
    n_mfcc   num_ceps (13 for both)
    """
    options = getattr(kaldi_native_fbank, f"{kind}Options")()
    options.frame_opts.samp_freq = sample_rate
    options.frame_opts.dither = 0
    options.mel_opts.num_bins = n_mels
    for name, value in settings.items():
        owner = options if hasattr(options, name) else options.frame_opts
        assert hasattr(owner, name)
        setattr(owner, name, value)
    tool = getattr(kaldi_native_fbank, f"Online{kind}")(options)
    tool.accept_waveform(sample_rate, samples.astype(np.float32).tolist())
    tool.input_finished()
    return np.array([tool.get_frame(i) for i in range(tool.num_frames_ready)])


def check_kaldi(signal, sample_rate, n_mels=23, n_mfcc=13):
    single = signal.astype(np.float32)
    samples = 32768 * single
    settings = {"convention": "kaldi", "n_mels": n_mels}
    log_mel = mfcc(single, sample_rate, features="log_mel", **settings)
    expected = kaldi_features(samples, sample_rate, "Fbank", n_mels)
    np.testing.assert_allclose(log_mel, expected, rtol=0, atol=1e-2)
    cepstra = mfcc(single, sample_rate, n_mfcc=n_mfcc, **settings)
    expected = kaldi_features(samples, sample_rate, "Mfcc", n_mels, num_ceps=n_mfcc)
    np.testing.assert_allclose(cepstra, expected, rtol=0, atol=1e-2)


@pytest.mark.parametrize("sample_rate", RATES)
@pytest.mark.parametrize("level", [1e-3, 0.1, 1.0])
@pytest.mark.parametrize(("n_mels", "n_mfcc"), [(23, 13), (30, 20), (15, 1)])
def test_kaldi(sample_rate, level, n_mels, n_mfcc):
    rng = np.random.default_rng(n_mels)
    noise = rng.normal(size=sample_rate // 2)
    tone = np.sin(2 * np.pi * 440 / sample_rate * np.arange(len(noise)))
    check_kaldi(level * (0.3 * noise + 0.5 * tone + 0.1), sample_rate, n_mels, n_mfcc)


@pytest.mark.parametrize("sample_rate", RATES)
def test_kaldi_with_samples_from_minus_one_to_one(sample_rate):
    # As users of kaldi-native-fbank give them to it that don't know of the scale.
    single = np.random.default_rng(0).normal(scale=0.1, size=8000).astype(np.float32)
    unscaled = dataclasses.replace(CONVENTIONS["kaldi"], scale=1.0)
    actual = mfcc(single, sample_rate, convention=unscaled)
    expected = kaldi_features(single, sample_rate, "Mfcc", 23)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-2)


def quiet_samples(seed, n_samples=8000):
    """16-bit samples of a room in which somebody speaks now and then: -90 to -10 dB."""
    rng = np.random.default_rng(seed)
    levels = 10.0 ** rng.uniform(-4.5, -0.5, size=-(-n_samples // 1000))
    noise = np.repeat(levels, 1000)[:n_samples] * rng.normal(size=n_samples)
    return np.clip(np.rint(32768 * noise), -32768, 32767).astype(np.int16)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("sample_rate", RATES)
def test_files_give_the_features_that_kaldi_has_of_their_samples(seed, sample_rate, tmp_path):
    samples = quiet_samples(seed)
    wavfile.write(tmp_path / "room.wav", sample_rate, samples)
    expected = kaldi_features(samples, sample_rate, "Mfcc", 23)
    transformer = MFCCTransformer(sample_rate=sample_rate, convention="kaldi", pooling=None)
    for clip in (tmp_path / "room.wav", samples, (sample_rate, samples)):
        (frames,) = transformer.transform([clip])
        np.testing.assert_allclose(frames, expected, rtol=0, atol=1e-2)
    frames = mfcc(samples, sample_rate, convention="kaldi")  # of integers, as the tools take them
    np.testing.assert_allclose(frames, expected, rtol=0, atol=1e-2)
    (frames,) = stream([samples], sample_rate, convention="kaldi")
    np.testing.assert_allclose(frames, expected, rtol=0, atol=1e-2)


# What a tool's own settings change is a convention of one's own.


@pytest.mark.parametrize(
    ("theirs", "choices"),
    [
        ({"htk": True}, {"mel_scale": "htk"}),
        ({"norm": None}, {"equal_area": False}),
        ({"center": False}, {"edges": "snip"}),
        ({"pad_mode": "reflect"}, {"padding": "reflect"}),
        ({"pad_mode": "edge"}, {"padding": "edge"}),
        ({"pad_mode": "symmetric"}, {"padding": "symmetric"}),
        ({"power": 1.0}, {"power": 1}),
        ({"window": "hamming", "power": 1.0}, {"window": "hamming", "power": 1}),
        (
            {"htk": True, "norm": None, "pad_mode": "reflect", "power": 1.0},
            {"mel_scale": "htk", "equal_area": False, "padding": "reflect", "power": 1},
        ),
    ],
)
@pytest.mark.parametrize("n_samples", [2048, 5000, 16_001])
def test_settings_of_librosa(theirs, choices, n_samples):
    signal = np.random.default_rng(n_samples).normal(scale=0.1, size=n_samples)
    energies = librosa.feature.melspectrogram(y=signal, sr=16000, n_mels=40, **theirs)
    log_mel = librosa.power_to_db(energies, top_db=None)
    expected = librosa.feature.mfcc(S=log_mel, n_mfcc=20).T
    settings = {
        "convention": dataclasses.replace(CONVENTIONS["librosa"], **choices),
        "frame_length": 2048 / 16000,
        "frame_step": 512 / 16000,
        "n_mels": 40,
    }
    actual = mfcc(signal, 16000, features="log_mel", **settings)
    np.testing.assert_allclose(actual, log_mel.T, rtol=0, atol=1e-6)
    actual = mfcc(signal, 16000, n_mfcc=20, **settings)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("theirs", "choices"),
    [
        ({"use_energy": False}, {"energy": None}),
        ({"raw_energy": False}, {"energy": "windowed"}),
        ({"snip_edges": False}, {"edges": "center_step", "padding": "symmetric"}),
        ({"remove_dc_offset": False}, {"remove_dc": False}),
        ({"window_type": "hamming"}, {"window": "hamming"}),
        ({"preemph_coeff": 0.0}, {"preemphasis": 0.0}),
        (
            {"raw_energy": False, "snip_edges": False, "remove_dc_offset": False},
            {
                "energy": "windowed",
                "edges": "center_step",
                "padding": "symmetric",
                "remove_dc": False,
            },
        ),
    ],
)
@pytest.mark.parametrize("sample_rate", RATES)
@pytest.mark.parametrize("n_samples", [1200, 8001])
def test_settings_of_kaldi(theirs, choices, sample_rate, n_samples):
    rng = np.random.default_rng(n_samples)
    samples = np.rint(rng.normal(100.0, 3000.0, size=n_samples))
    convention = dataclasses.replace(CONVENTIONS["kaldi"], **choices)
    actual = mfcc((samples / 32768).astype(np.float32), sample_rate, convention=convention)
    expected = kaldi_features(samples, sample_rate, "Mfcc", 23, **theirs)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-2)


@pytest.mark.parametrize("sample_rate", RATES)
def test_the_magnitude_spectrum_of_kaldi(sample_rate):
    samples = quiet_samples(7)
    convention = dataclasses.replace(CONVENTIONS["kaldi"], power=1)
    actual = mfcc(samples, sample_rate, features="log_mel", convention=convention)
    expected = kaldi_features(samples, sample_rate, "Fbank", 23, use_power=False)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-2)


@given(tasks())
def test_python_speech_features_without_the_energy(task):
    signal, sample_rate, settings = task
    parameters = psf_parameters(sample_rate, settings)
    if settings["lifter"] is not None:
        parameters["ceplifter"] = settings["lifter"]
    expected = psf.mfcc(signal, numcep=settings["n_mfcc"], appendEnergy=False, **parameters)
    convention = dataclasses.replace(CONVENTIONS["psf"], energy=None)
    actual = mfcc(signal, sample_rate, convention=convention, **settings)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-9)


@given(sounds(), st.integers(13, 30))
def test_htk(sound, n_mels):
    signal, sample_rate = sound
    signal = signal[: sample_rate // 5]
    settings = {"convention": "htk", "n_mels": n_mels}
    log_mel = oracles.htk_mfcc(signal, sample_rate, n_mels=n_mels, log_mel=True)
    cepstra = oracles.htk_mfcc(signal, sample_rate, n_mels=n_mels)
    actual = mfcc(signal, sample_rate, features="log_mel", **settings)
    np.testing.assert_allclose(actual, log_mel, rtol=0, atol=1e-9)
    np.testing.assert_allclose(mfcc(signal, sample_rate, **settings), cepstra, rtol=0, atol=1e-8)


@pytest.mark.parametrize("index", range(0, 480, 60))
def test_recordings_give_the_features_of_every_tool(digits, index):
    clip, sample_rate = digits.data[index].astype(np.float64), digits.sample_rate
    check_librosa(clip, sample_rate)
    check_kaldi(clip, sample_rate)
    expected = oracles.htk_mfcc(clip, sample_rate)
    actual = mfcc(clip, sample_rate, convention="htk")
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-8)


@pytest.mark.skipif("SKXENT_DATA" not in os.environ, reason="SKXENT_DATA names no folder of FSDD")
def test_real_recordings_give_the_features_of_every_tool():
    bunch = fetch_fsdd(subset="test")
    for clip in bunch.data[::3]:
        double = clip.astype(np.float64)
        check_librosa(double, bunch.sample_rate)
        check_kaldi(double, bunch.sample_rate)
        expected = psf.mfcc(double, bunch.sample_rate, nfft=256)
        np.testing.assert_allclose(mfcc(double, bunch.sample_rate), expected, rtol=0, atol=1e-9)
    for clip in bunch.data[::50]:
        double = clip.astype(np.float64)
        expected = oracles.htk_mfcc(double, bunch.sample_rate)
        actual = mfcc(double, bunch.sample_rate, convention="htk")
        np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-8)
