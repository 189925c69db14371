"""The neural classifiers where a fit is watched, or continues an earlier one."""

import copy
import pickle
import warnings
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.callback import ScoringMonitor
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss

from skxent import losses
from skxent._fitting._holdout import draw_held_out
from tests._fitting.callbacks import Watch
from tests._fitting.test_callbacks import CURVES, assert_seen_as_far_as_it_had_come
from tests.neural.clips import make_clips

torch = pytest.importorskip(
    "torch", reason="skxent.neural needs PyTorch: pip install skxent[neural]"
)

from skxent.neural import DNNClassifier, RNNClassifier, load, save  # noqa: E402

# Of products as small as these, a second thread only waits for the first.
torch.set_num_threads(1)

DNN = DNNClassifier(
    hidden_layer_sizes=(6,),
    context=1,
    dropout=0.2,
    input_noise=0.2,
    batch_size=20,
    max_iter=4,
    learning_rate=0.02,
    schedule="constant",
    random_state=0,
)
RNN = RNNClassifier(
    hidden_size=4,
    dropout=0.2,
    time_mask=0.0,
    batch_size=5,
    max_iter=4,
    learning_rate=0.02,
    schedule="constant",
    random_state=0,
)
CLASSIFIERS = {
    "frames": DNN,
    "batch_norm": clone(DNN).set_params(batch_norm=True),
    "sequence": RNN,
    "frame": clone(RNN).set_params(targets="frame", cell="lstm"),
}
every_classifier = pytest.mark.parametrize("classifier", CLASSIFIERS.values(), ids=CLASSIFIERS)
CLASS_WEIGHT = {0: 0.5, 1: 2.0, 2: 1.5}


def loss_by_hand(classifier, X, y, weights, class_weight, label_smoothing):
    """Cross-entropy and accuracy on samples, from the predictions, by NumPy's functions alone."""
    if classifier._is_framewise(classifier._get_form()):
        lengths = [len(clip) for clip in X]
        log_proba = np.log(np.concatenate(classifier.predict_frames_proba(X).tolist()))
        y, weights = np.repeat(y, lengths), np.repeat(weights, lengths)
    else:
        log_proba = classifier.predict_log_proba(X)
    effective = weights * np.array([class_weight[label] for label in y.tolist()])
    value, _ = losses.cross_entropy(
        log_proba, y, sample_weight=effective, label_smoothing=label_smoothing
    )
    return value, np.average(log_proba.argmax(axis=1) == y, weights=effective)


# Callbacks


@every_classifier
def test_callback_that_asks_to_stop_is_obeyed_without_a_warning(classifier):
    X, y, _ = make_clips()
    callback = Watch(3)
    fitted = clone(classifier).set_params(max_iter=9).set_callbacks(callback).fit(X, y)
    assert fitted.n_iter_ == len(callback.begun) == len(callback.fitted) == 3
    assert not fitted.converged_
    assert len(fitted.loss_curve_) == 4
    assert callback.calls == ["setup", "teardown"]
    # It is a fit of three epochs.
    ended = clone(classifier).set_params(max_iter=3).fit(X, y)
    assert_array_equal(fitted.predict_log_proba(X), ended.predict_log_proba(X))


def test_callback_is_torn_down_after_a_fit_that_fails():
    callback = Watch()
    classifier = clone(RNN).set_callbacks(callback)
    with pytest.raises(ValueError, match="at least two classes"):
        classifier.fit(np.eye(3), [0, 0, 0])
    assert callback.calls == ["setup", "teardown"]


@every_classifier
def test_scoring_monitor_logs_each_epoch(classifier):
    X, y, weights = make_clips()
    names = np.array(["a", "b", "c"])[y]
    monitor = ScoringMonitor(scoring="neg_log_loss")
    classifier = clone(classifier).set_callbacks(monitor).fit(X, names, sample_weight=weights)
    scores = [row["neg_log_loss"] for row in monitor.get_logs().data]
    assert len(scores) == classifier.n_iter_ == 4
    expected = -log_loss(names, classifier.predict_proba(X), sample_weight=weights)
    assert_allclose(scores[-1], expected, rtol=1e-10)
    assert len(set(scores)) == 4


