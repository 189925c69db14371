import sys
from statistics import fmean, pstdev

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.base import BaseEstimator
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401, lets it be imported
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale
from sklearn.utils import Bunch

from skxent import SoftmaxClassifier, SoftmaxClassifierCV, learning_rate_range_test
from skxent.plotting import LearningRateDisplay
from tests.plotting import strategies
from tests.plotting.figures import edges, legend, points

RATES = (1.0, 0.01, 0.1)
ALPHAS = (0.5, 0.0)
N_FOLDS = 3
TABLES = hnp.arrays(
    np.float64, (len(RATES), len(ALPHAS), N_FOLDS), elements=st.floats(0.0, 1.0, width=32)
)


class Scored(BaseEstimator):
    """Has in each fold, whose number is its only feature, the score that a table gives it."""

    def __init__(self, table=None, learning_rate=0.1, alpha=0.0, penalty=None):
        self.table = table
        self.learning_rate = learning_rate
        self.alpha = alpha
        self.penalty = penalty

    def fit(self, X, y=None):
        self.n_features_in_ = 1
        return self

    def score(self, X, y=None):
        rate, alpha = RATES.index(self.learning_rate), ALPHAS.index(self.alpha)
        return float(self.table[rate, alpha, int(X[0, 0])])


def grid_of(**more):
    return {"learning_rate": list(RATES), "alpha": list(ALPHAS)} | more


def searched(table, grid=None, **params):
    """Return a search whose candidates have the scores of a table."""
    search = GridSearchCV(Scored(np.asarray(table)), grid or grid_of(), cv=KFold(N_FOLDS), **params)
    return search.fit(np.arange(float(N_FOLDS))[:, None])


def row_table(scores):
    """Return a table of these scores for the rates, in all folds."""
    return np.broadcast_to(np.reshape(scores, (-1, 1, 1)), (len(RATES), len(ALPHAS), N_FOLDS))


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return scale(X), y


@pytest.fixture(scope="module")
def pruned(iris):
    search = SoftmaxClassifierCV(
        learning_rates=[0.3, 1e-4, 1e150, 0.03, 1e-3], alphas=[0.1, 1e-4], cv=3, tol=1e-2
    )
    return search.fit(*iris)


@pytest.fixture(scope="module")
def tested(iris):
    return learning_rate_range_test(SoftmaxClassifier(solver="sgd"), *iris, random_state=0)


@strategies.few
@given(TABLES)
def test_lines_are_the_means_and_bands_the_deviations_of_the_folds(table):
    display = LearningRateDisplay.from_search(searched(table))
    assert display.names == ["alpha=0.5", "alpha=0"]
    for j, (lines, band) in enumerate(zip(display.lines_, display.bands_, strict=True)):
        order = np.argsort(RATES)
        np.testing.assert_array_equal(lines["score"].get_xdata(), np.array(RATES)[order])
        folds = [table[i, j].tolist() for i in order]
        means = [fmean(scores) for scores in folds]
        np.testing.assert_allclose(lines["score"].get_ydata(), means, atol=1e-12)
        lower = [fmean(scores) - pstdev(scores) for scores in folds]
        upper = [fmean(scores) + pstdev(scores) for scores in folds]
        curve = display.curves[j]
        np.testing.assert_allclose(curve["lower"], np.maximum(lower, 0.0), atol=1e-12)
        np.testing.assert_allclose(curve["upper"], np.minimum(upper, 1.0), atol=1e-12)
        np.testing.assert_allclose(edges(band).min(), curve["lower"].min(), atol=1e-12)
        np.testing.assert_allclose(edges(band).max(), curve["upper"].max(), atol=1e-12)
    plt.close("all")


@strategies.few
@given(TABLES)
def test_star_is_at_what_the_search_chose(table):
    search = searched(table)
    display = LearningRateDisplay.from_search(search)
    (j,) = [j for j, lines in enumerate(display.lines_) if "best" in lines]
    ((rate, score),) = points(display.lines_[j]["best"])
    assert {"learning_rate": rate, "alpha": ALPHAS[j]} == search.best_params_
    assert score == search.best_score_
    assert f"best: {rate:.3g}" in legend(display)
    plt.close("all")


