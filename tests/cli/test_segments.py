"""Laws of the segments of a stream."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skxent.cli._segments import Segmenter

RATE = 8000


def cut(signal, sizes=(), **settings):
    """The segments of a signal that comes in blocks of these sizes, and the rest at once."""
    segmenter = Segmenter(RATE, **settings)
    ends = np.cumsum([0, *sizes])
    segments = []
    for start, end in pairwise(ends):
        segments += segmenter.push(signal[start:end])
    return segments + segmenter.push(signal[ends[-1] :]) + segmenter.close()


def seconds(n, amplitude, seed=0):
    return amplitude * np.random.default_rng(seed).uniform(-1, 1, int(n * RATE)).astype("float32")


def words(durations, pauses, noise=0.0):
    """Bursts of noise with pauses between them, and where each burst begins and ends."""
    parts, spans, now = [seconds(pauses[0], noise)], [], int(pauses[0] * RATE)
    for number, (duration, pause) in enumerate(zip(durations, pauses[1:], strict=True)):
        parts += [seconds(duration, 0.3, number), seconds(pause, noise, 100 + number)]
        spans.append((now, now + int(duration * RATE)))
        now += int(duration * RATE) + int(pause * RATE)
    return np.concatenate(parts), spans


lengths = st.floats(0.1, 0.8)
rests = st.floats(0.5, 1.5)


@given(
    st.lists(lengths, min_size=1, max_size=4),
    st.lists(rests, min_size=5, max_size=5),
    st.sampled_from([0.0, 0.001, 0.01]),
)
def test_each_word_is_one_segment_that_holds_it(durations, pauses, noise):
    signal, spans = words(durations, pauses[: len(durations) + 1], noise)
    segments = cut(signal)
    assert len(segments) == len(spans)
    for (start, end), segment in zip(spans, segments, strict=True):
        first = round(segment.start * RATE)
        assert 0 <= start - first <= 0.11 * RATE
        assert 0 <= first + len(segment.samples) - end <= 0.11 * RATE
        np.testing.assert_array_equal(segment.samples, signal[first:][: len(segment.samples)])


@given(
    st.lists(st.sampled_from([0.0, 0.0, 0.001, 0.05, 0.5]), min_size=1, max_size=12),
    st.lists(st.integers(0, 3000), max_size=20),
    st.sampled_from([0.1, 0.3]),
)
def test_the_sizes_of_blocks_do_not_matter(amplitudes, sizes, pause):
    signal = np.concatenate([seconds(0.15, amplitude) for amplitude in amplitudes])
    whole, blocks = cut(signal, pause=pause), cut(signal, sizes, pause=pause)
    assert len(whole) == len(blocks)
    for one, other in zip(whole, blocks, strict=True):
        assert one.start == other.start
        np.testing.assert_array_equal(one.samples, other.samples)


@given(st.lists(st.floats(0.05, 1.0), min_size=1, max_size=10), st.floats(0.2, 1.0))
def test_segments_are_in_order_apart_and_no_longer_than_allowed(durations, longest):
    amplitudes = [0.3 * (number % 2) for number in range(len(durations))]
    signal = np.concatenate([seconds(*pair) for pair in zip(durations, amplitudes, strict=True)])
    end = 0
    for start, samples in cut(signal, longest=longest):
        assert round(start * RATE) >= end
        end = round(start * RATE) + len(samples)
        assert len(samples) <= (longest + 0.21) * RATE
    assert end <= len(signal)


@pytest.mark.parametrize("amplitude", [0.0, 0.0005])
def test_there_is_nothing_in_silence(amplitude):
    assert cut(seconds(3.0, amplitude)) == []
    assert cut(np.empty(0, np.float32)) == []


def test_a_click_is_no_word():
    signal = seconds(1.0, 0.0)
    signal[4000:4080] = 0.9
    assert cut(signal) == []


def test_a_word_in_louder_noise_is_found_once_the_noise_is_known():
    signal, spans = words([0.4], [2.0, 1.0], noise=0.03)
    (segment,) = cut(signal)
    assert abs(segment.start * RATE - spans[0][0]) <= 0.11 * RATE


def test_the_input_is_not_changed():
    signal, _ = words([0.4], [0.5, 0.5])
    signal.flags.writeable = False
    (segment,) = cut(signal)
    segment.samples[:] = 0.0
    assert signal[6000] != 0.0
