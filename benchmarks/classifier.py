"""SoftmaxClassifier against LogisticRegression: time to the same objective, and memory.

    python benchmarks/classifier.py

One core, float64. Each solver is asked for ever smaller tolerances, half a decade at a time, until
its objective is within 1e-4 (relative) of the best known; what counts is the time of that fit, the
fastest of up to three. Each runs in a process of its own, and is given up after --limit seconds.
The memory is how far the largest resident memory rises over what the process had before the fit.
"""

import argparse
import multiprocessing
import os
import platform
import resource
import time
import warnings
from pathlib import Path

# Before numpy is imported: one thread for everybody.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import numpy as np
import scipy.sparse
import sklearn
from sklearn.datasets import load_digits, make_classification
from sklearn.linear_model import LogisticRegression

from skxent import MFCCTransformer, SoftmaxClassifier
from skxent.datasets import fetch_fsdd
from skxent.linear import LinearObjective

TOLERANCES = 10.0 ** np.arange(-2, -10, -0.5)
WITHIN = 1e-4
OURS = ("auto", "newton-cg")
THEIRS = ("lbfgs", "newton-cg", "newton-cholesky", "sag", "saga")
# A Hessian of more coefficients than these is not to be held.
MAX_CHOLESKY = 6000


def mfcc_frames():
    bunch = fetch_fsdd()
    frames = MFCCTransformer(sample_rate=8000, deltas=2, pooling=None).transform(bunch.data)
    return np.vstack(frames), np.repeat(bunch.target, [len(clip) for clip in frames])


def mfcc_clips():
    bunch = fetch_fsdd()
    settings = {"sample_rate": 8000, "deltas": 2, "pooling": "mean", "n_segments": 10}
    return MFCCTransformer(**settings).transform(bunch.data), bunch.target


def scaled_mfcc_clips():
    X, y = mfcc_clips()
    return (X - X.mean(axis=0)) / X.std(axis=0), y


def dense():
    return make_classification(
        60_000,
        784,
        n_informative=60,
        n_redundant=100,
        n_classes=10,
        n_clusters_per_class=1,
        class_sep=1.5,
        random_state=0,
    )


