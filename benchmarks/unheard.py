"""Words that were never heard, or seldom, by LexiconClassifier.

    python benchmarks/unheard.py

All recordings are of the training part of the Free Spoken Digit Dataset (takes 5 and more). The
settings of phones, and the recipes here, were chosen by 500 of them (`CHOSEN`). The figures are of
500 others (`SET_ASIDE`), or of speakers left out. Remarks have the accuracy, and the CPU time.

- Words never heard: trained on the English words of `load_spoken_words`, which are synthetic
  and no digits, asked for the digits. PocketSphinx has a grammar of the digits.
- Warped: a speaker has a long or a short vocal tract, which stretches the spectrum. Of some
  ranges of frequency, the one counts by which the classifier is most certain of the words of the
  speaker. No word need be known.
- A language left out: trained on the words of eleven languages in `load_spoken_words("multi")`,
  asked for those of the twelfth, in a choice of ten. All is synthetic.
- A word left out: trained on nine digits, and on the synthetic words, asked for the tenth in a
  choice of ten.
- Ten clips a word: trained on 100 real recordings, asked for those of a speaker left out.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

if __name__ == "__main__":  # run as a file: the package is in the folder above
    sys.path[0] = str(Path(__file__).resolve().parents[1])
# One thread for all tools. Must be set before numpy is imported.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", NUMBA_NUM_THREADS="1")

import numpy as np
import sklearn
from scipy.special import gammaln
from sklearn.pipeline import make_pipeline

from benchmarks.machine import describe
from benchmarks.measure import timed
from benchmarks.recordings import prepare, takes_of, wav_recordings
from benchmarks.robustness import PocketSphinx, pocketsphinx
from benchmarks.rows import Row, show
from skxent import LexiconClassifier, MFCCTransformer, SoftmaxClassifier
from skxent.datasets import cmudict_lexicon, load_spoken_words
from skxent.sequences import SpeakerScaler
from skxent.words import VTLNClassifier

SHORT = {"names": ("words never heard",)}
LIMIT = 3600
PEERS = ("pocketsphinx", "cmudict")

TABLE = "Wrong words, never heard or seldom, in per cent"
NEVER_HEARD = "words never heard"
# By the beginning of the figure's name.
AIMS = {NEVER_HEARD: 0.80, "a language": 0.60, "a word": 0.70, "ten clips": 0.80}

CHOSEN, SET_ASIDE, REST = slice(0, 500), slice(500, 1000), slice(1000, None)
FMAX = 3600.0  # hertz, of a warp of one; the largest warp must stay below half the sample rate
WARPS = (0.88, 0.92, 0.96, 1.0, 1.04, 1.08)
N_CHOICES = 10
PER_WORD = 10


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(FIGURES))
    args = parser.parse_args()
    print(describe(PEERS), f"recordings: {prepare()}", sep="\n")
    show(results(args.names))


def results(names=None):
    """Yield a row for each of the figures of these names."""
    theirs = None
    for name in names or FIGURES:
        seconds, accuracy = timed(FIGURES[name], time.process_time)
        has_peer = name.startswith(NEVER_HEARD) and pocketsphinx is not None
        if has_peer and theirs is None:
            theirs = 100 * (1 - of_pocketsphinx())
        (aim,) = (aim for beginning, aim in AIMS.items() if name.startswith(beginning))
        yield Row(
            table=TABLE,
            problem=name,
            tool="PocketSphinx" if has_peer else "",
            ours=100 * (1 - accuracy),
            theirs=theirs if has_peer else None,
            unit="%",
            aim=theirs / (100 * (1 - aim)) if has_peer else None,
            note=f"accuracy {accuracy:.3f}, aim {aim:.2f}, {seconds:.0f} s",
        )


class Recordings:
    """Real recordings of digits in the training part, in an order by chance."""

    def __init__(self, part):
        with wav_recordings() as bunch:
            takes = takes_of(bunch)
            is_training = takes >= 5 if takes.max() > 4 else takes >= 0
            order = np.random.default_rng(0).permutation(np.flatnonzero(is_training))
            if len(order) <= REST.start:  # synthetic clips are fewer
                part = slice(part.start // 3, part.stop and part.stop // 3)
            order = order[part]
            self.clips = [bunch.data[i] for i in order]
            self.words = np.array(PocketSphinx.WORDS)[np.asarray(bunch.target)[order]]
            self.speakers = np.asarray(bunch.speaker)[order]
            self.rate = bunch.sample_rate


def words_never_heard(warps: Sequence[float] = (1.0,), classifiers=None, part=SET_ASIDE) -> float:
    """Return the accuracy of digits, of a vote if there are several classifiers."""
    real, synthetic = Recordings(part), load_spoken_words()
    votes = 0.0
    for classifier, weight in classifiers or [(LexiconClassifier(), 1.0)]:
        classifier.set_params(lexicon=synthetic.lexicon)
        pipeline = make_pipeline(make_transformer(), SpeakerScaler(), classifier)
        vtln = VTLNClassifier(pipeline, warps=warps)
        with sklearn.config_context(enable_metadata_routing=True):
            vtln.fit(synthetic.data, synthetic.target, groups=synthetic.speaker)
            digits = cmudict_lexicon(PocketSphinx.WORDS)
            vtln.set_params(estimator__lexiconclassifier__lexicon=digits)
            votes = votes + weight * vtln.predict_log_proba(real.clips, groups=real.speakers)
    return float(np.mean(vtln.classes_[votes.argmax(axis=1)] == real.words))


def make_transformer():
    """Return a transformer of 13 MFCCs and their slopes, with room for the largest warp."""
    return MFCCTransformer(sample_rate=8000, n_mfcc=13, deltas=1, pooling=None, fmax=FMAX)


def frames_of(clips):
    """Return the frames of clips."""
    return make_transformer().fit_transform(clips)


def linear():
    """Return a classifier of phones by a softmax of spliced frames, the prototype's."""
    return LexiconClassifier(
        estimator=SoftmaxClassifier(alpha=0.1, tol=1e-3), context=3, context_step=1
    )


