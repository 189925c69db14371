"""Scores of the best path, and of all paths together, for each output of a graph."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skxent.alignment._graph import Graph
from skxent.alignment._steps import blocks_of_clips, check_scores, steps


def viterbi_scores(
    scores: ArrayLike, graph: Graph, lengths: ArrayLike | None = None
) -> NDArray[np.float64]:
    r"""Score of the best path through each clip, for each output of a graph.

    .. math::
        V_k = \max_{q \in Q_k} \sum_{t=1}^{T} s_t(q_t)

    over the paths :math:`Q_k` that end in output k, by the algorithm of Viterbi [1]_.

    Parameters
    ----------
    scores : array-like of shape (n_frames, n_states)
        Score of each state for each frame, for instance its log-likelihood: finite numbers or
        minus infinity.
    graph : Graph
        Which states may follow one another.
    lengths : array-like of int of shape (n_clips,), default=None
        Number of frames of each clip; None for one clip.

    Returns
    -------
    best : ndarray of shape (n_clips, n_outputs)
        Minus infinity where no path fits: where a clip has fewer frames than the states that
        a path has to visit.

    Raises
    ------
    ValueError
        If a score is NaN or plus infinity, or if the shapes don't fit together.

    Notes
    -----
    Clips are processed side by side, in blocks of bounded size. A clip's scores do not depend
    on the others.

    References
    ----------
    .. [1] L. R. Rabiner, "A tutorial on hidden Markov models and selected applications in
       speech recognition", Proceedings of the IEEE 77, 1989, section III.

    Examples
    --------
    >>> from skxent.alignment import viterbi_scores, word_graph
    >>> graph = word_graph([[[0, 1]], [[1, 0]]])
    >>> viterbi_scores([[0.0, -2.0], [0.0, -3.0], [-5.0, 0.0]], graph)
    array([[ 0., -7.]])
    """
    return _combine(scores, graph, lengths, np.maximum)


def forward_scores(
    scores: ArrayLike, graph: Graph, lengths: ArrayLike | None = None
) -> NDArray[np.float64]:
    r"""Logarithm of the sum over all paths through each clip, for each output of a graph.

    .. math::
        F_k = \log \sum_{q \in Q_k} \exp \sum_{t=1}^{T} s_t(q_t)

    over the paths :math:`Q_k` that end in output k, by the forward algorithm [1]_. It is at
    least the score of the best path, and takes some ten times as long.

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
    sums : ndarray of shape (n_clips, n_outputs)
        Minus infinity where no path fits.

    Raises
    ------
    ValueError
        If a score is NaN or plus infinity, or if the shapes don't fit together.

    References
    ----------
    .. [1] L. R. Rabiner, "A tutorial on hidden Markov models and selected applications in
       speech recognition", Proceedings of the IEEE 77, 1989, section III.

    Examples
    --------
    Of three frames, two paths through two states:

    >>> import numpy as np
    >>> from skxent.alignment import forward_scores, word_graph
    >>> np.exp(forward_scores(np.zeros((3, 2)), word_graph([[[0, 1]]]))).round(3)
    array([[2.]])
    """
    return _combine(scores, graph, lengths, np.logaddexp)


def _combine(scores: Any, graph: Graph, lengths: Any, plus: np.ufunc) -> NDArray[np.float64]:
    """Combine the paths through each clip by the ufunc plus, for each output."""
    values, counts = check_scores(scores, graph, lengths)
    n_nodes = graph.n_nodes
    first, *others = _by_source(graph)
    by_output = np.argsort(graph.outputs, kind="stable")
    ends = graph.ends[by_output]
    firsts = np.searchsorted(graph.outputs[by_output], np.arange(graph.n_outputs))
    combined = np.empty((len(counts), graph.n_outputs))
    for clips in blocks_of_clips(counts, n_nodes):
        # The row after the last node stands for no source.
        paths = np.full((n_nodes + 1, len(clips)), -np.inf)
        for t, n_clips, n_left, of_nodes in steps(values, counts, clips, graph):
            if t == 0:
                paths[graph.starts] = of_nodes[graph.starts]
            else:
                entered = paths[first]
                plus(entered[:-1], paths[:-1], out=entered[:-1])
                for nodes, sources in others:
                    entered[nodes] = plus(entered[nodes], paths[sources])
                entered[:-1] += of_nodes
                paths = entered
            if n_left < n_clips:
                done = paths[ends, n_left:]
                combined[clips[n_left:n_clips]] = plus.reduceat(done, firsts, axis=0).T
                paths = paths[:, :n_left].copy()
    return combined


def _by_source(graph: Graph) -> list[Any]:
    """Return the first source of each node, then nodes that have another and that source."""
    n_nodes = graph.n_nodes
    first = np.append(graph.sources[:, 0], n_nodes)
    parts: list[Any] = [np.where(first < 0, n_nodes, first)]
    for sources in graph.sources.T[1:]:
        nodes = np.flatnonzero(sources >= 0)
        parts.append((nodes, sources[nodes]))
    return parts
