import collections
import os
import threading
import time
import warnings
from fractions import Fraction

import joblib
import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline

from skxent.features import DiskCache, MemoryCache
from skxent.features._cache import clip_key, get_or_compute, open_cache
from tests.features.strategies import frames_of, keys, run_in_threads, same_signal, signals

PARAMETERS = (8000, "psf", 0.025, None, ("kaiser", 8.6))


# Few values, and such as are spelled alike, so that equal ones and near misses are drawn.
texts = st.sampled_from(["None", "", "1", "a", "a,b", "'", np.str_("a"), "\udc80", "ü"])


numbers = st.sampled_from([0, -0.0, 1, 1.0, True, 2**60, 0.1, 0.5, Fraction(1, 2)])


scalars = st.none() | texts | numbers


parameters = st.recursive(scalars, lambda s: st.lists(s, max_size=3).map(tuple), max_leaves=4)


parameters = st.lists(parameters, max_size=3).map(tuple)


# Keys


@given(parameters, parameters)
@example((1, 2), ((1, 2),))
@example(("a", "b"), ("a','b",))
def test_keys_are_equal_where_the_parameters_are(one, other):
    clip = np.zeros(3)
    assert (clip_key(clip, one) == clip_key(clip, other)) == (one == other)


def test_key_does_not_depend_on_the_type_of_a_number():
    clip = np.zeros(3)
    for one, other in [(1, np.int64(1)), (1, np.float32(1)), (0.1, np.float64(0.1))]:
        assert clip_key(clip, (one, [other])) == clip_key(clip, (other, [one]))
    assert clip_key(clip, (0.1,)) != clip_key(clip, (np.float32(0.1),))


@given(signals, signals)
def test_keys_are_equal_where_the_signals_are(one, other):
    keys = clip_key(one, PARAMETERS), clip_key(other, PARAMETERS)
    assert (keys[0] == keys[1]) == same_signal(one, other)


@given(signals, st.data())
def test_one_changed_sample_changes_the_key(signal, data):
    assume(signal.size)
    changed = signal.copy()
    position = data.draw(st.integers(0, signal.size - 1))
    changed.flat[position] = 3 if changed.flat[position] != 3 else 4
    assert clip_key(changed, PARAMETERS) != clip_key(signal, PARAMETERS)


@given(signals)
def test_key_tells_types_and_shapes_of_the_same_bytes_apart(signal):
    key = clip_key(signal, PARAMETERS)
    assert clip_key(signal.view(f"V{signal.itemsize}"), PARAMETERS) is None
    assert clip_key(signal[np.newaxis], PARAMETERS) != key
    other = "<u2" if signal.itemsize == 2 else f"<i{signal.itemsize}"
    if signal.dtype != other:
        assert clip_key(signal.view(other), PARAMETERS) != key


@given(signals)
def test_views_have_the_keys_of_their_copies(signal):
    views = [signal[::-1], signal[::2], signal.T, np.asfortranarray(signal)]
    for view in [*views, np.repeat(signal, 3, axis=0)[::3]]:
        assert clip_key(view, PARAMETERS) == clip_key(view.copy(order="C"), PARAMETERS)
    before = signal.copy()
    clip_key(signal, PARAMETERS)
    assert same_signal(signal, before)


def test_key_depends_on_the_rate_of_a_pair():
    signal = np.arange(4, dtype=np.int16)
    clips = [signal, (8000, signal), (16000, signal), (8000.5, signal)]
    assert len({clip_key(clip, PARAMETERS) for clip in clips}) == 4
    for rate in [8000.0, np.int64(8000), np.float32(8000)]:
        assert clip_key((rate, signal), PARAMETERS) == clip_key(clips[1], PARAMETERS)


def test_lists_of_numbers_have_the_key_of_their_array():
    assert clip_key([0.5, 1.0], PARAMETERS) == clip_key(np.array([0.5, 1.0]), PARAMETERS)
    assert clip_key((8000, [1.0]), PARAMETERS) == clip_key((8000, np.array([1.0])), PARAMETERS)


