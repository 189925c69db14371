"""The best path through each clip."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skxent.alignment._graph import Graph
from skxent.alignment._steps import blocks_of_clips, check_scores, steps
from skxent.frames._ragged import offsets

# Bytes for the choices of a block of clips; a single clip may need more.
_CHOICES_SIZE = 1 << 24


def viterbi_paths(
    scores: ArrayLike, graph: Graph, lengths: ArrayLike | None = None
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Best path through each clip, over all outputs of a graph.

    Parameters
    ----------
    scores : array-like of shape (n_frames, n_states)
        Score of each state for each frame, as for :func:`viterbi_scores`.
    graph : Graph
        Which states may follow one another.
    lengths : array-like of int of shape (n_clips,), default=None
        Number of frames of each clip; None for one clip.

    Returns
    -------
    best : ndarray of shape (n_clips,)
        Score of the best path; minus infinity where no path fits.
    nodes : ndarray of int of shape (n_frames,)
        The node of the graph at each frame; -1 where no path fits the clip. Of paths with
        the same score one is taken that does not depend on the other clips.

    Raises
    ------
    ValueError
        If a score is NaN or plus infinity, or if the shapes don't fit together.

    Notes
    -----
    Takes a byte for each frame and node of the clips that are processed side by side, some
    16 MB, or what a single long clip needs.

    Examples
    --------
    >>> from skxent.alignment import viterbi_paths, word_graph
    >>> scores = [[0.0, -2.0], [0.0, -3.0], [-5.0, 0.0]]
    >>> best, nodes = viterbi_paths(scores, word_graph([[[0, 1]]]))
    >>> best, nodes
    (array([0.]), array([0, 0, 1]))
    """
    values, counts = check_scores(scores, graph, lengths)
    if graph.sources.shape[1] > np.iinfo(np.uint8).max - 1:
        raise ValueError(f"a node has {graph.sources.shape[1]} sources, at most 254 are possible")
    best = np.empty(len(counts))
    nodes = np.full(len(values), -1)
    for clips in blocks_of_clips(counts, graph.n_nodes):
        # Clips are in order of length: the first of each part is its longest.
        size = max(1, _CHOICES_SIZE // (graph.n_nodes * int(counts[clips[0]])))
        for first in range(0, len(clips), size):
            _align(values, counts, clips[first : first + size], graph, best, nodes)
    return best, nodes


def _align(
    scores: NDArray[np.float64],
    lengths: NDArray[Any],
    clips: NDArray[Any],
    graph: Graph,
    best: NDArray[np.float64],
    nodes: NDArray[np.intp],
) -> None:
    """Find the best paths of some clips, the longest first, and store them in best and nodes."""
    n_nodes = graph.n_nodes
    columns = [np.where(column < 0, n_nodes, column) for column in graph.sources.T]
    paths = np.full((n_nodes + 1, len(clips)), -np.inf)
    last = np.empty(len(clips), np.intp)
    choices = []  # of each frame: 0 to stay, or the number of the source
    for t, n_clips, n_left, of_nodes in steps(scores, lengths, clips, graph):
        if t == 0:
            paths[graph.starts] = of_nodes[graph.starts]
        else:
            entered, choice = paths.copy(), np.zeros((n_nodes, n_clips), np.uint8)
            for number, sources in enumerate(columns, start=1):
                found = paths[sources]
                is_better = found > entered[:-1]
                np.copyto(entered[:-1], found, where=is_better)
                choice[is_better] = number
            entered[:-1] += of_nodes
            paths = entered
            choices.append(choice)
        if n_left < n_clips:
            done = paths[graph.ends, n_left:]
            chosen = done.argmax(axis=0)
            best[clips[n_left:n_clips]] = done[chosen, np.arange(n_clips - n_left)]
            last[n_left:n_clips] = graph.ends[chosen]
            paths = paths[:, :n_left].copy()
    last[np.isneginf(best[clips])] = -1
    moves = np.column_stack([np.full(n_nodes, -1), graph.sources])
    starts = offsets(lengths)[0][clips]
    for t in range(int(lengths[clips[0]]) - 1, -1, -1):
        n_clips = int(np.searchsorted(-lengths[clips], -t))  # those longer than t
        current = last[:n_clips]
        nodes[starts[:n_clips] + t] = current
        if t > 0:
            choice = choices[t - 1][current, np.arange(n_clips)]
            last[:n_clips] = np.where(
                (choice > 0) & (current >= 0), moves[current, choice], current
            )
