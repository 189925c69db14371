import dataclasses
import math
import pickle
from multiprocessing.pool import ThreadPool

import numpy as np
import pytest
from hypothesis import given

from skxent.mfcc import CONVENTIONS, design, mfcc
from skxent.mfcc._blocks import Block, compute
from skxent.mfcc._front_end import SETTINGS, shared_design
from tests.mfcc import oracles, strategies
from tests.mfcc.strategies import frame_geometry, tasks

# The settings that are drawn may be anything.
pytestmark = pytest.mark.filterwarnings("ignore:.* of the mel filters are narrower")


@given(tasks())
def test_frames_are_as_many_as_hold_every_sample(task):
    signal, sample_rate, settings = task
    expected = len(oracles.frames_of(signal, *frame_geometry(sample_rate, settings)))
    assert design(sample_rate, **settings).n_frames(len(signal)) == expected
    assert len(mfcc(signal, sample_rate, **settings)) == expected


# Types and sharing


def test_a_shared_front_end_is_one():
    front_end = shared_design(8000, window="hamming")
    assert shared_design(8000, window="hamming") is front_end
    assert shared_design(8000) is not front_end
    assert front_end.filterbank.dtype == np.float64
    with pytest.raises(TypeError, match="dtype"):
        shared_design(8000, dtype="float32")
    with pytest.raises(TypeError, match="dtype"):
        mfcc(np.ones(100), 8000, dtype="float32")


def test_parameters_of_a_window_may_be_a_tuple_a_list_or_an_array():
    front_ends = [
        shared_design(8000, window=("general_cosine", parameters))
        for parameters in [(0.5, 0.5), [0.5, 0.5], np.array([0.5, 0.5])]
    ]
    assert front_ends[0] is front_ends[1] is front_ends[2]
    expected = design(8000, window=("general_cosine", [0.5, 0.5])).fingerprint
    assert front_ends[0].fingerprint == expected
    kaisers = [shared_design(8000, window=("kaiser", beta)) for beta in (8.0, np.array(8.0))]
    assert kaisers[0] is kaisers[1]
    assert kaisers[0].fingerprint != expected


@pytest.mark.parametrize("settings", [{}, {"features": "log_mel", "window": "hann"}])
def test_a_type_casts_the_three_arrays_once(settings):
    front_end = design(8000, **settings)
    assert front_end.as_type("float64") is front_end
    single = front_end.as_type("float32")
    assert front_end.as_type("float32") is single.as_type("float32") is single
    names = ("window", "filterbank", "cepstrum")
    for cast in (single, design(8000, dtype="float32", **settings)):
        for name in names:
            array = getattr(front_end, name)
            if array is None:
                assert getattr(cast, name) is None
            else:
                np.testing.assert_array_equal(getattr(cast, name), array.astype(np.float32))
                assert getattr(cast, name).dtype == np.float32
        for field in dataclasses.fields(front_end):
            if field.init and field.name not in names:
                same = getattr(front_end, field.name)
                np.testing.assert_array_equal(getattr(cast, field.name), same)


CHANGES = [
    {"sample_rate": 8001},
    {"convention": "kaldi"},
    {"frame_length": 0.02},
    {"frame_step": 0.0125},
    {"n_fft": 512},
    {"window": "hamming"},
    {"preemphasis": 0.9},
    {"n_mels": 30},
    {"fmin": 50.0},
    {"fmax": 3900.0},
    {"n_mfcc": 12},
    {"lifter": 0},
    {"features": "log_mel"},
]


def test_the_fingerprint_depends_on_every_setting():
    assert {name for change in CHANGES for name in change} == set(SETTINGS)
    fingerprints = {design(**{"sample_rate": 8000} | change).fingerprint for change in CHANGES}
    assert len(fingerprints | {design(8000).fingerprint}) == len(CHANGES) + 1


def test_settings_of_the_same_value_have_the_same_fingerprint():
    explicit = {
        "n_mels": 26,
        "fmin": 0,
        "fmax": 4000,
        "lifter": 22,
        "preemphasis": np.float64(0.97),
    }
    same = design(8000.0, **explicit, n_fft=256, window="rectangular", frame_length=0.02501)
    assert same.fingerprint == design(8000).fingerprint
    unused = design(8000, features="log_mel", n_mfcc=5, lifter=0)
    assert unused.fingerprint == design(8000, features="log_mel").fingerprint


