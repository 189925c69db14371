"""Samples that were clipped."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def count_clipped(signal: NDArray[Any]) -> int:
    """Count the clipped samples of a signal of shape (n_samples,)."""
    counter = ClippingCounter()
    counter.update(signal)
    return counter.n_clipped


class ClippingCounter:
    """Counts the clipped samples of a signal that comes in blocks, and keeps its extremes.

    A sample is clipped if it has the highest or lowest value of the signal, and so has one beside
    it. The lowest value of what is never negative, digital silence, is none.
    """

    def __init__(self) -> None:
        self._sides = _Side(), _Side()

    def update(self, block: NDArray[Any]) -> None:
        """Take the next samples, an array of shape (n_samples,) with at least one."""
        for side, values in zip(self._sides, (block, -block), strict=True):
            side.update(values)

    @property
    def highest(self) -> float:
        return self._sides[0].extreme

    @property
    def lowest(self) -> float:
        return -self._sides[1].extreme

    @property
    def n_clipped(self) -> int:
        return sum(side.count for side in self._sides if side.extreme)


class _Side:
    """Samples at the highest value so far that have a neighbour there."""

    def __init__(self) -> None:
        self.extreme, self.count = -np.inf, 0
        self.is_open = self.is_counted = False  # whether the last sample is there, and counted

    def update(self, values: NDArray[Any]) -> None:
        highest = float(values.max())
        if highest > self.extreme:
            self.extreme, self.count = highest, 0
            self.is_open = self.is_counted = False
        is_there = np.concatenate([[self.is_open], values == self.extreme])
        together = is_there[1:] & is_there[:-1]
        is_clipped = np.zeros(len(is_there), dtype=bool)
        is_clipped[1:] |= together
        is_clipped[:-1] |= together
        self.count += int(np.count_nonzero(is_clipped))
        if self.is_counted and is_clipped[0]:  # the last sample of the block before
            self.count -= 1
        self.is_open = bool(is_there[-1])
        self.is_counted = bool(is_clipped[-1])
