"""Mel-frequency cepstral coefficients: pure functions from signals to frames.

The way of a signal: pre-emphasis, overlapping frames, window, spectrum, mel
filterbank, logarithm, cosine transform, lifter. :func:`skxent.mfcc.design`
resolves how a tool takes these steps into a front end, and :func:`compute`
applies one to signals; :func:`mfcc` does both for one signal, :func:`stream` for
one that comes in pieces. What is then done with frames is in
:mod:`skxent.frames`.
"""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skxent.mfcc._blocks import BLOCK_BYTES, Block, compute
from skxent.mfcc._front_end import FrontEnd, shared_design

_NO_SAMPLES = "chunks must hold at least one sample"


def mfcc(signal: ArrayLike, sample_rate: float = 16000, **settings: Any) -> NDArray[Any]:
    """Compute the features of one signal.

    Parameters
    ----------
    signal : array-like of shape (n_samples,)
        Mono, finite, at `sample_rate`. float32 is computed in float32, anything
        else in float64. Integers are taken as they are, where
        :class:`~skxent.MFCCTransformer` scales them; so does
        :func:`skxent.audio.to_mono_float`.
    sample_rate : float, default=16000
        In hertz.
    **settings
        As :func:`skxent.mfcc.design` takes them, `dtype` excepted.

    Returns
    -------
    frames : ndarray of shape (n_frames, n_coefficients)
        A frame depends on its own samples alone, and for pre-emphasis of the
        signal on the one before: see the notes.

    Raises
    ------
    ValueError
        If the signal is empty or not one-dimensional, or a setting is wrong.

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
    signal = _as_signal(signal)
    if not len(signal):
        raise ValueError("signal must not be empty")
    front_end = shared_design(sample_rate, **settings).as_type(signal.dtype)
    front_end.warn_of_empty_filters(stacklevel=2)
    frames, _ = compute([signal], front_end)
    return frames


def stream(
    chunks: Iterable[ArrayLike], sample_rate: float = 16000, **settings: Any
) -> Iterator[NDArray[Any]]:
    """Compute the features of a signal that comes in chunks, as they come.

    The frames are those of :func:`mfcc` of the whole signal, bit for bit, however
    it is cut. They come in blocks of some hundred, since that is how they are
    computed fast: a block is there as soon as its last sample is.

    Parameters
    ----------
    chunks : iterable of array-like of shape (n_samples_i,)
        Mono and finite, all of one type; the first one's decides the precision
        as in :func:`mfcc`. Any may be empty.
    sample_rate : float, default=16000
        In hertz.
    **settings
        As :func:`skxent.mfcc.design` takes them, `dtype` excepted.

    Yields
    ------
    frames : ndarray of shape (n_frames_i, n_coefficients)
        The next frames.

    Raises
    ------
    ValueError
        If there is no sample at all, a chunk is not one-dimensional, or a
        setting is wrong.

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
    chunk = _as_signal(chunk)
    front_end = shared_design(sample_rate, **settings).as_type(chunk.dtype)
    front_end.warn_of_empty_filters(stacklevel=2)
    yield from compute_chunks(map(_as_signal, itertools.chain([chunk], chunks)), front_end)


def compute_chunks(
    chunks: Iterable[NDArray[Any]], front_end: FrontEnd, block_bytes: int = BLOCK_BYTES
) -> Iterator[NDArray[Any]]:
    """Compute the features of a signal that comes in chunks, as :func:`stream` does.

    Parameters
    ----------
    chunks : iterable of ndarray of shape (n_samples_i,)
        Mono and finite.
    front_end : skxent.mfcc.FrontEnd
        Of the signal's type and sample rate.

    Yields
    ------
    frames : ndarray of shape (n_frames_i, n_coefficients)
        The next frames.

    Raises
    ------
    ValueError
        If there is no sample at all.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.mfcc import design
    >>> from skxent.mfcc._stream import compute_chunks
    >>> blocks = compute_chunks([np.zeros(8000), np.ones(8000)], design(8000))
    >>> [block.shape for block in blocks]
    [(199, 13)]
    """
    block = Block(front_end, block_bytes)
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
            # The sample before the next frame is kept for its pre-emphasis. Frames with
            # gaps between them may begin at one that is still to come.
            passed = first * front_end.n_step - front_end.n_before - 1 - origin
            passed = min(max(0, passed), len(samples))
            samples, origin = samples[passed:], origin + passed
        pending, n_pending = [samples.copy()], len(samples)
    end = origin + n_pending
    if not end:
        raise ValueError(_NO_SAMPLES)
    samples, n_frames = np.concatenate(pending), front_end.n_frames(end)
    while first < n_frames:
        taken = min(n_frames - first, block.n_rows)
        yield block.compute_one(samples, origin, first, taken, end)
        first += taken


def _as_signal(signal: ArrayLike) -> NDArray[Any]:
    signal = np.asarray(signal)
    if signal.ndim != 1:
        raise ValueError(f"signal must have shape (n_samples,), got shape {signal.shape}")
    return signal if signal.dtype == np.float32 else signal.astype(np.float64, copy=False)
