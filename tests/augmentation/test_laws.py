"""What holds for all effects."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from skxent.augmentation import (
    AddNoise,
    BandLimit,
    ChangeGain,
    ChangeSpeed,
    Clipping,
    Reverberate,
    Shift,
)
from tests.augmentation.strategies import RATE, SEEDS, clips, other_tones

NOISE = np.random.default_rng(0).standard_normal(5000)
EFFECTS = {
    "own noise": AddNoise([NOISE, (16000, NOISE[:500])]),
    "named noise": AddNoise(["white", "pink", "brown", "babble"]),
    "BandLimit": BandLimit(),
    "ChangeGain": ChangeGain(),
    "ChangeSpeed": ChangeSpeed(),
    "Clipping": Clipping(),
    "own responses": Reverberate([NOISE[:100], (4000, NOISE[:50])]),
    "rooms": Reverberate(n_rooms=4),
    "Shift": Shift(),
}
all_effects = pytest.mark.parametrize("effect", EFFECTS.values(), ids=EFFECTS)


def run(effect, samples, seed=0):
    return effect(samples, RATE, np.random.default_rng(seed), other_tones)


@all_effects
@settings(max_examples=25)
@given(samples=clips(min_size=3), seed=SEEDS)
def test_a_clip_stays_a_clip_and_depends_on_the_seed_alone(effect, samples, seed):
    result = run(effect, samples, seed)  # samples can't be written to
    assert result.dtype == samples.dtype
    assert result.ndim == 1
    assert np.isfinite(result).all()
    assert effect.changes_length or len(result) == len(samples)
    np.testing.assert_array_equal(run(clone(effect), samples, seed), result)


@all_effects
@settings(max_examples=25)
@given(samples=clips(min_size=3), seed=SEEDS, exponent=st.integers(-8, 8))
def test_the_effect_of_a_louder_clip_is_louder(effect, samples, seed, exponent):
    factor = 2.0**exponent
    expected = factor * run(effect, samples, seed)
    atol = 1e-5 * np.abs(expected).max()
    np.testing.assert_allclose(run(effect, factor * samples, seed), expected, atol=atol)


@all_effects
@settings(max_examples=25)
@given(samples=clips(min_size=3), seed=SEEDS)
def test_single_precision_hears_the_same(effect, samples, seed):
    expected = run(effect, samples.astype("float64"), seed)
    atol = 1e-4 * np.abs(expected).max()
    np.testing.assert_allclose(run(effect, samples.astype("float32"), seed), expected, atol=atol)


@all_effects
def test_silence_stays_silence_or_is_an_error(effect):
    for seed in range(5):
        if isinstance(effect, AddNoise):
            with pytest.raises(ValueError, match=r"^AddNoise: the clip is silent"):
                run(effect, np.zeros(100), seed)
        else:
            assert not run(effect, np.zeros(100), seed).any()


@all_effects
def test_seeds_differ(effect):
    samples = NOISE[:2000]
    assert len({run(effect, samples, seed).tobytes() for seed in range(10)}) > 1


@all_effects
def test_effects_are_pickled_and_shown(effect):
    samples = NOISE[:500]
    np.testing.assert_array_equal(
        run(pickle.loads(pickle.dumps(effect)), samples), run(effect, samples)
    )
    assert repr(type(effect)()) == f"{type(effect).__name__}()"


def test_settings_are_shown():
    assert repr(AddNoise("pink", snr=5)) == "AddNoise(noises='pink', snr=5)"
    assert clone(Shift()).set_params(before=1).get_params() == {"before": 1, "after": (0, 0.5)}


@pytest.mark.parametrize(
    ("samples", "fault"),
    [
        (np.zeros(0), "an empty array"),
        (np.zeros((2, 5)), "an array of shape"),
        (np.zeros(5, "int16"), "an array of int16"),
        (np.full(5, np.nan), "not finite: sample 0 is nan"),
        ([0.5], "a list"),
    ],
)
def test_what_is_no_clip_is_an_error_that_names_the_effect(samples, fault):
    with pytest.raises(ValueError, match=f"^Shift: was given .*{fault}"):
        run(Shift(), samples)


# Settings


@pytest.mark.parametrize(
    ("effect", "name"),
    [
        (AddNoise(snr=(20, 0)), "snr"),
        (AddNoise(snr=(0, np.inf)), "snr"),
        (AddNoise(snr=(0, 10, 20)), "snr"),
        (AddNoise(snr=np.nan), "snr"),
        (AddNoise(snr=-np.inf), "snr"),
        (AddNoise(snr="10"), "snr"),
        (AddNoise(noises=3), "noises"),
        (AddNoise(noises=None), "noises"),
        (BandLimit(fmin=0), "fmin"),
        (BandLimit(fmax=(3000, 2000)), "fmax"),
        (ChangeGain(gain=np.inf), "gain"),
        (ChangeSpeed(factor=0), "factor"),
        (ChangeSpeed(factor=(0.5, 1000)), "factor"),
        (Clipping(overload=-1), "overload"),
        (Reverberate(responses=0.5), "responses"),
        (Reverberate(reverberation_time=0), "reverberation_time"),
        (Reverberate(room_size=(1, 3)), "room_size"),
        (Reverberate(distance=(3, 1)), "distance"),
        (Reverberate(n_rooms=0), "n_rooms"),
        (Reverberate(random_state=None), "random_state"),
        (Shift(before=-0.1), "before"),
        (Shift(after=(None, 1)), "after"),
    ],
)
def test_invalid_settings_are_errors_that_name_them_and_the_effect(effect, name):
    message = f"The '{name}' parameter of {type(effect).__name__} must be .* Got "
    with pytest.raises(ValueError, match=message):
        run(effect, NOISE)


def test_the_error_of_a_range_says_what_is_allowed():
    allowed = r"a float in the range \[0.0, 200.0\] or a range of two such, \(low, high\), with"
    with pytest.raises(ValueError, match=allowed):
        run(Clipping(overload=(3, 1)), NOISE)


def test_numbers_are_drawn_from_the_whole_range():
    rng = np.random.default_rng(0)
    ones = np.ones(1)
    gains = [20 * np.log10(ChangeGain(gain=[-6, 6])(ones, RATE, rng)[0]) for _ in range(100)]
    assert -6 <= min(gains) < -4
    assert 4 < max(gains) <= 6
    assert abs(np.mean(gains)) < 1
