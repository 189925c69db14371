import numpy as np
import pytest
from hmmlearn.hmm import CategoricalHMM
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skxent.alignment import _steps, forward_scores, viterbi_scores, word_graph
from tests.alignment.oracles import log_sum, scores_of_paths
from tests.alignment.strategies import N_STATES, problems

both = pytest.mark.parametrize("function", [viterbi_scores, forward_scores])


def graph_of(problem, **settings):
    return word_graph(problem.words, silence=problem.silence, **settings)


@given(problem=problems(), share=st.booleans())
def test_scores_are_those_of_all_paths(problem, share):
    graph = graph_of(problem, share_prefixes=share)
    best = viterbi_scores(problem.scores, graph, problem.lengths)
    sums = forward_scores(problem.scores, graph, problem.lengths)
    assert best.shape == sums.shape == (len(problem.clips), len(problem.words))
    for i, clip in enumerate(problem.clips):
        for k, word in enumerate(problem.words):
            every = scores_of_paths([word], problem.silence, clip)
            expected = max(every, default=-np.inf)
            assert_allclose(best[i, k], expected, rtol=1e-12, atol=1e-12)
            if share and len({tuple(states) for states in word}) < len(word):
                continue  # a pronunciation given twice: its nodes are shared, its paths one
            assert_allclose(sums[i, k], log_sum(every), rtol=1e-12, atol=1e-12)


@given(problem=problems())
def test_no_path_is_better_than_all_together(problem):
    graph = graph_of(problem)
    best = viterbi_scores(problem.scores, graph, problem.lengths)
    sums = forward_scores(problem.scores, graph, problem.lengths)
    assert (best <= sums + 1e-12).all()
    assert_array_equal(np.isneginf(best), np.isneginf(sums))


@both
@given(problem=problems(with_impossible=False), seed=st.integers(0, 2**32 - 1))
def test_what_is_added_to_all_states_of_a_frame_is_added_to_all_paths(function, problem, seed):
    graph = graph_of(problem)
    added = 10.0 * np.random.default_rng(seed).normal(size=len(problem.scores))
    plain = function(problem.scores, graph, problem.lengths)
    shifted = function(problem.scores + added[:, np.newaxis], graph, problem.lengths)
    starts = np.cumsum([0, *problem.lengths[:-1]])
    totals = np.add.reduceat(added, starts)[:, np.newaxis]
    possible = np.isfinite(plain)
    assert_allclose(shifted[possible], (plain + totals)[possible], rtol=1e-9, atol=1e-9)
    assert_array_equal(np.isfinite(shifted), possible)


@both
@given(problem=problems())
def test_batch_mates_and_blocks_change_nothing(function, problem):
    graph = graph_of(problem)
    together = function(problem.scores, graph, problem.lengths)
    alone = np.concatenate([function(clip, graph) for clip in problem.clips])
    assert_array_equal(together, alone)


@both
def test_clips_in_several_blocks(function):
    rng = np.random.default_rng(0)
    words = [[[0, 1, 2]], [[3]], [[2, 3]]]
    # Of more nodes than a block has room for, so that each block holds some clips.
    words = words * 1 + [[rng.integers(0, N_STATES, 40).tolist()] for _ in range(500)]
    graph = word_graph(words, silence=0)
    lengths = rng.integers(1, 6, 40)
    assert graph.n_nodes * len(lengths) > 2 * 2**18
    scores = rng.normal(size=(lengths.sum(), N_STATES))
    together = function(scores, graph, lengths)
    clips = np.split(scores, np.cumsum(lengths)[:-1])
    small = word_graph(words[:3], silence=0)
    alone = np.concatenate([function(clip, small) for clip in clips])
    assert_array_equal(together[:, :3], alone)


@given(seed=st.integers(0, 2**32 - 1), n_frames=st.integers(3, 12))
def test_parity_with_hmmlearn(seed, n_frames):
    """The same model: states that stay or go on with one half each, and a last, final symbol."""
    rng = np.random.default_rng(seed)
    n_states, n_symbols = 3, 5
    emission = np.zeros((n_states + 1, n_symbols + 1))
    emission[:n_states, :n_symbols] = rng.dirichlet(np.ones(n_symbols), n_states)
    emission[n_states, n_symbols] = 1.0
    model = CategoricalHMM(n_components=n_states + 1, n_features=n_symbols + 1)
    model.startprob_ = np.eye(n_states + 1)[0]
    model.transmat_ = (np.eye(n_states + 1) + np.eye(n_states + 1, k=1)) / 2.0
    model.transmat_[n_states, n_states] = 1.0
    model.emissionprob_ = emission
    symbols = rng.integers(0, n_symbols, n_frames)
    with np.errstate(divide="ignore"):
        scores = np.log(emission[:n_states, symbols].T)
        closed = np.append(symbols, n_symbols)[:, np.newaxis]
        of_transitions = n_frames * np.log(0.5)
        graph = word_graph([[[0, 1, 2]]])
        best, _ = model.decode(closed)
        assert_allclose(viterbi_scores(scores, graph) + of_transitions, best, rtol=1e-9)
        assert_allclose(forward_scores(scores, graph) + of_transitions, model.score(closed))


@both
def test_arguments_are_not_written_to(function):
    scores = np.random.default_rng(0).normal(size=(5, 2))
    scores.flags.writeable = False
    assert function(scores, word_graph([[[0, 1]]]), [2, 3]).shape == (2, 1)


@both
@pytest.mark.parametrize(
    ("scores", "lengths", "message"),
    [
        ([0.0, 1.0], None, r"scores must have shape .*, got shape \(2,\)"),
        ([[0.0], [1.0]], None, "state 1, but scores has 1 columns"),
        ([[0.0, 1.0]], [2], r"sum to the 1 frames of scores, got \[2\]"),
        ([[0.0, 1.0]], [1, 0], r"at least one frame each.*got \[1, 0\]"),
        ([[0.0, 1.0]], [], r"at least one frame each"),
        ([[0.0, 1.0], [np.nan, 0.0]], None, "frame 1 has others"),
        ([[0.0, np.inf]], None, "frame 0 has others"),
    ],
)
def test_malformed_scores_are_errors(function, scores, lengths, message):
    with pytest.raises(ValueError, match=message):
        function(scores, word_graph([[[0, 1]]]), lengths)


def test_blocks_hold_all_clips_once():
    lengths = np.array([3, 9, 1, 9, 4])
    blocks = list(_steps.blocks_of_clips(lengths, 2**17))
    assert [block.tolist() for block in blocks] == [[1, 3], [4, 0], [2]]
    assert [block.tolist() for block in _steps.blocks_of_clips(lengths, 2**30)] == [
        [1], [3], [4], [0], [2],
    ]  # fmt: skip
