"""A fitted pipeline taken apart, or an error that names the step that can't be exported."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.linear_model import (
    LogisticRegression,
    LogisticRegressionCV,
    RidgeClassifier,
    RidgeClassifierCV,
)
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.utils.validation import check_is_fitted

from skxent.augmentation import AugmentedClassifier
from skxent.features import MFCCTransformer
from skxent.linear import SoftmaxClassifier
from skxent.search import SoftmaxClassifierCV
from skxent.sequences import FramewiseClassifier

# Whose softmax of the scores is their predict_proba.
PROBABILISTIC = (
    SoftmaxClassifier,
    SoftmaxClassifierCV,
    LogisticRegression,
    LogisticRegressionCV,
    LinearDiscriminantAnalysis,
)
LINEAR = (*PROBABILISTIC, RidgeClassifier, RidgeClassifierCV, LinearSVC)
QUADRATIC = (QuadraticDiscriminantAnalysis,)
NETWORKS = ("DNNClassifier", "RNNClassifier")


class Step(NamedTuple):
    """A step of a pipeline, and how a message names it."""

    title: str
    estimator: Any

    def refuse(self, why: str) -> ValueError:
        """Return an error that says why the step can't be exported."""
        return ValueError(f"{self.title} can't be exported: {why}")


class Steps(NamedTuple):
    """What a pipeline from clips to labels consists of."""

    transformer: Step
    scalers: list[Step]
    classifier: Step


def take_apart(pipeline: Any) -> Steps:
    """Return the steps of a fitted pipeline from clips to labels."""
    first, *rest = _unwrap("pipeline", pipeline)
    if not isinstance(first.estimator, MFCCTransformer):
        raise first.refuse("a pipeline must begin with an MFCCTransformer")
    if not rest:
        raise first.refuse("a pipeline must end with a classifier")
    scalers, classifier = _split(rest)
    kinds = (*LINEAR, *QUADRATIC, FramewiseClassifier)
    if not isinstance(classifier.estimator, kinds) and network_of(classifier.estimator) is None:
        raise classifier.refuse(f"of classifiers, {supported()} can")
    of_rows = rest[0]
    needs_rows = isinstance(of_rows.estimator, (StandardScaler, *LINEAR, *QUADRATIC))
    if needs_rows and first.estimator.pooling is None:
        raise of_rows.refuse(f"it needs rows, and {first.title} has pooling=None")
    n_features: int = len(first.estimator.get_feature_names_out())
    n_expected = of_rows.estimator.n_features_in_
    if n_features != n_expected:
        raise of_rows.refuse(
            f"it was fitted to {n_expected} features, and {first.title} computes {n_features}"
        )
    return Steps(first, scalers, classifier)


def take_inner_apart(framewise: Step) -> tuple[list[Step], Step]:
    """Return the scalers and the classifier of frames of a FramewiseClassifier."""
    name = f"the estimator of {framewise.title}"
    scalers, inner = _split(_unwrap(name, framewise.estimator.estimator_, within=True))
    if not isinstance(inner.estimator, (*LINEAR, *QUADRATIC)):
        raise inner.refuse(f"of classifiers of frames, {supported(framewise=True)} can")
    return scalers, inner


def labels_of(classifier: Step) -> NDArray[Any]:
    """Return the labels of a classifier as integers of 64 bits, or as strings in objects."""
    # Of the classifiers that can be exported, those of ridge regression alone take such a y.
    binarizer = getattr(classifier.estimator, "_label_binarizer", None)
    if binarizer is not None and binarizer.y_type_.startswith("multilabel"):
        raise classifier.refuse("it predicts several labels of a clip at once")
    labels = np.asarray(classifier.estimator.classes_)
    if labels.dtype.kind in "iu":
        return labels.astype(np.int64)
    if all(isinstance(label, str) for label in labels):
        return np.array([str(label) for label in labels], dtype=object)
    raise classifier.refuse(f"labels must be strings or integers, got {labels.tolist()!r}")


def network_of(estimator: Any) -> str | None:
    """Return the name of the network of skxent.neural that an estimator is, without PyTorch."""
    for kind in type(estimator).__mro__:
        if kind.__module__.startswith("skxent.neural.") and kind.__name__ in NETWORKS:
            return kind.__name__
    return None


def supported(*, framewise: bool = False) -> str:
    """Return the names of the classifiers that can be exported."""
    names = [kind.__name__ for kind in (*LINEAR, *QUADRATIC)]
    if not framewise:
        names += ["FramewiseClassifier", *NETWORKS]
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _unwrap(name: str, estimator: Any, *, within: bool = False) -> list[Step]:
    """Return the steps of an estimator, of pipelines in pipelines, and of what a search found."""
    step = Step(f"{name} ({type(estimator).__name__})", estimator)
    if isinstance(estimator, BaseSearchCV):
        check_is_fitted(estimator)
        if not hasattr(estimator, "best_estimator_"):
            raise step.refuse("a search needs refit=True")
        return _unwrap(name, estimator.best_estimator_, within=within)
    if isinstance(estimator, AugmentedClassifier):
        check_is_fitted(estimator)
        return _unwrap(name, estimator.estimator_, within=within)
    if isinstance(estimator, Pipeline):
        return [
            step
            for part_name, part in estimator.steps
            if part not in (None, "passthrough") and not hasattr(part, "fit_resample")
            for step in _unwrap(
                f"step {part_name!r} of {name}" if within else f"step {part_name!r}",
                part,
                within=within,
            )
        ]
    return [step]


def _split(steps: list[Step]) -> tuple[list[Step], Step]:
    """Return the scalers and the classifier, which must be all that there is."""
    *scalers, classifier = steps
    for step in scalers:
        if not isinstance(step.estimator, StandardScaler):
            raise step.refuse("between features and classifier, only StandardScaler can")
        check_is_fitted(step.estimator)
    check_is_fitted(classifier.estimator)
    return scalers, classifier
