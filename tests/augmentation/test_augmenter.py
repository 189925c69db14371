"""AudioAugmenter: which copies there are, what belongs to them, and when they are the same."""

import os
import pickle
import tracemalloc

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from skxent import AudioAugmenter, MFCCTransformer
from skxent.audio import load
from skxent.augmentation import AddNoise, ChangeGain, ChangeSpeed, Shift
from skxent.augmentation._copies import key_of_effect
from skxent.features import MemoryCache
from tests.augmentation.clips import (
    RATE,
    Borrow,
    arrays_of,
    assert_same_clips,
    jitter,
    tone,
    tones,
)


def augmenter_of(effects=None, **settings):
    effects = AddNoise() if effects is None else effects
    return AudioAugmenter(effects, **{"sample_rate": RATE, "random_state": 0} | settings)


def copies_of(clips, augmenter, **aligned):
    """Return the samples of the copies alone, one row of clips for each number."""
    augmenter = clone(augmenter).set_params(keep_original=False)
    X, *_ = augmenter.fit_resample(clips, range(len(clips)), **aligned)
    return arrays_of(X)


# Which copies, and what belongs to them.


@settings(max_examples=25)
@given(n_clips=st.integers(1, 5), n_copies=st.integers(0, 3), keep=st.booleans())
def test_everything_is_resampled_alike(n_clips, n_copies, keep):
    augmenter = augmenter_of(n_copies=n_copies, keep_original=keep)
    clips, numbers = tones(n_clips, 5), np.arange(n_clips)
    aligned = {"sample_weight": numbers / 2, "groups": [f"s{i}" for i in numbers], "nothing": None}
    if not (n_copies or keep):
        with pytest.raises(ValueError, match="n_copies=0 with keep_original=False"):
            augmenter.fit_resample(clips, numbers)
        return
    X, y, weights, groups, nothing = augmenter.fit_resample(clips, numbers, **aligned)
    # Oracle: an entry at a time.
    expected = [i for _ in range(n_copies + keep) for i in range(n_clips)]
    assert (y.tolist(), nothing) == (expected, None)
    assert weights.tolist() == [i / 2 for i in expected]
    assert groups == [f"s{i}" for i in expected]
    assert all(X[i] is clips[i] for i in range(n_clips * keep))
    for clip, number in zip(X[n_clips * keep :], expected[n_clips * keep :], strict=True):
        rate, copy = clip
        assert rate == RATE
        noise = np.asarray(copy, float) - clips[number]
        ratio = 10 * np.log10(np.mean(clips[number].astype(float) ** 2) / np.mean(noise**2))
        assert -0.1 <= ratio <= 20.1


def test_without_aligned_there_are_two():
    X, y = augmenter_of().fit_resample(tones(2), ["a", "b"])
    assert (len(X), y) == (4, ["a", "b", "a", "b"])


def files_of(clips, folder):
    paths = []
    for i, clip in enumerate(clips):
        paths.append(folder / f"{i}.wav")
        soundfile.write(paths[-1], clip, RATE, subtype="FLOAT")
    return paths


COLLECTIONS = {
    "list": list,
    "tuple": tuple,
    "matrix": np.array,
    "object array": lambda clips: np.fromiter(clips, object),
    "series": pd.Series,
    "column": lambda clips: pd.DataFrame({"clip": pd.Series(clips)}),
    "frame of rows": lambda clips: pd.DataFrame(np.array(clips)),
    "pairs": lambda clips: [(RATE, clip) for clip in clips],
}


@pytest.mark.parametrize("kind", COLLECTIONS)
def test_any_collection_of_clips(kind):
    clips = tones(3)
    X, _ = augmenter_of().fit_resample(COLLECTIONS[kind](clips), range(3))
    assert_same_clips(X[3:], copies_of(clips, augmenter_of()))
    assert_same_clips(X[:3], clips)


