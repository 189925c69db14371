"""A model of the curvature that all outputs share, to be solved with.

Second-order solvers see the objective as if its curvature were that of
:math:`M^{-1} H`, which is even where the model M is good: features then need
no scaling, and correlated ones no whitening.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky


@dataclass(frozen=True, eq=False)
class Preconditioner:
    """The inverse of a symmetric positive definite matrix M, applied to rows.

    Parameters
    ----------
    mean_curvature : float
        Mean curvature of the samples that M was made for, by which
        :meth:`skxent.linear._objective.LinearObjective.preconditioner` tells whether it is
        still good.
    factor : ndarray of shape (n_params, n_params) or (n_params,)
        The lower Cholesky factor of M, or the diagonal of a diagonal M.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.linear._preconditioner import Preconditioner
    >>> halve = Preconditioner.from_matrix(np.eye(2), penalties=np.ones(2), mean_curvature=1.0)
    >>> halve(np.array([[4.0, 6.0]])).round(6)
    array([[2., 3.]])
    """

    mean_curvature: float
    factor: NDArray[Any]

    @classmethod
    def from_matrix(
        cls, matrix: NDArray[Any], penalties: NDArray[Any], mean_curvature: float
    ) -> Self:
        """Return that of a positive semidefinite matrix with something on its diagonal.

        A ridge of 1e-12 of each diagonal entry (more, where the columns are
        many) keeps it finite where columns depend on each other.

        Parameters
        ----------
        matrix : ndarray of shape (n_params, n_params)
            It is not written to.
        penalties : ndarray of shape (n_params,)
            Added to the diagonal, not negative.
        mean_curvature : float
            See the class.

        Returns
        -------
        preconditioner : Preconditioner
            Its inverse.
        """
        matrix = matrix.copy()
        diagonal = np.einsum("ii->i", matrix)
        diagonal += penalties
        # Of each entry, not of the largest: that would drown the small columns.
        # The rounding errors that it must outweigh grow with the number of columns.
        diagonal *= 1.0 + max(1e-12, 64 * np.finfo(np.float64).eps * len(matrix))
        diagonal += np.finfo(np.float64).tiny
        return cls(
            mean_curvature, cholesky(matrix, lower=True, overwrite_a=True, check_finite=False)
        )

    @classmethod
    def from_diagonal(cls, diagonal: NDArray[Any], mean_curvature: float) -> Self:
        """Return that of a diagonal matrix.

        Parameters
        ----------
        diagonal : ndarray of shape (n_params,)
            Not negative. Where it is zero, nothing curves: it is taken as one.
        mean_curvature : float
            See the class.

        Returns
        -------
        preconditioner : Preconditioner
            Its inverse.
        """
        return cls(mean_curvature, np.where(diagonal > 0.0, diagonal, 1.0))

    def __call__(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Return M^{-1} applied to each row.

        Parameters
        ----------
        rows : ndarray of shape (n_rows, n_params)
            They are not written to.

        Returns
        -------
        solved : ndarray of shape (n_rows, n_params)
            A new array.
        """
        solved: NDArray[np.float64]
        if self.factor.ndim == 1:
            solved = rows / self.factor
        else:
            solved = cho_solve((self.factor, True), rows.T, check_finite=False).T
        return solved
