"""Probabilities of sequences from those of their frames."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from skxent.frames._ragged import sum_by_clip


def aggregate_log_proba(
    frame_log_proba: NDArray[Any], lengths: NDArray[Any], aggregate: str
) -> NDArray[Any]:
    r"""Return log-probabilities (n_sequences, n_classes) from those of all frames.

    .. math::
        \log P_{ik} = s_{ik} - \log \sum_j e^{s_{ij}}, \qquad
        s_{ik} = \sum_{t=1}^{T_i} \log p_{itk}

    or, for the mean, :math:`s_{ik}` divided by :math:`T_i`: the product rule of Kittler,
    Hatef, Duin and Matas, "On combining classifiers", IEEE Trans. PAMI 20, 1998.

    Where each class has a frame of probability zero, no sum is finite. These zeros are then
    treated as one small number in the limit where it vanishes: the classes with the fewest
    zeros remain, and their other frames decide between them.
    """
    if aggregate not in ("sum_log_proba", "mean_log_proba"):
        raise ValueError(
            f"aggregate must be 'sum_log_proba' or 'mean_log_proba', got {aggregate!r}"
        )
    is_zero = np.isneginf(frame_log_proba)
    n_zeros = sum_by_clip(is_zero, lengths)
    scores = sum_by_clip(np.where(is_zero, 0.0, frame_log_proba), lengths)
    if aggregate == "mean_log_proba":
        scores /= lengths[:, np.newaxis]
    scores[n_zeros > n_zeros.min(axis=1, keepdims=True)] = -np.inf
    # Relative to the largest score, so that the logarithm of a sure class keeps its digits.
    scores -= scores.max(axis=1, keepdims=True)
    scores -= logsumexp(scores, axis=1, keepdims=True)
    return scores.astype(frame_log_proba.dtype, copy=False)
