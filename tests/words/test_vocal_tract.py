"""VTLNClassifier: the warp of each speaker, and everything else as without it."""

import pickle

import numpy as np
import pytest
import sklearn
import skops.io
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from skxent import LexiconClassifier, MFCCTransformer, SoftmaxClassifier
from skxent.sequences import SpeakerScaler
from skxent.words import VTLNClassifier
from skxent.words._warps import most_certain
from tests.words.vowels import RATE, draw_words, say

VOCABULARY = draw_words(32)
LEXICON = {word: " ".join(word) for word in VOCABULARY}
WARPS = (0.88, 0.92, 0.96, 1.0, 1.04, 1.08)
FRAMES = MFCCTransformer(sample_rate=RATE, fmax=3600, pooling=None)
WORDS = np.resize(VOCABULARY, 64)
CLIPS = say(WORDS)
SOUNDS = make_pipeline(FRAMES, LexiconClassifier(LEXICON, n_iter=2))
FITTED = VTLNClassifier(SOUNDS).fit(CLIPS, WORDS)
# Three voices, their clips in turn.
STRETCHES = {"long": 0.88, "usual": 1.0, "short": 1.08}
SPEAKERS = np.resize(list(STRETCHES), 48)
TEST_WORDS = np.repeat(VOCABULARY[:16], 3)
TEST_CLIPS = np.empty(48, object)
for number, (speaker, stretch) in enumerate(STRETCHES.items(), start=1):
    for place, clip in zip(
        np.flatnonzero(speaker == SPEAKERS), say(VOCABULARY[:16], stretch, number), strict=True
    ):
        TEST_CLIPS[place] = clip

# Rows in place of frames: quick, and good enough for what is not about warps.
ROWS = make_pipeline(MFCCTransformer(sample_rate=RATE, fmax=3600), SoftmaxClassifier(alpha=0.1))
FEW = np.isin(WORDS, VOCABULARY[:4])
FEW_CLIPS = [clip for clip, is_of_few in zip(CLIPS, FEW, strict=True) if is_of_few]
FEW_WORDS = WORDS[FEW]
QUICK = VTLNClassifier(ROWS, warps=[1.05, 1.0]).fit(FEW_CLIPS, FEW_WORDS)


def with_routing():
    return sklearn.config_context(enable_metadata_routing=True)


# The warp of a speaker


def test_a_stretched_voice_gets_its_stretch():
    warps = FITTED.estimate_warps(TEST_CLIPS, SPEAKERS)
    for speaker, stretch in STRETCHES.items():
        (warp,) = np.unique(warps[speaker == SPEAKERS])
        assert abs(warp - stretch) < 0.05  # a step of the warps at most
    without = FITTED.estimator_.score(TEST_CLIPS, TEST_WORDS)
    assert without < 0.9
    assert FITTED.score(TEST_CLIPS, TEST_WORDS, groups=SPEAKERS) > 0.95


def test_the_features_are_those_of_the_warped_frequencies():
    log_proba = FITTED.predict_log_proba(TEST_CLIPS, SPEAKERS)
    warps = FITTED.estimate_warps(TEST_CLIPS, SPEAKERS)
    assert len(np.unique(warps)) > 1
    for warp in np.unique(warps):
        frames = clone(FRAMES).set_params(fmax=3600 * warp).transform(TEST_CLIPS[warps == warp])
        expected = FITTED.estimator_[-1].predict_log_proba(frames)
        assert_allclose(log_proba[warps == warp], expected, rtol=1e-6)
    assert_allclose(FITTED.predict_proba(TEST_CLIPS, SPEAKERS), np.exp(log_proba))
    best = FITTED.classes_[log_proba.argmax(axis=1)]
    assert_array_equal(FITTED.predict(TEST_CLIPS, SPEAKERS), best)
    weights = np.linspace(0, 1, len(best))
    assert FITTED.score(TEST_CLIPS, TEST_WORDS, weights, groups=SPEAKERS) == pytest.approx(
        np.average(best == TEST_WORDS, weights=weights)
    )


