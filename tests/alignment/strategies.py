"""Hypothesis strategies shared by the tests."""

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

N_STATES = 4


class Problem(NamedTuple):
    """Words by their states, silence, and scores of clips."""

    words: list
    silence: int | None
    clips: list

    @property
    def scores(self):
        return np.concatenate(self.clips)

    @property
    def lengths(self):
        return [len(clip) for clip in self.clips]


pronunciations = st.lists(st.integers(0, N_STATES - 1), min_size=1, max_size=3)


@st.composite
def problems(draw, max_words=3, max_frames=7, with_impossible=True):
    """Few words of few states, which may share prefixes, and clips that may be too short."""
    words = draw(
        st.lists(st.lists(pronunciations, min_size=1, max_size=2), min_size=1, max_size=max_words)
    )
    silence = draw(st.sampled_from([None, N_STATES - 1]))
    lengths = draw(st.lists(st.integers(1, max_frames), min_size=1, max_size=4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    clips = [draw(st.sampled_from([0.1, 3.0])) * rng.normal(size=(n, N_STATES)) for n in lengths]
    if with_impossible and draw(st.booleans()):
        for clip in clips:
            clip[rng.random(clip.shape) < 0.2] = -np.inf
    return Problem(words, silence, clips)
