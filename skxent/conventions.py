r"""How each tool computes its features: conventions as data, and their filterbanks.

A :class:`Convention` is the set of choices that a tool makes on the way from a
signal to cepstral coefficients. To add one, add an entry to
:data:`CONVENTIONS`; where it needs a choice that no other makes, a field and its
use here, in :mod:`skxent.frontend` or in :mod:`skxent.mfcc`.
"""

import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray
from python_speech_features import get_filterbanks
from scipy.signal import get_window

__all__ = [
    "CONVENTIONS",
    "Convention",
    "cepstrum_matrix",
    "mel_filterbank",
    "mel_frequencies",
    "window_values",
]

_EPS32, _EPS64 = float(np.finfo(np.float32).eps), float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Convention:
    """The choices of a tool.

    Parameters
    ----------
    scale : float
        What samples in [-1, 1) are multiplied by.
    rounds_up : bool
        Whether lengths in seconds are rounded to whole samples, halves up, or
        down.
    edges : {"pad", "snip", "center"}
        Whether the last frame is padded with zeros; or only frames that lie
        wholly within the signal count; or frame t is centred on the sample
        ``t * frame_step`` and the signal padded on both sides. A signal shorter
        than a frame has one padded frame in any case.
    remove_dc : bool
        Whether to subtract a frame's mean.
    preemphasis : float
        Coefficient c of ``y[n] = x[n] - c x[n - 1]``.
    preemphasis_over : {"signal", "frame"}
        Whether the first sample of a frame knows the one before it, or takes
        itself for that.
    window : str
        As :func:`scipy.signal.get_window` takes it, or "povey".
    periodic : bool
        Whether the window is the periodic one, or symmetric.
    power : int
        Exponent of the spectrum's magnitude: 2, or 1.
    divide_by_n_fft : bool
        Whether the spectrum is divided by the length of the transform.
    mel_scale : {"htk", "slaney"}
        Logarithmic throughout [1]_, or linear below 1 kHz [2]_.
    triangles : {"bins", "hertz", "mel"}
        Whether filters are triangles between points rounded down to bins of the
        spectrum, or over frequency in hertz, or in mel.
    equal_area : bool
        Whether filters have the same area, in place of the same height.
    n_mels : int
        Number of filters.
    fmin : float
        Lowest edge of the filterbank in hertz; the highest is half the rate.
    unit : float
        What natural logarithms are multiplied by: 1, or 10 / log(10) for dB.
    floor : float
        Least value that a logarithm is taken of.
    floor_zero_only : bool
        Whether the floor replaces zeros alone, not all smaller values.
    dct : {"ortho", "htk"}
        Whether the cosine transform is orthonormal, or has the factor
        ``sqrt(2 / n_mels)`` for the zeroth coefficient too.
    lifter : float
        L of the lifter ``1 + L / 2 sin(pi (n + lifter_shift) / L)``; 0 for none.
    lifter_shift : int
        0 or 1.
    energy : {"spectrum", "frame", None}
        Whether the zeroth coefficient is replaced by the logarithm of the
        frame's energy, summed over its spectrum, or over its samples before
        pre-emphasis and window; or not.

    References
    ----------
    .. [1] D. O'Shaughnessy, "Speech communication: human and machine",
       Addison-Wesley 1987, p. 150.
    .. [2] M. Slaney, "Auditory toolbox", version 2, Interval Research 1998.

    Examples
    --------
    >>> from skxent.conventions import CONVENTIONS
    >>> CONVENTIONS["kaldi"].window
    'povey'
    """

    scale: float
    rounds_up: bool
    edges: str
    remove_dc: bool
    preemphasis: float
    preemphasis_over: str
    window: str
    periodic: bool
    power: int
    divide_by_n_fft: bool
    mel_scale: str
    triangles: str
    equal_area: bool
    n_mels: int
    fmin: float
    unit: float
    floor: float
    floor_zero_only: bool
    dct: str
    lifter: float
    lifter_shift: int
    energy: str | None


CONVENTIONS = {
    # python_speech_features 0.6
    "psf": Convention(
        scale=1.0,
        rounds_up=True,
        edges="pad",
        remove_dc=False,
        preemphasis=0.97,
        preemphasis_over="signal",
        window="boxcar",
        periodic=False,
        power=2,
        divide_by_n_fft=True,
        mel_scale="htk",
        triangles="bins",
        equal_area=False,
        n_mels=26,
        fmin=0.0,
        unit=1.0,
        floor=_EPS64,
        floor_zero_only=True,
        dct="ortho",
        lifter=22.0,
        lifter_shift=0,
        energy="spectrum",
    ),
    # librosa 0.11, with top_db=None: its default makes a frame depend on later ones
    "librosa": Convention(
        scale=1.0,
        rounds_up=True,
        edges="center",
        remove_dc=False,
        preemphasis=0.0,
        preemphasis_over="signal",
        window="hann",
        periodic=True,
        power=2,
        divide_by_n_fft=False,
        mel_scale="slaney",
        triangles="hertz",
        equal_area=True,
        n_mels=128,
        fmin=0.0,
        unit=10.0 / math.log(10.0),
        floor=1e-10,
        floor_zero_only=False,
        dct="ortho",
        lifter=0.0,
        lifter_shift=1,
        energy=None,
    ),
    # Kaldi as kaldi-native-fbank 1.23 has it, with dither=0
    "kaldi": Convention(
        scale=1.0,
        rounds_up=False,
        edges="snip",
        remove_dc=True,
        preemphasis=0.97,
        preemphasis_over="frame",
        window="povey",
        periodic=False,
        power=2,
        divide_by_n_fft=False,
        mel_scale="htk",
        triangles="mel",
        equal_area=False,
        n_mels=23,
        fmin=20.0,
        unit=1.0,
        floor=_EPS32,
        floor_zero_only=False,
        dct="ortho",
        lifter=22.0,
        lifter_shift=0,
        energy="frame",
    ),
    # The HTK book, version 3.4: MFCC_0 with the defaults of its reference section,
    # the zeroth coefficient in front; HTK reads 16-bit samples as they are
    "htk": Convention(
        scale=32768.0,
        rounds_up=False,
        edges="snip",
        remove_dc=False,
        preemphasis=0.97,
        preemphasis_over="frame",
        window="hamming",
        periodic=False,
        power=1,
        divide_by_n_fft=False,
        mel_scale="htk",
        triangles="mel",
        equal_area=False,
        n_mels=20,
        fmin=0.0,
        unit=1.0,
        floor=1.0,
        floor_zero_only=False,
        dct="htk",
        lifter=22.0,
        lifter_shift=0,
        energy=None,
    ),
}