@pytest.mark.parametrize("kind", [list, pd.Series, pa.array, pl.Series, np.array])
def test_paths(tmp_path, kind):
    clips = tones(3)
    paths = kind([str(path) for path in files_of(clips, tmp_path)])
    X, _ = augmenter_of().fit_resample(paths, range(3))
    assert list(map(str, X[:3])) == list(map(str, paths))
    assert_same_clips(X[3:], copies_of(clips, augmenter_of()))


@pytest.mark.parametrize("kind", [list, np.array, pd.Series, pl.Series, pa.array, tuple])
def test_any_collection_of_labels(kind):
    _, y, again = augmenter_of().fit_resample(tones(2), kind(["a", "b"]), more=kind([1, 2]))
    assert np.asarray(y).tolist() == ["a", "b"] * 2
    assert np.asarray(again).tolist() == [1, 2] * 2
    if kind not in (tuple, pa.array):
        assert isinstance(y, type(kind(["a"])))


def test_distributions():
    targets = np.array([[0.2, 0.8], [1.0, 0.0]])
    _, y = augmenter_of().fit_resample(tones(2), targets)
    np.testing.assert_array_equal(y, np.vstack([targets, targets]))


def test_files_and_pairs_are_resampled_for_the_copies_alone():
    clips = [(2 * RATE, tone(0, 1600)), tone(1)]
    X, _ = augmenter_of(ChangeGain(gain=0)).fit_resample(clips, [0, 1])
    assert X[0] is clips[0]
    np.testing.assert_allclose(X[2][1], load(clips[0], RATE), rtol=1e-6)
    assert X[2][0] == RATE


def test_a_copy_has_the_precision_of_its_clip():
    clips = [tone(0), tone(0).astype(float), (tone(0) * 3e4).astype(np.int16)]
    kinds = [samples.dtype for samples in copies_of(clips, augmenter_of([jitter, AddNoise()]))]
    assert kinds == ["float32", "float64", "float32"]


def test_settings_may_change_before_a_copy_is_made():
    effect = ChangeGain(gain=0)
    X, _ = augmenter_of([effect]).fit_resample(tones(1), [0])
    effect.set_params(gain=40)
    np.testing.assert_array_equal(X[1][1], tone(0))


# When copies are the same.


@settings(max_examples=15)
@given(order=st.permutations(range(4)), n_copies=st.integers(1, 3), data=st.data())
def test_a_copy_depends_on_seed_number_and_clip_alone(order, n_copies, data):
    clips = tones(4, 200)
    effects = [AddNoise(["white", "pink"]), ChangeSpeed(), jitter]
    reference = copies_of(clips, augmenter_of(effects, n_copies=3))
    some = order[: data.draw(st.integers(1, 4))] * 2  # repeated
    copies = copies_of([clips[i] for i in some], augmenter_of(effects, n_copies=n_copies))
    numbers = [(number, i) for number in range(n_copies) for i in some]
    assert_same_clips(copies, [reference[4 * number + i] for number, i in numbers])


def test_seeds_numbers_and_clips_draw_anew():
    one, other = (copies_of(tones(2), augmenter_of(n_copies=2, random_state=i)) for i in (0, 1))
    same_level = AddNoise(snr=0)
    for a, b in [(one[0], one[2]), (one[0], other[0])]:
        assert not np.array_equal(a, b)
    noises = [
        copy - np.resize(clip, copy.shape)
        for copy, clip in zip(copies_of(tones(2), augmenter_of(same_level)), tones(2), strict=True)
    ]
    assert abs(np.corrcoef(*noises)[0, 1]) < 0.2


def test_the_form_of_a_clip_does_not_matter(tmp_path):
    [path] = files_of([tone(0)], tmp_path)
    forms = [tone(0), tone(0).astype(float), tone(0).astype(">f4"), (RATE, tone(0)), path]
    copies = copies_of(forms, augmenter_of())
    for copy in copies[1:]:
        np.testing.assert_allclose(copy, copies[0], rtol=1e-5, atol=1e-7)


