"""
How do I get from recordings to a classifier that I can trust?
==============================================================

From features and a classifier, through a learning rate chosen by cross-validation, to the accuracy
for voices that none of these has seen, on 480 clips of ten digits.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import ConfusionMatrixDisplay
from sklearn.model_selection import (
    GridSearchCV,
    GroupShuffleSplit,
    LeaveOneGroupOut,
    StratifiedGroupKFold,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skxent import MFCCTransformer, SoftmaxClassifier
from skxent.datasets import load_spoken_digits
from skxent.plotting import CepstralDisplay, LearningRateDisplay

plt.style.use("tableau-colorblind10")

# %%
# The data
# --------
# The clips are a list of arrays of different lengths. They could also be paths of sound files, see
# :ref:`sphx_glr_auto_examples_plot_own_folder.py`.

digits = load_spoken_digits()
words = np.array(digits.target_names)[digits.target]
print(len(digits.data), "clips at", digits.sample_rate, "Hz")
print(len(np.unique(digits.speaker)), "voices:", *np.unique(digits.speaker))

# %%
# These are the features that :class:`~skxent.MFCCTransformer` computes for the frames of a clip,
# before it pools the frames into a row of fixed length. ``trim=35`` leaves out what is outside of
# the dashed lines, see :ref:`sphx_glr_auto_examples_plot_pauses.py`.

seven = np.flatnonzero(words == "seven")[0]
features = MFCCTransformer(
    sample_rate=digits.sample_rate, trim=35, deltas=1, n_segments=5, cache="memory"
)
display = CepstralDisplay.from_clip(features, digits.data[seven])
display.figure_.suptitle('"seven"')
plt.show()

# %%
# Test voices, set aside first
# ----------------------------
# A quarter of the voices is the test set. It is not used until the end.

split = GroupShuffleSplit(n_splits=1, test_size=0.25, random_state=0)
train, test = next(split.split(words, groups=digits.speaker))
clips = [digits.data[i] for i in train]
test_clips = [digits.data[i] for i in test]
print("test voices:", *np.unique(digits.speaker[test]))

# %%
# A pipeline, and a search over its learning rate
# -----------------------------------------------
# The folds of the search keep voices apart, too. With ``cache="memory"``, the frames of each clip
# are computed once, not once for each rate and fold.

pipeline = make_pipeline(
    features, StandardScaler(), SoftmaxClassifier(solver="gd", alpha=0.02, max_iter=150, tol=0.01)
)
search = GridSearchCV(
    pipeline,
    {"softmaxclassifier__learning_rate": [0.01, 0.1, 1.0, 10.0]},
    cv=StratifiedGroupKFold(5),
)

with warnings.catch_warnings():
    # The search tries rates that are too large on purpose.
    warnings.simplefilter("ignore", ConvergenceWarning)
    search.fit(clips, words[train], groups=digits.speaker[train])
print("best rate:", search.best_params_["softmaxclassifier__learning_rate"])
print(f"its accuracy in the folds: {search.best_score_:.3f}")

display = LearningRateDisplay.from_search(search, score_name="Accuracy")
plt.show()

# %%
# The folds differ more than the rates: with three or four voices in a fold, one unusual voice
# changes its score. The best rate is a good one, but not the only good one, see
# :ref:`sphx_glr_auto_examples_plot_learning_rates.py`.

# %%
# The test voices
# ---------------

predicted = search.predict(test_clips)
accuracy = np.mean(predicted == words[test])
display = ConfusionMatrixDisplay.from_predictions(
    words[test],
    predicted,
    labels=digits.target_names,
    cmap="Blues",
    colorbar=False,
    xticks_rotation="vertical",
)
for text in display.text_.flat:
    text.set_visible(text.get_text() != "0")
display.figure_.set_layout_engine("constrained")
display.ax_.set(
    xlabel="recognised word",
    ylabel="spoken word",
    title=f"Test voices: {accuracy:.1%} of {len(test)} clips are right",
)
plt.show()

# %%
# Each voice in turn
# ------------------
# Six voices are few. Leaving out each of the 24 in turn shows how much the accuracy depends on the
# voice.

left_out = cross_val_score(
    search.best_estimator_, digits.data, words, groups=digits.speaker, cv=LeaveOneGroupOut()
)
voices = np.unique(digits.speaker)
order = np.argsort(left_out, kind="stable")
fig, ax = plt.subplots(figsize=(8, 3.5), layout="constrained")
ax.plot(voices[order], left_out[order], "o")
ax.axhline(left_out.mean(), color="0.4", linestyle="--", label=f"mean: {left_out.mean():.3f}")
ax.set(
    xlabel="voice left out of the training", ylabel="accuracy on its 20 clips", ylim=(0.65, 1.02)
)
ax.tick_params(axis="x", rotation=90)
ax.legend(loc="lower right")
plt.show()

# %%
# The answer
# ----------
# With a pipeline of three steps, a search whose folds keep voices apart, and test voices that are
# used only once. Their accuracy is 0.967 here, on 120 clips of six voices, and it applies to new
# voices only as far as they resemble these. Leaving out each voice in turn gives 0.967, too, and
# shows more: 18 of the 24 voices are recognised without an error, and a single one has 6 of the 16
# errors. An average hides that the errors depend on the voice.
#
# These voices are synthetic, and real ones are harder. The command ``skxent train`` chooses and
# evaluates such pipelines on recordings of your own, and on real ones of digits (``example:fsdd``).
