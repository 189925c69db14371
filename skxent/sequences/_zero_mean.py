"""Clips whose frames have mean zero, which scores that are linear in a frame can't tell apart."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxent.frames._ragged import sum_by_clip


def warn_if_alike(
    estimator: Any,
    frames: NDArray[Any],
    lengths: NDArray[Any],
    position: bool = False,
    *,
    stacklevel: int,
) -> None:
    """Warn if the frames of each clip have mean zero, and a fitted estimator's scores are linear.

    The mean score of a clip is then that of a frame of zeros, for each clip alike. And where all
    frames of a clip have its label, zero is where the gradient of the coefficients vanishes. With
    `position`, the last column is the frames' position, whose mean is 1/2 in each clip.
    """
    middle = np.zeros_like(frames[:1])
    features = frames
    if position:
        middle[:, -1] = 0.5
        features = frames[:, :-1]
    if _have_mean_zero(features, lengths) and _are_linear(estimator, frames, lengths, middle):
        warnings.warn(
            "the frames of each clip have mean zero, and the mean of the estimator's scores is the "
            "same for all clips, as of all scores that are linear in a frame: clips can't be told "
            "apart. Use a context or a nonlinear estimator, or leave the mean in the frames "
            "(normalize=None)",
            stacklevel=stacklevel + 1,
        )


def _have_mean_zero(frames: NDArray[Any], lengths: NDArray[Any], tol: float = 1e-4) -> bool:
    """Return whether the means of all clips are zero but for rounding, and some frames are not."""
    with np.errstate(over="ignore"):
        size = np.sqrt(np.einsum("ij,ij->j", frames, frames, dtype=np.float64) / len(frames))
    means = np.abs(sum_by_clip(frames, lengths)) / lengths[:, np.newaxis]
    return bool(size.any() and (means <= tol * size).all())


def _are_linear(
    estimator: Any,
    frames: NDArray[Any],
    lengths: NDArray[Any],
    mean: NDArray[Any],
    n_clips: int = 10,
) -> bool:
    """Return whether the mean score of each of a few clips is that of the clips' mean frame."""
    lengths = lengths[:n_clips]
    frames = frames[: lengths.sum()]
    with np.errstate(divide="ignore", invalid="ignore"):  # of a probability of zero
        scores = _scores(estimator, np.concatenate([mean, frames]))
        if scores is None:
            return False
        of_mean, scores = scores[0], scores[1:]
        gaps = np.abs(sum_by_clip(scores, lengths) / lengths[:, np.newaxis] - of_mean)
        # The scores may be those of float32, and all but constant.
        return bool((gaps <= 1e-2 * scores.std(axis=0) + 1e-6 * np.abs(scores).max()).all())


def _scores(estimator: Any, frames: NDArray[Any]) -> NDArray[np.float64] | None:
    """Return what is linear in a linear classifier (n_frames, n_scores), None if there are none."""
    if hasattr(estimator, "decision_function"):
        scores = np.asarray(estimator.decision_function(frames), dtype=np.float64)
        return scores.reshape(len(frames), -1)
    if hasattr(estimator, "predict_log_proba"):
        log_proba = np.asarray(estimator.predict_log_proba(frames), dtype=np.float64)
    elif hasattr(estimator, "predict_proba"):
        log_proba = np.log(np.asarray(estimator.predict_proba(frames), dtype=np.float64))
    else:
        return None
    ratios: NDArray[np.float64] = log_proba[:, 1:] - log_proba[:, :1]
    return ratios
