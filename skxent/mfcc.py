"""Mel-frequency cepstral coefficients: pure functions from signals to frames.

The way of a signal: pre-emphasis, overlapping frames, window, power spectrum,
mel filterbank, logarithm, cosine transform, lifter. A :class:`Convention` says
how a tool takes these steps, :func:`design` turns it and the user's settings
into the matrices of a :class:`FrontEnd`, and :func:`compute` applies one to
signals. What is then done with frames is in :mod:`skxent.frames`.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import as_strided
from python_speech_features import get_filterbanks
from scipy.signal import get_window

__all__ = [
    "CONVENTIONS",
    "Convention",
    "FrontEnd",
    "compute",
    "design",
    "mfcc",
]

# Frames are transformed some hundreds at a time, so that a block and its
# spectrum stay in a core's cache, and no clip is too short to fill a block:
# several share one.
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Convention:
    """How a tool computes its features: the values of its settings.

    Parameters
    ----------
    window : str
        A name that :func:`scipy.signal.get_window` knows; symmetric.
    preemphasis : float
        Coefficient c of ``y[n] = x[n] - c x[n - 1]``, over the whole signal.
    n_mels : int
        Number of mel filters.
    fmin : float
        Lower edge of the lowest filter in hertz; the upper edge of the highest
        is half the sample rate.
    lifter : float
        L of the sine lifter ``1 + L / 2 sin(pi n / L)``; zero for none.

    Examples
    --------
    >>> from skxent.mfcc import CONVENTIONS
    >>> CONVENTIONS["psf"]
    Convention(window='boxcar', preemphasis=0.97, n_mels=26, fmin=0.0, lifter=22.0)
    """

    window: str
    preemphasis: float
    n_mels: int
    fmin: float
    lifter: float


CONVENTIONS = {
    "psf": Convention(window="boxcar", preemphasis=0.97, n_mels=26, fmin=0.0, lifter=22.0),
}


@dataclass(frozen=True)
class FrontEnd:
    """What :func:`compute` needs to know, resolved by :func:`design`.

    Parameters
    ----------
    frame_length, frame_step, n_fft : int
        In samples.
    preemphasis : float
        Coefficient of the pre-emphasis.
    window : ndarray of shape (frame_length,) or None
        None for the rectangular one.
    filterbank : ndarray of shape (2 * (n_fft // 2 + 1), n_mels + n_energies)
        Weights of the squared real and imaginary parts of the spectrum, side by
        side as a complex array holds them; the column after the filters', if
        there is one, sums the energy.
    cepstrum : ndarray of shape (n_mels + n_energies, n_coefficients) or None
        From logarithms to coefficients, lifter included; None for log-mel
        features.
    n_empty : int
        Number of mel filters that hold no bin of the spectrum.

    Examples
    --------
    >>> from skxent.mfcc import design
    >>> front_end = design(8000)
    >>> front_end.frame_length, front_end.n_fft, front_end.filterbank.shape
    (200, 256, (258, 27))
    """

    frame_length: int
    frame_step: int
    n_fft: int
    preemphasis: float
    window: np.ndarray | None
    filterbank: np.ndarray
    cepstrum: np.ndarray | None
    n_empty: int

    @property
    def n_coefficients(self):
        """Number of values of a frame."""
        last = self.filterbank if self.cepstrum is None else self.cepstrum
        return last.shape[1]

    def n_frames(self, n_samples):
        """Return the number of frames of a signal: at least one, the last one padded.

        Parameters
        ----------
        n_samples : int
            Length of the signal.

        Returns
        -------
        n_frames : int
            Every sample is in a frame (if frames overlap).
        """
        return 1 + max(0, -(-(n_samples - self.frame_length) // self.frame_step))


def design(
    sample_rate,
    *,
    convention="psf",
    frame_length=0.025,
    frame_step=0.010,
    n_fft=None,
    window=None,
    preemphasis=None,
    n_mels=None,
    fmin=None,
    fmax=None,
    n_mfcc=13,
    lifter=None,
    features="mfcc",
    dtype="float64",
):
    r"""Resolve settings into a front end.

    The mel filterbank of the convention "psf" is that of
    python_speech_features [1]_: triangles between points evenly spaced on the
    scale :math:`2595 \log_{10}(1 + f / 700)` and rounded down to bins of the
    spectrum. Its first coefficient is the logarithm of the frame's energy.

    Parameters
    ----------
    sample_rate : float
        In hertz.
    convention : {"psf"}, default="psf"
        Where the settings come from that are None.
    frame_length, frame_step : float, default=0.025 and 0.010
        In seconds; rounded to whole samples, halves up.
    n_fft : int, default=None
        Length of the Fourier transform; None is the smallest power of two that
        holds a frame.
    window : str or tuple, default=None
        As :func:`scipy.signal.get_window` takes it; symmetric.
    preemphasis : float, default=None
        Coefficient in [0, 1].
    n_mels : int, default=None
        Number of mel filters.
    fmin, fmax : float, default=None
        Edges of the filterbank in hertz; None is the convention's lowest
        frequency and half the sample rate.
    n_mfcc : int, default=13
        Number of coefficients, at most `n_mels`.
    lifter : float, default=None
        Lifter's L; zero for none.
    features : {"mfcc", "log_mel"}, default="mfcc"
        Coefficients, or the logarithms of the filters' energies.
    dtype : {"float32", "float64"}, default="float64"
        In what precision to compute.

    Returns
    -------
    front_end : FrontEnd
        To be given to :func:`compute`.

    Raises
    ------
    ValueError
        If a setting is out of its range; the message names it.

    References
    ----------
    .. [1] J. Lyons et al., "python_speech_features", 2020,
       https://doi.org/10.5281/zenodo.3607820.
    .. [2] S. Davis and P. Mermelstein, "Comparison of parametric
       representations for monosyllabic word recognition in continuously spoken
       sentences", IEEE Trans. ASSP 28, 1980.

    Examples
    --------
    >>> from skxent.mfcc import design
    >>> front_end = design(8000, n_mfcc=20)
    >>> front_end.frame_length, front_end.frame_step, front_end.n_fft
    (200, 80, 256)
    >>> front_end.n_coefficients
    20
    """
    if convention not in CONVENTIONS:
        raise ValueError(f"convention={convention!r} must be one of {sorted(CONVENTIONS)}")
    if features not in ("mfcc", "log_mel"):
        raise ValueError(f"features={features!r} must be 'mfcc' or 'log_mel'")
    if not 0 < sample_rate < math.inf:
        raise ValueError(f"sample_rate={sample_rate!r} must be positive")
    defaults = CONVENTIONS[convention]
    n_length = _to_samples("frame_length", frame_length, sample_rate)
    n_step = _to_samples("frame_step", frame_step, sample_rate)
    n_fft = 1 << (n_length - 1).bit_length() if n_fft is None else n_fft
    if n_fft < n_length:
        raise ValueError(
            f"n_fft={n_fft} is too short for a frame of {n_length} samples (frame_length="
            f"{frame_length:g} s at {sample_rate:g} Hz); it must be at least {n_length}"
        )
    n_mels = defaults.n_mels if n_mels is None else n_mels
    if n_mels < 1:
        raise ValueError(f"n_mels={n_mels} must be at least 1")
    fmin = defaults.fmin if fmin is None else fmin
    fmax = sample_rate / 2 if fmax is None else fmax
    if not 0 <= fmin < fmax <= sample_rate / 2:
        raise ValueError(
            f"fmin={fmin:g} and fmax={fmax:g} must rise, from 0 to at most half the sample "
            f"rate, {sample_rate / 2:g} Hz"
        )
    # One FFT bin is the real and the imaginary part, whose squares add up.
    filters = _filterbank(n_mels, n_fft, sample_rate, fmin, fmax)
    energies = np.ones((len(filters), 1 if features == "mfcc" else 0))
    folded = np.repeat(np.hstack([filters, energies]) / n_fft, 2, axis=0)
    cepstrum = None
    if features == "mfcc":
        if not 1 <= n_mfcc <= n_mels:
            raise ValueError(f"n_mfcc={n_mfcc} must be at least 1 and at most n_mels={n_mels}")
        lifter = defaults.lifter if lifter is None else lifter
        cepstrum = _cepstrum(n_mels, n_mfcc, lifter).astype(dtype)
    window = defaults.window if window is None else window
    taper = None
    if window != "boxcar":
        taper = get_window(window, n_length, fftbins=False).astype(dtype)
    return FrontEnd(
        frame_length=n_length,
        frame_step=n_step,
        n_fft=n_fft,
        preemphasis=defaults.preemphasis if preemphasis is None else preemphasis,
        window=taper,
        filterbank=folded.astype(dtype),
        cepstrum=cepstrum,
        n_empty=int(np.sum(~filters.any(axis=0))),
    )


def mfcc(signal, sample_rate=16000, **settings):
    """Compute the features of one signal.

    Parameters
    ----------
    signal : array-like of shape (n_samples,)
        Mono, finite, at `sample_rate`. float32 is computed in float32, anything
        else in float64.
    sample_rate : float, default=16000
        In hertz.
    **settings
        As :func:`design` takes them, `dtype` excepted.

    Returns
    -------
    frames : ndarray of shape (n_frames, n_coefficients)
        A frame depends on its own samples alone, and for the pre-emphasis on the
        one before.

    Raises
    ------
    ValueError
        If the signal is empty or not one-dimensional, or a setting is wrong.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.mfcc import mfcc
    >>> signal = np.sin(2 * np.pi * 440 / 8000 * np.arange(8000))
    >>> mfcc(signal, 8000).shape
    (99, 13)
    """
    signal = np.asarray(signal)
    if signal.dtype != np.float32:
        signal = signal.astype(np.float64, copy=False)
    if signal.ndim != 1 or not len(signal):
        raise ValueError(
            f"signal must have shape (n_samples,) and not be empty, got shape {signal.shape}"
        )
    frames, _ = compute([signal], design(sample_rate, dtype=signal.dtype, **settings))
    return frames


def compute(signals, front_end):
    """Compute the features of signals, some hundred frames at a time.

    Parameters
    ----------
    signals : list of ndarray of shape (n_samples_i,)
        Mono and finite, none of them empty.
    front_end : FrontEnd
        Of the signals' type and sample rate.

    Returns
    -------
    frames : ndarray of shape (n_frames, n_coefficients)
        Those of the first signal first.
    lengths : ndarray of int of shape (n_signals,)
        Number of frames of each signal.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.mfcc import compute, design
    >>> frames, lengths = compute([np.zeros(8000), np.ones(300)], design(8000))
    >>> frames.shape, lengths
    ((102, 13), array([99,  3]))
    """
    lengths = np.array([front_end.n_frames(len(signal)) for signal in signals])
    block = _Block(front_end)
    frames = np.empty((lengths.sum(), front_end.n_coefficients), front_end.filterbank.dtype)
    row = 0
    for signal, n_frames in zip(signals, lengths.tolist(), strict=True):
        first = 0
        while first < n_frames:
            taken = block.take(signal, first, n_frames)
            if not taken:
                row = block.flush(frames, row)
            first += taken
    block.flush(frames, row)
    return frames, lengths


class _Block:
    """Signals side by side in one buffer, to be transformed together.

    Each begins at a multiple of the frame step, so that one strided view of the
    buffer holds the frames of all of them; the few frames that reach from one
    signal into the next are computed in vain.
    """

    def __init__(self, front_end):
        self.front_end = front_end
        length, step = front_end.frame_length, front_end.frame_step
        dtype = front_end.filterbank.dtype
        self.n_vain = -(-length // step) - 1
        n_rows = _BLOCK_BYTES // (front_end.n_fft * dtype.itemsize)
        self.n_rows = max(n_rows, 64, 2 * self.n_vain)
        self.samples = np.zeros((self.n_rows + self.n_vain) * step, dtype)
        self.emphasized = np.zeros_like(self.samples)
        strides = (step * dtype.itemsize, dtype.itemsize)
        self.view = as_strided(self.emphasized, (self.n_rows, length), strides, writeable=False)
        self.padded = np.zeros((self.n_rows, front_end.n_fft), dtype)
        self.clear()

    def clear(self):
        self.n_used = 0
        self.pieces, self.heads, self.tails, self.previous = [], [], [], []

    def take(self, signal, first, n_frames):
        """Place frames `first` and on of a signal; return how many found room.

        A signal that fits into a block is not cut.
        """
        length, step = self.front_end.frame_length, self.front_end.frame_step
        wanted = n_frames - first
        if self.n_used and self.n_used + wanted > self.n_rows:
            return 0
        taken = min(wanted, self.n_rows)
        start, stop = first * step, min((first + taken - 1) * step + length, len(signal))
        head = self.n_used * step
        tail = head + stop - start
        self.n_used += taken + self.n_vain
        self.samples[head:tail] = signal[start:stop]
        self.samples[tail : self.n_used * step] = 0.0
        self.pieces.append((head // step, taken))
        self.heads.append(head)
        self.previous.append(signal[start - 1] if start else 0.0)
        self.tails.append(tail)
        return taken

    def flush(self, frames, row):
        """Write the features of the frames in the block to `frames`; return the next row."""
        if not self.pieces:
            return row
        features = self.transform(self.n_used - self.n_vain)
        for start, taken in self.pieces:
            frames[row : row + taken] = features[start : start + taken]
            row += taken
        self.clear()
        return row

    def transform(self, n_rows):
        front_end, samples, emphasized = self.front_end, self.samples, self.emphasized
        end = self.n_used * front_end.frame_step
        np.multiply(samples[: end - 1], -front_end.preemphasis, out=emphasized[1:end])
        emphasized[1:end] += samples[1:end]
        # The padding after a piece is silent also after the pre-emphasis; and what
        # stands before a piece is its own signal's sample, or nothing. In this order:
        # without padding, a piece begins where the one before it ends.
        emphasized[[tail for tail in self.tails if tail < end]] = 0.0
        previous = np.array(self.previous, dtype=samples.dtype)
        emphasized[self.heads] = samples[self.heads] - front_end.preemphasis * previous
        padded = self.padded[:n_rows]
        framed = padded[:, : front_end.frame_length]
        if front_end.window is None:
            np.copyto(framed, self.view[:n_rows])
        else:
            np.multiply(self.view[:n_rows], front_end.window, out=framed)
        spectrum = scipy.fft.rfft(padded).view(samples.dtype)
        np.square(spectrum, out=spectrum)
        energies = spectrum @ front_end.filterbank
        # The floor of python_speech_features, in both types: where exactly zero.
        energies[energies == 0.0] = np.finfo(np.float64).eps
        np.log(energies, out=energies)
        return energies if front_end.cepstrum is None else energies @ front_end.cepstrum


def _to_samples(name, seconds, sample_rate):
    if not seconds < 10:
        raise ValueError(f"{name}={seconds!r} must be less than 10: it is in seconds")
    n_samples = math.floor(seconds * sample_rate + 0.5)
    if n_samples < 1:
        raise ValueError(
            f"{name}={seconds:g} s is less than one sample at {sample_rate:g} Hz; "
            "it is in seconds, 0.025 is usual"
        )
    return n_samples


@functools.lru_cache(maxsize=64)
def _filterbank(n_mels, n_fft, sample_rate, fmin, fmax):
    """Mel filters of shape (n_fft // 2 + 1, n_mels), read-only as they are shared."""
    # The tool takes a highest frequency of 0 for none, which fmin < fmax rules out.
    filters = get_filterbanks(n_mels, n_fft, sample_rate, fmin, fmax).T
    filters.flags.writeable = False
    return filters


def _cepstrum(n_mels, n_mfcc, lifter):
    """From n_mels logarithms and that of the energy to lifted coefficients."""
    cosines = scipy.fft.dct(np.eye(n_mels), type=2, norm="ortho", axis=1)[:, :n_mfcc]
    if lifter > 0:
        cosines *= 1.0 + lifter / 2.0 * np.sin(np.pi * np.arange(n_mfcc) / lifter)
    cepstrum = np.vstack([cosines, np.zeros(n_mfcc)])
    cepstrum[:, 0] = 0.0
    cepstrum[-1, 0] = 1.0
    return cepstrum
