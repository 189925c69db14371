"""Ogg files: every page is checked, and streams that follow one another are found.

libsndfile passes over damaged and missing pages, and notes it in a log that long comments fill up.
Of streams that follow one another (a chain) it reads the first alone.
"""

import io
import struct
import zlib
from io import FileIO
from typing import BinaryIO

# "OggS", version, flags, position in samples, stream, number of the page, checksum, segments.
_HEADER = struct.Struct("<4sBBqIIIB")
_CHECKSUM = slice(22, 26)
_FIRST, _LAST = 2, 4  # flags of a stream's pages

# Ogg's CRC-32 is zlib's with the bits of every byte, and of the result, in the other order.
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def find_streams(file: FileIO, start: int, n_bytes: int) -> list[tuple[int, int]]:
    """Return where each link of a chain of Ogg streams begins and ends.

    Raises
    ------
    ValueError
        If the file is cut short, or if a page is damaged, missing or out of place.
    """
    starts: list[int] = []
    next_numbers: dict[int, int] = {}  # of the pages of streams that have not ended
    main = -1  # the stream that libsndfile decodes; others may run beside it
    position = start
    file.seek(start)
    pages = io.BufferedReader(file, 1 << 16)
    try:
        while position < n_bytes:
            if starts and not next_numbers and _is_tag(pages, position):
                n_bytes = position
                break
            page = _read_page(pages, position)
            _, _, flags, _, stream, number, _, _ = _HEADER.unpack_from(page)
            if flags & _FIRST and stream not in next_numbers:
                if main not in next_numbers:
                    main = stream
                    starts.append(position)
            elif next_numbers.get(stream) != number:
                raise ValueError(f"damaged: a page is missing before byte {position}")
            next_numbers[stream] = number + 1
            if flags & _LAST:
                del next_numbers[stream]
            position += len(page)
    finally:
        pages.detach()
    if main in next_numbers:
        raise ValueError("cut short: its last page is missing")
    return list(zip(starts, [*starts[1:], n_bytes], strict=True))


def _is_tag(pages: BinaryIO, position: int, most: int = 1 << 16) -> bool:
    """Return whether what follows the last page of all streams is no page, but a tag or zeros."""
    rest = pages.read(most + 1)
    pages.seek(position)
    return len(rest) <= most and b"OggS" not in rest


def _read_page(pages: BinaryIO, position: int) -> bytes:
    """Return a page that is whole and has the right checksum."""
    page = pages.read(_HEADER.size)
    if not page.startswith(b"OggS"[: len(page)]):
        raise ValueError(f"damaged: no page begins at byte {position}")
    if len(page) < _HEADER.size:
        raise ValueError("cut short: its last page is not whole")
    n_segments = page[-1]
    sizes = pages.read(n_segments)
    n_bytes = _HEADER.size + n_segments + sum(sizes)
    page += sizes + pages.read(sum(sizes))
    if len(page) < n_bytes:
        raise ValueError("cut short: its last page is not whole")
    checked = page[: _CHECKSUM.start] + bytes(4) + page[_CHECKSUM.stop :]
    checksum = zlib.crc32(checked.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    if checksum != int.from_bytes(page[_CHECKSUM].translate(_REVERSED), "big"):
        raise ValueError(f"damaged: the checksum of the page at byte {position} is wrong")
    return page
