"""The state of each frame of clips whose words are known."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxent.alignment import sequence_graph, viterbi_paths
from skxent.frames._ragged import offsets, ranges

# Pronunciations of the words of a row: for each word, for each pronunciation its states.
Row = list[list[list[int]]]

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

    `groups` are indices of clips and the words of all of them.
    """
    starts, ends = offsets(lengths)
    states = np.empty(ends[-1], np.intp)
    for clips, row in groups:
        graph, _ = sequence_graph(row, silence=silence)
        used, columns = np.unique(graph.states, return_inverse=True)
        graph = graph.with_states(columns)
        best, nodes = viterbi_paths(scorer(clips, used), graph, lengths[clips])
        if np.isneginf(best).any():
            raise ValueError(
                f"the estimator rules out all paths through the words of {np.isneginf(best).sum()} "
                f"clips: some of the states {used.tolist()} are not among its classes"
            )
        states[ranges(starts[clips], ends[clips])] = used[graph.states[nodes]]
    return states
