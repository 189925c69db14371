import os

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from skxent import AudioAugmenter, AugmentedClassifier, MFCCTransformer, SoftmaxClassifier
from skxent.augmentation import AddNoise
from skxent.report._results import choose_rate, find_transformer, gather, name_clips, trimming_of
from tests.report.strategies import RATE, tones

CLIPS = tones(4)
P = np.array([[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.25, 0.75]])
Y = ["no", "yes", "yes", "yes"]


def results(probabilities=P, y=Y, groups=None, classes=("no", "yes"), model=None, clips=CLIPS):
    return gather(probabilities, classes, model, clips, y, groups)


def test_losses_are_cross_entropies_and_order_clips():
    found = results()
    np.testing.assert_allclose(found.losses, -np.log([0.9, 0.8, 0.3, 0.75]))
    assert found.predicted.tolist() == [0, 1, 0, 1]
    assert found.is_right.tolist() == [True, True, False, True]
    assert found.order.tolist() == [2, 3, 1, 0]


def test_suspected_labels_come_before_higher_losses():
    probabilities = np.array([[0.99, 0.01, 0.0], [0.6, 0.4, 0.0], [0.0, 0.6, 0.4], [0, 0, 1]])
    y = ["a", "b", "c", "c"]
    found = results(probabilities, y, classes=["a", "b", "c"])
    assert found.suspected.tolist() == [False, False, True, False]
    assert found.order.tolist() == [2, 1, 0, 3]


@pytest.mark.parametrize("classifier", [SoftmaxClassifier(), LogisticRegression()])
def test_an_estimator_gives_what_its_probabilities_give(classifier):
    pipeline = make_pipeline(MFCCTransformer(sample_rate=RATE), classifier)
    pipeline.fit(CLIPS, Y)
    of_estimator = gather(pipeline, None, pipeline, CLIPS, Y, None)
    of_array = results(pipeline.predict_proba(CLIPS), classes=None, model=pipeline)
    np.testing.assert_allclose(of_estimator.losses, of_array.losses, rtol=1e-6, atol=1e-6)
    assert of_estimator.classes == of_array.classes == ["no", "yes"]


def test_an_estimator_without_logarithms_will_do():
    class Constant(BaseEstimator):
        classes_ = np.array([0, 1])

        def predict_proba(self, X):
            return P

    assert gather(Constant(), None, None, CLIPS, [0, 1, 1, 1], None).predicted.tolist() == [
        *(0, 1, 0, 1)
    ]


def test_labels_that_the_classifier_does_not_know_are_wrong_and_infinitely_so():
    found = results(y=["no", "yes", "maybe", "yes"])
    assert found.classes == ["no", "yes", "maybe"]
    assert found.losses[2] == np.inf
    assert not found.is_right[2]
    assert found.probabilities.shape == (4, 3)


