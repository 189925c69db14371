import collections
import copy
import multiprocessing
import os
import pathlib
import pickle
import sys

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.base import clone

from skxent.features import DiskCache, MemoryCache
from skxent.features._cache import open_cache
from skxent.features._stores import warn_of_small_memory
from tests.features.strategies import frames_of, keys, run_in_threads, same_signal

# Memory


sizes = st.integers(0, 6)


@given(st.integers(1, 12), st.lists(st.tuples(keys, st.none() | sizes), max_size=30))
@example(2, [("a", 1), ("b", 1), ("a", None), ("c", 1), ("a", None), ("b", None)])
@example(2, [("a", 1), ("b", 1), ("a", 1), ("c", 1), ("a", None), ("b", None)])
@example(2, [("a", 1), ("a", 3), ("a", None)])
def test_memory_keeps_what_was_used_latest_up_to_its_size(max_floats, operations):
    cache, model = MemoryCache(8 * max_floats), collections.OrderedDict()
    hits = misses = 0
    for key, size in operations:
        if size is None:
            found, expected = cache.get(key), model.get(key)
            assert found is expected
            hits += expected is not None
            misses += expected is None
            if expected is not None:
                model.move_to_end(key)
        else:
            frames = np.zeros(size)
            cache.put(key, frames)
            model.pop(key, None)
            if size <= max_floats:
                model[key] = frames
            while sum(map(len, model.values())) > max_floats:
                model.popitem(last=False)
        assert cache.n_bytes == 8 * sum(map(len, model.values())) <= cache.max_bytes
        assert (len(cache), cache.hits, cache.misses) == (len(model), hits, misses)
    cache.clear()
    assert (len(cache), cache.n_bytes, cache.hits, cache.misses) == (0, 0, 0, 0)
    assert cache.get("a") is None


def test_memory_holds_arrays_without_copies_and_read_only():
    cache, frames = MemoryCache(), frames_of(0)
    cache.put("a", frames)
    assert cache.get("a") is frames
    with pytest.raises(ValueError, match="read-only"):
        frames[0] = 0


def test_memory_does_not_keep_the_base_of_a_view():
    cache, group = MemoryCache(), frames_of(0, (1000, 3))
    cache.put("a", group[:5])
    assert cache.get("a").base is None
    np.testing.assert_array_equal(cache.get("a"), group[:5])
    group[0] = 0  # is not the cache's
    assert cache.get("a")[0, 0] != 0


@pytest.mark.parametrize("wrong", [None, 1.5, "1", True, 1e9])
def test_size_of_memory_must_be_an_integer(wrong):
    with pytest.raises(TypeError, match=f"max_bytes must be an integer, got {wrong!r}"):
        MemoryCache(wrong)


def test_size_of_memory_must_be_positive():
    assert MemoryCache(np.int64(1)).max_bytes == 1
    with pytest.raises(ValueError, match="max_bytes must be at least 1, got 0"):
        MemoryCache(0)


def test_empty_memory_is_not_taken_for_none():
    assert MemoryCache()
    assert repr(MemoryCache(5)) == "MemoryCache(max_bytes=5)"


def hammer(cache, seed, n_rounds):
    """Put and get values that their key tells."""
    rng = np.random.default_rng(seed)
    for number in rng.integers(0, 20, n_rounds).tolist():
        cache.put(str(number), np.full(1 + number, number))
        for other in rng.integers(0, 20, 3).tolist():
            found = cache.get(str(other))
            if found is not None:
                np.testing.assert_array_equal(found, np.full(1 + other, other))


@pytest.fixture
def _frequent_switches():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_frequent_switches")
def test_threads_share_a_memory():
    cache = MemoryCache(8 * 50)
    run_in_threads(8, lambda i: hammer(cache, i, 100))
    assert cache.n_bytes == sum(array.nbytes for array in cache._arrays.values()) <= 400
    assert cache.hits + cache.misses == 8 * 100 * 3


# Copies, clones and pickles


@pytest.mark.parametrize("copy_of", [copy.deepcopy, lambda c: clone(c, safe=False)])
def test_deep_copies_of_a_memory_are_the_same(copy_of):
    cache = MemoryCache(100)
    assert copy_of(cache) is cache
    assert copy_of({"cache": [cache]})["cache"][0] is cache


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_of_a_memory_holds_its_size_alone(protocol):
    cache = MemoryCache(10**6)
    cache.put("a", np.zeros(10**4))
    data = pickle.dumps(cache, protocol)
    assert len(data) < 1000
    again = pickle.loads(data)
    assert (again.max_bytes, len(again)) == (10**6, 0)
    assert len(cache) == 1


@pytest.fixture(scope="module")
def workers():
    context = multiprocessing.get_context("spawn")
    pools = [context.Pool(1), context.Pool(1)]
    yield pools
    for pool in pools:
        pool.terminate()
        pool.join()


def test_memory_in_another_process(workers):
    cache = MemoryCache(12345)
    cache.put("a", np.zeros(2))
    for pool in workers:
        assert pool.apply(len, (cache,)) == 0
        assert pool.apply(repr, (cache,)) == "MemoryCache(max_bytes=12345)"
        # The cache of a process stays between tasks.
        assert pool.apply(put_into_shared, (np.ones(2),)) == 1
        np.testing.assert_array_equal(pool.apply(get_from_shared), 1.0)
    assert open_cache("memory").get("of a test") is None


