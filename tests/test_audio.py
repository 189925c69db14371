import re
import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.io import wavfile

from skxent.audio import load, read, to_mono_float

RATE = 8000
NOISE = np.random.default_rng(0).uniform(-0.5, 0.5, size=20_000)


def tone(frequency, rate, seconds=0.5):
    return np.sin(2 * np.pi * frequency / rate * np.arange(round(seconds * rate)))


def wav_bytes(samples, announced, rate=RATE):
    """A mono 16-bit wav file whose header announces a number of bytes, right or wrong."""
    riff = min(announced + 36, 0xFFFFFFFF)
    return b"".join(
        [
            struct.pack("<4sI4s", b"RIFF", riff, b"WAVE"),
            struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16),
            struct.pack("<4sI", b"data", announced),
            samples.astype("<i2").tobytes(),
        ]
    )


# Arrays


@pytest.mark.parametrize(
    ("dtype", "zero", "half_range"),
    [
        ("int8", 0, 2**7),
        ("int16", 0, 2**15),
        ("int32", 0, 2**31),
        ("int64", 0, 2**63),
        ("uint8", 2**7, 2**7),
        ("uint16", 2**15, 2**15),
        (">i2", 0, 2**15),
    ],
)
def test_integers_span_minus_one_to_one(dtype, zero, half_range):
    info = np.iinfo(dtype)
    samples = np.array([info.min, zero, zero + half_range // 2, info.max], dtype)
    expected = [-1.0, 0.0, 0.5, 1.0 - 1.0 / half_range]
    for precision in ("float32", "float64"):
        signal = to_mono_float(samples, dtype=precision)
        np.testing.assert_array_equal(signal, np.array(expected, precision))


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        ("float16", "float32"),
        ("float32", "float32"),
        (">f4", "float32"),
        ("float64", "float64"),
        (">f8", "float64"),
        ("uint8", "float32"),
        ("int16", "float32"),
        ("int32", "float32"),
        ("int64", "float64"),
    ],
)
def test_64_bits_need_float64_and_all_others_are_float32(dtype, expected):
    samples = np.ones(3, dtype)
    assert to_mono_float(samples).dtype == np.dtype(expected)
    assert to_mono_float(samples, dtype="float32").dtype == np.float32
    assert to_mono_float(samples, dtype="float64").dtype == np.float64


@given(
    hnp.arrays(
        st.sampled_from([np.float32, np.float64]),
        st.tuples(st.integers(4, 20), st.integers(1, 4)),
        elements=st.floats(-1, 1, width=16),
    )
)
def test_channels_are_averaged(samples):
    expected = [sum(map(float, row)) / len(row) for row in samples]
    atol = 2 * np.finfo(samples.dtype).eps
    np.testing.assert_allclose(to_mono_float(samples), expected, rtol=0, atol=atol)


def test_a_column_and_equal_channels_are_the_mono_signal():
    mono = NOISE[:100]
    np.testing.assert_array_equal(load(mono[:, np.newaxis], RATE), mono)
    np.testing.assert_array_equal(load(np.column_stack([mono, mono]), RATE), mono)
    integers = (mono * 2**15).astype(np.int16)
    stereo = load(np.column_stack([integers, integers]), RATE)
    np.testing.assert_array_equal(stereo, load(integers, RATE))


@pytest.mark.parametrize(
    "samples",
    [NOISE[::3], NOISE[::-1], NOISE.reshape(-1, 2)[:, 0], NOISE.reshape(2, -1).T, NOISE[:9]],
    ids=["strided", "reversed", "column", "transposed", "plain"],
)
def test_the_result_is_one_contiguous_row(samples):
    signal = load(samples, RATE)
    assert signal.ndim == 1
    assert signal.flags.c_contiguous
    assert len(signal) == len(samples)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(400,), (200, 2)])
@pytest.mark.parametrize("rate", [RATE, 11025])
def test_the_clip_may_be_read_only(dtype, shape, rate):
    samples = (NOISE[:400] * 100 + 100).astype(dtype).reshape(shape)
    samples.flags.writeable = False
    assert np.isfinite(load((rate, samples), RATE)).all()


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(400,), (200, 2)])
@pytest.mark.parametrize("rate", [RATE, 11025])
def test_the_clip_is_left_alone(dtype, shape, rate):
    samples = (NOISE[:400] * 100 + 100).astype(dtype).reshape(shape)
    before = samples.copy()
    load((rate, samples), RATE)
    np.testing.assert_array_equal(samples, before)


