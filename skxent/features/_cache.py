"""Frames of clips by key: taken from a cache, or computed and stored there."""

import functools
import hashlib
import os
import stat
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from skxent.audio._deferred import Deferred
from skxent.features._saving import FolderFromFile
from skxent.features._stores import SHARED, DiskCache

# Part of every key: raise it when the frames of the same clip and parameters change.
_FORMAT = 2


class Cache(Protocol):
    """Keeps arrays by key."""

    def get(self, key: str) -> NDArray[Any] | None: ...

    def put(self, key: str, frames: NDArray[Any]) -> None: ...


def clip_key(clip: Any, parameters: tuple[Any, ...]) -> str | None:
    """Return a key for the frames of a clip; None for an invalid clip or a missing file.

    `parameters` is everything else that frames depend on: numbers, strings, None and sequences of
    these. Equal numbers of different types are the same. An array is identified by its samples,
    type and shape, a file by its absolute path, size and time of modification, a deferred signal
    by its own key, if it has one. Make the key before the file is loaded: if it changes in between,
    its frames get a key that is not looked up again.
    """
    try:
        parameters_text = _spell_once(parameters)
    except TypeError:  # a list in it has no hash, or it is wrong
        parameters_text = _spell(parameters)
    if isinstance(clip, str | os.PathLike):
        return _file_key(clip, parameters_text)
    rate = None
    if isinstance(clip, tuple):
        if len(clip) != 2 or not isinstance(clip[0], Real):
            return None
        rate, clip = _spell(clip[0]), clip[1]
    if isinstance(clip, Deferred):
        key = clip.cache_key()
        return None if key is None else _digest(repr((_FORMAT, parameters_text, key, rate)))
    try:
        signal = np.asarray(clip)
    except (TypeError, ValueError):  # such as nested lists of different lengths
        return None
    if signal.dtype.kind not in "iuf" or signal.ndim not in (1, 2):
        return None
    if signal.dtype.kind != "f" and not hasattr(clip, "dtype"):
        return None  # a list of integers, which the loader refuses
    # The repr of a tuple of strings and numbers is unambiguous: a difference in any part
    # gives another key.
    header = repr((_FORMAT, parameters_text, signal.dtype.str, signal.shape, rate))
    return _digest(header, signal.ravel())


def _file_key(path: str | os.PathLike[str], parameters: str) -> str | None:
    try:
        path = os.path.abspath(os.fsdecode(path))
        status = os.stat(path)
    except (OSError, ValueError):  # no such file; a name that no file can have
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    header = repr((_FORMAT, parameters, path, status.st_size, status.st_mtime_ns))
    return _digest(header)


def _digest(header: str, content: Any = b"") -> str:
    # Twice as fast as BLAKE2 on processors with SHA instructions.
    digest = hashlib.sha256(header.encode(), usedforsecurity=False)
    digest.update(content)
    return digest.hexdigest()[:32]


def _spell(value: Any) -> str:
    """Spell out a value such that equal values, and only those, give equal strings."""
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


def get_or_compute(
    cache: Cache,
    keys: Sequence[str | None],
    compute: Callable[[list[int]], Iterable[NDArray[Any] | str]],
    is_sound: Callable[[Any], bool] = lambda frames: isinstance(frames, np.ndarray),
) -> list[NDArray[Any] | str]:
    """Return the array of each key: taken from the cache, or computed and stored.

    `compute` is called with positions in `keys`, in increasing order, and returns their results.
    Results without a key are not stored, nor are strings, the reasons why there is no array. A key
    that occurs twice is computed once. What the cache has but `is_sound` refuses is computed again.
    Arrays are read-only, as the cache may own them.
    """
    names = [object() if key is None else key for key in keys]
    known = _get_all(cache, [key for key in dict.fromkeys(keys) if key is not None])
    found: dict[object, NDArray[Any] | str] = {
        key: frames for key, frames in known.items() if is_sound(frames)
    }
    lacking: dict[object, int] = {}
    for position, name in enumerate(names):
        if name not in found:
            lacking.setdefault(name, position)
    if lacking:
        new = {}
        try:
            for name, result in zip(lacking, compute(list(lacking.values())), strict=True):
                found[name] = result
                if isinstance(result, np.ndarray):
                    result.flags.writeable = False
                    if isinstance(name, str):
                        new[name] = result
        finally:  # also what was computed before a failure
            _put_all(cache, new)
    return [found[name] for name in names]


def _get_all(cache: Cache, keys: Sequence[str]) -> dict[str, NDArray[Any]]:
    if isinstance(cache, DiskCache):
        return cache.get_many(keys)
    return {key: frames for key in keys if (frames := cache.get(key)) is not None}


def _put_all(cache: Cache, arrays: Mapping[str, NDArray[Any]]) -> None:
    if isinstance(cache, DiskCache):
        cache.put_many(arrays)
    else:
        for key, frames in arrays.items():
            cache.put(key, frames)


def open_cache(cache: Any, stacklevel: int = 1) -> Cache | None:
    """Return the cache that an estimator's parameter `cache` stands for.

    "memory" is the one that the process shares, a path is a folder, and an object with methods get
    and put is itself. A folder from a model file is none, with a warning; `stacklevel` is seen from
    the caller.
    """
    if cache is None:
        return None
    if isinstance(cache, FolderFromFile):
        warnings.warn(
            f"the folder {str(cache)!r} of the cache comes from a model file, and is not used "
            f"until you set it: set_params(cache={str(cache)!r})",
            UserWarning,
            stacklevel=stacklevel + 1,
        )
        return None
    if isinstance(cache, str) and cache == "memory":
        return SHARED
    if isinstance(cache, str | os.PathLike):
        return DiskCache(cache)
    has_methods = callable(getattr(cache, "get", None)) and callable(getattr(cache, "put", None))
    if has_methods and not isinstance(cache, type):
        own: Cache = cache
        return own
    hint = "; of a joblib.Memory, give its folder: cache=memory.location"
    raise TypeError(
        "cache must be None, 'memory', the path of a folder or an object with methods get and "
        f"put, got {cache!r}{hint if hasattr(cache, 'location') else ''}"
    )
