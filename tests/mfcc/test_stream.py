import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skxent.mfcc import design, mfcc, stream
from skxent.mfcc._blocks import compute
from skxent.mfcc._stream import compute_chunks
from tests.mfcc import strategies
from tests.mfcc.strategies import tasks

# The settings that are drawn may be anything.
pytestmark = pytest.mark.filterwarnings("ignore:.* of the mel filters are narrower")


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
    *({"convention": convention, "n_mels": 20} for convention in strategies.CHANGED),
    {"convention": strategies.CHANGED[0], "n_mels": 20, "frame_step": 0.05, "n_fft": 301},
    {"convention": strategies.CHANGED[3], "n_mels": 15, "frame_step": 0.05, "n_fft": 301},
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
    # Blocks of 24 frames, the fewest.
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
