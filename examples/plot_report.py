"""
Which clips go wrong, and how do they sound?
============================================

A score says how many clips are wrong, not why. The recording may be noisy, the word may have been
cut off, or the label may be wrong. :func:`skxent.report.report` makes a page on which the clips
can be listened to.
"""

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skxent import MFCCTransformer, SoftmaxClassifier
from skxent.datasets import load_spoken_digits
from skxent.report import report

# %%
# Recordings, four of them with a wrong label
# -------------------------------------------
# The synthetic digits, as files. Four labels are changed.

digits = load_spoken_digits()
words = np.array(digits.target_names)[digits.target]
labels = words.copy()
changed = np.random.default_rng(0).choice(len(labels), 4, replace=False)
labels[changed] = ["one", "two", "three", "four"]
for i in changed:
    print(words[i], "is labelled", labels[i])

# %%
# Probabilities of clips that were not trained on
# -----------------------------------------------
# In each of four folds, the classifier is trained on 18 voices, and predicts the six others. A
# classifier that has seen a wrong label repeats it, and the report would not suspect it.

pipeline = make_pipeline(
    MFCCTransformer(sample_rate=digits.sample_rate, trim=35, deltas=1, n_segments=5),
    StandardScaler(),
    SoftmaxClassifier(alpha=0.02),
)
probabilities = cross_val_predict(
    pipeline,
    digits.filenames,
    labels,
    groups=digits.speaker,
    cv=StratifiedGroupKFold(4),
    method="predict_proba",
)

# %%
# The page
# --------
# The pipeline, fitted to all clips, is given as well: the page shows its settings, its loss curve,
# and what its ``trim`` cuts off. Choose a number in the matrix, and listen.

page = report(
    probabilities,
    digits.filenames,
    labels,
    digits.speaker,
    model=pipeline.fit(digits.filenames, labels),
    title="Spoken digits by new voices",
    clips_per_class=4,
)
page

# %%
# ``page.save("digits.html")`` writes it to a file, which can be sent to others: it needs no
# network, and loads nothing. What is known of each clip is a table as well, suspected labels first,
# then the highest losses:

for i in range(10):
    row = {key: page.clips[key][i] for key in ("name", "label", "predicted", "loss")}
    mark = "suspected" if page.clips["is_suspected"][i] else ""
    changed_here = "changed" if page.clips["index"][i] in changed else ""
    print("{name:16} {label:6} {predicted:6} {loss:5.2f}".format(**row), mark, changed_here)

# %%
# The answer
# ----------
# The page shows which clips go wrong, with their sound, spectrogram and probabilities. Three of the
# four labels that were changed are among the seven that are suspected, and the fourth has the
# highest loss of all others. The rest are clips of voices that the classifier doesn't understand
# yet: only listening tells the two apart.
