"""Frames of one signal, whole or in chunks."""

import dataclasses
import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skxent.mfcc._blocks import BLOCK_BYTES, Block, compute, compute_levels, count_padding, pad
from skxent.mfcc._front_end import FrontEnd, choices_of, shared_design

_NO_SAMPLES = "chunks must hold at least one sample"


def mfcc(signal: ArrayLike, sample_rate: float = 16000, **settings: Any) -> NDArray[Any]:
    """Compute the features of one signal.

    Parameters
    ----------
    signal : array-like of shape (n_samples,)
        Mono and finite, at `sample_rate`. float32 is computed in float32, all other
        types in float64. Integers are taken as the tools take them, unscaled, unlike in
        :class:`~skxent.MFCCTransformer`: see :func:`skxent.audio.to_mono_float`.
    sample_rate : float, default=16000
        In hertz.
    **settings
        Settings of :func:`skxent.mfcc.design`, except `dtype`.

    Returns
    -------
    frames : ndarray of shape (n_frames, n_coefficients)
        A frame depends on its own samples alone, and for pre-emphasis of the
        signal on the one before: see the notes.

    Raises
    ------
    ValueError
        If the signal is empty, not one-dimensional or not finite, or a setting is
        invalid.

    Notes
    -----
    The values of a frame are the same bit for bit wherever the frame stands, and
    whatever is computed along with it, with OpenBLAS on processors up to AVX2. With
    another BLAS they are the same but for rounding: up to 1e-4 in float32 and
    1e-13 in float64, of values of some hundred.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.mfcc import mfcc
    >>> signal = np.sin(2 * np.pi * 440 / 8000 * np.arange(8000))
    >>> mfcc(signal, 8000).shape
    (99, 13)
    >>> mfcc(signal, 8000, convention="librosa", n_mels=40, n_mfcc=20).shape
    (101, 20)
    """
    signal, front_end = _resolve(signal, sample_rate, settings)
    front_end.warn_of_empty_filters(stacklevel=2)
    frames, _ = compute([signal], front_end)
    return frames


def levels(signal: ArrayLike, sample_rate: float = 16000, **settings: Any) -> NDArray[Any]:
    r"""Compute how loud each frame of a signal is, in decibels.

    .. math::
        l = 10 \log_{10} \frac{1}{N} \sum_n (x_n - \bar x)^2

    over the samples :math:`x_n` of a frame of :math:`N` samples, before pre-emphasis and window,
    and not scaled as a convention may scale them. Without their mean :math:`\bar x`, a constant
    offset does not hide a pause.

    Parameters
    ----------
    signal : array-like of shape (n_samples,)
        As in :func:`mfcc`.
    sample_rate : float, default=16000
        In hertz.
    **settings
        Settings of :func:`skxent.mfcc.design`, except `dtype`.

    Returns
    -------
    levels : ndarray of shape (n_frames,)
        Level of each frame that :func:`mfcc` computes with these settings, in decibels relative
        to a variance of one. Of a frame that reaches beyond the signal, where it is padded with
        zeros, the mean is that of the signal's samples. Silence is finite, some -3000.

    Raises
    ------
    ValueError
        As :func:`mfcc` raises.

    See Also
    --------
    skxent.frames.trim : Leaves out pauses by the levels of frames.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.mfcc import levels
    >>> signal = np.sin(2 * np.pi * 400 / 8000 * np.arange(8000))
    >>> levels(signal * np.geomspace(1, 0.001, 8000), 8000)[::40].round()
    array([ -4., -28., -52.])
    """
    signal, front_end = _resolve(signal, sample_rate, settings)
    return compute_levels(signal, front_end)


