"""Words by the states of their frames: new speakers, noise, and the speed of the best paths.

    python benchmarks/words.py

**New speakers.** Each speaker is left out once: a classifier is trained on the clips of all others
and tested on those of this speaker. Compared is the percentage of wrong clips, averaged over the
speakers; remarks have the accuracy, its standard error over the speakers, the longest CPU time of
training, on one core and from files on, and the log-loss of the probabilities, in nats. The first
classifier is `LexiconClassifier` with its defaults, on 13 MFCCs and their slopes. The second has
other features and no projection, so that it errs elsewhere. A vote is the mean of the
probabilities, as of scikit-learn's `VotingClassifier(voting="soft")`. Copies are at speeds drawn
between 0.9 and 1.1 times that of the clip. The peer is hmmlearn: a `GaussianHMM` of diagonal
covariances for each word, with six states from left to right, on the features of the second
classifier. PocketSphinx has its American English model, a grammar of the ten digits, 16 kHz, and
0.3 s of zeros on each side; it is not trained on these words.

The settings of both classifiers, and which of the two has copies, were known to do well for these
six speakers, which makes the figures slightly optimistic; so were those of the networks.

**Noise.** Of the Free Spoken Digit Dataset, takes 0 to 4 of each speaker and digit are the test
part. Classifiers are trained on the others and on one noisy copy of each: white or pink noise or
babble, at a signal-to-noise ratio from 0 to 20 dB. They are tested in noise of other seeds, and in
babble of other speakers' clips of the test part. Words have ten states, and the first classifier 16
MFCCs. This was chosen on takes 5 to 14, after training on the later ones.

**Speed.** The scores of the best paths of all clips through each word, by
`skxent.alignment.viterbi_scores`, beside hmmlearn's `decode` on the same models and the same scores
of states, for each clip and word. Seconds are those of one core. Whole words have six states. The
1,000 words are made up, of three to eight of 40 phones, each of three states.

Aims are accuracies, or seconds, converted to ratios.
"""

import argparse
import os
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

if __name__ == "__main__":  # run as a file: the package is in the folder above
    sys.path[0] = str(Path(__file__).resolve().parents[1])
# One thread for all tools. Must be set before numpy is imported.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", NUMBA_NUM_THREADS="1")

import numpy as np
from hmmlearn.base import BaseHMM
from hmmlearn.hmm import GaussianHMM
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import VotingClassifier
from sklearn.metrics import log_loss
from sklearn.pipeline import make_pipeline

from benchmarks import robustness, speakers
from benchmarks.machine import describe
from benchmarks.measure import timed
from benchmarks.recordings import prepare, wav_recordings
from benchmarks.rows import Row, compare, show
from skxent import AudioAugmenter, AugmentedClassifier, LexiconClassifier, MFCCTransformer
from skxent.alignment import viterbi_scores, word_graph
from skxent.augmentation import AddNoise, ChangeSpeed, robustness_curve
from skxent.sequences import GaussianClassifier

try:
    from skxent.neural import DNNClassifier, RNNClassifier
except ModuleNotFoundError:  # without PyTorch there are no networks
    RNNClassifier = None

LIMIT = 7200
PEERS = ("hmmlearn", "pocketsphinx", "torch")

PEER = "hmmlearn"
DEFAULTS = "LexiconClassifier"
SECOND = "LexiconClassifier, no projection"
SECOND_COPIES = f"{SECOND}, a copy at another speed"
VOTE = "vote of two"
VOTE_COPIES = "vote of two, a copy for the second"
NETWORKS = "vote of two and RNNClassifier"
SHORT = {"names": (PEER, DEFAULTS), "n_clips": 120}

NEW_SPEAKERS = "Wrong clips of new speakers, words by states, in per cent"
VOTES = {
    VOTE: (DEFAULTS, SECOND),
    VOTE_COPIES: (DEFAULTS, SECOND_COPIES),
    NETWORKS: (DEFAULTS, SECOND_COPIES, "RNNClassifier"),
    "vote of two and both networks": (
        DEFAULTS,
        SECOND_COPIES,
        "RNNClassifier",
        "DNNClassifier",
    ),
}
AIMS = {DEFAULTS: 0.90, VOTE: 0.925, VOTE_COPIES: 0.925, NETWORKS: 0.94}

