"""Transforms of audiomentations are effects as they are."""

import random
import warnings

import numpy as np
import pytest

from skxent.augmentation import Shift
from skxent.augmentation._chain import apply
from tests.augmentation.strategies import RATE, frequency_of, tone

with warnings.catch_warnings():  # of its own dependencies, as they are imported
    warnings.simplefilter("ignore")
    audiomentations = pytest.importorskip("audiomentations")

CLIP = 0.3 * tone(500, 4000)
TRANSFORMS = [
    audiomentations.AddGaussianNoise(p=1),
    audiomentations.AddGaussianSNR(p=1),
    audiomentations.Gain(p=1),
    audiomentations.TimeMask(p=1),
    audiomentations.PitchShift(p=1),
    audiomentations.TimeStretch(p=1),
    audiomentations.Compose(
        [audiomentations.Gain(p=0.5), audiomentations.AddGaussianNoise(p=0.5)], shuffle=True
    ),
]


def names():
    return [type(transform).__name__ for transform in TRANSFORMS]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("transform", TRANSFORMS, ids=names())
def test_transforms_are_reproducible_and_leave_the_generators(transform, dtype):
    samples = CLIP.astype(dtype)
    samples.setflags(write=False)
    results = []
    for start in (0, 1):
        random.seed(start)
        np.random.seed(start)  # noqa: NPY002
        before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
        rng = np.random.default_rng(5)
        results.append([apply([transform], samples, RATE, rng) for _ in range(8)])
        after = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
        assert after == before
    np.testing.assert_array_equal(results[0], results[1])
    assert results[0][0].dtype == dtype
    assert len({result.tobytes() for result in results[0]}) > 2


def test_a_probability_leaves_some_clips_as_they_are():
    transform = audiomentations.Gain(p=0.5)
    rng = np.random.default_rng(0)
    kept = [
        np.array_equal(apply([transform], CLIP, RATE, rng), CLIP.astype("float32"))
        for _ in range(200)
    ]
    assert 70 < sum(kept) < 130


def test_they_go_in_a_row_with_effects():
    shift = audiomentations.PitchShift(min_semitones=12, max_semitones=12, p=1)
    result = apply([shift, Shift(before=0.5, after=0)], CLIP, RATE, np.random.default_rng(0))
    assert len(result) == 8000
    assert frequency_of(result[4000:]) == pytest.approx(1000, rel=0.02)


def test_a_transform_that_changes_the_length_must_say_so():
    stretch = audiomentations.TimeStretch(1.2, 1.2, leave_length_unchanged=False, p=1)
    with pytest.raises(ValueError, match=r"TimeStretch: returned \d+ samples for 4000"):
        apply([stretch], CLIP, RATE, np.random.default_rng(0))
    stretch.changes_length = True
    assert len(apply([stretch], CLIP, RATE, np.random.default_rng(0))) < 3600
