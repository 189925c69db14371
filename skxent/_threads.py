"""One BLAS thread for work whose matrix products are small."""

import contextlib
import functools
import os
import threading
from collections.abc import Iterator
from typing import Any

from threadpoolctl import OpenBLASController, ThreadpoolController

_lock = threading.Lock()
_threads_of_open_blocks: list[int] = []
_limit_of_process: Any = None  # set by the first block, lifted by the last


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit BLAS to one thread while any such block is open, in this thread or another."""
    global _limit_of_process
    libraries, shared = _find_libraries()
    thread = threading.get_ident()
    with _lock:
        if not _threads_of_open_blocks:
            OpenBLASController.clear_controlling_thread(force=True)
            _limit_of_process = shared.limit(limits=1)
        _threads_of_open_blocks.append(thread)
    try:
        with libraries.limit(limits=1):
            yield
    finally:
        with _lock:
            _threads_of_open_blocks.remove(thread)
            if not _threads_of_open_blocks:
                _lift_limit_of_process()


@functools.cache
def _find_libraries() -> tuple[Any, Any]:
    """Return controllers of all BLAS libraries, and of those whose limit is the process's."""
    libraries = ThreadpoolController().select(user_api="blas")
    openblas = libraries.select(internal_api="openblas")
    return libraries, openblas.select(threading_layer=["pthreads", "unknown"])


def _lift_limit_of_process() -> None:
    # threadpoolctl ignores all threads but the one that set a limit, and the last block need
    # not be of the thread that the first one was of.
    OpenBLASController.clear_controlling_thread(force=True)
    _limit_of_process.restore_original_limits()
    OpenBLASController.clear_controlling_thread()


def _close_blocks_of_lost_threads() -> None:
    """Leave a forked child with the blocks of its only thread, the one that forked."""
    kept = [thread for thread in _threads_of_open_blocks if thread == threading.get_ident()]
    if _threads_of_open_blocks and not kept:
        _lift_limit_of_process()
    _threads_of_open_blocks[:] = kept
    _lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_lock.acquire,
        after_in_parent=_lock.release,
        after_in_child=_close_blocks_of_lost_threads,
    )
