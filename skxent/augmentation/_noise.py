"""Noise: coloured, of other speakers, or the user's own."""

import os

import numpy as np
import scipy.fft
import scipy.linalg
from soundfile import LibsndfileError

from skxent.augmentation._settings import Effect, Range, draw
from skxent.augmentation._sounds import as_list, describe, draw_sound, excerpt

# The power of coloured noise falls with this power of the frequency.
COLOURS = {"white": 0, "pink": 1, "brown": 2}

# In hertz: of what nobody hears, pink and brown noise have nothing.
_LOWEST = 20.0

# Speakers of babble, as in [1] of AddNoise.
_FEWEST, _MOST = 3, 7

# Of noise with pauses of digital silence, so many places are tried.
_N_TRIES = 10


class AddNoise(Effect):
    r"""Add noise at a signal-to-noise ratio.

    From clip :math:`x` and noise :math:`v` of its length comes :math:`x + g v`, with

    .. math::
        g = \sqrt{\frac{\sum_t x_t^2}{\sum_t v_t^2}} \; 10^{-\text{snr} / 20}

    so that `snr` is the ratio of the mean squares of the clip and of what is added, over the whole
    clip, in decibels. For each copy one noise and a ratio are drawn.

    Parameters
    ----------
    noises : str, path, clip, or list of these, default=("white",)
        Each of these is as likely as the others:

        - ``"white"``, ``"pink"`` or ``"brown"``: Gaussian noise whose power is the same at all
          frequencies, or falls as 1/f or 1/f² from 20 Hz on.
        - ``"babble"``: three to seven other clips at once, all at the same level, of other speakers
          where :class:`skxent.AudioAugmenter` is given groups.
        - A clip of noise, as :func:`skxent.audio.load` takes it: an array, assumed to have the
          clip's sample rate, a pair ``(rate, signal)`` or the path of a sound file.
        - The path of a folder: any sound file in it, or in folders in it. Hidden ones are left
          out.

        A longer noise begins at a random place, and a shorter one is repeated from a random place.
    snr : float or (low, high), default=(0, 20)
        In decibels, at least -200. Infinity leaves the clip as it is.

    Raises
    ------
    ValueError
        When called, if a setting is invalid, the clip or a noise is silent, a noise can't be used,
        or if there are no other clips for babble.

    See Also
    --------
    Reverberate : Add the echoes of a room.

    Notes
    -----
    No noise has a signal-to-noise ratio to a clip of silence. Leave out such clips.

    Samples may exceed 1 where there was less room; nothing is clipped.

    References
    ----------
    .. [1] D. Snyder et al., "X-vectors: robust DNN embeddings for speaker recognition", ICASSP
       2018.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.augmentation import AddNoise
    >>> samples = np.sin(np.arange(8000) / 4)
    >>> noisy = AddNoise("pink", snr=10)(samples, 8000, np.random.default_rng(0))
    >>> ratio = np.mean(samples**2) / np.mean((noisy - samples) ** 2)
    >>> round(10 * np.log10(ratio), 3)
    np.float64(10.0)
    """

    _parameter_constraints = {  # noqa: RUF012
        "noises": [str, os.PathLike, "array-like"],
        "snr": [Range(-200, None)],
    }

    def __init__(self, noises=("white",), *, snr=(0, 20)):
        self.noises = noises
        self.snr = snr

    @property
    def needs_others(self):
        """Whether there is babble, which needs the other clips."""
        return any(isinstance(noise, str) and noise == "babble" for noise in as_list(self.noises))

    def _apply(self, samples, sample_rate, rng, others):
        snr = draw(self.snr, rng)
        level = _root_mean_square(samples)
        if level == 0 and snr < np.inf:
            raise self._error("the clip is silent, no noise has a signal-to-noise ratio to it")
        # Whatever the ratio is, as much is drawn, so that later effects draw the same.
        noise, noise_level = self._draw_noise(len(samples), sample_rate, rng, others)
        if snr == np.inf:
            return samples
        gain = level / noise_level * 10 ** (-snr / 20)
        return samples + (gain * noise.astype(np.float64)).astype(samples.dtype)

    def _draw_noise(self, n_samples, sample_rate, rng, others):
        """Return noise (n_samples,) that is not silent, and its root mean square."""
        noise = None
        try:
            noise = draw_sound(as_list(self.noises), rng)
            for _ in range(_N_TRIES):
                samples = _make_noise(noise, n_samples, sample_rate, rng, others)
                level = _root_mean_square(samples)
                if level > 0:
                    return samples, level
        except (LibsndfileError, TypeError, ValueError) as error:
            source = "" if noise is None else f"the noise {describe(noise)}: "
            raise self._error(f"{source}{error}") from error
        raise self._error(f"the noise {describe(noise)} is silent")


def coloured_noise(n_samples, exponent, sample_rate, rng):
    """Return Gaussian noise (n_samples,) whose power falls as 1 / frequency**exponent.

    It is the inverse transform of a random spectrum, as in J. Timmer and M. König, "On generating
    power law noise", Astronomy and Astrophysics 300, 1995.
    """
    lowest = min(_LOWEST, sample_rate / 4)
    # Long enough to have the lowest frequency, however short the clip is.
    n_fft = scipy.fft.next_fast_len(max(n_samples, int(2 * sample_rate / lowest)), real=True)
    frequencies = scipy.fft.rfftfreq(n_fft, 1 / sample_rate)
    frequencies[frequencies < lowest] = np.inf
    spectrum = rng.standard_normal(2 * len(frequencies)).view(np.complex128)
    return scipy.fft.irfft(spectrum * frequencies ** (-exponent / 2), n_fft)[:n_samples]


def babble(n_samples, sample_rate, rng, others):
    """Return the sum (n_samples,) of some other clips, each at the same level."""
    total = np.zeros(n_samples)
    for _ in range(rng.integers(_FEWEST, _MOST + 1)):
        voice = excerpt(others(rng), n_samples, sample_rate, rng)
        level = _root_mean_square(voice)
        if level > 0:
            total += voice / level
    return total


def _make_noise(noise, n_samples, sample_rate, rng, others):
    """Return noise (n_samples,) of a name, or from a place in a clip."""
    if not isinstance(noise, str):
        return excerpt(noise, n_samples, sample_rate, rng)
    if noise == "white":
        return rng.standard_normal(n_samples)
    if noise in COLOURS:
        return coloured_noise(n_samples, COLOURS[noise], sample_rate, rng)
    if noise == "babble":
        return babble(n_samples, sample_rate, rng, others)
    if not os.path.exists(noise):
        names = ", ".join([*COLOURS, "babble"])
        raise ValueError(f"it must be one of {names}, or an existing file or folder")
    return excerpt(noise, n_samples, sample_rate, rng)


def _root_mean_square(samples):
    """Return the root mean square, which neither overflows nor underflows in between."""
    return float(scipy.linalg.norm(samples)) / np.sqrt(len(samples))