def test_front_ends_are_read_only():
    for front_end in (shared_design(8000, window="hann"), design(8000, window="hann")):
        for of_type in (front_end, front_end.as_type("float32")):
            for array in (of_type.window, of_type.filterbank, of_type.cepstrum):
                with pytest.raises(ValueError, match="read-only"):
                    array[:] = 0.0


def test_a_front_end_may_be_pickled():
    front_end = design(8000, convention="kaldi")
    signal = np.random.default_rng(0).normal(size=800).astype(np.float32)
    expected, _ = compute([signal], front_end.as_type("float32"))
    again = pickle.loads(pickle.dumps(front_end))
    assert again.fingerprint == front_end.fingerprint
    np.testing.assert_array_equal(compute([signal], again.as_type("float32"))[0], expected)


def test_threads_get_the_same_front_end_of_a_type():
    front_end = design(8000)
    with ThreadPool(8) as pool:
        found = pool.map(lambda _: front_end.as_type("float32"), range(100))
    assert len(set(map(id, found))) == 1


def test_empty_filters_are_counted():
    assert design(8000).n_empty == 0
    crowded = design(8000, n_mels=80, features="log_mel")
    silent = (crowded.filterbank == 0).all(axis=0)
    assert crowded.n_empty == silent.sum() > 0


@pytest.mark.parametrize(
    ("sample_rate", "frame_length", "expected"),
    [(8000, 0.025, 256), (16000, 0.025, 512), (8000, 0.032, 256), (44100, 0.025, 2048)],
)
def test_the_transform_is_the_smallest_power_of_two_that_holds_a_frame(
    sample_rate, frame_length, expected
):
    assert design(sample_rate, frame_length=frame_length).n_fft == expected


# Errors


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_fft": 199}, r"n_fft=199 is too short for a frame of 200 samples.*at least 200"),
        ({"fmin": 3000, "fmax": 3000}, r"fmin=3000 and fmax=3000 must rise"),
        ({"fmin": 3000, "fmax": 200}, r"fmin=3000 and fmax=200 must rise"),
        ({"fmin": 4000}, r"fmin=4000 and fmax=4000 must rise"),
        ({"fmin": -1}, r"fmin=-1 and fmax=4000"),
        ({"fmax": 4001}, r"fmax=4001 must rise, from 0 to at most half the sample rate, 4000 Hz"),
        ({"n_mfcc": 27}, r"n_mfcc=27 must be at least 1 and at most n_mels=26"),
        ({"n_mfcc": 13, "n_mels": 12}, r"n_mfcc=13 must be at least 1 and at most n_mels=12"),
        ({"n_mfcc": 0}, r"n_mfcc=0 must be at least 1"),
        ({"n_mels": 0}, r"n_mels=0 must be at least 1"),
        ({"frame_length": 5e-5}, r"frame_length=5e-05 s is less than one sample at 8000 Hz"),
        ({"frame_step": 0}, r"frame_step=0 s is less than one sample at 8000 Hz"),
        ({"frame_step": -0.01}, r"frame_step=-0.01 s is less than one sample"),
        ({"frame_length": np.nan}, r"frame_length=nan must be less than 10: it is in seconds"),
        ({"frame_length": 25}, r"frame_length=25 must be less than 10: it is in seconds"),
        ({"frame_step": np.inf}, r"frame_step=inf must be less than 10: it is in seconds"),
        ({"window": "triangel"}, r"window.*'triangel'"),
        ({"window": "kaiser"}, r"'kaiser' must have parameters"),
        ({"convention": "kaldy"}, r"convention='kaldy' must be one of \['htk', 'kaldi', "),
        ({"features": "mfc"}, r"features='mfc' must be 'mfcc' or 'log_mel'"),
        ({"preemphasis": 5.0}, r"preemphasis=5.0 must be from 0 to 1"),
        ({"preemphasis": np.nan}, r"preemphasis=nan must be from 0 to 1"),
        ({"lifter": -3.0}, r"lifter=-3.0 must be finite and not negative"),
        ({"lifter": np.inf}, r"lifter=inf must be finite and not negative"),
    ],
)
def test_a_wrong_setting_is_named(settings, message):
    with pytest.raises(ValueError, match=message):
        design(8000, **settings)
    with pytest.raises(ValueError, match=message):
        mfcc(np.ones(1000), 8000, **settings)


