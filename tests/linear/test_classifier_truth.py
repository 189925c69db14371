"""What SoftmaxClassifier reports of a fit is true of the model that it has."""

import warnings
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.preprocessing import scale

from skxent import SoftmaxClassifier
from skxent.optimizers import step_decay
from tests._fitting.callbacks import Watch
from tests._fitting.strategies import samples
from tests.linear import oracles
from tests.linear.problems import all_params, may_end_early

seeds = st.integers(0, 2**32 - 1)

SOLVERS = {
    "gd": {"solver": "gd"},
    "textbook": {"solver": "gd", "momentum": 0.0},
    "large rate": {"solver": "gd", "learning_rate": 30.0},
    "cosine": {"solver": "gd", "schedule": "cosine"},
    "adaptive": {"solver": "gd", "schedule": "adaptive", "n_iter_no_change": 2, "tol": 0.05},
    "steps": {"learning_rate": 1.0, "schedule": partial(step_decay, every=3, rate=0.0)},
    "l1": {"l1_ratio": 0.5},
    "only l1": {"l1_ratio": 1.0},
    "textbook l1": {"l1_ratio": 0.5, "momentum": 0.0},
    "heavy l1": {"l1_ratio": 0.5, "momentum": 0.97, "learning_rate": 2.0},
    "one_cycle l1": {"l1_ratio": 0.5, "schedule": "one_cycle"},
    "sgd": {"solver": "sgd", "batch_size": 3, "random_state": 0},
    "adam": {"solver": "adam", "batch_size": 3, "learning_rate": 0.3, "random_state": 0},
    "lbfgs": {"solver": "lbfgs"},
    "newton-cg": {"solver": "newton-cg"},
    "auto": {},
}
every_solver = pytest.mark.parametrize("options", SOLVERS.values(), ids=SOLVERS)


class Problem:
    """Random samples, others to validate on, and every term of J."""

    def __init__(self, drawn, seed, l1_ratio=0.0):
        self.X, self.labels, self.n_classes = drawn
        rng = np.random.default_rng(seed)
        self.weights = rng.uniform(0.5, 2.0, len(self.X))
        self.X_val = rng.normal(size=(6, self.X.shape[1]))
        self.labels_val = rng.integers(0, self.n_classes, 6)
        self.weights_val = rng.uniform(0.5, 2.0, 6)
        self.class_weight = dict(enumerate(rng.uniform(0.5, 2.0, self.n_classes).tolist()))
        self.alpha, self.l1_ratio = float(rng.choice([0.3, 0.03])), l1_ratio
        self.fit_intercept = bool(rng.integers(2))

    @property
    def settings(self):
        return {
            "alpha": self.alpha,
            "class_weight": self.class_weight,
            "label_smoothing": 0.1,
            "fit_intercept": self.fit_intercept,
        }

    def fit(self, classifier, *, validate):
        validation = (self.X_val, self.labels_val, self.weights_val) if validate else ()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return classifier.fit(self.X, self.labels, self.weights, *validation)

    def loss(self, params, X, labels, weights, alpha=0.0):
        return oracles.linear_objective(
            params.tolist(),
            X,
            labels,
            n_classes=self.n_classes,
            alpha=alpha,
            sample_weight=weights,
            class_weight=self.class_weight,
            label_smoothing=0.1,
            fit_intercept=self.fit_intercept,
        ).real

    def objective(self, params):
        """J by loops, with both penalties."""
        coef = params[:, : self.X.shape[1]]
        l1, l2 = self.alpha * self.l1_ratio, self.alpha * (1.0 - self.l1_ratio)
        smooth = self.loss(params, self.X, self.labels, self.weights, l2)
        return smooth + l1 * np.abs(coef).sum()

    def assert_is_true(self, classifier, seen):
        """Assert that all that a classifier says of its fit is true of its coefficients."""
        params, curve = all_params(classifier), classifier.loss_curve_
        assert classifier.n_iter_ == len(curve) - 1 <= classifier.max_iter
        kept = classifier.n_iter_
        validated = getattr(classifier, "validation_loss_curve_", None)
        if not np.isfinite(curve[-1]):
            kept = np.nanargmin(curve)
        elif classifier.early_stopping:
            kept = validated.argmin()
        assert_allclose(curve[kept], self.objective(params), rtol=1e-10)
        if kept:
            assert_array_equal(params, seen[kept - 1])
        if validated is not None:
            assert len(validated) == len(classifier.validation_score_curve_) == len(curve)
            of_val = self.X_val, self.labels_val, self.weights_val
            assert_allclose(validated[kept], self.loss(params, *of_val), rtol=1e-10)
            weights = self.weights_val * [self.class_weight[label] for label in self.labels_val]
            score = classifier.score(self.X_val, self.labels_val, weights)
            assert_allclose(classifier.validation_score_curve_[kept], score, rtol=1e-10)
        if not self.l1_ratio:
            slopes = oracles.linear_gradient(
                params,
                self.X,
                self.labels,
                n_classes=self.n_classes,
                alpha=self.alpha,
                sample_weight=self.weights,
                class_weight=self.class_weight,
                label_smoothing=0.1,
                fit_intercept=self.fit_intercept,
            )
            assert_allclose(classifier.gradient_norm_, np.abs(slopes).max(), rtol=1e-6, atol=1e-9)


