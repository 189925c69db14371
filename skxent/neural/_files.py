"""Saving fitted networks, and loading them without executing code."""

import json
import sys
from itertools import chain

import numpy as np
import torch
from sklearn.utils._param_validation import validate_parameter_constraints
from sklearn.utils.validation import check_is_fitted

from skxent._fitting._continuation import Continuation
from skxent._fitting._monitor import Plateau
from skxent._writing import replace_file
from skxent.neural._archive import can_hold, pack, read, unpack
from skxent.neural._dnn import DNNClassifier
from skxent.neural._rnn import RNNClassifier
from skxent.neural._training import make_optimizer

_CLASSIFIERS = {kind.__name__: kind for kind in (DNNClassifier, RNNClassifier)}
_FORMAT = 2
_LABELS = ("classes_", "feature_names_in_")
_CURVES = ("loss_curve_", "validation_loss_curve_", "validation_score_curve_", "epoch_seconds_")
_PLAIN = {
    "n_features_in_": int,
    "n_iter_": int,
    "solver_": str,
    "learning_rate_": float,
    "converged_": bool,
    "gradient_norm_": float,
}
# Parameters of the form that older files lack, and what stands for them.
_LATER = {"time_mask": 0.0, "frequency_mask": 0.0}
# Of AdamW, for each parameter of the network; the first is a single number.
_MOMENTS = ("step", "exp_avg", "exp_avg_sq")


def save(classifier, path):
    """Save a fitted classifier to a file of weights and plain values.

    The state of its training is saved too (optimizer, schedule, generators of random
    numbers), so that `partial_fit` and a warm start of the loaded classifier give what
    they would have given without saving. That makes the file about three times as large
    as the weights, and four times with `early_stopping`.

    The file is written beside `path` first and then moved there: `path` never holds half
    a file. It has the layout of safetensors, and the weights in it the names of
    `weights_`.

    Parameters
    ----------
    classifier : DNNClassifier or RNNClassifier
        A fitted classifier.
    path : str or path-like
        Where to write. An earlier file is replaced.

    Raises
    ------
    TypeError
        If it is another object, or has a parameter or labels that are no plain values,
        such as a callable schedule.
    ValueError
        If it has a parameter of a value that `fit` would not take.
    NotFittedError
        If it has not been fitted.
    OSError
        If it can't be written: the folder is missing, the disk is full.

    See Also
    --------
    load : Loads the file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn.datasets import load_iris
    >>> from skxent.neural import DNNClassifier, load, save
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = DNNClassifier(max_iter=5, random_state=0).fit(X, y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(classifier, Path(folder) / "iris.safetensors")
    ...     loaded = load(Path(folder) / "iris.safetensors")
    >>> bool((loaded.predict_proba(X) == classifier.predict_proba(X)).all())
    True
    """
    kind = type(classifier).__name__
    if _CLASSIFIERS.get(kind) is not type(classifier):
        raise TypeError(f"classifier must be a DNNClassifier or RNNClassifier, got {classifier!r}")
    check_is_fitted(classifier, "weights_")
    classifier._validate_params()
    fitted, weights = vars(classifier), classifier.weights_
    labels, label_arrays = _describe_labels(fitted)
    training, training_arrays = _describe_training(fitted, weights)
    document = {
        "format": _FORMAT,
        "classifier": kind,
        "parameters": _as_plain("parameter ", classifier.get_params(deep=False)),
        "form": _as_plain("parameter ", classifier._form),
        "attributes": _as_plain("", {name: fitted[name] for name in _PLAIN if name in fitted}),
        "labels": labels,
        "training": training,
    }
    curves = {f"curves/{name}": fitted[name] for name in _CURVES if name in fitted}
    replace_file(
        path, pack(json.dumps(document), weights | curves | label_arrays | training_arrays)
    )


def load(path):
    """Load a classifier that was saved by `save`.

    Nothing in the file is executed, and it is no pickle. A digest tells whether the file is
    as it was written. It is no signature: whoever can change the file can also make a new
    digest. The worst that a forged file can do is to predict nonsense.

    Parameters
    ----------
    path : str or path-like
        File written by :func:`save`.

    Returns
    -------
    classifier : DNNClassifier or RNNClassifier
        The fitted classifier. Its parameter `device` says where it computes; "auto"
        is a GPU only if there is one.

    Raises
    ------
    ValueError
        If the file is damaged, of another kind or version, or its parts don't fit each
        other, as weights of other shapes than those of the network.
    OSError
        If it can't be read.

    See Also
    --------
    save : Has an example.

    Examples
    --------
    >>> from skxent.neural import load
    >>> load("no such file")
    Traceback (most recent call last):
    FileNotFoundError: [Errno 2] No such file or directory: 'no such file'
    """
    content = read(path)
    try:
        return _restore(*unpack(content))
    except MemoryError:
        raise
    except Exception as error:  # a forged document may be anything
        reason = error if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"
        raise ValueError(f"{path} can't be loaded: {reason}") from error