@pytest.mark.parametrize(("shift", "is_cut"), [(0.0, True), (0.5, False), (-0.5, False)])
def test_band_is_cut_off_only_where_scores_seem_to_be_shares(shift, is_cut):
    # A band of either edge reaches beyond the share that is next to it.
    table = np.empty((len(RATES), len(ALPHAS), N_FOLDS))
    table[0], table[1], table[2] = [0.0, 0.0, 0.6], [0.4, 1.0, 1.0], 0.5
    curve = LearningRateDisplay.from_search(searched(table + shift)).curves[0]
    assert (curve["upper"].max() == 1.0) == is_cut
    assert (curve["lower"].min() == 0.0) == is_cut


def test_markers_are_those_of_the_status_of_the_folds(pruned):
    display = LearningRateDisplay.from_search(pruned)
    assert {"pruned", "diverged"} <= set(pruned.status_.ravel())
    for j, lines in enumerate(display.lines_):
        expected = {"finished": [], "pruned": [], "diverged": []}
        for i, rate in enumerate(pruned.learning_rates_.tolist()):
            folds = set(pruned.status_[i, j])
            key = next((key for key in ("diverged", "pruned") if key in folds), "finished")
            expected[key].append((rate, pruned.scores_[i, j].mean()))
        score = lines["score"]
        assert len(score.get_xdata()) == len(pruned.learning_rates_)
        found = [tuple(xy) for xy in score.get_xydata()[score.get_markevery()]]
        assert found == sorted(expected.pop("finished"))
        assert {key: points(lines[key]) for key in expected if key in lines} == {
            key: sorted(values) for key, values in expected.items() if values
        }
    hollow = next(lines["pruned"] for lines in display.lines_ if "pruned" in lines)
    assert hollow.get_markerfacecolor() == display.ax_.get_facecolor()
    assert display.lines_[0]["diverged"].get_marker() == "x"
    assert legend(display) == [
        "alpha=0.1",
        "alpha=0.0001",
        f"best: {pruned.best_params_['learning_rate']:.3g}",
        "pruned",
        "diverged",
        f"safe rate 1/L = {pruned.safe_learning_rate_:.3g}",
    ]


def test_safe_rate_is_a_vertical_line_where_the_search_knows_it(pruned):
    display = LearningRateDisplay.from_search(make_pipeline(StandardScaler(), pruned))
    assert set(display.safe_line_.get_xdata()) == {pruned.safe_learning_rate_}
    assert display.ax_.get_xscale() == "log"
    assert display.ax_.get_ylabel() == "Accuracy (mean ± std of 3 folds)"
    plain = searched(row_table([0.1, 0.2, 0.3]))
    assert LearningRateDisplay.from_search(plain).safe_line_ is None
    plain.best_estimator_.safe_learning_rate_ = 0.25
    line = LearningRateDisplay.from_search(plain).safe_line_
    assert set(line.get_xdata()) == {0.25}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_candidate_of_halving_is_drawn_once_at_its_last_iteration(iris):
    grid = {"learning_rate": [0.3, 1e-3, 0.03, 1e-2], "alpha": [0.1, 1e-3]}
    estimator = SoftmaxClassifier(solver="gd", tol=0.05)
    X, y = iris
    search = HalvingGridSearchCV(estimator, grid, cv=2, factor=2, random_state=0).fit(X, y)
    display = LearningRateDisplay.from_search(search)
    expected = {}
    results = search.cv_results_
    for iteration, params, score in zip(
        results["iter"], results["params"], results["mean_test_score"], strict=True
    ):
        expected[params["alpha"], params["learning_rate"]] = iteration, score
    assert len(expected) == 8
    for lines, alpha in zip(display.lines_, grid["alpha"], strict=True):
        assert points(lines["score"]) == sorted(
            (rate, expected[alpha, rate][1]) for rate in grid["learning_rate"]
        )
        dropped = [
            (rate, expected[alpha, rate][1])
            for rate in grid["learning_rate"]
            if expected[alpha, rate][0] < search.n_iterations_ - 1
        ]
        assert (points(lines["pruned"]) if "pruned" in lines else []) == sorted(dropped)
    (line,) = [lines["best"] for lines in display.lines_ if "best" in lines]
    ((rate, score),) = points(line)
    assert (rate, score) == (search.best_params_["learning_rate"], search.best_score_)


