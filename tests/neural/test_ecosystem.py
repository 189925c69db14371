"""The neural classifiers as citizens of scikit-learn, of NumPy and of PyTorch."""

import copy
import pickle

import matplotlib as mpl
import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from skxent import MFCCTransformer
from skxent.datasets import load_spoken_digits
from skxent.plotting import LossCurveDisplay
from skxent.search import learning_rate_range_test

mpl.use("Agg")
from tests.neural.clips import make_clips

torch = pytest.importorskip(
    "torch", reason="skxent.neural needs PyTorch: pip install skxent[neural]"
)

from skxent.neural import DNNClassifier, RNNClassifier  # noqa: E402

# Of products as small as these, a second thread only waits for the first.
torch.set_num_threads(1)

DNN = DNNClassifier(hidden_layer_sizes=(6,), context=1, batch_size=20, max_iter=3, random_state=0)
RNN = RNNClassifier(hidden_size=4, time_mask=0.0, batch_size=5, max_iter=3, random_state=0)
CLASSIFIERS = {
    "frames": DNN,
    "sequence": RNN,
    "attention": clone(RNN).set_params(pooling="attention", cell="lstm", n_layers=2),
    "frame": clone(RNN).set_params(targets="frame"),
}
every_classifier = pytest.mark.parametrize("classifier", CLASSIFIERS.values(), ids=CLASSIFIERS)


# NumPy in, NumPy out


@every_classifier
def test_predictions_are_of_numpy(classifier):
    X, y, _ = make_clips()
    fitted = clone(classifier).fit(X, y)
    for values in (fitted.predict(X), fitted.predict_proba(X), fitted.predict_log_proba(X)):
        assert type(values) is np.ndarray
        assert len(values) == len(X)
    assert fitted.predict_log_proba(X).dtype == np.float64
    assert isinstance(fitted.score(X, y), float)
    if not fitted._is_framewise(fitted._get_form()):
        assert not hasattr(fitted, "predict_frames")
        assert not hasattr(fitted, "predict_frames_proba")
        return
    labels, of_frames = fitted.predict_frames(X), fitted.predict_frames_proba(X)
    assert labels.shape == of_frames.shape == (len(X),)
    for clip, of_clip, probabilities in zip(X, labels, of_frames, strict=True):
        assert of_clip.shape == (len(clip),)
        assert probabilities.shape == (len(clip), 3)
        assert_array_equal(of_clip, fitted.classes_[probabilities.argmax(axis=1)])
    by_hand = np.array([np.log(probabilities).sum(axis=0) for probabilities in of_frames])
    by_hand -= np.log(np.exp(by_hand).sum(axis=1, keepdims=True))
    assert_allclose(fitted.predict_log_proba(X), by_hand, atol=1e-10)


def in_an_object_array(clips):
    array = np.empty(len(clips), dtype=object)
    array[:] = clips
    return array


@every_classifier
@pytest.mark.parametrize(
    "kind",
    [
        in_an_object_array,
        lambda clips: [clip.tolist() for clip in clips],
        lambda clips: [clip.astype(np.float64) for clip in clips],
        lambda clips: [np.asfortranarray(clip) for clip in clips],
        lambda clips: [np.repeat(clip, 2, axis=0)[::2] for clip in clips],
    ],
    ids=["object", "lists", "float64", "fortran", "strided"],
)
def test_kind_of_container_does_not_matter(classifier, kind):
    X, y, weights = make_clips()
    X = [np.round(8 * clip).astype(np.float32) for clip in X]
    fitted = clone(classifier).fit(X, y, weights, X, y, weights)
    other = clone(classifier).fit(kind(X), y.tolist(), weights.tolist(), kind(X), y, weights)
    assert_array_equal(other.loss_curve_, fitted.loss_curve_)
    assert_array_equal(other.validation_loss_curve_, fitted.validation_loss_curve_)
    assert_array_equal(other.predict_log_proba(kind(X)), fitted.predict_log_proba(X))
    whole = clone(classifier).fit([clip.astype(np.int64) for clip in X], y, weights)
    assert_array_equal(whole.predict_log_proba(X), fitted.predict_log_proba(X))


@every_classifier
def test_what_was_given_is_not_written_to(classifier):
    X, y, weights = make_clips()
    frames = np.concatenate(X).astype(np.float32)
    # Parts of one array of float32: the classifier may look at them where they are.
    X = np.split(frames, np.cumsum([len(clip) for clip in X])[:-1])
    copies = copy.deepcopy((frames, y, weights))
    fitted = clone(classifier).set_params(class_weight="balanced")
    fitted.fit(X, y, weights, X, y, weights).predict(X)
    for array, expected in zip((frames, y, weights), copies, strict=True):
        assert_array_equal(array, expected)


