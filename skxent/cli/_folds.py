"""Parts of the recordings that keep speakers apart, and what to say where they can't."""

from collections import Counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, StratifiedKFold

# As many as there are speakers, up to this: the time grows with the square.
_MOST_PARTS = 6
_LEAST_SPEAKERS = 3
_UNKNOWN = "(unknown)"


class Folds(NamedTuple):
    """The part of each clip; its speaker, or None; and why speakers are not kept apart, or ""."""

    parts: NDArray[np.intp]
    speakers: NDArray[np.str_] | None
    reason: str

    @property
    def n_parts(self) -> int:
        """How many parts there are."""
        return int(self.parts.max()) + 1


def make_folds(labels: NDArray[np.str_], speakers: NDArray[np.object_]) -> Folds:
    """Cut clips into three parts or more: by speaker, or by clip where that can't be."""
    reason = why_not_apart(labels, speakers)
    if reason:
        n_parts = max(3, min(_MOST_PARTS - 1, *Counter(labels.tolist()).values()))
        splitter = StratifiedKFold(n_parts, shuffle=True, random_state=0)
        splits = splitter.split(labels, labels)
        groups = None
    else:
        # Clips of unknown speakers stay together: none of them is on both sides of a split.
        groups = np.array([_UNKNOWN if name is None else name for name in speakers])
        splitter = GroupKFold(min(_MOST_PARTS, len(set(groups))))
        splits = splitter.split(labels, labels, groups)
    parts = np.empty(len(labels), dtype=np.intp)
    for number, (_, test) in enumerate(splits):
        parts[test] = number
    return Folds(parts, groups, reason)


def why_not_apart(labels: NDArray[np.str_], speakers: NDArray[np.object_]) -> str:
    """Return why folds can't keep speakers apart, or an empty text where they can."""
    known = {name for name in speakers if name is not None}
    if not known:
        return "the files do not say who speaks (speaker_take.wav, or --speaker)"
    if len(known) < _LEAST_SPEAKERS:
        count = "one speaker" if len(known) == 1 else "two speakers"
        return f"there are recordings of {count} only, and it takes three"
    of_label = {label: set(speakers[labels == label]) - {None} for label in set(labels.tolist())}
    alone = sorted(label for label, names in of_label.items() if len(names) < 2)
    if alone:
        return f"{', '.join(map(repr, alone[:3]))} is recorded by a single speaker"
    return ""
