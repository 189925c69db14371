"""Accuracy of all clips, of each class and of each speaker, with intervals."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t

# Of all intervals of a report.
CONFIDENCE = 0.95


class Share(NamedTuple):
    """A share of clips that are right, and its interval."""

    n_right: int
    n: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share, NaN of no clips."""
        return self.n_right / self.n if self.n else math.nan


def wilson(share: float, n: float, quantile: float) -> tuple[float, float]:
    r"""Return Wilson's interval of a share of n clips, n > 0.

    It holds all :math:`q` with :math:`|\hat p - q| \le z \sqrt{q (1 - q) / n}`. `n` need not be
    whole. E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    Journal of the American Statistical Association 22, 1927.
    """
    square = quantile**2 / n
    centre = share + 0.5 * square
    half = math.sqrt(square * (share * (1.0 - share) + 0.25 * square))
    low, high = (centre - half) / (1.0 + square), (centre + half) / (1.0 + square)
    # Rounding must not leave out the share itself.
    return max(0.0, min(low, share)), min(1.0, max(high, share))


def share_of(is_right: NDArray[Any], groups: NDArray[Any] | None = None) -> Share:
    r"""Return the share of right clips, with an interval for new speakers if `groups` are given.

    Clips of one speaker are alike, so they tell less than as many clips of as many speakers. Of
    :math:`G` speakers, speaker :math:`g` has :math:`n_g` clips, of which :math:`c_g` are right. The
    share :math:`\hat p` has the variance

    .. math::
        v = \frac{G}{G - 1} \sum_g \Bigl(\frac{c_g - n_g \hat p}{n}\Bigr)^2

    between speakers. Wilson's interval is that of :math:`\min(n, \hat p (1 - \hat p) / v)` clips,
    with the quantile of Student's t for :math:`G - 1` degrees of freedom. N. Dean and M. Pagano,
    "Evaluating confidence interval methods for binomial proportions in clustered surveys", Journal
    of Survey Statistics and Methodology 3, 2015. With one speaker, it is that of the clips.
    """
    n, n_right = len(is_right), int(np.count_nonzero(is_right))
    if not n:
        return Share(0, 0, 0.0, 1.0)
    share, n_effective = n_right / n, float(n)
    tail = 0.5 * (1.0 + CONFIDENCE)
    quantile = float(norm.ppf(tail))
    n_groups = 0 if groups is None else int(groups.max()) + 1
    if groups is not None and n_groups > 1:
        sizes = np.bincount(groups, minlength=n_groups)
        excess = np.bincount(groups, is_right, minlength=n_groups) - sizes * share
        variance = n_groups / (n_groups - 1) * float(np.sum((excess / n) ** 2))
        if variance * n > share * (1.0 - share):
            n_effective = share * (1.0 - share) / variance
        quantile = float(t.ppf(tail, n_groups - 1))
    return Share(n_right, n, *wilson(share, n_effective, quantile))


def shares_by(is_right: NDArray[Any], codes: NDArray[Any], n_codes: int) -> list[Share]:
    """Return the share of right clips of each class or speaker, numbered from zero."""
    return [share_of(is_right[codes == code]) for code in range(n_codes)]


def confusions(targets: NDArray[Any], predicted: NDArray[Any], n_classes: int) -> NDArray[np.int64]:
    """Return how many clips of each class (row) were taken for each class (column)."""
    counts = np.bincount(targets * n_classes + predicted, minlength=n_classes**2)
    return counts.reshape(n_classes, n_classes)


def number_speakers(groups: Sequence[Any]) -> tuple[NDArray[np.int64], list[Any]]:
    """Return the number of each clip's speaker, and the speakers in order; None is no speaker.

    Clips without a speaker have numbers from that of the last speaker on, one each.
    """
    known = list({group: None for group in groups if group is not None})
    try:
        known.sort()
    except TypeError:  # of several types
        known.sort(key=str)
    numbers = {group: i for i, group in enumerate(known)}
    codes, n_used = np.empty(len(groups), np.int64), len(known)
    for i, group in enumerate(groups):
        codes[i] = n_used if group is None else numbers[group]
        n_used += group is None
    return codes, known
