"""Neural classifiers saved to files, and loaded without executing what is in them."""

import pathlib
import pickle
import shutil

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression

torch = pytest.importorskip(
    "torch", reason="skxent.neural needs PyTorch: pip install skxent[neural]"
)

from skxent.neural import DNNClassifier, RNNClassifier, load, save  # noqa: E402

# Of products as small as these, a second thread only waits for the first.
torch.set_num_threads(1)

DNN = DNNClassifier(hidden_layer_sizes=(6,), context=1, max_iter=3, random_state=0)
RNN = RNNClassifier(hidden_size=4, max_iter=3, random_state=0)
CLASSIFIERS = {
    "frames": DNN,
    "batch_norm": clone(DNN).set_params(batch_norm=True, activation="gelu"),
    "linear": clone(DNN).set_params(hidden_layer_sizes=[]),
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


@every_classifier
def test_loaded_classifier_goes_on_from_its_weights(classifier, tmp_path):
    X, y = make_clips()
    classifier = clone(classifier).set_params(schedule="constant", learning_rate=1e-30)
    classifier.partial_fit(X, y, [1, 0])
    save(classifier, tmp_path / "classifier.pt")
    loaded = load(tmp_path / "classifier.pt")
    assert_array_equal(loaded.classes_, [1, 0])
    assert not hasattr(loaded, "converged_")
    # At such a rate next to nothing moves: it is the same network.
    loaded.partial_fit(X, y)
    assert loaded.n_iter_ == 2
    for name, value in loaded.weights_.items():
        if "running" not in name and "num_batches" not in name:
            assert_allclose(value, classifier.weights_[name], atol=1e-28, err_msg=name)


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
    save(classifier, tmp_path / "classifier.pt")
    document = torch.load(tmp_path / "classifier.pt", weights_only=True)
    marker = tmp_path / "marker"
    for evil in (
        Marks(marker),
        document | {"parameters": Marks(marker)},
        document | {"weights": {"layers.0.weight": Marks(marker)}},
    ):
        path = tmp_path / "evil.pt"
        torch.save(evil, path)
        with pytest.raises(ValueError, match=r"evil\.pt: was not written by"):
            load(path)
        with path.open("wb") as file:
            pickle.dump(evil, file)
        with pytest.raises(ValueError, match=r"evil\.pt: was not written by"):
            load(path)
        assert not marker.exists()
    # It would be, by a pickle.
    pickle.loads(pickle.dumps(Marks(marker)))
    assert marker.exists()


def test_other_files_are_refused(tmp_path):
    X, y = make_clips()
    classifier = clone(DNN).fit(X, y)
    path = tmp_path / "classifier.pt"
    save(classifier, path)
    whole = path.read_bytes()
    junk = tmp_path / "junk"
    for content in (b"", b"junk", b"RIFF" * 99, whole[:100], whole[: len(whole) // 2]):
        junk.write_bytes(content)
        with pytest.raises(ValueError, match=r"junk: was not written by skxent\.neural\.save"):
            load(junk)
    junk.write_bytes(pickle.dumps(classifier))
    with pytest.raises(ValueError, match="junk: was not written by"):
        load(junk)
    for document in (
        {"weights": torch.zeros(3)},
        [1, 2],
        {"format": 1, "classifier": "SVC"},
        {"format": 1, "classifier": ["DNNClassifier"]},
    ):
        torch.save(document, junk)
        with pytest.raises(ValueError, match="junk: was not written by"):
            load(junk)
    torch.save(torch.load(path, weights_only=True) | {"format": 99}, junk)
    with pytest.raises(ValueError, match=r"junk: was not written by.*format 99 is not known"):
        load(junk)


@pytest.mark.parametrize("missing", ["parameters", "form", "attributes", "labels", "weights"])
def test_documents_that_lack_something_are_refused(missing, tmp_path):
    X, y = make_clips()
    path = tmp_path / "classifier.pt"
    save(clone(DNN).fit(X, y), path)
    document = torch.load(path, weights_only=True)
    document.pop(missing)
    torch.save(document, path)
    with pytest.raises(ValueError, match="was not written by"):
        load(path)


def test_missing_files_are_the_usual_errors(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "missing.pt")
    with pytest.raises(OSError):
        load(tmp_path)
    X, y = make_clips()
    with pytest.raises((OSError, RuntimeError), match="missing"):
        save(clone(DNN).fit(X, y), tmp_path / "missing" / "classifier.pt")


def test_file_has_the_weights_by_the_names_of_torch(tmp_path):
    X, y = make_clips()
    classifier = clone(RNN).fit(X, y)
    path = tmp_path / "classifier.pt"
    save(classifier, path)
    weights = torch.load(shutil.copy(path, tmp_path / "copy"), weights_only=True)["weights"]
    gru = torch.nn.GRU(3, 4, bidirectional=True)
    ours = {
        name.removeprefix("recurrent."): value
        for name, value in weights.items()
        if name.startswith("recurrent.")
    }
    gru.load_state_dict(ours)  # refuses what is missing or unexpected
    assert all(value.device.type == "cpu" for value in weights.values())
    assert not any(value.requires_grad for value in weights.values())


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
