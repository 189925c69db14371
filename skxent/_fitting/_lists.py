"""What is a list or an array, and what only yields its entries."""

from collections.abc import Iterable, Mapping
from typing import Any


def refuse_iterators(values: Any, name: str) -> None:
    """Raise a TypeError if values, called `name`, can be iterated but are no list or array."""
    if hasattr(values, "shape") or hasattr(values, "__array__") or not isinstance(values, Iterable):
        return
    wanted = f"{name} must be a list or an array, got {type(values).__name__}"
    if isinstance(values, Mapping):
        raise TypeError(wanted)
    if not (hasattr(values, "__len__") and hasattr(values, "__getitem__")):
        raise TypeError(f"{wanted}; pass list({name})")
