"""A file of arrays, which is either as it was written or refused."""

import hashlib
import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.testing import assert_array_equal

pytest.importorskip("torch", reason="skxent.neural needs PyTorch: pip install skxent[neural]")

from skxent.neural._archive import can_hold, pack, read, unpack
from tests.neural import oracles

DTYPES = [
    np.dtype(f"{order}{kind}{size}")
    for order in "<>"
    for kind, sizes in {"i": (1, 2, 4, 8), "u": (1, 2, 4, 8), "f": (2, 4, 8)}.items()
    for size in sizes
]
any_array = st.sampled_from(DTYPES).flatmap(
    lambda dtype: arrays(dtype, array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
)
texts = st.text(max_size=20)
SOME = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array(7)}


def assert_same_arrays(found, expected):
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].dtype == array.dtype.newbyteorder("<")
        assert found[name].shape == array.shape
        assert_array_equal(found[name], array)


def sign(content):
    """Give a forged content the digest that it should have."""
    zeroed = content[:35] + b"0" * 64 + content[99:]
    return content[:35] + hashlib.sha256(zeroed).hexdigest().encode() + content[99:]


def forge(text="text", header=None, data=None, n_header=None):
    """Return a signed content with another header, or other data."""
    content = pack(text, SOME)
    end = 8 + int.from_bytes(content[:8], "little")
    entries = json.loads(content[8:end]) | (header or {})
    encoded = json.dumps(entries, separators=(",", ":")).encode()
    n_header = len(encoded) if n_header is None else n_header
    data = content[end:] if data is None else data
    return sign(n_header.to_bytes(8, "little") + encoded + data)


# What is written


@given(texts, st.dictionaries(texts, any_array, max_size=4))
def test_content_is_what_was_packed(text, packed):
    packed.pop("__metadata__", None)
    content = pack(text, packed)
    found_text, found = unpack(content)
    assert found_text == text
    assert_same_arrays(found, packed)
    metadata, by_specification = oracles.read_safetensors(content)
    assert metadata["skxent"] == text
    assert_same_arrays(by_specification, packed)
    for array in found.values():
        assert array.flags.writeable
        assert array.flags.owndata or array.base.flags.owndata


@pytest.mark.parametrize("dtype", ["O", "U3", "S3", "?", "M8[s]", "c16", "g"])
def test_other_types_can_not_be_held(dtype):
    assert can_hold(np.zeros(3, dtype=">i4"))
    assert not can_hold(np.zeros(3, dtype=dtype))


def test_digest_is_the_sha256_of_all_else():
    content = pack("text", SOME)
    assert content == sign(content)
    assert content[8:35] == b'{"__metadata__":{"sha256":"'


# What is refused


@st.composite
def mutations(draw, content):
    """A content with flipped bits, a cut, an insertion or another byte."""
    place = draw(st.integers(0, len(content) - 1))
    kind = draw(st.sampled_from(["flip", "cut", "insert", "remove", "swap"]))
    if kind == "flip":
        flipped = bytes([content[place] ^ (1 << draw(st.integers(0, 7)))])
        return content[:place] + flipped + content[place + 1 :]
    if kind == "cut":
        return content[:place]
    if kind == "insert":
        return content[:place] + draw(st.binary(min_size=1, max_size=9)) + content[place:]
    if kind == "remove":
        return content[:place] + content[place + draw(st.integers(1, 9)) :]
    other = draw(st.integers(0, len(content) - 1))
    swapped = bytearray(content)
    swapped[place], swapped[other] = content[other], content[place]
    return bytes(swapped)


@given(mutations(pack("some text", SOME)))
def test_mutated_content_is_refused(content):
    if content == pack("some text", SOME):
        return
    with pytest.raises(ValueError, match=r"is damaged|was not written by skxent\.neural\.save"):
        unpack(content)


def test_each_flipped_bit_is_noticed():
    content = pack("text", {"a": np.arange(3.0)})
    for place in range(8 * len(content)):
        mutated = bytearray(content)
        mutated[place // 8] ^= 1 << (place % 8)
        with pytest.raises(ValueError):
            unpack(bytes(mutated))


def test_file_of_an_earlier_version_is_told_apart():
    with pytest.raises(ValueError, match="an earlier version"):
        unpack(b"PK\x03\x04" + bytes(99))


@pytest.mark.parametrize(
    "forged",
    [
        {"header": {"c": {"dtype": "F32", "shape": [10**12], "data_offsets": [32, 4 * 10**12]}}},
        {"header": {"c": {"dtype": "F32", "shape": [10**12], "data_offsets": [32, 32]}}},
        {"header": {"c": {"dtype": "F32", "shape": [2, -1], "data_offsets": [32, 24]}}},
        {"header": {"c": {"dtype": "F32", "shape": [-1, -1], "data_offsets": [32, 36]}}},
        {"header": {"c": {"dtype": "F32", "shape": [1.0], "data_offsets": [32, 36]}}},
        {"header": {"c": {"dtype": "F32", "shape": [True], "data_offsets": [32, 36]}}},
        {"header": {"c": {"dtype": "F32", "shape": [1], "data_offsets": [28, 32]}}},
        {"header": {"c": {"dtype": "O", "shape": [], "data_offsets": [32, 40]}}},
        {"header": {"c": {"dtype": "V9999", "shape": [], "data_offsets": [32, 40]}}},
        {"header": {"b": {"dtype": "F32", "shape": [1], "data_offsets": [24, 28]}}},
        {"header": {"a": {"dtype": "F32", "shape": [5], "data_offsets": [0, 20]}}},
        {"header": {"a": {"dtype": "F64", "shape": [2, 3], "data_offsets": [0, 24]}}},
        {"header": {"a": {"dtype": "F32", "shape": [1] * 99, "data_offsets": [0, 4]}}},
        {"header": {"a": {"dtype": "F32", "shape": [0, 2**62, 8], "data_offsets": [0, 0]}}},
        {"header": {"a": {}}},
        {"header": {"a": None}},
        {"data": b""},
        {"data": bytes(33)},
        {"n_header": 0},
        {"n_header": 2**63},
        {"n_header": 60},
    ],
)
def test_forged_sizes_are_refused_and_take_no_memory(forged):
    content = forge(**forged)
    tracemalloc.start()
    try:
        with pytest.raises((ValueError, KeyError, TypeError)):
            unpack(content)
        assert tracemalloc.get_traced_memory()[1] < 1e6
    finally:
        tracemalloc.stop()


def test_unknown_keys_of_the_metadata_are_left_alone():
    text, found = unpack(forge())
    assert text == "text"
    assert_same_arrays(found, SOME)


# On disk


def test_of_other_files_only_the_beginning_is_read(tmp_path):
    (tmp_path / "other").write_bytes(bytes(1 << 20))
    assert len(read(tmp_path / "other")) < 100
    content = pack("text", SOME)
    (tmp_path / "file").write_bytes(content)
    assert read(tmp_path / "file") == content
