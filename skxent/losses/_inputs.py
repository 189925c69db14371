"""Checks of logits, targets and weights."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skxent.frames._ragged import lengths_of


def as_floats(values: Any) -> NDArray[Any]:
    array = np.asarray(values)
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)


def as_logits(logits: ArrayLike, min_ndim: int = 1) -> NDArray[Any]:
    logits = as_floats(logits)
    if logits.ndim < min_ndim or 0 in logits.shape[-min_ndim:]:
        wanted = "(..., n_samples, n_classes)" if min_ndim == 2 else "(..., n_classes)"
        raise ValueError(
            f"logits must have shape {wanted} and not be empty, got shape {logits.shape}"
        )
    return logits


def check_targets(targets: ArrayLike, shape: tuple[int, ...]) -> NDArray[Any]:
    """Check integer labels or float distributions against logits of `shape`."""
    targets = np.asarray(targets)
    if targets.dtype.kind not in "iuf":
        raise TypeError(
            "targets must be labels (integers) or distributions (floats), "
            f"got an array of {targets.dtype}"
        )
    labels = targets.dtype.kind != "f"
    wanted, core = (shape[:-1], 1) if labels else (shape, 2)
    # Only leading axes broadcast: one label for many samples must be a mistake.
    leading = (1,) * (len(wanted) - targets.ndim) + targets.shape[:-core]
    if (
        targets.shape[-core:] != wanted[-core:]
        or len(leading) != len(wanted) - core
        or any(n not in (1, m) for n, m in zip(leading, wanted, strict=False))
    ):
        kind = "labels (integers)" if labels else "distributions (floats)"
        raise ValueError(
            f"targets that are {kind} must have shape {wanted} for logits of shape {shape}, "
            f"got shape {targets.shape}"
        )
    low, high = targets.min(), targets.max()
    if labels:
        if low < 0 or high >= shape[-1]:
            raise ValueError(
                f"targets must be labels in 0 .. {shape[-1] - 1}, got values from {low} to {high}"
            )
        return targets
    if not low >= 0.0:  # NaN too
        raise ValueError(f"targets must be probabilities, got {low}")
    sums = targets.sum(axis=-1, dtype=np.float64)
    worst = np.unravel_index(np.argmax(np.abs(sums - 1.0)), sums.shape)
    if abs(sums[worst] - 1.0) > 1e-6:
        raise ValueError(
            "targets must sum to one over the classes, "
            f"got {sums[worst]:.7g} at index {tuple(map(int, worst))}"
        )
    return targets


def check_weights(sample_weight: ArrayLike | None, shape: tuple[int, ...]) -> NDArray[Any]:
    """Check that weights fit samples of `shape`; None is one for each."""
    if sample_weight is None:
        return np.ones(shape)
    weights = np.asarray(sample_weight, dtype=np.float64)
    if weights.shape not in (shape, shape[-1:]):
        wanted = " or ".join(dict.fromkeys(map(str, (shape, shape[-1:]))))
        raise ValueError(f"sample_weight must have shape {wanted}, got shape {weights.shape}")
    if not (np.isfinite(weights).all() and weights.min() >= 0.0):
        raise ValueError("sample_weight must be finite and not negative")
    if not weights.sum(axis=-1).all():
        raise ValueError("sample_weight must not be zero for all samples")
    return weights


def check_lengths(logits: Any, lengths: ArrayLike | None) -> NDArray[Any]:
    """Return the number of frames of each sequence."""
    if lengths is None:
        return lengths_of(logits)
    lengths, shape = np.asarray(lengths), np.shape(logits)
    if (
        len(shape) != 3
        or lengths.shape != shape[:1]
        or lengths.dtype.kind not in "iu"
        or not 1 <= lengths.min() <= lengths.max() <= shape[1]
    ):
        raise ValueError(
            "lengths must be one integer from 1 to max_frames for each sequence of logits of "
            f"shape (n_sequences, max_frames, n_classes), got {lengths!r} for shape {shape}"
        )
    return lengths
