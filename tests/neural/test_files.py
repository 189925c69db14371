"""Neural classifiers saved to files, and loaded without executing what is in them."""

import json
import os
import pathlib
import pickle
import shutil
import tracemalloc
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

torch = pytest.importorskip(
    "torch", reason="skxent.neural needs PyTorch: pip install skxent[neural]"
)

from skxent._writing import replace_file  # noqa: E402
from skxent.neural import DNNClassifier, RNNClassifier, load, save  # noqa: E402
from skxent.neural._archive import pack, read, unpack  # noqa: E402
from tests._fitting.callbacks import Watch  # noqa: E402
from tests.neural import oracles  # noqa: E402

# Of products as small as these, a second thread only waits for the first.
torch.set_num_threads(1)

DNN = DNNClassifier(hidden_layer_sizes=(6,), context=1, max_iter=3, random_state=0)
RNN = RNNClassifier(hidden_size=4, max_iter=3, random_state=0)
CLASSIFIERS = {
    "frames": DNN,
    "batch_norm": clone(DNN).set_params(batch_norm=True, activation="gelu"),
    "linear": clone(DNN).set_params(hidden_layer_sizes=[], frequency_mask=0.4),
    "sequence": clone(RNN).set_params(pooling="attention"),
    "frame": clone(RNN).set_params(targets="frame", cell="lstm", n_layers=2),
}
every_classifier = pytest.mark.parametrize("classifier", CLASSIFIERS.values(), ids=CLASSIFIERS)


def make_clips(n_clips=20, n_classes=2):
    rng = np.random.default_rng(0)
    y = np.arange(n_clips) % n_classes
    return [rng.normal(size=(rng.integers(1, 9), 3)) + label for label in y], y


def assert_same_attributes(loaded, classifier):
    names = {name for name in vars(classifier) if name.endswith("_") and name[0] != "_"}
    assert {name for name in vars(loaded) if name.endswith("_") and name[0] != "_"} == names
    for name in names - {"weights_"}:
        value, expected = getattr(loaded, name), getattr(classifier, name)
        assert type(value) is type(expected), name
        assert getattr(value, "dtype", None) == getattr(expected, "dtype", None), name
        assert_array_equal(value, expected, err_msg=name)
    assert loaded.weights_.keys() == classifier.weights_.keys()
    for name, value in classifier.weights_.items():
        assert loaded.weights_[name].dtype == value.dtype
        assert_array_equal(loaded.weights_[name], value, err_msg=name)


@every_classifier
@pytest.mark.parametrize(
    "names",
    [
        np.array(["no", "yes"]),
        np.array(["no", "yes"], dtype=object),
        np.array([-3, 7]),
        np.array([7, 9], dtype=np.uint8),
        np.array([False, True]),
        np.array([1.0, 2.0]),
        np.array([1.0, 2.0], dtype=np.float32),
    ],
    ids=lambda names: names.dtype.str,
)
def test_loaded_classifier_is_the_one_that_was_saved(classifier, names, tmp_path):
    X, y = make_clips()
    classifier = clone(classifier).fit(X, names[y], X_val=X, y_val=names[y])
    path = tmp_path / "classifier.pt"
    save(classifier, path)
    loaded = load(str(path))
    assert type(loaded) is type(classifier)
    assert loaded.get_params() == classifier.get_params()
    assert_same_attributes(loaded, classifier)
    assert_array_equal(loaded.predict_log_proba(X), classifier.predict_log_proba(X))
    assert_array_equal(loaded.predict(X), classifier.predict(X))
    # And again, of what was loaded.
    save(loaded, path)
    assert_array_equal(load(path).predict_log_proba(X), classifier.predict_log_proba(X))


@every_classifier
def test_names_of_features_are_kept(classifier, tmp_path):
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(20, 3)), columns=list("abc"))
    classifier = clone(classifier).fit(frame, np.arange(20) % 2)
    save(classifier, tmp_path / "classifier.pt")
    loaded = load(tmp_path / "classifier.pt")
    assert_same_attributes(loaded, classifier)
    assert_array_equal(loaded.predict_proba(frame), classifier.predict_proba(frame))
    with pytest.raises(ValueError, match="feature names"):
        loaded.predict(frame[list("bca")])


# Going on


