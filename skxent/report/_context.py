"""What the templates show: plain values and text, without HTML."""

import datetime as dt
import importlib.metadata
import inspect
import platform
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

import skxent
from skxent.features import ClipComparison
from skxent.features._properties import PROPERTIES
from skxent.plotting._estimators import unwrap
from skxent.plotting._search_scores import scores_of
from skxent.report._accuracy import Share, confusions, share_of, shares_by
from skxent.report._calibration import calibrate
from skxent.report._charts import Chart, loss_chart, rate_chart, reliability_bars
from skxent.report._results import Results

_PACKAGES = ("skxent", "scikit-learn", "numpy", "scipy", "soundfile")

# Rows of tables, and classes in the matrix: what a page can show, and a reader take in.
_MOST_CLASSES, _MOST_SPEAKERS, _MOST_OUTLIERS = 60, 100, 20

# Counts of a matrix are shaded by the part of the row, in so many steps.
_N_SHADES = 8


def describe_results(results: Results) -> dict[str, Any]:
    """Return the numbers at the top of the page, its tables and the reliability diagram."""
    is_right, n_classes = results.is_right, len(results.classes)
    overall = share_of(is_right, results.groups)
    counts = confusions(results.targets, results.predicted, n_classes)
    calibration = calibrate(results.probabilities.max(axis=1), is_right)
    loss = float(results.losses.mean())
    return {
        "overall": overall,
        "n_clips": len(results.clips),
        "n_wrong": int(np.count_nonzero(~is_right)),
        "n_suspected": int(np.count_nonzero(results.suspected)),
        "loss": f"{loss:.3f}" if np.isfinite(loss) else "infinite",
        "chance_loss": f"{np.log(n_classes):.2f}",
        "names": [str(label) for label in results.classes],
        "matrix": _describe_matrix(counts),
        "classes": _describe_classes(results, counts),
        "speakers": _describe_speakers(results),
        "n_speakers": len(results.speakers),
        "n_without_speaker": _count_without_speaker(results),
        "calibration": calibration,
        "bars": reliability_bars(calibration),
    }


def describe_model(model: Any) -> dict[str, Any]:
    """Return the settings of an estimator, and charts of how it was trained."""
    return {
        "steps": [] if model is None else _describe_steps(model),
        "loss_chart": _describe_losses(model),
        "rate_chart": _describe_rates(model),
    }


def describe_comparison(comparison: ClipComparison | None, names: list[str]) -> dict[str, Any]:
    """Return how the clips differ from those of the training."""
    if comparison is None:
        return {"comparison": None}
    rows = []
    for name, kind in PROPERTIES.items():
        medians = [
            float(np.nanmedian(table[name])) for table in (comparison.reference, comparison.clips)
        ]
        change = comparison.differences.get(name)
        rows.append(
            {
                "name": name,
                "range": kind.write(*comparison.ranges[name]),
                "train": kind.write(medians[0]),
                "test": kind.write(medians[1]),
                "verdict": "" if change is None else kind.more if change > 0 else kind.less,
            }
        )
    outliers = [
        {
            "clip": number,
            "name": names[number],
            "found": ", ".join(
                f"{name} {PROPERTIES[name].write(comparison.clips[name][number])}" for name in found
            ),
        }
        for number, found in [*comparison.outliers.items()][:_MOST_OUTLIERS]
    ]
    return {
        "comparison": {
            "rows": rows,
            "outliers": outliers,
            "n_outliers": len(comparison.outliers),
            "n_train": len(comparison.reference["level"]),
        }
    }


def describe_versions() -> dict[str, Any]:
    """Return today's date, and the versions of what made the page."""
    versions = {"Python": platform.python_version()}
    for name in _PACKAGES:
        versions[name] = (
            skxent.__version__ if name == "skxent" else importlib.metadata.version(name)
        )
    today = dt.date.today()
    return {"versions": versions, "date": f"{today.day} {today:%B %Y}"}


