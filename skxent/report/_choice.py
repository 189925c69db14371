"""Which clips can be listened to: those that matter, as many as the file may hold."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

# The largest part of the room that a single clip may take.
_LARGEST_PART = 0.1

# The room is full when no more than this part is left.
_LEAST_PART = 0.01


def by_importance(
    order: NDArray[Any],
    targets: NDArray[Any],
    is_right: NDArray[Any],
    suspected: NDArray[Any],
    clips_per_class: int,
) -> list[int]:
    """Return the numbers of the clips to include, the most important first.

    First, in the given order, those whose label is suspected or that are wrong. Then of each
    class `clips_per_class` right ones, evenly spaced from the highest loss to the lowest, one of
    each class in turn.
    """
    matters = ~is_right | suspected
    chosen = order[matters[order]].tolist()
    rest = order[~matters[order]]
    of_classes = [_spread(rest[targets[rest] == k], clips_per_class) for k in np.unique(targets)]
    for turn in range(clips_per_class):
        chosen += [some[turn] for some in of_classes if turn < len(some)]
    return [int(number) for number in chosen]


def fit_in(items: Iterable[str], room: int) -> list[str]:
    """Return the items that fit into so many characters, each with a comma, in order.

    One may take a tenth of the room. The first items are the important ones, so all after those
    that fill 99 % of it are left out unseen: they may be many, and to make one takes time.
    """
    left, found = room, []
    for item in items:
        size = len(item) + 1
        if size <= min(left, _LARGEST_PART * room):
            left -= size
            found.append(item)
        if left < _LEAST_PART * room:
            break
    return found


def _spread(numbers: NDArray[Any], n: int) -> NDArray[Any]:
    """Return at most n items, evenly spaced, the first among them."""
    if len(numbers) <= n:
        return numbers
    return numbers[np.arange(n) * len(numbers) // n]
