"""The nested cross-validation, against plain loops and by what it must not know."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.naive_bayes import GaussianNB

from skxent.cli._choose import Features, choose, count_fits
from skxent.cli._folds import Folds, make_folds, why_not_apart
from skxent.cli._recipes import Recipe

CANDIDATES = {
    "bayes": Recipe("bayes", "", classifier=GaussianNB()),
    "lda": Recipe("lda", "", classifier=LinearDiscriminantAnalysis()),
    "vote": Recipe("vote", "", members=("bayes", "lda")),
}


def make_problem(seed, n_speakers=4, n_clips=60):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.array(["a", "b", "c"])[np.arange(n_clips) % 3])
    speakers = np.array([f"s{i}" for i in np.arange(n_clips) // 3 % n_speakers], dtype=object)
    codes = np.searchsorted(["a", "b", "c"], labels)
    X = rng.normal(size=(n_clips, 3)) + 1.2 * np.eye(3)[codes]
    X += rng.normal(size=(n_speakers, 3))[[int(name[1:]) for name in speakers]]
    others = np.where(codes[:, None] == 1, 2.0, 1.0) * rng.normal(size=(n_clips, 3))
    return {"bayes": Features(others, None), "lda": Features(X, None)}, labels, speakers


def fit_without(name, features, labels, parts, left_out):
    """Probabilities of all clips, trained without some parts."""
    recipe = CANDIDATES[name]
    if recipe.members:
        members = [fit_without(m, features, labels, parts, left_out) for m in recipe.members]
        return np.mean(members, axis=0)
    train = ~np.isin(parts, left_out)
    fitted = clone(recipe.classifier).fit(features[name].clips[train], labels[train])
    return fitted.predict_proba(features[name].clips)


def plain_choice(features, labels, folds):
    """The same, without anything that is computed once for two."""
    classes = np.unique(labels)

    probabilities, chosen = np.empty((len(labels), len(classes))), []
    for i in range(folds.n_parts):
        scores = {}
        for name in CANDIDATES:
            correct = np.zeros(len(labels), bool)
            for j in set(range(folds.n_parts)) - {i}:
                found = fit_without(name, features, labels, folds.parts, [i, j])
                is_in = folds.parts == j
                correct[is_in] = classes[found[is_in].argmax(axis=1)] == labels[is_in]
            scores[name] = correct[folds.parts != i].sum()
        chosen.append(max(scores, key=scores.get))
        is_in = folds.parts == i
        found = fit_without(chosen[-1], features, labels, folds.parts, [i])
        probabilities[is_in] = found[is_in]
    return chosen, probabilities


@pytest.mark.parametrize("seed", range(4))
def test_it_is_a_nested_cross_validation(seed):
    features, labels, speakers = make_problem(seed)
    folds = make_folds(labels, speakers)
    choice = choose(CANDIDATES, features, labels, folds, n_jobs=1)
    chosen, probabilities = plain_choice(features, labels, folds)
    assert choice.chosen == chosen
    np.testing.assert_allclose(choice.probabilities, probabilities, atol=1e-12)
    best = max(CANDIDATES, key=lambda name: choice.correct[name].mean())
    assert choice.best == best


def test_the_choice_is_not_always_the_same():
    chosen = Counter()
    for seed in range(4):
        features, labels, speakers = make_problem(seed)
        folds = make_folds(labels, speakers)
        chosen.update(choose(CANDIDATES, features, labels, folds, n_jobs=1).chosen)
    assert len(chosen) > 1


@pytest.mark.parametrize(("seed", "part"), [(0, 0), (1, 1), (2, 2), (3, 3)])
def test_the_labels_of_a_part_change_nothing_for_that_part(seed, part):
    features, labels, speakers = make_problem(seed)
    folds = make_folds(labels, speakers)
    other = labels.copy()
    other[folds.parts == part] = np.random.default_rng(seed).permutation(
        labels[folds.parts == part]
    )
    one, two = (choose(CANDIDATES, features, y, folds, n_jobs=1) for y in (labels, other))
    assert one.chosen[part] == two.chosen[part]
    is_in = folds.parts == part
    np.testing.assert_array_equal(one.probabilities[is_in], two.probabilities[is_in])


def test_copies_are_trained_with_and_never_tested():
    features, labels, speakers = make_problem(0)
    folds = make_folds(labels, speakers)
    clips = features["lda"].clips
    some = {"lda": CANDIDATES["lda"]}
    plain = choose(some, {"lda": Features(clips, None)}, labels, folds, n_jobs=1)
    same = choose(some, {"lda": Features(clips, clips)}, labels, folds, n_jobs=1)
    shifted = choose(some, {"lda": Features(clips, clips + 1.0)}, labels, folds, n_jobs=1)
    np.testing.assert_allclose(plain.probabilities, same.probabilities, atol=0.05)
    assert np.abs(plain.probabilities - shifted.probabilities).max() > 0.01


def test_a_label_that_is_in_no_other_part_has_no_probability():
    labels = np.array(["a", "b"] * 6 + ["c"] * 4)
    parts = np.array([0, 0, 1, 1, 2, 2] * 2 + [2] * 4)
    X = np.random.default_rng(0).normal(size=(16, 2))
    choice = choose(
        {"lda": CANDIDATES["lda"]},
        {"lda": Features(X, None)},
        labels,
        Folds(parts, None, "one part has it"),
        n_jobs=1,
    )
    assert (choice.probabilities[parts == 2, 2] == 0).all()
    assert (choice.probabilities[parts != 2, 2] > 0).any()
    np.testing.assert_allclose(choice.probabilities.sum(axis=1), 1)


class Failing(GaussianNB):
    def fit(self, X, y):
        raise ValueError("too few clips")


def test_a_candidate_that_can_not_be_trained_is_left_out_and_said_to_be():
    features, labels, speakers = make_problem(0)
    folds = make_folds(labels, speakers)
    candidates = CANDIDATES | {"bayes": Recipe("bayes", "", classifier=Failing())}
    steps = []
    choice = choose(
        candidates, features, labels, folds, n_jobs=1, advance=lambda: steps.append(None)
    )
    assert choice.best == "lda"
    assert choice.failures == {"bayes": "too few clips"}
    assert set(choice.correct) == {"lda"}
    assert len(steps) == count_fits(2, folds.n_parts) == 20
    with pytest.raises(ValueError, match="no candidate could be trained: too few clips"):
        choose({"bayes": candidates["bayes"]}, {"bayes": features["bayes"]}, labels, folds)


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["s", "t", "u", "v", None])),
        min_size=9,
        max_size=40,
    )
)
def test_folds_keep_speakers_apart_or_say_why_not(pairs):
    labels = np.array([label for label, _ in pairs])
    if min(Counter(labels.tolist()).values()) < 3 or len(set(labels)) < 2:
        return
    speakers = np.array([speaker for _, speaker in pairs], dtype=object)
    folds = make_folds(labels, speakers)
    assert sorted(set(folds.parts)) == list(range(folds.n_parts))
    assert folds.n_parts >= 3
    if folds.speakers is None:
        assert folds.reason == why_not_apart(labels, speakers) != ""
        for part in range(folds.n_parts):  # labels are as frequent in all parts, as far as can be
            for label in set(labels.tolist()):
                expected = (labels == label).sum() / folds.n_parts
                assert abs((labels[folds.parts == part] == label).sum() - expected) < 1
    else:
        assert folds.reason == ""
        for speaker in set(speakers):
            assert len(set(folds.parts[speakers == speaker])) == 1


@pytest.mark.parametrize(
    ("speakers", "reason"),
    [
        ([None] * 6, "the files do not say who speaks"),
        (["x", "y"] * 3, "of two speakers only"),
        (["x", "x", "x", "y", "y", "z"], "'a' is recorded by a single speaker"),
    ],
)
def test_why_speakers_are_not_kept_apart(speakers, reason):
    labels = np.array(["a", "a", "a", "b", "b", "b"])
    assert reason in why_not_apart(labels, np.array(speakers, dtype=object))
