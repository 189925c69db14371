"""The accuracy of classifiers of clips in noise."""

import math
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.metrics import accuracy_score
from sklearn.utils import Bunch, check_random_state
from sklearn.utils.validation import _check_sample_weight, check_consistent_length, column_or_1d

from skxent._fitting._lists import refuse_iterators
from skxent.augmentation._augmenter import AudioAugmenter, check_rate
from skxent.augmentation._chain import name_of
from skxent.augmentation._noise import AddNoise

_DEFAULT_NOISES = ("white", "pink", "brown", "babble")


def robustness_curve(
    estimator: Any,
    X: Any,
    y: ArrayLike,
    *,
    effects: Any = None,
    snr: ArrayLike = (0, 5, 10, 20, math.inf),
    sample_rate: float,
    groups: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    random_state: int | np.random.RandomState | None = 0,
) -> Bunch:
    r"""Compute the accuracy of a fitted classifier on noisy copies of clips.

    For each effect and each signal-to-noise ratio, one copy of each clip is made and classified.
    The copies are the same in each call with the same clips and integer `random_state`, whatever
    the estimator, and at all ratios it is the same noise, louder or quieter: curves are paired.

    Parameters
    ----------
    estimator : estimator
        Fitted classifier of clips, such as a pipeline of :class:`skxent.MFCCTransformer` and
        :class:`skxent.SoftmaxClassifier`. Only its method `predict` is used.
    X : list of clips, object array, pandas Series or array-like of shape \
            (n_clips, n_samples)
        Clips that the estimator was not fitted to, as :class:`skxent.MFCCTransformer` takes them.
    y : array-like of shape (n_clips,)
        Labels.
    effects : effect, list of effects or of lists, or dict of str to effect or list, default=None
        Effects to evaluate one by one, such as :class:`AddNoise`. Effects in a list of their own
        are applied one after the other: ``[[Reverberate(), AddNoise()]]`` is noise in a room. The
        setting `snr` of each effect that has one is set to each ratio; at least one in a list must
        have it. The keys of a dict are the names. None evaluates "white", "pink", "brown" and
        "babble" noise.
    snr : float or array-like of shape (n_snr,), default=(0, 5, 10, 20, inf)
        Signal-to-noise ratios in decibels. Infinity is without noise.
    sample_rate : float
        In hertz, of the copies; that of the estimator's :class:`~skxent.MFCCTransformer`. Clips
        with a rate of their own are resampled to it, arrays are assumed to have it.
    groups : array-like of shape (n_clips,), default=None
        Group of each clip, such as its speaker. Babble is made of clips of other groups, and
        the standard error is that over groups.
    sample_weight : array-like of shape (n_clips,), default=None
        Non-negative weights. Those that :func:`sklearn.utils.class_weight.compute_sample_weight`
        returns for "balanced" make the balanced accuracy of the accuracy.
    random_state : int, RandomState instance or None, default=0
        Seed of the copies, see :class:`skxent.AudioAugmenter`.

    Returns
    -------
    result : Bunch
        - snr : ndarray of shape (n_snr,), the ratios as given.
        - scores : ndarray of shape (n_snr,), mean of the accuracies with each effect.
        - standard_errors : ndarray of shape (n_snr,), those of `scores`.
        - effect_names : list of str of length n_effects.
        - effect_scores : ndarray of shape (n_effects, n_snr), accuracy with each effect.
        - effect_standard_errors : ndarray of shape (n_effects, n_snr), those of
          `effect_scores`.
        - correct : ndarray of bool of shape (n_effects, n_snr, n_clips), whether each
          copy was classified as its clip's label says.

    Raises
    ------
    TypeError
        If `estimator` has no method `predict`, or `effects` is none of the above.
    ValueError
        If an effect has no setting `snr`, a ratio is not a number, X, y, groups and weights
        don't fit together, or clips are arrays and the estimator takes them to have another sample
        rate; and what the estimator and the effects raise.

    See Also
    --------
    skxent.plotting.RobustnessDisplay : Draws curves of one or several estimators.
    skxent.AugmentedClassifier : Is fitted to noisy copies as well.

    Notes
    -----
    With :math:`c_{ei} = 1` if clip :math:`i` is classified correctly with effect :math:`e`
    of :math:`E`, and else 0, weights :math:`w_i`, and :math:`\bar c_i = \sum_e c_{ei} / E`, the
    score and its standard error are

    .. math::
        s = \frac{\sum_i w_i \bar c_i}{\sum_i w_i}, \qquad
        \sigma = \frac{1}{\sum_i w_i} \sqrt{\frac{G}{G - 1} \sum_{g=1}^G
        \Bigl( \sum_{i \in g} w_i (\bar c_i - s) \Bigr)^2}

    for :math:`G` groups [1]_. Without `groups` each clip is one, and with equal weights
    :math:`\sigma` is the standard deviation of :math:`\bar c_i` over :math:`\sqrt n`. With
    speakers as groups it says how much the score would vary with other speakers; it is a rough
    one for less than some ten. Effects are not a sample of anything: a clip counts once, with the
    mean over its copies. Of a single group it is NaN.

    As copies are the same for all estimators, the difference of two scores is best judged by
    differences of each clip, ``a.correct.mean(axis=0) - b.correct.mean(axis=0)``.

    References
    ----------
    .. [1] W. G. Cochran, "Sampling Techniques", third edition, Wiley, 1977, section 6.3: the
       standard error of a ratio.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from skxent import MFCCTransformer, SoftmaxClassifier
    >>> from skxent.augmentation import AddNoise, robustness_curve
    >>> from skxent.datasets import load_spoken_digits
    >>> digits = load_spoken_digits()
    >>> X, y, rate = digits.data[:120], digits.target[:120], digits.sample_rate
    >>> pipeline = make_pipeline(MFCCTransformer(sample_rate=rate), SoftmaxClassifier())
    >>> pipeline = pipeline.fit(X[::2], y[::2])
    >>> result = robustness_curve(
    ...     pipeline, X[1::2], y[1::2], effects=AddNoise("pink"), snr=[0, 20, np.inf],
    ...     sample_rate=rate,
    ... )
    >>> result.effect_names, result.scores.shape
    (['pink'], (3,))
    >>> bool(result.scores[0] < result.scores[-1])
    True
    """
    if not hasattr(estimator, "predict"):
        raise TypeError(f"estimator must be a classifier, got {type(estimator).__name__}")
    check_rate(sample_rate, estimator, X)
    chains = _list_effects(effects)
    ratios = _check_ratios(snr)
    refuse_iterators(y, "y")
    labels = column_or_1d(y, warn=True)
    weights = _check_sample_weight(
        sample_weight, labels, dtype=np.float64, ensure_non_negative=True
    )
    check_consistent_length(labels, groups)
    units = _number_units(labels, groups)
    seed = random_state
    if not isinstance(seed, Integral):  # one seed for all copies
        seed = check_random_state(seed).randint(np.iinfo(np.int32).max)

    def classify(copies: Any) -> NDArray[Any]:
        """Return whether each clip is classified correctly, after the checks of the score."""
        predicted = estimator.predict(copies)
        accuracy_score(labels, predicted)
        return np.asarray(np.asarray(predicted).reshape(labels.shape) == labels, dtype=bool)

    clean = None
    correct = np.empty((len(chains), len(ratios), len(labels)), dtype=bool)
    for i, chain in enumerate(chains.values()):
        for j, ratio in enumerate(ratios.tolist()):
            if ratio == math.inf and all(map(_has_snr, chain)):
                clean = classify(X) if clean is None else clean
                correct[i, j] = clean
                continue
            augmenter = AudioAugmenter(
                [_set_snr(effect, ratio) for effect in chain],
                keep_original=False,
                sample_rate=sample_rate,
                random_state=seed,
            )
            copies, _, _ = augmenter.fit_resample(X, labels, groups=groups)
            correct[i, j] = classify(copies)
    scores, standard_errors = _mean(correct.mean(axis=0), weights, units)
    effect_scores, effect_standard_errors = _mean(correct, weights, units)
    return Bunch(
        snr=ratios,
        scores=scores,
        standard_errors=standard_errors,
        effect_names=list(chains),
        effect_scores=effect_scores,
        effect_standard_errors=effect_standard_errors,
        correct=correct,
    )


