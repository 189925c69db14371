"""Whether probabilities mean what they say."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

N_BINS = 10


class Calibration(NamedTuple):
    """Bins of equal width of the largest probability; NaN in bins without clips.

    `error` is the expected calibration error.
    """

    counts: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    error: float


def calibrate(largest: NDArray[Any], is_right: NDArray[Any], n_bins: int = N_BINS) -> Calibration:
    r"""Return how often clips of like largest probability are right.

    The expected calibration error is :math:`\sum_b \frac{n_b}{n} |a_b - c_b|`, with the accuracy
    :math:`a_b` and the mean largest probability :math:`c_b` of the :math:`n_b` clips in bin
    :math:`b`. C. Guo et al., "On calibration of modern neural networks", ICML 2017.
    """
    bins = np.minimum((largest * n_bins).astype(np.int64), n_bins - 1)
    counts = np.bincount(bins, minlength=n_bins)
    sums = np.bincount(bins, largest, n_bins), np.bincount(bins, is_right, n_bins)
    with np.errstate(invalid="ignore"):
        confidence, accuracy = (total / counts for total in sums)
    error = float(np.abs(sums[1] - sums[0]).sum() / len(largest))
    return Calibration(counts, confidence, accuracy, error)
