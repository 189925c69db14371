import re

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from skxent.audio import chunks, count_samples, load, to_mono_float
from tests.audio.strategies import NOISE, RATE, RATES, tone

# Arrays


@pytest.mark.parametrize(
    ("dtype", "zero", "half_range"),
    [
        ("int8", 0, 2**7),
        ("int16", 0, 2**15),
        ("int32", 0, 2**31),
        ("int64", 0, 2**63),
        ("uint8", 2**7, 2**7),
        ("uint16", 2**15, 2**15),
        (">i2", 0, 2**15),
    ],
)
def test_integers_span_minus_one_to_one(dtype, zero, half_range):
    info = np.iinfo(dtype)
    samples = np.array([info.min, zero, zero + half_range // 2, info.max], dtype)
    expected = [-1.0, 0.0, 0.5, 1.0 - 1.0 / half_range]
    for precision in ("float32", "float64"):
        signal = to_mono_float(samples, dtype=precision)
        np.testing.assert_array_equal(signal, np.array(expected, precision))


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        ("float16", "float32"),
        ("float32", "float32"),
        (">f4", "float32"),
        ("float64", "float64"),
        (">f8", "float64"),
        ("uint8", "float32"),
        ("int16", "float32"),
        ("int32", "float32"),
        ("int64", "float64"),
    ],
)
def test_64_bits_need_float64_and_all_others_are_float32(dtype, expected):
    samples = np.ones(3, dtype)
    assert to_mono_float(samples).dtype == np.dtype(expected)
    assert to_mono_float(samples, dtype="float32").dtype == np.float32
    assert to_mono_float(samples, dtype="float64").dtype == np.float64


@given(
    hnp.arrays(
        st.sampled_from([np.float32, np.float64]),
        st.tuples(st.integers(4, 20), st.integers(1, 4)),
        elements=st.floats(-1, 1, width=16),
    )
)
def test_channels_are_averaged(samples):
    expected = [sum(map(float, row)) / len(row) for row in samples]
    atol = 2 * np.finfo(samples.dtype).eps
    np.testing.assert_allclose(to_mono_float(samples), expected, rtol=0, atol=atol)


def test_a_column_and_equal_channels_are_the_mono_signal():
    mono = NOISE[:100]
    np.testing.assert_array_equal(load(mono[:, np.newaxis], RATE), mono)
    np.testing.assert_array_equal(load(np.column_stack([mono, mono]), RATE), mono)
    integers = (mono * 2**15).astype(np.int16)
    stereo = load(np.column_stack([integers, integers]), RATE)
    np.testing.assert_array_equal(stereo, load(integers, RATE))


@pytest.mark.parametrize(
    "samples",
    [NOISE[::3], NOISE[::-1], NOISE.reshape(-1, 2)[:, 0], NOISE.reshape(2, -1).T, NOISE[:9]],
    ids=["strided", "reversed", "column", "transposed", "plain"],
)
def test_the_result_is_one_contiguous_row(samples):
    signal = load(samples, RATE)
    assert signal.ndim == 1
    assert signal.flags.c_contiguous
    assert len(signal) == len(samples)


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(400,), (200, 2)])
@pytest.mark.parametrize("rate", [RATE, 11025])
def test_the_clip_may_be_read_only(dtype, shape, rate):
    samples = (NOISE[:400] * 100 + 100).astype(dtype).reshape(shape)
    samples.flags.writeable = False
    assert np.isfinite(load((rate, samples), RATE)).all()


@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(400,), (200, 2)])
@pytest.mark.parametrize("rate", [RATE, 11025])
def test_the_clip_is_left_alone(dtype, shape, rate):
    samples = (NOISE[:400] * 100 + 100).astype(dtype).reshape(shape)
    before = samples.copy()
    load((rate, samples), RATE)
    np.testing.assert_array_equal(samples, before)


def test_lists_and_pairs_at_the_wanted_rate_are_the_array():
    expected = NOISE[:50]
    for clip in (expected.tolist(), (RATE, expected), (float(RATE), expected.tolist())):
        np.testing.assert_array_equal(load(clip, RATE), expected)
    np.testing.assert_array_equal(load((np.int64(RATE), expected), RATE), expected)


# Resampling


