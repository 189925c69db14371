"""What a fit of the neural classifiers takes, what it gives, and what weights and targets mean."""

import inspect
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

from skxent import SoftmaxClassifier
from tests.neural.clips import make_clips

torch = pytest.importorskip(
    "torch", reason="skxent.neural needs PyTorch: pip install skxent[neural]"
)

from skxent.neural import DNNClassifier, RNNClassifier  # noqa: E402

# Of products as small as these, a second thread only waits for the first.
torch.set_num_threads(1)

# With all that is drawn.
DNN = DNNClassifier(
    hidden_layer_sizes=(6,),
    context=1,
    dropout=0.2,
    input_noise=0.2,
    batch_size=20,
    max_iter=4,
    learning_rate=0.02,
    random_state=0,
)
RNN = RNNClassifier(
    hidden_size=4, dropout=0.2, batch_size=5, max_iter=4, learning_rate=0.02, random_state=0
)
CLASSIFIERS = {
    "frames": DNN,
    "sequence": RNN,
    "attention": clone(RNN).set_params(pooling="attention", cell="lstm"),
    "frame": clone(RNN).set_params(targets="frame"),
}
every_classifier = pytest.mark.parametrize("classifier", CLASSIFIERS.values(), ids=CLASSIFIERS)
CLASS_WEIGHT = {0: 0.5, 1: 2.0, 2: 1.5}


def assert_same(classifier, other, atol=0.0):
    """Two classifiers have the same weights; where atol is not zero, but for rounding."""
    assert classifier.weights_.keys() == other.weights_.keys()
    for name, value in classifier.weights_.items():
        assert_allclose(value, other.weights_[name], rtol=0.0, atol=atol, err_msg=name)
    assert_allclose(classifier.loss_curve_, other.loss_curve_, rtol=atol)


# As SoftmaxClassifier has it


@pytest.mark.parametrize("kind", [DNNClassifier, RNNClassifier])
def test_methods_and_settings_are_those_of_the_linear_classifier(kind):
    for name in ("fit", "partial_fit", "predict", "predict_proba", "predict_log_proba", "score"):
        ours, theirs = (inspect.getattr_static(c, name) for c in (kind, SoftmaxClassifier))
        ours, theirs = (getattr(f, "fn", f) for f in (ours, theirs))  # behind available_if
        assert inspect.signature(ours) == inspect.signature(theirs), name
    ours, theirs = kind().get_params(), SoftmaxClassifier().get_params()
    shared = {
        *("learning_rate", "schedule", "batch_size", "label_smoothing", "class_weight"),
        *("max_iter", "tol", "early_stopping", "validation_fraction", "n_iter_no_change"),
        *("warm_start", "shuffle", "random_state"),
    }
    assert shared == ours.keys() & theirs.keys()
    for name in shared - {"learning_rate", "schedule", "batch_size", "max_iter", "label_smoothing"}:
        assert ours[name] == theirs[name], name


@every_classifier
@pytest.mark.parametrize("n_classes", [2, 3])
def test_fitted_attributes_are_those_that_are_documented(classifier, n_classes):
    X, y, weights = make_clips(n_classes=n_classes)
    names = np.array(["a", "b", "c"])[y]
    classifier = clone(classifier).fit(X, names, weights, X[:9], names[:9])
    linear = SoftmaxClassifier(solver="sgd", max_iter=4, tol=10.0).fit(
        np.array([x[0] for x in X]), names, weights, np.array([x[0] for x in X[:9]]), names[:9]
    )
    public = {name for name in vars(classifier) if name.endswith("_") and name[0] != "_"}
    expected = {name for name in vars(linear) if name.endswith("_") and name[0] != "_"}
    assert public == expected - {"coef_", "intercept_"} | {"weights_", "epoch_seconds_"}
    for name in expected - {"coef_", "intercept_"}:
        value = getattr(classifier, name)
        assert type(value) is type(getattr(linear, name)), name
        assert getattr(value, "dtype", None) == getattr(getattr(linear, name), "dtype", None), name
        if name.endswith("curve_"):
            assert value.shape == (classifier.n_iter_ + 1,)
            assert np.isfinite(value).all()
    assert_array_equal(classifier.classes_, ["a", "b", "c"][:n_classes])
    assert (classifier.n_iter_, classifier.n_features_in_) == (4, 3)
    assert (classifier.learning_rate_, classifier.solver_) == (0.02, "adamw")
    assert classifier.converged_ is False
    assert classifier.gradient_norm_ > 0.0
    for name in public:
        assert f"\n    {name} : " in type(classifier).__doc__
    for value in classifier.weights_.values():
        assert type(value) is np.ndarray
        assert value.dtype in (np.float32, np.int64)


