import itertools
import math
import re
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator
from sklearn.exceptions import DataConversionWarning

from skxent.frames._neighbours import join
from skxent.frames._ragged import lengths_of, split, sum_by_sequence
from skxent.sequences._aggregation import aggregate_log_proba
from skxent.sequences._inputs import check_frame_targets, check_sequences
from tests.frames import strategies as frames_strategies
from tests.sequences import strategies

AGGREGATES = ["sum_log_proba", "mean_log_proba"]


def spliced_by_loops(sequences, context):
    """Frames with their neighbours, frame by frame and number by number."""
    rows = []
    for sequence in sequences:
        for t in range(len(sequence)):
            row = []
            for neighbour in range(t - context, t + context + 1):
                row += sequence[min(max(neighbour, 0), len(sequence) - 1)].tolist()
            rows.append(row)
    return rows


def as_views(sequences):
    """The same sequences as parts of one array."""
    lengths = [len(sequence) for sequence in sequences]
    return np.split(np.concatenate(sequences), np.cumsum(lengths)[:-1])


def as_objects(values):
    objects = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):
        objects[i] = value
    return objects


# Joined and split


@given(frames_strategies.sequences(), st.integers(0, 8), st.booleans())
def test_frames_are_spliced_in_the_order_of_time(sequences, context, are_views):
    if are_views:
        sequences = as_views(sequences)
    before = [sequence.copy() for sequence in sequences]
    frames = join(sequences, context)
    assert frames.tolist() == spliced_by_loops(sequences, context)
    is_float32 = all(sequence.dtype == np.float32 for sequence in sequences)
    assert frames.dtype == (np.float32 if is_float32 else np.float64)
    assert frames.flags.c_contiguous
    for sequence, copied in zip(sequences, before, strict=True):
        assert_array_equal(sequence, copied)


@given(frames_strategies.sequences())
def test_what_was_joined_is_split_into_what_it_was(sequences):
    lengths = lengths_of(sequences)
    frames = join(sequences)
    parts = split(frames, lengths)
    assert parts.dtype == object
    assert parts.shape == (len(sequences),)
    for sequence, part in zip(sequences, parts, strict=True):
        assert_array_equal(part, sequence)
        assert np.shares_memory(part, frames)


@given(frames_strategies.sequences())
def test_parts_of_one_array_are_seen_as_that(sequences):
    parts = as_views(sequences)
    frames = join(parts)
    assert_array_equal(frames, np.concatenate(parts))
    for start, part in zip(np.cumsum([0, *lengths_of(parts)]), parts, strict=False):
        assert np.shares_memory(frames[start : start + len(part)], part)


def test_array_that_sequences_are_seen_as_outlives_them():
    frames = join(as_views([np.full((50_000, 3), 1.0), np.full((50_000, 3), 2.0)]))
    kept = [np.full((50_000, 3), 7.0) for _ in range(4)]  # where it would be if it were freed
    assert frames.sum() == 450_000.0
    assert len(kept) == 4


def scattered():
    whole = np.arange(24.0).reshape(8, 3)
    buffer = bytearray(whole.tobytes())
    halves = [np.frombuffer(buffer, count=12, offset=start).reshape(4, 3) for start in (0, 96)]
    return {
        "out of order": [whole[4:], whole[:4]],
        "with a gap": [whole[:3], whole[4:]],
        "that overlap": [whole[:5], whole[4:]],
        "given twice": [whole[:4], whole[:4]],
        "of other types": [whole[:4], whole[4:].view(np.float32).reshape(8, 3)],
        "of another array": [whole[:4], whole[4:].copy()[:]],
        "of two owners side by side": halves,
        "with an owner among them": [whole, whole[4:]],
    }


@pytest.mark.parametrize("sequences", scattered().values(), ids=scattered())
def test_other_parts_are_copied(sequences):
    frames = join(sequences)
    assert_array_equal(frames, np.concatenate(sequences))
    assert not any(np.shares_memory(frames, sequence) for sequence in sequences)


def test_rows_of_every_second_one_are_not_taken_for_neighbours():
    whole = np.arange(24.0).reshape(8, 3)
    rows = [whole[i : i + 1] for i in range(0, 8, 2)]
    assert_array_equal(join(rows), whole[::2])


@pytest.mark.parametrize("context", [0, 1, 4])
def test_frames_are_copied_once(context):
    sequences = [np.ones((length, 40)) for length in range(500, 600)]
    size = sum(sequence.nbytes for sequence in sequences) * (2 * context + 1)
    tracemalloc.start()
    try:
        frames = join(sequences, context)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert frames.nbytes == size
    assert peak < 1.01 * size


