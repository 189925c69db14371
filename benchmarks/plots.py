"""Bar plots of ratios."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from benchmarks.page import tables
from benchmarks.rows import ratio_of

# Okabe and Ito's blue and vermilion, which colour-blind readers can distinguish, and hatching.
AHEAD = {"facecolor": "#0072B2", "edgecolor": "white"}
BEHIND = {"facecolor": "#D55E00", "edgecolor": "white", "hatch": "///"}
OPEN = {"facecolor": "#7F7F7F", "edgecolor": "white", "hatch": "..."}
STYLES = {True: AHEAD, False: BEHIND, None: OPEN}
LONGEST_TITLE = 70


def draw_ratios(rows, path):
    """Draw the ratios of the counted rows, and return whether there are any.

    Bars start at 1 and extend to the right where skxent is ahead, to the left where it is behind.
    On the logarithmic axis, twice as fast and half as fast are equally long.
    """
    drawn = {
        name: [row for row in members if row.ratio]
        for name, members in tables(row for row in rows if not row.detail).items()
    }
    drawn = {name: members for name, members in drawn.items() if members}
    if not drawn:
        return False
    sizes = [len(members) for members in drawn.values()]
    figure = Figure(figsize=(9.0, 0.66 * sum(sizes) + 0.7 * len(sizes) + 0.8), layout="constrained")
    panels = figure.subplots(
        len(drawn), 1, sharex=True, squeeze=False, height_ratios=[size + 0.6 for size in sizes]
    )[:, 0]
    for axes, (name, members) in zip(panels, drawn.items(), strict=True):
        _draw_table(axes, name, members)
    every = [row for members in drawn.values() for row in members]
    _scale(panels[-1], every)
    figure.legend(handles=_keys(every), loc="outside lower right", ncols=5, frameon=False)
    figure.savefig(path, dpi=120)
    return True


def _draw_table(axes, name, rows):
    title = f"{name}: {rows[0].problem}"
    apart = len({row.problem for row in rows}) > 1 or len(title) > LONGEST_TITLE
    axes.set_title(name if apart else title, loc="left", fontsize=11, fontweight="bold")
    axes.set_xscale("log")
    axes.axvline(1.0, color="black", linewidth=1.0)
    axes.grid(axis="x", color="0.88")
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    for place, row in enumerate(rows):
        style = STYLES[row.ahead]
        low, high = sorted([1.0, row.ratio])
        axes.barh(place, high - low, left=low, height=0.62, **style)
        if row.spread is not None:
            axes.hlines(place, *row.spread, color="black", linewidth=1.5)
        if row.aim is not None:
            axes.plot(row.aim, place, "D", color="white", markeredgecolor="black", markersize=7)
        axes.text(
            1.02,
            place,
            ratio_of(row),
            color=style["facecolor"],
            fontweight="bold",
            va="center",
            transform=axes.get_yaxis_transform(),
        )
    labels = [_label(row, with_problem=apart) for row in rows]
    axes.set_yticks(range(len(rows)), labels, fontsize=9)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(rows) - 0.5, -0.5)


def _label(row, with_problem):
    """Return the names of what is compared, one on each line."""
    lines = [row.problem] if with_problem else []
    return "\n".join([*lines, row.setting or "skxent", f"against {row.tool}"])


def _scale(axes, rows):
    """Set the limits and ticks of the axis that all panels share."""
    marks = [0.7, 1.5]
    for row in rows:
        marks += [row.ratio, *(row.spread or ()), *([] if row.aim is None else [row.aim])]
    low, high = np.log10(min(marks)), np.log10(max(marks))
    margin = 0.04 * (high - low)
    axes.set_xlim(10 ** (low - margin), 10 ** (high + margin))
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high - low < 2.5 else (1.0,)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("ratio: time, memory or errors of the other over those of skxent", loc="left")


def _keys(rows):
    keys = [Patch(label="skxent is ahead", **AHEAD), Patch(label="skxent is behind", **BEHIND)]
    if any(row.ahead is None for row in rows):
        keys.append(Patch(label="undecided", **OPEN))
    if any(row.spread is not None for row in rows):
        keys.append(Line2D([], [], color="black", linewidth=1.5, label="spread"))
    if any(row.aim is not None for row in rows):
        diamond = {"marker": "D", "color": "white", "markeredgecolor": "black", "linestyle": "none"}
        keys.append(Line2D([], [], label="aim", **diamond))
    return keys
