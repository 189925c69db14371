"""LearningRateDisplay: scores or losses against the learning rate."""

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils.validation import check_is_fitted

from skxent.plotting._lines import (
    MAX_DRAWN,
    check_names,
    colors_of,
    limit_to,
    prepare_lines,
)
from skxent.plotting._search_scores import scores_of
from skxent.search import learning_rate_range_test

_STYLES = {
    "score": {"label": "candidate", "marker": "o", "markersize": 5},
    "pruned": {"label": "pruned", "marker": "o", "markersize": 5},
    "diverged": {"label": "diverged", "marker": "x", "markersize": 8, "markeredgewidth": 2},
    "failed": {"label": "no finite score", "marker": "X", "markersize": 8, "clip_on": False},
    "loss": {"label": "loss of each step", "linewidth": 1},
    "smoothed_loss": {"label": "running mean", "linewidth": 2},
    "best": {"marker": "*", "markersize": 15, "markeredgecolor": "k", "zorder": 4},
}
_RAW_ALPHA = 0.5
_BAND_ALPHA = 0.2


class LearningRateDisplay:
    """Score or loss against the learning rate, on a logarithmic axis.

    :meth:`from_search` draws the scores of a search, :meth:`from_range_test` the losses of
    a range test, and :meth:`from_estimator` runs a range test first. All parameters are
    stored as attributes.

    Parameters
    ----------
    curves : list of dict of str to ndarray of shape (n_rates,)
        For each curve, the learning rates in ascending order under the key
        "learning_rate", and the values at these rates. Those of a search are "score", the
        mean over the folds, "lower" and "upper", the edges of the band around it, and
        "status", which is "finished", "pruned", "diverged" or, without a finite score,
        "failed". Those of a range test are "loss" and "smoothed_loss".

    names : list of str, default=None
        Name of each curve. None is for a single, unnamed curve.

    best : tuple of two ints, default=None
        Indices of the curve and of the learning rate in it that the search chose or the
        range test suggests.

    safe_learning_rate : float, default=None
        Rate 1/L up to which gradient descent is guaranteed to descend, if it is known.

    label : str, default=None
        Label of the vertical axis. If None, "Score" or "Cross-entropy (nats)".

    Attributes
    ----------
    figure_ : matplotlib Figure
        Figure that holds the curves.

    ax_ : matplotlib Axes
        Axes of the curves.

    lines_ : list of dict of str to matplotlib Line2D
        For each curve, its lines under the keys "score", or "loss" and "smoothed_loss",
        and the markers of its candidates, if any, under "pruned", "diverged", "failed" and
        "best".

    bands_ : list of matplotlib Collection
        Band of each curve of scores.

    safe_line_ : matplotlib Line2D or None
        Vertical line at the safe rate.

    See Also
    --------
    skxent.SoftmaxClassifierCV : Searches for the best learning rate.
    skxent.learning_rate_range_test : Suggests a learning rate after a short run.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import scale
    >>> from skxent import SoftmaxClassifier, SoftmaxClassifierCV
    >>> from skxent.plotting import LearningRateDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> X = scale(X)
    >>> search = SoftmaxClassifierCV(learning_rates=[0.001, 0.01, 0.1], tol=1e-2).fit(X, y)
    >>> display = LearningRateDisplay.from_search(search)
    >>> display.curves[0]["status"]
    array(['pruned', 'finished', 'finished'], dtype='<U8')
    >>> curve, place = display.best
    >>> float(display.curves[curve]["learning_rate"][place])
    0.1
    >>> plt.close(display.figure_)

    >>> display = LearningRateDisplay.from_estimator(SoftmaxClassifier(), X, y, random_state=0)
    >>> display.ax_.get_ylabel()
    'Cross-entropy (nats)'
    >>> plt.close(display.figure_)
    """

    def __init__(self, *, curves, names=None, best=None, safe_learning_rate=None, label=None):
        self.curves = curves
        self.names = names
        self.best = best
        self.safe_learning_rate = safe_learning_rate
        self.label = label

    @classmethod
    def from_search(cls, search, *, metric=None, score_name=None, names=None, ax=None, **kwargs):
        """Draw the scores of the candidates of a search.

        The band extends one standard deviation of the folds' scores to each side. It is
        clipped to [0, 1] if all scores lie between them.

        Parameters
        ----------
        search : estimator
            A fitted :class:`skxent.SoftmaxClassifierCV`,
            :class:`~sklearn.model_selection.GridSearchCV` or other search of scikit-learn
            with one parameter whose name ends in `learning_rate`, or a pipeline that ends
            with one. Candidates that differ in other parameters are drawn as different
            lines. Successive halving is drawn with the scores of each candidate's last
            iteration.
        metric : str, default=None
            Score to draw. If None, the only one, or the one that `refit` names.
        score_name : str, default=None
            Name of the score, for the label. If None, it is inferred from the search.
        names : str or list of str, default=None
            Name of each line. If None, several lines are named by the parameters in which
            they differ.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is created.
        **kwargs : dict
            Keyword arguments of matplotlib's ``plot`` for all lines of scores.

        Returns
        -------
        display : LearningRateDisplay
            Display with the curves and the figure.

        Raises
        ------
        NotFittedError
            If the search is not fitted.
        TypeError
            If `search` is not a search.
        ValueError
            If the search has not exactly one parameter of learning rates, a rate is not a
            positive number, the metric does not exist, or the number of names does not
            match.
        """
        check_matplotlib_support(f"{cls.__name__}.from_search")
        check_is_fitted(search)
        search = search.steps[-1][1] if isinstance(search, Pipeline) else search
        if not hasattr(search, "cv_results_"):
            raise TypeError(f"search must have cv_results_, {type(search).__name__} has none")
        scores = scores_of(search, metric)
        if names is not None:
            scores["names"] = check_names(names, len(scores["curves"]), "lines")
        label = scores.pop("label") if score_name is None else score_name
        display = cls(**scores | {"label": f"{label} (mean ± std of {search.n_splits_} folds)"})
        return display.plot(ax, **kwargs)

    @classmethod
    def from_range_test(cls, result, *, names=None, ax=None, **kwargs):
        """Draw the losses of a range test, and a star at the rate that it suggests, if any.

        Parameters
        ----------
        result : Bunch
            Result of :func:`skxent.learning_rate_range_test`.
        names : str, default=None
            Name of the curve, to distinguish it from others on the same axes.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is created.
        **kwargs : dict
            Keyword arguments of matplotlib's ``plot`` for both lines.

        Returns
        -------
        display : LearningRateDisplay
            Display with the curves and the figure.

        Raises
        ------
        TypeError
            If `result` is not the result of a range test.
        ValueError
            If there is more than one name.
        """
        check_matplotlib_support(f"{cls.__name__}.from_range_test")
        try:
            curve = {
                "learning_rate": np.array(result["learning_rates"], dtype=float),
                "loss": np.array(result["losses"], dtype=float),
                "smoothed_loss": np.array(result["smoothed_losses"], dtype=float),
            }
            given = result["suggestion"]
            suggestion = None if given is None else float(given)
        except (KeyError, TypeError) as error:
            raise TypeError(
                "result must be a result of learning_rate_range_test, "
                f"got {type(result).__name__} ({error})"
            ) from error
        best = None
        if suggestion is not None:
            best = 0, int(np.argmin(np.abs(np.log(curve["learning_rate"] / suggestion))))
        display = cls(curves=[curve], names=check_names(names, 1, "curves"), best=best)
        return display.plot(ax, **kwargs)

    @classmethod
    def from_estimator(cls, estimator, X, y, *, names=None, ax=None, **range_test_parameters):
        """Run a range test and draw it.

        Parameters
        ----------
        estimator : estimator
            Estimator with `partial_fit`, such as :class:`skxent.SoftmaxClassifier`. It need
            not be fitted and is not changed.
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,)
            Labels.
        names : str, default=None
            Name of the curve, to distinguish it from others on the same axes.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is created.
        **range_test_parameters : dict
            Parameters of :func:`skxent.learning_rate_range_test`.

        Returns
        -------
        display : LearningRateDisplay
            Display with the curves and the figure.

        Raises
        ------
        TypeError, ValueError
            As in :func:`skxent.learning_rate_range_test`.
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        names = check_names(names, 1, "curves")
        result = learning_rate_range_test(estimator, X, y, **range_test_parameters)
        return cls.from_range_test(result, names=names, ax=ax)

    def plot(self, ax=None, **kwargs):
        """Draw the display.

        Pruned candidates are hollow, diverged ones are crosses, and those without a finite
        score are drawn at the lower edge. A star marks the best candidate, or the rate that
        a range test suggests. Scores and losses of another order of magnitude than the rest
        may leave the axes.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is created.
        **kwargs : dict
            Keyword arguments of matplotlib's ``plot`` for all lines of scores or losses.

        Returns
        -------
        display : LearningRateDisplay
            The display itself.
        """
        ax, kwargs, names, seen = prepare_lines(self, ax, kwargs)
        ax.set_xscale("log")
        self.lines_, self.bands_ = [], []
        for i, (curve, color) in enumerate(
            zip(self.curves, colors_of(len(self.curves)), strict=True)
        ):
            lines = _draw_lines(ax, curve, names[i], color, kwargs)
            if "score" in curve:
                self.bands_.append(_draw_band(ax, curve, lines["score"].get_color()))
            self.lines_.append(lines)
        self._draw_best(ax)
        if self.names is not None:
            self._explain_markers(ax)
        self.safe_line_ = None
        if self.safe_learning_rate is not None:
            self.safe_line_ = ax.axvline(
                self.safe_learning_rate,
                color="0.4",
                linestyle=":",
                label=f"safe rate 1/L = {self.safe_learning_rate:.3g}",
            )
        limit_to(ax, seen + _values_to_see(self.curves))
        is_search = "score" in self.curves[0]
        ylabel = self.label or ("Score" if is_search else "Cross-entropy (nats)")
        ax.set(xlabel="Learning rate", ylabel=ylabel)
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self

    def _draw_best(self, ax):
        """Draw a star at the best candidate or the suggested rate."""
        if self.best is None:
            return
        i, place = self.best
        curve, lines = self.curves[i], self.lines_[i]
        key = "score" if "score" in curve else "smoothed_loss"
        rate, value = curve["learning_rate"][place], curve[key][place]
        if np.isfinite(value):
            word = "best" if key == "score" else "suggestion"
            style = _STYLES["best"] | {"label": f"{word}: {rate:.3g}", "linestyle": "none"}
            (lines["best"],) = ax.plot([rate], [value], color=lines[key].get_color(), **style)

    def _explain_markers(self, ax):
        """Add one legend entry for each kind of marker that the curves share."""
        known = ax.get_legend_handles_labels()[1]
        for key in ("pruned", "diverged", "failed", "loss"):
            label = _STYLES[key]["label"]
            if label not in known and any(key in lines for lines in self.lines_):
                ax.plot([], [], **_style(ax, key) | {"color": "0.4"})


def _style(ax, key):
    """Return the style of a line or of markers."""
    style = dict(_STYLES[key])
    if key in ("pruned", "diverged", "failed"):
        style |= {"linestyle": "none", "zorder": 3}
    if key == "pruned":
        style["markerfacecolor"] = ax.get_facecolor()
    if key == "loss":
        style["alpha"] = _RAW_ALPHA
    return style


def _drawable(values):
    """Return values within the limits of renderers, and NaN for those that are not finite."""
    return np.where(np.isfinite(values), np.clip(values, -MAX_DRAWN, MAX_DRAWN), np.nan)


def _draw_lines(ax, curve, name, color, kwargs):
    """Draw a curve and the markers of its candidates, and return the lines by their keys."""
    rates, lines = curve["learning_rate"], {}
    for key in ("smoothed_loss", "loss", "score"):
        if key not in curve:
            continue
        style = _style(ax, key) | {"color": color}
        if name is not None:
            style["label"] = "_" if key == "loss" else name
        if key == "score":
            style["markevery"] = np.flatnonzero(curve["status"] == "finished").tolist()
        (lines[key],) = ax.plot(rates, _drawable(curve[key]), **style | kwargs)
        color = lines[key].get_color()
    for key in ("pruned", "diverged", "failed"):
        is_so = curve.get("status", np.array([])) == key
        if not is_so.any():
            continue
        style = _style(ax, key) | {"color": color} | ({} if name is None else {"label": "_"})
        values = _drawable(curve["score"][is_so])
        if key == "failed":
            values = np.zeros(is_so.sum())
            style["transform"] = ax.get_xaxis_transform()
        (lines[key],) = ax.plot(rates[is_so], values, **style)
    return lines


def _draw_band(ax, curve, color):
    """Draw the band around a curve of scores."""
    rates, lower, upper = (_drawable(curve[k]) for k in ("learning_rate", "lower", "upper"))
    if len(rates) == 1:  # a band of one point has no width
        return ax.vlines(rates, lower, upper, color=color, alpha=_BAND_ALPHA, linewidth=5)
    return ax.fill_between(rates, lower, upper, color=color, alpha=_BAND_ALPHA, linewidth=0)


def _values_to_see(curves):
    """Return the values that the axis must show: all but outliers far beyond the others."""
    scores = [curve["score"][np.isfinite(curve["score"])] for curve in curves if "score" in curve]
    scores = np.concatenate(scores) if scores else np.array([])
    lowest = -np.inf
    if len(scores):
        # Far wider than from a useless rate to the best one, far narrower than to divergence.
        best = scores.max()
        lowest = best - 100.0 * max(abs(best), best - np.median(scores))
    values = []
    for curve in curves:
        if "score" in curve:
            is_near = curve["score"] >= lowest
            values += [curve[key][is_near] for key in ("score", "lower", "upper")]
        else:
            # Losses of single steps, unlike their mean, may be outliers.
            smoothed = curve["smoothed_loss"]
            values += [smoothed, np.minimum(curve["loss"], 2.0 * smoothed.max())]
    values = np.concatenate(values)
    return values[np.isfinite(values)].tolist()