@every_classifier
def test_frames_that_can_not_be_written_to_are_not_warned_of(classifier):
    X, y, _ = make_clips()
    X = np.array([clip[0] for clip in X], dtype=np.float32)
    X.flags.writeable = False
    torch.set_warn_always(True)
    try:
        clone(classifier).fit(X, y).predict(X)
    finally:
        torch.set_warn_always(False)


# The state of the process


@pytest.fixture
def _other_defaults():
    n_threads, state = torch.get_num_threads(), torch.get_rng_state()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(n_threads)
    torch.set_rng_state(state)


@pytest.mark.usefixtures("_other_defaults")
@every_classifier
@pytest.mark.parametrize("fails", [False, True])
def test_state_of_torch_and_numpy_is_left_as_it_was(classifier, fails):
    X, y, _ = make_clips()
    torch.manual_seed(123)
    np.random.seed(123)  # noqa: NPY002, the state that is to be left alone

    def state():
        return (
            torch.get_rng_state().tolist(),
            np.random.get_state()[1].tolist(),  # noqa: NPY002
            torch.is_grad_enabled(),
            torch.is_inference_mode_enabled(),
            torch.get_num_threads(),
            torch.get_default_dtype(),
            torch.are_deterministic_algorithms_enabled(),
        )

    before = state()
    fitted = clone(classifier).set_params(schedule="constant", max_iter=1)
    fitted.fit(X, y, X_val=X, y_val=y).predict(X)
    fitted.partial_fit(X, y)
    if fails:
        with pytest.raises(ValueError, match="must return a finite factor"):
            fitted.set_params(schedule=lambda epoch: np.nan).fit(X, y)
    assert state() == before


def test_fit_does_not_depend_on_the_gradients_of_the_caller():
    X, y, _ = make_clips()
    expected = clone(DNN).fit(X, y).predict_log_proba(X)
    with torch.no_grad():
        assert_array_equal(clone(DNN).fit(X, y).predict_log_proba(X), expected)
        assert not torch.is_grad_enabled()


@every_classifier
def test_same_seed_is_the_same_classifier_whatever_the_process_has_drawn(classifier):
    X, y, _ = make_clips()
    classifier = clone(classifier).set_params(dropout=0.3, input_noise=0.3)
    first = clone(classifier).fit(X, y)
    torch.rand(17)
    second = clone(classifier).fit(X, y)
    for name, value in first.weights_.items():
        assert_array_equal(second.weights_[name], value, err_msg=name)
    assert_array_equal(second.loss_curve_, first.loss_curve_)
    other = clone(classifier).set_params(random_state=1).fit(X, y)
    assert other.loss_curve_[0] != first.loss_curve_[0]
    assert np.abs(other.predict_proba(X) - first.predict_proba(X)).max() > 1e-6
    instance = clone(classifier).set_params(random_state=np.random.RandomState(0))
    assert_array_equal(instance.fit(X, y).loss_curve_, first.loss_curve_)
    assert not np.array_equal(instance.fit(X, y).loss_curve_, first.loss_curve_)


@every_classifier
def test_seed_draws_the_dropout_the_noise_and_the_batches(classifier):
    X, y, _ = make_clips()
    still = {"dropout": 0.0, "input_noise": 0.0, "shuffle": False}
    plain = clone(classifier).set_params(**still).fit(X, y).loss_curve_
    for name, value in {"input_noise": 0.5, "dropout": 0.5, "shuffle": True}.items():
        curve = clone(classifier).set_params(**still | {name: value}).fit(X, y).loss_curve_
        assert curve[0] == plain[0]
        assert curve[2] != plain[2], name


# Copies


@every_classifier
@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))])
def test_copies_predict_and_go_on_as_the_original(classifier, duplicate):
    X, y, weights = make_clips()
    fitted = clone(classifier).set_params(warm_start=True).fit(X, y, weights)
    copied = duplicate(fitted)
    assert copied.get_params() == fitted.get_params()
    assert_array_equal(copied.predict_log_proba(X), fitted.predict_log_proba(X))
    assert_array_equal(copied.fit(X, y).loss_curve_, fitted.fit(X, y).loss_curve_)
    for one in (copied, fitted):
        one.set_params(schedule="constant").partial_fit(X, y)
    assert_array_equal(copied.predict_log_proba(X), fitted.predict_log_proba(X))


@every_classifier
def test_copies_share_nothing_that_is_written_to(classifier):
    X, y, _ = make_clips()
    fitted = clone(classifier).fit(X, y)
    expected = fitted.predict_log_proba(X)
    copied = copy.copy(fitted).set_params(schedule="constant")
    copied.partial_fit(X, y)
    assert_array_equal(fitted.predict_log_proba(X), expected)
    assert not np.array_equal(copied.predict_log_proba(X), expected)