def test_labels_may_be_numbers_and_columns_of_data_frames():
    frame = pd.DataFrame({"y": [0, 1, 1, 1], "who": ["a", None, "b", "a"]})
    found = results(y=frame["y"], groups=frame["who"], classes=[0, 1])
    assert found.classes == [0, 1]
    assert found.speakers == ["a", "b"]
    assert found.groups.tolist() == [0, 2, 1, 0]


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA])
def test_speakers_that_are_all_missing_are_none(missing):
    found = results(groups=np.array([missing] * 4, object))
    assert found.groups is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y": Y[:3]}, r"y must have one label for each of 4 clips, got shape \(3,\)"),
        ({"y": [*Y[:3], None]}, "y must have a label for each clip, that of clip 3 is None"),
        ({"y": [0, 1, 1, 1]}, "that the classifier knows, such as 'no', got 0"),
        ({"groups": ["a"]}, "groups must have one speaker for each of 4 clips"),
        ({"probabilities": P[:3]}, "a row of probabilities for each of 4 clips, got 3"),
        ({"probabilities": P[:, :1]}, r"label for each of 1 columns of .*, got shape \(2,\)"),
        ({"classes": [[0, 1], [1, 1]]}, r"label for each of 2 columns of .*, got shape \(2, 2\)"),
        ({"probabilities": P - 0.2}, r"up to 1, those of clip 0 are \[0.7, -0.1\]"),
        ({"probabilities": P * [[1], [1], [2], [1]]}, "those of clip 2 are"),
        ({"probabilities": np.where(P > 0.85, np.nan, P)}, "those of clip 0 are"),
        ({"classes": ["no", "no"]}, "classes must differ"),
        ({"classes": None}, "classes must be given with probabilities"),
    ],
)
def test_what_does_not_match_is_an_error_that_says_so(changes, message):
    with pytest.raises(ValueError, match=message):
        results(**changes)


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (LinearSVC(), "estimator must have predict_proba, LinearSVC has none"),
        ("model.skops", "must be a fitted classifier of clips, or probabilities"),
        (P[0], "of shape"),
    ],
)
def test_what_is_neither_classifier_nor_probabilities_is_an_error(estimator, message):
    with pytest.raises(TypeError, match=message):
        results(estimator)


def test_an_estimator_has_classes_of_its_own():
    pipeline = make_pipeline(MFCCTransformer(sample_rate=RATE), SoftmaxClassifier()).fit(CLIPS, Y)
    with pytest.raises(ValueError, match="classes must be None for an estimator"):
        gather(pipeline, ["no", "yes"], None, CLIPS, Y, None)


def test_rows_of_a_matrix_are_clips():
    found = results(clips=np.ones((4, 80)))
    assert len(found.clips) == 4
    assert found.names[3] == "clip 3"


def test_names_tell_nothing_of_the_folder_that_all_clips_are_in(tmp_path):
    paths = [tmp_path / "no" / "a.wav", str(tmp_path / "yes" / "a.wav"), np.ones(3)]
    expected = [os.path.join("no", "a.wav"), os.path.join("yes", "a.wav"), "clip 2"]
    assert name_clips(paths) == expected
    assert name_clips(paths[:1]) == ["a.wav"]


@pytest.mark.parametrize("trim", [None, 35])
def test_transformer_is_found_inside_searches_and_wrappers(trim):
    transformer = MFCCTransformer(sample_rate=RATE, trim=trim)
    pipeline = make_pipeline(transformer, SoftmaxClassifier())
    augmenter = AudioAugmenter(AddNoise(), sample_rate=RATE)
    grid = {"softmaxclassifier__alpha": [0.1]}
    search = GridSearchCV(pipeline, grid, cv=2).fit([*CLIPS, *CLIPS], [*Y, *Y])
    for model in (transformer, pipeline, AugmentedClassifier(pipeline, augmenter), search):
        found = find_transformer(model)
        assert found.get_params() == transformer.get_params()
    assert find_transformer(RandomForestClassifier()) is find_transformer(None) is None
    assert (trimming_of(find_transformer(search)) is None) == (trim is None)


def test_rate_is_the_transformers_the_given_one_or_the_usual_one():
    transformer = MFCCTransformer(sample_rate=RATE)
    assert choose_rate(None, transformer, CLIPS) == choose_rate(RATE, transformer, CLIPS) == RATE
    assert choose_rate(44100, None, [np.ones(3)]) == 44100
    assert choose_rate(None, None, [*CLIPS, "a.wav"]) == 16000
    with pytest.raises(ValueError, match="sample_rate=44100 must be that of the transformer, 8000"):
        choose_rate(44100, transformer, CLIPS)
    with pytest.raises(ValueError, match="sample_rate must be given, in hertz: clip 1 is an array"):
        choose_rate(None, None, ["a.wav", np.ones(3)])
    with pytest.raises(ValueError, match="sample_rate=0 must be a number, at least 1"):
        choose_rate(0, None, CLIPS)
