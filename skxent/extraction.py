"""From clips to frames: loaded in groups, long ones piece by piece, known ones recalled."""

import functools
import itertools
import os

import numpy as np

from skxent.audio import chunks, count_samples, load
from skxent.cache import clip_key, recall
from skxent.frontend import design
from skxent.mfcc import compute, stream

__all__ = ["extract"]

# Clips are computed in groups of about this many samples, which share the cost of
# each call and are held at once.
_GROUP_SAMPLES = 1 << 19

# A clip of more samples is not held as a whole, and a file of fewer bytes is none.
_LONG_SAMPLES = 1 << 22
_LONG_BYTES = 1 << 20
_MOST_FRAMES = 1 << 20

_design = functools.lru_cache(maxsize=16)(design)


def extract(clips, settings, *, dtype=None, on_error="raise", cache=None):
    """Compute the frames of clips.

    Parameters
    ----------
    clips : dict of int to clip
        Clips as :func:`skxent.audio.load` takes them, by the number that an error
        names them with.
    settings : dict
        The sample rate and the settings of :func:`skxent.frontend.design`, but for
        `dtype`.
    dtype : {"float32", "float64"}, default=None
        Precision; None is that of each clip, see
        :func:`skxent.audio.to_mono_float`.
    on_error : {"raise", "warn"}, default="raise"
        Whether a clip that can't be used is an error, or a problem.
    cache : object, default=None
        As :func:`skxent.cache.open_cache` returns it.

    Returns
    -------
    frames : list of ndarray of shape (n_frames_i, n_coefficients) or None
        None for a clip with a problem. Not to be written to, where there is a
        cache.
    problems : list of str
        What is wrong with which clip.

    Raises
    ------
    TypeError, ValueError
        If a clip can't be used and `on_error` is "raise".

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.extraction import extract
    >>> clips = {7: np.ones(800), 8: np.ones(0)}
    >>> frames, problems = extract(clips, {"sample_rate": 8000}, on_error="warn")
    >>> frames[0].shape, frames[1]
    ((9, 13), None)
    >>> problems
    ['clip 8: empty: it has no samples']
    """
    numbers, reasons = list(clips), {}

    def compute_at(positions):
        chosen = {numbers[i]: clips[numbers[i]] for i in positions}
        return _compute(chosen, settings, dtype, on_error, reasons)

    if cache is None:
        frames = compute_at(range(len(numbers)))
    else:
        matters = dict(settings)
        if settings.get("features") == "log_mel":  # to which these are of no matter
            matters.update(n_mfcc=None, lifter=None)
        parameters = (*sorted(matters.items()), dtype)
        keys = [clip_key(clip, parameters) for clip in clips.values()]
        frames = recall(cache, keys, compute_at)
        # A clip that is there twice was tried once.
        of_key = {key: reasons[n] for key, n in zip(keys, numbers, strict=True) if n in reasons}
        for number, key, found in zip(numbers, keys, frames, strict=True):
            if found is None:
                reasons.setdefault(number, of_key[key])
    problems = [_describe(number, clips[number], reasons[number]) for number in sorted(reasons)]
    return frames, problems


def _describe(number, clip, reason):
    name = f" ({os.fspath(clip)})" if isinstance(clip, str | os.PathLike) else ""
    return f"clip {number}{name}: {reason}"


def _compute(clips, settings, dtype, on_error, reasons):
    """Compute frames in groups of short clips of one type, and of long clips alone."""
    frames, group, group_type, n_samples = dict.fromkeys(clips), {}, None, 0
    for number, clip in clips.items():
        try:
            if _is_long(clip, settings["sample_rate"]):
                frames[number] = _stream(clip, settings, dtype)
                continue
            signal = load(clip, settings["sample_rate"], dtype=dtype)
        except (TypeError, ValueError) as error:
            if on_error == "raise":
                # Not the type of the error itself: a UnicodeEncodeError takes no message.
                kind = TypeError if isinstance(error, TypeError) else ValueError
                raise kind(_describe(number, clip, error)) from error
            reasons[number] = str(error)  # without the traceback, which holds the samples
            continue
        if group and (n_samples > _GROUP_SAMPLES or signal.dtype != group_type):
            frames.update(_compute_group(group, settings))
            group, n_samples = {}, 0
        group[number], group_type = signal, signal.dtype
        n_samples += len(signal)
    if group:
        frames.update(_compute_group(group, settings))
    return list(frames.values())


def _compute_group(group, settings):
    signals = list(group.values())
    together, lengths = compute(signals, _design(dtype=signals[0].dtype.name, **settings))
    ends = np.cumsum(lengths).tolist()
    return {
        number: together[start:end]
        for number, start, end in zip(group, [0, *ends], ends, strict=False)
    }


def _is_long(clip, sample_rate):
    if isinstance(clip, str | os.PathLike):
        if not os.path.isfile(clip) or os.path.getsize(clip) < _LONG_BYTES:
            return False
    else:
        signal = clip[1] if isinstance(clip, tuple) and len(clip) == 2 else clip
        # An array without dimensions has a __len__ that raises.
        is_scalar = not hasattr(signal, "__len__") or getattr(signal, "ndim", 1) == 0
        if is_scalar or len(signal) < _LONG_SAMPLES:
            return False
    return count_samples(clip, sample_rate) > _LONG_SAMPLES


def _stream(clip, settings, dtype):
    """Compute the frames of a long clip, of which pieces alone are held."""
    blocks = stream(chunks(clip, settings["sample_rate"], dtype=dtype), **settings)
    first = next(blocks)
    # Room for what the clip seems to have, but not for whatever a header claims.
    n_samples = count_samples(clip, settings["sample_rate"])
    n_frames = min(_design(**settings).n_frames(n_samples) + 1, _MOST_FRAMES)
    frames, end = np.empty((n_frames, first.shape[1]), first.dtype), 0
    for block in itertools.chain([first], blocks):
        if end + len(block) > len(frames):
            frames = np.concatenate([frames, np.empty_like(frames)])
        frames[end : end + len(block)] = block
        end += len(block)
    return frames[:end]
