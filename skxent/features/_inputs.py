"""What X may hold, guessed sizes, and errors that name the clip."""

import os
import stat

import numpy as np

# What a column of clips holds.
_CLIPS = (str, os.PathLike, tuple, np.ndarray)


def _holds_clips(table):
    """Tell whether a table holds clips, not samples; some may be missing, the first too."""
    values = np.asarray(table)
    if values.dtype.kind not in "OUT":
        return False
    return any(issubclass(kind, _CLIPS) for kind in set(map(type, values.flat)))


def guess_size(clip):
    """Guess how many samples a clip has, in no time.

    Parameters
    ----------
    clip : array-like, tuple or path
        As in :func:`skxent.audio.load`.

    Returns
    -------
    n_samples : int
        Of an array, or that of a pair, its length; of a file, what it would have
        of 16 bits; zero for what is no clip.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.features._inputs import guess_size
    >>> guess_size(np.zeros(10)), guess_size((8000, np.zeros(10))), guess_size("none.wav")
    (10, 10, 0)
    """
    signal = clip[1] if isinstance(clip, tuple) and len(clip) == 2 else clip
    # First, as the check for a path takes longer than all the rest.
    if not isinstance(signal, np.ndarray) and isinstance(signal, str | os.PathLike):
        try:
            status = os.stat(signal)
        except (OSError, ValueError):  # the loader tells what is wrong with it
            return 0
        return status.st_size // 2 if stat.S_ISREG(status.st_mode) else 0
    try:
        return len(signal)
    except TypeError:  # also of an array without dimensions
        return 0


def _describe(number, clip, reason):
    name = f" ({os.fspath(clip)})" if isinstance(clip, str | os.PathLike) else ""
    return f"clip {number}{name}: {reason}"
