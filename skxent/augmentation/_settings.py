"""Settings of effects: numbers, or ranges to draw them from."""

from numbers import Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils._param_validation import Interval

from skxent.augmentation._chain import find_fault


class Range(Interval):
    """The constraint of a setting that is a number in an interval, or a range (low, high) in it."""

    def __init__(self, low, high, *, closed="both"):
        super().__init__(Real, low, high, closed=closed)

    def is_satisfied_by(self, val):
        """Return whether a number or a range is allowed."""
        if not isinstance(val, tuple | list):
            return super().is_satisfied_by(val)
        # No number is drawn uniformly from what has no end.
        are_allowed = all(super(Range, self).is_satisfied_by(x) and np.isfinite(x) for x in val)
        return len(val) == 2 and are_allowed and val[0] <= val[1]

    def __str__(self):
        return f"{super().__str__()} or a range of two such, (low, high), with low <= high"


def limits(setting):
    """Return the ends of a range, of a number the number twice."""
    low, high = setting if isinstance(setting, tuple | list) else (setting, setting)
    return float(low), float(high)


def draw(setting, rng):
    """Return a number that is drawn uniformly from a range, or the number itself."""
    low, high = limits(setting)
    return low if low == high else float(rng.uniform(low, high))


class Effect(BaseEstimator):
    """What effects share: settings and samples are checked when they are called."""

    _parameter_constraints: dict[str, list[Any]] = {}  # noqa: RUF012, as scikit-learn has it

    #: Whether the result may have another length than the clip.
    changes_length = False

    #: Whether other clips are needed, as the fourth argument.
    needs_others = False

    def __call__(self, samples, sample_rate, rng, others=None):
        self._validate_params()
        fault = find_fault(samples)
        if fault:
            raise self._error(f"was given {fault}")
        if self.needs_others and others is None:
            raise self._error("needs other clips, as AudioAugmenter has them")
        return self._apply(samples, sample_rate, rng, others)

    def _apply(self, samples, sample_rate, rng, others):
        """Return samples with the effect; those given are not written to."""
        raise NotImplementedError

    def _error(self, message):
        """Return an error that names the effect."""
        return ValueError(f"{type(self).__name__}: {message}")