@given(RATES, RATES, st.floats(0.01, 0.9))
def test_a_resampled_tone_is_the_tone_at_the_new_rate(rate, new_rate, part):
    frequency = part * min(rate, new_rate) / 2
    signal, expected = tone(frequency, rate), tone(frequency, new_rate)
    resampled = load((rate, signal), new_rate)
    assert abs(len(resampled) - len(signal) * new_rate / rate) <= 1
    inside = slice(new_rate // 10, 4 * new_rate // 10)
    resampled, expected = resampled[inside], expected[inside]
    # Its level falls by up to 0.01 dB towards the filter's edge; its shape does not change.
    gain = resampled @ expected / (expected @ expected)
    assert -0.01 <= 20 * np.log10(gain) <= 1e-4
    np.testing.assert_allclose(resampled, gain * expected, rtol=0, atol=2e-6)


@given(RATES, RATES, st.floats(0, 1))
def test_a_tone_above_half_the_new_rate_vanishes(rate, new_rate, part):
    assume(new_rate < rate)
    lowest = 1.02 * new_rate / 2
    frequency = lowest + part * (0.98 * rate / 2 - lowest)
    resampled = load((rate, tone(frequency, rate)), new_rate)
    inside = resampled[new_rate // 10 : -new_rate // 10]
    assert np.abs(inside).max() <= 1e-5


@pytest.mark.parametrize("name", ["clip.wav", "clip.flac"])
@pytest.mark.parametrize("shape", [(-1,), (-1, 2)])
def test_a_file_at_another_rate_is_the_pair_of_its_samples(tmp_path, name, shape):
    path = tmp_path / name
    samples = (NOISE * 2**15).astype(np.int16).reshape(shape)
    soundfile.write(path, samples, 11025)
    expected = load((11025, samples), RATE)
    np.testing.assert_array_equal(load(path, RATE), expected)
    assert len(expected) == pytest.approx(len(samples) * RATE / 11025, abs=1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_resampling_keeps_the_type_and_is_contiguous(dtype):
    signal = load((11025, NOISE.astype(dtype)), RATE)
    assert signal.dtype == dtype
    assert signal.flags.c_contiguous


# What is no clip


@pytest.mark.parametrize(
    ("clip", "message"),
    [
        (np.array([]), "empty: it has no samples"),
        (np.empty((0, 2)), "empty: it has no samples"),
        ([], "empty: it has no samples"),
        ((RATE, []), "empty: it has no samples"),
        (np.array([0.0, 1.0, np.nan, np.nan]), "must be finite, sample 2 is nan"),
        (np.array([0, 0x7F800001], np.uint32).view(np.float32), "must be finite, sample 1 is nan"),
        (np.array([0.0, -np.inf], np.float32), "must be finite, sample 1 is -inf"),
        ((11025, np.array([np.inf, 0.0])), "must be finite, sample 0 is inf"),
        (np.array([[0, 0], [0, np.nan], [0, 0]]), "must be finite, sample 1 is nan"),
        (np.array([[0, 0], [np.inf, -np.inf]]), "must be finite, sample 1 is nan"),
        (np.zeros((2, 3, 4)), "got 3 dimensions, shape (2, 3, 4)"),
        (np.float64(1.0), "got 0 dimensions, shape ()"),
        (5, "got 0 dimensions, shape ()"),
        (np.zeros((2, 100)), "more channels than samples: shape (2, 100)"),
        ([[0.0, 1.0], [0.0]], "not a signal: "),
        ((1e-6, NOISE), "a pair's sample rate must be at least 1 Hz, got 1e-06"),
        ((0, NOISE), "a pair's sample rate must be at least 1 Hz, got 0"),
        ((-8000, NOISE), "a pair's sample rate must be at least 1 Hz, got -8000"),
        ((np.nan, NOISE), "a pair's sample rate must be at least 1 Hz, got nan"),
        ((np.inf, NOISE), "a pair's sample rate must be at least 1 Hz, got inf"),
        ([1, 2, 3], "the range of a list of integers is unknown"),
        ((RATE, [[1, 2], [3, 4]]), "the range of a list of integers is unknown"),
        ((1, np.ones(9)), "can't be resampled from 1 to 8000 Hz"),
        ((1 << 31, np.ones(9)), "can't be resampled from 2.14748e+09 to 8000 Hz"),
        ((48000, np.ones(2)), "too short to be resampled from 48000 to 8000 Hz"),
    ],
)
def test_a_wrong_value_is_named(clip, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        load(clip, RATE)


@pytest.mark.parametrize(
    ("clip", "message"),
    [
        (None, "a path, got a missing value, None"),
        (np.nan, "a path, got a missing value, nan"),
        (np.float32("nan"), "a path, got a missing value, nan"),
        (pd.NA, "a path, got a missing value, <NA>"),
        (pd.NaT, "a path, got a missing value, NaT"),
        (b"clip.wav", "got bytes"),
        ({"a": 1}, "got dict"),
        (object(), "got object"),
        (True, "got bool"),
        (np.zeros(3, bool), "got an array of bool of shape (3,)"),
        (np.zeros(3, complex), "got an array of complex128 of shape (3,)"),
        (["a.wav", "b.wav"], "got an array of <U5 of shape (2,)"),
        (np.array([None, 1.0]), "got an array of object of shape (2,)"),
        ((NOISE, RATE), "got (an array of float64 of shape (20000,), int)"),
        (("8000", NOISE), "got (str, an array of float64 of shape (20000,))"),
        ((True, NOISE), "got (bool, an array of float64 of shape (20000,))"),
        ((None, NOISE), "got (NoneType, an array of float64 of shape (20000,))"),
        ((RATE,), "got 1 values"),
        (tuple(NOISE), "got 20000 values"),
    ],
)
def test_a_wrong_type_is_named(clip, message):
    with pytest.raises(TypeError, match=re.escape(message)):
        load(clip, RATE)


def test_a_value_beyond_float32_is_an_error_there_alone():
    samples = np.array([0.0, 1e90])
    np.testing.assert_array_equal(load(samples, RATE), samples)
    with pytest.raises(ValueError, match="must be finite, sample 1 is inf"):
        load(samples, RATE, dtype="float32")


def test_a_huge_but_finite_signal_is_no_error():
    samples = np.full(100, 3e38, np.float32)
    np.testing.assert_array_equal(load(samples, RATE), samples)


# In pieces


@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.int16, np.int32, np.float32, np.float64]),
        hnp.array_shapes(min_dims=1, max_dims=2, min_side=1, max_side=12).filter(
            lambda shape: len(shape) == 1 or shape[0] >= shape[1]
        ),
        elements={"min_value": 0, "max_value": 100},
    ),
    st.sampled_from(["C", "F"]),
    st.integers(1, 200),
    st.sampled_from([None, "float32", "float64"]),
)
def test_the_pieces_of_an_array_are_the_whole(samples, order, n_samples, dtype):
    samples = np.asarray(samples, order=order)
    whole = load(samples, RATE, dtype=dtype)
    pieces = list(chunks((RATE, samples), RATE, dtype=dtype, n_samples=n_samples))
    assert all(0 < len(piece) <= n_samples for piece in pieces)
    assert {piece.dtype for piece in pieces} == {whole.dtype}
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    assert count_samples(samples, RATE) == len(whole)