def assert_same_training(first, second):
    """Compare all that two classifiers have learned, to the last bit."""
    assert_same_attributes(first, second)
    assert (first._continuation is None) == (second._continuation is None)
    for name, value in vars(first._continuation or SimpleNamespace()).items():
        other = getattr(second._continuation, name)
        if name in ("random_state", "seeds"):
            assert_array_equal(value.get_state()[1], other.get_state()[1])
            assert value.get_state()[2:] == other.get_state()[2:]
        elif name == "params":
            assert value.keys() == other.keys()
            assert all((value[key] == other[key]).all() for key in value)
        elif name == "rule":
            assert value.keys() == other.keys()
            for number, moments in value.items():
                assert moments.keys() == other[number].keys()
                for key, moment in moments.items():
                    assert moment.dtype == other[number][key].dtype
                    assert_array_equal(moment, other[number][key])
        else:
            assert value == other, name
    assert_array_equal(first._seen[0], second._seen[0])
    assert first._seen[1] == second._seen[1]


def without_times(classifier):
    """The classifier, without what no two fits have in common."""
    vars(classifier).pop("epoch_seconds_", None)
    return classifier


RANDOM = {"batch_size": 4, "input_noise": 0.3, "dropout": 0.2, "warm_start": True}
WAYS = {
    "constant": {"schedule": "constant"},
    "inverse_scaling": {"schedule": "inverse_scaling"},
    "adaptive": {"schedule": "adaptive", "n_iter_no_change": 1, "tol": 0.1},
    "one_cycle": {"schedule": "one_cycle"},
    "early_stopping": {"early_stopping": True, "learning_rate": 0.3, "validation_fraction": 0.3},
}


@every_classifier
@pytest.mark.parametrize("settings", WAYS.values(), ids=WAYS)
def test_warm_start_goes_on_as_if_nothing_had_been_saved(classifier, settings, tmp_path):
    X, y = make_clips()
    classifier = clone(classifier).set_params(**RANDOM, **settings).fit(X, y)
    assert classifier._continuation.rule
    save(classifier, tmp_path / "classifier")
    loaded = load(tmp_path / "classifier")
    assert_same_training(loaded, classifier)
    for _ in range(2):
        going_on = [without_times(each.fit(X, y)) for each in (loaded, classifier)]
        assert_same_training(*going_on)


@every_classifier
@pytest.mark.parametrize("begin", ["fit", "partial_fit"])
def test_partial_fit_goes_on_as_if_nothing_had_been_saved(classifier, begin, tmp_path):
    X, y = make_clips()
    settings = {"schedule": "inverse_scaling", "class_weight": "balanced"}
    classifier = clone(classifier).set_params(**RANDOM, **settings)
    if begin == "fit":
        classifier.fit(X, y)
    else:
        classifier.partial_fit(X, y, classes=[1, 0])
    save(classifier, tmp_path / "classifier")
    loaded = load(tmp_path / "classifier")
    assert_same_training(loaded, classifier)
    for rows in (slice(3), slice(9, 20)):
        assert_same_training(*(each.partial_fit(X[rows], y[rows]) for each in (loaded, classifier)))
    save(loaded, tmp_path / "classifier")
    assert_same_training(load(tmp_path / "classifier"), classifier)


def test_weights_that_are_not_the_last_ones_are_saved_with_those(tmp_path):
    X, y = make_clips()
    classifier = clone(DNN).set_params(**RANDOM, **WAYS["early_stopping"]).fit(X, y)
    kept, last = classifier.weights_, classifier._continuation.params
    assert any((kept[name] != last[name]).any() for name in kept)
    save(classifier, tmp_path / "classifier")
    assert_same_training(load(tmp_path / "classifier"), classifier)


def test_fit_that_patience_has_ended_leaves_nothing_to_go_on_from(tmp_path):
    X, y = make_clips()
    settings = {"early_stopping": True, "n_iter_no_change": 1, "tol": 10.0, "warm_start": True}
    classifier = clone(DNN).set_params(**settings).fit(X, y)
    assert classifier._continuation is None
    save(classifier, tmp_path / "classifier")
    loaded = load(tmp_path / "classifier")
    assert loaded._continuation is None
    going_on = [each.fit(X, y).predict_log_proba(X) for each in (loaded, classifier)]
    assert_array_equal(*going_on)


class Checkpoint(Watch):
    """A callback that saves each epoch."""

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        if fitted_estimator is not None:
            save(fitted_estimator, self.folder / str(fitted_estimator.n_iter_))
        return super().on_fit_task_end(estimator, context, fitted_estimator=fitted_estimator)


