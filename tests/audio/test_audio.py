import errno
import io
import itertools
import os
import re
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.io import wavfile

from skxent import MFCCTransformer
from skxent.audio import _clips, _wav, chunks, count_samples, load, read, to_mono_float
from skxent.audio import _files as decoding

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
        ([1, 2, 3], "a list of integers doesn't tell their range"),
        ((RATE, [[1, 2], [3, 4]]), "a list of integers doesn't tell their range"),
        ((1, np.ones(9)), "can't be resampled from 1 to 8000 Hz"),
        ((1 << 31, np.ones(9)), "can't be resampled from 2.14748e+09 to 8000 Hz"),
        ((48000, np.ones(2)), "too short to be resampled from 48000 to 8000 Hz"),
    ],
)
def test_a_wrong_value_is_named(clip, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        load(clip, RATE)


@pytest.mark.parametrize(
    ("clip", "message"),
    [
        (None, "a path, got a missing value, None"),
        (np.nan, "a path, got a missing value, nan"),
        (np.float32("nan"), "a path, got a missing value, nan"),
        (pd.NA, "a path, got a missing value, <NA>"),
        (pd.NaT, "a path, got a missing value, NaT"),
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


class BrokenFile(io.FileIO):
    """A file on a disk that fails after some bytes."""

    n_good = 0

    def readinto(self, buffer):
        if self.tell() + len(buffer) > self.n_good:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return super().readinto(buffer)

    def read(self, size=-1):
        content = bytearray(size)
        return bytes(content[: self.readinto(content)])


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
@pytest.mark.parametrize("n_good", [0, 60_000])
def test_what_the_system_reports_of_a_file_is_an_error_of_the_clip(
    tmp_path, monkeypatch, suffix, n_good
):
    path = tmp_path / f"clip.{suffix}"
    soundfile.write(path, np.random.default_rng(0).uniform(-1, 1, 600_000), RATE)
    assert path.stat().st_size > n_good
    monkeypatch.setattr(BrokenFile, "n_good", n_good)
    monkeypatch.setattr(decoding, "open", lambda path, *_, **__: BrokenFile(path), raising=False)
    for read_clip in (load, lambda *args: list(chunks(*args))):
        with pytest.raises(ValueError, match=r"^can't be read \(Input/output error\)"):
            read_clip(path, RATE)
    transformer = MFCCTransformer(sample_rate=RATE, on_error="warn")
    with pytest.warns(UserWarning, match=rf"clip 0 \(.*clip.{suffix}\): can't be read"):
        transformer.transform([path])


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


@pytest.mark.parametrize(
    "content", [b"x", b"RIFF", b"text\n" * 1000, b"RIFF\x24\0\0\0WAVEfmt ", b"\xff\xfb\x90\x64" * 3]
)
@pytest.mark.parametrize(
    "name", ["a.wav", "a.mp3", "a.raw", "a.gsm", "a.vox", "a.au", "a.txt", "a"]
)
def test_what_is_no_sound_is_an_error_under_any_name(tmp_path, content, name):
    path = tmp_path / name
    path.write_bytes(content)
    for function in (load, lambda *args: list(chunks(*args)), count_samples):
        with pytest.raises(ValueError, match="can't be read as sound"):
            function(path, RATE)


def test_a_link_a_device_and_a_file_without_access_are_named(tmp_path):
    link = tmp_path / "link.wav"
    link.symlink_to("none.wav")
    with pytest.raises(ValueError, match="a link to no file"):
        load(link, RATE)
    with pytest.raises(ValueError, match="not a file"):
        load("/dev/null", RATE)
    with pytest.raises(ValueError, match="can't be opened"):
        load(tmp_path / ("x" * 300), RATE)
    with pytest.raises(ValueError, match="no such file"):
        count_samples(tmp_path / "none.wav", RATE)


@pytest.mark.parametrize("format_", ["WAV", "FLAC", "OGG", "MP3"])
@pytest.mark.parametrize("name", ["clip.raw", "clip.txt", "clip", "clip.wav", b"caf\xe9.wav"])
def test_the_name_of_a_file_does_not_matter(tmp_path, format_, name):
    right = tmp_path / "right"
    soundfile.write(right, NOISE, RATE, format=format_)
    wrong = os.path.join(tmp_path, os.fsdecode(name))
    os.rename(right, wrong)
    assert len(load(wrong, RATE)) == len(NOISE)
    link = tmp_path / "link.ogg"
    link.symlink_to(wrong)
    np.testing.assert_array_equal(load(link, RATE), load(wrong, RATE))


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


@pytest.mark.parametrize("part", [0.01, 0.3, 0.6, 0.8, 0.9, 0.99])
def test_an_mp3_file_that_ends_early_is_an_error(tmp_path, part):
    path = tmp_path / "clip.mp3"
    soundfile.write(path, NOISE, 16000)
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    with pytest.raises(ValueError, match=r"cut short|can't be read as sound"):
        load(path, 16000)


# Of every format, channel count and rate

FORMATS = [
    *[("WAV", subtype) for subtype in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")],
    *[("WAVEX", subtype) for subtype in ("PCM_16", "PCM_24", "FLOAT", "ULAW")],
    *[("WAV", subtype) for subtype in ("ALAW", "ULAW", "IMA_ADPCM", "MS_ADPCM", "GSM610")],
    ("RF64", "PCM_16"),
    ("W64", "PCM_16"),
    ("AIFF", "PCM_16"),
    ("AU", "PCM_16"),
    ("CAF", "PCM_16"),
    ("FLAC", "PCM_16"),
    ("FLAC", "PCM_24"),
    ("OGG", "VORBIS"),
    ("OGG", "OPUS"),
    ("MP3", "MPEG_LAYER_III"),
]
RATES_OF = {"OPUS": [8000, 24000, 48000], "MPEG_LAYER_III": [8000, 22050, 48000]}
CHANNELS_OF = {"IMA_ADPCM": [1, 2], "MS_ADPCM": [1, 2], "GSM610": [1], "MPEG_LAYER_III": [1, 2]}


@pytest.mark.parametrize(("format_", "subtype"), FORMATS)
def test_every_format_decodes_at_every_rate_and_channel_count(tmp_path, format_, subtype):
    path = tmp_path / "clip"
    rates = RATES_OF.get(subtype, [4000, 44100, 192000])
    for rate, n_channels in itertools.product(rates, CHANNELS_OF.get(subtype, range(1, 7))):
        samples = 0.5 * np.column_stack([tone(0.05 * rate, rate, 2000 / rate)] * n_channels)
        soundfile.write(path, samples, rate, format=format_, subtype=subtype)
        signal, found_rate = read(path)
        assert found_rate == rate
        assert signal.shape[1] == n_channels
        # The last block of ADPCM and GSM is filled up.
        assert 0 <= len(signal) - 2000 <= (2100 if "ADPCM" in subtype else 640)
        mono = load(path, rate)
        np.testing.assert_allclose(mono, signal.mean(axis=1), rtol=0, atol=1e-7)
        np.testing.assert_array_equal(np.concatenate(list(chunks(path, rate, n_samples=501))), mono)
        assert count_samples(path, rate) == len(mono)
        assert len(load(path, 16000)) == pytest.approx(len(mono) * 16000 / rate, abs=2)


# Plain wav files are read without libsndfile


def riff(*parts):
    """A wav file of chunks, each a name and a content; the data chunk may come at any place."""
    body = b"".join(
        struct.pack("<4sI", name, len(content)) + content + bytes(len(content) % 2)
        for name, content in parts
    )
    return struct.pack("<4sI4s", b"RIFF", len(body) + 4, b"WAVE") + body


def chunks_of(content):
    parts, start = [], 12
    while start < len(content):
        name, size = struct.unpack_from("<4sI", content, start)
        parts.append((name, content[start + 8 : start + 8 + size]))
        start += 8 + size + size % 2
    return parts


PLAIN = {
    "PCM_U8": (1, "u1"),
    "PCM_16": (1, "<i2"),
    "PCM_32": (1, "<i4"),
    "FLOAT": (3, "<f4"),
    "DOUBLE": (3, "<f8"),
}
GUID_END = bytes.fromhex("000000001000800000aa00389b71")


def plain_wav(subtype, n_channels, rate, header, n_samples=101):
    """The fmt and data chunks of random bits, none of which make a NaN."""
    tag, dtype = PLAIN[subtype]
    width = np.dtype(dtype).itemsize
    rng = np.random.default_rng(n_channels)
    if subtype in ("FLOAT", "DOUBLE"):
        samples = rng.normal(size=n_samples * n_channels).astype(dtype)
    else:
        info = np.iinfo(dtype)
        samples = rng.integers(info.min, info.max, n_samples * n_channels, dtype, endpoint=True)
        samples[:2] = info.min, info.max
    fields = (n_channels, rate, rate * n_channels * width, n_channels * width, 8 * width)
    fmt = struct.pack("<HHIIHH", 0xFFFE if header == "extensible" else tag, *fields)
    if header == "extensible":
        fmt += struct.pack("<HHIH14s", 22, 8 * width, 0, tag, GUID_END)
    elif header == "18 bytes":
        fmt += bytes(2)
    return (b"fmt ", fmt), (b"data", samples.tobytes())


LIST = (b"LIST", b"INFOISFT\x0a\0\0\0Lavf59.27\0")
LAYOUTS = {
    "plain": lambda fmt, data: [fmt, data],
    "tags before": lambda fmt, data: [fmt, LIST, data],
    "tags after": lambda fmt, data: [fmt, data, LIST],
    "junk first": lambda fmt, data: [(b"JUNK", bytes(28)), fmt, data],
    "odd size": lambda fmt, data: [fmt, (b"PAD ", b"abc"), data],
}


def forbid_libsndfile(monkeypatch):
    def fail(source):
        raise AssertionError("not the fast path")

    monkeypatch.setattr(decoding, "_decoder", fail)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("header", ["16 bytes", "18 bytes", "extensible"])
@pytest.mark.parametrize("subtype", PLAIN)
def test_the_fast_path_is_libsndfile_to_the_bit(tmp_path, monkeypatch, subtype, header, layout):
    path = tmp_path / "clip.wav"
    forbid_libsndfile(monkeypatch)
    for n_channels, rate in itertools.product([1, 2, 3, 6], [4000, 8000, 44100, 192000]):
        content = riff(*LAYOUTS[layout](*plain_wav(subtype, n_channels, rate, header)))
        path.write_bytes(content)
        for dtype in ("float32", "float64"):
            expected, expected_rate = soundfile.read(path, dtype=dtype, always_2d=True)
            signal, found_rate = read(path, dtype=dtype)
            assert found_rate == expected_rate == rate
            assert signal.dtype == expected.dtype == dtype
            assert signal.tobytes() == expected.tobytes()


@pytest.mark.parametrize("subtype", PLAIN)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_fast_path_and_libsndfile_refuse_a_file_that_ends_early(tmp_path, subtype, layout):
    path = tmp_path / "clip.wav"
    parts = LAYOUTS[layout](*plain_wav(subtype, 2, RATE, "16 bytes"))
    content = riff(*parts)
    # Tags after the samples may be missing.
    end = len(content) - (len(LIST[1]) + 8 if parts[-1] is LIST else 0)
    for n_bytes in [*range(1, 60), end // 2, end - 9, end - 3, end - 1]:
        for first in (
            content[:n_bytes],
            content[:4] + struct.pack("<I", n_bytes) + content[8:n_bytes],
        ):
            path.write_bytes(first)
            with pytest.raises(ValueError, match=r"cut short|can't be read as sound|empty"):
                load(path, RATE)


ODD_PARTS = st.sampled_from(
    [b"LIST", b"JUNK", b"PAD ", b"fact", b"PEAK", b"smpl", b"abcd", b"data"]
)


@given(
    st.sampled_from(sorted(PLAIN)),
    st.integers(1, 3),
    st.sampled_from(["16 bytes", "18 bytes", "extensible"]),
    st.lists(st.tuples(ODD_PARTS, st.binary(max_size=12)), max_size=2),
    st.integers(0, 3),
    st.lists(st.tuples(st.integers(4, 90), st.integers(0, 255)), max_size=3),
)
def test_the_fast_path_leaves_to_libsndfile_what_it_is_not_sure_of(
    tmp_path_factory, subtype, n_channels, header, odd, place, changes
):
    path = tmp_path_factory.getbasetemp() / "changed.wav"
    parts = list(plain_wav(subtype, n_channels, RATE, header))
    parts[place:place] = odd
    content = bytearray(riff(*parts))
    for position, value in changes:
        content[position] = value
    path.write_bytes(content)
    file, n_bytes = decoding._open(path)
    with file:
        plain = decoding._read_plain_wav(file, n_bytes)
    assume(plain is not None)
    expected, rate = soundfile.read(path, dtype="float64", always_2d=True)
    assert plain[1] == rate
    np.testing.assert_array_equal(_clips._to_float(plain[0], "float64"), expected)


# What a header may claim


def patched(path, position, new):
    content = bytearray(path.read_bytes())
    content[position : position + len(new)] = new
    path.write_bytes(content)


def peak_memory(function):
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"cut short|can't be read as sound|must not differ"):
            function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def claims_much(path, kind):
    """Write a file of some hundred bytes that claims to hold gigabytes."""
    samples = np.zeros(100)
    if kind == "wav":
        path.write_bytes(wav_bytes(np.zeros(100), 0x7FFE0000))
    elif kind == "wav of 1024 channels":
        fmt = struct.pack("<HHIIHH", 1, 1024, RATE, RATE * 2048, 2048, 16)
        content = riff((b"fmt ", fmt), (b"data", bytes(4096)))
        path.write_bytes(content[:40] + struct.pack("<I", 0x7FFE0000) + content[44:])
    elif kind == "flac":
        soundfile.write(path, samples, RATE, format="FLAC")
        patched(path, 8 + 14, b"\x0f\xff\xff\xff")  # the lower 32 of 36 bits, and a nibble
        patched(path, 8 + 13, bytes([path.read_bytes()[21] | 0x0F]))
    elif kind == "w64":
        soundfile.write(path, samples, RATE, format="W64")
        patched(path, 16, struct.pack("<Q", 0x7FFE0000))
        patched(path, path.read_bytes().index(b"data") + 16, struct.pack("<Q", 0x7FFE0000))
    elif kind == "aiff":
        soundfile.write(path, samples, RATE, format="AIFF")
        patched(path, path.read_bytes().index(b"COMM") + 10, struct.pack(">I", 0x7FFE0000))
        patched(path, path.read_bytes().index(b"SSND") + 4, struct.pack(">I", 0x7FFE0000))
    elif kind == "au":
        soundfile.write(path, samples, RATE, format="AU")
        patched(path, 8, struct.pack(">I", 0x7FFE0000))
    elif kind == "caf":
        soundfile.write(path, samples, RATE, format="CAF")
        patched(path, path.read_bytes().index(b"data") + 4, struct.pack(">Q", 1 << 40))
    elif kind == "rate of 1 Hz":
        path.write_bytes(wav_bytes(np.zeros(100), 200, rate=1))
    elif kind == "rate of 2 GHz":
        path.write_bytes(wav_bytes(np.zeros(100), 200, rate=1 << 30))


@pytest.mark.parametrize(
    "kind",
    [
        "wav",
        "wav of 1024 channels",
        "flac",
        "w64",
        "aiff",
        "au",
        "caf",
        "rate of 1 Hz",
        "rate of 2 GHz",
    ],
)
def test_memory_is_not_taken_for_what_a_header_claims(tmp_path, kind):
    path = tmp_path / "clip"
    claims_much(path, kind)
    for function in (load, lambda *args: list(chunks(*args))):
        assert peak_memory(lambda function=function: function(path, RATE)) <= 16 << 20


# MP3: libsndfile guesses the length where the header has none


def without_length(path):
    """Make the first frame of an mp3 file, which tells the length, one of silence."""
    content = path.read_bytes()
    assert len(re.findall(b"Xing|Info", content[:400])) == 1
    path.write_bytes(re.sub(b"Xing|Info", bytes(4), content, count=1))


def quiet_then_loud():
    return np.concatenate([0.1 * tone(300, 16000, 3), NOISE, NOISE])


@pytest.mark.parametrize("reverse", [False, True])
def test_an_mp3_file_of_variable_bit_rate_without_length_is_read_to_its_end(tmp_path, reverse):
    path = tmp_path / "clip.mp3"
    samples = quiet_then_loud()[:: -1 if reverse else 1]
    soundfile.write(path, samples, 16000, bitrate_mode="VARIABLE", compression_level=0.5)
    expected = load(path, 16000)
    assert len(expected) == len(samples)
    without_length(path)
    assert abs(count_samples(path, 16000) - len(samples)) > 5000  # libsndfile's guess is far off
    signal = load(path, 16000)
    # A frame of silence, the encoder's and decoder's delay, and what fills up the last frame.
    assert 0 <= len(signal) - len(samples) <= 5 * 576
    delay = 576 + 1105
    np.testing.assert_allclose(signal[delay:][: len(expected)][:-1000], expected[:-1000], atol=1e-3)
    pieces = list(chunks(path, 16000, n_samples=1000))
    np.testing.assert_array_equal(np.concatenate(pieces), signal)


def test_an_mp3_file_without_length_may_end_with_tags(tmp_path):
    path = tmp_path / "clip.mp3"
    soundfile.write(path, NOISE, 16000)
    without_length(path)
    content, expected = path.read_bytes(), load(path, 16000)
    for tail in (b"TAGtitle".ljust(128, b"\0"), bytes(3000), b"APETAGEX" + b"key=value" * 300):
        path.write_bytes(content + tail)
        np.testing.assert_array_equal(load(path, 16000), expected)
        pieces = list(chunks(path, 16000, n_samples=777))
        np.testing.assert_array_equal(np.concatenate(pieces), expected)
    path.write_bytes(content + bytes(100_000))
    with pytest.raises(
        ValueError, match=f"damaged: it can't be decoded after sample {len(expected)}"
    ):
        load(path, 16000)


@pytest.mark.parametrize("n_missing", [1, 2, 5, 40, 1000])
def test_an_mp3_file_without_length_whose_last_frame_is_cut_is_an_error(tmp_path, n_missing):
    path = tmp_path / "clip.mp3"
    soundfile.write(path, NOISE, 16000)
    without_length(path)
    path.write_bytes(path.read_bytes()[:-n_missing])
    with pytest.raises(ValueError, match="cut short: its last frame is not whole"):
        load(path, 16000)


def test_an_mp3_file_may_begin_with_tags(tmp_path):
    path = tmp_path / "clip.mp3"
    soundfile.write(path, NOISE, 16000)
    expected, content = load(path, 16000), path.read_bytes()
    path.write_bytes(b"ID3\3\0\0\0\0\x40\0" + bytes(0x2000) + content)
    np.testing.assert_array_equal(load(path, 16000), expected)


def test_a_flac_file_of_a_pipe_does_not_tell_its_length(tmp_path):
    path = tmp_path / "clip.flac"
    soundfile.write(path, NOISE, RATE)
    expected, content = load(path, RATE), path.read_bytes()
    patched(path, 8 + 13, bytes([content[21] & 0xF0, 0, 0, 0, 0]))
    np.testing.assert_array_equal(load(path, RATE), expected)


# In pieces


@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.int16, np.int32, np.float32, np.float64]),
        hnp.array_shapes(min_dims=1, max_dims=2, min_side=1, max_side=12).filter(
            lambda shape: len(shape) == 1 or shape[0] >= shape[1]
        ),
        elements={"min_value": 0, "max_value": 100},
    ),
    st.sampled_from(["C", "F"]),
    st.integers(1, 200),
    st.sampled_from([None, "float32", "float64"]),
)
def test_the_pieces_of_an_array_are_the_whole(samples, order, n_samples, dtype):
    samples = np.asarray(samples, order=order)
    whole = load(samples, RATE, dtype=dtype)
    pieces = list(chunks((RATE, samples), RATE, dtype=dtype, n_samples=n_samples))
    assert all(0 < len(piece) <= n_samples for piece in pieces)
    assert {piece.dtype for piece in pieces} == {whole.dtype}
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    assert count_samples(samples, RATE) == len(whole)