def test_parts_of_one_array_are_not_copied():
    sequences = as_views([np.ones((length, 40)) for length in range(500, 600)])
    tracemalloc.start()
    try:
        join(sequences)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1e4


# Sums


@given(strategies.frame_probabilities())
def test_sums_are_those_of_each_sequence(problem):
    values, lengths = problem
    sums = sum_by_sequence(values, lengths)
    assert sums.dtype == np.float64
    for i, part in enumerate(split(values, lengths)):
        for k in range(values.shape[1]):
            assert_allclose(sums[i, k], math.fsum(part[:, k].tolist()), rtol=1e-13)


def test_sums_of_float32_keep_their_digits():
    values = np.full((100_000, 1), 0.1, dtype=np.float32)
    (total,) = sum_by_sequence(values, np.array([100_000]))[0]
    assert_allclose(total, 100_000 * float(np.float32(0.1)), rtol=1e-12)


# Aggregation


def aggregated_by_loops(frames, aggregate):
    """Log-probabilities of a sequence in 60 digits; those of no frame are zero."""
    with mp.workdps(60):
        scores = [mp.fsum([mpf(float(value)) for value in column]) for column in frames.T]
        if aggregate == "mean_log_proba":
            scores = [score / len(frames) for score in scores]
        top = max(scores)
        normaliser = mp.log1p(mp.fsum([mp.exp(score - top) for score in scores]) - 1)
        return [float(score - top - normaliser) for score in scores]


@pytest.mark.parametrize("aggregate", AGGREGATES)
@given(strategies.frame_probabilities(dtypes=st.just(np.float64)))
def test_aggregate_is_the_normalised_sum(aggregate, problem):
    log_proba = aggregate_log_proba(*problem, aggregate)
    for row, frames in zip(log_proba, split(*problem), strict=True):
        assert_allclose(row, aggregated_by_loops(frames, aggregate), rtol=1e-9, atol=1e-12)


@given(strategies.frame_probabilities(with_zeros=True))
def test_probabilities_of_a_sequence_sum_to_one_whatever_is_zero(problem):
    before = problem.log_proba.copy()
    for aggregate in AGGREGATES:
        log_proba = aggregate_log_proba(*problem, aggregate)
        assert log_proba.dtype == problem.log_proba.dtype
        assert log_proba.max() <= 0.0
        tolerance = 20 * np.finfo(log_proba.dtype).eps
        assert_allclose(np.exp(log_proba).sum(axis=1), 1.0, rtol=tolerance)
    assert_array_equal(problem.log_proba, before)


@given(strategies.frame_probabilities(dtypes=st.just(np.float64), with_zeros=True))
def test_sum_and_mean_agree_about_the_order_of_classes(problem):
    by_sum, by_mean = (aggregate_log_proba(*problem, aggregate) for aggregate in AGGREGATES)
    for i, k in itertools.combinations(range(by_sum.shape[1]), 2):
        # What is no rounding in the one is no tie or reversal in the other.
        sure = by_sum[:, i] > by_sum[:, k] + 1e-9
        assert (by_mean[sure, i] > by_mean[sure, k]).all()


@given(strategies.frame_probabilities(dtypes=st.just(np.float64), with_zeros=True))
def test_zeros_are_the_limit_of_small_probabilities(problem):
    log_proba = aggregate_log_proba(*problem, "sum_log_proba")
    small = np.maximum(problem.log_proba, -1e7)  # of which one outweighs all other frames
    nearly = aggregate_log_proba(small, problem.lengths, "sum_log_proba")
    # The sums are of some 1e7, which leaves the nine digits of their differences.
    assert_allclose(np.exp(log_proba), np.exp(nearly), atol=1e-6)


def test_a_zero_in_one_frame_excludes_a_class_unless_each_has_one():
    with np.errstate(divide="ignore"):
        frames = np.log([[0.0, 0.9, 0.1], [0.99, 0.0, 0.01], [0.8, 0.1, 0.1]])
    two = np.array([2])
    assert_array_equal(
        aggregate_log_proba(frames[:2], two, "sum_log_proba"), [[-np.inf, -np.inf, 0.0]]
    )
    # Of classes 0 and 1, each with one zero, 0.99 and 0.9 decide.
    proba = np.exp(aggregate_log_proba(frames[:2, :2], two, "sum_log_proba"))
    assert_allclose(proba, [[0.99 / 1.89, 0.9 / 1.89]])
    # Of three frames, class 2 has no zero.
    assert aggregate_log_proba(frames, np.array([3]), "mean_log_proba")[0, 2] == 0.0


