"""Accuracy for speakers that were not trained on, with all that is chosen chosen without them.

    python benchmarks/speakers.py

Each speaker is left out once: a pipeline is trained on the clips of all others and tested on those
of this speaker. Features, trimming and penalties are chosen within the training speakers, by a
grid search that leaves out each of these in turn; so they may differ from speaker to speaker.
Compared is the percentage of wrong clips, averaged over the speakers. Remarks have the accuracy,
its standard error over the speakers, the seconds of fitting what was chosen, and those of the
whole search. The peer is an RBF support vector machine on segments, chosen in the same way. Aims
are accuracies, converted to ratios of errors. Of the pipelines without "search" nothing is chosen
here. But the settings of the discriminants (QDA) and the penalty of the softmax classifier beside
them were known to do well for these six speakers, which makes the rows of those two and of their
vote slightly optimistic. So are those of the networks: the settings of DNNClassifier were known to
do well, too, and RNNClassifier's masks and normalisation were chosen by three of the six speakers.
A vote is the mean of the probabilities of two classifiers.

The second table turns the task round: it tells speakers apart, by words that were not trained on.
Two words at a time are left out. As each speaker has a microphone and a room of their own, these
figures are of recordings as much as of voices.
"""

import argparse
import os
import sys
import time
import warnings
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

if __name__ == "__main__":  # run as a file: the package is in the folder above
    sys.path[0] = str(Path(__file__).resolve().parents[1])
# One thread for all tools. Must be set before numpy is imported.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", NUMBA_NUM_THREADS="1")

import numpy as np
from sklearn.base import clone
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from benchmarks.machine import describe
from benchmarks.measure import timed
from benchmarks.recordings import prepare, wav_recordings
from benchmarks.rows import Row, show
from skxent import (
    AudioAugmenter,
    AugmentedClassifier,
    FramewiseClassifier,
    MFCCTransformer,
    SoftmaxClassifier,
)
from skxent.augmentation import AddNoise, ChangeSpeed

try:
    from skxent.neural import DNNClassifier, RNNClassifier
except ModuleNotFoundError:  # without PyTorch there are no networks
    RNNClassifier = None

# As many folds as there are real speakers: the searches leave out each of the other five.
SHORT = {"names": ("README, trim=35",), "n_clips": 240}
LIMIT = 7200
PEERS = ("torch",)

PEER = "search: SVC"
VOTES = {
    "search: vote": ("search: SoftmaxClassifier", "search: FramewiseClassifier(QDA)"),
    "vote, trim=35": ("SoftmaxClassifier, trim=35", "FramewiseClassifier(QDA), trim=35"),
}
AIMS = {"README, trim=35": 0.82, "search: vote": 0.85, "RNNClassifier": 0.87}


@dataclass(frozen=True, kw_only=True)
class Fold:
    """What came of leaving out a speaker, or some words."""

    left_out: str
    labels: np.ndarray
    predicted: np.ndarray
    classes: np.ndarray
    probabilities: np.ndarray | None
    fit_seconds: float
    search_seconds: float
    chosen: dict

    @property
    def accuracy(self):
        """Share of the clips that are classified correctly."""
        return float(np.mean(self.predicted == self.labels))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known = ", ".join([*classifiers_of_words(8000), *classifiers_of_speakers(8000)])
    parser.add_argument("names", nargs="*", metavar="name", help=known)
    args = parser.parse_args()
    print(describe(PEERS), f"recordings: {prepare()}", sep="\n")
    show(results(args.names))


