"""Clips to test with."""

import numpy as np


def make_clips(n_clips=20, n_classes=3, seed=0):
    """Clips of overlapping classes, and weights."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n_clips) % n_classes)
    means = np.random.default_rng(5).normal(size=(n_classes, 3))
    clips = [rng.normal(size=(rng.integers(1, 9), 3)) + means[label] for label in labels]
    return clips, labels, rng.uniform(0.2, 3.0, n_clips)
