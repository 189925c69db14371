"""libmpg123's notes about damaged files kept off the standard error, where they name no file.

libsndfile gives no access to libmpg123's setting for that: what is left is the file descriptor,
which all threads share.
"""

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator

_NOTES = (b"[src/libmpg123/", b"Note: ", b"Warning: ", b"\n")

_lock = threading.Lock()
_n_blocks = 0
_standard_error = -1  # while a block is open, if there is one
_taken = -1  # what is written there meanwhile


@contextlib.contextmanager
def without_notes() -> Iterator[None]:
    """Keep libmpg123's notes off the standard error while any such block is open, in any thread.

    What else is written there meanwhile appears at the end of the last block.
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
        lines = os.read(_taken, n_bytes).splitlines(keepends=True)
        os.write(2, b"".join(line for line in lines if not line.startswith(_NOTES)))
    os.close(_taken)


def _restore_in_child() -> None:
    """Give a forked child, in which no block is open, its standard error."""
    global _n_blocks
    if _n_blocks:
        _n_blocks = 0
        _restore()
    _lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_restore_in_child
    )
