"""Frames of clips that were seen before, kept in memory or on disk."""

import difflib
import functools
import hashlib
import os
import stat
import threading
from numbers import Integral, Real

import numpy as np

from skxent.features._stores import SHARED, DiskCache

# Part of every key: raise it when the frames of the same clip and parameters change.
_FORMAT = 2


# The keys that are worked on, and the thread that does.
_in_work = {}


_done = threading.Condition(threading.Lock())


def clip_key(clip, parameters):
    """Return what identifies the frames of a clip.

    Parameters
    ----------
    clip : array-like, tuple or path
        As in :func:`skxent.audio.load`.
    parameters : tuple
        All that the frames depend on besides the clip: numbers, strings, None
        and sequences of these. Numbers of different types that are equal are the
        same: 8000, 8000.0 and ``np.int64(8000)``.

    Returns
    -------
    key : str or None
        A number in hexadecimal. For an array it depends on the samples, their
        type and shape (and the rate of a pair), for a file on its absolute path,
        size and time of modification. None if `clip` is no clip or no such file
        is there: what is wrong is for the loader to tell.

    Raises
    ------
    TypeError
        If `parameters` holds something else, of which no spelling is known to be
        complete.

    Notes
    -----
    Make the key before the file is loaded: if it changes in between, the new
    frames go with a key that no later look finds.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.features._cache import clip_key
    >>> clip = np.arange(5.0)
    >>> clip_key(clip, (8000, "psf")) == clip_key(clip.copy(), (8000, "psf"))
    True
    >>> clip_key(clip, (8000, "psf")) == clip_key(clip, (16000, "psf"))
    False
    >>> clip_key("none.wav", (8000, "psf")) is None
    True
    """
    try:
        parameters = _spell_once(parameters)
    except TypeError:  # a list in it has no hash, or it is wrong
        parameters = _spell(parameters)
    if isinstance(clip, str | os.PathLike):
        return _file_key(clip, parameters)
    rate = None
    if isinstance(clip, tuple):
        if len(clip) != 2 or not isinstance(clip[0], Real):
            return None
        rate, clip = _spell(clip[0]), clip[1]
    try:
        signal = np.asarray(clip)
    except (TypeError, ValueError):  # such as nested lists of different lengths
        return None
    if signal.dtype.kind not in "iuf" or signal.ndim not in (1, 2):
        return None
    if signal.dtype.kind != "f" and not hasattr(clip, "dtype"):
        return None  # a list of integers, which the loader refuses
    # The repr of a tuple of strings and numbers can be read in one way only, so what
    # differs in any part is hashed differently.
    header = repr((_FORMAT, parameters, signal.dtype.str, signal.shape, rate))
    return _digest(header, signal.ravel())


def _file_key(path, parameters):
    try:
        path = os.path.abspath(os.fsdecode(path))
        status = os.stat(path)
    except (OSError, ValueError):  # no such file; a name that no file can have
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    header = repr((_FORMAT, parameters, path, status.st_size, status.st_mtime_ns))
    return _digest(header)


def _digest(header, content=b""):
    # On processors with SHA instructions twice as fast as BLAKE2.
    digest = hashlib.sha256(header.encode(), usedforsecurity=False)
    digest.update(content)
    return digest.hexdigest()[:32]


def _spell(value):
    """Spell out a value such that equal ones, and only those, give equal strings."""
    if value is None:
        return "None"
    if isinstance(value, str):
        return repr(str(value))  # the repr of np.str_ is another one
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Real):
        number = float(value)
        return str(int(number)) if number.is_integer() else repr(number)
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, tuple | list):
        return f"({','.join(map(_spell, value))})"
    raise TypeError(
        "parameters must consist of numbers, strings, None and sequences of these, "
        f"got {type(value).__name__}"
    )


_spell_once = functools.lru_cache(maxsize=64)(_spell)


