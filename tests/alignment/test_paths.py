import numpy as np
import pytest
from hmmlearn.hmm import GaussianHMM
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skxent.alignment import (
    Graph,
    sequence_graph,
    viterbi_paths,
    viterbi_scores,
    word_graph,
)
from tests.alignment.oracles import paths, score, scores_of_paths
from tests.alignment.strategies import problems


@given(problem=problems())
def test_path_of_words_in_a_row_is_the_best_of_all(problem):
    graph, places = sequence_graph(problem.words, silence=problem.silence)
    best, nodes = viterbi_paths(problem.scores, graph, problem.lengths)
    assert len(places) == graph.n_nodes
    for i, path in enumerate(np.split(nodes, np.cumsum(problem.lengths)[:-1])):
        clip = problem.clips[i]
        every = scores_of_paths(problem.words, problem.silence, clip)
        assert_allclose(best[i], max(every, default=-np.inf), rtol=1e-12, atol=1e-12)
        if np.isneginf(best[i]):
            assert_array_equal(path, -1)
            continue
        states = graph.states[path].tolist()
        assert states in list(paths(problem.words, problem.silence, len(clip)))
        assert_allclose(score(states, clip), best[i], rtol=1e-12, atol=1e-12)
        for node in path:
            word, pronunciation, step = places[node]
            if word < 0:
                assert graph.states[node] == problem.silence
            else:
                assert graph.states[node] == problem.words[word][pronunciation][step]


@given(problem=problems(max_words=4))
def test_best_path_is_that_of_the_best_word(problem):
    graph = word_graph(problem.words, silence=problem.silence)
    best, nodes = viterbi_paths(problem.scores, graph, problem.lengths)
    of_words = viterbi_scores(problem.scores, graph, problem.lengths)
    assert_array_equal(best, of_words.max(axis=1))
    lasts = nodes[np.cumsum(problem.lengths) - 1]
    for i, last in enumerate(lasts):
        if last >= 0:
            outputs = graph.outputs[graph.ends == last]
            assert best[i] in of_words[i, outputs]


@given(problem=problems(), seed=st.integers(0, 2**32 - 1))
def test_neither_batch_mates_nor_constants_of_frames_change_a_path(problem, seed):
    graph, _ = sequence_graph(problem.words, silence=problem.silence)
    _, nodes = viterbi_paths(problem.scores, graph, problem.lengths)
    alone = [viterbi_paths(clip, graph)[1] for clip in problem.clips]
    assert_array_equal(nodes, np.concatenate(alone))
    # Halves add up without rounding, so that ties stay ties.
    rounded = np.round(problem.scores * 8) / 8
    added = np.random.default_rng(seed).integers(-40, 40, (len(rounded), 1)) / 8
    _, plain = viterbi_paths(rounded, graph, problem.lengths)
    _, shifted = viterbi_paths(rounded + added, graph, problem.lengths)
    assert_array_equal(plain, shifted)


@given(seed=st.integers(0, 2**32 - 1))
def test_parity_with_hmmlearn(seed):
    """A final frame far away, where the last state alone is, makes a path end there."""
    rng = np.random.default_rng(seed)
    means = rng.normal(size=(4, 2))
    means[3] = 1000.0
    model = GaussianHMM(n_components=4, covariance_type="spherical")
    model.startprob_ = np.eye(4)[0]
    model.transmat_ = (np.eye(4) + np.eye(4, k=1)) / 2.0
    model.transmat_[3, 3] = 1.0
    model.means_, model.covars_ = means, np.ones(4)
    frames = rng.normal(size=(9, 2))
    scores = -0.5 * np.square(frames[:, np.newaxis] - means[:3]).sum(axis=2) - np.log(2 * np.pi)
    best, nodes = viterbi_paths(scores, word_graph([[[0, 1, 2]]]))
    with np.errstate(divide="ignore"):
        expected, path = model.decode(np.vstack([frames, means[3]]))
    assert_array_equal(nodes, path[:-1])
    assert_allclose(best + 9 * np.log(0.5) - np.log(2 * np.pi), expected)


def test_a_long_clip_among_short_ones():
    rng = np.random.default_rng(0)
    lengths = [3, 4000, 5]
    scores = rng.normal(size=(sum(lengths), 3))
    graph, _ = sequence_graph([[[0, 1]], [[2]]] * 3)
    _, nodes = viterbi_paths(scores[: 3003 + 1000], graph, [3, 4000])
    assert_array_equal(nodes[:3], -1)
    assert (np.diff(nodes[3:]) >= 0).all()
    assert (np.unique(nodes[3:]) == np.arange(9)).all()


def test_parts_of_a_block_by_the_size_of_their_choices():
    rng = np.random.default_rng(0)
    lengths = np.full(40, 800)
    lengths[0] = 2500
    graph, _ = sequence_graph([[[0, 1]]] * 100)
    assert lengths.max() * graph.n_nodes * len(lengths) > 2**24
    scores = rng.normal(size=(lengths.sum(), 2))
    best, nodes = viterbi_paths(scores, graph, lengths)
    for i in (0, 1, 39):
        start = lengths[:i].sum()
        alone = viterbi_paths(scores[start : start + lengths[i]], graph)
        assert_array_equal(best[i], alone[0][0])
        assert_array_equal(nodes[start : start + lengths[i]], alone[1])


def test_too_many_sources_for_a_byte():
    sources = np.zeros((2, 255), int)
    of_one = np.array([0])
    graph = Graph(np.array([0, 0]), sources, of_one, of_one, of_one, of_one)
    with pytest.raises(ValueError, match="255 sources, at most 254"):
        viterbi_paths([[0.0]], graph)


def test_words_need_no_silence_between_them():
    graph, _ = sequence_graph([[[0]], [[1]]], silence=2)
    best, nodes = viterbi_paths([[0.0, -9.0, -9.0], [-9.0, 0.0, -9.0]], graph)
    assert best == [0.0]
    assert_array_equal(graph.states[nodes], [0, 1])
