"""Probabilities, labels and clips."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

RATE = 8000


@st.composite
def predictions(draw, max_clips=40, max_classes=5):
    """Labels as numbers, and probabilities, some of them equal, zero or one."""
    n_clips = draw(st.integers(1, max_clips))
    n_classes = draw(st.integers(2, max_classes))
    weights = draw(
        hnp.arrays(int, (n_clips, n_classes), elements=st.integers(0, 6)).filter(
            lambda table: table.any(axis=1).all()
        )
    )
    targets = draw(hnp.arrays(int, n_clips, elements=st.integers(0, n_classes - 1)))
    return targets, weights / weights.sum(axis=1, keepdims=True)


def tones(n, seconds=0.2):
    """Pairs of a rate and a tone between silence, each of another frequency."""
    times = np.arange(round(seconds * RATE)) / RATE
    clips = []
    for i in range(n):
        tone = 0.3 * np.sin(2 * np.pi * (300 + 150 * i) * times)
        tone[: len(tone) // 4] *= 1e-4
        clips.append((RATE, tone.astype(np.float32)))
    return clips
