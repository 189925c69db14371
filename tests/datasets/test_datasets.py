import gzip
import hashlib
import io
import os
import re
import socket
import sys
import tarfile
import threading
import zlib
from collections import Counter
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from skxent.datasets import _fsdd, fetch_fsdd, load_spoken_digits
from skxent.datasets._recordings import parse_name

SHARED_DATA = os.environ.get("SKXENT_DATA")
KEYS = {"data", "target", "target_names", "speaker", "sample_rate", "filenames", "DESCR"}
FAKE_SPEAKERS = ("anna", "bert")
FAKE_INDICES = (0, 1, 4, 5, 10, 49)
URL = "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/tags/v1.0.10.tar.gz"


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a test opened a socket")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)


# The embedded data set


@pytest.fixture(scope="module")
def digits():
    return load_spoken_digits()


def test_embedded_is_balanced(digits):
    voices = set(digits.speaker)
    assert len(voices) >= 20
    counts = Counter(zip(digits.target.tolist(), digits.speaker.tolist(), strict=True))
    assert set(counts) == {(digit, voice) for digit in range(10) for voice in voices}
    assert len(set(counts.values())) == 1


def test_embedded_bunch(digits):
    assert set(digits) == KEYS
    assert len(digits.data) == len(digits.filenames) == len(digits.target) == len(digits.speaker)
    assert np.issubdtype(digits.target.dtype, np.integer)
    assert digits.speaker.dtype.kind == "U"
    words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    assert digits.target_names == words
    assert digits.sample_rate == 8000


def test_embedded_clips_are_words_not_silence_and_not_clipped(digits):
    for path, clip in zip(digits.filenames, digits.data, strict=True):
        assert clip.ndim == 1, path
        assert clip.dtype == np.float32, path
        assert 0.2 < clip.size / digits.sample_rate < 1.2, path
        assert np.isfinite(clip).all(), path
        assert 0.1 < np.abs(clip).max() < 0.95, path
        # No stretch of digital silence: its logarithm would be an outlier.
        windows = clip[: clip.size // 80 * 80].reshape(-1, 80)
        assert (np.abs(windows).max(axis=1) > 0).all(), path


def test_embedded_clips_all_differ(digits):
    assert len({clip.tobytes() for clip in digits.data}) == len(digits.data)


def test_embedded_file_names_say_target_and_speaker_in_order(digits):
    parsed = [parse_name(Path(path).name) for path in digits.filenames]
    assert [p.digit for p in parsed] == digits.target.tolist()
    assert [p.speaker for p in parsed] == digits.speaker.tolist()
    assert parsed == sorted(parsed)


def test_embedded_files_are_what_was_decoded(digits):
    for path, clip in zip(digits.filenames[::37], digits.data[::37], strict=True):
        assert Path(path).is_absolute()
        info = soundfile.info(path)
        assert (info.samplerate, info.channels, info.subtype) == (8000, 1, "PCM_16")
        integers, _ = soundfile.read(path, dtype="int16")
        np.testing.assert_array_equal(clip, (integers / 32768.0).astype(np.float32))


def test_embedded_files_are_small_enough_for_a_wheel():
    folder = resources.files("skxent.datasets") / "spoken_digits"
    assert sum(len(entry.read_bytes()) for entry in folder.iterdir()) <= 2_000_000


def test_embedded_description_is_plain_and_true(digits):
    assert "SYNTHETIC" in digits.DESCR
    assert "espeak-ng" in digits.DESCR
    assert "says nothing about real speech" in " ".join(digits.DESCR.split())
    assert "BSD-3-Clause" in digits.DESCR
    durations = [clip.size / digits.sample_rate for clip in digits.data]
    n_voices = len(set(digits.speaker))
    assert f"{len(digits.data)} (10 digits, {n_voices} voices" in digits.DESCR
    assert f"{min(durations):.2f} to {max(durations):.2f} s" in digits.DESCR


def test_embedded_return_x_y(digits):
    clips, target = load_spoken_digits(return_X_y=True)
    np.testing.assert_array_equal(target, digits.target)
    for clip, expected in zip(clips, digits.data, strict=True):
        np.testing.assert_array_equal(clip, expected)


def test_embedded_calls_share_nothing(digits):
    other = load_spoken_digits()
    other.data[0][:] = 0.0
    other.target_names[0] = "naught"
    fresh = load_spoken_digits()
    np.testing.assert_array_equal(fresh.data[0], digits.data[0])
    assert fresh.target_names == digits.target_names


def test_embedded_refuses_a_bad_parameter():
    with pytest.raises(ValueError, match="'return_X_y' parameter of load_spoken_digits"):
        load_spoken_digits(return_X_y="yes")


@given(
    st.integers(0, 9),
    st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1),
    st.integers(0, 10**6),
    st.sampled_from(["wav", "flac"]),
)
def test_parse_name_inverts_the_naming(digit, speaker, index, suffix):
    assert parse_name(f"{digit}_{speaker}_{index}.{suffix}") == (digit, speaker, index)


