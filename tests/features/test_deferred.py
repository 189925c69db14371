"""Deferred signals: taken like arrays, computed once, known to caches by their own keys."""

import pickle

import numpy as np
import pytest

from skxent import MFCCTransformer
from skxent.audio import Deferred, chunks, count_samples, load
from skxent.features import MemoryCache
from skxent.features._extraction import extract
from skxent.features._inputs import guess_size
from skxent.mfcc import design
from tests.features.strategies import RATE, int16_of, noise


class Counted(Deferred):
    """A signal that counts how often it is computed."""

    def __init__(self, signal, key=None, size=0):
        self.signal, self.key, self.size, self.n_calls = signal, key, size, 0

    def compute(self):
        self.n_calls += 1
        if isinstance(self.signal, Exception):
            raise self.signal
        return self.signal

    def guess_size(self):
        return self.size

    def cache_key(self):
        return self.key

    def __str__(self):
        return "the copy"


SIGNALS = [noise(3000), np.column_stack([noise(2000), noise(2000, 1)]), int16_of(noise(900))]


@pytest.mark.parametrize("signal", SIGNALS, ids=["mono", "stereo", "int16"])
@pytest.mark.parametrize("rate", [None, 16000])
def test_is_loaded_as_its_array(signal, rate):
    def clip_of(samples):
        return samples if rate is None else (rate, samples)

    deferred = Counted(signal)
    np.testing.assert_array_equal(load(clip_of(deferred), RATE), load(clip_of(signal), RATE))
    assert deferred.n_calls == 1
    pieces = list(chunks(clip_of(deferred), RATE, n_samples=100))
    np.testing.assert_array_equal(np.concatenate(pieces), load(clip_of(signal), RATE))
    assert deferred.n_calls == 2
    assert count_samples(clip_of(deferred), RATE) == count_samples(clip_of(signal), RATE)
    assert deferred.n_calls == 3


@pytest.mark.parametrize("cache", [None, "of its own"])
@pytest.mark.parametrize("size", [0, 3000, 1 << 25])
@pytest.mark.parametrize("key", [None, "a"])
def test_has_the_features_of_its_array_and_is_computed_once(cache, size, key):
    deferred = Counted(noise(3000), key, size)
    cache = cache and MemoryCache()
    transformer = MFCCTransformer(sample_rate=RATE, cache=cache)
    X = [noise(500, 1), (2 * RATE, deferred), noise(800, 2), deferred]
    expected = transformer.transform([X[0], (2 * RATE, noise(3000)), X[2], noise(3000)])
    np.testing.assert_array_equal(transformer.transform(X), expected)
    assert deferred.n_calls == 2


def test_a_long_one_is_computed_once():
    front_end = design(sample_rate=RATE)
    deferred = Counted(noise(30_000), size=30_000)
    cut, _ = extract({0: deferred}, front_end, long_samples=1000)
    whole, _ = extract({0: noise(30_000)}, front_end, long_samples=1000)
    np.testing.assert_array_equal(cut[0].frames, whole[0].frames)
    assert deferred.n_calls == 1


def test_a_cache_knows_it_by_its_key():
    cache = MemoryCache()
    transformer = MFCCTransformer(sample_rate=RATE, cache=cache)
    deferred = Counted(noise(3000), "a")
    first = transformer.transform([deferred])
    np.testing.assert_array_equal(transformer.transform([Counted(None, "a")]), first)
    # Another key, another rate, and other parameters are other frames.
    others = [Counted(noise(3000), "b"), (2 * RATE, Counted(noise(3000), "a"))]
    transformer.transform(others)
    MFCCTransformer(sample_rate=2 * RATE, cache=cache).transform([deferred])
    assert [others[0].n_calls, others[1][1].n_calls, deferred.n_calls] == [1, 1, 2]


def test_one_without_a_key_stays_out_of_caches():
    class Closed:
        def get(self, key):
            raise AssertionError("looked up")

        put = get

        def __deepcopy__(self, memo):
            return self

    deferred = Counted(noise(3000))
    transformer = MFCCTransformer(sample_rate=RATE, cache=Closed())
    transformer.transform([deferred])
    transformer.transform([(RATE, deferred)])
    assert deferred.n_calls == 2


@pytest.mark.parametrize("kind", [TypeError, ValueError])
def test_errors_name_it(kind):
    deferred = Counted(kind("no sound"))
    for clip in [deferred, (RATE, deferred)]:
        with pytest.raises(kind, match=r"^the copy: no sound$"):
            load(clip, RATE)
        with pytest.raises(kind, match=r"^the copy: no sound$"):
            MFCCTransformer(sample_rate=RATE).transform([noise(800), clip])
    transformer = MFCCTransformer(sample_rate=RATE, on_error="warn")
    with pytest.warns(UserWarning, match=r"1 of 2 clips can't be used, .*: the copy: no sound"):
        rows = transformer.transform([noise(800), deferred])
    assert np.isnan(rows).all(axis=1).tolist() == [False, True]
    with pytest.raises(ValueError, match=r"^the copy: must be finite, sample 1 is nan"):
        MFCCTransformer(sample_rate=RATE).transform([Counted(np.array([0.0, np.nan]))])


def test_numpy_takes_it():
    deferred = Counted(noise(5))
    assert np.asarray(deferred).dtype == "float32"
    assert np.asarray(deferred, "float64").dtype == "float64"
    assert np.shares_memory(np.asarray(deferred), deferred.signal)
    assert not np.shares_memory(np.array(deferred), deferred.signal)


def test_hints_are_optional_and_it_is_pickled():
    deferred = pickle.loads(pickle.dumps(Silence()))
    np.testing.assert_array_equal(deferred, np.zeros(800))
    assert (deferred.guess_size(), deferred.cache_key()) == (0, None)
    assert guess_size((RATE, Counted(None, size=7))) == 7
    with pytest.raises(ValueError, match="could not"):
        load(Numberless(), RATE)


class Silence(Deferred):
    __slots__ = ()

    def compute(self):
        return np.zeros(800)


class Numberless(Silence):
    def compute(self):
        raise ValueError("could not")
