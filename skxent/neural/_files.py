"""Saving fitted networks, and loading them without executing code."""

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted

from skxent.neural._dnn import DNNClassifier
from skxent.neural._rnn import RNNClassifier

_CLASSIFIERS = {kind.__name__: kind for kind in (DNNClassifier, RNNClassifier)}
_FORMAT = 1
_LABELS = {"classes_", "feature_names_in_"}
_CURVES = {"loss_curve_", "validation_loss_curve_", "validation_score_curve_"}
_PLAIN = {
    "n_features_in_",
    "n_iter_",
    "solver_",
    "learning_rate_",
    "converged_",
    "gradient_norm_",
}


def save(classifier, path):
    """Save a fitted classifier to a file of weights and plain values.

    The state of its optimizer is not saved: after :func:`load`, `partial_fit` and a
    warm start continue from the weights alone. A pickle keeps it, but can execute
    code when it is loaded.

    Parameters
    ----------
    classifier : DNNClassifier or RNNClassifier
        A fitted classifier.
    path : str or path-like
        Where to write.

    Raises
    ------
    TypeError
        If it is another object, or has a parameter that is no plain value, such as
        a callable schedule.
    NotFittedError
        If it has not been fitted.

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
    ...     save(classifier, Path(folder) / "iris.pt")
    ...     loaded = load(Path(folder) / "iris.pt")
    >>> bool((loaded.predict_proba(X) == classifier.predict_proba(X)).all())
    True
    """
    kind = type(classifier).__name__
    if _CLASSIFIERS.get(kind) is not type(classifier):
        raise TypeError(f"classifier must be a DNNClassifier or RNNClassifier, got {classifier!r}")
    check_is_fitted(classifier, "weights_")
    fitted = vars(classifier)
    document = {
        "format": _FORMAT,
        "classifier": kind,
        "parameters": _as_plain("parameter ", classifier.get_params(deep=False)),
        "form": _as_plain("parameter ", classifier._form),
        "attributes": _as_plain("", {name: fitted[name] for name in _PLAIN if name in fitted}),
        "labels": {
            name: {"dtype": fitted[name].dtype.str, "values": _as_plain(name, fitted[name])}
            for name in _LABELS
            if name in fitted
        },
        "arrays": {name: torch.from_numpy(fitted[name]) for name in _CURVES if name in fitted},
        "weights": {name: torch.as_tensor(value) for name, value in classifier.weights_.items()},
    }
    torch.save(document, path)


def load(path):
    """Load a classifier that was saved by `save`.

    The file is read by :func:`torch.load` with ``weights_only=True``, which executes
    no code of the file.

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
        If the file is of another kind.
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
    try:
        document = torch.load(path, map_location="cpu", weights_only=True)
        if document["format"] != _FORMAT:
            raise ValueError(f"the format {document['format']!r} is not known")
        classifier = _CLASSIFIERS[document["classifier"]](**document["parameters"])
        classifier._form = document["form"]
        plain, labels, arrays = (document[name] for name in ("attributes", "labels", "arrays"))
        fitted = {
            **{name: plain[name] for name in _PLAIN & plain.keys()},
            **{
                name: np.array(labels[name]["values"], dtype=labels[name]["dtype"])
                for name in _LABELS & labels.keys()
            },
            **{name: arrays[name].numpy() for name in _CURVES & arrays.keys()},
            "weights_": {name: values.numpy() for name, values in document["weights"].items()},
        }
    except OSError:
        raise
    except Exception as error:  # torch raises many kinds for other files
        raise ValueError(f"{path}: was not written by skxent.neural.save ({error})") from error
    for name, value in fitted.items():
        setattr(classifier, name, value)
    return classifier


def _as_plain(name, value):
    """Return a value made of Python's own types alone."""
    if isinstance(value, dict):
        return {
            _as_plain(name, key): _as_plain(f"{name}{key}", entry) for key, entry in value.items()
        }
    if isinstance(value, (list, tuple)):
        return type(value)(_as_plain(name, entry) for entry in value)
    if isinstance(value, np.ndarray):
        return _as_plain(name, value.tolist())
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise TypeError(f"{name} can't be saved without executing code when it is loaded: {value!r}")
