"""The learning-rate range test: one run with a rate that rises until it is too large."""

import math
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Bunch, _safe_indexing, check_random_state, indexable

from skxent._fitting._lists import refuse_iterators


def learning_rate_range_test(
    estimator: Any,
    X: Any,
    y: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    min_learning_rate: float = 1e-5,
    max_learning_rate: float = 10.0,
    n_steps: int = 100,
    batch_size: int | None = 256,
    smoothing: float = 0.8,
    random_state: int | np.random.RandomState | None = None,
) -> Bunch:
    """Train with a learning rate that rises from step to step, and record the loss.

    In this learning-rate range test [1]_ the loss first hardly changes, then
    falls the faster the larger the rate, and finally rises. The rate at which
    it falls fastest is a good one to train with, or to search around.

    Parameters
    ----------
    estimator : estimator
        With a parameter `learning_rate`, a method `partial_fit` and the
        attribute `loss_curve_`, such as :class:`~skxent.SoftmaxClassifier`. A
        clone of it is trained.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Samples. Features should be scaled as they will be for training.
    y : array-like of shape (n_samples,)
        Labels.
    sample_weight : array-like of shape (n_samples,), default=None
        Non-negative weights.
    min_learning_rate, max_learning_rate : float, default=1e-5, 10.0
        The first rate, and the largest one.
    n_steps : int, default=100
        Number of rates, in even ratios; at least 4.
    batch_size : int or None, default=256
        Number of samples in each step; None is all of them.
    smoothing : float, default=0.8
        Weight of the running mean of the losses against the next loss, in [0, 1).
    random_state : int, RandomState instance or None, default=None
        Shuffles the samples into batches.

    Returns
    -------
    result : Bunch
        - learning_rates : ndarray of shape (n_done,), the rates tried; fewer than
          `n_steps` if the smoothed loss exceeds four times its lowest value.
        - losses : ndarray of shape (n_done,), the loss of each step's samples
          before the step.
        - smoothed_losses : ndarray of shape (n_done,), their running mean.
        - suggestion : float, the rate at which the smoothed loss falls fastest
          against the logarithm of the rate, after the first rates, over which the
          running mean settles; None where it may not fall at all.

    Raises
    ------
    TypeError
        If the estimator has no `partial_fit` with its settings.
    ValueError
        If a parameter is out of its range, or the loss diverges within the
        first steps.

    Warns
    -----
    UserWarning
        If the smoothed loss falls by less than 0.1 %, or by less than six times its
        standard error, which the scatter of the losses between batches gives. The
        features may not vary, the rates be too small, or the batches too small for
        what there is to learn.

    References
    ----------
    .. [1] L. N. Smith, "Cyclical learning rates for training neural networks",
       WACV 2017, section 3.3.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import scale
    >>> from skxent import SoftmaxClassifier
    >>> from skxent.search import learning_rate_range_test
    >>> X, y = load_iris(return_X_y=True)
    >>> result = learning_rate_range_test(
    ...     SoftmaxClassifier(momentum=0.0), scale(X), y, batch_size=None
    ... )
    >>> 0.1 < result.suggestion < 10
    True
    """
    _check_settings(min_learning_rate, max_learning_rate, n_steps, batch_size, smoothing)
    for name, values in {"X": X, "y": y, "sample_weight": sample_weight}.items():
        refuse_iterators(values, name)
    X, y, sample_weight = indexable(X, y, sample_weight)
    estimator = _prepare(estimator, batch_size or np.shape(y)[0])
    rates = np.geomspace(min_learning_rate, max_learning_rate, n_steps)
    batches = _draw(np.shape(y)[0], batch_size, check_random_state(random_state))
    losses: list[float] = []
    smoothed: list[float] = []
    mean = 0.0
    for i, (rate, rows) in enumerate(zip(rates, batches, strict=False)):
        estimator.set_params(learning_rate=float(rate))
        fit_params = {} if i else {"classes": np.unique(y)}
        if sample_weight is not None:
            fit_params["sample_weight"] = _safe_indexing(sample_weight, rows)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # large rates are to diverge
            estimator.partial_fit(_safe_indexing(X, rows), _safe_indexing(y, rows), **fit_params)
        loss = float(estimator.loss_curve_[-1])
        mean = smoothing * mean + (1.0 - smoothing) * loss
        # As the mean starts from zero, its first values are too low.
        corrected = mean / (1.0 - smoothing ** (i + 1))
        if not math.isfinite(corrected) or (smoothed and corrected > 4.0 * min(smoothed)):
            break
        losses.append(loss)
        smoothed.append(corrected)
    if len(smoothed) < 3:
        raise ValueError(
            f"the loss diverges at the rate {rate:.3g}, among the first: lower min_learning_rate, "
            "or scale the features"
        )
    suggestion = _suggest(rates[: len(smoothed)], np.array(losses), np.array(smoothed), smoothing)
    if suggestion is None:
        warnings.warn(
            f"the loss hardly falls at rates from {rates[0]:.3g} to {rates[len(smoothed) - 1]:.3g} "
            f"(from {smoothed[0]:.4g} to {min(smoothed):.4g}), so that no rate is suggested: "
            "raise batch_size or max_learning_rate, or see whether the features vary",
            stacklevel=2,
        )
    return Bunch(
        learning_rates=rates[: len(smoothed)],
        losses=np.array(losses),
        smoothed_losses=np.array(smoothed),
        suggestion=suggestion,
    )