def test_neither_order_nor_other_speakers_matter():
    log_proba = FITTED.predict_log_proba(TEST_CLIPS, SPEAKERS)
    order = np.random.default_rng(0).permutation(len(TEST_CLIPS))
    shuffled = FITTED.predict_log_proba(TEST_CLIPS[order], SPEAKERS[order])
    assert_allclose(shuffled, log_proba[order], rtol=1e-6)
    is_long = SPEAKERS == "long"
    alone = FITTED.predict_log_proba(TEST_CLIPS[is_long], SPEAKERS[is_long])
    assert_allclose(alone, log_proba[is_long], rtol=1e-6)


def test_clips_without_a_speaker_are_on_their_own():
    some = TEST_CLIPS[:6]
    alone = [FITTED.estimate_warps([clip])[0] for clip in some]
    assert len(set(alone)) > 1
    for groups in (None, [None] * 6, [np.nan] * 6):
        assert_array_equal(FITTED.estimate_warps(some, groups), alone)


@pytest.mark.parametrize("pipeline", [SOUNDS, ROWS])
def test_a_warp_of_one_is_the_estimator(pipeline):
    fitted = VTLNClassifier(pipeline, warps=[1.0]).fit(CLIPS, WORDS)
    expected = clone(pipeline).fit(CLIPS, WORDS)
    some = TEST_CLIPS[:6]
    for method in ("predict", "predict_proba", "predict_log_proba"):
        found = getattr(fitted, method)(some, SPEAKERS[:6])
        if method == "predict":
            assert_array_equal(found, expected.predict(some))
        else:
            assert_allclose(found, getattr(expected, method)(some))
    assert_array_equal(fitted.estimate_warps(some), 1.0)
    assert_array_equal(fitted.classes_, expected.classes_)


def test_warps_that_are_equally_good():
    only = VTLNClassifier(clone(SOUNDS), warps=[0.9, 1.05, 0.98, 0.9]).fit(CLIPS, WORDS)
    only.set_params(estimator__lexiconclassifier__lexicon={VOCABULARY[0]: LEXICON[VOCABULARY[0]]})
    assert_array_equal(only.estimate_warps(CLIPS[:3]), 0.98)


@given(
    st.tuples(st.integers(1, 4), st.integers(3, 8)), st.integers(0, 2**32 - 1), st.integers(0, 2)
)
def test_each_speaker_gets_the_most_certain_warp(shape, seed, n_decimals):
    rng = np.random.default_rng(seed)
    log_proba = -rng.exponential(size=(*shape, 3)).round(n_decimals)  # some of them are equal
    speakers = rng.permutation(np.resize([0, 1, 2], shape[1]))
    log_proba.setflags(write=False)
    warps, chosen = most_certain(enumerate(log_proba), speakers)
    for speaker in set(speakers.tolist()):
        of_speaker = np.flatnonzero(speakers == speaker)
        means = [
            sum(max(row) for row in of_warp[of_speaker]) / len(of_speaker) for of_warp in log_proba
        ]
        (warp,) = set(warps[of_speaker].tolist())
        assert_allclose(means[int(warp)], max(means))
        assert_array_equal(chosen[of_speaker], log_proba[int(warp)][of_speaker])


# Parameters


def test_parameters_are_left_alone():
    estimator = clone(SOUNDS)
    classifier = VTLNClassifier(estimator).fit(CLIPS, WORDS)
    classifier.predict(TEST_CLIPS[:3])
    assert classifier.estimator is estimator
    assert not hasattr(estimator[-1], "estimator_")
    assert estimator[0].fmax == classifier.estimator_[0].fmax == 3600