def test_parameters_may_hold_lists_and_arrays():
    clip = np.zeros(3)
    tuples, arrays = ("general_cosine", (0.5, 1)), ("general_cosine", np.array([0.5, 1]))
    assert clip_key(clip, (arrays, 2)) == clip_key(clip, (tuples, 2))
    long = np.arange(2000.0)  # the repr of which leaves out what is in the middle
    assert clip_key(clip, (long,)) != clip_key(clip, (np.where(long == 1000, 0, long),))


@pytest.mark.parametrize(
    "wrong",
    [({"a": 1},), (object(),), (1j,), (np.float64,), ([{}],)],
    ids=["dict", "object", "complex", "type", "nested dict"],
)
def test_parameters_without_a_complete_spelling_are_refused(wrong):
    with pytest.raises(TypeError, match="parameters must consist of numbers"):
        clip_key(np.zeros(3), wrong)


@pytest.mark.parametrize(
    "clip",
    [
        None,
        "none.wav",
        "nul\0.wav",
        os.curdir,
        {"a": 1},
        ["a"],
        [[1.0], [1.0, 2.0]],
        5.0,
        np.zeros((2, 2, 2)),
        np.array([True]),
        np.array([1j]),
        (8000,),
        ("8000", [1.0]),
        (8000, "none.wav"),
        (8000, None),
        [1, 2],  # of integers, only an array tells the range
        (8000, [1, 2]),
    ],
    ids=repr,
)
def test_what_is_no_clip_has_no_key(clip):
    assert clip_key(clip, PARAMETERS) is None


def test_many_clips_have_their_keys_in_no_time():
    clips = frames_of(0, (300, 3500)).astype(np.float32)
    seconds = []
    for _ in range(10):
        start = time.perf_counter()
        for clip in clips:
            clip_key(clip, PARAMETERS)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.05  # some 5 ms where nothing else runs


# Keys of files


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "clip.wav"
    path.write_bytes(b"abc")
    os.utime(path, ns=(10**18, 10**18))
    return path


def test_every_form_of_a_path_has_the_same_key(path, monkeypatch):
    key = clip_key(path, PARAMETERS)
    monkeypatch.chdir(path.parent)
    assert clip_key(str(path), PARAMETERS) == key
    assert clip_key("clip.wav", PARAMETERS) == key
    assert clip_key(os.path.join(os.curdir, "clip.wav"), PARAMETERS) == key
    assert clip_key(path, (16000, *PARAMETERS[1:])) != key


def test_changed_file_is_seen(path):
    key = clip_key(path, PARAMETERS)
    os.utime(path, ns=(10**18, 10**18 + 1000))
    touched = clip_key(path, PARAMETERS)
    path.write_bytes(b"abcd")
    os.utime(path, ns=(10**18, 10**18))
    longer = clip_key(path, PARAMETERS)
    assert len({key, touched, longer}) == 3
    path.unlink()
    assert clip_key(path, PARAMETERS) is None


def test_copy_of_a_file_has_a_key_of_its_own(path):
    other = path.with_name("other.wav")
    other.write_bytes(path.read_bytes())
    os.utime(other, ns=(10**18, 10**18))
    assert clip_key(other, PARAMETERS) != clip_key(path, PARAMETERS)


@pytest.mark.skipif(os.name != "posix", reason="file names are bytes on POSIX only")
def test_file_name_that_is_no_text_has_a_key(tmp_path):
    name = os.path.join(os.fsencode(tmp_path), b"\xff.wav")
    try:
        with open(name, "wb"):
            pass
    except OSError:
        pytest.skip("the file system wants text")
    assert clip_key(os.fsdecode(name), PARAMETERS) is not None


# What the parameter of an estimator stands for


