"""
Which learning rate, and what does a wrong one do?
==================================================

The rate of gradient descent is the one setting that can make everything fail. Here are a safe
rate that needs no search, the two ways of being wrong, and two ways of finding a good rate.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.preprocessing import StandardScaler

from skxent import (
    MFCCTransformer,
    SoftmaxClassifier,
    SoftmaxClassifierCV,
    learning_rate_range_test,
)
from skxent.datasets import load_spoken_digits
from skxent.plotting import LearningRateDisplay, LossCurveDisplay

plt.style.use("tableau-colorblind10")

digits = load_spoken_digits()
transformer = MFCCTransformer(sample_rate=digits.sample_rate, n_segments=3)
X = StandardScaler().fit_transform(transformer.transform(digits.data))
y = digits.target

# %%
# Too small, safe, large, too large
# ---------------------------------
# ``learning_rate="auto"`` takes :math:`1/L`, where :math:`L` is a bound on the curvature of the
# objective: up to that rate every step of plain gradient descent (``momentum=0``) goes down, on
# any data. Around it are a rate of a hundredth, one of ten times, and one of a hundred times.

textbook = {"solver": "gd", "momentum": 0.0, "alpha": 0.02, "max_iter": 100}
with warnings.catch_warnings():
    # A hundred iterations are too few for a safe rate; that is to be seen.
    warnings.simplefilter("ignore", ConvergenceWarning)
    safe = SoftmaxClassifier(**textbook).fit(X, y)
    rate = safe.learning_rate_
    fits = {
        f"{factor:g} × safe: {factor * rate:.2g}": SoftmaxClassifier(
            learning_rate=factor * rate, **textbook
        ).fit(X, y)
        for factor in (0.01, 1, 10, 100)
    }

fig, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
LossCurveDisplay.from_estimator(fits, ax=ax, log_scale=True)
ax.set_title("Training loss of plain gradient descent")
ax.legend(title="learning rate", loc="upper left", bbox_to_anchor=(1.01, 1.0))
plt.show()

# %%
# The rate of a hundred times the safe one jumps about for ever. It does not run away to infinity,
# as it would with squared errors, since the gradient of the cross-entropy is bounded. A fit that
# ends like this says so, and names the safe rate; the weights it keeps are the best that it came
# by, not the last.

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    lost = SoftmaxClassifier(**textbook, learning_rate=100 * rate).fit(X, y)
print("converged:", lost.converged_)
for warning in caught:
    print(warning.message)

# %%
# All rates at once
# -----------------
# What counts is not the training loss but the accuracy on voices that were not trained on.
# :class:`~skxent.SoftmaxClassifierCV` trains all rates and all folds side by side, and drops
# those that fall behind or diverge. The folds keep voices apart. (The scaler before the search saw
# all voices, but learned no more than means and deviations. For a scaler in each fold, search the
# whole pipeline with ``GridSearchCV``.)

search = SoftmaxClassifierCV(
    learning_rates=np.geomspace(1e-4, 30, 16),
    alphas=[0.02],
    cv=StratifiedGroupKFold(5),
    max_iter=100,
)
search.fit(X, y, groups=digits.speaker)
fig, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
LearningRateDisplay.from_search(search, ax=ax)
ax.set_title("Accuracy on voices left out, up to 100 iterations with momentum")
plt.show()

# %%
# The hollow points were dropped on the way, and have the accuracy that they had come to by then.

# %%
# One run in which the rate rises
# -------------------------------
# Where a search would cost too much, a range test takes one step at each of a hundred rates. The
# loss hardly moves, then falls, then rises; the star is where it falls fastest.

result = learning_rate_range_test(
    SoftmaxClassifier(solver="sgd", momentum=0.0, alpha=0.02), X, y, batch_size=64, random_state=0
)
fig, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
LearningRateDisplay.from_range_test(result, ax=ax)
ax.set_title("Learning-rate range test")
plt.show()

# %%
# The answer
# ----------
# Here, anything from the safe rate (0.19) to some ten times as much. The bound behind the safe
# rate holds for any weights, and the true curvature near the minimum is smaller: so the safe rate
# is never wrong, and a rate of ten times as much is faster.
#
# - Too small does not fail, it is only not done: after a hundred steps the loss has come from 2.3
#   down to 1.8 with a hundredth of the safe rate, and to 0.21 with the safe one. The accuracy
#   hides it. A classifier that has gone a little way down from zero compares a clip with the
#   means of the classes, and that alone is right for 94 % of the clips. Look at the loss.
# - Too large jumps about. The search drops such a rate after a few steps, when the best weights
#   that it came by are still those it began with: chance (0.1 for ten words).
# - Both ways of finding a rate work: the search ends near 1, and the range test, which sees each
#   rate once, for batches and without momentum, suggests 0.1.
#
# The safe rate depends on the scale of the features. Here they were scaled; for others see
# :ref:`sphx_glr_auto_examples_plot_preconditioning.py`.
