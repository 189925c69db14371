"""
When is a spoken word decided?
==============================

A recording is a row of frames of 25 milliseconds, a new one every 10, and none of them is a
word. :class:`~skxent.FramewiseClassifier` has a classifier judge each frame, and adds up what
it says. Which words does a frame make likely, and from when on is the sum in no doubt?
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
# With ``pooling=None`` the transformer leaves each clip its frames, in an array of its own
# length. Slopes tell how a frame is changing; the mean of each clip is taken out, and with it
# much of the voice and the microphone.

transformer = MFCCTransformer(
    sample_rate=digits.sample_rate, deltas=2, normalize="mean", pooling=None
)
clips = transformer.fit_transform(digits.data)
n_frames, n_features = clips[0].shape
print(f"{len(clips)} clips; the first has {n_frames} frames of {n_features} features")

# %%
# A classifier of frames
# ----------------------
# It learns a clip's word from each of its frames, with five neighbours on both sides: it looks at
# some 0.1 seconds at once. (Of single frames a linear model would learn nothing here. Where each
# clip's mean is zero, so is each word's.) One voice is left out, and then listened to.

is_new = digits.speaker == "scm1"
classifier = FramewiseClassifier(SoftmaxClassifier(alpha=0.01, tol=1e-3), context=5)
classifier.fit(clips[~is_new], words[~is_new])

words_of_frames = [np.full(len(clip), word) for clip, word in zip(clips, words, strict=True)]
new = np.flatnonzero(is_new)
of_frames = classifier.score(clips[new], [words_of_frames[i] for i in new])
of_clips = classifier.score(clips[new], words[new])
print(f"Of the new voice, {of_frames:.1%} of the frames are right, and {of_clips:.0%} of the clips")

# %%
# One clip, frame by frame
# ------------------------
# The voice says "six". `predict_frames_proba` gives the frames' probabilities; the sum of their
# logarithms over the frames so far is what could be decided by then, and at the end of the clip
# what `predict` goes by.

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
middle.set(title="What each frame says")
ranking = behind[-1].argsort()[::-1]
bottom.plot(times, behind[:, ranking[3:]], color="lightgrey")
for k, color in zip(ranking[:3], ("C0", "C1", "C3"), strict=True):
    bottom.plot(times, behind[:, k], label=classifier.classes_[k], color=color, linewidth=2.5)
bottom.legend(loc="lower left", title="the best in the end")
bottom.set(
    title="What all frames so far say together",
    xlabel="time (s)",
    ylabel="log-probability behind the best (nats)",
    ylim=(-60, 3),
)
plt.show()

# %%
# How sure is that?
# -----------------
# Neighbouring frames say much the same, as they share most of what they look at; a sum takes it
# for new evidence each time. The mean in its place predicts the same words, with softer
# probabilities; a vote counts the frames for which a word is the likeliest.

for aggregate in ("sum_log_proba", "mean_log_proba", "vote"):
    classifier.set_params(aggregate=aggregate)
    (of_words,) = classifier.predict_proba(clips[[chosen]])
    told = [f"{classifier.classes_[k]} {of_words[k]:.2g}" for k in ranking[:3]]
    print(f"{aggregate:14}", ", ".join(told))

# %%
# The answer
# ----------
# "Six" and "seven" begin alike, and up to 0.15 seconds now one is ahead, now the other. What then
# comes no "seven" has: the closure of the "k", which is the dark column before 0.2 seconds, and
# another "s". From there on the sum is in no doubt, long before the clip ends.
