"""From the probabilities of frames to those of sequences."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from skxent.frames._ragged import sum_by_clip


def aggregate_log_proba(
    frame_log_proba: NDArray[Any], lengths: NDArray[Any], aggregate: str
) -> NDArray[Any]:
    r"""Return log-probabilities of sequences from those of their frames.

    .. math::
        \log P_{ik} = s_{ik} - \log \sum_j e^{s_{ij}}, \qquad
        s_{ik} = \sum_{t=1}^{T_i} \log p_{itk}

    or, for the mean, :math:`s_{ik}` divided by :math:`T_i`. The sum takes the frames
    for independent observations, which neighbours hardly are: its probabilities are
    closer to zero and one than they should be. The mean is their geometric mean, with
    the same order of classes.

    Where each class has a frame of probability zero, no sum is finite. Then those
    zeros are taken for the same small number, in the limit where it vanishes: the
    classes with the fewest of them remain, and are compared by the other frames.

    Parameters
    ----------
    frame_log_proba : ndarray of shape (n_frames, n_classes)
        Natural logarithms of probabilities, minus infinity for zero.
    lengths : ndarray of int of shape (n_sequences,)
        Number of frames of each sequence, one at least.
    aggregate : {"sum_log_proba", "mean_log_proba"}
        Whether to take the sum or the mean over frames.

    Returns
    -------
    log_proba : ndarray of shape (n_sequences, n_classes)
        Of the frames' type, minus infinity where a probability is zero. The
        probabilities of a sequence sum to one.

    Raises
    ------
    ValueError
        If `aggregate` is neither.

    References
    ----------
    .. [1] J. Kittler, M. Hatef, R. P. W. Duin and J. Matas, "On combining classifiers",
       IEEE Trans. PAMI 20, 1998 (the product rule).

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.sequences._aggregation import aggregate_log_proba
    >>> frames = np.log([[0.8, 0.2], [0.6, 0.4], [0.5, 0.5]])
    >>> np.exp(aggregate_log_proba(frames, np.array([2, 1]), "sum_log_proba")).round(3)
    array([[0.857, 0.143],
           [0.5  , 0.5  ]])
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
    # From the largest on, so that a sure class's logarithm keeps its digits.
    scores -= scores.max(axis=1, keepdims=True)
    scores -= logsumexp(scores, axis=1, keepdims=True)
    return scores.astype(frame_log_proba.dtype, copy=False)
