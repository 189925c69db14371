import contextlib
import pickle
import tracemalloc

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import log_softmax
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.datasets import load_iris
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import DataConversionWarning, NotFittedError, UnsetMetadataPassedError
from sklearn.linear_model import LogisticRegression, Ridge, SGDClassifier
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    StratifiedGroupKFold,
    cross_val_predict,
    cross_val_score,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import get_tags

from skxent import FramewiseClassifier, MFCCTransformer, SoftmaxClassifier
from skxent.datasets import load_spoken_digits
from tests.frames import strategies
from tests.sequences.strategies import as_objects

seeds = st.integers(0, 2**32 - 1)
AGGREGATES = ["sum_log_proba", "mean_log_proba", "vote"]
every_aggregate = pytest.mark.parametrize("aggregate", AGGREGATES)


def make_clips(n_clips=24, n_classes=3, n_features=4, dtype=np.float64, seed=0):
    """Clips of three to nine frames of overlapping classes, and their labels."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n_clips) % n_classes
    means = rng.normal(size=(n_classes, n_features))
    lengths = rng.integers(3, 10, n_clips)
    clips = [
        (rng.normal(size=(length, n_features)) + means[label]).astype(dtype)
        for length, label in zip(lengths, labels, strict=True)
    ]
    return clips, labels


CLIPS, LABELS = make_clips(n_clips=36)
CLIPS, TEST_CLIPS = CLIPS[:24], CLIPS[24:]
LABELS, TEST_LABELS = LABELS[:24], LABELS[24:]
FITTED = {
    (aggregate, context): FramewiseClassifier(
        SoftmaxClassifier(), aggregate=aggregate, context=context
    ).fit(CLIPS, LABELS)
    for aggregate in AGGREGATES
    for context in (0, 2)
}
fitted = st.sampled_from(list(FITTED.values()))


# Clips by their frames


def frame_log_proba(classifier, clip):
    """Log-probabilities of the frames of one clip, from the estimator itself."""
    context = classifier.context
    padded = np.pad(clip, ((context, context), (0, 0)), mode="edge")
    rows = [padded[t : t + 2 * context + 1].ravel() for t in range(len(clip))]
    return classifier.estimator_.predict_log_proba(rows)


@pytest.mark.parametrize("context", [0, 2])
def test_log_probabilities_are_normalised_sums_and_means(context):
    for aggregate, combine in [("sum_log_proba", np.sum), ("mean_log_proba", np.mean)]:
        classifier = FITTED[aggregate, context]
        expected = [
            log_softmax(combine(frame_log_proba(classifier, clip), axis=0)) for clip in TEST_CLIPS
        ]
        log_proba = classifier.predict_log_proba(TEST_CLIPS)
        assert_allclose(log_proba, expected, rtol=1e-9, atol=1e-12)
        assert_array_equal(classifier.predict_proba(TEST_CLIPS), np.exp(log_proba))


def test_sum_and_mean_predict_alike_and_the_mean_is_softer():
    by_sum, by_mean = FITTED["sum_log_proba", 0], FITTED["mean_log_proba", 0]
    assert_array_equal(by_sum.predict(TEST_CLIPS), by_mean.predict(TEST_CLIPS))
    surest = by_sum.predict_proba(TEST_CLIPS).max(axis=1)
    assert (by_mean.predict_proba(TEST_CLIPS).max(axis=1) < surest).all()


@pytest.mark.parametrize("context", [0, 2])
def test_votes_are_shares_of_frames(context):
    classifier = FITTED["vote", context]
    shares = classifier.predict_proba(TEST_CLIPS)
    for share, clip in zip(shares, TEST_CLIPS, strict=True):
        labels = frame_log_proba(classifier, clip).argmax(axis=1)
        assert_allclose(share, [np.mean(labels == label) for label in range(3)], rtol=1e-15)
    assert_array_equal(classifier.predict(TEST_CLIPS), shares.argmax(axis=1))
    log_proba = classifier.predict_log_proba(TEST_CLIPS)
    assert_array_equal(np.isneginf(log_proba), shares == 0.0)
    assert_allclose(np.exp(log_proba), shares, rtol=1e-15)
    assert np.isneginf(log_proba).any()


def test_a_tie_of_votes_is_the_first_class():
    classifier = FramewiseClassifier(LinearSVC(), aggregate="vote")
    classifier.fit(np.array([[-1.0], [1.0]]), ["yes", "no"])
    assert classifier.predict([[[-1.0], [1.0]]]) == ["no"]


@every_aggregate
@given(seed=seeds, n_clips=st.integers(1, 12))
def test_batch_mates_and_their_order_change_nothing(aggregate, seed, n_clips):
    classifier = FITTED[aggregate, 2]
    chosen = np.random.default_rng(seed).permutation(len(TEST_CLIPS))[:n_clips]
    together = classifier.predict_proba([TEST_CLIPS[i] for i in chosen])
    alone = np.vstack([classifier.predict_proba([TEST_CLIPS[i]]) for i in chosen])
    assert_allclose(together, alone, rtol=1e-9)


@every_aggregate
@given(seed=seeds)
def test_order_of_frames_does_not_matter_without_context(aggregate, seed):
    rng = np.random.default_rng(seed)
    shuffled = [rng.permutation(clip) for clip in TEST_CLIPS]
    assert_allclose(
        FITTED[aggregate, 0].predict_proba(shuffled),
        FITTED[aggregate, 0].predict_proba(TEST_CLIPS),
        rtol=1e-9,
    )


def test_order_of_frames_matters_with_context():
    backwards = [clip[::-1] for clip in TEST_CLIPS]
    classifier = FITTED["sum_log_proba", 2]
    difference = classifier.predict_proba(backwards) - classifier.predict_proba(TEST_CLIPS)
    assert np.abs(difference).max() > 0.01


@given(classifier=fitted, clips=strategies.sequences())
def test_frames_have_predictions_of_their_own(classifier, clips):
    clips = [np.resize(clip, (len(clip), 4)) for clip in clips]
    labels, probabilities = classifier.predict_frames(clips), classifier.predict_frames_proba(clips)
    for found in (labels, probabilities):
        assert found.dtype == object
        assert [len(frames) for frames in found] == [len(clip) for clip in clips]
    for clip, of_labels, of_probabilities in zip(clips, labels, probabilities, strict=True):
        expected = np.exp(frame_log_proba(classifier, clip))
        assert_allclose(of_probabilities, expected, rtol=1e-5, atol=1e-7)
        assert_array_equal(of_labels, of_probabilities.argmax(axis=1))


@pytest.mark.parametrize("aggregate", ["sum_log_proba", "mean_log_proba"])
@pytest.mark.parametrize(
    "estimator", [SoftmaxClassifier(), GaussianNB(), DecisionTreeClassifier(random_state=0)]
)
def test_clips_of_one_frame_are_the_estimator_itself(estimator, aggregate):
    X, y = load_iris(return_X_y=True)
    names = np.array(["setosa", "versicolor", "virginica"])[y]
    inner = clone(estimator).fit(X[::2], names[::2])
    outer = FramewiseClassifier(estimator, aggregate=aggregate)
    for clips in (X, X[:, np.newaxis], list(X[:, np.newaxis])):
        outer.fit(clips[::2], names[::2])
        assert_array_equal(outer.classes_, inner.classes_)
        assert_array_equal(outer.predict(clips), inner.predict(X))
        proba = inner.predict_proba(X)
        assert_allclose(outer.predict_proba(clips), proba, rtol=1e-12, atol=1e-300)
        assert_array_equal(outer.predict_log_proba(clips) == -np.inf, proba == 0.0)
        assert outer.score(clips, names) == inner.score(X, names)


# Position


def rises_and_falls(n_clips=40, seed=0):
    """Clips whose classes have the same frames in opposite order, and their labels."""
    rng = np.random.default_rng(seed)
    labels, clips = np.arange(n_clips) % 2, []
    for label in labels:
        ramp = np.linspace(-1.0, 1.0, rng.integers(5, 15)) * (-1) ** label
        clips.append(ramp[:, np.newaxis] + 0.5 * rng.normal(size=(len(ramp), 2)))
    return clips, labels


@pytest.mark.parametrize(
    "estimator", [QuadraticDiscriminantAnalysis(), RandomForestClassifier(20, random_state=0)]
)
def test_position_tells_a_rise_from_a_fall(estimator):
    clips, labels = rises_and_falls()
    without = FramewiseClassifier(estimator).fit(clips[:20], labels[:20])
    classifier = FramewiseClassifier(estimator, position=True).fit(clips[:20], labels[:20])
    assert classifier.score(clips[20:], labels[20:]) > 0.9
    assert without.score(clips[20:], labels[20:]) < 0.8
    reversed_clips = [clip[::-1] for clip in clips[20:]]
    assert classifier.score(reversed_clips, 1 - labels[20:]) > 0.9


@given(seed=seeds)
def test_position_cannot_tell_order_by_scores_that_are_linear(seed):
    clips, labels = make_clips()
    classifier = FramewiseClassifier(SoftmaxClassifier(), position=True).fit(clips, labels)
    rng = np.random.default_rng(seed)
    shuffled = [rng.permutation(clip) for clip in TEST_CLIPS]
    assert_allclose(
        classifier.predict_proba(shuffled), classifier.predict_proba(TEST_CLIPS), rtol=1e-9
    )


def test_every_prediction_sees_the_position():
    clips, labels = rises_and_falls()
    classifier = FramewiseClassifier(QuadraticDiscriminantAnalysis(), position=True)
    classifier.fit(clips, labels)
    for clip in clips[:4]:
        where = (np.arange(len(clip)) + 0.5) / len(clip)
        rows = np.column_stack([clip, where])
        proba = classifier.estimator_.predict_proba(rows)
        assert_allclose(classifier.predict_frames_proba([clip])[0], proba, rtol=1e-9)
        assert_array_equal(classifier.predict_frames([clip])[0], proba.argmax(axis=1))
        log_proba = log_softmax(classifier.estimator_.predict_log_proba(rows).sum(axis=0))
        assert_allclose(classifier.predict_log_proba([clip]), [log_proba], atol=1e-9)
        vote = FramewiseClassifier(QuadraticDiscriminantAnalysis(), aggregate="vote", position=True)
        share = np.mean(proba.argmax(axis=1))
        assert_allclose(vote.fit(clips, labels).predict_proba([clip]), [[1 - share, share]])


def test_a_single_frame_is_in_the_middle():
    X = np.random.default_rng(0).normal(size=(30, 4))
    classifier = FramewiseClassifier(Recorder(), aggregate="vote", position=True)
    estimator = classifier.fit(X, np.arange(30) % 2).estimator_
    assert_array_equal(estimator.X_, np.column_stack([X, np.full(30, 0.5)]))
    assert classifier.n_features_in_ == 4


# Zeros among the frames' probabilities


@pytest.mark.parametrize(
    "estimator",
    [
        RandomForestClassifier(5, random_state=0),
        KNeighborsClassifier(2),
        DecisionTreeClassifier(random_state=0),
    ],
)
@pytest.mark.parametrize("aggregate", ["sum_log_proba", "mean_log_proba"])
def test_estimators_that_give_zeros_lead_to_no_nan(estimator, aggregate):
    classifier = FramewiseClassifier(estimator, aggregate=aggregate).fit(CLIPS, LABELS)
    frames = np.concatenate(classifier.predict_frames_proba(TEST_CLIPS))
    assert (frames == 0.0).any()
    proba = classifier.predict_proba(TEST_CLIPS)
    assert_allclose(proba.sum(axis=1), 1.0)
    assert (proba >= 0.0).all()
    assert_array_equal(classifier.predict(TEST_CLIPS), proba.argmax(axis=1))


def test_clip_of_which_each_class_has_an_impossible_frame():
    tree = DecisionTreeClassifier().fit([[-1.0], [1.0]], [0, 1])
    classifier = FramewiseClassifier(tree).fit([[-1.0], [1.0]], [0, 1])
    clip = np.array([[-1.0], [-1.0], [1.0]])  # one zero of class 0, two of class 1
    assert_array_equal(classifier.predict_proba([clip]), [[1.0, 0.0]])
    assert_array_equal(classifier.predict_proba([clip[1:]]), [[0.5, 0.5]])


class NoLogarithms(SoftmaxClassifier):
    """An estimator that gives probabilities but not their logarithms."""

    predict_log_proba = property()


class NoProbabilities(SoftmaxClassifier):
    """One that gives their logarithms alone."""

    predict_proba = property()


@pytest.mark.parametrize("estimator", [NoLogarithms(), NoProbabilities()])
def test_either_of_probabilities_and_their_logarithms_is_enough(estimator):
    classifier = FramewiseClassifier(estimator).fit(CLIPS, LABELS)
    methods = ["predict_proba", "predict_log_proba"]
    assert [hasattr(classifier.estimator_, method) for method in methods].count(True) == 1
    full = FITTED["sum_log_proba", 0]
    assert_allclose(classifier.predict_proba(TEST_CLIPS), full.predict_proba(TEST_CLIPS))
    assert_allclose(
        np.concatenate(classifier.predict_frames_proba(TEST_CLIPS)),
        np.concatenate(full.predict_frames_proba(TEST_CLIPS)),
    )


# Estimators


def test_estimator_without_probabilities_can_vote_alone():
    classifier = FramewiseClassifier(LinearSVC(), aggregate="vote").fit(CLIPS, LABELS)
    assert classifier.score(TEST_CLIPS, TEST_LABELS) > 0.5
    assert not hasattr(classifier, "predict_frames_proba")
    for aggregate in ["sum_log_proba", "mean_log_proba"]:
        with pytest.raises(ValueError, match=f"{aggregate}.*LinearSVC.*use aggregate='vote'"):
            FramewiseClassifier(LinearSVC(), aggregate=aggregate).fit(CLIPS, LABELS)


def test_estimator_must_be_a_classifier():
    with pytest.raises(ValueError, match="estimator must be a classifier, got Ridge"):
        FramewiseClassifier(Ridge(), aggregate="vote").fit(CLIPS, LABELS)


@pytest.mark.parametrize(
    "parameters", [{"aggregate": "max"}, {"context": -1}, {"context": 1.5}, {"position": 1}]
)
def test_malformed_parameters_are_errors(parameters):
    with pytest.raises(ValueError, match=f"The '{next(iter(parameters))}' parameter"):
        FramewiseClassifier(SoftmaxClassifier(), **parameters).fit(CLIPS, LABELS)


class OfTwoClasses(LogisticRegression):
    """An estimator that says it takes two classes alone, and that it scores poorly."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.classifier_tags.poor_score = True
        return tags


