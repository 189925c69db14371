"""
When is a spoken word decided?
==============================

A recording is a sequence of frames of 25 milliseconds, one every 10 milliseconds, and none of them
is a word. :class:`~skxent.FramewiseClassifier` classifies each frame and sums the
log-probabilities. Which words does a single frame make likely, and from when on is the sum certain?
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm

from skxent import FramewiseClassifier, MFCCTransformer, SoftmaxClassifier
from skxent.datasets import load_spoken_digits

plt.style.use("tableau-colorblind10")

digits = load_spoken_digits()
names = np.array(digits.target_names)
words = names[digits.target]

# %%
# Clips of frames
# ---------------
# With ``pooling=None``, the transformer returns the frames of each clip, in arrays of different
# lengths. Slopes describe how the frames change. Subtracting the mean of each clip removes much of
# the effect of the voice and the microphone.

transformer = MFCCTransformer(
    sample_rate=digits.sample_rate, deltas=2, normalize="mean", pooling=None
)
clips = transformer.fit_transform(digits.data)
n_frames, n_features = clips[0].shape
print(f"{len(clips)} clips; the first has {n_frames} frames of {n_features} features")

# %%
# A classifier of frames
# ----------------------
# It learns the word of a clip from each frame with five neighbours on each side, about 0.1 seconds
# in all. (From single frames, a linear model would learn nothing here: with the mean of each clip,
# the mean of each word is zero.) One voice is left out for the test.

is_new = digits.speaker == "scm1"
classifier = FramewiseClassifier(SoftmaxClassifier(alpha=0.01, tol=1e-3), context=5)
classifier.fit(clips[~is_new], words[~is_new])

words_of_frames = [np.full(len(clip), word) for clip, word in zip(clips, words, strict=True)]
new = np.flatnonzero(is_new)
of_frames = classifier.score(clips[new], [words_of_frames[i] for i in new])
of_clips = classifier.score(clips[new], words[new])
print(f"Accuracy for the new voice: {of_frames:.1%} of the frames, {of_clips:.0%} of the clips")

# %%
# One clip, frame by frame
# ------------------------
# The voice says "six". `predict_frames_proba` returns the probabilities of the frames. The sum of
# their logarithms over the frames so far shows what could be decided by then; at the end of the
# clip it decides what `predict` returns.

chosen = new[words[new] == "six"][0]
(proba,) = classifier.predict_frames_proba(clips[[chosen]])
score = np.cumsum(np.log(proba), axis=0)
decided = classifier.predict(clips[[chosen]])[0]
behind = score - score.max(axis=1, keepdims=True)

log_mel = MFCCTransformer(sample_rate=digits.sample_rate, features="log_mel", pooling=None)
(energies,) = log_mel.fit_transform([digits.data[chosen]])
step = log_mel.frame_step
begin = 0.5 * (log_mel.frame_length - step)  # a column of the images is centred on its frame
extent = (begin, begin + len(energies) * step)
times = begin + step * (np.arange(len(energies)) + 0.5)

rows = [classifier.classes_.tolist().index(name) for name in digits.target_names]
fig, (top, middle, bottom) = plt.subplots(
    3, 1, figsize=(8, 9), sharex=True, layout="constrained", height_ratios=(2, 3, 3)
)
image = top.imshow(
    energies.T, origin="lower", aspect="auto", extent=(*extent, -0.5, energies.shape[1] - 0.5)
)
fig.colorbar(image, ax=top, pad=0.02, label="log energy")
top.set(title=f'Log-mel energies of "{words[chosen]}"', ylabel="mel filter")
image = middle.imshow(
    proba[:, rows].T,
    aspect="auto",
    extent=(*extent, len(rows) - 0.5, -0.5),
    norm=LogNorm(1e-3, 1),
    cmap="cividis",
)
fig.colorbar(image, ax=middle, pad=0.02, label="probability", extend="min")
middle.set_yticks(range(len(rows)), digits.target_names)
middle.set(title="Probabilities of each frame")
ranking = behind[-1].argsort()[::-1]
bottom.plot(times, behind[:, ranking[3:]], color="lightgrey")
for k, color in zip(ranking[:3], ("C0", "C1", "C3"), strict=True):
    bottom.plot(times, behind[:, k], label=classifier.classes_[k], color=color, linewidth=2.5)
bottom.legend(loc="lower left", title="best at the end")
bottom.set(
    title="Sum over all frames so far",
    xlabel="time (s)",
    ylabel="log-probability behind the best (nats)",
    ylim=(-60, 3),
)
plt.show()

# %%
# How certain is that?
# --------------------
# Neighbouring frames are similar, because they share most of their context, but the sum treats them
# as independent evidence. The mean predicts the same words with softer probabilities; a vote counts
# the frames for which a word is the most probable.

for aggregate in ("sum_log_proba", "mean_log_proba", "vote"):
    classifier.set_params(aggregate=aggregate)
    (of_words,) = classifier.predict_proba(clips[[chosen]])
    texts = [f"{classifier.classes_[k]} {of_words[k]:.2g}" for k in ranking[:3]]
    print(f"{aggregate:14}", ", ".join(texts))

# %%
# The answer
# ----------
# "Six" and "seven" begin alike, and up to 0.15 seconds either may be ahead. What follows does not
# occur in "seven": the closure of the "k", which is the dark column before 0.2 seconds, and another
# "s". From there on the sum is certain, long before the clip ends.
