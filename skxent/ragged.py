"""Ragged sequences: checked, joined into one array of frames, and split again.

A sequence, such as a clip's features, is an array of shape ``(n_frames_i,
n_features)``; sequences of many lengths make up an X. Numbers are computed on the
frames of all of them, in one array beside the number of frames of each, its
`lengths`. Apart from :func:`check_sequences`, which tells an estimator what it was
fitted to, the functions here are pure, and none ever mixes sequences.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray
from scipy.special import logsumexp
from sklearn.utils import assert_all_finite
from sklearn.utils.validation import check_array, validate_data

from skxent.validation import check_targets

__all__ = [
    "aggregate_log_proba",
    "check_frame_targets",
    "check_sequences",
    "join",
    "lengths_of",
    "split",
    "sum_by_sequence",
]

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
    >>> from skxent.ragged import check_sequences
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


def join(sequences: list[NDArray[Any]], context: int = 0) -> NDArray[Any]:
    """Return the frames of all sequences, each with its neighbours spliced to it.

    Neighbours give a classifier that sees one frame at a time a look around it [1]_.
    Beyond its ends a sequence goes on with its first or last frame.

    Parameters
    ----------
    sequences : list of ndarray of shape (n_frames_i, n_features)
        As :func:`check_sequences` returns them.
    context : int, default=0
        Number of neighbours on each side.

    Returns
    -------
    frames : ndarray of shape (n_frames, (2 * context + 1) * n_features)
        In the order of sequences and time, also of a frame's neighbours. float32
        where all sequences are. Without a context, sequences that lie in memory as
        parts of one array, one after the other, are not copied but seen as that.

    References
    ----------
    .. [1] H. Bourlard and N. Morgan, "Connectionist speech recognition: a hybrid
       approach", Kluwer 1994.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.ragged import join
    >>> join([np.array([[1.0], [2.0], [3.0]]), np.array([[9.0]])], context=1)
    array([[1., 1., 2.],
           [1., 2., 3.],
           [2., 3., 3.],
           [9., 9., 9.]])
    """
    if context == 0:
        frames = _seen_as_one(sequences)
        return np.concatenate(sequences) if frames is None else frames
    lengths, n_features = lengths_of(sequences), sequences[0].shape[1]
    dtype = np.result_type(*{sequence.dtype for sequence in sequences})
    spliced = np.empty((lengths.sum(), 2 * context + 1, n_features), dtype)
    for sequence, target in zip(sequences, split(spliced, lengths), strict=True):
        n_frames = len(sequence)
        for offset in range(-context, context + 1):
            n_beyond = min(abs(offset), n_frames)
            neighbours = target[:, context + offset]
            if offset < 0:
                neighbours[:n_beyond] = sequence[0]
                neighbours[n_beyond:] = sequence[: n_frames - n_beyond]
            else:
                neighbours[: n_frames - n_beyond] = sequence[n_beyond:]
                neighbours[n_frames - n_beyond :] = sequence[-1]
    return spliced.reshape(len(spliced), -1)


def lengths_of(sequences: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return the number of frames of each sequence.

    Parameters
    ----------
    sequences : list of ndarray of shape (n_frames_i, n_features)
        Sequences.

    Returns
    -------
    lengths : ndarray of int of shape (n_sequences,)
        Number of frames of each.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.ragged import lengths_of
    >>> lengths_of([np.zeros((2, 3)), np.zeros((1, 3))])
    array([2, 1])
    """
    return np.array([len(sequence) for sequence in sequences])


def split(values: NDArray[Any], lengths: NDArray[Any]) -> NDArray[Any]:
    """Part what was computed for all frames into that of each sequence.

    Parameters
    ----------
    values : ndarray of shape (n_frames, ...)
        One entry for each frame.
    lengths : ndarray of int of shape (n_sequences,)
        Number of frames of each sequence.

    Returns
    -------
    parts : object ndarray of shape (n_sequences,)
        Views of `values`, each of shape (n_frames_i, ...).

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.ragged import split
    >>> split(np.arange(3), np.array([2, 1]))
    array([array([0, 1]), array([2])], dtype=object)
    """
    parts = np.empty(len(lengths), dtype=object)
    stop = 0
    for i, length in enumerate(lengths.tolist()):
        start, stop = stop, stop + length
        parts[i] = values[start:stop]
    return parts


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
    >>> from skxent.ragged import check_frame_targets
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


