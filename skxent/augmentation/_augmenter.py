"""AudioAugmenter: clips and copies of them, as samplers of imbalanced-learn return them."""

import copy
import os
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import _name_estimators
from sklearn.utils import _safe_indexing, check_array, check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import _num_samples, column_or_1d

from skxent._fitting._lists import refuse_iterators
from skxent.augmentation._copies import Copy, Source
from skxent.augmentation._settings import Effect
from skxent.features._inputs import list_clips


class AudioAugmenter(BaseEstimator):
    """Add copies of clips, with noise, echo or another speed, to training data.

    Each copy goes through all effects, one after the other. It is made when its samples are
    asked for, by a transformer for instance, and not held in memory.

    Copies belong into training folds alone. :class:`skxent.AugmentedClassifier` sees to that in
    scikit-learn's pipelines and searches; the pipelines of imbalanced-learn do, too, with this
    class as a step.

    Parameters
    ----------
    effects : callable or list of callables
        Effects of :mod:`skxent.augmentation`, or any callable
        ``(samples, sample_rate) -> samples``, such as a transform of audiomentations, or
        ``(samples, sample_rate, rng) -> samples`` with a :class:`numpy.random.Generator`. Samples
        have shape (n_samples,). Settings of an effect are parameters named after its class, such
        as ``addnoise__snr``; of several of one class, ``addnoise-1__snr``.

    n_copies : int, default=1
        Number of copies of each clip.

    keep_original : bool, default=True
        Whether the clips themselves are returned as well.

    sample_rate : float
        In hertz, of the copies. As with :class:`skxent.MFCCTransformer`, clips with a rate of
        their own (files and pairs) are resampled to it for the copies; arrays are assumed to
        have it.

    random_state : int, RandomState instance or None, default=None
        With an integer, a copy depends on this number, on the number of the copy and on the
        samples of the clip alone: it is the same in each call, fold, process and thread, and
        equal clips have equal copies. Otherwise each call of `fit_resample` makes other copies.

    See Also
    --------
    skxent.AugmentedClassifier : A classifier that is fitted to clips and their copies.

    Notes
    -----
    With an integer as `random_state` and effects of :mod:`skxent.augmentation` alone, the cache
    of :class:`skxent.MFCCTransformer` keeps the frames of copies as those of clips. It does not
    keep those of copies that would not come again, or that other callables take part in, since
    their code may change.

    Effects that mix a clip with others, such as "babble" of
    :class:`~skxent.augmentation.AddNoise`, draw from the clips that `fit_resample` is given. Their
    copies depend on these clips, too. With `groups` (speakers), a clip is mixed with clips of other
    groups alone; without, with any clip that differs from it.

    Samples that an estimator holds out by itself, for early stopping or calibration, may be copies
    of clips that it is trained on. Give it samples to validate on (``X_val``), or `groups`.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent import AudioAugmenter
    >>> from skxent.augmentation import AddNoise, ChangeGain
    >>> effects = [AddNoise(["white", "pink"]), ChangeGain(gain=6)]
    >>> augmenter = AudioAugmenter(effects, n_copies=2, sample_rate=8000, random_state=0)
    >>> augmenter = augmenter.set_params(addnoise__snr=20)
    >>> clips = [np.sin(np.arange(4000)), np.cos(np.arange(2000))]
    >>> X, y, groups = augmenter.fit_resample(clips, ["yes", "no"], groups=["Ann", "Bob"])
    >>> y
    ['yes', 'no', 'yes', 'no', 'yes', 'no']
    >>> sample_rate, copy = X[2]
    >>> np.asarray(copy).shape
    (4000,)
    """

    _parameter_constraints = {  # noqa: RUF012, the name is scikit-learn's
        "effects": "no_validation",  # _check_effects does
        "n_copies": [Interval(Integral, 0, None, closed="left")],
        "keep_original": ["boolean"],
        "sample_rate": [Interval(Real, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(self, effects, *, n_copies=1, keep_original=True, sample_rate, random_state=None):
        self.effects = effects
        self.n_copies = n_copies
        self.keep_original = keep_original
        self.sample_rate = sample_rate
        self.random_state = random_state

    def fit_resample(self, X, y, **aligned):
        """Return clips and their copies, with everything that belongs to them repeated.

        Parameters
        ----------
        X : list of clips, object array, pandas Series or array-like of shape \
                (n_clips, n_samples)
            Clips, as :class:`skxent.MFCCTransformer` takes them.
        y : array-like of shape (n_clips,) or (n_clips, n_classes)
            Labels, or distributions over the classes.
        **aligned : array-like of shape (n_clips, ...) or None
            Anything else with an entry for each clip, such as `sample_weight`. An argument named
            `groups` also says which clips an effect may mix: those of different groups.

        Returns
        -------
        X_resampled : list
            The clips in their order, unless ``keep_original=False``. Then the first copy of each,
            then the second of each, and so on: pairs of `sample_rate` and a
            :class:`skxent.audio.Deferred`.
        y_resampled : array-like
            The labels of these, of the type of `y`.
        *aligned_resampled : array-like or None
            The further arguments in the order in which they were given, if there were any; None
            stays None. The pipelines of imbalanced-learn take none.

        Raises
        ------
        TypeError, ValueError
            If a parameter or a setting of an effect is invalid, X is not a collection of clips, or
            another argument has not one entry for each of them. What is wrong with a clip, or with
            what an effect returns, is raised when the copy is made.
        """
        self._validate_params()
        effects = self._check_effects()
        if not (self.n_copies or self.keep_original):
            raise ValueError("n_copies=0 with keep_original=False leaves nothing")
        if y is None:
            raise ValueError(
                f"{type(self).__name__} requires y to be passed, but the target y is None"
            )
        clips = list_clips(X)
        if clips is None:
            clips = list(check_array(X, dtype="numeric", ensure_all_finite=False))
        y, *others = (
            _check_entries(values, len(clips), name)
            for name, values in [("y", y), *aligned.items()]
        )
        source = Source(
            clips,
            # Settings may be changed before a copy is made.
            [copy.copy(effect) for effect in effects],
            float(self.sample_rate),
            self._draw_seed(),
            is_repeatable=isinstance(self.random_state, Integral),
            groups=_number(aligned.get("groups")),
        )
        X_resampled = list(clips) if self.keep_original else []
        for number in range(1, self.n_copies + 1):  # the clip itself is number 0
            X_resampled.extend(
                (self.sample_rate, Copy(source, place, number)) for place in range(len(clips))
            )
        order = np.tile(np.arange(len(clips)), self.n_copies + bool(self.keep_original))
        return X_resampled, *(
            None if values is None else _safe_indexing(values, order) for values in [y, *others]
        )

    def get_params(self, deep=True):
        """Return the parameters.

        Parameters
        ----------
        deep : bool, default=True
            Whether to return the effects by their names as well, and their settings.

        Returns
        -------
        params : dict
            Values by name.
        """
        params = super().get_params(deep=False)
        if deep:
            for name, effect in self._name_effects():
                params[name] = effect
                if hasattr(effect, "get_params") and not isinstance(effect, type):
                    settings = effect.get_params(deep=True)
                    params |= {f"{name}__{key}": value for key, value in settings.items()}
        return params

    def set_params(self, **params):
        """Set parameters, also of effects.

        Parameters
        ----------
        **params : dict
            Values by name. The name of an effect alone replaces it.

        Returns
        -------
        self : AudioAugmenter
            The augmenter.

        Raises
        ------
        ValueError
            If there is no such parameter.
        """
        if "effects" in params:  # first, since the others are named after them
            self.effects = params.pop("effects")
        places = {name: place for place, (name, _) in enumerate(self._name_effects())}
        for name in places.keys() & params.keys():
            if isinstance(self.effects, list | tuple):
                place, effect = places[name], params.pop(name)
                self.effects = [*self.effects[:place], effect, *self.effects[place + 1 :]]
            else:
                self.effects = params.pop(name)
        return super().set_params(**params)

    def _name_effects(self):
        """Return pairs of a name and an effect."""
        is_list = isinstance(self.effects, list | tuple)
        return _name_estimators(list(self.effects) if is_list else [self.effects])

    def _check_effects(self):
        """Return the list of effects."""
        effects = [effect for _, effect in self._name_effects()]
        if not effects:
            raise ValueError("effects must hold at least one effect, got none")
        for effect in effects:
            if isinstance(effect, type):
                name = effect.__name__
                raise TypeError(f"effects must be instances, got the class {name}: give {name}()")
            if not callable(effect):
                raise TypeError(
                    f"effects must be a callable or a list of callables, got {effect!r}"
                )
            if isinstance(effect, Effect):  # now, rather than when the first copy is made
                effect._validate_params()
        return effects

    def _draw_seed(self):
        """Return the seed of the copies."""
        if isinstance(self.random_state, Integral):
            return int(self.random_state)
        return int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))


def _check_entries(values, n_clips, name):
    """Return values that have an entry for each clip; raise an error if they have not."""
    if values is None:
        return None
    refuse_iterators(values, name)
    if hasattr(values, "__array__") and not hasattr(values, "shape"):
        values = np.asarray(values)
    try:
        n_entries = _num_samples(values)
    except TypeError as error:
        raise TypeError(f"{name} must have one entry for each clip: {error}") from error
    if isinstance(values, str) or n_entries != n_clips:
        raise ValueError(f"{name} must have one entry for each of {n_clips} clips, got {n_entries}")
    return values


def check_rate(sample_rate, estimator, X):
    """Raise an error if clips of X have no rate, and the estimator takes them to have another."""
    clips = list_clips(X)
    if clips is not None and all(isinstance(clip, str | os.PathLike | tuple) for clip in clips):
        return
    params = estimator.get_params() if hasattr(estimator, "get_params") else {}
    for name, value in params.items():
        if name.rpartition("__")[2] == "sample_rate" and value != sample_rate:
            raise ValueError(
                f"copies have sample_rate={sample_rate}, and the estimator has {name}={value}, so "
                "the rate of clips that are arrays is unclear; make both the same, or give pairs "
                "(rate, signal)"
            )


def _number(groups):
    """Return the group of each clip (n_clips,) as a number, in the order of appearance."""
    if groups is None:
        return None
    numbers = {}
    groups = column_or_1d(groups)
    return np.array([numbers.setdefault(group, len(numbers)) for group in groups.tolist()])
