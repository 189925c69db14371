"""
Unscaled features: what does the preconditioner do?
===================================================

The energy of a clip is a large number, the slope of its twelfth cepstral coefficient a small one.
Most solvers are slow on such features, and the usual advice is to use a ``StandardScaler``.
Instead, the second-order solvers of :class:`~skxent.SoftmaxClassifier` transform the problem by a
model of the objective's curvature. How many iterations does that save?
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from skxent import MFCCTransformer, SoftmaxClassifier
from skxent.datasets import load_spoken_digits

plt.style.use("tableau-colorblind10")

digits = load_spoken_digits()
transformer = MFCCTransformer(sample_rate=digits.sample_rate, deltas=1, dtype="float64")
X = transformer.transform(digits.data)
X_scaled = StandardScaler().fit_transform(X)
y = digits.target

# %%
# The problem
# -----------
# The standard deviations of the 52 features span two orders of magnitude. The speed of a solver
# depends on the condition number of their second moments, the ratio of the largest curvature to
# the smallest. Scaling each feature helps, but does not remove the effect of correlations.

for name, values in {"raw": X, "scaled": X_scaled}.items():
    deviations = values.std(axis=0)
    moments = np.column_stack([values, np.ones(len(values))])
    condition = np.linalg.cond(moments.T @ moments)
    print(f"{name:>6}: deviations {deviations.min():.2g} to {deviations.max():.2g}, ", end="")
    print(f"condition number {condition:.1e}")

# %%
# The same objective for all
# --------------------------
# ``LogisticRegression`` has the parameter ``C`` instead of ``alpha``. Scaling changes the effect of
# the penalty, so raw and scaled features have different minima; the figure shows the distance to
# each. ``LogisticRegression`` does not store its losses, so it is fitted repeatedly with increasing
# ``max_iter``; ``SoftmaxClassifier`` stores them in ``loss_curve_``.

ALPHA = 0.001
MAX_ITER = 1000


def path_of_logistic_regression(X):
    n_iter, losses = [0], [np.log(10)]
    for limit in np.unique(np.geomspace(1, MAX_ITER, 16).astype(int)):
        model = LogisticRegression(C=1 / (ALPHA * len(y)), max_iter=limit, tol=1e-6).fit(X, y)
        cross_entropy = -model.predict_log_proba(X)[np.arange(len(y)), y].mean()
        n_iter.append(int(model.n_iter_[0]))
        losses.append(cross_entropy + ALPHA / 2 * np.sum(model.coef_**2))
    return np.array(n_iter), np.array(losses)


def path_of_softmax_classifier(solver, X):
    classifier = SoftmaxClassifier(solver=solver, alpha=ALPHA, max_iter=MAX_ITER, tol=1e-6)
    losses = classifier.fit(X, y).loss_curve_
    return np.arange(len(losses)), losses


fig, axes = plt.subplots(1, 2, figsize=(11, 4.5), sharey=True, layout="constrained")
for ax, (name, values) in zip(axes, {"raw": X, "scaled": X_scaled}.items(), strict=True):
    lowest = (
        SoftmaxClassifier(solver="newton-cg", alpha=ALPHA, tol=1e-10).fit(values, y).loss_curve_[-1]
    )
    with warnings.catch_warnings():
        # Some fits are stopped early on purpose.
        warnings.simplefilter("ignore", ConvergenceWarning)
        paths = {
            "SoftmaxClassifier, gd": path_of_softmax_classifier("gd", values),
            "LogisticRegression, lbfgs": path_of_logistic_regression(values),
            "SoftmaxClassifier, lbfgs": path_of_softmax_classifier("lbfgs", values),
        }
    for (solver, (n_iter, losses)), style in zip(
        paths.items(), ("C1:", "C3s--", "C0-"), strict=True
    ):
        gap = losses - lowest
        ax.plot(n_iter, np.maximum(gap, 1e-10), style, markersize=4, label=solver)
        near = n_iter[gap <= 1e-6]
        reached = f"{near[0]}" if len(near) else f"more than {MAX_ITER}"
        print(f"{name:>6} features, {solver:<25}: {reached} iterations to 1e-6 nats")
    ax.set(xscale="symlog", yscale="log", xlabel="iterations", title=f"{name} features")
    ax.set_ylim(1e-9, 10)
axes[0].set_ylabel("distance to the minimum (nats)")
axes[0].legend(loc="lower left")
plt.show()

# %%
# The answer
# ----------
# On raw features, it saves more than nine out of ten: L-BFGS with the preconditioner is within 1e-6
# nats of the minimum after 92 iterations, the same method without it needs more than 1,000, and
# gradient descent is far from the minimum.
#
# Scaling achieves most of this, too: the condition number falls from three million to 450, and
# ``LogisticRegression`` needs between 40 and 63 iterations (the two values tested) instead of over
# a thousand. The preconditioner still saves some (26 are left), because it also models
# correlations. It has a cost that the number of iterations does not show: the Gram matrix of the
# features, which is computed once or a few times.
#
# So the default solvers need no ``StandardScaler`` to find the minimum. There is another reason to
# use one: the penalty treats all coefficients alike, which is only appropriate for features of the
# same scale. And always scale the features for gradient descent with a learning rate: it has no
# such model, and is slow on raw features.
