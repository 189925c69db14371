"""The echoes of rooms, measured or simulated."""

import functools
import os
from numbers import Integral

import numpy as np
import scipy.linalg
import scipy.signal
from sklearn.utils._param_validation import Interval
from soundfile import LibsndfileError

from skxent.audio import load
from skxent.augmentation._settings import Effect, Range, draw, limits
from skxent.augmentation._sounds import as_list, describe, draw_sound

# In metres: how high rooms are, and how near to a wall nobody stands.
_HEIGHT = (2.5, 4.0)
_MARGIN = 0.5

_SPEED_OF_SOUND = 343.0  # metres a second, as pyroomacoustics has it

# Echoes from so many walls are simulated one by one, which takes time as the cube of this. It is
# more than 50 ms of echoes in any room; what comes later is dense enough for noise.
_MAX_ORDER = 12


class Reverberate(Effect):
    """Add the echoes of a room, measured or simulated.

    The clip is convolved with an impulse response. The result begins with the direct sound, has
    the clip's length, so that echoes after its end are missing, and the clip's mean square. For
    each copy a response or a room is drawn.

    Parameters
    ----------
    responses : clip, path, or list of these, default=None
        Impulse responses: clips as :func:`skxent.audio.load` takes them (arrays are assumed to
        have the clip's sample rate), or folders of sound files. Each of these is as likely as the
        others. None simulates rooms, which requires pyroomacoustics: ``pip install
        "skxent[rooms]"``.
    reverberation_time : float or (low, high), default=(0.2, 0.8)
        Seconds in which the echoes of a simulated room fall by 60 dB, at least 0.01. A living room
        has about 0.4.
    room_size : float or (low, high), default=(3, 10)
        Width and length of a simulated room in metres, at least 2; its height is from 2.5 to 4.
    distance : float or (low, high), default=(0.5, 3)
        From the speaker to the microphone in metres, at most: both are at random places, and the
        speaker comes nearer where this is too far.
    n_rooms : int, default=50
        Number of simulated rooms. Each is simulated when it is drawn first, and the 1024 that were
        used last are kept.
    random_state : int, default=0
        Seed of the simulated rooms. Another one makes other rooms, such as to test in.

    Raises
    ------
    ValueError
        When called, if a setting is invalid, or a response can't be used or is silent.
    ImportError
        When called, if rooms must be simulated and pyroomacoustics is not installed.

    See Also
    --------
    AddNoise : Add noise, which is often louder than late echoes.

    Notes
    -----
    The direct sound is the first sample of a response that is at most 20 dB below its peak
    [1]_.

    Early echoes are simulated by the image source method [2]_. From there on the response is noise
    that decays at the same rate [3]_: image sources alone take hundreds of times as long for a
    small room with much echo, and where their number is limited, the echo ends too soon. The walls
    of a room absorb what Eyring's formula gives for its reverberation time [4]_, which the
    response has to a tenth or so.

    References
    ----------
    .. [1] ISO 3382-1, "Measurement of room acoustic parameters", 2009.
    .. [2] R. Scheibler, E. Bezzam and I. Dokmanić, "Pyroomacoustics: a Python package for audio
       room simulation and array processing algorithms", ICASSP 2018.
    .. [3] E. A. Lehmann and A. M. Johansson, "Diffuse reverberation model for efficient
       image-source simulation of room impulse responses", IEEE Transactions on Audio, Speech, and
       Language Processing 18, 2010.
    .. [4] C. F. Eyring, "Reverberation time in 'dead' rooms", Journal of the Acoustical Society of
       America 1, 1930.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.augmentation import Reverberate
    >>> click = np.array([1.0, 0, 0, 0, 0])
    >>> echo = Reverberate(np.array([0, 0, 0.8, 0, 0.6]))  # two samples of delay are removed
    >>> echo(click, 8000, np.random.default_rng(0))
    array([0.8, 0. , 0.6, 0. , 0. ])
    """

    _parameter_constraints = {  # noqa: RUF012
        "responses": [str, os.PathLike, "array-like", None],
        "reverberation_time": [Range(0.01, None, closed="left")],
        "room_size": [Range(2, None, closed="left")],
        "distance": [Range(0, None, closed="neither")],
        "n_rooms": [Interval(Integral, 1, None, closed="left")],
        "random_state": [Interval(Integral, 0, None, closed="left")],
    }

    def __init__(
        self,
        responses=None,
        *,
        reverberation_time=(0.2, 0.8),
        room_size=(3, 10),
        distance=(0.5, 3),
        n_rooms=50,
        random_state=0,
    ):
        self.responses = responses
        self.reverberation_time = reverberation_time
        self.room_size = room_size
        self.distance = distance
        self.n_rooms = n_rooms
        self.random_state = random_state

    def _apply(self, samples, sample_rate, rng, others):
        response = self._draw_response(sample_rate, rng)[: len(samples)]
        level = scipy.linalg.norm(samples)
        if level == 0:
            return samples
        result = scipy.signal.fftconvolve(samples, response)[: len(samples)]
        return (result * (level / scipy.linalg.norm(result))).astype(samples.dtype)

    def _draw_response(self, sample_rate, rng):
        """Return an impulse response from its direct sound on."""
        if self.responses is not None:
            return self._draw_given_response(sample_rate, rng)
        return simulate_room(
            rng.integers(self.n_rooms).item(),
            limits(self.reverberation_time),
            limits(self.room_size),
            limits(self.distance),
            int(self.random_state),
            sample_rate,
        )

    def _draw_given_response(self, sample_rate, rng):
        response = None
        try:
            response = draw_sound(as_list(self.responses), rng)
            samples = load(response, sample_rate)
        except (LibsndfileError, TypeError, ValueError) as error:
            source = "" if response is None else f"the impulse response {describe(response)}: "
            raise self._error(f"{source}{error}") from error
        if not samples.any():
            raise self._error(f"the impulse response {describe(response)} is silent")
        return from_direct_sound(samples)


