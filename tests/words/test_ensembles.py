"""Votes and stacks of pipelines from clips to words, one of them with a LexiconClassifier."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skxent import LexiconClassifier, MFCCTransformer, SoftmaxClassifier
from skxent.datasets import load_spoken_digits

NAMES = np.array(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])

VOTERS = [
    (
        "states",
        make_pipeline(
            MFCCTransformer(sample_rate=8000, deltas=1, pooling=None), LexiconClassifier(n_iter=1)
        ),
    ),
    (
        "segments",
        make_pipeline(
            MFCCTransformer(sample_rate=8000, deltas=1, n_segments=5),
            StandardScaler(),
            SoftmaxClassifier(alpha=0.01),
        ),
    ),
]


@pytest.fixture(scope="module")
def digits():
    """Clips, words and speakers of six voices to train on, then those of one more."""
    bunch = load_spoken_digits()
    voices = np.unique(bunch.speaker)[2::3][:7]
    is_trained = np.isin(bunch.speaker, voices[:-1])
    parts = []
    for mask in (is_trained, bunch.speaker == voices[-1]):
        clips = [bunch.data[i] for i in np.flatnonzero(mask)]
        parts.append((clips, NAMES[bunch.target[mask]], bunch.speaker[mask]))
    return parts


def test_a_soft_vote_is_the_mean_of_the_probabilities(digits):
    (clips, words, _), (new_clips, new_words, _) = digits
    vote = VotingClassifier(VOTERS, voting="soft").fit(clips, words)
    apart = [clone(voter).fit(clips, words).predict_proba(new_clips) for _, voter in VOTERS]
    probabilities = vote.predict_proba(new_clips)
    assert_allclose(probabilities, np.mean(apart, axis=0), rtol=1e-9, atol=1e-12)
    assert_array_equal(vote.classes_, np.sort(NAMES))
    assert_array_equal(vote.predict(new_clips), vote.classes_[probabilities.argmax(axis=1)])
    assert vote.score(new_clips, new_words) > 0.8


def test_a_stack_learns_from_clips_of_voices_that_were_left_out(digits):
    (clips, words, speakers), (new_clips, new_words, _) = digits
    folds = list(GroupKFold(3).split(clips, words, speakers))
    stack = StackingClassifier(VOTERS, LogisticRegression(), cv=folds).fit(clips, words)
    assert stack.score(new_clips, new_words) > 0.8
    left_out = [
        cross_val_predict(clone(voter), clips, words, cv=folds, method="predict_proba")
        for _, voter in VOTERS
    ]
    final = LogisticRegression().fit(np.hstack(left_out), words)
    apart = [clone(voter).fit(clips, words).predict_proba(new_clips) for _, voter in VOTERS]
    assert_allclose(
        stack.predict_proba(new_clips), final.predict_proba(np.hstack(apart)), rtol=1e-6, atol=1e-9
    )


def test_weights_of_a_vote_are_searched(digits):
    (clips, words, speakers), _ = digits
    vote = VotingClassifier(VOTERS, voting="soft")
    search = GridSearchCV(
        vote,
        {"weights": [(1, 0), (1, 1)], "states__lexiconclassifier__n_states": [5]},
        cv=GroupKFold(2),
        error_score="raise",
    )
    search.fit(clips, words, groups=speakers)
    assert search.best_params_["states__lexiconclassifier__n_states"] == 5
    (alone,) = [
        score
        for score, weights in zip(
            search.cv_results_["mean_test_score"],
            search.cv_results_["param_weights"],
            strict=True,
        )
        if tuple(weights) == (1, 0)
    ]
    states = clone(VOTERS[0][1]).set_params(lexiconclassifier__n_states=5)
    folds = GroupKFold(2).split(clips, words, speakers)
    predicted = cross_val_predict(states, clips, words, cv=list(folds))
    assert alone == pytest.approx(np.mean(predicted == words))
