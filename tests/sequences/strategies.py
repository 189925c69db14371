"""Hypothesis strategies shared by the tests."""

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from tests.losses.strategies import float_types


class FrameProbabilities(NamedTuple):
    """Log-probabilities of the frames of sequences, and the number of frames of each."""

    log_proba: np.ndarray
    lengths: np.ndarray


@st.composite
def frame_probabilities(draw, dtypes=float_types, with_zeros=False, max_frames=6):
    """Sure and unsure frames; with zeros, some of their probabilities but never all."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    lengths = np.array(draw(st.lists(st.integers(1, max_frames), min_size=1, max_size=5)))
    logits = rng.normal(size=(lengths.sum(), draw(st.integers(2, 4))))
    logits *= draw(st.sampled_from([0.1, 3.0, 300.0]))
    if with_zeros:
        is_zero = rng.random(logits.shape) < draw(st.sampled_from([0.2, 0.8]))
        is_zero[np.arange(len(logits)), rng.integers(0, logits.shape[1], len(logits))] = False
        logits[is_zero] = -np.inf
    logits -= np.logaddexp.reduce(logits, axis=1, keepdims=True)
    return FrameProbabilities(logits.astype(draw(dtypes)), lengths)


def as_objects(values):
    """An object array of the values, which NumPy would not make of arrays of equal shapes."""
    objects = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):
        objects[i] = value
    return objects
