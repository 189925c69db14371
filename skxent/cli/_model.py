"""The file of a model: a classifier of recordings, and what is known of it."""

import dataclasses
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from skxent import __version__
from skxent.cli._errors import CommandError
from skxent.cli._files import write_whole

FORMAT = 1

# What a file may hold besides what skops trusts by itself: estimators whose loading runs none of
# its code and writes nothing.
TRUSTED = (
    "skxent._fitting._continuation.Continuation",
    "skxent._fitting._monitor.Plateau",
    "skxent.features._transformer.MFCCTransformer",
    "skxent.linear._classifier.SoftmaxClassifier",
    "skxent.mfcc._conventions.Convention",
    "skxent.sequences._framewise.FramewiseClassifier",
    "skxent.sequences._gaussian.GaussianClassifier",
    "skxent.words._classifier.LexiconClassifier",
)


@dataclasses.dataclass(frozen=True)
class Model:
    """A fitted classifier of clips, and what is known of it, as JSON holds it.

    `about` has at least the `sample_rate` in hertz. `skxent train` adds the figures, the versions,
    the command, quantiles of the `properties` of the training clips, and their digests.
    """

    estimator: Any
    about: dict[str, Any]

    @property
    def classes(self) -> list[str]:
        """The labels, in the order of the probabilities."""
        return [str(label) for label in self.estimator.classes_]

    @property
    def sample_rate(self) -> float:
        """In hertz."""
        return float(self.about["sample_rate"])


def save(model: Model, path: str) -> None:
    """Write a model, whole or not at all."""
    skops = _skops()
    content = {
        "format": FORMAT,
        "estimator": model.estimator,
        "about": json.dumps(model.about),  # as a text: skops has an object for each number
    }
    write_whole(path, lambda temporary: skops.dump(content, temporary))


def load(path: str) -> Model:
    """Read a model; a file that is none, or holds types that are not trusted, is an error."""
    if not Path(path).is_file():
        kind = "is a folder, not a model" if Path(path).is_dir() else "no such file"
        raise CommandError(f"{path}: {kind}")
    if not zipfile.is_zipfile(path):
        raise CommandError(f"{path} is no model: skxent train writes models")
    skops = _skops()
    try:
        untrusted = sorted(set(skops.get_untrusted_types(file=path)) - set(TRUSTED))
    except Exception as error:  # whatever a damaged file leads to
        raise CommandError(f"{path} is no model, or is damaged ({_one_line(error)})") from error
    if untrusted:
        raise CommandError(
            f"{path} is not loaded: it holds {', '.join(untrusted)}, and a type that is not known "
            "to be harmless could run any code"
        )
    try:
        content = skops.load(path, trusted=list(TRUSTED))
    except Exception as error:
        raise CommandError(
            f"{path} can't be loaded: it is damaged, or was written with other versions "
            f"({_one_line(error)})"
        ) from error
    return _check(content, path)


def _check(content: Any, path: str) -> Model:
    """Return the model that a file holds."""
    if not isinstance(content, dict) or "format" not in content:
        raise CommandError(
            f"{path} holds a {type(content).__name__}, not a model: skxent train writes models"
        )
    if content["format"] != FORMAT:
        raise CommandError(
            f"{path} has format {content['format']!r}, and this version of skxent reads format "
            f"{FORMAT}: train it anew, or use the version of skxent that wrote it"
        )
    try:
        about = json.loads(content["about"])
        model = Model(content["estimator"], about)
        is_sound = model.sample_rate > 0 and len(model.classes) > 1
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CommandError(f"{path} is no whole model: {_one_line(error)}") from error
    if not is_sound or not hasattr(model.estimator, "predict_proba"):
        raise CommandError(f"{path} is no whole model: it has no classes or no probabilities")
    return model


def probabilities(model: Model, clips: list[Any]) -> tuple[np.ndarray, dict[int, str]]:
    """Return the probabilities of clips, (n_clips, n_classes), and why some are NaN."""
    if not clips:
        return np.empty((0, len(model.classes))), {}
    try:
        return model.estimator.predict_proba(clips), {}
    except AttributeError as error:  # what an estimator of this version has once it is fitted
        version = model.about.get("versions", {}).get("skxent", "an unknown one")
        raise CommandError(
            f"the model was trained with another state of skxent (version {version}; this is "
            f"{__version__}): train it anew ({_one_line(error)})"
        ) from error
    except ValueError:  # of a single clip, such as one that is too short: find it
        pass
    found, reasons = np.full((len(clips), len(model.classes)), np.nan), {}
    for number, clip in enumerate(clips):
        try:
            found[number] = model.estimator.predict_proba([clip])[0]
        except ValueError as error:
            reasons[number] = _one_line(error)
    return found, reasons


def _skops() -> Any:
    try:
        import skops.io
    except ImportError as error:
        raise CommandError(
            'models are files of skops, which is not installed: pip install "skxent[cli]"'
        ) from error
    return skops.io


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) < 200 else f"{text[:200]}..."