@every_classifier
def test_features_are_standardised_by_the_frames_that_are_trained_on(classifier):
    X, y, weights = make_clips()
    weights[::3] = 0.0
    X = [clip * [1.0, 100.0, 1e-3] + [0.0, 1e3, 5.0] for clip in X]
    classifier = clone(classifier).fit(X, y, weights)
    frames = np.concatenate(X).astype(np.float32).astype(np.float64)
    of_frames = np.repeat(weights, [len(clip) for clip in X])
    mean = np.average(frames, axis=0, weights=of_frames)
    scale = np.sqrt(np.average((frames - mean) ** 2, axis=0, weights=of_frames))
    assert_allclose(classifier.weights_["standardize.mean"], mean, rtol=1e-6)
    assert_allclose(classifier.weights_["standardize.scale"], scale, rtol=1e-5)


@every_classifier
def test_features_that_are_constant_are_no_error(classifier):
    X, y, _ = make_clips()
    X = [np.column_stack([clip, np.full(len(clip), 7.0)]) for clip in X]
    classifier = clone(classifier).fit(X, y)
    assert_allclose(classifier.weights_["standardize.scale"][-1], 1.0)
    assert np.isfinite(classifier.predict_log_proba(X)).all()


# Weights


@every_classifier
@pytest.mark.parametrize("outlier", [1e3, 1e30])
@pytest.mark.parametrize("settings", [{}, {"class_weight": "balanced"}, {"early_stopping": True}])
def test_clip_of_no_weight_is_left_out(classifier, outlier, settings):
    X, y, weights = make_clips(40)
    weights[::4] = 0.0
    kept = np.flatnonzero(weights)
    with_outliers = [clip if w else clip + outlier for clip, w in zip(X, weights, strict=True)]
    classifier = clone(classifier).set_params(**settings)
    weighted = clone(classifier).fit(with_outliers, y, weights)
    removed = clone(classifier).fit([X[i] for i in kept], y[kept], weights[kept])
    assert_same(weighted, removed)
    assert_array_equal(weighted.predict_log_proba(X), removed.predict_log_proba(X))


@every_classifier
def test_clip_of_no_weight_is_left_out_of_a_partial_fit(classifier):
    X, y, weights = make_clips()
    weights[::4] = 0.0
    kept = np.flatnonzero(weights)
    with_outliers = [clip if w else clip + 1e3 for clip, w in zip(X, weights, strict=True)]
    classifier = clone(classifier).set_params(schedule="constant", class_weight="balanced")
    weighted, removed = clone(classifier), clone(classifier)
    for _ in range(3):
        weighted.partial_fit(with_outliers, y, [0, 1, 2], weights)
        removed.partial_fit([X[i] for i in kept], y[kept], [0, 1, 2], weights[kept])
    assert_same(weighted, removed)


@every_classifier
def test_no_weights_are_ones(classifier):
    X, y, _ = make_clips()
    plain = clone(classifier).fit(X, y, None, X, y, None)
    ones = clone(classifier).fit(X, y, np.ones(len(X)), X, y, np.ones(len(X)))
    assert_same(plain, ones)
    assert_array_equal(plain.validation_loss_curve_, ones.validation_loss_curve_)


@every_classifier
@pytest.mark.parametrize("class_weight", [None, "balanced"])
@pytest.mark.parametrize("scale", [0.125, 3.0, 1000.0])
def test_scale_of_the_weights_does_not_matter(classifier, class_weight, scale):
    X, y, weights = make_clips()
    classifier = clone(classifier).set_params(class_weight=class_weight)
    fitted = clone(classifier).fit(X, y, weights, X, y, weights)
    scaled = clone(classifier).fit(X, y, scale * weights, X, y, scale * weights)
    assert_same(scaled, fitted, atol=1e-4)
    assert_allclose(scaled.validation_loss_curve_, fitted.validation_loss_curve_, rtol=1e-5)


@every_classifier
@pytest.mark.parametrize("scale", [2.0**-1000, 2.0**60, 2.0**140])
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
def test_scale_of_tiny_and_huge_weights_does_not_matter(classifier, scale):
    X, y, weights = make_clips()
    fitted = clone(classifier).fit(X, y, weights)
    assert_same(clone(classifier).fit(X, y, scale * weights), fitted, atol=1e-4)