@pytest.mark.parametrize(
    "name", ["10_anna_1.wav", "1_anna.wav", "1_an_na_1.wav", "1_anna_1.mp3", "1_anna_1.wav\n", ""]
)
def test_parse_name_refuses_another_form(name):
    with pytest.raises(ValueError, match=re.escape(repr(name))):
        parse_name(name)


# The Free Spoken Digit Dataset, by a small data set in its place


def wav(digit, speaker, index):
    rng = np.random.default_rng([digit, *speaker.encode(), index])
    buffer = io.BytesIO()
    samples = rng.integers(-3000, 3000, 200 + index, dtype=np.int16)
    soundfile.write(buffer, samples, 8000, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def contents():
    return {
        f"{digit}_{speaker}_{index}.wav": wav(digit, speaker, index)
        for digit in range(10)
        for speaker in FAKE_SPEAKERS
        for index in FAKE_INDICES
    }


@pytest.fixture
def places(tmp_path, monkeypatch, contents):
    """The three places, empty, with the small data set as the expected one."""
    lines = b"".join(
        name.encode() + hashlib.sha256(contents[name]).digest() for name in sorted(contents)
    )
    monkeypatch.setattr(_fsdd, "RECORDING_NAMES", tuple(contents))
    monkeypatch.setattr(_fsdd, "RECORDINGS_SHA256", hashlib.sha256(lines).hexdigest())
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


def archive_in(place, contents):
    return write_archive(place / "free-spoken-digit-dataset.tar.gz", contents)


def tree(folder):
    """Every path below a folder, without the recordings themselves."""
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.suffix != ".wav"
    )


UNPACKED = ["free-spoken-digit-dataset", "free-spoken-digit-dataset/recordings"]


def test_fsdd_bunch(places, contents):
    archive_in(places["shared"], contents)
    bunch = fetch_fsdd()
    assert set(bunch) == KEYS
    recordings = places["cache"] / "free-spoken-digit-dataset" / "recordings"
    expected = [
        (digit, speaker, index)
        for digit in range(10)
        for speaker in FAKE_SPEAKERS
        for index in FAKE_INDICES
    ]
    assert bunch.filenames == [str(recordings / "{}_{}_{}.wav".format(*e)) for e in expected]
    assert bunch.target.tolist() == [digit for digit, _, _ in expected]
    assert bunch.speaker.tolist() == [speaker for _, speaker, _ in expected]
    assert bunch.sample_rate == 8000
    for path, clip in zip(bunch.filenames, bunch.data, strict=True):
        name = Path(path).name
        assert Path(path).read_bytes() == contents[name]
        integers, _ = soundfile.read(io.BytesIO(contents[name]), dtype="int16")
        assert clip.dtype == np.float32
        np.testing.assert_array_equal(clip, integers / np.float32(32768))


def test_fsdd_subsets_split_by_index(places, contents):
    archive_in(places["shared"], contents)
    names = {
        subset: [Path(path).name for path in fetch_fsdd(subset=subset).filenames]
        for subset in ("all", "train", "test")
    }
    assert {parse_name(name).index for name in names["test"]} == {0, 1, 4}
    assert {parse_name(name).index for name in names["train"]} == {5, 10, 49}
    assert set(names["train"]).isdisjoint(names["test"])
    assert sorted(names["train"] + names["test"]) == sorted(names["all"])


def test_fsdd_return_x_y(places, contents):
    archive_in(places["shared"], contents)
    clips, target = fetch_fsdd(subset="test", return_X_y=True)
    bunch = fetch_fsdd(subset="test")
    np.testing.assert_array_equal(target, bunch.target)
    for clip, expected in zip(clips, bunch.data, strict=True):
        np.testing.assert_array_equal(clip, expected)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [("subset", "valid"), ("return_X_y", "yes"), ("download_if_missing", None), ("data_home", 3)],
)
def test_fsdd_refuses_a_bad_parameter(parameter, value):
    with pytest.raises(ValueError, match=f"'{parameter}' parameter of fetch_fsdd .*{value!r}"):
        fetch_fsdd(**{parameter: value})


