import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler, StandardScaler

from skxent import SoftmaxClassifier
from skxent.plotting import LossCurveDisplay
from tests.plotting import strategies
from tests.plotting.figures import legend

KEYS = ["training", "validation", "lowest validation loss"]


class Trained(ClassifierMixin, BaseEstimator):
    """Has the curves that it is given."""

    def __init__(self, loss=(2.0, 1.0), validation=None, rate=0.1, schedule="constant"):
        self.loss = loss
        self.validation = validation
        self.rate = rate
        self.schedule = schedule

    def fit(self, X=None, y=None):
        self.loss_curve_ = self.loss
        if self.validation is not None:
            self.validation_loss_curve_ = self.validation
        return self

    def score(self, X, y):
        return self.rate


class OtherTrained(Trained):
    pass


def trained(**params):
    return Trained(**params).fit()


@pytest.fixture(scope="module")
def classifiers():
    X, y = load_iris(return_X_y=True)
    return [
        SoftmaxClassifier(learning_rate=rate, early_stopping=True, tol=0.01, random_state=0).fit(
            X, y
        )
        for rate in (0.01, 0.1, 0.3)
    ]


def test_lines_hold_the_curves_of_a_classifier(classifiers):
    display = LossCurveDisplay.from_estimator(classifiers[1])
    (lines,) = display.lines_
    for key, expected in [
        ("training", classifiers[1].loss_curve_),
        ("validation", classifiers[1].validation_loss_curve_),
    ]:
        np.testing.assert_array_equal(display.curves[0][key], expected)
        np.testing.assert_array_equal(lines[key].get_ydata(), expected)
        np.testing.assert_array_equal(lines[key].get_xdata(), np.arange(len(expected)))
    assert (lines["training"].get_linestyle(), lines["validation"].get_linestyle()) == ("-", "--")
    assert len({line.get_color() for line in lines.values()}) == 1
    assert legend(display) == KEYS
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == (
        "Iteration",
        "Cross-entropy (nats)",
    )
    assert plt.get_fignums() == [display.figure_.number]


def test_marker_is_at_the_epoch_whose_coefficients_early_stopping_keeps():
    X, y = load_iris(return_X_y=True)
    # Most samples of the last class are held out, so that the validation loss rises again.
    samples, held_out = (X[:110:2], y[:110:2]), {"X_val": X[1::2], "y_val": y[1::2]}
    classifier = SoftmaxClassifier(learning_rate=0.2, early_stopping=True, alpha=0.01)
    classifier.fit(*samples, **held_out)
    (lines,) = LossCurveDisplay.from_estimator(classifier).lines_
    ((epoch,), (loss,)) = lines["lowest"].get_data()
    log_proba = classifier.predict_log_proba(held_out["X_val"])
    kept = -np.mean(log_proba[np.arange(len(log_proba)), held_out["y_val"]])
    np.testing.assert_allclose(loss, kept, rtol=1e-12)
    assert loss == classifier.validation_loss_curve_[epoch]
    assert 0 < epoch < classifier.n_iter_


@strategies.few
@given(strategies.losses(1e6), strategies.losses(1e6))
def test_marker_is_at_the_first_of_the_lowest_validation_losses(loss, validation):
    (lines,) = LossCurveDisplay.from_estimator(trained(loss=loss, validation=validation)).lines_
    assert lines["lowest"].get_xdata()[0] == validation.index(min(validation))
    assert lines["lowest"].get_ydata()[0] == min(validation)
    plt.close("all")


def test_estimator_without_validation_has_one_line():
    display = LossCurveDisplay.from_estimator(trained())
    assert [*display.lines_[0]] == ["training"]
    assert legend(display) == ["training"]
    several = LossCurveDisplay.from_estimator({"a": trained(), "b": trained()})
    assert legend(several) == ["a", "b"]


def test_estimators_differ_by_colour_and_are_told_apart_by_what_differs(classifiers):
    display = LossCurveDisplay.from_estimator(iter(classifiers))
    names = ["learning_rate=0.01", "learning_rate=0.1", "learning_rate=0.3"]
    assert display.names == names
    assert legend(display) == names + KEYS
    for lines in display.lines_:
        assert len({line.get_color() for line in lines.values()}) == 1
    assert len({lines["training"].get_color() for lines in display.lines_}) == 3


