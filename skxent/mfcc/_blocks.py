"""Many signals to frames, a block of frames at a time."""

import itertools
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.fft
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from skxent.mfcc._front_end import FrontEnd

# Frames are transformed some hundreds at a time, so that a block and its
# spectrum stay in a core's cache, and no clip is too short to fill a block:
# several share one.
_BLOCK_BYTES = 1 << 20


# Each thread keeps its last block: fresh memory costs as much as what is done in it.
_kept = threading.local()


def compute(
    signals: Sequence[NDArray[Any]], front_end: FrontEnd
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Compute the features of signals, some hundred frames at a time.

    Parameters
    ----------
    signals : list of ndarray of shape (n_samples_i,)
        Mono and finite, none of them empty.
    front_end : skxent.mfcc.FrontEnd
        Of the signals' type and sample rate.

    Returns
    -------
    frames : ndarray of shape (n_frames, n_coefficients)
        Those of the first signal first.
    lengths : ndarray of int of shape (n_signals,)
        Number of frames of each signal.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.mfcc import design
    >>> from skxent.mfcc._blocks import compute
    >>> frames, lengths = compute([np.zeros(8000), np.ones(300)], design(8000))
    >>> frames.shape, lengths
    ((102, 13), array([99,  3]))
    """
    lengths = np.array([front_end.n_frames(len(signal)) for signal in signals])
    block = _keep_block(front_end)
    frames = np.empty((lengths.sum(), front_end.n_coefficients), front_end.filterbank.dtype)
    row = 0
    for signal, n_frames in zip(signals, lengths.tolist(), strict=True):
        first = 0
        while first < n_frames:
            wanted = n_frames - first
            if block.n_used and block.n_used + wanted > block.n_rows:
                row = block.flush(frames, row)
            taken = min(wanted, block.n_rows)
            block.place(signal, 0, first, taken, len(signal))
            first += taken
    block.flush(frames, row)
    return frames, lengths


def _keep_block(front_end: FrontEnd) -> "_Block":
    block = getattr(_kept, "block", None)
    if block is None or block.front_end is not front_end:
        block = _kept.block = _Block(front_end)
    block.clear()
    return block


class _Block:
    """Signals side by side in one buffer, to be transformed together.

    Each begins at a multiple of the frame step, so that one strided view of the
    buffer holds the frames of all of them; the few frames that reach from one
    signal into the next are computed in vain.
    """

    def __init__(self, front_end: FrontEnd) -> None:
        self.front_end = front_end
        length, step = front_end.n_length, front_end.n_step
        dtype = front_end.filterbank.dtype
        self.n_before = front_end.n_before
        self.n_vain = -(-length // step) - 1
        n_rows = _BLOCK_BYTES // (front_end.n_fft * dtype.itemsize)
        self.n_rows = max(n_rows, 64, 2 * self.n_vain)
        self.samples = np.zeros((self.n_rows + self.n_vain) * step, dtype)
        over_signal = front_end.convention.preemphasis_over == "signal"
        self.emphasized = None
        if over_signal and front_end.preemphasis:
            self.emphasized = np.zeros_like(self.samples)
        source = self.samples if self.emphasized is None else self.emphasized
        strides = (step * dtype.itemsize, dtype.itemsize)
        self.view = as_strided(source, (self.n_rows, length), strides, writeable=False)
        self.padded = np.zeros((self.n_rows, front_end.n_fft), dtype)
        self.scratch = np.empty_like(self.padded)
        self.averaging = np.full(length, 1.0 / length, dtype)
        # NumPy takes as long to begin a row as for the row itself. So what is done to each
        # frame is done to the whole buffer at once, and its padding is silenced in the end.
        spoils_padding = front_end.convention.remove_dc or not over_signal
        self.windows = None
        if front_end.window is not None or spoils_padding:
            self.windows = np.zeros_like(self.padded)
            self.windows[:, :length] = 1.0 if front_end.window is None else front_end.window
        self.bands = _cut_into_bands(front_end.filterbank)
        self.clear()

    def clear(self) -> None:
        self.samples.fill(0.0)
        self.n_used = 0
        self.pieces: list[tuple[int, int]] = []
        self.heads: list[int] = []
        self.tails: list[int] = []
        self.previous: list[float] = []

    def n_samples_needed(self, first: int, origin: int) -> int:
        """Return how many samples from `origin` on a block needs from frame `first` on."""
        front_end = self.front_end
        begin = first * front_end.n_step - front_end.n_before
        return begin + (self.n_rows - 1) * front_end.n_step + front_end.n_length - origin

    def compute_one(
        self, signal: NDArray[Any], origin: int, first: int, n_frames: int, end: int
    ) -> NDArray[Any]:
        """Return frames `first` and on of a single signal; arguments as in `place`."""
        frames = np.empty((n_frames, self.front_end.n_coefficients), self.samples.dtype)
        self.place(signal, origin, first, n_frames, end)
        self.flush(frames, 0)
        return frames

    def place(self, signal: NDArray[Any], origin: int, first: int, n_frames: int, end: int) -> None:
        """Place frames `first` and on of a signal.

        `signal` holds its samples from `origin` to `end` or further, at least
        those of these frames and the one before.
        """
        step = self.front_end.n_step
        begin = first * step - self.n_before
        start = begin if begin > 0 else 0
        stop = begin + (n_frames - 1) * step + self.front_end.n_length
        stop = max(start, stop if stop < end else end)
        row, head = self.n_used, self.n_used * step
        self.n_used += n_frames + self.n_vain
        self.samples[head + start - begin : head + stop - begin] = signal[
            start - origin : stop - origin
        ]
        self.pieces.append((row, n_frames))
        if self.emphasized is not None:
            self.heads.append(head)
            self.previous.append(signal[begin - 1 - origin] if begin > 0 else 0.0)
            self.tails.append(head + stop - begin)

    def flush(self, frames: NDArray[Any], row: int) -> int:
        """Write the features of the frames in the block to `frames`; return the next row."""
        features = self.transform(self.n_used - self.n_vain)
        for start, n_frames in self.pieces:
            frames[row : row + n_frames] = features[start : start + n_frames]
            row += n_frames
        self.clear()
        return row

    def transform(self, n_rows: int) -> NDArray[Any]:
        front_end = self.front_end
        convention = front_end.convention
        frame_energies = self.fill_frames(n_rows)
        spectrum = scipy.fft.rfft(self.padded[:n_rows]).view(self.padded.dtype)
        np.square(spectrum, out=spectrum)
        if convention.power == 1:
            spectrum = np.sqrt(spectrum[:, ::2] + spectrum[:, 1::2])
        energies: NDArray[Any]
        energies = np.zeros((n_rows, front_end.filterbank.shape[1]), spectrum.dtype)
        for bins, columns, weights in self.bands:
            np.matmul(spectrum[:, bins], weights, out=energies[:, columns])
        if frame_energies is not None:
            energies[:, -1] = frame_energies
        if convention.floor_zero_only:
            if energies.min() == 0.0:  # which is rare, and soon found out
                energies[energies == 0.0] = convention.floor
        else:
            np.maximum(energies, convention.floor, out=energies)
        np.log(energies, out=energies)
        if front_end.cepstrum is not None:
            energies = energies @ front_end.cepstrum
        else:
            energies *= convention.unit
        return energies

    def fill_frames(self, n_rows: int) -> NDArray[Any] | None:
        """Fill the padded frames; return the frames' energies if they are wanted."""
        front_end, view, padded = self.front_end, self.view[:n_rows], self.padded[:n_rows]
        convention, length = front_end.convention, front_end.n_length
        framed = padded[:, :length]
        energies = None
        if self.emphasized is not None:
            self.emphasize(self.emphasized)
        np.copyto(framed, view)
        if convention.remove_dc:
            means = self.scratch[:n_rows]
            means[:] = np.vecdot(view, self.averaging)[:, np.newaxis]
            padded -= means
        if convention.energy == "frame" and front_end.cepstrum is not None:
            energies = np.vecdot(framed, framed) * convention.scale**2
        if convention.preemphasis_over == "frame" and front_end.preemphasis:
            first = framed[:, 0] * (1.0 - front_end.preemphasis)
            before = np.multiply(padded, front_end.preemphasis, out=self.scratch[:n_rows])
            padded.reshape(-1)[1:] -= before.reshape(-1)[:-1]
            padded[:, 0] = first  # not what comes from the frame before
        if self.windows is not None:
            padded *= self.windows[:n_rows]
        return energies

    def emphasize(self, emphasized: NDArray[Any]) -> None:
        """Write the samples to an array, pre-emphasized."""
        samples = self.samples
        end = self.n_used * self.front_end.n_step
        coefficient = self.front_end.preemphasis
        np.multiply(samples[: end - 1], -coefficient, out=emphasized[1:end])
        emphasized[1:end] += samples[1:end]
        # The padding after a piece is silent also after the pre-emphasis; and what
        # stands before a piece is its own signal's sample, or nothing. In this order:
        # without padding, a piece begins where the one before it ends.
        emphasized[[tail for tail in self.tails if tail < end]] = 0.0
        previous = np.array(self.previous, dtype=samples.dtype)
        emphasized[self.heads] = samples[self.heads] - coefficient * previous


def _cut_into_bands(
    filterbank: NDArray[Any], width: int = 8
) -> list[tuple[slice, slice, NDArray[Any]]]:
    """Cut a filterbank into products without most of its zeros: (bins, columns, weights).

    BLAS takes columns eight at a time. That of an energy, which has no zeros, goes alone.
    """
    n_columns = filterbank.shape[1]
    n_together = n_columns - int(filterbank[:, -1].all())
    bands = []
    for start, stop in itertools.pairwise([*range(0, n_together, width), n_together, n_columns]):
        columns = slice(start, stop)
        used = np.flatnonzero(filterbank[:, columns].any(axis=1))
        if len(used):
            bins = slice(used[0], used[-1] + 1)
            bands.append((bins, columns, np.ascontiguousarray(filterbank[bins, columns])))
    return bands
