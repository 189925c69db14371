"""Samples with their targets and weights, checked once and handed on checked."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from skxent._fitting._holdout import draw_held_out


@dataclass(frozen=True, eq=False)
class Samples:
    """Samples that fit together, as `check_samples` returns them.

    Parameters
    ----------
    X : ndarray or CSR matrix or array of shape (n_samples, n_features)
        Features.
    targets : ndarray of shape (n_samples,) or (n_samples, n_classes)
        Indices of classes (integers), or distributions over them (float64).
    weights : ndarray of shape (n_samples,)
        Not negative, float64.
    classes : ndarray of shape (n_classes,)
        The labels.
    """

    X: Any  # scipy's matrices have no types
    targets: NDArray[Any]
    weights: NDArray[np.float64]
    classes: NDArray[Any]

    def __len__(self) -> int:
        return len(self.weights)

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.classes)

    @property
    def labels(self) -> NDArray[Any]:
        """Targets as an estimator takes them: entries of `classes`, or distributions."""
        labels: NDArray[Any] = (
            self.targets if self.targets.ndim == 2 else self.classes[self.targets]
        )
        return labels

    def take(self, rows: slice | NDArray[Any]) -> Self:
        """Return some of the samples."""
        return replace(self, X=self.X[rows], targets=self.targets[rows], weights=self.weights[rows])

    def hold_out(self, fraction: float, random_state: np.random.RandomState) -> tuple[Self, Self]:
        """Split in two, with the same share of each class: those kept, and those held out."""
        kept, held_out = draw_held_out(self.targets, self.weights, fraction, random_state)
        return self.take(kept), self.take(held_out)

    def class_sums(self, rows: slice | NDArray[Any] = slice(None)) -> NDArray[np.float64]:
        """Return the weight of each class over some rows; distributions share theirs out."""
        targets, weights = self.targets[rows], self.weights[rows]
        if targets.ndim == 2:
            shared: NDArray[np.float64] = weights @ targets
            return shared
        sums = np.bincount(targets, weights, minlength=self.n_classes)
        return sums.astype(np.float64, copy=False)  # without a row, they are integers

    def weighed(self, class_weights: NDArray[Any]) -> Self:
        """Return the samples with their weights times the expected weight of their class."""
        of_targets: NDArray[np.float64]
        if self.targets.ndim == 2:
            of_targets = self.targets @ class_weights
        else:
            of_targets = class_weights[self.targets]
        return replace(self, weights=self.weights * of_targets)
