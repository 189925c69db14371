import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skxent.alignment import sequence_graph, word_graph


def test_words_share_their_prefixes_and_homophones_their_end():
    words = [[[0, 1, 2]], [[0, 1]], [[0, 1, 2], [3]]]
    graph = word_graph(words)
    assert_array_equal(graph.states, [0, 1, 2, 3])
    assert_array_equal(graph.sources, [[-1], [0], [1], [-1]])
    assert_array_equal(graph.starts, [0, 3])
    assert_array_equal(graph.entries, [0, 3])
    assert_array_equal(graph.ends, [2, 1, 2, 3])
    assert_array_equal(graph.outputs, [0, 1, 2, 2])
    assert graph.n_outputs == 3


def test_words_on_their_own():
    graph = word_graph([[[0, 1]], [[0, 1]]], share_prefixes=False)
    assert_array_equal(graph.states, [0, 1, 0, 1])
    assert_array_equal(graph.sources, [[-1], [0], [-1], [2]])


def test_silence_before_is_shared_and_silence_after_is_of_a_word():
    graph = word_graph([[[0]], [[1, 2]]], silence=7)
    assert_array_equal(graph.states, [7, 0, 7, 1, 2, 7])
    assert_array_equal(graph.sources, [[-1], [0], [1], [0], [3], [4]])
    assert_array_equal(graph.starts, [0, 1, 3])
    assert_array_equal(graph.entries, [1, 3])
    assert_array_equal(graph.ends, [1, 2, 4, 5])
    assert_array_equal(graph.outputs, [0, 0, 1, 1])


def test_words_in_a_row_with_silence():
    graph, places = sequence_graph([[[0], [1]], [[2]]], silence=7)
    assert_array_equal(graph.states, [7, 0, 1, 7, 2, 7])
    assert [set(sources) - {-1} for sources in graph.sources.tolist()] == [
        set(), {0}, {0}, {1, 2}, {1, 2, 3}, {4},
    ]  # fmt: skip
    assert_array_equal(graph.starts, [0, 1, 2])
    assert_array_equal(graph.ends, [4, 5])
    pause = (-1, -1, -1)
    assert places == [pause, (0, 0, 0), (0, 1, 0), pause, (1, 0, 0), pause]


@pytest.mark.parametrize("make", [word_graph, sequence_graph])
@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "words must hold at least one word, got none"),
        ([[[0]], []], r"words\[1\] has no pronunciation"),
        ([[[0], []]], r"words\[0\] has a pronunciation without states"),
        ([[[0]], [[1, -1]]], r"words\[1\] has a negative state, -1"),
    ],
)
def test_malformed_words_are_errors(make, words, message):
    with pytest.raises(ValueError, match=message):
        make(words)


def test_states_are_whole_numbers():
    with pytest.raises(TypeError, match="float"):
        word_graph([[[0.5]]])


def test_arrays_of_states_are_as_good_as_lists():
    graph = word_graph([[np.array([1, 0])]], silence=np.int64(2))
    assert_array_equal(graph.states, [2, 1, 0, 2])


def test_silence_alone_is_the_last_output():
    graph = word_graph([[[0]]], silence=7, may_be_empty=True)
    assert_array_equal(graph.ends, [1, 2, 0])
    assert_array_equal(graph.outputs, [0, 0, 1])
    with pytest.raises(ValueError, match="may_be_empty=True needs a state of silence"):
        word_graph([[[0]]], may_be_empty=True)
