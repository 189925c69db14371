"""Frames of many clips, in step."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skxent.alignment._graph import Graph
from skxent.frames._ragged import as_lengths, offsets

# Numbers of a block of clips: nodes times clips, so that a step's arrays stay in the cache.
_BLOCK_SIZE = 1 << 18


class Step(NamedTuple):
    """A frame of each of the clips that are that long.

    Parameters
    ----------
    t : int
        Index of the frame.
    n_clips : int
        Number of clips of the block that have it.
    n_left : int
        Number of those that have a frame after it.
    scores : ndarray of shape (n_nodes, n_clips)
        Scores of the nodes' states.
    """

    t: int
    n_clips: int
    n_left: int
    scores: NDArray[Any]


def check_scores(
    scores: ArrayLike, graph: Graph, lengths: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Return scores as a matrix of float64, and the number of frames of each clip."""
    values = np.asarray(scores, np.float64)
    if values.ndim != 2:
        raise ValueError(f"scores must have shape (n_frames, n_states), got shape {values.shape}")
    if graph.states.max() >= values.shape[1]:
        raise ValueError(
            f"the graph has a state {graph.states.max()}, but scores has {values.shape[1]} columns"
        )
    counts = as_lengths(values, lengths)
    if counts.ndim != 1 or len(counts) == 0 or counts.min() < 1 or counts.sum() != len(values):
        raise ValueError(
            "lengths must be of at least one frame each, and sum to the "
            f"{len(values)} frames of scores, got {counts.tolist()!r:.80}"
        )
    if np.isnan(values).any() or np.isposinf(values).any():
        row = int(np.flatnonzero((np.isnan(values) | np.isposinf(values)).any(axis=1))[0])
        raise ValueError(f"scores must be finite or -inf, but frame {row} has others")
    return values, counts


def blocks_of_clips(lengths: NDArray[Any], n_nodes: int) -> Iterator[NDArray[Any]]:
    """Yield indices of clips, the longest first, in blocks of a bounded size."""
    order = np.argsort(-lengths, kind="stable")
    size = max(1, _BLOCK_SIZE // n_nodes)
    for start in range(0, len(order), size):
        yield order[start : start + size]


def steps(
    scores: NDArray[np.float64], lengths: NDArray[Any], clips: NDArray[Any], graph: Graph
) -> Iterator[Step]:
    """Yield the frames of some clips, the longest first, step by step.

    A clip that has ended is not seen again: nothing is padded.
    """
    starts = offsets(lengths)[0][clips]
    # Of each t the number of clips with more than t frames.
    n_longer = len(clips) - np.cumsum(np.bincount(lengths[clips]))
    for t in range(len(n_longer) - 1):
        n_clips = int(n_longer[t])
        of_frame = np.ascontiguousarray(scores[starts[:n_clips] + t].T)
        yield Step(t, n_clips, int(n_longer[t + 1]), of_frame[graph.states])
