import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skxent.mfcc import design, levels, mfcc
from skxent.mfcc._blocks import compute, compute_levels, count_padding, pad
from skxent.mfcc._stream import compute_chunks
from tests.mfcc import oracles, strategies
from tests.mfcc.oracles import assert_same_frames
from tests.mfcc.strategies import CHANGED, CONVENTION_NAMES, GEOMETRIES

CHOICES = [*CONVENTION_NAMES, *CHANGED]

settings_of_any_convention = st.builds(
    lambda convention, features, geometry: {
        "convention": convention,
        "features": features,
        "n_mels": 15,
        **geometry,
    },
    st.sampled_from(CHOICES),
    st.sampled_from(["mfcc", "log_mel"]),
    st.sampled_from(GEOMETRIES),
)


@given(
    strategies.signals(max_size=2000),
    settings_of_any_convention,
    st.sampled_from(["float32", "float64"]),
)
def test_levels_against_loops(signal, settings, dtype):
    signal = signal.astype(dtype)
    front_end = design(8000, **settings)
    n_frames, n_padded = front_end.n_frames(len(signal)), count_padding(front_end)[0]
    padded = pad(signal, front_end) if any(count_padding(front_end)) else signal
    begins = [t * front_end.n_step - front_end.n_before + n_padded for t in range(n_frames)]
    begins = [begin if begin < len(padded) else 0 for begin in begins]
    expected = [oracles.variance_of(padded, begin, front_end.n_length) for begin in begins]
    found = levels(signal, 8000, **settings)
    assert found.dtype == dtype
    rounding = 1e-14 * float(np.abs(signal).max()) ** 2 + 1e-300
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    assert_allclose(10.0 ** (found.astype(float) / 10), expected, rtol=tolerance, atol=rounding)


@given(strategies.signals(max_size=3000), settings_of_any_convention)
def test_levels_stand_beside_the_same_frames(signal, settings):
    front_end = design(8000, **settings)
    frames, _ = compute([signal], front_end.with_levels())
    assert_array_equal(frames[:, :-1], mfcc(signal, 8000, **settings))
    assert_array_equal(frames[:, -1], levels(signal, 8000, **settings))


@given(strategies.signals(min_size=2500, max_size=5000), settings_of_any_convention)
def test_levels_are_the_same_in_smaller_blocks(signal, settings):
    front_end = design(8000, **settings)
    in_blocks = compute_levels(signal, front_end, block_bytes=1)
    assert_array_equal(in_blocks, levels(signal, 8000, **settings))


@given(
    st.lists(strategies.signals(max_size=1500), min_size=1, max_size=5),
    settings_of_any_convention,
    st.sampled_from(["float32", "float64"]),
    st.sampled_from([1, 1 << 14, 1 << 20]),
)
def test_levels_do_not_depend_on_batch_block_or_pieces(signals, settings, dtype, n_bytes):
    front_end = design(8000, dtype=dtype, **settings).with_levels()
    signals = [signal.astype(dtype) for signal in signals]
    alone = np.concatenate([levels(signal, 8000, **settings) for signal in signals])
    frames, _ = compute(signals, front_end, n_bytes)
    assert_same_frames(frames[:, -1], alone)
    pieces = [
        np.vstack(list(compute_chunks(np.array_split(signal, 3), front_end, n_bytes)))
        for signal in signals
        if len(signal) >= 3
    ]
    whole = [levels(signal, 8000, **settings) for signal in signals if len(signal) >= 3]
    for found, expected in zip(pieces, whole, strict=True):
        assert_same_frames(found[:, -1], expected)


@given(strategies.signals(max_size=2000), st.sampled_from(CHOICES), st.integers(-20, 20))
def test_levels_rise_with_the_volume(signal, convention, power):
    found = levels(signal, 8000, convention=convention, n_mels=15)
    louder = levels(2.0**power * signal, 8000, convention=convention, n_mels=15)
    is_sound = found > -3000
    expected = found[is_sound] + 20 * power * np.log10(2)
    assert_allclose(louder[is_sound], expected, rtol=0, atol=1e-9)
    assert_array_equal(louder[~is_sound], found[~is_sound])