@given(RATES, RATES, st.integers(40, 5000), st.integers(1, 3000))
def test_the_pieces_of_a_resampled_clip_are_the_whole_to_the_bit(rate, new_rate, length, n_samples):
    pair = (rate, NOISE[:length])
    whole = load(pair, new_rate)
    pieces = list(chunks(pair, new_rate, n_samples=n_samples))
    np.testing.assert_array_equal(np.concatenate(pieces), whole)
    assert abs(count_samples(pair, new_rate) - len(whole)) <= 1


def test_an_error_comes_where_it_is_found(tmp_path):
    samples = NOISE.copy()
    samples[12_345] = np.nan
    path = tmp_path / "clip.wav"
    soundfile.write(path, samples, RATE, subtype="DOUBLE")
    for clip in (samples, (RATE, samples), path):
        pieces = chunks(clip, RATE, n_samples=10_000)
        assert len(next(pieces)) == 10_000
        with pytest.raises(ValueError, match="must be finite, sample 12345 is nan"):
            next(pieces)
    soundfile.write(path, NOISE, RATE, format="OGG")
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(ValueError, match="cut short"):
        list(chunks(path, RATE, n_samples=1000))


@pytest.mark.parametrize(
    ("clip", "error"),
    [([], ValueError), (None, TypeError), ((RATE,), TypeError), ((48000, np.ones(2)), ValueError)],
)
def test_what_is_no_clip_has_no_pieces(clip, error):
    with pytest.raises(error) as whole:
        load(clip, RATE)
    with pytest.raises(error, match=f"^{re.escape(str(whole.value))}$"):
        list(chunks(clip, RATE))
    with pytest.raises(ValueError, match="n_samples must be at least 1, got 0"):
        list(chunks(NOISE, RATE, n_samples=0))