@pytest.mark.parametrize("wrong", [np.nan, -np.inf])
@pytest.mark.filterwarnings("ignore:One or more of the test scores:UserWarning")
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_candidate_without_a_finite_score_stands_on_the_lower_edge(wrong):
    display = LearningRateDisplay.from_search(
        searched(row_table([0.5, wrong, 0.75]), {"learning_rate": list(RATES)})
    )
    display.figure_.canvas.draw()
    (lines,) = display.lines_
    assert display.curves[0]["status"].tolist() == ["failed", "finished", "finished"]
    assert points(lines["failed"]) == [(0.01, 0.0)]
    assert lines["failed"].get_transform() == display.ax_.get_xaxis_transform()
    assert "no finite score" in legend(display)
    assert display.ax_.get_xlim()[0] <= 0.01
    assert display.ax_.get_ylim()[0] > 0.4
    np.testing.assert_array_equal(lines["score"].get_ydata(), [np.nan, 0.75, 0.5])


@pytest.mark.filterwarnings("ignore:One or more of the test scores:UserWarning")
def test_search_without_any_finite_score_has_no_star():
    display = LearningRateDisplay.from_search(searched(row_table([np.nan] * 3)))
    display.figure_.canvas.draw()
    assert all("best" not in lines for lines in display.lines_)
    assert all(len(points(lines["failed"])) == 3 for lines in display.lines_)


@pytest.mark.parametrize("wild", [-1e5, -1e300])
def test_score_beyond_any_scale_does_not_hide_the_others(wild):
    display = LearningRateDisplay.from_search(searched(row_table([wild, -2.3, -0.2])))
    display.figure_.canvas.draw()
    bottom, top = display.ax_.get_ylim()
    assert -500.0 < bottom < -2.3
    assert -0.2 < top < 10.0
    assert display.curves[0]["score"][-1] == wild


@strategies.few
@given(hnp.arrays(np.float64, len(RATES), elements=st.floats(-10.0, -0.5)))
def test_scores_of_one_order_of_magnitude_are_seen_whole(scores):
    bottom, top = LearningRateDisplay.from_search(searched(row_table(scores))).ax_.get_ylim()
    assert bottom <= scores.min()
    assert scores.max() <= top
    plt.close("all")


def test_lines_are_told_apart_by_what_differs():
    table = row_table([0.1, 0.2, 0.3])
    one = LearningRateDisplay.from_search(searched(table, grid_of(alpha=[0.5])))
    assert one.names is None
    assert legend(one) == ["candidate", "best: 0.1"]
    unhashable = grid_of(penalty=[["l1"], (["l2"],)])
    assert LearningRateDisplay.from_search(searched(table, unhashable)).names == [
        "alpha=0.5, penalty=['l1']",
        "alpha=0.5, penalty=(['l2'],)",
        "alpha=0, penalty=['l1']",
        "alpha=0, penalty=(['l2'],)",
    ]
    partly = [{"learning_rate": list(RATES)}, {"learning_rate": list(RATES), "alpha": [0.5]}]
    assert LearningRateDisplay.from_search(searched(table, partly)).names == [
        "default",
        "alpha=0.5",
    ]
    same = grid_of(alpha=[0.5], penalty=[StandardScaler(), StandardScaler(with_mean=False)])
    assert LearningRateDisplay.from_search(searched(table, same)).names == [
        "default (1)",
        "default (2)",
    ]