def from_direct_sound(response):
    """Return a response from the first sample on that is at most 20 dB below the peak."""
    loudness = np.abs(response)
    return response[np.argmax(loudness >= loudness.max() / 10) :]


def absorption_of(size, reverberation_time):
    """Return the share of energy that the walls of a room (3,) absorb, by Eyring's formula."""
    volume, surface = size.prod(), 2 * (size * np.roll(size, 1)).sum()
    path = 4 * volume / surface  # between two walls, on average
    return 1 - 10 ** (-6 * path / (_SPEED_OF_SOUND * reverberation_time))


@functools.lru_cache(maxsize=1024)
def simulate_room(index, reverberation_time, room_size, distance, seed, sample_rate):
    """Return the impulse response of a room that is drawn by its index, from its direct sound on.

    It is as long as its reverberation time, and read-only.
    """
    rng = np.random.default_rng([seed, index])
    time = draw(reverberation_time, rng)
    size = np.array([draw(room_size, rng), draw(room_size, rng), draw(_HEIGHT, rng)])
    microphone, speaker = rng.uniform(_MARGIN, size - _MARGIN, (2, 3))
    way = speaker - microphone
    speaker = microphone + way * min(1, draw(distance, rng) / scipy.linalg.norm(way))
    early, end = early_echoes(time, size, speaker, microphone, sample_rate)
    response = from_direct_sound(append_decay(early[:end], time, sample_rate, rng))
    response = response[: round(time * sample_rate)].astype(np.float32)
    response.setflags(write=False)
    return response


def early_echoes(reverberation_time, size, speaker, microphone, sample_rate):
    """Return an impulse response of image sources, and the sample up to which none is missing."""
    try:
        import pyroomacoustics
    except ImportError as error:
        raise ImportError(
            "Reverberate simulates rooms with pyroomacoustics, which is not installed: "
            'pip install "skxent[rooms]", or give impulse responses'
        ) from error
    room = pyroomacoustics.ShoeBox(
        size,
        fs=round(sample_rate),  # it takes no floats
        materials=pyroomacoustics.Material(absorption_of(size, reverberation_time)),
        max_order=_MAX_ORDER,
    )
    room.add_source(speaker)
    room.add_microphone(microphone)
    room.compute_rir()
    # Image sources fill a diamond; up to the radius of the sphere in it, none is missing.
    radius = (_MAX_ORDER + 1) / np.sqrt((1 / size**2).sum())
    delay = pyroomacoustics.constants.get("frac_delay_length") // 2
    return room.rir[0][0], delay + int(radius / _SPEED_OF_SOUND * sample_rate)


def append_decay(early, reverberation_time, sample_rate, rng):
    """Return early echoes and noise that continues their decay for the reverberation time."""
    n_late = round(reverberation_time * sample_rate)
    decay = 10 ** (-3 * np.arange(len(early) + n_late) / (reverberation_time * sample_rate))
    # What is left of the second half without its decay is the level of the noise.
    half = len(early) // 2
    level = np.sqrt(np.mean((early[half:] / decay[half : len(early)]) ** 2))
    late = level * decay[len(early) :] * rng.standard_normal(n_late)
    return np.concatenate([early, late])
