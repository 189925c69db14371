"""
How do I start from a folder of my own recordings?
==================================================

With one folder for each word and files that are called after their speakers:
``FOLDER/word/speaker_take.wav``. The paths are the X, the folders' names the y, and the speakers
the groups. And what happens if a file is broken?
"""

import tempfile
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import soundfile
from sklearn.metrics import classification_report
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skxent import MFCCTransformer, SoftmaxClassifier
from skxent.datasets import load_spoken_digits

plt.style.use("tableau-colorblind10")

# %%
# A folder
# --------
# You have one. This example writes its own: three words by 24 voices, at 8 kHz. One file is cut
# short, as by a full disk, and one is in the wrong folder.

temporary = tempfile.TemporaryDirectory()
folder = Path(temporary.name)
digits = load_spoken_digits()
for clip, target, speaker, name in zip(
    digits.data, digits.target, digits.speaker, digits.filenames, strict=True
):
    word, take = digits.target_names[target], Path(name).stem[-1]
    if word in ("one", "five", "nine"):
        (folder / word).mkdir(exist_ok=True)
        soundfile.write(folder / word / f"{speaker}_{take}.wav", clip, digits.sample_rate)

broken = folder / "nine" / "usf1_0.wav"
broken.write_bytes(broken.read_bytes()[:1000])
misplaced = (folder / "one" / "wmf1_1.wav").replace(folder / "five" / "wmf1_2.wav")

# %%
# Paths, words and speakers
# -------------------------

paths = sorted(folder.glob("*/*.wav"))
words = np.array([path.parent.name for path in paths])
speakers = np.array([path.stem.rpartition("_")[0] for path in paths])
print(len(paths), "files,", len(set(words)), "words,", len(set(speakers)), "speakers")
print("the first:", paths[0].relative_to(folder), "->", words[0], "by", speakers[0])

# %%
# A look at all of them, before anything is trained
# -------------------------------------------------
# ``sample_rate`` is the rate to work at; files at other rates are resampled. As it stands, the
# transformer stops at the first file that it can't use, and names it. With ``on_error="warn"`` it
# goes through all of them, gives NaN for those, and one warning that counts them.
# ``cache="memory"`` keeps what was computed for what comes next.

transformer = MFCCTransformer(
    sample_rate=8000, deltas=1, n_segments=3, on_error="warn", cache="memory"
)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    features = transformer.transform(paths)
for warning in caught:
    print(str(warning.message).replace(str(folder), "FOLDER"))

usable = ~np.isnan(features).any(axis=1)
print(features.shape, "of which usable:", usable.sum())

# %%
# No row is dropped in silence: it is up to you to repair the file, or to leave it out, as here.

paths = [path for path, is_usable in zip(paths, usable, strict=True) if is_usable]
words, speakers = words[usable], speakers[usable]

# %%
# Cross-validation that keeps speakers apart
# ------------------------------------------
# The paths go into the pipeline as they are. For each fold the transformer is asked again, and
# finds the frames of all files in its cache.

pipeline = make_pipeline(
    transformer.set_params(on_error="raise"), StandardScaler(), SoftmaxClassifier(alpha=0.02)
)
probabilities = cross_val_predict(
    pipeline, paths, words, groups=speakers, cv=StratifiedGroupKFold(6), method="predict_proba"
)
classes = np.unique(words)
predicted = classes[probabilities.argmax(axis=1)]
print(classification_report(words, predicted))

# %%
# The files to listen to
# ----------------------
# Those that were given the least of their own word are either hard, or badly recorded, or in the
# wrong folder.

of_own_word = probabilities[np.arange(len(words)), np.searchsorted(classes, words)]
worst = np.argsort(of_own_word)[:10]
fig, ax = plt.subplots(figsize=(8, 3.5), layout="constrained")
names = [str(paths[i].relative_to(folder)) for i in worst]
is_right = predicted[worst] == words[worst]
ax.barh(names, of_own_word[worst], color=np.where(is_right, "C0", "C1"))
for color, label in (("C0", "recognised"), ("C1", "taken for another word")):
    ax.plot([], [], "s", color=color, label=label)
ax.axvline(1 / len(classes), color="0.4", linestyle=":", label="chance")
ax.invert_yaxis()
ax.set(xlabel="probability given to the right word", xlim=(0, 1))
ax.legend(loc="upper right")
plt.show()

# %%
# The model for use
# -----------------
# Fitted to all files, it takes paths, arrays at 8 kHz, or ``(rate, signal)`` pairs at any rate.

pipeline.fit(paths, words)
one = np.flatnonzero(digits.target == 1)[0]
print(pipeline.predict([paths[0], digits.data[one], (digits.sample_rate, digits.data[one])]))
temporary.cleanup()

# %%
# The answer
# ----------
# With a list of paths: they are what the pipeline is fitted to, split and searched over. The
# broken file was named before anything was trained, and what to do about it was your decision.
# The file in the wrong folder is the first on the list of those to listen to: the classifier,
# trained on other speakers, gives next to nothing to the word that the folder claims.