def test_other_copies_in_each_call_without_a_seed():
    for random_state in [None, np.random.RandomState(0)]:
        augmenter = augmenter_of(keep_original=False, random_state=random_state)
        [one], [other] = (augmenter.fit_resample([tone(0)], [0])[0] for _ in range(2))
        assert not np.array_equal(one[1], other[1])
        np.testing.assert_array_equal(one[1], one[1])  # but a copy stays what it is
    first, second = (
        copies_of([tone(0)], augmenter_of(random_state=np.random.RandomState(3))) for _ in range(2)
    )
    assert_same_clips(first, second)


def test_copies_are_pickled_together():
    X, _ = augmenter_of(n_copies=3).fit_resample(tones(3), range(3))
    again = pickle.loads(pickle.dumps(X))
    assert_same_clips(again, X)
    assert again[4][1].source is again[9][1].source


# Features of copies, and what caches keep of them.


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_features_are_the_same_alone_and_together_cached_or_not(n_jobs):
    effects = [AddNoise(["white", "babble"]), ChangeSpeed(), Shift()]
    X, _ = augmenter_of(effects, n_copies=2).fit_resample(tones(4, 70_000), range(4))
    plain = MFCCTransformer(sample_rate=RATE)
    together = plain.transform(X)
    alone = np.vstack([plain.transform([clip]) for clip in X])
    np.testing.assert_allclose(alone, together, rtol=2e-5, atol=2e-5)
    cached = MFCCTransformer(sample_rate=RATE, cache=MemoryCache(), n_jobs=n_jobs)
    for _ in range(2):
        np.testing.assert_allclose(cached.transform(X), together, rtol=2e-5, atol=2e-5)


def n_kept(X, cache):
    """Return how many arrays a cache keeps after X went through a transformer."""

    class Counting:
        kept = cache

        def get(self, key):
            return self.kept.get(key)

        def put(self, key, frames):
            self.kept[key] = frames

        def __deepcopy__(self, memo):
            return self

    MFCCTransformer(sample_rate=RATE, cache=Counting()).transform(X)
    return len(cache)


def test_a_cache_knows_the_copies_of_a_seed_again():
    augmenter = augmenter_of([AddNoise(snr=10), ChangeGain()], n_copies=2, keep_original=False)
    clips, cache = tones(4), {}

    def add(some, **settings):
        changed = clone(augmenter).set_params(**settings)
        return n_kept(changed.fit_resample(some, range(len(some)))[0], cache)

    assert add(clips[:3]) == 6
    assert add([clips[2], clips[0]]) == 6  # another fold
    assert add(clips, n_copies=1) == 7
    for changes in [
        {"random_state": 1},
        {"addnoise__snr": 11},
        {"addnoise__noises": ["pink"]},
        {"effects": [ChangeGain(), AddNoise(snr=10)]},
        {"effects": ChangeGain()},
    ]:
        before = len(cache)
        assert add(clips[:1], **changes) == before + 2, changes


@pytest.mark.parametrize(
    "settings",
    [
        {"random_state": None},
        {"random_state": np.random.RandomState(0)},
        {"effects": [AddNoise(), jitter]},
        {"effects": [Borrow()]},
    ],
    ids=["no seed", "generator", "function", "own class"],
)
def test_copies_that_may_be_others_are_not_kept(settings):
    X, _ = augmenter_of(**settings).fit_resample(tones(3), range(3))
    assert n_kept(X, {}) == 3  # the clips


def test_the_key_has_all_that_a_copy_depends_on():
    def keys(clips=None, groups=None, **settings):
        clips = tones(2) if clips is None else clips
        augmenter = augmenter_of(keep_original=False, **settings)
        X, *_ = augmenter.fit_resample(clips, range(len(clips)), groups=groups)
        return [copy.cache_key() for _, copy in X]

    babble = AddNoise("babble")
    every = [
        *keys(n_copies=2),
        *keys(random_state=1),
        *keys(sample_rate=2 * RATE),
        *keys([(2 * RATE, tone(0))]),
        *keys([tone(0).astype(float)]),
        *keys(effects=AddNoise(snr=10)),
        *keys(effects=AddNoise("pink")),
        *keys(effects=[AddNoise(), ChangeGain()]),
        *keys(effects=[ChangeGain(), AddNoise()]),
        *keys(effects=babble),
        *keys(effects=babble, groups=[1, 2]),
        *keys([tone(0), tone(1), tone(2)], effects=babble),
        *keys([tone(0), tone(1), tone(2)], effects=babble, groups=[1, 2, 3]),
        *keys([tone(0), tone(1), tone(2)], effects=babble, groups=[1, 2, 2]),
    ]
    assert None not in every
    assert len(set(every)) == len(every)
    assert keys(sample_rate=float(RATE)) == keys()


