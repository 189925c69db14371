"""What a report is about: clips, labels, probabilities and speakers, checked."""

import os
from collections.abc import Sequence
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skxent.audio._clips import is_missing
from skxent.audio._deferred import deferred_of
from skxent.features import MFCCTransformer
from skxent.features._inputs import list_clips, name_clip
from skxent.report._accuracy import number_speakers
from skxent.report._media import Trimming
from skxent.report._suspects import suspect_labels

# Of single precision, and of probabilities that were written to a file.
_LARGEST_EXCESS = 1e-3

# Files are resampled to it where no transformer has a rate.
_USUAL_RATE = 16000.0


class Results(NamedTuple):
    """Everything about the clips that the page tells.

    `targets` and `predicted` are numbers of `classes`, which are those of the classifier, and then
    those that `y` alone has. `speakers` has the speaker of each number in `groups`, None if there
    are none; clips without a speaker have numbers beyond. `order` sorts clips by loss, suspected
    labels first.
    """

    clips: list[Any]
    names: list[str]
    classes: list[Any]
    targets: NDArray[np.int64]
    predicted: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    losses: NDArray[np.float64]
    suspected: NDArray[np.bool_]
    order: NDArray[np.int64]
    groups: NDArray[np.int64] | None
    speakers: list[Any]

    @property
    def is_right(self) -> NDArray[np.bool_]:
        """Whether each clip's likeliest class is its label."""
        right: NDArray[np.bool_] = self.targets == self.predicted
        return right


def gather(estimator: Any, classes: Any, model: Any, clips: Any, y: Any, groups: Any) -> Results:
    """Check what a report is made of, predict if need be, and put it together."""
    listed = list_clips(clips)
    listed = list(np.asarray(clips)) if listed is None else listed
    log_probabilities, known = _predict(estimator, classes, model, clips, len(listed))
    labels = _check_labels(y, len(listed))
    classes, targets = _encode(labels, known)
    n_more = len(classes) - len(known)
    log_probabilities = np.pad(log_probabilities, ((0, 0), (0, n_more)), constant_values=-np.inf)
    probabilities = np.exp(log_probabilities)
    losses = np.maximum(0.0, -log_probabilities[np.arange(len(labels)), targets])
    suspected = suspect_labels(targets, probabilities)
    numbers, speakers = _check_groups(groups, len(listed))
    return Results(
        clips=listed,
        names=name_clips(listed),
        classes=classes,
        targets=targets,
        predicted=probabilities.argmax(axis=1),
        probabilities=probabilities,
        losses=losses,
        suspected=suspected,
        order=np.lexsort((np.arange(len(losses)), -losses, ~suspected)),
        groups=numbers,
        speakers=speakers,
    )


def name_clips(clips: Sequence[Any]) -> list[str]:
    """Return the path of each clip below the folder that all are in, or its number."""
    paths = {
        i: os.path.abspath(os.path.expanduser(os.fspath(clip)))
        for i, clip in enumerate(clips)
        if isinstance(clip, str | os.PathLike)
    }
    try:
        folder = os.path.commonpath([os.path.dirname(path) for path in paths.values()])
    except ValueError:  # none, or on several drives
        folder = None
    relative = {
        i: path if folder is None else os.path.relpath(path, folder) for i, path in paths.items()
    }
    return [
        relative[i] if i in relative else name_clip(i, clip if deferred_of(clip) else None)
        for i, clip in enumerate(clips)
    ]


def find_transformer(model: Any) -> MFCCTransformer | None:
    """Return the transformer of a pipeline or search, the first that trims if there are several."""
    if hasattr(model, "best_estimator_"):
        return find_transformer(model.best_estimator_)
    if isinstance(model, MFCCTransformer):
        return model
    params = model.get_params() if hasattr(model, "get_params") else {}
    found = [value for value in params.values() if isinstance(value, MFCCTransformer)]
    found.sort(key=lambda transformer: transformer.trim is None)
    return found[0] if found else None


def trimming_of(transformer: MFCCTransformer | None) -> Trimming | None:
    """Return how a transformer trims, None if it doesn't."""
    if transformer is None or transformer.trim is None:
        return None
    return Trimming(transformer._front_end(), transformer.trim)


def choose_rate(
    sample_rate: float | None, transformer: MFCCTransformer | None, clips: Sequence[Any]
) -> float:
    """Return the rate at which clips are shown: the transformer's, the given or the usual one."""
    if transformer is not None:
        if sample_rate not in (None, transformer.sample_rate):
            raise ValueError(
                f"sample_rate={sample_rate!r} must be that of the transformer, "
                f"{transformer.sample_rate}, or None"
            )
        return float(transformer.sample_rate)
    if sample_rate is not None:
        if not isinstance(sample_rate, Real) or not 1 <= sample_rate < np.inf:
            raise ValueError(
                f"sample_rate={sample_rate!r} must be a number, at least 1: it is in hertz"
            )
        return float(sample_rate)
    for number, clip in enumerate(clips):
        if not isinstance(clip, str | os.PathLike | tuple):
            raise ValueError(
                f"sample_rate must be given, in hertz: {name_clip(number, None)} is an array "
                "without a rate, and there is no MFCCTransformer that has one"
            )
    return _USUAL_RATE


