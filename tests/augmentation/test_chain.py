import functools
import operator
import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given

from skxent.augmentation import AddNoise, ChangeGain, ChangeSpeed, Shift
from skxent.augmentation._chain import apply
from tests.augmentation.strategies import RATE, SEEDS, clips, other_tones, tone

CLIP = tone(440, 2000).astype("float32")


def rng_of(seed=0):
    return np.random.default_rng(seed)


# Effects in a row


@given(clips(), SEEDS)
def test_effects_are_applied_in_order_with_one_generator(samples, seed):
    effects = [Shift(), ChangeSpeed(), AddNoise("pink")]
    expected, rng = samples, rng_of(seed)
    for effect in effects:
        expected = effect(expected, RATE, rng)
    np.testing.assert_array_equal(apply(effects, samples, RATE, rng_of(seed)), expected)


@given(clips())
def test_without_effects_a_clip_is_copied(samples):
    result = apply([], samples, RATE, rng_of())
    np.testing.assert_array_equal(result, samples)
    assert result.dtype == samples.dtype
    assert not np.shares_memory(result, samples)


def write_to(samples, sample_rate, rng=None):
    samples *= 2
    return samples


@pytest.mark.parametrize("effect", [write_to, lambda samples, rate: write_to(samples, rate)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_an_effect_that_writes_to_its_argument_does_not_write_to_the_clip(effect, dtype):
    samples = CLIP.astype(dtype)
    result = apply([effect], samples, RATE, rng_of())
    np.testing.assert_array_equal(result, 2 * CLIP)
    np.testing.assert_array_equal(samples, CLIP)
    assert result.dtype == dtype


# What effects return

REFUSED = {
    "nothing (None), and not an array": lambda samples: None,
    "a list, and not an array": lambda samples: samples.tolist(),
    "an empty array": lambda samples: samples[:0],
    r"an array of shape (1, 2000), and not": lambda samples: samples[np.newaxis],
    "an array of int16, and not of floats": lambda samples: samples.astype("int16"),
    "an array of complex128, and not of floats": lambda samples: samples.astype("complex128"),
    "not finite: sample 7 is nan": lambda samples: np.where(np.arange(2000) < 7, samples, np.nan),
    "not finite: sample 0 is inf": lambda samples: samples + np.inf,
    "1999 samples for 2000; an effect that may": lambda samples: samples[1:],
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_no_clip_can_be_is_an_error_that_names_the_effect(message):
    class Strange:
        def __call__(self, samples, sample_rate):
            return REFUSED[message](samples)

    with pytest.raises(ValueError) as error:
        apply([ChangeGain(), Strange(), ChangeGain()], CLIP, RATE, rng_of())
    assert str(error.value).startswith("Strange: returned ")
    assert message in str(error.value)


def test_a_function_is_named_too():
    def forget(samples, sample_rate):
        pass

    with pytest.raises(ValueError, match="forget: returned nothing"):
        apply([forget], CLIP, RATE, rng_of())


def test_an_effect_that_may_return_another_length_says_so():
    def halve(samples, sample_rate):
        return samples[::2]

    halve.changes_length = True
    assert len(apply([halve], CLIP, RATE, rng_of())) == 1000


def test_results_of_other_floats_become_those_of_the_clip():
    for dtype in ("float16", "float32", "float64"):
        result = apply([lambda x, _, dtype=dtype: x.astype(dtype)], CLIP, RATE, rng_of())
        assert result.dtype == np.float32


def test_an_error_of_an_effect_has_a_note_that_names_it():
    def divide(by, samples, sample_rate):
        return 1 // by

    with pytest.raises(ZeroDivisionError) as error:
        apply([functools.partial(divide, 0)], CLIP, RATE, rng_of())
    assert error.value.__notes__ == ["The effect that raised this is divide."]


# What effects take


def with_rng(samples, sample_rate, rng=None):
    return samples * rng.uniform()


def with_third(samples, sample_rate, generator):
    return samples * generator.uniform()


def with_option(samples, sample_rate, gain=2.0):
    return samples * gain


def test_a_third_parameter_is_the_generator():
    for effect in (with_rng, with_third):
        result = apply([effect], CLIP, RATE, rng_of(3))
        np.testing.assert_array_equal(result, CLIP * rng_of(3).uniform())
    np.testing.assert_array_equal(apply([with_option], CLIP, RATE, rng_of()), CLIP * 2)


def test_functions_in_c_are_effects_with_and_without_a_signature():
    for multiply in (np.multiply, operator.mul):
        np.testing.assert_array_equal(apply([multiply], CLIP, 0.5, rng_of()), CLIP / 2)


def test_an_effect_that_needs_other_clips_is_given_them():
    def replace(samples, sample_rate, rng, others):
        return others(rng)[: len(samples)]

    replace.needs_others = True
    result = apply([replace], CLIP, RATE, rng_of(1), other_tones)
    np.testing.assert_allclose(result, other_tones(rng_of(1))[:2000], rtol=1e-6)


# Effects that draw from the global generators


def with_globals(samples, sample_rate):
    return samples * random.random() + np.random.standard_normal(len(samples))  # noqa: NPY002


def states():
    name, keys, *rest = np.random.get_state()  # noqa: NPY002
    return random.getstate(), name, keys.tolist(), rest


@given(clips(), SEEDS, SEEDS)
def test_plain_callables_draw_the_same_whatever_was_drawn_before(samples, seed, other):
    before = states()
    result = apply([with_globals], samples, RATE, rng_of(seed))
    assert states() == before
    random.seed(other)
    np.random.seed(other)  # noqa: NPY002
    before = states()
    np.testing.assert_array_equal(apply([with_globals], samples, RATE, rng_of(seed)), result)
    assert states() == before


def test_plain_callables_draw_anew_for_each_effect_and_clip():
    drawn = []

    def record(samples, sample_rate):
        drawn.extend([random.random(), np.random.random()])  # noqa: NPY002
        return samples

    rng = rng_of()
    for _ in range(3):
        apply([record, record], CLIP, RATE, rng)
    assert len(set(drawn)) == 12


def test_the_states_are_restored_after_an_error():
    def fail(samples, sample_rate):
        random.random()
        np.random.rand()  # noqa: NPY002
        raise RuntimeError

    before = states()
    with pytest.raises(RuntimeError):
        apply([fail], CLIP, RATE, rng_of())
    assert states() == before


def test_threads_do_not_disturb_each_other():
    def run(seed):
        return apply([with_globals], CLIP, RATE, rng_of(seed)).tobytes()

    expected = [run(seed) for seed in range(50)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(run, range(50))) == expected


@pytest.mark.parametrize("kind", [TypeError, ValueError])
def test_an_error_about_the_samples_names_the_effect(kind):
    def complain(samples, sample_rate):
        raise kind("too quiet")

    with pytest.raises(kind, match=r"^complain: too quiet$"):
        apply([complain], CLIP, RATE, rng_of())


def test_effects_that_name_themselves_are_named_once():
    with pytest.raises(ValueError, match=r"^AddNoise: the noise 'wite': "):
        apply([AddNoise("wite")], CLIP, RATE, rng_of())
    with pytest.raises(ValueError, match=r"^The 'gain' parameter of ChangeGain must"):
        apply([ChangeGain(gain="loud")], CLIP, RATE, rng_of())