def test_the_key_of_an_effect_has_its_class(monkeypatch):
    class Louder(ChangeGain):
        pass

    assert key_of_effect(Louder()) is None  # a user's class
    monkeypatch.setattr(Louder, "__module__", ChangeGain.__module__)
    assert key_of_effect(Louder()) != key_of_effect(ChangeGain())


def test_the_key_has_the_noises(tmp_path):
    clips, cache = [tone(0)], {}
    folder = tmp_path / "noises"
    folder.mkdir()
    [path] = files_of([tone(7)], folder)

    def add(noises):
        X = augmenter_of(AddNoise(noises), keep_original=False).fit_resample(clips, [0])[0]
        return n_kept(X, cache)

    assert [add(tone(8)), add(tone(8)), add(tone(9))] == [1, 1, 2]
    assert [add(str(folder)), add(str(folder)), add([folder])] == [3, 3, 3 + 1]
    assert [add(path), add(path)] == [5, 5]
    soundfile.write(path, tone(10, 900), RATE)
    os.utime(path, ns=(0, 0))
    assert [add(str(folder)), add(path)] == [6, 7]
    assert add((RATE, tone(8))) == 8


# Effects that mix a clip with others.


def test_others_are_of_other_groups():
    clips, groups = tones(6), ["a", "a", "b", "b", "b", "c"]
    augmenter = augmenter_of(Borrow(), n_copies=40)
    copies = copies_of(clips, augmenter, groups=groups)
    drawn = [set() for _ in clips]
    for i, copy in enumerate(copies):
        drawn[i % 6].add(next(j for j, clip in enumerate(clips) if np.array_equal(copy, clip)))
    for i in range(6):
        assert drawn[i] == {j for j in range(6) if groups[j] != groups[i]}


def test_others_are_other_clips_without_groups():
    clips = [*tones(3), tone(0)]
    copies = copies_of(clips, augmenter_of(Borrow(), n_copies=20))
    for i, copy in enumerate(copies):
        assert not np.array_equal(copy, clips[i % 4])
        assert any(np.array_equal(copy, clip) for clip in clips)
    # Equal clips have equal copies.
    assert_same_clips(copies[::4], copies[3::4])


def test_an_unusable_other_is_passed_over():
    clips = [tone(0), "missing.wav", np.array([np.nan]), tone(1)]
    X, _ = augmenter_of(Borrow(), n_copies=10).fit_resample(clips, range(4))
    for _, copy in X[4::4]:
        np.testing.assert_array_equal(copy, tone(1))


def test_no_other_is_an_error():
    for clips, groups, wanted in [
        (tones(1), None, "clip"),
        ([tone(0), tone(0)], None, "clip"),
        (tones(2), [1, 1], "clip of another group"),
    ]:
        X, *_ = augmenter_of(Borrow()).fit_resample(clips, range(len(clips)), groups=groups)
        with pytest.raises(ValueError, match=f"^clip 0, copy 1: .* another {wanted}, and there"):
            np.asarray(X[len(clips)][1])


def test_the_key_of_a_mixed_copy_has_the_clips_it_may_be_mixed_with():
    cache = {}

    def add(clips, groups=None):
        augmenter = augmenter_of(AddNoise("babble"), keep_original=False)
        return n_kept(augmenter.fit_resample(clips, range(len(clips)), groups=groups)[0], cache)

    assert add(tones(4)) == 4
    assert add(tones(4)) == 4
    assert add(tones(3)) == 7
    assert add(tones(4), groups=[0, 0, 1, 1]) == 11
    assert add(tones(4), groups=["a", "a", "b", "b"]) == 11
    assert add(tones(4), groups=[0, 1, 1, 1]) == 15
    # Equal clips of different speakers are mixed with others.
    assert add([tone(0), tone(0), tone(1)], groups=[0, 1, 2]) == 18