def _list_effects(effects: Any) -> dict[str, list[Callable[..., Any]]]:
    """Return lists of effects, to be applied one after the other, by their names."""
    if effects is None:
        return {noise: [AddNoise(noise)] for noise in _DEFAULT_NOISES}
    if isinstance(effects, Mapping):
        chains = {str(name): _as_chain(chain) for name, chain in effects.items()}
    else:
        is_list = isinstance(effects, Sequence) and not isinstance(effects, str)
        listed = [_as_chain(chain) for chain in (effects if is_list else [effects])]
        names = [" + ".join(map(_name, chain)) for chain in listed]
        chains = {
            name if names.count(name) == 1 else f"{name} ({names[: i + 1].count(name)})": chain
            for i, (name, chain) in enumerate(zip(names, listed, strict=True))
        }
    if not chains:
        raise ValueError("effects must hold at least one effect, got none")
    for name, chain in chains.items():
        if not any(map(_has_snr, chain)):
            raise ValueError(
                f"effects: {name} has no setting snr; add an effect that has one to its list, "
                "such as [[Reverberate(), AddNoise()]]"
            )
    return chains


def _as_chain(effects: Any) -> list[Callable[..., Any]]:
    """Return one effect or several, to be applied one after the other, as a list."""
    is_list = isinstance(effects, Sequence) and not isinstance(effects, str)
    chain = list(effects) if is_list else [effects]
    for effect in chain:
        if isinstance(effect, type) or not callable(effect):
            raise TypeError(f"effects must be effects, such as AddNoise(), got {effect!r}")
    return chain


