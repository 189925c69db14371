"""SoftmaxClassifierCV against the loop that it stands for, and as scikit-learn's citizen."""

import contextlib
import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.callback import ProgressBar
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import accuracy_score, log_loss, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    ShuffleSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale

from skxent import SoftmaxClassifier, SoftmaxClassifierCV
from skxent.optimizers import inverse_scaling

# The last fit, of the best setting, may need more than the few iterations of these tests.
may_end_early = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
both_outputs = pytest.mark.parametrize("n_classes", [2, 3])

# So warns GridSearchCV of a callable.
may_score_without_weights = pytest.mark.filterwarnings("ignore:.*does not support sample_weight")

RATES, ALPHAS = [0.3, 0.003, 0.03], [0.1, 0.001]


def random_problem(n_classes=3, *, n_samples=60, n_features=4, seed=0):
    """Samples of overlapping classes, with weights."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n_samples) % n_classes
    X = rng.normal(size=(n_samples, n_features)) + rng.normal(size=(n_classes, n_features))[labels]
    return X, labels, rng.uniform(0.2, 3.0, n_samples)


def small_search(**settings):
    settings = {"learning_rates": RATES, "alphas": ALPHAS, "cv": 3, "max_iter": 25} | settings
    return SoftmaxClassifierCV(**{"prune": False} | settings)


def grid_search(searched, **options):
    """The GridSearchCV that a SoftmaxClassifierCV stands for."""
    names = ["schedule", "momentum", "label_smoothing", "class_weight", "fit_intercept"]
    names += ["max_iter", "tol"]
    classifier = SoftmaxClassifier(solver="gd", **{name: getattr(searched, name) for name in names})
    return GridSearchCV(
        options.pop("classifier", lambda same: same)(classifier),
        {"alpha": searched.alphas, "learning_rate": searched.learning_rates},
        cv=searched.cv,
        scoring=searched.scoring,
        error_score="raise",
    )


def of_splits(searched):
    """Scores as cv_results_ has them, a row for each setting."""
    return np.column_stack(
        [searched.cv_results_[f"split{i}_test_score"] for i in range(searched.n_splits_)]
    )


def in_table_order(values):
    """Values by rate, alpha and fold, in the order of cv_results_."""
    return values.swapaxes(0, 1).reshape(-1, *values.shape[2:])


def assert_same_search(searched, expected, atol=1e-12):
    table, expected_table = searched.cv_results_, expected.cv_results_
    assert list(table) == list(expected_table)
    assert table["params"] == expected_table["params"]
    for name, values in expected_table.items():
        assert type(table[name]) is type(values)
        if name == "params" or name.endswith("_time"):
            continue
        assert table[name].dtype == values.dtype
        assert_allclose(table[name], values, rtol=0, atol=atol)
    assert searched.best_index_ == expected.best_index_
    assert searched.best_params_ == expected.best_params_
    assert_allclose(searched.best_score_, expected.best_score_, rtol=0, atol=atol)
    assert searched.n_splits_ == expected.n_splits_
    assert_array_equal(searched.classes_, expected.classes_)
    # The best setting is fitted by the same code.
    assert_array_equal(searched.coef_, expected.best_estimator_.coef_)
    assert_array_equal(searched.intercept_, expected.best_estimator_.intercept_)


def candidate(searched, X, y, rate, alpha, fold, sample_weight=None):
    """The classifier that a candidate of a search over RATES and ALPHAS is, fitted alone."""
    classifier = searched._make_classifier(RATES[rate], ALPHAS[alpha])
    cv = StratifiedKFold(3) if searched.cv == 3 else searched.cv
    trained, left_out = list(cv.split(X, y))[fold]
    weights = None if sample_weight is None else sample_weight[trained]
    return classifier.fit(X[trained], y[trained], weights), left_out


# The same as GridSearchCV


SETTINGS = {
    "plain": {},
    "smoothed": {"label_smoothing": 0.2},
    "balanced": {"class_weight": "balanced"},
    "class weights": {"class_weight": {0: 3.0, 1: 0.5}},
    "no intercept": {"fit_intercept": False},
    "no momentum": {"momentum": 0.0},
    "early end": {"tol": 0.03},
    "cosine": {"schedule": "cosine"},
    "callable": {"schedule": inverse_scaling},
    "balanced accuracy": {"scoring": "balanced_accuracy"},
    "log loss": {"scoring": "neg_log_loss"},
    "a callable score": {"scoring": lambda fitted, X, y: -float(np.abs(fitted.coef_).sum())},
    "shuffled": {"cv": StratifiedKFold(4, shuffle=True, random_state=0)},
    "overlapping": {"cv": ShuffleSplit(3, random_state=0)},
    "one alpha": {"alphas": [0.01]},
}


@may_end_early
@may_score_without_weights
@pytest.mark.parametrize(("n_classes", "weighted"), [(2, True), (3, False)])
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_search_is_the_grid_search_that_trains_one_by_one(n_classes, weighted, settings):
    X, y, weights = random_problem(n_classes)
    fit_params = {"sample_weight": weights} if weighted else {}
    searched = small_search(**settings).fit(X, y, **fit_params)
    assert_same_search(searched, grid_search(searched).fit(X, y, **fit_params))
    assert len(set(searched.n_iter_.ravel())) > 1 or settings != SETTINGS["early end"]


@may_end_early
@pytest.mark.parametrize("load", [load_iris, load_wine])
@pytest.mark.parametrize("scoring", [None, "neg_log_loss"])
def test_search_of_real_samples_is_the_grid_search(load, scoring):
    X, y = load(return_X_y=True)
    searched = small_search(scoring=scoring, cv=5).fit(scale(X), y)
    assert_same_search(searched, grid_search(searched).fit(scale(X), y))


@may_end_early
@both_outputs
@pytest.mark.parametrize("prune", [False, True])
def test_score_is_that_of_the_last_value_of_a_path(n_classes, prune):
    X, y, _ = random_problem(n_classes)

    def log_loss(fitted, X, y):  # scikit-learn's is bounded
        return -fitted.predict_log_proba(X)[np.arange(len(y)), y].mean()

    # The largest rate is too large: its loss rises, and stays finite.
    searched = SoftmaxClassifierCV(
        learning_rates=[0.1, 1.0, 30.0], cv=3, scoring=log_loss, prune=prune, max_iter=16
    ).fit(X, y)
    assert "diverged" not in searched.status_
    for place in np.ndindex(searched.scores_.shape):
        last = searched.loss_paths_[(*place, searched.n_iter_[place])]
        assert_allclose(searched.scores_[place], last, rtol=1e-10)


@may_end_early
@pytest.mark.parametrize("make", [scipy.sparse.csr_matrix, scipy.sparse.csr_array, np.asarray])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_search_takes_samples_of_any_kind(make, dtype):
    X, y, weights = random_problem()
    X = (X * (np.abs(X) > 0.5)).astype(dtype)
    searched = small_search(scoring="neg_log_loss").fit(make(X), y, weights)
    expected = grid_search(searched).fit(make(X), y, sample_weight=weights)
    # The products of float32 sum in another order.
    assert_same_search(searched, expected, atol=1e-12 if dtype == np.float64 else 1e-5)
    assert searched.coef_.dtype == dtype


@may_end_early
def test_labels_may_be_strings():
    X, y, _ = random_problem()
    names = np.array(["one", "three", "two"])[y]
    searched = small_search(class_weight={"one": 2.0}).fit(X, names)
    assert_same_search(searched, grid_search(searched).fit(X, names))
    assert_array_equal(searched.predict(X), searched.best_estimator_.predict(X))
    assert searched.classes_.tolist() == ["one", "three", "two"]


@may_end_early
@may_score_without_weights
def test_distributions_are_scored_by_a_callable():
    X, y, weights = random_problem()
    soft = 0.7 * np.eye(3)[y] + 0.3 * np.eye(3)[(y + 1) % 3]

    def score(fitted, X, y):
        return float(np.mean(np.sum(y * fitted.predict_log_proba(X), axis=1)))

    searched = small_search(scoring=score, cv=KFold(3, shuffle=True, random_state=0))
    searched.fit(X, soft, weights)
    assert_same_search(searched, grid_search(searched).fit(X, soft, sample_weight=weights))


@may_end_early
def test_groups_go_to_the_splitter():
    X, y, _ = random_problem()
    groups = np.arange(len(y)) // 6
    searched = small_search(cv=StratifiedGroupKFold(3)).fit(X, y, groups=groups)
    assert_same_search(searched, grid_search(searched).fit(X, y, groups=groups))
    with pytest.raises(ValueError, match="groups"):
        small_search(cv=StratifiedGroupKFold(3)).fit(X, y)


@may_end_early
@pytest.mark.parametrize("as_mask", [False, True])
def test_splits_may_be_given_as_they_are(as_mask):
    X, y, weights = random_problem()
    splits = list(StratifiedKFold(3).split(X, y))
    if as_mask:
        splits = [[np.isin(np.arange(len(y)), rows) for rows in split] for split in splits]
    searched = small_search(cv=splits).fit(X, y, weights)
    assert_same_search(searched, grid_search(searched).fit(X, y, sample_weight=weights))


@may_end_early
def test_rows_that_a_split_repeats_count_as_often():
    X, y, weights = random_problem()
    rng = np.random.default_rng(0)
    drawn = [rng.integers(0, len(y), len(y)) for _ in range(3)]
    splits = [(rows, np.setdiff1d(np.arange(len(y)), rows)) for rows in drawn]
    for class_weight in (None, "balanced"):
        searched = small_search(cv=splits, class_weight=class_weight, scoring="neg_log_loss")
        searched.fit(X, y, weights)
        assert_same_search(searched, grid_search(searched).fit(X, y, sample_weight=weights))


@may_end_early
def test_metadata_go_where_they_are_requested():
    X, y, weights = random_problem()
    groups = np.arange(len(y)) // 6
    with sklearn.config_context(enable_metadata_routing=True):
        scorer = make_scorer(accuracy_score).set_score_request(sample_weight=True)
        searched = small_search(cv=GroupKFold(3), scoring=scorer)
        expected = grid_search(
            searched, classifier=lambda same: same.set_fit_request(sample_weight=True)
        )
        searched.fit(X, y, sample_weight=weights, groups=groups)
        expected.fit(X, y, sample_weight=weights, groups=groups)
        assert_same_search(searched, expected)
        assert searched.score(X, y, sample_weight=weights) == accuracy_score(
            y, searched.predict(X), sample_weight=weights
        )
        unaware = make_scorer(accuracy_score).set_score_request(sample_weight=False)
        unweighted = small_search(cv=GroupKFold(3), scoring=unaware)
        unweighted.fit(X, y, sample_weight=weights, groups=groups)
        assert np.any(of_splits(unweighted) != of_splits(searched))
        with pytest.raises(TypeError, match="unexpected argument"):
            unweighted.fit(X, y, colour=weights)


@may_end_early
@pytest.mark.parametrize("weight", [1, 3])
def test_weights_of_three_are_samples_given_three_times(weight):
    X, y, _ = random_problem()
    weights = np.where(np.arange(len(y)) % 4 == 0, weight, 1)
    rows = np.repeat(np.arange(len(y)), weights)
    fold_of = np.arange(len(y)) // 20
    splits = [(np.flatnonzero(fold_of != i), np.flatnonzero(fold_of == i)) for i in range(3)]
    repeated = [
        (np.flatnonzero(fold_of[rows] != i), np.flatnonzero(fold_of[rows] == i)) for i in range(3)
    ]
    weighted = small_search(cv=splits).fit(X, y, weights)
    longer = small_search(cv=repeated).fit(X[rows], y[rows])
    assert_allclose(weighted.loss_paths_, longer.loss_paths_, rtol=1e-12)


@may_end_early
def test_score_that_is_not_a_number_never_wins():
    X, y, _ = random_problem()

    def score(fitted, X, y):
        accuracy = fitted.score(X, y)
        return np.nan if np.abs(fitted.coef_).max() > 0.5 else accuracy

    searched = small_search(scoring=score)
    with np.errstate(invalid="ignore"):
        searched.fit(X, y)
    is_nan = np.isnan(searched.cv_results_["mean_test_score"])
    assert 0 < is_nan.sum() < len(is_nan)
    assert not is_nan[searched.best_index_]
    ranks = searched.cv_results_["rank_test_score"]
    assert ranks[searched.best_index_] == 1
    assert ranks[is_nan].min() > ranks[~is_nan].max()


# What a search has learned


@may_end_early
@both_outputs
def test_best_estimator_is_the_classifier_of_the_best_setting(n_classes):
    X, y, weights = random_problem(n_classes)
    settings = {"label_smoothing": 0.1, "class_weight": "balanced", "momentum": 0.8}
    searched = small_search(**settings, schedule="cosine", tol=1e-3).fit(X, y, weights)
    classifier = SoftmaxClassifier(
        solver="gd", schedule="cosine", tol=1e-3, max_iter=25, **settings, **searched.best_params_
    ).fit(X, y, weights)
    assert searched.best_estimator_.get_params() == classifier.get_params()
    for name in ("coef_", "intercept_", "classes_"):
        assert_array_equal(getattr(searched, name), getattr(classifier, name))
    for name in ("predict", "predict_proba", "predict_log_proba", "decision_function"):
        assert_array_equal(getattr(searched, name)(X), getattr(classifier, name)(X))
    assert searched.score(X, y) == classifier.score(X, y)


@may_end_early
def test_score_is_that_of_the_scorer():
    X, y, weights = random_problem()
    searched = small_search(scoring="neg_log_loss").fit(X, y)
    expected = -log_loss(y, searched.predict_proba(X), sample_weight=weights)
    assert_allclose(searched.score(X, y, sample_weight=weights), expected, rtol=1e-12)


@may_end_early
def test_scores_and_paths_stand_by_rate_alpha_and_fold():
    X, y, weights = random_problem()
    searched = small_search(tol=0.02).fit(X, y, weights)
    assert searched.scores_.shape == searched.n_iter_.shape == searched.status_.shape == (3, 2, 3)
    assert searched.loss_paths_.shape == (3, 2, 3, 26)
    assert_array_equal(searched.learning_rates_, RATES)
    assert searched.n_splits_ == 3
    assert_array_equal(in_table_order(searched.scores_), of_splits(searched))
    assert set(searched.status_.ravel()) == {"running", "converged"}
    assert_array_equal(searched.n_iter_[searched.status_ == "running"], 25)
    for place in np.ndindex(3, 2, 3):
        classifier, left_out = candidate(searched, X, y, *place, weights)
        assert searched.n_iter_[place] == classifier.n_iter_
        assert (searched.status_[place] == "converged") == classifier.converged_
        score = classifier.score(X[left_out], y[left_out], weights[left_out])
        assert_allclose(searched.scores_[place], score, rtol=1e-14)
        path = searched.loss_paths_[place]
        assert_array_equal(np.isnan(path), np.arange(26) > classifier.n_iter_)
        assert_allclose(path[0], np.log(3), rtol=1e-12)  # of coefficients of zero
        assert classifier.loss_curve_.argmin() == classifier.n_iter_
        expected = log_loss(
            y[left_out], classifier.predict_proba(X[left_out]), sample_weight=weights[left_out]
        )
        assert_allclose(path[classifier.n_iter_], expected, rtol=1e-11)


@may_end_early
def test_paths_weigh_samples_as_training_does():
    X, y, weights = random_problem()
    y[:10] = 0
    settings = {"label_smoothing": 0.2, "class_weight": "balanced"}
    searched = small_search(**settings).fit(X, y, weights)
    for place in [(0, 0, 0), (1, 1, 2)]:
        classifier, left_out = candidate(searched, X, y, *place, weights)
        trained = np.setdiff1d(np.arange(len(y)), left_out)
        sums = np.bincount(y[trained], weights[trained])
        of_classes = sums.sum() / (3 * sums)
        smoothed = 0.8 * np.eye(3)[y[left_out]] + 0.2 / 3
        losses = -np.sum(smoothed * classifier.predict_log_proba(X[left_out]), axis=1)
        expected = np.average(losses, weights=weights[left_out] * of_classes[y[left_out]])
        assert_allclose(searched.loss_paths_[(*place, -1)], expected, rtol=1e-11)


@may_end_early
@both_outputs
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_number_of_rates_spans_the_useful_range(n_classes, fit_intercept):
    X, y, weights = random_problem(n_classes)
    searched = small_search(
        learning_rates=5, fit_intercept=fit_intercept, class_weight={0: 2.0}
    ).fit(X, y, weights)
    columns = np.column_stack([X, np.ones(len(y))]) if fit_intercept else X
    shares = weights * np.where(y == 0, 2.0, 1.0)
    gram = columns.T @ (columns * (shares / shares.sum())[:, np.newaxis])
    cap = 0.25 if n_classes == 2 else 0.5
    safe = 1.0 / (cap * np.linalg.eigvalsh(gram)[-1] + max(ALPHAS))
    assert_allclose(searched.safe_learning_rate_, safe, rtol=1e-10)
    assert_allclose(searched.learning_rates_[[0, -1]], [1e-3 * safe, 2.0 * safe], rtol=1e-10)
    ratios = searched.learning_rates_[1:] / searched.learning_rates_[:-1]
    assert_allclose(ratios, ratios[0], rtol=1e-10)


@may_end_early
def test_single_rate_is_the_safe_one_which_the_classifier_takes_by_itself():
    X, y, weights = random_problem()
    searched = small_search(learning_rates=1).fit(X, y, weights)
    classifier = SoftmaxClassifier(solver="gd", alpha=max(ALPHAS), max_iter=25).fit(X, y, weights)
    assert searched.learning_rates_.tolist() == [searched.safe_learning_rate_]
    assert_allclose(searched.safe_learning_rate_, classifier.learning_rate_, rtol=1e-12)


@may_end_early
def test_times_are_shares_of_what_all_took_together():
    X, y, _ = random_problem()
    searched = small_search(tol=0.02).fit(X, y)
    times = searched.cv_results_["mean_fit_time"]
    work = in_table_order(searched.n_iter_ + 1).mean(axis=1)
    assert (times > 0.0).all()
    assert_allclose(times / times.sum(), work / work.sum(), rtol=1e-12)


# Pruning


def diverging_search(**settings):
    """A search of which two rates diverge, the others live."""
    settings = {"learning_rates": [1e4, 0.003, 0.1, 0.5, 2e4], "max_iter": 96} | settings
    return small_search(**settings)


@may_end_early
@pytest.mark.parametrize("scoring", [None, "neg_log_loss"])
def test_what_survives_pruning_has_the_exact_paths_of_no_pruning(scoring):
    X, y, weights = random_problem()
    exact = diverging_search(scoring=scoring).fit(X, y, weights)
    pruned = diverging_search(scoring=scoring, prune=True).fit(X, y, weights)
    survives = ~np.isin(pruned.status_, ["pruned", "diverged"])
    assert 0 < survives.all(axis=2).sum() < survives.all(axis=2).size
    assert_array_equal(pruned.status_[survives], exact.status_[survives])
    assert_array_equal(pruned.n_iter_[survives], exact.n_iter_[survives])
    # Where a row lies in memory decides in which order numpy sums it up: the last digit.
    limits = {"rtol": 1e-13, "atol": 0.0}
    assert_allclose(pruned.loss_paths_[survives], exact.loss_paths_[survives], **limits)
    assert_allclose(pruned.scores_[survives], exact.scores_[survives], **limits)
    # And what was dropped has the same path up to there.
    is_there = ~np.isnan(pruned.loss_paths_)
    assert_allclose(pruned.loss_paths_[is_there], exact.loss_paths_[is_there], **limits)


@may_end_early
def test_rate_that_diverges_in_a_fold_is_dropped_in_all_of_them_and_never_wins():
    X, y, _ = random_problem()
    X[0] = 1e80  # the first fold leaves it out, and diverges an iteration later
    rates = [1e80, 0.003, 0.1]
    pruned = small_search(learning_rates=rates, prune=True, scoring=lambda fitted, X, y: 0.5)
    pruned.fit(X, y)
    assert_array_equal(pruned.status_[0], [["pruned", "diverged", "diverged"]] * 2)
    assert_array_equal(pruned.n_iter_[0], 1)
    assert not np.isin(pruned.status_[1:], "diverged").any()
    # All scores are the same, so that the first would win.
    assert pruned.best_params_["learning_rate"] != 1e80


@may_end_early
def test_halving_keeps_the_settings_of_the_lower_losses():
    X, y, _ = random_problem()
    rates = [1e-5, 1e-4, 1e-3, 1e-2, 0.03, 0.1, 0.2, 0.4]
    searched = small_search(learning_rates=rates, alphas=[0.01], max_iter=64, tol=0.0, prune=True)
    searched.fit(X, y)
    ends = searched.n_iter_[:, 0]
    assert_array_equal(ends, ends[:, :1].repeat(3, axis=1))
    # Halves after a sixteenth and an eighth; two are never halved.
    assert sorted(ends[:, 0].tolist()) == [4] * 4 + [8] * 2 + [64] * 2
    for epoch in (4, 8):
        losses = searched.loss_paths_[:, 0, :, epoch].mean(axis=1)
        goes_on = ends[:, 0] > epoch
        assert losses[goes_on].max() < np.nanmin(losses[ends[:, 0] == epoch])
    assert_array_equal(searched.status_[ends[:, 0] < 64], "pruned")
    assert_array_equal(searched.status_[ends[:, 0] == 64], "running")


@may_end_early
def test_best_is_what_it_is_where_all_diverge():
    X, y, _ = random_problem()
    for prune in (False, True):
        searched = diverging_search(learning_rates=[1e5, 1e4], alphas=[0.1], prune=prune)
        searched.fit(X, y)
        assert (searched.status_ == "diverged").any(axis=2).all()
        assert searched.best_index_ == np.argmax(searched.cv_results_["mean_test_score"])
        assert np.isfinite(searched.predict_log_proba(X)).all()


@may_end_early
@pytest.mark.parametrize("load", [load_iris, load_wine, load_digits])
def test_pruned_winner_is_within_a_standard_error_of_the_exact_one(load):
    X, y = load(return_X_y=True)
    # Of digits one in three, which are as hard.
    X, y = (X[::3], y[::3]) if load is load_digits else (X, y)
    X = scale(X)
    settings = {"learning_rates": 6, "alphas": [1e-3, 0.03], "max_iter": 60, "refit": False}
    exact = SoftmaxClassifierCV(**settings, prune=False).fit(X, y)
    pruned = SoftmaxClassifierCV(**settings).fit(X, y)
    assert (pruned.status_ == "pruned").any()
    scores = of_splits(exact)
    error = scores[exact.best_index_].std(ddof=1) / np.sqrt(exact.n_splits_)
    assert scores[pruned.best_index_].mean() >= exact.best_score_ - error


# A citizen of scikit-learn


@may_end_early
def test_search_without_refit_has_scores_but_no_predictions():
    X, y, _ = random_problem()
    searched, expected = small_search(refit=False).fit(X, y), small_search().fit(X, y)
    assert_array_equal(searched.scores_, expected.scores_)
    assert searched.best_params_ == expected.best_params_
    assert searched.best_score_ == expected.best_score_
    assert not hasattr(searched, "best_estimator_")
    assert not hasattr(searched, "coef_")
    for method in ("predict", "predict_proba", "decision_function"):
        with pytest.raises(AttributeError):
            getattr(searched, method)(X)
    for unusable in (searched, small_search()):
        with pytest.raises(NotFittedError, match="of a search with refit=True"):
            unusable.score(X, y)


@may_end_early
def test_search_fitted_again_without_refit_forgets_the_estimator_of_before():
    X, y, _ = random_problem()
    searched = small_search().fit(X, y).set_params(refit=False).fit(X[:, :2], y)
    for name in ("best_estimator_", "coef_", "intercept_", "classes_"):
        assert not hasattr(searched, name)


@may_end_early
def test_search_ends_a_pipeline():
    X, y, _ = random_problem()
    pipeline = make_pipeline(StandardScaler(), small_search(prune=True)).fit(X, y)
    alone = small_search(prune=True).fit(scale(X), y)
    assert_array_equal(pipeline.predict_proba(X), alone.predict_proba(scale(X)))
    assert pipeline.score(X, y) == alone.score(scale(X), y)


@may_end_early
@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
def test_copies_predict_and_search_as_the_original(duplicate):
    X, y, _ = random_problem()
    searched = small_search(prune=True).fit(X, y)
    copied = duplicate(searched)
    assert_array_equal(copied.predict_proba(X), searched.predict_proba(X))
    assert_array_equal(copied.scores_, searched.scores_)
    assert_array_equal(copied.fit(X, y).loss_paths_, searched.loss_paths_)


@may_end_early
def test_fit_leaves_the_settings_and_the_data_alone():
    X, y, weights = random_problem()
    given = X.copy(), y.copy(), weights.copy()
    searched = small_search()
    settings = copy.deepcopy(searched.get_params())
    searched.fit(X, y, weights)
    assert searched.get_params() == settings
    for after, before in zip((X, y, weights), given, strict=True):
        assert_array_equal(after, before)
    copied = clone(searched)
    assert copied.get_params() == settings
    assert not hasattr(copied, "scores_")


@may_end_early
def test_names_of_features_are_learned_and_compared():
    X, y, _ = random_problem()
    frame = pd.DataFrame(X, columns=list("abcd"))
    searched = small_search().fit(frame, pd.Series(y))
    assert searched.feature_names_in_.tolist() == list("abcd")
    assert searched.best_estimator_.feature_names_in_.tolist() == list("abcd")
    assert_array_equal(searched.predict(frame), small_search().fit(X, y).predict(X))
    with pytest.raises(ValueError, match="feature names"):
        searched.predict(frame[["b", "a", "c", "d"]])


@pytest.mark.parametrize("prune", [False, True])
def test_search_itself_warns_of_nothing(prune):
    X, y, _ = random_problem()
    diverging_search(refit=False, prune=prune).fit(X, y)
    with pytest.warns(ConvergenceWarning, match="in 2 iterations"):
        small_search(max_iter=2).fit(X, y)  # but the fit of the best setting does


# Errors


@pytest.mark.parametrize(
    "settings",
    [
        {"learning_rates": []},
        {"learning_rates": [0.1, 0.0]},
        {"learning_rates": [0.1, -1.0]},
        {"learning_rates": [0.1, np.nan]},
        {"learning_rates": [0.1, np.inf]},
        {"learning_rates": [0.1, 0.1]},
        {"learning_rates": [[0.1, 0.2]]},
        {"learning_rates": 0},
        {"learning_rates": 0.1},
        {"alphas": []},
        {"alphas": [-0.1]},
        {"alphas": [np.nan]},
        {"alphas": [0.1, 0.1]},
        {"alphas": [[0.1]]},
        {"alphas": 0.1},
    ],
)
def test_settings_to_try_that_make_no_sense_are_named(settings):
    X, y, _ = random_problem()
    (name,) = settings
    with pytest.raises(ValueError, match=name):
        small_search(**settings).fit(X, y)


@may_end_early
def test_penalty_of_zero_may_be_tried():
    X, y, _ = random_problem()
    searched = small_search(alphas=[0.0, 0.1]).fit(X, y)
    assert_same_search(searched, grid_search(searched).fit(X, y))


@pytest.mark.parametrize(
    "settings",
    [{"schedule": "adaptive"}, {"momentum": 1.0}, {"max_iter": 0}, {"tol": -1}],
)
def test_settings_that_a_search_does_not_have_are_refused(settings):
    X, y, _ = random_problem()
    with pytest.raises(ValueError, match=next(iter(settings))):
        small_search(**settings).fit(X, y)


@pytest.mark.parametrize("part", ["training", "test"])
def test_fold_without_weight_is_named(part):
    X, y, weights = random_problem()
    trained, left_out = next(StratifiedKFold(3).split(X, y))
    weights[trained if part == "training" else left_out] = 0.0
    with pytest.raises(ValueError, match=f"{part} part of fold 0 has no positive weight"):
        small_search().fit(X, y, weights)


@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_weights_of_zero_are_refused(class_weight):
    X, y, _ = random_problem()
    with pytest.raises(ValueError, match=r"positive weight|non-zero"):
        small_search(class_weight=class_weight).fit(X, y, np.zeros(len(y)))


def test_schedule_that_returns_no_factor_is_an_error():
    X, y, _ = random_problem()
    with pytest.raises(ValueError, match="schedule must return a finite factor"):
        small_search(schedule=lambda epoch: -1.0).fit(X, y)


# Callbacks


class Recorder:
    """A callback that writes down the stages and their epochs, and stops after some of them."""

    def __init__(self, n_epochs=None):
        self.n_epochs = n_epochs
        self.events, self.calls = [], []

    def setup(self, estimator, context):
        self.calls.append("setup")

    def teardown(self, estimator, context):
        self.calls.append("teardown")

    def on_fit_task_begin(self, estimator, context, **data):
        self.events.append(("begin", context.task_name))

    def on_fit_task_end(self, estimator, context, **data):
        self.events.append(("end", context.task_name))
        return context.task_name == "epoch" and self.n_ended == self.n_epochs

    @property
    def n_ended(self):
        return self.events.count(("end", "epoch"))

    @property
    def stages(self):
        """Names of the stages, one for each epoch."""
        stage, names = None, []
        for kind, name in self.events:
            if kind == "begin" and name.endswith("candidates"):
                stage = name
            if (kind, name) == ("begin", "epoch"):
                names.append(stage)
        return names


@may_end_early
def test_stages_say_how_many_candidates_are_alive():
    X, y, _ = random_problem()
    recorder = Recorder()
    searched = diverging_search(prune=True, tol=0.003).set_callbacks(recorder).fit(X, y)
    expected = [
        f"{np.count_nonzero(searched.n_iter_ >= epoch)} candidates"
        for epoch in range(1, searched.n_iter_.max() + 1)
    ]
    assert recorder.stages == expected
    assert len(set(expected)) > 3
    assert recorder.calls == ["setup", "teardown"]
    # Each task that begins ends, within the one that it is part of.
    open_tasks = []
    for kind, name in recorder.events:
        if kind == "begin":
            open_tasks.append(name)
        else:
            assert open_tasks.pop() == name
    assert open_tasks == []


@may_end_early
def test_stop_request_ends_the_search_with_usable_results():
    X, y, _ = random_problem()
    recorder = Recorder(n_epochs=5)
    stopped = small_search(tol=0.0).set_callbacks(recorder).fit(X, y)
    ended = small_search(tol=0.0, max_iter=5).fit(X, y)
    assert recorder.n_ended == 5
    assert_array_equal(stopped.n_iter_, 5)
    assert_array_equal(stopped.status_, "running")
    assert_array_equal(stopped.scores_, ended.scores_)
    assert_array_equal(stopped.loss_paths_[..., :6], ended.loss_paths_)
    assert np.isnan(stopped.loss_paths_[..., 6:]).all()
    assert stopped.best_params_ == ended.best_params_
    assert stopped.predict_proba(X).shape == (60, 3)


@may_end_early
def test_progress_bar_shows_the_stages(capsys):
    X, y, _ = random_problem()
    searched = diverging_search(prune=True).set_callbacks(ProgressBar())
    searched.fit(X, y)
    shown = capsys.readouterr().out
    assert "SoftmaxClassifierCV" in shown
    assert "30 candidates" in shown


@may_end_early
def test_callbacks_change_nothing():
    X, y, _ = random_problem()
    watched = diverging_search(prune=True).set_callbacks(Recorder()).fit(X, y)
    assert_array_equal(watched.loss_paths_, diverging_search(prune=True).fit(X, y).loss_paths_)


def test_callback_is_torn_down_after_a_search_that_fails():
    recorder = Recorder()
    with contextlib.suppress(ValueError):
        small_search(alphas=[-1.0]).set_callbacks(recorder).fit(np.eye(6), [0, 1] * 3)
    assert recorder.calls == ["setup", "teardown"]
