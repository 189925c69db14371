import itertools
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC
from sklearn.utils import Bunch

from skxent import MFCCTransformer, SoftmaxClassifier
from skxent.audio import load
from skxent.augmentation import AddNoise, robustness_curve
from skxent.plotting import RobustnessDisplay
from tests.plotting import strategies
from tests.plotting.figures import edges, legend, points

RATE = 8000
CLIPS = [np.sin(np.arange(400 + i) * (0.5 if i % 2 else 1.5)) for i in range(8)]
LABELS = np.arange(8) % 2


class Threshold(ClassifierMixin, BaseEstimator):
    """Finds clips with a large last sample to be of class one."""

    def __init__(self, threshold=0.0):
        self.threshold = threshold

    def fit(self, X=None, y=None):
        return self

    def predict(self, X):
        return np.array([int(load(clip, RATE)[-1] > self.threshold) for clip in X])


def result(snr=(0, 10, np.inf), scores=(0.3, 0.6, 0.9), errors=0.02):
    errors = np.broadcast_to(errors, len(snr))
    return Bunch(snr=np.array(snr), scores=np.array(scores), standard_errors=np.array(errors))


def ticks(display):
    labels = [label.get_text() for label in display.ax_.get_xticklabels()]
    return dict(zip(labels, display.ax_.get_xticks().tolist(), strict=True))


def test_lines_hold_the_curve_and_clean_clips_come_last():
    display = RobustnessDisplay.from_robustness_curve(result())
    (lines,) = display.lines_
    assert points(lines["score"]) == [(0, 0.3), (10, 0.6)]
    assert points(lines["clean"]) == [(10, 0.6), (20, 0.9)]
    assert lines["clean"].get_markevery() == [1]
    assert (lines["score"].get_linestyle(), lines["clean"].get_linestyle()) == ("-", ":")
    assert lines["score"].get_color() == lines["clean"].get_color()
    assert ticks(display) == {"0": 0, "10": 10, "clean": 20}
    np.testing.assert_allclose(
        np.unique(edges(display.bands_[0]).round(12)),
        np.unique([0.28, 0.32, 0.58, 0.62, 0.88, 0.92]),
    )
    assert display.ax_.get_xlabel() == "Signal-to-noise ratio (dB)"
    assert display.ax_.get_ylabel() == "Accuracy ± standard error"
    assert display.ax_.get_legend() is None
    assert display.chance_line_ is None
    assert plt.get_fignums() == [display.figure_.number]