@given(RATES, RATES, st.integers(40, 5000), st.integers(1, 3000))
def test_the_pieces_of_a_resampled_clip_are_the_whole_to_the_bit(rate, new_rate, length, n_samples):
    pair = (rate, NOISE[:length])
    whole = load(pair, new_rate)
    pieces = list(chunks(pair, new_rate, n_samples=n_samples))
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    assert abs(count_samples(pair, new_rate) - len(whole)) <= 1


@pytest.mark.parametrize("format_", ["WAV", "FLAC", "OGG", "MP3"])
@pytest.mark.parametrize("rate", [16000, 11025, 48000])
def test_the_pieces_of_a_file_are_the_whole(tmp_path, monkeypatch, format_, rate):
    monkeypatch.setattr(_wav, "_SMALL", 1000)
    path = tmp_path / "clip"
    soundfile.write(path, NOISE.reshape(-1, 2), 16000, format=format_)
    for dtype in (None, "float64"):
        whole = load(path, rate, dtype=dtype)
        for n_samples in (1999, 1 << 18):
            pieces = list(chunks(path, rate, dtype=dtype, n_samples=n_samples))
            np.testing.assert_array_equal(np.concatenate(pieces), whole)
    monkeypatch.setattr(decoding, "_BLOCK", 777)
    np.testing.assert_array_equal(load(path, rate, dtype=dtype), whole)


