"""Sequences with targets and weights, and the problems that they make."""

from typing import NamedTuple

import numpy as np

from skxent._fitting._targets import sum_by_class, weigh
from skxent.neural._data import Frames, Sequences
from skxent.neural._training import Problem

__all__ = ["Samples"]


class Samples(NamedTuple):
    """Sequences, and what is known of each or of each of their frames.

    Parameters
    ----------
    data : Frames or Sequences
        Makes batches.
    lengths : ndarray of shape (n_clips,)
        Numbers of frames.
    framewise : bool
        Whether targets are those of frames.
    targets : ndarray of shape (n_rows,) or (n_rows, n_classes)
        Indices of classes or distributions, of clips or of all their frames.
    weights : ndarray of shape (n_clips,)
        Of the clips.
    n_classes : int
        Number of classes.
    """

    data: Frames | Sequences
    lengths: np.ndarray
    framewise: bool
    targets: np.ndarray
    weights: np.ndarray
    n_classes: int

    @property
    def row_weights(self):
        """Weights of the rows: a frame has its clip's."""
        return np.repeat(self.weights, self.lengths) if self.framewise else self.weights

    def rows_of(self, clips):
        """Return the rows of the targets of clips."""
        return self.data.rows_of(self.data.items_of(clips))

    def targets_of_clips(self):
        """Return a target of each clip; the mean of its frames' where these have targets."""
        if not self.framewise:
            return self.targets
        clips = np.repeat(np.arange(len(self.lengths)), self.lengths)
        sums = np.zeros((len(self.lengths), self.n_classes))
        if self.targets.ndim == 2:
            np.add.at(sums, clips, self.targets)
        else:
            np.add.at(sums, (clips, self.targets), 1.0)
        return sums / self.lengths[:, np.newaxis]

    def sum_by_class(self, clips):
        """Return the sum of the weights of each class over some clips, and their rows' number."""
        rows = self.rows_of(clips)
        return sum_by_class(self.targets[rows], self.row_weights[rows], self.n_classes), len(rows)

    def problem(self, clips, class_weights, scale, label_smoothing):
        """Return the problem of some clips.

        Parameters
        ----------
        clips : ndarray of int
            Which clips.
        class_weights : ndarray of shape (n_classes,)
            Weights of the classes.
        scale : float
            The weight that counts as one.
        label_smoothing : float
            Share of each target that is spread evenly over the classes.

        Returns
        -------
        problem : Problem
            For a network.
        """
        is_soft = self.targets.ndim == 2
        items = self.data.items_of(clips)
        return Problem(
            data=self.data,
            items=items,
            targets=self.targets.astype(np.float32 if is_soft else np.int64),
            weights=(weigh(self.targets, self.row_weights, class_weights) / scale).astype(
                np.float32
            ),
            rows_per_item=len(self.data.rows_of(items)) / len(items),
            label_smoothing=float(label_smoothing),
        )
