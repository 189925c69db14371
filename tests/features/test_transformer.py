import itertools
import pickle
import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline

from skxent import MFCCTransformer
from skxent.audio import load
from skxent.datasets import load_spoken_digits
from skxent.frames import STATISTICS, delta, normalize, pool
from skxent.mfcc import CONVENTIONS, mfcc, stream
from tests.features.strategies import RATE
from tests.mfcc.oracles import assert_same_frames


def noise(n_samples, seed=0, dtype="float64"):
    return (0.1 * np.random.default_rng(seed).normal(size=n_samples)).astype(dtype)


@pytest.fixture
def clips():
    return [noise(n_samples, seed=n_samples) for n_samples in (1, 10, 200, 201, 4000, 8000)]


@pytest.fixture
def transformer():
    return MFCCTransformer(sample_rate=RATE)


# What X may be


def test_every_collection_of_clips_gives_the_same(transformer, clips):
    expected = transformer.fit_transform(clips)
    assert expected.shape == (len(clips), 26)
    objects = np.empty(len(clips), dtype=object)
    objects[:] = clips
    series = pd.Series(clips, index=list("zyxwvu"))
    for collection in (tuple(clips), objects, series, [clip.tolist() for clip in clips]):
        np.testing.assert_array_equal(transformer.fit_transform(collection), expected)
        np.testing.assert_array_equal(transformer.transform(collection), expected)


def test_equal_lengths_may_be_a_matrix(transformer):
    clips = [noise(2000, seed) for seed in range(4)]
    expected = transformer.fit_transform(clips)
    objects = np.array(clips, dtype=object)
    assert objects.ndim == 2
    for matrix in (np.array(clips), np.array(clips, order="F"), objects, pd.DataFrame(clips)):
        np.testing.assert_array_equal(transformer.fit_transform(matrix), expected)


@pytest.mark.parametrize("dtype", ["int16", "int32", "uint8", "float32"])
def test_a_matrix_is_scaled_as_its_rows_are(transformer, dtype):
    matrix = np.random.default_rng(0).integers(0, 200, size=(3, 500)).astype(dtype)
    expected = transformer.fit_transform(list(matrix))
    assert expected.dtype == np.float32
    np.testing.assert_array_equal(transformer.fit_transform(matrix), expected)


@pytest.mark.parametrize("rate", [RATE, 11025])
def test_paths_pairs_and_arrays_are_the_same_clips(transformer, tmp_path, rate):
    pairs = [(rate, (noise(4000, seed) * 2**15).astype(np.int16)) for seed in range(4)]
    paths = [tmp_path / f"{index}.wav" for index in range(4)]
    for path, (_, samples) in zip(paths, pairs, strict=True):
        soundfile.write(path, samples, rate)
    names = [str(path) for path in paths]
    expected = transformer.fit_transform([load(pair, RATE) for pair in pairs])
    assert expected.dtype == np.float32
    for clips in (
        pairs,
        paths,
        names,
        np.array(names),
        np.array(paths, dtype=object),
        pd.Series(names),
        pd.Series(names, dtype="category"),
        pd.Series(paths),
        pl.Series(names),
        [pairs[0], paths[1], names[2], load(pairs[3], RATE)],
    ):
        np.testing.assert_array_equal(transformer.transform(clips), expected)


def test_a_clip_of_integers_is_the_clip_of_floats(transformer):
    samples = (noise(4000) * 2**15).astype(np.int16)
    of_floats = transformer.transform([samples / np.float32(2**15)])
    np.testing.assert_array_equal(transformer.transform([samples]), of_floats)
    np.testing.assert_array_equal(transformer.transform([(RATE, samples)]), of_floats)
    stereo = np.column_stack([samples, samples])
    np.testing.assert_array_equal(transformer.transform([(RATE, stereo)]), of_floats)


def test_clips_may_be_read_only_and_memory_mapped(transformer, tmp_path):
    matrix = np.stack([noise(2000, seed) for seed in range(3)])
    expected = transformer.fit_transform(matrix)
    path = tmp_path / "clips.npy"
    np.save(path, matrix)
    mapped = np.load(path, mmap_mode="r")
    np.testing.assert_array_equal(transformer.fit_transform(mapped), expected)
    np.testing.assert_array_equal(transformer.fit_transform(list(mapped)), expected)
    np.testing.assert_array_equal(np.load(path), matrix)


