import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from skxent.features import MemoryCache
from skxent.features._extraction import extract, plan
from skxent.frames._ragged import split
from skxent.mfcc import design
from tests.features.strategies import RATE, int16_of, noise
from tests.mfcc.oracles import assert_same_frames

# Batches


@given(
    sizes=st.lists(st.integers(0, 5000), min_size=1, max_size=40),
    n_threads=st.integers(1, 3),
    max_samples=st.sampled_from([1, 2000, 10_000]),
    threaded_samples=st.sampled_from([0, 2000, 6000]),
)
def test_batches_are_as_large_as_allowed(sizes, n_threads, max_samples, threaded_samples):
    clips = [np.zeros(size) for size in sizes]
    n_used, batches = plan(
        clips, n_threads, max_samples=max_samples, threaded_samples=threaded_samples
    )
    assert [number for batch in batches for number in batch] == list(range(len(clips)))
    counted = [max(512, size) for size in sizes]
    assert n_used == (n_threads if sum(counted) >= threaded_samples * len(clips) else 1)
    limit = max_samples if n_used == 1 else min(max_samples, sum(counted) // (4 * n_used))
    totals = [sum(counted[i] for i in batch) for batch in batches]
    assert all(
        len(batch) == 1 or total <= limit for batch, total in zip(batches, totals, strict=True)
    )
    for batch, total in zip(batches[1:], totals[:-1], strict=True):
        assert total + counted[batch.start] > limit


def test_a_batch_of_the_defaults_is_some_thousand_clips_or_a_long_one():
    short, long = np.zeros(10), np.zeros((1 << 19) + 1)
    assert plan([short] * 1500, 1) == (1, [range(1024), range(1024, 1500)])
    assert plan([short, long, short], 2) == (2, [range(1), range(1, 2), range(2, 3)])


# Long clips


@pytest.mark.parametrize("convention", ["psf", "librosa", "kaldi", "htk"])
@pytest.mark.parametrize("kind", ["array", "pair", "flac", "ogg", "resampled"])
@pytest.mark.parametrize("cache", [None, "fresh"])
def test_a_long_clip_has_the_frames_of_the_whole(tmp_path, convention, kind, cache):
    signal = int16_of(noise(300_000))
    path = tmp_path / f"long.{kind}"
    if kind in ("flac", "ogg"):
        soundfile.write(path, signal, RATE)
    if kind == "ogg":  # of which the size says little
        assert path.stat().st_size / 2 < 100_000
    clip = {"array": signal, "pair": (RATE, signal), "resampled": (11025, signal)}.get(kind, path)
    clips = {3: signal[:900], 5: clip, 6: signal[900:1500]}
    front_end = design(RATE, convention=convention).with_levels()
    (whole,), _ = extract(clips, front_end)
    parts, _ = extract(clips, front_end, long_samples=100_000, cache=cache and MemoryCache())
    if cache is None:
        assert [part.numbers for part in parts] == [[5], [3, 6]]
    expected = dict(zip(whole.numbers, split(whole.frames, whole.lengths), strict=True))
    for part in parts:
        for number, frames in zip(part.numbers, split(part.frames, part.lengths), strict=True):
            if number == 5 and kind == "resampled":  # piece by piece, soxr differs by its rounding
                np.testing.assert_allclose(frames, expected[number], rtol=0, atol=0.01)
            else:
                assert_same_frames(frames, expected[number])
