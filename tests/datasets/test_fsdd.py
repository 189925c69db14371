"""The Free Spoken Digit Dataset, mostly by a small data set that is stored in the same way."""

import gzip
import hashlib
import io
import os
import re
import sys
import tarfile
import threading
import zlib
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile

from skxent.datasets import fetch_fsdd
from skxent.datasets._fsdd import ARCHIVE_NAME, DataSet, fetch
from skxent.datasets._recordings import parse_name

SHARED_DATA = os.environ.get("SKXENT_DATA")
KEYS = {"data", "target", "target_names", "speaker", "sample_rate", "filenames", "DESCR"}
SPEAKERS = ("anna", "bert")
INDICES = (0, 1, 4, 5, 10, 49)
URL = "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/tags/v1.0.10.tar.gz"


def wav(digit, speaker, index):
    rng = np.random.default_rng([digit, *speaker.encode(), index])
    buffer = io.BytesIO()
    samples = rng.integers(-3000, 3000, 200 + index, dtype=np.int16)
    soundfile.write(buffer, samples, 8000, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


CONTENTS = {
    f"{digit}_{speaker}_{index}.wav": wav(digit, speaker, index)
    for digit in range(10)
    for speaker in SPEAKERS
    for index in INDICES
}
SMALL = DataSet(
    names=tuple(CONTENTS),
    sha256=hashlib.sha256(
        b"".join(
            name.encode() + hashlib.sha256(CONTENTS[name]).digest() for name in sorted(CONTENTS)
        )
    ).hexdigest(),
)
fetch_small = partial(fetch, SMALL)


@pytest.fixture
def places(tmp_path, monkeypatch):
    """The three places, empty."""
    folders = {name: tmp_path / name for name in ("home", "shared", "xdg")}
    for folder in folders.values():
        folder.mkdir()
    monkeypatch.setenv("SKXENT_DATA", str(folders["shared"]))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folders["xdg"]))
    return {
        "home": folders["home"],
        "shared": folders["shared"],
        "cache": folders["xdg"] / "skxent",
    }


def write_archive(path, files, top="free-spoken-digit-dataset-1.0.10", links=()):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"{top}/recordings/{name}" if "/" not in name else name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for name, target, kind in links:
            member = tarfile.TarInfo(f"{top}/recordings/{name}")
            member.type, member.linkname = kind, target
            tar.addfile(member)
    return path


def write_folder(folder, files):
    recordings = folder / "recordings"
    recordings.mkdir(parents=True)
    for name, content in files.items():
        (recordings / name).write_bytes(content)
    return recordings


def archive_in(place, contents=CONTENTS):
    return write_archive(place / "free-spoken-digit-dataset.tar.gz", contents)


def tree(folder):
    """Every path below a folder, without the recordings themselves."""
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.suffix != ".wav"
    )


UNPACKED = ["free-spoken-digit-dataset", "free-spoken-digit-dataset/recordings"]


def test_bunch(places):
    archive_in(places["shared"])
    bunch = fetch_small()
    assert set(bunch) == KEYS
    recordings = places["cache"] / "free-spoken-digit-dataset" / "recordings"
    expected = [
        (digit, speaker, index) for digit in range(10) for speaker in SPEAKERS for index in INDICES
    ]
    assert bunch.filenames == [str(recordings / "{}_{}_{}.wav".format(*e)) for e in expected]
    assert bunch.target.tolist() == [digit for digit, _, _ in expected]
    assert bunch.speaker.tolist() == [speaker for _, speaker, _ in expected]
    assert bunch.sample_rate == 8000
    for path, clip in zip(bunch.filenames, bunch.data, strict=True):
        name = Path(path).name
        assert Path(path).read_bytes() == CONTENTS[name]
        integers, _ = soundfile.read(io.BytesIO(CONTENTS[name]), dtype="int16")
        assert clip.dtype == np.float32
        np.testing.assert_array_equal(clip, integers / np.float32(32768))


