"""Which candidates go on."""

import math

import numpy as np

# The shares of max_iter after which pruning keeps the better half.
_RUNGS = (1 / 16, 1 / 8, 1 / 4, 1 / 2)


class _Halving:
    """Keeps the better half of the settings at some epochs, and none that has diverged."""

    def __init__(self, n_settings, n_folds, max_iter):
        self.n_folds = n_folds
        self.rungs = {math.ceil(share * max_iter) for share in _RUNGS}
        self.is_kept = np.ones(n_settings, dtype=bool)

    def __call__(self, epoch, held_out, is_diverged):
        self.is_kept &= ~is_diverged.reshape(-1, self.n_folds).any(axis=1)
        if epoch in self.rungs:
            # What has converged before stays where it is.
            last = np.maximum(0, (~np.isnan(held_out)).sum(axis=1) - 1)
            losses = held_out[np.arange(len(held_out)), last]
            losses = losses.reshape(-1, self.n_folds).mean(axis=1)
            losses[~self.is_kept] = np.inf
            n_kept = min(np.count_nonzero(self.is_kept), max(2, math.ceil(self.is_kept.sum() / 2)))
            self.is_kept[np.argsort(losses, kind="stable")[n_kept:]] = False
        return np.repeat(self.is_kept, self.n_folds)