@pytest.mark.parametrize("place", ["home", "shared", "cache"])
@pytest.mark.parametrize(
    "sub_folder", [".", "free-spoken-digit-dataset", "free-spoken-digit-dataset-1.0.10"]
)
def test_fsdd_finds_an_unpacked_folder(places, contents, place, sub_folder):
    recordings = write_folder(places[place] / sub_folder, contents)
    (recordings / "notes.txt").write_text("an extra file")
    (recordings / "7_extra_0.wav").write_bytes(b"an extra recording")
    bunch = fetch_fsdd(data_home=places["home"], download_if_missing=False)
    assert {Path(path).parent for path in bunch.filenames} == {recordings}
    assert len(bunch.data) == len(contents)


def test_fsdd_searches_data_home_then_shared_then_cache(places, contents):
    found = []
    for place in ("cache", "shared", "home"):
        write_folder(places[place], contents)
        bunch = fetch_fsdd(data_home=places["home"])
        found.append(Path(bunch.filenames[0]).parents[1])
    assert found == [places["cache"], places["shared"], places["home"]]


def test_fsdd_prefers_an_unpacked_folder_to_an_archive(places, contents):
    archive_in(places["home"], contents)
    recordings = write_folder(places["cache"], contents)
    assert Path(fetch_fsdd(data_home=places["home"]).filenames[0]).parent == recordings
    assert tree(places["home"]) == ["free-spoken-digit-dataset.tar.gz"]


def test_fsdd_unpacks_once(places, contents):
    archive = archive_in(places["shared"], contents)
    first = fetch_fsdd()
    archive.unlink()
    assert fetch_fsdd(download_if_missing=False).filenames == first.filenames
    assert tree(places["cache"]) == UNPACKED


def test_fsdd_unpacks_into_data_home(places, contents):
    archive_in(places["shared"], contents)
    home = places["home"] / "not" / "there" / "yet"
    fetch_fsdd(data_home=str(home))
    assert tree(home) == UNPACKED
    assert not places["cache"].exists()
    assert tree(places["shared"]) == ["free-spoken-digit-dataset.tar.gz"]


def test_fsdd_unpacks_into_the_cache_if_data_home_is_read_only(places, contents, monkeypatch):
    archive_in(places["home"], contents)
    access = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: path != places["home"] and access(path, mode)
    )
    fetch_fsdd(data_home=places["home"])
    assert tree(places["cache"]) == UNPACKED
    assert tree(places["home"]) == ["free-spoken-digit-dataset.tar.gz"]


def test_fsdd_expands_the_users_home(places, contents, monkeypatch):
    monkeypatch.setenv("HOME", str(places["home"]))
    monkeypatch.setenv("USERPROFILE", str(places["home"]))
    recordings = write_folder(places["home"] / "corpora", contents)
    assert Path(fetch_fsdd(data_home="~/corpora").filenames[0]).parent == recordings


def test_fsdd_uses_the_dot_cache_folder_without_xdg(places, contents, monkeypatch):
    monkeypatch.setenv("HOME", str(places["home"]))
    monkeypatch.setenv("USERPROFILE", str(places["home"]))
    monkeypatch.delenv("XDG_CACHE_HOME")
    archive_in(places["shared"], contents)
    fetch_fsdd()
    assert tree(places["home"] / ".cache" / "skxent") == UNPACKED


def test_fsdd_makes_a_relative_data_home_absolute(places, contents, monkeypatch):
    monkeypatch.chdir(places["home"])
    recordings = write_folder(places["home"] / "corpora", contents)
    assert fetch_fsdd(data_home="corpora").filenames[0] == str(recordings / "0_anna_0.wav")


def test_fsdd_refuses_a_file_as_data_home(places):
    path = places["home"] / "file"
    path.write_text("no folder")
    with pytest.raises(NotADirectoryError, match=re.escape(str(path))):
        fetch_fsdd(data_home=path)


