"""SoftmaxClassifier with samples to validate on, early stopping and schedules."""

import functools

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skxent import SoftmaxClassifier
from skxent._fitting._holdout import draw_held_out
from skxent.optimizers import step_decay
from tests._fitting.callbacks import Watch
from tests.linear import oracles
from tests.linear.problems import (
    STOPPED,
    all_params,
    both,
    may_end_early,
    overfitting_problem,
    random_problem,
    slopes_of_batch,
    stopped_early,
)

every_solver = pytest.mark.parametrize("solver", ["gd", "sgd", "adam", "lbfgs", "newton-cg"])


def loop_of_epochs(X, y, weights, n_classes, rate_of, n_epochs, **terms):
    """Textbook gradient descent from zero: parameters after each epoch."""
    params = [np.zeros((1 if n_classes == 2 else n_classes, X.shape[1] + 1))]
    for epoch in range(n_epochs):
        slopes = slopes_of_batch(
            params[-1], X, y, weights, np.sum(weights), n_classes=n_classes, **terms
        )
        params.append(params[-1] - rate_of(epoch) * slopes)
    return params


# Validation


@may_end_early
@every_solver
@both
def test_validation_curves_are_those_of_each_iteration(solver, n_classes):
    (X, y, weights), (X_val, y_val, weights_val) = overfitting_problem(n_classes)
    class_weight = {0: 0.5, 1: 2.0, 2: 1.5} if n_classes == 3 else {0: 0.5, 1: 2.0}
    watch = Watch()
    classifier = SoftmaxClassifier(
        solver=solver,
        class_weight=class_weight,
        label_smoothing=0.1,
        alpha=0.1,
        batch_size=8,
        max_iter=12,
        random_state=0,
    ).set_callbacks(watch)
    classifier.fit(X, y, weights, X_val, y_val, weights_val)
    iterates = [all_params(seen) for seen in watch.fitted]
    iterates.insert(0, np.zeros_like(iterates[0]))
    assert len(iterates) == classifier.n_iter_ + 1
    # Without the penalty: it says nothing about new samples.
    losses = [
        oracles.linear_objective(
            params.tolist(),
            X_val,
            y_val,
            n_classes=n_classes,
            sample_weight=weights_val,
            class_weight=class_weight,
            label_smoothing=0.1,
        )
        for params in iterates
    ]
    assert_allclose(classifier.validation_loss_curve_, np.real(losses), rtol=1e-12)
    effective = weights_val * [class_weight[label] for label in y_val.tolist()]
    scores = []
    for params in iterates:
        logits = X_val @ params[:, :-1].T + params[:, -1]
        logits = np.column_stack([0 * logits, logits]) if n_classes == 2 else logits
        scores.append(np.average(logits.argmax(axis=1) == y_val, weights=effective))
    assert_allclose(classifier.validation_score_curve_, scores, rtol=1e-12)


@may_end_early
@every_solver
def test_validation_samples_are_not_trained_on(solver):
    (X, y, weights), (X_val, y_val, _) = overfitting_problem(3)
    classifier = SoftmaxClassifier(solver=solver, max_iter=20, random_state=0)
    alone = clone(classifier).fit(X, y, weights)
    watched = clone(classifier).fit(X, y, weights, X_val=X_val, y_val=y_val)
    assert_array_equal(watched.coef_, alone.coef_)
    assert_array_equal(watched.loss_curve_, alone.loss_curve_)
    assert len(watched.validation_loss_curve_) == watched.n_iter_ + 1
    assert not hasattr(alone, "validation_loss_curve_")
    watched.fit(X, y)
    assert not hasattr(watched, "validation_loss_curve_")
    assert not hasattr(watched, "validation_score_curve_")


@may_end_early
def test_kind_of_the_validation_targets_and_samples_does_not_matter():
    (X, y, _), (X_val, y_val, weights_val) = overfitting_problem(3)
    classifier = SoftmaxClassifier(solver="gd", max_iter=10)
    plain = clone(classifier).fit(X, y, None, X_val, y_val, weights_val)
    soft = clone(classifier).fit(X, y, None, X_val, np.eye(3)[y_val], weights_val)
    sparse = clone(classifier).fit(X, y, None, scipy.sparse.csr_array(X_val), y_val, weights_val)
    for other in (soft, sparse):
        assert_allclose(other.validation_loss_curve_, plain.validation_loss_curve_, rtol=1e-12)
        assert_allclose(other.validation_score_curve_, plain.validation_score_curve_, rtol=1e-12)


def test_classes_may_lack_among_the_validation_labels_but_not_among_the_training_ones():
    X, y, _ = random_problem(3)
    names = np.array(["a", "b", "c"])[y]
    fitted = SoftmaxClassifier().fit(X, names, X_val=X[y < 2], y_val=names[y < 2])
    assert np.isfinite(fitted.validation_loss_curve_).all()
    with pytest.raises(ValueError, match=r"y_val has labels .* not among the classes: \['c'\]"):
        SoftmaxClassifier().fit(X[y < 2], names[y < 2], X_val=X, y_val=names)