def assert_same_fits(first, second):
    """Compare all but the times, and the norm of the gradient, which callbacks don't see."""
    for each in (first, second):
        vars(without_times(each)).pop("gradient_norm_", None)
    assert_same_training(first, second)


@every_classifier
@pytest.mark.parametrize(
    ("way", "earlier"),
    [
        ("constant", None),
        ("inverse_scaling", {"warm_start": False}),
        ("adaptive", {"warm_start": True}),
    ],
)
def test_each_epoch_can_be_saved_and_continued(classifier, way, earlier, tmp_path):
    """What was saved during a fit is a fit that ended there, and goes on as that does."""
    X, y = make_clips()
    classifier = clone(classifier).set_params(**RANDOM, **WAYS[way])
    ended = clone(classifier)
    if earlier is not None:
        for each in (classifier, ended):
            each.fit(X, y, X_val=X[:6], y_val=y[:6]).set_params(**earlier)
    checkpoint = Checkpoint(tmp_path)
    classifier.set_callbacks(checkpoint).fit(X, y)
    ended.set_params(max_iter=2).fit(X, y).set_params(**RANDOM)
    loaded = load(tmp_path / "2").set_params(**RANDOM, max_iter=2)
    seen = checkpoint.fitted[1].set_callbacks().set_params(**RANDOM, max_iter=2)
    assert_same_fits(loaded, ended)
    assert_same_fits(seen, ended)
    assert_same_fits(loaded.fit(X, y), ended.fit(X, y))
    assert_same_fits(seen.fit(X, y), ended)
    # The fit goes on as it does without callbacks.
    alone = clone(classifier)
    if earlier is not None:
        alone.set_params(warm_start=True).fit(X, y, X_val=X[:6], y_val=y[:6]).set_params(**earlier)
    assert_same_fits(classifier, alone.fit(X, y))


def test_epoch_that_exhausts_the_patience_is_saved_as_the_end(tmp_path):
    X, y = make_clips()
    settings = {"early_stopping": True, "n_iter_no_change": 1, "tol": 10.0}
    classifier = clone(DNN).set_params(**settings).set_callbacks(Checkpoint(tmp_path)).fit(X, y)
    assert (classifier.n_iter_, classifier.converged_) == (1, True)
    loaded = load(tmp_path / "1")
    assert (loaded.n_iter_, loaded.converged_, loaded._continuation) == (1, True, None)


def test_loading_draws_no_random_numbers(tmp_path):
    X, y = make_clips()
    save(clone(RNN).fit(X, y), tmp_path / "classifier")
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1]  # noqa: NPY002
    load(tmp_path / "classifier")
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert_array_equal(np.random.get_state()[1], numpy_state)  # noqa: NPY002


# Settings


def test_settings_of_other_kinds_are_kept(tmp_path):
    X, y = make_clips()
    classifier = clone(DNN).set_params(
        class_weight={0: 1.0, 1: np.float64(2.0)},
        hidden_layer_sizes=np.array([4, np.int64(3)]),
        max_grad_norm=None,
        learning_rate=np.float32(0.01),
        early_stopping=np.bool_(True),
        random_state=np.int64(3),
    )
    classifier.fit(X, y)
    save(classifier, tmp_path / "classifier.pt")
    loaded = load(tmp_path / "classifier.pt")
    for name, value in classifier.get_params().items():
        assert_array_equal(loaded.get_params()[name], value, err_msg=name)
    assert_array_equal(loaded.predict_proba(X), classifier.predict_proba(X))
    again = clone(loaded).fit(X, y)
    assert_array_equal(again.predict_proba(X), classifier.predict_proba(X))


def test_form_is_that_of_the_fit_whatever_is_set_later(tmp_path):
    X, y = make_clips()
    classifier = clone(DNN).fit(X, y)
    expected = classifier.predict_proba(X)
    classifier.set_params(hidden_layer_sizes=(9, 9), context=4)
    save(classifier, tmp_path / "classifier.pt")
    loaded = load(tmp_path / "classifier.pt")
    assert loaded.get_params() == classifier.get_params()
    assert_array_equal(loaded.predict_proba(X), expected)