def sum_by_sequence(values: NDArray[Any], lengths: NDArray[Any]) -> NDArray[Any]:
    """Sum over the frames of each sequence.

    Parameters
    ----------
    values : ndarray of shape (n_frames, ...)
        One entry for each frame.
    lengths : ndarray of int of shape (n_sequences,)
        Number of frames of each sequence, one at least.

    Returns
    -------
    sums : ndarray of float64 of shape (n_sequences, ...)
        Of float64 also for values of float32: a float32 sum over thousands of frames would
        lose the digits by which classes differ.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.ragged import sum_by_sequence
    >>> sum_by_sequence(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([2, 1]))
    array([[4., 6.],
           [5., 6.]])
    """
    return np.add.reduceat(values, np.cumsum(lengths) - lengths, axis=0, dtype=np.float64)


def aggregate_log_proba(
    frame_log_proba: NDArray[Any], lengths: NDArray[Any], how: str
) -> NDArray[Any]:
    r"""Return log-probabilities of sequences from those of their frames.

    .. math::
        \log P_{ik} = s_{ik} - \log \sum_j e^{s_{ij}}, \qquad
        s_{ik} = \sum_{t=1}^{T_i} \log p_{itk}

    or, for the mean, :math:`s_{ik}` divided by :math:`T_i`. The sum takes the frames
    for independent observations, which neighbours hardly are: its probabilities are
    closer to zero and one than they should be. The mean is their geometric mean, with
    the same order of classes.

    Where each class has a frame of probability zero, no sum is finite. Then those
    zeros are taken for the same small number, in the limit where it vanishes: the
    classes with the fewest of them remain, and are compared by the other frames.

    Parameters
    ----------
    frame_log_proba : ndarray of shape (n_frames, n_classes)
        Natural logarithms of probabilities, minus infinity for zero.
    lengths : ndarray of int of shape (n_sequences,)
        Number of frames of each sequence, one at least.
    how : {"sum_log_proba", "mean_log_proba"}
        Whether to take the sum or the mean over frames.

    Returns
    -------
    log_proba : ndarray of shape (n_sequences, n_classes)
        Of the frames' type, minus infinity where a probability is zero. The
        probabilities of a sequence sum to one.

    Raises
    ------
    ValueError
        If `how` is neither.

    References
    ----------
    .. [1] J. Kittler, M. Hatef, R. P. W. Duin and J. Matas, "On combining classifiers",
       IEEE Trans. PAMI 20, 1998 (the product rule).

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.ragged import aggregate_log_proba
    >>> frames = np.log([[0.8, 0.2], [0.6, 0.4], [0.5, 0.5]])
    >>> np.exp(aggregate_log_proba(frames, np.array([2, 1]), "sum_log_proba")).round(3)
    array([[0.857, 0.143],
           [0.5  , 0.5  ]])
    """
    if how not in ("sum_log_proba", "mean_log_proba"):
        raise ValueError(f"how must be 'sum_log_proba' or 'mean_log_proba', got {how!r}")
    is_zero = np.isneginf(frame_log_proba)
    n_zeros = sum_by_sequence(is_zero, lengths)
    scores = sum_by_sequence(np.where(is_zero, 0.0, frame_log_proba), lengths)
    if how == "mean_log_proba":
        scores /= lengths[:, np.newaxis]
    scores[n_zeros > n_zeros.min(axis=1, keepdims=True)] = -np.inf
    # From the largest on, so that a sure class's logarithm keeps its digits.
    scores -= scores.max(axis=1, keepdims=True)
    scores -= logsumexp(scores, axis=1, keepdims=True)
    return scores.astype(frame_log_proba.dtype, copy=False)


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


def _seen_as_one(sequences: list[NDArray[Any]]) -> NDArray[Any] | None:
    """Return the array whose parts the sequences are, one after the other; None if there is none.

    Nothing is seen that is not part of a sequence, and so of what they all are views of.
    """
    first = sequences[0]
    if len(sequences) == 1:
        return first
    if first.base is None:
        return None
    end = None
    for sequence in sequences:
        start = sequence.__array_interface__["data"][0]
        follows = end is None or start == end
        if not (follows and sequence.base is first.base and sequence.dtype == first.dtype):
            return None
        end = start + sequence.nbytes
    n_frames, n_features = sum(map(len, sequences)), first.shape[1]
    return as_strided(first, (n_frames, n_features), (n_features * first.itemsize, first.itemsize))


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
