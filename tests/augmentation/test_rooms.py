import sys

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from skxent.augmentation import Reverberate
from skxent.augmentation._rooms import append_decay, early_echoes, simulate_room
from tests.augmentation.strategies import RATE, SEEDS, clips, decibels

CLIP = np.random.default_rng(0).standard_normal(1000)


def run(effect, samples=CLIP, seed=0, rate=RATE):
    return effect(samples, rate, np.random.default_rng(seed))


def decay_time(response, rate):
    """Seconds for 60 dB, from the fall by 5 to 25 dB of the energy that is still to come."""
    energy = np.cumsum(response[::-1] ** 2, dtype="float64")[::-1]
    level = 10 * np.log10(energy / energy[0])
    first, last = np.searchsorted(-level, [5, 25])
    return 3 * (last - first) / rate


def test_rates_of_floats_are_rates():
    effect = Reverberate(n_rooms=1)
    np.testing.assert_array_equal(run(effect, rate=8000.0), run(effect, rate=8000))


# Responses of the user


@given(clips(), SEEDS, st.integers(0, 50), st.integers(1, 300))
def test_the_clip_is_convolved_from_the_direct_sound_on(samples, seed, delay, n_echoes):
    echoes = np.random.default_rng(seed).uniform(-0.9, 0.9, n_echoes)
    response = np.concatenate([0.09 * np.sign(echoes[:1]) * np.ones(delay), [1], echoes])
    result = run(Reverberate([response]), samples)
    expected = np.convolve(samples.astype("float64"), np.append(1, echoes))[: len(samples)]
    expected *= np.linalg.norm(samples) / np.linalg.norm(expected)
    np.testing.assert_allclose(result, expected, atol=1e-5 * np.abs(expected).max())


@given(clips(min_size=10), st.integers(0, 30))
def test_the_mean_square_is_the_clips(samples, seed):
    for effect in (Reverberate(CLIP[:200]), Reverberate(n_rooms=2)):
        assert decibels(run(effect, samples, seed), samples) == pytest.approx(0, abs=1e-3)


def test_the_direct_sound_is_at_most_20_decibels_below_the_peak():
    response = np.array([0.09, -0.11, 0, 1, 0.5])
    result = run(Reverberate(response), np.eye(1, 50)[0])
    expected = response[1:] / np.linalg.norm(response[1:])
    np.testing.assert_allclose(result, np.pad(expected, (0, 46)), atol=1e-12)


def test_a_perfect_room_leaves_the_clip():
    np.testing.assert_allclose(run(Reverberate(np.array([0, 0, 0.3]))), CLIP, rtol=1e-9)


def test_responses_come_from_files_folders_and_pairs(tmp_path):
    response = np.array([1, 0, 0, 0, 0.5], dtype="float32")
    soundfile.write(tmp_path / "hall.wav", response, RATE, subtype="FLOAT")
    for responses in (tmp_path, str(tmp_path / "hall.wav"), (RATE, response), [response] * 2):
        np.testing.assert_allclose(
            run(Reverberate(responses)), run(Reverberate(response)), rtol=1e-6
        )
    doubled = np.zeros(4000)
    doubled[[100, 1700]] = 1, -0.5  # 0.1 s later, and here 800 samples
    result = run(Reverberate((16000, doubled)), np.eye(1, 1500)[0])
    assert np.argmin(result) - np.argmax(result) == 800


@pytest.mark.parametrize(
    ("responses", "message"),
    [
        (np.zeros(4), r"the impulse response of shape \(4,\) is silent"),
        ([CLIP * np.inf], r"the impulse response of shape \(1000,\): must be finite"),
        ("none.wav", "the impulse response 'none.wav': no such file"),
        ([], "there must be at least one sound"),
    ],
)
def test_what_can_be_no_response_is_an_error(responses, message):
    with pytest.raises(ValueError, match=f"^Reverberate: {message}"):
        run(Reverberate(responses))


# Rooms