def test_steps_of_a_pipeline_are_named_only_where_they_must_be(iris):
    pipeline = make_pipeline(StandardScaler(), SoftmaxClassifier(solver="gd", tol=0.05))
    grid = {
        "softmaxclassifier__learning_rate": [0.01, 0.1],
        "softmaxclassifier__alpha": [1e-4, 0.1],
    }
    search = GridSearchCV(pipeline, grid, cv=2).fit(*iris)
    display = LearningRateDisplay.from_search(make_pipeline(StandardScaler(), search))
    assert display.names == ["alpha=0.0001", "alpha=0.1"]
    assert display.ax_.get_ylabel() == "Accuracy (mean ± std of 2 folds)"


def test_score_is_called_what_it_is_and_one_of_several_is_drawn(iris):
    grid = {"learning_rate": [0.01, 0.1]}
    estimator = SoftmaxClassifier(solver="gd", tol=0.05)
    scoring = ["neg_log_loss", "balanced_accuracy"]
    search = GridSearchCV(estimator, grid, scoring=scoring, cv=2, refit="neg_log_loss").fit(*iris)
    for metric, name in [
        (None, "Negative log loss"),
        ("balanced_accuracy", "Balanced accuracy"),
    ]:
        display = LearningRateDisplay.from_search(search, metric=metric)
        assert display.ax_.get_ylabel() == f"{name} (mean ± std of 2 folds)"
        expected = search.cv_results_[f"mean_test_{metric or 'neg_log_loss'}"]
        np.testing.assert_array_equal(display.lines_[0]["score"].get_ydata(), expected)
    named = LearningRateDisplay.from_search(search, score_name="Mine")
    assert named.ax_.get_ylabel() == "Mine (mean ± std of 2 folds)"
    search = GridSearchCV(estimator, grid, scoring=scoring, cv=2, refit=False).fit(*iris)
    with pytest.raises(ValueError, match=r"metric must be one of \['balanced_accuracy', 'neg"):
        LearningRateDisplay.from_search(search)
    lines = LearningRateDisplay.from_search(search, metric="neg_log_loss").lines_[0]
    assert lines["best"].get_ydata()[0] == max(search.cv_results_["mean_test_neg_log_loss"])


def test_one_rate_is_seen_as_a_point_with_its_band():
    table = row_table([0.1, 0.2, 0.3]).copy()
    table[0, :, 0] = 0.4
    display = LearningRateDisplay.from_search(searched(table, grid_of(learning_rate=[1.0])))
    for lines, band, curve in zip(display.lines_, display.bands_, display.curves, strict=True):
        assert lines["score"].get_markevery() == [0]
        np.testing.assert_array_equal(edges(band), [curve["lower"][0], curve["upper"][0]])
        assert curve["lower"][0] < curve["upper"][0]


def test_many_lines_differ_by_colour():
    grid = grid_of(penalty=list(range(10)))
    display = LearningRateDisplay.from_search(searched(row_table([0.1, 0.2, 0.3]), grid))
    assert len({tuple(lines["score"].get_color()) for lines in display.lines_}) == 20


def test_range_test_that_suggests_no_rate_is_drawn_without_a_star(tested):
    display = LearningRateDisplay.from_range_test(tested | {"suggestion": None})
    assert display.best is None
    assert legend(display) == ["running mean", "loss of each step"]


def test_range_test_is_drawn_with_its_suggestion(tested):
    display = LearningRateDisplay.from_range_test(tested)
    (lines,) = display.lines_
    for key, expected in [("loss", tested.losses), ("smoothed_loss", tested.smoothed_losses)]:
        np.testing.assert_array_equal(lines[key].get_xdata(), tested.learning_rates)
        np.testing.assert_array_equal(lines[key].get_ydata(), expected)
    ((rate, loss),) = points(lines["best"])
    assert rate == tested.suggestion
    assert loss == tested.smoothed_losses[list(tested.learning_rates).index(rate)]
    assert lines["loss"].get_alpha() < 1.0
    assert lines["loss"].get_linewidth() < lines["smoothed_loss"].get_linewidth()
    assert lines["loss"].get_color() == lines["smoothed_loss"].get_color()
    assert legend(display) == ["running mean", "loss of each step", f"suggestion: {rate:.3g}"]
    assert (display.ax_.get_xscale(), display.ax_.get_yscale()) == ("log", "linear")
    assert display.ax_.get_xlabel() == "Learning rate"
    assert display.bands_ == []