@every_classifier
def test_weight_of_a_clip_is_that_of_its_frames(classifier):
    X, y, weights = make_clips()
    linear = clone(classifier)
    fitted = linear.fit(X, y, weights)
    # Half of the clips with no say, by a weight of next to nothing.
    weights[::2] *= 1e-9
    light = clone(classifier).fit(X, y, weights)
    assert np.abs(fitted.predict_proba(X) - light.predict_proba(X)).max() > 1e-3


@every_classifier
def test_class_weight_multiplies_the_sample_weight(classifier):
    X, y, weights = make_clips()
    classes = clone(classifier).set_params(class_weight=CLASS_WEIGHT).fit(X, y, weights)
    of_classes = np.array([CLASS_WEIGHT[label] for label in y.tolist()])
    samples = clone(classifier).fit(X, y, weights * of_classes)
    assert_same(classes, samples, atol=1e-4)


@every_classifier
def test_class_weight_multiplies_the_sample_weight_in_the_loss(classifier):
    X, y, weights = make_clips()
    # With features whose moments no weight changes: each clip with its mirror image, and unit
    # squares.
    X = [np.sign(clip) for clip in X]
    X, y, weights = [*X, *(-clip for clip in X)], np.tile(y, 2), np.tile(weights, 2)
    classes = clone(classifier).set_params(class_weight=CLASS_WEIGHT).fit(X, y, weights, X, y)
    of_classes = np.array([CLASS_WEIGHT[label] for label in y.tolist()])
    samples = clone(classifier).fit(X, y, weights * of_classes, X, y, of_classes)
    assert_same(classes, samples, atol=1e-4)
    assert_allclose(classes.validation_loss_curve_, samples.validation_loss_curve_, rtol=1e-4)
    assert_allclose(classes.validation_score_curve_, samples.validation_score_curve_, rtol=1e-6)
    unweighted = clone(classifier).fit(X, y, weights)
    assert np.abs(classes.predict_proba(X) - unweighted.predict_proba(X)).max() > 1e-3


@every_classifier
def test_balanced_weights_are_the_inverse_of_the_shares_of_the_rows(classifier):
    X, y, weights = make_clips()
    X, y, weights = X[6:], y[6:], weights[6:]  # not balanced
    names = np.array(["a", "b", "c"])[y]
    rows = [len(clip) if classifier._is_framewise(classifier._get_form()) else 1 for clip in X]
    sums = np.bincount(y, weights * rows)
    by_hand = dict(zip("abc", (sums.sum() / (3 * sums)).tolist(), strict=True))
    balanced = clone(classifier).set_params(class_weight="balanced").fit(X, names, weights)
    assert_same(balanced, clone(classifier).set_params(class_weight=by_hand).fit(X, names, weights))


# Targets


@every_classifier
@pytest.mark.parametrize("class_weight", [None, "balanced", CLASS_WEIGHT], ids=str)
def test_one_hot_distributions_are_labels(classifier, class_weight):
    X, y, weights = make_clips()
    classifier = clone(classifier).set_params(class_weight=class_weight, label_smoothing=0.1)
    labelled = clone(classifier).fit(X, y, weights, X, y, weights)
    soft = clone(classifier).fit(X, np.eye(3)[y], weights, X, np.eye(3)[y], weights)
    assert_array_equal(soft.classes_, [0, 1, 2])
    assert_same(soft, labelled, atol=1e-4)
    assert_allclose(soft.validation_loss_curve_, labelled.validation_loss_curve_, rtol=1e-5)
    assert_allclose(soft.validation_score_curve_, labelled.validation_score_curve_, rtol=1e-6)


@every_classifier
@pytest.mark.parametrize("label_smoothing", [0.3, 1.0])
def test_label_smoothing_is_of_the_targets(classifier, label_smoothing):
    X, y, weights = make_clips()
    classifier = clone(classifier)
    targets = (1 - label_smoothing) * np.eye(3)[y] + label_smoothing / 3
    soft = clone(classifier).set_params(label_smoothing=0.0).fit(X, targets, weights)
    smooth = clone(classifier).set_params(label_smoothing=label_smoothing).fit(X, y, weights)
    assert_same(smooth, soft, atol=1e-4)