def test_many_estimators_differ_by_colour_too():
    display = LossCurveDisplay.from_estimator([trained(rate=rate) for rate in range(30)])
    assert len({tuple(lines["training"].get_color()) for lines in display.lines_}) == 30


def of_rate(rate, first=None):
    return make_pipeline(first or StandardScaler(), Trained(rate=rate)).fit([[0.0], [1.0]], [0, 1])


@pytest.mark.parametrize(
    ("estimators", "expected"),
    [
        ([trained(rate=0.1), trained(rate=0.1 + 0.2)], ["rate=0.1", "rate=0.3"]),
        ([trained(rate=np.float64(1e-3)), trained(rate=1)], ["rate=0.001", "rate=1"]),
        (
            [trained(), trained(rate=1.0, schedule=max)],
            ["rate=0.1, schedule=constant", "rate=1, schedule=max"],
        ),
        ([trained(), OtherTrained(rate=1.0).fit()], ["Trained", "OtherTrained"]),
        (
            [trained(), OtherTrained().fit(), trained(rate=1.0)],
            ["Trained, rate=0.1", "OtherTrained", "Trained, rate=1"],
        ),
        ([trained(), trained()], ["Trained (1)", "Trained (2)"]),
        ([of_rate(0.1), of_rate(1.0), trained(rate=2.0)], ["rate=0.1", "rate=1", "rate=2"]),
        (
            [of_rate(0.1), of_rate(0.1, StandardScaler(with_mean=False))],
            ["standardscaler__with_mean=True", "standardscaler__with_mean=False"],
        ),
        ([of_rate(0.1), of_rate(0.2, RobustScaler())], ["rate=0.1", "rate=0.2"]),
    ],
)
def test_default_names_are_what_differs(estimators, expected):
    assert LossCurveDisplay.from_estimator(estimators).names == expected


def test_names_are_those_of_a_mapping_or_given():
    estimators = [trained(), trained(rate=1.0, validation=[1.0])]
    for display in (
        LossCurveDisplay.from_estimator(dict(zip("ab", estimators, strict=True))),
        LossCurveDisplay.from_estimator(estimators, names=["a", "b"]),
    ):
        assert display.names == ["a", "b"]
        assert legend(display) == ["a", "b", *KEYS]
    one = LossCurveDisplay.from_estimator(trained(), names="mine")
    assert legend(one) == ["mine"]


def test_what_a_pipeline_or_a_search_trained_is_drawn():
    loss = [3.0, 2.0, 1.0]
    grid = {"trained__rate": [0.5, 0.1], "trained__loss": [loss]}
    X, y = np.arange(8.0)[:, None], np.arange(8) % 2
    search = GridSearchCV(make_pipeline(StandardScaler(), Trained()), grid, cv=2).fit(X, y)
    in_a_pipeline = make_pipeline(StandardScaler(), search).fit(X, y)
    for estimator in (search, search.best_estimator_, in_a_pipeline):
        display = LossCurveDisplay.from_estimator(estimator)
        np.testing.assert_array_equal(display.lines_[0]["training"].get_ydata(), loss)
    pair = LossCurveDisplay.from_estimator([search, trained(rate=0.1, loss=loss)])
    assert pair.names == ["rate=0.5", "rate=0.1"]


@pytest.mark.parametrize("log_scale", [False, True])
@pytest.mark.parametrize("end", [np.nan, np.inf, 1e308])
@pytest.mark.parametrize("growth", [1.0, 10.0, 1e100])
def test_curve_that_diverges_does_not_hide_the_others(log_scale, end, growth):
    wild = [2.0, 2.0 * growth, 2.0 * growth**2, end]
    calm = [2.0, 1.0, 0.5, 0.1]
    with_it = LossCurveDisplay.from_estimator(
        [trained(loss=calm), trained(loss=wild, rate=1.0)], log_scale=log_scale
    )
    with_it.figure_.canvas.draw()
    alone = LossCurveDisplay.from_estimator(trained(loss=calm), log_scale=log_scale)
    height = np.log if log_scale else np.asarray
    spans = [np.ptp(height(display.ax_.get_ylim())) for display in (with_it, alone)]
    assert spans[0] < 2.0 * spans[1]
    bottom, top = with_it.ax_.get_ylim()
    assert bottom < 0.1
    assert top > 2.0
    np.testing.assert_array_equal(with_it.curves[1]["training"], wild)