@every_classifier
def test_callbacks_see_losses_scores_and_seconds_so_far(classifier):
    X, y, _ = make_clips()
    X_val, y_val, _ = make_clips(15, seed=1)
    watch = Watch()
    classifier = clone(classifier).set_callbacks(watch).fit(X, y, X_val=X_val, y_val=y_val)
    assert_seen_as_far_as_it_had_come(watch, classifier, CURVES)
    assert classifier.epoch_seconds_.shape == (4,)
    assert (classifier.epoch_seconds_ > 0.0).all()
    for n_iter, seen in enumerate(watch.fitted, start=1):
        assert_array_equal(seen.epoch_seconds_, classifier.epoch_seconds_[:n_iter])
    # Of an earlier fit they see nothing, and one more pass is none of the fit.
    classifier.fit(X, y)
    assert not vars(watch.fitted[0]).keys() & {*CURVES[1:], "gradient_norm_"}
    classifier.partial_fit(X, y)
    assert not hasattr(classifier, "epoch_seconds_")


# Validation


@every_classifier
def test_validation_curves_are_those_of_each_epoch(classifier):
    X, y, weights = make_clips()
    X_val, y_val, weights_val = make_clips(15, seed=1)
    watch = Watch()
    classifier = clone(classifier).set_params(class_weight=CLASS_WEIGHT, label_smoothing=0.2)
    classifier.set_callbacks(watch)
    classifier.fit(X, y, weights, X_val, y_val, weights_val)
    by_hand = [
        loss_by_hand(fitted, X_val, y_val, weights_val, CLASS_WEIGHT, 0.2)
        for fitted in watch.fitted
    ]
    value, score = zip(*by_hand, strict=True)
    assert_allclose(classifier.validation_loss_curve_[1:], value, rtol=1e-5)
    assert_allclose(classifier.validation_score_curve_[1:], score, rtol=1e-6)
    assert len(set(value)) == 4


@every_classifier
def test_validation_clips_are_not_trained_on(classifier):
    X, y, weights = make_clips()
    X_val, y_val, _ = make_clips(15, seed=1)
    alone = clone(classifier).fit(X, y, weights)
    watched = clone(classifier).fit(X, y, weights, X_val=X_val, y_val=y_val)
    assert_array_equal(watched.loss_curve_, alone.loss_curve_)
    assert_array_equal(watched.predict_log_proba(X), alone.predict_log_proba(X))
    assert len(watched.validation_loss_curve_) == watched.n_iter_ + 1
    assert not hasattr(alone, "validation_loss_curve_")
    watched.fit(X, y)
    assert not hasattr(watched, "validation_loss_curve_")
    assert not hasattr(watched, "validation_score_curve_")


@every_classifier
def test_validation_clip_of_no_weight_is_left_out(classifier):
    X, y, _ = make_clips()
    X_val, y_val, weights_val = make_clips(15, seed=1)
    weights_val[::3] = 0.0
    kept = np.flatnonzero(weights_val)
    weighted = clone(classifier).fit(X, y, None, X_val, y_val, weights_val)
    removed = clone(classifier).fit(
        X, y, None, [X_val[i] for i in kept], y_val[kept], weights_val[kept]
    )
    assert_array_equal(weighted.validation_loss_curve_, removed.validation_loss_curve_)
    assert_array_equal(weighted.validation_score_curve_, removed.validation_score_curve_)


@pytest.mark.parametrize(
    ("validation", "message"),
    [
        ({"X_val": np.eye(3)}, "X_val and y_val must be given together"),
        ({"y_val": [0, 1, 1]}, "X_val and y_val must be given together"),
        ({"sample_weight_val": np.ones(3)}, "sample_weight_val needs X_val and y_val"),
        ({"X_val": np.eye(3), "y_val": [0, 1]}, "y_val"),
        ({"X_val": np.ones((3, 2)), "y_val": [0, 1, 1]}, "X has 2 features, but .* expecting 3"),
        ({"X_val": np.eye(3), "y_val": [0, 1, 2]}, r"y_val has labels .*not among.*\[2\]"),
        ({"X_val": np.eye(3), "y_val": np.eye(3)}, "y_val must have a column for each of 2"),
        ({"X_val": np.full((3, 3), np.nan), "y_val": [0, 1, 1]}, "contains NaN"),
        (
            {"X_val": np.eye(3), "y_val": [0, 1, 1], "sample_weight_val": np.zeros(3)},
            "Sample weights must contain at least one non-zero number",
        ),
    ],
)
def test_bad_validation_clips_are_refused(validation, message):
    with pytest.raises(ValueError, match=message):
        clone(DNN).fit(np.eye(3), [0, 1, 1], **validation)