def _predict(
    estimator: Any, classes: Any, model: Any, clips: Any, n_clips: int
) -> tuple[NDArray[np.float64], list[Any]]:
    """Return the logarithms of probabilities (n_clips, n_classes), and the classes."""
    if hasattr(estimator, "predict_proba"):
        if classes is not None:
            raise ValueError("classes must be None for an estimator, which has classes_")
        if hasattr(estimator, "predict_log_proba"):  # also of what underflows
            logs = np.asarray(estimator.predict_log_proba(clips), np.float64)
            _check_probabilities(np.exp(logs))
            return logs, _list_classes(estimator.classes_, logs.shape[1])
        probabilities = np.asarray(estimator.predict_proba(clips), np.float64)
        known = _list_classes(estimator.classes_, probabilities.shape[1])
    else:
        if hasattr(estimator, "fit"):
            raise TypeError(
                f"estimator must have predict_proba, {type(estimator).__name__} has none: use "
                "CalibratedClassifierCV, or give probabilities"
            )
        probabilities = np.asarray(estimator)
        if probabilities.dtype.kind not in "iuf" or probabilities.ndim != 2:
            raise TypeError(
                "estimator must be a fitted classifier of clips, or probabilities of shape "
                f"(n_clips, n_classes), got {type(estimator).__name__} "
                f"of shape {probabilities.shape}"
            )
        if len(probabilities) != n_clips:
            raise ValueError(
                f"estimator must have a row of probabilities for each of {n_clips} clips, "
                f"got {len(probabilities)}"
            )
        probabilities = probabilities.astype(np.float64)
        classes = getattr(model, "classes_", None) if classes is None else classes
        if classes is None:
            raise ValueError(
                "classes must be given with probabilities: the label of each of their columns"
            )
        known = _list_classes(classes, probabilities.shape[1])
    _check_probabilities(probabilities)
    with np.errstate(divide="ignore"):
        return np.log(probabilities), known


def _check_probabilities(probabilities: NDArray[np.float64]) -> None:
    """Raise an error that names the first row that holds no probabilities."""
    is_bad = ~((probabilities >= 0.0) & (probabilities <= 1.0 + _LARGEST_EXCESS)).all(axis=1)
    is_bad |= ~(np.abs(probabilities.sum(axis=1) - 1.0) <= _LARGEST_EXCESS)
    if is_bad.any():
        row = int(is_bad.argmax())
        raise ValueError(
            "probabilities must be from 0 to 1 and add up to 1, "
            f"those of clip {row} are {probabilities[row].tolist()}"
        )


def _list_classes(classes: Any, n_columns: int) -> list[Any]:
    array = np.asarray(classes)
    if array.shape != (n_columns,):
        raise ValueError(
            f"classes must have one label for each of {n_columns} columns of probabilities, "
            f"got shape {array.shape}"
        )
    listed: list[Any] = array.tolist()
    if len(set(listed)) < len(listed):
        raise ValueError(f"classes must differ, got {listed}")
    return listed


def _check_labels(y: Any, n_clips: int) -> list[Any]:
    array = np.asarray(y, object)  # of a list of numbers and words, each as it is
    if array.shape != (n_clips,):
        raise ValueError(
            f"y must have one label for each of {n_clips} clips, got shape {array.shape}"
        )
    labels: list[Any] = array.tolist()
    for i, label in enumerate(labels):
        if is_missing(label):
            raise ValueError(f"y must have a label for each clip, that of clip {i} is {label}")
    return labels


def _encode(labels: list[Any], known: list[Any]) -> tuple[list[Any], NDArray[np.int64]]:
    """Return the classes, with those that labels alone have at the end, and labels as numbers."""
    numbers = {label: i for i, label in enumerate(known)}
    if not any(label in numbers for label in labels):
        raise ValueError(
            f"y must hold labels that the classifier knows, such as {known[0]!r}, got {labels[0]!r}"
        )
    for label in labels:
        numbers.setdefault(label, len(numbers))
    return list(numbers), np.array([numbers[label] for label in labels], np.int64)


def _check_groups(groups: Any, n_clips: int) -> tuple[NDArray[np.int64] | None, list[Any]]:
    if groups is None:
        return None, []
    array = np.asarray(groups)
    if array.shape != (n_clips,):
        raise ValueError(
            f"groups must have one speaker for each of {n_clips} clips, got shape {array.shape}"
        )
    listed = [None if is_missing(group) else group for group in array.tolist()]
    if all(group is None for group in listed):
        return None, []
    return number_speakers(listed)