# Memory.


def test_copies_are_not_held():
    n_clips, n_copies, n_samples = 20, 5, 50_000
    clips = tones(n_clips, n_samples)
    transformer = MFCCTransformer(sample_rate=RATE)
    transformer.transform(clips[:2])
    tracemalloc.start()
    try:
        augmenter = augmenter_of(ChangeGain(), n_copies=n_copies)
        X, _ = augmenter.fit_resample(clips, np.zeros(n_clips))
        n_bytes = tracemalloc.get_traced_memory()[0]
        features = transformer.transform(X)
        peak = tracemalloc.get_traced_memory()[1] - features.nbytes
    finally:
        tracemalloc.stop()
    assert n_bytes < 10_000 + 200 * n_clips * n_copies
    assert peak < n_clips * n_copies * n_samples * 4 * 0.6


# Parameters.


def test_settings_of_effects_are_parameters():
    augmenter = augmenter_of([AddNoise(snr=3), ChangeGain(), jitter, AddNoise("pink")])
    params = augmenter.get_params()
    assert params["addnoise-1__snr"] == 3
    assert params["addnoise-2__noises"] == "pink"
    assert params["changegain"] is augmenter.effects[1]
    assert params["function"] is jitter
    assert clone(augmenter).get_params().keys() == params.keys()
    copy = clone(augmenter).set_params(**{"addnoise-1__snr": 5, "n_copies": 2})
    assert (copy.effects[0].snr, copy.n_copies, augmenter.effects[0].snr) == (5, 2, 3)
    assert set(augmenter.get_params(deep=False)) == {
        "effects",
        "n_copies",
        "keep_original",
        "sample_rate",
        "random_state",
    }
    assert augmenter.set_params(**params).get_params() == params


def test_a_single_effect_has_the_same_names():
    augmenter = augmenter_of(AddNoise(snr=3))
    assert augmenter.get_params()["addnoise__snr"] == 3
    assert "effects__snr" not in augmenter.get_params()
    assert augmenter.set_params(addnoise__snr=5).effects.snr == 5
    assert augmenter.set_params(addnoise=ChangeGain()).get_params()["changegain__gain"] == (-10, 10)
    assert not hasattr(augmenter, "addnoise")


def test_an_effect_is_replaced_by_its_name():
    effects = [AddNoise(), ChangeGain()]
    augmenter = augmenter_of(effects).set_params(changegain=jitter, addnoise__snr=1)
    assert augmenter.effects == [effects[0], jitter]
    assert isinstance(effects[1], ChangeGain)
    augmenter.set_params(effects=[Shift()], shift__before=0)
    assert augmenter.effects[0].before == 0
    with pytest.raises(ValueError, match="Invalid parameter 'nosuch'"):
        augmenter.set_params(nosuch=1)


def test_representations():
    augmenter = augmenter_of([AddNoise(), jitter])
    assert repr(augmenter).startswith("AudioAugmenter(")
    assert "AddNoise" in augmenter._repr_html_()


# Bad input.


@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [
        ({"n_copies": -1}, ValueError, "'n_copies' parameter of AudioAugmenter must be"),
        ({"sample_rate": 0}, ValueError, "'sample_rate' parameter of AudioAugmenter must be"),
        ({"random_state": -1}, ValueError, "'random_state' parameter of AudioAugmenter must be"),
        ({"effects": []}, ValueError, "effects must hold at least one effect, got none"),
        ({"effects": [AddNoise]}, TypeError, r"got the class AddNoise: give AddNoise\(\)"),
        ({"effects": ["white"]}, TypeError, "a callable or a list of callables, got 'white'"),
        ({"effects": 3}, TypeError, "a callable or a list of callables, got 3"),
        ({"effects": AddNoise(snr=(9, 1))}, ValueError, "'snr' parameter of AddNoise must be"),
    ],
)
def test_bad_parameters(settings, kind, message):
    augmenter = AudioAugmenter(**{"effects": AddNoise(), "sample_rate": RATE} | settings)
    with pytest.raises(kind, match=message):
        augmenter.fit_resample(tones(2), [0, 1])