@every_solver
@given(
    drawn=samples(),
    seed=seeds,
    max_iter=st.sampled_from([1, 2, 3, 10, 60]),
    stop_after=st.sampled_from([None, None, 1, 4]),
    validation=st.sampled_from(["none", "watched", "early stopping"]),
)
@settings(max_examples=12)
def test_fit_reports_the_model_that_it_returns(
    options, drawn, seed, max_iter, stop_after, validation
):
    problem = Problem(drawn, seed, options.get("l1_ratio", 0.0))
    watch = Watch(stop_after)
    classifier = SoftmaxClassifier(
        **problem.settings | {"tol": 1e-6} | options,
        max_iter=max_iter,
        early_stopping=validation == "early stopping",
    ).set_callbacks(watch)
    problem.fit(classifier, validate=validation != "none")
    problem.assert_is_true(classifier, [all_params(seen) for seen in watch.fitted])


@every_solver
@given(drawn=samples(), seed=seeds, max_iter=st.sampled_from([1, 2, 7]))
@settings(max_examples=8)
def test_fit_that_goes_on_reports_the_model_that_it_returns(options, drawn, seed, max_iter):
    problem, watch = Problem(drawn, seed, options.get("l1_ratio", 0.0)), Watch()
    classifier = SoftmaxClassifier(
        **problem.settings | {"tol": 1e-6} | options, max_iter=max_iter, warm_start=True
    ).set_callbacks(watch)
    last = None
    for _ in range(3):
        problem.fit(classifier, validate=False)
        problem.assert_is_true(classifier, [all_params(seen) for seen in watch.fitted])
        if last is not None:
            assert_allclose(classifier.loss_curve_[0], last, rtol=1e-10)
        last = problem.objective(all_params(classifier))


@pytest.mark.parametrize("solver", ["gd", "sgd", "adam"])
@given(drawn=samples(), seed=seeds)
@settings(max_examples=8)
def test_partial_fit_reports_the_loss_before_its_update(solver, drawn, seed):
    # All samples in one batch: each entry is J of the model of the call before.
    problem = Problem(drawn, seed)
    classifier = SoftmaxClassifier(solver=solver, learning_rate=0.1, **problem.settings)
    classes, before = np.arange(problem.n_classes), None
    for n in range(1, 5):
        classifier.partial_fit(problem.X, problem.labels, classes, problem.weights)
        params = np.zeros_like(all_params(classifier)) if before is None else before
        # Weights are divided by their mean, J's by their sum.
        assert_allclose(classifier.loss_curve_[-1], problem.objective(params), rtol=1e-10)
        assert classifier.n_iter_ == len(classifier.loss_curve_) == n
        before = all_params(classifier)