class OwnCache(dict):
    put = dict.__setitem__
    location = None  # what has get and put is a cache, whatever else it has


def test_forms_of_the_parameter(tmp_path):
    assert open_cache(None) is None
    assert open_cache("memory") is open_cache("memory")
    assert (
        open_cache(tmp_path / "a") == open_cache(str(tmp_path / "a")) == DiskCache(tmp_path / "a")
    )
    own = OwnCache()
    for cache in [MemoryCache(), DiskCache(tmp_path), own]:
        assert open_cache(cache) is cache


def test_a_joblib_memory_is_refused_with_a_hint(tmp_path):
    with pytest.raises(TypeError, match=r"got Memory.*; of a .* give .* cache=memory.location"):
        open_cache(joblib.Memory(tmp_path, verbose=0))


@pytest.mark.parametrize(
    "wrong",
    [True, 5, b"cache", {}, [], MemoryCache, object()],
    ids=["True", "5", "bytes", "dict", "list", "class", "object"],
)
def test_other_forms_of_the_parameter_are_refused(wrong):
    with pytest.raises(TypeError, match="cache must be None, 'memory', the path of a folder"):
        open_cache(wrong)


# Taken or computed


class Counter:
    """Computes frames that tell their key, and counts how often."""

    def __init__(self, keys):
        self.keys = keys
        self.counts = collections.Counter()

    def __call__(self, positions):
        for position in positions:
            self.counts[self.keys[position]] += 1
            yield np.full(2, ord(self.keys[position] or "-"))


@given(st.lists(st.lists(keys | st.none(), max_size=8), max_size=4), st.integers(1, 3))
def test_each_key_has_its_frames_and_is_computed_once(batches, n_kept):
    large, small = MemoryCache(), MemoryCache(16 * n_kept)
    seen = set()
    for batch in batches:
        for cache in (large, small):
            counter = Counter(batch)
            found = get_or_compute(cache, batch, counter)
            assert [frames[0] for frames in found] == [ord(key or "-") for key in batch]
            assert not any(frames.flags.writeable for frames in found)
            assert counter.counts.pop(None, 0) == batch.count(None)
            assert set(counter.counts.values()) <= {1}
            if cache is large:
                assert set(counter.counts) == set(batch) - {None} - seen
        seen |= set(batch)


def test_positions_are_asked_for_in_order():
    asked = []

    def compute(positions):
        asked.append(positions)
        return [np.zeros(1) for _ in positions]

    cache = MemoryCache()
    get_or_compute(cache, ["c"], compute)
    get_or_compute(cache, ["b", None, "c", "b", "a", None], compute)
    get_or_compute(cache, [], compute)
    assert asked == [[0], [0, 1, 4, 5]]


def test_a_failure_leaves_what_was_computed():
    cache = MemoryCache()

    def fail(positions):
        yield np.zeros(1)
        raise ValueError("clip 1 is broken")

    with pytest.raises(ValueError, match="clip 1 is broken"):
        get_or_compute(cache, ["a", "b"], fail)
    assert (cache.get("a") is None, cache.get("b") is None) == (False, True)
    with pytest.raises(ValueError, match="zip"):
        get_or_compute(cache, ["c", "d"], lambda positions: [np.zeros(1)])


def test_what_is_no_array_is_not_stored():
    cache = MemoryCache()
    keys, reasons = ["a", None, "a", "b"], iter(["first", "second", "third"])
    found = get_or_compute(cache, keys, lambda positions: [next(reasons) for _ in positions])
    assert found == ["first", "second", "first", "third"]
    assert len(cache) == 0
    assert get_or_compute(cache, ["a"], Counter("a"))[0] is cache.get("a")