def _restore(text, arrays):
    """Return the classifier of a document and its arrays, after checking that they fit."""
    document = json.loads(text)
    if document["format"] != _FORMAT:
        raise ValueError(f"the format {document['format']!r} is not known")
    kind = _CLASSIFIERS[document["classifier"]]
    later = {name: value for name, value in _LATER.items() if name in kind._FORM}
    classifier = kind(**later | _from_plain(document["parameters"]))
    classifier._validate_params()
    fitted = _from_plain(document["attributes"])
    for name, value in fitted.items():
        _require(type(value) is _PLAIN[name], f"{name}={value!r}")
    for name in _CURVES:
        if (curve := arrays.get(f"curves/{name}")) is not None:
            _require(curve.ndim == 1 and curve.dtype == np.float64, f"{name} of {curve.shape}")
            fitted[name] = curve
    for name, entry in document["labels"].items():
        _require(name in _LABELS, f"labels {name}")
        fitted[name] = _restore_labels(entry, arrays.get(f"labels/{name}"))
        _require(fitted[name].ndim == 1, f"{name} of {fitted[name].shape}")
    n_features, n_classes = fitted["n_features_in_"], len(fitted["classes_"])
    is_distinct = len(set(fitted["classes_"].tolist())) == n_classes > 1
    _require(n_features > 0 and is_distinct, f"{n_features} features, {n_classes} classes")
    if (names := fitted.get("feature_names_in_")) is not None:
        is_named = len(names) == n_features and all(type(name) is str for name in names.tolist())
        _require(is_named, f"feature_names_in_ of {n_features} features")
    form = later | _from_plain(document["form"])
    weights = {name: array for name, array in arrays.items() if "/" not in name}
    network = _make_network(kind, form, n_features, n_classes, len(weights))
    _check_weights(network, weights, "weights_")
    fitted |= {"weights_": weights, "_form": form}
    fitted |= _restore_training(document["training"], arrays, network, fitted)
    vars(classifier).update(fitted)
    return classifier


def _make_network(kind, form, n_features, n_classes, n_arrays):
    """Return a network of a form that holds no numbers, after checking the form."""
    _require(form.keys() == set(kind._FORM), f"the form {form}")
    constraints = {name: kind._parameter_constraints[name] for name in form}
    validate_parameter_constraints(constraints, form, caller_name=kind.__name__)
    # Layers take memory even without numbers; each has an array in the file.
    n_layers = form["n_layers"] if "n_layers" in form else len(form["hidden_layer_sizes"])
    _require(n_layers <= n_arrays, f"{n_layers} layers of {n_arrays} arrays")
    with torch.device("meta"):
        return kind()._make_network(form, n_features, n_classes)


def _check_weights(network, weights, what):
    """Refuse weights that are not those of the network."""
    expected = network.state_dict()
    _require(weights.keys() == expected.keys(), f"{what} of {sorted(weights)}")
    for name, value in expected.items():
        _check_array(weights[name], value, f"{what}[{name!r}]")


def _check_array(array, expected, what):
    """Refuse an array of another shape or type than a tensor."""
    if array.shape != tuple(expected.shape):
        raise ValueError(f"{what} has the shape {array.shape}, not {tuple(expected.shape)}")
    _require(array.dtype.name == str(expected.dtype).removeprefix("torch."), f"{what}: its type")


def _require(condition, what):
    """Raise the error of a file whose parts don't fit each other."""
    if not condition:
        raise ValueError(f"{what} can't be what was saved")


# Labels


def _describe_labels(fitted):
    """Return the types of labels, or the labels themselves if they are objects; and arrays."""
    described, arrays = {}, {}
    for name in _LABELS:
        if name not in fitted:
            continue
        labels = fitted[name]
        described[name] = {"dtype": labels.dtype.str}
        if labels.dtype.kind == "U":
            codes = labels.astype(labels.dtype.newbyteorder("<"), order="C", copy=False)
            arrays[f"labels/{name}"] = codes.view("<u4").reshape(len(labels), -1)
        elif labels.dtype.kind == "b":
            arrays[f"labels/{name}"] = labels.astype(np.uint8)
        elif labels.dtype.kind in "iuf" and can_hold(labels):
            arrays[f"labels/{name}"] = labels
        else:
            described[name]["values"] = _as_plain(name, labels)
    return described, arrays


