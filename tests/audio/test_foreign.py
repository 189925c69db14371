import re
import struct
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skxent.audio import chunks, count_samples, load
from skxent.audio._foreign import check_foreign, look_up
from tests.audio.oracles import HEADER, ogg_page


def ogg(packet):
    """The one page of an Ogg stream of one packet."""
    return ogg_page(HEADER.pack(b"OggS", 0, 6, 0, 1, 0, 0, 1) + bytes([len(packet)]) + packet)


CAF = b"caff\0\1\0\0desc\0\0\0\0\0\0\0\x20@\xe5\x88\x80\0\0\0\0"

STARTS = {
    ("an M4A file", "m4a"): b"\0\0\0\x1cftypM4A \0\0\2\0",
    ("an MP4 file", "mp4"): b"\0\0\0\x1cftypisom\0\0\2\0",
    ("a 3GP file", "3gp"): b"\0\0\0\x1cftyp3gp4\0\0\2\0",
    ("a QuickTime file", "mov"): b"\0\0\0\x14ftypqt  \0\0\2\0",
    ("a WebM file", "webm"): (
        b"\x1aE\xdf\xa3\x9fB\x86\x81\1B\xf7\x81\1B\xf2\x81\4B\xf3\x81\x08B\x82\x84webm"
    ),
    ("a Matroska file", "mkv"): b"\x1aE\xdf\xa3\x9fB\x82\x88matroska",
    ("a WMA file", "wma"): bytes.fromhex("3026b2758e66cf11a6d900aa"),
    ("an AAC file", "aac"): b"\xff\xf1\x60\x40\x1b\x9f\xfc\xde",
    ("an AMR file", "amr"): b"#!AMR-WB\n",
    ("an AVI video", "avi"): b"RIFF\x24\0\0\0AVI LIST",
    ("an AC-3 file", "ac3"): b"\x0b\x77\x2a\x5a",
    ("a WavPack file", "wv"): b"wvpk\x0e\x5c\0\0",
    ("FLAC in Ogg", "oga"): ogg(b"\x7fFLAC\1\0"),
    ("Speex in Ogg", "spx"): ogg(b"Speex   1.2"),
    ("a CAF file with 'aac' in it", "caf"): (CAF + b"aac \0\0\0\0"),
}


@pytest.mark.parametrize("expected", STARTS)
@pytest.mark.parametrize("name", ["clip.wav", "clip"])
@pytest.mark.parametrize("head", [b"", b"ID3\4\0\0\0\0\0\x0a" + bytes(10)])
def test_a_format_is_known_by_its_first_bytes(tmp_path, monkeypatch, expected, name, head):
    monkeypatch.setitem(sys.modules, "av", None)
    path = tmp_path / name
    tail = b"" if STARTS[expected].startswith(b"OggS") else bytes(5000)
    path.write_bytes(head + STARTS[expected] + tail)
    kind, ending = expected
    message = (
        f'can\'t be read as sound (it is {kind}, which needs PyAV: pip install "skxent[av]"; or '
        f"convert it: ffmpeg -i in.{ending} out.wav)"
    )
    for function in (load, lambda *args: list(chunks(*args)), count_samples):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            function(path, 8000)


# What AMR has after its start may be anything.
@pytest.mark.parametrize("expected", [kind for kind in STARTS if kind[1] != "amr"])
def test_a_file_with_a_start_alone_is_an_error_of_ffmpeg(tmp_path, expected):
    pytest.importorskip("av")
    path = tmp_path / "clip"
    tail = b"" if STARTS[expected].startswith(b"OggS") else bytes(5000)
    path.write_bytes(STARTS[expected] + tail)
    for function in (load, lambda *args: list(chunks(*args)), count_samples):
        with pytest.raises(ValueError, match=r"FFmpeg|cut short|empty|without sound"):
            function(path, 8000)


@pytest.mark.parametrize("expected", STARTS)
def test_a_start_may_be_cut_anywhere(expected):
    start = STARTS[expected]
    assert look_up(start) == expected
    for end in range(len(start)):
        assert look_up(start[:end]) is None or end >= 2


@pytest.mark.parametrize(
    "start",
    [b"", b"x", b"RIFF\0\0\0\0WAVE", b"\xff\xfb\x90\x64", b"\xff", ogg(b"other"), CAF + b"lpcm"],
)
def test_what_is_unknown_has_no_name(start):
    assert look_up(start) is None


def box(name, content=b"", *, size=None):
    """A box of an MP4 file, which may announce another size."""
    return struct.pack(">I4s", len(content) + 8 if size is None else size, name) + content


def check(tmp_path, content):
    path = tmp_path / "clip"
    path.write_bytes(content)
    with open(path, "rb", buffering=0) as file:
        check_foreign(file, "a file", len(content))


@given(st.lists(st.binary(max_size=40), max_size=5), st.data())
def test_an_mp4_file_is_whole_if_its_last_box_is(tmp_path_factory, contents, data):
    folder = tmp_path_factory.mktemp("boxes")
    whole = box(b"ftyp", b"M4A ") + b"".join(box(b"free", content) for content in contents)
    check(folder, whole)
    check(folder, whole + bytes(20))  # as some programs write
    check(folder, whole + box(b"mdat", b"to the end", size=0))
    large = struct.pack(">I4sQ", 1, b"mdat", 30)  # a size of 64 bits
    check(folder, whole + large + bytes(14))
    with pytest.raises(ValueError, match="cut short: a file of"):
        check(folder, whole + large + bytes(13))
    starts = np.cumsum([12, *(len(content) + 8 for content in contents)]).tolist()

    def is_within_box(place):  # after its size and name
        return min(place - start for start in [0, *starts] if start <= place) >= 8

    cut = data.draw(st.integers(8, len(whole) - 1).filter(is_within_box))
    with pytest.raises(ValueError, match=f"of which {cut} are there"):
        check(folder, whole[:cut])


@given(st.integers(0, 200), st.integers(1, 8), st.integers(1, 200))
def test_a_matroska_file_is_whole_if_its_segment_is(tmp_path_factory, n_bytes, n_digits, n_missing):
    if n_bytes >= (1 << 7 * n_digits) - 1:
        n_digits = 2
    folder = tmp_path_factory.mktemp("segment")
    head = b"\x1aE\xdf\xa3\x84" + b"webm" + b"\x18S\x80g"
    size = (n_bytes | 1 << 7 * n_digits).to_bytes(n_digits, "big")
    whole = head + size + bytes(n_bytes)
    check(folder, whole)
    unknown = ((1 << 7 * n_digits) - 1 | 1 << 7 * n_digits).to_bytes(n_digits, "big")
    check(folder, head + unknown)  # of a stream, which goes on as long as it does
    if n_missing <= n_bytes:
        with pytest.raises(ValueError, match=f"cut short: a file of {len(whole)} bytes"):
            check(folder, whole[:-n_missing])