@pytest.mark.parametrize(
    ("validation", "message"),
    [
        ({"X_val": np.eye(3)}, "X_val and y_val must be given together"),
        ({"y_val": [0, 1, 1]}, "X_val and y_val must be given together"),
        ({"sample_weight_val": np.ones(3)}, "sample_weight_val needs X_val and y_val"),
        ({"X_val": np.eye(3), "y_val": [0, 1]}, "inconsistent numbers of samples"),
        ({"X_val": np.ones((3, 2)), "y_val": [0, 1, 1]}, "X has 2 features, but .* expecting 3"),
        ({"X_val": np.eye(3), "y_val": np.eye(3)}, "y_val must have a column for each of 2"),
        ({"X_val": np.eye(3), "y_val": np.ones((3, 2))}, "y_val of shape .* distribution"),
        ({"X_val": np.full((3, 3), np.nan), "y_val": [0, 1, 1]}, "contains NaN"),
        (
            {"X_val": np.eye(3), "y_val": [0, 1, 1], "sample_weight_val": [1.0, -1.0, 1.0]},
            "[Nn]egative values",
        ),
        (
            {"X_val": np.eye(3), "y_val": [0, 1, 1], "sample_weight_val": np.zeros(3)},
            "Sample weights must contain at least one non-zero number",
        ),
    ],
)
def test_bad_validation_samples_are_refused(validation, message):
    with pytest.raises(ValueError, match=message):
        SoftmaxClassifier().fit(np.eye(3), [0, 1, 1], **validation)


# Early stopping


def epochs_until_stale(losses, tol, patience):
    """After how many epochs the loss has not fallen below the best by more than tol."""
    best, stale = losses[0], 0
    for epoch, loss in enumerate(losses[1:], start=1):
        stale = 0 if loss < best - tol else stale + 1
        best = min(best, loss)
        if stale == patience:
            return epoch
    return None


@pytest.mark.parametrize("settings", STOPPED.values(), ids=STOPPED)
@both
def test_early_stopping_restores_the_best_weights(settings, n_classes):
    (X, y, weights), validation = overfitting_problem(n_classes)
    classifier = stopped_early(**settings).fit(X, y, weights, *validation)
    curve = classifier.validation_loss_curve_
    best = curve.argmin()
    assert classifier.converged_
    assert 0 < best < len(curve) - 1, "the loss rises"
    assert classifier.n_iter_ == epochs_until_stale(curve, 1e-6, 3) == len(curve) - 1
    loss = oracles.exact_linear_objective(
        all_params(classifier),
        validation[0],
        validation[1],
        n_classes=n_classes,
        sample_weight=validation[2],
    )
    assert_allclose(loss, curve[best], rtol=1e-12)
    if "l1_ratio" not in settings:
        slopes = oracles.linear_gradient(
            all_params(classifier), X, y, n_classes=n_classes, sample_weight=weights, alpha=1e-6
        )
        assert_allclose(classifier.gradient_norm_, np.abs(slopes).max(), rtol=1e-9)


@every_solver
def test_weights_of_the_validation_samples_count(solver):
    (X, y, weights), (X_val, y_val, weights_val) = overfitting_problem(3)
    weights_val[::3] = 0.0
    kept = weights_val > 0.0
    classifier = SoftmaxClassifier(
        solver=solver, alpha=1e-6, early_stopping=True, n_iter_no_change=2, random_state=0
    ).set_params(**({"learning_rate": 0.1} if solver in ("gd", "sgd", "adam") else {}))
    weighted = clone(classifier).fit(X, y, weights, X_val, y_val, weights_val)
    removed = clone(classifier).fit(X, y, weights, X_val[kept], y_val[kept], weights_val[kept])
    alike = clone(classifier).fit(X, y, weights, X_val[kept], y_val[kept])
    assert_allclose(weighted.validation_loss_curve_, removed.validation_loss_curve_, rtol=1e-12)
    assert_array_equal(weighted.coef_, removed.coef_)
    assert not np.allclose(alike.validation_loss_curve_[1:3], weighted.validation_loss_curve_[1:3])


@pytest.mark.parametrize("class_weight", [None, "balanced"])
@every_solver
@may_end_early
def test_early_stopping_sets_samples_of_each_class_aside(solver, class_weight):
    X, y, weights = random_problem(3, n_samples=200, n_features=20)
    classifier = SoftmaxClassifier(
        solver=solver,
        alpha=1e-6,
        early_stopping=True,
        validation_fraction=0.2,
        class_weight=class_weight,
        max_iter=30,
        shuffle=False,
        random_state=3,
    )
    fitted = clone(classifier).fit(X, y, weights)
    kept, aside = draw_held_out(y, weights, 0.2, np.random.RandomState(3))
    validation = X[aside], y[aside], weights[aside]
    given_apart = clone(classifier).fit(X[kept], y[kept], weights[kept], *validation)
    assert_array_equal(fitted.coef_, given_apart.coef_)
    assert_array_equal(fitted.validation_loss_curve_, given_apart.validation_loss_curve_)


