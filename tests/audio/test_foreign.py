import re

import pytest

from skxent.audio import load
from skxent.audio._foreign import name_format
from tests.audio.oracles import HEADER, ogg_page


def ogg(packet):
    """The one page of an Ogg stream of one packet."""
    return ogg_page(HEADER.pack(b"OggS", 0, 6, 0, 1, 0, 0, 1) + bytes([len(packet)]) + packet)


CAF = b"caff\0\1\0\0desc\0\0\0\0\0\0\0\x20@\xe5\x88\x80\0\0\0\0"

STARTS = {
    "an M4A file, convert it: ffmpeg -i in.m4a out.wav": b"\0\0\0\x1cftypM4A \0\0\2\0",
    "an MP4 file, convert it: ffmpeg -i in.mp4 out.wav": b"\0\0\0\x1cftypisom\0\0\2\0",
    "a 3GP file, convert it: ffmpeg -i in.3gp out.wav": b"\0\0\0\x1cftyp3gp4\0\0\2\0",
    "a QuickTime file, convert it: ffmpeg -i in.mov out.wav": b"\0\0\0\x14ftypqt  \0\0\2\0",
    "a WebM file, convert it: ffmpeg -i in.webm out.wav": (
        b"\x1aE\xdf\xa3\x9fB\x86\x81\1B\xf7\x81\1B\xf2\x81\4B\xf3\x81\x08B\x82\x84webm"
    ),
    "a Matroska file, convert it: ffmpeg -i in.mkv out.wav": b"\x1aE\xdf\xa3\x9fB\x82\x88matroska",
    "a WMA file, convert it: ffmpeg -i in.wma out.wav": bytes.fromhex("3026b2758e66cf11a6d900aa"),
    "an AAC file, convert it: ffmpeg -i in.aac out.wav": b"\xff\xf1\x60\x40\x1b\x9f\xfc\xde",
    "an AMR file, convert it: ffmpeg -i in.amr out.wav": b"#!AMR-WB\n",
    "an AVI video, convert it: ffmpeg -i in.avi out.wav": b"RIFF\x24\0\0\0AVI LIST",
    "an AC-3 file, convert it: ffmpeg -i in.ac3 out.wav": b"\x0b\x77\x2a\x5a",
    "a WavPack file, convert it: ffmpeg -i in.wv out.wav": b"wvpk\x0e\x5c\0\0",
    "FLAC in Ogg, convert it: ffmpeg -i in.oga out.wav": ogg(b"\x7fFLAC\1\0"),
    "Speex in Ogg, convert it: ffmpeg -i in.spx out.wav": ogg(b"Speex   1.2"),
    "a CAF file with 'aac' in it, convert it: ffmpeg -i in.caf out.wav": (CAF + b"aac \0\0\0\0"),
}


@pytest.mark.parametrize("expected", STARTS)
@pytest.mark.parametrize("name", ["clip.wav", "clip"])
@pytest.mark.parametrize("head", [b"", b"ID3\4\0\0\0\0\0\x0a" + bytes(10)])
def test_a_format_is_known_by_its_first_bytes(tmp_path, expected, name, head):
    path = tmp_path / name
    tail = b"" if STARTS[expected].startswith(b"OggS") else bytes(5000)
    path.write_bytes(head + STARTS[expected] + tail)
    with pytest.raises(ValueError, match=re.escape(f"can't be read as sound (it is {expected})")):
        load(path, 8000)


@pytest.mark.parametrize("expected", STARTS)
def test_a_start_may_be_cut_anywhere(expected):
    start = STARTS[expected]
    assert name_format(start) == f"it is {expected}"
    for end in range(len(start)):
        assert name_format(start[:end]) is None or end >= 2


@pytest.mark.parametrize(
    "start",
    [b"", b"x", b"RIFF\0\0\0\0WAVE", b"\xff\xfb\x90\x64", b"\xff", ogg(b"other"), CAF + b"lpcm"],
)
def test_what_is_unknown_has_no_name(start):
    assert name_format(start) is None
