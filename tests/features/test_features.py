import functools
import os
import pickle
import shutil
import threading
import tracemalloc
import warnings
from copy import deepcopy
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import ThreadpoolController, threadpool_limits

from skxent import MFCCTransformer, SoftmaxClassifier
from skxent.features import DiskCache, MemoryCache
from skxent.features import _extraction as extraction
from skxent.features._cache import clip_key
from skxent.features._extraction import plan
from skxent.features._segments import segments_of
from skxent.mfcc import mfcc
from skxent.mfcc._front_end import shared_design
from tests.features.strategies import RATE, int16_of, noise
from tests.mfcc.oracles import assert_same_frames


@pytest.fixture
def loaded(monkeypatch):
    """The clips that were loaded, in order; safe to count in threads."""
    clips, lock, load = [], threading.Lock(), extraction.load

    def count(clip, *args, **kwargs):
        with lock:
            clips.append(clip)
        return load(clip, *args, **kwargs)

    monkeypatch.setattr(extraction, "load", count)
    return clips


def search_rates(cache, paths, words, n_rates=20):
    pipeline = make_pipeline(
        MFCCTransformer(sample_rate=RATE, deltas=1, cache=cache),
        StandardScaler(),
        SoftmaxClassifier(solver="gd", max_iter=5, tol=0.1, alpha=0.1),
    )
    search = GridSearchCV(
        pipeline,
        {"softmaxclassifier__learning_rate": np.geomspace(0.01, 0.1, n_rates)},
        cv=KFold(5, shuffle=True, random_state=0),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return search.fit(paths, words)


# Nothing is computed twice


def test_a_search_loads_each_file_once(paths, words, loaded):
    cached = search_rates(MemoryCache(), paths, words)
    assert sorted(loaded) == paths
    plain = search_rates(None, paths, words, n_rates=20)
    np.testing.assert_array_equal(
        cached.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"]
    )


def test_a_cache_on_disk_serves_the_next_process(tmp_path, paths, loaded):
    folder = tmp_path / "cache"
    first = MFCCTransformer(sample_rate=RATE, cache=folder).transform(paths)
    assert len(loaded) == len(paths)
    again = MFCCTransformer(sample_rate=RATE, cache=str(folder)).transform(paths)
    assert len(loaded) == len(paths)
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize(
    ("changed", "is_computed_anew"),
    [
        ({"n_mels": 30}, True),
        ({"convention": "kaldi"}, True),
        ({"dtype": "float64"}, True),
        ({"deltas": 2}, False),
        ({"pooling": "statistics", "n_segments": 3}, False),
        ({"pooling": None}, False),
        ({"features": "log_mel"}, True),
        ({"n_fft": 512}, True),
        ({"preemphasis": 0.9}, True),
        ({"window": "hamming"}, True),
        ({"lifter": 0}, True),
        ({"fmax": 3900.0}, True),
        ({"frame_step": 0.0125}, True),
        ({"sample_rate": 8001}, True),
        ({"normalize": "mean_std"}, False),
        ({"trim": 35.0}, False),
    ],
)
def test_settings_that_frames_do_not_depend_on_leave_the_cache_valid(
    paths, loaded, changed, is_computed_anew
):
    transformer = MFCCTransformer(sample_rate=RATE, cache=MemoryCache())
    transformer.transform(paths)
    loaded.clear()
    clone(transformer).set_params(**changed).transform(paths)
    assert bool(loaded) == is_computed_anew


@pytest.mark.parametrize(
    ("settings", "same"),
    [
        ({}, {"n_mels": 26, "fmin": 0, "fmax": RATE / 2, "lifter": 22.0, "n_fft": 256}),
        ({}, {"window": "rectangular", "preemphasis": np.float64(0.97), "frame_length": 0.02501}),
        ({"convention": "kaldi"}, {"convention": "kaldi", "window": "povey", "fmin": 20}),
        ({"n_mels": 20, "lifter": 0}, {"n_mels": np.int64(20), "lifter": 0.0}),
    ],
)
def test_settings_that_come_to_the_same_share_entries(paths, loaded, settings, same):
    transformer = MFCCTransformer(sample_rate=RATE, cache=MemoryCache(), **settings)
    expected = transformer.transform(paths)
    loaded.clear()
    np.testing.assert_array_equal(clone(transformer).set_params(**same).transform(paths), expected)
    assert not loaded


def test_settings_of_the_cepstrum_are_of_no_matter_to_log_mel_frames(paths, loaded):
    transformer = MFCCTransformer(sample_rate=RATE, features="log_mel", cache=MemoryCache())
    transformer.transform(paths)
    loaded.clear()
    clone(transformer).set_params(n_mfcc=5, lifter=0).transform(paths)
    assert not loaded


# Batches


def test_a_changed_file_is_seen(paths, loaded):
    transformer = MFCCTransformer(sample_rate=RATE, cache=MemoryCache())
    before = transformer.transform(paths)
    soundfile.write(paths[3], noise(4000, seed=99), RATE)
    loaded.clear()
    after = transformer.transform(paths)
    assert loaded == [paths[3]]
    changed = (before != after).any(axis=1)
    assert changed.nonzero()[0].tolist() == [3]


@pytest.mark.parametrize("n_clips", [1, 20])
def test_what_is_written_into_results_is_not_in_the_cache(paths, n_clips):
    paths = paths[:n_clips]
    transformer = MFCCTransformer(sample_rate=RATE, pooling=None, cache=MemoryCache())
    expected = [frames.copy() for frames in transformer.transform(paths)]
    for frames in transformer.transform(paths):
        assert frames.flags.writeable
        frames[:] = 0.0
    for frames, same in zip(transformer.transform(paths), expected, strict=True):
        np.testing.assert_array_equal(frames, same)


class OpenHandedCache(dict):
    """Gives out what it owns, to be written to."""

    def get(self, key):
        frames = super().get(key)
        return None if frames is None else frames.view()

    def put(self, key, frames):
        self[key] = frames.copy()

    def __deepcopy__(self, memo):
        return self


@pytest.mark.parametrize("n_clips", [1, 20])
def test_what_is_written_into_results_is_not_in_a_cache_that_allows_it(paths, n_clips):
    paths = paths[:n_clips]
    transformer = MFCCTransformer(sample_rate=RATE, pooling=None, cache=OpenHandedCache())
    expected = [frames.copy() for frames in transformer.transform(paths)]
    for frames in transformer.transform(paths):
        frames[:] = 0.0
    for frames, same in zip(transformer.transform(paths), expected, strict=True):
        np.testing.assert_array_equal(frames, same)


@given(
    sizes=st.lists(st.integers(1, 900), min_size=1, max_size=6),
    pooling=st.sampled_from([None, "mean", "statistics"]),
    deltas=st.integers(0, 2),
)
def test_cached_is_uncached(sizes, pooling, deltas):
    clips = [noise(size, seed=size) for size in sizes]  # equal sizes are equal clips
    plain = MFCCTransformer(sample_rate=RATE, pooling=pooling, deltas=deltas)
    cached = clone(plain).set_params(cache=MemoryCache())
    expected = plain.transform(clips)
    for _ in range(2):
        for row, same in zip(cached.transform(clips), expected, strict=True):
            assert_same_frames(row, same)


def test_a_cache_that_is_none_is_named(paths):
    with pytest.raises(TypeError, match="cache must be None, 'memory', the path"):
        MFCCTransformer(sample_rate=RATE, cache=3).transform(paths)


# Clips that can't be used


def test_unusable_clips_are_rows_of_nan_and_counted(paths, tmp_path):
    missing = str(tmp_path / "missing.wav")
    clips = [paths[0], missing, np.array([0.0, np.nan]), paths[1], []]
    transformer = MFCCTransformer(sample_rate=RATE, on_error="warn")
    message = (
        r"3 of 5 clips can't be used, and are NaN: clip 1 \(.*missing.wav\): no such file; "
        r"clip 2: must be finite.*; clip 4: empty"
    )
    with pytest.warns(UserWarning, match=message):
        features = transformer.transform(clips)
    np.testing.assert_array_equal(np.isnan(features).any(axis=1), [0, 1, 1, 0, 1])
    np.testing.assert_array_equal(np.isnan(features).all(axis=1), [0, 1, 1, 0, 1])
    assert_same_frames(features[[0, 3]].astype(np.float32), transformer.transform(paths[:2]))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "mixed"])
