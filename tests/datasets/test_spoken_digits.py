from collections import Counter
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import soundfile

from skxent.datasets import load_spoken_digits
from skxent.datasets._recordings import parse_name

KEYS = {"data", "target", "target_names", "speaker", "sample_rate", "filenames", "DESCR"}


@pytest.fixture(scope="module")
def digits():
    return load_spoken_digits()


def test_is_balanced(digits):
    voices = set(digits.speaker)
    assert len(voices) >= 20
    counts = Counter(zip(digits.target.tolist(), digits.speaker.tolist(), strict=True))
    assert set(counts) == {(digit, voice) for digit in range(10) for voice in voices}
    assert len(set(counts.values())) == 1


def test_bunch(digits):
    assert set(digits) == KEYS
    assert len(digits.data) == len(digits.filenames) == len(digits.target) == len(digits.speaker)
    assert np.issubdtype(digits.target.dtype, np.integer)
    assert digits.speaker.dtype.kind == "U"
    words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    assert digits.target_names == words
    assert digits.sample_rate == 8000


def test_clips_are_words_not_silence_and_not_clipped(digits):
    for path, clip in zip(digits.filenames, digits.data, strict=True):
        assert clip.ndim == 1, path
        assert clip.dtype == np.float32, path
        assert 0.2 < clip.size / digits.sample_rate < 1.2, path
        assert np.isfinite(clip).all(), path
        assert 0.1 < np.abs(clip).max() < 0.95, path
        # No stretch of digital silence: its logarithm would be an outlier.
        windows = clip[: clip.size // 80 * 80].reshape(-1, 80)
        assert (np.abs(windows).max(axis=1) > 0).all(), path


def test_clips_all_differ(digits):
    assert len({clip.tobytes() for clip in digits.data}) == len(digits.data)


def test_file_names_say_target_and_speaker_in_order(digits):
    parsed = [parse_name(Path(path).name) for path in digits.filenames]
    assert [p.digit for p in parsed] == digits.target.tolist()
    assert [p.speaker for p in parsed] == digits.speaker.tolist()
    assert parsed == sorted(parsed)


def test_files_are_what_was_decoded(digits):
    for path, clip in zip(digits.filenames[::37], digits.data[::37], strict=True):
        assert Path(path).is_absolute()
        info = soundfile.info(path)
        assert (info.samplerate, info.channels, info.subtype) == (8000, 1, "PCM_16")
        integers, _ = soundfile.read(path, dtype="int16")
        np.testing.assert_array_equal(clip, (integers / 32768.0).astype(np.float32))


def test_files_are_small_enough_for_a_wheel():
    folder = resources.files("skxent.datasets") / "spoken_digits"
    assert sum(len(entry.read_bytes()) for entry in folder.iterdir()) <= 2_000_000


def test_description_is_plain_and_true(digits):
    assert "SYNTHETIC" in digits.DESCR
    assert "espeak-ng" in digits.DESCR
    assert "says nothing about real speech" in " ".join(digits.DESCR.split())
    assert "BSD-3-Clause" in digits.DESCR
    durations = [clip.size / digits.sample_rate for clip in digits.data]
    n_voices = len(set(digits.speaker))
    assert f"{len(digits.data)} (10 digits, {n_voices} voices" in digits.DESCR
    assert f"{min(durations):.2f} to {max(durations):.2f} s" in digits.DESCR


def test_return_x_y(digits):
    clips, target = load_spoken_digits(return_X_y=True)
    np.testing.assert_array_equal(target, digits.target)
    for clip, expected in zip(clips, digits.data, strict=True):
        np.testing.assert_array_equal(clip, expected)


def test_calls_share_nothing(digits):
    other = load_spoken_digits()
    other.data[0][:] = 0.0
    other.target_names[0] = "naught"
    fresh = load_spoken_digits()
    np.testing.assert_array_equal(fresh.data[0], digits.data[0])
    assert fresh.target_names == digits.target_names


def test_refuses_a_bad_parameter():
    with pytest.raises(ValueError, match="'return_X_y' parameter of load_spoken_digits"):
        load_spoken_digits(return_X_y="yes")
