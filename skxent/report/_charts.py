"""Coordinates of charts, which the templates draw as SVG."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skxent.report._calibration import Calibration

WIDTH, HEIGHT = 640, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 150, 16, 52

# Labels of lines must not overlap.
_LABEL_STEP = 18

_MOST_LINES = 6


class Tick(NamedTuple):
    """A place along an axis, and what is written there."""

    at: float
    text: str


class Point(NamedTuple):
    """A mark: its place, its kind, and what it tells."""

    x: float
    y: float
    kind: str
    text: str


class Line(NamedTuple):
    """A line: its SVG path, its label and where that stands, its style and its marks."""

    path: str
    label: str
    label_y: float
    style: int
    points: list[Point]


class Chart(NamedTuple):
    """Lines between two axes."""

    title: str
    x_label: str
    y_label: str
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    lines: list[Line]
    rule: Tick | None
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM


class Bar(NamedTuple):
    """A bin of the reliability diagram, in a square whose side is one, and its clips."""

    left: float
    width: float
    height: float
    confidence: float
    n_clips: int


def loss_chart(curves: dict[str, Any]) -> Chart | None:
    """Return training and validation losses against the iteration; None without finite ones."""
    series = {name: np.asarray(values, np.float64) for name, values in curves.items()}
    series = {name: values for name, values in series.items() if np.isfinite(values).any()}
    if not series:
        return None
    longest = max(len(values) for values in series.values())
    finite = np.concatenate([values[np.isfinite(values)] for values in series.values()])
    start = max(values[np.isfinite(values)][0] for values in series.values())
    x_axis = _Axis(0.0, max(1.0, longest - 1.0), _LEFT, WIDTH - _RIGHT, whole=True)
    y_axis = _Axis(0.0, min(float(finite.max()), 2.0 * start), HEIGHT - _BOTTOM, _TOP)
    lines = [
        (name, np.arange(len(values)), values, ["none"] * len(values))
        for name, values in series.items()
    ]
    return Chart(
        title="Loss against the iteration",
        x_label="Iteration",
        y_label="Cross-entropy (nats)",
        x_ticks=x_axis.ticks(),
        y_ticks=y_axis.ticks(),
        lines=_draw(lines, x_axis, y_axis),
        rule=None,
    )


def rate_chart(scores: dict[str, Any]) -> Chart | None:
    """Return the scores of a search against the learning rate, as `scores_of` gives them.

    Of more than six lines, those with the highest scores are drawn.
    """
    curves, names = scores["curves"], scores["names"] or [scores["label"]]
    best = [np.nanmax(curve["score"], initial=-np.inf) for curve in curves]
    chosen = sorted(np.argsort(best, kind="stable")[::-1][:_MOST_LINES].tolist())
    chosen = [i for i in chosen if np.isfinite(best[i])]
    if not chosen:
        return None
    lines = []
    for i in chosen:
        curve = curves[i]
        kinds = curve["status"].tolist()
        if scores["best"] is not None and scores["best"][0] == i:
            kinds[scores["best"][1]] = "best"
        lines.append((names[i], np.log10(curve["learning_rate"]), curve["score"], kinds))
    rates = np.concatenate([line[1] for line in lines])
    values = np.concatenate([line[2] for line in lines])
    values = values[np.isfinite(values)]
    # Of any 0.8 decades, two values at least are round.
    margin = max(0.03 * float(np.ptp(rates)), 0.5 * (0.8 - float(np.ptp(rates))))
    x_axis = _Axis(rates.min() - margin, rates.max() + margin, _LEFT, WIDTH - _RIGHT, log=True)
    spread = max(float(np.ptp(values)), 0.01)
    y_axis = _Axis(
        values.min() - 0.05 * spread, values.max() + 0.05 * spread, HEIGHT - _BOTTOM, _TOP
    )
    safe, rule = scores["safe_learning_rate"], None
    if safe is not None and x_axis.low <= math.log10(safe) <= x_axis.high:
        rule = Tick(x_axis.place(math.log10(safe)), f"safe rate {safe:.2g}")
    return Chart(
        title=f"{scores['label']} against the learning rate",
        x_label="Learning rate",
        y_label=scores["label"],
        x_ticks=x_axis.ticks(),
        y_ticks=y_axis.ticks(),
        lines=_draw(lines, x_axis, y_axis),
        rule=rule,
    )


def reliability_bars(calibration: Calibration) -> list[Bar]:
    """Return a bar for each bin that has clips."""
    n_bins = len(calibration.counts)
    return [
        Bar(i / n_bins, 1.0 / n_bins, float(accuracy), float(confidence), int(count))
        for i, (count, accuracy, confidence) in enumerate(
            zip(*calibration[:1], calibration.accuracy, calibration.confidence, strict=True)
        )
        if count
    ]


class _Axis:
    """Values along an axis of the page."""

    def __init__(
        self,
        low: float,
        high: float,
        start: float,
        end: float,
        *,
        log: bool = False,
        whole: bool = False,
    ) -> None:
        self.low, self.high = float(low), float(high) if high > low else low + 1.0
        self.start, self.end, self.log, self.whole = start, end, log, whole

    def place(self, values: ArrayLike) -> Any:
        """Return the coordinates of values, those beyond the axis at its ends."""
        shares = (np.asarray(values, np.float64) - self.low) / (self.high - self.low)
        places = self.start + np.clip(shares, 0.0, 1.0) * (self.end - self.start)
        return float(places) if places.ndim == 0 else places

    def ticks(self) -> list[Tick]:
        """Return some four to eight round values."""
        if self.log:
            exponents = range(math.ceil(self.low), math.floor(self.high) + 1)
            if len(exponents) > 1:
                return [Tick(self.place(e), f"{10.0**e:g}") for e in exponents]
            values = [
                m * 10.0**e
                for e in range(math.floor(self.low), math.ceil(self.high))
                for m in (1, 2, 5)
            ]
            inside = [v for v in values if self.low <= math.log10(v) <= self.high]
            return [Tick(self.place(math.log10(v)), f"{v:g}") for v in inside]
        step = _round_step((self.high - self.low) / 4.0)
        step = max(1.0, step) if self.whole else step
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [Tick(self.place(i * step), f"{i * step:.6g}") for i in range(first, last + 1)]


def _round_step(step: float) -> float:
    """Return the largest of 1, 2 and 5 times a power of ten that isn't above a step."""
    power = 10.0 ** math.floor(math.log10(step))
    return max(factor * power for factor in (1.0, 2.0, 5.0) if factor * power <= step * 1.000001)