@pytest.mark.parametrize("rate", [8000, 44100])
@pytest.mark.parametrize("size", [3.0, 10.0])
@pytest.mark.parametrize("time", [0.15, 0.4, 1.0])
def test_rooms_have_their_reverberation_time(time, size, rate):
    for index in range(3):
        response = simulate_room(index, (time, time), (size, size), (1.0, 1.0), 0, rate)
        assert decay_time(response, rate) == pytest.approx(time, rel=0.2)
        assert len(response) == round(time * rate)


@pytest.mark.parametrize("rate", [8000, 16000])
def test_the_direct_sound_comes_first_and_is_found(rate):
    # In the middle of two walls, both echoes coincide, and are louder than the direct sound.
    speaker, microphone = np.array([1, 1.1, 1.2]), np.array([3, 1.1, 1.2])
    early, end = early_echoes(0.5, np.array([5.0, 4.0, 3.0]), speaker, microphone, rate)
    delay = np.argmax(np.abs(early)) - 40  # pyroomacoustics adds half a filter
    assert delay == pytest.approx(2 / 343 * rate, abs=1)
    assert 0.05 < (end - 40) / rate < 0.2
    for index in range(20):
        response = np.abs(simulate_room(index, (0.3, 0.3), (3.0, 10.0), (0.5, 0.5), 0, rate))
        assert np.argmax(response) <= 5


def test_noise_continues_the_decay_at_its_level():
    rng = np.random.default_rng(0)
    whole = rng.standard_normal(8000) * 10 ** (-3 * np.arange(8000) / 4000)
    joined = append_decay(whole[:2000], 0.5, RATE, rng)
    np.testing.assert_array_equal(joined[:2000], whole[:2000])
    assert len(joined) == 6000
    for piece in (slice(2000, 2500), slice(3000, 4000), slice(5000, 6000)):
        assert decibels(joined[piece], whole[piece]) == pytest.approx(0, abs=1.5)


def test_rooms_are_as_many_as_asked_for_and_the_same_each_time():
    def rooms(**settings):
        effect = Reverberate(**settings)
        return {run(effect, seed=seed).tobytes() for seed in range(25)}

    assert len(rooms(n_rooms=1)) == 1
    assert len(rooms(n_rooms=3)) == 3
    simulate_room.cache_clear()
    assert rooms(n_rooms=1) < rooms(n_rooms=3)
    assert not rooms(n_rooms=1, random_state=1) & rooms(n_rooms=3)


def test_many_rooms_are_kept(monkeypatch):
    simulate_room.cache_clear()
    simulated = []

    def record(*args):
        simulated.append(args)
        return np.r_[1.0, np.zeros(50)], 50

    monkeypatch.setattr("skxent.augmentation._rooms.early_echoes", record)
    for _ in range(2):
        for index in range(500):
            simulate_room(index, (0.05, 0.05), (3.0, 10.0), (0.5, 0.5), 0, RATE)
    simulate_room.cache_clear()
    assert len(simulated) == 500


def test_the_shortest_echo():
    for seed in range(5):
        shortest = Reverberate(reverberation_time=0.01, room_size=(2, 100), n_rooms=5)
        assert np.isfinite(run(shortest, seed=seed)).all()
    with pytest.raises(ValueError, match="'reverberation_time' parameter of Reverberate must be"):
        run(Reverberate(reverberation_time=1e-5))


def test_a_distant_speaker_has_more_echo():
    direct = [
        np.mean(
            [
                np.sum(response[:40] ** 2) / np.sum(response**2)
                for response in (
                    simulate_room(index, (0.5, 0.5), (6.0, 6.0), (distance, distance), 0, RATE)
                    for index in range(6)
                )
            ]
        )
        for distance in (0.3, 1.0, 3.0)
    ]
    assert direct[0] > 1.5 * direct[1] > 2 * direct[2]


def test_without_pyroomacoustics_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyroomacoustics", None)
    simulate_room.cache_clear()
    with pytest.raises(ImportError, match=r'pip install "skxent\[rooms\]"'):
        run(Reverberate())
    run(Reverberate(CLIP))
