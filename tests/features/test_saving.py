import copy
import os
import pathlib
import pickle

import joblib
import numpy as np
import pytest
import skops.io
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skxent import MFCCTransformer, SoftmaxClassifier
from skxent.features import DiskCache, MemoryCache
from tests.features.strategies import RATE


def through_skops(estimator):
    data = skops.io.dumps(estimator)
    return skops.io.loads(data, trusted=skops.io.get_untrusted_types(data=data))


def through_pickle(estimator):
    return pickle.loads(pickle.dumps(estimator))


def through_joblib(estimator, tmp_path):
    joblib.dump(estimator, tmp_path / "model.joblib")
    return joblib.load(tmp_path / "model.joblib")


FOLDERS = {"str": str, "path": pathlib.Path, "disk": DiskCache}


@pytest.mark.parametrize("kind", FOLDERS)
@pytest.mark.parametrize("existed", [True, False])
def test_a_file_of_skops_does_not_choose_where_to_write(tmp_path, paths, kind, existed):
    folder = tmp_path / "chosen"
    plain = MFCCTransformer(sample_rate=RATE)
    expected = plain.transform(paths)
    loaded = through_skops(clone(plain).set_params(cache=FOLDERS[kind](folder)))
    if existed:
        folder.mkdir()
    again = [loaded, clone(loaded), copy.deepcopy(loaded), copy.copy(loaded)]
    again += [through_pickle(loaded), through_skops(loaded), clone(through_pickle(loaded))]
    again += [MFCCTransformer(**loaded.get_params()), clone(plain).set_params(cache=loaded.cache)]
    for transformer in again:
        with pytest.warns(UserWarning, match=r"'.*chosen' of the cache comes from a model file"):
            np.testing.assert_array_equal(transformer.transform(paths), expected)
        with pytest.warns(UserWarning, match=r"set_params\(cache='.*chosen'\)"):
            transformer.fit_transform(paths)
    assert not list(tmp_path.rglob("*.frames"))
    assert folder.exists() == existed
    np.testing.assert_array_equal(loaded.cache, str(folder))
    np.testing.assert_array_equal(loaded.set_params(cache=str(folder)).transform(paths), expected)
    assert list(folder.glob("*.frames"))


def test_a_file_of_skops_may_ask_for_memory(paths):
    for cache in (None, "memory", MemoryCache(10**6)):
        loaded = through_skops(MFCCTransformer(sample_rate=RATE, cache=cache))
        assert repr(loaded.cache) == repr(cache)
        loaded.transform(paths)


def test_a_pipeline_loaded_by_skops_predicts_and_is_searched(tmp_path, paths, words):
    folder = tmp_path / "chosen"
    pipeline = make_pipeline(
        MFCCTransformer(sample_rate=RATE), StandardScaler(), SoftmaxClassifier(alpha=0.1)
    ).fit(paths, words)
    pipeline[0].set_params(cache=str(folder))
    loaded = through_skops(pipeline)
    with pytest.warns(UserWarning, match="comes from a model file"):
        np.testing.assert_array_equal(loaded.predict(paths), words)
    grid = {"mfcctransformer__n_segments": [1, 2]}
    with pytest.warns(UserWarning, match="comes from a model file"):
        GridSearchCV(loaded, grid, cv=2, error_score="raise").fit(paths, words)
    assert not folder.exists()


@pytest.mark.parametrize("kind", FOLDERS)
def test_copies_pickles_and_clones_keep_the_folder(tmp_path, paths, kind):
    transformer = MFCCTransformer(sample_rate=RATE, cache=FOLDERS[kind](tmp_path / "mine"))
    again = [clone(transformer), copy.copy(transformer), copy.deepcopy(transformer)]
    again += [through_pickle(transformer), through_joblib(transformer, tmp_path)]
    again += [pickle.loads(pickle.dumps(transformer, i)) for i in range(6)]
    for other in again:
        assert type(other.cache) is type(transformer.cache)
        assert other.cache == transformer.cache
        assert vars(other).keys() == vars(transformer).keys()
        other.transform(paths)
    assert list((tmp_path / "mine").glob("*.frames"))


def test_attributes_survive_a_pickle():
    X = np.random.default_rng(0).normal(size=(3, 400))
    transformer = MFCCTransformer(sample_rate=RATE).set_output(transform="pandas").fit(X)
    for other in (through_pickle(transformer), copy.deepcopy(transformer)):
        assert other.n_features_in_ == 400
        assert list(other.transform(X).columns) == list(transformer.transform(X).columns)


@pytest.mark.parametrize("kind", ["str", "disk"])
@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_a_search_in_processes_keeps_the_folder(tmp_path, paths, words, kind, backend):
    folder = tmp_path / "mine"
    pipeline = make_pipeline(
        MFCCTransformer(sample_rate=RATE, cache=FOLDERS[kind](folder)),
        SoftmaxClassifier(alpha=1.0),
    )
    grid = {"softmaxclassifier__alpha": [0.1, 1.0]}
    with joblib.parallel_config(backend, n_jobs=2):
        GridSearchCV(pipeline, grid, cv=2, refit=False, error_score="raise").fit(paths, words)
    assert list(folder.glob("*.frames"))


@pytest.mark.skipif(os.name != "posix", reason="the errors are others")
@pytest.mark.parametrize("through", [through_pickle, through_joblib])
def test_a_folder_that_cannot_be_made_elsewhere_warns(tmp_path, paths, words, through):
    """Saved by one, loaded by another whose disk has no such place."""
    place = tmp_path / "disk"
    pipeline = make_pipeline(
        MFCCTransformer(sample_rate=RATE, cache=place / "cache"), SoftmaxClassifier(alpha=0.1)
    ).fit(paths, words)
    args = (tmp_path,) if through is through_joblib else ()
    loaded = through(pipeline, *args)
    for path in sorted(place.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    place.rmdir()
    place.touch()
    with pytest.warns(UserWarning, match=r"cache .* can't be written to .* results are right") as w:
        np.testing.assert_array_equal(loaded.predict(paths), words)
    assert len(w) == 1
    np.testing.assert_array_equal(loaded.predict(paths), words)  # says so once