@strategies.few
@given(
    st.lists(st.integers(-40, 60), unique=True, max_size=6),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_ratios_are_sorted_and_labelled(snr, has_clean, random):
    snr = [*map(float, snr), *[np.inf] * (has_clean or not snr)]
    random.shuffle(snr)
    scores = {ratio: random.random() for ratio in snr}
    display = RobustnessDisplay.from_robustness_curve(result(snr, [*scores.values()]))
    (lines,), labelled = display.lines_, ticks(display)
    np.testing.assert_array_equal(display.curves[0]["snr"], sorted(snr))
    finite = sorted(ratio for ratio in snr if np.isfinite(ratio))
    assert points(lines["score"]) == [(ratio, scores[ratio]) for ratio in finite]
    assert labelled.keys() == {f"{ratio:g}" for ratio in finite} | (
        {"clean"} & {*["clean"] * (np.inf in snr)}
    )
    if np.inf in snr:
        assert points(lines["clean"])[-1] == (labelled["clean"], scores[np.inf])
        assert all(labelled["clean"] > ratio for ratio in finite)
    plt.close("all")


def test_estimators_have_a_line_each_of_the_same_copies():
    estimators = {"strict": Threshold(0.9), "mild": Threshold(-0.5)}
    settings = {"effects": AddNoise("pink"), "snr": [0, 20, np.inf], "sample_rate": RATE}
    display = RobustnessDisplay.from_estimator(estimators, CLIPS, LABELS, **settings)
    assert display.names == legend(display) == ["strict", "mild"]
    for curve, estimator in zip(display.curves, estimators.values(), strict=True):
        expected = robustness_curve(estimator, CLIPS, LABELS, **settings)
        np.testing.assert_array_equal(curve["score"], expected.scores)
        width = (curve["upper"] - curve["lower"])[0]
        assert 0 < width <= 2 * expected.standard_errors[0] + 1e-12
    assert len({lines["score"].get_color() for lines in display.lines_}) == 2


def test_names_are_given_or_what_differs():
    settings = {"effects": AddNoise(), "snr": [0], "sample_rate": RATE}

    def names_of(estimator, **names):
        display = RobustnessDisplay.from_estimator(estimator, CLIPS, LABELS, **settings, **names)
        return display.names

    assert names_of(Threshold()) is None
    assert names_of(Threshold(), names="mine") == ["mine"]
    assert names_of([Threshold(0.1), Threshold(0.2)]) == ["threshold=0.1", "threshold=0.2"]
    assert names_of([Threshold(0.1), Threshold(0.2)], names=["a", "b"]) == ["a", "b"]
    pipelines = [
        make_pipeline(MFCCTransformer(sample_rate=RATE), classifier).fit(CLIPS, LABELS)
        for classifier in (SoftmaxClassifier(), SVC())
    ]
    assert names_of(pipelines) == ["SoftmaxClassifier", "SVC"]

    class Plain:
        def predict(self, X):
            return np.ones(len(X), dtype=int)

    assert names_of([Plain(), Threshold()]) == ["Plain", "Threshold"]


def test_results_are_named_by_a_mapping_or_numbered():
    for given_results, names in [
        ({"a": result(), "b": result()}, ["a", "b"]),
        ([result(), result()], ["1", "2"]),
    ]:
        display = RobustnessDisplay.from_robustness_curve(given_results)
        assert legend(display) == names
    display = RobustnessDisplay.from_robustness_curve([result(), result()], names=["c", "d"])
    assert legend(display) == ["c", "d"]


def test_chance_is_a_line():
    display = RobustnessDisplay.from_robustness_curve(result(), chance=0.1)
    assert set(display.chance_line_.get_ydata()) == {0.1}
    assert legend(display) == ["chance"]
    assert display.ax_.get_ylim()[0] < 0.1
    display = RobustnessDisplay.from_estimator(
        Threshold(), CLIPS, LABELS, chance=0.5, effects=AddNoise(), snr=[0], sample_rate=RATE
    )
    assert set(display.chance_line_.get_ydata()) == {0.5}


def test_band_ends_at_zero_and_one_and_may_be_unknown():
    display = RobustnessDisplay.from_robustness_curve(result(scores=(0.01, 0.5, 1.0), errors=0.1))
    np.testing.assert_allclose(display.curves[0]["lower"], [0, 0.4, 0.9])
    np.testing.assert_allclose(display.curves[0]["upper"], [0.11, 0.6, 1])
    unknown = RobustnessDisplay.from_robustness_curve(result(errors=np.nan))
    unknown.figure_.canvas.draw()
    assert unknown.ax_.get_ylim()[0] < 0.3
    single = RobustnessDisplay.from_robustness_curve(result([5], [0.5]))
    assert sorted(edges(single.bands_[0])) == [0.48, 0.52]


def test_second_display_on_the_same_axes_keeps_the_first():
    first = RobustnessDisplay.from_robustness_curve(result(), names="a")
    second = RobustnessDisplay.from_robustness_curve(
        result([-5, 15, np.inf], [0.1, 0.2, 0.3]), names="b", ax=first.ax_
    )
    assert second.ax_ is first.ax_
    assert ticks(second) == {"-5": -5, "0": 0, "10": 10, "15": 15, "clean": 20}
    assert points(second.lines_[0]["clean"]) == [(15, 0.2), (20, 0.3)]
    assert legend(second) == ["a", "b"]
    assert first.ax_.get_ylim()[0] < 0.1
    assert first.ax_.get_ylim()[1] > 0.9


def test_many_ratios_do_not_overlap_on_small_axes():
    figure, ax = plt.subplots(figsize=(3, 2), layout="constrained")
    snr = [*range(-20, 41, 2), np.inf]
    RobustnessDisplay.from_robustness_curve(result(snr, np.linspace(0, 1, len(snr))), ax=ax)
    figure.canvas.draw()
    boxes = [label.get_window_extent() for label in ax.get_xticklabels()]
    assert len(boxes) > 3
    for left, right in itertools.pairwise(boxes):
        assert left.x1 < right.x0


def test_arguments_go_to_the_lines():
    display = RobustnessDisplay.from_robustness_curve(result(), lw=7, color="k")
    for line in display.lines_[0].values():
        assert (line.get_linewidth(), line.get_color()) == (7, "k")


@pytest.mark.parametrize(
    ("given_result", "names", "error", "message"),
    [
        ([], None, ValueError, "at least one result"),
        (Bunch(snr=[0]), None, TypeError, "result must be"),
        ([3], None, TypeError, "result must be of robustness_curve, got int"),
        ([result()], ["a", "b"], ValueError, r"names .* \(1\), got 2"),
    ],
)
def test_what_is_no_result_is_an_error(given_result, names, error, message):
    with pytest.raises(error, match=message):
        RobustnessDisplay.from_robustness_curve(given_result, names=names)


def test_no_estimator_is_an_error():
    with pytest.raises(ValueError, match="at least one estimator"):
        RobustnessDisplay.from_estimator([], CLIPS, LABELS, sample_rate=RATE)


def test_without_matplotlib_the_error_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    display = RobustnessDisplay(curves=[])
    for draw in (
        lambda: RobustnessDisplay.from_estimator(Threshold(), CLIPS, LABELS, sample_rate=RATE),
        lambda: RobustnessDisplay.from_robustness_curve(result()),
        display.plot,
    ):
        with pytest.raises(ImportError, match=r"RobustnessDisplay\.\w+ requires matplotlib"):
            draw()
