"""What microphones, lines and speakers do to a clip."""

import numpy as np
import scipy.signal

from skxent.audio import load
from skxent.augmentation._settings import Effect, Range, draw, limits

# Of each filter of BandLimit: 24 dB an octave.
_ORDER = 4


class BandLimit(Effect):
    """Remove low and high frequencies, as a telephone or a cheap microphone does.

    Butterworth filters of order 4 take away 3 dB at the limits, and 24 dB for each octave
    beyond. For each copy both limits are drawn.

    Parameters
    ----------
    fmin : float, (low, high) or None, default=(100, 400)
        Lower limit in hertz; None for no limit.
    fmax : float, (low, high) or None, default=(2500, 3800)
        Upper limit in hertz, below half the sample rate and above `fmin`; None for no limit.

    Raises
    ------
    ValueError
        When called, if a setting is invalid, or too high for the sample rate.

    See Also
    --------
    Clipping : Clip the loudest samples.

    Notes
    -----
    A telephone transmits 300 to 3400 Hz. The filters are causal, so they delay a little, and what
    they remove makes the clip quieter.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.augmentation import BandLimit
    >>> hum = np.sin(2 * np.pi * 50 * np.arange(8000) / 8000)
    >>> telephone = BandLimit(fmin=300, fmax=3400)
    >>> limited = telephone(hum, 8000, np.random.default_rng(0))
    >>> bool(np.abs(limited[4000:]).max() < 1e-3)
    True
    """

    _parameter_constraints = {  # noqa: RUF012
        "fmin": [Range(0, None, closed="neither"), None],
        "fmax": [Range(0, None, closed="neither"), None],
    }

    def __init__(self, *, fmin=(100, 400), fmax=(2500, 3800)):
        self.fmin = fmin
        self.fmax = fmax

    def _apply(self, samples, sample_rate, rng, others):
        highest = {
            name: limits(setting)[1]
            for name, setting in [("fmin", self.fmin), ("fmax", self.fmax)]
            if setting is not None
        }
        for name, limit in highest.items():
            if not limit < sample_rate / 2:
                raise self._error(
                    f"{name}={getattr(self, name)} must be below half the sample rate, "
                    f"{sample_rate / 2:g} Hz"
                )
        if len(highest) == 2 and not highest["fmin"] < limits(self.fmax)[0]:
            raise self._error(f"fmin={self.fmin} must be below fmax={self.fmax}")
        for setting, kind in [(self.fmin, "highpass"), (self.fmax, "lowpass")]:
            if setting is not None:
                sections = scipy.signal.butter(
                    _ORDER, draw(setting, rng), kind, fs=sample_rate, output="sos"
                )
                samples = scipy.signal.sosfilt(sections, samples).astype(samples.dtype)
        return samples


class ChangeGain(Effect):
    """Make a clip louder or quieter.

    All samples are multiplied by 10^(gain / 20). For each copy a gain is drawn.

    Parameters
    ----------
    gain : float or (low, high), default=(-10, 10)
        In decibels, from -200 to 200; negative is quieter.

    Raises
    ------
    ValueError
        When called, if a setting is invalid.

    Notes
    -----
    Samples may exceed 1; nothing is clipped.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.augmentation import ChangeGain
    >>> samples = np.array([0.01, -0.02, 0.04])
    >>> ChangeGain(gain=20)(samples, 8000, np.random.default_rng(0))
    array([ 0.1, -0.2,  0.4])
    """

    _parameter_constraints = {"gain": [Range(-200, 200)]}  # noqa: RUF012

    def __init__(self, *, gain=(-10, 10)):
        self.gain = gain

    def _apply(self, samples, sample_rate, rng, others):
        return samples * 10 ** (draw(self.gain, rng) / 20)


class ChangeSpeed(Effect):
    """Play a clip faster or slower, which changes its duration, its pitch and its formants.

    At 1.1 times the speed, n samples become n / 1.1, and a tone of 100 Hz one of 110 Hz, as
    with a tape. Frequencies that would exceed half the sample rate are removed. For each copy a
    factor is drawn.

    Parameters
    ----------
    factor : float or (low, high), default=(0.9, 1.1)
        Speed, from 1/256 to 256; 1 leaves the clip as it is.

    Raises
    ------
    ValueError
        When called, if a setting is invalid, or if nothing is left of a short clip.

    Notes
    -----
    A voice at another speed is nearly one with a shorter or longer vocal tract, so
    such copies stand for more speakers [1]_.

    References
    ----------
    .. [1] T. Ko, V. Peddinti, D. Povey and S. Khudanpur, "Audio augmentation for speech
       recognition", Interspeech 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.augmentation import ChangeSpeed
    >>> ChangeSpeed(factor=1.25)(np.zeros(8000), 8000, np.random.default_rng(0)).shape
    (6400,)
    """

    _parameter_constraints = {"factor": [Range(1 / 256, 256)]}  # noqa: RUF012

    changes_length = True

    def __init__(self, *, factor=(0.9, 1.1)):
        self.factor = factor

    def _apply(self, samples, sample_rate, rng, others):
        # A clip at this speed is one that was recorded at so many times the rate.
        rate = sample_rate * draw(self.factor, rng)
        try:
            return load((rate, samples), sample_rate)
        except ValueError as error:
            raise self._error(error) from error


class Clipping(Effect):
    """Clip the loudest samples, as where a microphone is too near.

    Samples beyond a threshold are set to it. The threshold is `overload` decibels below the
    clip's peak. For each copy an overload is drawn.

    Parameters
    ----------
    overload : float or (low, high), default=(0, 15)
        By how many decibels the peak exceeds what can be recorded, up to 200; 0 leaves the
        clip as it is.

    Raises
    ------
    ValueError
        When called, if a setting is invalid.

    See Also
    --------
    ChangeGain : Restore the level of the peak, if it matters.

    Notes
    -----
    Samples within the threshold are left as they are, so the clip becomes quieter.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.augmentation import Clipping
    >>> samples = np.array([0.02, -0.5, 1.0])
    >>> Clipping(overload=20)(samples, 8000, np.random.default_rng(0))
    array([ 0.02, -0.1 ,  0.1 ])
    """

    _parameter_constraints = {"overload": [Range(0, 200)]}  # noqa: RUF012

    def __init__(self, *, overload=(0, 15)):
        self.overload = overload

    def _apply(self, samples, sample_rate, rng, others):
        threshold = np.abs(samples).max() * 10 ** (-draw(self.overload, rng) / 20)
        return samples.clip(-threshold, threshold)


class Shift(Effect):
    """Add silence before and after a clip.

    For each copy both durations are drawn.

    Parameters
    ----------
    before, after : float or (low, high), default=(0, 0.5)
        In seconds, rounded to samples.

    Raises
    ------
    ValueError
        When called, if a setting is invalid.

    See Also
    --------
    AddNoise : To fill the silence, to be applied afterwards.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.augmentation import Shift
    >>> samples = np.array([0.1, -0.2])
    >>> Shift(before=0.0002, after=0.0001)(samples, 10000, np.random.default_rng(0))
    array([ 0. ,  0. ,  0.1, -0.2,  0. ])
    """

    _parameter_constraints = {  # noqa: RUF012
        "before": [Range(0, None, closed="left")],
        "after": [Range(0, None, closed="left")],
    }

    changes_length = True

    def __init__(self, *, before=(0, 0.5), after=(0, 0.5)):
        self.before = before
        self.after = after

    def _apply(self, samples, sample_rate, rng, others):
        durations = [draw(setting, rng) for setting in (self.before, self.after)]
        return np.pad(samples, [round(duration * sample_rate) for duration in durations])
