"""Checks of what estimators are fitted to, and samples set aside to validate on."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.utils import assert_all_finite
from sklearn.utils.validation import (
    _check_sample_weight,
    check_array,
    check_consistent_length,
    column_or_1d,
    validate_data,
)

__all__ = ["check_samples", "check_targets", "check_weights", "has_validation", "set_aside"]


def check_samples(estimator: Any, X: Any, reset: bool) -> Any:
    """Return X as a dense or CSR matrix of floats.

    Parameters
    ----------
    estimator : estimator
        Whose features they are.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Samples.
    reset : bool
        Whether the estimator learns the features' number and names from X;
        otherwise they are compared.

    Returns
    -------
    X : ndarray or CSR matrix or array of shape (n_samples, n_features)
        Of float32 where it was, otherwise float64. Not copied unless it has to be.

    Raises
    ------
    ValueError
        If X is malformed, or to be learned from and so large that sums of its
        squares overflow.

    Examples
    --------
    >>> from skxent import SoftmaxClassifier
    >>> from skxent.validation import check_samples
    >>> check_samples(SoftmaxClassifier(), [[1, 2]], reset=True)
    array([[1., 2.]])
    """
    X = validate_data(
        estimator, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=reset
    )
    if issparse(X) and not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    if reset:
        largest = max(abs(float(X.max())), abs(float(X.min())))
        if largest > math.sqrt(np.finfo(np.float64).max / X.shape[0] / X.shape[1]):
            raise ValueError(
                f"X has values up to {largest:.2g}, too large for their squares to be summed; "
                "scale the features"
            )
    return X


def check_targets(y: Any, name: str = "y") -> NDArray[Any]:
    """Return y as an array with one row for each sample.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_classes)
        Labels, or distributions over the classes.
    name : str, default="y"
        What errors call `y`.

    Returns
    -------
    y : ndarray of shape (n_samples,) or (n_samples, n_classes)
        An array of a single column is taken for labels, with a warning.

    Raises
    ------
    ValueError
        If `y` has more than two dimensions, or an entry that is NaN or infinite.

    Examples
    --------
    >>> from skxent.validation import check_targets
    >>> check_targets([[0.5, 0.5]])
    array([[0.5, 0.5]])
    """
    y = y if hasattr(y, "shape") else np.asarray(y)
    if len(y.shape) == 2 and y.shape[1] > 1:
        targets: NDArray[Any] = check_array(y, dtype=None, input_name=name)
    else:
        targets = column_or_1d(y, warn=True)
        assert_all_finite(targets, input_name=name)
    return targets


def check_weights(X: Any, y: NDArray[Any], sample_weight: ArrayLike | None) -> NDArray[Any]:
    """Return weights of samples.

    Parameters
    ----------
    X : ndarray or sparse matrix of shape (n_samples, n_features)
        Samples.
    y : ndarray of shape (n_samples,) or (n_samples, n_classes)
        Targets.
    sample_weight : array-like of shape (n_samples,) or None
        Non-negative weights; None is one for each.

    Returns
    -------
    sample_weight : ndarray of shape (n_samples,)
        Of float64. Where their sum would overflow, they are divided by the largest.

    Raises
    ------
    ValueError
        If the lengths differ, or a weight is negative or not finite, or all are zero.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.validation import check_weights
    >>> check_weights(np.zeros((2, 1)), np.array([0, 1]), None)
    array([1., 1.])
    """
    check_consistent_length(X, y)
    weights: NDArray[np.float64]
    weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    largest = weights.max()
    if largest > np.finfo(np.float64).max / len(weights):
        weights = weights / largest
    return weights


def has_validation(X_val: Any, y_val: Any, sample_weight_val: Any) -> bool:
    """Tell whether samples to validate on were given.

    Parameters
    ----------
    X_val, y_val, sample_weight_val : object or None
        What `fit` was given.

    Returns
    -------
    is_given : bool
        Whether they are there.

    Raises
    ------
    ValueError
        If some are missing.

    Examples
    --------
    >>> from skxent.validation import has_validation
    >>> has_validation([[1.0]], [0], None)
    True
    """
    if X_val is None and y_val is None:
        if sample_weight_val is not None:
            raise ValueError("sample_weight_val needs X_val and y_val")
        return False
    if X_val is None or y_val is None:
        raise ValueError("X_val and y_val must be given together")
    return True


def set_aside(
    X: Any,
    targets: NDArray[Any],
    weights: NDArray[Any],
    fraction: float,
    random_state: np.random.RandomState,
) -> list[tuple[Any, NDArray[Any], NDArray[Any]]]:
    """Split samples in two, with the same share of each class.

    Parameters
    ----------
    X : ndarray or CSR matrix of shape (n_samples, n_features)
        Samples.
    targets : ndarray of shape (n_samples,) or (n_samples, n_classes)
        Indices of classes, or distributions, which count with their likeliest.
    weights : ndarray of shape (n_samples,)
        Of the samples. Those of weight zero are not set aside, nor is the only
        sample of a class.
    fraction : float
        How large a part is set aside; at least one sample for each class.
    random_state : numpy.random.RandomState
        Draws it.

    Returns
    -------
    kept, aside : tuple of (X, targets, weights)
        The two parts.

    Raises
    ------
    ValueError
        If there are too few samples.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.validation import set_aside
    >>> X, targets = np.arange(8.0)[:, np.newaxis], np.repeat([0, 1], 4)
    >>> kept, aside = set_aside(X, targets, np.ones(8), 0.25, np.random.RandomState(0))
    >>> aside[1]
    array([0, 1])
    """
    labels = targets.argmax(axis=1) if targets.ndim == 2 else targets
    counts = np.bincount(labels, weights > 0.0).astype(int)
    # The only sample of a class, and samples of no weight, are no use to validate on.
    classes = np.flatnonzero(counts > 1)
    counts = counts[classes]
    n_val = max(len(classes), math.ceil(fraction * counts.sum()))
    if not len(classes) or n_val > counts.sum() - len(classes):
        raise ValueError(
            f"early_stopping can't set {n_val} of {counts.sum()} samples aside for validation "
            f"(validation_fraction={fraction}); give fit an X_val and y_val"
        )
    is_drawn = np.zeros(len(labels), dtype=bool)
    for label, n_drawn in zip(classes, _allot(n_val, counts), strict=True):
        members = np.flatnonzero((labels == label) & (weights > 0.0))
        is_drawn[random_state.permutation(members)[:n_drawn]] = True
    parts = np.flatnonzero(~is_drawn), np.flatnonzero(is_drawn)
    return [(X[part], targets[part], weights[part]) for part in parts]


def _allot(n_drawn: int, counts: NDArray[Any]) -> NDArray[Any]:
    """Share a number out to classes by their counts: of each at least one, and not all."""
    # scikit-learn's stratified splitters may leave a small class out of a part.
    ideal = n_drawn * counts / counts.sum()
    shares: NDArray[np.int_] = np.clip(np.floor(ideal), 1, counts - 1).astype(int)
    while (missing := n_drawn - shares.sum()) != 0:
        if missing > 0:
            furthest = np.argmax(np.where(shares < counts - 1, ideal - shares, -np.inf))
        else:
            furthest = np.argmax(np.where(shares > 1, shares - ideal, -np.inf))
        shares[furthest] += np.sign(missing)
    return shares
