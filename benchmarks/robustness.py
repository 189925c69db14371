"""Accuracy in noise, in rooms and with pauses, with and without noisy copies in training.

    python benchmarks/robustness.py

Each classifier is trained twice, on the clips of the training part and on these with one noisy
copy of each: white, pink or brown noise or babble, at a signal-to-noise ratio from 0 to 20 dB. It
is tested on the test part, with noises that the training never had: coloured noise of other seeds,
and babble of other speakers' clips of the test part. At each ratio, compared is the percentage of
wrong clips, averaged over the four noises. Further tests are clips in simulated rooms, of which the
training had none, and words at a random place in 1.5 s, in zeros or in pink noise at 20 dB. Each
classifier is tested on the same clips.

The peer is an RBF support vector machine on the means and standard deviations of MFCCs, trained in
the same way. Also shown are a logistic regression on these, and PocketSphinx with its American
English model and a grammar of the ten digits, which is given 16 kHz and 0.3 s of zeros on each
side. Of the Free Spoken Digit Dataset, takes 0 to 4 of each speaker and digit are the test part.
Settings are those that the guide recommends, and none was chosen by these tests. But those of the
discriminants (QDA) and of the network were chosen with speakers left out, among all recordings of
the same six. Aims are accuracies of the best classifier, converted to ratios of errors.
"""

import argparse
import os
import sys
from functools import cached_property, partial
from pathlib import Path

if __name__ == "__main__":  # run as a file: the package is in the folder above
    sys.path[0] = str(Path(__file__).resolve().parents[1])
# One thread for all tools. Must be set before numpy is imported.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", NUMBA_NUM_THREADS="1")

import numpy as np
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from benchmarks.machine import describe
from benchmarks.measure import timed
from benchmarks.recordings import prepare, takes_of, wav_recordings
from benchmarks.rows import Row, show
from skxent import (
    AudioAugmenter,
    AugmentedClassifier,
    FramewiseClassifier,
    MFCCTransformer,
    SoftmaxClassifier,
)
from skxent.audio import load
from skxent.augmentation import AddNoise, Reverberate, robustness_curve

try:
    import pocketsphinx
except ModuleNotFoundError:
    pocketsphinx = None
try:
    import pyroomacoustics
except ModuleNotFoundError:
    pyroomacoustics = None
try:
    from skxent.neural import RNNClassifier
except ModuleNotFoundError:  # without PyTorch there are no networks
    RNNClassifier = None

SHORT = {"names": ("SoftmaxClassifier",), "n_clips": 200}
LIMIT = 3600
PEERS = ("pocketsphinx", "pyroomacoustics", "torch")

PEER = "SVC"
OTHERS = (PEER, "LogisticRegression", "pocketsphinx")
NOISES = ("white", "pink", "brown", "babble")
RATIOS = (np.inf, 20, 10, 0)  # decibels
DURATION = 1.5  # seconds, in which a word is anywhere
PAUSE = 0.3  # seconds, of what PocketSphinx is given
TABLE = "Wrong clips in noise, rooms and pauses, in per cent"
# By the test, of the best classifier.
AIMS = {"noise at 20 dB": 0.99, "noise at 10 dB": 0.98, "noise at 0 dB": 0.85, "anywhere": 0.97}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(classifiers(8000)))
    args = parser.parse_args()
    print(describe(PEERS), f"recordings: {prepare()}", sep="\n")
    show(results(args.names))


def results(names=None, n_clips=None):
    """Yield a row for each classifier, way of training and test, and one for each noise in it."""
    with wav_recordings() as bunch:
        rate, words = bunch.sample_rate, bunch.target
        # With a rate, since PocketSphinx needs another one than the clips have.
        clips = [(rate, clip) for clip in bunch.data]
        speakers = np.asarray(bunch.speaker)
        train, test = split(bunch, n_clips)
    known = classifiers(rate)
    of_peer = {}
    for name in dict.fromkeys((PEER, *(names or known))):
        is_trained = hasattr(known[name], "fit")
        for has_copies in (False, True) if is_trained else (False,):
            classifier, note = known[name], ""
            if is_trained:
                groups = {"groups": speakers[train]} if has_copies else {}
                classifier = with_copies(classifier, rate) if has_copies else classifier
                some = [clips[i] for i in train]
                seconds, _ = timed(partial(classifier.fit, some, words[train], **groups))
                note = f", training {seconds:.0f} s"
            some = [clips[i] for i in test]
            by_test = accuracies(classifier, some, words[test], speakers[test], rate)
            of_peer.setdefault(has_copies, by_test)
            yield from rows(name, has_copies, by_test, of_peer[has_copies], note)


def rows(name, has_copies, by_test, of_peer, note):
    """Yield a row for each test, and for each noise in it."""
    ending = ", with copies" if has_copies else ""
    for test, scores in by_test.items():
        mean, mean_of_peer = (np.mean(list(some[test].values())) for some in (by_test, of_peer))
        is_other = name in OTHERS
        has_aim = has_copies and not is_other and test in AIMS
        yield Row(
            table=TABLE,
            problem=test,
            setting=name + ending,
            tool="" if is_other else PEER + ending,
            ours=100 * (1 - mean),
            theirs=None if is_other else 100 * (1 - mean_of_peer),
            unit="%",
            aim=(1 - mean_of_peer) / (1 - AIMS[test]) if has_aim else None,
            note=f"accuracy {mean:.3f}{note}",
            detail=not has_copies,
        )
        for noise, score in scores.items() if len(scores) > 1 else ():
            yield Row(
                table=TABLE,
                problem=f"{test}: {noise}",
                setting=name + ending,
                ours=100 * (1 - score),
                unit="%",
                note=f"accuracy {score:.3f}",
                detail=True,
            )