# What comes out


@pytest.mark.parametrize("features", ["mfcc", "log_mel"])
@pytest.mark.parametrize("deltas", [0, 1, 2])
@pytest.mark.parametrize("how", [None, "mean", "mean_std"])
@pytest.mark.parametrize("pooling", [None, *sorted(STATISTICS)])
def test_the_transformer_is_the_chain_of_the_functions(clips, features, deltas, how, pooling):
    transformer = MFCCTransformer(
        sample_rate=RATE,
        n_mels=20,
        features=features,
        deltas=deltas,
        delta_width=3,
        normalize=how,
        pooling=pooling,
        n_segments=2,
    )
    for clip, actual in zip(clips, transformer.fit_transform(clips), strict=True):
        columns = [mfcc(clip, RATE, n_mels=20, features=features)]
        for _ in range(deltas):
            columns.append(delta(columns[-1], 3))
        expected = np.hstack(columns)
        if how is not None:
            expected = normalize(expected, how)
        if pooling is not None:
            expected = pool(expected, pooling, 2)[0]
        assert actual.shape == expected.shape
        # Normalised to deviation one, a rounding error grows by the inverse deviation.
        np.testing.assert_allclose(actual, expected, rtol=1e-11, atol=1e-9)


def test_without_pooling_each_clip_has_its_frames(transformer, clips):
    frames = transformer.set_params(pooling=None, deltas=1).fit_transform(clips)
    assert frames.dtype == object
    assert [clip.shape for clip in frames] == [(n, 26) for n in (1, 1, 1, 2, 49, 99)]
    for equal in ([noise(400)], [noise(400), noise(400, 1)], np.ones((3, 400))):
        frames = transformer.fit_transform(equal)
        assert frames.shape == (len(equal),)
        assert [clip.shape for clip in frames] == [(4, 26)] * len(equal)


@pytest.mark.parametrize(
    ("dtype", "clip_dtype", "expected"),
    [
        (None, "float64", "float64"),
        (None, "float32", "float32"),
        (None, "int16", "float32"),
        ("float32", "float64", "float32"),
        ("float64", "float32", "float64"),
        ("float64", "int16", "float64"),
    ],
)
@pytest.mark.parametrize("pooling", ["statistics", None])
def test_dtype_is_the_precision_of_the_features(dtype, clip_dtype, expected, pooling):
    transformer = MFCCTransformer(sample_rate=RATE, dtype=dtype, pooling=pooling, deltas=1)
    clips = [(100 * noise(1000, seed)).astype(clip_dtype) for seed in range(2)]
    features = transformer.fit_transform(clips)
    assert {row.dtype for row in features} == {np.dtype(expected)}


def test_dtype_is_the_precision_of_a_file(tmp_path):
    path = tmp_path / "clip.wav"
    soundfile.write(path, noise(8000), RATE, subtype="DOUBLE")
    single, double = (
        MFCCTransformer(sample_rate=RATE, dtype=dtype).transform([path])
        for dtype in ("float32", "float64")
    )
    assert MFCCTransformer(sample_rate=RATE).transform([path]).dtype == np.float32
    of_array = MFCCTransformer(sample_rate=RATE).transform([noise(8000)])
    np.testing.assert_array_equal(double, of_array)
    assert 0 < np.abs(single - double).max() < 1e-3


# Names


@pytest.mark.parametrize(
    ("settings", "first", "last"),
    [
        ({}, "mfcc0_mean", "mfcc12_std"),
        ({"pooling": "mean"}, "mfcc0_mean", "mfcc12_mean"),
        ({"pooling": "statistics", "deltas": 2}, "mfcc0_mean", "delta_delta_mfcc12_max"),
        ({"n_segments": 3, "deltas": 1}, "mfcc0_mean_seg0", "delta_mfcc12_std_seg2"),
        ({"features": "log_mel", "pooling": "statistics"}, "log_mel0_mean", "log_mel25_max"),
        ({"features": "log_mel", "n_mels": 9, "pooling": None}, "log_mel0", "log_mel8"),
        ({"pooling": None, "n_segments": 4, "deltas": 1}, "mfcc0", "delta_mfcc12"),
    ],
)
def test_names_say_coefficient_statistic_and_segment(settings, first, last):
    names = MFCCTransformer(**settings).get_feature_names_out()
    assert (names[0], names[-1]) == (first, last)


