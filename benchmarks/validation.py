"""How optimistic random folds are, against folds that keep speakers apart.

    python benchmarks/validation.py

One pipeline is validated in three ways: by five random folds, by five folds with all clips of a
speaker in the same fold, and by leaving out each speaker in turn. The figures are percentages of
wrong clips, averaged over the folds. There is no peer: compare the three with each other.
"""

import argparse
import os
import sys
import warnings
from pathlib import Path

if __name__ == "__main__":  # run as a file: the package is in the folder above
    sys.path[0] = str(Path(__file__).resolve().parents[1])
# One thread for all tools. Must be set before numpy is imported.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", NUMBA_NUM_THREADS="1")

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import (
    LeaveOneGroupOut,
    StratifiedGroupKFold,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.machine import describe
from benchmarks.recordings import REAL, SYNTHETIC, prepare
from benchmarks.rows import Row, show
from skxent import MFCCTransformer, SoftmaxClassifier
from skxent.datasets import fetch_fsdd, load_spoken_digits

SHORT = {"names": ("one segment",), "n_clips": 240}
LIMIT = 300
PEERS = ()

FEATURES = {"five segments": {"n_segments": 5, "deltas": 1}, "one segment": {}}
SPLITTERS = {
    "random folds": StratifiedKFold(5, shuffle=True, random_state=0),
    "folds by speaker": StratifiedGroupKFold(5),
    "one speaker left out": LeaveOneGroupOut(),
}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args()
    print(describe(PEERS), f"recordings: {prepare()}", sep="\n")
    show(results())


def results(names=tuple(FEATURES), n_clips=None):
    """Yield a row for each data set, kind of features and splitter."""
    data_sets = {SYNTHETIC: load_spoken_digits()}
    if prepare(download=False) == REAL:
        data_sets = {REAL: fetch_fsdd()} | data_sets
    for data_set, bunch in data_sets.items():
        chosen = np.random.default_rng(0).permutation(len(bunch.target))[:n_clips]
        chosen.sort()  # the folds depend on the order
        clips = [bunch.data[i] for i in chosen]
        words, speakers = bunch.target[chosen], np.asarray(bunch.speaker)[chosen]
        for name in names:
            transformer = MFCCTransformer(sample_rate=bunch.sample_rate, **FEATURES[name])
            features = transformer.transform(clips)
            for way, splitter in SPLITTERS.items():
                groups = None if way == "random folds" else speakers
                scores = score(features, words, groups, splitter)
                yield Row(
                    table="Wrong clips by the way of validation, in per cent",
                    problem=data_set.partition(" (")[0],
                    setting=f"{name}, {way}",
                    ours=100 * (1 - scores.mean()),
                    unit="%",
                    note=f"accuracy {scores.mean():.3f} ({scores.min():.3f} to {scores.max():.3f})",
                )


def score(features, words, groups, splitter):
    """Return the accuracy of each fold."""
    classifier = SoftmaxClassifier(learning_rate=0.3, alpha=0.02, max_iter=150)
    pipeline = make_pipeline(StandardScaler(), classifier)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # for the limit of 150 iterations
        return cross_val_score(pipeline, features, words, groups=groups, cv=splitter)


if __name__ == "__main__":
    main()