# What can't be saved


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"schedule": lambda epoch: 1.0}, "schedule"),
        ({"random_state": np.random.RandomState(0)}, "random_state"),
    ],
)
def test_settings_that_are_no_plain_values_are_refused(settings, name, tmp_path):
    X, y = make_clips()
    classifier = clone(RNN).set_params(**settings).fit(X, y)
    with pytest.raises(TypeError, match=f"{name} can't be saved without executing code"):
        save(classifier, tmp_path / "classifier.pt")
    assert not (tmp_path / "classifier.pt").exists()


def test_other_estimators_are_refused(tmp_path):
    class Mine(DNNClassifier):
        pass

    X, y = make_clips()
    for estimator in (
        LogisticRegression().fit([[0.0], [1.0]], [0, 1]),
        Mine(max_iter=1).fit(X, y),
        DNNClassifier,
        None,
    ):
        with pytest.raises(TypeError, match="must be a DNNClassifier or RNNClassifier"):
            save(estimator, tmp_path / "classifier.pt")
    with pytest.raises(NotFittedError):
        save(DNNClassifier(), tmp_path / "classifier.pt")
    assert not (tmp_path / "classifier.pt").exists()


# What can't be loaded


class Marks:
    """Makes a file where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return pathlib.Path.touch, (self.path,)


def test_code_in_a_file_is_not_executed(tmp_path):
    X, y = make_clips()
    classifier = clone(DNN).fit(X, y)
    save(classifier, tmp_path / "classifier")
    text, arrays = unpack(read(tmp_path / "classifier"))
    marker, path = tmp_path / "marker", tmp_path / "evil"
    for evil in (Marks(marker), {"document": text, "weights": Marks(marker)}, arrays):
        torch.save(evil, path)
        with pytest.raises(ValueError, match="evil can't be loaded: it was not written by"):
            load(path)
        path.write_bytes(pickle.dumps(evil))
        with pytest.raises(ValueError, match="evil can't be loaded: it was not written by"):
            load(path)
        assert not marker.exists()
    # It would be, by a pickle.
    pickle.loads(pickle.dumps(Marks(marker)))
    assert marker.exists()


def test_other_files_are_refused(tmp_path):
    X, y = make_clips()
    classifier = clone(DNN).fit(X, y)
    path, junk = tmp_path / "classifier", tmp_path / "junk"
    save(classifier, path)
    whole = path.read_bytes()
    for content in (b"", b"junk", b"RIFF" * 99, whole[:20], pickle.dumps(classifier)):
        junk.write_bytes(content)
        with pytest.raises(ValueError, match=r"junk can't .* not written by skxent\.neural\.save$"):
            load(junk)
    for content in (whole[:100], whole[:-1], whole + b"\0", whole[:200] + whole[208:]):
        junk.write_bytes(content)
        with pytest.raises(ValueError, match="junk can't be loaded: it is damaged"):
            load(junk)


def test_files_of_an_earlier_version_are_told_apart(tmp_path):
    torch.save({"format": 1, "classifier": "DNNClassifier"}, tmp_path / "old.pt")
    with pytest.raises(ValueError, match=r"old\.pt can't be loaded.* by an earlier version"):
        load(tmp_path / "old.pt")


def forge(path, change):
    """Change the document and the arrays of a file, which gets a digest that is right."""
    text, arrays = unpack(read(path))
    document = json.loads(text)
    change(document, arrays)
    replace_file(path, pack(json.dumps(document), arrays))


@pytest.fixture(scope="module", params=["batch_norm", "frame"])
def saved(request, tmp_path_factory):
    """The path of a file."""
    X, y = make_clips()
    path = tmp_path_factory.mktemp("saved") / "classifier"
    classifier = clone(CLASSIFIERS[request.param]).set_params(**RANDOM, **WAYS["early_stopping"])
    save(classifier.fit(X, np.array(["no", "yes"])[y]), path)
    return path


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda doc, arrays: doc.update(format=99), "the format 99 is not known"),
        (lambda doc, arrays: doc.update(classifier="SVC"), "KeyError: 'SVC'"),
        (lambda doc, arrays: doc.update(classifier=["DNNClassifier"]), "TypeError"),
        (lambda doc, arrays: doc.pop("parameters"), "KeyError: 'parameters'"),
        (lambda doc, arrays: doc["parameters"]["dict"].append(["evil", 1]), "evil"),
        (lambda doc, arrays: doc["parameters"]["dict"].append(["batch_size", -1]), "batch_size"),
        (lambda doc, arrays: doc["form"]["dict"].pop(0), "the form"),
        (lambda doc, arrays: doc["form"]["dict"].append(["dropout", 2.0]), "dropout"),
        (lambda doc, arrays: doc["form"]["dict"].append(["dropout"]), "not enough values"),
        (lambda doc, arrays: doc["attributes"]["dict"].append(["n_features_in_", 4]), "shape"),
        (lambda doc, arrays: doc["attributes"]["dict"].append(["n_features_in_", 0]), "0 features"),
        (lambda doc, arrays: doc["attributes"]["dict"].append(["n_iter_", 3.0]), "n_iter_=3.0"),
        (lambda doc, arrays: doc["attributes"]["dict"].append(["predict", 1]), "predict"),
        (lambda doc, arrays: doc["labels"].update(predict={}), "labels predict"),
        (lambda doc, arrays: doc["labels"]["classes_"].update(dtype="<U999999999"), ""),
        (lambda doc, arrays: doc["labels"]["classes_"].update(dtype="(999999999,)f8"), ""),
        (
            lambda doc, arrays: doc["labels"]["classes_"].update(dtype="O", values=["a"]),
            "1 classes",
        ),
        (
            lambda doc, arrays: doc["labels"]["classes_"].update(dtype="O", values=["a", "a"]),
            "2 classes",
        ),
        (lambda doc, arrays: arrays.update({"labels/classes_": np.full((2, 3), 2**31, "u4")}), ""),
        (lambda doc, arrays: arrays.pop("standardize.mean"), "weights_ of"),
        (lambda doc, arrays: arrays.update(more=np.zeros(3)), "weights_ of"),
        (
            lambda doc, arrays: arrays.update({"standardize.mean": np.zeros((3, 1), "f4")}),
            r"weights_\['standardize.mean'\] has the shape \(3, 1\), not \(3,\)",
        ),
        (lambda doc, arrays: arrays.update({"standardize.mean": np.zeros(3)}), "its type"),
        (
            lambda doc, arrays: arrays.update({"curves/loss_curve_": np.zeros((2, 2))}),
            "loss_curve_",
        ),
        (lambda doc, arrays: arrays.pop("training/sums"), "KeyError"),
        (lambda doc, arrays: arrays.update({"training/sums": np.zeros(3)}), "sums of"),
        (lambda doc, arrays: arrays.update({"training/seeds": np.zeros(623, "u4")}), "seeds"),
        (lambda doc, arrays: doc["training"]["generators"]["seeds"].update(pos=10**9), "seeds"),
        (lambda doc, arrays: doc["training"]["generators"]["seeds"].update(pos=-1), "seeds"),
        (lambda doc, arrays: doc["training"].update(plateau=[0.0, "0", 1.0]), "the state"),
        (lambda doc, arrays: arrays.pop("training/moments/1/exp_avg"), "KeyError"),
        (
            lambda doc, arrays: arrays.update({"training/moments/1/exp_avg": np.zeros(9, "f4")}),
            "exp_avg of parameter 1 has the shape",
        ),
        (
            lambda doc, arrays: arrays.update({"training/weights/standardize.mean": np.zeros(9)}),
            "the last weights",
        ),
    ],
)
def test_parts_that_do_not_fit_are_refused(change, message, saved, tmp_path):
    path = tmp_path / "classifier"
    shutil.copy(saved, path)
    forge(path, change)
    with pytest.raises(ValueError, match=f"classifier can't be loaded: .*{message}"):
        load(path)


HUGE = [10**6, 10**9, 10**12, 10**18, 10**30, -1, 2.5, [1] * 10**5, "many", None]


@pytest.mark.parametrize("value", HUGE, ids=lambda value: str(value)[:9])
@pytest.mark.parametrize("name", ["hidden_size", "n_layers", "context", "hidden_layer_sizes"])
def test_sizes_in_a_document_take_no_memory(name, value, saved, tmp_path):
    text, arrays = unpack(read(saved))
    document = json.loads(text)
    if name not in dict(document["form"]["dict"]):
        return
    value = [value] if name == "hidden_layer_sizes" and not isinstance(value, list) else value
    document["form"]["dict"].append([name, value])
    replace_file(tmp_path / "classifier", pack(json.dumps(document), arrays))
    # PyTorch's own memory is not traced, but its layers in Python are.
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="can't be loaded"):
            load(tmp_path / "classifier")
        assert tracemalloc.get_traced_memory()[1] < 2e7
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "text", ["[" * 10**6, "1" * 10**5, "", "null", "[1, 2]", '{"format": 2}', "\0"]
)
def test_texts_that_are_no_document_are_refused(text, tmp_path):
    replace_file(tmp_path / "classifier", pack(text, {}))
    with pytest.raises(ValueError, match="can't be loaded"):
        load(tmp_path / "classifier")


LEAVES = [None, True, 0, 1, -1, 3, 2**40, 0.5, "", "gru", "O", [], [1], {}, {"dict": []}]


def replace_at(value, place, leaf):
    """Return a document with the entry at a place replaced, and the number of places."""
    if place == 0:
        return leaf, 0
    place -= 1
    if isinstance(value, (dict, list)):
        entries = value.items() if isinstance(value, dict) else enumerate(value)
        for key, entry in list(entries):
            replaced, rest = replace_at(entry, place, leaf)
            if rest == 0 and place >= 0 and replaced is not entry:
                return {**value, key: replaced} if isinstance(value, dict) else [
                    replaced if i == key else other for i, other in enumerate(value)
                ], 0
            place = rest
    return value, place


CHANGES = {
    "drop": lambda array: None,
    "flatten": np.ravel,
    "cut": lambda array: array[: len(array) // 2] if array.ndim else array[np.newaxis],
    "type": lambda array: (array > 0).astype(np.float16),
    "fill": np.ones_like,
}


@given(
    replaced=st.tuples(st.integers(0, 150), st.sampled_from(LEAVES)) | st.none(),
    number=st.integers(0, 100),
    change=st.sampled_from(list(CHANGES)),
)
@settings(suppress_health_check=[*HealthCheck])
def test_forged_files_are_refused_or_predict(replaced, number, change, saved, tmp_path):
    text, arrays = unpack(read(saved))
    X, y = make_clips()
    if replaced is not None:
        text = json.dumps(replace_at(json.loads(text), *replaced)[0])
    else:
        name = sorted(arrays)[number % len(arrays)]
        arrays = {**arrays, name: CHANGES[change](arrays[name])}
        arrays = {name: array for name, array in arrays.items() if array is not None}
    replace_file(tmp_path / "classifier", pack(text, arrays))
    try:
        loaded = load(tmp_path / "classifier")
    except ValueError:
        return
    # Other parameters than the form may be what fit accepts.
    usable = type(loaded)().get_params() | loaded._form | {"warm_start": True, "max_iter": 1}
    loaded.set_params(**usable)
    assert loaded.predict_log_proba(X).shape == (len(X), 2)
    loaded.fit(X, loaded.classes_[y])


# The disk


def test_missing_files_are_the_usual_errors(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "missing")
    with pytest.raises(OSError):
        load(tmp_path)
    X, y = make_clips()
    classifier = clone(DNN).fit(X, y)
    with pytest.raises(FileNotFoundError, match="missing"):
        save(classifier, tmp_path / "missing" / "classifier")
    with pytest.raises(OSError):
        save(classifier, tmp_path)
    assert os.listdir(tmp_path) == []


def test_file_is_read_by_the_specification_of_safetensors(tmp_path):
    X, y = make_clips()
    classifier = clone(RNN).fit(X, y)
    save(classifier, tmp_path / "classifier")
    _, arrays = oracles.read_safetensors((tmp_path / "classifier").read_bytes())
    gru = torch.nn.GRU(3, 4, bidirectional=True)
    ours = {
        name.removeprefix("recurrent."): torch.tensor(value)
        for name, value in arrays.items()
        if name.startswith("recurrent.")
    }
    gru.load_state_dict(ours)  # refuses what is missing or unexpected


def test_device_is_a_setting_and_not_part_of_the_weights(tmp_path):
    X, y = make_clips()
    classifier = clone(RNN).fit(X, y)
    expected = classifier.predict_proba(X)
    # As it is of a classifier that was fitted on a GPU of another machine.
    classifier.set_params(device="cuda:99")
    save(classifier, tmp_path / "classifier.pt")
    loaded = load(tmp_path / "classifier.pt")
    assert loaded.device == "cuda:99"
    with pytest.raises(ValueError, match="device='cuda:99' can't be used"):
        loaded.predict(X)
    assert_array_equal(loaded.set_params(device="cpu").predict_proba(X), expected)
