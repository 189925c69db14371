"""VTLNClassifier: a warp of the frequency axis for each speaker, found without labels."""

import numpy as np
import sklearn
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, _fit_context, clone
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.metrics import accuracy_score
from sklearn.utils import get_tags
from sklearn.utils._param_validation import HasMethods
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing
from sklearn.utils.validation import check_is_fitted

from skxent.features._inputs import check_clips
from skxent.sequences._inputs import check_groups
from skxent.words._warps import most_certain, warped_pipelines

_PREFIX = "estimator__"


class VTLNClassifier(CallbackSupportMixin, MetaEstimatorMixin, ClassifierMixin, BaseEstimator):
    r"""Classifier of clips with vocal tract length normalisation (VTLN).

    A short vocal tract stretches the spectrum of all that its speaker says, a long one
    compresses it. Features of a warp :math:`\alpha` undo that: their mel filters end at
    :math:`\alpha` times `fmax` in place of `fmax`. Each speaker s, or rather their clips
    :math:`x_i`, get the warp for which the classifier is most certain of what they say,

    .. math::
        \hat\alpha_s = \arg\max_\alpha \frac{1}{n_s} \sum_{i \in s}
            \max_w \log p(w \mid x_i, \alpha)

    whatever words w these are. So no labels are needed, and speakers may be new. Lee and Rose
    [1]_ choose the warp likewise, but by the likelihood of the features.

    The estimator is fitted without any warp.

    Parameters
    ----------
    estimator : Pipeline
        A classifier of clips with `predict_log_proba`, one step of which is a
        :class:`skxent.MFCCTransformer` with an `fmax`. It is cloned, not changed.

    warps : array-like of shape (n_warps,), default=(0.88, 0.92, 0.96, 1.0, 1.04, 1.08)
        The warps to choose from. The largest times `fmax` must not be above half the sample
        rate, so leave room: 3600 Hz at a sample rate of 8000 Hz. They are used in prediction
        alone, and may be set after `fit`.

    Attributes
    ----------
    estimator_ : Pipeline
        The fitted estimator.

    classes_ : ndarray of shape (n_classes,)
        Classes of the fitted estimator, as they are now.

    n_features_in_ : int
        Number of samples of a clip. Only defined if X in `fit` was a 2-D array.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the columns. Only defined if X in `fit` was a data frame.

    See Also
    --------
    skxent.sequences.SpeakerScaler : Standardises the frames of each speaker; a step of the
        pipeline.
    skxent.augmentation.ChangeSpeed : Copies of other vocal tracts, in training.

    Notes
    -----
    Speakers are given as `groups` to `predict`, `predict_proba`, `predict_log_proba` and
    `score`. Without groups, and where a group is None or NaN, each clip has a warp of its own.
    What is predicted depends on the clips of the same speaker in the same call, on no others.

    A wrong warp does harm, and a classifier may be certain of a wrong word. The choice is best
    founded on many clips of a speaker, of words with several sounds, and on a classifier whose
    probabilities can be trusted.

    With metadata routing, searches and cross-validations pass `groups` on to `score`, and this
    classifier passes them on to steps that request them, such as `SpeakerScaler`. Without it,
    groups choose the warps and go no further. scikit-learn's `cross_val_predict`, and scorers
    other than the default, call `predict` without groups.

    Parameters of the estimator that are set after `fit` reach the fitted one too, as they do
    in a Pipeline. So does a new lexicon:
    ``set_params(estimator__lexiconclassifier__lexicon=...)``.

    A prediction takes the features and scores once for each warp.

    References
    ----------
    .. [1] L. Lee and R. C. Rose, "Speaker normalization using efficient frequency warping
       procedures", ICASSP 1996.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from skxent import LexiconClassifier, MFCCTransformer
    >>> from skxent.datasets import load_spoken_digits
    >>> from skxent.words import VTLNClassifier
    >>> digits = load_spoken_digits()
    >>> is_man = np.array([speaker[2] == "m" for speaker in digits.speaker])  # "usm1"
    >>> men, women = np.flatnonzero(is_man), np.flatnonzero(~is_man)
    >>> transformer = MFCCTransformer(
    ...     sample_rate=8000, fmax=3600, n_mfcc=13, deltas=1, pooling=None
    ... )
    >>> classifier = VTLNClassifier(make_pipeline(transformer, LexiconClassifier()))
    >>> classifier = classifier.fit([digits.data[i] for i in men], digits.target[men])

    Women have shorter vocal tracts:

    >>> clips, speakers = [digits.data[i] for i in women], digits.speaker[women]
    >>> float(np.median(classifier.estimate_warps(clips, groups=speakers)))
    1.08
    >>> classifier.score(clips, digits.target[women], groups=speakers) > 0.9
    True
    """

    _parameter_constraints = {  # noqa: RUF012, the name is scikit-learn's
        "estimator": [HasMethods(["fit", "predict_log_proba"])],
        "warps": ["array-like"],
    }

    # Groups are what the classifier is for: no requests need be set for them.
    __metadata_request__predict = {"groups": True}  # noqa: RUF012, the name is scikit-learn's
    __metadata_request__predict_proba = {"groups": True}  # noqa: RUF012
    __metadata_request__predict_log_proba = {"groups": True}  # noqa: RUF012
    __metadata_request__score = {"groups": True}  # noqa: RUF012

    def __init__(self, estimator, *, warps=(0.88, 0.92, 0.96, 1.0, 1.04, 1.08)):
        self.estimator = estimator
        self.warps = warps

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=False)  # of the estimator
    def fit(self, X, y, **fit_params):
        """Fit the estimator, without any warp.

        Parameters
        ----------
        X : list of clips, object array, pandas Series or array-like of shape \
                (n_clips, n_samples)
            Clips, as :class:`skxent.MFCCTransformer` takes them.
        y : array-like of shape (n_clips,), or list of list
            Labels, as the estimator takes them.
        **fit_params : dict
            Further arguments of the estimator's `fit`. With metadata routing, `groups` and
            `sample_weight` go to the steps that request them.

        Returns
        -------
        self : VTLNClassifier
            The fitted classifier.

        Raises
        ------
        TypeError, ValueError
            If clips or labels are malformed, if the estimator is not a pipeline with exactly
            one `MFCCTransformer` among its steps, or if a warp times its `fmax` is not between
            its `fmin` and half its sample rate. Errors of the estimator are passed on.
        """
        estimator = clone(self.estimator)
        warped_pipelines(estimator, self.warps)  # raises errors before anything is fitted
        callbacks = self._init_callback_context(max_subtasks=1)
        callbacks.call_on_fit_task_begin(estimator=self, X=X, y=y)
        clips = self._check_clips(estimator, X, y, reset=True)
        if sklearn.get_config()["enable_metadata_routing"]:
            fit_params = process_routing(self, "fit", **fit_params)["estimator"]["fit"]
        subtask = callbacks.subcontext(task_name="fit-estimator")
        with subtask.propagate_callback_context(estimator):
            subtask.call_on_fit_task_begin(estimator=self, X=clips, y=y)
            estimator.fit(clips, y, **fit_params)
            subtask.call_on_fit_task_end(estimator=self, X=clips, y=y)
        self.estimator_ = estimator
        callbacks.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    @property
    def classes_(self):
        """Classes of the fitted estimator, as they are now."""
        check_is_fitted(self, "estimator_")
        return self.estimator_.classes_

    def predict(self, X, groups=None):
        """Predict the class of each clip.

        Parameters
        ----------
        X : list of clips, object array, pandas Series or array-like of shape \
                (n_clips, n_samples)
            Clips.
        groups : array-like of shape (n_clips,), default=None
            The speaker of each clip. None or NaN for a clip whose speaker is not known.

        Returns
        -------
        labels : ndarray of shape (n_clips,)
            The most probable entries of `classes_`.

        Raises
        ------
        TypeError, ValueError
            If a clip is malformed, if there is not one group for each clip, or if warps don't
            fit the transformer, as in `fit`.
        """
        log_proba = self.predict_log_proba(X, groups)
        return self.classes_[log_proba.argmax(axis=1)]

    def predict_proba(self, X, groups=None):
        """Predict the probability of each class, for each clip.

        Parameters
        ----------
        X : list of clips, object array, pandas Series or array-like of shape \
                (n_clips, n_samples)
            Clips.
        groups : array-like of shape (n_clips,), default=None
            As in `predict`.

        Returns
        -------
        probabilities : ndarray of shape (n_clips, n_classes)
            In the order of `classes_`.
        """
        return np.exp(self.predict_log_proba(X, groups))

    def predict_log_proba(self, X, groups=None):
        """Predict the natural logarithm of each class's probability, for each clip.

        Parameters
        ----------
        X : list of clips, object array, pandas Series or array-like of shape \
                (n_clips, n_samples)
            Clips.
        groups : array-like of shape (n_clips,), default=None
            As in `predict`.

        Returns
        -------
        log_probabilities : ndarray of shape (n_clips, n_classes)
            Those of the estimator, for features with the warp of each speaker. In the order of
            `classes_`.
        """
        return self._choose(X, groups)[1]

    def estimate_warps(self, X, groups=None):
        """Return the warp that the speaker of each clip gets.

        Parameters
        ----------
        X : list of clips, object array, pandas Series or array-like of shape \
                (n_clips, n_samples)
            Clips.
        groups : array-like of shape (n_clips,), default=None
            As in `predict`.

        Returns
        -------
        warps : ndarray of shape (n_clips,)
            Entries of `warps`: above one for a vocal tract that is shorter than those of the
            training. Of warps that are equally good, the one that is nearest to one.
        """
        return self._choose(X, groups)[0]

    def score(self, X, y, sample_weight=None, groups=None):
        """Return the share of clips whose class is predicted.

        Parameters
        ----------
        X : list of clips, object array, pandas Series or array-like of shape \
                (n_clips, n_samples)
            Clips.
        y : array-like of shape (n_clips,)
            Labels.
        sample_weight : array-like of shape (n_clips,), default=None
            Weights of the clips.
        groups : array-like of shape (n_clips,), default=None
            As in `predict`.

        Returns
        -------
        accuracy : float
            Weighted share of correct predictions.
        """
        return float(accuracy_score(y, self.predict(X, groups), sample_weight=sample_weight))

    def set_params(self, **params):
        """Set parameters, those of the estimator in the fitted one too.

        Parameters
        ----------
        **params : dict
            Parameters, by names such as ``estimator__lexiconclassifier__lexicon``.

        Returns
        -------
        self : VTLNClassifier
            The classifier.
        """
        super().set_params(**params)
        if hasattr(self, "estimator_") and "estimator" not in params:
            of_estimator = {
                name.removeprefix(_PREFIX): value
                for name, value in params.items()
                if name.startswith(_PREFIX)
            }
            self.estimator_.set_params(**of_estimator)
        return self

    def get_metadata_routing(self):
        """Return the routing of metadata.

        Returns
        -------
        routing : MetadataRouter
            Predictions and `score` use `groups` themselves. They pass them on, and `fit` all
            metadata, to steps of the estimator that request them.
        """
        mapping = MethodMapping().add(caller="fit", callee="fit")
        for caller in ("predict", "predict_proba", "predict_log_proba", "score"):
            mapping.add(caller=caller, callee="predict_log_proba")
        router = MetadataRouter(owner=self).add_self_request(self)
        return router.add(estimator=self.estimator, method_mapping=mapping)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator)
        tags.input_tags.allow_nan = inner.input_tags.allow_nan
        if inner.classifier_tags is not None:
            tags.classifier_tags = inner.classifier_tags
        return tags

    def _check_clips(self, estimator, X, y=None, *, reset):
        """Return clips, with finite samples unless the estimator takes others."""
        finite = not get_tags(estimator).input_tags.allow_nan
        return check_clips(self, X, y, reset=reset, finite=finite)

    def _choose(self, X, groups):
        """Return the warp of each clip (n_clips,), and its log-probabilities (n_clips, n_classes).

        No more than the log-probabilities of two warps are held.
        """
        check_is_fitted(self)
        pipelines = warped_pipelines(self.estimator_, self.warps)
        clips = self._check_clips(self.estimator_, X, reset=False)
        speakers = check_groups(groups, len(clips))
        params = {}
        if groups is not None and sklearn.get_config()["enable_metadata_routing"]:
            routed = process_routing(self, "predict_log_proba", groups=groups)
            params = routed["estimator"]["predict_log_proba"]
        found = (
            (warp, pipeline.predict_log_proba(clips, **params)) for warp, pipeline in pipelines
        )
        return most_certain(found, speakers)