def test_names_count_segments_slowest_then_statistics():
    names = MFCCTransformer(n_mfcc=2, deltas=1, n_segments=2).get_feature_names_out()
    assert names.tolist() == [
        *("mfcc0_mean_seg0", "mfcc1_mean_seg0", "delta_mfcc0_mean_seg0", "delta_mfcc1_mean_seg0"),
        *("mfcc0_std_seg0", "mfcc1_std_seg0", "delta_mfcc0_std_seg0", "delta_mfcc1_std_seg0"),
        *("mfcc0_mean_seg1", "mfcc1_mean_seg1", "delta_mfcc0_mean_seg1", "delta_mfcc1_mean_seg1"),
        *("mfcc0_std_seg1", "mfcc1_std_seg1", "delta_mfcc0_std_seg1", "delta_mfcc1_std_seg1"),
    ]


def test_each_column_has_a_name_of_its_own():
    clip = noise(1000)
    for features, deltas, pooling, n_segments in itertools.product(
        ["mfcc", "log_mel"], [0, 1, 2], [None, *STATISTICS], [1, 3]
    ):
        transformer = MFCCTransformer(
            sample_rate=RATE,
            features=features,
            deltas=deltas,
            pooling=pooling,
            n_segments=n_segments,
        )
        names = transformer.get_feature_names_out()
        assert len(set(names)) == len(names) == transformer.fit_transform([clip])[0].shape[-1]


