"""
Random folds or folds by speaker: by how much does plain k-fold flatter?
========================================================================

Plain cross-validation assigns the clips to folds at random. Then almost every speaker of a test
fold is also a speaker of the training folds, and the score measures how well the words of *known*
speakers are recognised. A classifier for new speakers must be tested on new speakers. How large is
the difference?
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skxent import MFCCTransformer, SoftmaxClassifier
from skxent.datasets import load_spoken_digits

plt.style.use("tableau-colorblind10")

digits = load_spoken_digits()
y = digits.target
# Features of one segment without slopes are poor, so that there are errors.
X = MFCCTransformer(sample_rate=digits.sample_rate).transform(digits.data)

# %%
# Two kinds of folds
# ------------------
# Both are repeated with five random seeds, since the score depends on which speakers share a fold.

classifiers = {
    "softmax, strong penalty\n(alpha 0.02)": SoftmaxClassifier(alpha=0.02),
    "softmax, weak penalty\n(alpha 0.0001)": SoftmaxClassifier(alpha=0.0001),
    "nearest neighbour": KNeighborsClassifier(n_neighbors=1),
}


def scores_of(classifier, make_folds, groups=None):
    pipeline = make_pipeline(StandardScaler(), classifier)
    folds = [make_folds(6, shuffle=True, random_state=seed) for seed in range(5)]
    return [cross_val_score(pipeline, X, y, groups=groups, cv=cv).mean() for cv in folds]


random = {name: scores_of(c, StratifiedKFold) for name, c in classifiers.items()}
by_speaker = {
    name: scores_of(c, StratifiedGroupKFold, digits.speaker) for name, c in classifiers.items()
}

# %%
# Each point is the mean score for one seed.

fig, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
for i, name in enumerate(classifiers):
    for scores, marker, color, label in (
        (random[name], "s", "C1", "random folds"),
        (by_speaker[name], "o", "C0", "folds by speaker"),
    ):
        mean = np.mean(scores)
        ax.plot(
            np.full(5, i), scores, marker, color=color, alpha=0.6, label=label if i == 0 else "_"
        )
        ax.hlines(mean, i - 0.15, i + 0.15, color=color)
        ax.text(i + 0.18, mean, f"{mean:.3f}", va="center")
ax.set_xticks(range(3), classifiers)
ax.set(ylabel="accuracy", xlim=(-0.4, 2.6))
ax.legend(loc="center right")
plt.show()

# %%
# Why
# ---
# The nearest neighbour explains it: how often is the nearest other clip by the same speaker?

scaled = StandardScaler().fit_transform(X)
neighbours = KNeighborsClassifier(n_neighbors=1).fit(scaled, y)
# The nearest clip is the clip itself; the second one is the nearest other clip.
nearest = neighbours.kneighbors(scaled, n_neighbors=2, return_distance=False)[:, 1]
same_speaker = digits.speaker[nearest] == digits.speaker
other_take = same_speaker & (y[nearest] == y)
print(f"the nearest clip is by the same speaker: {same_speaker.mean():.0%}")
print(f"and it is the other take of the same word: {other_take.mean():.0%}")

# %%
# The answer
# ----------
# By 6 points with the strong penalty, by 14 with the weak one, and by 16 for the nearest neighbour:
# the better a classifier memorises clips, the more optimistic random folds are. For 93 % of the
# clips, the nearest other clip is the same word by the same speaker. With random folds, it is
# usually in the training set, and finding it is not speech recognition.
#
# The wrong choice is worse than the wrong figure. By random folds, the weak penalty is the best of
# the three and the strong one the worst; for new speakers the strong one is the best. So pass
# ``groups=speaker`` and a splitter that uses it, for the search as well as for the final score:
# ``StratifiedGroupKFold``, ``LeaveOneGroupOut`` or ``GroupShuffleSplit``. The same applies to
# anything else that recordings may share: a microphone, a room, a day.
