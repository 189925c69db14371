"""Waveforms to frames and their energies, as skxent.mfcc computes them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxent.export._graph import Graph, Value
from skxent.mfcc import FrontEnd
from skxent.mfcc._blocks import count_padding

# Below it there is no variance of samples in float32, and above it no logarithm overflows.
_SILENCE = float(np.finfo(np.float64).tiny)


def add_frames(
    graph: Graph, waveform: Value, front_end: FrontEnd, *, with_powers: bool
) -> tuple[Value, Value | None]:
    """Add the computation of frames, (batch, n_frames, n_coefficients), from (batch, n_samples).

    Also returned is the power of each frame, (batch, n_frames), whose decibels are its level. The
    Fourier transforms are computed in float32, as most hardware does; what comes after, of little
    cost, in float64, so that long clips lose no digits.
    """
    n_frames = _count_frames(waveform.size(1), front_end)
    if front_end.convention.padding != "constant":
        waveform = _continue_at_ends(graph, waveform, front_end)
    raw, begins = _place(graph, waveform, n_frames, front_end)
    signal = raw
    if front_end.convention.preemphasis_over == "signal" and front_end.preemphasis:
        emphasized = _emphasize(waveform, front_end.preemphasis)
        signal, _ = _place(graph, emphasized, n_frames, front_end)
    energies = _add_energies(graph, signal, n_frames, front_end)
    convention = front_end.convention
    if convention.floor_zero_only:
        is_zero = energies.apply("Equal", 0.0, dtype=bool)
        energies = graph.constant(convention.floor, np.float64).otherwise(is_zero, energies)
    else:
        energies = energies.at_least(convention.floor)
    features = energies.apply("Log")
    if front_end.cepstrum is None:
        features = features * convention.unit
    else:
        features = graph.constant(front_end.cepstrum.T, np.float64) @ features
    powers = None
    if with_powers:
        powers = _add_powers(graph, raw, waveform.size(1), begins, n_frames, front_end)
    return features.transpose(0, 2, 1), powers


def _count_frames(n_samples: Value, front_end: FrontEnd) -> Value:
    """Return what FrontEnd.n_frames does."""
    step = front_end.n_step
    if front_end.convention.edges == "center":
        return (n_samples - front_end.n_fft % 2) // step + 1
    if front_end.convention.edges == "center_step":
        return ((n_samples + step // 2) // step).at_least(1)
    rest = (n_samples - front_end.n_length).at_least(0)
    rounding = step - 1 if front_end.convention.edges == "pad" else 0
    return (rest + rounding) // step + 1


def _continue_at_ends(graph: Graph, waveform: Value, front_end: FrontEnd) -> Value:
    """Return the signal with its padding of other samples than zeros, as numpy.pad has it."""
    n_before, n_after = count_padding(front_end)
    n_samples = waveform.size(1)
    places = graph.arange(n_samples + (n_before + n_after)) - n_before
    if front_end.convention.padding == "edge":
        indices = places.at_least(0).at_most(n_samples - 1)
    else:
        # The signal and its mirror image take turns; "symmetric" repeats the sample at the ends.
        repeats = int(front_end.convention.padding == "symmetric")
        period = ((n_samples - 1 + repeats) * 2).at_least(1)
        forward = places % period  # never negative, as in NumPy
        indices = forward.at_most(period - repeats - forward)
    return waveform.take(indices, axis=1)


def _place(
    graph: Graph, signal: Value, n_frames: Value, front_end: FrontEnd
) -> tuple[Value, Value]:
    """Return the signal from the first frame to the end of the last, and where frames begin.

    Beyond the signal there are zeros. The begins, (n_frames,), are relative to its first sample.
    """
    n_before = front_end.n_before - count_padding(front_end)[0]
    n_after = front_end.n_length + front_end.n_step  # at least
    start = graph.constant(0, np.int64)
    if n_before < 0:  # frames begin after the signal does, unless it is over by then
        late = graph.constant(-n_before, np.int64)
        start = late.otherwise(late.apply("Less", signal.size(1), dtype=bool), 0)
    pads = graph.constant([0, max(0, n_before), 0, n_after], np.int64)
    padded = graph.add("Pad", signal, pads, dtype=signal.dtype)
    steps = (n_frames - 1) * front_end.n_step
    placed = padded.cut(start, start + steps + front_end.n_length, axis=1)
    begins = graph.arange(n_frames) * front_end.n_step + start - max(0, n_before)
    return placed, begins


def _emphasize(signal: Value, coefficient: float) -> Value:
    pads = signal.graph.constant([0, 1, 0, -1], np.int64)
    previous = signal.graph.add("Pad", signal, pads, dtype=signal.dtype)
    return signal - previous * coefficient


def _add_energies(graph: Graph, signal: Value, n_frames: Value, front_end: FrontEnd) -> Value:
    """Return the energies of the filters and of the frame, (batch, n_energies, n_frames)."""
    convention = front_end.convention
    weights = front_end.filterbank[::2] if convention.power == 2 else front_end.filterbank
    energy = convention.energy if front_end.cepstrum is not None else None
    bins = np.flatnonzero(weights.any(axis=1))
    if energy == "windowed" or not len(bins):
        bins = np.arange(len(weights))
    if energy in ("frame", "windowed"):
        weights = weights[:, :-1]  # without the column that is put in below
    waves = signal
    if convention.remove_dc:  # a first time, so that an offset costs no digits
        waves = signal - signal.reduce("Mean", 1, keepdims=True)
    kernel = graph.constant(fourier_kernel(front_end, bins)[:, np.newaxis], np.float32)
    spectrum = graph.add(
        "Conv", waves.expand(1), kernel, dtype=np.float32, strides=[front_end.n_step]
    )
    squares = spectrum * spectrum  # of real parts, then of imaginary parts
    n_bins = graph.constant([len(bins)] * 2, np.int64)
    parts = graph.add_all("Split", squares, n_bins, dtypes=[np.float32] * 2, axis=1)
    spectrum = powers = parts[0] + parts[1]
    if convention.power == 1:
        spectrum = powers.apply("Sqrt")
    filters = graph.constant(weights[bins].T, np.float32)
    energies = (filters @ spectrum).cast(np.float64)
    if energy == "windowed":
        # Parseval's theorem: bins between the first and the last stand for two.
        doubled = np.full(len(bins), 2.0)
        doubled[0] = 1.0
        doubled[front_end.n_fft // 2 :] -= front_end.n_fft % 2 == 0
        doubled *= convention.scale**2 / front_end.n_fft
        whole = (graph.constant(doubled[np.newaxis], np.float32) @ powers).cast(np.float64)
    elif energy == "frame":
        sums, squares = _sum_frames(graph, signal, n_frames, front_end)
        if convention.remove_dc:
            squares = squares - sums * sums / front_end.n_length
        whole = (squares.at_least(0.0) * convention.scale**2).expand(1)
    else:
        return energies
    return graph.add("Concat", energies, whole, dtype=np.float64, axis=1)


def fourier_kernel(front_end: FrontEnd, bins: NDArray[Any]) -> NDArray[np.float64]:
    """Return what frames are multiplied by for their spectrum at some bins, (2 n_bins, n_length).

    The real parts come first. What is done to frames before the transform is linear as well:
    subtracting the mean, pre-emphasis and window.
    """
    convention, length = front_end.convention, front_end.n_length
    turns = bins[:, np.newaxis] * np.arange(length) % front_end.n_fft
    angles = 2.0 * np.pi / front_end.n_fft * turns
    kernel: NDArray[np.float64] = np.vstack([np.cos(angles), -np.sin(angles)])
    if front_end.window is not None:
        kernel *= front_end.window
    if convention.preemphasis_over == "frame":
        before = kernel.copy()  # a sample also counts in the next one's difference
        kernel[:, :-1] -= front_end.preemphasis * before[:, 1:]
        kernel[:, 0] -= front_end.preemphasis * before[:, 0]
    if convention.remove_dc:
        kernel -= kernel.mean(axis=1, keepdims=True)
    return kernel


def _add_powers(
    graph: Graph,
    signal: Value,
    n_samples: Value,
    begins: Value,
    n_frames: Value,
    front_end: FrontEnd,
) -> Value:
    """Return the variance of each frame, of which skxent.mfcc.levels takes the decibels."""
    length = front_end.n_length
    n_inside = (begins + length).at_most(n_samples) - begins.at_least(0)
    sums, squares = _sum_frames(graph, signal, n_frames, front_end)
    variances = squares - sums * sums / n_inside.at_least(1).cast(np.float64)
    return (variances / float(length)).at_least(_SILENCE)


def _sum_frames(
    graph: Graph, signal: Value, n_frames: Value, front_end: FrontEnd
) -> tuple[Value, Value]:
    """Return the sums of each frame's samples and of their squares, (batch, n_frames), in float64.

    Frames overlap, so sums of short pieces are computed once, and added up for each frame.
    """
    length, step = front_end.n_length, front_end.n_step
    piece = math.gcd(length, step)
    pieces = signal.cast(np.float64).reshape(0, -1, piece)
    firsts = (graph.arange(n_frames) * (step // piece)).expand(1)
    indices = firsts + np.arange(length // piece)
    sums, squares = (
        values.reduce("Sum", 2).take(indices, axis=1).reduce("Sum", 2)
        for values in (pieces, pieces * pieces)
    )
    return sums, squares
