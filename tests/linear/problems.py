"""Problems for SoftmaxClassifier, and classifiers that end early."""

import numpy as np
import pytest

from skxent import SoftmaxClassifier
from tests.linear import oracles

both = pytest.mark.parametrize("n_classes", [2, 3])
may_end_early = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def random_problem(n_classes, *, n_samples=60, n_features=4, seed=0):
    """Samples of overlapping classes, with weights."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n_samples) % n_classes
    X = rng.normal(size=(n_samples, n_features)) + rng.normal(size=(n_classes, n_features))[labels]
    return X, labels, rng.uniform(0.2, 3.0, n_samples)


def overfitting_problem(n_classes):
    """Few samples of many features, and others: without a penalty, their loss comes to rise."""
    rng = np.random.default_rng(1)
    labels = np.arange(90) % n_classes
    X = rng.normal(size=(90, 12)) + rng.normal(size=(n_classes, 12))[labels]
    weights = rng.uniform(0.2, 3.0, 90)
    train, val = slice(0, 30), slice(30, 90)
    return (X[train], labels[train], weights[train]), (X[val], labels[val], weights[val])


def all_params(classifier):
    """coef_ and intercept_ in one array, as the oracles take them."""
    columns = [classifier.coef_]
    if classifier.fit_intercept:
        columns.append(classifier.intercept_[:, np.newaxis])
    return np.column_stack(columns).astype(np.float64)


def slopes_of_batch(params, X, y, weights, total, *, n_classes, alpha=0.0, **terms):
    """Gradient of sum_i w_i CE_i / total + alpha / 2 ||W||^2, without an intercept's penalty."""
    slopes = oracles.linear_gradient(
        params, X, y, n_classes=n_classes, sample_weight=weights, **terms
    )
    slopes = slopes * np.sum(weights) / total
    slopes[:, : X.shape[1]] += alpha * params[:, : X.shape[1]]
    return slopes


STOPPED = {
    "gd": {"solver": "gd"},
    "l1": {"l1_ratio": 0.5},
    "sgd": {"solver": "sgd", "learning_rate": 0.1},
    "adam": {"solver": "adam", "learning_rate": 0.1},
    "lbfgs": {"solver": "lbfgs"},
    "newton-cg": {"solver": "newton-cg"},
}


def stopped_early(**settings):
    """A classifier with a weak penalty, whose patience is three epochs."""
    return SoftmaxClassifier(
        **settings,
        alpha=1e-6,
        tol=1e-6,
        early_stopping=True,
        n_iter_no_change=3,
        batch_size=8,
        random_state=0,
    )
