"""Frames with their neighbours, and scores of clips from those of their frames."""

from __future__ import annotations

import numpy as np

from skxent.export._graph import Value
from skxent.export._pooling import Clips


def add_context(clips: Clips, context: int, *, position: bool) -> Clips:
    """Splice frames with their neighbours on each side, and append where in the clip they are."""
    last, parts = clips.end - 1, []
    for shift in range(-context, context + 1):
        places = (clips.times + shift).at_least(clips.begin).at_most(last)
        parts.append(clips.frames.take_by_clip(places))
    if position:
        middles = (clips.times - clips.begin).cast(np.float64) + 0.5
        parts.append((middles / clips.n_frames().cast(np.float64)).expand(2))
    frames = clips.graph.add("Concat", *parts, dtype=np.float64, axis=2)
    return clips.with_frames(frames)


def add_aggregation(clips: Clips, scores: Value, aggregate: str) -> Value:
    """Return scores of clips, (batch, n_classes), from those of their frames.

    `scores` are log-probabilities of frames, but for a constant. What is returned has the same
    meaning; with "vote" it is the shares of the frames.
    """
    mask, counts = clips.mask(), clips.n_frames().cast(np.float64)
    if aggregate == "vote":
        best = scores.apply("ArgMax", dtype=np.int64, axis=2)
        classes = clips.graph.arange(scores.size(2))
        values = best.apply("Equal", classes, dtype=bool).cast(np.float64)
    else:
        values = scores.apply("LogSoftmax", axis=-1)
    sums = (mask @ values).reshape(0, -1)
    return sums if aggregate == "sum_log_proba" else sums / counts
