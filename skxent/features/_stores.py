"""Stores of arrays by key, in memory and on disk."""

import collections
import os
import threading
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxent.features._segments import segments_of

# One lock for all memory caches, held for microseconds. As the only one it can be held across a
# fork, see the end of the module.
_lock = threading.Lock()


class MemoryCache:
    """Keep the most recently used arrays in memory, up to a number of bytes.

    Safe with threads. Deep copies and clones of an estimator share it. A pickle
    holds its size alone, so each task of a worker process begins with an empty
    cache; use ``cache="memory"`` or a folder there.

    Parameters
    ----------
    max_bytes : int, default=2**29
        Largest size of all arrays together, at least 1.

    Attributes
    ----------
    n_bytes : int
        Size of all arrays.

    hits, misses : int
        Number of calls of `get` that found an array, and that did not.

    Raises
    ------
    TypeError
        If `max_bytes` is no integer.
    ValueError
        If it is less than one.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.features import MemoryCache
    >>> cache = MemoryCache(max_bytes=100)
    >>> cache.put("a", np.zeros(10))
    >>> cache.put("b", np.ones(2))
    >>> cache.put("c", np.ones(2))
    >>> cache.get("a") is None, cache.get("b"), cache.n_bytes
    (True, array([1., 1.]), 32)
    """

    def __init__(self, max_bytes: int = 2**29) -> None:
        if not isinstance(max_bytes, int | np.integer) or isinstance(max_bytes, bool):
            raise TypeError(f"max_bytes must be an integer, got {max_bytes!r}")
        if max_bytes < 1:
            raise ValueError(f"max_bytes must be at least 1, got {max_bytes!r}")
        self.max_bytes = int(max_bytes)
        self._arrays: collections.OrderedDict[str, NDArray[Any]] = collections.OrderedDict()
        self._has_warned = False
        self.n_bytes = self.hits = self.misses = 0

    def get(self, key: str) -> NDArray[Any] | None:
        """Return the array of a key.

        Parameters
        ----------
        key : str
            As in `put`.

        Returns
        -------
        frames : ndarray or None
            Read-only. None if the key is missing.
        """
        with _lock:
            frames = self._arrays.get(key)
            if frames is None:
                self.misses += 1
            else:
                self.hits += 1
                self._arrays.move_to_end(key)
            return frames

    def put(self, key: str, frames: NDArray[Any]) -> None:
        """Keep an array under a key.

        Parameters
        ----------
        key : str
            Identifies the clip and the settings.
        frames : ndarray
            The cache takes it over and makes it read-only. A view is copied, since it
            keeps all of its base in memory.
        """
        fits = frames.nbytes <= self.max_bytes
        if fits and frames.base is not None:
            frames = frames.copy()
        frames.flags.writeable = False
        with _lock:
            old = self._arrays.pop(key, None)
            if old is not None:
                self.n_bytes -= old.nbytes
            if not fits:
                return
            self._arrays[key] = frames
            self.n_bytes += frames.nbytes
            while self.n_bytes > self.max_bytes:
                self.n_bytes -= self._arrays.popitem(last=False)[1].nbytes

    def clear(self) -> None:
        """Remove all arrays and reset the counts."""
        with _lock:
            self._arrays.clear()
            self.n_bytes = self.hits = self.misses = 0

    def __len__(self) -> int:
        return len(self._arrays)

    def __bool__(self) -> bool:
        return True  # an empty cache is still a cache

    def __repr__(self) -> str:
        return f"MemoryCache(max_bytes={self.max_bytes})"

    def __deepcopy__(self, memo: object) -> "MemoryCache":
        return self  # as does sklearn.base.clone, so that the candidates of a search share it

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.max_bytes,)


# The one that cache="memory" stands for.
SHARED = MemoryCache()


def warn_of_small_memory(cache: object, n_bytes: int, stacklevel: int) -> None:
    """Warn the first time that a cache is too small for the frames of all clips of a call.

    `stacklevel` is seen from the caller.
    """
    if isinstance(cache, MemoryCache) and n_bytes > cache.max_bytes and not cache._has_warned:
        cache._has_warned = True
        warnings.warn(
            f"the frames of these clips take {n_bytes:,} bytes, and the cache holds "
            f"{cache.max_bytes:,}: the next call may compute them again. Use a folder, "
            "cache='path', or a skxent.features.MemoryCache that is large enough",
            UserWarning,
            stacklevel=stacklevel + 1,
        )


class DiskCache:
    """Keep arrays in the files of a folder.

    Arrays that are put together share a file. Safe with threads and processes,
    also on several machines: a file is first written under another name, never
    changes, and has checksums. What is broken or incomplete counts as missing, and
    is written again. If writing fails, as on a full disk or where the folder can't
    be made, a warning says so once in the process, and nothing is kept. The size is
    not limited: delete the folder at any time.

    Parameters
    ----------
    folder : str or os.PathLike
        Made when something is put into it. A leading ``~`` is the home directory.

    Attributes
    ----------
    folder : str
        Absolute path.

    Raises
    ------
    ValueError
        If the name of the folder is empty, or has a null character.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from skxent.features import DiskCache
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     DiskCache(folder).put("a", np.arange(3))
    ...     DiskCache(folder).get("a"), DiskCache(folder).get("b")
    (array([0, 1, 2]), None)
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        path = os.fsdecode(folder)
        if not path or "\0" in path:
            raise ValueError(f"the folder of a cache must have a name, got {path!r}")
        self.folder = os.path.abspath(os.path.expanduser(path))
        self._segments = segments_of(self.folder)

    def get(self, key: str) -> NDArray[Any] | None:
        """Return the array of a key.

        Parameters
        ----------
        key : str
            As in `put`.

        Returns
        -------
        frames : ndarray or None
            Read-only. None if it is missing or broken.
        """
        return self.get_many([key]).get(key)

    def get_many(self, keys: Iterable[str]) -> dict[str, NDArray[Any]]:
        """Return the arrays of several keys, which takes less time than one by one.

        Parameters
        ----------
        keys : iterable of str
            As in `put`.

        Returns
        -------
        arrays : dict of str to ndarray
            Read-only. Without the keys that are missing or broken.
        """
        return self._segments.get(keys)

    def put(self, key: str, frames: NDArray[Any]) -> None:
        """Keep an array under a key.

        Parameters
        ----------
        key : str
            ASCII letters and digits.
        frames : ndarray
            Of numbers.

        Raises
        ------
        ValueError
            If the array doesn't hold numbers, or the key has other characters.
        """
        self.put_many({key: frames})

    def put_many(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Keep several arrays, in one file.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            As in `put`.

        Raises
        ------
        ValueError
            As `put` raises.
        """
        try:
            self._segments.put(arrays)
        except OSError as error:
            if not self._segments.has_warned:
                self._segments.has_warned = True
                warnings.warn(
                    f"the cache {self.folder} can't be written to ({error}): the results are "
                    "right, but will be computed again",
                    UserWarning,
                    stacklevel=2,
                )

    def __repr__(self) -> str:
        return f"DiskCache({self.folder!r})"

    def __eq__(self, other: object) -> bool:
        return self.folder == other.folder if isinstance(other, DiskCache) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.folder)

    def __reduce__(self) -> tuple[Any, ...]:
        return DiskCache, (self.folder,)


if hasattr(os, "register_at_fork"):
    # A child must not inherit a lock that no thread of its own will release.
    os.register_at_fork(
        before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release
    )
