"""A stream of samples, cut into the stretches of sound between pauses."""

import collections
import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_FRAME = 0.01

# In decibels of full scale: what is louder than the noise by so much is sound, but nothing below
# the first limit is, and everything above the second.
_ABOVE_NOISE, _QUIETEST, _LOUDEST = 12.0, -60.0, -30.0

# The noise is the level that a tenth of the last frames lie below; so many seconds of them.
_MEMORY, _SHARE = 3.0, 0.1

# In seconds: clicks are shorter, and words begin and end softly.
_SHORTEST, _MARGIN = 0.05, 0.1


class Segment(NamedTuple):
    """A stretch of sound: where it begins in the stream, in seconds, and its samples."""

    start: float
    samples: NDArray[np.float32]


class Segmenter:
    """Cuts a stream into stretches of sound, whatever the sizes of the blocks that it comes in.

    A stretch ends with a pause of `pause` seconds, or when it is `longest` seconds long. A tenth
    of a second before and after it belongs to it. `level` is the level of the last frame in
    decibels of full scale, and `threshold` the one above which a frame is sound.
    """

    def __init__(self, sample_rate: float, *, pause: float = 0.3, longest: float = 5.0) -> None:
        self.sample_rate = sample_rate
        self.level = self.threshold = -math.inf
        self._frame_length = max(1, round(_FRAME * sample_rate))
        self._n_pause = _count(pause)
        self._n_longest = max(_count(longest), _count(_SHORTEST) + 1)
        self._n_margin = min(_count(_MARGIN), self._n_pause)
        self._levels: collections.deque[float] = collections.deque(maxlen=_count(_MEMORY))
        self._rest = np.empty(0, np.float32)
        self._n_frames = 0  # that are past
        self._frames: list[NDArray[np.float32]] = []  # of the stretch, or before one
        self._n_before = 0  # frames in front of the stretch, its margin
        self._n_sound = 0  # frames from its first sound to its last one
        self._n_quiet = 0  # frames since its last one

    def push(self, samples: NDArray[np.float32]) -> list[Segment]:
        """Take a block of samples in [-1, 1], and return the stretches that ended in it."""
        samples = np.concatenate([self._rest, np.asarray(samples, np.float32)])
        n_frames = len(samples) // self._frame_length
        frames = samples[: n_frames * self._frame_length].reshape(n_frames, self._frame_length)
        self._rest = samples[n_frames * self._frame_length :]
        ended = [self._push_frame(frame) for frame in frames]
        return [segment for segment in ended if segment is not None]

    def close(self) -> list[Segment]:
        """Return the stretch that the end of the stream ends, if there is one."""
        segment = self._end()
        return [] if segment is None else [segment]

    def _push_frame(self, frame: NDArray[np.float32]) -> Segment | None:
        power = float(np.mean(np.square(frame, dtype=np.float64)))
        self.level = 10.0 * math.log10(power) if power > 0.0 else -math.inf
        self._levels.append(self.level)
        noise = sorted(self._levels)[int(_SHARE * len(self._levels))]
        self.threshold = min(max(noise + _ABOVE_NOISE, _QUIETEST), _LOUDEST)
        self._n_frames += 1
        self._frames.append(frame)
        is_sound = self.level > self.threshold
        if not self._n_sound:
            if is_sound:
                self._n_before = len(self._frames) - 1
                self._n_sound = 1
            else:
                del self._frames[: -self._n_margin]
            return None
        if is_sound:
            self._n_sound += self._n_quiet + 1
            self._n_quiet = 0
        else:
            self._n_quiet += 1
        is_over = self._n_quiet >= self._n_pause or (
            self._n_sound + self._n_quiet >= self._n_longest
        )
        return self._end() if is_over else None

    def _end(self) -> Segment | None:
        """Return the stretch, unless it is too short, and begin anew behind it."""
        n_kept = self._n_before + self._n_sound + min(self._n_quiet, self._n_margin)
        first = self._n_frames - len(self._frames)
        kept, rest = self._frames[:n_kept], self._frames[n_kept:]
        is_segment = self._n_sound >= _count(_SHORTEST)
        self._frames = rest[-self._n_margin :]
        self._n_before = self._n_sound = self._n_quiet = 0
        if not is_segment:
            return None
        return Segment(first * self._frame_length / self.sample_rate, np.concatenate(kept))


def _count(seconds: float) -> int:
    """Return the number of frames of some seconds, at least one."""
    return max(1, round(seconds / _FRAME))
