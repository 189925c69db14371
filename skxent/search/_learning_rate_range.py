"""The learning-rate range test: one run with a rate that rises until it is too large."""

import math
import warnings

import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import Bunch, _safe_indexing, check_random_state, indexable


def learning_rate_range_test(
    estimator,
    X,
    y,
    *,
    sample_weight=None,
    min_learning_rate=1e-5,
    max_learning_rate=10.0,
    n_steps=100,
    batch_size=256,
    smoothing=0.8,
    random_state=None,
):
    """Train with a learning rate that rises from step to step, and watch the loss.

    In this learning-rate range test [1]_ the loss first hardly moves, then falls
    the faster the larger the rate, and at last rises. The rate at which it falls
    fastest is a good one to train with, or to search around.

    Parameters
    ----------
    estimator : estimator
        With a parameter `learning_rate`, a method `partial_fit` and the
        attribute `loss_curve_`, such as :class:`~skxent.SoftmaxClassifier`. It
        is cloned; what it has learned is left alone.
    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Samples. Features should be scaled as they will be for training.
    y : array-like of shape (n_samples,)
        Labels.
    sample_weight : array-like of shape (n_samples,), default=None
        Non-negative weights.
    min_learning_rate, max_learning_rate : float, default=1e-5, 10.0
        Where to start, and where to end at the latest.
    n_steps : int, default=100
        Number of rates from the first to the last, in even ratios; at least 4.
    batch_size : int or None, default=256
        Number of samples that a step sees; None is all of them.
    smoothing : float, default=0.8
        How much the running mean of the losses keeps at each step, in [0, 1).
    random_state : int, RandomState instance or None, default=None
        Draws the batches.

    Returns
    -------
    result : Bunch
        - learning_rates : ndarray of shape (n_done,); `n_done` is less than
          `n_steps` where the loss rose to four times its lowest value.
        - losses : ndarray of shape (n_done,), of each step's samples before it.
        - smoothed_losses : ndarray of shape (n_done,), their running mean.
        - suggestion : float, the rate at which the smoothed loss falls fastest
          against the rate's logarithm.

    Raises
    ------
    TypeError
        If the estimator has no `partial_fit` with the settings that it has.
    ValueError
        If a parameter is out of its range, or the loss is not finite at the
        first steps already.

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
    X, y, sample_weight = indexable(X, y, sample_weight)
    estimator = clone(estimator)
    # Each step is to be one update, at its rate as it stands.
    as_is = {"batch_size": batch_size or np.shape(y)[0], "schedule": "constant"}
    estimator.set_params(**{name: as_is[name] for name in as_is.keys() & estimator.get_params()})
    try:
        estimator.partial_fit  # noqa: B018, asked for to hear why it is not there
    except AttributeError as error:
        raise TypeError(f"estimator must have a partial_fit, got {estimator!r}: {error}") from error
    rates = np.geomspace(min_learning_rate, max_learning_rate, n_steps)
    batches = _draw(np.shape(y)[0], batch_size, check_random_state(random_state))
    losses, smoothed, mean = [], [], 0.0
    for i, (rate, rows) in enumerate(zip(rates, batches, strict=False)):
        estimator.set_params(learning_rate=float(rate))
        fit_params = {} if i else {"classes": np.unique(y)}
        if sample_weight is not None:
            fit_params["sample_weight"] = _safe_indexing(sample_weight, rows)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # it is meant to diverge
            estimator.partial_fit(_safe_indexing(X, rows), _safe_indexing(y, rows), **fit_params)
        loss = float(estimator.loss_curve_[-1])
        mean = smoothing * mean + (1.0 - smoothing) * loss
        # The mean starts from zero, which its first values are corrected for.
        corrected = mean / (1.0 - smoothing ** (i + 1))
        if not math.isfinite(corrected) or (smoothed and corrected > 4.0 * min(smoothed)):
            break
        losses.append(loss)
        smoothed.append(corrected)
    if len(smoothed) < 3:
        raise ValueError(
            f"the loss diverges at the rate {rate:.3g} already: lower min_learning_rate, "
            "or scale the features"
        )
    slopes = np.gradient(np.array(smoothed), np.log(rates[: len(smoothed)]))
    return Bunch(
        learning_rates=rates[: len(smoothed)],
        losses=np.array(losses),
        smoothed_losses=np.array(smoothed),
        suggestion=float(rates[np.argmin(slopes)]),
    )


def _draw(n_samples, batch_size, random_state):
    """Yield the rows of one batch after the other, without an end."""
    while batch_size is None or batch_size >= n_samples:
        yield np.arange(n_samples)
    while True:
        order = random_state.permutation(n_samples)
        for first in range(0, n_samples - batch_size + 1, batch_size):
            yield order[first : first + batch_size]
