"""Hypothesis strategies of signals and settings of a front end."""

import dataclasses

import numpy as np
from hypothesis import strategies as st

from skxent.mfcc import CONVENTIONS
from tests.mfcc import oracles


@st.composite
def signals(draw, min_size=1, max_size=4000):
    """Noise and sines at several levels, maybe with an offset and a silent stretch."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_samples = draw(st.integers(min_size, max_size))
    time = np.arange(n_samples)
    signal = rng.normal(scale=draw(st.sampled_from([1e-4, 1e-2, 1.0])), size=n_samples)
    for _ in range(draw(st.integers(0, 3))):
        phase = rng.uniform(0, np.pi) * (time + rng.uniform())
        signal += draw(st.sampled_from([1e-3, 0.1, 1.0])) * np.sin(phase)
    signal += draw(st.sampled_from([0.0, 0.0, 0.25]))
    if draw(st.booleans()):
        start = draw(st.integers(0, n_samples - 1))
        signal[start : draw(st.integers(start, n_samples))] = 0.0
    return signal * draw(st.sampled_from([1e-3, 1.0, 1e4]))


@st.composite
def front_end_settings(draw, sample_rate, windows=(None,)):
    """Settings of an MFCC front end; every second one leaves its parameter to the convention."""
    frame_length = draw(st.sampled_from([0.005, 0.016, 0.02, 0.0225, 0.025, 0.05]))
    frame_step = draw(st.sampled_from([0.0025, 0.005, 0.008, 0.01, 0.0125, 0.03]))
    n_samples = int(frame_length * sample_rate + 0.5)
    n_mels = draw(st.none() | st.integers(3, 60))
    return {
        "frame_length": frame_length,
        "frame_step": frame_step,
        "n_fft": draw(st.none() | st.integers(n_samples, 2 * n_samples)),
        "window": draw(st.sampled_from(windows)),
        "preemphasis": draw(st.none() | st.sampled_from([0.0, 0.5, 0.97, 1.0])),
        "n_mels": n_mels,
        "fmin": draw(st.none() | st.floats(0, 0.2 * sample_rate)),
        "fmax": draw(st.none() | st.floats(0.25 * sample_rate, 0.5 * sample_rate)),
        "n_mfcc": draw(st.integers(1, 26 if n_mels is None else n_mels)),
        "lifter": draw(st.none() | st.sampled_from([0.0, 10.5, 22.0, 40.0])),
    }


sample_rates = st.sampled_from([8000, 11025, 16000, 44100])


@st.composite
def tasks(draw, min_size=1):
    """A signal, its rate, and settings of overlapping frames."""
    sample_rate = draw(sample_rates)
    settings = draw(front_end_settings(sample_rate, (None, "hamming")))
    settings["features"] = draw(st.sampled_from(["mfcc", "log_mel"]))
    return draw(signals(min_size=min_size)), sample_rate, settings


def frame_geometry(sample_rate, settings):
    length = oracles.round_half_up(settings["frame_length"] * sample_rate)
    return length, oracles.round_half_up(settings["frame_step"] * sample_rate)


CONVENTION_NAMES = sorted(CONVENTIONS)


def changed(name, **choices):
    """The convention of a tool with some choices of one's own."""
    return dataclasses.replace(CONVENTIONS[name], **choices)


# What the tools' own settings change, alone and together.
CHANGED = [
    changed("librosa", padding="reflect"),
    changed("librosa", padding="edge", preemphasis=0.9),
    changed("librosa", edges="snip", power=1),
    changed("kaldi", edges="center_step", padding="symmetric"),
    changed("kaldi", edges="center_step", padding="reflect", preemphasis_over="signal"),
    changed("kaldi", edges="center_step", energy="windowed", remove_dc=False),
    changed("psf", energy=None),
    changed("psf", edges="center_step", energy="windowed"),
    changed("htk", edges="center", padding="symmetric", energy="frame"),
]


# Wholes of the transform and frames with gaps between them, odd lengths included.
GEOMETRIES = [{}, {"n_fft": 301}, {"frame_step": 0.03}, {"frame_step": 0.03, "n_fft": 333}]
