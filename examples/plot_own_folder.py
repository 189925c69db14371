"""
How do I start from a folder of my own recordings?
==================================================

With one folder for each word and files that are named after their speakers:
``FOLDER/word/speaker_take.wav``. The paths are X, the names of the folders are y, and the speakers
are the groups. And what happens if a file is broken?
"""

import tempfile
import warnings
from glob import glob
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
# Files that are not in the folder of a word, or don't say who speaks, are listed. Hidden files are
# ignored.

paths, left_out = [], []
for name in sorted(glob("**/*", root_dir=folder, recursive=True)):
    path = folder / name
    if path.is_dir():
        continue
    if len(Path(name).parts) != 2:
        left_out.append(f"{name}: not in the folder of a word")
    elif not path.stem.rpartition("_")[0]:
        left_out.append(f"{name}: no speaker in its name")
    else:
        paths.append(path)
print("left out:", *left_out, sep="\n    ")
words = np.array([path.parent.name for path in paths])
speakers = np.array([path.stem.rpartition("_")[0] for path in paths])
print(len(paths), "files,", len(set(words)), "words,", len(set(speakers)), "speakers")
print("the first:", paths[0].relative_to(folder), "->", words[0], "by", speakers[0])

# %%
# Checking all files before training
# ----------------------------------
# Files with a sample rate other than ``sample_rate`` are resampled. By default, the transformer
# raises an error that names the first file that it cannot use. With ``on_error="warn"``, it
# processes all files, returns NaN for those that it cannot use, and warns once with their number.
# ``cache="memory"`` keeps the computed frames for later calls.

transformer = MFCCTransformer(
    sample_rate=8000, trim=35, deltas=1, n_segments=5, on_error="warn", cache="memory"
)
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    features = transformer.transform(paths)
for warning in caught:
    print(str(warning.message).replace(str(folder), "FOLDER"))

usable = ~np.isnan(features).any(axis=1)
print(features.shape, "of which usable:", usable.sum())

# %%
# No row is dropped silently: it is up to you to repair the file or, as here, to leave it out.

paths = [path for path, is_usable in zip(paths, usable, strict=True) if is_usable]
words, speakers = words[usable], speakers[usable]

# %%
# Cross-validation that keeps speakers apart
# ------------------------------------------
# The pipeline takes the paths. The transformer is called for each fold, and finds the frames of all
# files in its cache.

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
