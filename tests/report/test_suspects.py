import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skxent.report._suspects import suspect_labels
from tests.report.strategies import predictions


def by_the_paper(targets, probabilities):
    """Clip by clip, as the definition has it."""
    n_classes = probabilities.shape[1]
    thresholds = [
        np.mean([p[k] for p, label in zip(probabilities, targets, strict=True) if label == k])
        if k in targets
        else np.inf
        for k in range(n_classes)
    ]
    suspected = []
    for label, p in zip(targets, probabilities, strict=True):
        confident = [k for k in range(n_classes) if p[k] >= thresholds[k] - 1e-9]
        guess = max(confident, key=lambda k: (p[k], k == label)) if confident else label
        suspected.append(guess != label)
    return suspected


@given(predictions())
def test_suspects_are_those_of_the_definition(drawn):
    targets, probabilities = drawn
    found = suspect_labels(targets, probabilities)
    assert found.tolist() == by_the_paper(targets.tolist(), probabilities)


@given(predictions(), st.randoms(use_true_random=False))
def test_order_of_clips_does_not_matter(drawn, random):
    targets, probabilities = drawn
    order = list(range(len(targets)))
    random.shuffle(order)
    found = suspect_labels(targets, probabilities)
    assert suspect_labels(targets[order], probabilities[order]).tolist() == found[order].tolist()


@pytest.mark.parametrize("seed", range(5))
def test_suspects_are_those_off_the_diagonal_of_cleanlabs_confident_joint(seed):
    from cleanlab.count import compute_confident_joint  # takes a second

    rng = np.random.default_rng(seed)
    targets = rng.permutation(np.arange(300) % 6)
    probabilities = rng.dirichlet(np.ones(6), 300)
    probabilities = 0.5 * probabilities + 0.5 * np.eye(6)[rng.permutation(targets)]
    _, expected = compute_confident_joint(
        targets, probabilities, calibrate=False, return_indices_of_off_diagonals=True
    )
    # Where several classes are confident, cleanlab takes the likeliest of all, the paper of those.
    thresholds = np.array([probabilities[targets == k, k].mean() for k in range(6)])
    is_confident = probabilities >= thresholds
    is_likeliest = np.eye(6, dtype=bool)[probabilities.argmax(axis=1)]
    agree = (is_confident.sum(axis=1) < 2) | (is_confident & is_likeliest).any(axis=1)
    found = np.flatnonzero(suspect_labels(targets, probabilities) & agree)
    assert found.tolist() == [i for i in expected if agree[i]]
    assert len(found) > 30
    assert agree.mean() > 0.8


def test_wrong_labels_among_clear_clips_are_found_and_no_others():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 4, 200)
    probabilities = 0.85 * np.eye(4)[truth] + 0.15 * rng.dirichlet(np.ones(4), 200)
    targets = truth.copy()
    targets[:10] = (truth[:10] + 1) % 4
    assert np.flatnonzero(suspect_labels(targets, probabilities)).tolist() == list(range(10))


def test_a_classifier_that_is_unsure_of_all_suspects_none():
    probabilities = np.full((6, 3), 1 / 3)
    assert not suspect_labels(np.array([0, 1, 2, 0, 1, 2]), probabilities).any()