def test_lists_and_pairs_at_the_wanted_rate_are_the_array():
    expected = NOISE[:50]
    for clip in (expected.tolist(), (RATE, expected), (float(RATE), expected.tolist())):
        np.testing.assert_array_equal(load(clip, RATE), expected)
    np.testing.assert_array_equal(load((np.int64(RATE), expected), RATE), expected)


# Files


# scipy says that it passes over libsndfile's PEAK chunk.
@pytest.mark.filterwarnings("ignore:Chunk .non-data. not understood")
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_32", "PCM_U8", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("n_channels", [1, 2])
@pytest.mark.parametrize("as_path", [str, Path])
def test_a_wav_file_is_the_pair_that_scipy_reads(tmp_path, subtype, n_channels, as_path):
    path = tmp_path / "clip.wav"
    soundfile.write(path, NOISE.reshape(-1, n_channels), RATE, subtype=subtype)
    rate, samples = wavfile.read(path)
    for dtype in ("float32", "float64"):
        signal = load(as_path(path), RATE, dtype=dtype)
        assert signal.dtype == dtype
        np.testing.assert_array_equal(signal, load((rate, samples), RATE, dtype=dtype))


@pytest.mark.parametrize(
    ("name", "subtype", "step"),
    [
        ("clip.wav", "PCM_16", 2**-15),
        ("clip.wav", "PCM_24", 2**-23),
        ("clip.wav", "PCM_U8", 2**-7),
        ("clip.wav", "DOUBLE", 0),
        ("clip.flac", "PCM_16", 2**-15),
        ("clip.flac", "PCM_24", 2**-23),
        ("clip.aiff", "PCM_16", 2**-15),
    ],
)
def test_a_lossless_file_holds_the_samples_to_a_step(tmp_path, name, subtype, step):
    path = tmp_path / name
    soundfile.write(path, NOISE, RATE, subtype=subtype)
    np.testing.assert_allclose(load(path, RATE, dtype="float64"), NOISE, rtol=0, atol=step)


@pytest.mark.parametrize("name", ["clip.ogg", "clip.mp3"])
def test_a_lossy_file_sounds_alike(tmp_path, name):
    path = tmp_path / name
    expected = 0.5 * tone(440, 16000, seconds=1)
    soundfile.write(path, expected, 16000)
    signal = load(path, 16000)
    assert signal.dtype == np.float32
    assert len(signal) == len(expected)
    inside = slice(2000, -2000)
    np.testing.assert_allclose(signal[inside], expected[inside], rtol=0, atol=0.02)


@pytest.mark.parametrize("name", ["clip.wav", "clip.flac", "clip.ogg", "clip.mp3"])
def test_a_stereo_file_is_averaged(tmp_path, name):
    path = tmp_path / name
    left, right = 0.5 * tone(440, RATE), 0.3 * tone(600, RATE)
    soundfile.write(path, np.column_stack([left, right]), RATE)
    expected = read(path)[0].mean(axis=1)
    np.testing.assert_allclose(load(path, RATE), expected, rtol=0, atol=1e-7)
    inside, average = slice(1000, -1000), (left + right) / 2
    np.testing.assert_allclose(expected[inside], average[inside], rtol=0, atol=0.05)


def test_read_gives_channels_and_rate(tmp_path):
    path = tmp_path / "clip.wav"
    soundfile.write(path, NOISE.reshape(-1, 2), 11025, subtype="DOUBLE")
    signal, rate = read(path, dtype="float64")
    assert rate == 11025
    np.testing.assert_array_equal(signal, NOISE.reshape(-1, 2))


# 2^32 - 1 by ffmpeg, 2^31 - 1 by others, 0x7FFFF000 by SoX, rounded down to whole blocks.
@pytest.mark.parametrize("announced", [0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000, 0x7FFFEFFD])
def test_a_wav_file_of_a_pipe_announces_an_unknown_length(tmp_path, announced):
    path = tmp_path / "clip.wav"
    samples = np.arange(-500, 500)
    path.write_bytes(wav_bytes(samples, announced))
    np.testing.assert_array_equal(load(path, RATE), samples / 2**15)


def test_a_wav_file_may_go_on_after_its_samples(tmp_path):
    path = tmp_path / "clip.wav"
    samples = np.arange(-500, 500)
    comment = struct.pack("<4sI4s4sI4s", b"LIST", 16, b"INFO", b"ICMT", 4, b"text")
    path.write_bytes(wav_bytes(samples, 2000) + comment)
    np.testing.assert_array_equal(load(path, RATE), samples / 2**15)