@functools.lru_cache(maxsize=64)
def mel_filterbank(
    convention: Convention, n_mels: int, n_fft: int, sample_rate: float, fmin: float, fmax: float
) -> NDArray[Any]:
    r"""Compute the weights of a convention's mel filters.

    Parameters
    ----------
    convention : Convention
        Whose filters.
    n_mels, n_fft : int
        Number of filters, and length of the Fourier transform.
    sample_rate, fmin, fmax : float
        In hertz, ``0 <= fmin < fmax <= sample_rate / 2``.

    Returns
    -------
    filters : ndarray of shape (n_fft // 2 + 1, n_mels)
        One column for each filter. Read-only, as it is cached.

    Examples
    --------
    >>> from skxent.conventions import CONVENTIONS, mel_filterbank
    >>> mel_filterbank(CONVENTIONS["kaldi"], 23, 512, 16000, 20, 8000).shape
    (257, 23)
    """
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
    filters.flags.writeable = False
    return filters


def mel_frequencies(convention: Convention, n_mels: int, fmin: float, fmax: float) -> NDArray[Any]:
    """Compute the frequencies between which a convention's filters lie.

    Parameters
    ----------
    convention : Convention
        Says which mel scale they are evenly spaced on.
    n_mels : int
        Number of filters.
    fmin, fmax : float
        In hertz.

    Returns
    -------
    frequencies : ndarray of shape (n_mels + 2,)
        In hertz: the lowest edge, the centre of each filter, the highest edge.
        Each filter reaches from the centre of the one before to that of the one
        after.

    Examples
    --------
    >>> from skxent.conventions import CONVENTIONS, mel_frequencies
    >>> mel_frequencies(CONVENTIONS["librosa"], 3, 0, 1000).round()
    array([   0.,  250.,  500.,  750., 1000.])
    """
    to_mel, to_hertz = _MEL_SCALES[convention.mel_scale]
    return to_hertz(np.linspace(to_mel(fmin), to_mel(fmax), n_mels + 2))


def window_values(
    convention: Convention, name: str | tuple[Any, ...], n_samples: int
) -> NDArray[Any] | None:
    """Compute a convention's window.

    Parameters
    ----------
    convention : Convention
        Says whether it is periodic or symmetric.
    name : str or tuple
        As :func:`scipy.signal.get_window` takes it; or "povey", Kaldi's, the
        Hann window to the power of 0.85.
    n_samples : int
        Its length.

    Returns
    -------
    window : ndarray of shape (n_samples,) or None
        None for the rectangular window.

    Raises
    ------
    ValueError
        If there is no such window.

    Examples
    --------
    >>> from skxent.conventions import CONVENTIONS, window_values
    >>> window_values(CONVENTIONS["psf"], "hann", 5)
    array([0. , 0.5, 1. , 0.5, 0. ])
    """
    if name in ("boxcar", "rectangular"):
        return None
    window: NDArray[np.float64]
    try:
        window = get_window(
            "hann" if name == "povey" else name, n_samples, fftbins=convention.periodic
        )
    except (ValueError, TypeError) as error:
        raise ValueError(f"window={name!r} is no window that scipy knows: {error}") from error
    return window**0.85 if name == "povey" else window


def cepstrum_matrix(
    convention: Convention, n_mels: int, n_mfcc: int, lifter: float
) -> NDArray[Any]:
    """Compute the matrix from logarithms of energies to lifted coefficients.

    Parameters
    ----------
    convention : Convention
        Says how the cosine transform and the lifter are scaled.
    n_mels, n_mfcc : int
        Number of filters, and of coefficients.
    lifter : float
        L; zero for none.

    Returns
    -------
    matrix : ndarray of shape (n_mels + n_energies, n_mfcc)
        Its last row, for a convention with an energy term, puts the logarithm
        of the energy in the place of the zeroth coefficient.

    Examples
    --------
    >>> from skxent.conventions import CONVENTIONS, cepstrum_matrix
    >>> cepstrum_matrix(CONVENTIONS["htk"], 2, 2, 0.0).round(3)
    array([[ 1.   ,  0.707],
           [ 1.   , -0.707]])
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
