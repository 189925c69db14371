"""Searching learning rates: SoftmaxClassifierCV against GridSearchCV of several classifiers.

    python benchmarks/search.py

One core, spoken digits in five segments with deltas (260 features), 20 rates x 5 speaker-wise
folds, 100 epochs each. The features are float32, and so are all classifiers, except in the peer's
search from wav files: python_speech_features returns float64. Of the slowest searches, which are
marked with "~", one rate is timed in all folds, and its time is multiplied by the number of rates.
From features, the searches take turns, and the fastest turn counts. From wav files, each search is
timed once: "features once" scales once, with means and deviations of all clips, the others scale in
each fold.
"""

import argparse
import os
import sys
import tempfile
import warnings
from pathlib import Path

if __name__ == "__main__":  # run as a file: the package is in the folder above
    sys.path[0] = str(Path(__file__).resolve().parents[1])
# One thread for all tools. Must be set before numpy is imported.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import numpy as np
import python_speech_features
import scipy.io.wavfile
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from benchmarks.machine import describe
from benchmarks.measure import timed
from benchmarks.recordings import prepare, wav_recordings
from benchmarks.rows import Row, compare, in_digits, show
from skxent import MFCCTransformer, SoftmaxClassifier, SoftmaxClassifierCV

SHORT = {"turns": 1, "clips": 120, "n_rates": 4, "epochs": 5}
LIMIT = 600
PEERS = ("python_speech_features",)

ALPHA, N_SEGMENTS = 1e-3, 5
CV, GRID = "SoftmaxClassifierCV()", "GridSearchCV(SoftmaxClassifier)"
EXACT = "SoftmaxClassifierCV(prune=False)"
SGD, MLP = "~ GridSearchCV(SGDClassifier(log_loss))", "~ GridSearchCV(MLPClassifier)"
AIMS = {(EXACT, GRID): 3, (CV, MLP): 30}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=3000, help="number of clips")
    parser.add_argument("--turns", type=int, default=3, help="number of turns of each search")
    args = parser.parse_args()
    print(describe(PEERS), f"recordings: {prepare()}", sep="\n")
    show(results(clips=args.clips, turns=args.turns))


def results(clips=3000, turns=3, n_rates=20, epochs=100):
    """Yield a row for each search and its number of candidates."""
    rates = np.geomspace(1e-4, 1.0, n_rates)
    with wav_recordings() as bunch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # for rates that diverge, and for too few epochs
        chosen = np.random.default_rng(0).permutation(len(bunch.target))[:clips]
        paths, signals = [[of[i] for i in chosen] for of in (bunch.filenames, bunch.data)]
        y, speakers = bunch.target[chosen], np.asarray(bunch.speaker)[chosen]
        folds = list(StratifiedGroupKFold(5).split(signals, y, speakers))
        frames = MFCCTransformer(sample_rate=bunch.sample_rate, deltas=1, n_segments=N_SEGMENTS)
        X = StandardScaler().fit_transform(frames.fit_transform(signals))
        yield from from_features(X, y, folds, rates, epochs, turns)
        yield from by_candidates(X, y, folds, n_rates)
        yield from from_files(paths, bunch.sample_rate, y, folds, rates, epochs)


