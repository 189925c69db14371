"""Accuracy for speakers that were not trained on, of several pipelines.

    python benchmarks/speakers.py

Each speaker is left out once: the pipeline is trained on the clips of all others and tested on
those of this speaker. Compared is the percentage of wrong clips, averaged over the speakers. The
peer is an RBF support vector machine on the means of ten segments; a logistic regression on the
same features is shown, too. Aims are accuracies, converted to ratios of errors. Votes are means of
probabilities: of a linear and a framewise classifier, and of three networks. Features and
regularisation were chosen by the same mean over the speakers, which makes all figures slightly
optimistic.
"""

import argparse
import os
import sys
from functools import partial
from pathlib import Path

if __name__ == "__main__":  # run as a file: the package is in the folder above
    sys.path[0] = str(Path(__file__).resolve().parents[1])
# One thread for all tools. Must be set before numpy is imported.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", NUMBA_NUM_THREADS="1")

import numpy as np
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import LeaveOneGroupOut
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from benchmarks.machine import describe
from benchmarks.measure import timed
from benchmarks.recordings import prepare, wav_recordings
from benchmarks.rows import Row, show
from skxent import FramewiseClassifier, MFCCTransformer, SoftmaxClassifier

try:
    from skxent.neural import DNNClassifier, RNNClassifier
except ModuleNotFoundError:  # without PyTorch there are no networks
    RNNClassifier = None

SHORT = {"names": ("SoftmaxClassifier",), "n_clips": 240}
LIMIT = 5400
PEERS = ("torch",)

PEER = "SVC"
OTHERS = (PEER, "LogisticRegression")
AIMS = {"SoftmaxClassifier": 0.78, "RNNClassifier": 0.85, "vote of five": 0.90}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(pipelines(8000)))
    parser.add_argument(
        "--jobs", type=int, default=1, help="number of networks trained in parallel in a vote"
    )
    args = parser.parse_args()
    print(describe(PEERS), f"recordings: {prepare()}", sep="\n")
    show(results(args.names, n_jobs=args.jobs))


def results(names=None, n_clips=None, n_jobs=1):
    """Yield a row for each pipeline, and one for each of its test speakers."""
    with wav_recordings() as bunch:
        chosen = np.random.default_rng(0).permutation(len(bunch.target))[:n_clips]
        clips = [bunch.data[i] for i in chosen]
        words, speakers = bunch.target[chosen], np.asarray(bunch.speaker)[chosen]
        of_peer = None
        known = pipelines(bunch.sample_rate, n_jobs)
        for name in dict.fromkeys((PEER, *(names or known))):
            seconds, accuracies = leave_each_out(known[name], clips, words, speakers)
            mean = np.mean(list(accuracies.values()))
            of_peer = mean if of_peer is None else of_peer
            yield Row(
                table="Wrong clips of new speakers, in per cent",
                problem="mean over the speakers",
                setting=name,
                tool="" if name in OTHERS else PEER,
                ours=100 * (1 - mean),
                theirs=None if name in OTHERS else 100 * (1 - of_peer),
                unit="%",
                aim=(1 - of_peer) / (1 - AIMS[name]) if name in AIMS else None,
                note=f"accuracy {mean:.3f}, "
                f"training {min(seconds):.0f} to {max(seconds):.0f} s a fold",
            )
            yield from (
                Row(
                    table="Wrong clips of new speakers, in per cent",
                    problem=speaker,
                    setting=name,
                    ours=100 * (1 - accuracy),
                    unit="%",
                    note=f"accuracy {accuracy:.3f}",
                    detail=True,
                )
                for speaker, accuracy in accuracies.items()
            )


def pipelines(sample_rate, n_jobs=1):
    """Return the pipelines by their names."""

    def segments(**settings):
        transformer = MFCCTransformer(
            sample_rate=sample_rate, deltas=1, pooling="mean", n_segments=10, cache="memory"
        )
        return transformer.set_params(**settings), StandardScaler()

    def frames(**settings):
        transformer = MFCCTransformer(
            sample_rate=sample_rate, deltas=1, pooling=None, cache="memory"
        )
        return transformer.set_params(**settings)

    machine = make_pipeline(*segments(), SVC(C=3.0))
    discriminants = make_pipeline(
        frames(n_mfcc=16, deltas=2, delta_width=3, normalize="mean_std"),
        FramewiseClassifier(
            QuadraticDiscriminantAnalysis(reg_param=0.1), aggregate="mean_log_proba"
        ),
    )
    linear = make_pipeline(*segments(n_mfcc=20), SoftmaxClassifier(alpha=1.0))
    quick = [("discriminants", discriminants), ("linear", linear)]
    known = {
        PEER: machine,
        "LogisticRegression": make_pipeline(*segments(), LogisticRegression(max_iter=1000)),
        "SoftmaxClassifier": linear,
        "FramewiseClassifier(Softmax)": make_pipeline(
            frames(), FramewiseClassifier(SoftmaxClassifier(alpha=0.01, tol=1e-3), context=5)
        ),
        "FramewiseClassifier(QDA)": discriminants,
        "vote of two": VotingClassifier(quick, voting="soft"),
    }
    if RNNClassifier is None:
        return known
    perceptron = DNNClassifier(context=5, input_noise=0.5, max_iter=5, random_state=0)
    networks = [
        (f"network{seed}", make_pipeline(frames(**settings), RNNClassifier(random_state=seed)))
        for seed, settings in enumerate(
            [{"n_mfcc": 20}, {"n_mfcc": 20, "normalize": "mean_std"}, {"n_mfcc": 13}]
        )
    ]
    return known | {
        "DNNClassifier": make_pipeline(frames(n_mfcc=20, normalize="mean_std"), perceptron),
        "RNNClassifier": networks[0][1],
        "vote of five": VotingClassifier([*quick, *networks], voting="soft", n_jobs=n_jobs),
    }


def leave_each_out(pipeline, clips, words, speakers):
    """Return the seconds of each training, and the accuracy for each speaker left out."""
    seconds, accuracies = [], {}
    for train, test in LeaveOneGroupOut().split(clips, words, speakers):
        taken, _ = timed(partial(pipeline.fit, [clips[i] for i in train], words[train]))
        predicted = pipeline.predict([clips[i] for i in test])
        seconds.append(taken)
        accuracies[speakers[test[0]]] = float(np.mean(predicted == words[test]))
    return seconds, accuracies


if __name__ == "__main__":
    main()
