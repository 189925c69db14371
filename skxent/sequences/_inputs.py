"""Checks of sequences of frames, and of their targets."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import assert_all_finite
from sklearn.utils.validation import check_array, validate_data

from skxent._fitting._inputs import check_targets

_FLOATS = (np.float64, np.float32)


_WANTED = "must be an array of shape (n_frames, n_features)"


def check_sequences(estimator: Any, X: Any, *, reset: bool) -> list[NDArray[Any]]:
    """Return X as a list of arrays of frames.

    Parameters
    ----------
    estimator : estimator
        Whose sequences they are.
    X : list or object array of array-like of shape (n_frames_i, n_features), array-like \
            of shape (n_sequences, n_frames, n_features) or (n_sequences, n_features)
        Sequences. A matrix, or data frame, is one of sequences of a single frame each.
    reset : bool
        Whether the estimator learns the features' number and names from X;
        otherwise they are compared.

    Returns
    -------
    sequences : list of ndarray of shape (n_frames_i, n_features)
        In C order, each of float32 where it was, otherwise float64. None is copied
        unless it has to be.

    Raises
    ------
    TypeError, ValueError
        If X holds no sequence, or one is no matrix of finite numbers, has no frame,
        or has other features than the first, or than the estimator was fitted to.
        The message names it by its index, as a clip.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.base import BaseEstimator
    >>> from skxent.sequences._inputs import check_sequences
    >>> X = [np.zeros((2, 3)), [[1, 2, 3]]]
    >>> estimator = BaseEstimator()
    >>> check_sequences(estimator, X, reset=True)[1]
    array([[1., 2., 3.]])
    >>> estimator.n_features_in_
    3
    """
    entries = _entries(X)
    if entries is None:
        frames = validate_data(estimator, X, dtype=_FLOATS, order="C", reset=reset)
        return [frames[i : i + 1] for i in range(len(frames))]
    if len(entries) == 0:
        raise ValueError("X must hold at least one clip, got none")
    sequences = []
    # Sums of huge or infinite values are looked into, not warned of.
    with np.errstate(over="ignore", invalid="ignore"):
        for i, entry in enumerate(entries):
            try:
                sequences.append(_check_sequence(entry))
                # Its helpers take long; what they would tell of a plain array is below.
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
    """Tell targets of sequences from targets of their frames.

    Parameters
    ----------
    y : array-like of shape (n_sequences,) or (n_sequences, n_classes), or list or object \
            array of array-like of shape (n_frames_i,) or (n_frames_i, n_classes)
        Labels of any type, or distributions over the classes, for each sequence or for
        each frame. A list of lists is one of frames.
    lengths : ndarray of int of shape (n_sequences,)
        Number of frames of each sequence.
    name : str, default="y"
        What errors call `y`.
    noun : str, default="labels"
        What errors call its entries.

    Returns
    -------
    is_per_frame : bool
        Whether there is a target for each frame.
    targets : ndarray of shape (n,) or (n, n_classes)
        Of n sequences or of n frames, those of the first sequence first. An array of a
        single column is taken for labels, with a warning.

    Raises
    ------
    ValueError
        If there is not one target for each sequence or frame, some are of another form
        than the first, or a number is NaN or infinite.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.sequences._inputs import check_frame_targets
    >>> lengths = np.array([2, 1])
    >>> check_frame_targets(["yes", "no"], lengths)
    (False, array(['yes', 'no'], dtype='<U3'))
    >>> check_frame_targets([["yes", "silence"], ["no"]], lengths)
    (True, array(['yes', 'silence', 'no'], dtype='<U7'))
    """
    entries = _parts(y)
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


def _entries(X: Any) -> Any:
    """Return the sequences that X holds, or None where it is a matrix (or nothing known)."""
    shape = getattr(X, "shape", None)
    if shape is not None:
        if len(shape) == 1 and np.asarray(X).dtype.kind in "OSTU":
            return list(X)
        return np.asarray(X) if len(shape) == 3 else None
    if not isinstance(X, list | tuple):
        return None
    # A list of lists of as many numbers is a matrix, as everywhere in scikit-learn.
    lengths = {len(entry) if _is_row(entry) else None for entry in X}
    return None if len(lengths) == 1 and None not in lengths else X


def _is_row(entry: Any) -> bool:
    """Tell whether an entry of a list is an array, or list, of numbers."""
    if isinstance(entry, list | tuple):
        return len(entry) > 0 and np.ndim(entry[0]) == 0
    return len(getattr(entry, "shape", ())) == 1


def _check_sequence(entry: Any) -> Any:
    is_plain = (
        type(entry) is np.ndarray
        and entry.ndim == 2
        and entry.dtype in _FLOATS
        and entry.flags.c_contiguous
        and entry.size > 0
    )
    # scikit-learn's check takes longer than all the rest, and is left what it may mend or explain.
    if is_plain and np.isfinite(entry.sum()):
        return entry
    array = entry if hasattr(entry, "shape") else np.asarray(entry)
    if len(array.shape) != 2 or 0 in array.shape:
        got = f"{array.item()!r:.60}" if len(array.shape) == 0 else f"shape {array.shape}"
        raise ValueError(f"{_WANTED}, one of each at least, got {got}")
    if getattr(getattr(array, "dtype", None), "kind", "O") in "STU":
        raise TypeError(f"{_WANTED} of numbers, got strings")
    return check_array(entry, dtype=_FLOATS, order="C")


def _parts(y: Any) -> Any:
    """Return the targets of each sequence's frames, or None where there are none of frames."""
    if isinstance(y, np.ndarray) and (y.ndim == 3 or (y.ndim == 2 and y.dtype == object)):
        # What NumPy makes of lists of one length; but a column is one of labels.
        return list(y) if y.ndim == 3 or y.shape[1] > 1 else None
    if not isinstance(y, list | tuple):
        if len(getattr(y, "shape", ())) != 1 or np.asarray(y).dtype != object:
            return None
        y = list(y)
    has_parts = any(isinstance(entry, list | tuple) or np.ndim(entry) > 0 for entry in y)
    return y if has_parts else None


def _check_weights(sample_weight, lengths):
    of_frames, weights = check_frame_targets(sample_weight, lengths, "sample_weight", "weights")
    if weights.ndim != 1:
        raise ValueError(
            "sample_weight must be one number for each clip or frame, got an array of shape "
            f"{weights.shape}"
        )
    return of_frames, weights
