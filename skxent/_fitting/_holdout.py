"""Samples that are set aside to validate on."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


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
    >>> from skxent._fitting._holdout import has_validation
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
    >>> from skxent._fitting._holdout import set_aside
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