@pytest.mark.parametrize("pooling", ["mean", None])
@pytest.mark.parametrize("cache", [None, "fresh"])
@pytest.mark.parametrize("bad", [[0], [1, 2], [3], [0, 3], [0, 1, 2, 3]])
def test_an_unusable_clip_may_stand_anywhere_among_any_type(dtype, pooling, cache, bad):
    types = ["float64", "int16", "float32", "float64"] if dtype == "mixed" else [dtype] * 4
    clips = [(100 * noise(900, seed=i)).astype(types[i]) for i in range(4)]
    transformer = MFCCTransformer(sample_rate=RATE, pooling=pooling, on_error="warn")
    expected = transformer.transform(clips)
    for i in bad:
        clips[i] = []
    transformer.set_params(cache=cache and MemoryCache())
    with pytest.warns(UserWarning, match=f"{len(bad)} of 4 clips can't be used"):
        features = transformer.transform(clips)
    assert len(features) == 4
    for i in range(4):
        if i in bad:
            assert np.isnan(features[i]).all()
        else:
            assert_same_frames(features[i].astype(expected[i].dtype), expected[i])


@pytest.mark.parametrize("pooling", ["mean", None])
@pytest.mark.parametrize("n_good", [0, 2])
@pytest.mark.parametrize(
    ("dtype", "clip_dtype", "expected"),
    [
        (None, "float32", "float32"),
        ("float32", "float64", "float32"),
        ("float64", "float32", "float64"),
    ],
)
def test_unusable_clips_leave_the_precision_alone(pooling, n_good, dtype, clip_dtype, expected):
    clips = [*(noise(900, seed).astype(clip_dtype) for seed in range(n_good)), []]
    transformer = MFCCTransformer(sample_rate=RATE, pooling=pooling, dtype=dtype, on_error="warn")
    with pytest.warns(UserWarning, match="1 of .* clips can't be used"):
        features = transformer.transform(clips)
    assert {row.dtype.name for row in features} == {expected}


