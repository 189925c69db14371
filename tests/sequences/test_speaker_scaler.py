import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import GroupKFold, cross_validate
from sklearn.pipeline import make_pipeline

from skxent import LexiconClassifier
from skxent.sequences import SpeakerScaler
from tests.frames import strategies
from tests.words.speech import draw_words, speak


@given(strategies.clips(min_size=2), st.data(), st.floats(0, 100))
def test_frames_are_standardised_by_the_formula(clips, data, relevance_factor):
    groups = data.draw(st.lists(st.sampled_from("abc"), min_size=len(clips), max_size=len(clips)))
    scaler = SpeakerScaler(relevance_factor=relevance_factor)
    found = scaler.fit_transform(clips, groups=groups)
    of_group = {
        group: np.concatenate([clip for clip, of in zip(clips, groups, strict=True) if of == group])
        for group in groups
    }
    everything = np.concatenate(clips)
    within = sum(len(f) * f.var(axis=0) for f in of_group.values()) / len(everything)
    for clip, group, scaled in zip(clips, groups, found, strict=True):
        frames = of_group[group]
        prior = relevance_factor / (len(frames) + relevance_factor)
        mean = (1 - prior) * frames.mean(axis=0) + prior * everything.mean(axis=0)
        variance = (1 - prior) * frames.var(axis=0) + prior * within
        expected = (clip - mean) / np.where(variance < 1e-20, 1.0, np.sqrt(variance))
        assert_allclose(scaled, expected, rtol=1e-6, atol=1e-9)


@given(strategies.clips(min_size=2, magnitudes=(-3, 3)))
def test_a_speaker_alone_has_zero_mean_and_unit_variance(clips):
    clips = [np.concatenate([clip, -2 * clip + 1]) for clip in clips]
    found = SpeakerScaler(relevance_factor=0).fit_transform(clips, groups=["a"] * len(clips))
    frames = np.concatenate(list(found))
    assert_allclose(frames.mean(axis=0), 0, atol=1e-9)
    assert_allclose(frames.var(axis=0), 1)


@given(strategies.clips(min_size=3), st.floats(-5, 5), st.floats(0.1, 10))
def test_another_microphone_changes_nothing_without_a_prior(clips, shift, stretch):
    groups = ["a", *["b"] * (len(clips) - 1)]
    clips[0] = np.concatenate([clips[0], clips[0] + 1])
    scaler = SpeakerScaler(relevance_factor=0).fit(clips, groups=groups)
    other = [stretch * clips[0] + shift, *clips[1:]]
    for one, two in zip(
        scaler.transform(clips, groups), scaler.transform(other, groups), strict=True
    ):
        assert_allclose(one, two, atol=1e-6)


@given(strategies.clips(min_size=2))
def test_clips_without_a_speaker_are_on_their_own(clips):
    scaler = SpeakerScaler().fit(clips)
    together = scaler.transform(clips)
    for unknown in (None, np.nan, pd.NA):
        for one, two in zip(together, scaler.transform(clips, [unknown] * len(clips)), strict=True):
            assert_array_equal(one, two)
    for clip, scaled in zip(clips, together, strict=True):
        assert_array_equal(scaler.transform([clip])[0], scaled)
    last = len(clips) - 1  # which is a group's name, and the index of a clip without any
    mixed = scaler.transform(clips, [last] * last + [None])
    assert_array_equal(mixed[-1], together[-1])


def test_types_and_arguments_stay():
    clips = [np.ones((3, 2), np.float32), np.zeros((4, 2), np.float32)]
    for clip in clips:
        clip.setflags(write=False)
    found = SpeakerScaler().fit_transform(clips, groups=[1, 1])
    assert found.dtype == object
    assert {clip.dtype for clip in found} == {np.dtype(np.float32)}


@pytest.mark.parametrize("relevance_factor", [0.0, 25.0])
def test_constant_features_become_zero(relevance_factor):
    clips = [np.full((5, 2), 0.1), np.full((7, 2), 0.1)]
    scaler = SpeakerScaler(relevance_factor=relevance_factor)
    found = np.concatenate(list(scaler.fit_transform(clips, groups=["a", "b"])))
    assert_allclose(found, 0, atol=1e-12)


def test_groups_that_do_not_fit():
    clips = [np.ones((3, 2)), np.zeros((4, 2))]
    with pytest.raises(ValueError, match=r"groups must have one entry for each of 2 clips, got"):
        SpeakerScaler().fit(clips, groups=["a"])
    with pytest.raises(ValueError, match="clip 1 has 3 features"):
        SpeakerScaler().fit([np.ones((3, 2)), np.ones((3, 3))])
    with pytest.raises(ValueError, match="relevance_factor"):
        SpeakerScaler(relevance_factor=-1).fit(clips)


def test_pipelines_and_folds_pass_groups_on():
    speech = speak(draw_words(60), n_speakers=4)
    shifts = 20 * np.random.default_rng(0).normal(size=(4, speech.clips[0].shape[1]))
    clips = np.empty(60, object)
    clips[:] = [c + shifts[s] for c, s in zip(speech.clips, speech.speakers, strict=True)]
    words = np.array(speech.words)
    classifier = LexiconClassifier(n_states=3, context=0)
    with sklearn.config_context(enable_metadata_routing=True):
        pipeline = make_pipeline(SpeakerScaler(relevance_factor=1.0), classifier)
        params = {"groups": speech.speakers}
        results = cross_validate(pipeline, clips, words, cv=GroupKFold(4), params=params)
        assert results["test_score"].mean() > 0.9
    unscaled = cross_validate(classifier, clips, words, cv=GroupKFold(4), groups=speech.speakers)
    assert unscaled["test_score"].mean() < 0.7


def test_pickles():
    clips = [np.eye(3), np.ones((4, 3))]
    scaler = SpeakerScaler().fit(clips)
    for one, two in zip(
        scaler.transform(clips), pickle.loads(pickle.dumps(scaler)).transform(clips), strict=True
    ):
        assert_array_equal(one, two)