# Early stopping


@every_classifier
@pytest.mark.parametrize(("patience", "tol"), [(1, 0.0), (3, 0.02)])
def test_best_weights_are_kept_and_the_fit_stops_in_time(classifier, patience, tol):
    X, y, _ = make_clips(12)
    X_val, y_val, weights_val = make_clips(15, seed=1)
    classifier = clone(classifier).set_params(
        early_stopping=True,
        n_iter_no_change=patience,
        max_iter=60,
        learning_rate=0.1,
        tol=tol,
        class_weight=CLASS_WEIGHT,
        label_smoothing=0.2,
    )
    classifier.fit(X, y, None, X_val, y_val, weights_val)
    curve = classifier.validation_loss_curve_
    best, stale = np.inf, 0
    for epoch, loss in enumerate(curve):
        assert stale < patience, f"went on after epoch {epoch - 1}"
        stale = 0 if loss < best - tol else stale + 1
        best = min(best, loss)
    assert stale == patience
    assert classifier.converged_
    assert classifier.n_iter_ == len(curve) - 1 < 60
    value, _ = loss_by_hand(classifier, X_val, y_val, weights_val, CLASS_WEIGHT, 0.2)
    assert_allclose(value, curve.min(), rtol=1e-5)
    if tol == 0.0:  # the last ones were worse
        assert curve[-1] > curve.min()


@every_classifier
def test_fit_that_ends_first_keeps_the_best_weights_too(classifier):
    X, y, _ = make_clips(12)
    X_val, y_val, weights_val = make_clips(15, seed=1)
    classifier = clone(classifier).set_params(
        early_stopping=True, n_iter_no_change=50, max_iter=12, learning_rate=0.2
    )
    classifier.fit(X, y, None, X_val, y_val, weights_val)
    assert not classifier.converged_
    ones = dict.fromkeys(range(3), 1.0)
    smoothing = classifier.label_smoothing
    value, _ = loss_by_hand(classifier, X_val, y_val, weights_val, ones, smoothing)
    assert_allclose(value, classifier.validation_loss_curve_.min(), rtol=1e-5)


@every_classifier
def test_clips_that_are_set_aside_are_of_each_class_and_not_trained_on(classifier):
    X, y, _ = make_clips(40)
    fitted = clone(classifier).set_params(early_stopping=True, validation_fraction=0.3)
    fitted.fit(X, y)
    # The features are standardised by those that are trained on: their mean tells which.
    targets = np.eye(3)[y] if fitted._is_framewise(fitted._get_form()) else y
    kept, aside = draw_held_out(targets, np.ones(40), 0.3, np.random.RandomState(0))
    assert_array_equal(np.bincount(y[aside]), [4, 4, 4])
    mean = np.concatenate([X[i] for i in kept]).mean(axis=0)
    assert_allclose(fitted.weights_["standardize.mean"], mean, rtol=1e-5, atol=1e-6)
    ones = dict.fromkeys(range(3), 1.0)
    value, _ = loss_by_hand(
        fitted, [X[i] for i in aside], y[aside], np.ones(12), ones, fitted.label_smoothing
    )
    assert_allclose(value, fitted.validation_loss_curve_.min(), rtol=1e-5)


def test_too_few_clips_to_set_aside_are_refused():
    with pytest.raises(ValueError, match="early_stopping can't set"):
        clone(RNN).set_params(early_stopping=True).fit(np.eye(3), [0, 1, 2])


# warm_start


def without_draws(classifier, **settings):
    classifier = clone(classifier).set_params(dropout=0.0, input_noise=0.0, **settings)
    return classifier


def assert_two_fits_are_one(classifier, n_epochs=5):
    X, y, weights = make_clips()
    whole = clone(classifier).set_params(max_iter=n_epochs).fit(X, y, weights)
    for n in (1, 3):
        parts = clone(classifier).set_params(max_iter=n, warm_start=True).fit(X, y, weights)
        first = parts.loss_curve_
        parts.set_params(max_iter=n_epochs - n).fit(X, y, weights)
        assert parts.n_iter_ == n_epochs - n
        # Its start is evaluated anew, as it is without training.
        curve = np.concatenate([first, parts.loss_curve_[1:]])
        assert_array_equal(curve, whole.loss_curve_)
        for name, value in whole.weights_.items():
            assert_array_equal(parts.weights_[name], value, err_msg=name)