def _has_snr(effect: Any) -> bool:
    return hasattr(effect, "get_params") and "snr" in effect.get_params(deep=False)


def _set_snr(effect: Any, ratio: float) -> Any:
    """Return an effect of that ratio; others are handed on."""
    return clone(effect).set_params(snr=ratio) if _has_snr(effect) else effect


def _name(effect: Callable[..., Any]) -> str:
    """Return the names of the noises of an effect, or of the effect itself."""
    noises = getattr(effect, "noises", None)
    noises = [noises] if isinstance(noises, str) else noises
    if isinstance(noises, list | tuple) and all(isinstance(noise, str) for noise in noises):
        return " or ".join(noises)
    return name_of(effect)


def _check_ratios(snr: ArrayLike) -> NDArray[np.float64]:
    """Return the ratios as an array (n_snr,)."""
    given = [snr] if isinstance(snr, Real) else snr
    ratios = np.asarray(given)
    if ratios.ndim != 1 or not len(ratios) or ratios.dtype.kind not in "iuf":
        raise ValueError(f"snr must be a number or a list of numbers, in decibels, got {snr!r}")
    if not (ratios > -math.inf).all():  # False also for NaN
        raise ValueError(f"snr must be numbers of decibels, or infinity for none, got {snr!r}")
    return ratios.astype(np.float64)


def _number_units(labels: NDArray[Any], groups: ArrayLike | None) -> NDArray[Any]:
    """Return the number of each clip's group (n_clips,), without groups its own."""
    if groups is None:
        return np.arange(len(labels))
    numbers: NDArray[Any] = np.unique(column_or_1d(groups), return_inverse=True)[1]
    return numbers


def _mean(
    values: NDArray[Any], weights: NDArray[np.float64], units: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the weighted mean over the last axis, clips, and its standard error over units."""
    total = weights.sum()
    means: NDArray[Any] = values @ weights / total
    deviations = weights * (values - means[..., np.newaxis])
    sums = np.apply_along_axis(lambda row: np.bincount(units, row), -1, deviations)
    n_units = np.count_nonzero(np.bincount(units, weights))
    if n_units < 2:
        return means, np.full_like(means, np.nan)
    errors = np.sqrt(n_units / (n_units - 1) * np.square(sums).sum(axis=-1)) / total
    return means, errors
