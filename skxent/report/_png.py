"""Pictures with a palette, as PNG."""

import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

# From the quietest to the loudest: anchors of a map of rising lightness, like matplotlib's magma.
_ANCHORS = [
    (0, 0, 4),
    (40, 17, 89),
    (114, 31, 129),
    (183, 55, 121),
    (241, 96, 93),
    (254, 176, 120),
    (252, 253, 191),
]

N_COLORS = 32


def _palette() -> bytes:
    """Return the colours, three bytes each."""
    places = np.linspace(0.0, len(_ANCHORS) - 1, N_COLORS)
    channels = [np.interp(places, range(len(_ANCHORS)), c) for c in zip(*_ANCHORS, strict=True)]
    return np.stack(channels, axis=1).round().astype(np.uint8).tobytes()


def _chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


_PALETTE = _chunk(b"PLTE", _palette())


def encode_png(pixels: NDArray[Any]) -> bytes:
    """Return a picture of indices into the palette, (height, width), as a PNG file.

    W3C, "Portable Network Graphics (PNG) Specification (Third Edition)", 2025.
    """
    height, width = pixels.shape
    rows = np.zeros((height, width + 1), np.uint8)  # each row begins with its filter: none
    rows[:, 1:] = pixels
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)  # 8 bits, indices
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", header),
            _PALETTE,
            _chunk(b"IDAT", zlib.compress(rows.tobytes(), 9)),
            _chunk(b"IEND", b""),
        ]
    )
