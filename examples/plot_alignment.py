"""
Where is each sound?
====================

A recording and the words that it holds are given. Where does each word begin and end, and each of
its sounds? That is forced alignment, which :meth:`~skxent.LexiconClassifier.align` does. How exact
is it?
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.pipeline import make_pipeline

from skxent import LexiconClassifier, MFCCTransformer
from skxent.datasets import load_spoken_digits, load_spoken_words
from skxent.plotting import AlignmentDisplay
from skxent.sequences import GaussianClassifier

plt.style.use("tableau-colorblind10")
spoken = load_spoken_words("en")
rate, names = spoken.sample_rate, spoken.target

# %%
# Words in a row
# --------------
# Clips of single words teach little about what silence is. So three clips of a voice are joined to
# a row each, with pauses of faint noise, and the classifier is trained on rows of 30 of the 36
# voices. Nobody says where the words are in a row, or the sounds in a word: it is given the words
# and how they are pronounced.


def join(clips, rng):
    """Return clips with pauses between them, and where each begins and ends, in seconds."""
    parts, spans, n_samples = [], [], 0
    for clip in clips:
        pause = rng.normal(scale=3e-4, size=round(rng.uniform(0.05, 0.4) * rate))
        n_samples += len(pause)
        spans.append((n_samples / rate, (n_samples + len(clip)) / rate))
        n_samples += len(clip)
        parts += [pause, clip]
    parts.append(rng.normal(scale=3e-4, size=rate // 10))
    return np.concatenate(parts), spans


def rows_of(data, labels, speakers, n_words, rng):
    """Return rows of words of each speaker, their words, and where these are."""
    signals, words, spans = [], [], []
    for speaker in np.unique(speakers):
        order = rng.permutation(np.flatnonzero(speakers == speaker))
        for chosen in np.split(order[: len(order) // n_words * n_words], len(order) // n_words):
            signal, span = join([data[i] for i in chosen], rng)
            signals.append(signal)
            words.append(labels[chosen].tolist())
            spans.append(span)
    return signals, words, spans


rng = np.random.default_rng(0)
voices = np.unique(spoken.speaker)
signals, words, _ = rows_of(spoken.data, names, spoken.speaker, 3, rng)
is_new = np.repeat(np.isin(voices, voices[::6]), [np.sum(spoken.speaker == v) // 3 for v in voices])
pipeline = make_pipeline(
    MFCCTransformer(sample_rate=rate, normalize="mean_std", pooling=None),
    LexiconClassifier(spoken.lexicon, GaussianClassifier(), context=0),
)
pipeline.fit(
    [signal for signal, new in zip(signals, is_new, strict=True) if not new],
    [row for row, new in zip(words, is_new, strict=True) if not new],
)

# %%
# A new voice
# -----------
# Frames have neither slopes nor neighbours (``context=0``): with them, a frame would tell of a word
# before the word begins. A row of a voice that was left out:

number = np.flatnonzero(is_new)[0]
AlignmentDisplay.from_estimator(pipeline, signals[number], words[number])
plt.show()

# %%
# New words
# ---------
# Sounds are shared by words. So words that were never trained can be aligned, too, if the lexicon
# says how they are pronounced. Here are digits, of other synthetic voices.

digits = load_spoken_digits()
pronunciations = {
    "zero": "Z IH R OW",
    "one": "W AH N",
    "two": "T UW",
    "three": "TH R IY",
    "four": "F AO R",
    "five": "F AY V",
    "six": "S IH K S",
    "seven": "S EH V AH N",
    "eight": "EY T",
    "nine": "N AY N",
}
pipeline.set_params(lexiconclassifier__lexicon=pronunciations)
of_digits, digit_words, spans = rows_of(
    digits.data, np.array(list(pronunciations))[digits.target], digits.speaker, 5, rng
)
AlignmentDisplay.from_estimator(pipeline, of_digits[0], digit_words[0])
plt.show()

# %%
# How exact is it?
# ----------------
# Where the clips of digits were joined is known, so the boundaries that are found can be compared
# with it.

transformer, classifier = pipeline
alignments = classifier.align(transformer.transform(of_digits), digit_words)
errors = np.array(
    [
        [word.start - start, word.end - end]
        for alignment, row in zip(alignments, spans, strict=True)
        for word, (start, end) in zip(alignment.words, row, strict=True)
    ]
)
fig, ax = plt.subplots(figsize=(7, 3.5), layout="constrained")
edges = np.arange(-150, 151, 10) - 5
for column, name, style in ((0, "start of a word", "C0-"), (1, "end of a word", "C1--")):
    counts, _ = np.histogram(1000 * errors[:, column], edges)
    ax.plot(edges[:-1] + 5, counts / len(errors), style, label=name)
ax.axvspan(-30, 30, color="0.93")
ax.set(xlabel="found minus true (ms)", ylabel="share of the words")
ax.legend()
plt.show()
for column, name in enumerate(("starts", "ends")):
    close = np.mean(np.abs(errors[:, column]) <= 0.03)
    print(
        f"{name:<7} within 30 ms: {close:.2f}, median {1000 * np.median(errors[:, column]):.0f} ms"
    )

# %%
# The answer
# ----------
# For these clean, synthetic voices, all starts and 97 of 100 ends are within 30 ms of the truth.
# Ends are found 18 ms early in the median: clips end more softly than they begin, and what is below
# the noise of the pauses cannot be told from it.
#
# ``alignment.save_textgrid("row.TextGrid")`` writes an alignment for Praat, where it can be heard
# and corrected. Where sounds meet is less exact than where words begin: frames are 25 ms long and
# 10 ms apart, and nobody could say to the millisecond where one vowel becomes another.
