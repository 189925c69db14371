"""A clip as sound and picture."""

import io
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import soundfile
from numpy.typing import NDArray

from skxent._threads import one_blas_thread
from skxent.audio import load
from skxent.features._inputs import error_of
from skxent.frames._ragged import offsets
from skxent.frames._trimming import kept_ranges
from skxent.mfcc import FrontEnd
from skxent.mfcc._blocks import compute
from skxent.mfcc._front_end import shared_design
from skxent.report._png import N_COLORS, encode_png

# Decibels below the loudest point of a spectrogram that are black.
_RANGE = 60.0

_N_MELS = 48

# In bytes: what is larger is compressed with losses. Two seconds at 16 kHz have 64,000.
_LOSSLESS = 1 << 16

# Of MPEG 1, 2 and 2.5.
_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)

# In seconds, and the most columns of a picture: those of longer clips are means.
_STEP, _MOST_COLUMNS = 0.005, 400


class Sound(NamedTuple):
    """A sound file, and its media type."""

    kind: str
    content: bytes


class Media(NamedTuple):
    """What the page shows of a clip: sound, PNG, duration and what trimming keeps, in seconds."""

    sound: Sound
    picture: bytes
    duration: float
    kept: tuple[float, float] | None


class Trimming(NamedTuple):
    """The front end with levels and the threshold of a transformer that trims."""

    front_end: FrontEnd
    threshold: float


def make_media(
    clips: Sequence[Any],
    numbers: Sequence[int],
    sample_rate: float,
    trimming: Trimming | None,
    *,
    together: int = 32,
) -> Iterator[Media]:
    """Yield sound and picture of the numbered clips, in this order.

    Some `together` at a time, so that neither hours of sound are held nor the front end is set up
    for each clip.
    """
    pictures = shared_design(
        sample_rate,
        convention="kaldi",
        features="log_mel",
        fmin=0.0,
        frame_step=max(_STEP, 1.5 / sample_rate),
        n_mels=_N_MELS,
        n_fft=_transform_length(sample_rate),
        window="hann",
    ).as_type("float32")
    for start in range(0, len(numbers), together):
        some = numbers[start : start + together]
        signals = [_load(clips, number, sample_rate) for number in some]
        with one_blas_thread():
            frames, lengths = compute(signals, pictures)
            kept = [None] * len(some) if trimming is None else _find_kept(signals, trimming)
        images = np.split(frames, np.cumsum(lengths)[:-1])
        for signal, image, part in zip(signals, images, kept, strict=True):
            yield Media(
                encode_sound(signal, sample_rate),
                encode_png(to_pixels(image)),
                len(signal) / sample_rate,
                part,
            )


def encode_sound(signal: NDArray[Any], sample_rate: float) -> Sound:
    """Return a mono signal as WAV of 16 bits, or MP3 if it is long; quieter beyond full scale."""
    scaled = signal / max(1.0, float(np.abs(signal).max()))
    file, rate = io.BytesIO(), round(sample_rate)
    if 2 * len(signal) <= _LOSSLESS:
        soundfile.write(file, scaled, rate, format="WAV", subtype="PCM_16")
        return Sound("audio/wav", file.getvalue())
    if rate not in _MP3_RATES:
        higher = next((allowed for allowed in _MP3_RATES if allowed > rate), _MP3_RATES[-1])
        scaled, rate = load((sample_rate, scaled), higher), higher
    soundfile.write(file, scaled, rate, format="MP3", subtype="MPEG_LAYER_III")
    return Sound("audio/mpeg", file.getvalue())


def to_pixels(log_mel: NDArray[Any]) -> NDArray[np.uint8]:
    """Return a spectrogram (n_frames, n_mels) of logarithms as colours, the lowest filter below."""
    n_frames = len(log_mel)
    if n_frames > _MOST_COLUMNS:
        edges = np.linspace(0, n_frames, _MOST_COLUMNS + 1).astype(np.int64)[:-1]
        widths = np.diff([*edges, n_frames])
        log_mel = np.add.reduceat(log_mel, edges, axis=0) / widths[:, np.newaxis]
    decibels = log_mel.T[::-1] * (10.0 / np.log(10.0))  # of energies
    heights = 1.0 + (decibels - decibels.max()) / _RANGE
    pixels: NDArray[np.uint8] = (heights.clip(0.0, 1.0) * (N_COLORS - 1)).round().astype(np.uint8)
    return pixels


def _load(clips: Sequence[Any], number: int, sample_rate: float) -> NDArray[Any]:
    try:
        return load(clips[number], sample_rate, dtype="float32")
    except (TypeError, ValueError) as error:
        raise error_of(number, clips[number], error) from error


def _transform_length(sample_rate: float) -> int:
    """Return a length that gives each filter a bin."""
    n_window = max(1, round(0.025 * sample_rate))
    return max(1024, 1 << (2 * n_window - 1).bit_length())


def _find_kept(
    signals: Sequence[NDArray[Any]], trimming: Trimming
) -> list[tuple[float, float] | None]:
    """Return where the frames begin and end that trimming keeps, in seconds."""
    front_end = trimming.front_end.as_type("float32")
    frames, lengths = compute(signals, front_end)
    begins, stops = kept_ranges(frames[:, -1], trimming.threshold, lengths)
    firsts = begins - offsets(lengths)[0]
    starts = (firsts * front_end.n_step - front_end.n_before) / front_end.sample_rate
    ends = starts + ((stops - 1 - begins) * front_end.n_step + front_end.n_length) / (
        front_end.sample_rate
    )
    durations = [len(signal) / front_end.sample_rate for signal in signals]
    return [
        (max(0.0, float(start)), min(duration, float(end)))
        for start, end, duration in zip(starts, ends, durations, strict=True)
    ]
