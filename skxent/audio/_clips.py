"""A clip in any form to a mono signal of floats at a given rate."""

import math
import os
from collections.abc import Iterator
from numbers import Number, Real
from typing import Any

import numpy as np
import soxr
from numpy.typing import ArrayLike, NDArray

from skxent.audio._deferred import Deferred
from skxent.audio._files import cut, file_length, read_blocks, read_samples

# libsoxr's filters grow with the ratio of the rates, as may the result.
_MAX_RATIO = 256

# The energies of larger samples may be more than float64 holds.
_LARGEST = 1e100


def load(clip: Any, sample_rate: float, *, dtype: str | None = None) -> NDArray[Any]:
    """Turn a clip into a mono signal at a sample rate.

    Parameters
    ----------
    clip : array-like, tuple or path
        - An array of shape (n_samples,) or (n_samples, n_channels), assumed to be
          at `sample_rate`.
        - A pair ``(rate, signal)``, as :func:`scipy.io.wavfile.read` returns.
        - The path of a sound file of a format that libsndfile reads: wav, flac,
          ogg, opus, mp3, aiff and more; with PyAV (``pip install "skxent[av]"``), also
          m4a, aac, webm, wma and more. Its name doesn't matter.
    sample_rate : float
        Rate of the result in hertz. Pairs and files with another rate are resampled.
    dtype : {"float32", "float64"}, default=None
        Type of the result; None is float32 for a file, and otherwise as
        :func:`to_mono_float`.

    Returns
    -------
    signal : ndarray of shape (n_samples,)
        Channels are averaged, integers are scaled to [-1, 1). It may share memory
        with `clip`, and be read-only.

    Raises
    ------
    TypeError
        If `clip` is none of these.
    ValueError
        If it is empty, contains NaN or infinity, has too many dimensions, or if
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
    # Arrays first: the check for a path takes as long as all the rest for a short clip.
    if isinstance(clip, np.ndarray):
        signal, rate = _check_signal(clip), sample_rate
    elif isinstance(clip, str | os.PathLike):
        dtype = dtype or "float32"
        signal, rate = read_samples(clip, dtype)
    else:
        signal, rate = _as_signal(clip, sample_rate)
    signal = to_mono(signal, dtype)
    if rate != sample_rate:
        _check_ratio(rate, sample_rate)
        signal = _check_resampled(soxr.resample(signal, rate, sample_rate), rate, sample_rate)
        _check_length(len(signal), rate, sample_rate)
    return signal


def chunks(
    clip: Any, sample_rate: float, *, dtype: str | None = None, n_samples: int = 1 << 18
) -> Iterator[NDArray[Any]]:
    """Load a clip piece by piece, in little memory.

    Concatenated, the pieces are what :func:`load` returns, bit for bit. Errors are
    raised where they are found: at the end of a file, after its pieces.

    Parameters
    ----------
    clip : array-like, tuple or path
        As in :func:`load`.
    sample_rate : float
        As in :func:`load`.
    dtype : {"float32", "float64"}, default=None
        As in :func:`load`.
    n_samples : int, default=262144
        Largest number of samples, over all channels, to hold at a time. A resampled
        piece may have a few more.

    Yields
    ------
    signal : ndarray of shape (n_samples_i,)
        The pieces in order, none of them empty.

    Raises
    ------
    TypeError, ValueError
        As in :func:`load`.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.audio import chunks
    >>> [len(chunk) for chunk in chunks(np.zeros(10), 8000, n_samples=4)]
    [4, 4, 2]
    """
    if n_samples < 1:
        raise ValueError(f"n_samples must be at least 1, got {n_samples}")
    if isinstance(clip, str | os.PathLike):
        dtype = dtype or "float32"
        blocks = read_blocks(clip, dtype, n_samples, sample_rate)
    else:
        blocks = cut(*_as_signal(clip, sample_rate), n_samples, sample_rate)
    stream, n_read, n_given = None, 0, 0
    for block, rate in blocks:
        signal = to_mono(block, dtype, n_read)
        n_read += len(signal)
        if rate != sample_rate:
            if stream is None:
                _check_ratio(rate, sample_rate)
                stream = soxr.ResampleStream(rate, sample_rate, 1, dtype=signal.dtype)
            signal = _check_resampled(stream.resample_chunk(signal), rate, sample_rate)
        n_given += len(signal)
        if len(signal):
            yield signal
    if stream is not None:
        signal = stream.resample_chunk(signal[:0], last=True)
        _check_resampled(signal, rate, sample_rate)
        _check_length(n_given + len(signal), rate, sample_rate)
        if len(signal):
            yield signal


def count_samples(clip: Any, sample_rate: float) -> int:
    """Estimate the number of samples of a clip at a sample rate, without loading it.

    For a file, this is what its header announces: errors after the header are not
    found, and the number is a guess for an mp3 file without a length.

    Parameters
    ----------
    clip : array-like, tuple or path
        As in :func:`load`.
    sample_rate : float
        As in :func:`load`.

    Returns
    -------
    n_samples : int
        Number of samples.

    Raises
    ------
    TypeError, ValueError
        If `clip` is not an array, a pair or a sound file.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.audio import count_samples
    >>> count_samples((16000, np.zeros(1600)), 8000)
    800
    """
    if isinstance(clip, str | os.PathLike):
        n_frames, rate = file_length(clip)
    else:
        signal, rate = _as_signal(clip, sample_rate)
        n_frames = len(signal)
    return math.ceil(n_frames * sample_rate / rate)


def read(path: str | os.PathLike[str], *, dtype: str = "float32") -> tuple[NDArray[Any], int]:
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
        Integers are scaled to [-1, 1). It may be read-only.
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
    signal, rate = read_samples(path, dtype)
    return to_float(signal, dtype), int(rate)


def to_mono_float(signal: ArrayLike, *, dtype: str | None = None) -> NDArray[Any]:
    """Average the channels of a signal and scale integers to [-1, 1).

    Parameters
    ----------
    signal : array-like of shape (n_samples,) or (n_samples, n_channels)
        Floats are kept as they are. Signed integers are divided by half the size of
        their range (32,768 for int16); unsigned integers are shifted first. A list of
        integers is an error, since their range is unknown.
    dtype : {"float32", "float64"}, default=None
        Type of the result. None is float64 for floats and integers of 64 bits, and
        float32 for all others.

    Returns
    -------
    mono : ndarray of shape (n_samples,)
        Contiguous; may share memory with `signal`.

    Raises
    ------
    TypeError
        If `signal` does not consist of numbers.
    ValueError
        If it is empty, contains NaN or infinity, or has an invalid shape.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.audio import to_mono_float
    >>> to_mono_float(np.array([[0, 128], [255, 255]], dtype=np.uint8))
    array([-0.5      ,  0.9921875], dtype=float32)
    """
    return to_mono(_check_signal(signal), dtype)


def _as_signal(clip: Any, sample_rate: float) -> tuple[NDArray[Any], float]:
    """Return the checked array and the rate of a clip that is not a path."""
    rate, signal = _split_pair(clip) if isinstance(clip, tuple) else (sample_rate, clip)
    return _check_signal(signal), rate


def _check_signal(signal: ArrayLike) -> NDArray[Any]:
    if isinstance(signal, Deferred):
        signal = np.asarray(signal)  # computed once; its errors name it
    has_type = hasattr(signal, "dtype")
    try:
        signal = np.asarray(signal)
    except ValueError as error:  # nested lists of different lengths
        raise ValueError(f"not a signal: {error}") from error
    kind = signal.dtype.kind
    has_none = signal.ndim == 0 and is_missing(signal.item())
    if kind not in "iuf" or has_none:
        got = f"a missing value, {signal}" if has_none else _describe(signal)
        raise TypeError(
            f"must be an array of numbers, a (sample_rate, signal) pair or a path, got {got}"
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
    if kind != "f" and not has_type:
        raise ValueError(
            "the range of a list of integers is unknown: make it an array of the type that "
            "they were recorded in, such as np.int16, or of floats from -1 to 1"
        )
    return signal


def to_mono(signal: NDArray[Any], dtype: str | None, start: int = 0) -> NDArray[Any]:
    """Return a signal of a valid shape as mono floats; it begins at sample `start`."""
    if dtype is None:
        dtype = "float64" if signal.dtype.itemsize >= 8 else "float32"
    signal = to_float(signal, dtype)
    if signal.ndim == 2:
        signal = signal[:, 0] if signal.shape[1] == 1 else _average(signal)
    signal = np.ascontiguousarray(signal)
    # One pass without a temporary in nearly all cases: the energy is small only if every
    # sample is. Unlike dot, vdot doesn't warn of infinity; silencing dot takes longer.
    if not float(np.vdot(signal, signal)) < _LARGEST**2:
        _check_samples(signal, start)
    return signal


def _check_samples(signal: NDArray[Any], start: int) -> None:
    """Raise an error that names the first sample that is not finite, or too large."""
    with np.errstate(invalid="ignore"):  # signaling NaN, as in damaged files
        is_usable = np.abs(signal.astype("float64")) < _LARGEST  # False also for NaN
    if not is_usable.all():
        first = int(np.argmin(is_usable))
        value = f"sample {start + first} is {signal[first]:g}"
        if np.isfinite(signal[first]):
            raise ValueError(f"{value}: samples must be less than {_LARGEST:g}")
        raise ValueError(f"must be finite, {value}")


def _average(signal: NDArray[Any]) -> NDArray[Any]:
    with np.errstate(over="ignore", invalid="ignore"):  # to_mono raises
        mean: NDArray[Any] = signal.mean(axis=1, dtype=signal.dtype)
    return mean


def to_float(signal: NDArray[Any], dtype: str) -> NDArray[Any]:
    if signal.dtype == dtype:
        return signal
    if signal.dtype.kind == "f":
        with np.errstate(over="ignore", invalid="ignore"):  # to_mono raises
            return signal.astype(dtype)
    half = 2.0 ** (8 * signal.dtype.itemsize - 1)
    scaled: NDArray[Any] = signal.astype(dtype)
    if signal.dtype.kind == "u":
        scaled -= half
    scaled *= 1 / half  # a power of two: exact, and faster than a division
    return scaled


def _split_pair(pair: tuple[Any, ...]) -> tuple[float, Any]:
    if len(pair) == 2 and isinstance(pair[0], Real) and not isinstance(pair[0], bool):
        rate = float(pair[0])
        if 1 <= rate < math.inf:
            return rate, pair[1]
        raise ValueError(f"a pair's sample rate must be at least 1 Hz, got {rate:g}")
    parts = f"({', '.join(map(_describe, pair))})" if len(pair) == 2 else f"{len(pair)} values"
    raise TypeError(f"a pair must be (sample_rate, signal), got {parts}")


def is_missing(value: Any) -> bool:
    """Return whether a value is None, NaN, or one of pandas' missing values."""
    is_nan = isinstance(value, Number) and bool(value != value)
    return is_nan or type(value).__name__ in {"NoneType", "NAType", "NaTType"}


def _describe(value: Any) -> str:
    if isinstance(value, np.ndarray) and value.ndim:
        return f"an array of {value.dtype} of shape {value.shape}"
    return type(value.item() if isinstance(value, np.ndarray) else value).__name__


def _check_ratio(rate: float, sample_rate: float) -> None:
    if not 1 / _MAX_RATIO <= sample_rate / rate <= _MAX_RATIO:
        raise ValueError(
            f"can't be resampled from {rate:g} to {sample_rate:g} Hz: the rates must not "
            f"differ by more than {_MAX_RATIO} times"
        )


def _check_resampled(signal: NDArray[Any], rate: float, sample_rate: float) -> NDArray[Any]:
    """Return a resampled signal, unless it overflowed."""
    if not np.isfinite(signal).all():
        raise ValueError(
            f"can't be resampled from {rate:g} to {sample_rate:g} Hz: it has samples near the "
            f"largest number of {signal.dtype}"
        )
    return signal


def _check_length(n_samples: int, rate: float, sample_rate: float) -> None:
    if not n_samples:
        raise ValueError(f"too short to be resampled from {rate:g} to {sample_rate:g} Hz")
