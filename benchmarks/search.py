"""Searching learning rates: SoftmaxClassifierCV against GridSearchCV over this and that.

    python benchmarks/search.py

One core, the Free Spoken Digit Dataset, 20 rates x 5 speaker-wise folds, 100 epochs each. Of the
slowest searches one rate is timed in all folds, and counted 20 times; they are marked with "~".
"""

import argparse
import os
import platform
import tempfile
import time
import warnings

# Before numpy is imported: one thread for everybody.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import numpy as np
import python_speech_features
import scipy.io.wavfile
import sklearn
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skxent import MFCCTransformer, SoftmaxClassifier, SoftmaxClassifierCV
from skxent.datasets import fetch_fsdd

RATES = np.geomspace(1e-4, 1.0, 20)
ALPHA, EPOCHS, N_SEGMENTS = 1e-3, 100, 5


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=3000, help="how many clips to take")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    bunch = fetch_fsdd()
    chosen = np.random.default_rng(0).permutation(len(bunch.target))[: args.clips]
    paths, clips = [[of[i] for i in chosen] for of in (bunch.filenames, bunch.data)]
    y, speakers = bunch.target[chosen], np.asarray(bunch.speaker)[chosen]
    folds = list(StratifiedGroupKFold(5).split(clips, y, speakers))
    print(f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__},")
    print(
        f"scikit-learn {sklearn.__version__}; {len(y)} clips, 20 rates x 5 folds, {EPOCHS} epochs\n"
    )
    frames = MFCCTransformer(sample_rate=8000, deltas=1, n_segments=N_SEGMENTS)
    X = StandardScaler().fit_transform(frames.fit_transform(clips))
    from_features(X, y, folds)
    by_candidates(X, y, folds)
    from_files(paths, y, folds)


def from_features(X, y, folds):
    print(f"From features of shape {X.shape}, {X.dtype}")
    ours = SoftmaxClassifier(solver="gd", alpha=ALPHA, max_iter=EPOCHS, tol=0.0)
    exact, found = timed(lambda: search_together(X, y, folds, prune=False))
    pruned, best = timed(lambda: search_together(X, y, folds, prune=True))
    grid, expected = timed(lambda: grid_search(ours, "learning_rate", X, y, folds))
    sgd = SGDClassifier(
        loss="log_loss", learning_rate="constant", alpha=ALPHA, max_iter=EPOCHS, tol=None
    )
    sgd_seconds = 20 * timed(lambda: grid_search(sgd, "eta0", X, y, folds, RATES[10:11]))[0]
    mlp = perceptron()
    mlp_seconds = (
        20 * timed(lambda: grid_search(mlp, "learning_rate_init", X, y, folds, RATES[10:11]))[0]
    )
    print(f"{'':<44}{'seconds':>9}{'all':>9}{'pruned':>9}")
    for name, seconds in [
        ("SoftmaxClassifierCV(prune=False)", exact),
        ("SoftmaxClassifierCV()", pruned),
        ("GridSearchCV(SoftmaxClassifier)", grid),
        ("~ GridSearchCV(SGDClassifier(log_loss))", sgd_seconds),
        ("~ GridSearchCV(MLPClassifier)", mlp_seconds),
    ]:
        print(f"{name:<44}{seconds:>9.2f}{seconds / exact:>8.1f}x{seconds / pruned:>8.1f}x")
    scores, others = (s.cv_results_["mean_test_score"] for s in (found, expected))
    print(f"largest difference of mean scores to GridSearchCV: {np.abs(scores - others).max():.2g}")
    error = found.cv_results_["std_test_score"][found.best_index_] / np.sqrt(len(folds))
    print(f"best score {found.best_score_:.4f}, standard error {error:.4f}; ", end="")
    place = best.best_index_
    print(f"pruning takes the rate of score {scores[place]:.4f}\n")


