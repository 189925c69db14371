import os
import pathlib
import warnings

import numpy as np
import pandas as pd
import pytest

from skxent.features._inputs import describe, guess_size, list_clips, warn_of_problems

CLIP = np.ones(5)


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
    ],
    ids=lambda X: type(X).__name__,
)
def test_a_collection_or_a_column_is_listed(X):
    clips = list_clips(X)
    assert isinstance(clips, list)
    assert len(clips) == 2


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
