"""Sound that libsndfile does not read: what a file is by its first bytes, whatever its name."""

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


# What libsndfile reads of CAF.
_CAF_CODECS = (b"", b"lpcm", b"alaw", b"ulaw", b"alac")


def name_format(start: bytes) -> str | None:
    """Return what a file with these first bytes is and how to convert it, None if unknown."""
    found = _look_up(start)
    if found is None:
        return None
    kind, ending = found
    return f"it is {kind}, convert it: ffmpeg -i in.{ending} out.wav"


def _look_up(start: bytes) -> tuple[str, str] | None:
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