IN_NOISE = "Wrong clips in noise, words by states, in per cent"
NOISES = ("white", "pink", "babble")
RATIOS = (np.inf, 10, 0)  # decibels
# By the noise at 0 dB, of the vote.
NOISE_AIMS = {"white": 0.82, "pink": 0.95, "babble": 0.87}

SPEED = "Scores of the best paths"
N_STATES, N_PHONES = 6, 40


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sections", nargs="*", metavar="section", help=", ".join(SECTIONS))
    parser.add_argument("--names", nargs="*", help="classifiers", metavar="name")
    args = parser.parse_args()
    print(describe(PEERS), f"recordings: {prepare()}", sep="\n")
    show(results(args.sections, args.names))


def results(sections=None, names=None, n_clips=None):
    """Yield the rows of the sections, for the classifiers of these names."""
    for section in sections or SECTIONS:
        yield from SECTIONS[section](names, n_clips)


def new_speakers(names=None, n_clips=None):
    """Yield a row for each classifier, and one for each speaker that was left out."""
    with wav_recordings() as bunch:
        chosen = np.random.default_rng(0).permutation(len(bunch.target))[:n_clips]
        clips = [(bunch.sample_rate, bunch.data[i]) for i in chosen]
        words, who = bunch.target[chosen], np.asarray(bunch.speaker)[chosen]
        known = classifiers(bunch.sample_rate)
        folds = {}
        for name in dict.fromkeys((PEER, *(names or known))):
            folds[name] = speakers.leave_out(
                known[name], clips, words, who, n_folds=6, clock=time.process_time
            )
            yield from rows_of_speakers(name, folds[name], folds[PEER])
        for name, voters in VOTES.items():
            if all(voter in folds for voter in voters):
                together = speakers.vote(*(folds[voter] for voter in voters))
                yield from rows_of_speakers(name, together, folds[PEER])


def rows_of_speakers(name, folds, of_peer):
    """Yield a row for all speakers, with the log-loss of the probabilities, and one for each."""
    mean, *each = speakers.rows(NEW_SPEAKERS, name, folds, of_peer, tool=PEER, aims=AIMS)
    if all(fold.probabilities is not None for fold in folds):
        losses = [log_loss(fold.labels, fold.probabilities, labels=fold.classes) for fold in folds]
        mean = replace(mean, note=f"{mean.note}, log-loss {np.mean(losses):.2f}")
    yield from (mean, *each)


def classifiers(rate):
    """Return the classifiers of words, the peer first."""

    def frames(classifier, **settings):
        return make_pipeline(
            MFCCTransformer(sample_rate=rate, pooling=None, **settings), classifier
        )

    with_slopes = {"n_mfcc": 16, "deltas": 2, "delta_width": 3, "normalize": "mean_std"}
    second = frames(
        LexiconClassifier(estimator=GaussianClassifier(), n_iter=0, n_refits=2, context=0),
        **with_slopes,
    )
    known = {
        PEER: frames(WordHMMs(), **with_slopes),
        DEFAULTS: frames(LexiconClassifier(), n_mfcc=13, deltas=1),
        SECOND: second,
        SECOND_COPIES: with_copies(second, ChangeSpeed(), rate),
    }
    if RNNClassifier is not None:
        trimmed = {"n_mfcc": 20, "deltas": 1, "trim": 35}
        known["RNNClassifier"] = frames(RNNClassifier(random_state=0), normalize="mean", **trimmed)
        known["DNNClassifier"] = frames(
            DNNClassifier(context=5, input_noise=0.5, max_iter=5, random_state=0),
            normalize="mean_std",
            **trimmed,
        )
    if robustness.pocketsphinx is not None:
        known["pocketsphinx"] = Untrained()
    return known


def with_copies(classifier, effect, rate):
    """Return the classifier, fitted to clips and one copy of each."""
    return AugmentedClassifier(classifier, AudioAugmenter(effect, sample_rate=rate, random_state=0))


class Untrained(ClassifierMixin, BaseEstimator):
    """PocketSphinx as a classifier that learns nothing."""

    def fit(self, X, y):
        """Load the model."""
        self.classes_ = np.unique(y)
        self._recogniser = robustness.PocketSphinx()
        return self

    def predict(self, X):
        """Return the digit of each clip, or -1."""
        return self._recogniser.predict(X)


