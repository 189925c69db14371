import numpy as np
import pytest
from hypothesis import given

from skxent.frames import delta, normalize, pool, trim
from tests.frames import strategies


def trimmed(frames, lengths=None):
    return trim(frames, 20 * frames[:, 0], 35, lengths)[0]


FUNCTIONS = [
    lambda frames, lengths=None: delta(frames, 2, lengths),
    lambda frames, lengths=None: normalize(frames, "mean", lengths),
    lambda frames, lengths=None: normalize(frames, "mean_std", lengths),
    lambda frames, lengths=None: pool(frames, "statistics", 3, lengths),
    trimmed,
]
NAMES = ["delta", "mean", "mean_std", "pool", "trim"]


@pytest.mark.parametrize("function", FUNCTIONS, ids=NAMES)
@given(clips=strategies.clips_of_frames())
def test_clips_together_are_the_clips_one_by_one(function, clips):
    lengths = [len(clip) for clip in clips]
    together = function(np.vstack(clips), lengths)
    alone = np.vstack([function(clip) for clip in clips])
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("function", FUNCTIONS, ids=NAMES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_arguments_are_left_alone_and_their_type_is_kept(function, dtype):
    frames = np.random.default_rng(0).normal(size=(20, 3)).astype(dtype)
    frames.flags.writeable = False
    lengths = np.array([12, 8])
    lengths.flags.writeable = False
    assert function(frames, lengths).dtype == dtype
