import contextlib
import errno
import io
import itertools
import os
import re
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.io import wavfile

from skxent import MFCCTransformer
from skxent.audio import _files, chunks, count_samples, load, read
from skxent.audio._files import read_samples
from skxent.audio._source import Source
from tests.audio.strategies import NOISE, RATE, riff, tone, wav_bytes


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


def test_a_path_may_begin_with_the_home_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    soundfile.write(tmp_path / "clip.wav", NOISE, RATE)
    soundfile.write(tmp_path / "clip.flac", NOISE, RATE)
    for name in ("~/clip.wav", Path("~/clip.flac")):
        assert len(load(name, RATE)) == count_samples(name, RATE) == len(NOISE)
    with pytest.raises(ValueError, match="no such file"):
        load("~nobody-of-this-name/clip.wav", RATE)


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
    monkeypatch.setattr(_files, "open", lambda path, *_, **__: BrokenFile(path), raising=False)
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
        ("NIST", "PCM_16"),
        ("NIST", "ULAW"),
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


def claims_mp3(kind):
    """Noise of 46 KB that claims to be mp3."""
    noise = np.random.default_rng(0).uniform(-1, 1, 11_500).astype("<f4").tobytes()
    if kind == "mp3":
        return b"\xff\xfb\x90\x64" + noise
    mp3_format = struct.pack("<HHIIHHHHIHHH", 0x55, 1, RATE, 8000, 1, 0, 12, 1, 2, 417, 1, 1393)
    return riff((b"fmt ", mp3_format), (b"data", noise))


@pytest.mark.parametrize("kind", ["mp3", "wav"])
def test_what_claims_to_be_mp3_and_has_no_frames_is_a_quick_error(tmp_path, monkeypatch, kind):
    path = tmp_path / "clip"
    path.write_bytes(claims_mp3(kind))
    n_reads = 0
    read_file = Source.read_file

    def count_reads(self, buffer):
        nonlocal n_reads
        n_reads += 1
        return read_file(self, buffer)

    monkeypatch.setattr(Source, "read_file", count_reads)
    with pytest.raises(ValueError, match=r"can't be read as sound \(it has no mp3 frames\)"):
        load(path, RATE)
    assert n_reads <= 5000


@pytest.mark.parametrize("damage", ["missing", "zero", "noise", "cut"])
def test_a_damaged_mp3_file_writes_nothing_to_the_standard_error(tmp_path, capfd, damage):
    path = tmp_path / "clip.mp3"
    soundfile.write(path, NOISE, 16000)
    content = path.read_bytes()
    middle = {"missing": b"", "zero": bytes(100), "noise": np.random.default_rng(0).bytes(100)}
    tail = content[5100:] if damage != "cut" else b""
    path.write_bytes(content[:5000] + middle.get(damage, b"") + tail)
    for function in (load, lambda *args: list(chunks(*args)), count_samples):
        with contextlib.suppress(ValueError):
            function(path, 16000)
    assert capfd.readouterr().err == ""


# In pieces


@pytest.mark.parametrize("format_", ["WAV", "FLAC", "OGG", "MP3"])
@pytest.mark.parametrize("rate", [16000, 11025, 48000])
def test_the_pieces_of_a_file_are_the_whole(tmp_path, format_, rate):
    path = tmp_path / "clip"
    # A wav file that is too large to be read at once, like all other files.
    samples = np.tile(NOISE, 30) if format_ == "WAV" else NOISE
    soundfile.write(path, samples.reshape(-1, 2), 16000, format=format_)
    for dtype in (None, "float64"):
        whole = load(path, rate, dtype=dtype)
        for n_samples in (1999, 1 << 18):
            pieces = list(chunks(path, rate, dtype=dtype, n_samples=n_samples))
            np.testing.assert_array_equal(np.concatenate(pieces), whole)


@pytest.mark.parametrize("format_", ["WAV", "FLAC", "OGG", "MP3"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_size_of_blocks_does_not_matter(tmp_path, format_, dtype):
    path = tmp_path / "clip"
    samples = np.tile(NOISE, 30) if format_ == "WAV" else NOISE
    soundfile.write(path, samples.reshape(-1, 2), 16000, format=format_)
    whole, rate = read_samples(path, dtype)
    in_blocks, same_rate = read_samples(path, dtype, block_size=1555)
    assert rate == same_rate == 16000
    np.testing.assert_array_equal(in_blocks, whole)


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
