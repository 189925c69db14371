import dataclasses
import itertools
import pickle
from multiprocessing.pool import ThreadPool

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from skxent.mfcc import CONVENTIONS, design, mfcc, stream
from skxent.mfcc._blocks import Block, _keep_block, compute
from skxent.mfcc._filters import cepstrum_matrix, mel_filterbank, mel_frequencies
from skxent.mfcc._front_end import shared_design
from skxent.mfcc._stream import compute_chunks
from tests.mfcc import oracles, strategies
from tests.mfcc.oracles import assert_same_frames

# The settings that are drawn may be anything.
pytestmark = pytest.mark.filterwarnings("ignore:.* of the mel filters are narrower")


@st.composite
def tasks(draw, min_size=1):
    """A signal, its rate, and settings of overlapping frames."""
    sample_rate = draw(strategies.sample_rates)
    settings = draw(strategies.front_end_settings(sample_rate, (None, "hamming")))
    settings["features"] = draw(st.sampled_from(["mfcc", "log_mel"]))
    return draw(strategies.signals(min_size=min_size)), sample_rate, settings


def frame_geometry(sample_rate, settings):
    length = oracles.round_half_up(settings["frame_length"] * sample_rate)
    return length, oracles.round_half_up(settings["frame_step"] * sample_rate)


# Frames


@given(tasks())
def test_frames_are_as_many_as_hold_every_sample(task):
    signal, sample_rate, settings = task
    expected = len(oracles.frames_of(signal, *frame_geometry(sample_rate, settings)))
    assert design(sample_rate, **settings).n_frames(len(signal)) == expected
    assert len(mfcc(signal, sample_rate, **settings)) == expected


@given(tasks(), st.data())
def test_every_sample_is_in_a_frame_where_frames_overlap(task, data):
    signal, sample_rate, settings = task
    assume(settings["frame_step"] <= settings["frame_length"])
    changed = signal.copy()
    changed[data.draw(st.integers(0, len(signal) - 1))] += 1.0 + np.abs(signal).max()
    before, after = (mfcc(x, sample_rate, **settings) for x in (signal, changed))
    assert (before != after).any()


@given(tasks(min_size=2), st.data())
def test_a_frame_depends_on_its_samples_and_the_one_before(task, data):
    signal, sample_rate, settings = task
    position = data.draw(st.integers(0, len(signal) - 1))
    changed = signal.copy()
    changed[position] += 1.0 + np.abs(signal).max()
    before, after = (mfcc(x, sample_rate, **settings) for x in (signal, changed))
    length, step = frame_geometry(sample_rate, settings)
    starts = step * np.arange(len(before))
    untouched = (position < starts - 1) | (position >= starts + length)
    np.testing.assert_array_equal(before[untouched], after[untouched])


