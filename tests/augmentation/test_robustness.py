"""What robustness_curve hands to classifiers, and what it makes of their answers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from imblearn.pipeline import make_pipeline as make_imblearn_pipeline
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.metrics import balanced_accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.class_weight import compute_sample_weight

from skxent import MFCCTransformer, SoftmaxClassifier
from skxent.audio import load
from skxent.augmentation import (
    AddNoise,
    AudioAugmenter,
    AugmentedClassifier,
    BandLimit,
    ChangeGain,
    Reverberate,
    robustness_curve,
)

RATE = 8000
CLIPS = [np.sin(np.arange(300 + 50 * i) * (0.1 + 0.05 * i)) for i in range(12)]
LABELS = np.array(["low", "low", "high"] * 4)


class Spy(ClassifierMixin, BaseEstimator):
    """Keeps the samples that it is asked to classify, and finds them all low."""

    def __init__(self):
        self.asked = []

    def predict(self, X):
        self.asked.append([load(clip, RATE) for clip in X])
        return np.full(len(X), "low")


class Told(ClassifierMixin, BaseEstimator):
    """Predicts what it is told."""

    def __init__(self, answers):
        self.answers = answers

    def predict(self, X):
        return self.answers


def curve(estimator, X=CLIPS, y=LABELS, **settings):
    return robustness_curve(estimator, X, y, **{"sample_rate": RATE} | settings)


def judge(answers, y=LABELS, **settings):
    """Return score and standard error of answers about clean clips."""
    result = curve(Told(answers), np.zeros((len(y), 9)), y, snr=math.inf, **settings)
    return result.scores.item(), result.standard_errors.item()


def ratios(copies):
    noise = [copy - clip for copy, clip in zip(copies, CLIPS, strict=True)]
    return [
        10 * np.log10(np.mean(clip**2) / np.mean(added**2))
        for clip, added in zip(CLIPS, noise, strict=True)
    ]


def test_each_effect_meets_each_ratio_and_clean_clips_are_asked_for_once():
    spy = Spy()
    effects = [AddNoise("white"), AddNoise("brown")]
    result = curve(spy, effects=effects, snr=[-5, 3.5, math.inf])
    assert len(spy.asked) == 5
    for asked, ratio in zip(
        np.array(spy.asked, dtype=object)[[0, 1, 3, 4]], [-5, 3.5] * 2, strict=True
    ):
        np.testing.assert_allclose(ratios(asked), ratio, atol=0.1)
    for clip, expected in zip(spy.asked[2], CLIPS, strict=True):
        np.testing.assert_array_equal(clip, expected)
    assert result.effect_names == ["white", "brown"]
    np.testing.assert_array_equal(result.snr, [-5, 3.5, math.inf])
    assert result.correct.shape == (2, 3, 12)
    assert result.correct.dtype == bool
    np.testing.assert_array_equal(result.correct, np.broadcast_to(LABELS == "low", (2, 3, 12)))
    np.testing.assert_allclose(result.effect_scores, np.full((2, 3), 2 / 3))
    assert effects[0].snr == (0, 20)


def test_noise_is_the_same_for_each_estimator_ratio_and_company():
    one, other, alone = Spy(), Spy(), Spy()
    curve(one, snr=[0, 10])
    curve(other, snr=[0, 10])
    curve(alone, snr=[10], effects=AddNoise("babble"))
    assert len(one.asked) == len(other.asked) == 8
    for some, same in zip(one.asked, other.asked, strict=True):
        for copy, expected in zip(some, same, strict=True):
            np.testing.assert_array_equal(copy, expected)
    for i, clip in enumerate(CLIPS):
        louder, quieter = (some[i] - clip for some in one.asked[:2])
        np.testing.assert_allclose(louder, quieter * 10**0.5, atol=1e-12)
        np.testing.assert_array_equal(alone.asked[0][i], one.asked[7][i])
    different = Spy()
    curve(different, snr=[0], random_state=1)
    assert not np.array_equal(different.asked[0][0], one.asked[0][0])


@pytest.mark.parametrize("random_state", [None, np.random.RandomState(0)])
def test_noise_is_the_same_at_all_ratios_whatever_the_seed(random_state):
    spy = Spy()
    curve(spy, effects=AddNoise(), snr=[0, 20], random_state=random_state)
    curve(spy, effects=AddNoise(), snr=[0], random_state=random_state)
    louder, quieter, again = (asked[0] - CLIPS[0] for asked in spy.asked)
    np.testing.assert_allclose(louder, quieter * 10, atol=1e-12)
    assert not np.allclose(louder, again)


def test_copies_are_those_of_the_augmenter():
    effects = [BandLimit(fmax=1000), AddNoise("pink")]
    spy = Spy()
    curve(spy, effects=[effects], snr=[7, math.inf], random_state=3)
    for asked, snr in zip(spy.asked, [7, math.inf], strict=True):
        augmenter = AudioAugmenter(
            [BandLimit(fmax=1000), AddNoise("pink", snr=snr)],
            keep_original=False,
            sample_rate=RATE,
            random_state=3,
        )
        expected, _ = augmenter.fit_resample(CLIPS, LABELS)
        for copy, (_, deferred) in zip(asked, expected, strict=True):
            np.testing.assert_array_equal(copy, np.asarray(deferred))


def test_babble_is_made_of_other_groups():
    groups = np.repeat([0, 1], 6)
    clips = [np.sin(np.arange(800) * (0.3 if g else 1.1) + i) for i, g in enumerate(groups)]
    spy = Spy()
    curve(spy, clips, effects=AddNoise("babble"), snr=[0], groups=groups)
    for group, clip, copy in zip(groups, clips, spy.asked[0], strict=True):
        spectrum = np.abs(np.fft.rfft((copy - clip) * np.hanning(800)))
        frequency = np.argmax(spectrum) * 2 * np.pi / 800
        assert frequency == pytest.approx(1.1 if group else 0.3, abs=0.02)


@pytest.mark.parametrize(
    ("effects", "names"),
    [
        (None, ["white", "pink", "brown", "babble"]),
        (AddNoise(), ["white"]),
        (AddNoise("pink"), ["pink"]),
        ([AddNoise(["white", "pink"])], ["white or pink"]),
        ([AddNoise(), AddNoise(), AddNoise("pink")], ["white (1)", "white (2)", "pink"]),
        ([[ChangeGain(), AddNoise("brown")]], ["ChangeGain + brown"]),
        ({"mine": AddNoise(np.ones(9)), 2: [AddNoise()]}, ["mine", "2"]),
        (AddNoise([np.ones(9)]), ["AddNoise"]),
    ],
)
def test_effects_have_names(effects, names):
    assert curve(Spy(), effects=effects, snr=[math.inf]).effect_names == names


def plain_error(answers, weights, groups):
    """Return score and standard error of answers that are right (1) or wrong, in plain loops."""
    total = sum(weights)
    score = sum(w * c for w, c in zip(weights, answers, strict=True)) / total
    sums = {}
    for c, w, g in zip(answers, weights, groups, strict=True):
        sums[g] = sums.get(g, 0.0) + w * (c - score)
    variance = len(sums) / (len(sums) - 1) * sum(s**2 for s in sums.values())
    return score, math.sqrt(variance) / total


@given(
    st.lists(
        st.tuples(st.booleans(), st.floats(0.1, 10.0), st.sampled_from("abcd")),
        min_size=3,
        max_size=30,
    ).filter(lambda rows: len({row[2] for row in rows}) > 1)
)
def test_standard_error_is_that_of_the_formula(rows):
    right, weights, groups = zip(*rows, strict=True)
    y, answers = np.ones(len(rows)), np.array(right, dtype=float)
    for settings in (
        {"sample_weight": weights, "groups": groups},
        {"sample_weight": weights},
    ):
        expected = plain_error(answers, weights, settings.get("groups", range(len(rows))))
        np.testing.assert_allclose(judge(answers, y, **settings), expected, atol=1e-12)
    textbook = np.std(answers, ddof=1) / np.sqrt(len(rows))
    np.testing.assert_allclose(judge(answers, y)[1], textbook, atol=1e-12)


def test_a_clip_counts_once_however_many_effects_there_are():
    class Fickle(Told):
        def predict(self, X):
            return self.answers.pop(0)

    y = np.ones(6)
    answers = [
        np.array(row) for row in ([1, 0, 1, 1, 0, 1], [1, 0, 0, 1, 0, 1], [1, 0, 1, 1, 0, 1])
    ]
    effects = {name: AddNoise() for name in "abc"}
    result = curve(Fickle(list(answers)), CLIPS[:6], y, effects=effects, snr=5)
    means = np.mean(answers, axis=0)
    np.testing.assert_allclose(result.scores, [means.mean()])
    np.testing.assert_allclose(result.standard_errors, [np.std(means, ddof=1) / np.sqrt(6)])
    np.testing.assert_allclose(result.effect_scores[:, 0], np.mean(answers, axis=1))
    expected = [np.std(row, ddof=1) / np.sqrt(6) for row in answers]
    np.testing.assert_allclose(result.effect_standard_errors[:, 0], expected)
    np.testing.assert_array_equal(result.correct[:, 0], answers)


@pytest.mark.parametrize("by_group", [False, True])
def test_standard_error_is_the_spread_of_scores_of_other_samples(by_group):
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 10)
    y, scores, errors = np.ones(200), [], []
    for _ in range(150):
        ease = rng.uniform(0.4, 1.0, 20)[groups] if by_group else 0.7
        score, error = judge(
            (rng.random(200) < ease).astype(float), y, groups=groups if by_group else None
        )
        scores.append(score)
        errors.append(error)
    assert np.mean(errors) == pytest.approx(np.std(scores), rel=0.15)


def test_of_one_group_the_standard_error_is_unknown():
    assert math.isnan(judge(LABELS, groups=["a"] * 12)[1])
    weights = [1.0] + [0.0] * 11
    assert judge(LABELS, sample_weight=weights)[0] == 1.0
    assert math.isnan(judge(LABELS, sample_weight=weights)[1])


def test_balanced_weights_make_the_balanced_accuracy():
    answers = np.roll(LABELS, 3)
    answers[:5] = "low"
    score, _ = judge(answers, sample_weight=compute_sample_weight("balanced", LABELS))
    assert score == pytest.approx(balanced_accuracy_score(LABELS, answers))


def test_any_classifier_of_clips_has_a_curve():
    transformer = MFCCTransformer(sample_rate=RATE)
    augmenter = AudioAugmenter(AddNoise(), sample_rate=RATE, random_state=0)
    pipeline = make_pipeline(transformer, SoftmaxClassifier())
    estimators = [
        pipeline,
        AugmentedClassifier(pipeline, augmenter),
        VotingClassifier([("a", pipeline), ("b", pipeline)]),
        make_imblearn_pipeline(augmenter, transformer, SoftmaxClassifier()),
    ]
    X, y = np.array([clip[:300] for clip in CLIPS]), LABELS
    for estimator in estimators:
        if isinstance(estimator, VotingClassifier):
            estimator.fit(X, y)
        else:
            estimator.fit(list(X), y)
        result = curve(estimator, list(X), snr=[0, math.inf], effects=[AddNoise("pink")])
        assert result.scores[1] == pytest.approx(estimator.score(list(X), y))
        assert 0 <= result.scores[0] <= 1


def test_input_is_not_changed():
    clips = [clip.copy() for clip in CLIPS]
    for clip in clips:
        clip.flags.writeable = False
    effects = {"a": [AddNoise("pink")]}
    curve(Spy(), clips, effects=effects, groups=range(12))
    assert effects["a"][0].snr == (0, 20)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"effects": BandLimit(fmax=500)}, "effects: BandLimit has no setting snr"),
        ({"effects": [AddNoise(), np.negative]}, "effects: negative has no setting snr"),
        (
            {"effects": [[Reverberate(), ChangeGain()]]},
            r"effects: Reverberate \+ ChangeGain has no setting snr; .* as \[\[Reverberate",
        ),
        ({"effects": []}, "effects must hold at least one"),
        ({"effects": {}}, "effects must hold at least one"),
        ({"effects": [[]]}, "effects: .* no setting snr"),
        ({"effects": "pink"}, "effects must be effects, .*'pink'"),
        ({"effects": AddNoise}, "effects must be effects, .*AddNoise"),
        ({"effects": [3]}, "effects must be effects, .*got 3"),
        ({"snr": []}, "snr must be a number or a list"),
        ({"snr": "high"}, "snr must be a number or a list"),
        ({"snr": [[0]]}, "snr must be a number or a list"),
        ({"snr": [0, math.nan]}, "snr must be numbers"),
        ({"snr": [-math.inf]}, "snr must be numbers"),
        ({"y": LABELS[:3]}, "12 clips, got 3"),
        ({"groups": [1]}, "inconsistent"),
        ({"sample_weight": [1.0]}, "sample_weight"),
        ({"sample_weight": np.zeros(12)}, "at least one non-zero"),
        ({"y": np.arange(12)}, "Mix of label input types"),
        ({"estimator": object()}, "estimator must be a classifier, got object"),
        ({"snr": 0, "X": 3}, "got int"),
    ],
)
def test_what_can_not_be_is_an_error(settings, message):
    settings = {"estimator": Spy()} | settings
    with pytest.raises((TypeError, ValueError), match=message):
        curve(**settings)


def test_an_estimator_must_be_fitted():
    with pytest.raises(NotFittedError):
        curve(make_pipeline(MFCCTransformer(sample_rate=RATE), SoftmaxClassifier()))


def test_copies_and_clips_must_be_taken_to_have_one_rate():
    pipeline = make_pipeline(MFCCTransformer(sample_rate=RATE), SoftmaxClassifier())
    pipeline.fit(CLIPS, LABELS)
    with pytest.raises(ValueError, match="sample_rate=4000, and the estimator has mfcc"):
        curve(pipeline, sample_rate=4000)
    curve(pipeline, [(RATE, clip) for clip in CLIPS], sample_rate=4000)
