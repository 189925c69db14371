"""The front end: settings resolved into sizes and matrices."""

import dataclasses
import functools
import hashlib
import inspect
import math
import warnings
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from skxent.mfcc._conventions import CONVENTIONS, Convention, hashable
from skxent.mfcc._filters import cepstrum_matrix, mel_filterbank, mel_frequencies, window_values

# A block of frames of this length takes some hundred megabytes.
_LARGEST_TRANSFORM = 1 << 18


@dataclasses.dataclass(frozen=True, eq=False)
class FrontEnd:
    """Sizes and matrices that frames are computed with, as :func:`design` returns them.

    Parameters
    ----------
    convention : Convention
        The tool's choices.
    sample_rate : float
        In hertz.
    n_length, n_step, n_fft : int
        In samples.
    preemphasis : float
        Coefficient of the pre-emphasis.
    window : ndarray of shape (n_length,) or None
        None for the rectangular one.
    filterbank : ndarray of shape (n_bins, n_mels + n_energies)
        Weights of the spectrum's bins; for a power spectrum, weights of the squared
        real and imaginary parts, interleaved as in a complex array. A last column
        after those of the filters is for the energy, if the convention has one.
    cepstrum : ndarray of shape (n_mels + n_energies, n_mfcc) or None
        Matrix from logarithms to coefficients; None for log-mel features.
    frequencies : ndarray of shape (n_mels,)
        Centres of the mel filters in hertz.
    n_empty : int
        Number of mel filters without a bin of the spectrum.
    has_levels : bool, default=False
        Whether a last column of the frames holds their levels, see
        :func:`skxent.mfcc.levels`.

    Examples
    --------
    >>> from skxent.mfcc import design
    >>> front_end = design(8000, features="log_mel")
    >>> front_end.n_coefficients
    26
    >>> front_end.n_frames(8000), front_end.n_frames(1)
    (99, 1)
    """

    convention: Convention
    sample_rate: float
    n_length: int
    n_step: int
    n_fft: int
    preemphasis: float
    window: NDArray[Any] | None
    filterbank: NDArray[Any]
    cepstrum: NDArray[Any] | None
    frequencies: NDArray[Any]
    n_empty: int
    has_levels: bool = False
    _variants: dict[Any, "FrontEnd"] = dataclasses.field(
        default_factory=dict, init=False, repr=False
    )

    @property
    def n_coefficients(self) -> int:
        """Number of values of a frame, its level aside."""
        last = self.filterbank if self.cepstrum is None else self.cepstrum
        return int(last.shape[1])

    @property
    def n_columns(self) -> int:
        """Number of values of a frame, with its level if there is one."""
        return self.n_coefficients + self.has_levels

    @property
    def n_before(self) -> int:
        """Number of samples by which the first frame begins before the signal."""
        if self.convention.edges == "center":
            # The frame lies in the middle of the transform's length, which is centred.
            return self.n_fft // 2 - (self.n_fft - self.n_length) // 2
        if self.convention.edges == "center_step":
            return self.n_length // 2 - self.n_step // 2
        return 0

    def n_frames(self, n_samples: int) -> int:
        """Return the number of frames of a signal, at least one.

        Parameters
        ----------
        n_samples : int
            Length of the signal.

        Returns
        -------
        n_frames : int
            As the convention counts them.
        """
        if self.convention.edges == "center":
            return 1 + (n_samples - self.n_fft % 2) // self.n_step
        if self.convention.edges == "center_step":
            return max(1, (n_samples + self.n_step // 2) // self.n_step)
        rest = max(0, n_samples - self.n_length)
        if self.convention.edges == "pad":
            return 1 - -rest // self.n_step
        return 1 + rest // self.n_step

    def as_type(self, dtype: DTypeLike) -> "FrontEnd":
        """Return the front end of another precision, the same one each time.

        Parameters
        ----------
        dtype : {"float32", "float64"}
            Type of its arrays, and so of the signals and frames.

        Returns
        -------
        front_end : FrontEnd
            The front end itself if it has that type.
        """
        dtype = np.dtype(dtype)
        if self.filterbank.dtype == dtype:
            return self
        if dtype not in self._variants:
            cast = {
                name: array.astype(dtype)
                for name in ("window", "filterbank", "cepstrum")
                if (array := getattr(self, name)) is not None
            }
            # Of two threads that get here, both get the one that is first.
            self._variants.setdefault(dtype, _read_only(dataclasses.replace(self, **cast)))
        return self._variants[dtype]

    def with_levels(self) -> "FrontEnd":
        """Return the front end whose frames have a column more, the same one each time.

        Returns
        -------
        front_end : FrontEnd
            The front end itself if it has levels.
        """
        if self.has_levels:
            return self
        if "levels" not in self._variants:
            self._variants.setdefault("levels", dataclasses.replace(self, has_levels=True))
        return self._variants["levels"]

    @functools.cached_property
    def fingerprint(self) -> str:
        """Everything that frames depend on besides the signal and the precision, as a string.

        It is made of resolved values: a setting that is None, and one of the same
        value as the convention's own, have the same fingerprint.
        """
        sizes = (self.n_length, self.n_step, self.n_fft)
        numbers = (float(self.sample_rate), float(self.preemphasis))
        digest = hashlib.sha256(usedforsecurity=False)
        digest.update(repr((self.convention, sizes, numbers, self.has_levels)).encode())
        for array in (self.window, self.filterbank, self.cepstrum):
            if array is None:
                digest.update(b"none")
            else:
                digest.update(repr((array.dtype.str, array.shape)).encode())
                digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()[:32]

    def warn_of_empty_filters(self, stacklevel: int) -> None:
        """Warn if some mel filters have no bin of the spectrum.

        Parameters
        ----------
        stacklevel : int
            As in :func:`warnings.warn`, counted from the caller.
        """
        if self.n_empty:
            warnings.warn(
                f"{self.n_empty} of the mel filters are narrower than the spectrum's "
                f"resolution, and constant: raise n_fft (now {self.n_fft}) or lower n_mels",
                UserWarning,
                stacklevel=stacklevel + 1,
            )

    def frame_times(self, n_frames: int) -> NDArray[Any]:
        """Return the times of the centres of frames.

        Parameters
        ----------
        n_frames : int
            Number of frames.

        Returns
        -------
        times : ndarray of shape (n_frames,)
            In seconds from the beginning of the signal.
        """
        centre = 0.5 * self.n_length - self.n_before
        return (np.arange(n_frames) * self.n_step + centre) / self.sample_rate


def design(
    sample_rate: float,
    *,
    convention: str | Convention = "psf",
    frame_length: float = 0.025,
    frame_step: float = 0.010,
    n_fft: int | None = None,
    window: str | tuple[Any, ...] | None = None,
    preemphasis: float | None = None,
    n_mels: int | None = None,
    fmin: float | None = None,
    fmax: float | None = None,
    n_mfcc: int = 13,
    lifter: float | None = None,
    features: str = "mfcc",
    dtype: str = "float64",
) -> FrontEnd:
    r"""Resolve settings into a front end.

    Parameters
    ----------
    sample_rate : float
        In hertz.
    convention : {"psf", "librosa", "kaldi", "htk"} or Convention, default="psf"
        Tool whose features are computed, see :data:`skxent.mfcc.CONVENTIONS`, or
        choices of your own. Settings that are None take its values.
    frame_length, frame_step : float, default=0.025 and 0.010
        In seconds; rounded to whole samples as the convention does.
    n_fft : int, default=None
        Length of the Fourier transform, at most 262,144; None is the smallest power of
        two that holds a frame.
    window : str or tuple, default=None
        A window of :func:`scipy.signal.get_window`, or "povey".
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
        L of the lifter, which multiplies coefficient n by
        ``1 + L / 2 sin(pi (n + s) / L)``, where s is 1 with "librosa" and otherwise 0.
        Zero for none.
    features : {"mfcc", "log_mel"}, default="mfcc"
        Coefficients, or the logarithms of the filters' energies.
    dtype : {"float32", "float64"}, default="float64"
        Precision of the computation.

    Returns
    -------
    front_end : FrontEnd
        Its arrays are read-only.

    Raises
    ------
    ValueError
        If a setting is out of its range. The message names it.

    References
    ----------
    .. [1] S. Davis and P. Mermelstein, "Comparison of parametric
       representations for monosyllabic word recognition in continuously spoken
       sentences", IEEE Trans. ASSP 28, 1980.

    Examples
    --------
    >>> from skxent.mfcc import design
    >>> front_end = design(8000, n_mfcc=20)
    >>> front_end.n_length, front_end.n_step, front_end.n_fft
    (200, 80, 256)
    >>> front_end.n_coefficients
    20
    """
    defaults = choices_of(convention)
    if features not in ("mfcc", "log_mel"):
        raise ValueError(f"features={features!r} must be 'mfcc' or 'log_mel'")
    if not 0 < sample_rate < math.inf:
        raise ValueError(f"sample_rate={sample_rate!r} must be positive")
    n_length = _to_samples("frame_length", frame_length, sample_rate, defaults.rounds_up)
    n_step = _to_samples("frame_step", frame_step, sample_rate, defaults.rounds_up)
    n_fft = 1 << (n_length - 1).bit_length() if n_fft is None else n_fft
    if n_fft < n_length:
        raise ValueError(
            f"n_fft={n_fft} is too short for a frame of {n_length} samples (frame_length="
            f"{frame_length:g} s at {sample_rate:g} Hz); it must be at least {n_length}"
        )
    if n_fft > _LARGEST_TRANSFORM:
        raise ValueError(
            f"n_fft={n_fft} for frames of {n_length} samples at {sample_rate:g} Hz is larger than "
            f"{_LARGEST_TRANSFORM}: check sample_rate, in hertz, and frame_length, in seconds"
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
    preemphasis = defaults.preemphasis if preemphasis is None else preemphasis
    if not 0 <= preemphasis <= 1:
        raise ValueError(f"preemphasis={preemphasis!r} must be from 0 to 1")
    lifter = defaults.lifter if lifter is None else lifter
    if not 0 <= lifter < math.inf:
        raise ValueError(f"lifter={lifter!r} must be finite and not negative")
    filters = mel_filterbank(defaults, n_mels, n_fft, sample_rate, fmin, fmax)
    columns, cepstrum = [filters], None
    if features == "mfcc":
        if not 1 <= n_mfcc <= n_mels:
            raise ValueError(f"n_mfcc={n_mfcc} must be at least 1 and at most n_mels={n_mels}")
        cepstrum = cepstrum_matrix(defaults, n_mels, n_mfcc, lifter)
        if defaults.energy is not None:  # a frame's own energy is put in later
            columns.append(np.full((len(filters), 1), float(defaults.energy == "spectrum")))
    weights = np.hstack(columns) * defaults.scale**defaults.power
    if defaults.divide_by_n_fft:
        weights /= n_fft
    if defaults.power == 2:
        # A bin is its real and its imaginary part, whose squares add up.
        weights = np.repeat(weights, 2, axis=0)
    front_end = FrontEnd(
        convention=defaults,
        sample_rate=sample_rate,
        n_length=n_length,
        n_step=n_step,
        n_fft=n_fft,
        preemphasis=preemphasis,
        window=window_values(defaults, defaults.window if window is None else window, n_length),
        filterbank=weights,
        cepstrum=cepstrum,
        frequencies=mel_frequencies(defaults, n_mels, fmin, fmax)[1:-1],
        n_empty=int(np.sum(~filters.any(axis=0))),
    )
    return _read_only(front_end).as_type(dtype)


def choices_of(convention: str | Convention) -> Convention:
    """Return the choices of a tool by its name; those of one's own are returned as they are."""
    if isinstance(convention, Convention):
        return convention
    if not isinstance(convention, str) or convention not in CONVENTIONS:
        raise ValueError(
            f"convention={convention!r} must be one of {sorted(CONVENTIONS)}, or a Convention"
        )
    return CONVENTIONS[convention]


# Everything that frames depend on, besides the precision.
SETTINGS = tuple(name for name in inspect.signature(design).parameters if name != "dtype")


def shared_design(sample_rate: float, **settings: Any) -> FrontEnd:
    """Return what :func:`design` does, in float64, the same one for the same settings."""
    settings["window"] = hashable(settings.get("window"))
    settings["convention"] = choices_of(settings.get("convention", "psf"))
    return _design_once(sample_rate, dtype="float64", **settings)


_design_once = functools.lru_cache(maxsize=16)(design)


def _read_only(front_end: FrontEnd) -> FrontEnd:
    """Make the arrays of a front end read-only, since it is shared."""
    for array in vars(front_end).values():
        if isinstance(array, np.ndarray):
            array.flags.writeable = False
    return front_end


def _to_samples(name: str, seconds: float, sample_rate: float, rounds_up: bool) -> int:
    if not seconds < 10:
        raise ValueError(f"{name}={seconds!r} must be less than 10: it is in seconds")
    # Rounded down, 0.029 s at 1 kHz are still 29 samples, though the product is less.
    n_samples = math.floor(seconds * sample_rate + (0.5 if rounds_up else 1e-6))
    if n_samples < 1:
        raise ValueError(
            f"{name}={seconds:g} s is less than one sample at {sample_rate:g} Hz; "
            "it is in seconds, 0.025 is usual"
        )
    return n_samples
