"""Batches of frames and of sequences, without a single padded frame."""

from typing import NamedTuple

import numpy as np
import torch

from skxent.frames._ragged import clip_of_frame, offsets, ranges

__all__ = ["Batch", "Frames", "Sequences", "cut_by_length", "draw_batches"]

# So many batches are drawn together, and sorted by length among themselves.
_BATCHES_A_POOL = 16


class Batch(NamedTuple):
    """What a network is given, and what its logits are compared with.

    Parameters
    ----------
    inputs : tuple of torch.Tensor
        Arguments of the network.
    rows : ndarray of shape (n_rows,)
        For each row of logits the row of the targets.
    n_items : int
        Number of items in it.
    """

    inputs: tuple
    rows: np.ndarray
    n_items: int


class Frames:
    """Frames one by one, each with its neighbours: an item is a frame.

    Parameters
    ----------
    frames : ndarray of shape (n_total_frames, n_features)
        Of all clips, one after the other; float32.
    lengths : ndarray of shape (n_clips,)
        Numbers of frames.
    context : int
        Number of neighbours on each side. Beyond a clip's edge they are the
        frame at the edge.
    """

    def __init__(self, frames, lengths, context):
        self.frames = _as_tensor(frames)
        self.starts, self.ends = offsets(lengths)
        self.context = context

    def items_of(self, clips):
        """Return the frames of clips."""
        return ranges(self.starts[clips], self.ends[clips])

    def rows_of(self, items):
        """Return the rows of the targets, one for each frame."""
        return items

    def lengths_of(self, items):
        """Return one for each frame."""
        return np.ones(len(items), dtype=np.intp)

    def batch(self, items):
        """Return a batch of frames."""
        clips = np.searchsorted(self.ends, items, side="right")[:, np.newaxis]
        shifts = np.arange(-self.context, self.context + 1)
        places = np.clip(items[:, np.newaxis] + shifts, self.starts[clips], self.ends[clips] - 1)
        return Batch((self.frames[torch.from_numpy(places)],), items, len(items))


class Sequences:
    """Whole sequences: an item is a clip.

    A batch holds the first frames of all its clips, then their second ones, and
    so on, with the clips from the longest to the shortest: the form of
    :class:`torch.nn.utils.rnn.PackedSequence`, which has no padding.

    Parameters
    ----------
    frames : ndarray of shape (n_total_frames, n_features)
        Of all clips, one after the other; float32.
    lengths : ndarray of shape (n_clips,)
        Numbers of frames.
    per_frame : bool
        Whether there are logits for each frame, or for each clip.
    """

    def __init__(self, frames, lengths, per_frame):
        self.frames = _as_tensor(frames)
        self.lengths = lengths
        self.starts, self.ends = offsets(lengths)
        self.per_frame = per_frame

    def items_of(self, clips):
        """Return the clips."""
        return clips

    def rows_of(self, items):
        """Return the rows of the targets, one for each clip or each of its frames."""
        if not self.per_frame:
            return items
        return ranges(self.starts[items], self.ends[items])

    def lengths_of(self, items):
        """Return the clips' lengths."""
        return self.lengths[items]

    def batch(self, items):
        """Return a batch of clips."""
        items = items[np.argsort(-self.lengths[items], kind="stable")]
        lengths = self.lengths[items]
        # For each time, the number of clips that last so long.
        sizes = len(items) - np.searchsorted(lengths[::-1], np.arange(lengths[0]), side="right")
        times = clip_of_frame(sizes)
        clips = ranges(np.zeros_like(sizes), sizes)
        places = self.starts[items][clips] + times
        inputs = self.frames[torch.from_numpy(places)], *map(torch.from_numpy, (sizes, clips))
        return Batch(inputs, places if self.per_frame else items, len(items))


def draw_batches(lengths, batch_size, random_state):
    """Share items out to batches, items of like length together.

    The batches hardly differ in size, so that none is a remainder of one item.
    All items of a batch take the time of its longest.

    Parameters
    ----------
    lengths : ndarray of shape (n_items,)
        Of the items.
    batch_size : int
        Largest number of items of a batch.
    random_state : numpy.random.RandomState or None
        Draws them; None takes the items in their order.

    Returns
    -------
    batches : list of ndarray of int
        Places of the items.
    """
    n_batches = -(-len(lengths) // batch_size)
    if random_state is None:
        return np.array_split(np.arange(len(lengths)), n_batches)
    order = random_state.permutation(len(lengths))
    batches = []
    for pool in np.array_split(order, -(-n_batches // _BATCHES_A_POOL)):
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        batches += np.array_split(pool, -(-len(pool) // batch_size))
    return [batches[i] for i in random_state.permutation(len(batches))]


def cut_by_length(lengths, max_frames):
    """Share items out to batches of like lengths and of bounded size.

    Parameters
    ----------
    lengths : ndarray of shape (n_items,)
        Of the items.
    max_frames : int
        A batch has so many frames at most, and those of one item more.

    Returns
    -------
    batches : list of ndarray of int
        Places of the items.
    """
    order = np.argsort(lengths, kind="stable")
    is_cut = np.diff(np.cumsum(lengths[order]) // max_frames) > 0
    return np.split(order, np.flatnonzero(is_cut) + 1)


def _as_tensor(frames):
    # PyTorch has no tensors that can't be written to; a memory map, as joblib hands to its
    # workers, can't.
    return torch.from_numpy(frames if frames.flags.writeable else frames.copy())
