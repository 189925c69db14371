import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skxent.augmentation import BandLimit, ChangeGain, ChangeSpeed, Clipping, Shift
from tests.augmentation.strategies import RATE, clips, frequency_of, tone


def run(effect, samples, seed=0, rate=RATE):
    return effect(samples, rate, np.random.default_rng(seed))


# ChangeGain


@given(clips(), st.floats(-60, 60))
def test_a_gain_is_in_decibels(samples, gain):
    expected = samples * np.exp(gain * np.log(10) / 20)
    np.testing.assert_allclose(run(ChangeGain(gain=gain), samples), expected, rtol=1e-6)


# ChangeSpeed


@given(clips(min_size=3), st.floats(0.5, 2))
def test_speed_divides_the_length(samples, factor):
    n_samples = len(run(ChangeSpeed(factor=factor), samples))
    assert abs(n_samples - len(samples) / factor) <= 1


@given(st.floats(0.5, 2), st.floats(300, 1500))
def test_speed_multiplies_the_frequency(factor, frequency):
    result = run(ChangeSpeed(factor=factor), tone(frequency, 8000))
    assert frequency_of(result) == pytest.approx(frequency * factor, abs=0.5)
    assert np.abs(result[1000:-1000]).max() == pytest.approx(1, abs=0.01)


def test_a_tone_that_becomes_too_high_is_removed():
    result = run(ChangeSpeed(factor=1.5), tone(3000, 8000))
    assert np.abs(result[500:-500]).max() < 1e-4


def test_the_same_speed_leaves_the_clip():
    samples = tone(100, 500)
    np.testing.assert_array_equal(run(ChangeSpeed(factor=1), samples), samples)


def test_a_clip_of_which_nothing_is_left_is_an_error():
    with pytest.raises(ValueError, match=r"^ChangeSpeed: too short"):
        run(ChangeSpeed(factor=100), np.ones(3))


# BandLimit


def gains(effect, frequencies, rate=RATE):
    """What an effect leaves of tones, in decibels: the transform of its impulse response."""
    impulse = np.zeros(8000)
    impulse[0] = 1
    waves = np.exp(-2j * np.pi / rate * np.outer(frequencies, np.arange(8000)))
    return 20 * np.log10(np.abs(waves @ run(effect, impulse, rate=rate)))


@pytest.mark.parametrize(("fmin", "fmax"), [(80, 3000), (300, 3400), (400, 2500)])
@pytest.mark.parametrize("rate", [8000, 48000])
def test_limits_take_3_decibels_and_24_for_an_octave_beyond(rate, fmin, fmax):
    effect = BandLimit(fmin=fmin, fmax=fmax)
    np.testing.assert_allclose(gains(effect, [fmin, fmax], rate), -3, atol=0.1)
    np.testing.assert_allclose(gains(effect, [np.sqrt(fmin * fmax)], rate), 0, atol=0.1)
    octaves = gains(effect, [fmin / 2, fmin / 4], rate)
    np.testing.assert_allclose(octaves, [-24, -48], atol=1)
    if rate > 8000:  # elsewhere, half the rate is near, and the slope steeper
        np.testing.assert_allclose(
            gains(effect, [1.5 * fmax, 2 * fmax], rate), [-14, -25], atol=1.5
        )


def test_either_limit_may_be_missing():
    low, high = [20, 40], [3600, 3900]
    assert (gains(BandLimit(fmin=400, fmax=None), low) < -70).all()
    np.testing.assert_allclose(gains(BandLimit(fmin=400, fmax=None), high), 0, atol=0.1)
    assert (gains(BandLimit(fmin=None, fmax=1000), high) < -70).all()
    np.testing.assert_allclose(gains(BandLimit(fmin=None, fmax=1000), low), 0, atol=0.1)
    samples = tone(100, 500)
    np.testing.assert_array_equal(run(BandLimit(fmin=None, fmax=None), samples), samples)


@given(clips(min_size=10), st.data())
def test_filters_are_causal(samples, data):
    n = data.draw(st.integers(1, len(samples) - 1))
    result = run(BandLimit(), samples)
    np.testing.assert_array_equal(run(BandLimit(), samples[:n]), result[:n])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fmax": 4000}, "fmax=4000 must be below half the sample rate, 4000 Hz"),
        ({"fmax": (3000, 4500)}, r"fmax=\(3000, 4500\) must be below half"),
        ({"fmin": 5000, "fmax": None}, "fmin=5000 must be below half"),
        ({"fmin": 1000, "fmax": 500}, "fmin=1000 must be below fmax=500"),
        ({"fmin": (100, 900), "fmax": (900, 2000)}, r"fmin=\(100, 900\) must be below fmax=\(900"),
    ],
)
def test_limits_that_make_no_band_are_errors(settings, message):
    with pytest.raises(ValueError, match=f"^BandLimit: {message}"):
        run(BandLimit(**settings), np.ones(10))


# Shift


@given(clips(), st.floats(0, 0.2), st.floats(0, 0.2))
def test_silence_surrounds_the_clip(samples, before, after):
    result = run(Shift(before=before, after=after), samples)
    n_before, n_after = round(before * RATE), round(after * RATE)
    assert len(result) == n_before + len(samples) + n_after
    np.testing.assert_array_equal(result[n_before : n_before + len(samples)], samples)
    assert not result[:n_before].any()
    assert not result[n_before + len(samples) :].any()


def test_both_durations_are_drawn():
    rng = np.random.default_rng(0)
    n_before, n_after = np.transpose(
        [
            (np.argmax(result), len(result) - 1 - np.argmax(result))
            for result in (Shift()(np.ones(1), 1000, rng) for _ in range(50))
        ]
    )
    for n_silent in (n_before, n_after):
        assert n_silent.min() < 100
        assert 400 < n_silent.max() <= 500
    assert (n_before != n_after).any()


# Clipping


@given(clips(), st.floats(0, 40))
def test_only_what_is_beyond_the_threshold_is_set_to_it(samples, overload):
    result = run(Clipping(overload=overload), samples)
    peak = np.abs(samples).max()
    threshold = np.abs(result).max()
    assert 20 * np.log10(peak / threshold) == pytest.approx(overload, abs=1e-4)
    is_within = np.abs(samples) <= threshold
    np.testing.assert_array_equal(result[is_within], samples[is_within])
    np.testing.assert_array_equal(result[~is_within], threshold * np.sign(samples[~is_within]))


def test_without_overload_the_clip_is_left():
    samples = tone(100, 500)
    np.testing.assert_array_equal(run(Clipping(overload=0), samples), samples)