@every_classifier
def test_pickle_holds_arrays_of_numpy_alone(classifier):
    X, y, _ = make_clips()
    assert b"torch" not in pickle.dumps(clone(classifier).fit(X, y))


@every_classifier
def test_clone_has_the_settings_but_not_the_fit(classifier):
    X, y, _ = make_clips()
    copied = clone(clone(classifier).fit(X, y))
    assert copied.get_params() == classifier.get_params()
    with pytest.raises(NotFittedError):
        copied.predict(X)


@pytest.mark.parametrize(
    ("classifier", "settings"),
    [
        (
            DNN,
            {
                "hidden_layer_sizes": (2, 2),
                "context": 3,
                "batch_norm": True,
                "activation": "tanh",
                "dropout": 0.9,
                "input_noise": 9.0,
                "frequency_mask": 0.9,
            },
        ),
        (
            RNN,
            {
                "hidden_size": 9,
                "cell": "lstm",
                "n_layers": 3,
                "bidirectional": False,
                "pooling": "last",
                "targets": "frame",
                "dropout": 0.9,
                "input_noise": 9.0,
                "frequency_mask": 0.9,
            },
        ),
    ],
    ids=["frames", "sequence"],
)
def test_fitted_network_does_not_depend_on_what_is_set_later(classifier, settings):
    X, y, _ = make_clips()
    fitted = clone(classifier).fit(X, y)
    expected = fitted.predict_log_proba(X)
    settings |= {"batch_size": 3, "label_smoothing": 1.0, "max_iter": 1, "random_state": 5}
    fitted.set_params(**settings)
    assert_array_equal(fitted.predict_log_proba(X), expected)
    assert hasattr(fitted, "predict_frames") == (classifier is DNN)
    # A new fit goes by the new settings.
    assert not np.array_equal(fitted.fit(X, y).predict_log_proba(X), expected)


# What is built on estimators


def test_fit_has_a_request_for_all_of_its_metadata():
    with sklearn.config_context(enable_metadata_routing=True):
        for classifier in (DNNClassifier(), RNNClassifier(schedule="constant")):
            classifier.set_fit_request(
                sample_weight=True, X_val=True, y_val=True, sample_weight_val=False
            )
            classifier.set_score_request(sample_weight=True)
            assert classifier.get_metadata_routing().fit.requests == {
                "sample_weight": True,
                "X_val": True,
                "y_val": True,
                "sample_weight_val": False,
            }


@pytest.fixture(scope="module")
def digits():
    """Two digits of some voices."""
    data = load_spoken_digits()
    speakers = sorted(set(data.speaker.tolist()))[:4]
    rows = np.flatnonzero(np.isin(data.speaker, speakers) & np.isin(data.target, [1, 6]))
    return [data.data[i] for i in rows], data.target[rows], data.speaker[rows]


def front_end(**settings):
    return MFCCTransformer(sample_rate=8000, pooling=None, **settings)


def test_search_over_recordings_of_many_lengths(digits):
    clips, y, speakers = digits
    classifier = RNNClassifier(
        hidden_size=8, batch_size=6, max_iter=4, learning_rate=0.02, random_state=0
    )
    search = GridSearchCV(
        make_pipeline(front_end(), classifier),
        {"rnnclassifier__pooling": ["mean", "last"]},
        cv=GroupKFold(n_splits=2),
        n_jobs=2,
        error_score="raise",
    ).fit(clips, y, groups=speakers)
    assert search.best_score_ > 0.8
    assert search.score(clips, y) > 0.8
    # In another process, a fold has the score that it has here.
    features = front_end().fit_transform(clips)
    assert len({len(frames) for frames in features}) > 1
    for name in ("mean", "last"):
        i = search.cv_results_["params"].index({"rnnclassifier__pooling": name})
        for fold, (train, test) in enumerate(GroupKFold(n_splits=2).split(clips, y, speakers)):
            by_hand = clone(classifier).set_params(pooling=name)
            by_hand.fit([features[k] for k in train], y[train])
            score = by_hand.score([features[k] for k in test], y[test])
            assert search.cv_results_[f"split{fold}_test_score"][i] == score


@pytest.mark.parametrize("classifier", [DNN, RNN], ids=["frames", "sequence"])
def test_recordings_are_validated_on_through_the_front_end(classifier, digits):
    clips, y, _ = digits
    classifier = clone(classifier).set_params(early_stopping=True)
    with sklearn.config_context(enable_metadata_routing=True):
        routed = clone(classifier).set_fit_request(X_val=True, y_val=True)
        pipeline = make_pipeline(front_end(), routed, transform_input=["X_val"])
        pipeline.fit(clips[::2], y[::2], X_val=clips[1::2], y_val=y[1::2])
    features = front_end().fit_transform(clips)
    by_hand = clone(classifier).fit(features[::2], y[::2], X_val=features[1::2], y_val=y[1::2])
    assert_allclose(pipeline[-1].validation_loss_curve_, by_hand.validation_loss_curve_, rtol=1e-3)


