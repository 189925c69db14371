"""Words as targets: one for each clip, or several in a row."""

import warnings
from collections.abc import Hashable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets

from skxent._fitting._inputs import check_targets
from skxent._fitting._lists import refuse_iterators
from skxent.sequences._inputs import is_list
from skxent.words._lexicon import sorted_words

Row = tuple[Any, ...]


def check_words(y: Any, n_clips: int) -> tuple[bool, list[Row]]:
    """Return whether y holds words in a row, and the words of each clip."""
    refuse_iterators(y, "y")
    rows = _rows(y)
    if rows is None:
        labels = check_targets(y)
        if labels.ndim != 1:
            raise ValueError(
                f"y must hold a word for each clip, or a list of words, got shape {labels.shape}"
            )
        # NumPy turns numbers beside strings into strings: what y itself holds counts.
        sorted_words(list(y) if is_list(y) else np.asarray(labels).tolist(), "y")
        with warnings.catch_warnings():
            # Words of which each occurs once are usual: their phones are what is trained.
            warnings.filterwarnings("ignore", "The number of unique classes", UserWarning)
            check_classification_targets(labels)
        rows = [(word,) for word in np.asarray(labels).tolist()]
        are_lists = False
    else:
        are_lists = True
    if len(rows) != n_clips:
        raise ValueError(f"y must have one entry for each of {n_clips} clips, got {len(rows)}")
    return are_lists, rows


def group(rows: list[Row]) -> dict[Row, NDArray[np.intp]]:
    """Return the indices of the clips of each row of words."""
    clips: dict[Row, list[int]] = {}
    for i, row in enumerate(rows):
        clips.setdefault(row, []).append(i)
    return {row: np.array(indices) for row, indices in clips.items()}


def _rows(y: Any) -> list[Row] | None:
    """Return the rows of words of each clip, or None if each entry of y is a word."""
    if isinstance(y, np.ndarray) and y.ndim == 2 and y.dtype.kind in "OUS" and y.shape[1] > 1:
        entries: list[Any] = list(y)  # NumPy makes such an array of rows of one length
    elif is_list(y) or (len(getattr(y, "shape", ())) == 1 and np.asarray(y).dtype == object):
        entries = list(y)
    else:
        return None
    are_rows = [isinstance(entry, list | tuple | np.ndarray) for entry in entries]
    if not any(are_rows):
        return None
    if not all(are_rows):
        odd = are_rows.index(not are_rows[0])
        kinds = ("a list of words", "a word") if are_rows[0] else ("a word", "a list of words")
        raise ValueError(f"y[0] is {kinds[0]}, but y[{odd}] is {kinds[1]}: {entries[odd]!r:.40}")
    rows = [tuple(np.asarray(entry, dtype=object).tolist()) for entry in entries]
    for i, row in enumerate(rows):
        if len(row) == 0:
            raise ValueError(f"y[{i}] is a list of no words")
        if not all(isinstance(word, Hashable) for word in row):
            raise ValueError(f"y[{i}] must be a list of words, got {entries[i]!r:.60}")
    return rows
