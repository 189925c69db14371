"""The state of each frame of clips whose words are known."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxent.alignment import Graph, sequence_graph, viterbi_paths
from skxent.frames._ragged import offsets, ranges

# Pronunciations of the words of a row: for each word, for each pronunciation its states.
Row = list[list[list[int]]]

# Scores of nodes that are held at a time.
_BLOCK_SIZE = 1 << 23

# Returns scores (n_frames, n_states) for indices of clips and of states.
Scorer = Callable[[NDArray[Any], NDArray[Any]], NDArray[np.float64]]


def flat_start(
    lengths: NDArray[Any], rows: list[Row], silence: int | None, numbers: NDArray[Any]
) -> NDArray[np.intp]:
    """Return states (n_frames,) of equal shares of each clip, in order.

    Of each word the first pronunciation counts that leaves a frame to each state, and silence
    gets a share before and after the words if there are frames for it. Errors name the clips by
    their `numbers`.
    """
    parts = []
    for length, row, clip in zip(lengths.tolist(), rows, numbers.tolist(), strict=True):
        states = [state for word in row for state in word[0]]
        if len(states) > length:
            states = [state for word in row for state in min(word, key=len)]
        if len(states) > length:
            raise ValueError(
                f"clip {clip} has {length} frames, fewer than the {len(states)} states of its words"
            )
        if silence is not None and len(states) + 2 <= length:
            states = [silence, *states, silence]
        parts.append(np.array(states)[np.arange(length) * len(states) // length])
    return np.concatenate(parts)


def realign(
    scorer: Scorer,
    lengths: NDArray[Any],
    groups: list[tuple[NDArray[Any], Row]],
    silence: int | None,
) -> NDArray[np.intp]:
    """Return states (n_frames,) of the best path through each clip.

    `groups` are indices of clips and the words of all of them. Many have graphs that differ in
    their states alone, as those of single words do: such clips are aligned side by side.
    """
    by_shape: dict[Any, list[tuple[NDArray[Any], Graph]]] = {}
    for clips, row in groups:
        graph, _ = sequence_graph(row, silence=silence)
        shape = (graph.sources.shape, graph.sources.tobytes(), graph.ends.tobytes())
        by_shape.setdefault(shape, []).append((clips, graph))
    starts, ends = offsets(lengths)
    states = np.empty(ends[-1], np.intp)
    for alike in by_shape.values():
        n_nodes = alike[0][1].n_nodes
        sizes = np.cumsum([lengths[clips].sum() * n_nodes for clips, _ in alike])
        for block in np.unique(sizes // _BLOCK_SIZE):
            chosen = [alike[i] for i in np.flatnonzero(sizes // _BLOCK_SIZE == block)]
            clips = np.concatenate([clips for clips, _ in chosen])
            of_nodes = np.concatenate([_score_nodes(scorer, *each) for each in chosen])
            graph = chosen[0][1].with_states(np.arange(n_nodes))
            best, nodes = viterbi_paths(of_nodes, graph, lengths[clips])
            if np.isneginf(best).any():
                raise ValueError(
                    "the estimator rules out all paths through the words of "
                    f"{np.isneginf(best).sum()} clips: some of their states are not among its "
                    "classes"
                )
            of_clips = [np.tile(graph.states, (len(clips), 1)) for clips, graph in chosen]
            of_frames = np.repeat(np.concatenate(of_clips), lengths[clips], axis=0)
            states[ranges(starts[clips], ends[clips])] = of_frames[np.arange(len(nodes)), nodes]
    return states


def _score_nodes(scorer: Scorer, clips: NDArray[Any], graph: Graph) -> NDArray[np.float64]:
    """Return scores (n_frames, n_nodes) of clips and the nodes of their graph."""
    used, columns = np.unique(graph.states, return_inverse=True)
    scores: NDArray[np.float64] = scorer(clips, used)[:, columns]
    return scores