def put_into_shared(frames):
    open_cache("memory").put("of a test", frames)
    return len(open_cache("memory"))


def get_from_shared():
    return open_cache("memory").get("of a test")


# Warnings of a memory that is too small


def test_a_memory_too_small_for_a_call_says_so_once():
    cache = MemoryCache(100)
    warn_of_small_memory(cache, 100, stacklevel=1)
    for other in (None, DiskCache("folder"), {}):
        warn_of_small_memory(other, 101, stacklevel=1)
    with pytest.warns(UserWarning, match="take 1,234 bytes, and the cache holds 100: ") as warned:
        warn_of_small_memory(cache, 1234, stacklevel=1)
    warn_of_small_memory(cache, 1235, stacklevel=1)
    assert warned[0].filename == __file__


# Disk


def files_in(folder):
    return [path for path in pathlib.Path(folder).rglob("*") if path.is_file()]


@given(
    frames=hnp.arrays(
        hnp.integer_dtypes() | hnp.floating_dtypes() | hnp.complex_number_dtypes(),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    ),
    transpose=st.booleans(),
)
def test_disk_gives_back_what_was_put(tmp_path_factory, frames, transpose):
    disk = DiskCache(tmp_path_factory.getbasetemp() / "given_back")
    frames = frames.T if transpose else frames
    disk.put("ab12", frames)
    found = disk.get("ab12")
    assert same_signal(found, frames)
    assert not found.flags.writeable
    assert found.flags.aligned


def test_many_at_once_are_as_one_by_one(disk):
    disk.put_many({"ab12": frames_of(0), "ab34": frames_of(1)})
    assert len(files_in(disk.folder)) == 1
    np.testing.assert_array_equal(disk.get("ab34"), frames_of(1))
    found = disk.get_many(["ab34", "ab56", "ab12"])
    assert found.keys() == {"ab12", "ab34"}
    np.testing.assert_array_equal(found["ab12"], frames_of(0))


def test_disk_is_there_for_others_of_the_same_folder(disk, monkeypatch):
    disk.put("ab12", frames_of(0))
    monkeypatch.chdir(os.path.dirname(disk.folder))
    for other in [DiskCache("cache"), copy.deepcopy(disk), pickle.loads(pickle.dumps(disk))]:
        assert other == disk
        assert hash(other) == hash(disk)
        np.testing.assert_array_equal(other.get("ab12"), frames_of(0))
    assert disk.get("ab13") is None
    assert disk != DiskCache(os.path.join(disk.folder, "other"))
    assert disk != disk.folder
    assert repr(disk) == f"DiskCache({disk.folder!r})"


def test_home_directory_is_understood(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert DiskCache("~/cache").folder == str(tmp_path / "cache")


def test_a_folder_is_made_when_something_is_put(disk):
    assert disk.get("ab12") is None
    pickle.loads(pickle.dumps(disk))
    assert not os.path.exists(disk.folder)
    disk.put("ab12", frames_of(0))
    assert os.path.isdir(disk.folder)


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_the_folder_must_have_a_name(name):
    with pytest.raises(ValueError, match="must have a name"):
        DiskCache(name)


@pytest.mark.skipif(os.name != "posix", reason="the errors are others")
@pytest.mark.parametrize("name", ["file", "file/inside", 300 * "a"])
def test_folder_that_cannot_be_made_is_named_once(tmp_path, name):
    (tmp_path / "file").touch()
    disk = DiskCache(tmp_path / name)
    assert disk.get("ab12") is None
    with pytest.warns(UserWarning, match=r"cache .* can't be written to .* results are right"):
        disk.put("ab12", frames_of(0))
    disk.put("ab12", frames_of(0))
    DiskCache(tmp_path / name).put("ab12", frames_of(0))
    assert disk.get("ab12") is None


def test_full_disk_is_named_once(disk, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail)
        with pytest.warns(UserWarning, match=r"cache .* No space left .* results are right"):
            disk.put("ab12", frames_of(1))
        disk.put("ab12", frames_of(1))
    assert files_in(disk.folder) == []
    disk.put("ab12", frames_of(1))
    np.testing.assert_array_equal(disk.get("ab12"), frames_of(1))


def test_disk_refuses_keys_and_arrays_that_are_none(disk):
    with pytest.raises(ValueError, match="letters and digits"):
        disk.put("../ab", frames_of(0))
    with pytest.raises(ValueError, match="must hold numbers"):
        disk.put("ab12", np.array([{}], dtype=object))
    assert files_in(os.path.dirname(disk.folder)) == []


def test_threads_share_a_disk(disk):
    run_in_threads(4, lambda i: hammer(disk, i, 20))
    assert {path.suffix for path in files_in(disk.folder)} == {".frames"}


def test_processes_share_a_disk(disk, workers):
    entries = [("ab12", np.full(1000 + i, i)) for i in range(40)]
    jobs = [
        pool.starmap_async(DiskCache.put, [(disk, key, frames) for key, frames in entries[i::2]])
        for i, pool in enumerate(workers)
    ]
    while not all(job.ready() for job in jobs):
        found = disk.get("ab12")
        if found is not None:
            np.testing.assert_array_equal(found, np.full(1000 + found[0], found[0]))
    for job in jobs:
        job.get()
    assert disk.get("ab12")[0] in range(40)
    assert len(files_in(disk.folder)) == 2  # one of each process
