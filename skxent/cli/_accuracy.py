"""Accuracy as it is printed, with the intervals of the report."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxent.cli._output import show_table
from skxent.report._accuracy import Share, number_speakers, share_of, shares_by


def overall(correct: NDArray[np.bool_], speakers: Any = None) -> Share:
    """Return the share of clips that are correct, with its interval over speakers if given."""
    return share_of(correct, None if speakers is None else number_speakers(list(speakers))[0])


def write(share: Share) -> str:
    """Return a share and its interval as text."""
    return f"{percent(share.value)} ({percent(share.low)} to {percent(share.high)})"


def percent(value: float) -> str:
    """Return a share in per cent."""
    return f"{100 * value:.1f} %"


def by(keys: Any, correct: NDArray[np.bool_]) -> dict[str, float]:
    """Return the accuracy for each label or speaker."""
    return {str(key): round(share.value, 4) for key, share in _shares(keys, correct)}


def show_by(kind: str, keys: Any, correct: NDArray[np.bool_]) -> None:
    """Print the accuracy for each label or speaker."""
    show_table(
        [kind, "accuracy", "clips"],
        [[str(key), percent(share.value), str(share.n)] for key, share in _shares(keys, correct)],
    )


def _shares(keys: Any, correct: NDArray[np.bool_]) -> list[tuple[Any, Share]]:
    codes, known = number_speakers(list(keys))
    return list(zip(known, shares_by(correct, codes, len(known)), strict=True))


def confused(labels: NDArray[Any], predicted: NDArray[Any], most: int = 5) -> list[str]:
    """Return the labels that are most often taken for others, as lines."""
    is_wrong = labels != predicted
    pairs, counts = np.unique(
        np.stack([labels[is_wrong], predicted[is_wrong]]), axis=1, return_counts=True
    )
    order = np.argsort(-counts, kind="stable")[:most]
    return [f"{counts[i]} of {pairs[0, i]!s} taken for {pairs[1, i]!s}" for i in order]
