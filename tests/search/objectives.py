"""Objectives of candidates, and the same of each one alone."""

import numpy as np

from skxent._fitting._samples import Samples
from skxent.linear._objective import LinearObjective
from skxent.search._candidates import CandidateObjectives


def shares_of(weights):
    return weights / weights.sum(axis=1, keepdims=True)


def objectives_of(case, X=None, dtype=np.float64):
    """The objectives of a problem of strategies.candidate_problems."""
    problem = case.problem
    return CandidateObjectives(
        X=problem.X.astype(dtype) if X is None else X,
        targets=problem.targets,
        n_classes=problem.n_classes,
        train_weights=shares_of(case.train_weights),
        test_weights=shares_of(case.test_weights),
        folds=case.folds,
        alphas=case.alphas,
        fit_intercept=problem.fit_intercept,
        label_smoothing=problem.label_smoothing,
    )


def alone(objectives, candidate, left_out=False):
    """The objective of one candidate, or of what it leaves out, on its fold's rows alone."""
    shares = objectives.test_weights if left_out else objectives.train_weights
    weights = shares[objectives.folds[candidate]]
    rows = np.flatnonzero(weights)
    return LinearObjective(
        Samples(
            objectives.X[rows],
            objectives.targets[rows],
            weights[rows],
            np.arange(objectives.n_classes),
        ),
        alpha=0.0 if left_out else float(objectives.alphas[candidate]),
        fit_intercept=objectives.fit_intercept,
        label_smoothing=objectives.label_smoothing,
    )


def random_objectives(n_classes=3, *, n_samples=40, n_features=3, n_settings=4, seed=0, **terms):
    """Candidates of three folds: each trains on two thirds of the samples, with weights."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n_samples) % n_classes
    X = rng.normal(size=(n_samples, n_features)) + rng.normal(size=(n_classes, n_features))[labels]
    is_left_out = rng.integers(0, 3, n_samples) == np.arange(3)[:, np.newaxis]
    weights = rng.uniform(0.2, 3.0, n_samples)
    terms = {
        "X": X,
        "targets": labels,
        "fit_intercept": True,
        "label_smoothing": 0.1,
        "alphas": np.repeat(rng.uniform(0.05, 0.5, n_settings), 3),
    } | terms
    return CandidateObjectives(
        n_classes=n_classes,
        train_weights=shares_of(weights * ~is_left_out),
        test_weights=shares_of(weights * is_left_out),
        folds=np.tile(np.arange(3), n_settings),
        **terms,
    )


def random_params(objectives, seed=0):
    return np.random.default_rng(seed).normal(size=objectives.shape)
