import collections
import collections.abc
import os
import pathlib
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from skxent.features._inputs import describe, guess_size, list_clips, warn_of_problems

CLIP = np.ones(5)


class Rows(collections.abc.Sequence):
    """A column of a table on disk, such as those of Hugging Face's datasets."""

    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, place):
        return self.rows[place]


@pytest.mark.parametrize(
    "X",
    [
        [CLIP, CLIP],
        (CLIP, CLIP),
        ("a.wav", "b.wav"),
        np.array(["a.wav", "b.wav"]),
        pd.Series(["a.wav", "b.wav"]),
        pd.DataFrame({"path": ["a.wav", "b.wav"]}),
        pd.DataFrame({"path": [None, "b.wav"]}),
        pd.DataFrame({"path": [pathlib.Path("a.wav"), np.nan]}),
        [[0.0, 1.0], [2.0]],
        collections.deque(["a.wav", "b.wav"]),
        collections.UserList([CLIP, (8000, CLIP)]),
        Rows(["a.wav", "b.wav"]),
        Rows([CLIP, [0.0, 1.0]]),
        np.array(["a.wav", "b.wav"], dtype=np.dtypes.StringDType()),
        np.array(["a.wav", pathlib.Path("b.wav")], dtype=object),
        pl.Series(["a.wav", "b.wav"]),
        pl.Series([[0.0, 1.0], [2.0]]),
        pl.DataFrame({"path": ["a.wav", "b.wav"]}),
        pa.array(["a.wav", "b.wav"]),
        pa.array(["a.wav", None]),
        pa.array(["a.wav", "a.wav"]).dictionary_encode(),
        pa.chunked_array([["a.wav"], ["b.wav"]]),
        pa.array([[0, 1], [2]], pa.list_(pa.int16())),
        pd.Series(["a.wav", "b.wav"], dtype=pd.ArrowDtype(pa.string())),
    ],
    ids=lambda X: type(X).__name__,
)
def test_a_collection_or_a_column_is_listed(X):
    clips = list_clips(X)
    assert isinstance(clips, list)
    assert len(clips) == 2


@pytest.mark.parametrize(
    "X",
    [
        pa.array(["a.wav", "b.wav"], pa.large_string()),
        pa.chunked_array([["a.wav"], ["b.wav"]]),
        np.array(["a.wav", "b.wav"], dtype=np.dtypes.StringDType()),
        pl.Series(["a.wav", "b.wav"]),
        Rows(["a.wav", "b.wav"]),
    ],
    ids=lambda X: type(X).__name__,
)
def test_paths_are_listed_as_strings(X):
    clips = list_clips(X)
    assert clips == ["a.wav", "b.wav"]
    assert all(isinstance(clip, str) for clip in clips)


def test_lists_of_arrow_are_arrays_of_their_type():
    clips = list_clips(pa.array([[0, 1], [2]], pa.list_(pa.int16())))
    assert [clip.dtype for clip in clips] == [np.int16, np.int16]


def test_a_column_of_a_hugging_face_data_set_is_listed():
    datasets = pytest.importorskip("datasets")
    rows = datasets.Dataset.from_dict({"path": ["a.wav", "b.wav"]})
    for column in (rows["path"], rows.with_format("numpy")["path"]):
        assert list_clips(column) == ["a.wav", "b.wav"]


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ((clip for clip in [CLIP]), r"got a generator, which .* pass a list, list\(X\)"),
        (map(str, ["a.wav"]), r"got a map, which .* pass a list"),
        (iter([CLIP]), r"got a list_iterator, which"),
        ({"a.wav", "b.wav"}, "must be a list of clips or a 2-D array, got set"),
        ({"path": ["a.wav"]}, "got dict"),
        (5, "got int"),
    ],
)
def test_what_is_no_sequence_is_an_error_that_says_what_to_pass(X, message):
    with pytest.raises(TypeError, match=message):
        list_clips(X)


@pytest.mark.parametrize("X", [pa.array([0.0, 1.0]), pa.chunked_array([[1, 2], [3]]), CLIP])
def test_a_column_of_numbers_is_a_single_signal(X):
    with pytest.raises(ValueError, match="got a single signal of shape"):
        list_clips(X)


def test_a_path_may_begin_with_the_home_directory(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("USERPROFILE", "/home/me")
    paths = ["~/a.wav", pathlib.Path("~/a.wav"), "a/~/b.wav", pathlib.Path("c.wav")]
    expected = ["/home/me/a.wav", "/home/me/a.wav", "a/~/b.wav", pathlib.Path("c.wav")]
    assert list_clips(paths) == expected


@pytest.mark.parametrize(
    "X",
    [np.ones((2, 5)), pd.DataFrame(np.ones((2, 1))), np.array([[1, 2], [3, 4]], dtype=object)],
    ids=["array", "data frame", "objects"],
)
def test_a_matrix_of_samples_is_left_to_scikit_learn(X):
    assert list_clips(X) is None


def test_sizes_are_guessed_without_loading(tmp_path):
    path = tmp_path / "clip.wav"
    path.write_bytes(bytes(101))
    for file in (path, str(path), np.str_(path)):
        assert guess_size(file) == 50
    assert guess_size(np.zeros(10)) == guess_size([0.0] * 10) == guess_size((8000, CLIP)) * 2 == 10
    assert guess_size(np.zeros((10, 2))) == 10
    for wrong in (
        "none.wav",
        "nul\0.wav",
        tmp_path,
        os.curdir,
        None,
        5.0,
        np.array(5.0),
        (1, None),
    ):
        assert guess_size(wrong) == 0


def test_a_message_names_the_clip():
    assert describe(3, CLIP, "too short") == "clip 3: too short"
    assert describe(3, "a.wav", "too short") == "clip 3 (a.wav): too short"
    assert describe(3, pathlib.Path("a.wav"), "too short") == "clip 3 (a.wav): too short"


@pytest.mark.parametrize(
    ("n_problems", "shown"), [(1, "p0"), (3, "p0; p1; p2"), (4, "p0; p1; p2; ...")]
)
def test_a_warning_shows_three_problems_and_points_at_the_caller(n_problems, shown):
    problems = {i: f"p{i}" for i in range(n_problems)}
    message = rf"^{n_problems} of 9 clips can't be used, and are NaN: {shown}$"
    with pytest.warns(UserWarning, match=message) as caught:
        warn_of_problems(problems, 9, stacklevel=1)
    assert caught[0].filename == __file__


def test_without_problems_there_is_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_problems({}, 9, stacklevel=1)
