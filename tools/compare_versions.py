"""Times of two checkouts of skxent, side by side in one run.

    python tools/compare_versions.py BEFORE AFTER [TASK ...]

BEFORE and AFTER are folders that hold the package. Each has a process of its own, which prepares
the data; then the two take turns, so that other load on the machine affects both alike. Printed
are, for each task, the median seconds of both, and the median and the range of their ratios within
a turn: above 1, AFTER is faster. One thread. Recordings are those of the Free Spoken Digit Dataset
where `SKXENT_DATA` names a folder with it, or else synthetic ones.
"""

import argparse
import os
import subprocess
import sys
import time
import warnings
from pathlib import Path

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("before", type=Path)
    parser.add_argument("after", type=Path)
    parser.add_argument("tasks", nargs="*", help="beginnings of the tasks' names; all if none")
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        serve()
        return
    workers = [Worker(folder) for folder in (args.before, args.after)]
    names = [n for n in workers[0].names if not args.tasks or n.startswith(tuple(args.tasks))]
    print(f"{'task':<44}{'before, s':>10}{'after, s':>10}{'ratio':>7}  range")
    for name in names:
        for worker in workers:  # a warm-up
            worker.time(name)
        turns = [[worker.time(name) for worker in workers] for _ in range(args.turns)]
        before, after = map(median, zip(*turns, strict=True))
        ratios = sorted(a / b for a, b in turns)
        spread = f"{ratios[0]:.2f} to {ratios[-1]:.2f}"
        print(
            f"{name:<44}{before:>10.3f}{after:>10.3f}{median(ratios):>7.2f}  {spread}", flush=True
        )


def median(values):
    values = sorted(values)
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else 0.5 * (values[middle - 1] + values[middle])


class Worker:
    """A process with one version of the package, which runs a task when it gets its name."""

    def __init__(self, folder):
        command = [sys.executable, __file__, ".", ".", "--worker"]
        environment = os.environ | ONE_THREAD | {"PYTHONPATH": str(folder.resolve())}
        self.process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        found = self.process.stdout.readline().strip()
        if not Path(found).is_relative_to(folder.resolve()):
            raise SystemExit(f"{folder} holds no skxent: got that of {found}")
        self.names = self.process.stdout.readline().strip().split("|")

    def time(self, name):
        """Return the seconds that a task takes."""
        print(name, file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())


def serve():
    import skxent

    warnings.simplefilter("ignore")
    print(skxent.__file__, flush=True)
    tasks = make_tasks()
    print("|".join(tasks), flush=True)
    for line in sys.stdin:
        run = tasks[line.strip()]
        start = time.perf_counter()
        run()
        print(time.perf_counter() - start, flush=True)


def make_tasks():
    """Return functions by name, with their data prepared."""
    import numpy as np
    import scipy.sparse
    from sklearn.datasets import load_digits, make_classification
    from sklearn.preprocessing import scale

    from skxent import MFCCTransformer, SoftmaxClassifier, SoftmaxClassifierCV
    from skxent.audio import load
    from skxent.datasets import fetch_fsdd, load_spoken_digits

    bunch = fetch_fsdd() if "SKXENT_DATA" in os.environ else load_spoken_digits()
    paths = bunch.filenames[:1920]
    clips = [load(path, 8000) for path in paths]
    long = [np.concatenate(clips[:400])] * 2
    labels = np.asarray(bunch.target[:1920])

    def transform(data, **settings):
        transformer = MFCCTransformer(sample_rate=8000, **settings)
        return lambda: transformer.transform(data)

    segments = {"deltas": 1, "n_segments": 5}
    pooled = transform(clips, deltas=2, pooling="mean", n_segments=10)()
    ragged = transform(clips[:960], deltas=2, pooling=None)()
    frames = np.vstack(ragged)
    frame_labels = np.repeat(labels[:960], [len(clip) for clip in ragged])
    scaled = scale(pooled.astype(np.float64))
    digits = load_digits(return_X_y=True)
    dense = make_classification(
        20_000, 300, n_informative=60, n_classes=10, n_clusters_per_class=1, random_state=0
    )
    rng = np.random.default_rng(0)
    counts = scipy.sparse.random_array((4000, 5000), density=0.01, rng=rng, format="csr")
    topics = np.argmax(counts @ rng.normal(size=(5000, 10)), axis=1)

    def fit(X, y, **settings):
        return lambda: SoftmaxClassifier(**{"random_state": 0} | settings).fit(X, y)

    def search(**settings):
        return lambda: SoftmaxClassifierCV(max_iter=200, **settings).fit(scaled, labels)

    return {
        "mfcc: psf": transform(clips),
        "mfcc: psf, slopes, 5 segments": transform(clips, **segments),
        "mfcc: psf, slopes, 5 segments, float64": transform(clips, dtype="float64", **segments),
        "mfcc: librosa": transform(clips, convention="librosa", n_mels=40),
        "mfcc: kaldi": transform(clips, convention="kaldi"),
        "mfcc: htk": transform(clips, convention="htk"),
        "mfcc: frames of clips": transform(clips, deltas=2, normalize="mean_std", pooling=None),
        "mfcc: wav files": transform(paths),
        "mfcc: minutes long": transform(long, **segments),
        "mfcc: in memory, known": transform(clips, cache="memory", **segments),
        "mfcc: one clip": lambda: [transform(clips[:1])() for _ in range(100)],
        "classifier: raw frames": fit(frames, frame_labels),
        "classifier: digits": fit(*digits),
        "classifier: clips": fit(pooled, labels),
        "classifier: clips, scaled": fit(scaled, labels),
        "classifier: clips, scaled, newton-cg": fit(scaled, labels, solver="newton-cg"),
        "classifier: clips, scaled, gd": fit(scaled, labels, solver="gd", max_iter=200),
        "classifier: clips, scaled, L1": fit(scaled, labels, l1_ratio=0.5, max_iter=200),
        "classifier: clips, scaled, adam": fit(scaled, labels, solver="adam", max_iter=30),
        "classifier: dense": fit(*dense),
        "classifier: sparse": fit(counts, topics, alpha=1e-3),
        "search: all": search(prune=False),
        "search: pruned": search(),
        "search: two classes": lambda: SoftmaxClassifierCV(max_iter=200).fit(scaled, labels % 2),
    }


if __name__ == "__main__":
    main()
