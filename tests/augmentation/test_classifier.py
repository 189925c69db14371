"""AugmentedClassifier: copies at fit alone, and everything else as without it."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
import skops.io
from imblearn.pipeline import make_pipeline as make_imblearn_pipeline
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.callback import ProgressBar
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, RidgeClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    LeaveOneGroupOut,
    StratifiedGroupKFold,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline

from skxent import (
    AudioAugmenter,
    AugmentedClassifier,
    MFCCTransformer,
    SoftmaxClassifier,
    SoftmaxClassifierCV,
)
from skxent.augmentation import AddNoise, ChangeGain
from tests._fitting.callbacks import Watch
from tests.augmentation.clips import RATE, Borrow, KeepFirst, Spy, first_samples, jitter, tones

N_CLIPS = 12
CLIPS = tones(N_CLIPS)
WORDS = np.array(["no", "yes"] * (N_CLIPS // 2))
SPEAKERS = np.repeat(["Ann", "Bob", "Cyd", "Dee"], N_CLIPS // 4)


def augmenter_of(effects=None, **settings):
    effects = AddNoise() if effects is None else effects
    return AudioAugmenter(effects, **{"sample_rate": RATE, "random_state": 0} | settings)


def pipeline_of(classifier=None, **settings):
    # With this penalty, a fit differs by no more than its features.
    classifier = SoftmaxClassifier(alpha=1.0) if classifier is None else classifier
    return make_pipeline(MFCCTransformer(sample_rate=RATE, **settings), classifier)


def augmented(classifier=None, effects=None, **settings):
    return AugmentedClassifier(pipeline_of(classifier), augmenter_of(effects, **settings))


# No copy where it does not belong.


@pytest.fixture
def spy(monkeypatch):
    monkeypatch.setattr(Spy, "fits", [])
    monkeypatch.setattr(Spy, "predictions", [])
    return Spy


def check_folds(spy, n_copies):
    """Check that copies are in training folds alone, and only of clips that are there."""
    every = set(first_samples(CLIPS))
    assert len(spy.fits) >= len(spy.predictions) > 0
    for fitted in spy.fits:
        originals = sorted(name for name, is_copy in fitted if not is_copy)
        copies = sorted(name for name, is_copy in fitted if is_copy)
        assert copies == sorted(originals * n_copies)
    for fitted, predicted in zip(spy.fits, spy.predictions, strict=False):
        tested = {name for name, _ in predicted}
        assert not any(is_copy for _, is_copy in predicted)
        assert tested | {name for name, _ in fitted} == every
        assert not tested & {name for name, _ in fitted}


def wrapped(spy):
    return AugmentedClassifier(spy(), augmenter_of(KeepFirst(), n_copies=2))


def piped(spy):
    return make_imblearn_pipeline(augmenter_of(KeepFirst(), n_copies=2), spy())


@pytest.mark.parametrize("make", [wrapped, piped])
@pytest.mark.parametrize("cv", [LeaveOneGroupOut(), StratifiedGroupKFold(3)])
def test_no_copy_reaches_a_test_fold(spy, make, cv):
    cross_val_score(make(spy), CLIPS, WORDS, groups=SPEAKERS, cv=cv)
    check_folds(spy, 2)
    assert len(spy.fits) == cv.get_n_splits(CLIPS, WORDS, SPEAKERS)


@pytest.mark.parametrize("make", [wrapped, piped])
def test_no_copy_reaches_a_test_fold_of_a_search(spy, make):
    name = "augmenter" if make is wrapped else "audioaugmenter"
    search = GridSearchCV(make(spy), {f"{name}__n_copies": [2]}, cv=LeaveOneGroupOut())
    search.fit(CLIPS, WORDS, groups=SPEAKERS)
    check_folds(spy, 2)
    assert len(spy.fits) == 4 + 1


# Copies at fit alone.


@pytest.mark.parametrize("keep_original", [True, False])
def test_it_is_the_estimator_fitted_to_clips_and_copies(keep_original):
    augmenter = augmenter_of(n_copies=2, keep_original=keep_original)
    weights = np.linspace(0.5, 2, N_CLIPS)
    X, y, w = augmenter.fit_resample(CLIPS, WORDS, sample_weight=weights)
    expected = pipeline_of().fit(X, y, softmaxclassifier__sample_weight=w)
    fitted = AugmentedClassifier(pipeline_of(), augmenter).fit(CLIPS, WORDS, weights)
    np.testing.assert_array_equal(fitted.estimator_[-1].coef_, expected[-1].coef_)
    for method in ["predict", "predict_proba", "predict_log_proba", "decision_function"]:
        np.testing.assert_array_equal(
            getattr(fitted, method)(CLIPS), getattr(expected, method)(CLIPS)
        )
    assert fitted.score(CLIPS, WORDS, weights) == np.average(
        expected.predict(CLIPS) == WORDS, weights=weights
    )
    assert fitted.classes_.tolist() == ["no", "yes"]
    assert len(fitted.estimator_[-1].loss_curve_) == fitted.estimator_[-1].n_iter_ + 1


def test_parameters_are_left_alone():
    classifier = augmented()
    classifier.fit(CLIPS, WORDS)
    assert not hasattr(classifier.estimator[-1], "coef_")
    assert classifier.augmenter_ is not classifier.augmenter
    assert classifier.augmenter_.get_params(deep=False)["n_copies"] == 1


def test_weights_are_repeated_clips():
    weights = np.arange(N_CLIPS) % 3
    settings = SoftmaxClassifier(alpha=1.0, solver="newton-cg", tol=1e-8)
    weighed = augmented(settings).fit(CLIPS, WORDS, weights)
    some = np.repeat(np.arange(N_CLIPS), weights)
    repeated = augmented(settings).fit([CLIPS[i] for i in some], WORDS[some])
    np.testing.assert_allclose(
        weighed.estimator_[-1].coef_, repeated.estimator_[-1].coef_, rtol=1e-5, atol=1e-6
    )


def test_distributions():
    targets = np.random.default_rng(0).dirichlet([1, 1, 1], N_CLIPS)
    fitted = augmented().fit(CLIPS, targets)
    X, y = augmenter_of().fit_resample(CLIPS, targets)
    np.testing.assert_array_equal(fitted.estimator_[-1].coef_, pipeline_of().fit(X, y)[-1].coef_)


def test_matrices_and_frames():
    rows = np.array(CLIPS)
    fitted = augmented().fit(rows, WORDS)
    expected = augmented().fit(CLIPS, WORDS).predict_proba(CLIPS)
    np.testing.assert_allclose(fitted.predict_proba(rows), expected, rtol=1e-5)
    assert fitted.n_features_in_ == rows.shape[1]
    with pytest.raises(ValueError, match="X has 5 features, but AugmentedClassifier is expecting"):
        fitted.predict(rows[:, :5])
    table = pd.DataFrame(rows).rename(columns=lambda i: f"t{i}")
    fitted.fit(table, WORDS)
    assert fitted.feature_names_in_[1] == "t1"
    np.testing.assert_allclose(fitted.predict_proba(table), expected, rtol=1e-5)
    fitted.fit(CLIPS, WORDS)
    assert not hasattr(fitted, "n_features_in_")


def test_methods_are_the_estimators():
    classifier = augmented(RidgeClassifier())
    for one in [classifier, classifier.fit(CLIPS, WORDS)]:
        assert hasattr(one, "decision_function")
        assert not hasattr(one, "predict_proba")
        assert not hasattr(one, "predict_log_proba")


# What else goes into a fit.


class Inquisitive(ClassifierMixin, BaseEstimator):
    """A classifier that keeps what its `fit` is given."""

    def fit(self, X, y, sample_weight=None, groups=None, X_val=None, y_val=None, more=None):
        self.classes_, self.n_clips_ = np.unique(y), len(X)
        self.given_ = {"sample_weight": sample_weight, "groups": groups, "more": more}
        self.given_ |= {"X_val": X_val, "y_val": y_val}
        return self

    def predict(self, X):
        return np.resize(self.classes_, len(X))


def test_arguments_with_an_entry_for_each_clip_are_resampled():
    labels = WORDS.tolist()
    classifier = AugmentedClassifier(Inquisitive(), augmenter_of())
    for more, expected in [(np.arange(N_CLIPS), [*range(N_CLIPS)] * 2), ([1, 2], [1, 2]), (3, 3)]:
        given = {"sample_weight": labels, "groups": SPEAKERS, "more": more}
        given |= {"X_val": CLIPS, "y_val": WORDS}
        fitted = classifier.fit(CLIPS, WORDS, **given).estimator_
        assert fitted.n_clips_ == 2 * N_CLIPS
        assert fitted.given_["sample_weight"] == labels * 2
        assert fitted.given_["groups"].tolist() == SPEAKERS.tolist() * 2
        assert np.asarray(fitted.given_["more"]).tolist() == expected
        assert fitted.given_["X_val"] is CLIPS
        assert fitted.given_["y_val"] is WORDS


def test_steps_of_a_pipeline_get_theirs():
    pipeline = make_pipeline("passthrough", Inquisitive())
    classifier = AugmentedClassifier(pipeline, augmenter_of())
    values = {f"inquisitive__{name}": np.arange(N_CLIPS) for name in ["more", "X_val", "y_val"]}
    given = classifier.fit(CLIPS, WORDS, sample_weight=SPEAKERS, **values).estimator_[-1].given_
    assert given["sample_weight"].tolist() == SPEAKERS.tolist() * 2
    assert (len(given["more"]), len(given["X_val"]), len(given["y_val"])) == (24, 12, 12)
    assert given["groups"] is None


@pytest.mark.parametrize("n_weights", [1, N_CLIPS + 1])
def test_weights_of_another_number_are_an_error(n_weights):
    for weights in [np.ones(n_weights), [1.0] * n_weights]:
        with pytest.raises(ValueError, match="sample_weight must have one entry for each of 12"):
            augmented().fit(CLIPS, WORDS, weights)
    with pytest.raises(ValueError, match="groups must have one entry for each of 12"):
        augmented().fit(CLIPS, WORDS, groups=["a"] * n_weights)


def test_what_takes_no_weights_says_so():
    with pytest.raises(ValueError, match="Spy takes no sample_weight"):
        AugmentedClassifier(Spy(), augmenter_of()).fit(CLIPS, WORDS, np.ones(N_CLIPS))


def test_validation_clips_are_not_augmented():
    classifier = SoftmaxClassifier(alpha=1.0)
    rows = MFCCTransformer(sample_rate=RATE).transform(CLIPS)
    given = {"softmaxclassifier__X_val": rows, "softmaxclassifier__y_val": WORDS}
    plain = augmented(classifier).fit(CLIPS, WORDS, **given)
    with sklearn.config_context(enable_metadata_routing=True):
        classifier.set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline(
            MFCCTransformer(sample_rate=RATE), classifier, transform_input=["X_val"]
        )
        routed = AugmentedClassifier(pipeline, augmenter_of())
        routed.fit(CLIPS, WORDS, X_val=CLIPS, y_val=WORDS)
    np.testing.assert_array_equal(
        routed.estimator_[-1].validation_loss_curve_, plain.estimator_[-1].validation_loss_curve_
    )


def test_routing():
    with sklearn.config_context(enable_metadata_routing=True):
        inner = Inquisitive().set_fit_request(sample_weight="w", groups=True)
        pipeline = make_pipeline("passthrough", inner)
        classifier = AugmentedClassifier(pipeline, augmenter_of(Borrow()))
        fitted = classifier.fit(CLIPS, WORDS, groups=SPEAKERS, w=np.arange(N_CLIPS))
        given = fitted.estimator_[-1].given_
        assert given["sample_weight"].tolist() == [*range(N_CLIPS)] * 2
        assert given["groups"].tolist() == SPEAKERS.tolist() * 2
        # Without its request, the augmenter alone gets the groups.
        inner.set_fit_request(groups=False)
        fitted = classifier.fit(CLIPS, WORDS, groups=SPEAKERS)
        assert fitted.estimator_[-1].given_["groups"] is None
        with pytest.raises(TypeError, match="unexpected argument"):
            classifier.fit(CLIPS, WORDS, nosuch=1)


class Listener(AudioAugmenter):
    """An augmenter that notes the groups that it is given."""

    heard = []  # noqa: RUF012

    def __init__(self, effects, *, sample_rate):
        super().__init__(effects, sample_rate=sample_rate)

    def fit_resample(self, X, y, groups=None):
        self.heard.append(groups)
        return super().fit_resample(X, y, groups=groups)


def test_searches_pass_groups_to_the_augmenter(monkeypatch):
    monkeypatch.setattr(Listener, "heard", [])
    classifier = AugmentedClassifier(Spy(), Listener(jitter, sample_rate=RATE))
    with sklearn.config_context(enable_metadata_routing=True):
        cross_val_score(
            classifier, CLIPS, WORDS, params={"groups": SPEAKERS}, cv=LeaveOneGroupOut()
        )
        GridSearchCV(classifier, {}, cv=GroupKFold(4)).fit(CLIPS, WORDS, groups=SPEAKERS)
    cross_val_score(
        classifier, CLIPS, WORDS, groups=SPEAKERS, params={"groups": SPEAKERS}, cv=GroupKFold(4)
    )
    assert [len(set(groups)) for groups in Listener.heard] == [3] * 4 + [3] * 4 + [4] + [3] * 4


def test_a_search_of_learning_rates_splits_by_groups():
    search = SoftmaxClassifierCV(learning_rates=2, cv=GroupKFold(2), max_iter=3)
    classifier = augmented(search)
    with pytest.warns(sklearn.exceptions.ConvergenceWarning):
        fitted = classifier.fit(CLIPS, WORDS, softmaxclassifiercv__groups=SPEAKERS)
    assert fitted.predict(CLIPS).shape == (N_CLIPS,)


def test_callbacks_reach_the_estimator(capsys):
    watch = Watch(stop_after=2)
    classifier = augmented(SoftmaxClassifier(solver="gd").set_callbacks(watch))
    assert classifier.fit(CLIPS, WORDS).estimator_[-1].n_iter_ == 2
    progress = ProgressBar(max_propagation_depth=None)
    augmented().set_callbacks(progress).fit(CLIPS, WORDS)
    shown = capsys.readouterr().out
    assert "AugmentedClassifier" in shown
    assert "SoftmaxClassifier" in shown


# Searches, files, and the rest.


def test_settings_of_effects_are_searched(tmp_path):
    grid = {"augmenter__addnoise__snr": [0, 60], "augmenter__n_copies": [0, 1]}
    classifier = augmented(effects=[AddNoise("pink"), ChangeGain()])
    classifier.set_params(estimator__mfcctransformer__cache=tmp_path)
    searches = [
        GridSearchCV(classifier, grid, cv=GroupKFold(2), n_jobs=n_jobs, scoring="neg_log_loss")
        for n_jobs in [1, 2]
    ]
    scores = [
        search.fit(CLIPS, WORDS, groups=SPEAKERS).cv_results_["mean_test_score"]
        for search in searches
    ]
    np.testing.assert_array_equal(*scores)
    assert len(np.unique(scores[0])) == 3  # no copies: whatever the noise
    # By hand: in a loop, and without a cache.
    folds = list(GroupKFold(2).split(CLIPS, WORDS, SPEAKERS))
    for setting, score in zip(searches[0].cv_results_["params"], scores[0], strict=True):
        one = clone(classifier).set_params(**setting, estimator__mfcctransformer__cache=None)
        losses = []
        for train, test in folds:
            one.fit([CLIPS[i] for i in train], WORDS[train])
            probabilities = one.predict_proba([CLIPS[i] for i in test])
            losses.append(log_loss(WORDS[test], probabilities, labels=one.classes_))
        np.testing.assert_allclose(-np.mean(losses), score, rtol=1e-4)


def test_an_imblearn_pipeline_searches_as_well():
    steps = [MFCCTransformer(sample_rate=RATE), SoftmaxClassifier(alpha=1.0)]
    pipeline = make_imblearn_pipeline(augmenter_of(n_copies=2), *steps)
    fitted = clone(pipeline).fit(CLIPS, WORDS)
    expected = AugmentedClassifier(pipeline_of(), augmenter_of(n_copies=2)).fit(CLIPS, WORDS)
    np.testing.assert_array_equal(fitted.predict_proba(CLIPS), expected.predict_proba(CLIPS))
    grid = {"audioaugmenter__n_copies": [1, 2], "audioaugmenter__addnoise__snr": [0, 20]}
    search = GridSearchCV(pipeline, grid, cv=GroupKFold(2), scoring="neg_log_loss")
    by_hand = GridSearchCV(
        expected,
        {name.replace("audioaugmenter", "augmenter"): values for name, values in grid.items()},
        cv=GroupKFold(2),
        scoring="neg_log_loss",
    )
    results = [one.fit(CLIPS, WORDS, groups=SPEAKERS).cv_results_ for one in [search, by_hand]]
    np.testing.assert_allclose(*(found["mean_test_score"] for found in results), rtol=1e-6)
    with sklearn.config_context(enable_metadata_routing=True):
        pipeline.fit(CLIPS, WORDS)


def test_features_and_predictions_are_the_same_with_threads():
    clips = tones(N_CLIPS, 70_000)
    one, two = (
        AugmentedClassifier(pipeline_of(n_jobs=n_jobs), augmenter_of([AddNoise(), jitter]))
        for n_jobs in [1, 2]
    )
    np.testing.assert_allclose(
        one.fit(clips, WORDS).predict_proba(clips),
        two.fit(clips, WORDS).predict_proba(clips),
        rtol=1e-3,
    )


def test_saved_and_loaded():
    fitted = augmented(effects=[AddNoise(["white", "pink"]), ChangeGain()]).fit(CLIPS, WORDS)
    expected = fitted.predict_proba(CLIPS)
    archive = skops.io.dumps(fitted)
    trusted = skops.io.get_untrusted_types(data=archive)
    assert all(name.startswith("skxent.") for name in trusted)
    copies = [
        pickle.loads(pickle.dumps(fitted)),
        copy.deepcopy(fitted),
        skops.io.loads(archive, trusted=trusted),
    ]
    for other in copies:
        np.testing.assert_array_equal(other.predict_proba(CLIPS), expected)
        np.testing.assert_array_equal(other.fit(CLIPS, WORDS).predict_proba(CLIPS), expected)


def test_a_network_learns_from_copies():
    pytest.importorskip("torch")
    from skxent.neural import RNNClassifier

    network = RNNClassifier(hidden_size=4, max_iter=2, random_state=0)
    fitted = AugmentedClassifier(pipeline_of(network, pooling=None), augmenter_of())
    fitted.fit(CLIPS, WORDS, rnnclassifier__sample_weight=np.ones(N_CLIPS))
    assert fitted.predict_proba(CLIPS).shape == (N_CLIPS, 2)


def test_bad_input():
    with pytest.raises(ValueError, match="estimator must be a classifier, got LinearRegression"):
        AugmentedClassifier(LinearRegression(), augmenter_of()).fit(CLIPS, WORDS)
    with pytest.raises(ValueError, match="'augmenter' parameter of AugmentedClassifier must be"):
        AugmentedClassifier(Spy(), AddNoise()).fit(CLIPS, WORDS)
    with pytest.raises(ValueError, match="'n_copies' parameter of AudioAugmenter must be"):
        augmented(n_copies=-1).fit(CLIPS, WORDS)
    with pytest.raises(ValueError, match="y must have one label for each of 12 clips, got 11"):
        augmented().fit(CLIPS, WORDS[1:])
    with pytest.raises(NotFittedError):
        augmented().predict(CLIPS)


def test_copies_and_clips_must_be_taken_to_have_one_rate():
    classifier = augmented(sample_rate=2 * RATE)
    message = r"sample_rate=16000, and the estimator has mfcctransformer__sample_rate=8000, so"
    with pytest.raises(ValueError, match=message):
        classifier.fit(CLIPS, WORDS)
    with pytest.raises(ValueError, match=message):
        classifier.fit(np.array(CLIPS), WORDS)
    classifier.fit([(RATE, clip) for clip in CLIPS], WORDS)  # these have a rate of their own


def test_a_failing_effect_names_the_clip_and_the_copy():
    classifier = augmented(effects=lambda samples, sample_rate: None)
    with pytest.raises(ValueError, match=r"^clip 0, copy 1: <lambda>: returned nothing"):
        classifier.fit(CLIPS, WORDS)
