import shutil

import numpy as np
import pytest
import scipy.signal
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from skxent.audio import Deferred
from skxent.augmentation import AddNoise
from skxent.augmentation._noise import coloured_noise
from tests.augmentation.strategies import (
    RATE,
    SEEDS,
    clips,
    decibels,
    frequency_of,
    other_tones,
    tone,
)

NOISE = np.random.default_rng(0).standard_normal(700)
KINDS = ["white", "pink", "brown", "babble", NOISE, NOISE[:11], (44100, NOISE.astype("float32"))]
CLIP = tone(440, 2000)


def add(noises, samples=CLIP, seed=0, snr=0):
    rng = np.random.default_rng(seed)
    return AddNoise(noises, snr=snr)(samples, RATE, rng, other_tones)


def noise_of(noises, n_samples=2000, seed=0):
    """What is added at 0 dB to a clip whose mean square is 1."""
    return add(noises, np.ones(n_samples), seed) - 1


# The ratio


@given(clips(), st.sampled_from(KINDS), SEEDS, st.floats(-40, 60))
def test_the_ratio_is_the_one_asked_for(samples, noise, seed, snr):
    noisy = add([noise], samples, seed, snr)
    added = noisy.astype("float64") - samples
    assert decibels(samples, added) == pytest.approx(snr, abs=0.1)


@given(clips(min_size=50), SEEDS)
def test_a_range_of_ratios_is_drawn_from(samples, seed):
    rng = np.random.default_rng(seed)
    effect = AddNoise(snr=(-5, 15))
    ratios = [decibels(samples, effect(samples, RATE, rng) - samples) for _ in range(40)]
    assert -5.1 < min(ratios) < 0
    assert 10 < max(ratios) < 15.1


@pytest.mark.parametrize("noise", ["white", "pink", "babble", NOISE])
def test_without_noise_the_clip_is_left(noise):
    np.testing.assert_array_equal(add(noise, snr=np.inf), CLIP)
    np.testing.assert_array_equal(add(noise, 0 * CLIP, snr=np.inf), 0 * CLIP)


@pytest.mark.parametrize("noise", ["white", "pink", "babble", NOISE])
def test_what_later_effects_draw_does_not_depend_on_the_ratio(noise):
    def next_number(snr):
        rng = np.random.default_rng(0)
        AddNoise(noise, snr=snr)(CLIP, RATE, rng, other_tones)
        return rng.random()

    assert next_number(np.inf) == next_number(10) == next_number(-10)


# Coloured noise


@pytest.mark.parametrize(("noise", "exponent"), [("white", 0), ("pink", 1), ("brown", 2)])
def test_power_falls_with_frequency(noise, exponent):
    samples = noise_of(noise, 2**17)
    frequencies, power = scipy.signal.welch(samples, RATE, nperseg=4096)
    is_used = (frequencies > 40) & (frequencies < 3500)
    slope, _ = np.polyfit(np.log(frequencies[is_used]), np.log(power[is_used]), 1)
    assert -slope == pytest.approx(exponent, abs=0.05)


@pytest.mark.parametrize("exponent", [1, 2])
def test_coloured_noise_has_nothing_below_20_hertz(exponent):
    samples = coloured_noise(2**15, exponent, RATE, np.random.default_rng(0))
    power = np.abs(np.fft.rfft(samples)) ** 2
    n_below = int(20 * 2**15 / RATE)
    assert power[:n_below].sum() < 1e-9 * power.sum()
    assert power[n_below + 1 : n_below + 20].sum() > 1e-4 * power.sum()


@pytest.mark.parametrize("exponent", [0, 1, 2])
@pytest.mark.parametrize("rate", [30, 8000, 44100])
def test_coloured_noise_is_gaussian_and_there_however_short_or_slow(exponent, rate):
    rng = np.random.default_rng(0)
    firsts = [coloured_noise(1, exponent, rate, rng)[0] for _ in range(1000)]
    assert np.mean(np.square(firsts)) > 0
    kurtosis = np.mean(np.power(firsts, 4)) / np.mean(np.square(firsts)) ** 2
    assert kurtosis == pytest.approx(3, abs=0.7)


# Babble


