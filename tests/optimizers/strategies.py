"""Hypothesis strategies shared by the tests."""

import numpy as np
from hypothesis import strategies as st

seeds = st.integers(0, 2**32 - 1)

# Strengths of an L1 penalty on four parameters.
strengths = st.lists(
    st.sampled_from([0.0, 0.0, 0.01, 0.1]) | st.floats(0.001, 0.3), min_size=4, max_size=4
).map(np.array)
