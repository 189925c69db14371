"""Frames of clips of many lengths: one array, and the number of frames of each clip."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Number of rows processed at a time, so that hours of frames need no second copy.
BLOCK_ROWS = 1 << 15


def lengths_of(clips: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return the number of frames of each clip."""
    return np.array([len(clip) for clip in clips])


def as_lengths(frames: NDArray[Any], lengths: ArrayLike | None) -> NDArray[Any]:
    """Return lengths as an array; None stands for a single clip."""
    return np.array([len(frames)]) if lengths is None else np.asarray(lengths)


def offsets(lengths: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the first frame of each clip, and the one after its last."""
    ends = np.cumsum(lengths)
    return ends - lengths, ends


def clip_of_frame(lengths: NDArray[Any]) -> NDArray[Any]:
    """Return the index of each frame's clip, of shape (n_frames,)."""
    return np.repeat(np.arange(len(lengths)), lengths)


def positions(lengths: NDArray[Any]) -> NDArray[np.float64]:
    """Return where in its clip the middle of each frame is, from 0 (start) to 1 (end).

    That of frame t of T is (t + 1/2) / T, so the mean over each clip is 1/2.
    """
    starts, _ = offsets(lengths)
    middles = np.arange(lengths.sum()) - np.repeat(starts, lengths) + 0.5
    where: NDArray[np.float64] = middles / np.repeat(lengths, lengths)
    return where


def ranges(starts: NDArray[Any], ends: NDArray[Any]) -> NDArray[Any]:
    """Return the integers from each start to before its end, one range after the other."""
    first, _ = offsets(ends - starts)
    indices: NDArray[Any] = np.repeat(starts - first, ends - starts)
    indices += np.arange(len(indices))
    return indices


def blocks(n_rows: int) -> Iterator[slice]:
    """Yield slices of at most BLOCK_ROWS rows."""
    for start in range(0, n_rows, BLOCK_ROWS):
        yield slice(start, min(start + BLOCK_ROWS, n_rows))


def split(values: NDArray[Any], lengths: NDArray[Any]) -> NDArray[Any]:
    """Return the values of each clip, as an object array of views (n_frames_i, ...)."""
    parts = np.empty(len(lengths), dtype=object)
    stop = 0
    for i, length in enumerate(lengths.tolist()):
        start, stop = stop, stop + length
        parts[i] = values[start:stop]
    return parts


def sum_by_clip(values: NDArray[Any], lengths: NDArray[Any]) -> NDArray[Any]:
    """Sum the values (n_frames, ...) of each clip, of at least one frame, in float64."""
    # A float32 sum over thousands of frames would lose the digits by which classes differ.
    return np.add.reduceat(values, offsets(lengths)[0], axis=0, dtype=np.float64)


def mean_by_clip(
    frames: NDArray[Any], lengths: NDArray[Any], around: NDArray[Any] | None = None
) -> NDArray[Any]:
    """Average the frames of each clip; with `around`, their squared distances to its rows.

    A clip longer than a block is summed in blocks that begin at its own start, so that its
    rounding does not depend on other clips.
    """
    if lengths.max() <= BLOCK_ROWS:
        if around is not None:
            frames = np.square(frames - np.repeat(around, lengths, axis=0))
        sums = sum_by_clip(frames, lengths)
    else:
        sums = np.zeros((len(lengths), frames.shape[1]))
        for i, clip in enumerate(split(frames, lengths)):
            for rows in blocks(len(clip)):
                part = clip[rows] if around is None else np.square(clip[rows] - around[i])
                # Not part.sum(), which adds up a single column in another order.
                sums[i] += np.add.reduceat(part, [0], dtype=np.float64)[0]
    means: NDArray[Any] = (sums / lengths[:, np.newaxis]).astype(frames.dtype)
    return means
