"""Hypothesis strategies shared by the tests."""

import numpy as np
from hypothesis import strategies as st

from tests.losses.strategies import float_types


@st.composite
def clips_of_frames(draw, n_coefficients=3, max_frames=40):
    """Frames of a few clips, as a list of (n_frames, n_coefficients) arrays."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    lengths = draw(st.lists(st.integers(1, max_frames), min_size=1, max_size=5))
    offset = draw(st.sampled_from([0.0, -36.0, 1e3]))
    return [offset + rng.normal(size=(length, n_coefficients)) for length in lengths]


@st.composite
def sequences(draw, dtypes=float_types, max_frames=6):
    """Normal frames of one to five sequences, each of a type of its own."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    lengths = draw(st.lists(st.integers(1, max_frames), min_size=1, max_size=5))
    n_features = draw(st.integers(1, 4))
    return [rng.normal(size=(length, n_features)).astype(draw(dtypes)) for length in lengths]


lengths_of_clips = st.lists(st.integers(1, 12), min_size=1, max_size=6)


@st.composite
def clips(draw, n_features=3, min_size=1, magnitudes=(0, 0)):
    """Arrays of (n_frames_i, n_features): normal, times 10 to a power in the range magnitudes."""
    lengths = draw(st.lists(st.integers(1, 12), min_size=min_size, max_size=6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scales = 10.0 ** rng.uniform(*magnitudes, len(lengths))
    pairs = zip(lengths, scales, strict=True)
    return [scale * rng.normal(size=(length, n_features)) for length, scale in pairs]
