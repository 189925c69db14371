import dataclasses
from multiprocessing.pool import ThreadPool

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skxent.mfcc import design, mfcc
from skxent.mfcc._blocks import Block, _keep_block, compute
from tests.mfcc import strategies
from tests.mfcc.oracles import assert_same_frames
from tests.mfcc.strategies import CONVENTION_NAMES, GEOMETRIES, frame_geometry, tasks

# The settings that are drawn may be anything.
pytestmark = pytest.mark.filterwarnings("ignore:.* of the mel filters are narrower")


@st.composite
def batches(draw):
    _, sample_rate, settings = draw(tasks())
    length, step = frame_geometry(sample_rate, settings)
    # Many of them end just where a frame does, or one sample before or after.
    n_steps = st.integers(0, max(1, 2000 // step))
    ends = st.builds(lambda n, off: max(1, length + n * step + off), n_steps, st.integers(-1, 1))
    sizes = draw(st.lists(ends | st.integers(1, 3000), min_size=1, max_size=8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return [rng.normal(size=size) for size in sizes], sample_rate, settings


@given(batches(), st.sampled_from(["float32", "float64"]))
def test_signals_together_are_the_signals_one_by_one(batch, dtype):
    signals, sample_rate, settings = batch
    signals = [signal.astype(dtype) for signal in signals]
    frames, lengths = compute(signals, design(sample_rate, **settings, dtype=dtype))
    alone = [mfcc(signal, sample_rate, **settings) for signal in signals]
    assert frames.dtype == dtype
    assert lengths.tolist() == [len(clip) for clip in alone]
    assert_same_frames(frames, np.vstack(alone))


@given(batches(), st.data())
def test_any_split_into_batches_gives_the_same(batch, data):
    signals, sample_rate, settings = batch
    front_end = design(sample_rate, **settings)
    cut = data.draw(st.integers(0, len(signals) - 1))
    parts = [part for part in (signals[:cut], signals[cut:]) if part]
    split = np.vstack([compute(part, front_end)[0] for part in parts])
    assert_same_frames(split, compute(signals, front_end)[0])


@given(batches(), st.sampled_from([1, 1 << 14, 1 << 17]))
def test_the_size_of_a_block_does_not_matter(batch, n_bytes):
    signals, sample_rate, settings = batch
    settings["frame_step"] = min(settings["frame_step"], 0.005)
    signals = [*signals, np.concatenate([*signals, np.ones(8000)])]
    front_end = design(sample_rate, **settings)
    expected, _ = compute(signals, front_end)
    assert_same_frames(compute(signals, front_end, n_bytes)[0], expected)


def test_a_long_signal_spans_many_blocks():
    signal = np.random.default_rng(0).normal(size=30 * 8000)
    frames = mfcc(signal, 8000)
    assert len(frames) > 4 * Block(design(8000)).n_rows
    for start in range(0, 2900, 50):
        # The first frame of a piece lacks the sample before.
        piece = mfcc(signal[80 * start : 80 * (start + 60)], 8000)
        assert_same_frames(frames[start + 1 : start + 55], piece[1:55])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_mfcc", [13, 15, 16, 26, 40])
def test_a_frame_is_the_same_in_each_row_of_a_block(n_mfcc, dtype):
    front_end = design(8000, n_mels=40, n_mfcc=n_mfcc, dtype=dtype)
    signal = np.random.default_rng(0).normal(size=150).astype(dtype)
    frames, _ = compute([signal] * 30, front_end)
    assert_same_frames(frames, np.tile(frames[:1], (30, 1)))


def test_a_thread_keeps_its_block_for_the_same_front_end_and_size():
    front_end = design(8000)
    block = _keep_block(front_end, 1 << 20)
    assert _keep_block(front_end, 1 << 20) is block
    assert _keep_block(front_end, 1 << 19).n_rows < block.n_rows
    assert _keep_block(design(8000), 1 << 20) is not block
    with ThreadPool(1) as pool:
        assert pool.apply(_keep_block, (front_end, 1 << 20)) is not block


# All conventions


def windowed_frames(signal, front_end):
    """The frames that are transformed, zeros at their ends, and their energies before that."""
    choices, length, c = front_end.convention, front_end.n_length, front_end.preemphasis
    window = np.ones(length) if front_end.window is None else front_end.window
    margin = front_end.n_before
    padded = np.concatenate([np.zeros(margin), signal, np.zeros(length + front_end.n_fft)])
    frames, energies = [], []
    for t in range(front_end.n_frames(len(signal))):
        start = t * front_end.n_step
        frame = padded[start : start + length].copy()
        if choices.remove_dc:
            frame -= sum(frame) / length
        energies.append(sum(frame**2))
        before = np.concatenate([frame[:1], frame[:-1]])
        if choices.preemphasis_over == "signal":
            before[0] = padded[start - 1] if start > 0 else 0.0
            # Zeros after the signal's end stay zeros.
            before[max(0, margin + len(signal) - start) :] = 0.0
        frames.append(window * (frame - c * before))
    return np.array(frames), np.array(energies)


@pytest.mark.parametrize("convention", CONVENTION_NAMES)
@given(
    signal=strategies.signals(min_size=200, max_size=2000), preemphasis=st.sampled_from([0, 0.9])
)
def test_the_energy_of_a_spectrum_is_that_of_its_frame(convention, signal, preemphasis):
    # Parseval: the squared magnitudes add up to n_fft times the sum of squared samples; of
    # half a spectrum, those but the first and the last count twice.
    front_end = design(8000, convention=convention, preemphasis=preemphasis, features="log_mel")
    front_end = dataclasses.replace(
        front_end,
        convention=dataclasses.replace(front_end.convention, power=2, unit=1.0, floor=1e-300),
        filterbank=np.repeat([1.0, *[2.0] * 127, 1.0], 2)[:, np.newaxis],
        frequencies=np.zeros(1),
    )
    frames, _ = windowed_frames(signal, front_end)
    # The filterbank is the one above, without the convention's scale.
    energies = np.exp(compute([signal], front_end)[0].ravel())
    expected = 256 * np.sum(frames**2, axis=1)
    largest = 256 * np.max(signal**2)
    np.testing.assert_allclose(energies, expected, rtol=1e-9, atol=1e-24 * largest + 2e-300)


@pytest.mark.parametrize("convention", ["psf", "kaldi"])
@given(
    signal=strategies.signals(min_size=200, max_size=2000), preemphasis=st.sampled_from([0, 0.9])
)
def test_the_energy_of_a_frame_is_that_of_its_samples(convention, signal, preemphasis):
    front_end = design(8000, convention=convention, preemphasis=preemphasis)
    frames, energies = windowed_frames(signal, front_end)
    if convention == "psf":  # over the spectrum: Parseval, its ends without a twin
        signs = (-1.0) ** np.arange(front_end.n_length)
        ends = frames.sum(axis=1) ** 2 + (frames * signs).sum(axis=1) ** 2
        energies = 0.5 * (np.sum(frames**2, axis=1) + ends / 256)
    energies = energies * front_end.convention.scale**2
    floor = front_end.convention.floor
    energies = np.maximum(energies, floor) if convention == "kaldi" else energies
    measured = np.exp(mfcc(signal, 8000, convention=convention, preemphasis=preemphasis)[:, 0])
    largest = np.max(signal**2) * front_end.convention.scale**2
    np.testing.assert_allclose(measured, energies, rtol=1e-9, atol=1e-24 * largest + 2 * floor)


@given(
    st.lists(strategies.signals(max_size=1500), min_size=1, max_size=6),
    st.sampled_from(CONVENTION_NAMES),
    st.sampled_from(GEOMETRIES),
)
def test_signals_together_are_the_signals_alone_in_any_convention(signals, convention, geometry):
    settings = {"convention": convention, "n_mels": 20, **geometry}
    frames, lengths = compute(signals, design(8000, **settings))
    alone = [mfcc(signal, 8000, **settings) for signal in signals]
    assert lengths.tolist() == [len(clip) for clip in alone]
    assert_same_frames(frames, np.vstack(alone))
