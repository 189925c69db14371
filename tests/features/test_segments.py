import hashlib
import os
import shutil
import socket
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from skxent.features._segments import Segments, _open
from tests.features.strategies import frames_of, keys, run_in_threads, same_signal

arrays = hnp.arrays(
    hnp.boolean_dtypes()
    | hnp.integer_dtypes()
    | hnp.floating_dtypes()
    | hnp.complex_number_dtypes(),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)

FRAMES = {name: frames_of(i, (4 + i, 2)).astype(np.float32) for i, name in enumerate("abcdef")}


def files_in(folder):
    return sorted(Path(folder).iterdir())


def assert_right(found, expected):
    """What is found is what was put; it may be less."""
    for key, array in found.items():
        np.testing.assert_array_equal(array, expected[key])
        assert array.dtype == expected[key].dtype


# What was put, or nothing


@given(st.dictionaries(st.text("abc123", min_size=1, max_size=4), arrays, max_size=5))
def test_another_process_finds_what_was_put(tmp_path_factory, some):
    folder = str(tmp_path_factory.mktemp("folder"))
    Segments(folder).put({key: array.T for key, array in some.items()})
    found = Segments(folder).get([*some, "missing"])
    assert found.keys() == some.keys()
    for key, array in some.items():
        assert same_signal(found[key], array.T)
        assert not found[key].flags.writeable


