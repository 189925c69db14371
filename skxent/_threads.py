"""One BLAS thread for work whose matrix products are small."""

import contextlib
import functools
import threading
from collections.abc import Iterator

from threadpoolctl import ThreadpoolController

# The libraries are looked up once; that takes longer than small work does.
_controller = functools.cache(ThreadpoolController)


_is_limited = threading.Lock()


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit BLAS to one thread for the time of a block.

    The limit is one of the process. Where blocks overlap, in one thread or in
    several, the first one sets and lifts it, and the others leave it alone: a
    second thread that saved and restored it too would leave it behind for good.

    Yields
    ------
    None
        Nothing.

    Examples
    --------
    >>> from skxent._threads import one_blas_thread
    >>> with one_blas_thread():
    ...     pass
    """
    if not _is_limited.acquire(blocking=False):
        yield
        return
    try:
        with _controller().limit(limits=1, user_api="blas"):
            yield
    finally:
        _is_limited.release()