def stream(
    chunks: Iterable[ArrayLike], sample_rate: float = 16000, **settings: Any
) -> Iterator[NDArray[Any]]:
    """Compute the features of a signal that arrives in chunks.

    The frames are those of :func:`mfcc` of the whole signal, bit for bit, however
    it is cut. They are computed in blocks of some hundred frames, for speed; each
    block is yielded as soon as its last sample has arrived.

    Parameters
    ----------
    chunks : iterable of array-like of shape (n_samples_i,)
        Mono and finite, all of one type; the first one's decides the precision and
        the scale as in :func:`mfcc`. Any may be empty.
    sample_rate : float, default=16000
        In hertz.
    **settings
        Settings of :func:`skxent.mfcc.design`, except `dtype`.

    Yields
    ------
    frames : ndarray of shape (n_frames_i, n_coefficients)
        The next frames.

    Raises
    ------
    ValueError
        If there is no sample at all, a chunk is not one-dimensional or not finite, or
        a setting is invalid.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.mfcc import mfcc, stream
    >>> signal = np.random.default_rng(0).normal(size=100_000)
    >>> blocks = list(stream(np.array_split(signal, 7), 8000))
    >>> [len(block) for block in blocks]
    [528, 528, 193]
    >>> np.array_equal(np.vstack(blocks), mfcc(signal, 8000))
    True
    """
    chunks = iter(chunks)
    chunk = next(chunks, None)
    if chunk is None:
        raise ValueError(_NO_SAMPLES)
    chunk, settings = _as_signal(chunk), _settings_for(chunk, settings)
    front_end = shared_design(sample_rate, **settings).as_type(chunk.dtype)
    front_end.warn_of_empty_filters(stacklevel=2)
    yield from compute_chunks(map(_as_signal, itertools.chain([chunk], chunks)), front_end)


def compute_chunks(
    chunks: Iterable[NDArray[Any]], front_end: FrontEnd, block_bytes: int = BLOCK_BYTES
) -> Iterator[NDArray[Any]]:
    """Yield the frames of a signal in chunks, all of the front end's type, a block at a time."""
    block = Block(front_end, block_bytes)
    n_padding = sum(count_padding(front_end))
    if n_padding:
        chunks = _pad_chunks(chunks, front_end)
    pending, n_pending, origin, first = [], 0, 0, 0
    for chunk in chunks:
        pending.append(chunk)
        n_pending += len(chunk)
        if n_pending < block.n_samples_needed(first, origin):
            continue
        samples = np.concatenate(pending)
        while len(samples) >= (needed := block.n_samples_needed(first, origin)):
            yield block.compute_one(samples, origin, first, block.n_rows, origin + needed)
            first += block.n_rows
            # The sample before the next frame is kept for its pre-emphasis. With gaps
            # between frames, the next one may begin after all samples so far.
            passed = first * front_end.n_step - block.n_before - 1 - origin
            passed = min(max(0, passed), len(samples))
            samples, origin = samples[passed:], origin + passed
        pending, n_pending = [samples.copy()], len(samples)
    end = origin + n_pending
    if not end:
        raise ValueError(_NO_SAMPLES)
    samples, n_frames = np.concatenate(pending), front_end.n_frames(end - n_padding)
    while first < n_frames:
        taken = min(n_frames - first, block.n_rows)
        yield block.compute_one(samples, origin, first, taken, end)
        first += taken


def _pad_chunks(chunks: Iterable[NDArray[Any]], front_end: FrontEnd) -> Iterator[NDArray[Any]]:
    """Yield the chunks of the padded signal."""
    n_before, _ = count_padding(front_end)
    n_kept = front_end.n_fft + 1  # what the padding on either side is made of
    chunks = iter(chunks)
    head, n_samples = [], 0
    while n_samples < n_kept and (chunk := next(chunks, None)) is not None:
        head.append(chunk)
        n_samples += len(chunk)
    if not n_samples:
        return
    last = np.concatenate(head)
    padded = pad(last, front_end)
    yield padded[: n_before + n_samples]
    for chunk in chunks:
        yield chunk
        last = np.concatenate([last, chunk])[-n_kept:]
    yield pad(last, front_end)[n_before + len(last) :]


def _resolve(
    signal: ArrayLike, sample_rate: float, settings: dict[str, Any]
) -> tuple[NDArray[Any], FrontEnd]:
    """Return a signal that is not empty as an array, and the front end for it."""
    signal, settings = _as_signal(signal), _settings_for(signal, settings)
    if not len(signal):
        raise ValueError("signal must not be empty")
    return signal, shared_design(sample_rate, **settings).as_type(signal.dtype)


def _settings_for(signal: ArrayLike, settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings with a convention that doesn't scale integers."""
    if np.asarray(signal).dtype.kind not in "iu":
        return settings
    convention = choices_of(settings.get("convention", "psf"))
    return {**settings, "convention": dataclasses.replace(convention, scale=1.0)}


def _as_signal(signal: ArrayLike) -> NDArray[Any]:
    signal = np.asarray(signal)
    if signal.ndim != 1:
        raise ValueError(f"signal must have shape (n_samples,), got shape {signal.shape}")
    return signal if signal.dtype == np.float32 else signal.astype(np.float64, copy=False)
