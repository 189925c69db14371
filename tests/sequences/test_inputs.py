import itertools
import re
from collections import deque
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator
from sklearn.exceptions import DataConversionWarning

from skxent.frames._neighbours import join
from skxent.sequences._inputs import check_frame_targets, check_frame_weights, check_sequences
from tests.frames import strategies
from tests.sequences.strategies import as_objects

# Sequences


FRAMES = [np.arange(6.0).reshape(3, 2), np.arange(6.0, 12.0).reshape(3, 2)]
FORMS = {
    "list": FRAMES,
    "tuple": tuple(FRAMES),
    "object array": as_objects(FRAMES),
    "deque": deque(FRAMES),
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


@given(strategies.sequences())
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
    "deque": deque(["a", "b"]),
    "list": ["a", "b"],
    "array": np.array(["a", "b"]),
    "objects": np.array(["a", "b"], dtype=object),
    "Series": pd.Series(["a", "b"]),
    "categories": pd.Series(["a", "b"], dtype="category"),
    "polars": pl.Series(["a", "b"]),
}
PER_FRAME = {
    "deque": deque([["a", "b"], ["c"]]),
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
    with pytest.raises(
        ValueError, match=r"sample_weight must hold one number for each .*, got 2.0"
    ):
        check_frame_weights(2.0, LENGTHS)