def test_a_row_of_a_matrix_that_is_not_finite_is_a_row_of_nan():
    matrix = np.stack([noise(900, seed=i) for i in range(3)])
    matrix[1, 5] = np.nan
    transformer = MFCCTransformer(sample_rate=RATE, on_error="warn").set_output(transform="pandas")
    with pytest.warns(UserWarning, match="1 of 3 clips .* clip 1: must be finite, sample 5 is nan"):
        features = transformer.fit_transform(matrix)
    assert features.isna().all(axis=1).tolist() == [False, True, False]
    assert features.isna().any(axis=1).tolist() == [False, True, False]
    with pytest.raises(ValueError, match="Input X contains NaN"):
        clone(transformer).set_params(on_error="raise").fit_transform(matrix)


@pytest.mark.parametrize("missing", [None, np.nan])
def test_a_missing_path_in_a_column_is_a_row_of_nan(paths, missing):
    table = pd.DataFrame({"path": pd.Series([missing, *paths[:2]], dtype=object)})
    columns_transformer = ColumnTransformer(
        [("sound", MFCCTransformer(sample_rate=RATE, on_error="warn"), ["path"])]
    )
    with pytest.warns(UserWarning, match="1 of 3 clips can't be used, and are NaN: clip 0: must"):
        features = columns_transformer.fit_transform(table)
    assert np.isnan(features).any(axis=1).tolist() == [True, False, False]


def test_every_broken_file_is_a_row_of_nan_that_is_named(paths, tmp_path):
    whole = Path(paths[0]).read_bytes()
    broken = {
        "none.wav": None,
        "empty.wav": b"",
        "text.wav": b"no sound " * 50,
        "header.wav": whole[:20],
        "cut.wav": whole[:-100],
    }
    for name, content in broken.items():
        if content is not None:
            (tmp_path / name).write_bytes(content)
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "link.wav").symlink_to(tmp_path / "none.wav")
    names = [*broken, "folder.wav", "link.wav"]
    clips = [paths[0], *(str(tmp_path / name) for name in names), paths[1]]
    transformer = MFCCTransformer(sample_rate=RATE, on_error="warn")
    with pytest.warns(UserWarning, match="7 of 9 clips can't be used"):
        features = transformer.transform(clips)
    assert np.isnan(features).all(axis=1).tolist() == [False, *[True] * 7, False]
    transformer.set_params(on_error="raise")
    for name in names:
        with pytest.raises(ValueError, match=rf"^clip 1 \(.*{name}\): "):
            transformer.transform([paths[0], str(tmp_path / name)])


