"""Pauses at the ends of clips."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skxent.frames._ragged import as_lengths, offsets, ranges

# In decibels: what is so far above the noise is sound, and what is so close to the loudest frame
# is sound in any noise.
ABOVE_FLOOR, BELOW_LOUDEST = 10.0, 10.0

# Words begin and end softly, below the noise: this many frames are kept on either side.
MARGIN = 3


def trim(
    frames: NDArray[Any], levels: ArrayLike, threshold: float, lengths: ArrayLike | None = None
) -> tuple[NDArray[Any], NDArray[Any]]:
    r"""Leave out the frames of pauses at both ends of clips.

    Where a pause is silent, all frames are kept from the first to the last that is at most
    `threshold` decibels :math:`\theta` quieter than the clip's loudest, with level
    :math:`l_\text{max}`. A pause with noise may be louder than that. So the level :math:`q` below
    which a tenth of these frames lie is taken for that of the noise. (A frame next to what was left
    out is not counted, since part of it is pause.) Of these frames those are kept from the first to
    the last of at least

    .. math::
        \min\bigl(l_\text{max} - 10, \; \max(l_\text{max} - \theta, \; q + 10)\bigr)

    decibels, and up to three more on each side, where words begin and end softly.

    Parameters
    ----------
    frames : ndarray of shape (n_frames, n_coefficients)
        Frames.
    levels : array-like of shape (n_frames,)
        Level of each frame in decibels, relative to anything, as :func:`skxent.mfcc.levels`
        returns them.
    threshold : float
        In decibels, positive; 35 suits words. A larger one keeps more.
    lengths : array-like of int of shape (n_clips,), default=None
        Number of frames of each clip; None for one clip.

    Returns
    -------
    trimmed : ndarray of shape (n_frames_kept, n_coefficients)
        The frames that are kept: of each clip a range, at least of one frame. It may share
        memory with `frames`.
    lengths : ndarray of shape (n_clips,)
        Number of frames that are kept of each clip.

    Raises
    ------
    ValueError
        If `threshold` is not positive, or if there is not one level for each frame, or one is
        NaN.

    Notes
    -----
    What is kept does not depend on the volume, nor on how many frames at the ends are more than
    `threshold` below the loudest, so long as there are any. Pauses within a clip are kept. In
    noise, trimming once more may leave out more. The level of frames also finds the ends of words
    in [1]_, with thresholds from a stretch that is known to be noise.

    References
    ----------
    .. [1] L. R. Rabiner and M. R. Sambur, "An algorithm for determining the endpoints of isolated
       utterances", Bell System Technical Journal 54, 1975.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.frames import trim
    >>> levels = np.array([-90.0] * 20 + [-30, -12, -5, -11, -28] + [-90] * 10)
    >>> frames = np.arange(35.0)[:, np.newaxis]
    >>> trimmed, lengths = trim(frames, levels, 35.0)
    >>> trimmed.ravel(), lengths
    (array([20., 21., 22., 23., 24.]), array([5]))
    """
    levels = np.asarray(levels, np.float64)
    if levels.shape != (len(frames),):
        raise ValueError(
            f"levels must be one for each of {len(frames)} frames, got shape {levels.shape}"
        )
    starts, ends = kept_ranges(levels, threshold, as_lengths(frames, lengths))
    kept: NDArray[Any] = ends - starts
    if len(kept) == 1:  # hours of frames are not copied
        return frames[starts[0] : ends[0]], kept
    return frames[ranges(starts, ends)], kept


def kept_ranges(
    levels: NDArray[Any], threshold: float, lengths: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the first frame that `trim` keeps of each clip, and the one after the last.

    Frames are numbered through all clips.
    """
    if not threshold > 0:
        raise ValueError(f"threshold={threshold!r} must be positive: it is in decibels")
    levels = levels.astype(np.float64, copy=False)
    if np.isnan(levels).any():
        raise ValueError(
            f"levels must be numbers, that of frame {np.isnan(levels).argmax()} is nan"
        )
    begins, stops = offsets(lengths)
    loudest = np.maximum.reduceat(levels, begins)
    starts, ends = _find_sound(levels >= np.repeat(loudest - threshold, lengths), begins, stops)
    inside = zip(
        (starts + (starts > begins)).tolist(), (ends - (ends < stops)).tolist(), strict=True
    )
    whole = zip(starts.tolist(), ends.tolist(), strict=True)
    floors = [
        _tenth(levels[i:j] if i < j else levels[first:end])
        for (i, j), (first, end) in zip(inside, whole, strict=True)
    ]
    # Where the ends are louder than this, nothing more is left out.
    least = np.minimum(loudest - BELOW_LOUDEST, np.add(floors, ABOVE_FLOOR))
    firsts, lasts = _find_sound(levels >= np.repeat(least, lengths), starts, ends)
    return np.maximum(starts, firsts - MARGIN), np.minimum(ends, lasts + MARGIN)


def _find_sound(
    is_sound: NDArray[Any], starts: NDArray[Any], ends: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the first frame of sound of each clip, and the one after the last."""
    frames = np.flatnonzero(is_sound)
    return frames[np.searchsorted(frames, starts)], frames[np.searchsorted(frames, ends) - 1] + 1


def _tenth(levels: NDArray[Any]) -> float:
    """Return the level that a tenth of the levels lie below."""
    n_below = len(levels) // 10
    return float(np.partition(levels, n_below)[n_below])
