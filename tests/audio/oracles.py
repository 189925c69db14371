"""Pages of Ogg files, whose checksums are computed bit by bit."""

import struct

HEADER = struct.Struct("<4sBBqIIIB")


def ogg_checksum(page):
    remainder = 0
    for byte in page:
        remainder ^= byte << 24
        for _ in range(8):
            remainder = remainder << 1 ^ (0x104C11DB7 if remainder >> 31 else 0)
    return remainder


def ogg_pages(content):
    """The pages of an Ogg file."""
    pages, start = [], 0
    while start < len(content):
        n_segments = content[start + 26]
        size = 27 + n_segments + sum(content[start + 27 : start + 27 + n_segments])
        pages.append(content[start : start + size])
        start += size
    return pages


def ogg_page(page, *, flags=None, position=0, stream=None, number=0):
    """A page with other flags or stream, or with more added to its position and number."""
    fields = list(HEADER.unpack_from(page))
    fields[2] = fields[2] if flags is None else flags
    fields[3] += position
    fields[4] = fields[4] if stream is None else stream
    fields[5] += number
    fields[6] = 0
    page = HEADER.pack(*fields) + page[27:]
    return page[:22] + struct.pack("<I", ogg_checksum(page)) + page[26:]
