"""LossCurveDisplay: training and validation losses against the iteration."""

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support
from sklearn.utils.validation import check_is_fitted

from skxent.plotting._estimators import distinguish, list_estimators, unwrap
from skxent.plotting._lines import MAX_DRAWN, colors_of, limit_to, prepare_lines

_LOSS_STYLES = {
    "training": {"label": "training", "linestyle": "-"},
    "validation": {"label": "validation", "linestyle": "--"},
    "lowest": {"label": "lowest validation loss", "linestyle": "none", "marker": "o"},
}


class LossCurveDisplay:
    """Training and validation loss against the iteration, of one or several estimators.

    :meth:`from_estimator` draws the losses of fitted estimators. All parameters are stored
    as attributes. The training loss may include a penalty, as that of
    :class:`skxent.SoftmaxClassifier` does; the validation loss includes none.

    Parameters
    ----------
    curves : list of dict of str to ndarray of shape (n_iter + 1,)
        For each estimator, its losses under the keys "training" and, if it has validation
        samples, "validation". The first loss is that before the first iteration.

    names : list of str, default=None
        Name of each estimator. If None, there must be a single one, whose lines are
        labelled "training" and "validation".

    Attributes
    ----------
    figure_ : matplotlib Figure
        Figure that holds the curves.

    ax_ : matplotlib Axes
        Axes of the curves.

    lines_ : list of dict of str to matplotlib Line2D
        For each estimator, its lines under the keys of `curves`, and the marker of the
        lowest validation loss under "lowest".

    See Also
    --------
    skxent.SoftmaxClassifier : Has such curves after `fit`.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> from sklearn.datasets import load_iris
    >>> from skxent import SoftmaxClassifier
    >>> from skxent.plotting import LossCurveDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> classifiers = [
    ...     SoftmaxClassifier(learning_rate=rate, tol=0.05).fit(X, y) for rate in (0.01, 0.1)
    ... ]
    >>> display = LossCurveDisplay.from_estimator(classifiers)
    >>> display.names
    ['learning_rate=0.01', 'learning_rate=0.1']
    >>> display.ax_.get_ylabel()
    'Cross-entropy (nats)'
    >>> plt.close(display.figure_)
    """

    def __init__(self, *, curves, names=None):
        self.curves = curves
        self.names = names

    @classmethod
    def from_estimator(cls, estimator, *, names=None, ax=None, log_scale=False, **kwargs):
        """Draw the loss curves of fitted estimators.

        Parameters
        ----------
        estimator : estimator, iterable of estimators or mapping of str to estimator
            Fitted estimators with the attribute `loss_curve_` and optionally
            `validation_loss_curve_`, such as :class:`skxent.SoftmaxClassifier`; or
            pipelines that end with one, or searches whose best estimator is one. The keys
            of a mapping are the names.
        names : str or list of str, default=None
            Name of each estimator. If None, several estimators are named by the parameters
            in which they differ, or by their classes.
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is created.
        log_scale : bool, default=False
            Whether to use a logarithmic axis for the loss.
        **kwargs : dict
            Keyword arguments of matplotlib's ``plot`` for all lines.

        Returns
        -------
        display : LossCurveDisplay
            Display with the curves and the figure.

        Raises
        ------
        NotFittedError
            If an estimator is not fitted.
        TypeError
            If `estimator` is not an estimator, or has no `loss_curve_`.
        ValueError
            If there is no estimator, or the number of names does not match.
        """
        check_matplotlib_support(f"{cls.__name__}.from_estimator")
        estimators, names = list_estimators(estimator, names)
        trained = [_trained(estimator) for estimator in estimators]
        if names is None and len(trained) > 1:
            names = distinguish(trained)
        display = cls(curves=[_losses(estimator) for estimator, _ in trained], names=names)
        return display.plot(ax, log_scale=log_scale, **kwargs)

    def plot(self, ax=None, *, log_scale=False, **kwargs):
        """Draw the display.

        The training loss is solid, the validation loss is dashed, with a dot at its lowest
        value: early stopping keeps the coefficients of that iteration. A loss that became
        infinite or NaN ends with a cross. Curves that diverge may leave the axes, so that
        the others remain visible.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Axes to draw on. If None, a new figure is created.
        log_scale : bool, default=False
            Whether to use a logarithmic axis for the loss.
        **kwargs : dict
            Keyword arguments of matplotlib's ``plot`` for all lines.

        Returns
        -------
        display : LossCurveDisplay
            The display itself.
        """
        ax, kwargs, names, seen = prepare_lines(self, ax, kwargs)
        from matplotlib.ticker import MaxNLocator

        if log_scale:
            ax.set_yscale("log")
        self.lines_ = [
            _draw_losses(ax, curve, name, color, kwargs)
            for curve, name, color in zip(
                self.curves, names, colors_of(len(self.curves)), strict=True
            )
        ]
        if self.names is not None and any("validation" in curve for curve in self.curves):
            known = ax.get_legend_handles_labels()[1]
            for style in _LOSS_STYLES.values():
                if style["label"] not in known:
                    ax.plot([], [], color="0.4", **style)
        seen += _losses_to_see(self.curves, margin=10.0 if ax.get_yscale() == "log" else 1.5)
        limit_to(ax, seen)
        if isinstance(ax.xaxis.get_major_locator(), MaxNLocator):
            ax.xaxis.get_major_locator().set_params(integer=True)
        ax.set(xlabel="Iteration", ylabel="Cross-entropy (nats)")
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self


