"""SoftmaxClassifier as a citizen of scikit-learn, and of what is built on it."""

import contextlib
import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import sklearn
import skops.io
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.callback import ProgressBar, ScoringMonitor
from sklearn.datasets import load_wine
from sklearn.exceptions import NotFittedError
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import RFE, SelectFromModel
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import get_scorer, log_loss
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    cross_val_predict,
    cross_validate,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skxent import MFCCTransformer, SoftmaxClassifier
from tests._fitting.callbacks import Watch
from tests.linear.problems import may_end_early, random_problem

SOLVERS = {
    "gd": {"solver": "gd"},
    "l1": {"l1_ratio": 0.5},
    "sgd": {"solver": "sgd", "random_state": 0},
    "adam": {"solver": "adam", "learning_rate": 0.01, "random_state": 0},
    "lbfgs": {"solver": "lbfgs"},
    "newton-cg": {"solver": "newton-cg"},
}
every_solver = pytest.mark.parametrize("settings", SOLVERS.values(), ids=SOLVERS)


def make_clips(n_clips=24, seed=0):
    """Tones of two pitches and several lengths, in noise; and which of the two."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n_clips) % 2
    clips = []
    for label in labels:
        time = np.arange(rng.integers(1200, 4000)) / 8000
        tone = np.sin(2 * np.pi * (400.0 + 900.0 * label) * time)
        clips.append(tone + 0.3 * rng.normal(size=len(time)))
    return clips, labels


# Copies


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))])
@may_end_early
@every_solver
def test_copies_predict_and_go_on_as_the_original(settings, duplicate):
    X, y, weights = random_problem(3)
    classifier = SoftmaxClassifier(**settings, max_iter=8, warm_start=True).fit(X, y, weights)
    copied = duplicate(classifier)
    assert copied.get_params() == classifier.get_params()
    assert_array_equal(copied.predict_proba(X), classifier.predict_proba(X))
    # Also the state of what draws the batches is the copy's own.
    assert_array_equal(copied.fit(X, y).coef_, classifier.fit(X, y).coef_)


@may_end_early
def test_clone_has_the_settings_but_not_the_fit():
    X, y, _ = random_problem(3)
    classifier = SoftmaxClassifier(learning_rate=0.1, alpha=0.3, schedule="step").fit(X, y)
    copied = clone(classifier)
    assert copied.get_params() == classifier.get_params()
    with pytest.raises(NotFittedError):
        copied.predict(X)


TYPES = {
    "lbfgs": ["skxent.linear._classifier.SoftmaxClassifier"],
    "newton-cg": ["skxent.linear._classifier.SoftmaxClassifier"],
}
WITH_A_RATE = [
    "skxent._fitting._continuation.Continuation",
    "skxent._fitting._monitor.Plateau",
    "skxent.linear._classifier.SoftmaxClassifier",
]


@may_end_early
@pytest.mark.parametrize("name", SOLVERS)
def test_skops_saves_and_loads_a_classifier(name):
    X, y, weights = random_problem(3)
    names = np.array(["one", "three", "two"])[y]
    classifier = SoftmaxClassifier(**SOLVERS[name], max_iter=8, warm_start=True)
    classifier.fit(pd.DataFrame(X, columns=list("abcd")), names, weights)
    data = skops.io.dumps(classifier)
    types = skops.io.get_untrusted_types(data=data)
    # The documentation names these.
    assert types == TYPES.get(name, WITH_A_RATE)
    loaded = skops.io.loads(data, trusted=types)
    frame = pd.DataFrame(X, columns=list("abcd"))
    assert loaded.get_params() == classifier.get_params()
    assert_array_equal(loaded.predict(frame), classifier.predict(frame))
    assert_array_equal(loaded.predict_proba(frame), classifier.predict_proba(frame))
    assert_array_equal(loaded.fit(frame, names).coef_, classifier.fit(frame, names).coef_)


@pytest.mark.parametrize("solver", ["gd", "sgd", "adam"])
def test_skops_keeps_what_partial_fit_goes_on_from(solver):
    X, y, weights = random_problem(3)
    classifier = SoftmaxClassifier(solver=solver, class_weight="balanced")
    classifier.partial_fit(X, y, [0, 1, 2], weights)
    data = skops.io.dumps(classifier)
    loaded = skops.io.loads(data, trusted=skops.io.get_untrusted_types(data=data))
    assert_array_equal(loaded.partial_fit(X, y).coef_, classifier.partial_fit(X, y).coef_)


# Callbacks


@every_solver
def test_callback_that_asks_to_stop_is_obeyed_without_a_warning(settings):
    X, y, _ = random_problem(3)
    callback = Watch(3)
    classifier = SoftmaxClassifier(**settings, tol=0.0).set_callbacks(callback).fit(X, y)
    assert classifier.n_iter_ == len(callback.begun) == len(callback.fitted) == 3
    assert not classifier.converged_
    assert len(classifier.loss_curve_) == 4
    assert callback.calls == ["setup", "teardown"]
    assert np.isfinite(classifier.predict_log_proba(X)).all()


@every_solver
def test_stopped_fit_is_one_of_as_few_iterations(settings):
    X, y, _ = random_problem(3)
    classifier = SoftmaxClassifier(**settings, tol=0.0)
    stopped = clone(classifier).set_callbacks(Watch(3)).fit(X, y)
    with pytest.warns(sklearn.exceptions.ConvergenceWarning, match="in 3 iterations"):
        ended = classifier.set_params(max_iter=3).fit(X, y)
    assert_array_equal(stopped.coef_, ended.coef_)


def test_callback_is_torn_down_after_a_fit_that_fails():
    callback = Watch(3)
    classifier = SoftmaxClassifier().set_callbacks(callback)
    with pytest.raises(ValueError, match="at least two classes"):
        classifier.fit(np.eye(3), [0, 0, 0])
    assert callback.calls == ["setup", "teardown"]


@may_end_early
@every_solver
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_scoring_monitor_logs_each_iteration(settings, n_classes, weighted):
    X, y, weights = random_problem(n_classes)
    monitor = ScoringMonitor(scoring="neg_log_loss")
    classifier = SoftmaxClassifier(**settings, alpha=0.05, max_iter=30).set_callbacks(monitor)
    routed = {"sample_weight": weights} if weighted else {}
    classifier.fit(X, y, **routed)
    scores = [row["neg_log_loss"] for row in monitor.get_logs().data]
    assert len(scores) == classifier.n_iter_
    if "l1_ratio" not in settings:
        # The score is what the curve has, but for its penalty: it's the same iteration.
        final = -log_loss(y, classifier.predict_proba(X), **routed)
        best = classifier.loss_curve_[1:].argmin()
        assert_allclose(scores[best], final, rtol=1e-12)
    if classifier.converged_:
        # The last step of l1, which makes its zeros exact, is within the tolerance.
        final = -log_loss(y, classifier.predict_proba(X), **routed)
        assert_allclose(scores[-1], final, rtol=1e-4)


@may_end_early
@pytest.mark.parametrize("settings", [{"early_stopping": True}, {"class_weight": "balanced"}])
def test_scoring_monitor_scores_labels_of_any_type(settings):
    X, y, _ = random_problem(3)
    names = np.array(["one", "three", "two"])[y]
    frame = pd.DataFrame(X, columns=list("abcd")).astype(np.float32)
    monitor = ScoringMonitor(scoring=["accuracy", "neg_log_loss"])
    classifier = SoftmaxClassifier(**settings, random_state=0).set_callbacks(monitor)
    classifier.fit(frame, names)
    rows = monitor.get_logs().data
    assert len(rows) == classifier.n_iter_
    assert all(0.0 <= row["accuracy"] <= 1.0 for row in rows)
    assert max(row["accuracy"] for row in rows) >= classifier.score(frame, names) - 0.05


@may_end_early
@every_solver
def test_callbacks_work_through_a_search_of_pipelines(settings, capsys):
    X, y, _ = random_problem(3)
    monitor = ScoringMonitor(scoring="accuracy")
    classifier = SoftmaxClassifier(**settings, max_iter=5, alpha=0.05).set_callbacks(monitor)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), classifier),
        {"softmaxclassifier__alpha": [0.01, 0.1]},
        cv=3,
        error_score="raise",
    ).set_callbacks(ProgressBar(max_propagation_depth=None))
    search.fit(X, y)
    runs = monitor.get_logs(select="all")
    rows = [row for run in runs for row in run.data]
    # Six fits of the folds and the last one, each of one to five iterations.
    fits = {(run.run_id, row["parent_task_id_path"]) for run in runs for row in run.data}
    assert len(fits) == 7
    assert 7 <= len(rows) <= 35
    best = search.best_estimator_[-1]
    of_last = [row["accuracy"] for row in rows][-best.n_iter_ :]
    assert len(of_last) == best.n_iter_
    output = capsys.readouterr().out
    assert "SoftmaxClassifier" in output
    assert "GridSearchCV" in output


def test_progress_bar_shows_a_fit(capsys):
    X, y, _ = random_problem(3)
    plain = SoftmaxClassifier(alpha=0.05).fit(X, y)
    shown = SoftmaxClassifier(alpha=0.05).set_callbacks(ProgressBar()).fit(X, y)
    assert_array_equal(shown.coef_, plain.coef_)
    assert "SoftmaxClassifier" in capsys.readouterr().out


# Metadata routing


@contextlib.contextmanager
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def test_fit_has_a_request_for_all_of_its_metadata():
    classifier = SoftmaxClassifier()
    with routing():
        classifier.set_fit_request(
            sample_weight=True, X_val=True, y_val=True, sample_weight_val=False
        )
        classifier.set_partial_fit_request(sample_weight=True, classes=True)
        classifier.set_score_request(sample_weight=True)
        requests = classifier.get_metadata_routing()
    assert requests.fit.requests == {
        "sample_weight": True,
        "X_val": True,
        "y_val": True,
        "sample_weight_val": False,
    }
    assert requests.partial_fit.requests == {"sample_weight": True, "classes": True}


def test_sample_weight_is_routed_through_a_search():
    X, y, weights = random_problem(3)
    folds = [(np.arange(0, 40), np.arange(40, 60)), (np.arange(20, 60), np.arange(20))]
    grid = {"softmaxclassifier__alpha": [0.01, 1.0]}
    with routing():
        classifier = SoftmaxClassifier().set_fit_request(sample_weight=True)
        classifier.set_score_request(sample_weight=True)
        search = GridSearchCV(make_pipeline(classifier), grid, cv=folds)
        search.fit(X, y, sample_weight=weights)
        scores = cross_validate(
            classifier, X, y, cv=folds, params={"sample_weight": weights}, return_estimator=True
        )
    for i, (train, test) in enumerate(folds):
        by_hand = SoftmaxClassifier().fit(X[train], y[train], weights[train])
        assert_array_equal(scores["estimator"][i].coef_, by_hand.coef_)
        assert scores["test_score"][i] == by_hand.score(X[test], y[test], weights[test])
        for j, alpha in enumerate(grid["softmaxclassifier__alpha"]):
            by_hand = SoftmaxClassifier(alpha=alpha).fit(X[train], y[train], weights[train])
            expected = by_hand.score(X[test], y[test], weights[test])
            assert search.cv_results_[f"split{i}_test_score"][j] == expected
    best = SoftmaxClassifier(alpha=search.best_params_["softmaxclassifier__alpha"])
    assert_array_equal(search.best_estimator_[-1].coef_, best.fit(X, y, weights).coef_)


@may_end_early
@every_solver
def test_validation_samples_are_transformed_by_the_pipeline(settings):
    X, y, weights = random_problem(3)
    X = 10.0 * X + 5.0
    X_val, y_val, weights_val = random_problem(3, seed=1)
    classifier = SoftmaxClassifier(**settings, early_stopping=True, max_iter=20)
    with routing():
        routed = clone(classifier).set_fit_request(
            sample_weight=True, X_val=True, y_val=True, sample_weight_val=True
        )
        pipeline = make_pipeline(
            StandardScaler().set_fit_request(sample_weight=False),
            routed,
            transform_input=["X_val"],
        ).fit(
            X,
            y,
            sample_weight=weights,
            X_val=X_val,
            y_val=y_val,
            sample_weight_val=weights_val,
        )
    scaler = StandardScaler().fit(X)
    by_hand = clone(classifier).fit(
        scaler.transform(X), y, weights, scaler.transform(X_val), y_val, weights_val
    )
    assert_array_equal(pipeline[-1].validation_loss_curve_, by_hand.validation_loss_curve_)
    assert_array_equal(pipeline[-1].coef_, by_hand.coef_)


def test_ragged_recordings_are_validated_on_through_the_front_end():
    clips, y = make_clips()
    clips_val, y_val = make_clips(n_clips=10, seed=1)
    front_end = MFCCTransformer(sample_rate=8000)
    with routing():
        pipeline = make_pipeline(
            front_end,
            StandardScaler(),
            SoftmaxClassifier(early_stopping=True).set_fit_request(X_val=True, y_val=True),
            transform_input=["X_val"],
        ).fit(clips, y, X_val=clips_val, y_val=y_val)
    assert pipeline.score(clips_val, y_val) == 1.0
    features, features_val = front_end.transform(clips), front_end.transform(clips_val)
    scaler = StandardScaler().fit(features)
    by_hand = SoftmaxClassifier(early_stopping=True).fit(
        scaler.transform(features), y, X_val=scaler.transform(features_val), y_val=y_val
    )
    # The front end computes clips in batches, whose order of sums may differ.
    assert_allclose(
        pipeline[-1].validation_loss_curve_, by_hand.validation_loss_curve_, rtol=1e-4, atol=1e-7
    )
    assert pipeline[-1].validation_score_curve_[-1] == pytest.approx(1.0)


# Meta-estimators


@may_end_early
def test_search_over_every_setting_finds_a_good_one():
    X, y = load_wine(return_X_y=True)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), SoftmaxClassifier(max_iter=50, random_state=0)),
        [
            {
                "softmaxclassifier__solver": ["auto", "gd"],
                "softmaxclassifier__learning_rate": [0.01, 0.3, 1e6],  # the last one diverges
                "softmaxclassifier__schedule": ["constant", "cosine", "adaptive"],
            },
            {
                "softmaxclassifier__solver": ["sgd", "adam", "lbfgs", "newton-cg"],
                "softmaxclassifier__alpha": [1e-3, 1e-1],
            },
        ],
        cv=3,
        error_score="raise",
    ).fit(X, y)
    assert search.best_score_ > 0.95
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    alone = search.cv_results_["param_softmaxclassifier__learning_rate"] == 1e6
    assert search.best_params_.get("softmaxclassifier__learning_rate") != 1e6
    assert alone.sum() == 6


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite:UserWarning")
def test_settings_that_contradict_each_other_fail_one_by_one_in_a_search():
    X, y, _ = random_problem(3)
    search = GridSearchCV(
        SoftmaxClassifier(alpha=0.1),
        {"solver": ["gd", "lbfgs"], "learning_rate": [0.3]},
        cv=2,
    )
    with pytest.warns(sklearn.exceptions.FitFailedWarning, match="means nothing to solver='lbfgs'"):
        search.fit(X, y)
    assert search.best_params_["solver"] == "gd"


@pytest.mark.filterwarnings("ignore:The number of unique classes:UserWarning")
@may_end_early
def test_halving_search_gives_more_iterations_to_the_better_ones():
    X, y = load_wine(return_X_y=True)
    search = HalvingGridSearchCV(
        SoftmaxClassifier(solver="gd"),
        {"alpha": [1e-4, 1e-2, 1.0], "momentum": [0.0, 0.9]},
        resource="max_iter",
        min_resources=5,
        max_resources=45,
        cv=3,
        random_state=0,
    ).fit(StandardScaler().fit_transform(X), y)
    assert search.best_estimator_.max_iter > 5
    assert search.best_score_ > 0.9


def test_calibrated_classifier_takes_it():
    X, y, weights = random_problem(3, n_samples=150)
    X_new, y_new, _ = random_problem(3, n_samples=150)
    for method in ("sigmoid", "isotonic", "temperature"):
        calibrated = CalibratedClassifierCV(SoftmaxClassifier(), method=method, cv=3)
        proba = calibrated.fit(X, y, weights).predict_proba(X_new)
        assert_allclose(proba.sum(axis=1), 1.0)
        assert np.mean(proba.argmax(axis=1) == y_new) > 0.7


def test_permutation_importance_finds_the_feature_that_tells():
    X, y, _ = random_problem(2)
    X[:, 1:] = np.random.default_rng(1).normal(size=(60, 3))
    X[:, 0] = y + 0.1 * X[:, 0]
    result = permutation_importance(SoftmaxClassifier().fit(X, y), X, y, random_state=0)
    assert result.importances_mean.argmax() == 0


@pytest.mark.parametrize("n_classes", [2, 3])
def test_selectors_read_the_coefficients(n_classes):
    X, y, _ = random_problem(n_classes, n_samples=200)
    X = np.column_stack([X, np.random.default_rng(1).normal(size=(200, 4))])
    selected = RFE(SoftmaxClassifier(), n_features_to_select=4).fit(X, y)
    peer = RFE(LogisticRegression(C=1e4 / 200), n_features_to_select=4).fit(X, y)
    assert_array_equal(selected.support_, peer.support_)
    kept = SelectFromModel(SoftmaxClassifier(alpha=0.1, l1_ratio=1.0), threshold=1e-12).fit(X, y)
    fitted = SoftmaxClassifier(alpha=0.1, l1_ratio=1.0).fit(X, y)
    assert_array_equal(kept.get_support(), (fitted.coef_ != 0.0).any(axis=0))
    assert 0 < kept.get_support().sum() < 8


@pytest.mark.parametrize("method", ["predict_log_proba", "predict_proba", "decision_function"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_predictions_of_folds_are_those_of_their_fits(method, n_classes):
    X, y, _ = random_problem(n_classes)
    folds = [(np.arange(30, 60), np.arange(30)), (np.arange(30), np.arange(30, 60))]
    predicted = cross_val_predict(SoftmaxClassifier(), X, y, cv=folds, method=method)
    for train, test in folds:
        expected = getattr(SoftmaxClassifier().fit(X[train], y[train]), method)(X[test])
        assert_allclose(predicted[test], expected, rtol=1e-12)


def test_one_classifier_for_each_class_takes_it():
    X, y, _ = random_problem(3)
    classifier = OneVsRestClassifier(SoftmaxClassifier()).fit(X, y)
    assert classifier.score(X, y) > 0.7


def test_scorers_agree_with_the_metrics():
    X, y, weights = random_problem(3)
    classifier = SoftmaxClassifier().fit(X, y)
    score = get_scorer("neg_log_loss")(classifier, X, y, sample_weight=weights)
    assert_allclose(score, -log_loss(y, classifier.predict_proba(X), sample_weight=weights))


# Names, output and threads


def test_names_of_features_are_kept_and_compared():
    X, y, _ = random_problem(3)
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    classifier = SoftmaxClassifier().fit(frame, y)
    assert_array_equal(classifier.feature_names_in_, ["a", "b", "c", "d"])
    assert_array_equal(classifier.predict(frame), SoftmaxClassifier().fit(X, y).predict(X))
    with pytest.raises(ValueError, match="feature names"):
        classifier.predict(frame[["b", "a", "c", "d"]])
    with pytest.raises(ValueError, match="feature names"):
        SoftmaxClassifier().fit(frame, y, X_val=frame[["b", "a", "c", "d"]], y_val=y)
    online = SoftmaxClassifier().partial_fit(frame, y, [0, 1, 2])
    with pytest.raises(ValueError, match="feature names"):
        online.partial_fit(frame[["b", "a", "c", "d"]], y)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        classifier.predict(X)


def test_labels_may_be_a_series_of_strings():
    X, y, weights = random_problem(3)
    names = pd.Series(np.array(["one", "three", "two"])[y])
    fitted = SoftmaxClassifier().fit(X, names, pd.Series(weights))
    assert_array_equal(fitted.classes_, ["one", "three", "two"])
    plain = SoftmaxClassifier().fit(X, names.to_numpy(), weights)
    assert_array_equal(fitted.coef_, plain.coef_)
    categories = SoftmaxClassifier().fit(X, names.astype("category"), weights)
    assert_array_equal(categories.coef_, plain.coef_)
    soft = pd.DataFrame(np.eye(3)[y], columns=["one", "three", "two"])
    assert_allclose(SoftmaxClassifier().fit(X, soft, weights).coef_, plain.coef_, rtol=1e-6)


def test_column_of_labels_is_taken_with_a_warning():
    X, y, _ = random_problem(3)
    with pytest.warns(sklearn.exceptions.DataConversionWarning, match="column-vector"):
        fitted = SoftmaxClassifier().fit(X, y[:, np.newaxis])
    assert_array_equal(fitted.coef_, SoftmaxClassifier().fit(X, y).coef_)


@may_end_early
@every_solver
def test_fits_in_several_threads_are_those_in_one(settings):
    problems = [random_problem(2 + i % 2, n_samples=200, seed=i) for i in range(8)]
    classifier = SoftmaxClassifier(**settings, alpha=0.05, max_iter=30)

    def fit(problem):
        return clone(classifier).fit(*problem).coef_

    expected = [fit(problem) for problem in problems]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(fit, problems))
    for coef, alone in zip(found, expected, strict=True):
        assert_array_equal(coef, alone)


@may_end_early
@every_solver
def test_fit_and_partial_fit_write_to_nothing_of_the_caller(settings):
    X, y, weights = random_problem(3)
    soft = np.full((60, 3), 0.1) + 0.7 * np.eye(3)[y]
    sparse = scipy.sparse.csr_array(X)
    arrays = [X, y, weights, soft, sparse.data, sparse.indices, sparse.indptr]
    copies = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    classifier = SoftmaxClassifier(**settings, class_weight="balanced", max_iter=5)
    for samples in (X, sparse):
        for targets in (y, soft):
            classifier.fit(samples, targets, weights, samples, targets, weights)
            if hasattr(classifier, "partial_fit"):
                classifier.partial_fit(samples, targets, sample_weight=weights)
    for array, before in zip(arrays, copies, strict=True):
        assert_array_equal(array, before)
