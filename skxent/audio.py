"""From a clip, in any form, to a mono signal of floats at a wanted rate."""

import math
import os
import re
from numbers import Real

import numpy as np
import soundfile
import soxr

__all__ = ["load", "read", "to_mono_float"]

# libsndfile reads what there is of a file that stops early, and notes it in its log.
_CUT_CHUNK = re.compile(
    r"^ *(?:data|SSND|riff|Riff size|Data Size) +: (\d+) \(should be (\d+)\)", re.MULTILINE
)
_CUT_STREAM = re.compile(
    r"File ended unexpectedly|Junk after the last page|Last page lacks an end|truncated file"
)
# Sizes from here on are what programs announce that write to a pipe and can't know: most
# 2^32 - 1 or 2^31 - 1, SoX 0x7FFFF000 rounded down to whole blocks.
_UNKNOWN_SIZE = 0x7FFF0000
# The length in an mp3's header may be off by the encoder's delay and padding.
_MP3_SLACK = 2 * 1152


def load(clip, sample_rate, *, dtype=None):
    """Turn a clip into a mono signal at a sample rate.

    Parameters
    ----------
    clip : array-like, tuple or path
        - An array of shape (n_samples,) or (n_samples, n_channels), taken to be
          at `sample_rate`.
        - A pair ``(rate, signal)``, as :func:`scipy.io.wavfile.read` returns.
        - The path of a sound file of a format that libsndfile reads: wav, flac,
          ogg, mp3, aiff and more.
    sample_rate : float
        Wanted rate in hertz. Pairs and files at another one are resampled.
    dtype : {"float32", "float64"}, default=None
        Type of the result; None as :func:`to_mono_float`.

    Returns
    -------
    signal : ndarray of shape (n_samples,)
        Channels are averaged, integers are scaled to [-1, 1).

    Raises
    ------
    TypeError
        If `clip` is none of these.
    ValueError
        If it is empty, holds NaN or infinity, has too many dimensions, or if
        the file can't be read or is cut short.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.audio import load
    >>> load(np.array([0, 16384, -32768], dtype=np.int16), 8000)
    array([ 0. ,  0.5, -1. ], dtype=float32)
    >>> load((16000, np.zeros(1600)), 8000).shape
    (800,)
    """
    if isinstance(clip, str | os.PathLike):
        signal, rate = read(clip, dtype=dtype or "float32")
    elif isinstance(clip, tuple):
        rate, signal = _split_pair(clip)
    else:
        signal, rate = clip, sample_rate
    signal = to_mono_float(signal, dtype=dtype)
    if rate != sample_rate:
        signal = soxr.resample(signal, rate, sample_rate)
        if not len(signal):
            raise ValueError(f"too short to be resampled from {rate:g} to {sample_rate:g} Hz")
    return signal


def read(path, *, dtype="float32"):
    """Read a whole sound file.

    Parameters
    ----------
    path : str or os.PathLike
        The file.
    dtype : {"float32", "float64"}, default="float32"
        Type of the result.

    Returns
    -------
    signal : ndarray of shape (n_samples, n_channels)
        Integers are scaled to [-1, 1).
    sample_rate : int
        In hertz.

    Raises
    ------
    ValueError
        If the file is missing, unreadable, of no known format, or cut short.

    Examples
    --------
    >>> from skxent.audio import read
    >>> read("none.wav")
    Traceback (most recent call last):
        ...
    ValueError: no such file
    """
    if not os.path.isfile(path):
        raise ValueError("not a file" if os.path.exists(path) else "no such file")
    try:
        with soundfile.SoundFile(path) as file:
            signal = file.read(dtype=dtype, always_2d=True)
            expected, log, rate = file.frames, file.extra_info, file.samplerate
    except (OSError, RuntimeError) as error:  # libsndfile's errors are RuntimeErrors
        raise ValueError(f"can't be read as sound ({error})") from error
    if _is_cut_short(log, expected, len(signal)):
        raise ValueError("cut short: it ends before the length that it announces")
    return signal, rate