def test_estimator_is_tested_with_the_parameters_given_and_not_changed(iris, tested):
    estimator = SoftmaxClassifier(solver="sgd")
    before = dict(vars(estimator))
    (curve,) = LearningRateDisplay.from_estimator(estimator, *iris, random_state=0).curves
    np.testing.assert_array_equal(curve["loss"], tested.losses)
    assert vars(estimator) == before
    (other,) = LearningRateDisplay.from_estimator(
        estimator, *iris, random_state=0, n_steps=7, max_learning_rate=0.5
    ).curves
    assert other["learning_rate"][-1] == pytest.approx(0.5)
    assert len(other["loss"]) == 7


def test_single_step_far_off_does_not_hide_the_mean():
    result = Bunch(
        learning_rates=np.geomspace(1e-3, 1.0, 4),
        losses=np.array([2.0, 1.0, 1e200, 0.5]),
        smoothed_losses=np.array([2.0, 1.5, 1.2, 1.0]),
        suggestion=0.1,
    )
    display = LearningRateDisplay.from_range_test(result)
    display.figure_.canvas.draw()
    assert 2.0 < display.ax_.get_ylim()[1] < 5.0


def test_displays_share_axes(tested, pruned):
    figure, ax = plt.subplots()
    first = LearningRateDisplay.from_range_test(tested, names="a", ax=ax)
    second = LearningRateDisplay.from_range_test(tested, names="b", ax=ax)
    assert first.ax_ is second.ax_ is ax
    assert second.figure_ is figure
    star = f"suggestion: {tested.suggestion:.3g}"
    assert legend(second) == ["a", star, "loss of each step", "b", star]
    colors = [display.lines_[0]["loss"].get_color() for display in (first, second)]
    assert colors[0] != colors[1]
    assert plt.get_fignums() == [figure.number]


def test_axes_keep_what_was_drawn_before_in_sight(tested):
    _, ax = plt.subplots()
    ax.plot([0.1, 1.0], [50.0, 60.0])
    assert LearningRateDisplay.from_range_test(tested, ax=ax).ax_.get_ylim()[1] > 60.0


def test_plot_draws_again_and_keywords_reach_all_lines(pruned, tested):
    for display in (
        LearningRateDisplay.from_search(pruned, lw=3.0, c="k"),
        LearningRateDisplay.from_range_test(tested, lw=3.0, c="k"),
    ):
        for lines in display.lines_:
            for key in lines.keys() & {"score", "loss", "smoothed_loss"}:
                assert lines[key].get_linewidth() == 3.0
            assert {line.get_color() for line in lines.values()} == {"k"}
        first = display.figure_
        assert display.plot() is display
        assert display.figure_ is not first


def test_names_may_be_given(pruned):
    display = LearningRateDisplay.from_search(pruned, names=["strong", "weak"])
    assert legend(display)[:2] == ["strong", "weak"]


def test_display_keeps_its_losses_when_the_result_changes(tested):
    result = Bunch(**{key: np.array(value) for key, value in tested.items()})
    display = LearningRateDisplay.from_range_test(result)
    result.losses[:] = 0.0
    np.testing.assert_array_equal(display.curves[0]["loss"], tested.losses)


def fitted(grid):
    estimator = SoftmaxClassifier(tol=0.05)
    return GridSearchCV(estimator, grid, cv=2).fit(*load_iris(return_X_y=True))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    ("grid", "message"),
    [
        (
            {"alpha": [0.1]},
            r"one parameter that ends in 'learning_rate', got none among \['alpha'\]",
        ),
        (
            {"learning_rate": ["auto", 0.1]},
            "must have a learning_rate that is a positive number, got 'auto'",
        ),
        ([{"learning_rate": [0.1]}, {"alpha": [0.1]}], "is a positive number, got none"),
    ],
)
def test_search_without_rates_to_draw_is_an_error(grid, message):
    search = fitted(grid)
    with pytest.raises(ValueError, match=message):
        LearningRateDisplay.from_search(search)
    assert plt.get_fignums() == []


