"""Frames to rows, as skxent.frames computes them: trimmed, with slopes, normalised, pooled.

Each clip has a range of frames, from `begin` to before `end`, both (batch, 1): all of its frames,
or those that trimming keeps. Those outside it are still there, and count for nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from skxent.export._graph import Graph, Value
from skxent.frames import STATISTICS
from skxent.frames._trimming import ABOVE_FLOOR, BELOW_LOUDEST, MARGIN

# Frames begin as float32, so what is within its rounding of the mean counts as constant.
_EPS = float(np.finfo(np.float32).eps)


@dataclass(frozen=True)
class Clips:
    """Frames (batch, n_frames, n_columns) of clips, of which those of a range count."""

    graph: Graph
    frames: Value
    begin: Value
    end: Value

    @property
    def times(self) -> Value:
        """Numbers of the frames, (n_frames,)."""
        return self.graph.arange(self.frames.size(1))

    def mask(self) -> Value:
        """Return which frames count, (batch, 1, n_frames), as zeros and ones."""
        return _is_inside(self.times, self.begin, self.end).expand(1).cast(np.float64)

    def n_frames(self) -> Value:
        """Return how many frames of each clip count, (batch, 1)."""
        return self.end - self.begin

    def with_frames(self, frames: Value) -> Clips:
        """Return other frames of the same ranges."""
        return Clips(self.graph, frames, self.begin, self.end)


def add_ranges(graph: Graph, frames: Value) -> Clips:
    """Return clips of which all frames count."""
    zeros = graph.constant(0, np.int64).apply("Expand", frames.size(0).expand(0)).expand(1)
    return Clips(graph, frames, zeros, zeros + frames.size(1))


def trim(clips: Clips, powers: Value, threshold: float) -> Clips:
    """Leave out pauses at the ends of clips by the powers of frames, (batch, n_frames).

    See skxent.frames.trim, whose decibels are factors here.
    """
    graph, times, n_frames = clips.graph, clips.times, clips.frames.size(1)
    loudest = powers.reduce("Max", 1, keepdims=True)
    starts, ends = _find_sound(powers >= loudest * _ratio(-threshold))
    # A frame next to what is left out is part pause, and is not counted, if others remain.
    first = starts + starts.at_most(1)
    end = ends - (n_frames - ends).at_most(1)
    has_others = first < end
    first, end = first.otherwise(has_others, starts), end.otherwise(has_others, ends)
    outside = graph.constant(np.inf, np.float64)
    counted = powers.otherwise(_is_inside(times, first, end), outside)
    n_sorted = n_frames.expand(0)
    rising, _ = graph.add_all(
        "TopK", counted, n_sorted, dtypes=[np.float64, np.int64], largest=0, axis=1
    )
    noise = rising.apply("GatherElements", (end - first) // 10, axis=1)
    least = (loudest * _ratio(-BELOW_LOUDEST)).at_most(noise * _ratio(ABOVE_FLOOR))
    is_sound = (powers >= least) & _is_inside(times, starts, ends)
    firsts, lasts = _find_sound(is_sound)
    starts, ends = (firsts - MARGIN).at_least(starts), (lasts + MARGIN).at_most(ends)
    return Clips(graph, clips.frames, starts, ends)


def add_slopes(clips: Clips, width: int) -> Clips:
    """Return the slopes of frames, see skxent.frames.delta."""
    last = clips.end - 1
    slopes = None
    for n in range(1, width + 1):
        ahead = clips.frames.take_by_clip((clips.times + n).at_most(last))
        behind = clips.frames.take_by_clip((clips.times - n).at_least(clips.begin))
        step = (ahead - behind) * float(n)
        slopes = step if slopes is None else slopes + step
    if slopes is None:
        raise ValueError(f"width must be at least 1, got {width!r}")
    return clips.with_frames(slopes / float(2 * sum(n * n for n in range(1, width + 1))))


def normalize(clips: Clips, normalization: str) -> Clips:
    """Shift and scale the frames of each clip, see skxent.frames.normalize."""
    mask, counts = clips.mask(), clips.n_frames().expand(2).cast(np.float64)
    mean = mask @ clips.frames / counts
    frames = clips.frames - mean
    if normalization == "mean_std":
        scale = (mask @ (frames * frames) / counts).apply("Sqrt")
        is_constant = mean.apply("Abs") * (8 * _EPS) >= scale
        infinite = clips.graph.constant(np.inf, np.float64)
        frames = frames / infinite.otherwise(is_constant, scale)
    return clips.with_frames(frames)


def pool(clips: Clips, statistics: str, n_segments: int) -> Value:
    """Return statistics of the segments of each clip, one row for each; see skxent.frames.pool."""
    graph, n_frames = clips.graph, clips.n_frames()
    edges = n_frames * np.arange(n_segments + 1) // n_segments + clips.begin
    starts = edges.take(graph.constant(np.arange(n_segments), np.int64), axis=1)
    ends = edges.take(graph.constant(np.arange(n_segments) + 1, np.int64), axis=1)
    ends = ends.at_least(starts + 1)
    counts = (ends - starts).expand(2).cast(np.float64)
    is_inside = _is_inside(clips.times, starts.expand(2), ends.expand(2))
    mask = is_inside.cast(np.float64)  # (batch, n_segments, n_frames)
    mean = mask @ clips.frames / counts
    parts, names = [mean], STATISTICS[statistics]
    if "std" in names:
        # A frame may be in several segments, but only where each segment is a single frame.
        shares = mask / mask.reduce("Sum", 1, keepdims=True).at_least(1.0)
        distances = clips.frames - shares.transpose(0, 2, 1) @ mean
        parts.append((mask @ (distances * distances) / counts).apply("Sqrt"))
    for name, kind, outside in [("min", "Min", np.inf), ("max", "Max", -np.inf)]:
        if name in names:
            of_segment = clips.frames.expand(1).otherwise(is_inside.expand(3), outside)
            parts.append(of_segment.reduce(kind, 2))
    joined = graph.add("Concat", *parts, dtype=np.float64, axis=2)
    return joined.reshape(0, -1)


def append_slopes(clips: Clips, deltas: int, width: int, normalization: str | None) -> Clips:
    """Append orders of slopes to the frames, and normalise all; see skxent.frames.summarize."""
    parts, part = [], clips
    for order in range(deltas + 1):
        part = add_slopes(part, width) if order else part
        done = part if normalization is None else normalize(part, normalization)
        parts.append(done.frames)
    frames = clips.graph.add("Concat", *parts, dtype=np.float64, axis=2)
    return clips.with_frames(frames)


def _find_sound(is_sound: Value) -> tuple[Value, Value]:
    """Return the first frame of sound of each clip, and the one after the last: (batch, 1)."""
    numbers = is_sound.cast(np.int32)
    first = numbers.apply("ArgMax", dtype=np.int64, axis=1)
    last = numbers.apply("ArgMax", dtype=np.int64, axis=1, select_last_index=1)
    return first, last + 1


def _is_inside(times: Value, begin: Value, end: Value) -> Value:
    """Return whether times are from `begin` to before `end`."""
    return (times >= begin) & (times < end)


def _ratio(decibels: float) -> float:
    return float(10.0 ** (decibels / 10.0))
