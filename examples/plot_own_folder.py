"""
How do I start from a folder of my own recordings?
==================================================

With one folder for each word and files that are named after their speakers:
``FOLDER/word/speaker_take.wav``. :func:`~skxent.datasets.load_recordings` returns the paths, words
and speakers. And what happens if a file is broken?
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import soundfile
from sklearn.metrics import classification_report
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skxent import MFCCTransformer, SoftmaxClassifier
from skxent.datasets import load_recordings, load_spoken_digits

plt.style.use("tableau-colorblind10")

# %%
# A folder
# --------
# You have your own. This example writes one: three words by 24 voices, at 8 kHz. One file is
# truncated, as by a full disk, one is in the wrong folder, and one doesn't say who speaks.

temporary = tempfile.TemporaryDirectory()
folder = Path(temporary.name)
digits = load_spoken_digits()
for clip, target, name in zip(digits.data, digits.target, digits.filenames, strict=True):
    word = digits.target_names[target]
    _, speaker_take = Path(name).stem.split("_", 1)
    if word in ("one", "five", "nine"):
        path = folder / word / f"{speaker_take}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, clip, digits.sample_rate)

broken = folder / "nine" / "usf1_0.wav"
broken.write_bytes(broken.read_bytes()[:1000])
misplaced = (folder / "one" / "wmf1_1.wav").replace(folder / "five" / "wmf1_2.wav")
(folder / "nine" / "gbm1_1.wav").replace(folder / "nine" / "new recording.wav")

# %%
# Paths, words and speakers
# -------------------------
# :func:`~skxent.datasets.load_recordings` decodes each file once. It lists files that can't be
# used, with the reason, and files that can, but look like mistakes. Nothing is left out in silence:
# repair such files, or do without them.

recordings = load_recordings(folder)
print(str(recordings.problems).replace(str(folder), "FOLDER"))

# %%
# The paths are X, the labels are y, and the speakers are the groups. A recording without a speaker
# may be by anybody, also by one of those in the test: here it is left out.

is_known = [speaker is not None for speaker in recordings.speakers]
paths = [Path(path) for path, is_kept in zip(recordings.paths, is_known, strict=True) if is_kept]
words, speakers = recordings.labels[is_known], recordings.speakers[is_known].astype(str)
print(len(paths), "files,", len(set(words)), "words,", len(set(speakers)), "speakers")
print("the first:", paths[0].relative_to(folder), "->", words[0], "by", speakers[0])

# %%
# Cross-validation that keeps speakers apart
# ------------------------------------------
# The pipeline takes the paths. The transformer is called for each fold; ``cache="memory"`` keeps
# the frames of all files for the next. Files with a sample rate other than ``sample_rate`` are
# resampled.

transformer = MFCCTransformer(sample_rate=8000, trim=35, deltas=1, n_segments=5, cache="memory")
pipeline = make_pipeline(transformer, StandardScaler(), SoftmaxClassifier(alpha=0.02))
probabilities = cross_val_predict(
    pipeline, paths, words, groups=speakers, cv=StratifiedGroupKFold(6), method="predict_proba"
)
classes = np.unique(words)
predicted = classes[probabilities.argmax(axis=1)]
print(classification_report(words, predicted))

# %%
# Files to listen to
# ------------------
# The files with the lowest probability of their own word are difficult, badly recorded, or in the
# wrong folder.

of_own_word = probabilities[np.arange(len(words)), np.searchsorted(classes, words)]
worst = np.argsort(of_own_word)[:10]
is_right = predicted[worst] == words[worst]
fig, ax = plt.subplots(figsize=(6, 4.5), layout="constrained")
for kind, style, label in (
    (is_right, "C0o", "recognised"),
    (~is_right, "C1X", "recognised as another word"),
):
    x, y = of_own_word[worst[kind]], np.flatnonzero(kind)
    ax.plot(x, y, style, markersize=8, label=label)
for place, i in enumerate(worst):
    ax.text(of_own_word[i] + 0.03, place, f"{of_own_word[i]:.3f}", va="center")
ax.axvline(1 / len(classes), color="0.4", linestyle=":", label="chance")
ax.set_yticks(range(10), [str(paths[i].relative_to(folder)) for i in worst])
ax.invert_yaxis()
ax.grid(axis="y", color="0.9")
ax.set_axisbelow(True)
ax.set(xlabel="probability of the folder's word", xlim=(-0.03, 1.03))
fig.legend(loc="outside upper right", ncols=3)
plt.show()

# %%
# The final model
# ---------------
# Fitted to all files, the pipeline takes paths, arrays at 8 kHz, or ``(rate, signal)`` pairs at any
# rate.

pipeline.fit(paths, words)
one = np.flatnonzero(digits.target == 1)[0]
print(pipeline.predict([paths[0], digits.data[one], (digits.sample_rate, digits.data[one])]))
temporary.cleanup()

# %%
# The answer
# ----------
# With a list of paths: the pipeline is fitted to them, and they can be split for cross-validation
# and searches. The broken file was named before anything was trained, and it was your decision what
# to do about it. The file in the wrong folder is the first of the files to listen to: the
# classifier, trained on other speakers, gives the word of its folder a probability close to zero.
# The :doc:`quick start </quick_start>` does the same for a messier folder, and saves the model.