def test_a_named_column_holds_what_it_says(transformer):
    clip = noise(4000)
    transformer.set_params(deltas=1, pooling="statistics", n_segments=3)
    features = transformer.set_output(transform="pandas").transform([clip])
    frames = mfcc(clip, RATE)
    last = slice(2 * len(frames) // 3, None)
    assert features["mfcc4_max_seg2"][0] == pytest.approx(frames[last, 4].max(), abs=1e-12)
    slopes = delta(frames)[last, 3]
    assert features["delta_mfcc3_std_seg2"][0] == pytest.approx(slopes.std(), abs=1e-12)


# set_output


def test_pandas_output_has_names_and_the_index_of_x(transformer, clips):
    expected = transformer.transform(clips)
    transformer.set_output(transform="pandas")
    frame = transformer.fit_transform(clips)
    assert list(frame.columns) == list(transformer.get_feature_names_out())
    np.testing.assert_array_equal(frame, expected)
    assert frame.index.tolist() == list(range(len(clips)))
    series = pd.Series(clips, index=list("zyxwvu"))
    assert transformer.transform(series).index.tolist() == list("zyxwvu")
    table = pd.DataFrame(np.ones((2, 500)), index=["one", "two"])
    assert transformer.fit_transform(table).index.tolist() == ["one", "two"]


def test_polars_output_has_names(transformer, clips):
    expected = transformer.transform(clips)
    frame = transformer.set_output(transform="polars").fit_transform(clips)
    assert isinstance(frame, pl.DataFrame)
    assert frame.columns == list(transformer.get_feature_names_out())
    np.testing.assert_array_equal(frame.to_numpy(), expected)


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_frames_fit_in_no_data_frame(transformer, clips, container):
    transformer.set_params(pooling=None).set_output(transform=container)
    with pytest.raises(ValueError, match="pooling=None gives each clip a matrix of its own"):
        transformer.fit_transform(clips)
    assert transformer.set_output(transform="default").transform(clips).dtype == object


# Independence


@given(
    sizes=st.lists(
        st.tuples(st.integers(1, 3000), st.sampled_from(["float32", "float64", "int16"])),
        min_size=1,
        max_size=8,
    ),
    how=st.sampled_from([None, "mean"]),
)
def test_a_clip_does_not_depend_on_its_batch(sizes, how):
    transformer = MFCCTransformer(
        sample_rate=RATE, deltas=1, normalize=how, pooling="statistics", n_segments=2
    )
    clips = [(1000 * noise(size, seed)).astype(dtype) for seed, (size, dtype) in enumerate(sizes)]
    alone = [transformer.transform([clip])[0] for clip in clips]
    together = transformer.transform(clips)
    for row, expected in zip(together, alone, strict=True):
        assert_same_frames(row.astype(expected.dtype), expected)


@pytest.mark.parametrize("convention", sorted(CONVENTIONS))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_recording_does_not_depend_on_its_batch(convention, dtype):
    recordings = load_spoken_digits().data[::4]
    transformer = MFCCTransformer(
        sample_rate=RATE, convention=convention, dtype=dtype, deltas=1, n_segments=5
    )
    alone = np.vstack([transformer.transform([recording]) for recording in recordings])
    assert_same_frames(transformer.transform(recordings), alone)


def test_clips_of_two_types_stay_in_order(transformer):
    clips = [noise(900, seed, dtype="float32" if seed % 2 else "float64") for seed in range(6)]
    features = transformer.transform(clips)
    assert features.dtype == np.float64
    for row, clip in zip(features, clips, strict=True):
        np.testing.assert_allclose(row, transformer.transform([clip])[0], rtol=1e-5, atol=1e-5)
    frames = transformer.set_params(pooling=None).transform(clips)
    assert [clip.dtype.name for clip in frames] == ["float64", "float32"] * 3


def test_transform_needs_no_fit_and_leaves_nothing(transformer, clips):
    expected = clone(transformer).fit(clips).transform(clips)
    np.testing.assert_array_equal(transformer.transform(clips), expected)
    assert vars(transformer) == vars(MFCCTransformer(sample_rate=RATE))
    np.testing.assert_array_equal(transformer.fit(clips[:1]).transform(clips), expected)


def test_clips_are_left_alone(transformer, clips):
    before = [clip.copy() for clip in clips]
    transformer.set_params(normalize="mean_std", deltas=2).fit_transform(clips)
    for clip, original in zip(clips, before, strict=True):
        np.testing.assert_array_equal(clip, original)


# As an estimator


def test_a_copy_does_the_same(clips):
    settings = {"sample_rate": RATE, "window": ("kaiser", 8.0), "n_mels": 20, "deltas": 2}
    transformer = MFCCTransformer(**settings)
    expected = transformer.fit_transform(clips)
    others = [
        clone(transformer),
        pickle.loads(pickle.dumps(transformer)),
        MFCCTransformer().set_params(**transformer.get_params()),
    ]
    for other in others:
        assert other.get_params() == transformer.get_params()
        np.testing.assert_array_equal(other.transform(clips), expected)
    assert transformer.get_params() == {**MFCCTransformer().get_params(), **settings}


def test_a_grid_search_takes_lists_of_clips_and_groups():
    rng = np.random.default_rng(0)
    time = np.arange(1600) / RATE
    tones = [np.sin(2 * np.pi * frequency * time) for frequency in (300, 1200)]
    clips = [tones[i % 2][: rng.integers(800, 1600)] + 0.01 * rng.normal() for i in range(24)]
    labels = np.array(["low", "high"] * 12)
    search = GridSearchCV(
        make_pipeline(MFCCTransformer(sample_rate=RATE), LogisticRegression(max_iter=1000)),
        {"mfcctransformer__pooling": ["mean", "mean_std"], "mfcctransformer__deltas": [0, 1]},
        cv=GroupKFold(3),
        error_score="raise",
    )
    search.fit(clips, labels, groups=np.arange(24) // 4)
    assert search.best_score_ == 1.0
    assert search.predict(clips[:2]).tolist() == ["low", "high"]


def test_a_refit_on_a_list_forgets_the_columns_of_a_matrix(transformer):
    transformer.fit(pd.DataFrame(np.ones((2, 3)), columns=["a", "b", "c"]))
    assert transformer.n_features_in_ == 3
    assert transformer.feature_names_in_.tolist() == ["a", "b", "c"]
    transformer.fit([noise(500)])
    assert not hasattr(transformer, "n_features_in_")
    assert not hasattr(transformer, "feature_names_in_")
    assert transformer.transform(np.ones((2, 7))).shape == (2, 26)
    transformer.fit(np.ones((2, 5)))
    with pytest.raises(ValueError, match="X has 7 features, but MFCCTransformer is expecting 5"):
        transformer.transform(np.ones((2, 7)))
    assert transformer.transform([noise(7)]).shape == (1, 26)


# Errors


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ("a.wav", TypeError, "got a single path: give ['a.wav']"),
        (Path("a.wav"), TypeError, "got a single path: give [PosixPath('a.wav')]"),
        (noise(100), ValueError, "got a single signal of shape (100,)"),
        (pd.Series(noise(100)), ValueError, "got a single signal of shape (100,)"),
        ((RATE, noise(100)), TypeError, "got a single pair: give [X]"),
        (".", TypeError, "got a folder: give its files, sorted(pathlib.Path('.').glob("),
        (Path("."), TypeError, "got a folder: give its files, sorted(pathlib.Path('.').glob("),
        (
            pd.DataFrame({"path": ["a.wav"], "copy": ["b.wav"]}),
            ValueError,
            "X must have one column of clips, got 2 columns: select one",
        ),
        (
            pd.DataFrame({"age": [3.0], "path": ["b.wav"]}),
            ValueError,
            "X must have one column of clips, got 2 columns: select one",
        ),
        ([], ValueError, "X must hold at least one clip, got none"),
        ((), ValueError, "X must hold at least one clip, got none"),
        (np.array([], dtype=object), ValueError, "X must hold at least one clip, got none"),
        (pd.Series([], dtype=object), ValueError, "X must hold at least one clip, got none"),
        (np.empty((0, 5)), ValueError, "Found array with 0 sample(s)"),
        (np.zeros((2, 3, 4)), ValueError, "Found array with dim 3"),
        (np.full((2, 5), np.nan), ValueError, "Input X contains NaN"),
        (None, TypeError, "a list of clips or a 2-D array, got NoneType"),
        (
            (clip for clip in [noise(9)]),
            TypeError,
            "gives its clips only once: pass a list, list(X)",
        ),
        ({"clip": noise(9)}, TypeError, "a list of clips or a 2-D array, got dict"),
    ],
)
def test_what_is_no_collection_of_clips_is_named(X, error, message):
    for method in (MFCCTransformer().fit, MFCCTransformer().transform):
        with pytest.raises(error, match=re.escape(message)):
            method(X)


