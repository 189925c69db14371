"""The header of a FLAC file, which has no checksum, against its first frame, which has one."""

from io import FileIO

# Where the header has the lowest 36 bits of its numbers: the length.
LENGTH = slice(21, 26)

# Of tags, pictures and the like; a file of zeros would have any number.
_MOST_BLOCKS = 1 << 10

_RATES = (0, 88200, 176400, 192000, 8000, 16000, 22050, 24000, 32000, 44100, 48000, 96000)
_BITS = (0, 8, 12, 0, 16, 20, 24, 32)


def check_header(file: FileIO, start: int) -> int:
    """Return the length in samples that the header of a FLAC file announces, 0 if it is unknown.

    Raises
    ------
    ValueError
        If the header and the first frame differ in the rate, channels or bits.
    """
    file.seek(start + 4)
    block = file.read(38)
    if len(block) < 38 or block[0] & 0x7F or block[1:4] != b"\0\0\x22":
        return 0  # libsndfile says what is wrong
    info, place = block[4:], start + 42
    for _ in range(_MOST_BLOCKS):
        if block[0] & 0x80:  # the last
            break
        file.seek(place)
        block = file.read(4)
        if len(block) < 4:
            return 0
        place += 4 + int.from_bytes(block[1:], "big")
    file.seek(place)
    bits = int.from_bytes(info[10:18], "big")
    announced = bits >> 44, (bits >> 41 & 7) + 1, (bits >> 36 & 31) + 1
    found = _parse_frame(file.read(16))
    for name, of_header, of_frame in zip(("Hz", "channels", "bits"), announced, found, strict=True):
        if of_frame not in (0, of_header):
            raise ValueError(
                f"damaged: its header says {of_header} {name}, its first frame {of_frame}"
            )
    return bits & (1 << 36) - 1


def _parse_frame(frame: bytes) -> tuple[int, int, int]:
    """Return the rate, channels and bits that a frame's header states; 0 for what it doesn't."""
    if len(frame) < 16 or frame[0] != 0xFF or frame[1] & 0xFE != 0xF8:
        return 0, 0, 0  # libsndfile finds no frame, either
    rate_code, channels = frame[2] & 15, frame[3] >> 4
    rate = _RATES[rate_code] if rate_code < 12 else 0
    if 12 <= rate_code < 15:
        # After the number of the frame, in UTF-8, and a size of 0 to 2 bytes.
        n_ones = f"{frame[4]:08b}".index("0") if frame[4] < 0xFF else 8
        place = 4 + max(n_ones, 1) + {6: 1, 7: 2}.get(frame[2] >> 4, 0)
        value, size = frame[place:], 1 if rate_code == 12 else 2
        rate = int.from_bytes(value[:size], "big") * {12: 1000, 13: 1, 14: 10}[rate_code]
    return rate, channels + 1 if channels < 8 else 2, _BITS[frame[3] >> 1 & 7]
