"""Segments: files of many arrays by key, each written once, and an index of those in a folder.

A segment is

    16 bytes     what it is
     8 bytes     size of the table, little-endian
    16 bytes     checksum of the table
    the table    for each array a line: its key, type, shape and checksum, in ASCII
    the arrays   one after the other, in C order

Whatever is in a folder, reading it gives arrays of numbers that fit their line and checksum, or
nothing.
"""

import contextlib
import functools
import hashlib
import math
import os
import re
import stat
import time
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

_MAGIC = b"skxent frames 1\n"
_START = len(_MAGIC) + 8 + 16

# A table of hundreds of thousands of arrays. Also the most that a forged size makes us read.
_LARGEST_TABLE = 1 << 25

# Names sort by time, so that of two arrays of a key the later one counts.
_NAME = re.compile(r"[0-9a-f]{16}-[0-9a-f]{16}\.frames")

_LINE = re.compile(
    r"([0-9A-Za-z]+) ([<>|][biufc][0-9]{1,2}) ((?:[0-9]{1,18}(?:x[0-9]{1,18})*)?) ([0-9a-f]{32})"
)

# Links are not followed, and neither a pipe nor a device blocks. Windows has none of these.
_FLAGS = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))


class _Entry(NamedTuple):
    """Where an array is, and what it has to be."""

    segment: str
    offset: int
    end: int
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    digest: bytes


class _Record(NamedTuple):
    """The line of an array in the table, and its bytes."""

    line: str
    content: bytes


