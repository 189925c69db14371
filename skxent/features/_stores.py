"""Stores of arrays by key, in memory and on disk."""

import collections
import contextlib
import functools
import hashlib
import io
import os
import threading
import uuid
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DIGEST_SIZE = 32


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


class DiskCache:
    """Keep arrays in the files of a folder.

    Safe with threads and processes, also on several machines: a file is first
    written under another name, and has a checksum. A broken or incomplete entry
    counts as missing, and is written again. The size is not limited: delete the
    folder at any time.

    Parameters
    ----------
    folder : str or os.PathLike
        Made if it doesn't exist. A leading ``~`` is the home directory.

    Attributes
    ----------
    folder : str
        Absolute path.

    Raises
    ------
    OSError
        If the folder can't be made.
    ValueError
        If its name is empty.

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
        if not path:
            raise ValueError("the folder of a cache must have a name, got an empty one")
        self.folder = os.path.abspath(os.path.expanduser(path))
        self._has_warned = False
        try:
            os.makedirs(self.folder, exist_ok=True)
        except OSError as error:
            reason = f"the cache's folder can't be made: {error.strerror}"
            raise type(error)(error.errno, reason, self.folder) from error

    def get(self, key: str) -> NDArray[Any] | None:
        """Return the array of a key.

        Parameters
        ----------
        key : str
            As in `put`.

        Returns
        -------
        frames : ndarray or None
            Read-only. None if the entry is missing or broken.

        Raises
        ------
        ValueError
            If the key has other characters than letters and digits.
        """
        try:
            with open(self._path(key), "rb") as file:
                entry = file.read()
        except OSError:
            return None
        content, digest = entry[:-_DIGEST_SIZE], entry[-_DIGEST_SIZE:]
        if digest != _digest(key, content):
            return None
        # The content is now what `put` wrote: magic string, version 1, length of the header.
        start = 10 + int.from_bytes(content[8:10], "little")
        shape, is_fortran, dtype = _parse_header(content[:start])
        frames = np.frombuffer(content, dtype, offset=start)
        return frames.reshape(shape, order="F" if is_fortran else "C")

    def put(self, key: str, frames: NDArray[Any]) -> None:
        """Keep an array under a key.

        If this fails, as on a full disk, a warning is issued the first time.

        Parameters
        ----------
        key : str
            Letters and digits.
        frames : ndarray
            Of numbers.

        Raises
        ------
        ValueError
            If the array holds Python objects, or the key has other characters than
            letters and digits.
        """
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, frames, version=(1, 0), allow_pickle=False)
        content = buffer.getvalue()
        try:
            # NumPy can read the file too: it ignores what follows the array.
            _write_atomically(self._path(key), content + _digest(key, content))
        except OSError as error:
            if not self._has_warned:
                self._has_warned = True
                warnings.warn(
                    f"the cache {self.folder} can't be written to ({error}): the results are "
                    "right, but will be computed again",
                    UserWarning,
                    stacklevel=2,
                )

    def _path(self, key: str) -> str:
        if not key.isalnum():
            raise ValueError(f"a key must consist of letters and digits, got {key!r}")
        # Folders of hundreds of thousands of files are slow on some file systems.
        return os.path.join(self.folder, key[:2], f"{key}.npy")

    def __repr__(self) -> str:
        return f"DiskCache({self.folder!r})"

    def __eq__(self, other: object) -> bool:
        return self.folder == other.folder if isinstance(other, DiskCache) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.folder)

    def __reduce__(self) -> tuple[Any, ...]:
        return DiskCache, (self.folder,)


def _digest(key: str, content: bytes) -> bytes:
    digest = hashlib.sha256(key.encode(), usedforsecurity=False)
    digest.update(content)
    return digest.digest()


@functools.lru_cache(maxsize=1024)
def _parse_header(header: bytes) -> tuple[Any, ...]:
    """Return shape, order and type, whose parsing takes longer than the rest."""
    file = io.BytesIO(header)
    np.lib.format.read_magic(file)
    return np.lib.format.read_array_header_1_0(file)


def _write_atomically(path: str, content: bytes) -> None:
    # Not synchronised to the disk: an entry damaged by a power cut fails its checksum.
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = os.path.join(os.path.dirname(path), f"{uuid.uuid4().hex}.tmp")
    try:
        # Unlike a file of tempfile, it gets the permissions of the umask.
        with open(temporary, "xb") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.remove(temporary)
        raise


if hasattr(os, "register_at_fork"):
    # A child must not inherit a lock that no thread of its own will release.
    os.register_at_fork(
        before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release
    )
