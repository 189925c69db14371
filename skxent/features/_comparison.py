"""Whether clips resemble others, such as those that a classifier was trained on."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu

from skxent.features._inputs import list_clips, name_clip, warn_of_problems
from skxent.features._properties import PROPERTIES, measure

# Of 100 pairs of clips and reference clips, the clip has the larger value in 75 or in 25.
_SHARE = 0.75

# Standard errors of that share, for few clips: chance exceeds it once in a thousand times.
_STANDARD_ERRORS = 3.3

# The range of the reference, without its own strange clips.
_RANGE = (0.01, 0.99)

_MOST_SHOWN = 10


@dataclasses.dataclass(frozen=True, eq=False)
class ClipComparison:
    """What :func:`compare_clips` finds; its text is a report.

    The properties are "duration", "level", "pause", "noise", "bandwidth" and "clipping".

    Parameters
    ----------
    reference, clips : dict of str to ndarray of shape (n_reference,) or (n_clips,)
        Value of each clip by the name of the property, such as for a data frame. NaN for clips
        that can't be used.
    differences : dict of str to float
        The properties that differ, and the median of the clips minus that of the reference.
    outliers : dict of int to list of str
        Index of each clip that lies outside the reference, and the properties in which it does.
    ranges : dict of str to tuple of two floats
        The range of the reference that `outliers` refers to, before it is widened.
    problems : dict of int to str
        Index of each clip that can't be used, and why.
    names : list of str of length n_clips
        Index and path of each clip, as the report names it.

    See Also
    --------
    compare_clips : Compares two sets of clips.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.features import compare_clips
    >>> rng = np.random.default_rng(0)
    >>> clips = [rng.normal(size=8000) for _ in range(20)]
    >>> comparison = compare_clips(clips[:10], clips[10:], sample_rate=8000)
    >>> comparison.differences, comparison.outliers
    ({}, {})
    >>> comparison.clips["duration"][:3]
    array([1., 1., 1.])
    """

    reference: dict[str, NDArray[np.float64]]
    clips: dict[str, NDArray[np.float64]]
    differences: dict[str, float]
    outliers: dict[int, list[str]]
    ranges: dict[str, tuple[float, float]]
    problems: dict[int, str]
    names: list[str]

    def __str__(self) -> str:
        n_reference = np.count_nonzero(np.isfinite(self.reference["level"]))
        lines = [
            f"{len(self.names)} clips, compared with {n_reference} of the reference",
            f"{'':11}{'98 % of reference':22}{'its median':>12}{'of clips':>12}",
        ]
        for name, kind in PROPERTIES.items():
            values = [_median(table[name]) for table in (self.reference, self.clips)]
            medians = "".join(f"{kind.write(value):>12}" for value in values)
            word = ""
            if name in self.differences:
                word = f"  {kind.more if self.differences[name] > 0 else kind.less}"
            lines.append(f"{name:11}{kind.write(*self.ranges[name]):22}{medians}{word}")
        lines += [f"outside the reference: {len(self.outliers)}"]
        for number, names in [*self.outliers.items()][:_MOST_SHOWN]:
            found = [f"{name} {PROPERTIES[name].write(self.clips[name][number])}" for name in names]
            lines.append(f"  {self.names[number]}: {', '.join(found)}")
        if len(self.outliers) > _MOST_SHOWN:
            lines.append("  ...")
        if self.problems:
            lines += [f"can't be used: {len(self.problems)}"]
            lines += [f"  {reason}" for reason in [*self.problems.values()][:_MOST_SHOWN]]
            lines += ["  ..."] * (len(self.problems) > _MOST_SHOWN)
        return "\n".join(lines)


def compare_clips(
    reference: Any, clips: Any, *, sample_rate: float, on_error: str = "raise"
) -> ClipComparison:
    r"""Compare clips with others, such as new recordings with those of the training.

    A classifier can't be trusted with clips that are unlike those that it was trained on. This
    function measures six properties of each clip, and finds those in which the two sets differ
    and the single clips that lie outside the reference.

    Parameters
    ----------
    reference : list of clips, object array, pandas Series or array-like of shape \
            (n_reference, n_samples)
        Clips as :class:`skxent.MFCCTransformer` takes them, best some twenty or more.
    clips : list of clips, object array, pandas Series or array-like of shape (n_clips, n_samples)
        Clips to compare with them.
    sample_rate : float
        In hertz; that of the transformer. Clips with another rate of their own are resampled.
    on_error : {"raise", "warn"}, default="raise"
        Whether a clip that can't be used raises an error that names it, or is left out with a
        warning, its properties being NaN.

    Returns
    -------
    comparison : ClipComparison
        Properties of all clips, `differences` of the sets, and `outliers` among `clips`. Its text
        is a report.

    Raises
    ------
    TypeError, ValueError
        If `reference` or `clips` is no collection of clips, none of them can be used, a clip
        can't be used and `on_error` is "raise", or a parameter is invalid.

    See Also
    --------
    skxent.frames.trim : Leaves out the pauses at the ends of clips.

    Notes
    -----
    The properties are:

    ===========  ================================================================  ===============
    property     what it is                                                        what matters
    ===========  ================================================================  ===============
    duration     of the whole clip, in seconds                                     factor 1.25
    level        of the sound, in decibels relative to a variance of one: the      3 dB
                 mean power of frames at most 20 dB below the loudest
    pause        share of frames that :func:`skxent.frames.trim` leaves out at     10 %
                 35 dB
    noise        level below which the quietest tenth of the frames lie, in        6 dB
                 decibels relative to `level`, -60 at least; without digital
                 silence
    bandwidth    frequency below which 99 % of the energy lies, with a             factor 1.25
                 pre-emphasis of 0.97, in hertz
    clipping     share of samples at the clip's highest or lowest value that       0.2 %
                 have a neighbour there
    ===========  ================================================================  ===============

    Levels are those of frames of 25 ms, see :func:`skxent.mfcc.levels`. Clipping is looked for
    before clips are resampled; it isn't found after compression with losses.

    The sets differ in a property if their medians are further apart than what matters, and if
    with :math:`n` reference clips :math:`r` and :math:`m` clips :math:`c`

    .. math::
        \Bigl|P(c > r) + \tfrac{1}{2} P(c = r) - \tfrac{1}{2}\Bigr| \ge \max\Biggl(\frac{1}{4}, \;
        3.3 \sqrt{\frac{n + m + 1}{12 n m}}\Biggr)

    where :math:`P` is the share of all pairs. It is the statistic of Mann and Whitney [1]_, known
    as the common language effect size, and the square root is its standard error between sets
    that do not differ. So three of four pairs must differ in one direction, and more where clips
    are few: with less than four clips, sets don't differ. A clip is an outlier where it lies
    beyond the 1st or 99th percentile of the reference by more than what matters and than half of
    the interquartile range. Clips of the reference itself may.

    References
    ----------
    .. [1] K. O. McGraw and S. P. Wong, "A common language effect size statistic", Psychological
       Bulletin 111, 1992.

    Examples
    --------
    >>> from skxent.datasets import load_spoken_digits
    >>> from skxent.features import compare_clips
    >>> digits = load_spoken_digits()
    >>> quieter = [0.1 * clip for clip in digits.data[1::2]]
    >>> comparison = compare_clips(digits.data[::2], quieter, sample_rate=digits.sample_rate)
    >>> comparison.differences.keys()
    dict_keys(['level'])
    """
    if on_error not in ("raise", "warn"):
        raise ValueError(f"on_error={on_error!r} must be 'raise' or 'warn'")
    tables = []
    for name, some in (("reference", reference), ("clips", clips)):
        listed = _list(name, some)
        try:
            table, problems = measure(listed, sample_rate, on_error)
        except (TypeError, ValueError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"{name}: {error}") from error
        if len(problems) == len(listed):
            raise ValueError(f"{name}: no clip can be used: {problems[0]}")
        warn_of_problems(problems, len(listed), stacklevel=2)
        tables.append(table)
    usual, found = tables
    differences, ranges = {}, {}
    outliers: dict[int, list[str]] = {}
    for name in PROPERTIES:
        one, other = (values[np.isfinite(values)] for values in (usual[name], found[name]))
        if _differ(name, one, other):
            differences[name] = float(np.median(other) - np.median(one))
        quantiles = quantiles_of(one)
        ranges[name] = quantiles[0], quantiles[-1]
        for number in find_outliers(name, found[name], quantiles).tolist():
            outliers.setdefault(number, []).append(name)
    names = [name_clip(i, clip) for i, clip in enumerate(listed)]
    in_order = dict(sorted(outliers.items()))
    return ClipComparison(usual, found, differences, in_order, ranges, problems, names)


def _list(name: str, X: Any) -> list[Any]:
    """Return the clips of a parameter, of a matrix its rows."""
    try:
        clips = list_clips(X)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from error
    return list(np.asarray(X)) if clips is None else clips


def _differ(name: str, reference: NDArray[Any], clips: NDArray[Any]) -> bool:
    """Return whether two sets differ in a property."""
    low, high = sorted([float(np.median(reference)), float(np.median(clips))])
    if not PROPERTIES[name].differs(high, low):
        return False
    n_reference, n_clips = len(reference), len(clips)
    n_pairs = n_reference * n_clips
    share = mannwhitneyu(clips, reference, method="asymptotic").statistic / n_pairs
    standard_error = math.sqrt((n_reference + n_clips + 1) / (12.0 * n_pairs))
    return bool(abs(share - 0.5) >= max(_SHARE - 0.5, _STANDARD_ERRORS * standard_error))


def quantiles_of(reference: NDArray[Any]) -> list[float]:
    """Return what :func:`find_outliers` needs of the reference: its range and quartiles."""
    found: list[float] = np.quantile(reference, [_RANGE[0], 0.25, 0.75, _RANGE[1]]).tolist()
    return found


def find_outliers(name: str, values: NDArray[Any], quantiles: Sequence[float]) -> NDArray[Any]:
    """Return the indices of values that lie outside the reference."""
    kind = PROPERTIES[name]
    low, lower, upper, high = quantiles
    margin = 0.5 * (upper - lower)
    is_above = kind.differs(values, high) & (values > high + margin)
    is_below = kind.differs(low, values) & (values < low - margin)
    return np.flatnonzero(is_above | is_below)


def _median(values: NDArray[Any]) -> float:
    return float(np.median(values[np.isfinite(values)]))