class Segments:
    """Arrays by key in the segments of a folder, and the index of this process.

    Safe with several threads, processes and machines, without a lock: segments never change, and
    each step on the index is a single operation on a dict or a list. What a race loses is missing,
    and so is what is broken.

    Arrays that are put one by one are collected in one segment, which is replaced by a larger one
    until it has `small_bytes`. Files of writers that died are removed after `leftover_seconds`.
    """

    def __init__(
        self, folder: str, *, small_bytes: int = 1 << 18, leftover_seconds: float = 86400
    ) -> None:
        self.folder = folder
        self.small_bytes = small_bytes
        self.leftover_seconds = leftover_seconds
        self.has_warned = False
        self._index: dict[str, _Entry] = {}
        self._keys: dict[str, list[str]] = {}  # by segment; none of one that is broken
        self._small: list[tuple[str, dict[str, _Record]]] = []

    def get(self, keys: Iterable[str]) -> dict[str, NDArray[Any]]:
        """Return the arrays of those keys that are there, read-only."""
        keys = list(keys)
        found = self._read(keys)
        lacking = [key for key in keys if key not in found]
        if lacking:
            self._find_segments()
            found.update(self._read(lacking))
        return found

    def put(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write arrays of numbers to a segment; OSError if that fails."""
        records = {key: _record(key, array) for key, array in arrays.items()}
        if not records:
            return
        name = f"{time.time_ns():016x}-{uuid.uuid4().hex[:16]}.frames"
        try:  # a pop is atomic: no two threads replace the same segment
            replaced = [self._small.pop()]
        except IndexError:
            replaced = []
        for _, some in replaced:
            records = some | records
        try:
            start = self._write(name, records)
        except BaseException:
            self._small += replaced
            raise
        self._add(name, _parse(name, start, [record.line for record in records.values()]))
        if sum(len(record.content) for record in records.values()) < self.small_bytes:
            self._small.append((name, records))
        for old, _ in replaced:
            self._keys.pop(old, None)
            with contextlib.suppress(OSError):
                os.remove(os.path.join(self.folder, old))

    def _read(self, keys: Iterable[str]) -> dict[str, NDArray[Any]]:
        """Read the arrays of those keys that the index has, and forget what is no file."""
        wanted: dict[str, dict[str, _Entry]] = {}
        for key in keys:
            if entry := self._index.get(key):
                wanted.setdefault(entry.segment, {})[key] = entry
        found: dict[str, NDArray[Any]] = {}
        for segment, entries in wanted.items():
            try:
                with _open(os.path.join(self.folder, segment)) as file:
                    found.update(_read_arrays(file, entries))
            except OSError:
                self._forget(segment)
        return found

    def _forget(self, segment: str) -> None:
        for key in self._keys.pop(segment, ()):
            entry = self._index.get(key)
            if entry and entry.segment == segment:
                self._index.pop(key, None)

    def _find_segments(self) -> None:
        """Add what others have put since, and remove what dead writers left."""
        new = []
        with contextlib.suppress(OSError), os.scandir(self.folder) as files:
            for file in files:
                if file.name in self._keys or not file.is_file(follow_symlinks=False):
                    continue
                if _NAME.fullmatch(file.name):
                    new.append(file.name)
                elif _NAME.fullmatch(file.name.removesuffix(".tmp")):
                    with contextlib.suppress(OSError):
                        if file.stat().st_mtime < time.time() - self.leftover_seconds:
                            os.remove(file.path)
        for name in sorted(new):
            self._add(name, _read_table(self.folder, name))

    def _add(self, segment: str, entries: Mapping[str, _Entry]) -> None:
        self._index.update(entries)
        self._keys[segment] = list(entries)

    def _write(self, name: str, records: Mapping[str, _Record]) -> int:
        """Write a segment that is there as a whole or not at all; return where its arrays begin."""
        # Not synchronised to the disk: what a power cut damages fails its checksum.
        table = "\n".join(record.line for record in records.values()).encode()
        path = os.path.join(self.folder, name)
        os.makedirs(self.folder, exist_ok=True)
        try:
            # Unlike a file of tempfile, it gets the permissions of the umask.
            with open(f"{path}.tmp", "xb") as file:
                file.write(_MAGIC + len(table).to_bytes(8, "little") + _digest(table) + table)
                file.writelines(record.content for record in records.values())
            os.replace(f"{path}.tmp", path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.remove(f"{path}.tmp")
            raise
        return _START + len(table)


@functools.lru_cache(maxsize=16)
def segments_of(folder: str) -> Segments:
    """Return the segments of a folder, whose index all caches of the process share."""
    return Segments(folder)


def _record(key: str, array: NDArray[Any]) -> _Record:
    if not (key.isascii() and key.isalnum()):
        raise ValueError(f"a key must consist of letters and digits, got {key!r}")
    if array.dtype.kind not in "biufc":
        raise ValueError(f"an array in a cache must hold numbers, got {array.dtype}")
    content = array.tobytes()
    shape = "x".join(map(str, array.shape))
    return _Record(f"{key} {array.dtype.str} {shape} {_digest(content).hex()}", content)


def _parse(segment: str, start: int, lines: Iterable[str]) -> dict[str, _Entry]:
    """Return the entries of a table; ValueError or TypeError if a line is wrong."""
    entries = {}
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"no line of a table: {line!r}")
        key, dtype, shape, digest = match.groups()
        layout, size = _layout(dtype, shape)
        entries[key] = _Entry(segment, start, start + size, *layout, bytes.fromhex(digest))
        start += size
    return entries


@functools.lru_cache(maxsize=4096)
def _layout(dtype: str, shape: str) -> tuple[tuple[np.dtype[Any], tuple[int, ...]], int]:
    """Return the type and shape that a line tells, and the number of bytes."""
    kind, lengths = np.dtype(dtype), tuple(map(int, shape.split("x"))) if shape else ()
    return (kind, lengths), kind.itemsize * math.prod(lengths)


def _read_table(folder: str, segment: str) -> dict[str, _Entry]:
    """Return the entries of a segment; none if anything is wrong with its table or size."""
    try:
        with _open(os.path.join(folder, segment)) as file:
            head = file.read(_START)
            size = int.from_bytes(head[len(_MAGIC) : len(_MAGIC) + 8], "little")
            if head[: len(_MAGIC)] != _MAGIC or size > _LARGEST_TABLE:
                return {}
            table = file.read(size)
            if _digest(table) != head[-16:]:
                return {}
            entries = _parse(segment, _START + size, table.decode("ascii").split("\n"))
            end = max(entry.end for entry in entries.values())
            # No array is larger than the file, whatever the table says.
            return entries if end == os.fstat(file.fileno()).st_size else {}
    except (OSError, ValueError, TypeError):
        return {}


def _read_arrays(file: BinaryIO, entries: Mapping[str, _Entry]) -> dict[str, NDArray[Any]]:
    """Return those arrays of a segment that are what their entries say."""
    found = {}
    for run in _runs(entries):
        start = run[0][1].offset
        try:
            file.seek(start)
            content = memoryview(file.read(run[-1][1].end - start))
        except MemoryError:
            continue
        for key, entry in run:
            part = content[entry.offset - start : entry.end - start]
            # What is cut short fails its checksum. The shape may be one that no array can have.
            if _digest(part) == entry.digest:
                with contextlib.suppress(ValueError, OverflowError):
                    found[key] = np.ndarray(entry.shape, entry.dtype, part)
    return found


def _runs(entries: Mapping[str, _Entry]) -> list[list[tuple[str, _Entry]]]:
    """Return the entries in runs of neighbours, which are read at once."""
    runs: list[list[tuple[str, _Entry]]] = []
    end = None
    for item in sorted(entries.items(), key=lambda item: item[1].offset):
        if item[1].offset != end:
            runs.append([])
        runs[-1].append(item)
        end = item[1].end
    return runs


def _open(path: str) -> BinaryIO:
    """Open a regular file; OSError for what is none."""
    file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | _FLAGS))  # noqa: SIM115
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(f"{path} is no regular file")
    return file


def _digest(content: bytes | memoryview) -> bytes:
    return hashlib.sha256(content, usedforsecurity=False).digest()[:16]
