import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skxent.frames import trim
from tests.frames import oracles

THRESHOLDS = st.sampled_from([3, 10, 20, 35, 60])


@st.composite
def clips_of_levels(draw, max_clips=1):
    """Levels in whole decibels: of anything, or of sound between stretches of noise or silence."""
    clips = []
    for _ in range(draw(st.integers(1, max_clips))):
        rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        around = [draw(st.integers(0, 30)) for _ in range(2)]
        noise = draw(st.sampled_from([-3000, -80, -50, -30, -20]))
        spread = draw(st.sampled_from([0, 2, 6, 25]))
        sound = rng.integers(-40, 0, draw(st.integers(1, 40)))
        levels = np.concatenate([np.full(around[0], -4000), sound, np.full(around[1], -4000)])
        levels = np.maximum(levels, noise + rng.integers(-spread, spread + 1, len(levels)))
        clips.append(levels + draw(st.integers(-30, 30)))
    return clips


levels_of_a_clip = clips_of_levels().map(lambda clips: clips[0])


def kept_of(levels, threshold):
    """The numbers of the frames that are kept of a clip."""
    trimmed, lengths = trim(np.arange(len(levels))[:, np.newaxis], levels, threshold)
    assert lengths.tolist() == [len(trimmed)]
    return trimmed.ravel().tolist()


@given(clips_of_levels(max_clips=4), THRESHOLDS)
def test_trimming_against_loops(clips, threshold):
    levels, lengths = np.concatenate(clips), [len(clip) for clip in clips]
    frames = np.arange(len(levels))[:, np.newaxis]
    trimmed, kept = trim(frames, levels, threshold, lengths)
    expected, start = [], 0
    for clip in clips:
        first, last, _ = oracles.trimmed_range(clip.tolist(), threshold)
        expected += range(start + first, start + last)
        start += len(clip)
        assert last > first
    assert trimmed.ravel().tolist() == expected
    assert kept.sum() == len(expected)
    assert kept.tolist() == [
        last - first
        for first, last, _ in (oracles.trimmed_range(clip.tolist(), threshold) for clip in clips)
    ]


@given(levels_of_a_clip, THRESHOLDS)
def test_sound_and_what_lies_within_it_is_kept(levels, threshold):
    kept = kept_of(levels, threshold)
    assert kept == list(range(kept[0], kept[-1] + 1))
    _, _, least = oracles.trimmed_range(levels.tolist(), threshold)
    assert set(np.flatnonzero(levels >= max(least, levels.max() - threshold))) <= set(kept)
    assert set(np.flatnonzero(levels >= levels.max() - min(threshold, 10))) <= set(kept)


@given(levels_of_a_clip, THRESHOLDS, st.integers(-200, 200))
def test_trimming_does_not_depend_on_the_volume(levels, threshold, gain):
    assert kept_of(levels + gain, threshold) == kept_of(levels, threshold)


@given(levels_of_a_clip, THRESHOLDS, st.data())
def test_how_long_a_pause_is_changes_nothing(levels, threshold, data):
    below = levels.max() - threshold
    quiet = st.integers(-4000, below - 1) | st.integers(below - 9, below - 1)

    def kept_between_pauses():
        before, after = (data.draw(st.lists(quiet, min_size=1, max_size=40)) for _ in range(2))
        kept = kept_of(np.array([*before, *levels.tolist(), *after]), threshold)
        return [number - len(before) for number in kept]

    assert kept_between_pauses() == kept_between_pauses()


def test_frames_that_are_partly_pause_are_not_taken_for_noise():
    noisy_word = [-26] * 5 + [-14] * 4 + [0] * 8
    assert kept_of(noisy_word, 60) == list(range(2, 17))
    padded = [-99, -50, *noisy_word, -50, -99]
    assert [number - 2 for number in kept_of(padded, 60)] == list(range(2, 18))
    falling = [0, 0, 0, -12, -12, -12, -12, -14, -22, -99]
    assert kept_of(falling, 60) == list(range(6))
    assert kept_of(falling[::-1], 60) == list(range(4, 10))
    # Nothing else is left to take for it.
    assert kept_of([-99, 0, -5, -99], 60) == [1, 2]
    assert kept_of([-99, 0, -99], 60) == [1]


@given(levels_of_a_clip, THRESHOLDS)
def test_the_order_of_time_does_not_matter(levels, threshold):
    backwards = kept_of(levels[::-1], threshold)
    assert [len(levels) - 1 - number for number in backwards[::-1]] == kept_of(levels, threshold)


@given(levels_of_a_clip, THRESHOLDS)
def test_trimming_twice_is_trimming_once_where_there_is_no_noise(levels, threshold):
    kept = kept_of(levels, threshold)
    _, _, least = oracles.trimmed_range(levels.tolist(), threshold)
    if least <= levels.max() - threshold:
        assert kept_of(levels[kept], threshold) == list(range(len(kept)))


@pytest.mark.parametrize("threshold", [1e-6, 35, np.inf])
@pytest.mark.parametrize("level", [-np.inf, -3076.5, 0.0])
def test_frames_that_are_equally_loud_are_kept(level, threshold):
    assert kept_of(np.full(40, level), threshold) == list(range(40))
    assert kept_of([level], threshold) == [0]


def test_an_infinite_threshold_trims_noise_alone():
    levels = [-60] * 20 + [-5] * 10 + [-60] * 20
    assert kept_of(levels, np.inf) == list(range(17, 33))
    assert kept_of([-3000, *levels], np.inf) == list(range(18, 34))


def test_a_tenth_of_ten_frames_is_one():
    # The second quietest has -22 decibels, so -12 are sound; of the quietest, -20 would be.
    assert kept_of([-15, -22, -30, -16, 0, 0, 0, 0, 0, 0], 60) == list(range(1, 10))
    assert kept_of([-15, -22, -30, -16, 0, 0, 0, 0, 0], 60) == list(range(9))


@pytest.mark.parametrize("threshold", [0, -35.0, np.nan])
def test_a_wrong_threshold_is_named(threshold):
    with pytest.raises(ValueError, match=r"threshold=.* must be positive: it is in decibels"):
        trim(np.ones((3, 2)), np.zeros(3), threshold)


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        (np.zeros(4), r"levels must be one for each of 3 frames, got shape \(4,\)"),
        (np.zeros((3, 1)), r"levels must be one for each of 3 frames, got shape \(3, 1\)"),
        ([0.0, -1.0, np.nan], "levels must be numbers, that of frame 2 is nan"),
    ],
)
def test_wrong_levels_are_named(levels, message):
    with pytest.raises(ValueError, match=message):
        trim(np.ones((3, 2)), levels, 35)


def test_frames_of_a_single_clip_are_not_copied():
    frames = np.ones((100, 3))
    trimmed, _ = trim(frames, [*[-90] * 10, *[-5] * 80, *[-90] * 10], 35)
    assert len(trimmed) == 80
    assert np.shares_memory(trimmed, frames)
    together, lengths = trim(frames, np.zeros(100), 35, [40, 60])
    assert_array_equal(lengths, [40, 60])
    assert_array_equal(together, frames)
