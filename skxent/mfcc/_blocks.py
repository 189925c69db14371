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

# A block of this size and its spectrum stay in a core's cache.
BLOCK_BYTES = 1 << 20

# BLAS and the Fourier transform take rows four, eight or twelve at a time, and round those that
# are left over in another way. A block of whole multiples has none, so a frame has the same bits
# wherever it stands. Of 16 columns and more, AVX2 also rounds six rows of twelve in another way.
# Checked with OpenBLAS's kernels for SSE3, SSE4.2, AVX and AVX2.
_ROWS_TOGETHER, _COLUMNS_TOGETHER = 24, 15

# The variance of silence, of which there is a logarithm.
_SILENCE = float(np.finfo(np.float64).tiny)

_NOT_FINITE = "a signal must be finite, and its samples less than 1e100"

# Each thread keeps its last block: fresh memory costs as much as what is computed in it.
_kept = threading.local()


def compute(
    signals: Sequence[NDArray[Any]], front_end: FrontEnd, block_bytes: int = BLOCK_BYTES
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Compute the frames of signals, which are mono, not empty, and of one type.

    Returns the frames (n_frames, n_columns), those of the first signal first, and the number of
    frames of each signal. `front_end` has the signals' type and sample rate. Raises a ValueError
    if a sample is not finite, or too large for float64.
    """
    lengths = np.array([front_end.n_frames(len(signal)) for signal in signals])
    block = _keep_block(front_end, block_bytes)
    frames = np.empty((lengths.sum(), front_end.n_columns), front_end.filterbank.dtype)
    if any(count_padding(front_end)):
        signals = [pad(signal, front_end) for signal in signals]
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


def compute_levels(
    signal: NDArray[Any], front_end: FrontEnd, block_bytes: int = BLOCK_BYTES
) -> NDArray[Any]:
    """Compute the levels of a signal's frames, (n_frames,), without the frames.

    They are the last column of what `compute` returns for a front end with levels.
    """
    levels = np.empty(front_end.n_frames(len(signal)), front_end.filterbank.dtype)
    block = _keep_block(front_end, block_bytes)
    if any(count_padding(front_end)):
        signal = pad(signal, front_end)
    for first in range(0, len(levels), block.n_rows):
        taken = min(len(levels) - first, block.n_rows)
        block.place(signal, 0, first, taken, len(signal))
        with np.errstate(over="ignore", invalid="ignore"):
            levels[first : first + taken] = block.measure_levels(taken)
        block.clear()
    if not np.isfinite(levels).all():
        raise ValueError(_NOT_FINITE)
    return levels


def _keep_block(front_end: FrontEnd, block_bytes: int) -> "Block":
    block = getattr(_kept, "block", None)
    if block is None or block.front_end is not front_end or block.n_bytes != block_bytes:
        block = _kept.block = Block(front_end, block_bytes)
    block.clear()
    return block


def count_padding(front_end: FrontEnd) -> tuple[int, int]:
    """Return how many samples other than zeros are put before and after a signal."""
    if front_end.convention.padding == "constant":
        return 0, 0
    return max(0, front_end.n_before), front_end.n_fft


def pad(signal: NDArray[Any], front_end: FrontEnd) -> NDArray[Any]:
    """Return a signal with the convention's padding, which is not of zeros."""
    # The names of the conventions are NumPy's.
    mode: Any = front_end.convention.padding
    padded: NDArray[Any] = np.pad(signal, count_padding(front_end), mode)
    return padded


class Block:
    """Signals side by side in one buffer, to be transformed together.

    Each begins at a multiple of the frame step, so that one strided view of the
    buffer holds the frames of all of them. Frames that reach from one signal into the
    next are computed too, and not used.
    """

    def __init__(self, front_end: FrontEnd, block_bytes: int = BLOCK_BYTES) -> None:
        self.front_end, self.n_bytes = front_end, block_bytes
        length, step = front_end.n_length, front_end.n_step
        dtype = front_end.filterbank.dtype
        self.n_before = front_end.n_before - count_padding(front_end)[0]
        self.n_between = -(-length // step) - 1
        n_rows = block_bytes // (front_end.n_fft * dtype.itemsize)
        self.n_rows = _round_up(max(n_rows, 1))
        self.samples = np.zeros((self.n_rows + self.n_between) * step, dtype)
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
        self.pieces: list[tuple[int, int, int, tuple[NDArray[Any], int, int, int, int]]] = []
        self.heads: list[int] = []
        self.tails: list[int] = []
        self.previous: list[float] = []

    def n_samples_needed(self, first: int, origin: int) -> int:
        """Return how many samples from `origin` on a block needs from frame `first` on."""
        front_end = self.front_end
        begin = first * front_end.n_step - self.n_before
        return begin + (self.n_rows - 1) * front_end.n_step + front_end.n_length - origin

    def compute_one(
        self, signal: NDArray[Any], origin: int, first: int, n_frames: int, end: int
    ) -> NDArray[Any]:
        """Return the frames of a single signal from `first` on; arguments as in `place`."""
        frames = np.empty((n_frames, self.front_end.n_columns), self.samples.dtype)
        self.place(signal, origin, first, n_frames, end)
        self.flush(frames, 0)
        return frames

    def place(self, signal: NDArray[Any], origin: int, first: int, n_frames: int, end: int) -> None:
        """Place the samples of `n_frames` frames of a signal, from `first` on.

        `signal`, padded, holds its samples from `origin` to `end` or further, at least
        those of these frames and the one before.
        """
        step = self.front_end.n_step
        begin = first * step - self.n_before
        if begin >= end:  # the only frame of a signal that ends before the middle of a step
            begin = 0
        start = begin if begin > 0 else 0
        stop = begin + (n_frames - 1) * step + self.front_end.n_length
        stop = max(start, stop if stop < end else end)
        row, head = self.n_used, self.n_used * step
        self.n_used += n_frames + self.n_between
        self.samples[head + start - begin : head + stop - begin] = signal[
            start - origin : stop - origin
        ]
        self.pieces.append((row, n_frames, begin, (signal, origin, first, n_frames, end)))
        if self.emphasized is not None:
            self.heads.append(head)
            self.previous.append(signal[begin - 1 - origin] if begin > 0 else 0.0)
            self.tails.append(head + stop - begin)

    def flush(self, frames: NDArray[Any], row: int) -> int:
        """Write the features of the placed frames to `frames`; return the next row."""
        n_used, levels = self.n_used - self.n_between, None
        # What overflows here, or in the frames between signals, is computed again, or not used.
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            features = self.transform(n_used)
            if self.front_end.has_levels:
                levels = self.measure_levels(n_used)
        is_finite = np.isfinite(features).all()
        if not is_finite:
            self.padded.fill(0.0)  # its padding is silenced by zeros, which infinity outlasts
        for start, n_frames, _, placed in self.pieces:
            piece = features[start : start + n_frames]
            if not is_finite:
                piece = self.compute_wide(piece, placed)
            frames[row : row + n_frames, : piece.shape[1]] = piece
            if levels is not None:
                frames[row : row + n_frames, -1] = levels[start : start + n_frames]
            row += n_frames
        self.clear()
        return row

    def compute_wide(
        self, features: NDArray[Any], placed: tuple[NDArray[Any], int, int, int, int]
    ) -> NDArray[Any]:
        """Return the features of a piece with those that overflowed in float32 from float64."""
        if np.isfinite(features).all():
            return features
        signal, *where = placed
        if signal.dtype == np.float64:
            raise ValueError(_NOT_FINITE)
        wide = Block(self.front_end.as_type("float64"), 2 * self.n_bytes)  # as many rows
        frames = wide.compute_one(signal.astype("float64"), *where)[:, : features.shape[1]]
        return np.where(np.isfinite(features).all(axis=1, keepdims=True), features, frames)

    def measure_levels(self, n_used: int) -> NDArray[Any]:
        """Return the levels of the first rows, (n_used,): see :func:`skxent.mfcc.levels`."""
        step, length = self.front_end.n_step, self.front_end.n_length
        # In float64, in which no square overflows, nor hides an offset what is far below it.
        samples = self.samples[: (n_used + self.n_between) * step].astype(np.float64, copy=False)
        view = as_strided(samples, (n_used, length), (8 * step, 8), writeable=False)
        places = [(row, begin - row * step, end) for row, _, begin, (*_, end) in self.pieces]
        rows, begins, ends = np.array(places).T
        n_rows = np.diff(rows, append=n_used)
        begins = np.arange(n_used) * step + np.repeat(begins, n_rows)
        n_inside = np.minimum(begins + length, np.repeat(ends, n_rows)) - np.maximum(begins, 0)
        squared_sums = np.square(np.vecdot(view, np.ones(length)))
        squares = np.vecdot(view, view) - squared_sums / np.maximum(n_inside, 1)
        levels: NDArray[Any] = 10.0 * np.log10(np.maximum(squares / length, _SILENCE))
        return levels

    def transform(self, n_used: int) -> NDArray[Any]:
        """Return the features of the first rows, (n_used, n_coefficients)."""
        front_end = self.front_end
        convention = front_end.convention
        n_rows = _round_up(n_used)
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
        logs = energies[:n_used]
        if convention.floor_zero_only:
            if not logs.min() > 0.0:  # which is rare, and quickly found; NaN may hide it
                logs[logs == 0.0] = convention.floor
        else:
            np.maximum(logs, convention.floor, out=logs)
        np.log(logs, out=logs)
        if front_end.cepstrum is None:
            logs *= convention.unit
            return logs
        # All rows, for the sake of their rounding. The logarithms of those beyond are not taken.
        features = np.empty((n_rows, front_end.n_coefficients), energies.dtype)
        for first in range(0, front_end.n_coefficients, _COLUMNS_TOGETHER):
            columns = slice(first, first + _COLUMNS_TOGETHER)
            np.matmul(energies, front_end.cepstrum[:, columns], out=features[:, columns])
        return features[:n_used]

    def fill_frames(self, n_rows: int) -> NDArray[Any] | None:
        """Fill the first padded frames; return their energies if the convention wants them."""
        front_end, view, padded = self.front_end, self.view[:n_rows], self.padded[:n_rows]
        convention, length = front_end.convention, front_end.n_length
        framed = padded[:, :length]
        # Whose logarithm takes the place of a coefficient, and not of a mel filter's.
        energy = convention.energy if front_end.cepstrum is not None else None
        energies = None
        if self.emphasized is not None:
            self.emphasize(self.emphasized, (n_rows + self.n_between) * front_end.n_step)
        np.copyto(framed, view)
        if convention.remove_dc:
            means = self.scratch[:n_rows]
            means[:] = np.vecdot(view, self.averaging)[:, np.newaxis]
            padded -= means
        if energy == "frame":
            energies = np.vecdot(framed, framed) * convention.scale**2
        if convention.preemphasis_over == "frame" and front_end.preemphasis:
            first = framed[:, 0] * (1.0 - front_end.preemphasis)
            before = np.multiply(padded, front_end.preemphasis, out=self.scratch[:n_rows])
            padded.reshape(-1)[1:] -= before.reshape(-1)[:-1]
            padded[:, 0] = first  # not what comes from the frame before
        if self.windows is not None:
            padded *= self.windows[:n_rows]
        if energy == "windowed":
            energies = np.vecdot(framed, framed) * convention.scale**2
        return energies

    def emphasize(self, emphasized: NDArray[Any], end: int) -> None:
        """Write the samples up to `end` to an array, pre-emphasized."""
        samples = self.samples
        coefficient = self.front_end.preemphasis
        np.multiply(samples[: end - 1], -coefficient, out=emphasized[1:end])
        emphasized[1:end] += samples[1:end]
        # The padding after a piece is silent also after the pre-emphasis; and what
        # stands before a piece is its own signal's sample, or nothing. In this order:
        # without padding, a piece begins where the one before it ends.
        emphasized[[tail for tail in self.tails if tail < end]] = 0.0
        previous = np.array(self.previous, dtype=samples.dtype)
        emphasized[self.heads] = samples[self.heads] - coefficient * previous


def _round_up(n_rows: int) -> int:
    return -(-n_rows // _ROWS_TOGETHER) * _ROWS_TOGETHER


def _cut_into_bands(
    filterbank: NDArray[Any], width: int = 8
) -> list[tuple[slice, slice, NDArray[Any]]]:
    """Cut a filterbank into products without most of its zeros: (bins, columns, weights).

    BLAS takes columns eight at a time. The column of an energy, which has no zeros, stays alone.
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