class WordHMMs(ClassifierMixin, BaseEstimator):
    """A hidden Markov model of hmmlearn for each word, with states from left to right."""

    def fit(self, X, y):
        """Fit the models, from equal shares of each clip on."""
        self.classes_ = np.unique(y)
        self.models_ = [
            self.fit_word([X[i] for i in np.flatnonzero(y == word)]) for word in self.classes_
        ]
        return self

    def fit_word(self, clips):
        """Return the model of the word of some clips."""
        model = GaussianHMM(N_STATES, covariance_type="diag", init_params="", n_iter=10)
        model.startprob_ = np.eye(N_STATES)[0]
        model.transmat_ = left_to_right(N_STATES)
        frames, lengths = np.concatenate(clips), [len(clip) for clip in clips]
        states = np.concatenate([np.arange(n) * N_STATES // n for n in lengths])
        parts = [frames[states == k] for k in range(N_STATES)]
        model.means_ = np.array([part.mean(axis=0) for part in parts])
        model.covars_ = np.array([part.var(axis=0) + model.min_covar for part in parts])
        return model.fit(frames, lengths)

    def predict(self, X):
        """Return the word of the likeliest model, of each clip."""
        scores = [[model.score(clip) for model in self.models_] for clip in X]
        return self.classes_[np.argmax(scores, axis=1)]


def left_to_right(n_states):
    """Return probabilities of transitions: each state is left half of the times, but the last."""
    transitions = (np.eye(n_states) + np.eye(n_states, k=1)) / 2.0
    transitions[-1, -1] = 1.0
    return transitions


def in_noise(names=None, n_clips=None):
    """Yield a row for each classifier, kind of noise and ratio."""
    of_peer = {}
    with wav_recordings() as bunch:
        rate, words, who = bunch.sample_rate, bunch.target, np.asarray(bunch.speaker)
        train, test = robustness.split(bunch, n_clips)
        known = classifiers_in_noise(rate)
        chosen = [name for name in known if name in names] if names else known
        for name in dict.fromkeys((PEER, *chosen)):
            fit = partial(known[name].fit, [(rate, bunch.data[i]) for i in train], words[train])
            groups = {"groups": who[train]} if hasattr(known[name], "augmenter") else {}
            seconds, fitted = timed(partial(fit, **groups), time.process_time)
            curve = robustness_curve(
                fitted,
                [(rate, bunch.data[i]) for i in test],
                words[test],
                effects={noise: AddNoise(noise) for noise in NOISES},
                snr=RATIOS,
                sample_rate=rate,
                groups=who[test],
                random_state=1,
            )
            by_test = {"clean": curve.effect_scores[0, 0]}
            for j, ratio in enumerate(RATIOS[1:], start=1):
                for noise, score in zip(NOISES, curve.effect_scores[:, j], strict=True):
                    by_test[f"{noise} at {ratio} dB"] = score
            of_peer = of_peer or by_test
            yield from rows_of_noise(name, by_test, of_peer, f", training {seconds:.1f} s")


def classifiers_in_noise(rate):
    """Return the classifiers of noisy words, the peer first."""
    known = classifiers(rate)
    first, second = (
        clone(known[name]).set_params(mfcctransformer__n_mfcc=16, lexiconclassifier__n_states=10)
        for name in (DEFAULTS, SECOND)
    )
    vote = VotingClassifier([("first", first), ("second", second)], voting="soft")
    noisy = partial(with_copies, effect=AddNoise(NOISES, snr=(0, 20)), rate=rate)
    found = {PEER: known[PEER], DEFAULTS: first, SECOND: second, VOTE: vote}
    found = {name: noisy(classifier) for name, classifier in found.items()}
    found[f"{VOTE}, no copies"] = vote
    return found | {name: known[name] for name in known if name == "pocketsphinx"}


def rows_of_noise(name, by_test, of_peer, note):
    """Yield a row for each test, beside that of the peer."""
    for test, score in by_test.items():
        is_other = name in (PEER, "pocketsphinx")
        aim = NOISE_AIMS.get(test.removesuffix(" at 0 dB")) if name == VOTE else None
        theirs = 100 * (1 - of_peer[test])
        yield Row(
            table=IN_NOISE,
            problem=test,
            setting=name,
            tool="" if is_other else PEER,
            ours=100 * (1 - score),
            theirs=None if is_other else theirs,
            unit="%",
            aim=theirs / (100 * (1 - aim)) if aim else None,
            note=f"accuracy {score:.3f}{note}",
            detail=name != VOTE,
        )


def speed(names=None, n_clips=None):
    """Yield rows of the time that the best paths take; names of classifiers don't matter."""
    lengths = frames_of_clips()[:n_clips]
    whole = np.arange(10 * N_STATES).reshape(10, 1, N_STATES).tolist()
    turns = 1 if n_clips else 3
    yield paths_row(lengths, whole, turns, aim=3.0)
    rng = np.random.default_rng(0)
    phones = [rng.integers(N_PHONES, size=rng.integers(3, 9)) for _ in range(1000)]
    words = [[(3 * row[:, np.newaxis] + np.arange(3)).ravel().tolist()] for row in phones]
    yield paths_row(lengths[: 2 if n_clips else 20], words, turns)
    scores = random_scores(lengths, words)
    seconds, _ = timed(
        lambda: viterbi_scores(scores, word_graph(words), lengths), time.process_time
    )
    aim = "" if n_clips else f"aim 60 s {'met' if seconds <= 60 else '**missed**'}"
    yield Row(
        table=SPEED,
        problem=described(lengths, words),
        ours=seconds,
        note=aim,
    )


def paths_row(lengths, words, turns, aim=None):
    """Return the row of the paths of clips of these lengths through each word."""
    scores = random_scores(lengths, words)
    ours, theirs = [], []
    for _ in range(turns):
        ours.append(
            timed(lambda: viterbi_scores(scores, word_graph(words), lengths), time.process_time)[0]
        )
        theirs.append(decode_all(scores, words, lengths)[0])
    compared = compare(ours, theirs)
    return Row(
        table=SPEED,
        problem=described(lengths, words),
        tool="hmmlearn",
        aim=compared["theirs"] / aim if aim else None,
        note=f"aim {aim:g} s" if aim else "",
        **compared,
    )


def frames_of_clips():
    """Return the numbers of frames of the recordings."""
    with wav_recordings() as bunch:
        transformer = MFCCTransformer(sample_rate=bunch.sample_rate, pooling=None)
        frames = transformer.fit_transform(bunch.data)
    return np.random.default_rng(0).permutation([len(clip) for clip in frames])


def random_scores(lengths, words):
    """Return scores of the states of all frames."""
    n_states = 1 + max(state for (states,) in words for state in states)
    return np.random.default_rng(1).normal(size=(np.sum(lengths), n_states))


def described(lengths, words):
    """Return the task in words."""
    return f"{len(lengths):,} clips x {len(words):,} words"


class GivenScores(BaseHMM):
    """A model of hmmlearn whose samples are the scores of its states."""

    def _compute_log_likelihood(self, X):
        return X


def decode_all(scores, words, lengths):
    """Return the seconds of hmmlearn's `decode`, and the scores (n_clips, n_words) that it finds.

    A model can't be told where to end: a last frame, which only a last state of its own can have
    emitted, makes each path pass through all states of the word.
    """
    clips = np.split(scores, np.cumsum(lengths)[:-1])
    seconds, found = 0.0, np.empty((len(lengths), len(words)))
    for k, (states,) in enumerate(words):
        n_states = len(states) + 1
        model = GivenScores(n_states)
        model.startprob_, model.transmat_ = np.eye(n_states)[0], left_to_right(n_states)
        for i, clip in enumerate(clips):
            frames = np.full((len(clip) + 1, n_states), -1e9)
            frames[:-1, :-1], frames[-1, -1] = clip[:, states], 0.0
            taken, (found[i, k], _) = timed(partial(model.decode, frames), time.process_time)
            seconds += taken
    # Each of as many transitions as there are frames has probability one half.
    return seconds, found + np.asarray(lengths)[:, np.newaxis] * np.log(2.0)


SECTIONS = {"speakers": new_speakers, "noise": in_noise, "speed": speed}


if __name__ == "__main__":
    main()