def sparse(n_samples=20_000, n_features=50_000, n_classes=20, n_words=100):
    """Return counts of words by Zipf's law, of which each class has favourites."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, n_classes, n_samples)
    usual = rng.permutation(1.0 / np.arange(1, n_features + 1) ** 0.8)
    columns = np.empty((n_samples, n_words), dtype=np.int32)
    for label in range(n_classes):
        chances = usual * rng.exponential(size=n_features) ** 2
        members = y == label
        columns[members] = rng.choice(
            n_features, size=(members.sum(), n_words), p=chances / chances.sum()
        )
    rows = np.repeat(np.arange(n_samples), n_words)
    counts = scipy.sparse.coo_array((np.ones(columns.size), (rows, columns.ravel())))
    counts.resize((n_samples, n_features))
    X = counts.tocsr()
    X.indices, X.indptr = X.indices.astype(np.int32), X.indptr.astype(np.int32)
    return X, y


def many_classes(n_samples=20_000, n_features=256, n_classes=1_000):
    rng = np.random.default_rng(0)
    centres = 0.5 * rng.normal(size=(n_classes, n_features))
    y = rng.permutation(np.arange(n_samples) % n_classes)
    return centres[y] + rng.normal(size=(n_samples, n_features)), y


PROBLEMS = {
    "raw MFCC frames": (mfcc_frames, 1e-4),
    "digits, unscaled": (lambda: load_digits(return_X_y=True), 1e-3),
    "MFCC clips, unscaled": (mfcc_clips, 1e-3),
    "MFCC clips, scaled": (scaled_mfcc_clips, 1e-3),
    "dense": (dense, 1e-4),
    "sparse": (sparse, 1e-4),
    "1,000 classes": (many_classes, 1e-4),
}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--limit", type=float, default=120, help="seconds for each solver")
    parser.add_argument("--problems", nargs="*", default=list(PROBLEMS), choices=PROBLEMS)
    parser.add_argument("--theirs", nargs="*", default=THEIRS, choices=THEIRS, metavar="SOLVER")
    args = parser.parse_args()
    print(f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__},")
    print(f"scikit-learn {sklearn.__version__}; time to within {WITHIN:g} of the best objective\n")
    for name in args.problems:
        compare(name, args.theirs, args.limit)


def compare(name, theirs, limit):
    """Print a table of all solvers on one problem."""
    X, y = load(name)
    density = f", {X.nnz / np.prod(X.shape):.2%} not zero" if scipy.sparse.issparse(X) else ""
    n_classes = len(np.unique(y))
    print(f"{name}: {X.shape[0]:,} x {X.shape[1]:,}{density}, {n_classes:,} classes, ", end="")
    print(f"alpha {PROBLEMS[name][1]:g}, ", end="")
    best = in_process(reference, (name,), 30 * limit)
    print(
        f"{'':<36}{'seconds':>8}{'tol':>9}{'iterations':>12}{'MB':>7}   best objective {best:.6g}"
    )
    fastest, default = {}, np.inf
    solvers = [("skxent", solver) for solver in OURS] + [("sklearn", solver) for solver in theirs]
    for package, solver in solvers:
        label = f"{package}, {solver}"
        if solver == "newton-cholesky" and n_classes * X.shape[1] > MAX_CHOLESKY:
            print(f"{label:<36}{'Hessian too large':>20}")
            continue
        found = in_process(race, (name, package, solver, best), limit)
        if found is None:
            print(f"{label:<36}{'> ' + format(limit, '.0f'):>8}")
            continue
        seconds, tol, n_iter, size, used = found
        fastest[package] = min(seconds, fastest.get(package, np.inf))
        label += f" ({used})" if used != solver else ""
        print(f"{label:<36}{seconds:>8.3f}{tol:>9.0e}{n_iter:>12}{size / 1e6:>7.0f}", flush=True)
        if (package, solver) == ("skxent", "auto"):
            default = seconds
    if "sklearn" in fastest:
        print(f"skxent's default is {fastest['sklearn'] / default:.1f} times as fast as ", end="")
        print("the fastest of LogisticRegression's solvers\n")
    else:
        print(f"skxent's default is over {limit / default:.1f} times as fast: ", end="")
        print("none of LogisticRegression's solvers got there\n")


def in_process(function, arguments, limit):
    """Return what a function returns in a fresh process, or None after `limit` seconds."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        try:
            return pool.apply_async(function, arguments).get(limit)
        except multiprocessing.TimeoutError:
            return None


def load(name):
    return PROBLEMS[name][0]()


def objective_of(X, y, alpha):
    return LinearObjective(
        X=X,
        targets=y,
        weights=np.ones(len(y)),
        n_classes=len(np.unique(y)),
        alpha=alpha,
        fit_intercept=True,
    )


def value_of(model, objective):
    return objective(np.column_stack([model.coef_, model.intercept_]))[0]


def reference(name):
    """Return the objective of a fit that is far more exact than the tolerance."""
    warnings.simplefilter("ignore")
    X, y = load(name)
    alpha = PROBLEMS[name][1]
    model = SoftmaxClassifier(solver="lbfgs", alpha=alpha, tol=1e-7, max_iter=5000).fit(X, y)
    return value_of(model, objective_of(X, y, alpha))


def race(name, package, solver, best):
    """Return the seconds of the first fit that is near enough, and what goes with it."""
    warnings.simplefilter("ignore")
    X, y = load(name)
    alpha = PROBLEMS[name][1]
    objective = objective_of(X, y, alpha)
    Path("/proc/self/clear_refs").write_text("5")  # the peak of memory starts here
    before = resident()
    for tol in TOLERANCES:
        if package == "skxent":
            model = SoftmaxClassifier(solver=solver, alpha=alpha, tol=tol, max_iter=10_000)
        else:
            model = LogisticRegression(
                solver=solver, C=1.0 / (alpha * len(y)), tol=tol, max_iter=10_000, random_state=0
            )
        seconds = timed_fit(model, X, y)
        size = peak() - before
        if value_of(model, objective) <= best * (1.0 + WITHIN):
            break
    else:
        return None
    for _ in range(2):
        if seconds < 10:
            seconds = min(seconds, timed_fit(model, X, y))
    return seconds, tol, int(np.max(model.n_iter_)), size, getattr(model, "solver_", solver)


def timed_fit(model, X, y):
    start = time.perf_counter()
    model.fit(X, y)
    return time.perf_counter() - start


def resident():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def peak():
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split("VmHWM:")[1].split()[0])


if __name__ == "__main__":
    main()