def _draw(
    series: Sequence[tuple[str, NDArray[Any], NDArray[Any], list[str]]],
    x_axis: _Axis,
    y_axis: _Axis,
) -> list[Line]:
    """Return lines with labels at their right that don't overlap."""
    ends, lines = [], []
    for style, (label, xs, ys, kinds) in enumerate(series):
        is_finite = np.isfinite(ys)
        x, y = x_axis.place(xs), y_axis.place(np.where(is_finite, ys, y_axis.low))
        words = ["M" if i == 0 or not is_finite[i - 1] else "L" for i in range(len(ys))]
        path = " ".join(
            f"{word}{a:.1f} {b:.1f}"
            for word, a, b, drawn in zip(words, x, y, is_finite, strict=True)
            if drawn
        )
        marks = [
            Point(float(a), float(b), kind, f"{label}: {value:.4g}")
            for a, b, kind, value in zip(x, y, kinds, ys, strict=True)
            if kind != "none"
        ]
        ends.append(float(y[is_finite][-1]))
        lines.append(Line(path, label, 0.0, style, marks))
    heights = _spread_labels(ends, _TOP, HEIGHT - _BOTTOM)
    return [
        line._replace(label_y=height + 4.0) for line, height in zip(lines, heights, strict=True)
    ]


def _spread_labels(heights: list[float], top: float, bottom: float) -> list[float]:
    """Return heights moved apart, in the same order."""
    order = sorted(range(len(heights)), key=heights.__getitem__)
    moved, above = list(heights), top - _LABEL_STEP
    for i in order:
        above = moved[i] = max(heights[i], above + _LABEL_STEP)
    below = bottom + _LABEL_STEP
    for i in reversed(order):
        below = moved[i] = min(moved[i], below - _LABEL_STEP)
    return moved
