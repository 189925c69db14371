"""Checks of what estimators are fitted to."""

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
    >>> from skxent._fitting._inputs import check_samples
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
    >>> from skxent._fitting._inputs import check_targets
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
    >>> from skxent._fitting._inputs import check_weights
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