def results(names=None, n_clips=None, n_folds=6):
    """Yield a row for each classifier, and one for each of its folds."""
    with wav_recordings() as bunch:
        chosen = np.random.default_rng(0).permutation(len(bunch.target))[:n_clips]
        clips = [bunch.data[i] for i in chosen]
        words, speakers = bunch.target[chosen], np.asarray(bunch.speaker)[chosen]
        table, folds = "Wrong clips of new speakers, in per cent", {}
        for name, classifier in classifiers_of_words(bunch.sample_rate).items():
            if not names or name in (PEER, *names):
                folds[name] = leave_out(classifier, clips, words, speakers, n_folds)
                yield from rows(table, name, folds[name], peer=folds[PEER])
        for name, voters in VOTES.items():
            if all(voter in folds for voter in voters):
                together = vote(*(folds[voter] for voter in voters))
                yield from rows(table, name, together, peer=folds[PEER])
        table = "Wrong speakers of new words, in per cent"
        for name, classifier in classifiers_of_speakers(bunch.sample_rate).items():
            if not names or name in names:
                yield from rows(table, name, leave_out(classifier, clips, speakers, words, 5))


def classifiers_of_words(sample_rate):
    """Return the classifiers of words by their names, the peer first."""

    def segments(classifier, **settings):
        transformer = MFCCTransformer(sample_rate=sample_rate, deltas=1, cache="memory")
        return make_pipeline(transformer.set_params(**settings), StandardScaler(), classifier)

    def frames(classifier, **settings):
        transformer = MFCCTransformer(sample_rate=sample_rate, pooling=None, cache="memory")
        return make_pipeline(transformer.set_params(**settings), classifier)

    def with_copies(pipeline, effect, n_copies):
        augmenter = AudioAugmenter(
            effect, n_copies=n_copies, sample_rate=sample_rate, random_state=0
        )
        return AugmentedClassifier(pipeline, augmenter)

    kinds = [
        {"pooling": ["mean_std"], "n_segments": [5], "trim": [None, 35]},
        {"pooling": ["mean"], "n_segments": [10], "trim": [None, 35]},
    ]
    readme = segments(SoftmaxClassifier(learning_rate=0.3), n_segments=5)
    trimmed = clone(readme).set_params(mfcctransformer__trim=35)
    discriminants = frames(
        FramewiseClassifier(
            make_pipeline(StandardScaler(), QuadraticDiscriminantAnalysis(reg_param=0.1)),
            aggregate="mean_log_proba",
            position=True,
        ),
        deltas=2,
        normalize="mean_std",
        trim=35,
    )
    known = {
        PEER: search(segments(SVC()), kinds, C=[1.0, 10.0]),
        "README": readme,
        "README, trim=35": trimmed,
        "README, trim=35, two copies at other speeds": with_copies(trimmed, ChangeSpeed(), 2),
        "README, trim=35, a noisy copy": with_copies(trimmed, AddNoise(["white", "pink"]), 1),
        "SoftmaxClassifier, trim=35": segments(
            SoftmaxClassifier(alpha=0.01), n_segments=5, trim=35
        ),
        "FramewiseClassifier(QDA), trim=35": discriminants,
        "search: SoftmaxClassifier": search(
            segments(SoftmaxClassifier()), kinds, alpha=[0.001, 0.01, 0.1]
        ),
        "search: FramewiseClassifier(QDA)": search(
            discriminants, [{"deltas": [1, 2], "trim": [None, 35]}], position=[False, True]
        ),
    }
    if RNNClassifier is None:
        return known
    perceptron = DNNClassifier(context=5, input_noise=0.5, max_iter=5, random_state=0)
    return known | {
        "DNNClassifier": frames(perceptron, n_mfcc=20, deltas=1, normalize="mean_std", trim=35),
        "RNNClassifier": frames(
            RNNClassifier(random_state=0), n_mfcc=20, deltas=1, normalize="mean", trim=35
        ),
    }


def classifiers_of_speakers(sample_rate):
    """Return the classifiers of speakers by their names."""

    def softmax(**kinds):
        pipeline = make_pipeline(
            MFCCTransformer(sample_rate=sample_rate, deltas=1, cache="memory"),
            StandardScaler(),
            SoftmaxClassifier(alpha=0.01),
        )
        sizes = {"n_mfcc": [13, 20], "trim": [None, 35]}
        return search(pipeline, [kinds | sizes], n_folds=4)

    return {
        "search: one segment": softmax(pooling=["mean_std", "statistics"]),
        "search: five segments": softmax(pooling=["mean_std"], n_segments=[5]),
        "search: ten segments": softmax(pooling=["mean"], n_segments=[10]),
    }


