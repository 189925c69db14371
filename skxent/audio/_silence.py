"""libmpg123's notes about damaged files kept off the standard error, where they name no file.

libsndfile gives no access to libmpg123's setting for that: what is left is the file descriptor,
which all threads share. The price is that a process that is started in such a moment, or the report
of a crash, loses what it writes there. So it is done for what may be MPEG audio alone.
"""

import contextlib
import os
import re
import tempfile
import threading
from collections.abc import Iterator

# How libmpg123's lines begin, some of them after an empty one.
_NOTES = re.compile(
    rb"(?:^\n)?^(?:\[src/libmpg123/"
    rb"|Note: (?:Cut frame|Could be a BMP|Disabling all|Enabling all|Encoder delay|Hit end of"
    rb"|ID3v2|Ignoring Xing|Illegal Audio-MPEG|Info: |Input data end|Junk at the beginning"
    rb"|Looks like a RIFF|RVA |Skipped |Skipping ID3v2|Trying to resync|Want to enable|Xing"
    rb"|broken frame|doing RVA|frame of group|free format)"
    rb"|Warning: (?:Big change|Encountered more data|Real sample count|Xing stream size)"
    rb").*\n?",
    re.MULTILINE,
)

# The first bytes of what libsndfile does not give to libmpg123.
_OTHERS = (b"OggS", b"fLaC", b"FORM", b"caff", b".snd", b"riff")

_lock = threading.Lock()
_n_blocks = 0
_standard_error = -1  # while a block is open, if there is one
_taken = -1  # what is written there meanwhile


def may_have_notes(start: bytes) -> bool:
    """Return whether a file with these first bytes may be MPEG audio."""
    return not start.startswith(_OTHERS)


@contextlib.contextmanager
def without_notes() -> Iterator[None]:
    """Keep libmpg123's notes off the standard error while any such block is open, in any thread.

    What else this process writes there meanwhile appears at the end of the last block.
    """
    global _n_blocks
    with _lock:
        if not _n_blocks:
            _redirect()
        _n_blocks += 1
    try:
        yield
    finally:
        with _lock:
            _n_blocks -= 1
            if not _n_blocks:
                _restore()


def _redirect() -> None:
    global _standard_error, _taken
    try:
        _standard_error = os.dup(2)
    except OSError:  # it is closed, as for a program with windows
        _standard_error = -1
        return
    _taken = _open_temporary()
    os.dup2(_taken, 2)


def _open_temporary() -> int:
    if hasattr(os, "memfd_create"):  # ten times as fast
        return os.memfd_create("standard error")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _restore() -> None:
    if _standard_error == -1:
        return
    os.dup2(_standard_error, 2)
    os.close(_standard_error)
    n_bytes = os.lseek(_taken, 0, os.SEEK_END)
    if n_bytes:
        os.lseek(_taken, 0, os.SEEK_SET)
        os.write(2, _NOTES.sub(b"", os.read(_taken, n_bytes)))
    os.close(_taken)


def _restore_in_child() -> None:
    """Give a forked child, in which no block is open, its standard error."""
    global _n_blocks
    if _n_blocks and _standard_error != -1:  # what was taken is the parent's to write
        os.dup2(_standard_error, 2)
        os.close(_standard_error)
        os.close(_taken)
    _n_blocks = 0
    _lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_restore_in_child
    )