def test_words_set_after_fit_reach_the_fitted_estimator():
    new = {"".join(word): " ".join(word) for word in ("uai", "oie", "aEu")}
    assert not set(new) & set(VOCABULARY)
    classifier = VTLNClassifier(clone(SOUNDS)).fit(CLIPS, WORDS)
    assert_array_equal(classifier.classes_, VOCABULARY)
    outer = make_pipeline("passthrough", classifier)
    outer.set_params(vtlnclassifier__estimator__lexiconclassifier__lexicon=new)
    assert_array_equal(classifier.classes_, sorted(new))
    assert classifier.get_params()["estimator__lexiconclassifier__lexicon"] == new
    clips = say(list(new) * 4, 1.08)
    assert classifier.score(clips, list(new) * 4, groups=["new"] * 12) > 0.9


def test_warps_set_after_fit_count():
    classifier = clone(QUICK).fit(FEW_CLIPS, FEW_WORDS)
    assert_array_equal(classifier.set_params(warps=[0.9]).estimate_warps(FEW_CLIPS), 0.9)


def test_another_estimator_waits_for_the_next_fit():
    classifier = clone(QUICK).fit(FEW_CLIPS, FEW_WORDS)
    before = classifier.predict_proba(FEW_CLIPS)
    other = make_pipeline(FRAMES, LexiconClassifier(n_states=2))
    classifier.set_params(estimator=other, estimator__lexiconclassifier__n_iter=1)
    assert_array_equal(classifier.predict_proba(FEW_CLIPS), before)
    assert classifier.fit(FEW_CLIPS, FEW_WORDS).estimator_[-1].n_iter == 1


# scikit-learn's ways


def test_groups_reach_the_steps_that_request_them():
    pipeline = make_pipeline(FRAMES, SpeakerScaler(), LexiconClassifier(n_states=4, context=0))
    groups = np.resize(["Ann", "Bob"], len(FEW_CLIPS))
    with with_routing():
        classifier = VTLNClassifier(pipeline).fit(FEW_CLIPS, FEW_WORDS, groups=groups)
        expected = clone(pipeline).fit(FEW_CLIPS, FEW_WORDS, groups=groups)
        classifier.set_params(warps=[1.0])
        found = classifier.predict_log_proba(FEW_CLIPS, groups)
        assert_allclose(found, expected.predict_log_proba(FEW_CLIPS, groups=groups))
        alone = expected.predict_log_proba(FEW_CLIPS)
    assert np.abs(found - alone).max() > 1e-3
    assert_allclose(classifier.predict_log_proba(FEW_CLIPS, groups), alone)  # no routing


def test_fit_passes_arguments_on():
    weights = np.arange(len(FEW_CLIPS)) % 3
    expected = clone(ROWS).fit(FEW_CLIPS, FEW_WORDS, softmaxclassifier__sample_weight=weights)
    fitted = clone(QUICK).fit(FEW_CLIPS, FEW_WORDS, softmaxclassifier__sample_weight=weights)
    assert_array_equal(fitted.estimator_[-1].coef_, expected[-1].coef_)
    with with_routing():
        last = SoftmaxClassifier(alpha=0.1).set_fit_request(sample_weight=True)
        routed = VTLNClassifier(make_pipeline(ROWS[0], last))
        routed.fit(FEW_CLIPS, FEW_WORDS, sample_weight=weights)
    assert_array_equal(routed.estimator_[-1].coef_, expected[-1].coef_)


def test_folds_and_searches_pass_speakers_on():
    settings = {"cv": GroupKFold(3), "error_score": "raise"}
    classifier = VTLNClassifier(SOUNDS, warps=[0.88, 1.0, 1.08])
    with with_routing():
        params = {"groups": SPEAKERS}
        found = cross_validate(
            classifier, TEST_CLIPS, TEST_WORDS, params=params, return_estimator=True, **settings
        )
        search = GridSearchCV(classifier, {"warps": [[1.0], [0.88, 1.0, 1.08]]}, **settings)
        search.fit(TEST_CLIPS, TEST_WORDS, groups=SPEAKERS)
    scores = [
        fitted.score(TEST_CLIPS[test], TEST_WORDS[test], groups=SPEAKERS[test])
        for fitted, (_, test) in zip(
            found["estimator"], GroupKFold(3).split(TEST_CLIPS, groups=SPEAKERS), strict=True
        )
    ]
    assert_array_equal(found["test_score"], scores)
    assert search.cv_results_["mean_test_score"][1] == np.mean(scores)


