"""Mel scales, filterbanks, windows and cepstrum matrices of the conventions."""

import math
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray
from python_speech_features import get_filterbanks
from scipy.signal import get_window

from skxent.mfcc._conventions import Convention


def mel_filterbank(
    convention: Convention, n_mels: int, n_fft: int, sample_rate: float, fmin: float, fmax: float
) -> NDArray[Any]:
    """Return the weights of a convention's mel filters, (n_fft // 2 + 1, n_mels)."""
    filters: NDArray[np.float64]
    if convention.triangles == "bins":
        filters = get_filterbanks(n_mels, n_fft, sample_rate, fmin, fmax).T
    else:
        points = mel_frequencies(convention, n_mels, fmin, fmax)
        areas = points[2:] - points[:-2]
        bins = np.arange(n_fft // 2 + 1) * (sample_rate / n_fft)
        if convention.triangles == "mel":
            to_mel, _ = _MEL_SCALES[convention.mel_scale]
            bins, points = to_mel(bins), to_mel(points)
        low, centre, high = points[:-2], points[1:-1], points[2:]
        bins = bins[:, np.newaxis]
        rising, falling = (bins - low) / (centre - low), (high - bins) / (high - centre)
        filters = np.maximum(0.0, np.minimum(rising, falling))
        if convention.equal_area:
            filters *= 2.0 / areas
    return filters


def mel_frequencies(convention: Convention, n_mels: int, fmin: float, fmax: float) -> NDArray[Any]:
    """Return lowest edge, centres and highest edge of the filters, (n_mels + 2,) in hertz.

    Each filter reaches from the centre of the filter before to the centre of the one after.
    """
    to_mel, to_hertz = _MEL_SCALES[convention.mel_scale]
    return to_hertz(np.linspace(to_mel(fmin), to_mel(fmax), n_mels + 2))


def window_values(
    convention: Convention, name: str | tuple[Any, ...], n_samples: int
) -> NDArray[Any] | None:
    """Return a convention's window, (n_samples,); None for the rectangular one.

    Names are those of :func:`scipy.signal.get_window`, and "povey", Kaldi's: the Hann window to the
    power of 0.85.
    """
    if name in ("boxcar", "rectangular"):
        return None
    window: NDArray[np.float64]
    try:
        window = get_window(
            "hann" if name == "povey" else name, n_samples, fftbins=convention.periodic
        )
    except (ValueError, TypeError) as error:
        raise ValueError(f"window={name!r} is not a window of scipy: {error}") from error
    return window**0.85 if name == "povey" else window


def cepstrum_matrix(
    convention: Convention, n_mels: int, n_mfcc: int, lifter: float
) -> NDArray[Any]:
    """Return the matrix from log energies to coefficients, (n_mels + n_energies, n_mfcc).

    With an energy term, its last row makes the log energy the zeroth coefficient.
    """
    matrix: NDArray[np.float64] = scipy.fft.dct(np.eye(n_mels), type=2, norm="ortho", axis=1)[
        :, :n_mfcc
    ]
    if convention.dct == "htk":
        matrix[:, 0] *= math.sqrt(2.0)
    if lifter > 0.0:
        order = np.arange(n_mfcc) + convention.lifter_shift
        matrix *= 1.0 + lifter / 2.0 * np.sin(np.pi * order / lifter)
    if convention.energy is not None:
        matrix[:, 0] = 0.0
        matrix = np.vstack([matrix, np.eye(1, n_mfcc)])
    return convention.unit * matrix


def _htk_mel(hertz: ArrayLike) -> NDArray[Any]:
    return 2595.0 * np.log10(1.0 + np.asarray(hertz) / 700.0)


def _htk_hertz(mel: ArrayLike) -> NDArray[Any]:
    return 700.0 * (10.0 ** (np.asarray(mel) / 2595.0) - 1.0)


def _slaney_mel(hertz: ArrayLike) -> NDArray[Any]:
    hertz = np.asarray(hertz, dtype=np.float64)
    above = 15.0 + 27.0 / math.log(6.4) * np.log(np.maximum(hertz, 1000.0) / 1000.0)
    return np.where(hertz < 1000.0, hertz * 3.0 / 200.0, above)


def _slaney_hertz(mel: ArrayLike) -> NDArray[Any]:
    mel = np.asarray(mel, dtype=np.float64)
    above = 1000.0 * np.exp(math.log(6.4) / 27.0 * (np.maximum(mel, 15.0) - 15.0))
    return np.where(mel < 15.0, mel * 200.0 / 3.0, above)


_MEL_SCALES = {"htk": (_htk_mel, _htk_hertz), "slaney": (_slaney_mel, _slaney_hertz)}