@given(tasks(), st.data())
def test_the_frames_of_a_prefix_are_those_of_the_whole(task, data):
    signal, sample_rate, settings = task
    prefix = signal[: data.draw(st.integers(1, len(signal)))]
    length, step = frame_geometry(sample_rate, settings)
    whole, part = (mfcc(x, sample_rate, **settings) for x in (signal, prefix))
    n_inside = max(0, (len(prefix) - length) // step + 1)
    assert_same_frames(part[:n_inside], whole[:n_inside])


@given(tasks())
def test_a_signal_is_padded_with_silence(task):
    signal, sample_rate, settings = task
    settings["preemphasis"] = 0.0
    length, step = frame_geometry(sample_rate, settings)
    frames = oracles.frames_of(signal, length, step)
    each = [mfcc(np.array(frame), sample_rate, **settings)[0] for frame in frames]
    np.testing.assert_allclose(mfcc(signal, sample_rate, **settings), each, rtol=1e-12, atol=1e-12)


@given(st.integers(1, 10), strategies.sample_rates, st.sampled_from(["float32", "float64"]))
def test_a_tiny_clip_is_one_finite_frame(n_samples, sample_rate, dtype):
    frames = mfcc(np.ones(n_samples, dtype), sample_rate)
    assert frames.shape == (1, 13)
    assert np.isfinite(frames).all()


@given(tasks(), st.sampled_from(["float32", "float64"]))
def test_silence_is_finite(task, dtype):
    signal, sample_rate, settings = task
    assert np.isfinite(mfcc(np.zeros(len(signal), dtype), sample_rate, **settings)).all()


@given(tasks(), st.sampled_from(["float32", "float64"]))
def test_the_signal_is_left_alone_and_may_be_read_only(task, dtype):
    signal, sample_rate, settings = task
    signal = signal.astype(dtype)
    before = signal.copy()
    signal.flags.writeable = False
    assert mfcc(signal, sample_rate, **settings).dtype == dtype
    np.testing.assert_array_equal(signal, before)


@pytest.mark.parametrize("dtype", ["int16", "uint8", "int64", ">f8", "float16"])
def test_all_but_float32_is_computed_in_float64(dtype):
    signal = np.arange(100).astype(dtype)
    frames = mfcc(signal, 8000)
    assert frames.dtype == np.float64
    np.testing.assert_array_equal(frames, mfcc(np.arange(100.0), 8000))
    np.testing.assert_array_equal(frames, mfcc(list(range(100)), 8000))


# Batches and blocks


@st.composite
def batches(draw):
    _, sample_rate, settings = draw(tasks())
    length, step = frame_geometry(sample_rate, settings)
    # Many of them end just where a frame does, or one sample before or after.
    n_steps = st.integers(0, max(1, 2000 // step))
    ends = st.builds(lambda n, off: max(1, length + n * step + off), n_steps, st.integers(-1, 1))
    sizes = draw(st.lists(ends | st.integers(1, 3000), min_size=1, max_size=8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return [rng.normal(size=size) for size in sizes], sample_rate, settings


@given(batches(), st.sampled_from(["float32", "float64"]))
def test_signals_together_are_the_signals_one_by_one(batch, dtype):
    signals, sample_rate, settings = batch
    signals = [signal.astype(dtype) for signal in signals]
    frames, lengths = compute(signals, design(sample_rate, **settings, dtype=dtype))
    alone = [mfcc(signal, sample_rate, **settings) for signal in signals]
    assert frames.dtype == dtype
    assert lengths.tolist() == [len(clip) for clip in alone]
    assert_same_frames(frames, np.vstack(alone))


@given(batches(), st.data())
def test_any_split_into_batches_gives_the_same(batch, data):
    signals, sample_rate, settings = batch
    front_end = design(sample_rate, **settings)
    cut = data.draw(st.integers(0, len(signals) - 1))
    parts = [part for part in (signals[:cut], signals[cut:]) if part]
    split = np.vstack([compute(part, front_end)[0] for part in parts])
    assert_same_frames(split, compute(signals, front_end)[0])


@given(batches(), st.sampled_from([1, 1 << 14, 1 << 17]))
def test_the_size_of_a_block_does_not_matter(batch, n_bytes):
    signals, sample_rate, settings = batch
    settings["frame_step"] = min(settings["frame_step"], 0.005)
    signals = [*signals, np.concatenate([*signals, np.ones(8000)])]
    front_end = design(sample_rate, **settings)
    expected, _ = compute(signals, front_end)
    assert_same_frames(compute(signals, front_end, n_bytes)[0], expected)


def test_a_long_signal_spans_many_blocks():
    signal = np.random.default_rng(0).normal(size=30 * 8000)
    frames = mfcc(signal, 8000)
    assert len(frames) > 4 * Block(design(8000)).n_rows
    for start in range(0, 2900, 50):
        # The first frame of a piece lacks the sample before.
        piece = mfcc(signal[80 * start : 80 * (start + 60)], 8000)
        assert_same_frames(frames[start + 1 : start + 55], piece[1:55])


def test_a_thread_keeps_its_block_for_the_same_front_end_and_size():
    front_end = design(8000)
    block = _keep_block(front_end, 1 << 20)
    assert _keep_block(front_end, 1 << 20) is block
    assert _keep_block(front_end, 1 << 19).n_rows < block.n_rows
    assert _keep_block(design(8000), 1 << 20) is not block
    with ThreadPool(1) as pool:
        assert pool.apply(_keep_block, (front_end, 1 << 20)) is not block


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


# Energies


@given(
    st.integers(0, 2**32 - 1),
    st.floats(1e-3, 1e3),
    st.sampled_from([8000, 16000]),
    st.sampled_from(["mfcc", "log_mel"]),
)
def test_louder_by_a_shifts_log_energies_by_2_log_a(seed, a, sample_rate, features):
    signal = np.random.default_rng(seed).normal(size=2000)
    shift = mfcc(a * signal, sample_rate, features=features)
    shift -= mfcc(signal, sample_rate, features=features)
    expected = np.full(shift.shape, 2 * np.log(a))
    if features == "mfcc":
        expected[:, 1:] = 0.0
    np.testing.assert_allclose(shift, expected, rtol=0, atol=1e-11)


@pytest.mark.parametrize(("sample_rate", "n_fft"), [(8000, 512), (16000, 1024), (44100, 4096)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_tone_at_the_centre_of_a_filter_is_loudest_there(sample_rate, n_fft, dtype):
    bins = oracles.mel_bins(26, n_fft, sample_rate)
    for index in range(26):
        cycles = bins[index + 1] / n_fft * np.arange(3 * n_fft)
        log_mel = mfcc(
            np.sin(2 * np.pi * cycles).astype(dtype),
            sample_rate,
            features="log_mel",
            frame_length=n_fft / sample_rate,
            n_fft=n_fft,
            window="hann",
            preemphasis=0.0,
        )
        n_whole = (2 * n_fft) // round(0.01 * sample_rate) + 1
        assert (log_mel[:n_whole].argmax(axis=1) == index).all()


def test_the_first_coefficient_is_the_logarithm_of_the_energy():
    # Parseval: the half spectrum of an even frame holds half of the energy, and half of
    # what the first and the last bin hold.
    frame = np.random.default_rng(0).normal(size=256)
    frames = mfcc(frame, 8000, frame_length=256 / 8000, preemphasis=0.0)
    ends = sum(frame) ** 2 + sum(frame * (-1.0) ** np.arange(256)) ** 2
    expected = np.log((sum(frame**2) + ends / 256) / 2)
    assert frames[0, 0] == pytest.approx(expected, abs=1e-12)


def test_preemphasis_is_the_filter_before_all_else():
    signal = np.random.default_rng(0).normal(size=1000)
    filtered = np.array([signal[0], *(b - 0.9 * a for a, b in itertools.pairwise(signal))])
    expected = mfcc(filtered, 8000, preemphasis=0.0)
    # The last frame is not compared: it is padded after the filter.
    np.testing.assert_allclose(
        mfcc(signal, 8000, preemphasis=0.9)[:-1], expected[:-1], rtol=0, atol=1e-11
    )


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


@pytest.mark.parametrize("sample_rate", [0, -8000, np.nan, np.inf])
def test_a_wrong_sample_rate_is_named(sample_rate):
    with pytest.raises(ValueError, match=r"sample_rate=.* must be positive"):
        design(sample_rate)


def test_n_mfcc_is_of_no_matter_to_log_mel():
    assert design(8000, features="log_mel", n_mels=5, n_mfcc=13).n_coefficients == 5


@pytest.mark.parametrize("signal", [[], np.zeros((10, 2)), 1.0])
def test_mfcc_wants_one_signal(signal):
    with pytest.raises(ValueError, match=r"signal must (have shape \(n_samples,\)|not be empty)"):
        mfcc(signal, 8000)


# Streams

SETTINGS = [
    {},
    {"convention": "librosa", "n_mels": 20},
    {"convention": "kaldi"},
    {"convention": "htk", "features": "log_mel"},
    {"frame_length": 0.01, "frame_step": 0.02},
    {"convention": "librosa", "n_mels": 20, "frame_step": 0.05, "preemphasis": 0.9},
    {"convention": "librosa", "n_mels": 20, "n_fft": 301},
    {"convention": "kaldi", "n_mels": 15, "n_fft": 201, "frame_step": 0.03},
]


@given(
    signal=strategies.signals(max_size=3000),
    cuts=st.lists(st.floats(0, 1), max_size=6),
    settings=st.sampled_from(SETTINGS),
    dtype=st.sampled_from(["float32", "float64"]),
)
def test_a_stream_gives_the_frames_of_the_whole_bit_for_bit(signal, cuts, settings, dtype):
    signal = signal.astype(dtype)
    positions = sorted(int(cut * len(signal)) for cut in cuts)
    front_end = design(8000, **settings, dtype=dtype)
    # Blocks of 72 frames, the fewest.
    whole, _ = compute([signal], front_end, block_bytes=1)
    blocks = list(compute_chunks(np.split(signal, positions), front_end, block_bytes=1))
    assert blocks[0].dtype == dtype
    np.testing.assert_array_equal(np.vstack(blocks), whole)


@pytest.mark.parametrize("size", [1, 7, 4096])
@pytest.mark.parametrize("settings", SETTINGS)
def test_a_stream_of_equal_chunks_gives_the_frames_of_the_whole(size, settings):
    signal = np.random.default_rng(0).normal(size=12_000 if size > 1 else 700)
    chunks = [signal[start : start + size] for start in range(0, len(signal), size)]
    whole = mfcc(signal, 8000, **settings)
    np.testing.assert_array_equal(np.vstack(list(stream(iter(chunks), 8000, **settings))), whole)
    front_end = design(8000, **settings)
    blocks = list(compute_chunks(iter(chunks), front_end, block_bytes=1))
    whole, _ = compute([signal], front_end, block_bytes=1)
    np.testing.assert_array_equal(np.vstack(blocks), whole)


def test_a_block_comes_as_soon_as_its_samples_do():
    signal = np.random.default_rng(0).normal(size=100_000)
    seen = 0

    def chunks():
        nonlocal seen
        for start in range(0, len(signal), 1000):
            seen = start + 1000
            yield signal[start:seen]

    blocks = stream(chunks(), 8000)
    n_frames = len(next(blocks))
    needed = (n_frames - 1) * 80 + 200
    assert needed <= seen < needed + 1000


@pytest.mark.parametrize("chunks", [[], [[]], [[], np.empty(0)]])
def test_a_stream_without_samples_is_an_error(chunks):
    with pytest.raises(ValueError, match="chunks must hold at least one sample"):
        list(stream(chunks, 8000))


# Laws of the conventions

CONVENTION_NAMES = sorted(CONVENTIONS)


@pytest.mark.parametrize("convention", CONVENTION_NAMES)
@given(signal=strategies.signals(min_size=400, max_size=3000), shift=st.integers(1, 5))
def test_a_shift_by_a_step_shifts_the_frames_by_one(convention, signal, shift):
    settings = {"convention": convention, "n_mels": 20, "features": "log_mel"}
    frames = mfcc(signal, 8000, **settings)
    later = mfcc(signal[80 * shift :], 8000, **settings) if len(signal) > 80 * shift else []
    # Of the first frames some know what was cut off.
    known = {"center": 2, "pad": 1, "snip": 0}[CONVENTIONS[convention].edges]
    count = min(len(frames) - shift, len(later)) - known
    if count > 0:
        np.testing.assert_allclose(
            later[known : known + count],
            frames[shift + known : shift + known + count],
            rtol=1e-9,
            atol=1e-6,
        )


@pytest.mark.parametrize("convention", CONVENTION_NAMES)
@given(seed=st.integers(0, 1000), gain=st.sampled_from([2.0, 4.0, 8.0]))
def test_a_gain_adds_a_constant_to_the_log_energies(convention, seed, gain):
    signal = np.random.default_rng(seed).normal(size=2000)
    settings = {"convention": convention, "n_mels": 20, "features": "log_mel"}
    choices = CONVENTIONS[convention]
    expected = choices.power * choices.unit * np.log(gain)
    difference = mfcc(gain * signal, 8000, **settings) - mfcc(signal, 8000, **settings)
    np.testing.assert_allclose(difference, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("convention", CONVENTION_NAMES)
@pytest.mark.parametrize("sample_rate", [8000, 16000, 44100])
def test_filters_are_not_negative_and_cover_what_lies_between_the_edges(convention, sample_rate):
    choices = CONVENTIONS[convention]
    fmin, fmax, n_fft = 200.0, 0.4 * sample_rate, 2048
    filters = mel_filterbank(choices, 24, n_fft, sample_rate, fmin, fmax)
    assert (filters >= 0.0).all()
    assert (filters.max(axis=0) > 0.0).all()
    frequencies = np.arange(n_fft // 2 + 1) * sample_rate / n_fft
    inside = filters.any(axis=1)
    width = 2 * sample_rate / n_fft
    assert inside[(frequencies > fmin + width) & (frequencies < fmax - width)].all()
    assert not inside[(frequencies < fmin - width) | (frequencies > fmax + width)].any()
    centres = mel_frequencies(choices, 24, fmin, fmax)[1:-1]
    np.testing.assert_allclose(frequencies[filters.argmax(axis=0)], centres, rtol=0, atol=width)


@pytest.mark.parametrize("convention", CONVENTION_NAMES)
def test_the_cosine_transform_goes_back_and_forth(convention):
    choices = CONVENTIONS[convention]
    matrix = cepstrum_matrix(choices, 20, 20, 0.0)[:20] / choices.unit
    if choices.energy is not None:  # its column is the energy's
        product = matrix[:, 1:].T @ matrix[:, 1:]
        np.testing.assert_allclose(product, np.eye(19), rtol=0, atol=1e-12)
    else:
        expected = np.eye(20)
        expected[0, 0] = 2.0 if choices.dct == "htk" else 1.0
        np.testing.assert_allclose(matrix.T @ matrix, expected, rtol=0, atol=1e-12)


def windowed_frames(signal, front_end):
    """The frames that are transformed, zeros at their ends, and their energies before that."""
    choices, length, c = front_end.convention, front_end.n_length, front_end.preemphasis
    window = np.ones(length) if front_end.window is None else front_end.window
    margin = front_end.n_before
    padded = np.concatenate([np.zeros(margin), signal, np.zeros(length + front_end.n_fft)])
    frames, energies = [], []
    for t in range(front_end.n_frames(len(signal))):
        start = t * front_end.n_step
        frame = padded[start : start + length].copy()
        if choices.remove_dc:
            frame -= sum(frame) / length
        energies.append(sum(frame**2))
        before = np.concatenate([frame[:1], frame[:-1]])
        if choices.preemphasis_over == "signal":
            before[0] = padded[start - 1] if start > 0 else 0.0
            # Zeros after the signal's end stay zeros.
            before[max(0, margin + len(signal) - start) :] = 0.0
        frames.append(window * (frame - c * before))
    return np.array(frames), np.array(energies)


@pytest.mark.parametrize("convention", CONVENTION_NAMES)
@given(
    signal=strategies.signals(min_size=200, max_size=2000), preemphasis=st.sampled_from([0, 0.9])
)
def test_the_energy_of_a_spectrum_is_that_of_its_frame(convention, signal, preemphasis):
    # Parseval: the squared magnitudes add up to n_fft times the sum of squared samples; of
    # half a spectrum, those but the first and the last count twice.
    front_end = design(8000, convention=convention, preemphasis=preemphasis, features="log_mel")
    front_end = dataclasses.replace(
        front_end,
        convention=dataclasses.replace(front_end.convention, power=2, unit=1.0, floor=1e-300),
        filterbank=np.repeat([1.0, *[2.0] * 127, 1.0], 2)[:, np.newaxis],
        frequencies=np.zeros(1),
    )
    frames, _ = windowed_frames(signal, front_end)
    energies = np.exp(compute([signal], front_end)[0].ravel())
    expected = 256 * np.sum(frames**2, axis=1)
    largest = 256 * np.max(signal**2)
    np.testing.assert_allclose(energies, expected, rtol=1e-9, atol=1e-24 * largest + 2e-300)


@pytest.mark.parametrize("convention", ["psf", "kaldi"])
@given(
    signal=strategies.signals(min_size=200, max_size=2000), preemphasis=st.sampled_from([0, 0.9])
)
def test_the_energy_of_a_frame_is_that_of_its_samples(convention, signal, preemphasis):
    front_end = design(8000, convention=convention, preemphasis=preemphasis)
    frames, energies = windowed_frames(signal, front_end)
    if convention == "psf":  # over the spectrum: Parseval, its ends without a twin
        signs = (-1.0) ** np.arange(front_end.n_length)
        ends = frames.sum(axis=1) ** 2 + (frames * signs).sum(axis=1) ** 2
        energies = 0.5 * (np.sum(frames**2, axis=1) + ends / 256)
    floor = front_end.convention.floor
    energies = np.maximum(energies, floor) if convention == "kaldi" else energies
    measured = np.exp(mfcc(signal, 8000, convention=convention, preemphasis=preemphasis)[:, 0])
    largest = np.max(signal**2)
    np.testing.assert_allclose(measured, energies, rtol=1e-9, atol=1e-24 * largest + 2 * floor)


@pytest.mark.parametrize("convention", CONVENTION_NAMES)
@pytest.mark.parametrize("n_samples", [1, 10, 199])
def test_a_clip_shorter_than_a_frame_has_one_finite_frame_or_more(convention, n_samples):
    is_centred = CONVENTIONS[convention].edges == "center"
    for features in ("mfcc", "log_mel"):
        settings = {"convention": convention, "n_mels": 20, "features": features}
        for signal in (np.zeros(n_samples), np.ones(n_samples)):
            frames = mfcc(signal, 8000, **settings)
            assert np.isfinite(frames).all()
            assert len(frames) == (1 + n_samples // 80 if is_centred else 1)


# Wholes of the transform and frames with gaps between them, odd lengths included.
GEOMETRIES = [{}, {"n_fft": 301}, {"frame_step": 0.03}, {"frame_step": 0.03, "n_fft": 333}]


@st.composite
def convention_tasks(draw):
    settings = {"convention": draw(st.sampled_from(CONVENTION_NAMES)), "n_mels": 20}
    settings |= draw(st.sampled_from(GEOMETRIES))
    settings["features"] = draw(st.sampled_from(["mfcc", "log_mel"]))
    return draw(strategies.signals(min_size=1, max_size=2000)), settings


@given(convention_tasks(), st.data())
def test_a_frame_of_any_convention_depends_on_its_samples_alone(task, data):
    signal, settings = task
    position = data.draw(st.integers(0, len(signal) - 1))
    changed = signal.copy()
    changed[position] += 1.0 + np.abs(signal).max()
    before, after = (mfcc(x, 8000, **settings) for x in (signal, changed))
    front_end = design(8000, **settings)
    choices = front_end.convention
    starts = front_end.n_step * np.arange(len(before)) - front_end.n_before
    n_known = choices.preemphasis_over == "signal" and front_end.preemphasis > 0.0
    untouched = (position < starts - n_known) | (position >= starts + front_end.n_length)
    np.testing.assert_array_equal(before[untouched], after[untouched])


@given(convention_tasks(), strategies.signals(max_size=500))
def test_what_follows_does_not_change_the_frames_of_any_convention(task, more):
    signal, settings = task
    front_end = design(8000, **settings)
    frames = mfcc(signal, 8000, **settings)
    ends = front_end.n_step * np.arange(len(frames)) - front_end.n_before
    n_inside = int(np.sum(ends + front_end.n_length <= len(signal)))
    for rest in (np.zeros(len(more)), more):
        longer = mfcc(np.concatenate([signal, rest]), 8000, **settings)
        assert_same_frames(longer[:n_inside], frames[:n_inside])


@given(
    st.lists(strategies.signals(max_size=1500), min_size=1, max_size=6),
    st.sampled_from(CONVENTION_NAMES),
    st.sampled_from(GEOMETRIES),
)
def test_signals_together_are_the_signals_alone_in_any_convention(signals, convention, geometry):
    settings = {"convention": convention, "n_mels": 20, **geometry}
    frames, lengths = compute(signals, design(8000, **settings))
    alone = [mfcc(signal, 8000, **settings) for signal in signals]
    assert lengths.tolist() == [len(clip) for clip in alone]
    assert_same_frames(frames, np.vstack(alone))


def test_frame_times_are_the_centres():
    np.testing.assert_allclose(design(8000).frame_times(2), [0.0125, 0.0225])
    centred = design(8000, convention="librosa", n_mels=20)
    np.testing.assert_allclose(centred.frame_times(2), [0.0, 0.01])
