"""Rows of X, dense or sparse."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse


def _squares(X: Any) -> Any:
    X = X.astype(np.float64, copy=False)  # squares of float32 may overflow
    return X.multiply(X) if issparse(X) else np.square(X)


def _deviations(X: Any, means: NDArray[Any]) -> Any:
    """Squares of the distances of a sparse matrix's entries that are not zero from means."""
    distances = X.data - means[X.indices]
    return type(X)((distances**2, X.indices, X.indptr), shape=X.shape)


def _view(X: Any, rows: slice) -> Any:
    """Rows of X without a copy."""
    if not issparse(X):
        return X[rows]
    indptr = X.indptr[rows.start : rows.stop + 1]
    inside = slice(indptr[0], indptr[-1])
    return type(X)(
        (X.data[inside], X.indices[inside], indptr - indptr[0]),
        shape=(len(indptr) - 1, X.shape[1]),
        copy=False,
    )
