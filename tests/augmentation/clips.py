"""Clips to augment, effects that are simple to check, and classifiers that spy."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

from skxent.augmentation._settings import Effect

RATE = 8000


def tone(number, n_samples=800):
    """Return a clip that can be told by its samples, in float32."""
    rng = np.random.default_rng(number)
    return (0.1 * rng.normal(size=n_samples)).astype(np.float32)


def tones(n_clips, n_samples=800):
    return [tone(number, n_samples) for number in range(n_clips)]


def arrays_of(X):
    """Return the samples of clips and copies, which are at RATE."""
    return [np.asarray(clip[1] if isinstance(clip, tuple) else clip) for clip in X]


def assert_same_clips(some, others):
    assert len(some) == len(others)
    for one, other in zip(arrays_of(some), arrays_of(others), strict=True):
        np.testing.assert_array_equal(one, other)


def jitter(samples, sample_rate, rng):
    """A user's effect: its copies have other samples for other draws."""
    return samples + 0.01 * rng.normal(size=len(samples))


class Borrow(BaseEstimator):
    """An effect that returns another clip."""

    needs_others = changes_length = True

    def __call__(self, samples, sample_rate, rng, others):
        return others(rng)


class Spy(ClassifierMixin, BaseEstimator):
    """A classifier of clips that notes which it is fitted to, and which it predicts.

    It notes the first sample of each, which names the clip: its effects must keep it.
    """

    fits = []  # noqa: RUF012, clones share it
    predictions = []  # noqa: RUF012

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.fits.append(list(zip(first_samples(X), map(is_copy, X), strict=True)))
        return self

    def predict(self, X):
        self.predictions.append(list(zip(first_samples(X), map(is_copy, X), strict=True)))
        return np.resize(self.classes_, len(X))


def first_samples(X):
    return [float(samples[0]) for samples in arrays_of(X)]


def is_copy(clip):
    return isinstance(clip, tuple)


class KeepFirst(Effect):
    """An effect that changes all samples but the first."""

    def _apply(self, samples, sample_rate, rng, others):
        return np.concatenate([samples[:1], samples[1:] / 2])
