"""Clips with pauses, at any level, that can't be written to; and other clips."""

import numpy as np
from hypothesis import strategies as st

RATE = 8000

SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def clips(draw, min_size=1):
    rng = np.random.default_rng(draw(SEEDS))
    samples = rng.standard_normal(draw(st.integers(min_size, 1000)))
    samples[: draw(st.integers(0, len(samples) - 1))] = 0
    samples *= 10.0 ** draw(st.integers(-4, 1))
    samples = samples.astype(draw(st.sampled_from(["float32", "float64"])))
    samples.setflags(write=False)
    return samples


def tone(frequency, n_samples, rate=RATE):
    return np.sin(2 * np.pi * frequency / rate * np.arange(n_samples))


def other_tones(rng):
    """Other clips, of 1.25 s: 400, 800, 1200, 1600 or 2000 Hz, at any level."""
    samples = tone(400 * rng.integers(1, 6), 10_000) * rng.uniform(0.01, 10)
    samples.setflags(write=False)
    return samples


def frequency_of(samples, rate=RATE):
    """The loudest frequency in hertz, to a fraction of one."""
    windowed = np.asarray(samples, "float64") * np.hanning(len(samples))
    return np.argmax(np.abs(np.fft.rfft(windowed, 16 * rate))) / 16


def decibels(samples, reference):
    energies = [np.sum(np.square(x, dtype="float64")) for x in (samples, reference)]
    return 10 * np.log10(energies[0] / energies[1])