# Resampling

RATES = st.sampled_from([8000, 11025, 16000, 22050, 44100, 48000])


@given(RATES, RATES, st.floats(0.01, 0.9))
def test_a_resampled_tone_is_the_tone_at_the_new_rate(rate, new_rate, part):
    frequency = part * min(rate, new_rate) / 2
    signal, expected = tone(frequency, rate), tone(frequency, new_rate)
    resampled = load((rate, signal), new_rate)
    assert abs(len(resampled) - len(signal) * new_rate / rate) <= 1
    inside = slice(new_rate // 10, 4 * new_rate // 10)
    resampled, expected = resampled[inside], expected[inside]
    # Its level falls by up to 0.01 dB towards the filter's edge; its shape does not change.
    gain = resampled @ expected / (expected @ expected)
    assert -0.01 <= 20 * np.log10(gain) <= 1e-4
    np.testing.assert_allclose(resampled, gain * expected, rtol=0, atol=2e-6)


@given(RATES, RATES, st.floats(0, 1))
def test_a_tone_above_half_the_new_rate_vanishes(rate, new_rate, part):
    assume(new_rate < rate)
    lowest = 1.02 * new_rate / 2
    frequency = lowest + part * (0.98 * rate / 2 - lowest)
    resampled = load((rate, tone(frequency, rate)), new_rate)
    inside = resampled[new_rate // 10 : -new_rate // 10]
    assert np.abs(inside).max() <= 1e-5


@pytest.mark.parametrize("name", ["clip.wav", "clip.flac"])
@pytest.mark.parametrize("shape", [(-1,), (-1, 2)])
def test_a_file_at_another_rate_is_the_pair_of_its_samples(tmp_path, name, shape):
    path = tmp_path / name
    samples = (NOISE * 2**15).astype(np.int16).reshape(shape)
    soundfile.write(path, samples, 11025)
    expected = load((11025, samples), RATE)
    np.testing.assert_array_equal(load(path, RATE), expected)
    assert len(expected) == pytest.approx(len(samples) * RATE / 11025, abs=1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_resampling_keeps_the_type_and_is_contiguous(dtype):
    signal = load((11025, NOISE.astype(dtype)), RATE)
    assert signal.dtype == dtype
    assert signal.flags.c_contiguous


# What is no clip


@pytest.mark.parametrize(
    ("clip", "message"),
    [
        (np.array([]), "empty: it has no samples"),
        (np.empty((0, 2)), "empty: it has no samples"),
        ([], "empty: it has no samples"),
        ((RATE, []), "empty: it has no samples"),
        (np.array([0.0, 1.0, np.nan, np.nan]), "must be finite, sample 2 is nan"),
        (np.array([0.0, -np.inf], np.float32), "must be finite, sample 1 is -inf"),
        ((11025, np.array([np.inf, 0.0])), "must be finite, sample 0 is inf"),
        (np.array([[0, 0], [0, np.nan], [0, 0]]), "must be finite, sample 1 is nan"),
        (np.array([[0, 0], [np.inf, -np.inf]]), "must be finite, sample 1 is nan"),
        (np.zeros((2, 3, 4)), "got 3 dimensions, shape (2, 3, 4)"),
        (np.float64(1.0), "got 0 dimensions, shape ()"),
        (5, "got 0 dimensions, shape ()"),
        (np.zeros((2, 100)), "more channels than samples: shape (2, 100)"),
        ([[0.0, 1.0], [0.0]], "not a signal: "),
        ((1e-6, NOISE), "a pair's sample rate must be at least 1 Hz, got 1e-06"),
        ((0, NOISE), "a pair's sample rate must be at least 1 Hz, got 0"),
        ((-8000, NOISE), "a pair's sample rate must be at least 1 Hz, got -8000"),
        ((np.nan, NOISE), "a pair's sample rate must be at least 1 Hz, got nan"),
        ((np.inf, NOISE), "a pair's sample rate must be at least 1 Hz, got inf"),
        ((48000, np.ones(2)), "too short to be resampled from 48000 to 8000 Hz"),
    ],
)
def test_a_wrong_value_is_named(clip, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        load(clip, RATE)


@pytest.mark.parametrize(
    ("clip", "message"),
    [
        (None, "got NoneType"),
        (b"clip.wav", "got bytes"),
        ({"a": 1}, "got dict"),
        (object(), "got object"),
        (True, "got bool"),
        (np.zeros(3, bool), "got an array of bool of shape (3,)"),
        (np.zeros(3, complex), "got an array of complex128 of shape (3,)"),
        (["a.wav", "b.wav"], "got an array of <U5 of shape (2,)"),
        (np.array([None, 1.0]), "got an array of object of shape (2,)"),
        ((NOISE, RATE), "got (an array of float64 of shape (20000,), int)"),
        (("8000", NOISE), "got (str, an array of float64 of shape (20000,))"),
        ((True, NOISE), "got (bool, an array of float64 of shape (20000,))"),
        ((None, NOISE), "got (NoneType, an array of float64 of shape (20000,))"),
        ((RATE,), "got 1 values"),
        (tuple(NOISE), "got 20000 values"),
    ],
)
def test_a_wrong_type_is_named(clip, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        load(clip, RATE)


def test_a_value_beyond_float32_is_an_error_there_alone():
    samples = np.array([0.0, 1e300])
    np.testing.assert_array_equal(load(samples, RATE), samples)
    with pytest.raises(ValueError, match="must be finite, sample 1 is inf"):
        load(samples, RATE, dtype="float32")


def test_a_huge_but_finite_signal_is_no_error():
    samples = np.full(100, 3e38, np.float32)
    np.testing.assert_array_equal(load(samples, RATE), samples)


# What is no sound file


def test_a_missing_file_a_folder_and_junk_are_errors(tmp_path):
    with pytest.raises(ValueError, match="no such file"):
        load(tmp_path / "none.wav", RATE)
    with pytest.raises(ValueError, match="not a file"):
        load(tmp_path, RATE)
    junk = tmp_path / "junk.wav"
    junk.write_bytes(np.random.default_rng(0).bytes(10_000))
    with pytest.raises(ValueError, match="can't be read as sound"):
        load(junk, RATE)
    junk.write_bytes(b"")
    with pytest.raises(ValueError, match="can't be read as sound"):
        load(str(junk), RATE)


def test_a_file_without_samples_is_an_error(tmp_path):
    path = tmp_path / "empty.wav"
    soundfile.write(path, np.empty(0), RATE)
    with pytest.raises(ValueError, match="empty: it has no samples"):
        load(path, RATE)


def test_a_file_with_nan_is_an_error(tmp_path):
    path = tmp_path / "nan.wav"
    soundfile.write(path, np.array([0.0, 0.0, np.nan]), RATE, subtype="FLOAT")
    with pytest.raises(ValueError, match="must be finite, sample 2 is nan"):
        load(path, RATE)


@pytest.mark.parametrize(
    ("format_", "subtype"),
    [
        ("WAV", "PCM_16"),
        ("WAV", "PCM_24"),
        ("WAV", "FLOAT"),
        ("WAVEX", "PCM_16"),
        ("RF64", "PCM_16"),
        ("W64", "PCM_16"),
        ("AIFF", "PCM_16"),
        ("AIFF", "FLOAT"),
        ("AU", "PCM_16"),
        ("FLAC", "PCM_16"),
        ("OGG", "VORBIS"),
    ],
)
@pytest.mark.parametrize("part", [0.01, 0.3, 0.6, 0.9, 0.99, "all but a byte"])
def test_a_file_that_ends_early_is_an_error(tmp_path, format_, subtype, part):
    path = tmp_path / "clip"
    soundfile.write(path, NOISE, 16000, format=format_, subtype=subtype)
    assert len(load(path, 16000)) == len(NOISE)
    content = path.read_bytes()
    path.write_bytes(content[: -1 if part == "all but a byte" else int(part * len(content))])
    with pytest.raises(ValueError, match=r"cut short|can't be read as sound"):
        load(path, 16000)


def test_an_ogg_file_that_ends_with_a_whole_page_is_cut_short(tmp_path):
    path = tmp_path / "clip.ogg"
    soundfile.write(path, NOISE, 16000)
    content = path.read_bytes()
    pages = [match.start() for match in re.finditer(b"OggS", content)]
    path.write_bytes(content[: pages[-1]])
    with pytest.raises(ValueError, match="cut short"):
        load(path, 16000)


# Of an mp3, up to two of MPEG-1's frames may be missing: the announced length is no
# more exact with some encoders.
@pytest.mark.parametrize("part", [0.01, 0.3, 0.6, 0.8])
def test_an_mp3_file_that_ends_early_is_an_error(tmp_path, part):
    path = tmp_path / "clip.mp3"
    soundfile.write(path, NOISE, 16000)
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    with pytest.raises(ValueError, match=r"cut short|can't be read as sound"):
        load(path, 16000)
