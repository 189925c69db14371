"""
Can it recognise a word that it was never taught?
=================================================

A classifier knows the words that it was trained on. A new word needs new recordings. Unless the
words are made of something smaller: this example trains the sounds of English on 400 words, none
of them a digit, and then asks for digits.
"""

import matplotlib.pyplot as plt
import numpy as np
import sklearn
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.pipeline import make_pipeline

from skxent import LexiconClassifier, MFCCTransformer
from skxent.datasets import load_spoken_digits, load_spoken_words
from skxent.sequences import SpeakerScaler

sklearn.set_config(enable_metadata_routing=True)  # hands the speakers to SpeakerScaler

# %%
# Words, and the sounds that they are made of
# -------------------------------------------
# The clips are synthetic, four voices for each word. Each word comes with its pronunciation, in
# the phones of the CMU Pronouncing Dictionary.

words = load_spoken_words()
for word in words.target_names[:5]:
    print(f"{word:<9}", *words.lexicon[word][0])

phones = [phone for pronunciation in words.pronunciations for phone in pronunciation]
names, counts = np.unique(phones, return_counts=True)
order = np.argsort(-counts)
fig, ax = plt.subplots(figsize=(10, 3), layout="constrained")
ax.bar(names[order], counts[order])
ax.margins(x=0.01)
ax.set(xlabel="phone", ylabel="times spoken", title="All phones of English occur often")
plt.show()

# %%
# Training
# --------
# :class:`skxent.LexiconClassifier` finds out by itself where in a clip each phone is. It is not
# told; only the words of the clips and the lexicon are known.

pipeline = make_pipeline(
    MFCCTransformer(sample_rate=words.sample_rate, n_mfcc=13, deltas=1, pooling=None),
    SpeakerScaler(),
    LexiconClassifier(words.lexicon),
)
pipeline.fit(words.data, words.target, groups=words.speaker)

# %%
# New words
# ---------
# Ten words that it has never heard, and how they are pronounced, are all that is needed. *Zero*
# has two pronunciations.

DIGITS = {
    "zero": ["Z IH R OW", "Z IY R OW"],
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
digits = load_spoken_digits()
spoken = np.array(list(DIGITS))[digits.target]
print("Among the words of the training:", sorted(set(DIGITS) & set(words.target_names)) or "none")

pipeline.set_params(lexiconclassifier__lexicon=DIGITS)
predicted = pipeline.predict(digits.data, groups=digits.speaker)
print(f"{np.mean(predicted == spoken):.2f} of {len(spoken)} digits are right; chance is 0.10")

fig, ax = plt.subplots(figsize=(7, 6), layout="constrained")
ConfusionMatrixDisplay.from_predictions(
    spoken, predicted, labels=list(DIGITS), ax=ax, cmap="Blues", colorbar=False
)
plt.show()

# %%
# A choice of 410 words
# ---------------------
# The lexicon may hold the words of the training as well. Then the digits have four hundred
# rivals more.

pipeline.set_params(lexiconclassifier__lexicon=words.lexicon | DIGITS)
scores = pipeline.decision_function(digits.data, groups=digits.speaker)
classes = pipeline.classes_
ranks = np.array(
    [np.sum(row > row[classes == word]) for row, word in zip(scores, spoken, strict=True)]
)
for n in (1, 3, 10):
    print(f"Among the best {n:>2} of {len(classes)}: {np.mean(ranks < n):.2f}")

for word in ("two", "seven"):
    example = np.flatnonzero(spoken == word)[0]
    print(f"{word} sounds like:", *classes[np.argsort(-scores[example])[:5]])

# %%
# The answer
# ----------
# Yes, if it is told how the word is pronounced: 0.97 of these digits are right in a choice of ten,
# and 0.76 in a choice of 410. Long words are easier than short ones, which have more neighbours:
# *seven* is the first of its list, *two* isn't.
#
# All voices here are synthetic, so they resemble each other more than real ones do. Of real
# recordings, some three in four to four in five are right (:doc:`/words`). If you can record a few
# examples of each word, do so: words that were trained are recognised better.
