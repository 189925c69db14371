"""Clips to frames: in batches, long clips in pieces, known ones from a cache."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skxent.audio import chunks, count_samples, load
from skxent.audio._deferred import computed
from skxent.features._cache import Cache, clip_key, get_or_compute
from skxent.features._inputs import error_of, guess_size
from skxent.frames._ragged import lengths_of, split
from skxent.mfcc import FrontEnd
from skxent.mfcc._blocks import compute
from skxent.mfcc._stream import compute_chunks

# A clip counts as this many samples at least, since it has a frame however short it is.
_LEAST_SAMPLES = 1 << 9

# A compressed file may have this many times the samples that its size suggests.
_COMPRESSION = 8

_MOST_FRAMES = 1 << 20


class Part(NamedTuple):
    """Numbers of clips, and their frames one after the other: (n_frames, n_columns)."""

    numbers: list[int]
    frames: NDArray[Any]
    lengths: NDArray[Any]


def plan(
    clips: Sequence[Any],
    n_threads: int,
    *,
    max_samples: int = 1 << 19,
    threaded_samples: int = 1 << 16,
    batches_per_thread: int = 4,
) -> tuple[int, list[range]]:
    """Return how many threads are worth it, and which clips form a batch.

    A batch has at most `max_samples`, or one clip. Threads wait for each other's Python where
    clips have less than `threaded_samples` on average. With several batches for each thread, none
    is idle while others still have long to go.
    """
    sizes = [max(guess_size(clip), _LEAST_SAMPLES) for clip in clips]
    total = sum(sizes)
    if total < threaded_samples * len(clips):
        n_threads = 1
    if n_threads > 1:
        max_samples = min(max_samples, total // (batches_per_thread * n_threads))
    batches, start, n_samples = [], 0, 0
    for i, size in enumerate(sizes):
        if i > start and n_samples + size > max_samples:
            batches.append(range(start, i))
            start, n_samples = i, 0
        n_samples += size
    batches.append(range(start, len(clips)))
    return n_threads, batches


def extract(
    clips: Mapping[int, Any],
    front_end: FrontEnd,
    *,
    dtype: str | None = None,
    on_error: str = "raise",
    cache: Cache | None = None,
    long_samples: int = 1 << 22,
) -> tuple[list[Part], dict[int, str]]:
    """Return the frames of numbered clips, and by number the reasons why others can't be used.

    With `dtype` None, each clip has its own precision, see :func:`skxent.audio.to_mono_float`. A
    clip of more than `long_samples` is computed in pieces. Frames that a cache owns are read-only.
    """
    if cache is None:
        return _compute(clips, front_end, dtype, on_error, long_samples)
    numbers = list(clips)

    def compute_at(positions: Sequence[int]) -> list[NDArray[Any] | str]:
        some = {numbers[i]: clips[numbers[i]] for i in positions}
        parts, reasons = _compute(some, front_end, dtype, on_error, long_samples)
        found: dict[int, NDArray[Any] | str] = {**reasons}
        for part in parts:
            found.update(zip(part.numbers, split(part.frames, part.lengths), strict=True))
        return [found[number] for number in some]

    def is_sound(frames: Any) -> bool:
        """Return whether an entry of a cache can be frames of these settings."""
        return (
            isinstance(frames, np.ndarray)
            and frames.ndim == 2
            and frames.shape[1] == front_end.n_columns
            and len(frames) > 0
            and frames.dtype in dtypes
            and bool(np.isfinite(frames).all())
        )

    dtypes = [np.dtype(name) for name in ([dtype] if dtype else ["float32", "float64"])]
    keys = [clip_key(clip, (front_end.fingerprint, dtype)) for clip in clips.values()]
    return _put_together(numbers, get_or_compute(cache, keys, compute_at, is_sound))


def in_order(parts: Sequence[tuple[Sequence[int], NDArray[Any]]], n_clips: int) -> NDArray[Any]:
    """Return the rows of numbered clips in one array."""
    dtype = np.result_type(*(rows.dtype for _, rows in parts))
    features = np.empty((n_clips, *parts[0][1].shape[1:]), dtype)
    for numbers, rows in parts:
        features[numbers] = rows
    return features


def _put_together(
    numbers: Sequence[int], results: Sequence[NDArray[Any] | str]
) -> tuple[list[Part], dict[int, str]]:
    """Sort results into frames by type, and reasons."""
    reasons = {}
    by_type: dict[np.dtype[Any], dict[int, NDArray[Any]]] = {}
    for number, result in zip(numbers, results, strict=True):
        if isinstance(result, str):
            reasons[number] = result
        else:
            by_type.setdefault(result.dtype, {})[number] = result
    parts = []
    for some in by_type.values():
        clips = list(some.values())
        if len(clips) > 1:
            frames = np.concatenate(clips)
        else:  # not copied, and a cache's own, which may allow writing to it
            frames = clips[0].view()
            frames.flags.writeable = False
        parts.append(Part(list(some), frames, lengths_of(clips)))
    return parts, reasons


def _compute(
    clips: Mapping[int, Any],
    front_end: FrontEnd,
    dtype: str | None,
    on_error: str,
    long_samples: int,
) -> tuple[list[Part], dict[int, str]]:
    """Compute the frames of clips: one part for each type, and one for each long clip."""
    parts, reasons = [], {}
    signals: dict[np.dtype[Any], dict[int, NDArray[Any]]] = {}
    for number, clip in clips.items():
        try:
            samples = computed(clip)  # once; what is deferred is held no longer than its batch
            if _is_long(samples, front_end.sample_rate, long_samples):
                frames = _compute_long(samples, front_end, dtype)
                parts.append(Part([number], frames, lengths_of([frames])))
            else:
                signal = load(samples, front_end.sample_rate, dtype=dtype)
                signals.setdefault(signal.dtype, {})[number] = signal
        except (TypeError, ValueError) as error:
            if on_error == "raise":
                raise error_of(number, clip, error) from error
            reasons[number] = str(error)  # without the traceback, which holds the samples
    for sample_type, some in signals.items():
        of_type = front_end.as_type(sample_type)
        parts.append(Part(list(some), *compute(list(some.values()), of_type)))
    return parts, reasons


def _is_long(clip: Any, sample_rate: float, long_samples: int) -> bool:
    if guess_size(clip) * _COMPRESSION < long_samples:
        return False
    return bool(count_samples(clip, sample_rate) > long_samples)


def _compute_long(clip: Any, front_end: FrontEnd, dtype: str | None) -> NDArray[Any]:
    """Compute the frames of a long clip, of which one piece at a time is held."""
    pieces = chunks(clip, front_end.sample_rate, dtype=dtype)
    piece = next(pieces)
    front_end = front_end.as_type(piece.dtype)
    # Room for the expected frames, but not for whatever a header claims.
    n_samples = count_samples(clip, front_end.sample_rate)
    n_frames = min(front_end.n_frames(n_samples) + 1, _MOST_FRAMES)
    frames = np.empty((n_frames, front_end.n_columns), piece.dtype)
    end = 0
    for block in compute_chunks(itertools.chain([piece], pieces), front_end):
        if end + len(block) > len(frames):
            frames = np.concatenate([frames, np.empty_like(frames)])
        frames[end : end + len(block)] = block
        end += len(block)
    return frames[:end]