def test_babble_is_three_to_seven_other_clips_at_one_level():
    n_asked = set()
    for seed in range(40):
        frequencies = []

        def others(rng, frequencies=frequencies):
            frequencies.append(100 * (len(frequencies) + 1))
            return tone(frequencies[-1], 8000) * 10.0 ** rng.integers(-3, 3)

        added = AddNoise("babble", snr=0)(np.ones(800), RATE, np.random.default_rng(seed), others)
        amplitudes = np.abs(np.fft.rfft(added - 1))[:100]  # one for each 10 Hz
        expected = np.isin(10 * np.arange(100), frequencies)
        np.testing.assert_allclose(amplitudes / amplitudes.max(), expected, atol=1e-6)
        n_asked.add(len(frequencies))
    assert n_asked == {3, 4, 5, 6, 7}


def test_silent_clips_are_no_babble():
    def others(rng):
        return np.zeros(100) if rng.uniform() < 0.9 else NOISE

    result = AddNoise("babble", snr=0)(CLIP, RATE, np.random.default_rng(0), others)
    assert decibels(CLIP, result - CLIP) == pytest.approx(0, abs=0.1)
    with pytest.raises(ValueError, match=r"^AddNoise: the noise 'babble' is silent"):
        AddNoise("babble")(CLIP, RATE, np.random.default_rng(0), lambda rng: np.zeros(100))


def test_babble_needs_other_clips():
    assert AddNoise(["white", "babble"]).needs_others
    assert AddNoise("babble").needs_others
    for noises in (["white", NOISE], NOISE, (RATE, NOISE), 3, None):
        assert not AddNoise(noises).needs_others
    with pytest.raises(ValueError, match=r"^AddNoise: needs other clips"):
        AddNoise("babble")(CLIP, RATE, np.random.default_rng(0))


# The user's own


@given(SEEDS, st.integers(1, 700))
def test_a_longer_noise_begins_at_a_random_place(seed, n_samples):
    added = noise_of(NOISE, n_samples, seed)
    pieces = np.lib.stride_tricks.sliding_window_view(NOISE, n_samples)
    cosines = pieces @ added / np.linalg.norm(pieces, axis=1) / np.linalg.norm(added)
    assert cosines.max() == pytest.approx(1, abs=1e-9)


def test_any_place_is_possible():
    noise = np.arange(1.0, 9)
    ratios = {
        round(added[1] / added[0], 9) for added in (noise_of(noise, 2, seed) for seed in range(100))
    }
    assert ratios == {round((k + 1) / k, 9) for k in range(1, 8)}


@given(SEEDS, st.integers(1, 50))
def test_a_shorter_noise_is_repeated_from_a_random_place(seed, n_samples):
    noise = NOISE[:n_samples]
    added = noise_of(noise, 101, seed)
    np.testing.assert_allclose(added[n_samples:], added[:-n_samples], atol=1e-12)
    expected = [np.resize(np.roll(noise, -start), 101) for start in range(n_samples)]
    cosines = expected @ added / np.linalg.norm(expected, axis=1) / np.linalg.norm(added)
    assert cosines.max() == pytest.approx(1, abs=1e-9)


