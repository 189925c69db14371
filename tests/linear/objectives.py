"""Linear objectives to test with."""

from dataclasses import fields, replace

import numpy as np
import pytest
from scipy import sparse

from skxent._fitting._samples import Samples
from skxent.linear._objective import LinearObjective

# Alpha, weights of samples and of classes, label smoothing: none is zero.
ALL_TERMS = {"alpha": 0.1, "label_smoothing": 0.2, "fit_intercept": True}

# Numbers of blocks of some_objective by their largest size: no block has less than 32 rows.
N_BLOCKS = {1 << 25: 1, 1: 4}
in_blocks = pytest.mark.parametrize("block_bytes", N_BLOCKS)

kinds_of_csr = pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csr_matrix])


def make_objective(X, targets, weights, n_classes, alpha, fit_intercept, **more):
    samples = Samples(X, targets, weights, np.arange(n_classes))
    return LinearObjective(samples, alpha, fit_intercept, **more)


def changed(objective, **changes):
    """The objective with other samples, targets or weights, or with other settings."""
    names = {field.name for field in fields(Samples)} & changes.keys()
    samples = replace(objective.samples, **{name: changes.pop(name) for name in names})
    return replace(objective, samples=samples, **changes)


def weights_of(problem):
    """Each sample's weight times the expected weight of its class, by its formula."""
    return [
        weight * sum(t * problem.class_weight[k] for k, t in enumerate(target))
        for weight, target in zip(
            problem.sample_weight.tolist(), problem.distributions.tolist(), strict=True
        )
    ]


def objective_of(problem, **changes):
    objective = make_objective(
        problem.X,
        problem.targets,
        np.array(weights_of(problem)),
        problem.n_classes,
        problem.alpha,
        problem.fit_intercept,
        label_smoothing=problem.label_smoothing,
    )
    return changed(objective, **changes)


def some_objective(n_classes, n_samples=100, n_features=3, soft=False, **changes):
    """An objective of random samples with every term switched on."""
    rng = np.random.default_rng(n_samples + n_classes)
    targets = rng.integers(0, n_classes, n_samples)
    if soft:
        targets = rng.dirichlet(np.ones(n_classes), n_samples)
    X = rng.normal(size=(n_samples, n_features)) + 0.5
    weights = rng.uniform(0.1, 2.0, n_samples)
    return changed(make_objective(X, targets, weights, n_classes, **ALL_TERMS), **changes)


def some_params(objective, seed=0):
    return np.random.default_rng(seed).normal(size=objective.shape)


def oracle_terms(objective):
    terms = {name: getattr(objective, name) for name in ALL_TERMS}
    samples = objective.samples
    return terms | {"n_classes": samples.n_classes, "sample_weight": samples.weights}


def with_ones(objective):
    """X as float64, with the intercept's column."""
    X = objective.samples.X.astype(np.float64)
    return np.column_stack([X, np.ones(len(X))]) if objective.fit_intercept else X


def gram(objective, factors=1.0):
    """X~' diag(w factors) X~ / sum(w), by its formula."""
    X, weights = with_ones(objective), objective.samples.weights
    return (X.T * (weights * factors)) @ X / weights.sum()


def sparse_problem_of(rng, n_classes, n_samples=120, n_features=6):
    """Dense samples of which two thirds are zeros, one row and one column of them all."""
    X = rng.normal(size=(n_samples, n_features)) * (rng.uniform(size=(n_samples, n_features)) < 0.3)
    X[5], X[:, 2] = 0.0, 0.0
    return some_objective(n_classes, n_samples, n_features, X=X)
