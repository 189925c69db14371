"""Conventions of one's own in a transformer, a search, a cache and a file."""

import pickle

import numpy as np
import pytest
import skops.io
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skxent import MFCCTransformer
from skxent.features import MemoryCache
from skxent.mfcc import CONVENTIONS, Convention, mfcc
from tests.features.strategies import RATE
from tests.mfcc.strategies import CHANGED

CLIPS = [np.random.default_rng(seed).normal(size=2000 + 100 * seed) for seed in range(6)]


@pytest.mark.parametrize("convention", CHANGED)
def test_a_convention_of_ones_own_is_that_of_the_function(convention):
    settings = {"convention": convention, "n_mels": 20}
    frames = MFCCTransformer(sample_rate=RATE, pooling=None, **settings).transform(CLIPS)
    for clip, found in zip(CLIPS, frames, strict=True):
        np.testing.assert_array_equal(found, mfcc(clip, RATE, **settings))


@pytest.mark.parametrize("convention", CHANGED)
def test_a_long_recording_has_the_frames_of_a_short_one(convention):
    signal = np.random.default_rng(0).normal(scale=0.1, size=(1 << 22) + 4321).astype(np.float32)
    transformer = MFCCTransformer(
        sample_rate=RATE, convention=convention, n_mels=20, pooling=None, frame_step=0.05
    )
    (frames,) = transformer.transform([signal])
    expected = mfcc(signal, RATE, convention=convention, n_mels=20, frame_step=0.05)
    np.testing.assert_array_equal(frames, expected)


def test_a_copy_has_the_convention():
    transformer = MFCCTransformer(sample_rate=RATE, convention=CHANGED[3])
    expected = transformer.transform(CLIPS)
    for copy in (clone(transformer), pickle.loads(pickle.dumps(transformer))):
        assert copy.convention == CHANGED[3]
        np.testing.assert_array_equal(copy.transform(CLIPS), expected)


def test_a_file_of_skops_has_the_convention():
    transformer = MFCCTransformer(sample_rate=RATE, convention=CHANGED[3])
    stored = skops.io.dumps(transformer)
    trusted = skops.io.get_untrusted_types(data=stored)
    again = skops.io.loads(stored, trusted=trusted)
    assert isinstance(again.convention, Convention)
    np.testing.assert_array_equal(again.transform(CLIPS), transformer.transform(CLIPS))


def test_conventions_are_searched_over():
    grid = {"mfcctransformer__convention": ["psf", *CHANGED[:2]]}
    pipeline = make_pipeline(MFCCTransformer(sample_rate=RATE, n_mels=20), LogisticRegression())
    search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(CLIPS, list("ababab"))
    assert len(search.cv_results_["params"]) == 3


def test_a_cache_tells_conventions_apart():
    cache = MemoryCache()
    for convention in ["psf", *CHANGED]:
        settings = {"sample_rate": RATE, "convention": convention, "n_mels": 20}
        plain, cached = MFCCTransformer(**settings), MFCCTransformer(**settings, cache=cache)
        for _ in range(2):
            np.testing.assert_array_equal(cached.transform(CLIPS), plain.transform(CLIPS))


@pytest.mark.parametrize("convention", ["kaldy", {"scale": 1.0}, CONVENTIONS])
def test_what_is_no_convention_is_named(convention):
    with pytest.raises(ValueError, match="The 'convention' parameter of MFCCTransformer must be"):
        MFCCTransformer(convention=convention).fit(CLIPS)