def test_probabilities_are_cross_validated(digits):
    clips, y, speakers = digits
    features = front_end().fit_transform(clips)
    probabilities = cross_val_predict(
        DNN, features, y, groups=speakers, cv=GroupKFold(2), method="predict_proba"
    )
    assert probabilities.shape == (len(clips), 2)
    assert_allclose(probabilities.sum(axis=1), 1.0)


@every_classifier
def test_learning_rates_are_tested(classifier):
    X, y, weights = make_clips(60)
    classifier = clone(classifier).set_params(schedule="constant")
    result = learning_rate_range_test(
        classifier,
        X,
        y,
        sample_weight=weights,
        n_steps=60,
        batch_size=30,
        max_learning_rate=100,
        random_state=0,
    )
    assert 4 <= len(result.losses) <= 60
    assert result.learning_rates[0] < result.suggestion < result.learning_rates[-1]
    # The first steps hardly move, and the loss is that of chance or so.
    assert 0.5 < result.losses[0] < 2.5
    assert not hasattr(classifier, "weights_")


@every_classifier
def test_loss_curves_are_drawn(classifier):
    X, y, _ = make_clips()
    fitted = clone(classifier).fit(X, y, X_val=X, y_val=y)
    display = LossCurveDisplay.from_estimator(fitted)
    drawn = [line.get_ydata() for line in display.ax_.get_lines()]
    for curve in (fitted.loss_curve_, fitted.validation_loss_curve_):
        assert any(len(y) == len(curve) and np.array_equal(y, curve) for y in drawn)
    mpl.pyplot.close(display.figure_)


# Devices


needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_automatic_device_is_the_cpu_where_there_is_no_gpu():
    X, y, _ = make_clips()
    auto = clone(RNN).fit(X, y)
    cpu = clone(RNN).set_params(device="cpu").fit(X, y)
    assert_array_equal(auto.loss_curve_, cpu.loss_curve_)
    with pytest.raises(ValueError, match=r"device='cuda' can't be used: \S+"):
        auto.set_params(device="cuda").predict(X)


@needs_gpu
@every_classifier
def test_gpu_comes_to_about_what_the_cpu_does(classifier):
    X, y, weights = make_clips(60)
    still = {"dropout": 0.0, "input_noise": 0.0, "learning_rate": 0.02, "max_iter": 10}
    fitted = {
        device: clone(classifier).set_params(**still, device=device).fit(X, y, weights)
        for device in ("cpu", "cuda")
    }
    # Half precision keeps three digits.
    assert_allclose(fitted["cuda"].loss_curve_, fitted["cpu"].loss_curve_, rtol=0.05)
    assert fitted["cuda"].loss_curve_[-1] < fitted["cuda"].loss_curve_[0]
    for value in fitted["cuda"].weights_.values():
        assert type(value) is np.ndarray


@needs_gpu
@every_classifier
def test_pickled_classifier_moves_between_devices(classifier):
    X, y, _ = make_clips()
    fitted = clone(classifier).set_params(device="cuda", schedule="constant").fit(X, y)
    copied = pickle.loads(pickle.dumps(fitted))
    expected = fitted.predict_proba(X)
    assert_allclose(copied.set_params(device="cpu").predict_proba(X), expected, atol=1e-4)
    copied.partial_fit(X, y)
    copied.set_params(device="cuda").partial_fit(X, y)
    assert np.isfinite(copied.loss_curve_).all()


@needs_gpu
def test_gpu_pools_long_clips_in_single_precision():
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 3)) for n in (5000, 20_000, 3)]
    for pooling in ("mean", "attention"):
        settings = {"pooling": pooling, "max_iter": 1, "learning_rate": 1e-30, "dropout": 0.0}
        fitted = clone(RNN).set_params(**settings, input_noise=0.0, device="cuda", batch_size=3)
        fitted.fit(X, [0, 1, 2])
        # The loss of the epoch is in half precision, that before it is not.
        assert_allclose(fitted.loss_curve_[1], fitted.loss_curve_[0], rtol=1e-2)


@needs_gpu
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_generator_of_the_gpu_is_left_as_it_was(device):
    X, y, _ = make_clips()
    torch.cuda.manual_seed_all(123)
    before = torch.cuda.get_rng_state_all()
    clone(DNN).set_params(device=device).fit(X, y).predict(X)
    for state, expected in zip(torch.cuda.get_rng_state_all(), before, strict=True):
        assert torch.equal(state, expected)