def test_subsets_split_by_index(places):
    archive_in(places["shared"])
    names = {
        subset: [Path(path).name for path in fetch_small(subset=subset).filenames]
        for subset in ("all", "train", "test")
    }
    assert {parse_name(name).index for name in names["test"]} == {0, 1, 4}
    assert {parse_name(name).index for name in names["train"]} == {5, 10, 49}
    assert set(names["train"]).isdisjoint(names["test"])
    assert sorted(names["train"] + names["test"]) == sorted(names["all"])


def test_return_x_y(places):
    archive_in(places["shared"])
    clips, target = fetch_small(subset="test", return_X_y=True)
    bunch = fetch_small(subset="test")
    np.testing.assert_array_equal(target, bunch.target)
    for clip, expected in zip(clips, bunch.data, strict=True):
        np.testing.assert_array_equal(clip, expected)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("subset", "valid"), ("return_X_y", "yes"), ("download_if_missing", None), ("data_home", 3)],
)
def test_refuses_a_bad_parameter(parameter, value):
    with pytest.raises(ValueError, match=f"'{parameter}' parameter of fetch_fsdd .*{value!r}"):
        fetch_fsdd(**{parameter: value})


@pytest.mark.parametrize("place", ["home", "shared", "cache"])
@pytest.mark.parametrize(
    "sub_folder", [".", "free-spoken-digit-dataset", "free-spoken-digit-dataset-1.0.10"]
)
def test_finds_an_unpacked_folder(places, place, sub_folder):
    recordings = write_folder(places[place] / sub_folder, CONTENTS)
    (recordings / "notes.txt").write_text("an extra file")
    (recordings / "7_extra_0.wav").write_bytes(b"an extra recording")
    bunch = fetch_small(data_home=places["home"], download_if_missing=False)
    assert {Path(path).parent for path in bunch.filenames} == {recordings}
    assert len(bunch.data) == len(CONTENTS)


def test_searches_data_home_then_shared_then_cache(places):
    found = []
    for place in ("cache", "shared", "home"):
        write_folder(places[place], CONTENTS)
        bunch = fetch_small(data_home=places["home"])
        found.append(Path(bunch.filenames[0]).parents[1])
    assert found == [places["cache"], places["shared"], places["home"]]


def test_prefers_an_unpacked_folder_to_an_archive(places):
    archive_in(places["home"])
    recordings = write_folder(places["cache"], CONTENTS)
    assert Path(fetch_small(data_home=places["home"]).filenames[0]).parent == recordings
    assert tree(places["home"]) == ["free-spoken-digit-dataset.tar.gz"]


def test_unpacks_once(places):
    archive = archive_in(places["shared"])
    first = fetch_small()
    archive.unlink()
    assert fetch_small(download_if_missing=False).filenames == first.filenames
    assert tree(places["cache"]) == UNPACKED


def test_unpacks_into_data_home(places):
    archive_in(places["shared"])
    home = places["home"] / "not" / "there" / "yet"
    fetch_small(data_home=str(home))
    assert tree(home) == UNPACKED
    assert not places["cache"].exists()
    assert tree(places["shared"]) == ["free-spoken-digit-dataset.tar.gz"]


def test_unpacks_into_the_cache_if_data_home_is_read_only(places, monkeypatch):
    archive_in(places["home"])
    access = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: path != places["home"] and access(path, mode)
    )
    fetch_small(data_home=places["home"])
    assert tree(places["cache"]) == UNPACKED
    assert tree(places["home"]) == ["free-spoken-digit-dataset.tar.gz"]


def test_expands_the_users_home(places, monkeypatch):
    monkeypatch.setenv("HOME", str(places["home"]))
    monkeypatch.setenv("USERPROFILE", str(places["home"]))
    recordings = write_folder(places["home"] / "corpora", CONTENTS)
    assert Path(fetch_small(data_home="~/corpora").filenames[0]).parent == recordings


def test_uses_the_dot_cache_folder_without_xdg(places, monkeypatch):
    monkeypatch.setenv("HOME", str(places["home"]))
    monkeypatch.setenv("USERPROFILE", str(places["home"]))
    monkeypatch.delenv("XDG_CACHE_HOME")
    archive_in(places["shared"])
    fetch_small()
    assert tree(places["home"] / ".cache" / "skxent") == UNPACKED


