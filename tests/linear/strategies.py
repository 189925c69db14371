"""Hypothesis strategies shared by the tests."""

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from tests._fitting.strategies import samples
from tests.losses.strategies import distributions_of, label_smoothings, sample_weights_of


class LinearProblem(NamedTuple):
    """The linear objective's arguments with every term of it, and where to evaluate it."""

    X: np.ndarray
    targets: np.ndarray
    sample_weight: np.ndarray
    class_weight: dict
    n_classes: int
    alpha: float
    label_smoothing: float
    fit_intercept: bool
    params: np.ndarray

    @property
    def distributions(self):
        """The targets as rows of floats, before they are smoothed."""
        return self.targets if self.targets.ndim == 2 else np.eye(self.n_classes)[self.targets]

    @property
    def terms(self):
        """What the oracles take beside params, X and targets."""
        names = ("n_classes", "alpha", "fit_intercept", "label_smoothing")
        names += ("sample_weight", "class_weight")
        return {name: getattr(self, name) for name in names}


@st.composite
def linear_problems(draw, soft=None, alphas=(0.01, 3.0), **settings):
    """Problems with labels or distributions (soft) as targets, or either; see samples."""
    X, targets, n_classes = draw(samples(**settings))
    if draw(st.booleans()) if soft is None else soft:
        targets = draw(distributions_of(len(X), n_classes, np.float64))
    fit_intercept = draw(st.booleans())
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (1 if n_classes == 2 else n_classes, X.shape[1] + fit_intercept)
    return LinearProblem(
        X=X,
        targets=targets,
        sample_weight=draw(sample_weights_of(len(X))),
        class_weight=dict(enumerate(rng.uniform(0.5, 2.0, n_classes).tolist())),
        n_classes=n_classes,
        alpha=draw(st.sampled_from(alphas)),
        label_smoothing=draw(label_smoothings),
        fit_intercept=fit_intercept,
        params=3.0 * rng.normal(size=shape),
    )