@pytest.mark.parametrize(
    ("clip", "error", "message"),
    [
        (np.array([0.0, np.nan]), ValueError, "clip 2: must be finite, sample 1 is nan"),
        ((16000, [0.0, np.inf]), ValueError, "clip 2: must be finite, sample 1 is inf"),
        ([], ValueError, "clip 2: empty: it has no samples"),
        (None, TypeError, "clip 2: must be an array of numbers, .* got a missing value, None"),
        (np.nan, TypeError, "clip 2: must be an array of numbers, .* got a missing value, nan"),
        ({"a": 1}, TypeError, "clip 2: must be an array of numbers, .* got dict"),
        (np.ones(5, bool), TypeError, "clip 2: must be .* got an array of bool of shape"),
        (np.ones((2, 50)), ValueError, "clip 2: has more channels than samples"),
        ((noise(5), RATE), TypeError, "clip 2: a pair must be .sample_rate, signal."),
        ("gone.wav", ValueError, r"clip 2 \(gone\.wav\): no such file"),
        (Path("gone.wav"), ValueError, r"clip 2 \(gone\.wav\): no such file"),
        (np.str_("gone.wav"), ValueError, r"clip 2 \(gone\.wav\): no such file"),
        ("\ud800.wav", ValueError, "clip 2 .*surrogates not allowed"),
        ("a\0.wav", ValueError, "clip 2 .*null byte"),
        (np.array(5.0), ValueError, "clip 2: must have shape .* got 0 dimensions"),
    ],
)
def test_a_wrong_clip_is_named(transformer, clip, error, message):
    with pytest.raises(error, match=f"^{message}"):
        transformer.transform([noise(100), noise(50), clip, noise(20)])


def test_a_wrong_file_is_named(transformer, tmp_path):
    good, junk = tmp_path / "good.wav", tmp_path / "junk.wav"
    soundfile.write(good, noise(1000), RATE)
    junk.write_bytes(b"no sound" * 100)
    with pytest.raises(ValueError, match=rf"^clip 1 \({re.escape(str(junk))}\): can't be read"):
        transformer.transform([good, junk])
    junk.write_bytes(good.read_bytes()[:-100])
    with pytest.raises(ValueError, match=rf"^clip 1 \({re.escape(str(junk))}\): cut short"):
        transformer.transform(pd.Series([str(good), str(junk)]))


