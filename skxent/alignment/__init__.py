"""Dynamic programming over left-to-right graphs of states, in the log domain."""

from skxent.alignment._graph import Graph, sequence_graph, word_graph
from skxent.alignment._paths import viterbi_paths
from skxent.alignment._sums import forward_scores, viterbi_scores
from skxent.alignment._words import viterbi_words

__all__ = [
    "Graph",
    "forward_scores",
    "sequence_graph",
    "viterbi_paths",
    "viterbi_scores",
    "viterbi_words",
    "word_graph",
]
