"""Batches of frames and of sequences, without padding."""

from typing import NamedTuple

import numpy as np
import torch

from skxent.frames._ragged import clip_of_frame, offsets, ranges

# Number of batches whose items are drawn together and sorted by length.
_BATCHES_PER_POOL = 16


class Batch(NamedTuple):
    """Arguments of a network, the row of the targets of each row of its logits, number of items."""

    inputs: tuple
    rows: np.ndarray
    n_items: int


class Frames:
    """Frames (n_frames, n_features) of clips, where each item is a frame with its neighbours.

    There are `context` neighbours on each side. The first and the last frame are repeated beyond
    the ends of a clip.
    """

    def __init__(self, frames, lengths, context):
        self.frames = _as_tensor(frames)
        self.starts, self.ends = offsets(lengths)
        self.context = context

    def items_of(self, clips):
        """Return the items of clips: their frames."""
        return ranges(self.starts[clips], self.ends[clips])

    def rows_of(self, items):
        """Return the rows of the targets of items, one for each frame."""
        return items

    def lengths_of(self, items):
        """Return the number of frames of each item, which is one."""
        return np.ones(len(items), dtype=np.intp)

    def batch(self, items):
        """Return a batch of frames."""
        clips = np.searchsorted(self.ends, items, side="right")[:, np.newaxis]
        shifts = np.arange(-self.context, self.context + 1)
        places = np.clip(items[:, np.newaxis] + shifts, self.starts[clips], self.ends[clips] - 1)
        return Batch((self.frames[torch.from_numpy(places)],), items, len(items))


class Sequences:
    """Frames (n_frames, n_features) of clips, where each item is a clip.

    A batch holds the first frames of all its clips, then their second frames, and so on, with
    the clips in order of descending length, as in :class:`torch.nn.utils.rnn.PackedSequence`.
    `per_frame` says whether logits are those of frames or of clips.
    """

    def __init__(self, frames, lengths, per_frame):
        self.frames = _as_tensor(frames)
        self.lengths = lengths
        self.starts, self.ends = offsets(lengths)
        self.per_frame = per_frame

    def items_of(self, clips):
        """Return the items of clips: the clips themselves."""
        return clips

    def rows_of(self, items):
        """Return the rows of the targets of items, one for each clip or each of its frames."""
        if not self.per_frame:
            return items
        return ranges(self.starts[items], self.ends[items])

    def lengths_of(self, items):
        """Return the number of frames of each item."""
        return self.lengths[items]

    def batch(self, items):
        """Return a batch of clips."""
        items = items[np.argsort(-self.lengths[items], kind="stable")]
        lengths = self.lengths[items]
        # For each time step, the number of clips that are longer.
        sizes = len(items) - np.searchsorted(lengths[::-1], np.arange(lengths[0]), side="right")
        times = clip_of_frame(sizes)
        clips = ranges(np.zeros_like(sizes), sizes)
        places = self.starts[items][clips] + times
        inputs = self.frames[torch.from_numpy(places)], *map(torch.from_numpy, (sizes, clips))
        return Batch(inputs, places if self.per_frame else items, len(items))


def draw_batches(lengths, batch_size, random_state):
    """Divide items at random into batches of similar lengths; in order without a random state.

    Sizes are at most `batch_size` and nearly equal, so that no batch is a remainder of one item.
    Lengths are similar because a batch takes as many steps as its longest item.
    """
    n_batches = -(-len(lengths) // batch_size)
    if random_state is None:
        return np.array_split(np.arange(len(lengths)), n_batches)
    order = random_state.permutation(len(lengths))
    batches = []
    for pool in np.array_split(order, -(-n_batches // _BATCHES_PER_POOL)):
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += np.array_split(pool, -(-len(pool) // batch_size))
    return [batches[i] for i in random_state.permutation(len(batches))]


def cut_by_length(lengths, max_frames):
    """Divide items into batches of similar lengths.

    A batch has at most max_frames frames, plus those of one item.
    """
    order = np.argsort(lengths, kind="stable")
    is_cut = np.diff(np.cumsum(lengths[order]) // max_frames) > 0
    return np.split(order, np.flatnonzero(is_cut) + 1)


def _as_tensor(frames):
    """Return frames as a tensor that shares their memory if it is writable."""
    # Tensors are writable, but the memory maps that joblib passes to its workers are not.
    return torch.from_numpy(frames if frames.flags.writeable else frames.copy())
