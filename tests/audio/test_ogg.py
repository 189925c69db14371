import io

import numpy as np
import pytest
import soundfile
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from skxent.audio import chunks, count_samples, load
from skxent.audio._ogg import find_streams
from tests.audio.oracles import ogg_page, ogg_pages
from tests.audio.strategies import NOISE


def encode(samples, rate=16000, subtype="VORBIS"):
    file = io.BytesIO()
    soundfile.write(file, samples, rate, subtype, format="OGG")
    return file.getvalue()


WHOLE = {subtype: encode(NOISE, subtype=subtype) for subtype in ("VORBIS", "OPUS")}
SUBTYPES = st.sampled_from(sorted(WHOLE))


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """Return the samples of an Ogg file of these bytes."""
    path = tmp_path_factory.mktemp("ogg") / "clip.ogg"

    def read(content):
        path.write_bytes(content)
        return load(path, 16000)

    return read


def blocks(content, rng):
    start, end = sorted(rng.integers(len(content) + 1, size=2))
    return content[:start], content[start:end], content[end:]


DAMAGES = {
    "bytes missing": lambda before, block, after: before + after,
    "bytes twice": lambda before, block, after: before + block + block + after,
    "bytes of zero": lambda before, block, after: before + bytes(len(block)) + after,
    "cut short": lambda before, block, after: before,
    "swapped": lambda before, block, after: after + before + block,
}


@settings(max_examples=40)
@given(SUBTYPES, st.floats(0, 1, exclude_max=True), st.integers(0, 7))
def test_one_flipped_bit_is_an_error(read, subtype, place, bit):
    content = bytearray(WHOLE[subtype])
    content[int(place * len(content))] ^= 1 << bit
    with pytest.raises(ValueError, match=r"damaged|cut short|can't be read as sound"):
        read(content)


@settings(max_examples=40)
@given(SUBTYPES, st.sampled_from(sorted(DAMAGES)), st.integers(0, 1 << 32))
def test_bytes_that_are_missing_or_misplaced_are_an_error(read, subtype, damage, seed):
    content = WHOLE[subtype]
    damaged = DAMAGES[damage](*blocks(content, np.random.default_rng(seed)))
    assume(damaged not in (content, content + content))
    with pytest.raises(ValueError, match=r"damaged|cut short|can't be read as sound|no such|empty"):
        read(damaged)


@settings(max_examples=40)
@given(SUBTYPES, st.data())
def test_pages_that_are_missing_or_misplaced_are_an_error(read, subtype, data):
    pages = ogg_pages(WHOLE[subtype])
    place = data.draw(st.integers(0, len(pages) - 1))
    other = data.draw(st.integers(0, len(pages) - 1).filter(lambda other: other != place))
    without = pages[:place] + pages[place + 1 :]
    swapped = list(pages)
    swapped[place], swapped[other] = pages[other], pages[place]
    twice = [*pages[: place + 1], *pages[place:]]
    for damaged in (without, swapped, twice):
        with pytest.raises(ValueError, match=r"damaged|cut short|can't be read as sound"):
            read(b"".join(damaged))


def test_an_error_says_where(read):
    content = WHOLE["VORBIS"]
    pages = ogg_pages(content)
    third = len(pages[0] + pages[1])
    damaged = bytearray(content)
    damaged[third + 50] ^= 1
    with pytest.raises(ValueError, match=f"checksum of the page at byte {third} is wrong"):
        read(damaged)
    with pytest.raises(ValueError, match=f"a page is missing before byte {third}"):
        read(b"".join(pages[:2] + pages[3:]))
    with pytest.raises(ValueError, match=f"no page begins at byte {third}"):
        read(content[:third] + b"junk" + content[third:])
    with pytest.raises(ValueError, match="cut short: its last page is not whole"):
        read(content[:-1])
    with pytest.raises(ValueError, match="cut short: its last page is missing"):
        read(b"".join(pages[:-1]))


# What is no damage


@settings(max_examples=40)
@given(
    SUBTYPES,
    st.integers(1, 9000),
    st.integers(1, 3),
    st.sampled_from([8000, 12000, 16000, 24000, 48000]),
)
def test_a_whole_file_is_read(tmp_path_factory, subtype, length, n_channels, rate):
    path = tmp_path_factory.getbasetemp() / "whole.ogg"
    samples = np.repeat(NOISE[:length, np.newaxis], n_channels, axis=1)
    path.write_bytes(encode(samples, rate, subtype))
    assert len(load(path, rate)) == length


