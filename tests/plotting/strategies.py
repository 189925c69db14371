"""Hypothesis strategies and settings shared by the tests."""

from hypothesis import settings
from hypothesis import strategies as st

# As a figure takes a moment.
few = settings(max_examples=settings().max_examples // 5)


@st.composite
def losses(draw, max_value):
    """Draw a curve from a start that a fit may have to anything finite."""
    later = st.lists(st.floats(0.0, max_value), max_size=7)
    return [draw(st.floats(1e-6, 1e3)), *draw(later)]