def language_left_out() -> float:
    """Return the accuracy in a choice of ten, averaged over the languages left out.

    Words with a phone that no other language has are left out of the choices.
    """
    bunch = load_spoken_words("multi")
    frames = SpeakerScaler().fit_transform(frames_of(bunch.data), groups=bunch.speaker)
    accuracies = []
    for language in np.unique(bunch.language):
        is_new = bunch.language == language
        classifier = LexiconClassifier(bunch.lexicon).fit(frames[~is_new], bunch.target[~is_new])
        known = {phone for word in bunch.target[~is_new] for phone in bunch.lexicon[word][0]}
        lexicon = {
            word: bunch.lexicon[word]
            for word in np.unique(bunch.target[is_new])
            if known.issuperset(bunch.lexicon[word][0])
        }
        is_asked = is_new & np.isin(bunch.target, list(lexicon))
        classifier.set_params(lexicon=lexicon)
        scores = classifier.decision_function(frames[is_asked])
        accuracies.append(in_a_choice(scores, bunch.target[is_asked], classifier.classes_))
    return float(np.mean(accuracies))


def in_a_choice(scores, words, classes):
    """Return the expected accuracy in a choice of ten, the others drawn from all words.

    A word is found if all of the nine others are among the n words that score less than it:
    C(n, 9) of C(n_words - 1, 9) draws.
    """
    own = scores[np.arange(len(words)), np.searchsorted(classes, words)]
    n_less = (scores < own[:, np.newaxis]).sum(axis=1)
    drawn = N_CHOICES - 1
    has_enough = n_less >= drawn
    log_ways = gammaln(n_less[has_enough] + 1) - gammaln(n_less[has_enough] - drawn + 1)
    log_all = gammaln(len(classes)) - gammaln(len(classes) - drawn)
    return np.exp(log_ways - log_all).sum() / len(words)


def word_left_out() -> float:
    """Return the mean recall of a digit that is left out of the real recordings."""
    train, test, synthetic = Recordings(REST), Recordings(SET_ASIDE), load_spoken_words()
    digits = cmudict_lexicon(PocketSphinx.WORDS)
    clips, words = synthetic.data + train.clips, np.append(synthetic.target, train.words)
    scaler, groups = SpeakerScaler(), np.append(synthetic.speaker, train.speakers)
    frames = scaler.fit_transform(frames_of(clips), groups=groups)
    asked = scaler.transform(frames_of(test.clips), groups=test.speakers)
    recalls = []
    for digit in PocketSphinx.WORDS:
        kept = words != digit
        classifier = LexiconClassifier(synthetic.lexicon | digits).fit(frames[kept], words[kept])
        is_digit = test.words == digit
        found = classifier.set_params(lexicon=digits).predict(asked[is_digit])
        recalls.append(np.mean(found == digit))
    return float(np.mean(recalls))


def few_clips(has_synthetic: bool = False) -> float:
    """Return the accuracy of ten clips a word, averaged over the speakers left out.

    Whole words, or the phones of these clips and of the synthetic ones.
    """
    train, test, synthetic = Recordings(REST), Recordings(SET_ASIDE), load_spoken_words()
    digits = cmudict_lexicon(PocketSphinx.WORDS)
    accuracies = []
    for speaker in np.unique(test.speakers):
        chosen = [
            np.flatnonzero((train.words == word) & (train.speakers != speaker))[:PER_WORD]
            for word in PocketSphinx.WORDS
        ]
        chosen = np.concatenate(chosen)
        clips, words = [train.clips[i] for i in chosen], train.words[chosen]
        groups = train.speakers[chosen]
        classifier = LexiconClassifier()
        if has_synthetic:
            clips = clips + synthetic.data
            words, groups = np.append(words, synthetic.target), np.append(groups, synthetic.speaker)
            classifier.set_params(lexicon=synthetic.lexicon | digits)
        scaler = SpeakerScaler()
        classifier.fit(scaler.fit_transform(frames_of(clips), groups=groups), words)
        if has_synthetic:
            classifier.set_params(lexicon=digits)
        asked = np.flatnonzero(test.speakers == speaker)
        frames = frames_of([test.clips[i] for i in asked])
        frames = scaler.transform(frames, groups=test.speakers[asked])
        accuracies.append(classifier.score(frames, test.words[asked]))
    return float(np.mean(accuracies))


def of_pocketsphinx(part=SET_ASIDE) -> float:
    """Return the accuracy of PocketSphinx with a grammar of the digits."""
    real = Recordings(part)
    found = PocketSphinx().predict([(real.rate, clip) for clip in real.clips])
    return float(np.mean(np.append(PocketSphinx.WORDS, "")[found] == real.words))


FIGURES = {
    "words never heard": words_never_heard,
    "words never heard, warped": partial(words_never_heard, WARPS),
    "words never heard, warped, vote of two": lambda: words_never_heard(
        WARPS, [(LexiconClassifier(), 1.0), (linear(), 3.0)]
    ),
    "a language left out, choice of ten": language_left_out,
    "a word left out": word_left_out,
    "ten clips a word, whole words": few_clips,
    "ten clips a word, phones, with synthetic words": partial(few_clips, True),
}

if __name__ == "__main__":
    main()