@pytest.mark.parametrize("place", ["memory", "disk"])
def test_threads_get_the_frames_of_each_key(place, disk):
    cache = MemoryCache() if place == "memory" else disk
    counters = [Counter("abcdef"[i:] + "abcdef"[:i]) for i in range(6)]

    def work(i):
        found = get_or_compute(cache, list(counters[i].keys), counters[i])
        assert [frames[0] for frames in found] == [ord(key) for key in counters[i].keys]

    run_in_threads(6, work)
    total = sum((counter.counts for counter in counters), collections.Counter())
    assert total.keys() == set("abcdef")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_does_not_wait_for_the_threads_of_its_parent():
    cache, may_end = MemoryCache(), threading.Event()

    def work(i):
        if i:  # often holds the lock
            while not may_end.is_set():
                cache.put("b", np.zeros(1))
        else:
            try:
                assert [fork_and_use(cache) for _ in range(20)] == [0] * 20
            finally:
                may_end.set()

    run_in_threads(3, work)


def fork_and_use(cache):
    """Return the exit code of a child that uses the cache."""
    with warnings.catch_warnings():  # Python 3.12 warns of forks while threads run
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        status = 1
        try:
            (found,) = get_or_compute(cache, ["a"], Counter("a"))
            status = 0 if found[0] == ord("a") else 2
        finally:
            os._exit(status)
    end = time.monotonic() + 10
    while time.monotonic() < end:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return "blocked"


# A search


class Loader(TransformerMixin, BaseEstimator):
    """Reads numbers from files, as an estimator with a cache does it."""

    loaded = collections.Counter()  # noqa: RUF012, the estimator's clones share it

    def __init__(self, cache=None, power=1):
        self.cache = cache
        self.power = power

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        def load(positions):
            for i in positions:
                self.loaded[X[i].name] += 1
                time.sleep(0.001)
                yield np.loadtxt(X[i]) ** self.power

        names = [clip_key(path, (self.power,)) for path in X]
        return np.vstack(get_or_compute(open_cache(self.cache), names, load))


@pytest.fixture
def clips(tmp_path):
    paths = np.array([tmp_path / f"{i}.txt" for i in range(20)], dtype=object)
    for i, path in enumerate(paths):
        np.savetxt(path, [i % 2, i, 1.0])
    Loader.loaded.clear()
    return paths


@pytest.mark.parametrize(
    ("place", "n_threads"),
    [("memory", 1), ("memory", 3), ("limit", 3), ("disk", 1), ("disk", 3)],
)
def test_a_search_loads_each_file_once_or_once_in_each_thread(clips, tmp_path, place, n_threads):
    open_cache("memory").clear()
    cache = {
        "memory": "memory",
        "limit": MemoryCache(10**6),
        "disk": tmp_path / "cache",
    }[place]
    pipeline = Pipeline([("loader", Loader(cache)), ("classifier", GaussianNB())])
    grid = {"classifier__var_smoothing": np.geomspace(1e-9, 1e-3, 20)}
    with joblib.parallel_config("threading", n_jobs=n_threads):
        search = GridSearchCV(pipeline, grid, cv=5).fit(clips, np.arange(20) % 2)
    assert search.best_score_ == 1.0
    assert Loader.loaded.keys() == {path.name for path in clips}
    assert max(Loader.loaded.values()) <= n_threads


def test_clones_share_and_changes_are_seen(clips):
    cache = MemoryCache()
    loader = Loader(cache)
    twin = clone(loader)
    assert twin.cache is cache
    before = loader.transform(clips)
    np.testing.assert_array_equal(twin.transform(clips), before)
    assert Loader.loaded.total() == 20
    np.testing.assert_array_equal(clone(loader).set_params(power=2).transform(clips), before**2)
    assert Loader.loaded.total() == 40
    np.savetxt(clips[3], [7.0, 7.0, 7.0])
    os.utime(clips[3], ns=(10**18, 10**18))
    after = twin.transform(clips)
    assert Loader.loaded.total() == 41
    np.testing.assert_array_equal(after[3], 7.0)
    np.testing.assert_array_equal(np.delete(after, 3, axis=0), np.delete(before, 3, axis=0))