def test_too_few_samples_to_validate_on_are_refused():
    classifier = SoftmaxClassifier(early_stopping=True)
    message = r"early_stopping can't set .* aside .*validation_fraction=0.1\).* give fit an X_val"
    with pytest.raises(ValueError, match=message):
        classifier.fit(np.eye(3), [0, 1, 2])
    with pytest.raises(ValueError, match=message):
        classifier.fit(np.eye(4), [0, 1, 0, 1], [1.0, 1.0, 0.0, 0.0])


# Schedules


SCHEDULES = {
    "constant": ("constant", lambda epoch: 1.0),
    "inverse_scaling": ("inverse_scaling", lambda epoch: 1.0 / np.sqrt(1.0 + epoch)),
    "step": ("step", lambda epoch: 0.1 if epoch >= 30 else 1.0),
    "cosine": ("cosine", lambda epoch: np.cos(np.pi * epoch / 34 / 2) ** 2),
    "callable": (lambda epoch: 0.9**epoch, lambda epoch: 0.9**epoch),
    "partial": (
        functools.partial(step_decay, every=4, rate=0.5),
        lambda epoch: 0.5 ** (epoch // 4),
    ),
}


@may_end_early
@pytest.mark.parametrize(("schedule", "factor_of"), SCHEDULES.values(), ids=SCHEDULES)
@both
def test_schedules_follow_their_formula(schedule, factor_of, n_classes):
    X, y, weights = random_problem(n_classes, n_samples=10, n_features=2)
    terms = {"alpha": 0.3, "label_smoothing": 0.1}
    expected = loop_of_epochs(
        X, y, weights, n_classes, lambda epoch: 0.2 * factor_of(epoch), 34, **terms
    )
    fitted = SoftmaxClassifier(
        learning_rate=0.2, schedule=schedule, momentum=0.0, max_iter=34, tol=0.0, **terms
    ).fit(X, y, weights)
    assert_allclose(all_params(fitted), expected[-1], rtol=1e-11)
    assert fitted.learning_rate_ == 0.2


@both
def test_adaptive_schedule_lowers_the_rate_and_ends(n_classes):
    X, y, weights = random_problem(n_classes, n_samples=10, n_features=2)
    terms = {"n_classes": n_classes, "alpha": 0.3}
    tol, patience, factor = 1e-2, 2, 1.0
    params = np.zeros((1 if n_classes == 2 else n_classes, 3))
    curve, best, stale = [], np.inf, 0
    while True:
        loss = oracles.exact_linear_objective(params, X, y, sample_weight=weights, **terms)
        curve.append(loss)
        stale = 0 if loss < best - tol else stale + 1
        best = min(best, loss)
        if stale == patience:
            stale, factor = 0, factor / 5
        if factor < 1e-4:
            break
        params = params - 0.5 * factor * slopes_of_batch(
            params, X, y, weights, weights.sum(), **terms
        )
    fitted = SoftmaxClassifier(
        learning_rate=0.5,
        schedule="adaptive",
        momentum=0.0,
        n_iter_no_change=patience,
        tol=tol,
        alpha=0.3,
    ).fit(X, y, weights)
    assert fitted.gradient_norm_ > tol, "what ended the fit is the schedule"
    assert fitted.converged_
    assert_allclose(fitted.loss_curve_, curve, rtol=1e-12)
    assert_allclose(all_params(fitted), params, rtol=1e-10)


@may_end_early
def test_adaptive_schedule_watches_the_validation_samples():
    (X, y, _), (X_val, y_val, _) = overfitting_problem(3)
    settings = {"learning_rate": 0.1, "schedule": "adaptive", "alpha": 1e-6, "max_iter": 500}
    classifier = SoftmaxClassifier(**settings, tol=1e-4, n_iter_no_change=2)
    trained = clone(classifier).fit(X, y)
    watched = clone(classifier).fit(X, y, X_val=X_val, y_val=y_val)
    assert watched.converged_
    # There the loss stops falling first.
    assert watched.n_iter_ < trained.n_iter_


@may_end_early
@pytest.mark.parametrize("settings", [{"early_stopping": True}, {"schedule": "adaptive"}])
def test_infinite_patience_lasts_until_max_iter(settings):
    (X, y, _), (X_val, y_val, _) = overfitting_problem(3)
    classifier = SoftmaxClassifier(
        solver="gd", learning_rate=0.1, tol=0.0, max_iter=40, n_iter_no_change=np.inf, **settings
    ).fit(X, y, None, X_val, y_val)
    assert classifier.n_iter_ == 40
    assert not classifier.converged_


@pytest.mark.parametrize("patience", [0, 2.5, -np.inf, np.nan])
def test_patience_is_a_number_of_epochs(patience):
    (X, y, _), _ = overfitting_problem(3)
    with pytest.raises(ValueError, match="'n_iter_no_change' parameter"):
        SoftmaxClassifier(early_stopping=True, n_iter_no_change=patience).fit(X, y)