@every_classifier
@pytest.mark.parametrize("schedule", ["constant", "inverse_scaling", "warmup", "step"])
def test_two_fits_with_a_warm_start_are_one(classifier, schedule):
    assert_two_fits_are_one(without_draws(classifier, shuffle=False, schedule=schedule))


def test_two_fits_with_an_adaptive_rate_are_one():
    settings = {"schedule": "adaptive", "tol": 0.5, "n_iter_no_change": 2}
    assert_two_fits_are_one(without_draws(RNN, shuffle=False, **settings))


@every_classifier
def test_two_fits_with_a_warm_start_draw_the_batches_of_one(classifier):
    assert_two_fits_are_one(without_draws(classifier))


@every_classifier
def test_fit_without_a_warm_start_forgets(classifier):
    X, y, weights = make_clips()
    fitted = clone(classifier).fit(X, y, weights)
    curve = fitted.loss_curve_
    assert_array_equal(fitted.fit(X, y, weights).loss_curve_, curve)
    first = clone(classifier).set_params(warm_start=True).fit(X, y, weights)
    assert_array_equal(first.loss_curve_, curve)


@every_classifier
def test_warm_start_with_early_stopping_validates_on_the_same_clips(classifier):
    X, y, _ = make_clips(40)
    fitted = clone(classifier).set_params(early_stopping=True, warm_start=True).fit(X, y)
    last = fitted.validation_loss_curve_[-1]
    assert_allclose(fitted.fit(X, y).validation_loss_curve_[0], last, rtol=1e-6)


@every_classifier
def test_warm_start_with_other_classes_is_refused(classifier):
    X, y, _ = make_clips()
    fitted = clone(classifier).set_params(warm_start=True).fit(X, y)
    before = fitted.predict_log_proba(X)
    for labels in (y + 1, np.minimum(y, 1)):
        with pytest.raises(ValueError, match=r"warm_start needs the classes .*\[0, 1, 2\], got"):
            fitted.fit(X, labels)
    assert_array_equal(fitted.predict_log_proba(X), before)


@pytest.mark.parametrize(
    ("classifier", "settings", "n_features"),
    [
        (DNN, {"hidden_layer_sizes": (3,)}, 3),
        (DNN, {}, 2),
        (RNN, {"cell": "lstm"}, 3),
        (RNN, {}, 2),
    ],
)
def test_warm_start_with_another_network_is_refused(classifier, settings, n_features):
    X, y, _ = make_clips()
    fitted = clone(classifier).set_params(warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="warm_start"):
        fitted.set_params(**settings).fit([clip[:, :n_features] for clip in X], y)


# partial_fit


@every_classifier
def test_partial_fit_is_a_fit_of_one_epoch(classifier):
    X, y, weights = make_clips()
    classifier = without_draws(classifier, shuffle=False)
    partial = clone(classifier).partial_fit(X, y, [0, 1, 2], weights)
    whole = clone(classifier).set_params(max_iter=1).fit(X, y, weights)
    assert_allclose(partial.loss_curve_, whole.loss_curve_[1:], rtol=1e-12)
    assert_array_equal(partial.predict_log_proba(X), whole.predict_log_proba(X))
    for _ in range(3):
        partial.partial_fit(X, y, sample_weight=weights)
    longer = clone(classifier).fit(X, y, weights)
    assert partial.n_iter_ == longer.n_iter_ == 4
    for name, value in longer.weights_.items():
        # The mean weight is that of all samples so far, of which sums are rounded.
        assert_allclose(partial.weights_[name], value, rtol=1e-4, atol=1e-6)
    # And from a fit it goes on.
    whole.partial_fit(X, y, sample_weight=weights)
    assert_allclose(whole.loss_curve_[1:], longer.loss_curve_[1:3], rtol=1e-6)
    assert whole.n_iter_ == 2


