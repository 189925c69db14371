"""What a frame is told of its neighbours: slopes, and spliced context."""

from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import ArrayLike, NDArray

from skxent.frames._ragged import _as_lengths, _blocks, lengths_of, split


def delta(frames: NDArray[Any], width: int = 2, lengths: ArrayLike | None = None) -> NDArray[Any]:
    r"""Slope of each coefficient over the neighbouring frames.

    .. math::
        d_t = \frac{\sum_{n=1}^{N} n \, (c_{t+n} - c_{t-n})}{2 \sum_{n=1}^{N} n^2}

    the least-squares slope over :math:`2N + 1` frames; beyond its ends a clip
    goes on with its first or last frame.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_coefficients)
        Frames.
    width : int, default=2
        N, at least one.
    lengths : array-like of int of shape (n_clips,), default=None
        Number of frames of each clip; None for one clip.

    Returns
    -------
    slopes : ndarray of shape (n_frames, n_coefficients)
        Change of a coefficient from a frame to the next.

    Raises
    ------
    ValueError
        If `width` is less than one.

    References
    ----------
    .. [1] S. Young et al., "The HTK Book", version 3.4, 2006, section 5.9.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.frames import delta
    >>> delta(np.arange(6.0)[:, np.newaxis], width=1).ravel()
    array([0.5, 1. , 1. , 1. , 1. , 0.5])
    """
    if width < 1:
        raise ValueError(f"width must be at least 1, got {width!r}")
    lengths = _as_lengths(frames, lengths)
    ends = np.cumsum(lengths)
    first, last = np.repeat(ends - lengths, lengths), np.repeat(ends - 1, lengths)
    slopes = np.zeros_like(frames)
    for rows in _blocks(len(frames)):
        position = np.arange(rows.start, rows.stop)
        for n in range(1, width + 1):
            ahead = frames[np.minimum(position + n, last[rows])]
            ahead -= frames[np.maximum(position - n, first[rows])]
            ahead *= n
            slopes[rows] += ahead
    slopes /= 2 * sum(n * n for n in range(1, width + 1))
    return slopes


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
    >>> from skxent.frames._neighbours import join
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
