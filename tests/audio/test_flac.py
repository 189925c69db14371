import itertools

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from skxent.audio import chunks, load, read
from skxent.audio._flac import check_header
from tests.audio.strategies import NOISE

RATES = [8000, 11025, 12345, 16000, 22000, 44100, 48000, 96000, 192000, 384000, 655350]


def write(path, samples=NOISE, rate=16000, subtype="PCM_16"):
    soundfile.write(path, samples, rate, format="FLAC", subtype=subtype)
    return bytearray(path.read_bytes())


@pytest.mark.parametrize("subtype", ["PCM_S8", "PCM_16", "PCM_24"])
def test_the_header_and_the_first_frame_agree_in_whole_files(tmp_path, subtype):
    for rate, n_channels in itertools.product(RATES, range(1, 9)):
        path = tmp_path / "clip"
        write(path, np.repeat(NOISE[:500, np.newaxis], n_channels, axis=1), rate, subtype)
        signal, found = read(path)
        assert (found, *signal.shape) == (rate, 500, n_channels)


# Where the header has the rate (20 bits), channels less one (3), bits less one (5), length (36).
@given(st.sampled_from(RATES[:-1]), st.integers(0, 63))
@settings(max_examples=60)
def test_one_flipped_bit_of_the_header_is_an_error(tmp_path_factory, rate, bit):
    path = tmp_path_factory.getbasetemp() / "flipped.flac"
    content = write(path, rate=rate)
    content[18 + bit // 8] ^= 1 << 7 - bit % 8
    path.write_bytes(content)
    for function in (read, lambda path: list(chunks(path, rate, n_samples=3000))):
        with pytest.raises(ValueError, match=r"damaged|cut short|can't be read as sound"):
            function(path)


@given(st.floats(0, 1, exclude_max=True), st.integers(0, 7))
@settings(max_examples=60)
def test_one_flipped_bit_is_an_error_or_changes_nothing(tmp_path_factory, place, bit):
    path = tmp_path_factory.getbasetemp() / "flipped.flac"
    content = write(path)
    expected = load(path, 16000)
    content[int(place * len(content))] ^= 1 << bit
    path.write_bytes(content)
    try:
        signal = load(path, 16000)
    except ValueError:
        return
    np.testing.assert_array_equal(signal, expected)  # a bit of the tags


@pytest.mark.parametrize(
    ("place", "bit", "message"),
    [
        (18, 1, "its header says 11904 Hz, its first frame 16000"),
        (20, 2, "its header says 2 channels, its first frame 1"),
        (21, 16, "its header says 15 bits, its first frame 16"),
        (25, 32, "it goes on after the 19968 samples that it announces"),
        (25, 64, "cut short"),
    ],
)
def test_an_error_says_what_differs(tmp_path, place, bit, message):
    path = tmp_path / "clip"
    content = write(path)
    content[place] ^= bit
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read(path)


@pytest.mark.parametrize("tail", [b"TAG".ljust(128, b"x"), bytes(3000), b"\xff\xf8\xc9\x08junk"])
@pytest.mark.parametrize("head", [b"", b"ID3\3\0\0\0\0\0\x0a" + bytes(10)])
def test_tags_may_come_before_and_after(tmp_path, head, tail):
    path = tmp_path / "clip"
    content = write(path)
    expected = load(path, 16000)
    path.write_bytes(head + content + tail)
    np.testing.assert_array_equal(load(path, 16000), expected)


def test_a_file_without_a_frame_is_an_error(tmp_path):
    path = tmp_path / "clip"
    content = write(path)
    for end in (4, 8, 20, 42, 50):
        path.write_bytes(content[:end])
        with pytest.raises(ValueError, match=r"cut short|can't be read as sound"):
            read(path)


def test_a_header_without_end_is_left_to_libsndfile(tmp_path):
    path = tmp_path / "clip"
    content = write(path)
    content[4] = 0
    path.write_bytes(content[:42] + bytes(1 << 24))
    with open(path, "rb", buffering=0) as file:
        assert check_header(file, 0) == len(NOISE)
    with pytest.raises(ValueError, match=r"cut short|can't be read as sound|damaged"):
        read(path)
