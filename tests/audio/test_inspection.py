import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from skxent.audio import read
from skxent.audio._clipping import count_clipped
from skxent.audio._inspection import inspect
from tests.audio.strategies import NOISE, RATE


@settings(max_examples=20)
@given(st.integers(100, 25_000), st.sampled_from(["wav", "flac", "ogg", "mp3"]))
def test_a_file_in_blocks_is_what_it_is_as_a_whole(tmp_path_factory, block_size, suffix):
    path = tmp_path_factory.mktemp("file") / f"clip.{suffix}"
    soundfile.write(path, np.clip(2 * NOISE.reshape(-1, 2), -0.6, 0.6), RATE)
    samples, _ = read(path)
    found = inspect(path, block_size=block_size)
    assert found[:4] == (len(samples), RATE, samples.min(), samples.max())
    assert found.clipped == sum(map(count_clipped, samples.T)) / samples.size
    assert found.digest == inspect(path).digest


def test_equal_signals_alone_have_equal_digests(tmp_path):
    samples = (2**15 * NOISE).astype(np.int16)
    one_step = samples + (np.arange(len(samples)) == 7)
    stereo = np.column_stack([samples, samples])
    equal = [(samples, "WAV"), (samples, "FLAC"), (stereo, "WAV")]
    others = [(samples[:-1], "WAV"), (np.append(samples, 0), "WAV"), (samples[::-1], "WAV")]
    digests = []
    for number, (values, format_) in enumerate([*equal, *others, (one_step, "FLAC")]):
        path = tmp_path / str(number)
        soundfile.write(path, values.astype(np.int16), RATE, format=format_)
        digests.append(inspect(path).digest)
    assert len({*digests[:3]}) == 1
    assert len({*digests[2:]}) == 5


def test_an_error_says_where(tmp_path):
    path = tmp_path / "nan.wav"
    samples = np.zeros(3000)
    samples[2000] = np.nan
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    with pytest.raises(ValueError, match="must be finite, sample 2000 is nan"):
        inspect(path, block_size=500)
    with pytest.raises(ValueError, match=r"^no such file"):
        inspect(tmp_path / "none.wav")
