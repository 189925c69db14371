"""Rows of X, dense or CSR, a block at a time.

The functions take parameters of shape (n_outputs, n_features) or, with an intercept as the last
column, (n_outputs, n_features + 1); X~ is X with the column of ones that goes with it.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

Block: TypeAlias = tuple[slice, Any]  # a range of rows, and X there


def is_sparse(X: Any) -> bool:
    """Return whether X is a sparse matrix."""
    return bool(issparse(X))


def cut(X: Any, n_outputs: int, max_bytes: int) -> list[Block]:
    """Cut X into blocks of rows; those of a dense X are views.

    A dense block, its logits and their gradient stay in a core's cache between the product that
    goes forward and the one that goes back. But no block is smaller than the gradient that it is
    added to, and a product with a sparse block begins with a copy of the coefficients.
    """
    n_samples, n_features = X.shape
    n_bytes, width = min(max(max_bytes // 8, 8 * n_outputs * n_features), max_bytes), n_features
    if issparse(X):
        n_bytes, width = max_bytes, 2 * X.nnz // max(1, n_samples)
    n_rows = max(32, n_bytes // (X.dtype.itemsize * (width + 4 * n_outputs)))
    ranges = [slice(i, min(i + n_rows, n_samples)) for i in range(0, n_samples, n_rows)]
    return [(rows, _view(X, rows)) for rows in ranges]


def logits(X: Any, params: NDArray[Any]) -> NDArray[Any]:
    """Return X~ params' of the type of X, in Fortran order: losses run fastest along samples."""
    coef = params[:, : X.shape[1]].astype(X.dtype, copy=False)
    product = np.asfortranarray(X @ coef.T) if issparse(X) else (coef @ X.T).T
    if params.shape[1] > X.shape[1]:
        product += params[:, -1].astype(X.dtype, copy=False)
    return product


def add_gradient(gradient: NDArray[Any], X: Any, slopes: NDArray[Any]) -> None:
    """Add slopes' X~, the gradient of logits whose slopes these are."""
    n_features = X.shape[1]
    gradient[:, :n_features] += (X.T @ slopes).T if issparse(X) else slopes.T @ X
    if gradient.shape[1] > n_features:
        gradient[:, -1] += slopes.sum(axis=0, dtype=np.float64)


def gram(blocks: list[Block], weights: NDArray[Any], n_params: int) -> NDArray[np.float64]:
    """Return X~' diag(weights) X~ of shape (n_params, n_params)."""
    gram = np.zeros((n_params, n_params))
    for rows, X in blocks:
        n_features, scale = X.shape[1], np.sqrt(weights[rows])
        if issparse(X):
            scaled = X.multiply(scale[:, np.newaxis]).tocsr()
            gram[:n_features, :n_features] += (scaled.T @ scaled).toarray()
        else:
            scaled = X * scale[:, np.newaxis]  # float64, whatever X is
            gram[:n_features, :n_features] += scaled.T @ scaled
        if n_params > n_features:
            border = scaled.T @ scale
            gram[-1, :n_features] += border
            gram[:n_features, -1] += border
            gram[-1, -1] += scale @ scale
    return gram


def average(
    blocks: list[Block], weights: NDArray[Any], function: Callable[[Any], Any]
) -> NDArray[np.float64]:
    """Return the weighted sum over the samples of a function of X, for each feature."""
    total = np.zeros(blocks[0][1].shape[1])
    for rows, X in blocks:
        total += weights[rows] @ function(X)
    return total


def squares(X: Any) -> Any:
    """Return the squares of the entries in float64, as those of float32 may overflow."""
    X = X.astype(np.float64, copy=False)
    return X.multiply(X) if issparse(X) else np.square(X)


def squared_norms(X: Any) -> NDArray[np.float64]:
    """Return the squared Euclidean norm of each row."""
    norms: NDArray[np.float64] = np.ravel(squares(X).sum(axis=1))
    return norms


def deviations(X: Any, means: NDArray[Any]) -> Any:
    """Return squared distances from the means; of a sparse X, of the entries that it stores."""
    if not issparse(X):
        return np.square(X - means)
    distances = X.data - means[X.indices]
    return type(X)((distances**2, X.indices, X.indptr), shape=X.shape)


def _view(X: Any, rows: slice) -> Any:
    if not issparse(X):
        return X[rows]
    indptr = X.indptr[rows.start : rows.stop + 1]
    inside = slice(indptr[0], indptr[-1])
    return type(X)(
        (X.data[inside], X.indices[inside], indptr - indptr[0]),
        shape=(len(indptr) - 1, X.shape[1]),
        copy=False,
    )
