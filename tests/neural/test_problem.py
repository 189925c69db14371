"""Clips with targets and weights: of clips or of their frames, some of them held out."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skxent._fitting._holdout import draw_held_out

torch = pytest.importorskip(
    "torch", reason="skxent.neural needs PyTorch: pip install skxent[neural]"
)

from skxent.neural._data import Frames, Sequences  # noqa: E402
from skxent.neural._problem import Clips  # noqa: E402

CLASS_WEIGHTS = np.array([0.5, 1.0, 3.0])


@st.composite
def some_clips(draw, n_clips=None):
    """Clips of three classes, of which some weigh nothing; labels or distributions, in any form."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_clips = draw(st.integers(1, 8)) if n_clips is None else n_clips
    lengths = rng.integers(1, 5, n_clips)
    form = draw(st.sampled_from(["clips", "frames", "recurrent frames"]))
    n_rows = n_clips if form == "clips" else lengths.sum()
    targets = rng.integers(0, 3, n_rows)
    if draw(st.booleans()):
        targets = rng.dirichlet(np.ones(3), n_rows)
    weights = rng.uniform(0.5, 2.0, n_clips) * (rng.uniform(size=n_clips) < 0.7)
    weights[rng.integers(n_clips)] = 1.0
    frames = rng.normal(size=(lengths.sum(), 2)).astype(np.float32)
    data = Frames(frames, lengths, 1)
    if form != "frames":
        data = Sequences(frames, lengths, per_frame=form != "clips")
    return Clips.of(data, lengths, form != "clips", targets, weights, np.arange(3)), weights


def rows_by_clip(clips):
    """The rows of the targets of each clip."""
    if not clips.framewise:
        return [[i] for i in range(len(clips.lengths))]
    ends = np.cumsum(clips.lengths)
    return [list(range(end - n, end)) for end, n in zip(ends, clips.lengths, strict=True)]


def shares_of(clips, row):
    target = clips.rows.targets[row]
    return target if np.ndim(target) else np.eye(3)[target]


@given(some_clips())
def test_clips_of_positive_weight_count(problem):
    clips, weights = problem
    assert_array_equal(clips.chosen, [i for i, weight in enumerate(weights) if weight > 0.0])
    expected = [row for i in clips.chosen for row in rows_by_clip(clips)[i]]
    assert_array_equal(clips.chosen_rows, expected)


@given(some_clips())
def test_class_sums_are_those_of_the_loop(problem):
    clips, weights = problem
    expected = np.zeros(3)
    for i in clips.chosen:
        for row in rows_by_clip(clips)[i]:
            expected += weights[i] * shares_of(clips, row)
    assert_allclose(clips.class_sums(), expected, rtol=1e-13)


@given(some_clips(), st.floats(0.1, 10.0))
def test_problem_has_the_weights_of_clips_and_classes(problem, scale):
    clips, weights = problem
    made = clips.problem(CLASS_WEIGHTS, scale, 0.25)
    for i, rows in enumerate(rows_by_clip(clips)):
        for row in rows:
            expected = weights[i] * (shares_of(clips, row) @ CLASS_WEIGHTS) / scale
            assert_allclose(made.weights[row], expected, rtol=1e-6)
    assert made.weights.dtype == np.float32
    assert made.targets.dtype == (np.float32 if clips.rows.targets.ndim == 2 else np.int64)
    assert_array_equal(made.targets, clips.rows.targets.astype(made.targets.dtype))
    assert made.label_smoothing == 0.25
    assert_array_equal(made.items, clips.data.items_of(clips.chosen))
    assert_allclose(made.rows_per_item, len(clips.chosen_rows) / len(made.items))


@given(some_clips())
def test_frames_weigh_as_their_row_where_their_clip_counts(problem):
    clips, _ = problem
    (kept, held_out), made = split_of(clips), clips.problem(CLASS_WEIGHTS, 1.0, 0.0)
    for part in (clips, kept, held_out):
        weights = part.frame_weights(made)
        first = 0
        for i, n_frames in enumerate(clips.lengths):
            rows = rows_by_clip(clips)[i]
            for j in range(n_frames):
                expected = made.weights[rows[j if clips.framewise else 0]]
                assert weights[first + j] == (expected if i in part.chosen else 0.0)
            first += n_frames
        assert first == len(weights)


def split_of(clips):
    """The clips in two parts by hand, as few of them can't be held out by class."""
    return [replace(clips, chosen=clips.chosen[part::2]) for part in (0, 1)]


@given(some_clips(n_clips=40), st.integers(0, 2**32 - 1))
def test_clips_are_held_out_by_the_mean_of_their_targets(problem, seed):
    clips, _ = problem
    means = np.array(
        [np.mean([shares_of(clips, row) for row in rows], axis=0) for rows in rows_by_clip(clips)]
    )
    try:
        kept, held_out = clips.hold_out(0.2, np.random.RandomState(seed))
    except ValueError:  # too few clips of a class
        return
    drawn = draw_held_out(
        means[clips.chosen], np.ones(len(clips.chosen)), 0.2, np.random.RandomState(seed)
    )
    assert_array_equal(kept.chosen, clips.chosen[drawn[0]])
    assert_array_equal(held_out.chosen, clips.chosen[drawn[1]])
    assert kept.rows is clips.rows