def search(pipeline, kinds, n_folds=5, **settings):
    """Return a search over kinds of features, and settings of the pipeline's last step."""
    last = pipeline.steps[-1][0]
    settings = {f"{last}__{name}": values for name, values in settings.items()}
    grids = [
        {f"mfcctransformer__{name}": values for name, values in kind.items()} | settings
        for kind in kinds
    ]
    return GridSearchCV(pipeline, grids, cv=GroupKFold(n_folds), error_score="raise")


def leave_out(classifier, clips, labels, groups, n_folds, clock=time.perf_counter):
    """Return a Fold for each part of the groups; there are as many parts as folds."""
    folds = []
    for train, test in GroupKFold(n_folds).split(clips, labels, groups):
        is_search = isinstance(classifier, GridSearchCV)
        params = {"groups": groups[train]} if is_search else {}
        fit = partial(clone(classifier).fit, [clips[i] for i in train], labels[train], **params)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # of rates and of few epochs
            seconds, fitted = timed(fit, clock)
        new_clips = [clips[i] for i in test]
        if hasattr(fitted, "predict_proba"):
            probabilities = fitted.predict_proba(new_clips)
            predicted = fitted.classes_[probabilities.argmax(axis=1)]
        else:
            probabilities, predicted = None, fitted.predict(new_clips)
        best = fitted.best_params_ if is_search else {}
        folds.append(
            Fold(
                left_out=", ".join(map(str, np.unique(groups[test]))),
                labels=labels[test],
                predicted=predicted,
                classes=fitted.classes_,
                probabilities=probabilities,
                fit_seconds=fitted.refit_time_ if is_search else seconds,
                search_seconds=seconds if is_search else 0.0,
                chosen={name.rpartition("__")[2]: value for name, value in best.items()},
            )
        )
    return folds


def vote(*voters):
    """Return the folds of the mean of the voters' probabilities, whose classes are the same."""
    folds = []
    for parts in zip(*voters, strict=True):
        probabilities = np.mean([part.probabilities for part in parts], axis=0)
        folds.append(
            replace(
                parts[0],
                predicted=parts[0].classes[probabilities.argmax(axis=1)],
                probabilities=probabilities,
                fit_seconds=sum(part.fit_seconds for part in parts),
                search_seconds=sum(part.search_seconds for part in parts),
                chosen={},
            )
        )
    return folds


def rows(table, name, folds, peer=None, tool=PEER, aims=AIMS):
    """Yield the row of a classifier, beside that of the peer, and those of its folds."""
    wrong = [100 * (1 - fold.accuracy) for fold in folds]
    theirs = None
    if peer is not None and peer is not folds:
        theirs = np.mean([100 * (1 - fold.accuracy) for fold in peer])
    seconds = f"fit {max(fold.fit_seconds for fold in folds):.1f} s"
    if any(fold.search_seconds for fold in folds):
        seconds += f", search {max(fold.search_seconds for fold in folds):.0f} s"
    error = np.std(wrong, ddof=1) / np.sqrt(len(wrong)) / 100
    yield Row(
        table=table,
        problem="mean",
        setting=name,
        tool="" if theirs is None else tool,
        ours=np.mean(wrong),
        theirs=theirs,
        unit="%",
        aim=theirs / (100 * (1 - aims[name])) if theirs and name in aims else None,
        note=f"accuracy {1 - np.mean(wrong) / 100:.3f}, standard error {error:.3f}; {seconds}",
    )
    for fold in folds:
        chosen = ", ".join(f"{key}={value}" for key, value in fold.chosen.items())
        yield Row(
            table=table,
            problem=fold.left_out,
            setting=name,
            ours=100 * (1 - fold.accuracy),
            unit="%",
            note=f"accuracy {fold.accuracy:.3f}" + (f"; {chosen}" if chosen else ""),
            detail=True,
        )


if __name__ == "__main__":
    main()
