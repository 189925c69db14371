"""Probabilities and log-probabilities of logits."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skxent.losses._inputs import as_logits
from skxent.losses._kernels import exponentials


def softmax(logits: ArrayLike) -> NDArray[Any]:
    r"""Compute probabilities from logits along the last axis.

    .. math:: p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}

    Parameters
    ----------
    logits : array-like of shape (..., n_classes)
        Finite scores, one for each class. Integers are converted to float64.

    Returns
    -------
    probabilities : ndarray of shape (..., n_classes)
        Non-negative; each row sums to one. float32 if the logits are.

    Raises
    ------
    ValueError
        If `logits` has no class axis or no class.

    References
    ----------
    .. [1] P. Blanchard, D. J. Higham and N. J. Higham, "Accurately computing
       the log-sum-exp and softmax functions", IMA J. Numer. Anal. 41, 2021.

    Examples
    --------
    >>> from skxent.losses import softmax
    >>> softmax([1000.0, 1000.0, -1000.0])
    array([0.5, 0.5, 0. ])
    """
    logits = as_logits(logits)
    _, probabilities, _, _ = exponentials(logits.reshape(-1, logits.shape[-1]))
    return probabilities.reshape(logits.shape)


def log_softmax(logits: ArrayLike) -> NDArray[Any]:
    r"""Compute log-probabilities (nats) from logits along the last axis.

    .. math:: \log p_k = z_k - \log \sum_j e^{z_j}

    The result is finite if the logits and their differences are, and keeps its
    relative accuracy where a probability rounds to one.

    Parameters
    ----------
    logits : array-like of shape (..., n_classes)
        Finite scores, one for each class. Integers are converted to float64.

    Returns
    -------
    log_probabilities : ndarray of shape (..., n_classes)
        Never positive. float32 if the logits are.

    Raises
    ------
    ValueError
        If `logits` has no class axis or no class.

    Examples
    --------
    >>> from skxent.losses import log_softmax
    >>> log_softmax([0.0, 40.0, 0.0])
    array([-4.00000000e+01, -8.49670851e-18, -4.00000000e+01])
    """
    logits = as_logits(logits)
    shifted, _, rest, _ = exponentials(logits.reshape(-1, logits.shape[-1]))
    shifted -= np.log1p(rest)[:, np.newaxis]
    return shifted.reshape(logits.shape)