def test_sure_sequence_keeps_its_digits():
    frames = np.array([[0.0, -20.0], [0.0, -20.0]])
    log_proba = aggregate_log_proba(frames, np.array([2]), "sum_log_proba")
    assert_allclose(log_proba[0], [-math.exp(-40.0), -40.0], rtol=1e-12)


def test_aggregate_of_another_name_is_an_error():
    with pytest.raises(ValueError, match=r"aggregate must be .* got 'vote'"):
        aggregate_log_proba(np.zeros((1, 2)), np.array([1]), "vote")


# Sequences in


FRAMES = [np.arange(6.0).reshape(3, 2), np.arange(6.0, 12.0).reshape(3, 2)]
FORMS = {
    "list": FRAMES,
    "tuple": tuple(FRAMES),
    "object array": as_objects(FRAMES),
    "3-D": np.stack(FRAMES),
    "3-D of integers": np.stack(FRAMES).astype(int),
    "3-D of objects": np.array(FRAMES, dtype=object),
    "Series": pd.Series(FRAMES),
    "lists": [frames.tolist() for frames in FRAMES],
    "Fortran order": [np.asfortranarray(frames) for frames in FRAMES],
    "big endian": [frames.astype(">f8") for frames in FRAMES],
    "data frames": [pd.DataFrame(frames, columns=["a", "b"]) for frames in FRAMES],
    "polars": [pl.DataFrame(frames, schema=["a", "b"]) for frames in FRAMES],
}


@pytest.mark.parametrize("X", FORMS.values(), ids=FORMS)
def test_sequences_come_in_many_forms(X):
    estimator = BaseEstimator()
    sequences = check_sequences(estimator, X, reset=True)
    assert isinstance(sequences, list)
    assert estimator.n_features_in_ == 2
    for sequence, frames in zip(sequences, FRAMES, strict=True):
        assert type(sequence) is np.ndarray
        assert sequence.dtype == np.float64
        assert sequence.flags.c_contiguous
        assert_array_equal(sequence, frames)
    assert_array_equal(check_sequences(estimator, X, reset=False), FRAMES)


@given(frames_strategies.sequences())
def test_arrays_of_floats_are_not_copied(sequences):
    for given_one, sequence in zip(
        sequences, check_sequences(BaseEstimator(), sequences, reset=True), strict=True
    ):
        assert sequence is given_one


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_matrix_is_one_of_sequences_of_a_frame_each(dtype):
    X = np.arange(6).reshape(3, 2).astype(dtype)
    sequences = check_sequences(BaseEstimator(), X, reset=True)
    assert [sequence.shape for sequence in sequences] == [(1, 2)] * 3
    assert np.shares_memory(join(sequences), X)
    assert_array_equal(join(sequences), X)
    assert sequences[0].dtype == dtype


@pytest.mark.parametrize(
    "X", [[[1, 2], [3, 4]], [np.array([1, 2]), np.array([3, 4])], ((1, 2), (3, 4))]
)
def test_list_of_rows_is_a_matrix(X):
    assert_array_equal(
        check_sequences(BaseEstimator(), X, reset=True), [[[1.0, 2.0]], [[3.0, 4.0]]]
    )


def test_frames_of_3d_array_are_not_copied():
    X = np.zeros((4, 5, 3))
    assert np.shares_memory(join(check_sequences(BaseEstimator(), X, reset=True)), X)


def test_names_of_features_are_learned_and_compared():
    estimator = BaseEstimator()
    check_sequences(estimator, FORMS["data frames"], reset=True)
    assert_array_equal(estimator.feature_names_in_, ["a", "b"])
    swapped = [FORMS["data frames"][0], FORMS["data frames"][1][["b", "a"]]]
    for reset in [True, False]:
        with pytest.raises(ValueError, match=r"clip 1: The feature names should match"):
            check_sequences(estimator, swapped, reset=reset)
    check_sequences(estimator, pd.DataFrame(FRAMES[0], columns=["x", "y"]), reset=True)
    assert_array_equal(estimator.feature_names_in_, ["x", "y"])


def spoilt(value):
    frames = np.zeros((3, 2))
    frames[1, 1] = value
    return frames