@pytest.mark.parametrize("name", ["frames", "frame"])
def test_label_of_a_clip_is_that_of_its_frames(name):
    X, y, weights = make_clips()
    classifier = CLASSIFIERS[name]
    clips = clone(classifier).fit(X, y, weights)
    frames = clone(classifier).fit(
        X, [np.full(len(x), k) for x, k in zip(X, y, strict=True)], weights
    )
    assert_same(frames, clips)
    soft = clone(classifier).fit(
        X, [np.eye(3)[np.full(len(x), k)] for x, k in zip(X, y, strict=True)], weights
    )
    assert_same(soft, clips, atol=1e-4)


def test_rows_of_a_matrix_are_clips_of_one_frame():
    X, y, weights = make_clips()
    X = np.array([clip[0] for clip in X])
    for classifier in CLASSIFIERS.values():
        rows = clone(classifier).fit(X, y, weights)
        clips = clone(classifier).fit([x[np.newaxis] for x in X], y, weights)
        assert_same(rows, clips)
        assert_array_equal(
            rows.predict_log_proba(X), clips.predict_log_proba([x[np.newaxis] for x in X])
        )


@every_classifier
@pytest.mark.parametrize(
    "names",
    [
        np.array(["yes", "no", "maybe"]),
        np.array([7, -1, 100]),
        np.array([3.0, 2.0, -1.0]),
        np.array(["b", "a", "c"], dtype=object),
    ],
    ids=lambda names: names.dtype.str,
)
def test_labels_of_any_type_are_predicted_as_given(classifier, names):
    X, y, _ = make_clips()
    fitted = clone(classifier).fit(X, names[y])
    assert_array_equal(fitted.classes_, np.sort(names))
    assert fitted.predict(X).dtype == names.dtype
    assert set(fitted.predict(X)) <= set(names)
    log_proba = fitted.predict_log_proba(X)
    assert_allclose(np.exp(log_proba).sum(axis=1), 1.0)
    assert_array_equal(fitted.predict(X), fitted.classes_[log_proba.argmax(axis=1)])


# What is refused


@every_classifier
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rate": 0.0}, "'learning_rate' parameter"),
        ({"learning_rate": "auto"}, "'learning_rate' parameter"),
        ({"schedule": "other"}, "'schedule' parameter"),
        ({"batch_size": 0}, "'batch_size' parameter"),
        ({"dropout": 1.0}, "'dropout' parameter"),
        ({"input_noise": -1.0}, "'input_noise' parameter"),
        ({"weight_decay": -1.0}, "'weight_decay' parameter"),
        ({"max_grad_norm": 0.0}, "'max_grad_norm' parameter"),
        ({"label_smoothing": 1.5}, "'label_smoothing' parameter"),
        ({"device": "nonsense"}, "device='nonsense' can't be used"),
        ({"device": "cuda:99"}, "device='cuda:99' can't be used"),
        ({"device": None}, "'device' parameter"),
        ({"class_weight": {0: -1.0}}, "class_weight must be finite and not negative"),
        ({"class_weight": {0: 0.0}}, "each class must have a sample of positive weight"),
    ],
    ids=str,
)
def test_bad_settings_are_refused(classifier, settings, message):
    X, y, _ = make_clips()
    with pytest.raises(ValueError, match=message):
        clone(classifier).set_params(**settings).fit(X, y)


@pytest.mark.parametrize(
    ("classifier", "message"),
    [
        (DNNClassifier(hidden_layer_sizes=(0,)), r"positive integers, got \(0,\)"),
        (DNNClassifier(hidden_layer_sizes=(4, 2.5)), "positive integers"),
        (DNNClassifier(hidden_layer_sizes=("4",)), "positive integers"),
        (DNNClassifier(hidden_layer_sizes=4), "'hidden_layer_sizes' parameter"),
        (DNNClassifier(activation="other"), "'activation' parameter"),
        (DNNClassifier(context=-1), "'context' parameter"),
        (RNNClassifier(cell="rnn"), "'cell' parameter"),
        (RNNClassifier(hidden_size=0), "'hidden_size' parameter"),
        (RNNClassifier(n_layers=0), "'n_layers' parameter"),
        (RNNClassifier(pooling="max"), "'pooling' parameter"),
        (RNNClassifier(targets="word"), "'targets' parameter"),
        (DNNClassifier(batch_norm=True, batch_size=1), "batch_norm needs batches of two"),
    ],
)
def test_bad_networks_are_refused(classifier, message):
    X, y, _ = make_clips()
    with pytest.raises(ValueError, match=message):
        classifier.fit(X, y)


