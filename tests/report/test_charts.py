import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skxent.report._calibration import calibrate
from skxent.report._charts import loss_chart, rate_chart, reliability_bars


def scores(values, *, status=None, rates=None, n_curves=1, best=(0, 0), safe=None):
    rates = np.logspace(-4, 0, len(values)) if rates is None else np.array(rates)
    status = np.array(status or ["finished"] * len(values))
    curve = {"learning_rate": rates, "score": np.array(values, float), "status": status}
    names = None if n_curves == 1 else [f"alpha={i}" for i in range(n_curves)]
    return {
        "curves": [curve | {"score": curve["score"] - 0.01 * i} for i in range(n_curves)],
        "names": names,
        "best": best,
        "safe_learning_rate": safe,
        "label": "Accuracy",
    }


def points_of(path):
    return [(float(x), float(y)) for x, y in re.findall(r"[ML]([\d.]+) ([\d.]+)", path)]


def assert_inside(chart):
    for line in chart.lines:
        for x, y in points_of(line.path):
            assert chart.left <= x <= chart.right
            assert chart.top <= y <= chart.bottom
    for ticks, low, high in (
        (chart.x_ticks, chart.left, chart.right),
        (chart.y_ticks, chart.top, chart.bottom),
    ):
        places = [tick.at for tick in ticks]
        assert len(places) >= 2
        assert all(low - 1e-6 <= place <= high + 1e-6 for place in places)
        steps = np.diff(places)
        assert (steps > 0).all() or (steps < 0).all()


@given(st.lists(st.floats(1e-3, 100), min_size=1, max_size=30), st.booleans())
def test_losses_are_drawn_at_their_values(losses, is_validated):
    curves = {"training": losses} | ({"validation": losses[::-1]} if is_validated else {})
    chart = loss_chart(curves)
    assert_inside(chart)
    heights = [y for _, y in points_of(chart.lines[0].path)]
    assert len(heights) == len(losses)
    order = np.argsort(losses, kind="stable")
    assert (np.diff(np.array(heights)[order]) <= 0).all()  # the higher the loss, the further up
    labels = [line.label_y for line in chart.lines]
    assert all(abs(a - b) >= 17.9 for a, b in zip(labels[1:], labels[:-1], strict=True))


def test_losses_that_are_not_finite_leave_a_gap():
    chart = loss_chart({"training": [2.0, np.nan, 1.0, np.inf]})
    assert [word[0] for word in chart.lines[0].path.split(" ") if word[0] in "ML"] == ["M", "M"]
    assert loss_chart({"training": [np.nan]}) is None
    assert loss_chart({}) is None


@pytest.mark.parametrize("rates", [[0.001, 0.01, 0.1], [0.1, 0.2, 0.4], [0.3, 0.3, 0.3]])
def test_scores_are_drawn_against_the_logarithm_of_the_rate(rates):
    chart = rate_chart(
        scores([0.5, 0.9, np.nan], rates=rates, status=["pruned", "finished", "failed"],
               best=(0, 1), safe=rates[1])
    )  # fmt: skip
    assert_inside(chart)
    kinds = [point.kind for point in chart.lines[0].points]
    assert kinds == ["pruned", "best", "failed"]
    assert chart.rule.at == pytest.approx(chart.lines[0].points[1].x)


def test_of_many_lines_those_with_the_highest_scores_are_drawn_apart():
    chart = rate_chart(scores([0.5, 0.9], n_curves=9))
    assert [line.label for line in chart.lines] == [f"alpha={i}" for i in range(6)]
    heights = sorted(line.label_y for line in chart.lines)
    assert (np.diff(heights) > 17).all()
    assert rate_chart(scores([np.nan, np.nan])) is None
    assert rate_chart(scores([0.5, 0.6], safe=100.0)).rule is None


def test_bars_are_those_of_bins_with_clips():
    calibration = calibrate(np.array([0.55, 0.57, 1.0]), np.array([True, False, True]))
    bars = reliability_bars(calibration)
    assert [(bar.left, bar.height, bar.n_clips) for bar in bars] == [(0.5, 0.5, 2), (0.9, 1.0, 1)]
    assert bars[0].confidence == pytest.approx(0.56)
