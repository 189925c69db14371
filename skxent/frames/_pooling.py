"""Normalisation and pooling of frames."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skxent.frames._neighbours import delta
from skxent.frames._ragged import (
    BLOCK_ROWS,
    as_lengths,
    blocks,
    clip_of_frame,
    mean_by_clip,
    offsets,
    ranges,
)

# The statistics of each kind of pooling, in the order of its columns.
STATISTICS = {
    "mean": ("mean",),
    "mean_std": ("mean", "std"),
    "statistics": ("mean", "std", "min", "max"),
}


def normalize(
    frames: NDArray[Any], normalization: str, lengths: ArrayLike | None = None
) -> NDArray[Any]:
    """Shift each coefficient of a clip to mean zero, and optionally scale it to variance one.

    Cepstral mean (and variance) normalisation removes the effect of the channel [1]_.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_coefficients)
        Frames.
    normalization : {"mean", "mean_std"}
        "mean_std" also divides by the standard deviation. A coefficient that is
        constant over a clip becomes zero.
    lengths : array-like of int of shape (n_clips,), default=None
        Number of frames of each clip; None for one clip.

    Returns
    -------
    normalized : ndarray of shape (n_frames, n_coefficients)
        Normalised frames.

    Raises
    ------
    ValueError
        If `normalization` is not one of these.

    References
    ----------
    .. [1] O. Viikki and K. Laurila, "Cepstral domain segmental feature vector
       normalization for noise robust speech recognition", Speech Communication
       25, 1998.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.frames import normalize
    >>> normalize(np.array([[1.0, 5.0], [3.0, 5.0]]), "mean_std")
    array([[-1.,  0.],
           [ 1.,  0.]])
    """
    if normalization not in ("mean", "mean_std"):
        raise ValueError(f"normalization={normalization!r} must be 'mean' or 'mean_std'")
    lengths = as_lengths(frames, lengths)
    mean = mean_by_clip(frames, lengths)
    if normalization == "mean_std":
        scale = np.sqrt(mean_by_clip(frames, lengths, around=mean))
        # A deviation within the rounding error of the mean counts as none.
        constant = scale <= 8 * np.finfo(frames.dtype).eps * np.abs(mean)
        scale[constant] = np.inf
    clip = clip_of_frame(lengths)
    normalized = np.empty_like(frames)
    for rows in blocks(len(frames)):
        np.subtract(frames[rows], mean[clip[rows]], out=normalized[rows])
        if normalization == "mean_std":
            normalized[rows] /= scale[clip[rows]]
    return normalized


def pool(
    frames: NDArray[Any], statistics: str, n_segments: int = 1, lengths: ArrayLike | None = None
) -> NDArray[Any]:
    """Compute statistics of the frames of each clip, over equal segments of it.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_coefficients)
        Frames.
    statistics : {"mean", "mean_std", "statistics"}
        "mean" is the mean alone, "mean_std" mean and standard deviation, "statistics" mean,
        standard deviation, minimum and maximum.
    n_segments : int, default=1
        Number of segments of a clip. Of T frames, segment s begins at frame
        ``floor(s T / n_segments)`` and has at least one frame.
    lengths : array-like of int of shape (n_clips,), default=None
        Number of frames of each clip; None for one clip.

    Returns
    -------
    pooled : ndarray of shape (n_clips, n_segments * n_statistics * n_coefficients)
        Ordered by segment, then statistic, then coefficient.

    Raises
    ------
    ValueError
        If `statistics` is not one of these or `n_segments` is less than one.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.frames import pool
    >>> pool(np.array([[1.0], [3.0], [5.0], [5.0]]), "mean_std", n_segments=2)
    array([[2., 1., 5., 0.]])
    """
    if statistics not in STATISTICS:
        raise ValueError(f"statistics={statistics!r} must be one of {list(STATISTICS)}")
    if n_segments < 1:
        raise ValueError(f"n_segments must be at least 1, got {n_segments!r}")
    lengths = as_lengths(frames, lengths)
    edges = np.arange(n_segments + 1) * lengths[:, np.newaxis] // n_segments
    counts = np.maximum(np.diff(edges), 1).ravel()
    if lengths.min() < n_segments:  # a frame may be in several segments: repeat it
        starts = (offsets(lengths)[0][:, np.newaxis] + edges[:, :-1]).ravel()
        frames = frames[ranges(starts, starts + counts)]
    # From here on, segments are what clips are elsewhere.
    names = STATISTICS[statistics]
    mean = mean_by_clip(frames, counts)
    parts = [mean]
    if "std" in names:
        parts.append(np.sqrt(mean_by_clip(frames, counts, around=mean)))
    if "min" in names:
        starts, _ = offsets(counts)
        parts.append(np.minimum.reduceat(frames, starts))
        parts.append(np.maximum.reduceat(frames, starts))
    return np.stack(parts, axis=1).reshape(len(lengths), -1)


def summarize(
    frames: NDArray[Any],
    lengths: ArrayLike,
    *,
    deltas: int = 0,
    delta_width: int = 2,
    normalization: str | None = None,
    pooling: str | None = None,
    n_segments: int = 1,
) -> NDArray[Any]:
    """Append slopes to the coefficients of frames, then normalise and pool them.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_coefficients)
        Frames.
    lengths : array-like of int of shape (n_clips,)
        Number of frames of each clip.
    deltas : int, default=0
        Number of orders of slopes to append: 1 appends slopes, 2 also slopes of slopes.
    delta_width : int, default=2
        As `width` in :func:`delta`.
    normalization : {"mean", "mean_std"}, default=None
        As in :func:`normalize`; None does not normalise.
    pooling : {"mean", "mean_std", "statistics"}, default=None
        As `statistics` in :func:`pool`; None does not pool.
    n_segments : int, default=1
        As in :func:`pool`.

    Returns
    -------
    summary : ndarray
        Pooled frames as :func:`pool` returns them; without pooling, frames of shape
        (n_frames, (1 + deltas) * n_coefficients). Where there is nothing to do, writable
        frames in C order are returned as they are, others as a copy.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.frames import summarize
    >>> ramp = np.arange(5.0)[:, np.newaxis]
    >>> summarize(ramp, [5], deltas=1, delta_width=1, pooling="mean")
    array([[2. , 0.8]])
    """
    if not deltas and normalization is None and pooling is None and frames.flags.carray:
        return frames
    lengths = np.asarray(lengths)
    n_frames, n_coefficients = frames.shape
    # Coefficients are independent: those of hours of frames are processed one by one.
    step = 1 if n_frames > BLOCK_ROWS else n_coefficients
    n_values = len(STATISTICS[pooling]) * n_segments if pooling else 1
    n_rows = len(lengths) if pooling else n_frames
    summary = np.empty((n_rows, n_values, (1 + deltas) * n_coefficients), frames.dtype)
    for first in range(0, n_coefficients, step):
        part = frames[:, first : first + step]
        for order in range(deltas + 1):
            if order:
                part = delta(part, delta_width, lengths)
            done = part if normalization is None else normalize(part, normalization, lengths)
            if pooling is not None:
                done = pool(done, pooling, n_segments, lengths)
            start = order * n_coefficients + first
            summary[:, :, start : start + step] = done.reshape(n_rows, n_values, -1)
    return summary.reshape(n_rows, -1)