@pytest.mark.parametrize("loss", [[1.0, np.nan], [1.0, 5.0, np.inf], [np.nan], [1.0, np.nan, 2.0]])
def test_curve_that_diverges_is_called_so_and_marked_at_its_last_loss(loss):
    display = LossCurveDisplay.from_estimator(trained(loss=loss, validation=[np.nan]))
    display.figure_.canvas.draw()
    assert legend(display)[0] == "training (diverged)"
    line = display.lines_[0]["training"]
    assert line.get_marker() == "x"
    assert line.get_markevery() == np.flatnonzero(np.isfinite(loss))[-1:].tolist()
    assert "lowest" not in display.lines_[0]
    several = LossCurveDisplay.from_estimator({"a": trained(loss=loss), "b": trained()})
    assert legend(several) == ["a (diverged)", "b"]


@strategies.few
@given(st.lists(strategies.losses(1e6), min_size=1, max_size=4), st.booleans())
def test_curves_that_end_within_reach_of_a_start_are_seen_whole(curves, log_scale):
    start = max(loss[0] for loss in curves)
    curves = [[min(value, 10.0 * start) for value in loss] for loss in curves]
    display = LossCurveDisplay(curves=[{"training": np.array(loss)} for loss in curves])
    bottom, top = display.plot(log_scale=log_scale).ax_.get_ylim()
    values = [value for loss in curves for value in loss if value > 0.0 or not log_scale]
    assert all(bottom <= value <= top for value in values)
    plt.close("all")


@strategies.few
@given(strategies.losses(1e308), st.booleans())
@example(loss=[1.0, 1e150, 1e308], log_scale=True)
@example(
    loss=[
        491.4777963862991,
        3.6814752485282813e307,
        4.29319302684144e16,
        8.705403254190216e161,
        9.015812530383834e307,
        1.0,
        6.145646233285077e307,
        9007199254740992.0,
    ],
    log_scale=False,
)  # one that the renderer can't draw as it is
@example(loss=[1.0, 0.0], log_scale=True)
def test_every_finite_curve_is_drawn_and_the_start_is_seen(loss, log_scale):
    display = LossCurveDisplay.from_estimator(trained(loss=loss), log_scale=log_scale)
    display.figure_.canvas.draw()
    bottom, top = display.ax_.get_ylim()
    assert bottom <= loss[0] <= top
    plt.close("all")


@pytest.mark.parametrize("loss", [[2.0, 1e20, 1.0], [2.0, np.inf, 1e20, 1.0]])
def test_peak_beyond_any_scale_is_cut_off(loss):
    top = LossCurveDisplay.from_estimator(trained(loss=loss)).ax_.get_ylim()[1]
    assert 2.0 < top < 1e5


def test_rising_validation_loss_is_seen_whole():
    overfitted = trained(loss=[2.0, 0.1, 0.01], validation=[2.0, 1.0, 9.0])
    assert LossCurveDisplay.from_estimator(overfitted).ax_.get_ylim()[1] > 9.0


def test_one_epoch_is_seen_as_a_point():
    (lines,) = LossCurveDisplay.from_estimator(trained(loss=[1.0], validation=[1.0])).lines_
    assert lines["training"].get_marker() == "."
    assert lines["training"].get_markevery() == [0]


def test_partial_fits_are_drawn_as_they_are():
    X, y = load_iris(return_X_y=True)
    classifier = SoftmaxClassifier()
    for n_passes in (1, 2, 3):
        classifier.partial_fit(X, y, classes=[0, 1, 2])
        (lines,) = LossCurveDisplay.from_estimator(classifier).lines_
        assert len(lines["training"].get_ydata()) == n_passes


def test_display_keeps_its_curves_when_the_estimator_learns_on():
    loss = [2.0, 1.0]
    display = LossCurveDisplay.from_estimator(trained(loss=loss))
    loss.append(0.5)
    np.testing.assert_array_equal(display.curves[0]["training"], [2.0, 1.0])