def _describe_matrix(counts: np.ndarray) -> dict[str, Any]:
    """Return the rows of the matrix, of many classes those with the most confusions."""
    n_classes = len(counts)
    off = counts - np.diag(np.diag(counts))
    shown = np.arange(n_classes)
    if n_classes > _MOST_CLASSES:
        n_wrong = off.sum(axis=0) + off.sum(axis=1)
        shown = np.sort(np.argsort(-n_wrong, kind="stable")[:_MOST_CLASSES])
    totals = np.maximum(counts.sum(axis=1), 1)
    shades = np.ceil(counts / totals[:, np.newaxis] * _N_SHADES).astype(int)
    rows = [
        {
            "target": int(i),
            "cells": [
                {"predicted": int(j), "count": int(counts[i, j]), "shade": int(shades[i, j])}
                for j in shown
            ],
        }
        for i in shown
    ]
    return {"rows": rows, "shown": shown.tolist(), "n_classes": n_classes}


def _describe_classes(results: Results, counts: np.ndarray) -> list[dict[str, Any]]:
    """Return a row for each class: recall, precision, and what it is most often taken for."""
    n_classes = len(results.classes)
    recalls = shares_by(results.is_right, results.targets, n_classes)
    precisions = shares_by(results.is_right, results.predicted, n_classes)
    rows = []
    for i, (recall, precision) in enumerate(zip(recalls, precisions, strict=True)):
        others = counts[i].copy()
        others[i] = 0
        other = int(others.argmax())
        rows.append(
            {
                "name": str(results.classes[i]),
                "number": i,
                "recall": recall,
                "precision": precision,
                "confused": (other, int(others[other])) if others[other] else None,
            }
        )
    return rows


def _describe_speakers(results: Results) -> dict[str, Any] | None:
    """Return a row for each speaker, those with the lowest accuracy first."""
    if results.groups is None:
        return None
    shares = shares_by(results.is_right, results.groups, len(results.speakers))
    rows: list[tuple[str, int, Share]] = [
        (str(name), i, share)
        for i, (name, share) in enumerate(zip(results.speakers, shares, strict=True))
    ]
    rows.sort(key=lambda row: (row[2].value, -row[2].n))
    listed = [{"name": name, "number": i, "share": share} for name, i, share in rows]
    return {"rows": listed[:_MOST_SPEAKERS], "n_more": max(0, len(rows) - _MOST_SPEAKERS)}


def _count_without_speaker(results: Results) -> int:
    if results.groups is None:
        return 0
    return int(np.count_nonzero(results.groups >= len(results.speakers)))


def _describe_steps(model: Any) -> list[dict[str, Any]]:
    """Return each step of a pipeline: its class, the parameters that are set, and all others."""
    if hasattr(model, "best_estimator_") and hasattr(model, "estimator"):  # a search
        own = _describe_step(type(model).__name__, model)
        return [own, *_describe_steps(model.best_estimator_)]
    if isinstance(model, Pipeline):
        return [_describe_step(name, step) for name, step in model.steps]
    return [_describe_step("", model)]


def _describe_step(name: str, step: Any) -> dict[str, Any]:
    if not hasattr(step, "get_params"):  # "passthrough" and functions
        return {"name": name, "kind": str(step), "set": [], "rest": []}
    params = step.get_params(deep=False)
    defaults = _defaults_of(type(step))
    is_set = {
        key: key not in defaults or not _is_same(value, defaults[key])
        for key, value in params.items()
    }
    return {
        "name": name,
        "kind": type(step).__name__,
        "set": [(key, _shorten(repr(params[key]))) for key in params if is_set[key]],
        "rest": [(key, _shorten(repr(params[key]))) for key in params if not is_set[key]],
    }


def _defaults_of(kind: type) -> dict[str, Any]:
    signature = inspect.signature(kind)
    return {
        name: parameter.default
        for name, parameter in signature.parameters.items()
        if parameter.default is not parameter.empty
    }


def _is_same(value: Any, default: Any) -> bool:
    return type(value) is type(default) and repr(value) == repr(default)


def _shorten(text: str, most: int = 200) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _describe_losses(model: Any) -> Chart | None:
    """Return the loss curves of the trained estimator, if it has any."""
    if model is None:
        return None
    trained, _ = unwrap(model)
    curves = {
        "training": getattr(trained, "loss_curve_", None),
        "validation": getattr(trained, "validation_loss_curve_", None),
    }
    return loss_chart({name: curve for name, curve in curves.items() if curve is not None})


def _describe_rates(model: Any) -> Chart | None:
    """Return the scores of a search of learning rates, if the model is one or ends with one."""
    search = model.steps[-1][1] if isinstance(model, Pipeline) else model
    if not hasattr(search, "cv_results_"):
        return None
    try:
        return rate_chart(scores_of(search, None))
    except ValueError:  # a search of something else
        return None