def test_makes_a_relative_data_home_absolute(places, monkeypatch):
    monkeypatch.chdir(places["home"])
    recordings = write_folder(places["home"] / "corpora", CONTENTS)
    assert fetch_small(data_home="corpora").filenames[0] == str(recordings / "0_anna_0.wav")


def test_refuses_a_file_as_data_home(places):
    path = places["home"] / "file"
    path.write_text("no folder")
    with pytest.raises(NotADirectoryError, match=re.escape(str(path))):
        fetch_small(data_home=path)


def test_does_not_take_other_recordings_for_the_data_set(places):
    write_folder(places["home"], {"hello.wav": b"someone's own", "7_carla_0.wav": b"the same"})
    archive_in(places["shared"])
    bunch = fetch_small(data_home=places["home"])
    assert Path(bunch.filenames[0]).parents[1] == places["home"] / "free-spoken-digit-dataset"
    assert (places["home"] / "recordings" / "hello.wav").read_bytes() == b"someone's own"


# Archives


@pytest.mark.parametrize("top", ["free-spoken-digit-dataset-26eb9aa", "./fsdd", "a/b"])
def test_reads_an_archive_with_another_top_folder(places, top):
    write_archive(places["shared"] / "free-spoken-digit-dataset-x.tar.gz", CONTENTS, top=top)
    assert len(fetch_small().data) == len(CONTENTS)


def test_never_writes_where_a_member_name_says(places, tmp_path):
    evil = {
        "../../evil/recordings/outside.wav": b"evil",
        f"{tmp_path}/evil/recordings/absolute.wav": b"evil",
        "../evil.txt": b"evil",
        "top/recordings/../../../evil/recordings/0_zoe_0.wav": b"evil",
        "top/code/setup.py": b"evil",
    }
    links = [
        ("leak.wav", "/etc/passwd", tarfile.SYMTYPE),
        ("hard.wav", "../../../etc/passwd", tarfile.LNKTYPE),
        ("fifo.wav", "", tarfile.FIFOTYPE),
    ]
    path = places["shared"] / "free-spoken-digit-dataset.tar.gz"
    write_archive(path, evil | CONTENTS, links=links)
    before = set(tmp_path.rglob("*"))
    fetch_small()
    new = set(tmp_path.rglob("*")) - before - {places["cache"]}
    recordings = places["cache"] / "free-spoken-digit-dataset" / "recordings"
    assert new == {recordings.parent, recordings} | {recordings / name for name in CONTENTS}


