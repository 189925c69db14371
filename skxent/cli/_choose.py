"""The choice among candidates by a nested cross-validation, and the accuracy of such a choice."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import joblib
import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from skxent.cli._folds import Folds
from skxent.cli._recipes import Recipe

# With fewer clips, starting processes takes longer than they save.
_FEW = 300


class Features(NamedTuple):
    """Rows or sequences of clips, and of the noisy copies to train with, if there are any."""

    clips: Any
    copies: Any


@dataclasses.dataclass(frozen=True)
class Choice:
    """What a nested cross-validation found.

    `probabilities` (n_clips, n_classes) are those of classifiers that were neither trained nor
    chosen by the clip's part. `correct` has for each candidate whether it classifies each clip
    correctly without its part, and `chosen` the candidate that was chosen without each part.
    `failures` are the candidates that could not be trained, and why.
    """

    best: str
    classes: NDArray[np.str_]
    probabilities: NDArray[np.float64]
    correct: dict[str, NDArray[np.bool_]]
    chosen: list[str]
    failures: dict[str, str]


def choose(
    candidates: Mapping[str, Recipe],
    features: Mapping[str, Features],
    labels: NDArray[np.str_],
    folds: Folds,
    *,
    n_jobs: int = -1,
    advance: Callable[[], None] = lambda: None,
) -> Choice:
    """Choose the candidate that is right most often, and evaluate this choice.

    Each candidate is trained without part i, for each i, and without parts i and j, for each pair.
    Without part i, a candidate is chosen by its accuracy on all parts j, when it was trained
    without both; so this trains a pair once for two of the nested cross-validation's fits.

    Parameters
    ----------
    candidates : dict of str to Recipe
        The simplest first: it is chosen of several that are as good.
    features : dict of str to Features
        Of all candidates but votes.
    labels : ndarray of shape (n_clips,)
        Labels.
    folds : Folds
        Parts of the clips, at least three, and their speakers.
    n_jobs : int, default=-1
        Number of processes; -1 is one for each core.
    advance : callable, default: does nothing
        Called after each of the fits, of which there are :func:`count_fits`.

    Returns
    -------
    choice : Choice
        The best candidate, and what such a choice is worth.
    """
    pairs = [(i, j) for i in range(folds.n_parts) for j in range(i + 1)]
    classes = np.unique(labels)
    # Long ones first, so that no process is left with one at the end.
    tasks = [(name, pair) for name in reversed([*features]) for pair in pairs]
    run = joblib.Parallel(n_jobs=1 if len(labels) < _FEW else n_jobs, return_as="generator")
    found: dict[str, dict[tuple[int, int], NDArray[np.float64]]] = {name: {} for name in features}
    failures: dict[str, str] = {}
    fit = joblib.delayed(_fit_without)
    results = run(
        fit(candidates[name].classifier, features[name], labels, classes, folds.parts, pair)
        for name, pair in tasks
    )
    for (name, pair), result in zip(tasks, results, strict=True):
        if isinstance(result, str):
            failures[name] = result
        else:
            found[name][pair] = result
        advance()
    for name, recipe in candidates.items():
        if recipe.members and not failures.keys() & set(recipe.members):
            members = [found[member] for member in recipe.members]
            found[name] = {
                pair: np.mean([member[pair] for member in members], axis=0) for pair in pairs
            }
    usable = [name for name in candidates if name in found and name not in failures]
    if not usable:
        raise ValueError(f"no candidate could be trained: {next(iter(failures.values()))}")
    return _judge({name: found[name] for name in usable}, labels, classes, folds, failures)


def count_fits(n_features: int, n_parts: int) -> int:
    """Return the number of fits of some kinds of features."""
    return n_features * n_parts * (n_parts + 1) // 2


def _judge(
    found: Mapping[str, Mapping[tuple[int, int], NDArray[np.float64]]],
    labels: NDArray[np.str_],
    classes: NDArray[np.str_],
    folds: Folds,
    failures: dict[str, str],
) -> Choice:
    """Choose by the probabilities without each pair of parts."""
    targets = np.searchsorted(classes, labels)
    parts = folds.parts

    def correct_in(name: str, part: int, left_out: int) -> NDArray[np.bool_]:
        """Return whether clips of a part are right, trained without it and another one."""
        pair = max(part, left_out), min(part, left_out)
        rows = found[name][pair][parts[np.isin(parts, pair)] == part]
        return np.asarray(rows.argmax(axis=1) == targets[parts == part])

    def best_without(part: int) -> str:
        others = [j for j in range(folds.n_parts) if j != part]
        return _best(
            {name: np.concatenate([correct_in(name, j, part) for j in others]) for name in found}
        )

    chosen = [best_without(part) for part in range(folds.n_parts)]
    probabilities = np.empty((len(labels), len(classes)))
    correct = {name: np.empty(len(labels), dtype=bool) for name in found}
    for part, name in enumerate(chosen):
        probabilities[parts == part] = found[name][part, part]
        for other in found:
            correct[other][parts == part] = correct_in(other, part, part)
    return Choice(_best(correct), classes, probabilities, correct, chosen, failures)


def _best(correct: Mapping[str, NDArray[np.bool_]]) -> str:
    """Return the candidate that is right most often, the first of several."""
    return max(correct, key=lambda name: int(correct[name].sum()))


def _fit_without(
    classifier: Any,
    features: Features,
    labels: NDArray[np.str_],
    classes: NDArray[np.str_],
    parts: NDArray[np.intp],
    pair: tuple[int, int],
) -> NDArray[np.float64] | str:
    """Return the probabilities of the clips of two parts, trained without them, or why not."""
    is_test = np.isin(parts, pair)
    X, y = features.clips[~is_test], labels[~is_test]
    if features.copies is not None:
        X, y = np.concatenate([X, features.copies[~is_test]]), np.concatenate([y, y])
    try:
        fitted = clone(classifier).fit(X, y)
        some = fitted.predict_proba(features.clips[is_test])
    except ValueError as error:
        return str(error)
    # A label may be in none of the other parts.
    probabilities = np.zeros((len(some), len(classes)))
    probabilities[:, np.searchsorted(classes, fitted.classes_)] = some
    return probabilities
