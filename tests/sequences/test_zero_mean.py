import contextlib
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from skxent import FramewiseClassifier, SoftmaxClassifier
from skxent.sequences._zero_mean import warn_if_alike

LINEAR = {
    "softmax": SoftmaxClassifier(),
    "logistic regression": LogisticRegression(),
    "lda": LinearDiscriminantAnalysis(),
    "scaled": make_pipeline(StandardScaler(), SoftmaxClassifier()),
    "log loss": SGDClassifier(loss="log_loss", random_state=0),
}
NONLINEAR = {
    "qda": QuadraticDiscriminantAnalysis(),
    "naive bayes": GaussianNB(),
    "neighbours": KNeighborsClassifier(),
    "tree": DecisionTreeClassifier(random_state=0),
    "forest": RandomForestClassifier(5, random_state=0),
    "kernel": SVC(),
    "products": make_pipeline(PolynomialFeatures(2), StandardScaler(), SoftmaxClassifier()),
}
linear = pytest.mark.parametrize("estimator", LINEAR.values(), ids=LINEAR)
nonlinear = pytest.mark.parametrize("estimator", NONLINEAR.values(), ids=NONLINEAR)
warns = pytest.warns(
    UserWarning, match="frames of each clip have mean zero, .* the same for all clips"
)


def make_clips(n_classes=3, n_clips=18, dtype=np.float64, seed=0, shift=0.0):
    """Clips of mean zero whose classes differ in the size of their features."""
    rng = np.random.default_rng(seed)
    labels, clips = np.arange(n_clips) % n_classes, []
    for label in labels:
        clip = rng.normal(size=(rng.integers(5, 12), 4)) * [1.0 + label, 1.0, 10.0, 0.1] + 50.0
        clips.append((clip - clip.mean(axis=0)).astype(dtype) + dtype(shift))
    return clips, labels


@contextlib.contextmanager
def no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@linear
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_linear_scores_of_clips_of_mean_zero_warn(estimator, dtype, n_classes):
    clips, labels = make_clips(n_classes, dtype=dtype)
    with warns as caught:
        classifier = FramewiseClassifier(estimator, aggregate="mean_log_proba").fit(clips, labels)
    assert caught[0].filename == __file__
    if not isinstance(estimator, SGDClassifier):  # its noise, and probabilities of its own
        assert np.ptp(classifier.predict_log_proba(clips), axis=0).max() < 1e-3


@linear
def test_position_changes_nothing_of_linear_scores_and_they_warn(estimator):
    clips, labels = make_clips()
    with warns as caught:
        classifier = FramewiseClassifier(estimator, position=True).fit(clips, labels)
    assert caught[0].filename == __file__
    assert classifier.estimator_.n_features_in_ == 5
    with warns:
        FramewiseClassifier(LinearSVC(), aggregate="vote", position=True).fit(clips, labels)


@linear
def test_position_of_clips_with_means_of_their_own_does_not_warn(estimator):
    clips, labels = make_clips()
    clips[4] = clips[4] + 1.0
    with no_warning():
        FramewiseClassifier(estimator, position=True).fit(clips, labels)


@linear
def test_one_clip_with_another_mean_does_not_warn(estimator):
    clips, labels = make_clips()
    clips[4] = clips[4] + 1.0
    with no_warning():
        FramewiseClassifier(estimator).fit(clips, labels)


@nonlinear
def test_nonlinear_scores_do_not_warn(estimator):
    clips, labels = make_clips()
    with no_warning():
        FramewiseClassifier(estimator, aggregate="vote").fit(clips, labels)
        FramewiseClassifier(estimator, aggregate="vote", position=True).fit(clips, labels)


def test_votes_of_linear_scores_warn_too():
    clips, labels = make_clips()
    with warns:
        FramewiseClassifier(LinearSVC(), aggregate="vote").fit(clips, labels)


@linear
def test_context_and_labels_of_frames_do_not_warn(estimator):
    clips, labels = make_clips()
    with no_warning():
        FramewiseClassifier(estimator, context=2).fit(clips, labels)
        of_frames = [np.arange(len(clip)) % 3 for clip in clips]
        FramewiseClassifier(estimator).fit(clips, of_frames)


@pytest.mark.parametrize("n_clips", [1, 18])
def test_partial_fit_warns_of_its_clips(n_clips):
    clips, labels = make_clips(n_clips=n_clips)
    classifier = FramewiseClassifier(SGDClassifier(loss="log_loss", random_state=0))
    with warns as caught:
        classifier.partial_fit(clips, labels, classes=[0, 1, 2])
    assert caught[0].filename == __file__


@given(
    seed=st.integers(0, 2**32 - 1),
    log_scale=st.floats(-6.0, 6.0),
    log_shift=st.floats(-2.0, 3.0),
)
@settings(max_examples=25)
def test_warning_depends_on_no_scale_of_features_or_scores(seed, log_scale, log_shift):
    class Linear:
        weights = np.random.default_rng(seed).normal(size=(4, 3))

        def decision_function(self, frames):
            return 10.0**log_scale * (frames @ self.weights + 10.0**log_shift)

    clips, _ = make_clips(seed=seed)
    frames, lengths = 10.0**-log_scale * np.concatenate(clips), np.array([len(c) for c in clips])
    with warns:
        warn_if_alike(Linear(), frames, lengths, stacklevel=1)
    with no_warning():
        warn_if_alike(Linear(), frames + frames.std(axis=0), lengths, stacklevel=1)
        warn_if_alike(Linear(), np.zeros_like(frames), lengths, stacklevel=1)
        warn_if_alike(object(), frames, lengths, stacklevel=1)
