"""Samples that are held out to validate on."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


def draw_held_out(
    targets: NDArray[Any],
    weights: NDArray[Any],
    fraction: float,
    random_state: np.random.RandomState,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the rows to keep and the rows to hold out, with the same share of each class.

    At least one sample of each class is held out, and one kept. Samples of weight zero and the
    only sample of a class are kept. A distribution counts as its most probable class.
    """
    labels = targets.argmax(axis=1) if targets.ndim == 2 else targets
    counts = np.bincount(labels, weights > 0.0).astype(int)
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
    return np.flatnonzero(~is_drawn), np.flatnonzero(is_drawn)


def _allot(n_drawn: int, counts: NDArray[Any]) -> NDArray[Any]:
    """Divide a number among classes in proportion to their counts: at least one, never all."""
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