@settings(max_examples=20)
@given(SUBTYPES, st.integers(0, 1 << 30), st.integers(0, 1 << 40), st.integers(0, (1 << 32) - 1))
def test_a_stream_may_begin_at_any_number_and_position(read, subtype, number, position, stream):
    expected = read(WHOLE[subtype])
    pages = ogg_pages(WHOLE[subtype])
    n_headers = len(pages) - sum(page[6:14] != bytes(8) for page in pages)
    moved = [
        ogg_page(page, number=number, position=3 * position * (i >= n_headers), stream=stream)
        for i, page in enumerate(pages)
    ]
    found = read(b"".join(moved))
    assert len(found) == len(expected)
    if subtype == "VORBIS":  # libsndfile rounds the position of Opus to another sample
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("subtype", WHOLE)
def test_streams_that_follow_one_another_are_read_one_after_the_other(tmp_path, read, subtype):
    parts = [encode(NOISE[:n], subtype=subtype) for n in (5000, 100, 15_000)]
    expected = np.concatenate([read(part) for part in parts])
    path = tmp_path / "chain.ogg"
    path.write_bytes(b"".join(parts))
    np.testing.assert_array_equal(load(path, 16000), expected)
    np.testing.assert_array_equal(
        np.concatenate(list(chunks(path, 16000, n_samples=999))), expected
    )
    assert count_samples(path, 16000) == len(expected)
    damaged = bytearray(b"".join(parts))
    damaged[-100] ^= 1
    path.write_bytes(damaged)
    with pytest.raises(ValueError, match="damaged"):
        load(path, 16000)


@pytest.mark.parametrize(
    ("samples", "rate", "found"),
    [
        (NOISE, 8000, "1 channels at 8000 Hz"),
        (NOISE.reshape(-1, 2), 16000, "2 channels at 16000 Hz"),
    ],
)
def test_streams_that_follow_one_another_must_have_one_rate(read, samples, rate, found):
    first = WHOLE["VORBIS"]
    message = f"it has 1 channels at 16000 Hz, and from byte {len(first)} on {found}"
    with pytest.raises(ValueError, match=message):
        read(first + encode(samples, rate))


def test_the_first_of_streams_side_by_side_is_read(read):
    pages = [
        [ogg_page(page, stream=stream) for page in ogg_pages(encode(samples))]
        for stream, samples in enumerate([NOISE, NOISE[:9000]])
    ]
    mixed = [pages[0][0], pages[1][0], *pages[1][1:2], *pages[0][1:4], *pages[1][2:], *pages[0][4:]]
    np.testing.assert_array_equal(read(b"".join(mixed)), read(b"".join(pages[0])))
    assert len(read(b"".join(mixed))) == len(NOISE)


def test_tags_may_come_before(read):
    expected = read(WHOLE["VORBIS"])
    tag = b"ID3\3\0\0\0\0\0\x0a" + bytes(10)
    np.testing.assert_array_equal(read(tag + WHOLE["VORBIS"]), expected)


def test_long_comments_do_not_hide_damage(tmp_path):
    path = tmp_path / "clip.ogg"
    with soundfile.SoundFile(path, "w", 16000, 1, format="OGG") as file:
        file.comment = "x" * 5000
        file.write(NOISE)
    assert len(load(path, 16000)) == len(NOISE)
    content = bytearray(path.read_bytes())
    content[-1000] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="damaged"):
        load(path, 16000)


def test_pages_are_found_where_they_are(tmp_path):
    path = tmp_path / "clip.ogg"
    one, other = WHOLE.values()
    path.write_bytes(b"tags" + one + other)
    with open(path, "rb", buffering=0) as file:
        end = 4 + len(one)
        assert find_streams(file, 4, end + len(other)) == [(4, end), (end, end + len(other))]
        assert not file.closed


@pytest.mark.parametrize("tail", [b"TAG" + bytes(125), b"\n", bytes(4096), bytes(1 << 16)])
@pytest.mark.parametrize("subtype", sorted(WHOLE))
def test_an_ogg_file_may_end_with_tags_or_zeros(read, subtype, tail):
    expected = read(WHOLE[subtype])
    np.testing.assert_array_equal(read(WHOLE[subtype] + tail), expected)
    twice = read(WHOLE[subtype] + WHOLE[subtype] + tail)
    np.testing.assert_array_equal(twice, np.concatenate([expected, expected]))


@pytest.mark.parametrize("tail", [bytes((1 << 16) + 1), b"OggS", b"\0" + WHOLE["OPUS"]])
def test_what_may_be_a_damaged_page_at_the_end_is_an_error(read, tail):
    with pytest.raises(ValueError, match=r"damaged: no page begins at byte|cut short"):
        read(WHOLE["OPUS"] + tail)


@pytest.mark.parametrize("n_bytes", [1, 26, 27, 100])
def test_a_file_that_shrinks_while_it_is_read_is_cut_short(tmp_path, n_bytes):
    path = tmp_path / "clip.ogg"
    path.write_bytes(WHOLE["OPUS"][:-n_bytes])
    with (
        open(path, "rb", buffering=0) as file,
        pytest.raises(ValueError, match="cut short: its last page is not whole"),
    ):
        find_streams(file, 0, len(WHOLE["OPUS"]))
