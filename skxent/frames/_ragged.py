"""Frames of clips of many lengths: one array, and the number of frames of each clip."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Rows that are worked on at a time: hours of frames need no second copy of them.
_BLOCK_ROWS = 1 << 15


def _segment_means(
    frames: NDArray[Any],
    starts: NDArray[Any],
    counts: NDArray[Any],
    around: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Mean of the frames of each segment; with `around`, of their squared distance to it.

    Segments follow each other without a gap. One that is longer than a block is
    summed in blocks from its own start on, so that no other changes its rounding.
    """
    if counts.max() <= _BLOCK_ROWS:
        if around is not None:
            frames = np.square(frames - np.repeat(around, counts, axis=0))
        sums = np.add.reduceat(frames, starts, dtype=np.float64)
    else:
        sums = np.zeros((len(starts), frames.shape[1]))
        for i, (start, count) in enumerate(zip(starts, counts, strict=True)):
            for rows in _blocks(count):
                part = frames[start + rows.start : start + rows.stop]
                if around is not None:
                    part = np.square(part - around[i])
                # Not part.sum(), which goes another way through a single column.
                sums[i] += np.add.reduceat(part, [0], dtype=np.float64)[0]
    means: NDArray[Any] = (sums / counts[:, np.newaxis]).astype(frames.dtype)
    return means


def _blocks(n_rows: int) -> Iterator[slice]:
    for start in range(0, n_rows, _BLOCK_ROWS):
        yield slice(start, min(start + _BLOCK_ROWS, n_rows))


def _as_lengths(frames: NDArray[Any], lengths: ArrayLike | None) -> NDArray[Any]:
    return np.array([len(frames)]) if lengths is None else np.asarray(lengths)


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
    >>> from skxent.frames._ragged import lengths_of
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
    >>> from skxent.frames._ragged import split
    >>> split(np.arange(3), np.array([2, 1]))
    array([array([0, 1]), array([2])], dtype=object)
    """
    parts = np.empty(len(lengths), dtype=object)
    stop = 0
    for i, length in enumerate(lengths.tolist()):
        start, stop = stop, stop + length
        parts[i] = values[start:stop]
    return parts


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
    >>> from skxent.frames._ragged import sum_by_sequence
    >>> sum_by_sequence(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), np.array([2, 1]))
    array([[4., 6.],
           [5., 6.]])
    """
    return np.add.reduceat(values, np.cumsum(lengths) - lengths, axis=0, dtype=np.float64)
