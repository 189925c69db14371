"""AugmentedClassifier: fitted to clips and copies of them, for clips as they are."""

import sklearn
from sklearn.base import (
    BaseEstimator,
    ClassifierMixin,
    MetaEstimatorMixin,
    _fit_context,
    clone,
    is_classifier,
)
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.metadata_routing import UNUSED, MetadataRouter, MethodMapping, process_routing
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import (
    _is_arraylike,
    _num_samples,
    check_is_fitted,
    has_fit_parameter,
)

from skxent.augmentation._augmenter import check_rate
from skxent.features._inputs import check_clips

# Arguments of `fit` that belong to samples to validate on, which have no copies.
_OF_VALIDATION = {"X_val", "y_val", "sample_weight_val"}


def _estimator_has(name):
    """Return a check whether the estimator has a method, which raises its error if not."""

    def check(classifier):
        return hasattr(getattr(classifier, "estimator_", classifier.estimator), name)

    return check


class AugmentedClassifier(CallbackSupportMixin, MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    """Classifier that is fitted to clips and copies of them, and predicts clips as they are.

    Parameters
    ----------
    estimator : classifier
        A classifier of clips, such as a pipeline of :class:`skxent.MFCCTransformer` and a
        classifier. It is cloned, not changed.

    augmenter : AudioAugmenter
        Makes the copies. It is cloned, not changed. Its parameters, and those of its effects, can
        be searched by names such as ``augmenter__addnoise__snr``.

    Attributes
    ----------
    estimator_ : classifier
        The fitted estimator.

    augmenter_ : AudioAugmenter
        The augmenter that made the copies.

    classes_ : ndarray of shape (n_classes,)
        Classes of the fitted estimator.

    n_features_in_ : int
        Number of samples of a clip. Only defined if X in `fit` was a 2-D array.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns. Only defined if X in `fit` was a data frame.

    See Also
    --------
    skxent.AudioAugmenter : Makes the copies; by itself, a step of imbalanced-learn's pipelines.

    Notes
    -----
    Within a cross-validation, no copy gets into a test fold, and no copy of a test clip into the
    training: copies are made in `fit`, of the clips that it is given.

    Samples that the estimator itself sets aside are drawn from clips and copies, so copies of clips
    that it is trained on are among them, and their scores are too good. With ``early_stopping``,
    pass ``X_val``; an estimator with a cross-validation of its own, such as
    :class:`skxent.SoftmaxClassifierCV`, needs a splitter that respects `groups`.

    Effects that mix a clip with others need `groups` in `fit` to mix it with other speakers
    alone. With metadata routing, searches and cross-validations pass them on; without, use
    ``cross_val_score(..., groups=speakers, params={"groups": speakers})``.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from skxent import AudioAugmenter, AugmentedClassifier, MFCCTransformer, SoftmaxClassifier
    >>> from skxent.augmentation import AddNoise
    >>> from skxent.datasets import load_spoken_digits
    >>> digits = load_spoken_digits()
    >>> is_new = digits.speaker == "usf1"
    >>> train, test = np.flatnonzero(~is_new), np.flatnonzero(is_new)
    >>> classifier = AugmentedClassifier(
    ...     make_pipeline(MFCCTransformer(sample_rate=8000), SoftmaxClassifier()),
    ...     AudioAugmenter(AddNoise(snr=(10, 30)), sample_rate=8000, random_state=0),
    ... )
    >>> classifier = classifier.fit([digits.data[i] for i in train], digits.target[train])
    >>> classifier.score([digits.data[i] for i in test], digits.target[test]) > 0.5
    True
    """

    _parameter_constraints = {  # noqa: RUF012, the name is scikit-learn's
        "estimator": [HasMethods(["fit", "predict"])],
        "augmenter": [HasMethods(["fit_resample"])],
    }

    # Groups say which clips may be mixed. Weights are only passed on: the estimator's own request
    # decides whether it gets them.
    __metadata_request__fit = {"groups": True, "sample_weight": UNUSED}  # noqa: RUF012

    def __init__(self, estimator, augmenter):
        self.estimator = estimator
        self.augmenter = augmenter

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=False)  # of the estimator
    def fit(self, X, y, sample_weight=None, groups=None, **fit_params):
        """Fit the estimator to clips and their copies.

        Parameters
        ----------
        X : list of clips, object array, pandas Series or array-like of shape \
                (n_clips, n_samples)
            Clips, as :class:`skxent.MFCCTransformer` takes them.
        y : array-like of shape (n_clips,) or (n_clips, n_classes)
            Labels or, if the estimator supports them, distributions over the classes.
        sample_weight : array-like of shape (n_clips,), default=None
            Weights of the clips and of their copies. A Pipeline passes them to its last step.
            With metadata routing, they go where they are requested.
        groups : array-like of shape (n_clips,), default=None
            Speakers, for effects that mix a clip with clips of others, and for an estimator whose
            `fit` takes `groups` (with metadata routing: requests them).
        **fit_params : dict
            Further arguments of the estimator's `fit`. What has an entry for each clip is
            repeated for the copies, unless its name is, or ends with, ``X_val``, ``y_val`` or
            ``sample_weight_val``: samples to validate on have no copies.

        Returns
        -------
        self : AugmentedClassifier
            The fitted classifier.

        Raises
        ------
        TypeError, ValueError
            If clips, labels or weights are malformed, an effect returns something other than
            samples (the message names the clip and the copy), the estimator is no classifier, or
            does not support weights that are given, or if clips are arrays and the estimator takes
            them to have another sample rate than the augmenter. Errors of the estimator are passed
            on.
        """
        if not is_classifier(self.estimator):
            name = type(self.estimator).__name__
            raise ValueError(f"estimator must be a classifier, got {name}")
        estimator, augmenter = clone(self.estimator), clone(self.augmenter)
        callbacks = self._init_callback_context(max_subtasks=1)
        callbacks.call_on_fit_task_begin(estimator=self, X=X, y=y)
        finite = not get_tags(estimator).input_tags.allow_nan
        check_rate(getattr(augmenter, "sample_rate", None), estimator, X)
        clips = list(check_clips(self, X, y, reset=True, finite=finite))
        params = self._route(sample_weight, groups, fit_params)
        aligned = {"groups": groups} | {
            name: values for name, values in params.items() if _is_of_clips(name, values, clips)
        }
        clips, labels, *resampled = augmenter.fit_resample(clips, y, **aligned)
        params |= {
            name: values for name, values in zip(aligned, resampled, strict=True) if name in params
        }
        subtask = callbacks.subcontext(task_name="fit-estimator")
        with subtask.propagate_callback_context(estimator):
            subtask.call_on_fit_task_begin(estimator=self, X=clips, y=labels)
            estimator.fit(clips, labels, **params)
            subtask.call_on_fit_task_end(estimator=self, X=clips, y=labels)
        self.estimator_, self.augmenter_ = estimator, augmenter
        self.classes_ = estimator.classes_
        callbacks.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    def predict(self, X):
        """Predict the class of each clip.

        Parameters
        ----------
        X : list of clips, object array, pandas Series or array-like of shape \
                (n_clips, n_samples)
            Clips.

        Returns
        -------
        labels : ndarray of shape (n_clips,)
            Entries of `classes_`.
        """
        return self._call("predict", X)

    @available_if(_estimator_has("predict_proba"))
    def predict_proba(self, X):
        """Predict the probability of each class, for each clip.

        Available only if the estimator has `predict_proba`.

        Parameters
        ----------
        X : list of clips, object array, pandas Series or array-like of shape \
                (n_clips, n_samples)
            Clips.

        Returns
        -------
        probabilities : ndarray of shape (n_clips, n_classes)
            In the order of `classes_`.
        """
        return self._call("predict_proba", X)

    @available_if(_estimator_has("predict_log_proba"))
    def predict_log_proba(self, X):
        """Predict the natural logarithm of each class's probability, for each clip.

        Available only if the estimator has `predict_log_proba`.

        Parameters
        ----------
        X : list of clips, object array, pandas Series or array-like of shape \
                (n_clips, n_samples)
            Clips.

        Returns
        -------
        log_probabilities : ndarray of shape (n_clips, n_classes)
            In the order of `classes_`.
        """
        return self._call("predict_log_proba", X)

    @available_if(_estimator_has("decision_function"))
    def decision_function(self, X):
        """Return the estimator's scores of the classes, for each clip.

        Available only if the estimator has `decision_function`.

        Parameters
        ----------
        X : list of clips, object array, pandas Series or array-like of shape \
                (n_clips, n_samples)
            Clips.

        Returns
        -------
        scores : ndarray of shape (n_clips,) or (n_clips, n_classes)
            As the estimator returns them.
        """
        return self._call("decision_function", X)

    def get_metadata_routing(self):
        """Return the routing of metadata.

        Returns
        -------
        routing : MetadataRouter
            `fit` uses `groups` itself, and passes on to the estimator what it requests; `score`
            uses `sample_weight` itself.
        """
        mapping = MethodMapping().add(caller="fit", callee="fit")
        router = MetadataRouter(owner=self).add_self_request(self)
        return router.add(estimator=self.estimator, method_mapping=mapping)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags.allow_nan = inner.input_tags.allow_nan
        if inner.classifier_tags is not None:
            tags.classifier_tags = inner.classifier_tags
        return tags

    def _call(self, method, X):
        """Call a method of the fitted estimator with clips as they are."""
        check_is_fitted(self)
        finite = not get_tags(self.estimator_).input_tags.allow_nan
        return getattr(self.estimator_, method)(check_clips(self, X, reset=False, finite=finite))

    def _route(self, sample_weight, groups, fit_params):
        """Return the arguments of the estimator's `fit`, before anything is resampled."""
        given = {"sample_weight": sample_weight, "groups": groups}
        given = {name: values for name, values in given.items() if values is not None}
        if sklearn.get_config()["enable_metadata_routing"]:
            return dict(process_routing(self, "fit", **given, **fit_params)["estimator"]["fit"])
        params = dict(fit_params)
        if groups is not None and has_fit_parameter(self.estimator, "groups"):
            params["groups"] = groups
        if sample_weight is not None:
            params[_name_of_weights(self.estimator)] = sample_weight
        return params


def _name_of_weights(estimator):
    """Return the name of the argument of `fit` that takes sample weights."""
    if has_fit_parameter(estimator, "sample_weight"):
        return "sample_weight"
    if isinstance(estimator, Pipeline):
        name, last = estimator.steps[-1]
        return f"{name}__{_name_of_weights(last)}"
    raise ValueError(f"{type(estimator).__name__} takes no sample_weight")


def _is_of_clips(name, values, clips):
    """Return whether an argument of `fit` has an entry for each clip that is trained on."""
    if name.rpartition("__")[2] in _OF_VALIDATION:
        return False
    is_weight = name.rpartition("__")[2] == "sample_weight"  # of any other length, an error
    return is_weight or (_is_arraylike(values) and _num_samples(values) == len(clips))