def test_labels_of_a_loss_axis_are_not_cut_off():
    estimators = [trained(loss=[2.3, 1.4]), trained(loss=[2.3, 1e9], rate=1.0)]
    with plt.rc_context({"figure.figsize": (4, 3)}):
        display = LossCurveDisplay.from_estimator(estimators, names=["a", "b"], log_scale=True)
    display.figure_.canvas.draw()
    box = display.ax_.get_tightbbox(display.figure_.canvas.get_renderer())
    assert display.figure_.bbox.x0 <= box.x0
    assert display.figure_.bbox.y0 <= box.y0


def test_displays_share_axes():
    figure, ax = plt.subplots()
    first = LossCurveDisplay.from_estimator(
        trained(loss=[50.0, 40.0], validation=[60.0, 50.0]), ax=ax, names=["a"]
    )
    second = LossCurveDisplay.from_estimator(
        trained(loss=[1.0, 1e5], validation=[1.0]), ax=ax, names=["b"]
    )
    assert first.ax_ is second.ax_ is ax
    assert second.figure_ is figure
    assert legend(second) == ["a", *KEYS, "b"]
    assert first.lines_[0]["training"].get_color() != second.lines_[0]["training"].get_color()
    assert 60.0 < ax.get_ylim()[1] < 100.0
    assert plt.get_fignums() == [figure.number]


def test_keywords_reach_all_lines_and_epochs_are_whole_numbers():
    several = [trained(validation=[2.0, 1.0]), trained(rate=1.0)]
    display = LossCurveDisplay.from_estimator(several, log_scale=True, lw=3.0, c="k", alpha=0.5)
    for lines in display.lines_:
        for key in lines.keys() - {"lowest"}:
            assert (lines[key].get_linewidth(), lines[key].get_alpha()) == (3.0, 0.5)
        assert {line.get_color() for line in lines.values()} == {"k"}
    assert display.ax_.get_yscale() == "log"
    ticks = display.ax_.get_xticks()
    np.testing.assert_array_equal(ticks, np.round(ticks))
    again = display.plot()
    assert again is display
    assert display.ax_.get_yscale() == "linear"
    assert len(plt.get_fignums()) == 2


@pytest.mark.parametrize(
    ("estimator", "names", "error", "message"),
    [
        (SoftmaxClassifier(), None, NotFittedError, "SoftmaxClassifier instance is not fitted"),
        ([trained(), Trained()], None, NotFittedError, "Trained instance is not fitted"),
        (make_pipeline(StandardScaler(), Trained()), None, NotFittedError, "Pipeline .* not fit"),
        (GridSearchCV(Trained(), {}), None, NotFittedError, "GridSearchCV .* not fitted"),
        (
            LogisticRegression().fit([[0.0], [1.0]], [0, 1]),
            None,
            TypeError,
            "must have a loss_curve_, LogisticRegression has none",
        ),
        (
            GridSearchCV(Trained(), {}, refit=False, cv=2).fit(np.ones((4, 1)), [0, 1, 0, 1]),
            None,
            TypeError,
            "must have a loss_curve_, GridSearchCV has none",
        ),
        (SoftmaxClassifier, None, TypeError, "is a class, not an instance"),
        (None, None, TypeError, "None is not an estimator"),
        ([trained(), 3], None, TypeError, "3 is not an estimator"),
        ([], None, ValueError, "must hold at least one estimator, got none"),
        (trained(), ["a", "b"], ValueError, r"each of the estimators \(1\), got 2"),
        ([trained(), trained()], "softmax", ValueError, r"each of the estimators \(2\), got 1"),
        ({"a": trained()}, ["a", "b"], ValueError, r"each of the estimators \(1\), got 2"),
    ],
)
def test_error_says_what_is_wrong_and_leaves_no_figure(estimator, names, error, message):
    with pytest.raises(error, match=message):
        LossCurveDisplay.from_estimator(estimator, names=names)
    assert plt.get_fignums() == []


def test_missing_matplotlib_is_named_for_loss_curves(monkeypatch):
    display = LossCurveDisplay(curves=[{"training": np.array([1.0])}])
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="from_estimator requires matplotlib"):
        LossCurveDisplay.from_estimator(trained())
    with pytest.raises(ImportError, match="plot requires matplotlib"):
        display.plot()
