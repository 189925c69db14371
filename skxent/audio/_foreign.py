"""Sound that libsndfile does not read: what a file is by its first bytes, whatever its name."""

from io import FileIO

# What a file begins with, what it is, and the usual ending of its name.
_STARTS = [
    (b"0&\xb2u\x8ef\xcf\x11", "a WMA file", "wma"),
    (b"#!AMR", "an AMR file", "amr"),
    (b"ADIF", "an AAC file", "aac"),
    (b"MAC ", "a Monkey's Audio file", "ape"),
    (b"MPCK", "a Musepack file", "mpc"),
    (b"MP+", "a Musepack file", "mpc"),
    (b"wvpk", "a WavPack file", "wv"),
    (b"TTA1", "a TTA file", "tta"),
    (b"DSD ", "a DSD file", "dsf"),
    (b".RMF", "a RealMedia file", "rm"),
    (b"FLV", "a Flash video", "flv"),
    (b"\x0bw", "an AC-3 file", "ac3"),
    (b"\0\0\1\xba", "an MPEG video", "mpg"),
]

# The first packet of an Ogg stream.
_OGG_STARTS = [
    (b"\x7fFLAC", "FLAC in Ogg", "oga"),
    (b"Speex   ", "Speex in Ogg", "spx"),
    (b"\x80theora", "an Ogg video", "ogv"),
    (b"fishead", "Ogg with a skeleton", "ogg"),
]


# Some hours in pieces of a second; what follows is not looked at.
_MOST_BOXES = 1 << 16

# What libsndfile reads of CAF.
_CAF_CODECS = (b"", b"lpcm", b"alaw", b"ulaw", b"alac")


def look_up(start: bytes) -> tuple[str, str] | None:
    """Return what a file with these first bytes is and its usual ending, None if unknown."""
    if start[4:8] == b"ftyp":
        return _look_up_brand(start[8:12])
    if start[:4] == b"\x1aE\xdf\xa3":
        return ("a WebM file", "webm") if b"webm" in start[:64] else ("a Matroska file", "mkv")
    if start[:4] == b"RIFF" and start[8:12] == b"AVI ":
        return "an AVI video", "avi"
    if start[:4] == b"caff" and start[28:32] not in _CAF_CODECS:
        return f"a CAF file with {start[28:32].decode('latin1').strip()!r} in it", "caf"
    if start[:1] == b"\xff" and start[1:2] and start[1] & 0xF6 == 0xF0:
        return "an AAC file", "aac"
    begins = [(27 + start[26], _OGG_STARTS)] if start[:4] == b"OggS" and len(start) > 27 else []
    for place, known in [(0, _STARTS), *begins]:
        for begin, kind, ending in known:
            if start.startswith(begin, place):
                return kind, ending
    return None


def _look_up_brand(brand: bytes) -> tuple[str, str]:
    """Return what a file of the family of MP4 is."""
    if brand[:3] in (b"M4A", b"M4B"):
        return "an M4A file", "m4a"
    if brand[:3] in (b"3gp", b"3g2"):
        return "a 3GP file", "3gp"
    return ("a QuickTime file", "mov") if brand == b"qt  " else ("an MP4 file", "mp4")


def check_foreign(file: FileIO, kind: str, n_bytes: int) -> None:
    """Raise an error if a file of the family of MP4, or of Matroska, is cut short.

    FFmpeg reads such a file as far as it goes, or finds nothing in it.
    """
    file.seek(0)
    start = file.read(128)
    if start[4:8] == b"ftyp":
        end = _end_of_boxes(file, n_bytes)
    elif start[:4] == b"\x1aE\xdf\xa3":
        end = _end_of_segment(start)
    else:
        return
    if end > n_bytes:
        raise ValueError(f"cut short: {kind} of {end} bytes, of which {n_bytes} are there")


def _end_of_boxes(file: FileIO, n_bytes: int) -> int:
    """Return where the last box of an MP4 file ends: each begins with its size and name."""
    place = 0
    for _ in range(_MOST_BOXES):
        if place >= n_bytes:
            break
        file.seek(place)
        head = file.read(16)
        size = int.from_bytes(head[:4], "big")
        if size == 1:
            size = int.from_bytes(head[8:16], "big")
        if size == 0:  # to the end of the file
            return n_bytes
        if size < 8 or not head[4:8].isalnum():  # junk after the last box
            return place
        place += size
    return place


def _end_of_segment(start: bytes) -> int:
    """Return where the segment of a Matroska file ends, 0 if that is unknown, as of a stream."""
    place = 4
    size, n_bytes = _ebml_size(start[place:])
    place += n_bytes + size
    if start[place : place + 4] != b"\x18S\x80g":
        return 0
    place += 4
    size, n_bytes = _ebml_size(start[place:])
    is_unknown = size == (1 << 7 * n_bytes) - 1
    return 0 if is_unknown else place + n_bytes + size


def _ebml_size(start: bytes) -> tuple[int, int]:
    """Return a number whose first bit tells of how many bytes it is, and how many it is."""
    n_bytes = 9 - start[0].bit_length() if start else 9
    value = int.from_bytes(start[:n_bytes], "big")
    return value & (1 << 7 * n_bytes) - 1, n_bytes