def by_candidates(X, y, folds):
    print("Seconds of SoftmaxClassifierCV(prune=False) for 20 epochs, by candidates")
    for n_rates in (2, 20, 200):
        rates = np.geomspace(1e-4, 1.0, n_rates)
        seconds, _ = timed(
            lambda rates=rates: search_together(X, y, folds, prune=False, rates=rates, max_iter=20)
        )
        n_candidates = n_rates * len(folds)
        print(f"{n_candidates:>6}{seconds:>9.2f}{1e3 * seconds / n_candidates:>9.1f} ms each")
    print()


def from_files(paths, y, folds):
    """Search the whole way from files, the features of each clip included."""
    print("From files")
    settings = {"sample_rate": 8000, "deltas": 1, "n_segments": N_SEGMENTS}
    classifier = SoftmaxClassifier(solver="gd", alpha=ALPHA, max_iter=EPOCHS, tol=0.0)
    together = SoftmaxClassifierCV(
        learning_rates=RATES, alphas=[ALPHA], cv=folds, max_iter=EPOCHS, tol=0.0, refit=False
    )
    once = pipeline(MFCCTransformer(**settings), together)
    cached = pipeline(MFCCTransformer(**settings, cache="memory"), classifier)
    name = "classify__learning_rate"
    ways = {
        "features once, SoftmaxClassifierCV()": timed(lambda: once.fit(paths, y))[0],
        "GridSearchCV, MFCCTransformer(cache='memory')": timed(
            lambda: grid_search(cached, name, paths, y, folds)
        )[0],
    }
    plain = pipeline(FunctionTransformer(plain_features), perceptron())
    name = "classify__learning_rate_init"
    one, _ = timed(lambda: grid_search(plain, name, paths, y, folds, RATES[10:11]))
    ways["~ plain: psf, MLPClassifier"] = 20 * one
    with tempfile.TemporaryDirectory() as folder:
        plain.set_params(memory=folder)
        first, _ = timed(lambda: grid_search(plain, name, paths, y, folds, RATES[10:11]))
        later, _ = timed(lambda: grid_search(plain, name, paths, y, folds, RATES[11:12]))
    ways["~ plain, with Pipeline(memory=...)"] = first + 19 * later
    names = list(ways)
    print(f"{'':<48}{'seconds':>9}{'CV':>9}{'grid':>9}")
    for name, seconds in ways.items():
        ratios = [seconds / ways[other] for other in names[:2]]
        print(f"{name:<48}{seconds:>9.2f}{ratios[0]:>8.1f}x{ratios[1]:>8.1f}x")


def pipeline(features, classifier):
    return Pipeline([("features", features), ("scale", StandardScaler()), ("classify", classifier)])


def perceptron():
    return MLPClassifier(
        hidden_layer_sizes=(),
        solver="sgd",
        alpha=ALPHA,
        max_iter=EPOCHS,
        tol=0.0,
        n_iter_no_change=EPOCHS,
        random_state=0,
    )


def plain_features(paths):
    """Return what one would write: the means and deviations of segments of MFCCs with deltas."""
    rows = []
    for path in paths:
        rate, signal = scipy.io.wavfile.read(path)
        frames = python_speech_features.mfcc(signal, rate, nfft=256)
        frames = np.hstack([frames, python_speech_features.delta(frames, 2)])
        parts = np.array_split(frames, N_SEGMENTS)
        parts = [part if len(part) else frames for part in parts]
        rows.append(np.hstack([np.r_[part.mean(axis=0), part.std(axis=0)] for part in parts]))
    return np.array(rows)


def search_together(X, y, folds, prune, rates=RATES, max_iter=EPOCHS):
    return SoftmaxClassifierCV(
        learning_rates=rates,
        alphas=[ALPHA],
        cv=folds,
        max_iter=max_iter,
        tol=0.0,
        prune=prune,
        refit=False,
    ).fit(X, y)


def grid_search(estimator, name, X, y, folds, rates=RATES):
    return GridSearchCV(estimator, {name: rates}, cv=folds, refit=False).fit(X, y)


def timed(run):
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


if __name__ == "__main__":
    main()