def _suggest(
    rates: NDArray[Any],
    losses: NDArray[Any],
    smoothed: NDArray[Any],
    smoothing: float,
    least_share: float = 1e-3,
    n_errors: float = 6.0,
) -> float | None:
    """Return the rate at which a loss falls fastest; None where that may be noise.

    A loss falls if its running mean does by some share, and by several times its standard error:
    that of the losses about a straight line, over the rates from a sixteenth of the best one on.
    """
    lowest = int(np.argmin(smoothed))
    is_near = rates <= max(rates[lowest], 16.0 * rates[0])
    near = losses[is_near & (rates >= rates[lowest] / 16.0)]
    steps, scatter = np.arange(len(near)), 0.0
    if len(near) > 2:
        scatter = np.std(near - np.polyval(np.polyfit(steps, near, 1), steps))
    error = scatter * math.sqrt((1.0 - smoothing) / (1.0 + smoothing))
    if smoothed[0] - smoothed[lowest] <= max(least_share * smoothed[0], n_errors * error):
        return None
    # The first values of the running mean are those of few losses.
    settled = min(round(1.0 / (1.0 - smoothing)), len(rates) // 4)
    slopes = np.gradient(smoothed, np.log(rates))[settled:]
    return float(rates[settled + np.argmin(slopes)])


def _check_settings(
    min_learning_rate: float,
    max_learning_rate: float,
    n_steps: int,
    batch_size: int | None,
    smoothing: float,
) -> None:
    if not 0.0 < min_learning_rate < max_learning_rate < math.inf:
        raise ValueError(
            "min_learning_rate must be positive and less than max_learning_rate, "
            f"got {min_learning_rate!r} and {max_learning_rate!r}"
        )
    if not n_steps >= 4:
        raise ValueError(f"n_steps must be at least 4, got {n_steps!r}")
    if not 0.0 <= smoothing < 1.0:
        raise ValueError(f"smoothing must be in [0, 1), got {smoothing!r}")
    if batch_size is not None and not batch_size >= 1:
        raise ValueError(f"batch_size must be at least 1 or None, got {batch_size!r}")


def _prepare(estimator: Any, batch_size: int) -> Any:
    """Return a clone whose partial_fit is one update at its learning rate."""
    estimator = clone(estimator)
    settings = {"batch_size": batch_size, "schedule": "constant"}
    known = settings.keys() & estimator.get_params()
    estimator.set_params(**{name: settings[name] for name in known})
    try:
        estimator.partial_fit  # noqa: B018, its error says why it is missing
    except AttributeError as error:
        raise TypeError(f"estimator must have a partial_fit, got {estimator!r}: {error}") from error
    return estimator


def _draw(
    n_samples: int, batch_size: int | None, random_state: np.random.RandomState
) -> Iterator[NDArray[Any]]:
    """Yield the rows of one batch after the other, without end."""
    while batch_size is None or batch_size >= n_samples:
        yield np.arange(n_samples)
    while True:
        order = random_state.permutation(n_samples)
        for first in range(0, n_samples - batch_size + 1, batch_size):
            yield order[first : first + batch_size]
