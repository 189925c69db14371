"""Hypothesis strategies shared by the tests."""

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from skxent._fitting._samples import Samples as CheckedSamples
from tests.losses.strategies import distributions_of, sample_weights_of


class Samples(NamedTuple):
    """Samples of which every class has at least one."""

    X: np.ndarray
    labels: np.ndarray
    n_classes: int


@st.composite
def samples(draw, max_features=4, dtype=np.float64, n_classes=None, log_scales=(0, 0)):
    """Samples whose features are normal, times 10 to a power in the range log_scales."""
    n_classes = draw(st.integers(2, 4)) if n_classes is None else n_classes
    n_samples = draw(st.integers(n_classes, 12))
    n_features = draw(st.integers(1, max_features))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = np.concatenate(
        [np.arange(n_classes), rng.integers(0, n_classes, n_samples - n_classes)]
    )
    X = rng.normal(size=(n_samples, n_features)) + rng.normal(size=n_features)
    X *= 10.0 ** rng.uniform(*log_scales, n_features)
    return Samples(X.astype(dtype), rng.permutation(labels), n_classes)


@st.composite
def weighted_samples(draw, soft=None):
    """Checked samples with weights; of labels, every class has at least one."""
    X, targets, n_classes = draw(samples())
    if draw(st.booleans()) if soft is None else soft:
        targets = draw(distributions_of(len(targets), n_classes, np.float64))
    classes = np.array(list("dacb")[:n_classes])
    return CheckedSamples(X, targets, draw(sample_weights_of(len(targets))), classes)