def test_labels_are_counted(transformer, clips):
    with pytest.raises(ValueError, match="y must have one label for each of 6 clips, got 5"):
        transformer.fit(clips, np.zeros(5))
    assert transformer.fit_transform(clips, np.zeros(6)).shape == (6, 26)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sample_rate": -1},
        {"sample_rate": "8000"},
        {"convention": "mfcc"},
        {"frame_length": 0},
        {"frame_step": -0.01},
        {"n_fft": 512.0},
        {"window": np.ones(400)},
        {"preemphasis": 1.5},
        {"n_mels": 0},
        {"fmin": -1.0},
        {"fmax": 0},
        {"n_mfcc": 0},
        {"lifter": -1},
        {"features": "mel"},
        {"trim": 0},
        {"trim": -35.0},
        {"trim": np.nan},
        {"trim": "35"},
        {"deltas": 3},
        {"delta_width": 0},
        {"normalize": "cmvn"},
        {"pooling": "men"},
        {"n_segments": 0},
        {"dtype": "float16"},
        {"dtype": np.float32},
    ],
    ids=str,
)
def test_a_wrong_parameter_is_named(wrong):
    (name,) = wrong
    transformer = MFCCTransformer(**wrong)
    for method in (transformer.fit, transformer.transform):
        with pytest.raises(ValueError, match=f"The '{name}' parameter of MFCCTransformer must be"):
            method([noise(100)])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_fft": 100}, "n_fft=100 is too short for a frame of 400 samples"),
        ({"fmin": 5000, "fmax": 4000}, "fmin=5000 and fmax=4000 must rise"),
        ({"fmax": 9000}, "fmax=9000 must rise, from 0 to at most half the sample rate, 8000 Hz"),
        ({"n_mfcc": 30}, "n_mfcc=30 must be .* at most n_mels=26"),
        ({"frame_length": 1e-6}, "frame_length=1e-06 s is less than one sample at 16000 Hz"),
        ({"window": "humming"}, "window.*'humming'"),
    ],
    ids=str,
)
def test_parameters_that_do_not_fit_each_other_are_named(wrong, message):
    transformer = MFCCTransformer(**wrong)
    for method in (transformer.fit, transformer.transform):
        with pytest.raises(ValueError, match=message):
            method([noise(1000)])


def test_a_warning_points_at_the_line_that_calls():
    crowded = MFCCTransformer(sample_rate=16000, n_mels=80, on_error="warn")
    for method, X in [
        (crowded.fit, [noise(1000)]),
        (crowded.fit_transform, [noise(1000), []]),
        (crowded.transform, [noise(1000), []]),
    ]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            method(X)
        assert len(caught) == len(X)  # one of the filters, and one if there is a wrong clip
        assert {warning.filename for warning in caught} == {__file__}


def test_an_unknown_parameter_is_named():
    with pytest.raises(TypeError, match="unexpected keyword argument 'n_mel'"):
        MFCCTransformer(n_mel=20)
    with pytest.raises(ValueError, match="Invalid parameter 'n_mel'"):
        MFCCTransformer().set_params(n_mel=20)


def test_empty_filters_are_a_warning_that_says_what_to_change():
    crowded = MFCCTransformer(sample_rate=16000, n_mels=80)
    message = r"1 of the mel filters .* raise n_fft \(now 512\) or lower n_mels"
    settings = {"sample_rate": 16000, "n_mels": 80}
    for call in (
        lambda: crowded.fit([noise(1000)]),
        lambda: crowded.fit_transform([noise(1000), noise(900)]),
        lambda: crowded.transform([noise(1000), noise(900, dtype="float32")]),
        lambda: mfcc(noise(1000), **settings),
        lambda: list(stream([noise(1000)], **settings)),
    ):
        with pytest.warns(UserWarning, match=message) as caught:
            call()
        assert [warning.filename for warning in caught] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clone(crowded).set_params(n_fft=1024).fit([noise(1000)])
        clone(crowded).set_params(n_mels=40).fit([noise(1000)])
