"""How each tool computes its features, as data."""

import math
from dataclasses import dataclass

import numpy as np

_EPS32, _EPS64 = float(np.finfo(np.float32).eps), float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Convention:
    """The choices of a tool.

    Parameters
    ----------
    scale : float
        Factor of samples in [-1, 1).
    rounds_up : bool
        Whether lengths in seconds are rounded to the nearest number of samples,
        halves up, or rounded down.
    edges : {"pad", "snip", "center"}
        "pad": the last frame is padded with zeros. "snip": only frames wholly within
        the signal are computed. "center": frame t is centred on the sample
        ``t * frame_step``, and the signal is padded on both sides. A signal shorter
        than a frame always has one padded frame.
    remove_dc : bool
        Whether to subtract a frame's mean.
    preemphasis : float
        Coefficient c of ``y[n] = x[n] - c x[n - 1]``.
    preemphasis_over : {"signal", "frame"}
        Whether the pre-emphasis of a frame's first sample uses the sample before the
        frame, or the first sample itself.
    window : str
        A window of :func:`scipy.signal.get_window`, or "povey".
    periodic : bool
        Whether the window is periodic, or symmetric.
    power : int
        Exponent of the spectrum's magnitude, 2 or 1.
    divide_by_n_fft : bool
        Whether the spectrum is divided by the length of the transform.
    mel_scale : {"htk", "slaney"}
        Logarithmic throughout [1]_, or linear below 1 kHz [2]_.
    triangles : {"bins", "hertz", "mel"}
        Whether filters are triangles between points rounded down to bins of the
        spectrum, or over frequency in hertz, or in mel.
    equal_area : bool
        Whether all filters have the same area, or the same height.
    n_mels : int
        Number of filters.
    fmin : float
        Lowest edge of the filterbank in hertz; the highest is half the rate.
    unit : float
        Factor of natural logarithms: 1, or 10 / log(10) for decibels.
    floor : float
        Lower bound of energies before the logarithm.
    floor_zero_only : bool
        Whether the floor replaces zeros only, or all smaller values.
    dct : {"ortho", "htk"}
        Whether the cosine transform is orthonormal, or also scales the zeroth
        coefficient by ``sqrt(2 / n_mels)``.
    lifter : float
        L of the lifter ``1 + L / 2 sin(pi (n + lifter_shift) / L)``; 0 for none.
    lifter_shift : int
        0 or 1.
    energy : {"spectrum", "frame", None}
        Whether the logarithm of the frame's energy replaces the zeroth coefficient:
        the energy of its spectrum, or of its samples before pre-emphasis and window.

    References
    ----------
    .. [1] D. O'Shaughnessy, "Speech communication: human and machine",
       Addison-Wesley 1987, p. 150.
    .. [2] M. Slaney, "Auditory toolbox", version 2, Interval Research 1998.

    Examples
    --------
    >>> from skxent.mfcc import CONVENTIONS
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