class Processes(RuleBasedStateMachine):
    """Several processes on one folder: each has an index of its own, and sees none of another."""

    folder = None

    def __init__(self):
        super().__init__()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.all = [Segments(self.folder, small_bytes=100) for _ in range(3)]
        self.put = {}

    @rule(i=st.integers(0, 2), values=st.dictionaries(keys, st.integers(0, 99), max_size=4))
    def write(self, i, values):
        self.all[i].put({key: np.full(4, value) for key, value in values.items()})
        for key, value in values.items():
            self.put.setdefault(key, set()).add(value)

    @rule(i=st.integers(0, 2), some=st.lists(keys, max_size=6))
    def read(self, i, some):
        found = self.all[i].get(some)
        assert found.keys() == {key for key in some if key in self.put}
        for key, array in found.items():
            assert array.tolist() == [array[0]] * 4
            assert array[0] in self.put[key]

    @rule(i=st.integers(0, 2))
    def start_again(self, i):
        self.all[i] = Segments(self.folder, small_bytes=100)

    @rule()
    def delete(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.all = [Segments(self.folder, small_bytes=100) for _ in range(3)]
        self.put = {}

    @invariant()
    def leaves_no_other_files(self):
        assert all(path.suffix == ".frames" for path in Path(self.folder).glob("*"))


def test_processes_find_what_any_of_them_put(tmp_path):
    machine = type("Machine", (Processes,), {"folder": str(tmp_path / "folder")})
    run_state_machine_as_test(machine)


def test_of_two_arrays_of_a_key_the_later_counts(tmp_path):
    one, other = Segments(tmp_path), Segments(tmp_path)
    one.put({"a": np.zeros(2)})
    other.put({"a": np.ones(2)})
    for segments in (other, Segments(tmp_path)):
        np.testing.assert_array_equal(segments.get(["a"])["a"], 1.0)


def test_threads_and_processes_share_a_folder(tmp_path):
    """The small segments of each are replaced all the time, and deleted under the others."""
    processes = [Segments(tmp_path) for _ in range(3)]
    end = threading.Barrier(6)

    def work(i):
        for n in range(30):
            processes[i % 3].put({f"{i}x{n}": np.full(3, n)})
            found = processes[(i + 1) % 3].get([f"{j}x{m}" for j in range(6) for m in range(30)])
            for key, array in found.items():
                assert array.tolist() == [int(key.split("x")[1])] * 3
        end.wait(timeout=30)

    run_in_threads(6, work)
    found = Segments(tmp_path).get([f"{i}x{n}" for i in range(6) for n in range(30)])
    assert len(found) == 180


# Few files


def test_batches_are_a_file_each_and_single_arrays_share_one(tmp_path):
    segments = Segments(tmp_path, small_bytes=1000)
    for i in range(100):
        segments.put({f"a{i}": np.zeros(10)})
    assert len(files_in(tmp_path)) <= 100 * 80 / 1000 + 1
    assert all(path.stat().st_size > 1000 for path in files_in(tmp_path)[:-1])
    before = len(files_in(tmp_path))
    segments.put({f"b{i}": np.zeros(10) for i in range(1000)})
    assert len(files_in(tmp_path)) <= before + 1
    assert len(Segments(tmp_path).get([f"a{i}" for i in range(100)])) == 100


def test_an_empty_put_writes_nothing(tmp_path):
    Segments(tmp_path / "folder").put({})
    assert not (tmp_path / "folder").exists()


def test_an_array_that_changes_later_does_not_change_what_was_put(tmp_path):
    segments, array = Segments(tmp_path), np.zeros(3)
    segments.put({"a": array})
    array += 1
    segments.put({"b": array})
    np.testing.assert_array_equal(Segments(tmp_path).get(["a"])["a"], 0.0)


def test_leftovers_of_dead_writers_are_removed(tmp_path):
    Segments(tmp_path).put({"a": np.zeros(1)})
    (segment,) = files_in(tmp_path)
    old, young = (tmp_path / f"{n:016x}-{n:016x}.frames.tmp" for n in (1, 2))
    others = [tmp_path / "notes.tmp", tmp_path / "mine.frames", tmp_path / "0.frames.tmp"]
    for path in [old, young, *others]:
        path.write_bytes(b"abc")
    for path in [old, *others]:
        os.utime(path, (time.time() - 100_000,) * 2)
    (tmp_path / f"{3:016x}-{3:016x}.frames.tmp").mkdir()
    assert Segments(tmp_path).get(["a"]).keys() == {"a"}
    assert not old.exists()
    assert all(path.exists() for path in [segment, young, *others])
    Segments(tmp_path, leftover_seconds=-1).get(["a"])
    assert not young.exists()


# Whatever is in the folder


def whole_folder(folder):
    """Two segments, and an index of another process that has read them."""
    shutil.rmtree(folder, ignore_errors=True)
    for some in ("abc", "def"):
        Segments(folder).put({key: FRAMES[key] for key in some})
    reader = Segments(folder)
    assert reader.get(FRAMES).keys() == FRAMES.keys()
    return reader, files_in(folder)


def mutations(data, content, other):
    """A mutated content of a file: flips, cuts, insertions, parts of another one."""
    position = data.draw(st.integers(0, len(content) - 1))
    kind = data.draw(st.sampled_from(["flip", "cut", "insert", "delete", "swap", "garbage", "add"]))
    garbage = data.draw(st.binary(min_size=1, max_size=60))
    if kind == "flip":
        flipped = bytearray(content)
        flipped[position] ^= 1 << data.draw(st.integers(0, 7))
        return bytes(flipped)
    return {
        "cut": content[:position],
        "insert": content[:position] + garbage + content[position:],
        "delete": content[:position] + content[position + len(garbage) :],
        "swap": content[:position] + other[position:],
        "garbage": garbage,
        "add": content + garbage,
    }[kind]


@given(st.data())
def test_mutated_files_give_right_numbers_or_none(tmp_path_factory, data):
    folder = str(tmp_path_factory.getbasetemp() / "mutated")
    reader, (first, second) = whole_folder(folder)
    contents = first.read_bytes(), second.read_bytes()
    first.write_bytes(mutations(data, *contents))
    if data.draw(st.booleans()):
        second.write_bytes(mutations(data, *contents[::-1]))
    for segments in (reader, Segments(folder)):
        found = segments.get(FRAMES)
        assert_right(found, FRAMES)
        segments.put({key: FRAMES[key] for key in FRAMES.keys() - found.keys()})
        assert_right(segments.get(FRAMES), FRAMES)
        assert segments.get(FRAMES).keys() == FRAMES.keys()
    assert Segments(folder).get(FRAMES).keys() == FRAMES.keys()


def test_each_bit_of_a_table_counts(tmp_path):
    _, (first, second) = whole_folder(tmp_path)
    second.unlink()
    content = first.read_bytes()
    assert Segments(tmp_path).get("abc").keys() == set("abc")
    for position in range(40 + int.from_bytes(content[16:24], "little")):
        for bit in range(8):
            flipped = bytearray(content)
            flipped[position] ^= 1 << bit
            first.write_bytes(flipped)
            assert Segments(tmp_path).get(FRAMES) == {}


def test_segments_may_change_places(tmp_path):
    reader, (first, second) = whole_folder(tmp_path)
    contents = first.read_bytes(), second.read_bytes()
    first.write_bytes(contents[1])
    second.write_bytes(contents[0])
    assert_right(reader.get(FRAMES), FRAMES)
    found = Segments(tmp_path).get(FRAMES)
    assert_right(found, FRAMES)
    assert found.keys() == FRAMES.keys()


def forged(lines, content=b"", magic=b"skxent frames 1\n", size=None):
    """A segment whose checksums are right, whatever the lines of its table say."""
    digest = hashlib.sha256(content).hexdigest()[:32]
    table = "\n".join(line.format(digest=digest) for line in lines).encode()
    size = len(table) if size is None else size
    digest = hashlib.sha256(table).digest()[:16]
    return magic + size.to_bytes(8, "little") + digest + table + content


FORGERIES = {
    "nothing": b"",
    "no lines": forged([]),
    "no shape of numbers": forged(["a <f4 axb {digest}"], bytes(8)),
    "negative": forged(["a <f4 -2 {digest}"], bytes(8)),
    "two negatives": forged(["a <f4 -1x-2 {digest}"], bytes(8)),
    "a shape that does not fit": forged(["a <f4 3 {digest}"], bytes(8)),
    "a type that does not fit": forged(["a <f8 2 {digest}"], bytes(8)),
    "huge": forged(["a <f4 999999999999999999 {digest}"], bytes(8)),
    "huger": forged(["a <f4 " + "x".join(["9" * 18] * 40) + " {digest}"], bytes(8)),
    "thousands of digits": forged(["a <f4 " + "9" * 9000 + " {digest}"], bytes(8)),
    "huge and empty": forged(["a <f4 0x999999999999999999x999999999999999999 {digest}"]),
    "many dimensions": forged(["a <f4 " + "x".join("1" * 100) + " {digest}"], bytes(4)),
    "objects": forged(["a |O8 1 {digest}"], bytes(8)),
    "text": forged(["a <U2 1 {digest}"], bytes(8)),
    "a structure": forged(["a i4,f4 1 {digest}"], bytes(8)),
    "no such type": forged(["a <f3 1 {digest}"], bytes(3)),
    "a type that runs": forged(["a __import__('os') 1 {digest}"], bytes(8)),
    "times": forged(["a <M8 1 {digest}"], bytes(8)),
    "another checksum": forged(["a <f4 2 " + "0" * 32], bytes(8)),
    "another key": forged(["b <f4 2 {digest}"], bytes(8)),
    "no text": forged(["ä <f4 2 {digest}"], bytes(8)),
    "a huge table": forged(["a <f4 2 {digest}"], bytes(8), size=2**63),
    "another table": forged(["a <f4 2 {digest}"], bytes(8), size=3),
    "another format": forged(["a <f4 2 {digest}"], bytes(8), magic=b"skxent frames 9\n"),
    "a pickle": b"\x80\x04cposix\nsystem\n(S'false'\ntR.",
}


@pytest.mark.parametrize("name", FORGERIES)
def test_forged_segments_hold_nothing(tmp_path, name):
    path = tmp_path / f"{1:016x}-{1:016x}.frames"
    path.write_bytes(FORGERIES[name])
    segments = Segments(tmp_path)
    assert segments.get(["a"]) == {}
    segments.put({"a": np.ones(2)})
    np.testing.assert_array_equal(Segments(tmp_path).get(["a"])["a"], 1.0)
    assert path.exists()  # may be of a later version


def test_the_forgeries_are_sound_but_for_what_their_name_says(tmp_path):
    path = tmp_path / f"{1:016x}-{1:016x}.frames"
    path.write_bytes(forged(["a <f4 2 {digest}"], bytes(8)))
    np.testing.assert_array_equal(Segments(tmp_path).get(["a"])["a"], np.zeros(2, np.float32))


@given(st.text("0123456789abf<>|xOUV ,-_\n\u0661", max_size=30))
@example("a <f4 1_0 {digest}")
@example("a <f4 \u0661 {digest}")
def test_a_line_of_anything_is_no_error(tmp_path_factory, line):
    folder = tmp_path_factory.getbasetemp() / "lines"
    folder.mkdir(exist_ok=True)
    path = folder / f"{1:016x}-{1:016x}.frames"
    if "{digest}" not in line:
        line = f"a {line} {{digest}}"
    path.write_bytes(forged([line], bytes(8)))
    for array in Segments(folder).get(["a"]).values():
        assert array.nbytes == 8


@pytest.mark.skipif(os.name != "posix", reason="such files are POSIX's")
@pytest.mark.parametrize("kind", ["fifo", "socket", "folder", "loop", "link", "device", "secret"])
@pytest.mark.parametrize("when", ["before", "while open"])
def test_only_regular_files_are_opened(tmp_path, kind, when, monkeypatch):
    folder = tmp_path / "f"
    reader, (first, _) = whole_folder(folder)
    content = first.read_bytes()
    if when == "before":
        reader = Segments(folder)
    first.unlink()
    if kind == "fifo":
        os.mkfifo(first)
    elif kind == "socket":
        monkeypatch.chdir(folder)  # the path of a socket must be short
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(first.name)
    elif kind == "folder":
        first.mkdir()
    elif kind == "loop":
        first.symlink_to(first.name)
    elif kind == "link":  # even to what it was
        (tmp_path / "elsewhere").write_bytes(content)
        first.symlink_to(tmp_path / "elsewhere")
    elif kind == "device":
        first.symlink_to("/dev/zero")
    else:
        first.write_bytes(content)
        first.chmod(0)
        if os.access(first, os.R_OK):
            pytest.skip("nothing is secret to this user")
    assert_right(reader.get(FRAMES), {key: FRAMES[key] for key in "def"})
    reader.put({key: FRAMES[key] for key in "abc"})
    assert reader.get(FRAMES).keys() == FRAMES.keys()


@pytest.mark.skipif(os.name != "posix", reason="such files are POSIX's")
def test_a_pipe_is_no_segment(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="pipe is no regular file"):
        _open(tmp_path / "pipe")


# Failures


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("is_new", [True, False])
def test_an_interrupted_write_leaves_the_old_state(tmp_path, monkeypatch, error, is_new):
    segments = Segments(tmp_path)
    if not is_new:
        segments.put({"a": np.zeros(3)})
    before = files_in(tmp_path)

    def fail(*_):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail)
        with pytest.raises(type(error)):
            segments.put({"a": np.ones(3), "b": np.ones(3)})
    assert files_in(tmp_path) == before
    for reader in (segments, Segments(tmp_path)):
        assert reader.get("ab").keys() == (set() if is_new else {"a"})
    segments.put({"b": np.ones(3)})
    assert Segments(tmp_path).get("ab").keys() == ({"b"} if is_new else {"a", "b"})
    assert len(files_in(tmp_path)) == 1