def to_mono_float(signal, *, dtype=None):
    """Average the channels of a signal, and scale integers to [-1, 1).

    Parameters
    ----------
    signal : array-like of shape (n_samples,) or (n_samples, n_channels)
        Floats are taken as they are, signed integers are divided by the size of
        their range (32,768 for int16); unsigned ones are shifted first.
    dtype : {"float32", "float64"}, default=None
        Type of the result. None is float32, but for floats and integers of 64
        bits, which need float64.

    Returns
    -------
    mono : ndarray of shape (n_samples,)
        Contiguous; may share memory with `signal`.

    Raises
    ------
    TypeError
        If `signal` does not consist of numbers.
    ValueError
        If it is empty, holds NaN or infinity, or has a wrong shape.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.audio import to_mono_float
    >>> to_mono_float(np.array([[0, 128], [255, 255]], dtype=np.uint8))
    array([-0.5      ,  0.9921875], dtype=float32)
    """
    try:
        signal = np.asarray(signal)
    except ValueError as error:  # nested lists of different lengths
        raise ValueError(f"not a signal: {error}") from error
    kind = signal.dtype.kind
    if kind not in "iuf":
        raise TypeError(
            "must be an array of numbers, a (sample_rate, signal) pair or a path, "
            f"got {_describe(signal)}"
        )
    if signal.size == 0:
        raise ValueError("empty: it has no samples")
    if signal.ndim not in (1, 2):
        raise ValueError(
            "must have shape (n_samples,) or (n_samples, n_channels), "
            f"got {signal.ndim} dimensions, shape {signal.shape}"
        )
    if signal.ndim == 2 and signal.shape[1] > signal.shape[0]:
        raise ValueError(
            f"has more channels than samples: shape {signal.shape} must be "
            "(n_samples, n_channels); transpose it?"
        )
    if dtype is None:
        dtype = np.float64 if signal.dtype.itemsize >= 8 else np.float32
    if kind != "f":
        signal = _scale_integers(signal, dtype)
    # What is not finite, or not in this precision, is reported below.
    with np.errstate(over="ignore", invalid="ignore"):
        signal = signal.astype(dtype, copy=False)
        if signal.ndim == 2:
            signal = signal.mean(axis=1, dtype=dtype)
        # One pass without a temporary in nearly all cases: the energy is finite only if
        # every sample is.
        energy = signal.dot(signal)
    if not math.isfinite(energy) and not np.isfinite(signal).all():
        first = int(np.argmin(np.isfinite(signal)))
        raise ValueError(f"must be finite, sample {first} is {signal[first]}")
    return np.ascontiguousarray(signal)


def _scale_integers(signal, dtype):
    info = np.iinfo(signal.dtype)
    half = 2.0 ** (info.bits - 1)
    scaled = signal.astype(dtype)
    if info.min == 0:
        scaled -= half
    scaled /= half
    return scaled


def _split_pair(pair):
    if len(pair) == 2 and isinstance(pair[0], Real) and not isinstance(pair[0], bool):
        rate = float(pair[0])
        if 1 <= rate < math.inf:
            return rate, pair[1]
        raise ValueError(f"a pair's sample rate must be at least 1 Hz, got {rate:g}")
    parts = f"({', '.join(map(_describe, pair))})" if len(pair) == 2 else f"{len(pair)} values"
    raise TypeError(f"a pair must be (sample_rate, signal), got {parts}")


def _describe(value):
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of {value.dtype} of shape {value.shape}"
    return type(value.item() if isinstance(value, np.ndarray) else value).__name__


def _is_cut_short(log, expected, found):
    if _CUT_STREAM.search(log) or found < expected - _MP3_SLACK:
        return True
    chunk = _CUT_CHUNK.search(log)
    return chunk is not None and int(chunk[2]) < int(chunk[1]) < _UNKNOWN_SIZE