def test_progress_reaches_the_steps(capsys):
    progress = ProgressBar(max_propagation_depth=None)
    clone(QUICK).set_callbacks(progress).fit(FEW_CLIPS, FEW_WORDS)
    shown = capsys.readouterr().out
    assert "VTLNClassifier" in shown
    assert "SoftmaxClassifier" in shown


def test_saved_and_loaded():
    some = TEST_CLIPS[:6]
    expected = FITTED.predict_proba(some, SPEAKERS[:6])
    archive = skops.io.dumps(FITTED)
    trusted = skops.io.get_untrusted_types(data=archive)
    assert all(name.startswith("skxent.") for name in trusted)
    for other in (pickle.loads(pickle.dumps(FITTED)), skops.io.loads(archive, trusted=trusted)):
        assert_array_equal(other.predict_proba(some, SPEAKERS[:6]), expected)


# Errors


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (SoftmaxClassifier(), "exactly one MFCCTransformer among its steps, got SoftmaxClassifier"),
        (make_pipeline("passthrough", LogisticRegression()), "a Pipeline of str, Logistic"),
        (make_pipeline(FRAMES, FRAMES, SoftmaxClassifier()), "of MFCCTransformer, MFCCTransformer"),
        (make_pipeline(FRAMES, LinearSVC()), "'estimator' parameter of VTLNClassifier must be"),
    ],
)
def test_estimators_without_a_warp_or_a_probability(estimator, message):
    with pytest.raises(ValueError, match=message):
        VTLNClassifier(estimator).fit(FEW_CLIPS, FEW_WORDS)


@pytest.mark.parametrize(
    ("warps", "settings", "message"),
    [
        ([1.0, 1.2], {}, r"1\.2, the largest .* sample_rate=8000, so choose fmax=3333 or less"),
        ([0.5], {"fmax": None}, r"fmax=8000 or less, got fmax=None"),
        ([0.5, 1], {"fmin": 1800}, r"fmax=3600 of mfcctransformer times 0\.5, .* its fmin=1800"),
        ([1.0], {"fmax": "all"}, r"'fmax' parameter of MFCCTransformer"),
        ([], {}, r"warps must be one positive number or more, got \[\]"),
        ([[1.0]], {}, r"warps must be one positive number or more, got \[\[1\.0\]\]"),
        ([0.0, 1.0], {}, r"warps must be one positive number or more, got \[0\.0"),
        ([1.0, np.nan], {}, r"warps must be one positive number or more, got \[1\.0, nan"),
        (["long"], {}, r"warps must be numbers, got \['long'\]"),
        (1.0, {}, r"'warps' parameter of VTLNClassifier must be an array-like"),
    ],
)
def test_warps_that_do_not_fit(warps, settings, message):
    estimator = clone(ROWS)
    estimator[0].set_params(**settings)
    with pytest.raises(ValueError, match=message):
        VTLNClassifier(estimator, warps=warps).fit(FEW_CLIPS, FEW_WORDS)


def test_bad_input():
    with pytest.raises(NotFittedError):
        clone(QUICK).predict(FEW_CLIPS)
    assert not hasattr(clone(QUICK), "classes_")
    with pytest.raises(ValueError, match="groups must have one entry for each of 8 clips"):
        QUICK.predict(FEW_CLIPS, groups=["Ann"])
    with pytest.raises(ValueError, match="y must have one label for each of 8 clips, got 7"):
        clone(QUICK).fit(FEW_CLIPS, FEW_WORDS[1:])
    with pytest.raises(TypeError, match="X must be a list of clips, got a single path"):
        QUICK.predict("clip.wav")
    classifier = clone(QUICK).fit(FEW_CLIPS, FEW_WORDS)
    with pytest.raises(ValueError, match=r"1\.5, the largest of warps"):
        classifier.set_params(warps=[1.5]).predict(FEW_CLIPS)
