"""Scores of states for frames, by a classifier that was fitted to the states of frames."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_classifier

from skxent.frames._neighbours import join
from skxent.frames._ragged import lengths_of, split

# What a probability of zero counts for, as a logarithm: less than any other of a whole clip.
_IMPOSSIBLE = -1e4


def takes_clips(classifier: Any) -> bool:
    """Return whether a classifier of frames is one of sequences, as a recurrent network is."""
    return hasattr(type(classifier), "predict_frames_proba")


def check_frame_classifier(classifier: Any) -> None:
    """Raise a ValueError if a classifier cannot give probabilities of frames."""
    name = type(classifier).__name__
    if not is_classifier(classifier):
        raise ValueError(f"estimator must be a classifier, got {name}")
    if takes_clips(classifier):
        if not hasattr(classifier, "predict_frames_proba"):
            raise ValueError(
                f"estimator must predict probabilities of frames, which {classifier!r} does not"
            )
    elif not (hasattr(classifier, "predict_log_proba") or hasattr(classifier, "predict_proba")):
        raise ValueError(
            f"estimator must have predict_log_proba or predict_proba, but {name} has neither"
        )


def fit_states(
    classifier: Any,
    clips: Sequence[NDArray[Any]],
    states: NDArray[Any],
    params: dict[str, Any],
) -> None:
    """Fit a classifier to the frames of clips and their states (n_frames,)."""
    if (states == states[0]).all():
        raise ValueError(
            "the frames of all clips have the same state, and so one class: nothing to tell apart; "
            "words must differ in their phones, or n_states must be larger"
        )
    if takes_clips(classifier):
        classifier.fit(list(clips), list(split(states, lengths_of(clips))), **params)
    else:
        classifier.fit(join(clips), states, **params)


def score_states(
    classifier: Any,
    priors: NDArray[np.float64],
    clips: Sequence[NDArray[Any]],
    chosen: Iterable[int],
    states: NDArray[Any],
) -> NDArray[np.float64]:
    """Return log p(state | frame) - log p(state) of the frames of chosen clips, for some states.

    `chosen` are indices of clips. `priors` are those of all states. Minus infinity for states
    that the classifier was never fitted to. A constant may be added to all states of a frame.
    """
    classes = np.asarray(classifier.classes_)
    places = np.searchsorted(classes, states).clip(max=len(classes) - 1)
    known = classes[places] == states
    found = _log_proba(classifier, [clips[i] for i in chosen], places[known])
    if np.isnan(found).any():
        raise ValueError(f"{type(classifier).__name__} predicts NaN for the states of some frames")
    scores = np.full((len(found), len(states)), -np.inf)
    scores[:, known] = np.maximum(found, _IMPOSSIBLE) - np.log(priors[states[known]])
    return scores


def _log_proba(classifier: Any, clips: list[NDArray[Any]], columns: NDArray[Any]) -> Any:
    """Return columns of a classifier's log-probabilities of frames."""
    if hasattr(classifier, "score_classes"):
        # Densities need not be normalised over the states: those asked for are enough.
        return classifier.score_classes(join(clips), columns)
    with np.errstate(divide="ignore"):  # the logarithm of zero, here or in the classifier
        if takes_clips(classifier):
            log_proba = np.log(np.concatenate(list(classifier.predict_frames_proba(clips))))
        elif hasattr(classifier, "predict_log_proba"):
            log_proba = classifier.predict_log_proba(join(clips))
        else:
            log_proba = np.log(classifier.predict_proba(join(clips)))
    return log_proba[:, columns]