@pytest.mark.parametrize(
    ("sample_rate", "settings", "message"),
    [
        (
            1e8,
            {},
            r"n_fft=4194304 for frames of 2500000 samples at 1e\+08 Hz is larger than 262144",
        ),
        (8000, {"n_fft": 262145}, r"n_fft=262145 for frames of 200 samples at 8000 Hz is larger"),
        (44100, {"frame_length": 9.9}, r"n_fft=524288 for frames of 436590 samples"),
    ],
)
def test_frames_that_would_take_gigabytes_are_an_error(sample_rate, settings, message):
    with pytest.raises(ValueError, match=message):
        design(sample_rate, **settings)


@pytest.mark.parametrize(
    "settings",
    [{"frame_length": 4}, {"frame_step": 1 / 16000}, {"n_fft": 262144, "frame_length": 9}],
)
def test_a_block_takes_some_hundred_megabytes_at_most(settings):
    block = Block(design(16000, **settings))
    arrays = [array for array in vars(block).values() if isinstance(array, np.ndarray)]
    assert sum(array.nbytes for array in arrays if array is not block.view) < 3e8


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"edges": "centre"}, r"edges='centre' of a convention must be one of 'pad', 'snip', "),
        ({"padding": "wrap"}, r"padding='wrap' of a convention must be one of 'constant', "),
        ({"padding": "reflect"}, r"padding='reflect' of a convention needs edges='center' or"),
        ({"power": 3}, r"power=3 of a convention must be one of 2, 1"),
        ({"energy": "raw"}, r"energy='raw' of a convention must be one of 'spectrum', 'frame', "),
        ({"scale": 0.0}, r"scale=0.0 of a convention must be positive"),
        ({"floor": -1.0}, r"floor=-1.0 of a convention must be positive"),
        ({"unit": math.nan}, r"unit=nan of a convention must be positive"),
        ({"floor": "1"}, r"floor='1' of a convention must be positive"),
        ({"lifter": -1.0}, r"lifter=-1.0 of a convention must be finite and not negative"),
        ({"n_mels": 26.5}, r"n_mels=26.5 of a convention must be an integer from 1 on"),
        ({"n_mels": 0}, r"n_mels=0 of a convention must be an integer from 1 on"),
        ({"window": 3}, r"window=3 of a convention must be a name or a tuple"),
        ({"remove_dc": "no"}, r"remove_dc='no' of a convention must be one of False, True"),
    ],
)
def test_a_wrong_choice_of_a_convention_is_named(choices, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(CONVENTIONS["psf"], **choices)


@pytest.mark.parametrize("parameter", [[0.5, 0.5], (0.5, 0.5), np.array([0.5, 0.5])])
def test_the_window_of_a_convention_may_have_parameters(parameter):
    convention = dataclasses.replace(CONVENTIONS["psf"], window=("general_cosine", parameter))
    frames = mfcc(np.ones(1000), 8000, convention=convention)
    expected = mfcc(np.ones(1000), 8000, window=("general_cosine", [0.5, 0.5]))
    np.testing.assert_array_equal(frames, expected)


@pytest.mark.parametrize("convention", [["kaldi"], None, 3])
def test_what_is_no_convention_is_named(convention):
    with pytest.raises(ValueError, match=r"must be one of .*, or a Convention"):
        mfcc(np.ones(1000), 8000, convention=convention)


@pytest.mark.parametrize("name", [*CONVENTIONS])
def test_a_convention_is_its_name(name):
    by_name = design(8000, convention=name, n_mels=20)
    assert design(8000, convention=CONVENTIONS[name], n_mels=20).fingerprint == by_name.fingerprint


@pytest.mark.parametrize("convention", strategies.CHANGED)
def test_other_choices_have_another_fingerprint(convention):
    prints = {design(8000, convention=name, n_mels=20).fingerprint for name in CONVENTIONS}
    assert design(8000, convention=convention, n_mels=20).fingerprint not in prints


@pytest.mark.parametrize("sample_rate", [0, -8000, np.nan, np.inf])
def test_a_wrong_sample_rate_is_named(sample_rate):
    with pytest.raises(ValueError, match=r"sample_rate=.* must be positive"):
        design(sample_rate)


def test_n_mfcc_is_of_no_matter_to_log_mel():
    assert design(8000, features="log_mel", n_mels=5, n_mfcc=13).n_coefficients == 5


def test_frame_times_are_the_centres():
    np.testing.assert_allclose(design(8000).frame_times(2), [0.0125, 0.0225])
    centred = design(8000, convention="librosa", n_mels=20)
    np.testing.assert_allclose(centred.frame_times(2), [0.0, 0.01])