@every_classifier
def test_order_of_the_classes_is_kept(classifier):
    X, y, _ = make_clips()
    names = np.array(["a", "b", "c"])
    fitted = clone(classifier).partial_fit(X, names[y], classes=["c", "a", "b"])
    assert_array_equal(fitted.classes_, ["c", "a", "b"])
    fitted.partial_fit(X, names[y], classes=names)
    assert_array_equal(fitted.classes_, ["c", "a", "b"])
    fitted.set_params(learning_rate=0.1)
    for _ in range(15):
        fitted.partial_fit(X, names[y])
    assert fitted.score(X, names[y]) > 0.6
    best = fitted.predict_log_proba(X).argmax(axis=1)
    assert_array_equal(fitted.predict(X), np.array(["c", "a", "b"])[best])


@every_classifier
def test_batches_may_lack_classes(classifier):
    X, y, _ = make_clips()
    fitted = clone(classifier).set_params(class_weight="balanced")
    for labels in ([0, 1], [2], [0, 2], [1]):
        rows = np.flatnonzero(np.isin(y, labels))
        fitted.partial_fit([X[i] for i in rows], y[rows], classes=[0, 1, 2])
    assert fitted.predict_proba(X).shape == (20, 3)
    assert fitted.loss_curve_.shape == (fitted.n_iter_,) == (4,)


@every_classifier
@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (None, "the first call of partial_fit needs classes"),
        ([0, 1, 1], r"two or more different labels, got \[0, 1, 1\]"),
        ([0, 1], r"y has labels that are not among the classes: \[2\]"),
    ],
)
def test_bad_first_calls_of_partial_fit_are_refused(classifier, classes, message):
    X, y, _ = make_clips()
    fitted = clone(classifier)
    with pytest.raises(ValueError, match=message):
        fitted.partial_fit(X, y, classes=classes)
    assert not hasattr(fitted, "classes_")
    fitted.partial_fit(X, y, classes=[0, 1, 2])


@every_classifier
def test_bad_later_calls_of_partial_fit_leave_no_trace(classifier):
    X, y, weights = make_clips()
    fitted = clone(classifier).set_params(class_weight="balanced")
    fitted.partial_fit(X, y, [0, 1, 2], weights)
    untouched = pickle.loads(pickle.dumps(fitted))
    for arguments, message in [
        ((X, y, [0, 1]), r"classes must be those of the first call, \[0, 1, 2\], got \[0, 1\]"),
        ((X, y + 1), r"not among the classes: \[3\]"),
        (([clip[:, :2] for clip in X], y), "X has 2 features, but .* is expecting 3"),
        ((X, np.ones((20, 4)) / 4), "y must have a column for each of 3 classes, got 4"),
        ((X, y, None, -weights), "[Nn]egative values"),
        ((X, y[1:]), "y"),
    ]:
        with pytest.raises(ValueError, match=message):
            fitted.partial_fit(*arguments)
    assert_array_equal(
        fitted.partial_fit(X, y).predict_log_proba(X),
        untouched.partial_fit(X, y).predict_log_proba(X),
    )


@pytest.mark.parametrize("kind", [DNNClassifier, RNNClassifier])
def test_partial_fit_is_there_where_it_makes_sense_alone(kind):
    for settings in (
        {"schedule": "cosine"},
        {"schedule": "one_cycle"},
        {"schedule": "adaptive"},
        {"schedule": "constant", "early_stopping": True},
    ):
        classifier = kind(**settings)
        assert not hasattr(classifier, "partial_fit")
        with pytest.raises(AttributeError) as caught:
            _ = classifier.partial_fit
        name, value = list(settings.items())[-1]
        assert f"{name}={value!r} has no partial_fit" in str(caught.value.__cause__)
    for schedule in ("constant", "inverse_scaling", "step", "warmup", lambda epoch: 1.0):
        assert hasattr(kind(schedule=schedule), "partial_fit")


@every_classifier
def test_pickled_classifier_goes_on_as_the_original(classifier):
    classifier = clone(classifier).set_params(class_weight="balanced")
    copied = clone(classifier)
    for seed in range(3):
        X, y, weights = make_clips(seed=seed)
        classifier.partial_fit(X, y, [0, 1, 2], weights)
        copied = pickle.loads(pickle.dumps(copied)).partial_fit(X, y, [0, 1, 2], weights)
        assert_array_equal(copied.predict_log_proba(X), classifier.predict_log_proba(X))
        assert_array_equal(copied.loss_curve_, classifier.loss_curve_)


