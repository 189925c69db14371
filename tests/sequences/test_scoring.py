import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from skxent.sequences._inputs import check_sequences
from skxent.sequences._scoring import SequenceClassifierMixin
from tests.sequences.strategies import as_objects


class FirstFeature(SequenceClassifierMixin, BaseEstimator):
    """Predicts the first feature of each frame, and for a clip that of its last frame."""

    def fit(self, X, y=None):
        check_sequences(self, X, reset=True)
        self.classes_ = np.arange(3)
        return self

    def predict_frames(self, X):
        return as_objects([np.array(clip)[:, 0].astype(int) for clip in X])

    def predict(self, X):
        return np.array([labels[-1] for labels in self.predict_frames(X)])


CLIPS = [[[0.0], [1.0], [2.0]], [[1.0]], [[2.0], [0.0]]]
LABELS = [2, 0, 0]
LABELS_OF_FRAMES = [[0, 1, 1], [1], [0, 0]]
CLASSIFIER = FirstFeature().fit(CLIPS)


def test_score_is_the_share_of_clips_or_of_frames_that_are_right():
    assert CLASSIFIER.score(CLIPS, LABELS) == 2 / 3
    for y in (LABELS_OF_FRAMES, as_objects(LABELS_OF_FRAMES)):
        assert CLASSIFIER.score(CLIPS, y) == 4 / 6


def test_score_is_weighed_by_clips_or_by_frames():
    weights = np.array([0.5, 2.0, 3.0])
    assert_allclose(CLASSIFIER.score(CLIPS, LABELS, weights), 3.5 / 5.5)
    expected = (2 * 0.5 + 2.0 + 3.0) / (3 * 0.5 + 2.0 + 2 * 3.0)
    assert_allclose(CLASSIFIER.score(CLIPS, LABELS_OF_FRAMES, weights), expected)
    of_frames = [[0.5] * 3, [2.0], [3.0] * 2]
    assert_allclose(CLASSIFIER.score(CLIPS, LABELS_OF_FRAMES, of_frames), expected)
    of_frames[0] = [1.0, 2.0, 4.0]
    assert_allclose(CLASSIFIER.score(CLIPS, LABELS_OF_FRAMES, of_frames), 8.0 / 15.0)


def test_weights_of_frames_need_labels_of_frames():
    with pytest.raises(ValueError, match="sample_weight must be of clips, as y is"):
        CLASSIFIER.score(CLIPS, LABELS, [[1.0] * 3, [1.0], [1.0] * 2])


def test_distributions_are_no_labels_to_score():
    with pytest.raises(ValueError, match="score needs labels"):
        CLASSIFIER.score(CLIPS, np.eye(3))


def test_classifier_must_be_fitted():
    with pytest.raises(NotFittedError):
        FirstFeature().score(CLIPS, LABELS)