def _restore_labels(entry, array):
    dtype = np.dtype(entry["dtype"])
    if dtype.kind == "O":
        labels = np.empty(len(entry["values"]), dtype=object)
        labels[:] = _from_plain(entry["values"])
        return labels
    little = dtype.newbyteorder("<")
    if dtype.kind == "U":
        _require(array.max() <= sys.maxunicode, "labels of no characters")
        return array.view(little)[:, 0].astype(dtype)
    is_of_type = array.dtype == (np.uint8 if dtype.kind == "b" else little)
    _require(dtype.kind in "biuf" and is_of_type, f"labels {dtype}")
    return array.astype(dtype)


# The state of training


def _describe_training(fitted, weights):
    """Return what `partial_fit` and a warm start continue from: plain values, and arrays."""
    sums, n_rows = fitted["_seen"]
    plain, arrays = {"n_rows": int(n_rows)}, {"training/sums": sums}
    state = fitted["_continuation"]
    if state is None:
        return plain, arrays
    plain |= {"n_epochs": state.n_epochs, "plateau": list(state.plateau), "generators": {}}
    for name in ("random_state", "seeds"):
        generator = getattr(state, name).get_state(legacy=False)
        if generator["bit_generator"] != "MT19937":
            raise TypeError(f"{name} can't be saved: {generator['bit_generator']}")
        arrays[f"training/{name}"] = generator["state"]["key"]
        rest = {"pos": generator["state"]["pos"], "gauss": generator["gauss"]}
        plain["generators"][name] = rest | {"has_gauss": generator["has_gauss"]}
    if state.params is not weights:
        arrays |= {f"training/weights/{name}": value for name, value in state.params.items()}
    for number, moments in (state.rule or {}).items():
        arrays |= {f"training/moments/{number}/{name}": moments[name] for name in _MOMENTS}
    return plain, arrays


def _restore_training(plain, arrays, network, fitted):
    """Return the attributes that hold the state of training."""
    sums, n_rows = arrays["training/sums"], plain["n_rows"]
    _require(
        sums.shape == fitted["classes_"].shape and sums.dtype == np.float64, f"sums of {sums.shape}"
    )
    _require(type(n_rows) is int, f"n_rows={n_rows!r}")
    training = {"_seen": (sums, n_rows), "_continuation": None}
    if "n_epochs" not in plain:
        return training
    generators = {}
    for name in ("random_state", "seeds"):
        key, rest = arrays[f"training/{name}"], plain["generators"][name]
        # NumPy would read beyond the key.
        _require(key.shape == (624,) and rest["pos"] in range(625), f"{name} {rest}")
        generators[name] = np.random.RandomState()
        generators[name].set_state(("MT19937", key, rest["pos"], rest["has_gauss"], rest["gauss"]))
    last = _with_prefix(arrays, "training/weights/") or fitted["weights_"]
    _check_weights(network, last, "the last weights")
    best, n_stale, factor = plain["plateau"]
    for value, kind in [(best, float), (n_stale, int), (factor, float), (plain["n_epochs"], int)]:
        _require(type(value) is kind, f"the state {plain}")
    training["_continuation"] = Continuation(
        "adamw",
        **generators,
        params=last,
        rule=_restore_moments(arrays, network),
        plateau=Plateau(best, n_stale, factor),
        n_epochs=plain["n_epochs"],
    )
    return training


def _restore_moments(arrays, network):
    """Return the moments of all parameters of the network, or None if there are none."""
    if not _with_prefix(arrays, "training/moments/"):
        return None
    groups = make_optimizer(network, weight_decay=0.0).param_groups
    moments = {}
    for number, parameter in enumerate(chain.from_iterable(group["params"] for group in groups)):
        moments[number] = _with_prefix(arrays, f"training/moments/{number}/")
        for name in _MOMENTS:
            expected = parameter.new_empty(()) if name == "step" else parameter
            _check_array(moments[number][name], expected, f"{name} of parameter {number}")
    return moments


def _with_prefix(arrays, prefix):
    return {
        name.removeprefix(prefix): value
        for name, value in arrays.items()
        if name.startswith(prefix)
    }


# Plain values


def _as_plain(name, value):
    """Return a value as one that JSON has; tuples and dictionaries are marked as such."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, dict):
        entries = value.items()
        return {"dict": [[_as_plain(name, k), _as_plain(f"{name}{k}", v)] for k, v in entries]}
    if isinstance(value, tuple):
        return {"tuple": [_as_plain(name, entry) for entry in value]}
    if isinstance(value, list):
        return [_as_plain(name, entry) for entry in value]
    if isinstance(value, np.ndarray):
        return _as_plain(name, value.tolist())
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"{name} can't be saved without executing code when it is loaded: {value!r}")


def _from_plain(value):
    """Return the value that `_as_plain` has made plain."""
    if isinstance(value, list):
        return [_from_plain(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    ((kind, entries),) = value.items()
    if kind == "tuple":
        return tuple(_from_plain(entries))
    _require(kind == "dict", kind)
    return {_from_plain(key): _from_plain(entry) for key, entry in entries}