def test_fsdd_does_not_take_other_recordings_for_the_data_set(places, contents):
    write_folder(places["home"], {"hello.wav": b"someone's own", "7_carla_0.wav": b"the same"})
    archive_in(places["shared"], contents)
    bunch = fetch_fsdd(data_home=places["home"])
    assert Path(bunch.filenames[0]).parents[1] == places["home"] / "free-spoken-digit-dataset"
    assert (places["home"] / "recordings" / "hello.wav").read_bytes() == b"someone's own"


# Archives


@pytest.mark.parametrize("top", ["free-spoken-digit-dataset-26eb9aa", "./fsdd", "a/b"])
def test_fsdd_reads_an_archive_with_another_top_folder(places, contents, top):
    write_archive(places["shared"] / "free-spoken-digit-dataset-x.tar.gz", contents, top=top)
    assert len(fetch_fsdd().data) == len(contents)


def test_fsdd_never_writes_where_a_member_name_says(places, contents, tmp_path):
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
    write_archive(path, evil | contents, links=links)
    before = set(tmp_path.rglob("*"))
    fetch_fsdd()
    new = set(tmp_path.rglob("*")) - before - {places["cache"]}
    recordings = places["cache"] / "free-spoken-digit-dataset" / "recordings"
    assert new == {recordings.parent, recordings} | {recordings / name for name in contents}


