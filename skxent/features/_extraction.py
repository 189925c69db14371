"""From clips to frames: loaded in groups, long ones piece by piece, known ones recalled."""

import itertools
from typing import NamedTuple

import numpy as np

from skxent.audio import chunks, count_samples, load
from skxent.features._cache import clip_key, get_or_compute
from skxent.features._inputs import _describe, guess_size
from skxent.mfcc._blocks import compute
from skxent.mfcc._stream import compute_chunks

# Clips are computed in groups of about this many samples, which share the cost of
# each call and are held at once.
_GROUP_SAMPLES = 1 << 19


# A clip of more samples is not held as a whole. The guess of its size may be that many
# times too small: a compressed file's.
_LONG_SAMPLES = 1 << 22


_GUESS_FACTOR = 8


_MOST_FRAMES = 1 << 20


# Frames of a clip that is not worth copying to stand beside others'.
_LONG_FRAMES = 1 << 13


class Group(NamedTuple):
    """Frames of clips of one type, put together.

    Parameters
    ----------
    numbers : list of int
        Which clips.
    frames : ndarray of shape (n_frames, n_coefficients)
        Those of the first clip first.
    lengths : ndarray of int of shape (n_clips,)
        Number of frames of each clip.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.features._extraction import Group
    >>> [clip.shape for clip in Group([7, 8], np.ones((5, 13)), np.array([2, 3])).split()]
    [(2, 13), (3, 13)]
    """

    numbers: list
    frames: np.ndarray
    lengths: np.ndarray

    def split(self, frames=None):
        """Return the frames of each clip.

        Parameters
        ----------
        frames : ndarray of shape (n_frames, n_values), default=None
            What has been made of the frames; None for the frames themselves.

        Returns
        -------
        clips : list of ndarray of shape (n_frames_i, n_values)
            Views.
        """
        frames = self.frames if frames is None else frames
        ends = np.cumsum(self.lengths).tolist()
        return [frames[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def extract(clips, front_end, *, dtype=None, on_error="raise", cache=None):
    """Compute the frames of clips.

    Parameters
    ----------
    clips : dict of int to clip
        Clips as :func:`skxent.audio.load` takes them, by the number that an error
        names them with.
    front_end : skxent.mfcc.FrontEnd
        Of float64.
    dtype : {"float32", "float64"}, default=None
        Precision; None is that of each clip, see
        :func:`skxent.audio.to_mono_float`.
    on_error : {"raise", "warn"}, default="raise"
        Whether a clip that can't be used is an error, or a problem.
    cache : object, default=None
        As :func:`skxent.features._cache.open_cache` returns it.

    Returns
    -------
    groups : list of Group
        Of all clips but those with a problem. Frames that a cache owns are read-only.
    problems : dict of int to str
        What is wrong with which clip.

    Raises
    ------
    TypeError, ValueError
        If a clip can't be used and `on_error` is "raise".

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.features._extraction import extract
    >>> from skxent.mfcc import design
    >>> clips = {7: np.ones(800), 8: np.ones(0)}
    >>> groups, problems = extract(clips, design(8000), on_error="warn")
    >>> [(group.numbers, group.frames.shape) for group in groups]
    [([7], (9, 13))]
    >>> problems
    {8: 'clip 8: empty: it has no samples'}
    """
    reasons = {}

    def compute_some(some):
        return _compute(some, front_end, dtype, on_error, reasons)

    if cache is None:
        groups = compute_some(clips)
    else:
        parameters = (front_end.fingerprint, dtype)
        groups = _take_or_compute(clips, parameters, cache, compute_some, reasons)
    return groups, {n: _describe(n, clips[n], reasons[n]) for n in sorted(reasons)}


def _take_or_compute(clips, parameters, cache, compute_some, reasons):
    """Take frames from a cache, and compute those that it lacks."""
    numbers = list(clips)

    def compute_at(positions):
        some = {numbers[i]: clips[numbers[i]] for i in positions}
        found = dict.fromkeys(some)
        for group in compute_some(some):
            found.update(zip(group.numbers, group.split(), strict=True))
        return found.values()

    keys = [clip_key(clip, parameters) for clip in clips.values()]
    frames = get_or_compute(cache, keys, compute_at)
    # A clip that is there twice was tried once.
    of_key = {key: reasons[n] for key, n in zip(keys, numbers, strict=True) if n in reasons}
    alike = {}
    for number, key, found in zip(numbers, keys, frames, strict=True):
        if found is None:
            reasons.setdefault(number, of_key[key])
        else:
            kind = number if len(found) > _LONG_FRAMES else found.dtype.char
            alike.setdefault(kind, []).append((number, found))
    return [_put_together(*zip(*members, strict=True)) for members in alike.values()]


def _put_together(numbers, frames):
    lengths = np.array([len(clip) for clip in frames])
    if len(frames) > 1:
        together = np.concatenate(frames)
    else:  # not copied, and a cache's own, which may let itself be written to
        together = frames[0].view()
        together.flags.writeable = False
    return Group(list(numbers), together, lengths)


def _compute(clips, front_end, dtype, on_error, reasons):
    """Compute frames in groups of short clips of one type, and of long clips alone."""
    groups, signals, n_samples, sample_type = [], {}, 0, None

    def finish():
        of_type = front_end.as_type(sample_type.name)
        groups.append(Group(list(signals), *compute(list(signals.values()), of_type)))
        signals.clear()

    for number, clip in clips.items():
        try:
            if _is_long(clip, front_end.sample_rate):
                groups.append(_compute_long(number, clip, front_end, dtype))
                continue
            signal = load(clip, front_end.sample_rate, dtype=dtype)
        except (TypeError, ValueError) as error:
            if on_error == "raise":
                # Not the type of the error itself: a UnicodeEncodeError takes no message.
                kind = TypeError if isinstance(error, TypeError) else ValueError
                raise kind(_describe(number, clip, error)) from error
            reasons[number] = str(error)  # without the traceback, which holds the samples
            continue
        if signals and (n_samples > _GROUP_SAMPLES or signal.dtype != sample_type):
            finish()
            n_samples = 0
        signals[number], sample_type = signal, signal.dtype
        n_samples += len(signal)
    if signals:
        finish()
    return groups


def _is_long(clip, sample_rate):
    if guess_size(clip) * _GUESS_FACTOR < _LONG_SAMPLES:
        return False
    return count_samples(clip, sample_rate) > _LONG_SAMPLES


def _compute_long(number, clip, front_end, dtype):
    """Compute the frames of a long clip, of which pieces alone are held."""
    pieces = chunks(clip, front_end.sample_rate, dtype=dtype)
    piece = next(pieces)
    front_end = front_end.as_type(piece.dtype.name)
    # Room for what the clip seems to have, but not for whatever a header claims.
    n_samples = count_samples(clip, front_end.sample_rate)
    n_frames = min(front_end.n_frames(n_samples) + 1, _MOST_FRAMES)
    frames = np.empty((n_frames, front_end.n_coefficients), piece.dtype)
    end = 0
    for block in compute_chunks(itertools.chain([piece], pieces), front_end):
        if end + len(block) > len(frames):
            frames = np.concatenate([frames, np.empty_like(frames)])
        frames[end : end + len(block)] = block
        end += len(block)
    return Group([number], frames[:end], np.array([end]))