BAD = {
    "NaN": (spoilt(np.nan), ValueError, "clip 1: Input contains NaN"),
    "infinity": (spoilt(np.inf), ValueError, "clip 1: Input contains infinity"),
    "one dimension": (np.zeros(5), ValueError, "clip 1: must be .*got shape (5,)"),
    "three dimensions": (np.zeros((1, 1, 2)), ValueError, "clip 1: must be .*got shape (1, 1, 2)"),
    "a number": (3.0, ValueError, "clip 1: must be .*got 3.0"),
    "no frame": (
        np.zeros((0, 2)),
        ValueError,
        "clip 1: must be .*one of each at least, got shape (0, 2)",
    ),
    "no feature": (np.zeros((2, 0)), ValueError, "clip 1: must be .*got shape (2, 0)"),
    "other features": (
        np.zeros((2, 3)),
        ValueError,
        "clip 1 has 3 features, but must have 2 as clip 0",
    ),
    "strings": (np.array([["a", "b"]]), TypeError, "clip 1: must be .*of numbers, got strings"),
    "strings that are numbers": ([["1", "2"]], TypeError, "clip 1: must be .*got strings"),
    "a path": ("one.wav", ValueError, "clip 1: must be .*got 'one.wav'"),
    "a Path": (Path("one.wav"), ValueError, "clip 1: must be .*one.wav"),
    "nothing": (None, ValueError, "clip 1: must be .*got None"),
    "complex numbers": (np.ones((2, 2)) * 1j, ValueError, "clip 1: Complex data not supported"),
    "sparse": (scipy.sparse.csr_array(np.eye(2)), TypeError, "clip 1: Sparse data was passed"),
    "ragged": ([[1.0, 2.0], [3.0]], ValueError, "clip 1: .*inhomogeneous"),
}


@pytest.mark.parametrize("collect", [list, as_objects])
@pytest.mark.parametrize(("entry", "kind", "message"), BAD.values(), ids=BAD)
def test_malformed_clip_is_named(entry, kind, message, collect):
    pattern = re.escape(message).replace(r"\.\*", ".*")
    with pytest.raises(kind, match=pattern):
        check_sequences(BaseEstimator(), collect([np.zeros((4, 2)), entry]), reset=True)


def test_nan_in_a_3d_array_is_named():
    with pytest.raises(ValueError, match="clip 1: Input contains NaN"):
        check_sequences(BaseEstimator(), np.stack([np.zeros((3, 2)), spoilt(np.nan)]), reset=True)


@pytest.mark.parametrize("X", [[], (), np.empty(0, dtype=object), np.zeros((0, 3, 2))])
def test_no_clip_is_an_error(X):
    with pytest.raises(ValueError, match="at least one clip, got none"):
        check_sequences(BaseEstimator(), X, reset=True)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.zeros(5), "Expected 2D array, got 1D array"),
        (np.zeros((2, 2, 2, 2)), "Found array with dim 4"),
        (["a.wav", "b.wav"], "clip 0: must be an array .*got 'a.wav'"),
        (np.array(["a.wav", "b.wav"]), "clip 0: must be an array .*got 'a.wav'"),
        ([np.zeros(5), np.zeros(4)], r"clip 0: must be an array .*got shape \(5,\)"),
        (np.full((2, 2), np.nan), "contains NaN"),
    ],
)
def test_what_is_no_collection_of_clips_is_an_error(X, message):
    with pytest.raises(ValueError, match=message):
        check_sequences(BaseEstimator(), X, reset=True)


def test_other_number_of_features_than_in_fit_is_an_error():
    estimator = BaseEstimator()
    check_sequences(estimator, FRAMES, reset=True)
    with pytest.raises(ValueError, match=r"clip 0: X has 3 features, but .* expecting 2 features"):
        check_sequences(estimator, [np.zeros((4, 3))], reset=False)
    with pytest.raises(ValueError, match=r"X has 3 features, but .* expecting 2 features"):
        check_sequences(estimator, np.zeros((4, 3)), reset=False)


def test_huge_values_are_finite():
    X = [np.full((2, 3), 1e308), np.full((2, 3), np.float32(3e38))]
    assert check_sequences(BaseEstimator(), X, reset=True)[0] is X[0]


# Targets


