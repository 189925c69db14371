"""Checks of sequences of frames, and of their targets."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import assert_all_finite
from sklearn.utils.validation import check_array, validate_data

from skxent._fitting._inputs import check_targets
from skxent._fitting._lists import refuse_iterators
from skxent.audio._clips import is_missing

_FLOATS = (np.float64, np.float32)
_WANTED = "must be an array of shape (n_frames, n_features)"


def check_sequences(estimator: Any, X: Any, *, reset: bool) -> list[NDArray[Any]]:
    """Return X as a list of finite, C-ordered arrays (n_frames_i, n_features).

    float32 stays float32, all else becomes float64. Each row of a matrix or data frame is a
    sequence of a single frame. `reset` learns the number and names of features; otherwise they
    are compared with those of `estimator`. Errors name a sequence as the clip of its index.
    """
    refuse_iterators(X, "X")
    entries = _entries(X)
    if entries is None:
        frames = validate_data(estimator, X, dtype=_FLOATS, order="C", reset=reset)
        return [frames[i : i + 1] for i in range(len(frames))]
    if len(entries) == 0:
        raise ValueError("X must hold at least one clip, got none")
    sequences = []
    # Sums of huge or infinite values may overflow; such entries are checked again below.
    with np.errstate(over="ignore", invalid="ignore"):
        for i, entry in enumerate(entries):
            try:
                sequences.append(_check_sequence(entry))
                # validate_data is slow; all that it checks of a plain array is checked below.
                if i == 0 or hasattr(entry, "columns"):
                    validate_data(estimator, entry, reset=reset and i == 0, skip_check_array=True)
            except (TypeError, ValueError) as error:
                kind = TypeError if isinstance(error, TypeError) else ValueError
                raise kind(f"clip {i}: {error}") from error
            n_features = sequences[i].shape[1]
            if n_features != estimator.n_features_in_:
                raise ValueError(
                    f"clip {i} has {n_features} features, but must have "
                    f"{estimator.n_features_in_} as clip 0"
                )
    return sequences


def check_frame_targets(
    y: Any, lengths: NDArray[Any], name: str = "y", noun: str = "labels"
) -> tuple[bool, NDArray[Any]]:
    """Return whether y holds targets of frames, and the targets.

    Targets are labels (n,) or distributions (n, n_classes) of n sequences or, where y is a list
    of lists or arrays, of the n frames of all sequences, in order. Errors call y by `name` and
    its entries by `noun`. A single column is taken for labels, with a warning.
    """
    refuse_iterators(y, name)
    entries = _targets_of_frames(y)
    if entries is None:
        targets = check_targets(y, name)
        n_targets = len(targets)
    else:
        n_targets = len(entries)
    if n_targets != len(lengths):
        raise ValueError(
            f"{name} must have one entry for each of {len(lengths)} clips, got {n_targets}"
        )
    if entries is None:
        return False, targets
    entries = [np.asarray(entry) for entry in entries]
    wanted = entries[0].shape[1:]
    for i, (entry, length) in enumerate(zip(entries, lengths.tolist(), strict=True)):
        if entry.ndim not in (1, 2) or entry.shape[1:] != wanted:
            raise ValueError(
                f"{name}[{i}] must have shape {(length, *wanted)} for the {length} frames of "
                f"clip {i}, got shape {entry.shape}"
            )
        if len(entry) != length:
            raise ValueError(
                f"{name}[{i}] has {len(entry)} {noun} for the {length} frames of clip {i}"
            )
    targets = np.concatenate(entries)
    assert_all_finite(targets, input_name=name)
    return True, targets


def check_groups(groups: Any, n_clips: int) -> NDArray[np.intp]:
    """Return the number of the group of each clip; a clip without a group has its own."""
    if groups is None:
        return np.arange(n_clips)
    entries = np.asarray(groups, dtype=object)
    if entries.shape != (n_clips,):
        raise ValueError(
            f"groups must have one entry for each of {n_clips} clips, got shape {entries.shape}"
        )
    numbers: dict[tuple[str, Any], list[int]] = {}
    for i, entry in enumerate(entries.tolist()):
        numbers.setdefault(("clip", i) if is_missing(entry) else ("group", entry), []).append(i)
    speakers = np.empty(n_clips, np.intp)
    for number, of_group in enumerate(numbers.values()):
        speakers[of_group] = number
    return speakers


def is_matrix(X: Any) -> bool:
    """Return whether each row of X is a sequence of a single frame."""
    return _entries(X) is None


def _entries(X: Any) -> Any:
    """Return the sequences in X, or None if X is a matrix or of no known form."""
    shape = getattr(X, "shape", None)
    if shape is not None:
        if len(shape) == 1 and np.asarray(X).dtype.kind in "OSTU":
            return list(X)
        return np.asarray(X) if len(shape) == 3 else None
    if not is_list(X):
        return None
    # A list of rows of one length is a matrix, as everywhere in scikit-learn.
    lengths = {len(entry) if _is_row(entry) else None for entry in X}
    return None if len(lengths) == 1 and None not in lengths else list(X)


def is_list(values: Any) -> bool:
    """Return whether values are a list or another sequence without a shape, as a deque."""
    return isinstance(values, Sequence) and not isinstance(values, str | bytes)


def _is_row(entry: Any) -> bool:
    """Return whether an entry of a list is a list or 1-D array of numbers."""
    if isinstance(entry, list | tuple):
        return len(entry) > 0 and np.ndim(entry[0]) == 0
    return len(getattr(entry, "shape", ())) == 1


def _check_sequence(entry: Any) -> NDArray[Any]:
    """Return one sequence as a C-ordered array of floats (n_frames, n_features)."""
    is_plain = (
        type(entry) is np.ndarray
        and entry.ndim == 2
        and entry.dtype in _FLOATS
        and entry.flags.c_contiguous
        and entry.size > 0
    )
    # scikit-learn's check is slow: it is needed only for what must be converted or is an error.
    checked: NDArray[Any] = entry
    if is_plain and np.isfinite(entry.sum()):
        return checked
    array = entry if hasattr(entry, "shape") else np.asarray(entry)
    if len(array.shape) != 2 or 0 in array.shape:
        got = f"{array.item()!r:.60}" if len(array.shape) == 0 else f"shape {array.shape}"
        raise ValueError(f"{_WANTED}, one of each at least, got {got}")
    if getattr(getattr(array, "dtype", None), "kind", "O") in "STU":
        raise TypeError(f"{_WANTED} of numbers, got strings")
    checked = check_array(entry, dtype=_FLOATS, order="C")
    return checked


def _targets_of_frames(y: Any) -> Any:
    """Return a list of the targets of each sequence's frames, or None for targets of sequences."""
    if isinstance(y, np.ndarray) and (y.ndim == 3 or (y.ndim == 2 and y.dtype == object)):
        # NumPy makes such arrays of lists of one length; a single column holds labels.
        return list(y) if y.ndim == 3 or y.shape[1] > 1 else None
    if not is_list(y) and (len(getattr(y, "shape", ())) != 1 or np.asarray(y).dtype != object):
        return None
    y = list(y)
    is_per_frame = any(isinstance(entry, list | tuple) or np.ndim(entry) > 0 for entry in y)
    return y if is_per_frame else None


def check_frame_weights(sample_weight: Any, lengths: NDArray[Any]) -> tuple[bool, NDArray[Any]]:
    """Return whether weights are those of frames, and the weights, of shape (n,)."""
    if np.isscalar(sample_weight):
        raise ValueError(
            f"sample_weight must hold one number for each clip or frame, got {sample_weight!r:.40}"
        )
    per_frame, weights = check_frame_targets(sample_weight, lengths, "sample_weight", "weights")
    if weights.ndim != 1:
        raise ValueError(
            "sample_weight must hold one number for each clip or frame, got an array of shape "
            f"{weights.shape}"
        )
    return per_frame, weights