def test_an_error_comes_where_it_is_found(tmp_path):
    samples = NOISE.copy()
    samples[12_345] = np.nan
    path = tmp_path / "clip.wav"
    soundfile.write(path, samples, RATE, subtype="DOUBLE")
    for clip in (samples, (RATE, samples), path):
        pieces = chunks(clip, RATE, n_samples=10_000)
        assert len(next(pieces)) == 10_000
        with pytest.raises(ValueError, match="must be finite, sample 12345 is nan"):
            next(pieces)
    soundfile.write(path, NOISE, RATE, format="OGG")
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(ValueError, match="cut short"):
        list(chunks(path, RATE, n_samples=1000))


@pytest.mark.parametrize(
    ("clip", "error"),
    [([], ValueError), (None, TypeError), ((RATE,), TypeError), ((48000, np.ones(2)), ValueError)],
)
def test_what_is_no_clip_has_no_pieces(clip, error):
    with pytest.raises(error) as whole:
        load(clip, RATE)
    with pytest.raises(error, match=f"^{re.escape(str(whole.value))}$"):
        list(chunks(clip, RATE))
    with pytest.raises(ValueError, match="n_samples must be at least 1, got 0"):
        list(chunks(NOISE, RATE, n_samples=0))


def test_a_file_is_closed_when_its_pieces_are_not_asked_for(tmp_path):
    path = tmp_path / "clip.flac"
    soundfile.write(path, NOISE, RATE)
    pieces = chunks(path, RATE, n_samples=100)
    next(pieces)
    pieces.close()
    os.remove(path)
    assert next(pieces, None) is None


@pytest.mark.parametrize("rate", [16000, 8000])
def test_a_long_file_goes_through_in_little_memory(tmp_path, rate):
    path = tmp_path / "long.wav"
    with soundfile.SoundFile(path, "w", 16000, 2, subtype="PCM_16") as file:
        for _ in range(40):
            file.write(NOISE.repeat(8).reshape(-1, 2))
    tracemalloc.start()
    n_samples = sum(len(piece) for piece in chunks(path, rate))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert n_samples == count_samples(path, rate) == 40 * 80_000 * rate // 16000
    assert peak <= 8 << 20


def test_a_file_may_have_fewer_samples_than_channels(tmp_path):
    path = tmp_path / "clip.wav"
    soundfile.write(path, np.full((3, 6), 0.5), RATE)
    np.testing.assert_array_equal(load(path, RATE), np.full(3, 0.5))
