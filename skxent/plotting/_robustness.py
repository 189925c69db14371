"""RobustnessDisplay: accuracy against the signal-to-noise ratio."""

import math
from collections.abc import Mapping

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support

from skxent.augmentation import robustness_curve
from skxent.plotting._estimators import distinguish, list_estimators, unwrap
from skxent.plotting._lines import check_names, colors_of, limit_to, prepare_lines

_BAND_ALPHA = 0.2
_CLEAN = "clean"
_YLABEL = "Accuracy ± standard error"

# Between the last ratio and clean clips: in decibels, where there is no other ratio, and as a
# share of the range of the ratios at least, so that there is room for the label.
_GAP, _LEAST_GAP = 10.0, 0.2


class RobustnessDisplay:
    """Accuracy against the signal-to-noise ratio, of one or several classifiers.

    :meth:`from_estimator` makes noisy copies of clips and draws the accuracy of fitted
    classifiers, :meth:`from_robustness_curve` draws results of
    :func:`skxent.augmentation.robustness_curve`. All parameters are stored as attributes.

    Parameters
    ----------
    curves : list of dict of str to ndarray of shape (n_snr,)
        For each classifier, the ratios in decibels in ascending order under the key "snr",
        where infinity stands for clean clips, the accuracy at these under "score", and the
        edges of the band around it under "lower" and "upper"; these are NaN where they are
        not known.

    names : list of str, default=None
        Name of each classifier. None is for a single, unnamed curve.

    Attributes
    ----------
    figure_ : matplotlib Figure
        Figure that holds the curves.

    ax_ : matplotlib Axes
        Axes of the curves.

    lines_ : list of dict of str to matplotlib Line2D
        For each classifier, its line under the key "score", and under "clean" the dotted line
        from its end to clean clips, if there are any.

    bands_ : list of matplotlib Collection
        Band of each curve.

    chance_line_ : matplotlib Line2D or None
        Horizontal line at the accuracy of guesses.

    See Also
    --------
    skxent.augmentation.robustness_curve : Computes such curves.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.pipeline import make_pipeline
    >>> from skxent import MFCCTransformer, SoftmaxClassifier
    >>> from skxent.augmentation import AddNoise
    >>> from skxent.datasets import load_spoken_digits
    >>> from skxent.plotting import RobustnessDisplay
    >>> digits = load_spoken_digits()
    >>> X, y, rate = digits.data[:120], digits.target[:120], digits.sample_rate
    >>> pipelines = {
    ...     kind: make_pipeline(
    ...         MFCCTransformer(sample_rate=rate, convention=kind), SoftmaxClassifier()
    ...     ).fit(X[::2], y[::2])
    ...     for kind in ("psf", "kaldi")
    ... }
    >>> display = RobustnessDisplay.from_estimator(
    ...     pipelines, X[1::2], y[1::2], effects=AddNoise("pink"), sample_rate=rate
    ... )
    >>> [label.get_text() for label in display.ax_.get_xticklabels()]
    ['0', '5', '10', '20', 'clean']
    >>> plt.close(display.figure_)
    """

    def __init__(self, *, curves, names=None):
        self.curves = curves
        self.names = names

    @classmethod
    def from_estimator(
        cls, estimator, X, y, *, names=None, chance=None, ax=None, **curve_parameters
    ):
        """Compute the accuracy of fitted classifiers in noise, and draw it.

        Parameters
        ----------
        estimator : estimator, iterable of estimators or mapping of str to estimator
            Fitted classifiers of clips. The keys of a mapping are the names.
        X : list of clips, object array, pandas Series or array-like of shape \
                (n_clips, n_samples)
            Clips that the classifiers were not fitted to.
        y : array-like of shape (n_clips,)
            Labels.
        names : str or list of str, default=None
            Name of each classifier. If None, several are named by the parameters in which
            they differ, or by their classes.
        chance : float, default=None
            Accuracy of guesses, drawn as a line. None draws none.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is created.
        **curve_parameters : dict
            Parameters of :func:`skxent.augmentation.robustness_curve`, at least `sample_rate`.

        Returns
        -------
        display : RobustnessDisplay
            Display with the curves and the figure.

        Raises
        ------
        TypeError, ValueError
            As in :func:`skxent.augmentation.robustness_curve`, or if there is no estimator, or
            the number of names does not match.
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        estimators, names = list_estimators(estimator, names)
        results = [robustness_curve(each, X, y, **curve_parameters) for each in estimators]
        if names is None and len(estimators) > 1:
            names = distinguish([unwrap(each) for each in estimators])
        return cls.from_robustness_curve(results, names=names, chance=chance, ax=ax)

    @classmethod
    def from_robustness_curve(cls, result, *, names=None, chance=None, ax=None, **kwargs):
        """Draw the accuracy in noise, with a band of one standard error to each side.

        Parameters
        ----------
        result : Bunch, list of Bunch or mapping of str to Bunch
            Results of :func:`skxent.augmentation.robustness_curve`. The keys of a mapping are
            the names.
        names : str or list of str, default=None
            Name of each curve. If None, several are numbered.
        chance : float, default=None
            Accuracy of guesses, drawn as a line. None draws none.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is created.
        **kwargs : dict
            Keyword arguments of matplotlib's ``plot`` for all lines.

        Returns
        -------
        display : RobustnessDisplay
            Display with the curves and the figure.

        Raises
        ------
        TypeError
            If `result` holds anything but results of `robustness_curve`.
        ValueError
            If there is no result, or the number of names does not match.
        """
        check_matplotlib_support(f"{cls.__name__}.from_robustness_curve")
        results, names = _list_results(result, names)
        display = cls(curves=[_curve(each) for each in results], names=names)
        return display.plot(ax, chance=chance, **kwargs)

    def plot(self, ax=None, *, chance=None, **kwargs):
        """Draw the display.

        Clean clips are the last point, at the end of a dotted line.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is created.
        chance : float, default=None
            Accuracy of guesses, drawn as a line. None draws none.
        **kwargs : dict
            Keyword arguments of matplotlib's ``plot`` for all lines.

        Returns
        -------
        display : RobustnessDisplay
            The display itself.
        """
        ax, kwargs, names, seen = prepare_lines(self, ax, kwargs)
        place, seen_ratios = _place_of_clean(ax, self.curves), _ratios_of_ticks(ax)
        self.lines_, self.bands_ = [], []
        for curve, name, color in zip(self.curves, names, colors_of(len(self.curves)), strict=True):
            lines = _draw_lines(ax, curve, place, name, color, kwargs)
            self.bands_.append(_draw_band(ax, curve, place, lines["score"].get_color()))
            self.lines_.append(lines)
            seen += [v for key in ("score", "lower", "upper") for v in curve[key]]
        self.chance_line_ = None
        if chance is not None:
            style = {"color": "0.4", "linestyle": "--", "linewidth": 1, "zorder": 1}
            self.chance_line_ = ax.axhline(chance, label="chance", **style)
            seen.append(chance)
        limit_to(ax, [value for value in seen if np.isfinite(value)])
        ratios = np.unique([*seen_ratios, *(ratio for c in self.curves for ratio in c["snr"])])
        _label_ratios(ax, ratios, place)
        ax.set(xlabel="Signal-to-noise ratio (dB)", ylabel=_YLABEL)
        if self.names is not None or chance is not None:
            ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _list_results(result, names):
    """Return results of robustness_curve and names as lists of one length; names may be None."""
    if isinstance(result, Mapping) and "scores" not in result:
        names = list(result) if names is None else names
        results = list(result.values())
    else:
        results = [result] if isinstance(result, Mapping) else list(result)
    if not results:
        raise ValueError("result must hold at least one result of robustness_curve, got none")
    names = check_names(names, len(results), "results")
    if names is None and len(results) > 1:
        names = [str(number) for number in range(1, len(results) + 1)]
    return results, names


def _curve(result):
    """Return a curve of the result of robustness_curve, with a band within [0, 1]."""
    try:
        snr, scores, errors = (
            np.array(result[key], dtype=float) for key in ("snr", "scores", "standard_errors")
        )
    except (KeyError, TypeError) as error:
        raise TypeError(
            f"result must be of robustness_curve, got {type(result).__name__} ({error})"
        ) from error
    order = np.argsort(snr)
    return {
        "snr": snr[order],
        "score": scores[order],
        "lower": np.maximum(scores - errors, 0.0)[order],
        "upper": np.minimum(scores + errors, 1.0)[order],
    }


def _ratios_of_ticks(ax):
    """Return the ratios that earlier displays on these axes have labelled."""
    labels = [label.get_text() for label in ax.get_xticklabels()]
    if _CLEAN not in labels:
        return []
    return [
        np.inf if label == _CLEAN else tick
        for tick, label in zip(ax.get_xticks(), labels, strict=True)
    ]


def _place_of_clean(ax, curves):
    """Return where clean clips are drawn: about as far from the last ratio as others are apart.

    It is where earlier displays on these axes have drawn them, if that lies beyond all ratios.
    """
    ratios = np.unique(np.concatenate([curve["snr"] for curve in curves]))
    ratios = ratios[np.isfinite(ratios)]
    last = ratios[-1] if len(ratios) else 0.0
    labels = [label.get_text() for label in ax.get_xticklabels()]
    if _CLEAN in labels:
        place = ax.get_xticks()[labels.index(_CLEAN)]
        if place > last:
            return place
    if len(ratios) < 2:
        return last + _GAP
    return last + max(ratios[-1] - ratios[-2], _LEAST_GAP * np.ptp(ratios))


def _draw_lines(ax, curve, place, name, color, kwargs):
    """Draw a curve, the line to its clean clips dotted, and return the lines by their keys."""
    is_clean = np.isinf(curve["snr"])
    style = {"marker": "o", "markersize": 5, "color": color, "label": name or "_"} | kwargs
    x = np.where(is_clean, place, curve["snr"])
    (line,) = ax.plot(x[~is_clean], curve["score"][~is_clean], **style)
    lines = {"score": line}
    if is_clean.any():
        style |= {"color": line.get_color(), "label": "_", "linestyle": ":"}
        first = max(0, np.count_nonzero(~is_clean) - 1)
        marked = np.flatnonzero(is_clean[first:]).tolist()
        (lines["clean"],) = ax.plot(x[first:], curve["score"][first:], markevery=marked, **style)
    return lines


def _draw_band(ax, curve, place, color):
    """Draw the band around a curve."""
    x = np.where(np.isinf(curve["snr"]), place, curve["snr"])
    lower, upper = curve["lower"], curve["upper"]
    if len(x) == 1:  # a band of one point has no width
        return ax.vlines(x, lower, upper, color=color, alpha=_BAND_ALPHA, linewidth=5)
    return ax.fill_between(x, lower, upper, color=color, alpha=_BAND_ALPHA, linewidth=0)


def _label_ratios(ax, ratios, place):
    """Label ratios and clean clips on the axis; of many, some."""
    finite = ratios[np.isfinite(ratios)]
    ticks = [*finite[:: max(1, math.ceil(len(finite) / 7))]]
    labels = [f"{tick:g}" for tick in ticks]
    if len(finite) < len(ratios):
        ticks.append(place)
        labels.append(_CLEAN)
    ax.set_xticks(ticks, labels)