def split(bunch, n_clips=None):
    """Return the places of the clips to train on and of those to test on."""
    order = np.random.default_rng(0).permutation(len(bunch.target))[:n_clips]
    takes = takes_of(bunch)
    if takes.max() > 4:
        is_test = takes[order] < 5
    else:  # of the synthetic digits, whose takes are few, every fourth speaker
        is_test = np.unique(bunch.speaker, return_inverse=True)[1][order] % 4 == 0
    return order[~is_test], order[is_test]


def with_copies(classifier, rate):
    """Return the classifier, fitted to clips and one noisy copy of each."""
    return AugmentedClassifier(
        classifier, AudioAugmenter(AddNoise(NOISES, snr=(0, 20)), sample_rate=rate, random_state=0)
    )


def accuracies(classifier, clips, words, speakers, rate):
    """Return the accuracy with each noise, by the name of the test."""
    curve = partial(
        robustness_curve,
        classifier,
        clips,
        words,
        sample_rate=rate,
        groups=speakers,
        random_state=1,
    )
    noisy = curve(effects={noise: AddNoise(noise) for noise in NOISES}, snr=RATIOS)
    by_test = {}
    for ratio, scores in zip(RATIOS, noisy.effect_scores.T, strict=True):
        if ratio == np.inf:
            by_test["clean"] = {"clean": scores[0]}
        else:
            by_test[f"noise at {ratio} dB"] = dict(zip(NOISES, scores, strict=True))
    if pyroomacoustics is not None:
        effects = [Reverberate(room_size=(4, 8), random_state=1), AddNoise()]
        by_test["in rooms"] = {"rooms": curve(effects=[effects], snr=np.inf).scores[0]}
    around = curve(effects={"pause": [put_anywhere, AddNoise("pink")]}, snr=[np.inf, 20]).scores
    by_test["anywhere"] = dict(zip(("zeros", "faint noise"), around, strict=True))
    return by_test


def put_anywhere(samples, rate, rng):
    """Return a word at a random place between zeros."""
    rest = max(0, round(DURATION * rate) - len(samples))
    before = rng.integers(rest + 1)
    return np.pad(samples, (before, rest - before))


put_anywhere.changes_length = True


class PocketSphinx:
    """PocketSphinx with a grammar of digits, as a classifier of pairs of a rate and a signal."""

    WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    RATE = 16000

    @cached_property
    def decoder(self):
        """Decoder, which takes a while to load its model."""
        decoder = pocketsphinx.Decoder(lm=None, samprate=self.RATE, loglevel="FATAL")
        grammar = f"#JSGF V1.0; grammar digits; public <digit> = {' | '.join(self.WORDS)};"
        decoder.add_jsgf_string("digits", grammar)
        decoder.activate_search("digits")
        return decoder

    def predict(self, clips):
        """Return the digit of each clip."""
        return np.array([self.recognise(clip) for clip in clips])

    def recognise(self, clip):
        """Return the digit, or -1 if none was recognised."""
        samples = np.pad(load(clip, self.RATE), round(PAUSE * self.RATE))
        integers = np.clip(np.round(samples * 32768), -32768, 32767).astype(np.int16)
        self.decoder.start_utt()
        self.decoder.process_raw(integers.tobytes(), full_utt=True)
        self.decoder.end_utt()
        found = self.decoder.hyp()
        return self.WORDS.index(found.hypstr) if found and found.hypstr in self.WORDS else -1


def classifiers(rate):
    """Return the classifiers by their names."""

    def plain():
        return MFCCTransformer(sample_rate=rate, pooling="mean_std"), StandardScaler()

    def frames(**settings):
        return MFCCTransformer(sample_rate=rate, trim=35, pooling=None, **settings)

    known = {
        PEER: make_pipeline(*plain(), SVC(C=3.0)),
        "LogisticRegression": make_pipeline(*plain(), LogisticRegression(max_iter=1000)),
        "SoftmaxClassifier": make_pipeline(  # the README's pipeline
            MFCCTransformer(sample_rate=rate, trim=35, deltas=1, n_segments=5),
            StandardScaler(),
            SoftmaxClassifier(learning_rate=0.3),
        ),
        "FramewiseClassifier(QDA)": make_pipeline(
            frames(deltas=2, normalize="mean_std"),
            FramewiseClassifier(
                make_pipeline(StandardScaler(), QuadraticDiscriminantAnalysis(reg_param=0.1)),
                aggregate="mean_log_proba",
                position=True,
            ),
        ),
    }
    if RNNClassifier is not None:
        known["RNNClassifier"] = make_pipeline(
            frames(n_mfcc=20, deltas=1, normalize="mean"), RNNClassifier(random_state=0)
        )
    if pocketsphinx is not None:
        known["pocketsphinx"] = PocketSphinx()
    return known


if __name__ == "__main__":
    main()
