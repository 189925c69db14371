"""Labels that may be wrong."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def suspect_labels(targets: NDArray[Any], probabilities: NDArray[Any]) -> NDArray[np.bool_]:
    r"""Return whether each label is suspected to be wrong, by confident learning.

    The threshold :math:`t_k` of class :math:`k` is the mean of its probability over the clips that
    are labelled :math:`k`. A clip is confidently of the likeliest class among those with
    :math:`p_k \ge t_k`; if that isn't its label, the label is suspected. Of equally likely classes,
    it is the label. Classes without clips have no threshold. Probabilities must be of clips that
    the classifier was not trained on. C. Northcutt, L. Jiang and I. Chuang, "Confident learning:
    estimating uncertainty in dataset labels", Journal of Artificial Intelligence Research 70,
    2021, section 3.1.
    """
    n_classes = probabilities.shape[1]
    own = np.take_along_axis(probabilities, targets[:, np.newaxis], axis=1)[:, 0]
    counts = np.bincount(targets, minlength=n_classes)
    sums = np.bincount(targets, own, minlength=n_classes)
    thresholds = np.full(n_classes, np.inf)
    np.divide(sums, counts, out=thresholds, where=counts > 0)
    # A mean of equal numbers may exceed them by its rounding.
    is_confident = probabilities >= thresholds - 1e-9
    confident = np.where(is_confident, probabilities, -1.0)
    own = np.take_along_axis(confident, targets[:, np.newaxis], axis=1)[:, 0]
    suspected: NDArray[np.bool_] = confident.max(axis=1) > own
    return suspected
