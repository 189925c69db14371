"""What the displays of curves have in common: names, colours, and what they begin with."""

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support

__all__ = [
    "MAX_DRAWN",
    "check_names",
    "colors_of",
    "number_alike",
    "prepare_lines",
    "text_of",
]

# Far beyond any axis. Renderers can't draw lines to where a loss is before it overflows.
MAX_DRAWN = 1e30


def prepare_lines(display, ax, kwargs):
    """Return what a display of curves draws with.

    That is axes, keyword arguments of lines under their full names, the name of each
    curve or None, and the limits of what the axes show already.
    """
    check_matplotlib_support(f"{type(display).__name__}.plot")
    import matplotlib.pyplot as plt
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    if ax is None:
        _, ax = plt.subplots(layout="constrained")
    names = [None] * len(display.curves) if display.names is None else display.names
    seen = [limit for limit in ax.dataLim.intervaly if np.isfinite(limit)]
    return ax, normalize_kwargs(kwargs, Line2D), names, seen


def check_names(names, n, what):
    """Return None, or a list of n names."""
    if names is None:
        return None
    names = [names] if isinstance(names, str) else [str(name) for name in names]
    if len(names) != n:
        raise ValueError(f"names must be as many as the {what}, {n}, got {len(names)}")
    return names


def number_alike(names):
    """Return names with a number behind each that stands more than once."""
    return [
        f"{name} ({names[: i + 1].count(name)})" if names.count(name) > 1 else name
        for i, name in enumerate(names)
    ]


def text_of(value):
    """Return a setting as names of curves have it."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if hasattr(value, "get_params"):
        return type(value).__name__
    return getattr(value, "__name__", str(value))


def colors_of(n_curves):
    """Return None for each curve, for the axes' cycle, or colours where that is too short."""
    import matplotlib.pyplot as plt

    if n_curves <= len(plt.rcParams["axes.prop_cycle"]):
        return [None] * n_curves
    return list(plt.colormaps["viridis"](np.linspace(0.0, 0.95, n_curves)))