@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")  # tested below
@every_classifier
def test_partial_fit_at_a_rate_that_diverges_keeps_the_weights(classifier):
    X, y, _ = make_clips()
    fitted = clone(classifier).partial_fit(X, y, [0, 1, 2])
    before = fitted.weights_
    fitted.set_params(learning_rate=1e25)
    with pytest.warns(ConvergenceWarning, match=r"learning_rate=1e\+25 diverged; the weights"):
        fitted.partial_fit(X, y)
    for name, value in fitted.weights_.items():
        assert_array_equal(value, before[name], err_msg=name)
    # The optimizer's moments were those of a divergence, so the next call starts with none.
    fitted.set_params(learning_rate=0.02)
    afresh = copy.deepcopy(fitted)
    afresh._continuation = replace(afresh._continuation, rule=None)
    fitted.partial_fit(X, y)
    afresh.partial_fit(X, y)
    assert np.isfinite(fitted.loss_curve_[-1])
    for name, value in fitted.weights_.items():
        assert_array_equal(value, afresh.weights_[name], err_msg=name)


@pytest.mark.filterwarnings("ignore:Converting a tensor with requires_grad")
def test_warning_of_a_partial_fit_that_diverges_points_at_the_caller():
    X, y, _ = make_clips()
    fitted = clone(RNN).partial_fit(X, y, [0, 1, 2]).set_params(learning_rate=1e25)
    with pytest.warns(ConvergenceWarning) as caught:
        fitted.partial_fit(X, y)
    assert [warning.filename for warning in caught] == [__file__]


def test_diverged_loss_is_not_warned_of_by_torch():
    X, y, _ = make_clips()
    fitted = clone(DNN).partial_fit(X, y, [0, 1, 2]).set_params(learning_rate=1e25)
    torch.set_warn_always(True)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fitted.partial_fit(X, y)
    finally:
        torch.set_warn_always(False)
    assert [warning.category for warning in caught] == [ConvergenceWarning]


@every_classifier
def test_warm_start_after_an_early_stop_starts_from_what_it_kept(classifier):
    X, y, weights = make_clips(30)
    X_val, y_val, _ = make_clips(60, seed=1)
    classifier = clone(classifier).set_params(
        early_stopping=True, n_iter_no_change=2, max_iter=100, warm_start=True
    )
    classifier.fit(X, y, weights, X_val, y_val)
    assert classifier.converged_
    best = classifier.validation_loss_curve_.min()
    classifier.fit(X, y, weights, X_val, y_val)
    assert_allclose(classifier.validation_loss_curve_[0], best, rtol=1e-6)
    assert classifier.n_iter_ >= 2


def test_partial_fit_removes_what_was_true_of_the_fit():
    X, y, weights = make_clips()
    classifier = clone(DNN).fit(X, y, weights, X[:9], y[:9])
    of_fit = ("converged_", "validation_loss_curve_", "validation_score_curve_")
    assert all(hasattr(classifier, name) for name in of_fit)
    classifier.partial_fit(X, y)
    assert not any(hasattr(classifier, name) for name in of_fit)


def test_infinite_patience_lasts_until_max_iter_and_is_saved(tmp_path):
    X, y = np.random.default_rng(0).normal(size=(30, 4)), np.arange(30) % 3
    settings = {"hidden_layer_sizes": (4,), "early_stopping": True, "n_iter_no_change": np.inf}
    classifier = DNNClassifier(**settings, max_iter=15, tol=100.0, random_state=0).fit(X, y)
    assert classifier.n_iter_ == 15
    save(classifier, tmp_path / "network.pt")
    assert load(tmp_path / "network.pt").n_iter_no_change == np.inf


def test_callbacks_see_the_network_before_each_epoch():
    X, y = np.random.default_rng(0).normal(size=(30, 4)), np.arange(30) % 3
    watch = Watch()
    settings = {"hidden_layer_sizes": (4,), "max_iter": 3, "random_state": 0}
    DNNClassifier(**settings).set_callbacks(watch).fit(X, y)
    for n_iter, seen in enumerate(watch.begun):
        assert seen.n_iter_ == len(seen.epoch_seconds_) == len(seen.loss_curve_) - 1 == n_iter
    begun, ended = (
        [seen.predict_proba(X) for seen in each] for each in (watch.begun, watch.fitted)
    )
    assert len(begun) == len(ended) == 3
    assert_array_equal(begun[1:], ended[:-1])
    assert np.abs(begun[0] - ended[0]).max() > 0.0