def test_a_folder_may_be_deleted_at_any_time(tmp_path):
    segments = Segments(tmp_path / "a" / "b")
    assert segments.get(["a"]) == {}
    segments.put({"a": np.zeros(1 << 16), "b": np.zeros(3)})
    shutil.rmtree(tmp_path / "a")
    assert segments.get(["a"]) == {}
    segments.put({"a": np.ones(3)})
    np.testing.assert_array_equal(Segments(segments.folder).get(["a"])["a"], 1.0)
    assert segments.get(["b"]) == {}


def test_a_segment_that_goes_away_is_looked_for_elsewhere(tmp_path):
    writer, reader = Segments(tmp_path), Segments(tmp_path)
    writer.put({"a": np.zeros(3)})
    assert reader.get(["a"]).keys() == {"a"}
    writer.put({"b": np.ones(3)})  # replaces the segment that the reader knows
    assert len(files_in(tmp_path)) == 1
    assert reader.get(["a"]).keys() == {"a"}


@pytest.mark.parametrize("key", ["", "../ab", "a/b", "a.b", "a\0b", "a b", "ä", "a\n"])
def test_keys_are_ascii_letters_and_digits(tmp_path, key):
    with pytest.raises(ValueError, match="letters and digits"):
        Segments(tmp_path).put({key: np.zeros(1)})
    assert Segments(tmp_path).get([key]) == {}


@pytest.mark.parametrize("dtype", [object, "U3", "S3", "M8[s]", "i4,f4", "V3"])
def test_only_numbers_are_kept(tmp_path, dtype):
    with pytest.raises(ValueError, match="must hold numbers"):
        Segments(tmp_path).put({"a": np.zeros(2, dtype)})
    assert not files_in(tmp_path)
