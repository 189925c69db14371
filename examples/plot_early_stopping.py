"""
Early stopping: whose clips should it watch?
============================================

A classifier without a penalty continues to memorise its training clips after it has learnt
everything that carries over to new speakers. Early stopping keeps the coefficients with the lowest
loss on validation clips. Does it matter who speaks in these clips?
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

from skxent import MFCCTransformer, SoftmaxClassifier
from skxent.datasets import load_spoken_digits
from skxent.plotting import LossCurveDisplay

plt.style.use("tableau-colorblind10")

digits = load_spoken_digits()
X = MFCCTransformer(sample_rate=digits.sample_rate).transform(digits.data)
y = digits.target

# %%
# Three groups of voices
# ----------------------
# Ten voices for training, six for validation and eight for the test, drawn at random eight times.

SETTINGS = {"solver": "gd", "learning_rate": 0.3, "alpha": 0.0, "random_state": 0}


def split_and_scale(seed):
    voices = np.random.default_rng(seed).permutation(np.unique(digits.speaker))
    parts = [np.isin(digits.speaker, some) for some in np.split(voices, [10, 16])]
    scaler = StandardScaler().fit(X[parts[0]])
    return [(scaler.transform(X[part]), y[part]) for part in parts]


def fit_all(seed):
    """Return classifiers by the voices that early stopping watches, and the test set."""
    (X_train, y_train), (X_val, y_val), test = split_and_scale(seed)
    stopping = SoftmaxClassifier(**SETTINGS, early_stopping=True)
    endless = SoftmaxClassifier(**SETTINGS, max_iter=500)
    with warnings.catch_warnings():
        # Without a penalty or early stopping there is no minimum to converge to.
        warnings.simplefilter("ignore", ConvergenceWarning)
        endless.fit(X_train, y_train)
    return {
        "nothing": endless,
        "training voices": clone(stopping).fit(X_train, y_train),
        "other voices": clone(stopping).fit(X_train, y_train, X_val=X_val, y_val=y_val),
    }, test


# %%
# One draw
# --------
# By default, early stopping watches the loss on a tenth of the training clips, which are set aside:
# other clips, but the same voices. With ``X_val`` and ``y_val`` in ``fit``, it watches the loss on
# these. The dots mark the lowest watched loss, whose coefficients are kept.

fits, _ = fit_all(seed=0)
fig, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
LossCurveDisplay.from_estimator(
    {f"watching {name}": fits[name] for name in ("training voices", "other voices")}, ax=ax
)
ax.set_xscale("symlog")
ax.set_title("Training and validation loss")
plt.show()

# %%
# Eight draws
# -----------

losses, scores, iterations = (
    {"nothing": [], "training voices": [], "other voices": []} for _ in range(3)
)
for seed in range(8):
    fits, (X_test, y_test) = fit_all(seed)
    for name, classifier in fits.items():
        losses[name].append(log_loss(y_test, classifier.predict_proba(X_test)))
        scores[name].append(classifier.score(X_test, y_test))
        iterations[name].append(classifier.n_iter_)

fig, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
for ax, figures in zip(axes, (losses, scores), strict=True):
    values = np.array(list(figures.values()))
    ax.plot(values, color="0.8", linewidth=1, zorder=0)
    ax.plot(values, "o", color="C0")
    ax.plot(values.mean(axis=1), "_", color="C1", markersize=40, markeredgewidth=3)
    ax.set_xticks(range(3), figures)
    ax.set(xlabel="what early stopping watches", xlim=(-0.5, 2.5))
axes[0].set(ylabel="cross-entropy (nats)", ylim=(0, None))
axes[1].set(ylabel="accuracy")
fig.suptitle("Eight test voices in eight draws (a line for each draw, bars are means)")
plt.show()

both = np.array([losses["training voices"], losses["other voices"]])
print(
    "draws in which watching other voices gave the lower loss:", np.sum(both[1] < both[0]), "of 8"
)
for name in losses:
    print(
        f"{name}: cross-entropy {np.mean(losses[name]):.2f}, accuracy {np.mean(scores[name]):.3f}"
    )
    print(f"    after {min(iterations[name])} to {max(iterations[name])} iterations")

# %%
# The answer
# ----------
# For the probabilities, it does. The loss on other clips by the training voices decreases for 150
# to 300 iterations, because these clips are almost copies of the memorised ones. The loss on other
# voices starts to increase after ten to forty iterations. On the test voices, the cross-entropy is
# 0.69 nats after watching other voices, 0.88 after watching the training voices, and 0.98 after 500
# iterations without early stopping. Other voices gave the lowest loss in all eight draws.
#
# For the accuracy, it does not: it is 0.79 to 0.80 for all three, in no consistent order. Here
# early stopping prevents overconfidence, not wrong words. The draw of the voices matters more: the
# accuracy of the worst draw is seven to ten points below that of the next, whatever was watched.
