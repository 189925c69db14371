import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from skxent.alignment import viterbi_paths, viterbi_words, word_graph
from tests.alignment.oracles import best_row, scores_of_paths
from tests.alignment.strategies import N_STATES, problems


@given(
    problem=problems(max_words=2, max_frames=5),
    penalty=st.sampled_from([0.0, 1.5, -0.5]),
    bigram_seed=st.none() | st.integers(0, 2**32 - 1),
)
@settings(max_examples=40)
def test_row_of_words_is_the_best_of_all(problem, penalty, bigram_seed):
    n_words = len(problem.words)
    bigram = None
    if bigram_seed is not None:
        rng = np.random.default_rng(bigram_seed)
        bigram = rng.normal(size=(n_words, n_words))
        bigram[rng.random(bigram.shape) < 0.2] = -np.inf
    graph = word_graph(problem.words, silence=problem.silence, share_prefixes=bigram is None)
    found = viterbi_words(problem.scores, graph, problem.lengths, penalty=penalty, bigram=bigram)
    for clip, row in zip(problem.clips, found, strict=True):
        best, expected = best_row(problem.words, problem.silence, clip, penalty, bigram)
        assert bool(row) == bool(expected)
        if not row:
            continue
        assert row[0][1] == 0
        assert row[-1][2] == len(clip)
        assert all(a[2] == b[1] for a, b in itertools.pairwise(row))
        words = [word for word, _, _ in row]
        in_all = max(scores_of_paths([problem.words[k] for k in words], problem.silence, clip))
        in_all -= penalty * (len(row) - 1)
        # Each word where it is said to be; silence before it is possible at the start alone.
        in_parts = -penalty * (len(row) - 1)
        for k, begin, end in row:
            in_parts += max(scores_of_paths([problem.words[k]], problem.silence, clip[begin:end]))
        if bigram is not None:
            pairs = sum(bigram[i][j] for i, j in itertools.pairwise(words))
            in_all, in_parts = in_all + pairs, in_parts + pairs
        assert_allclose(in_all, best, rtol=1e-9, atol=1e-9)
        assert_allclose(in_parts, best, rtol=1e-9, atol=1e-9)


@given(problem=problems(max_words=3))
def test_batch_mates_change_nothing(problem):
    graph = word_graph(problem.words, silence=problem.silence)
    together = viterbi_words(problem.scores, graph, problem.lengths)
    assert together == [viterbi_words(clip, graph)[0] for clip in problem.clips]


@given(problem=problems(max_words=3))
def test_a_large_penalty_leaves_the_best_single_word(problem):
    graph = word_graph(problem.words, silence=problem.silence)
    best, nodes = viterbi_paths(problem.scores, graph, problem.lengths)
    rows = viterbi_words(problem.scores, graph, problem.lengths, penalty=1e6)
    lasts = nodes[np.cumsum(problem.lengths) - 1]
    for row, score, last in zip(rows, best, lasts, strict=True):
        if np.isfinite(score):
            assert len(row) == 1
            assert row[0][0] in graph.outputs[graph.ends == last]


@given(problem=problems(max_words=3))
def test_each_clip_has_its_penalty(problem):
    graph = word_graph(problem.words, silence=problem.silence)
    penalties = np.linspace(-1.0, 2.0, len(problem.clips))
    together = viterbi_words(problem.scores, graph, problem.lengths, penalty=penalties)
    assert together == [
        viterbi_words(clip, graph, penalty=penalty)[0]
        for clip, penalty in zip(problem.clips, penalties, strict=True)
    ]


@pytest.mark.parametrize("penalty", [-5.0, 0.0, 5.0])
@pytest.mark.parametrize("share", [True, False])
def test_silence_alone_is_no_word_in_a_row(penalty, share):
    words = [[[0]], [[1]]]
    graph = word_graph(words, silence=3, may_be_empty=True, share_prefixes=share)
    bigram = None if share else np.zeros((3, 3))
    silent = np.log([[0.01, 0.01, 0.01, 0.97]] * 4)
    settings = {"penalty": penalty, "bigram": bigram}
    found = viterbi_words(silent, graph, **settings)[0]
    if penalty >= 0:
        assert found == [(2, 0, 4)]
    spoken = np.concatenate([silent, np.log([[0.97, 0.01, 0.01, 0.01]] * 2), silent])
    found = viterbi_words(spoken, graph, **settings)[0]
    assert 2 not in [word for word, _, _ in found]
    plain = word_graph(words, silence=3, share_prefixes=share)
    assert (
        found
        == viterbi_words(
            spoken, plain, penalty=penalty, bigram=None if share else np.zeros((2, 2))
        )[0]
    )


def test_a_bigram_rules_pairs_out():
    graph = word_graph([[[0]], [[1]]], share_prefixes=False)
    scores = np.log([[0.9, 0.1], [0.1, 0.9], [0.9, 0.1]])
    words = viterbi_words(scores, graph)[0]
    assert [word for word, _, _ in words] == [0, 1, 0]
    no_return = np.array([[0.0, 0.0], [-np.inf, 0.0]])
    words = viterbi_words(scores, graph, bigram=no_return)[0]
    assert 1 not in [word for word, _, _ in words][:-1]


def test_malformed_arguments_are_errors():
    graph = word_graph([[[0, 1]], [[0, 2]]])
    scores = np.zeros((4, N_STATES))
    with pytest.raises(ValueError, match="penalty must be finite, got nan"):
        viterbi_words(scores, graph, penalty=np.nan)
    with pytest.raises(ValueError, match=r"one for each of 1 clips, got shape \(2,\)"):
        viterbi_words(scores, graph, penalty=[1.0, 2.0])
    with pytest.raises(ValueError, match=r"bigram must have shape \(2, 2\).*got shape \(3, 3\)"):
        viterbi_words(scores, graph, bigram=np.zeros((3, 3)))
    with pytest.raises(ValueError, match="bigram must be finite or -inf"):
        viterbi_words(scores, graph, bigram=np.full((2, 2), np.nan))
    with pytest.raises(ValueError, match="words share no nodes"):
        viterbi_words(scores, graph, bigram=np.zeros((2, 2)))