def test_unusable_clips_are_not_kept_as_such(paths, tmp_path):
    late = str(tmp_path / "late.wav")
    transformer = MFCCTransformer(sample_rate=RATE, on_error="warn", cache=MemoryCache())
    with pytest.warns(UserWarning, match="1 of 2 clips"):
        transformer.transform([late, paths[0]])
    with pytest.raises(ValueError, match="clip 0"):
        clone(transformer).set_params(on_error="raise").transform([late, paths[0]])
    soundfile.write(late, noise(800), RATE)
    assert np.isfinite(transformer.transform([late, paths[0]])).all()


@pytest.mark.parametrize("clips", [[[]], [[], []]])
def test_without_pooling_an_unusable_clip_is_a_frame_of_nan(clips):
    transformer = MFCCTransformer(pooling=None, deltas=1, on_error="warn")
    with pytest.warns(UserWarning, match="can't be used"):
        features = transformer.transform(clips)
    for frames in features:
        assert frames.shape == (1, 26)
        assert np.isnan(frames).all()


# Long clips


@pytest.mark.parametrize("trim", [None, 35.0])
def test_a_long_clip_needs_little_beyond_its_features(trim):
    # A quarter of an hour at 16 kHz is 29 MB of int16, 58 MB of float32.
    signal = np.tile(int16_of(noise(160_000)), 90)
    transformer = MFCCTransformer(sample_rate=16000, trim=trim)
    transformer.transform([signal[:100_000]])
    tracemalloc.start()
    transformer.transform([(16000, signal)])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    frames = 4 * 13 * len(signal) / 160
    assert peak < frames + 16e6


# At home in scikit-learn


@pytest.mark.parametrize("n_jobs", [0, 1.5, "2"])
def test_no_number_of_threads_is_an_error(n_jobs):
    transformer = MFCCTransformer(sample_rate=8000, n_jobs=n_jobs)
    for method in (transformer.fit, transformer.fit_transform):
        with pytest.raises(ValueError, match=rf"'n_jobs' parameter .* Got {n_jobs!r} instead"):
            method([np.zeros(800)])


@pytest.mark.parametrize("n_jobs", [2, -1])
@pytest.mark.parametrize("cache", [None, "fresh"])
def test_threads_give_the_same(n_jobs, cache):
    clips = [noise((1 << 16) + 1000 * seed, seed) for seed in range(12)]
    assert len(plan(clips, 2)[1]) >= 8
    plain = MFCCTransformer(sample_rate=RATE, deltas=1)
    threaded = clone(plain).set_params(n_jobs=n_jobs, cache=cache and MemoryCache())
    assert_same_frames(threaded.transform(clips), plain.transform(clips))


class BlasThreads(MemoryCache):
    """Notes how many threads BLAS may use where frames are put in."""

    def __init__(self):
        super().__init__()
        self.noted = set()

    def put(self, key, frames):
        for library in ThreadpoolController().select(user_api="blas").info():
            self.noted.add(library["num_threads"])


def test_blas_has_one_thread_while_clips_are_computed(paths):
    cache = BlasThreads()
    with threadpool_limits(limits=2, user_api="blas"):
        MFCCTransformer(sample_rate=RATE, cache=cache).transform(paths)
    assert cache.noted == {1}


class NotedCache(MemoryCache):
    """Notes on disk which process puts what: what a process computes, it puts once."""

    def __init__(self, notes):
        super().__init__()
        self.notes = notes

    def put(self, key, frames):
        with open(os.path.join(self.notes, str(os.getpid())), "a") as file:
            file.write(f"{key}\n")
        super().put(key, frames)

    def __reduce__(self):
        return _noted_cache, (self.notes,)


@functools.cache
def _noted_cache(notes):
    return NotedCache(notes)


def test_a_search_in_processes_computes_each_file_once_in_each(tmp_path, paths, words):
    notes = tmp_path / "notes"
    notes.mkdir()
    pipeline = make_pipeline(
        MFCCTransformer(sample_rate=RATE, cache=_noted_cache(str(notes)), n_jobs=2),
        SoftmaxClassifier(alpha=1.0),
    )
    grid = {"softmaxclassifier__alpha": np.geomspace(0.1, 10.0, 4)}
    search = GridSearchCV(pipeline, grid, cv=KFold(5, shuffle=True, random_state=0), n_jobs=2)
    search.fit(paths, words)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    found = {file.name: file.read_text().split() for file in notes.iterdir()}
    assert found.keys() - {str(os.getpid())}
    for keys in found.values():
        assert len(keys) == len(set(keys)) <= len(paths)


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_a_search_in_threads_loads_each_file_once_in_each(paths, words, loaded, n_jobs):
    with joblib.parallel_config("threading", n_jobs=n_jobs):
        search_rates(MemoryCache(), paths, words, n_rates=4)
    assert set(loaded) == set(paths)
    assert max(map(loaded.count, paths)) <= n_jobs