LENGTHS = np.array([2, 1])
PER_CLIP = {
    "list": ["a", "b"],
    "array": np.array(["a", "b"]),
    "objects": np.array(["a", "b"], dtype=object),
    "Series": pd.Series(["a", "b"]),
    "categories": pd.Series(["a", "b"], dtype="category"),
    "polars": pl.Series(["a", "b"]),
}
PER_FRAME = {
    "lists": [["a", "b"], ["c"]],
    "tuples": (("a", "b"), ("c",)),
    "arrays": [np.array(["a", "b"]), np.array(["c"])],
    "objects": as_objects([np.array(["a", "b"]), np.array(["c"])]),
    "lists in objects": as_objects([["a", "b"], ["c"]]),
    "Series": pd.Series([["a", "b"], ["c"]]),
    "Series in a list": [pd.Series(["a", "b"]), pd.Series(["c"])],
}


@pytest.mark.parametrize("y", PER_CLIP.values(), ids=PER_CLIP)
def test_labels_of_clips_come_in_many_forms(y):
    is_per_frame, targets = check_frame_targets(y, LENGTHS)
    assert not is_per_frame
    assert targets.tolist() == ["a", "b"]


@pytest.mark.parametrize("y", PER_FRAME.values(), ids=PER_FRAME)
def test_labels_of_frames_come_in_many_forms(y):
    is_per_frame, targets = check_frame_targets(y, LENGTHS)
    assert is_per_frame
    assert targets.tolist() == ["a", "b", "c"]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=5), st.booleans())
def test_labels_of_frames_are_joined_also_where_the_lengths_are_equal(lengths, is_equal):
    if is_equal:
        lengths = [lengths[0]] * len(lengths)
    labels = [list(range(length)) for length in lengths]
    is_per_frame, targets = check_frame_targets(labels, np.array(lengths))
    assert is_per_frame
    assert targets.tolist() == list(itertools.chain.from_iterable(labels))


def test_objects_that_numpy_made_a_matrix_of_are_labels_of_frames():
    y = np.array([["a", "b"], ["c", "d"]], dtype=object)
    is_per_frame, targets = check_frame_targets(y, np.array([2, 2]))
    assert is_per_frame
    assert targets.tolist() == ["a", "b", "c", "d"]


def test_distributions_of_clips_and_of_frames():
    of_clips = np.array([[0.5, 0.5], [0.0, 1.0]])
    is_per_frame, targets = check_frame_targets(of_clips, LENGTHS)
    assert not is_per_frame
    assert_array_equal(targets, of_clips)
    of_frames = [of_clips, of_clips[:1]]
    is_per_frame, targets = check_frame_targets(of_frames, LENGTHS)
    assert is_per_frame
    assert_array_equal(targets, np.concatenate(of_frames))
    padded = np.stack([of_clips, of_clips])
    assert check_frame_targets(padded, np.array([2, 2]))[0]


def test_column_is_one_of_labels():
    for column in [np.array([[0], [1]]), np.array([["a"], ["b"]], dtype=object)]:
        with pytest.warns(DataConversionWarning, match="column-vector y was passed"):
            is_per_frame, targets = check_frame_targets(column, LENGTHS)
        assert not is_per_frame
        assert_array_equal(targets, column[:, 0])


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([[0, 1, 1], [0]], r"y\[0\] has 3 labels for the 2 frames of clip 0"),
        ([[0, 1], []], r"y\[1\] has 0 labels for the 1 frames of clip 1"),
        ([[0, 1], 0], r"y\[1\] must have shape \(1,\) for the 1 frames of clip 1, got shape \(\)"),
        ([0, [0]], r"y\[0\] must have shape \(2,\)"),
        ([[0, 1], [[0.5, 0.5]]], r"y\[1\] must have shape \(1,\) .*got shape \(1, 2\)"),
        ([np.eye(2), np.eye(3)[:1]], r"y\[1\] must have shape \(1, 2\) .*got shape \(1, 3\)"),
        ([0, 1, 1], "y must have one entry for each of 2 clips, got 3"),
        ([[0, 1]], "y must have one entry for each of 2 clips, got 1"),
        (np.eye(3), "y must have one entry for each of 2 clips, got 3"),
        ([0.0, np.nan], "y contains NaN"),
        ([[0.0, np.nan], [1.0]], "y contains NaN"),
        (np.array([[0.5, 0.5], [np.nan, 0.5]]), "y contains NaN"),
        (None, "y should be a 1d array, got an array of shape ()"),
    ],
)
def test_malformed_targets_are_named(y, message):
    with pytest.raises(ValueError, match=message):
        check_frame_targets(y, LENGTHS)


def test_errors_call_targets_by_their_names():
    with pytest.raises(ValueError, match=r"sample_weight\[0\] has 1 weights for the 2 frames"):
        check_frame_targets([[0.5], [0.5]], LENGTHS, "sample_weight", "weights")
