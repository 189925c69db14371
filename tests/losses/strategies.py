"""Hypothesis strategies shared by the tests."""

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

float_types = st.sampled_from([np.float64, np.float32])


label_smoothings = st.sampled_from([0.0, 0.1, 0.75, 1.0]) | st.floats(0.0, 1.0)


class CrossEntropyProblem(NamedTuple):
    """The arguments of a cross-entropy of n_samples rows of logits."""

    logits: np.ndarray
    targets: np.ndarray
    sample_weight: np.ndarray
    label_smoothing: float

    @property
    def distributions(self):
        """The targets as rows of floats, before they are smoothed."""
        if self.targets.dtype.kind == "f":
            return self.targets
        return np.eye(self.logits.shape[1])[self.targets]


def logits_of(shape, dtype, magnitude=30.0):
    width = np.dtype(dtype).itemsize * 8
    return hnp.arrays(
        dtype, shape, elements=st.floats(-magnitude, magnitude, width=width, allow_subnormal=False)
    )


@st.composite
def distributions_of(draw, n_samples, n_classes, dtype):
    """Rows of multiples of 1/64, so that they sum to one exactly; many are one-hot."""
    cuts = draw(hnp.arrays(np.int64, (n_samples, n_classes - 1), elements=st.integers(0, 64)))
    edges = np.column_stack([np.zeros(n_samples), np.sort(cuts, axis=1), np.full(n_samples, 64.0)])
    return (np.diff(edges, axis=1) / 64.0).astype(dtype)


def targets_of(n_samples, n_classes, dtype):
    labels = hnp.arrays(np.int64, n_samples, elements=st.integers(0, n_classes - 1))
    return labels | distributions_of(n_samples, n_classes, dtype)


@st.composite
def sample_weights_of(draw, n_samples, elements=None):
    """Weights of which some may be zero, but not all."""
    elements = st.just(0.0) | st.floats(0.01, 100.0) if elements is None else elements
    weights = draw(hnp.arrays(np.float64, n_samples, elements=elements))
    weights[draw(st.integers(0, n_samples - 1))] = 1.0
    return weights


@st.composite
def cross_entropy_problems(draw, magnitude=30.0):
    dtype = draw(float_types)
    n_samples, n_classes = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    return CrossEntropyProblem(
        logits=draw(logits_of((n_samples, n_classes), dtype, magnitude)),
        targets=draw(targets_of(n_samples, n_classes, dtype)),
        sample_weight=draw(sample_weights_of(n_samples)),
        label_smoothing=draw(label_smoothings),
    )


class FastProblem(NamedTuple):
    """The arguments of the fast kernel: problems side by side, with the samples last."""

    logits: np.ndarray
    targets: np.ndarray
    weights: np.ndarray
    label_smoothing: float


@st.composite
def fast_problems(draw, magnitude=30.0):
    dtype = draw(float_types)
    n_problems, n_samples, n_classes = (draw(st.integers(1, n)) for n in (3, 3, 5))
    targets = draw(targets_of(n_samples, n_classes, dtype))
    weights = [draw(sample_weights_of(n_samples)) for _ in range(n_problems)]
    return FastProblem(
        logits=draw(logits_of((n_problems, n_classes, n_samples), dtype, magnitude)),
        targets=np.ascontiguousarray(targets.T),
        weights=np.array(weights, dtype=dtype),
        label_smoothing=draw(label_smoothings),
    )
