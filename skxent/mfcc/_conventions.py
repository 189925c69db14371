"""How each tool computes its features, as data."""

import math
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np

_EPS32, _EPS64 = float(np.finfo(np.float32).eps), float(np.finfo(np.float64).eps)


# The choices that are words or the like, and what they may be.
_WORDS: dict[str, tuple[Any, ...]] = {
    "edges": ("pad", "snip", "center", "center_step"),
    "padding": ("constant", "reflect", "symmetric", "edge"),
    "preemphasis_over": ("signal", "frame"),
    "power": (2, 1),
    **dict.fromkeys(
        ("rounds_up", "remove_dc", "periodic", "divide_by_n_fft", "equal_area", "floor_zero_only"),
        (False, True),
    ),
    "mel_scale": ("htk", "slaney"),
    "triangles": ("bins", "hertz", "mel"),
    "dct": ("ortho", "htk"),
    "lifter_shift": (0, 1),
    "energy": ("spectrum", "frame", "windowed", None),
}
_POSITIVE = ("scale", "unit", "floor")


@dataclass(frozen=True)
class Convention:
    """The choices of a tool.

    :data:`CONVENTIONS` holds those of the tools by name. :func:`dataclasses.replace`
    makes one that differs from it in some choices.

    Parameters
    ----------
    scale : float
        Factor of samples in [-1, 1): 1, or 32768 for tools that work on the numbers
        of 16-bit samples.
    rounds_up : bool
        Whether lengths in seconds are rounded to the nearest number of samples,
        halves up, or rounded down.
    edges : {"pad", "snip", "center", "center_step"}
        "pad": the last frame is padded with zeros. "snip": only frames wholly within
        the signal are computed. "center": frame t is centred on the sample
        ``t * frame_step``, and "center_step": on the middle of the step from there to
        the next; both pad the signal on both sides. Every signal has one frame at
        least, padded if need be.
    padding : {"constant", "reflect", "symmetric", "edge"}
        What a signal is padded with on both sides, as in :func:`numpy.pad`:
        "constant" is silence.
    remove_dc : bool
        Whether to subtract a frame's mean.
    preemphasis : float
        Coefficient c of ``y[n] = x[n] - c x[n - 1]``.
    preemphasis_over : {"signal", "frame"}
        Whether the pre-emphasis of a frame's first sample uses the sample before the
        frame, or the first sample itself.
    window : str or tuple
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
    energy : {"spectrum", "frame", "windowed", None}
        Whether the logarithm of the frame's energy replaces the zeroth coefficient:
        the energy of its spectrum, or of its samples before pre-emphasis and window,
        or after both.

    Raises
    ------
    ValueError
        If a choice is none of those above.

    References
    ----------
    .. [1] D. O'Shaughnessy, "Speech communication: human and machine",
       Addison-Wesley 1987, p. 150.
    .. [2] M. Slaney, "Auditory toolbox", version 2, Interval Research 1998.

    Examples
    --------
    >>> import dataclasses
    >>> import numpy as np
    >>> from skxent.mfcc import CONVENTIONS, mfcc
    >>> CONVENTIONS["kaldi"].window
    'povey'
    >>> unscaled = dataclasses.replace(CONVENTIONS["kaldi"], scale=1.0)
    >>> noise = np.random.default_rng(0).normal(size=400)
    >>> shift = mfcc(noise, convention="kaldi") - mfcc(noise, convention=unscaled)
    >>> (shift[0, 0] / np.log(32768)).round(9)
    np.float64(2.0)
    """

    scale: float
    rounds_up: bool
    edges: str
    padding: str
    remove_dc: bool
    preemphasis: float
    preemphasis_over: str
    window: str | tuple[Any, ...]
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

    def __post_init__(self) -> None:
        for name, allowed in _WORDS.items():
            if (value := getattr(self, name)) not in allowed:
                words = ", ".join(map(repr, allowed))
                raise ValueError(f"{name}={value!r} of a convention must be one of {words}")
        if self.padding != "constant" and self.edges not in ("center", "center_step"):
            raise ValueError(
                f"padding={self.padding!r} of a convention needs edges='center' or "
                f"'center_step', got {self.edges!r}"
            )
        for name in (*_POSITIVE, "fmin", "preemphasis", "lifter"):
            value, is_positive = getattr(self, name), name in _POSITIVE
            is_number = isinstance(value, Real) and 0 <= float(value) < math.inf
            if not is_number or (is_positive and value == 0):
                kind = "positive" if is_positive else "finite and not negative"
                raise ValueError(f"{name}={value!r} of a convention must be {kind}")
        if not isinstance(self.n_mels, Integral) or self.n_mels < 1:
            raise ValueError(f"n_mels={self.n_mels!r} of a convention must be an integer from 1 on")
        if not isinstance(self.window, str | tuple):
            raise ValueError(f"window={self.window!r} of a convention must be a name or a tuple")
        object.__setattr__(self, "window", hashable(self.window))


def hashable(parameter: Any) -> Any:
    """Return a window or a parameter of one, with a list or an array of numbers as a tuple."""
    if isinstance(parameter, np.ndarray):
        parameter = parameter.tolist()
    return tuple(map(hashable, parameter)) if isinstance(parameter, list | tuple) else parameter


CONVENTIONS = {
    # python_speech_features 0.6
    "psf": Convention(
        scale=1.0,
        rounds_up=True,
        edges="pad",
        padding="constant",
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
        padding="constant",
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
    # Kaldi as kaldi-native-fbank 1.23 has it, with dither=0, on 16-bit samples
    "kaldi": Convention(
        scale=32768.0,
        rounds_up=False,
        edges="snip",
        padding="constant",
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
        padding="constant",
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