@pytest.mark.parametrize("place", ["memory", "disk", "own"])
def test_copies_of_a_transformer_keep_its_cache(paths, tmp_path, loaded, place):
    cache = {"memory": "memory", "disk": tmp_path / "cache", "own": MemoryCache()}[place]
    transformer = MFCCTransformer(sample_rate=RATE, cache=cache)
    expected = transformer.fit_transform(paths)
    loaded.clear()
    for copy in (clone(transformer), deepcopy(transformer)):
        np.testing.assert_array_equal(copy.transform(paths), expected)
    assert not loaded
    unpickled = pickle.loads(pickle.dumps(transformer))
    np.testing.assert_array_equal(unpickled.transform(paths), expected)
    assert bool(loaded) == (place == "own")


def test_a_broken_entry_on_disk_is_computed_again(paths, tmp_path, loaded):
    folder = tmp_path / "cache"
    transformer = MFCCTransformer(sample_rate=RATE, cache=folder)
    expected = transformer.transform(paths)
    (segment,) = folder.iterdir()
    content = bytearray(segment.read_bytes())
    content[-50] ^= 1
    segment.write_bytes(content)
    loaded.clear()
    assert_same_frames(transformer.transform(paths), expected)
    assert loaded == paths[-1:]
    assert_same_frames(transformer.transform(paths), expected)
    assert len(loaded) == 1


@given(st.data())
def test_whatever_happens_to_the_files_of_a_cache_the_features_are_right(tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp() / "mutated_cache"
    shutil.rmtree(folder, ignore_errors=True)
    clips = [noise(600 + 50 * i, seed=i) for i in range(6)]
    plain = MFCCTransformer(sample_rate=RATE)
    transformer = clone(plain).set_params(cache=folder)
    transformer.transform(clips[:3])
    transformer.transform(clips)
    for segment in sorted(folder.iterdir()):
        content = bytearray(segment.read_bytes())
        position = data.draw(st.integers(0, len(content) - 1))
        content[position : position + data.draw(st.integers(0, 4))] = data.draw(
            st.binary(max_size=4)
        )
        segment.write_bytes(content)
    if data.draw(st.booleans()):
        segments_of.cache_clear()  # as in another process
    assert_same_frames(transformer.transform(clips), plain.transform(clips))


@pytest.mark.parametrize(
    "frames",
    [
        np.zeros((40, 13), np.float32),  # without levels
        np.zeros(40, np.float32),
        np.zeros((40, 14), np.int32),
        np.zeros((40, 14), np.float16),
        np.zeros((40, 14), np.complex64),
        np.zeros((40, 14), ">f4"),
        np.zeros((0, 14), np.float32),
        np.zeros((40, 14), np.float64),
    ],
    ids=lambda frames: f"{frames.dtype.str}{frames.shape}",
)
@pytest.mark.parametrize("place", ["disk", "own"])
def test_entries_that_cannot_be_the_frames_are_computed_again(tmp_path, frames, place):
    clip = noise(2000)
    front_end = shared_design(sample_rate=RATE).with_levels()
    key = clip_key(clip, (front_end.fingerprint, "float32"))
    cache = DiskCache(tmp_path) if place == "disk" else OpenHandedCache()
    cache.put(key, frames)
    transformer = MFCCTransformer(sample_rate=RATE, dtype="float32", pooling=None)
    (expected,) = transformer.transform([clip])
    (found,) = transformer.set_params(cache=cache).transform([clip])
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(cache.get(key)[:, :-1], expected)


def test_what_an_own_cache_gives_instead_of_frames_is_computed_again(paths):
    class OwnCache(dict):
        put = dict.__setitem__

    transformer = MFCCTransformer(sample_rate=RATE, cache=OwnCache())
    expected = transformer.transform(paths)
    nan = np.full((3, 13), np.nan, np.float32)
    wrongs = ["frames", [1.0], 0, object(), nan, nan[:, :5], np.zeros((0, 13), np.float32)]
    for key, wrong in zip(list(transformer.cache), wrongs, strict=False):
        transformer.cache[key] = wrong
    np.testing.assert_array_equal(transformer.transform(paths), expected)


@pytest.mark.parametrize("method", ["transform", "fit_transform"])
def test_a_memory_too_small_for_a_pass_says_so_once(paths, method):
    transformer = MFCCTransformer(sample_rate=RATE, cache=MemoryCache(100))
    with pytest.warns(UserWarning, match="frames of these clips take .* cache holds 100"):
        getattr(transformer, method)(paths)
    transformer.transform(paths)
    clone(transformer).transform(paths)
    MFCCTransformer(sample_rate=RATE, cache=MemoryCache(10**6)).transform(paths)


def test_a_pass_over_disk_takes_few_files(tmp_path, loaded):
    clips = [noise(1000, seed=i) for i in range(200)]
    transformer = MFCCTransformer(sample_rate=RATE, cache=tmp_path / "cache")
    expected = transformer.transform(clips)
    assert len(list((tmp_path / "cache").iterdir())) == 1
    for clip in clips[:20]:  # of other settings, one by one
        clone(transformer).set_params(n_mfcc=5).transform([clip])
    assert len(list((tmp_path / "cache").iterdir())) <= 2
    loaded.clear()
    np.testing.assert_array_equal(transformer.transform(clips[::-1])[::-1], expected)
    assert not loaded


@pytest.mark.parametrize("columns", ["path", ["path"]])
@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame])
def test_a_column_of_paths_in_a_column_transformer(paths, frame, columns):
    table = frame({"path": paths, "age": np.arange(20.0)})
    transformer = MFCCTransformer(sample_rate=RATE)
    columns_transformer = ColumnTransformer(
        [("sound", transformer, columns), ("rest", "passthrough", ["age"])]
    )
    features = columns_transformer.fit_transform(table)
    np.testing.assert_array_equal(features[:, :-1], transformer.transform(paths))
    names = columns_transformer.get_feature_names_out()
    assert names[0] == "sound__mfcc0_mean"


