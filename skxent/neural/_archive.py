"""A file of arrays and a text, with a digest of all that is in it.

The layout is that of `safetensors <https://github.com/huggingface/safetensors>`_: the length of
the header as eight bytes, the header in JSON (type, shape and place of each array), then the
arrays, without gaps. The text and the digest are metadata of the header.
"""

import hashlib
import json
import math

import numpy as np

_DTYPES = {
    "U8": "<u1",
    "I8": "<i1",
    "U16": "<u2",
    "I16": "<i2",
    "F16": "<f2",
    "U32": "<u4",
    "I32": "<i4",
    "F32": "<f4",
    "U64": "<u8",
    "I64": "<i8",
    "F64": "<f8",
}
_NAMES = {np.dtype(dtype): name for name, dtype in _DTYPES.items()}
# The header begins with the digest, so that it can be checked before anything is parsed.
_BEGIN = b'{"__metadata__":{"sha256":"'
_DIGEST = slice(8 + len(_BEGIN), 8 + len(_BEGIN) + 64)


def can_hold(array):
    """Return whether a file can hold arrays of this type."""
    return array.dtype.newbyteorder("<") in _NAMES


def pack(text, arrays):
    """Return a file's content; arrays of other byte orders become little-endian."""
    header = {"__metadata__": {"sha256": "0" * 64, "skxent": text}}
    blocks, end = [], 0
    for name, array in arrays.items():
        dtype = array.dtype.newbyteorder("<")
        blocks.append(array.astype(dtype, order="C", copy=False).tobytes())
        begin, end = end, end + len(blocks[-1])
        shape = list(array.shape)
        header[name] = {"dtype": _NAMES[dtype], "shape": shape, "data_offsets": [begin, end]}
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)
    content = b"".join([len(encoded).to_bytes(8, "little"), encoded, *blocks])
    return content[: _DIGEST.start] + _digest(content) + content[_DIGEST.stop :]


def unpack(content):
    """Return the text and the arrays of a file's content, which they share no memory with.

    Nothing that the header says takes memory: an array has to be as long as its bytes.
    """
    if content[8 : _DIGEST.start] != _BEGIN:
        earlier = " (but perhaps by an earlier version of it)" if content[:2] == b"PK" else ""
        raise ValueError(f"it was not written by skxent.neural.save{earlier}")
    if content[_DIGEST] != _digest(content):
        raise ValueError("it is damaged: what it holds doesn't match its digest")
    n_header = int.from_bytes(content[:8], "little")
    header, data = json.loads(content[8 : 8 + n_header]), memoryview(content)[8 + n_header :]
    metadata, arrays, place = header.pop("__metadata__"), {}, 0
    for name, entry in header.items():
        dtype, shape = np.dtype(_DTYPES[entry["dtype"]]), entry["shape"]
        begin, end = entry["data_offsets"]
        if not all(type(size) is int and size >= 0 for size in shape):
            raise ValueError(f"{name} has the shape {shape}")
        if begin != place or end - begin != math.prod(shape) * dtype.itemsize or end > len(data):
            raise ValueError(f"{name} of the shape {shape} is not in its place")
        arrays[name] = np.frombuffer(data[begin:end], dtype=dtype).reshape(shape).copy()
        place = end
    if place != len(data):
        raise ValueError(f"{len(data) - place} bytes follow the last array")
    return metadata["skxent"], arrays


def read(path):
    """Return the content of a file, or only its beginning if it is of another kind."""
    with open(path, "rb") as file:
        content = file.read(_DIGEST.stop)
        return content + file.read() if content[8 : _DIGEST.start] == _BEGIN else content


def _digest(content):
    """Return the SHA-256 of a content whose own digest counts as zeros, in hexadecimal."""
    digest = hashlib.sha256(content[: _DIGEST.start], usedforsecurity=False)
    digest.update(b"0" * 64)
    digest.update(memoryview(content)[_DIGEST.stop :])
    return digest.hexdigest().encode()
