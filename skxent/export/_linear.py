"""Scores of classes, and what becomes of them; the classes are the last axis."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skxent.export._graph import Value


def add_scaling(rows: Value, mean: ArrayLike | None, scale: ArrayLike | None) -> Value:
    """Return rows shifted and scaled, as by StandardScaler; None does not."""
    if mean is not None:
        rows = rows - mean
    return rows if scale is None else rows / scale


def add_linear_scores(rows: Value, coef: NDArray[Any], intercept: NDArray[Any]) -> Value:
    """Return ``rows @ coef.T + intercept``, with a score of each class also where there are two.

    See `for_each_class`.
    """
    coef, intercept = for_each_class(coef, intercept)
    scores: Value = rows @ coef.T + intercept
    return scores


def for_each_class(
    coef: NDArray[Any], intercept: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return coefficients and intercepts of each class.

    A single row of coefficients is that of the second class; the first one's score is zero.
    """
    if len(coef) > 1:
        return coef, intercept
    return np.vstack([np.zeros_like(coef), coef]), np.hstack([[0.0], np.ravel(intercept)])


def add_quadratic_scores(
    rows: Value,
    means: NDArray[Any],
    whitenings: NDArray[Any],
    offsets: NDArray[Any],
) -> Value:
    """Return the logarithms of Gaussian densities, and offsets: (..., n_classes).

    A class has a row of `means` (n_classes, n_features) and a matrix of `whitenings` (n_classes,
    n_features, n_components), whose product with its transpose is the inverse covariance.
    """
    n_classes, n_features, n_components = whitenings.shape
    together = whitenings.transpose(1, 0, 2).reshape(n_features, -1)
    centres = np.vecmat(means, whitenings).ravel()
    distances = rows @ together - centres
    squares = (distances * distances) @ np.repeat(np.eye(n_classes), n_components, axis=0)
    scores: Value = squares * -0.5 + offsets
    return scores


def add_softmax(scores: Value) -> Value:
    """Return the probabilities of classes from their scores, in float32."""
    return scores.apply("Softmax", axis=-1).cast(np.float32)


def add_labels(scores: Value, labels: NDArray[Any]) -> Value:
    """Return the label of the largest score; the first one of equals."""
    best = scores.apply("ArgMax", dtype=np.int64, axis=-1, keepdims=0)
    return scores.graph.constant(labels, labels.dtype).take(best, axis=0)


def add_outputs(scores: Value, labels: NDArray[Any], kind: str) -> None:
    """Declare the outputs, from scores of the classes that are of this kind."""
    scores.graph.output("label", add_labels(scores, labels), ["batch"])
    if kind == "log_probabilities":
        scores.graph.output("probabilities", add_softmax(scores), ["batch", len(labels)])
    elif kind == "probabilities":
        scores.graph.output("probabilities", scores.cast(np.float32), ["batch", len(labels)])