def _trained(estimator):
    """Return the estimator that a search or pipeline trained, and the parameters of all steps."""
    check_is_fitted(estimator)
    trained, params = unwrap(estimator)
    if getattr(trained, "loss_curve_", None) is None:
        raise TypeError(f"estimator must have a loss_curve_, {type(trained).__name__} has none")
    return trained, params


def _losses(estimator):
    """Return the loss curves of an estimator by their keys."""
    curve = {"training": np.array(estimator.loss_curve_, dtype=float)}
    if getattr(estimator, "validation_loss_curve_", None) is not None:
        curve["validation"] = np.array(estimator.validation_loss_curve_, dtype=float)
    return curve


def _draw_losses(ax, curve, name, color, kwargs):
    """Draw the curves of an estimator, and return its lines by their keys."""
    lines = {}
    for key, losses in curve.items():
        finite = np.flatnonzero(np.isfinite(losses))
        style = _LOSS_STYLES[key] | {"color": color, "markevery": finite[-1:].tolist()}
        if name is not None:
            style["label"] = name if key == "training" else "_"
        if len(finite) < len(losses):
            style |= {"label": f"{style['label']} (diverged)", "marker": "x"}
        elif len(losses) == 1:  # a line of one point is invisible
            style["marker"] = "."
        drawn = np.where(np.isfinite(losses), np.minimum(losses, MAX_DRAWN), np.nan)
        (lines[key],) = ax.plot(np.arange(len(losses)), drawn, **style | kwargs)
        color = lines[key].get_color()
        if key == "validation" and len(finite):
            i = finite[np.argmin(losses[finite])]
            style = _LOSS_STYLES["lowest"] | ({} if name is None else {"label": "_"})
            (lines["lowest"],) = ax.plot([i], [drawn[i]], color=color, **style)
    return lines


def _losses_to_see(curves, margin):
    """Return the lowest loss, and the highest loss of the curves that do not diverge."""
    curves = [losses[np.isfinite(losses)] for curve in curves for losses in curve.values()]
    curves = [losses for losses in curves if len(losses)]
    start = max((losses[0] for losses in curves), default=1.0)
    # A curve that ends far above all starts diverges; if all diverge, all are shown. A peak far
    # beyond all starts is cut off even if the curve comes back.
    for factor in (10.0, 1e4):
        tame = [losses.max() for losses in curves if losses[-1] <= factor * start]
        if tame:
            break
    highest = min(max([*tame, margin * start]), 1e4 * start)
    return [min((losses.min() for losses in curves), default=start), highest]
