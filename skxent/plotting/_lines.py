"""Names, colours and axes of curves, shared by the displays."""

import numpy as np
from sklearn.utils._optional_dependencies import check_matplotlib_support

# Far beyond any axis. Renderers fail on values close to the largest float.
MAX_DRAWN = 1e30


def prepare_lines(display, ax, kwargs):
    """Return axes, keyword arguments under full names, names of curves, and limits drawn so far."""
    check_matplotlib_support(f"{type(display).__name__}.plot")
    import matplotlib.pyplot as plt
    from matplotlib.cbook import normalize_kwargs
    from matplotlib.lines import Line2D

    if ax is None:
        _, ax = plt.subplots(layout="constrained")
    names = [None] * len(display.curves) if display.names is None else display.names
    seen = [limit for limit in ax.dataLim.intervaly if np.isfinite(limit)]
    return ax, normalize_kwargs(kwargs, Line2D), names, seen


def limit_to(ax, values):
    """Shrink the vertical limits of what is drawn to those of the values."""
    if values and (ax.dataLim.y0 < min(values) or ax.dataLim.y1 > max(values)):
        # Unlike set_ylim, this keeps autoscaling on for later curves.
        ax.dataLim.intervaly = min(values), max(values)
        ax.autoscale_view()


def check_names(names, n, what):
    """Return names as a list of n strings, or None."""
    if names is None:
        return None
    names = [names] if isinstance(names, str) else [str(name) for name in names]
    if len(names) != n:
        raise ValueError(
            f"names must have one entry for each of the {what} ({n}), got {len(names)}"
        )
    return names


def number_alike(names):
    """Return names, with a number appended to each that occurs more than once."""
    return [
        f"{name} ({names[: i + 1].count(name)})" if names.count(name) > 1 else name
        for i, name in enumerate(names)
    ]


def text_of(value):
    """Return the text of a setting, for the name of a curve."""
    if isinstance(value, float):
        return f"{value:.4g}"
    if hasattr(value, "get_params"):
        return type(value).__name__
    return getattr(value, "__name__", str(value))


def colors_of(n_curves):
    """Return a colour for each curve, or None if the cycle of the axes has enough colours."""
    import matplotlib.pyplot as plt

    if n_curves <= len(plt.rcParams["axes.prop_cycle"]):
        return [None] * n_curves
    return list(plt.colormaps["viridis"](np.linspace(0.0, 0.95, n_curves)))
