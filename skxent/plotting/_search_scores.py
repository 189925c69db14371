"""Scores of a fitted search as curves against the learning rate."""

from numbers import Real

import numpy as np
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline

from skxent.plotting._lines import number_alike, text_of


def scores_of(search, metric):
    """Return the parameters of LearningRateDisplay, with the name of the score as label."""
    metric = _metric(search, metric)
    candidates = _candidates(search.cv_results_, metric, _status(search))
    rows = _last_rows(search.cv_results_, candidates)
    curves, names, places = _lines_of(candidates, rows)
    return {
        "curves": curves,
        "names": names,
        "best": places.get(_best_row(search, candidates["score"])),
        "safe_learning_rate": _safe_rate(search),
        "label": _score_name(search, metric),
    }


def _best_row(search, scores):
    """Return the row of the best candidate in cv_results_, or None."""
    if hasattr(search, "best_index_"):
        return search.best_index_
    return int(np.nanargmax(scores)) if np.isfinite(scores).any() else None


def _safe_rate(search):
    """Return the safe learning rate of the search or of its best estimator, or None."""
    best = getattr(search, "best_estimator_", None)
    best = best.steps[-1][1] if isinstance(best, Pipeline) else best
    return getattr(search, "safe_learning_rate_", getattr(best, "safe_learning_rate_", None))


def _metric(search, metric):
    """Return the name of the score in cv_results_."""
    known = sorted(
        name.removeprefix("mean_test_")
        for name in search.cv_results_
        if name.startswith("mean_test_")
    )
    refit = getattr(search, "refit", None)
    if metric is None and isinstance(refit, str) and refit in known:
        return refit
    if metric is None and len(known) == 1:
        return known[0]
    if metric not in known:
        raise ValueError(f"metric must be one of {known}, got {metric!r}")
    return metric


def _score_name(search, metric):
    """Return the name of the score for a label."""
    scoring = getattr(search, "scoring", None)
    name = metric if metric != "score" else scoring
    if name is None and is_classifier(search):  # their default score
        name = "accuracy"
    name = name if isinstance(name, str) else "score"
    if name.startswith("neg_"):
        name = "negative " + name.removeprefix("neg_")
    return name.replace("_", " ").capitalize()


def _status(search):
    """Return the status of each candidate, the worst of its folds."""
    n_candidates = len(search.cv_results_["params"])
    status = np.full(n_candidates, "finished", dtype="<U8")
    if hasattr(search, "status_"):
        # cv_results_ is ordered by the names of the parameters, alpha first.
        of_folds = search.status_.swapaxes(0, 1).reshape(n_candidates, -1)
        for worse in ("pruned", "diverged"):
            status[(of_folds == worse).any(axis=1)] = worse
    if "iter" in search.cv_results_:  # successive halving
        iterations = np.asarray(search.cv_results_["iter"])
        status[iterations < iterations.max()] = "pruned"
    return status


def _candidates(results, metric, status):
    """Return rates, other settings, scores, bands and status of the rows of cv_results_."""
    keys = sorted({key for params in results["params"] for key in params})
    of_rates = [key for key in keys if key.endswith("learning_rate")]
    if len(of_rates) != 1:
        raise ValueError(
            "the search must have one parameter that ends in 'learning_rate', "
            f"got {of_rates or 'none'} among {keys}"
        )
    rates = [params.get(of_rates[0]) for params in results["params"]]
    for rate in rates:
        if not isinstance(rate, Real) or not 0.0 < rate < np.inf:
            raise ValueError(
                f"all candidates must have a {of_rates[0]} that is a positive number, "
                f"got {'none' if rate is None else repr(rate)}"
            )
    scores = np.array(results[f"mean_test_{metric}"], dtype=float)
    is_finite = np.isfinite(scores)
    deviations = np.where(is_finite, results[f"std_test_{metric}"], np.nan)
    folds = [
        np.asarray(values, dtype=float)[is_finite]
        for key, values in results.items()
        if key.startswith("split") and key.endswith(f"_test_{metric}")
    ]
    is_share = all(((values >= 0.0) & (values <= 1.0)).all() for values in folds)
    limits = (0.0, 1.0) if is_share else (-np.inf, np.inf)
    return {
        "learning_rate": np.array(rates, dtype=float),
        "others": [
            {key: value for key, value in params.items() if key != of_rates[0]}
            for params in results["params"]
        ],
        "score": np.where(is_finite, scores, np.nan),
        "lower": np.maximum(scores - deviations, limits[0]),
        "upper": np.minimum(scores + deviations, limits[1]),
        "status": np.where(is_finite, status, "failed"),
    }


def _setting(others):
    """Return settings as a hashable key."""
    return tuple((key, _hashable(value)) for key, value in sorted(others.items()))


def _hashable(value):
    """Return a value, or its text if it cannot be hashed."""
    try:
        hash(value)
    except TypeError:  # for instance a list
        return repr(value)
    return value


def _last_rows(results, candidates):
    """Return the rows to draw, for successive halving those of each candidate's last iteration."""
    rows = range(len(candidates["others"]))
    if "iter" not in results:
        return list(rows)
    last = {
        (candidates["learning_rate"][row], _setting(candidates["others"][row])): row
        for row in sorted(rows, key=lambda row: results["iter"][row])
    }
    return sorted(last.values())


def _lines_of(candidates, rows):
    """Return curves, their names (None for one), and the curve and position of each row."""
    groups = {}
    for row in rows:
        groups.setdefault(_setting(candidates["others"][row]), []).append(row)
    curves, places = [], {}
    for i, members in enumerate(groups.values()):
        order = np.argsort(candidates["learning_rate"][members], kind="stable")
        members = np.array(members)[order]
        places |= {int(row): (i, place) for place, row in enumerate(members)}
        curves.append(
            {
                key: candidates[key][members]
                for key in ("learning_rate", "score", "lower", "upper", "status")
            }
        )
    if len(curves) == 1:
        return curves, None, places
    settings = [candidates["others"][members[0]] for members in groups.values()]
    return curves, _names_of(settings), places


def _names_of(settings):
    """Return names of curves by the settings in which they differ."""
    keys = {key: None for setting in settings for key in setting}
    missing = object()
    texts = [
        {key: text_of(setting[key]) if key in setting else missing for key in keys}
        for setting in settings
    ]
    differing = [key for key in keys if len({text[key] for text in texts}) > 1]
    # The steps of a pipeline are omitted where the name is unique without them.
    short = {key: key.rpartition("__")[2] for key in differing}
    ends = list(short.values())
    short = {key: key if ends.count(end) > 1 else end for key, end in short.items()}
    names = [
        ", ".join(f"{short[key]}={text[key]}" for key in differing if text[key] is not missing)
        or "default"
        for text in texts
    ]
    return number_alike(names)