def test_tags_are_those_of_the_estimator():
    tags = get_tags(FramewiseClassifier(OfTwoClasses()))
    assert not tags.classifier_tags.multi_class
    assert tags.classifier_tags.poor_score
    assert tags.input_tags.three_d_array
    assert get_tags(FramewiseClassifier(LogisticRegression())).classifier_tags.multi_class


class Recorder(ClassifierMixin, BaseEstimator):
    """A classifier that remembers what it was given."""

    def fit(self, X, y, sample_weight=None):
        self.X_, self.y_, self.sample_weight_ = X, y, sample_weight
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        self.n_rows_ = len(X)
        return np.full(len(X), self.classes_[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("context", [0, 1, 3])
@pytest.mark.parametrize("position", [False, True])
def test_estimator_is_fitted_to_all_frames(dtype, context, position):
    clips, labels = make_clips(dtype=dtype)
    classifier = FramewiseClassifier(
        Recorder(), aggregate="vote", context=context, position=position
    )
    estimator = classifier.fit(clips, labels).estimator_
    n_frames = sum(map(len, clips))
    assert estimator.X_.shape == (n_frames, (2 * context + 1) * 4 + position)
    assert estimator.X_.dtype == dtype
    assert classifier.n_features_in_ == 4
    centre = estimator.X_[:, 4 * context : 4 * (context + 1)]
    assert_array_equal(centre, np.concatenate(clips))
    assert_array_equal(estimator.y_, np.repeat(labels, list(map(len, clips))))
    assert estimator.sample_weight_ is None
    assert not hasattr(classifier.estimator, "classes_")


@pytest.mark.parametrize("aggregate", ["sum_log_proba", "mean_log_proba"])
@pytest.mark.parametrize(("context", "position"), [(0, False), (2, False), (0, True), (2, True)])
def test_float32_stays_float32(aggregate, context, position):
    clips, labels = make_clips(dtype=np.float32)
    classifier = FramewiseClassifier(
        SoftmaxClassifier(), aggregate=aggregate, context=context, position=position
    ).fit(clips, labels)
    assert classifier.estimator_.coef_.dtype == np.float32
    assert classifier.predict_proba(clips).dtype == np.float32
    assert classifier.predict_frames_proba(clips)[0].dtype == np.float32


@pytest.mark.parametrize("context", [0, 2])
@pytest.mark.parametrize("are_views", [False, True])
def test_frames_are_copied_at_most_once(context, are_views):
    lengths = range(400, 460)
    clips = [np.ones((length, 40)) for length in lengths]
    if are_views:
        clips = np.split(np.concatenate(clips), np.cumsum(lengths)[:-1])
    classifier = FramewiseClassifier(Recorder(), aggregate="vote", context=context)
    size = sum(lengths) * 40 * 8 * (2 * context + 1)
    labels = np.arange(len(clips)) % 2

    def peak_of(function):
        tracemalloc.start()
        try:
            function()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    copied = 0 if are_views and context == 0 else size
    # Beside the frames there are their labels, sorted by np.unique, and votes: some numbers each.
    slack = 8 * 8 * sum(lengths) + 50_000
    assert peak_of(lambda: classifier.fit(clips, labels)) < copied + slack
    assert len(classifier.estimator_.X_) == sum(lengths)
    classifier.estimator_.X_ = None
    assert peak_of(lambda: classifier.predict(clips)) < copied + slack
    assert classifier.estimator_.n_rows_ == sum(lengths)


def test_matrix_is_not_copied():
    X = np.random.default_rng(0).normal(size=(30, 4))
    classifier = FramewiseClassifier(Recorder(), aggregate="vote").fit(X, np.arange(30) % 2)
    assert np.shares_memory(classifier.estimator_.X_, X)


# Targets


@pytest.mark.parametrize(
    "names",
    [
        np.array(["b", "a", "c"]),
        np.array(["b", "a", "c"], dtype=object),
        np.array([7, -2, 3]),
        np.array([True, False]),
        np.array([2.0, 1.0, 5.0]),
    ],
)
def test_labels_of_any_type(names):
    labels = names[LABELS % len(names)]
    classifier = FramewiseClassifier(SoftmaxClassifier()).fit(CLIPS, labels)
    assert_array_equal(classifier.classes_, np.unique(names))
    assert classifier.predict(TEST_CLIPS).dtype == names.dtype
    assert set(classifier.predict_frames(TEST_CLIPS)[0].tolist()) <= set(names.tolist())


@pytest.mark.parametrize("collect", [list, as_objects])
def test_labels_of_frames_that_are_their_clips_give_the_same_fit(collect):
    of_frames = [np.full(len(clip), label) for clip, label in zip(CLIPS, LABELS, strict=True)]
    classifier = FramewiseClassifier(SoftmaxClassifier(), context=2).fit(CLIPS, collect(of_frames))
    expected = FITTED["sum_log_proba", 2]
    assert_array_equal(classifier.estimator_.coef_, expected.estimator_.coef_)
    assert_array_equal(classifier.predict(TEST_CLIPS), expected.predict(TEST_CLIPS))


def test_classes_of_frames_may_be_others_than_those_of_clips():
    rng = np.random.default_rng(0)
    labels = [["silence", word, word, "silence"] for word in ["yes", "no"] * 8]
    means = {"silence": [0.0, 0.0], "yes": [3.0, 0.0], "no": [0.0, 3.0]}
    clips = [rng.normal([means[label] for label in of_clip]) for of_clip in labels]
    classifier = FramewiseClassifier(SoftmaxClassifier()).fit(clips, labels)
    assert classifier.classes_.tolist() == ["no", "silence", "yes"]
    predicted = np.concatenate(classifier.predict_frames(clips))
    accuracy = np.mean(predicted == np.concatenate(labels))
    assert accuracy > 0.7
    assert classifier.score(clips, labels) == accuracy
    # A clip's is still what all of its frames say together.
    frames = classifier.predict_frames_proba(clips)
    expected = [np.log(of_clip).sum(axis=0).argmax() for of_clip in frames]
    assert_array_equal(classifier.predict(clips), classifier.classes_[expected])


def test_distributions_are_handed_on():
    rng = np.random.default_rng(0)
    y = rng.dirichlet(np.ones(3), len(CLIPS))
    of_frames = [np.tile(row, (len(clip), 1)) for row, clip in zip(y, CLIPS, strict=True)]
    by_hand = SoftmaxClassifier().fit(np.concatenate(CLIPS), np.concatenate(of_frames))
    for targets in (y, of_frames):
        classifier = FramewiseClassifier(SoftmaxClassifier()).fit(CLIPS, targets)
        assert_array_equal(classifier.estimator_.coef_, by_hand.coef_)
        assert_array_equal(classifier.classes_, np.arange(3))
        with pytest.raises(ValueError, match="score needs labels, but y holds distributions"):
            classifier.score(CLIPS, targets)


class OfSeveralOutputs(LogisticRegression):
    """An estimator that takes several outputs of a sample, but not several labels."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


@pytest.mark.parametrize(
    "estimator", [DecisionTreeClassifier(), KNeighborsClassifier(), OfSeveralOutputs()]
)
def test_distributions_are_not_mistaken_for_several_labels(estimator):
    y = np.eye(3)[LABELS]
    with pytest.raises(ValueError, match=f"{type(estimator).__name__} takes for several labels"):
        FramewiseClassifier(estimator).fit(CLIPS, y)


def test_column_of_labels_is_taken_with_a_warning():
    with pytest.warns(DataConversionWarning, match="column-vector y was passed"):
        classifier = FramewiseClassifier(SoftmaxClassifier()).fit(CLIPS, LABELS[:, np.newaxis])
    expected = FITTED["sum_log_proba", 0].estimator_.coef_
    assert_array_equal(classifier.estimator_.coef_, expected)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (LABELS[:-1], "y must have one entry for each of 24 clips, got 23"),
        ([[0] * 99] * 24, r"y\[0\] has 99 labels for the \d+ frames of clip 0"),
        (np.linspace(0.0, 1.0, 24), "Unknown label type"),
    ],
)
def test_malformed_targets_are_errors(y, message):
    with pytest.raises(ValueError, match=message):
        FramewiseClassifier(SoftmaxClassifier()).fit(CLIPS, y)


def test_malformed_clip_is_named_in_fit_and_after():
    bad = [*CLIPS[:3], np.full((2, 4), np.nan)]
    with pytest.raises(ValueError, match="clip 3: Input contains NaN"):
        FramewiseClassifier(SoftmaxClassifier()).fit(bad, LABELS[:4])
    classifier = FITTED["sum_log_proba", 0]
    for method in ["predict", "predict_proba", "predict_frames", "predict_frames_proba"]:
        with pytest.raises(ValueError, match="clip 3: Input contains NaN"):
            getattr(classifier, method)(bad)
        with pytest.raises(ValueError, match="clip 0: X has 2 features, but Framewise"):
            getattr(classifier, method)([np.zeros((3, 2))])


# Weights


STRICT = SoftmaxClassifier(alpha=0.05, tol=1e-10)


@given(data=st.data(), context=st.integers(0, 2))
def test_weight_of_a_clip_is_how_often_it_is_given(data, context):
    weights = np.array(data.draw(st.lists(st.integers(0, 3), min_size=24, max_size=24)))
    weights[:3] += 1  # one of each class
    weighted = FramewiseClassifier(STRICT, context=context).fit(CLIPS, LABELS, weights)
    repeated = FramewiseClassifier(STRICT, context=context).fit(
        [clip for clip, weight in zip(CLIPS, weights, strict=True) for _ in range(weight)],
        np.repeat(LABELS, weights),
    )
    assert_allclose(weighted.estimator_.coef_, repeated.estimator_.coef_, rtol=1e-6, atol=1e-8)


def test_weights_of_one_are_none():
    weighted = FramewiseClassifier(SoftmaxClassifier()).fit(CLIPS, LABELS, np.ones(24))
    assert_array_equal(weighted.estimator_.coef_, FITTED["sum_log_proba", 0].estimator_.coef_)


@pytest.mark.parametrize("collect", [list, as_objects])
def test_weights_of_frames(collect):
    rng = np.random.default_rng(0)
    weights = [rng.uniform(size=len(clip)) for clip in CLIPS]
    estimator = (
        FramewiseClassifier(Recorder(), aggregate="vote")
        .fit(CLIPS, LABELS, sample_weight=collect(weights))
        .estimator_
    )
    assert_array_equal(estimator.sample_weight_, np.concatenate(weights))


def test_malformed_weights_are_errors():
    classifier = FramewiseClassifier(SoftmaxClassifier())
    with pytest.raises(ValueError, match="sample_weight must have one entry for each of 24 clips"):
        classifier.fit(CLIPS, LABELS, np.ones(3))
    with pytest.raises(ValueError, match=r"sample_weight\[0\] has 99 weights for the"):
        classifier.fit(CLIPS, LABELS, [[1.0] * 99] * 24)
    with pytest.raises(ValueError, match="sample_weight must hold one number"):
        classifier.fit(CLIPS, LABELS, np.ones((24, 2)))
    with pytest.raises(ValueError, match="Negative values"):
        classifier.fit(CLIPS, LABELS, -np.ones(24))


def test_estimator_that_takes_no_weights_is_named():
    for estimator in [KNeighborsClassifier(), make_pipeline(StandardScaler(), SoftmaxClassifier())]:
        with pytest.raises(ValueError, match=f"{type(estimator).__name__} takes no sample_weight"):
            FramewiseClassifier(estimator).fit(CLIPS, LABELS, np.ones(24))


# Online


@every_aggregate
@pytest.mark.parametrize("position", [False, True])
def test_partial_fit_goes_on_with_the_estimator(aggregate, position):
    inner = SGDClassifier(loss="log_loss", random_state=0)
    outer = FramewiseClassifier(inner, aggregate=aggregate, context=1, position=position)
    outer.partial_fit(CLIPS[:2], LABELS[:2], classes=[0, 1, 2])
    outer.partial_fit(CLIPS[2:], LABELS[2:], sample_weight=np.full(22, 2.0))
    by_hand = FramewiseClassifier(Recorder(), aggregate="vote", context=1, position=position)
    first = by_hand.fit(CLIPS[:2], LABELS[:2]).estimator_
    inner.partial_fit(first.X_, first.y_, classes=[0, 1, 2])
    second = by_hand.fit(CLIPS[2:], LABELS[2:]).estimator_
    inner.partial_fit(second.X_, second.y_, sample_weight=np.full(len(second.y_), 2.0))
    assert_array_equal(outer.estimator_.coef_, inner.coef_)
    assert_array_equal(outer.classes_, [0, 1, 2])
    with pytest.raises(ValueError, match="clip 0: X has 2 features"):
        outer.partial_fit([np.zeros((2, 2))], [0])


def test_partial_fit_is_where_the_estimator_has_it():
    assert hasattr(FramewiseClassifier(SoftmaxClassifier()), "partial_fit")
    assert not hasattr(FramewiseClassifier(LinearSVC()), "partial_fit")
    with pytest.raises(AttributeError) as caught:
        _ = FramewiseClassifier(SoftmaxClassifier(solver="lbfgs")).partial_fit
    # The estimator's own reason is at the root of it.
    assert "solver='lbfgs' has no partial_fit" in str(caught.value.__cause__.__cause__)


# Names


def test_names_of_features():
    names = ["a", "b", "c", "d"]
    clips = [pd.DataFrame(clip, columns=names) for clip in CLIPS]
    classifier = FramewiseClassifier(SoftmaxClassifier(), context=1, position=True)
    classifier.fit(clips, LABELS)
    assert_array_equal(classifier.feature_names_in_, names)
    assert classifier.predict(clips).shape == (24,)
    with pytest.raises(ValueError, match="clip 0: The feature names should match"):
        classifier.predict([clips[0][["d", "c", "b", "a"]]])


# In scikit-learn's machinery


@pytest.mark.parametrize("collect", [list, as_objects])
@pytest.mark.parametrize("is_equal", [False, True])
def test_grid_search_over_sequences(collect, is_equal):
    # Of equal lengths, NumPy would gladly make a 3-D array of a list.
    clips = collect([clip[:3] for clip in CLIPS] if is_equal else CLIPS)
    grid = {
        "estimator__alpha": [1e-3, 0.1],
        "context": [0, 1],
        "aggregate": ["sum_log_proba", "vote"],
    }
    search = GridSearchCV(
        FramewiseClassifier(SoftmaxClassifier()), grid, cv=3, n_jobs=2, error_score="raise"
    ).fit(clips, LABELS)
    assert search.best_score_ > 0.7
    assert search.predict(clips).shape == (24,)
    folds = search.cv_results_["split0_test_score"]
    train, test = next(iter(sklearn.model_selection.StratifiedKFold(3).split(clips, LABELS)))
    by_hand = FramewiseClassifier(SoftmaxClassifier()).set_params(**search.cv_results_["params"][5])
    by_hand.fit([clips[i] for i in train], LABELS[train])
    assert folds[5] == by_hand.score([clips[i] for i in test], LABELS[test])


def test_labels_of_frames_are_cross_validated():
    of_frames = [np.full(len(clip), label) for clip, label in zip(CLIPS, LABELS, strict=True)]
    scores = cross_val_score(
        FramewiseClassifier(SoftmaxClassifier()), CLIPS, of_frames, cv=KFold(3)
    )
    lengths = np.array(list(map(len, CLIPS)))
    for score, (train, test) in zip(scores, KFold(3).split(CLIPS), strict=True):
        X = np.concatenate([CLIPS[i] for i in train])
        inner = SoftmaxClassifier().fit(X, np.repeat(LABELS[train], lengths[train]))
        frames = np.concatenate([CLIPS[i] for i in test])
        assert score == inner.score(frames, np.repeat(LABELS[test], lengths[test]))


def test_probabilities_are_cross_validated():
    proba = cross_val_predict(
        FramewiseClassifier(SoftmaxClassifier()), CLIPS, LABELS, cv=3, method="predict_proba"
    )
    assert proba.shape == (24, 3)


def test_pipeline_from_clips_to_words_of_voices_that_are_new():
    digits = load_spoken_digits()
    is_small = np.isin(digits.target, [0, 1, 2]) & np.char.endswith(digits.speaker, "1")
    chosen = np.flatnonzero(is_small)
    clips = [digits.data[i] for i in chosen]
    pipeline = make_pipeline(
        MFCCTransformer(sample_rate=8000, deltas=1, pooling=None),
        FramewiseClassifier(QuadraticDiscriminantAnalysis(reg_param=0.1)),
    )
    scores = cross_val_score(
        pipeline,
        clips,
        digits.target[chosen],
        groups=digits.speaker[chosen],
        cv=StratifiedGroupKFold(3),
        error_score="raise",
    )
    assert np.mean(scores) > 0.8
    search = GridSearchCV(
        pipeline, {"mfcctransformer__deltas": [0, 1], "framewiseclassifier__context": [0, 2]}, cv=3
    ).fit(clips, digits.target[chosen])
    assert search.score(clips, digits.target[chosen]) > 0.9


@every_aggregate
def test_copies(aggregate):
    classifier = FITTED[aggregate, 2]
    loaded = pickle.loads(pickle.dumps(classifier))
    assert_array_equal(loaded.predict_proba(TEST_CLIPS), classifier.predict_proba(TEST_CLIPS))
    copied = clone(classifier)
    assert copied.get_params(deep=False).keys() == {"estimator", "aggregate", "context", "position"}
    assert copied.aggregate == aggregate
    for method in ["predict", "predict_log_proba", "predict_frames", "predict_frames_proba"]:
        with pytest.raises(NotFittedError):
            getattr(copied, method)(TEST_CLIPS)
    with pytest.raises(NotFittedError):
        copied.score(TEST_CLIPS, TEST_LABELS)


def test_3d_array_is_as_the_list_of_its_clips():
    X = np.stack([clip[:3] for clip in CLIPS])
    classifier = FramewiseClassifier(SoftmaxClassifier(), context=1)
    expected = clone(classifier).fit(list(X), LABELS).predict_proba(list(X))
    assert_array_equal(classifier.fit(X, LABELS).predict_proba(X), expected)


# Metadata and callbacks


@contextlib.contextmanager
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def test_weights_are_routed_to_the_estimator_that_asks_for_them():
    weights = np.random.default_rng(0).uniform(0.5, 2.0, 24)
    expected = FramewiseClassifier(STRICT).fit(CLIPS, LABELS, weights).estimator_.coef_
    with routing():
        asking = clone(STRICT).set_fit_request(sample_weight=True)
        classifier = FramewiseClassifier(asking).fit(CLIPS, LABELS, sample_weight=weights)
        assert_array_equal(classifier.estimator_.coef_, expected)
        inside = make_pipeline(asking)
        classifier = FramewiseClassifier(inside).fit(CLIPS, LABELS, sample_weight=weights)
        assert_array_equal(classifier.estimator_[-1].coef_, expected)
        refusing = FramewiseClassifier(clone(STRICT).set_fit_request(sample_weight=False))
        with pytest.raises(TypeError, match=r"sample_weight.*not routed to any object"):
            refusing.fit(CLIPS, LABELS, sample_weight=weights)
        with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
            FramewiseClassifier(STRICT).fit(CLIPS, LABELS, sample_weight=weights)


def test_weights_are_routed_through_a_search():
    weights = np.random.default_rng(0).uniform(0.5, 2.0, 24)
    folds = [(np.arange(16), np.arange(16, 24))]
    with routing():
        asking = clone(STRICT).set_fit_request(sample_weight=True)
        classifier = FramewiseClassifier(asking).set_score_request(sample_weight=True)
        search = GridSearchCV(classifier, {"context": [0, 1]}, cv=folds, error_score="raise")
        search.fit(CLIPS, LABELS, sample_weight=weights)
    for context, score in enumerate(search.cv_results_["split0_test_score"]):
        by_hand = FramewiseClassifier(STRICT, context=context)
        by_hand.fit(CLIPS[:16], LABELS[:16], weights[:16])
        assert_allclose(score, by_hand.score(CLIPS[16:], LABELS[16:], weights[16:]))


def test_callbacks_reach_the_estimator(capsys):
    monitor = ScoringMonitor(scoring="accuracy")
    classifier = FramewiseClassifier(SoftmaxClassifier().set_callbacks(monitor))
    classifier.fit(CLIPS, LABELS)
    # Of the frames, after each iteration.
    scores = [row["accuracy"] for row in monitor.get_logs().data]
    assert len(scores) == classifier.estimator_.n_iter_
    of_frames = [np.full(len(clip), label) for clip, label in zip(CLIPS, LABELS, strict=True)]
    assert scores[-1] == classifier.score(CLIPS, of_frames)
    search = GridSearchCV(FramewiseClassifier(SoftmaxClassifier()), {"context": [0, 1]}, cv=3)
    search.set_callbacks(ProgressBar(max_propagation_depth=None)).fit(CLIPS, LABELS)
    assert "SoftmaxClassifier" in capsys.readouterr().out