@pytest.mark.parametrize(
    ("X", "y", "kind", "message"),
    [
        ([], [], ValueError, "X must hold at least one clip"),
        (np.zeros((0, 5)), [], ValueError, r"0 sample\(s\)"),
        (tone(0), [0], ValueError, "a single signal"),
        (iter(tones(2)), [0, 1], TypeError, "gives its clips only once"),
        (tones(2), [0], ValueError, "y must have one entry for each of 2 clips, got 1"),
        (tones(2), None, ValueError, "requires y to be passed"),
        (tones(2), iter([0, 1]), TypeError, "y must be a list or an array"),
        (tones(2), "ab", ValueError, "y must have one entry for each"),
        (tones(2), 3, TypeError, "y must have one entry for each clip"),
    ],
)
def test_bad_data(X, y, kind, message):
    with pytest.raises(kind, match=message):
        augmenter_of().fit_resample(X, y)


@pytest.mark.parametrize("values", [[1], [1, 2, 3], np.ones((3, 2))])
def test_what_is_not_aligned_is_an_error(values):
    with pytest.raises(ValueError, match="sample_weight must have one entry for each of 2 clips"):
        augmenter_of().fit_resample(tones(2), [0, 1], sample_weight=values)


def broken(samples, sample_rate):
    return samples * np.nan


def crashing(samples, sample_rate):
    raise RuntimeError("out of luck")


def test_errors_name_the_copy_and_the_clip(tmp_path):
    paths = files_of(tones(2), tmp_path)
    transformer = MFCCTransformer(sample_rate=RATE)
    augmenter = augmenter_of(broken, n_copies=2, keep_original=False)
    X, _ = augmenter.fit_resample(paths, [0, 1])
    with pytest.raises(ValueError, match=r"^clip 1 \(.*1.wav\), copy 2: broken: returned samples"):
        transformer.transform(X[3:])
    with pytest.raises(ValueError, match=r"^clip 1 \(.*1.wav\), copy 2: broken: returned samples"):
        np.asarray(X[3][1])
    X, _ = augmenter.fit_resample([tone(0), "missing.wav"], [0, 1])
    with pytest.raises(ValueError, match=r"^clip 1 \(missing.wav\), copy 1: no such file"):
        transformer.transform(X[1:])
    X, _ = augmenter_of(crashing).fit_resample(tones(1), [0])
    with pytest.raises(RuntimeError, match="out of luck") as caught:
        transformer.transform(X)
    assert "clip 0, copy 1" in " ".join(caught.value.__notes__)


def test_a_copy_that_fails_may_be_a_row_of_nan():
    def fragile(samples, sample_rate):
        return samples * (np.nan if len(samples) < 500 else 1)

    X, _ = augmenter_of(fragile).fit_resample([tone(0), tone(1, 400)], [0, 1])
    with pytest.warns(UserWarning, match=r"1 of 4 .*: clip 1, copy 1: fragile: returned samples"):
        rows = MFCCTransformer(sample_rate=RATE, on_error="warn").transform(X)
    assert np.isnan(rows).all(axis=1).tolist() == [False, False, False, True]


def test_an_augmenter_takes_the_copies_of_another():
    X, y = augmenter_of(ChangeGain(gain=20)).fit_resample(tones(2), [0, 1])
    X, y = augmenter_of(ChangeGain(gain=20)).fit_resample(X, y)
    np.testing.assert_allclose(X[6][1], 100 * tone(0), rtol=1e-5)
    assert str(X[6][1]) == "clip 0, copy 1, copy 1"
    assert n_kept(X, {}) == 6  # the copy of a copy is no copy of the clip
