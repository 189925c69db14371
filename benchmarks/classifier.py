"""SoftmaxClassifier against LogisticRegression: time to the same objective, and memory.

    python benchmarks/classifier.py

One core. MFCCs, of frames as well as of clips, are float32; the other features are float64. All
solvers compute in the type of the features. The tolerance of each solver is lowered by half a
decade at a time, until its objective is within 1e-4 (relative) of the best known. The time is that
of this last fit, the fastest of up to three; the spread is that of the ratios of any two of them.
Each solver runs in a process of its own and is stopped after a time limit: its time is then given
as more than that of its longest fit that was not close enough. The memory is the increase of the
peak resident memory over that of the process before its first fit, at least one megabyte.
"""

import argparse
import os
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":  # run as a file: the package is in the folder above
    sys.path[0] = str(Path(__file__).resolve().parents[1])
# One thread for all tools. Must be set before numpy is imported.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1")

import numpy as np
import scipy.sparse
import scipy.special
from sklearn.datasets import load_digits, make_classification
from sklearn.linear_model import LogisticRegression

from benchmarks.machine import describe
from benchmarks.measure import in_process, peak, reset_peak, resident, timed
from benchmarks.recordings import prepare, wav_recordings
from benchmarks.rows import Row, compare, show
from skxent import MFCCTransformer, SoftmaxClassifier

SHORT = {"problems": ("digits, unscaled",), "theirs": ("newton-cg",)}
LIMIT = 1500
PEERS = ()

TOLERANCES = 10.0 ** np.arange(-2, -10, -0.5)
WITHIN = 1e-4
OURS = ("auto", "newton-cg")
THEIRS = ("lbfgs", "newton-cg", "newton-cholesky", "sag", "saga")
# With more coefficients, the Hessian is too large.
MAX_CHOLESKY = 6000
# Number of rows whose logits are held at once to evaluate an objective.
BLOCK = 2048


@dataclass(frozen=True)
class Fit:
    """The fits of one solver to one tolerance.

    Parameters
    ----------
    seconds : list of float
        Time of each fit.
    note : str
        The solver, its tolerance and its number of iterations.
    near : bool
        Whether the objective is close enough to the best known.
    size : float
        Increase of the peak memory, in megabytes.
    """

    seconds: list[float]
    note: str
    near: bool
    size: float = 0.0


def mfcc_frames():
    with wav_recordings() as bunch:
        features = MFCCTransformer(sample_rate=bunch.sample_rate, deltas=2, pooling=None)
        frames = features.transform(bunch.data)
    return np.vstack(frames), np.repeat(bunch.target, [len(clip) for clip in frames])


def mfcc_clips():
    settings = {"deltas": 2, "pooling": "mean", "n_segments": 10}
    with wav_recordings() as bunch:
        features = MFCCTransformer(sample_rate=bunch.sample_rate, **settings)
        return features.transform(bunch.data), bunch.target


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
    """Return word counts by Zipf's law, with different word frequencies in each class."""
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
# Least wanted ratio of the fastest LogisticRegression solver's time to that of the default.
AIMS = dict.fromkeys(PROBLEMS, 1) | {"raw MFCC frames": 20}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--limit", type=float, default=120, help="seconds for each solver")
    parser.add_argument("--problems", nargs="*", default=list(PROBLEMS), choices=PROBLEMS)
    parser.add_argument("--theirs", nargs="*", default=THEIRS, choices=THEIRS, metavar="SOLVER")
    args = parser.parse_args()
    print(describe(PEERS), f"recordings: {prepare()}", sep="\n")
    show(results(args.problems, args.theirs, args.limit))


def results(problems=tuple(PROBLEMS), theirs=THEIRS[:3], limit=60):
    """Yield the rows of each problem; `limit` is in seconds for each solver.

    The default leaves out sag and saga, which would take most of the time of a run.
    """
    for name in problems:
        yield from race(name, theirs, limit)


