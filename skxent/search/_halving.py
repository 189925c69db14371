"""Successive halving: which candidates are trained further."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

# After these shares of max_iter, the better half of the settings is kept.
_RUNGS = (1 / 16, 1 / 8, 1 / 4, 1 / 2)


class Halving:
    """Drop settings that diverge in a fold and, at some epochs, the worse half of the others."""

    def __init__(self, n_settings: int, n_folds: int, max_iter: int) -> None:
        self.n_folds = n_folds
        self.rungs = {math.ceil(share * max_iter) for share in _RUNGS}
        self.is_kept = np.ones(n_settings, dtype=bool)

    def __call__(
        self, epoch: int, held_out: NDArray[Any], is_diverged: NDArray[Any]
    ) -> NDArray[Any]:
        """Return which candidates to keep, for losses (n_candidates, max_iter + 1) so far."""
        self.is_kept &= ~is_diverged.reshape(-1, self.n_folds).any(axis=1)
        if epoch in self.rungs:
            # The last loss of each candidate, as some have converged at an earlier epoch.
            last = np.maximum(0, (~np.isnan(held_out)).sum(axis=1) - 1)
            losses = held_out[np.arange(len(held_out)), last]
            losses = losses.reshape(-1, self.n_folds).mean(axis=1)
            losses[~self.is_kept] = np.inf
            n_alive = np.count_nonzero(self.is_kept)
            n_kept = min(n_alive, max(2, math.ceil(n_alive / 2)))
            self.is_kept[np.argsort(losses, kind="stable")[n_kept:]] = False
        return np.repeat(self.is_kept, self.n_folds)