@pytest.mark.parametrize("prefix", ["../..", "/tmp", "top/../.."])
def test_writes_a_recording_with_a_traversing_name_in_its_place(places, prefix):
    moved = {f"{prefix}/recordings/{name}": content for name, content in CONTENTS.items()}
    write_archive(places["shared"] / "free-spoken-digit-dataset.tar.gz", moved)
    bunch = fetch_small()
    assert {Path(path).parents[2] for path in bunch.filenames} == {places["cache"]}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_refuses_a_link_in_place_of_a_recording(places, kind, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(CONTENTS["3_bert_4.wav"])
    rest = {name: content for name, content in CONTENTS.items() if name != "3_bert_4.wav"}
    path = places["shared"] / "free-spoken-digit-dataset.tar.gz"
    write_archive(path, rest, links=[("3_bert_4.wav", str(secret), kind)])
    with pytest.raises(ValueError, match=r"1 of 120 are missing, the first is 3_bert_4\.wav"):
        fetch_small()
    assert not places["cache"].exists()


@pytest.mark.parametrize(
    "damage",
    ["truncated", "not an archive", "flipped bit", "bad block", "bad checksum", "empty"],
)
def test_names_a_damaged_archive(places, damage, tmp_path):
    path = archive_in(places["shared"])
    good = path.read_bytes()
    flipped = bytearray(good)
    flipped[len(good) // 2] ^= 1
    # Ends within a recording that is larger than any read-ahead, so that the damage is met while
    # its bytes are read, not while tarfile looks for the next member.
    large = {"0_anna_0.wav": np.random.default_rng(0).bytes(600_000)}
    beginning = gzip.decompress(archive_in(tmp_path / "large", large).read_bytes())[:500_000]
    compressor = zlib.compressobj(wbits=31)  # the gzip format
    bad = {
        "truncated": good[: len(good) // 2],
        "not an archive": b"<html>Not found</html>",
        "flipped bit": bytes(flipped),
        "bad block": compressor.compress(beginning) + compressor.flush(zlib.Z_FULL_FLUSH) + b"\xff",
        "bad checksum": gzip.compress(beginning)[:-8] + bytes(8),
        "empty": b"",
    }
    path.write_bytes(bad[damage])
    with pytest.raises(
        ValueError, match=rf"{re.escape(str(path))}.* delete .*call fetch_fsdd again"
    ):
        fetch_small()
    assert not places["cache"].exists()
    path.write_bytes(good)
    assert len(fetch_small().data) == len(CONTENTS)


def test_names_an_archive_of_other_recordings(places):
    path = archive_in(places["shared"], CONTENTS | {"0_anna_0.wav": wav(1, "anna", 0)})
    with pytest.raises(ValueError, match=rf"recordings in {re.escape(str(path))} .* SHA-256"):
        fetch_small()
    assert not places["cache"].exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_interrupted_unpacking_leaves_nothing(places, monkeypatch, error):
    archive_in(places["shared"])
    write_bytes = Path.write_bytes
    written = []

    def fail_in_the_middle(path, content):
        if len(written) == 50:
            raise error("stopped")
        written.append(path)
        return write_bytes(path, content)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", fail_in_the_middle)
        with pytest.raises(error, match="stopped"):
            fetch_small()
    assert len(written) == 50
    assert [path for path in places["cache"].rglob("*") if path.is_file()] == []
    assert tree(places["cache"]) == ["free-spoken-digit-dataset"]
    assert len(fetch_small().data) == len(CONTENTS)
    assert tree(places["cache"]) == UNPACKED


def test_passes_over_what_a_killed_run_left(places):
    left = dict(list(CONTENTS.items())[:30])
    write_folder(places["cache"] / ".unpacking-abc", left)
    archive_in(places["shared"])
    assert len(fetch_small().data) == len(CONTENTS)


def test_error_of_the_rename_is_not_hidden(places, monkeypatch):
    def refuse(path, target):
        raise PermissionError(f"cannot rename to {target}")

    archive_in(places["shared"])
    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(PermissionError, match="cannot rename"):
        fetch_small()
    assert tree(places["cache"]) == ["free-spoken-digit-dataset"]


def test_two_at_once_both_succeed(places, monkeypatch):
    archive_in(places["shared"])
    barrier = threading.Barrier(2, timeout=30)
    rename = Path.rename
    renamed, bunches = [], []

    def rename_together(path, target):
        barrier.wait()
        renamed.append(path)
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", rename_together)
    threads = [threading.Thread(target=lambda: bunches.append(fetch_small())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(renamed)) == 2
    assert bunches[0].filenames == bunches[1].filenames
    assert tree(places["cache"]) == UNPACKED


# Folders that are not right


def test_names_a_folder_with_a_corrupt_recording(places):
    archive_in(places["shared"])
    fetch_small()
    recordings = places["cache"] / "free-spoken-digit-dataset" / "recordings"
    path = recordings / "5_bert_10.wav"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    # Even with a good archive at hand, and even for a subset without that recording.
    message = rf"recordings in {re.escape(str(recordings))} .* SHA-256 .*; move .* data_home"
    with pytest.raises(ValueError, match=message):
        fetch_small(subset="test")
    assert path.read_bytes() == content


def test_names_the_first_missing_recording(places):
    recordings = write_folder(places["shared"], CONTENTS)
    (recordings / "4_anna_5.wav").unlink()
    (recordings / "4_bert_0.wav").unlink()
    message = (
        rf"recordings in {re.escape(str(recordings))} .* 2 of 120 are missing, "
        rf"the first is 4_anna_5\.wav; move {re.escape(str(recordings))} away"
    )
    with pytest.raises(ValueError, match=message):
        fetch_small()


def test_swapped_recordings_are_noticed(places):
    one, other = "0_anna_0.wav", "1_anna_0.wav"
    write_folder(places["shared"], CONTENTS | {one: CONTENTS[other], other: CONTENTS[one]})
    with pytest.raises(ValueError, match="SHA-256"):
        fetch_small()


# Downloads


def test_without_download_says_where_it_looked_and_what_to_do(places):
    with pytest.raises(OSError, match="download_if_missing is False") as caught:
        fetch_small(data_home=places["home"], download_if_missing=False)
    message = str(caught.value)
    positions = [message.index(str(places[place])) for place in ("home", "shared", "cache")]
    assert positions == sorted(positions)
    assert URL in message
    assert "SKXENT_DATA" in message
    assert not places["cache"].exists()


def test_without_pooch_says_what_to_install(places, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ImportError, match=re.escape('pip install "skxent[fetch]"')) as caught:
        fetch_small()
    assert str(places["shared"]) in str(caught.value)


@pytest.mark.parametrize("place", ["home", "cache"])
def test_downloads_unpacks_and_keeps_the_archive(places, monkeypatch, place):
    pooch = pytest.importorskip("pooch")
    calls = []

    def retrieve(url, known_hash, fname, path, **options):
        calls.append(url)
        return str(write_archive(Path(path) / fname, CONTENTS))

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    home = places["home"] if place == "home" else None
    assert len(fetch_small(data_home=home).data) == len(CONTENTS)
    assert tree(places[place]) == [UNPACKED[0], ARCHIVE_NAME, UNPACKED[1]]
    fetch_small(data_home=home)
    assert calls == [URL]


def test_finds_the_archive_that_it_downloaded(places):
    write_archive(places["cache"] / ARCHIVE_NAME, CONTENTS)
    assert len(fetch_small(download_if_missing=False).data) == len(CONTENTS)


def test_failed_download_says_what_to_do(places, monkeypatch):
    pooch = pytest.importorskip("pooch")
    cause = ConnectionError("name resolution failed")

    def retrieve(*args, **kwargs):
        raise cause

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    with pytest.raises(OSError, match="name resolution failed") as caught:
        fetch_small()
    assert caught.value.__cause__ is cause
    for part in (URL, "SKXENT_DATA", str(places["shared"]), str(places["cache"])):
        assert part in str(caught.value)


def test_error_of_requests_is_an_oserror():
    requests = pytest.importorskip("requests")
    # What pooch lets through; fetch_fsdd catches OSError alone.
    assert issubclass(requests.exceptions.RequestException, OSError)


# The data set itself


def test_other_recordings_are_not_the_data_set(places):
    archive = archive_in(places["shared"])
    message = rf"recordings in {re.escape(str(archive))} .* 3000 of 3000 are missing"
    with pytest.raises(ValueError, match=message):
        fetch_fsdd()
    archive.unlink()
    with pytest.raises(OSError, match="download_if_missing is False"):
        fetch_fsdd(data_home=places["home"], download_if_missing=False)


@pytest.mark.skipif(not SHARED_DATA, reason="SKXENT_DATA names no folder with the real recordings")
def test_real_recordings(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    everything = fetch_fsdd(download_if_missing=False)
    assert len(everything.data) == 3000
    assert Counter(everything.speaker.tolist()) == dict.fromkeys(
        ["george", "jackson", "lucas", "nicolas", "theo", "yweweler"], 500
    )
    assert np.bincount(everything.target).tolist() == [300] * 10
    assert everything.sample_rate == 8000
    for path, clip in zip(everything.filenames, everything.data, strict=True):
        assert clip.ndim == 1, path
        assert clip.dtype == np.float32, path
        assert np.isfinite(clip).all(), path
    rates = {soundfile.info(path).samplerate for path in everything.filenames[::100]}
    assert rates == {8000}
    train = fetch_fsdd(subset="train", download_if_missing=False)
    test = fetch_fsdd(subset="test", download_if_missing=False)
    assert (len(train.data), len(test.data)) == (2700, 300)
    assert set(train.filenames) | set(test.filenames) == set(everything.filenames)
    assert np.bincount(test.target).tolist() == [30] * 10