def race(name, theirs, limit):
    """Yield the rows of one problem: each solver, the fastest peer, and their memory."""
    problem, n_coefficients, best = next(in_process(reference, (name,), 10 * limit))
    default = finish(name, "skxent", "auto", best, 5 * limit)
    each = {"table": "Each solver", "problem": problem, "detail": True}
    yield Row(
        **each,
        setting="SoftmaxClassifier()",
        ours=min(default.seconds),
        ours_at_least=not default.near,
        note=f"{default.note}; best objective {best:.6g}",
    )
    # A peer that needs far longer than the default is not the fastest one.
    limit = max(limit, 1.5 * sum(default.seconds))
    fits = {}
    for package, solver in [("skxent", s) for s in OURS[1:]] + [("sklearn", s) for s in theirs]:
        if solver == "newton-cholesky" and n_coefficients > MAX_CHOLESKY:
            continue
        fit = finish(name, package, solver, best, limit)
        if package == "skxent":
            tool = f'SoftmaxClassifier("{solver}")'
        else:
            tool = f'LogisticRegression("{solver}")'
            fits[tool] = fit
        yield Row(**each, tool=tool, note=fit.note, **beside(default, fit))
    if not fits:
        return
    tool = min(fits, key=lambda tool: (not fits[tool].near, min(fits[tool].seconds)))
    fastest = fits[tool]
    left = [other for other, fit in fits.items() if not fit.near]
    yield Row(
        table="The fastest of LogisticRegression's solvers",
        problem=problem,
        setting="SoftmaxClassifier()",
        tool=tool,
        aim=AIMS[name],
        note=f"stopped: {', '.join(left)}" if left else "",
        **beside(default, fastest),
    )
    if default.near and fastest.near:
        yield Row(
            table="Memory beyond X",
            problem=problem,
            setting="SoftmaxClassifier()",
            tool=tool,
            ours=default.size,
            theirs=fastest.size,
            unit="MB",
        )


def beside(default, other):
    """Return the fields of a row that compares the default with another solver."""
    compared = compare(default.seconds, other.seconds, in_turn=False)
    if not (default.near and other.near):
        compared["spread"] = None
    return compared | {"ours_at_least": not default.near, "theirs_at_least": not other.near}


def finish(name, package, solver, best, limit):
    """Return the first fit that is close enough, or the longest one that is not."""
    longest, note, since = 0.0, "no fit finished", time.perf_counter()
    try:
        for fit in in_process(fits_of, (name, package, solver, best), limit):
            if fit is not None and fit.near:
                return fit
            if fit is not None:
                longest = max(longest, *fit.seconds)
                note = f"not close enough with {fit.note}"
            since = time.perf_counter()
    except TimeoutError:
        longest = max(longest, time.perf_counter() - since)
        note = f"stopped; {note}"
    return Fit([longest], note, near=False)


def load(name):
    return PROBLEMS[name][0]()


def objective_of(model, X, y, alpha):
    """Return the mean cross-entropy and the penalty of a fitted model of three classes or more."""
    total = 0.0
    for start in range(0, len(y), BLOCK):
        part = slice(start, start + BLOCK)
        logits = X[part] @ model.coef_.T + model.intercept_
        chosen = np.take_along_axis(logits, y[part, np.newaxis], axis=1)
        total += scipy.special.logsumexp(logits - chosen, axis=1).sum()
    return total / len(y) + 0.5 * alpha * np.sum(model.coef_**2)


def reference(name):
    """Yield a problem's description, its number of coefficients, and its best known objective."""
    warnings.simplefilter("ignore")
    X, y = load(name)
    alpha = PROBLEMS[name][1]
    model = SoftmaxClassifier(solver="lbfgs", alpha=alpha, tol=1e-7, max_iter=5000).fit(X, y)
    n_classes = len(model.classes_)
    yield in_words(name, X, n_classes), n_classes * X.shape[1], objective_of(model, X, y, alpha)


def in_words(name, X, n_classes):
    """Return a problem's name with the shape, the type and the density of its features."""
    density = f", {X.nnz / np.prod(X.shape):.2%} nonzero" if scipy.sparse.issparse(X) else ""
    return f"{name}: {X.shape[0]:,} x {X.shape[1]:,}, {X.dtype}{density}, {n_classes:,} classes"


def fits_of(name, package, solver, best):
    """Yield None once the data are loaded, then the fits of each tolerance."""
    warnings.simplefilter("ignore")
    X, y = load(name)
    alpha = PROBLEMS[name][1]
    yield None
    before, size = resident(), 1.0
    for tol in TOLERANCES:
        if package == "skxent":
            model = SoftmaxClassifier(solver=solver, alpha=alpha, tol=tol, max_iter=10_000)
        else:
            model = LogisticRegression(
                solver=solver, C=1.0 / (alpha * len(y)), tol=tol, max_iter=10_000, random_state=0
            )
        reset_peak()  # excludes the evaluation of the last fit
        seconds = [timed(lambda model=model: model.fit(X, y))[0]]
        size = max(size, (peak() - before) / 1e6)
        near = objective_of(model, X, y, alpha) <= best * (1.0 + WITHIN)
        while near and len(seconds) < 3 and min(seconds) < 10:
            seconds.append(timed(lambda model=model: model.fit(X, y))[0])
        n_iter, used = int(np.max(model.n_iter_)), getattr(model, "solver_", solver)
        note = f"{used}, tolerance {tol:.0e}, {n_iter:,} iterations, {size:,.0f} MB"
        yield Fit(seconds, note, bool(near), size)


if __name__ == "__main__":
    main()
