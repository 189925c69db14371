"""What a saved transformer may do with its cache: a file must not choose where to write."""

import os
from typing import Any

from skxent.features._stores import DiskCache


class FolderFromFile(str):
    """A cache's folder that stands in a model file, and that its user has not set.

    As the value of a parameter it stays what it is in clones, copies and other processes.
    """


def from_file(cache: Any) -> Any:
    """Return a `cache` as a file may set it: a folder becomes one that is not used."""
    if isinstance(cache, DiskCache):
        cache = cache.folder
    if isinstance(cache, os.PathLike) or (isinstance(cache, str) and cache != "memory"):
        return FolderFromFile(os.fsdecode(cache))
    return cache


class SavedCacheMixin:
    """Tells a copy of an estimator, as it is sent to other processes, from a model file.

    A pickle may run any code, so nothing is gained by not trusting its folder. Whatever else sets
    the state, such as skops, reads a file that its user need not trust.
    """

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _new_by_pickle, (type(self),), self.__getstate__()

    def __setstate__(self, state: dict[str, Any]) -> None:
        is_trusted = self.__dict__.pop("_is_by_pickle", False)
        if not is_trusted and "cache" in state:
            state = {**state, "cache": from_file(state["cache"])}
        super().__setstate__(state)  # type: ignore[misc]


def _new_by_pickle(kind: type[Any]) -> Any:
    estimator = object.__new__(kind)
    estimator._is_by_pickle = True  # no state from elsewhere can set this before it is read
    return estimator
