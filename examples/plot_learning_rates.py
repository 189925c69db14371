"""
Which learning rate, and what does a wrong one do?
==================================================

The learning rate of gradient descent is the one setting that can make everything fail. This example
shows a safe rate that needs no search, the effects of rates that are too small or too large, and
two ways of finding a good rate.
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
transformer = MFCCTransformer(sample_rate=digits.sample_rate, trim=35, deltas=1, n_segments=5)
X = StandardScaler().fit_transform(transformer.transform(digits.data))
y = digits.target

# %%
# Too small, safe, large, too large
# ---------------------------------
# ``learning_rate="auto"`` uses :math:`1/L`, where :math:`L` is a bound on the curvature of the
# objective: up to this rate, every step of plain gradient descent (``momentum=0``) decreases the
# objective, on any data. It is compared with a hundredth, ten times and a hundred times this rate.

textbook = {"solver": "gd", "momentum": 0.0, "alpha": 0.02, "max_iter": 100}
with warnings.catch_warnings():
    # A hundred iterations are too few for the safe rate, as the figure shows.
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
# With a hundred times the safe rate, the loss oscillates for ever. It does not grow to infinity, as
# it would with squared errors, because the gradient of the cross-entropy is bounded. Such a fit
# ends with a warning that names the safe rate, and it keeps the best weights, not the last ones.

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    lost = SoftmaxClassifier(**textbook, learning_rate=100 * rate).fit(X, y)
print("converged:", lost.converged_)
for warning in caught:
    print(warning.message)

# %%
# All rates at once
# -----------------
# What matters is not the training loss but the accuracy on voices that were not trained on.
# :class:`~skxent.SoftmaxClassifierCV` trains all rates and all folds together, and stops
# those that fall behind or diverge. The folds keep voices apart. (The scaler before the search saw
# all voices, but learned only means and deviations. For a scaler in each fold, search the whole
# pipeline with ``GridSearchCV``.)

search = SoftmaxClassifierCV(
    learning_rates=np.geomspace(1e-4, 30, 16),
    alphas=[0.02],
    cv=StratifiedGroupKFold(5),
    max_iter=100,
    tol=1e-3,
)
search.fit(X, y, groups=digits.speaker)
fig, ax = plt.subplots(figsize=(8, 4.5), layout="constrained")
LearningRateDisplay.from_search(search, ax=ax)
ax.set_title("Accuracy on voices left out, up to 100 iterations with momentum")
plt.show()

# %%
# The hollow points were stopped early and show the accuracy that they had reached by then.

# %%
# One run in which the rate rises
# -------------------------------
# If a search is too expensive, a range test takes one step at each of a hundred rates. The loss
# hardly changes at first, then falls, then rises. The star marks where it falls fastest.

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
# Here, any rate from the safe one (0.064) to about ten times as much. The bound behind the safe
# rate holds for all weights, but the true curvature near the minimum is smaller: so the safe rate
# is never wrong, and ten times the safe rate is faster.
#
# - A rate that is too small does not fail, it only needs more iterations: after a hundred steps,
#   the loss has fallen from 2.3 to 1.8 with a hundredth of the safe rate, and to 0.12 with the safe
#   rate. The accuracy hides that. After the first steps from zero, a classifier compares a clip
#   with the means of the classes, which is right for 95 % of the clips. Look at the loss.
# - A rate that is too large makes the loss oscillate. The search stops such a rate after a few
#   steps, with the best weights until then: the accuracy of the largest rate, 30, is 0.52.
# - Both ways of finding a rate work: the search chooses a rate near 1, and the range test, which
#   uses each rate once, with batches and without momentum, suggests 0.07.
#
# The safe rate depends on the scale of the features, which were scaled here. For unscaled features
# see :ref:`sphx_glr_auto_examples_plot_preconditioning.py`.
