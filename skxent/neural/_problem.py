"""Clips with targets and weights, and the problems that they make for a network."""

from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from skxent._fitting._holdout import draw_held_out
from skxent._fitting._samples import Samples
from skxent.frames._ragged import clip_of_frame
from skxent.neural._data import Frames, Sequences


class Problem(NamedTuple):
    """What a network is fitted to, or validated on.

    Parameters
    ----------
    data : Frames or Sequences
        Makes batches of items.
    items : ndarray of shape (n_items,)
        Those that count.
    targets : ndarray of shape (n_rows,) or (n_rows, n_classes)
        Indices of classes (int64) or distributions (float32), of all frames or
        clips of `data`.
    weights : ndarray of shape (n_rows,)
        Their weights (float32), of mean one over all samples.
    rows_per_item : float
        Number of rows of an item, on average.
    label_smoothing : float
        Share of each target that is spread evenly over the classes.
    """

    data: Frames | Sequences
    items: NDArray
    targets: NDArray
    weights: NDArray
    rows_per_item: float
    label_smoothing: float


@dataclass(frozen=True, eq=False)
class Clips:
    """Checked clips of positive weight, some of which may be held out.

    Parameters
    ----------
    data : Frames or Sequences
        Makes batches of all clips.
    lengths : ndarray of shape (n_clips,)
        Numbers of frames.
    framewise : bool
        Whether targets are those of frames.
    rows : Samples
        Clips or, framewise, frames: their X is the clip.
    chosen : ndarray of int
        The clips that count.
    """

    data: Frames | Sequences
    lengths: NDArray
    framewise: bool
    rows: Samples
    chosen: NDArray

    @classmethod
    def of(cls, data, lengths, framewise, targets, weights, classes) -> Self:
        """Make clips of targets of clips or of frames, and weights of clips."""
        clips = clip_of_frame(lengths) if framewise else np.arange(len(lengths))
        rows = Samples(clips, targets, weights[clips], classes)
        return cls(data, lengths, framewise, rows, np.flatnonzero(weights > 0.0))

    @property
    def chosen_rows(self):
        """The rows that count."""
        return self.data.rows_of(self.data.items_of(self.chosen))

    def hold_out(self, fraction, random_state) -> tuple[Self, Self]:
        """Split in two, with the same share of each class: those kept, and those held out."""
        targets = self._summed_targets()[self.chosen]
        ones = np.ones(len(self.chosen))
        parts = draw_held_out(targets, ones, fraction, random_state)
        kept, held_out = (replace(self, chosen=self.chosen[part]) for part in parts)
        return kept, held_out

    def class_sums(self):
        """Return the weight of each class."""
        return self.rows.class_sums(self.chosen_rows)

    def problem(self, class_weights, scale, label_smoothing) -> Problem:
        """Return the problem of the chosen clips; a weight of `scale` counts as one."""
        is_soft = self.rows.targets.ndim == 2
        items = self.data.items_of(self.chosen)
        weights = self.rows.weighed(class_weights).weights / scale
        return Problem(
            data=self.data,
            items=items,
            targets=self.rows.targets.astype(np.float32 if is_soft else np.int64),
            weights=weights.astype(np.float32),
            rows_per_item=len(self.data.rows_of(items)) / len(items),
            label_smoothing=float(label_smoothing),
        )

    def frame_weights(self, problem):
        """Return a weight for each frame: zero where it does not count in the problem."""
        weights = np.zeros(len(problem.weights))
        weights[self.chosen_rows] = problem.weights[self.chosen_rows]
        return weights if self.framewise else np.repeat(weights, self.lengths)

    def _summed_targets(self):
        """Return the target of each clip, or the sum of those of its frames."""
        if not self.framewise:
            return self.rows.targets
        clips, targets = self.rows.X, self.rows.targets
        sums = np.zeros((len(self.lengths), self.rows.n_classes))
        if targets.ndim == 2:
            np.add.at(sums, clips, targets)
        else:
            np.add.at(sums, (clips, targets), 1.0)
        return sums
