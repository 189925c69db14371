"""Plain small wav files, read at once."""

import struct
from io import FileIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Plain wav files up to this size are read at once, without libsndfile.
_SMALL = 1 << 20

# libsndfile parses more kinds of chunks, and may fail there.
_WAV_CHUNKS = {b"fmt ", b"data", b"LIST", b"JUNK", b"PAD "}


# By format tag and bits.
_WAV_SAMPLES: dict[tuple[int, int], np.dtype[Any]] = {
    (1, 8): np.dtype("u1"),
    (1, 16): np.dtype("<i2"),
    (1, 32): np.dtype("<i4"),
    (3, 32): np.dtype("<f4"),
    (3, 64): np.dtype("<f8"),
}

_EXTENSIBLE = 0xFFFE

_WAV_FORMAT = struct.Struct("<HHIIHH")

_WAV_EXTENSION = struct.Struct("<HHIH14s")

_WAV_GUID_END = bytes.fromhex("000000001000800000aa00389b71")


def read_plain_wav(file: FileIO, n_bytes: int) -> tuple[NDArray[Any], int] | None:
    """Return samples (n_samples, n_channels) and rate of a small, ordinary wav file, else None.

    All other files are left to libsndfile, which takes some ten times as long.
    """
    if n_bytes > _SMALL:
        return None
    content = file.read(n_bytes)
    is_wav = content[:4] == b"RIFF" and content[8:12] == b"WAVE"
    # It may be cut short, or longer than the header announces.
    if not is_wav or int.from_bytes(content[4:8], "little") + 8 != n_bytes:
        return None
    places: dict[bytes, tuple[int, int]] = {}
    end = 12
    while end < len(content):
        name, start = content[end : end + 4], end + 8
        size = int.from_bytes(content[end + 4 : start], "little")
        is_early = name == b"data" and b"fmt " not in places
        if name not in _WAV_CHUNKS or name in places or is_early:
            return None
        places[name] = start, size
        end = start + size + size % 2
    if end != len(content) or b"data" not in places:
        return None
    start, size = places[b"data"]
    samples_format = _parse_wav_format(content, *places[b"fmt "])
    if samples_format is None:
        return None
    sample_type, n_channels, rate = samples_format
    n_values, rest = divmod(size, sample_type.itemsize)
    if not n_values or rest or n_values % n_channels:
        return None
    samples = np.frombuffer(content, sample_type, n_values, start)
    return samples.reshape(-1, n_channels), rate


def _parse_wav_format(
    content: bytes, start: int, size: int
) -> tuple[np.dtype[Any], int, int] | None:
    """Return the type of the samples, the number of channels, and the rate; None if in doubt."""
    if size not in (16, 18, 40):
        return None
    tag, n_channels, rate, byte_rate, n_bytes, n_bits = _WAV_FORMAT.unpack_from(content, start)
    if tag == _EXTENSIBLE and size == 40:
        _, n_valid_bits, _, tag, guid_end = _WAV_EXTENSION.unpack_from(content, start + 16)
        if n_valid_bits != n_bits or guid_end != _WAV_GUID_END:
            return None
    elif size == 40:
        return None
    sample_type = _WAV_SAMPLES.get((tag, n_bits))
    if sample_type is None:
        return None
    is_plain = (
        1 <= n_channels <= 64
        and 1 <= rate < 1 << 24
        and n_bytes == n_channels * sample_type.itemsize
        and byte_rate == rate * n_bytes
    )
    return (sample_type, n_channels, rate) if is_plain else None