@every_classifier
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_frames_that_are_not_finite_are_refused(classifier, value):
    X, y, _ = make_clips()
    fitted = clone(classifier).fit(X, y)
    X = np.array([clip[0] for clip in X])
    X[3, 1] = value
    for call in (lambda: clone(classifier).fit(X, y), lambda: fitted.predict(X)):
        with pytest.raises(ValueError, match=r"NaN|infinity"):
            call()


@every_classifier
def test_wrong_numbers_are_refused(classifier):
    X, y, weights = make_clips()
    fitted = clone(classifier).fit(X, y)
    for call in (
        lambda: clone(classifier).fit([], []),
        lambda: clone(classifier).fit(X, y[1:]),
        lambda: clone(classifier).fit(X, np.append(y, 0)),
        lambda: clone(classifier).fit(X, y, weights[1:]),
        lambda: clone(classifier).fit(X, y, -weights),
        lambda: clone(classifier).fit(X, y, np.zeros(len(X))),
        lambda: clone(classifier).fit(X, np.zeros(len(X))),
        lambda: clone(classifier).fit(X, y, X_val=X),
        lambda: clone(classifier).fit(X, y, X_val=X, y_val=y + 1),
        lambda: fitted.predict([clip[:, :2] for clip in X]),
    ):
        with pytest.raises(ValueError):
            call()


@pytest.mark.parametrize("name", ["frames", "frame"])
def test_labels_beyond_the_end_of_a_clip_are_refused(name):
    X, y, _ = make_clips()
    labels = [np.full(len(x), k) for x, k in zip(X, y, strict=True)]
    labels[7] = np.append(labels[7], 0)
    with pytest.raises(ValueError, match="7"):
        clone(CLASSIFIERS[name]).fit(X, labels)
    whole = [np.full(len(x), k) for x, k in zip(X, y, strict=True)]
    with pytest.raises(ValueError, match=r"y_val.*7"):
        clone(CLASSIFIERS[name]).fit(X, whole, X_val=X, y_val=labels)


@pytest.mark.parametrize("name", ["sequence", "attention"])
def test_labels_of_frames_are_refused_where_there_are_logits_of_clips(name):
    X, y, _ = make_clips()
    labels = [np.full(len(x), k) for x, k in zip(X, y, strict=True)]
    with pytest.raises(ValueError, match=r"y has labels for the frames.*targets='frame'"):
        clone(CLASSIFIERS[name]).fit(X, labels)
    with pytest.raises(AttributeError, match="predict_frames"):
        clone(CLASSIFIERS[name]).fit(X, y).predict_frames(X)


@pytest.mark.parametrize(
    ("classifier", "settings"),
    [
        (DNN, {"hidden_layer_sizes": (3,)}),
        (DNN, {"context": 2}),
        (RNN, {"hidden_size": 3}),
        (RNN, {"targets": "frame"}),
    ],
)
def test_refit_that_fails_leaves_the_fitted_estimator_as_it_was(classifier, settings):
    X, y, _ = make_clips()
    classifier = clone(classifier).fit(X, y)
    predicted = classifier.predict_log_proba(X)
    classifier.set_params(**settings)
    with pytest.raises(ValueError, match="one class"):
        classifier.fit(X, np.zeros(len(X)))
    assert_array_equal(classifier.predict_log_proba(X), predicted)


@every_classifier
@pytest.mark.parametrize("learning_rate", [1e25, 1e29])
def test_rate_that_diverges_keeps_finite_weights_and_warns(classifier, learning_rate):
    X, y, _ = make_clips()
    classifier = clone(classifier).set_params(learning_rate=learning_rate, schedule="constant")
    message = f"learning_rate={learning_rate:.3g} diverged"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        classifier.fit(X, y)
    (warning,) = (w for w in caught if issubclass(w.category, ConvergenceWarning))
    assert str(warning.message).startswith(message)
    assert warning.filename == __file__
    assert len(classifier.loss_curve_) == classifier.n_iter_ + 1
    for value in classifier.weights_.values():
        assert np.isfinite(value).all()
    assert np.isfinite(classifier.predict_log_proba(X)).all()


def test_data_frames_have_their_names_checked():
    X, y, _ = make_clips()
    frame = pd.DataFrame([clip[0] for clip in X], columns=list("abc"))
    for classifier in CLASSIFIERS.values():
        fitted = clone(classifier).fit(frame, y)
        assert_array_equal(fitted.feature_names_in_, list("abc"))
        with pytest.raises(ValueError, match="feature names"):
            fitted.predict(frame[list("bca")])
        plain = clone(classifier).fit(frame.to_numpy(), y)
        assert_same(plain, fitted)