def from_features(X, y, folds, rates, epochs, turns):
    """Return rows that compare SoftmaxClassifierCV, pruned or not, with each other search."""
    middle = rates[len(rates) // 2 :][:1]
    one_by_one = SoftmaxClassifier(solver="gd", alpha=ALPHA, max_iter=epochs, tol=0.0)
    sgd = SGDClassifier(
        loss="log_loss", learning_rate="constant", alpha=ALPHA, max_iter=epochs, tol=None
    )
    mlp = perceptron(epochs)
    searches = {
        EXACT: lambda: search_together(X, y, folds, rates, epochs, prune=False),
        CV: lambda: search_together(X, y, folds, rates, epochs, prune=True),
        GRID: lambda: grid_search(one_by_one, "learning_rate", X, y, folds, rates),
        SGD: lambda: grid_search(sgd, "eta0", X, y, folds, middle),
        MLP: lambda: grid_search(mlp, "learning_rate_init", X, y, folds, middle),
    }
    times, found = {name: [] for name in searches}, {}
    for _ in range(turns):
        for name, search in searches.items():
            seconds, found[name] = timed(search)
            times[name].append(seconds * (len(rates) if name.startswith("~") else 1))
    notes = {(EXACT, GRID): agreement(found, len(folds)), (CV, GRID): pruning(found)}
    return [
        Row(
            table=f"From features, {X.shape[0]:,} x {X.shape[1]}, {X.dtype}",
            problem=f"{len(rates)} rates x {len(folds)} folds, {epochs} epochs",
            setting=ours,
            tool=tool,
            aim=AIMS.get((ours, tool)),
            note=notes.get((ours, tool), ""),
            **compare(times[ours], times[tool]),
        )
        for ours in (EXACT, CV)
        for tool in (GRID, SGD, MLP)
    ]


def agreement(found, n_folds):
    """Describe how close the scores are to those of GridSearchCV, and the best score."""
    exact, grid = (found[name].cv_results_["mean_test_score"] for name in (EXACT, GRID))
    best = found[EXACT]
    error = best.cv_results_["std_test_score"][best.best_index_] / np.sqrt(n_folds)
    return (
        f"mean scores differ by at most {np.abs(exact - grid).max():.1g}; "
        f"best {best.best_score_:.3f}, standard error {error:.3f}"
    )


def pruning(found):
    """Describe the score, without pruning, of the rate that pruning selects."""
    scores = found[EXACT].cv_results_["mean_test_score"]
    return f"pruning selects a rate that scores {scores[found[CV].best_index_]:.3f}"


def by_candidates(X, y, folds, n_rates):
    """Yield a row for each number of candidates, to compare the cost of each candidate."""
    for number in (2, n_rates, 10 * n_rates):
        rates = np.geomspace(1e-4, 1.0, number)
        seconds, _ = timed(
            lambda rates=rates: search_together(X, y, folds, rates, epochs=20, prune=False)
        )
        n_candidates = number * len(folds)
        yield Row(
            table="By the number of candidates, 20 epochs",
            problem=f"{n_candidates:,} candidates",
            setting=EXACT,
            ours=seconds,
            note=f"{in_digits(1e3 * seconds / n_candidates)} ms each",
            detail=True,
        )


def from_files(paths, sample_rate, y, folds, rates, epochs):
    """Return rows that compare searches from wav files, including the features."""
    middle = rates[len(rates) // 2 :][:1]
    settings = {"sample_rate": sample_rate, "deltas": 1, "n_segments": N_SEGMENTS}
    classifier = SoftmaxClassifier(solver="gd", alpha=ALPHA, max_iter=epochs, tol=0.0)
    together = SoftmaxClassifierCV(
        learning_rates=rates, alphas=[ALPHA], cv=folds, max_iter=epochs, tol=0.0, refit=False
    )
    once = pipeline(MFCCTransformer(**settings), together)
    cached = pipeline(MFCCTransformer(**settings, cache="memory"), classifier)
    name = "classify__learning_rate"
    ours = {
        "features once, SoftmaxClassifierCV()": timed(lambda: once.fit(paths, y))[0],
        'GridSearchCV, MFCCTransformer(cache="memory")': timed(
            lambda: grid_search(cached, name, paths, y, folds, rates)
        )[0],
    }
    plain = pipeline(FunctionTransformer(plain_features), perceptron(epochs))
    name = "classify__learning_rate_init"
    one, _ = timed(lambda: grid_search(plain, name, paths, y, folds, middle))
    theirs = {"~ python_speech_features, MLPClassifier": len(rates) * one}
    with tempfile.TemporaryDirectory() as folder:
        plain.set_params(memory=folder)
        first, _ = timed(lambda: grid_search(plain, name, paths, y, folds, middle))
        later, _ = timed(lambda: grid_search(plain, name, paths, y, folds, rates[-1:]))
    theirs["~ the same with Pipeline(memory=...)"] = first + (len(rates) - 1) * later
    return [
        Row(
            table="From wav files, including features",
            problem=f"{len(paths):,} files",
            setting=setting,
            tool=tool,
            ours=ours[setting],
            theirs=theirs[tool],
        )
        for setting in ours
        for tool in theirs
    ]


def pipeline(features, classifier):
    return Pipeline([("features", features), ("scale", StandardScaler()), ("classify", classifier)])


def perceptron(epochs):
    return MLPClassifier(
        hidden_layer_sizes=(),
        solver="sgd",
        alpha=ALPHA,
        max_iter=epochs,
        tol=0.0,
        n_iter_no_change=epochs,
        random_state=0,
    )


def plain_features(paths):
    """Return means and deviations of segments of MFCCs with deltas, as one would write by hand."""
    rows = []
    for path in paths:
        rate, signal = scipy.io.wavfile.read(path)
        frames = python_speech_features.mfcc(signal, rate, nfft=256)
        frames = np.hstack([frames, python_speech_features.delta(frames, 2)])
        parts = np.array_split(frames, N_SEGMENTS)
        parts = [part if len(part) else frames for part in parts]
        rows.append(np.hstack([np.r_[part.mean(axis=0), part.std(axis=0)] for part in parts]))
    return np.array(rows)


def search_together(X, y, folds, rates, epochs, prune):
    return SoftmaxClassifierCV(
        learning_rates=rates,
        alphas=[ALPHA],
        cv=folds,
        max_iter=epochs,
        tol=0.0,
        prune=prune,
        refit=False,
    ).fit(X, y)


def grid_search(estimator, name, X, y, folds, rates):
    return GridSearchCV(estimator, {name: rates}, cv=folds, refit=False).fit(X, y)


if __name__ == "__main__":
    main()
