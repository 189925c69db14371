"""Slopes over neighbouring frames, and frames spliced with their neighbours."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import ArrayLike, NDArray

from skxent.frames._ragged import (
    as_lengths,
    blocks,
    lengths_of,
    offsets,
    positions,
    split,
)


def delta(frames: NDArray[Any], width: int = 2, lengths: ArrayLike | None = None) -> NDArray[Any]:
    r"""Slope of each coefficient over the neighbouring frames.

    .. math::
        d_t = \frac{\sum_{n=1}^{N} n \, (c_{t+n} - c_{t-n})}{2 \sum_{n=1}^{N} n^2}

    the least-squares slope over :math:`2N + 1` frames. The first and the last frame are
    repeated beyond the ends of a clip.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_coefficients)
        Frames.
    width : int, default=2
        Number N of neighbours on each side, at least one.
    lengths : array-like of int of shape (n_clips,), default=None
        Number of frames of each clip; None for one clip.

    Returns
    -------
    slopes : ndarray of shape (n_frames, n_coefficients)
        Change of each coefficient per frame.

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
    lengths = as_lengths(frames, lengths)
    starts, ends = offsets(lengths)
    first, last = np.repeat(starts, lengths), np.repeat(ends - 1, lengths)
    slopes = np.zeros_like(frames)
    for rows in blocks(len(frames)):
        position = np.arange(rows.start, rows.stop)
        for n in range(1, width + 1):
            ahead = frames[np.minimum(position + n, last[rows])]
            ahead -= frames[np.maximum(position - n, first[rows])]
            ahead *= n
            slopes[rows] += ahead
    slopes /= 2 * sum(n * n for n in range(1, width + 1))
    return slopes


def join(
    clips: Sequence[NDArray[Any]], context: int = 0, *, step: int = 1, position: bool = False
) -> NDArray[Any]:
    """Return the frames of all clips, each spliced with its neighbours, in the order of time.

    There are `context` neighbours on each side, `step` frames apart. The first and the last
    frame are repeated beyond the ends of a clip. With `position`, the last column is that of
    :func:`positions`. The shape is (n_frames, (2 * context + 1) * n_features + position), the
    type float32 if that of all clips is. Without context and position, clips that are consecutive
    views of one array are not copied.
    """
    if context == 0 and not position:
        frames = _view_as_one(clips)
        return np.concatenate(clips) if frames is None else frames
    lengths, n_features = lengths_of(clips), clips[0].shape[1]
    dtype = np.result_type(*{clip.dtype for clip in clips})
    spliced = np.empty((lengths.sum(), (2 * context + 1) * n_features + position), dtype)
    if position:
        spliced[:, -1] = positions(lengths)
    for clip, target in zip(clips, split(spliced, lengths), strict=True):
        n_frames = len(clip)
        for offset in range(-context, context + 1):
            n_beyond = min(abs(offset) * step, n_frames)
            first = (context + offset) * n_features
            neighbours = target[:, first : first + n_features]
            if offset < 0:
                neighbours[:n_beyond] = clip[0]
                neighbours[n_beyond:] = clip[: n_frames - n_beyond]
            else:
                neighbours[: n_frames - n_beyond] = clip[n_beyond:]
                neighbours[n_frames - n_beyond :] = clip[-1]
    return spliced


def _view_as_one(clips: Sequence[NDArray[Any]]) -> NDArray[Any] | None:
    """Return the array that the clips are consecutive views of, or None if there is none."""
    first = clips[0]
    if len(clips) == 1:
        return first
    if first.base is None:
        return None
    end = None
    for clip in clips:
        start = clip.__array_interface__["data"][0]
        follows = end is None or start == end
        if not (follows and clip.base is first.base and clip.dtype == first.dtype):
            return None
        end = start + clip.nbytes
    n_frames, n_features = sum(map(len, clips)), first.shape[1]
    return as_strided(first, (n_frames, n_features), (n_features * first.itemsize, first.itemsize))