def test_a_union_of_features(paths):
    union = FeatureUnion(
        [
            ("mfcc", MFCCTransformer(sample_rate=RATE)),
            ("mel", MFCCTransformer(sample_rate=RATE, features="log_mel", pooling="mean")),
        ]
    ).set_output(transform="pandas")
    features = union.fit_transform(paths)
    assert features.columns[0] == "mfcc__mfcc0_mean"
    assert features.columns[-1] == "mel__log_mel25_mean"


class Tasks:
    """A callback that notes the tasks that begin and end."""

    def __init__(self):
        self.begun, self.ended = [], []

    def setup(self, estimator, context):
        pass

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        self.begun.append((context.task_name, context.max_subtasks))

    def on_fit_task_end(self, estimator, context):
        self.ended.append(context.task_name)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_progress_is_reported_over_batches_of_clips(n_jobs):
    clips = [noise((1 << 19) + 1, seed) for seed in range(3)]
    tasks = Tasks()
    transformer = MFCCTransformer(sample_rate=RATE, n_jobs=n_jobs).set_callbacks(tasks)
    features = transformer.fit_transform(clips)
    assert tasks.begun == [("fit", 3), *[("clips", 0)] * 3]
    assert tasks.ended == [*["clips"] * 3, "fit"]
    np.testing.assert_array_equal(features, clone(transformer).transform(clips))


def test_a_progress_bar_in_a_pipeline(paths, words, capsys):
    from sklearn.callback import ProgressBar

    pipeline = make_pipeline(MFCCTransformer(sample_rate=RATE), SoftmaxClassifier(alpha=1.0))
    with warnings.catch_warnings():
        # The classifier at the end has no callbacks to hand the bar to.
        warnings.filterwarnings("ignore", ".*does not support callbacks")
        pipeline.set_callbacks(ProgressBar()).fit(paths, words)
    assert "MFCCTransformer" in capsys.readouterr().out


def test_html_shows_the_parameters():
    html = MFCCTransformer(convention="kaldi")._repr_html_()
    assert "MFCCTransformer" in html
    assert "kaldi" in html


def test_frames_are_those_of_the_function(paths):
    settings = {"convention": "librosa", "n_mels": 30}
    transformer = MFCCTransformer(sample_rate=RATE, pooling=None, dtype="float64", **settings)
    signal, _ = soundfile.read(paths[0])
    np.testing.assert_allclose(
        transformer.transform(paths)[0], mfcc(signal, RATE, **settings), rtol=0, atol=1e-9
    )
