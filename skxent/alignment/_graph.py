"""Left-to-right graphs of states: words, and words in a row."""

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

# What a place says of a node: the word's position, its alternative, the state's position in it.
Place = tuple[int, int, int]
_PAUSE: Place = (-1, -1, -1)


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes that a path may visit, one at each frame; a node may be visited again at the next.

    Parameters
    ----------
    states : ndarray of int of shape (n_nodes,)
        Index of the state of each node: the column of its scores. Nodes may share a state.
    sources : ndarray of int of shape (n_nodes, n_sources)
        Nodes that each node may be entered from, beside itself; -1 where there are fewer.
    starts : ndarray of int of shape (n_starts,)
        Nodes that a path may start at.
    ends : ndarray of int of shape (n_ends,)
        Nodes that a path may end at.
    outputs : ndarray of int of shape (n_ends,)
        What a path that ends there stands for: for instance the index of a word. Each output
        from zero to the largest occurs.
    entries : ndarray of int of shape (n_entries,)
        Nodes that a path may go on at, where words follow one another, after an end that such
        a node leads to.

    See Also
    --------
    word_graph : Makes a graph of words, of which a clip holds one.
    sequence_graph : Makes a graph of words in a row.

    Examples
    --------
    Two states, of which the second may be left out:

    >>> import numpy as np
    >>> from skxent.alignment import Graph
    >>> graph = Graph(
    ...     states=np.array([0, 1]),
    ...     sources=np.array([[-1], [0]]),
    ...     starts=np.array([0]),
    ...     ends=np.array([0, 1]),
    ...     outputs=np.array([0, 0]),
    ...     entries=np.array([0]),
    ... )
    >>> graph.n_outputs
    1
    """

    states: NDArray[Any]
    sources: NDArray[Any]
    starts: NDArray[Any]
    ends: NDArray[Any]
    outputs: NDArray[Any]
    entries: NDArray[Any]

    @property
    def n_nodes(self) -> int:
        """Number of nodes."""
        return len(self.states)

    @property
    def n_outputs(self) -> int:
        """Number of outputs."""
        return int(self.outputs.max()) + 1

    def with_states(self, states: NDArray[Any]) -> "Graph":
        """Return the same graph with other states.

        Parameters
        ----------
        states : ndarray of int of shape (n_nodes,)
            State of each node.

        Returns
        -------
        graph : Graph
            For instance one whose states are columns of the scores of the states it needs.
        """
        return replace(self, states=states)


def word_graph(
    words: Sequence[Sequence[Sequence[int]]],
    *,
    silence: int | None = None,
    may_be_empty: bool = False,
    share_prefixes: bool = True,
) -> Graph:
    """Make a graph of words, of which a clip holds one.

    Words that begin with the same states share the nodes of these, as in a tree [1]_.

    Parameters
    ----------
    words : sequence of sequence of sequence of int
        For each word its pronunciations, for each pronunciation its states in order.
    silence : int, default=None
        State of silence, which may come before and after a word; None for no silence.
    may_be_empty : bool, default=False
        Whether a clip may hold silence alone: one more output, the last.
    share_prefixes : bool, default=True
        Whether words share nodes. With False, each entry belongs to a single word.

    Returns
    -------
    graph : Graph
        Its outputs are the indices of the words. Silence after a word is part of the word.

    Raises
    ------
    ValueError
        If there is no word, a word has no pronunciation or a pronunciation no state, or if a
        state is negative.

    References
    ----------
    .. [1] H. Ney, R. Haeb-Umbach, B.-H. Tran and M. Oerder, "Improvements in beam search for
       10000-word continuous speech recognition", ICASSP 1992.

    Examples
    --------
    >>> from skxent.alignment import word_graph
    >>> graph = word_graph([[[0, 1, 2]], [[0, 1, 3]]])
    >>> graph.states  # the first two are shared
    array([0, 1, 2, 3])
    >>> graph.ends, graph.outputs
    (array([2, 3]), array([0, 1]))
    """
    if len(words) == 0:
        raise ValueError("words must hold at least one word, got none")
    if may_be_empty and silence is None:
        raise ValueError("may_be_empty=True needs a state of silence")
    nodes = _Nodes()
    before = [] if silence is None else [nodes.add(silence, [])]
    children: dict[tuple[int, ...], int] = {}
    pauses: dict[int, int] = {}
    first: list[int] = []
    ends, outputs = [], []
    for output, pronunciations in enumerate(words):
        if len(pronunciations) == 0:
            raise ValueError(f"words[{output}] has no pronunciation")
        for pronunciation in pronunciations:
            node = -1
            for state in _checked(pronunciation, output):
                key = (node, state) if share_prefixes else (node, state, len(nodes.states))
                if key not in children:
                    children[key] = nodes.add(state, before if node < 0 else [node])
                    if node < 0:
                        first.append(children[key])
                node = children[key]
            found = [node]
            if silence is not None:
                if node not in pauses:
                    pauses[node] = nodes.add(silence, [node])
                found.append(pauses[node])
            ends += found
            outputs += [output] * len(found)
    if may_be_empty:
        ends += before
        outputs.append(len(words))
    return nodes.graph(before + first, ends, outputs, first)


def sequence_graph(
    words: Sequence[Sequence[Sequence[int]]], *, silence: int | None = None
) -> tuple[Graph, list[Place]]:
    """Make a graph of words that follow one another in a clip.

    Parameters
    ----------
    words : sequence of sequence of sequence of int
        For each word of the row its pronunciations, for each pronunciation its states in order.
    silence : int, default=None
        State of silence, which may come before, between and after the words; None for no
        silence.

    Returns
    -------
    graph : Graph
        With a single output.
    places : list of tuple of int
        For each node the position of its word in the row, the index of the pronunciation, and
        the position of its state in it; three times -1 for silence.

    Raises
    ------
    ValueError
        If there is no word, a word has no pronunciation or a pronunciation no state, or if a
        state is negative.

    Examples
    --------
    >>> from skxent.alignment import sequence_graph
    >>> graph, places = sequence_graph([[[0, 1]], [[2]]], silence=9)
    >>> graph.states
    array([9, 0, 1, 9, 2, 9])
    >>> places[4]
    (1, 0, 0)
    """
    if len(words) == 0:
        raise ValueError("words must hold at least one word, got none")
    nodes, places = _Nodes(), []
    exits: list[int] = []
    starts: list[int] = []
    if silence is not None:
        exits.append(nodes.add(silence, []))
        starts += exits
        places.append(_PAUSE)
    for position, pronunciations in enumerate(words):
        if len(pronunciations) == 0:
            raise ValueError(f"words[{position}] has no pronunciation")
        lasts = []
        for alternative, pronunciation in enumerate(pronunciations):
            sources = exits
            for step, state in enumerate(_checked(pronunciation, position)):
                node = nodes.add(state, sources)
                places.append((position, alternative, step))
                if position == 0 and step == 0:
                    starts.append(node)
                sources = [node]
            lasts += sources
        exits = lasts
        if silence is not None:
            exits = [*lasts, nodes.add(silence, lasts)]
            places.append(_PAUSE)
    return nodes.graph(starts, exits, [0] * len(exits), starts[-1:]), places


class _Nodes:
    """Nodes of a graph to be."""

    def __init__(self) -> None:
        self.states: list[int] = []
        self.sources: list[list[int]] = []

    def add(self, state: int, sources: Iterable[int]) -> int:
        """Add a node, and return its index."""
        self.states.append(operator.index(state))
        self.sources.append(list(sources))
        return len(self.states) - 1

    def graph(
        self, starts: list[int], ends: list[int], outputs: list[int], entries: list[int]
    ) -> Graph:
        """Return the graph of the nodes."""
        n_sources = max(1, *map(len, self.sources))
        padded = [sources + [-1] * (n_sources - len(sources)) for sources in self.sources]
        return Graph(
            np.array(self.states),
            np.array(padded),
            np.array(starts),
            np.array(ends),
            np.array(outputs),
            np.array(entries),
        )


def _checked(pronunciation: Sequence[int], word: int) -> Sequence[int]:
    """Return a pronunciation, of one state at least and none that is negative."""
    if len(pronunciation) == 0:
        raise ValueError(f"words[{word}] has a pronunciation without states")
    if min(pronunciation) < 0:
        raise ValueError(f"words[{word}] has a negative state, {min(pronunciation)}")
    return pronunciation