def test_noise_of_another_rate_is_resampled():
    for rate in (4000, 16000, 44100):
        for n_samples in (rate // 10, rate):
            added = noise_of((rate, tone(1000, n_samples, rate)))
            assert frequency_of(added) == pytest.approx(1000, abs=5)


@pytest.mark.parametrize("subtype", ["PCM_16", "FLOAT"])
@pytest.mark.parametrize("rate", [8000, 16000])
def test_a_file_is_the_same_noise_as_its_samples(tmp_path, rate, subtype):
    samples = np.round(NOISE * 2**12) / 2**15
    soundfile.write(tmp_path / "noise.wav", samples, rate, subtype=subtype)
    for n_samples in (100, 2000):
        np.testing.assert_allclose(
            noise_of(tmp_path / "noise.wav", n_samples, seed=3),
            noise_of((rate, samples.astype("float32")), n_samples, seed=3),
            atol=1e-6,
        )


def test_deferred_noise_is_noise_with_and_without_a_rate():
    class Computed(Deferred):
        def compute(self):
            return NOISE

    np.testing.assert_array_equal(noise_of([Computed()]), noise_of([NOISE]))
    np.testing.assert_array_equal(noise_of((16000, Computed())), noise_of((16000, NOISE)))
    np.testing.assert_array_equal(noise_of([(16000, NOISE.tolist())]), noise_of((16000, NOISE)))


def test_channels_are_averaged():
    stereo = np.column_stack([NOISE, np.roll(NOISE, 5)])
    np.testing.assert_allclose(noise_of(stereo), noise_of(stereo.mean(axis=1)), rtol=1e-9)


def test_any_file_of_a_folder_but_hidden_ones(tmp_path, monkeypatch):
    for name, frequency in {"b.WAV": 500, "a/c.flac": 1000, "a/b/d.ogg": 1500}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(tmp_path / name, 0.5 * tone(frequency, 4000), RATE)
    (tmp_path / ".hidden").mkdir()
    soundfile.write(tmp_path / ".hidden" / "e.wav", tone(2000, 4000), RATE)
    (tmp_path / "._b.wav").write_bytes(b"not a sound")
    (tmp_path / "notes.txt").write_text("no sound either")
    (tmp_path / "folder.wav").mkdir()
    drawn = [round(frequency_of(noise_of(tmp_path, seed=seed)), -1) for seed in range(40)]
    assert set(drawn) == {500, 1000, 1500}
    monkeypatch.setenv("HOME", str(tmp_path))
    assert [round(frequency_of(noise_of("~", seed=seed)), -1) for seed in range(40)] == drawn
    (tmp_path / "b.WAV").unlink()
    drawn = {round(frequency_of(noise_of(tmp_path, seed=seed)), -1) for seed in range(40)}
    assert drawn == {1000, 1500}
    (tmp_path / "a" / "b" / "d.ogg").unlink()
    assert {round(frequency_of(noise_of(tmp_path, seed=seed)), -1) for seed in range(40)} == {1000}
    soundfile.write(tmp_path / "a" / "b" / "new.wav", 0.5 * tone(2500, 4000), RATE)
    drawn = {round(frequency_of(noise_of(tmp_path, seed=seed)), -1) for seed in range(40)}
    assert drawn == {1000, 2500}
    shutil.rmtree(tmp_path / "a" / "b")
    assert {round(frequency_of(noise_of(tmp_path, seed=seed)), -1) for seed in range(40)} == {1000}


def test_each_of_several_noises_is_as_likely_as_the_others(tmp_path):
    for i in range(9):
        soundfile.write(tmp_path / f"{i}.wav", tone(500, 4000) / 2, RATE)
    noises = [str(tmp_path), tone(1000, 4000)]
    drawn = [round(frequency_of(noise_of(noises, seed=seed)), -1) for seed in range(100)]
    assert 30 < drawn.count(500) < 70


def test_pauses_of_a_noise_are_not_used():
    noise = np.zeros(10_000)
    noise[6000:] = 1
    for seed in range(50):
        assert noise_of(noise, 100, seed).any()


@pytest.mark.parametrize(
    ("noises", "message"),
    [
        (np.zeros(5), r"the noise of shape \(5,\) is silent"),
        ([(8000, np.zeros((5, 2)))], r"the noise of shape \(5, 2\) is silent"),
        ("purple", "the noise 'purple': it must be one of white, pink, brown, babble, or an"),
        (["none.wav"], "the noise 'none.wav': it must be one of"),
        ([], "there must be at least one sound, got none"),
        ([3], "the noise 3: must"),
        ([(8000, [1, 2])], r"the noise \[1, 2\]: the range of a list of integers is unknown"),
        ([(0, NOISE)], "a pair's sample rate must be at least 1 Hz"),
        ([NOISE * np.nan], "must be finite"),
    ],
)
def test_what_can_be_no_noise_is_an_error(noises, message):
    with pytest.raises(ValueError, match=f"^AddNoise: .*{message}"):
        add(noises)


def test_files_that_are_no_noise_are_named(tmp_path):
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(ValueError, match=r"^AddNoise: the noise '.*text.wav': "):
        add(tmp_path)
    soundfile.write(tmp_path / "text.wav", np.zeros(100), RATE)
    with pytest.raises(ValueError, match=r"^AddNoise: the noise '.*text.wav' is silent"):
        add(tmp_path)
    (tmp_path / "text.wav").unlink()
    with pytest.raises(ValueError, match=r"^AddNoise: the folder '.*' holds no sound files"):
        add(tmp_path)