def test_search_of_several_learning_rates_is_an_error():
    search = searched(row_table([0.1, 0.2, 0.3]))
    for params in search.cv_results_["params"]:
        params["other__learning_rate"] = 0.1
    with pytest.raises(ValueError, match=r"got \['learning_rate', 'other__learning_rate'\] among"):
        LearningRateDisplay.from_search(search)


@pytest.mark.parametrize(
    ("search", "error", "message"),
    [
        (SoftmaxClassifierCV(), NotFittedError, "SoftmaxClassifierCV instance is not fitted"),
        (GridSearchCV(Scored(), {}), NotFittedError, "GridSearchCV instance is not fitted"),
        (
            LogisticRegression().fit([[0.0], [1.0]], [0, 1]),
            TypeError,
            "must have cv_results_, LogisticRegression has none",
        ),
        (None, TypeError, "None is not an estimator"),
    ],
)
def test_what_is_no_fitted_search_is_an_error(search, error, message):
    with pytest.raises(error, match=message):
        LearningRateDisplay.from_search(search)
    assert plt.get_fignums() == []


def test_wrong_number_of_names_is_an_error(pruned, tested, iris):
    with pytest.raises(ValueError, match=r"each of the lines \(2\), got 1"):
        LearningRateDisplay.from_search(pruned, names="one")
    with pytest.raises(ValueError, match=r"each of the curves \(1\), got 2"):
        LearningRateDisplay.from_range_test(tested, names=["a", "b"])
    with pytest.raises(ValueError, match=r"each of the curves \(1\), got 2"):
        LearningRateDisplay.from_estimator(SoftmaxClassifier(), *iris, names=["a", "b"])
    assert plt.get_fignums() == []


@pytest.mark.parametrize("result", [None, 3.0, {}, Bunch(learning_rates=[0.1], losses=[1.0])])
def test_what_is_no_result_of_a_range_test_is_an_error(result):
    with pytest.raises(TypeError, match="result must be a result of learning_rate_range_test, got"):
        LearningRateDisplay.from_range_test(result)
    assert plt.get_fignums() == []


def test_error_of_the_range_test_leaves_no_figure(iris):
    with pytest.raises(TypeError, match="must have a partial_fit"):
        LearningRateDisplay.from_estimator(LogisticRegression(), *iris)
    with pytest.raises(ValueError, match="n_steps must be at least 4"):
        LearningRateDisplay.from_estimator(SoftmaxClassifier(), *iris, n_steps=3)
    assert plt.get_fignums() == []


def test_missing_matplotlib_is_named(pruned, tested, iris, monkeypatch):
    display = LearningRateDisplay.from_range_test(tested)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for name, draw in [
        ("from_search", lambda: LearningRateDisplay.from_search(pruned)),
        ("from_range_test", lambda: LearningRateDisplay.from_range_test(tested)),
        ("from_estimator", lambda: LearningRateDisplay.from_estimator(pruned, *iris)),
        ("plot", display.plot),
    ]:
        with pytest.raises(ImportError, match=f"{name} requires matplotlib"):
            draw()


def test_curves_alone_are_enough_to_draw():
    curve = {
        "learning_rate": np.array([0.1, 1.0]),
        "score": np.array([0.5, 0.7]),
        "lower": np.array([0.4, 0.6]),
        "upper": np.array([0.6, 0.8]),
        "status": np.array(["finished", "finished"]),
    }
    display = LearningRateDisplay(curves=[curve]).plot()
    assert list(display.lines_[0]) == ["score"]
    assert display.safe_line_ is None
    assert display.ax_.get_ylabel() == "Score"
    assert legend(display) == ["candidate"]
