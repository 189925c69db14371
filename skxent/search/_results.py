"""The table of a search's results, and its best setting."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata


def tabulate(
    scores: NDArray[Any],
    n_iter: NDArray[Any],
    alphas: NDArray[Any],
    learning_rates: NDArray[Any],
    seconds: tuple[float, float],
) -> dict[str, Any]:
    """Return GridSearchCV's cv_results_ from arrays (n_rates, n_alphas, n_folds).

    `seconds` are those of training and scoring all candidates, of which each gets its share.
    """
    scores, n_iter = by_setting(scores), by_setting(n_iter)
    settings = [
        {"alpha": float(alpha), "learning_rate": float(rate)}
        for alpha in alphas
        for rate in learning_rates
    ]
    times = {
        "fit": seconds[0] * (n_iter + 1) / (n_iter + 1).sum(),
        "score": np.full(scores.shape, seconds[1] / scores.size),
    }
    results: dict[str, Any] = {}
    for name, values in times.items():
        results[f"mean_{name}_time"] = values.mean(axis=1)
        results[f"std_{name}_time"] = values.std(axis=1)
    for name in ("alpha", "learning_rate"):
        results[f"param_{name}"] = np.ma.array([setting[name] for setting in settings])
    results["params"] = settings
    for i in range(scores.shape[1]):
        results[f"split{i}_test_score"] = scores[:, i]
    means = scores.mean(axis=1)
    results["mean_test_score"] = means
    results["std_test_score"] = scores.std(axis=1)
    comparable = np.where(np.isnan(means), -np.inf, means)
    results["rank_test_score"] = rankdata(-comparable, method="min").astype(np.int32)
    return results


def choose(mean_scores: NDArray[Any], status: NDArray[Any], prune: bool) -> int:
    """Return the row of the best setting: with `prune`, of those not dropped in any fold."""
    is_out = np.isnan(mean_scores)
    is_dropped = np.isin(by_setting(status), ["pruned", "diverged"]).any(axis=1)
    if prune and not is_dropped.all():
        is_out = is_out | is_dropped
    return int(np.argmax(np.where(is_out, -np.inf, mean_scores)))


def by_setting(values: NDArray[Any]) -> NDArray[Any]:
    """Return values (n_rates, n_alphas, n_folds) with a row for each setting, alphas first."""
    return values.swapaxes(0, 1).reshape(-1, values.shape[2])
