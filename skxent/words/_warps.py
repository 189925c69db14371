"""Warps of the frequency axis: pipelines with each of them, and the choice for each speaker."""

from collections.abc import Iterable
from copy import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from skxent.features import MFCCTransformer


def warped_pipelines(estimator: Any, warps: Any) -> list[tuple[float, Pipeline]]:
    """Return pairs of a warp and the pipeline with it, the warp nearest to one first.

    Only the MFCCTransformers are copies; all other steps are those of `estimator`.
    """
    steps = estimator.steps if isinstance(estimator, Pipeline) else []
    places = [i for i, (_, step) in enumerate(steps) if isinstance(step, MFCCTransformer)]
    if len(places) != 1:
        kinds = [type(step).__name__ for _, step in steps]
        got = f"a Pipeline of {', '.join(kinds)}" if steps else type(estimator).__name__
        raise ValueError(
            "estimator must be a Pipeline with exactly one MFCCTransformer among its steps, got "
            f"{got}"
        )
    name, transformer = steps[places[0]]
    pipelines = []
    for warp in _check_warps(warps, name, transformer):
        pipeline = copy(estimator)
        pipeline.steps = list(steps)
        warped = copy(transformer).set_params(fmax=transformer.fmax * warp)
        pipeline.steps[places[0]] = (name, warped)
        pipelines.append((warp, pipeline))
    return pipelines


def _check_warps(warps: Any, name: str, transformer: MFCCTransformer) -> list[float]:
    """Return the distinct warps, the nearest to one first, if the transformer has room for them."""
    try:
        values = np.unique(np.asarray(warps, np.float64))
    except (TypeError, ValueError) as error:
        raise ValueError(f"warps must be numbers, got {warps!r:.60}") from error
    if np.ndim(warps) != 1 or len(values) == 0 or values[0] <= 0 or not np.isfinite(values[-1]):
        raise ValueError(f"warps must be one positive number or more, got {warps!r:.60}")
    transformer._validate_params()
    fmin, fmax, rate = transformer.fmin, transformer.fmax, transformer.sample_rate
    if fmax is None or fmax * values[-1] > rate / 2:
        raise ValueError(
            f"fmax of {name} times {values[-1]:g}, the largest of warps, must be at most half its "
            f"sample_rate={rate:g}, so choose fmax={rate / 2 // values[-1]:.0f} or less, got "
            f"fmax={fmax}"
        )
    if fmin is not None and fmax * values[0] <= fmin:
        raise ValueError(
            f"fmax={fmax:g} of {name} times {values[0]:g}, the smallest of warps, must be above "
            f"its fmin={fmin:g}"
        )
    return sorted(values.tolist(), key=lambda warp: abs(np.log(warp)))


def most_certain(
    found: Iterable[tuple[float, NDArray[np.float64]]], speakers: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the warp of each clip (n_clips,), and its log-probabilities (n_clips, n_classes).

    `found` are pairs of a warp and the log-probabilities with it. All clips of a speaker get the
    warp whose best classes are the most probable; the first one, of warps that are equal.
    """
    found = iter(found)
    warp, chosen = next(found)
    warps, best = np.full(len(speakers), warp), _certainties(chosen, speakers)
    for warp, log_proba in found:
        certainties = _certainties(log_proba, speakers)
        is_better = certainties > best
        best = np.where(is_better, certainties, best)
        of_clip = is_better[speakers]
        warps = np.where(of_clip, warp, warps)
        chosen = np.where(of_clip[:, np.newaxis], log_proba, chosen)
    return warps, chosen


def _certainties(log_proba: NDArray[np.float64], speakers: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return the mean log-probability of the best class over the clips of each speaker."""
    return np.bincount(speakers, log_proba.max(axis=1)) / np.bincount(speakers)
