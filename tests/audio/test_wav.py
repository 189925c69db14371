import itertools
import struct

import numpy as np
import pytest
import soundfile
from hypothesis import assume, given
from hypothesis import strategies as st

from skxent.audio import _clips, load, read
from skxent.audio._wav import read_plain_wav
from tests.audio.strategies import RATE, riff

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


def read_plain(path):
    """The samples and rate that are read without libsndfile; None where that is left to it."""
    with open(path, "rb", buffering=0) as file:
        return read_plain_wav(file, path.stat().st_size)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("header", ["16 bytes", "18 bytes", "extensible"])
@pytest.mark.parametrize("subtype", PLAIN)
def test_the_fast_path_is_libsndfile_to_the_bit(tmp_path, subtype, header, layout):
    path = tmp_path / "clip.wav"
    for n_channels, rate in itertools.product([1, 2, 3, 6], [4000, 8000, 44100, 192000]):
        content = riff(*LAYOUTS[layout](*plain_wav(subtype, n_channels, rate, header)))
        path.write_bytes(content)
        assert read_plain(path) is not None
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
    plain = read_plain(path)
    assume(plain is not None)
    expected, rate = soundfile.read(path, dtype="float64", always_2d=True)
    assert plain[1] == rate
    np.testing.assert_array_equal(_clips.to_float(plain[0], "float64"), expected)