@given(strategies.signals(max_size=2000), settings_of_any_convention)
def test_levels_depend_on_the_geometry_alone(signal, settings):
    other = {"preemphasis": 0.5, "window": "hann", "n_mfcc": 3, "fmin": 100, "lifter": 5}
    found = levels(signal, 8000, **settings)
    assert_array_equal(levels(signal, 8000, **settings | other), found)


@pytest.mark.parametrize("convention", CHOICES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("offset", [-0.1, 0.03])
def test_an_offset_does_not_hide_a_pause(convention, dtype, offset):
    signal = np.random.default_rng(0).normal(scale=1e-4, size=4000)
    signal[2000:2400] *= 1000
    settings = {"convention": convention, "n_mels": 15}
    found = levels((signal + offset).astype(dtype), 8000, **settings)
    # The offset is rounded to 24 bits, and the samples with it.
    assert_allclose(found, levels(signal.astype(dtype), 8000, **settings), rtol=0, atol=0.05)


@pytest.mark.parametrize("convention", CHOICES)
@pytest.mark.parametrize("n_samples", [1, 10, 3000])
@pytest.mark.parametrize("value", [0.0, 0.25])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_silence_is_finite_and_quiet(convention, n_samples, value, dtype):
    found = levels(np.full(n_samples, value, dtype), 8000, convention=convention, n_mels=15)
    assert np.isfinite(found).all()
    assert found.max() < (-3000 if value == 0.0 else -140)


def test_samples_of_any_size_have_a_level():
    noise = np.random.default_rng(0).normal(size=2000)
    expected = levels(noise, 8000)
    for scale in (1e-140, 1e90):
        assert_allclose(levels(scale * noise, 8000) - 20 * np.log10(scale), expected, rtol=1e-9)
    for scale in (1e-30, 1e37):  # of which float32 has no squares
        found = levels((scale * noise).astype("float32"), 8000)
        assert_allclose(found - 20 * np.log10(scale), expected, rtol=1e-5, atol=1e-3)


def test_integers_are_taken_as_they_are():
    signal = np.random.default_rng(0).integers(-9, 9, 1000)
    for convention in CONVENTION_NAMES:
        settings = {"convention": convention, "n_mels": 15}
        assert_array_equal(levels(signal, 8000, **settings), levels(signal * 1.0, 8000, **settings))


@pytest.mark.parametrize("signal", [[], np.zeros((10, 2)), 1.0])
def test_levels_want_one_signal(signal):
    with pytest.raises(ValueError, match=r"signal must (have shape \(n_samples,\)|not be empty)"):
        levels(signal, 8000)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_sample_that_is_not_finite_is_an_error(dtype):
    signal = np.ones(1000, dtype)
    signal[500] = np.nan
    with pytest.raises(ValueError, match="must be finite"):
        levels(signal, 8000)


# The front end


@pytest.mark.parametrize("features", ["mfcc", "log_mel"])
def test_a_front_end_with_levels_is_one_and_has_a_column_more(features):
    front_end = design(8000, features=features)
    with_levels = front_end.with_levels()
    assert front_end.with_levels() is with_levels.with_levels() is with_levels
    assert with_levels.as_type("float32") is with_levels.as_type("float32")
    assert with_levels.as_type("float32").has_levels
    assert with_levels.filterbank is front_end.filterbank
    assert with_levels.n_coefficients == front_end.n_coefficients == front_end.n_columns
    assert with_levels.n_columns == front_end.n_columns + 1
    assert with_levels.fingerprint != front_end.fingerprint
    assert dataclasses.replace(with_levels, has_levels=False).fingerprint == front_end.fingerprint