@may_end_early
@pytest.mark.parametrize("max_iter", [1, 2, 5, 1000])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_l1_takes_no_step_that_is_not_counted(early_stopping, max_iter):
    X, y = load_iris(return_X_y=True)
    X, watch = scale(X), Watch()
    classifier = SoftmaxClassifier(
        l1_ratio=0.5, alpha=0.01, max_iter=max_iter, early_stopping=early_stopping
    ).set_callbacks(watch)
    classifier.fit(X, y, None, X[::3], y[::3])
    params = all_params(classifier)
    smooth = oracles.linear_objective(params.tolist(), X, y, n_classes=3, alpha=0.005).real
    value = smooth + 0.005 * np.abs(classifier.coef_).sum()
    curves = classifier.validation_loss_curve_, classifier.loss_curve_
    kept = curves[0].argmin() if early_stopping else classifier.n_iter_
    assert_allclose(curves[1][kept], value, rtol=1e-12)
    assert len(watch.fitted) == classifier.n_iter_ <= max_iter
    assert_array_equal(all_params(watch.fitted[kept - 1]), params)


class BeginMonitor(ScoringMonitor):
    """scikit-learn's monitor, which scores the beginnings of tasks too."""

    def __init__(self, *, scoring):
        super().__init__(scoring=scoring)
        self.begun = []

    def on_fit_task_begin(
        self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None
    ):
        if context.task_name == "iteration":
            scorer = self._estimator_scorers[estimator]
            self.begun.append(scorer(fitted_estimator, X, y, **metadata)["neg_log_loss"])
            assert fitted_estimator.n_iter_ == len(self.begun) - 1
            assert len(fitted_estimator.loss_curve_) == len(self.begun)


@may_end_early
@every_solver
def test_callbacks_see_the_model_before_each_iteration(options):
    X, y = load_iris(return_X_y=True)
    X, weights = scale(X), np.ones(150)
    classifier = SoftmaxClassifier(**options | {"max_iter": 6}, warm_start=True)
    for _ in range(2):
        expected = -np.log(3.0)
        if hasattr(classifier, "coef_"):
            expected = -log_loss(y, classifier.predict_proba(X))
        monitor = BeginMonitor(scoring="neg_log_loss")
        classifier.set_callbacks(monitor).fit(X, y, sample_weight=weights)
        if not classifier.n_iter_:
            continue
        ended = [row["neg_log_loss"] for row in monitor.get_logs().data]
        assert_allclose(monitor.begun, [expected, *ended[:-1]], rtol=1e-10)


@may_end_early
@every_solver
def test_float32_model_is_the_one_that_callbacks_saw(options):
    X, y = load_iris(return_X_y=True)
    watch = Watch()
    classifier = SoftmaxClassifier(**options | {"max_iter": 5}).set_callbacks(watch)
    classifier.fit(scale(X).astype(np.float32), y)
    if np.isfinite(classifier.loss_curve_[-1]):
        assert_array_equal(all_params(watch.fitted[-1]), all_params(classifier))


@may_end_early
@pytest.mark.parametrize("options", [SOLVERS["gd"], SOLVERS["l1"]], ids=["gd", "l1"])
def test_fit_of_n_iterations_is_a_longer_fit_cut_short(options):
    X, y = load_iris(return_X_y=True)
    watch = Watch()
    whole = SoftmaxClassifier(**options, max_iter=40, tol=0.0).set_callbacks(watch)
    whole.fit(X, y)
    for max_iter in (1, 7, 40):
        short = clone(whole).set_params(max_iter=max_iter).fit(X, y)
        assert_array_equal(all_params(short), all_params(watch.fitted[max_iter - 1]))
        assert_array_equal(short.loss_curve_, whole.loss_curve_[: max_iter + 1])
