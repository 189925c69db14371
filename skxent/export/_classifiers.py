"""The scores of fitted classifiers."""

from typing import Any

import numpy as np
from scipy.sparse import issparse

from skxent.export._graph import Value
from skxent.export._linear import add_linear_scores, add_quadratic_scores, add_scaling
from skxent.export._networks import add_feed_forward_scores, add_recurrent_scores
from skxent.export._pooling import Clips
from skxent.export._sequences import add_aggregation, add_context
from skxent.export._steps import (
    LINEAR,
    PROBABILISTIC,
    QUADRATIC,
    Step,
    network_of,
    take_inner_apart,
)
from skxent.sequences import FramewiseClassifier


def add_scores(clips: Clips, step: Step) -> Value:
    """Return scores of clips, (batch, n_classes), as `kind_of_scores` says what they are."""
    classifier = step.estimator
    if isinstance(classifier, FramewiseClassifier):
        scalers, inner = take_inner_apart(step)
        clips = add_context(clips, classifier.context, position=classifier.position)
        is_vote = classifier.aggregate == "vote"
        if not is_vote and kind_of_scores(inner.estimator) != "log_probabilities":
            raise inner.refuse("it has no probabilities")
        scores = _add_scores_of_rows(add_scalers(clips.frames, scalers), inner)
        return add_aggregation(clips, scores, classifier.aggregate)
    network = network_of(classifier)
    if network is not None:
        add = {"DNNClassifier": add_feed_forward_scores, "RNNClassifier": add_recurrent_scores}
        return add[network](clips, classifier.weights_, classifier._form)
    return _add_scores_of_rows(clips.frames, step).reshape(0, -1)


def kind_of_scores(classifier: Any) -> str:
    """Return what scores are: "log_probabilities" but for a constant, "probabilities", "other"."""
    if isinstance(classifier, FramewiseClassifier):
        return "probabilities" if classifier.aggregate == "vote" else "log_probabilities"
    is_other = isinstance(classifier, LINEAR) and not isinstance(classifier, PROBABILISTIC)
    return "other" if is_other else "log_probabilities"


def add_scalers(rows: Value, scalers: list[Step]) -> Value:
    """Return rows as they come out of scalers."""
    for step in scalers:
        scaler = step.estimator
        mean = scaler.mean_ if scaler.with_mean else None
        rows = add_scaling(rows, mean, scaler.scale_ if scaler.with_std else None)
    return rows


def _add_scores_of_rows(rows: Value, step: Step) -> Value:
    classifier = step.estimator
    if isinstance(classifier, QUADRATIC):
        pairs = zip(classifier.rotations_, classifier.scalings_, strict=True)
        whitenings = np.array([rotation / np.sqrt(scaling) for rotation, scaling in pairs])
        log_volumes = [np.sum(np.log(scaling)) for scaling in classifier.scalings_]
        offsets = np.log(classifier.priors_) - 0.5 * np.array(log_volumes)
        return add_quadratic_scores(rows, classifier.means_, whitenings, offsets)
    coef = classifier.coef_
    coef = coef.toarray() if issparse(coef) else np.atleast_2d(coef)
    intercept = np.broadcast_to(np.ravel(classifier.intercept_), len(coef))
    return add_linear_scores(rows, coef, intercept)
