"""Words in a row: the best path through a graph whose ends lead back to its entries."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skxent.alignment._graph import Graph
from skxent.alignment._steps import blocks_of_clips, check_scores, steps


class _Exits(NamedTuple):
    """The best of what ended before a frame, for each group of entries and clip."""

    outputs: NDArray[Any]
    begins: NDArray[Any]


def viterbi_words(
    scores: ArrayLike,
    graph: Graph,
    lengths: ArrayLike | None = None,
    *,
    penalty: ArrayLike = 0.0,
    bigram: ArrayLike | None = None,
) -> list[list[tuple[int, int, int]]]:
    r"""Best row of words in each clip.

    A path goes through the graph once or more; from an end it may go on at any entry. Its score

    .. math::
        \sum_{t=1}^{T} s_t(q_t) - (N - 1) \, p + \sum_{n=2}^{N} b(k_{n-1}, k_n)

    has a penalty p for each word after the first, and the weight b of each pair of neighbours.
    The best is found in one pass, by the algorithm of [1]_.

    Parameters
    ----------
    scores : array-like of shape (n_frames, n_states)
        Score of each state for each frame, as for :func:`viterbi_scores`.
    graph : Graph
        Words, as of :func:`word_graph`.
    lengths : array-like of int of shape (n_clips,), default=None
        Number of frames of each clip; None for one clip.
    penalty : float or array-like of shape (n_clips,), default=0.0
        Subtracted for each word after the first, in all clips or in each. A larger one finds
        fewer words.
    bigram : array-like of shape (n_outputs, n_outputs), default=None
        Added for each pair of neighbours: entry ``[i, j]`` where word j follows word i, for
        instance the logarithm of its probability. Minus infinity rules a pair out. Needs a
        graph with ``share_prefixes=False``, and for each frame a time of n_outputs squared.

    Returns
    -------
    words : list of list of tuple of int
        For each clip the words in order: the output, its first frame, and the frame after its
        last, silence included. Empty where no path fits.

    Raises
    ------
    ValueError
        If a score, `penalty` or `bigram` is not a number, if the shapes don't fit together, or
        if words share nodes and there is a bigram.

    References
    ----------
    .. [1] H. Ney, "The use of a one-stage dynamic programming algorithm for connected word
       recognition", IEEE Trans. ASSP 32, 1984.

    Examples
    --------
    >>> from skxent.alignment import viterbi_words, word_graph
    >>> graph = word_graph([[[0]], [[1]]])
    >>> scores = [[0.0, -2.0], [0.0, -2.0], [-1.0, 0.0]]
    >>> viterbi_words(scores, graph)
    [[(0, 0, 2), (1, 2, 3)]]
    >>> viterbi_words(scores, graph, penalty=2.0)
    [[(0, 0, 3)]]
    """
    values, counts = check_scores(scores, graph, lengths)
    penalties = np.asarray(penalty, np.float64)
    if penalties.shape not in ((), counts.shape):
        raise ValueError(
            f"penalty must be a number, or one for each of {len(counts)} clips, got shape "
            f"{penalties.shape}"
        )
    if not np.isfinite(penalties).all():
        raise ValueError(f"penalty must be finite, got {penalty!r:.60}")
    penalties = np.broadcast_to(penalties, counts.shape)
    weights = None
    if bigram is not None:
        weights = np.asarray(bigram, np.float64)
        if weights.shape != (graph.n_outputs, graph.n_outputs):
            raise ValueError(
                f"bigram must have shape {(graph.n_outputs, graph.n_outputs)}, one row and column "
                f"for each word, got shape {weights.shape}"
            )
        if np.isnan(weights).any() or np.isposinf(weights).any():
            raise ValueError("bigram must be finite or -inf, but has other entries")
    found: list[list[tuple[int, int, int]]] = [[] for _ in counts]
    for clips in blocks_of_clips(counts, graph.n_nodes):
        _search(values, counts, clips, graph, penalties[clips], weights, found)
    return found


def _search(
    scores: NDArray[np.float64],
    lengths: NDArray[Any],
    clips: NDArray[Any],
    graph: Graph,
    penalties: NDArray[np.float64],
    bigram: NDArray[np.float64] | None,
    found: list[list[tuple[int, int, int]]],
) -> None:
    """Find the words of some clips, the longest first, and store them in found.

    `penalties` are those of these clips.
    """
    n_nodes = graph.n_nodes
    columns = [np.where(column < 0, n_nodes, column) for column in graph.sources.T]
    # Without a bigram, all entries are entered from the same end; with one, those of a word are.
    group = np.zeros(len(graph.entries), np.intp) if bigram is None else _outputs_of_entries(graph)
    paths = np.full((n_nodes + 1, len(clips)), -np.inf)
    leaving = np.flatnonzero(_follow(graph)[graph.ends])
    begins = np.zeros(paths.shape, np.intp)  # the frame at which each path's last word began
    exits: list[_Exits] = []
    for t, n_clips, n_left, of_nodes in steps(scores, lengths, clips, graph):
        if t == 0:
            paths[graph.starts] = of_nodes[graph.starts]
        else:
            best, left = _leave(paths, begins, graph, leaving, bigram)
            exits.append(left)
            entered, entered_begins = paths.copy(), begins.copy()
            for sources in columns:
                candidates = paths[sources]
                is_better = candidates > entered[:-1]
                np.copyto(entered[:-1], candidates, where=is_better)
                np.copyto(entered_begins[:-1], begins[sources], where=is_better)
            candidates = best[group] - penalties[:n_clips]
            is_better = candidates > entered[graph.entries]
            entered[graph.entries] = np.where(is_better, candidates, entered[graph.entries])
            entered_begins[graph.entries] = np.where(is_better, t, entered_begins[graph.entries])
            entered[:-1] += of_nodes
            paths, begins = entered, entered_begins
        if n_left < n_clips:
            done = paths[graph.ends, n_left:]
            for column, end in enumerate(done.argmax(axis=0).tolist(), start=n_left):
                if done[end, column - n_left] > -np.inf:
                    output = int(graph.outputs[end])
                    begin = int(begins[graph.ends[end], column])
                    words = _trace(exits, bigram is not None, column, output, begin, t + 1)
                    found[clips[column]] = words
            paths, begins = paths[:, :n_left].copy(), begins[:, :n_left].copy()


def _leave(
    paths: NDArray[np.float64],
    begins: NDArray[Any],
    graph: Graph,
    leaving: NDArray[np.intp],
    bigram: NDArray[np.float64] | None,
) -> tuple[NDArray[np.float64], _Exits]:
    """Return the best scores with which entries are entered from some ends, and these ends."""
    ends, outputs = graph.ends[leaving], graph.outputs[leaving]
    at_ends, begins_at_ends = paths[ends], begins[ends]
    columns = np.arange(at_ends.shape[1])
    if bigram is None:
        chosen = at_ends.argmax(axis=0)[np.newaxis]
        best = at_ends[chosen, columns]
    else:
        chosen = np.empty((graph.n_outputs, len(columns)), np.intp)
        best = np.empty(chosen.shape)
        for output, weights in enumerate(bigram.T):
            candidates = at_ends + weights[outputs, np.newaxis]
            chosen[output] = candidates.argmax(axis=0)
            best[output] = candidates[chosen[output], columns]
    return best, _Exits(outputs[chosen], begins_at_ends[chosen, columns])


def _trace(
    exits: list[_Exits], has_bigram: bool, column: int, output: int, begin: int, end: int
) -> list[tuple[int, int, int]]:
    """Return the words of a clip, from the last back to the first."""
    words = [(output, begin, end)]
    while begin > 0:
        left = exits[begin - 1]
        row = output if has_bigram else 0
        end, output, begin = begin, int(left.outputs[row, column]), int(left.begins[row, column])
        words.append((output, begin, end))
    return words[::-1]


def _follow(graph: Graph) -> NDArray[np.bool_]:
    """Return which nodes can be reached from an entry."""
    is_reached = np.zeros(graph.n_nodes, np.bool_)
    is_reached[graph.entries] = True
    for node, sources in enumerate(graph.sources):  # sources come before the nodes they lead to
        is_reached[node] |= is_reached[sources[sources >= 0]].any()
    return is_reached


def _outputs_of_entries(graph: Graph) -> NDArray[np.intp]:
    """Return the output that each entry leads to, which must be one."""
    reached: list[set[int]] = [set() for _ in range(graph.n_nodes)]
    for node, output in zip(graph.ends.tolist(), graph.outputs.tolist(), strict=True):
        reached[node].add(output)
    for node in range(graph.n_nodes - 1, -1, -1):  # sources come before the nodes they lead to
        for source in graph.sources[node].tolist():
            if source >= 0:
                reached[source] |= reached[node]
    of_entries = [reached[node] for node in graph.entries.tolist()]
    if any(len(outputs) != 1 for outputs in of_entries):
        raise ValueError(
            "a bigram needs a graph whose words share no nodes: word_graph(share_prefixes=False)"
        )
    return np.array([next(iter(outputs)) for outputs in of_entries], np.intp)