def get_or_compute(cache, keys, compute):
    """Take frames from a cache, and compute and store those that it lacks.

    What several threads want at the same time is computed by one of them, and
    what is wanted twice in a call, once.

    Parameters
    ----------
    cache : object
        With methods ``get(key)`` and ``put(key, frames)``, as
        :class:`MemoryCache` has them.
    keys : sequence of str or None
        One for each clip; what has None is computed and not stored.
    compute : callable
        Called with a list of positions in `keys`, in increasing order, it returns
        an iterable of the arrays that belong there. What is no array, such as a
        reason why there is none, is not stored.

    Returns
    -------
    frames : list of ndarray
        One for each key. They are read-only, as the cache may own them.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.features import MemoryCache
    >>> from skxent.features._cache import get_or_compute
    >>> def compute(positions):
    ...     print("computes", positions)
    ...     return [np.full(2, i) for i in positions]
    >>> cache = MemoryCache()
    >>> get_or_compute(cache, ["a", "b", "a"], compute)
    computes [0, 1]
    [array([0, 0]), array([1, 1]), array([0, 0])]
    >>> get_or_compute(cache, ["b", "c"], compute)
    computes [1]
    [array([1, 1]), array([1, 1])]
    """
    names = [object() if key is None else key for key in keys]
    first = {}
    for position, name in enumerate(names):
        first.setdefault(name, position)
    found = {}
    while len(found) < len(first):
        # All that is claimed is released before others' work is waited for, so that no two
        # threads wait for each other.
        claimed = _claim([name for name in first if name not in found])
        try:
            _compute_claimed(cache, {name: first[name] for name in claimed}, compute, found)
        finally:
            with _done:
                for name in claimed:
                    _in_work.pop(name, None)
                _done.notify_all()
    return [found[name] for name in names]


def _claim(names):
    """Return those of the names that no other thread works on, once there are any."""
    # What this thread has claimed already is from a call that Ctrl-C ended at the wrong
    # moment, or that calls this one: to wait for it would be to wait forever.
    me = threading.get_ident()
    with _done:
        while not (free := [name for name in names if _in_work.get(name, me) == me]):
            _done.wait()
        _in_work.update(dict.fromkeys(free, me))
        return free


def _compute_claimed(cache, first, compute, found):
    """Add to what is found the frames of every name, by the position that it is first at."""
    for name in first:
        frames = cache.get(name) if isinstance(name, str) else None
        if frames is not None:
            found[name] = frames
    lacking = [name for name in first if name not in found]
    if not lacking:
        return
    computed = compute([first[name] for name in lacking])
    for name, frames in zip(lacking, computed, strict=True):
        found[name] = frames
        if not isinstance(frames, np.ndarray):
            continue
        frames.flags.writeable = False
        if isinstance(name, str):
            cache.put(name, frames)


def open_cache(cache):
    """Return the cache that an estimator's parameter `cache` stands for.

    Parameters
    ----------
    cache : None, "memory", str, os.PathLike, joblib.Memory or object
        - None, or a :class:`joblib.Memory` without location: no cache.
        - "memory": the :class:`MemoryCache` that the whole process shares, of
          the default size.
        - A path: a :class:`DiskCache` in that folder. For a new folder whose name
          is memory, or looks like a slip for it, give "./memory".
        - An object with an attribute `location`, such as a joblib.Memory: a
          DiskCache in a folder skxent at that place.
        - An object with methods `get` and `put`: itself.

    Returns
    -------
    cache : object or None
        With methods ``get(key)`` and ``put(key, frames)``.

    Raises
    ------
    OSError
        If the folder can't be made.
    TypeError, ValueError
        If `cache` is something else, empty, or a slip for "memory".

    Examples
    --------
    >>> from skxent.features._cache import open_cache
    >>> open_cache("memory")
    MemoryCache(max_bytes=536870912)
    >>> open_cache(None) is None
    True
    """
    if cache is None:
        return None
    if isinstance(cache, str) and cache == "memory":
        return SHARED
    if isinstance(cache, str) and _is_slip(cache):
        raise ValueError(
            f"cache={cache!r} is no folder: 'memory' is the cache in memory, and for a new folder "
            f"of this name give {os.path.join('.', cache)!r}"
        )
    if isinstance(cache, str | os.PathLike):
        return DiskCache(cache)
    if not isinstance(cache, type):
        if callable(getattr(cache, "get", None)) and callable(getattr(cache, "put", None)):
            return cache
        location = getattr(cache, "location", cache)
        if location is None:
            return None
        if isinstance(location, str | os.PathLike):
            return DiskCache(os.path.join(location, "skxent"))
    raise TypeError(
        "cache must be None, 'memory', the path of a folder, a joblib.Memory or an object with "
        f"methods get and put, got {cache!r}"
    )


def _is_slip(name):
    """Tell whether a name is rather a slip for "memory" than a folder to be made."""
    is_new = os.path.basename(name) == name and not os.path.isdir(name)
    return is_new and bool(difflib.get_close_matches(name.lower(), ["memory"], cutoff=0.8))


def _start_child():
    _in_work.clear()  # the threads that worked are not in the child
    _done.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_done.acquire, after_in_parent=_done.release, after_in_child=_start_child
    )