@pytest.mark.parametrize("prefix", ["../..", "/tmp", "top/../.."])
def test_fsdd_writes_a_recording_with_a_traversing_name_in_its_place(places, contents, prefix):
    moved = {f"{prefix}/recordings/{name}": content for name, content in contents.items()}
    write_archive(places["shared"] / "free-spoken-digit-dataset.tar.gz", moved)
    bunch = fetch_fsdd()
    assert {Path(path).parents[2] for path in bunch.filenames} == {places["cache"]}


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_fsdd_refuses_a_link_in_place_of_a_recording(places, contents, kind, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(contents["3_bert_4.wav"])
    rest = {name: content for name, content in contents.items() if name != "3_bert_4.wav"}
    path = places["shared"] / "free-spoken-digit-dataset.tar.gz"
    write_archive(path, rest, links=[("3_bert_4.wav", str(secret), kind)])
    with pytest.raises(ValueError, match=r"1 of 120 are missing, the first is 3_bert_4\.wav"):
        fetch_fsdd()
    assert not places["cache"].exists()


@pytest.mark.parametrize(
    "damage",
    ["truncated", "not an archive", "flipped bit", "bad block", "bad checksum", "empty"],
)
def test_fsdd_names_a_damaged_archive(places, contents, damage, tmp_path):
    path = archive_in(places["shared"], contents)
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
        fetch_fsdd()
    assert not places["cache"].exists()
    path.write_bytes(good)
    assert len(fetch_fsdd().data) == len(contents)


def test_fsdd_names_an_archive_of_other_recordings(places, contents):
    path = archive_in(places["shared"], contents | {"0_anna_0.wav": wav(1, "anna", 0)})
    with pytest.raises(ValueError, match=rf"recordings in {re.escape(str(path))} .* SHA-256"):
        fetch_fsdd()
    assert not places["cache"].exists()


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_fsdd_interrupted_unpacking_leaves_nothing(places, contents, monkeypatch, error):
    archive_in(places["shared"], contents)
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
            fetch_fsdd()
    assert len(written) == 50
    assert [path for path in places["cache"].rglob("*") if path.is_file()] == []
    assert tree(places["cache"]) == ["free-spoken-digit-dataset"]
    assert len(fetch_fsdd().data) == len(contents)
    assert tree(places["cache"]) == UNPACKED


def test_fsdd_passes_over_what_a_killed_run_left(places, contents):
    left = dict(list(contents.items())[:30])
    write_folder(places["cache"] / ".unpacking-abc", left)
    archive_in(places["shared"], contents)
    assert len(fetch_fsdd().data) == len(contents)


def test_fsdd_error_of_the_rename_is_not_hidden(places, contents, monkeypatch):
    def refuse(path, target):
        raise PermissionError(f"cannot rename to {target}")

    archive_in(places["shared"], contents)
    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(PermissionError, match="cannot rename"):
        fetch_fsdd()
    assert tree(places["cache"]) == ["free-spoken-digit-dataset"]


def test_fsdd_two_at_once_both_succeed(places, contents, monkeypatch):
    archive_in(places["shared"], contents)
    barrier = threading.Barrier(2, timeout=30)
    rename = Path.rename
    renamed, bunches = [], []

    def rename_together(path, target):
        barrier.wait()
        renamed.append(path)
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", rename_together)
    threads = [threading.Thread(target=lambda: bunches.append(fetch_fsdd())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(renamed)) == 2
    assert bunches[0].filenames == bunches[1].filenames
    assert tree(places["cache"]) == UNPACKED


# Folders that are not right


def test_fsdd_names_a_folder_with_a_corrupt_recording(places, contents):
    archive_in(places["shared"], contents)
    fetch_fsdd()
    recordings = places["cache"] / "free-spoken-digit-dataset" / "recordings"
    path = recordings / "5_bert_10.wav"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    # Even with a good archive at hand, and even for a subset without that recording.
    message = rf"recordings in {re.escape(str(recordings))} .* SHA-256 .*; move .* data_home"
    with pytest.raises(ValueError, match=message):
        fetch_fsdd(subset="test")
    assert path.read_bytes() == content


def test_fsdd_names_the_first_missing_recording(places, contents):
    recordings = write_folder(places["shared"], contents)
    (recordings / "4_anna_5.wav").unlink()
    (recordings / "4_bert_0.wav").unlink()
    message = (
        rf"recordings in {re.escape(str(recordings))} .* 2 of 120 are missing, "
        rf"the first is 4_anna_5\.wav; move {re.escape(str(recordings))} away"
    )
    with pytest.raises(ValueError, match=message):
        fetch_fsdd()


def test_fsdd_swapped_recordings_are_noticed(places, contents):
    one, other = "0_anna_0.wav", "1_anna_0.wav"
    write_folder(places["shared"], contents | {one: contents[other], other: contents[one]})
    with pytest.raises(ValueError, match="SHA-256"):
        fetch_fsdd()


# Downloads


def test_fsdd_without_download_says_where_it_looked_and_what_to_do(places):
    with pytest.raises(OSError, match="download_if_missing is False") as caught:
        fetch_fsdd(data_home=places["home"], download_if_missing=False)
    message = str(caught.value)
    positions = [message.index(str(places[place])) for place in ("home", "shared", "cache")]
    assert positions == sorted(positions)
    assert URL in message
    assert "SKXENT_DATA" in message
    assert not places["cache"].exists()


def test_fsdd_without_pooch_says_what_to_install(places, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ImportError, match=re.escape('pip install "skxent[fetch]"')) as caught:
        fetch_fsdd()
    assert str(places["shared"]) in str(caught.value)


@pytest.mark.parametrize("place", ["home", "cache"])
def test_fsdd_downloads_unpacks_and_keeps_the_archive(places, contents, monkeypatch, place):
    pooch = pytest.importorskip("pooch")
    calls = []

    def retrieve(url, known_hash, fname, path, **options):
        calls.append(url)
        return str(write_archive(Path(path) / fname, contents))

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    home = places["home"] if place == "home" else None
    assert len(fetch_fsdd(data_home=home).data) == len(contents)
    assert tree(places[place]) == [UNPACKED[0], _fsdd.ARCHIVE_NAME, UNPACKED[1]]
    fetch_fsdd(data_home=home)
    assert calls == [URL]


def test_fsdd_finds_the_archive_that_it_downloaded(places, contents):
    write_archive(places["cache"] / _fsdd.ARCHIVE_NAME, contents)
    assert len(fetch_fsdd(download_if_missing=False).data) == len(contents)


def test_fsdd_failed_download_says_what_to_do(places, monkeypatch):
    pooch = pytest.importorskip("pooch")
    cause = ConnectionError("name resolution failed")

    def retrieve(*args, **kwargs):
        raise cause

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    with pytest.raises(OSError, match="name resolution failed") as caught:
        fetch_fsdd()
    assert caught.value.__cause__ is cause
    for part in (URL, "SKXENT_DATA", str(places["shared"]), str(places["cache"])):
        assert part in str(caught.value)


def test_fsdd_error_of_requests_is_an_oserror():
    requests = pytest.importorskip("requests")
    # What pooch lets through; fetch_fsdd catches OSError alone.
    assert issubclass(requests.exceptions.RequestException, OSError)


# The real recordings


@pytest.mark.skipif(not SHARED_DATA, reason="SKXENT_DATA names no folder with the real recordings")
def test_fsdd_real_recordings(tmp_path, monkeypatch):
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
