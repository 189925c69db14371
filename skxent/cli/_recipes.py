"""The candidates for each task: the recipes of the guide ("Choosing features")."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from sklearn.base import clone
from sklearn.ensemble import VotingClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from skxent.augmentation import AddNoise, AudioAugmenter, AugmentedClassifier
from skxent.features import MFCCTransformer
from skxent.linear import SoftmaxClassifier
from skxent.sequences import GaussianClassifier
from skxent.words import LexiconClassifier

TASKS = ("words", "voices", "sounds")


@dataclasses.dataclass(frozen=True)
class Recipe:
    """Features and a classifier of them, or the mean of the probabilities of some `members`.

    Support vector machines are not among the classifiers: their probabilities need a calibration,
    whose types are not known to be harmless when a model is loaded.
    """

    name: str
    what: str
    features: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    classifier: Any = None
    members: tuple[str, ...] = ()
    is_portable: bool = False

    def transformer(self, sample_rate: float, **settings: Any) -> MFCCTransformer:
        """Return what computes the features."""
        return MFCCTransformer(sample_rate=sample_rate, **self.features, **settings)

    def pipeline(self, sample_rate: float) -> Pipeline:
        """Return the pipeline from clips to labels."""
        steps = [step for _, step in self.classifier.steps]
        return make_pipeline(self.transformer(sample_rate), *map(clone, steps))


def _softmax(name: str, what: str, alpha: float = 0.01, **features: Any) -> Recipe:
    classifier = make_pipeline(StandardScaler(), SoftmaxClassifier(alpha=alpha))
    return Recipe(name, what, {"deltas": 1, **features}, classifier, is_portable=True)


def recipes(task: str, *, portable: bool = False) -> dict[str, Recipe]:
    """Return the candidates for a task by their names, the simplest first."""
    found = _WORDS if task == "words" else _VOICES if task == "voices" else _SOUNDS
    return {recipe.name: recipe for recipe in found if recipe.is_portable or not portable}


def fit(
    recipe: Recipe,
    known: Mapping[str, Recipe],
    sample_rate: float,
    clips: list[Any],
    labels: Any,
    noise: bool = False,
) -> Any:
    """Return the classifier of clips that a recipe describes, fitted."""
    if recipe.members:
        pipelines = [(name, known[name].pipeline(sample_rate)) for name in recipe.members]
        estimator = VotingClassifier(pipelines, voting="soft")
    else:
        estimator = recipe.pipeline(sample_rate)
    if noise:
        noisy = AugmentedClassifier(estimator, augmenter(sample_rate))
        estimator = noisy.fit(clips, labels).estimator_
    else:
        estimator = estimator.fit(clips, labels)
    # The same estimators once more, in a type that is not trusted when a model is loaded.
    vars(estimator).pop("named_estimators_", None)
    return estimator


def augmenter(sample_rate: float) -> AudioAugmenter:
    """Return what makes a noisy copy of each clip, which holds no other clip."""
    return AudioAugmenter(AddNoise(["white", "pink"]), sample_rate=sample_rate, random_state=0)


_WORDS = (
    _softmax("segments", "five segments, trimmed; softmax", trim=35, n_segments=5),
    Recipe(
        "states",
        "frames in order; states of each word",
        {"deltas": 1, "pooling": None},
        make_pipeline(LexiconClassifier()),
    ),
    Recipe(
        "finer states",
        "the same with more coefficients, normalized; not projected",
        {
            "n_mfcc": 16,
            "deltas": 2,
            "delta_width": 3,
            "normalize": "mean_std",
            "pooling": None,
        },
        make_pipeline(
            LexiconClassifier(estimator=GaussianClassifier(), n_iter=0, n_refits=2, context=0)
        ),
    ),
    Recipe("vote", "the mean of both states", members=("states", "finer states")),
)

_VOICES = (
    _softmax("whole", "the clip as a whole; softmax", n_mfcc=20, pooling="statistics"),
    _softmax(
        "whole, trimmed", "the same, trimmed; softmax", n_mfcc=20, pooling="statistics", trim=35
    ),
    _softmax("segments", "five segments, trimmed; softmax", n_mfcc=20, n_segments=5, trim=35),
)

_SOUNDS = (
    _softmax("whole", "the clip as a whole; softmax", n_mfcc=20, pooling="statistics"),
    _softmax("whole, smoother", "the same, stronger penalty", 0.1, n_mfcc=20, pooling="statistics"),
    _softmax("segments", "five segments; softmax", n_mfcc=20, n_segments=5),
)
