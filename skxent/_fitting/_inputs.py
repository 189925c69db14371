"""Checks of what estimators are fitted to."""

import math
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import issparse
from sklearn.utils import assert_all_finite
from sklearn.utils._param_validation import Interval, Options
from sklearn.utils.validation import (
    _check_sample_weight,
    check_array,
    check_consistent_length,
    column_or_1d,
    validate_data,
)

from skxent._fitting._lists import refuse_iterators
from skxent._fitting._samples import Samples
from skxent._fitting._targets import encode

# What `n_iter_no_change` may be: infinity is a patience that never ends.
PATIENCE = [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})]


def check_samples(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: ArrayLike | None,
    *,
    classes: NDArray[Any] | None = None,
    reset: bool,
    name: str = "y",
) -> Samples:
    """Return samples whose features, targets and weights fit together; errors call y `name`.

    Without `classes`, these are the sorted labels. With `reset`, the estimator learns the
    number and names of the features from X; otherwise they are compared.
    """
    X, y = check_features(estimator, X, reset, f"X{name[1:]}"), check_targets(y, name)
    weights = check_weights(X, y, sample_weight)
    classes, targets = encode(y, classes, name)
    return Samples(X, targets, weights, classes)


def check_features(estimator: Any, X: Any, reset: bool, name: str = "X") -> Any:
    """Return X as a dense or canonical CSR matrix of float32, if it is that, or else float64."""
    refuse_iterators(X, name)
    X = validate_data(
        estimator, X, accept_sparse="csr", dtype=[np.float64, np.float32], reset=reset
    )
    if issparse(X) and not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    if reset:
        refuse_huge_values(X)
    return X


def refuse_huge_values(X: Any) -> None:
    """Raise a ValueError if the squares of the values of X cannot be summed."""
    largest = max(abs(float(X.max())), abs(float(X.min())))
    if largest > math.sqrt(np.finfo(np.float64).max / X.shape[0] / X.shape[1]):
        raise ValueError(
            f"X has values up to {largest:.2g}, too large for their squares to be summed; "
            "scale the features"
        )


def check_targets(y: Any, name: str = "y") -> NDArray[Any]:
    """Return y as an array of labels (n_samples,) or of distributions (n_samples, n_classes)."""
    refuse_iterators(y, name)
    y = y if hasattr(y, "shape") else np.asarray(y)
    if len(y.shape) == 2 and y.shape[1] > 1:
        targets: NDArray[Any] = check_array(y, dtype=None, input_name=name)
    else:
        targets = column_or_1d(y, warn=True)
        assert_all_finite(targets, input_name=name)
    return targets


def check_weights(X: Any, y: NDArray[Any], sample_weight: ArrayLike | None) -> NDArray[np.float64]:
    """Return weights (n_samples,) in float64, scaled down where their sum would overflow."""
    refuse_iterators(sample_weight, "sample_weight")
    check_consistent_length(X, y)
    weights: NDArray[np.float64]
    weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
    largest = weights.max()
    if largest > np.finfo(np.float64).max / len(weights):
        weights = weights / largest
    return weights


def check_validation(
    estimator: Any,
    samples: Samples,
    X_val: Any,
    y_val: Any,
    sample_weight_val: ArrayLike | None,
    random_state: np.random.RandomState,
) -> tuple[Samples, Samples | None]:
    """Return samples to train on and to validate on: those given, or held out, or None."""
    if has_validation(X_val, y_val, sample_weight_val):
        given = check_samples(
            estimator,
            X_val,
            y_val,
            sample_weight_val,
            classes=samples.classes,
            reset=False,
            name="y_val",
        )
        return samples, given
    if estimator.early_stopping:
        return samples.hold_out(estimator.validation_fraction, random_state)
    return samples, None


def has_validation(X_val: Any, y_val: Any, sample_weight_val: Any) -> bool:
    """Return whether samples to validate on are given; raise a ValueError if some are missing."""
    if X_val is None and y_val is None:
        if sample_weight_val is not None:
            raise ValueError("sample_weight_val needs X_val and y_val")
        return False
    if X_val is None or y_val is None:
        raise ValueError("X_val and y_val must be given together")
    return True
