"""FramewiseClassifier: classify sequences by a classifier of their frames."""

from numbers import Integral

import numpy as np
import sklearn
from sklearn.base import BaseEstimator, MetaEstimatorMixin, _fit_context, clone, is_classifier
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.utils import get_tags
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metadata_routing import UNUSED, MetadataRouter, MethodMapping, process_routing
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from skxent.frames._neighbours import join
from skxent.frames._ragged import lengths_of, split, sum_by_clip
from skxent.sequences._aggregation import aggregate_log_proba
from skxent.sequences._inputs import check_frame_targets, check_frame_weights, check_sequences
from skxent.sequences._scoring import SequenceClassifierMixin
from skxent.sequences._zero_mean import warn_if_alike


def _has_probabilities(estimator):
    return hasattr(estimator, "predict_log_proba") or hasattr(estimator, "predict_proba")


def _gives_probabilities(classifier):
    """Return whether frames have probabilities, or raise why not, for available_if."""
    estimator = getattr(classifier, "estimator_", classifier.estimator)
    if not _has_probabilities(estimator):
        raise AttributeError(f"{type(estimator).__name__} has no predict_proba")
    return True


def _supports_partial_fit(classifier):
    """Return whether the estimator has partial_fit, or raise its own error, for available_if."""
    estimator = getattr(classifier, "estimator_", classifier.estimator)
    return bool(estimator.partial_fit)


class FramewiseClassifier(
    CallbackSupportMixin, MetaEstimatorMixin, SequenceClassifierMixin, BaseEstimator
):
    r"""Classifier of sequences by a classifier of their frames.

    The estimator is fitted to the frames of all clips, each with the label of its clip, as
    in hybrid speech recognition [1]_. Its predictions for the frames of a clip are then
    combined. By default the frames are treated as independent, and their log-probabilities
    are summed

    .. math::
        \log P(k \mid x_1, \dots, x_T) = \sum_{t=1}^{T} \log p(k \mid x_t) + \text{const}

    and normalised over the classes.

    Parameters
    ----------
    estimator : classifier
        Any classifier with the scikit-learn API, or a pipeline that ends with one. It is
        cloned, not changed.

    aggregate : {"sum_log_proba", "mean_log_proba", "vote"}, default="sum_log_proba"
        - "sum_log_proba": the sum of the frames' log-probabilities. Neighbouring frames
          are correlated, so these probabilities are overconfident.
        - "mean_log_proba": their mean, that is the geometric mean of the frames'
          probabilities. Predictions are the same, probabilities are softer.
        - "vote": the share of frames for which the estimator predicts the class. The
          estimator needs no probabilities. Ties go to the first class, and a class
          without a vote has a log-probability of minus infinity.

    context : int, default=0
        Number of neighbours on each side that are spliced to each frame. The first and
        the last frame are repeated beyond the ends of a clip. The estimator sees
        ``(2 * context + 1) * n_features`` columns, in the order of time.

    position : bool, default=False
        Whether to append one more column: where in its clip the frame is. It is
        ``(t + 1/2) / T`` for frame t, counted from 0, of a clip of T frames, so between 0
        and 1, and 1/2 for a clip of a single frame. See Notes.

    Attributes
    ----------
    estimator_ : classifier
        The fitted estimator.

    classes_ : ndarray of shape (n_classes,)
        Classes of the fitted estimator.

    n_features_in_ : int
        Number of features of a frame, without its neighbours and its position.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features. Defined only if the clips, or X, were data frames whose
        column names are all strings.

    See Also
    --------
    skxent.MFCCTransformer : With ``pooling=None``, computes such sequences from recordings.

    Notes
    -----
    A frame with probability zero for a class rules this class out for the clip. If all
    classes have such a frame, the classes with the fewest of them remain, and their other
    frames decide between them.

    A clip counts in the fit with each of its frames, so long clips count for more than
    short ones. A `sample_weight` of one over the number of frames evens that out.

    Where the mean of each clip has been subtracted from its frames, as with
    ``normalize="mean"``, a linear classifier of single frames cannot tell clips apart: the
    mean of its scores over a clip is its score of a frame of zeros. `fit` and `partial_fit`
    warn. Use a `context` or a nonlinear estimator.

    The `position` tells the start of a word from its end, which a sum over frames otherwise
    ignores. It serves estimators in which features interact: quadratic discriminants, trees,
    neighbours, kernels, networks. In scores that are linear in a frame its mean over a clip is
    1/2, whatever the clip, so that it adds the same constant to each clip's score of a class.
    Its variance is about 1/12: before an estimator that depends on the scale of features, put a
    ``StandardScaler()``. The clip should begin and end with the sound, see `trim` of
    :class:`skxent.MFCCTransformer`.

    Samples that the estimator itself holds out, for instance for early stopping or
    calibration, are frames: some frames of a clip may be trained on and others held out.
    Choose hyperparameters by cross-validation of the FramewiseClassifier, which keeps
    clips together.

    References
    ----------
    .. [1] H. Bourlard and N. Morgan, "Connectionist speech recognition: a hybrid
       approach", Kluwer 1994.

    Examples
    --------
    >>> from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
    >>> from skxent import FramewiseClassifier, MFCCTransformer
    >>> from skxent.datasets import load_spoken_digits
    >>> digits = load_spoken_digits()
    >>> transformer = MFCCTransformer(
    ...     sample_rate=8000, deltas=2, normalize="mean", pooling=None
    ... )
    >>> clips, words = transformer.fit_transform(digits.data), digits.target
    >>> is_new = digits.speaker == "usf1"
    >>> classifier = FramewiseClassifier(QuadraticDiscriminantAnalysis(reg_param=0.1))
    >>> classifier.fit(clips[~is_new], words[~is_new]).score(clips[is_new], words[is_new])
    0.9
    >>> classifier.predict_frames(clips[is_new])[0][:5]
    array([0, 0, 0, 0, 0])
    """

    _parameter_constraints = {  # noqa: RUF012, the name is scikit-learn's
        "estimator": [HasMethods(["fit", "predict"])],
        "aggregate": [StrOptions({"sum_log_proba", "mean_log_proba", "vote"})],
        "context": [Interval(Integral, 0, None, closed="left")],
        "position": ["boolean"],
    }

    # Weights are only passed on: the estimator's own request decides whether it gets them.
    __metadata_request__fit = {"sample_weight": UNUSED}  # noqa: RUF012
    __metadata_request__partial_fit = {"sample_weight": UNUSED}  # noqa: RUF012

    def __init__(self, estimator, *, aggregate="sum_log_proba", context=0, position=False):
        self.estimator = estimator
        self.aggregate = aggregate
        self.context = context
        self.position = position

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=False)  # of the estimator
    def fit(self, X, y, sample_weight=None):
        """Fit the estimator to the frames.

        Parameters
        ----------
        X : list or object array of array-like of shape (n_frames_i, n_features), \
                array-like of shape (n_clips, n_frames, n_features) or (n_clips, n_features)
            Clips of finite numbers, each of at least one frame. Each row of a matrix or
            data frame is a clip of a single frame. float32 stays float32.
        y : array-like of shape (n_clips,) or (n_clips, n_classes), or list or object array \
                of array-like of shape (n_frames_i,) or (n_frames_i, n_classes)
            Labels of any type, one for each clip, which applies to all of its frames, or a
            list with labels for each frame. Arrays may hold distributions over the classes
            instead of labels if the estimator supports them.
        sample_weight : array-like of shape (n_clips,) or list or object array of array-like \
                of shape (n_frames_i,), default=None
            Weights of the clips, which apply to each of their frames, or of the frames. A
            weight of two is equivalent to giving a clip twice. With metadata routing they are
            passed on if the estimator requests them.

        Returns
        -------
        self : FramewiseClassifier
            The fitted classifier.

        Raises
        ------
        TypeError, ValueError
            If a clip, its targets or its weights are malformed (the message names the clip
            by its index), if the estimator is not a classifier, does not support weights
            that are given, or lacks probabilities that `aggregate` needs. Errors of the
            estimator are passed on.
        """
        estimator = self._make_estimator()
        callbacks = self._init_callback_context(max_subtasks=1)
        callbacks.call_on_fit_task_begin(estimator=self, X=X, y=y)
        frames, lengths, targets, params = self._check_fit(X, y, sample_weight, "fit", reset=True)
        subtask = callbacks.subcontext(task_name="fit-estimator")
        with subtask.propagate_callback_context(estimator):
            subtask.call_on_fit_task_begin(estimator=self, X=frames, y=targets)
            estimator.fit(frames, targets, **params)
            subtask.call_on_fit_task_end(estimator=self, X=frames, y=targets)
        self._store(estimator)
        if lengths is not None:
            warn_if_alike(estimator, frames, lengths, self.position, stacklevel=4)
        callbacks.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    @available_if(_supports_partial_fit)
    @_fit_context(prefer_skip_nested_validation=False)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Update the estimator with the frames of new clips, by its `partial_fit`.

        Available only if the estimator has `partial_fit`.

        Parameters
        ----------
        X : list or object array of array-like of shape (n_frames_i, n_features), \
                array-like of shape (n_clips, n_frames, n_features) or (n_clips, n_features)
            Clips, as in `fit`.
        y : array-like of shape (n_clips,) or (n_clips, n_classes), or list or object array \
                of array-like of shape (n_frames_i,) or (n_frames_i, n_classes)
            Targets of clips or frames, as in `fit`.
        classes : array-like of shape (n_classes,), default=None
            All labels that will occur. Required in the first call.
        sample_weight : array-like of shape (n_clips,) or list or object array of array-like \
                of shape (n_frames_i,), default=None
            Weights, as in `fit`.

        Returns
        -------
        self : FramewiseClassifier
            The fitted classifier.

        Raises
        ------
        TypeError, ValueError
            As in `fit`.
        """
        is_first = not hasattr(self, "classes_")
        estimator = self._make_estimator() if is_first else self.estimator_
        frames, lengths, targets, params = self._check_fit(
            X, y, sample_weight, "partial_fit", reset=is_first
        )
        if classes is not None:
            params = params | {"classes": classes}
        self._store(estimator.partial_fit(frames, targets, **params))
        if lengths is not None:
            warn_if_alike(self.estimator_, frames, lengths, self.position, stacklevel=3)
        return self

    def predict(self, X):
        """Predict the most probable class of each clip.

        Parameters
        ----------
        X : list or object array of array-like of shape (n_frames_i, n_features), \
                array-like of shape (n_clips, n_frames, n_features) or (n_clips, n_features)
            Clips.

        Returns
        -------
        labels : ndarray of shape (n_clips,)
            Entries of `classes_`.
        """
        check_is_fitted(self)
        scores = self._shares(X) if self.aggregate == "vote" else self.predict_log_proba(X)
        return self.classes_[scores.argmax(axis=1)]

    def predict_proba(self, X):
        """Predict the probability of each class, for each clip.

        Parameters
        ----------
        X : list or object array of array-like of shape (n_frames_i, n_features), \
                array-like of shape (n_clips, n_frames, n_features) or (n_clips, n_features)
            Clips.

        Returns
        -------
        probabilities : ndarray of shape (n_clips, n_classes)
            In the order of `classes_`. With ``aggregate="vote"``, shares of the frames.
        """
        check_is_fitted(self)
        return self._shares(X) if self.aggregate == "vote" else np.exp(self.predict_log_proba(X))

    def predict_log_proba(self, X):
        """Predict the natural logarithm of each class's probability, for each clip.

        Parameters
        ----------
        X : list or object array of array-like of shape (n_frames_i, n_features), \
                array-like of shape (n_clips, n_frames, n_features) or (n_clips, n_features)
            Clips.

        Returns
        -------
        log_probabilities : ndarray of shape (n_clips, n_classes)
            In the order of `classes_`. Minus infinity for classes without a vote, and for
            classes that are ruled out by a frame of probability zero (see Notes).
        """
        check_is_fitted(self)
        with np.errstate(divide="ignore"):  # the logarithm of zero, here or in the estimator
            if self.aggregate == "vote":
                return np.log(self._shares(X))
            frames, lengths = self._check_frames(X)
            if hasattr(self.estimator_, "predict_log_proba"):
                frame_log_proba = self.estimator_.predict_log_proba(frames)
            else:
                frame_log_proba = np.log(self.estimator_.predict_proba(frames))
        return aggregate_log_proba(frame_log_proba, lengths, self.aggregate)

    def predict_frames(self, X):
        """Predict the class of each frame.

        Parameters
        ----------
        X : list or object array of array-like of shape (n_frames_i, n_features), \
                array-like of shape (n_clips, n_frames, n_features) or (n_clips, n_features)
            Clips.

        Returns
        -------
        labels : object ndarray of shape (n_clips,) of ndarray of shape (n_frames_i,)
            Entries of `classes_`, for the frames of each clip.
        """
        check_is_fitted(self)
        frames, lengths = self._check_frames(X)
        return split(self.estimator_.predict(frames), lengths)

    @available_if(_gives_probabilities)
    def predict_frames_proba(self, X):
        """Predict the probability of each class, for each frame.

        Available only if the estimator has `predict_proba` or `predict_log_proba`.

        Parameters
        ----------
        X : list or object array of array-like of shape (n_frames_i, n_features), \
                array-like of shape (n_clips, n_frames, n_features) or (n_clips, n_features)
            Clips.

        Returns
        -------
        probabilities : object ndarray of shape (n_clips,) of ndarray of shape \
                (n_frames_i, n_classes)
            In the order of `classes_`, for the frames of each clip.
        """
        check_is_fitted(self)
        frames, lengths = self._check_frames(X)
        if hasattr(self.estimator_, "predict_proba"):
            return split(self.estimator_.predict_proba(frames), lengths)
        return split(np.exp(self.estimator_.predict_log_proba(frames)), lengths)

    def get_metadata_routing(self):
        """Return the routing of metadata.

        Returns
        -------
        routing : MetadataRouter
            `fit` and `partial_fit` pass `sample_weight` on to the estimator, `score` uses it
            itself.
        """
        mapping = MethodMapping().add(caller="fit", callee="fit")
        mapping.add(caller="partial_fit", callee="partial_fit")
        router = MetadataRouter(owner=self).add_self_request(self)
        return router.add(estimator=self.estimator, method_mapping=mapping)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        inner = get_tags(self.estimator).classifier_tags
        if inner is not None:
            tags.classifier_tags.multi_class = inner.multi_class
            tags.classifier_tags.poor_score = inner.poor_score
        return tags

    def _make_estimator(self):
        """Return a clone of the estimator, after checking that it has the methods needed."""
        name = type(self.estimator).__name__
        if not is_classifier(self.estimator):
            raise ValueError(f"estimator must be a classifier, got {name}")
        if self.aggregate != "vote" and not _has_probabilities(self.estimator):
            raise ValueError(
                f"aggregate={self.aggregate!r} needs an estimator with predict_proba, but "
                f"{name} has none; use aggregate='vote'"
            )
        return clone(self.estimator)

    def _check_fit(self, X, y, sample_weight, method, reset):
        """Return frames, lengths, targets, and further arguments of the estimator's method.

        There are no lengths where the frames of a clip have targets of their own.
        """
        sequences = check_sequences(self, X, reset=reset)
        lengths = lengths_of(sequences)
        has_own, targets = check_frame_targets(y, lengths)
        if not has_own:
            targets = np.repeat(targets, lengths, axis=0)
        tags = get_tags(self.estimator)
        if targets.ndim == 2 and (
            tags.classifier_tags.multi_label or tags.target_tags.multi_output
        ):
            raise ValueError(
                f"y holds distributions over the classes, which {type(self.estimator).__name__} "
                "takes for several labels of a sample; give one label for each clip or frame"
            )
        params = {}
        if sample_weight is not None:
            per_frame, weights = check_frame_weights(sample_weight, lengths)
            params["sample_weight"] = weights if per_frame else np.repeat(weights, lengths)
            if sklearn.get_config()["enable_metadata_routing"]:
                params = process_routing(self, method, **params)["estimator"][method]
            elif not has_fit_parameter(self.estimator, "sample_weight"):
                raise ValueError(
                    f"{type(self.estimator).__name__} takes no sample_weight; steps of a pipeline "
                    "take it with metadata routing (sklearn.set_config)"
                )
        frames = join(sequences, self.context, position=self.position)
        return frames, None if has_own else lengths, targets, params

    def _check_frames(self, X):
        """Return the frames of all clips, and their number for each clip."""
        sequences = check_sequences(self, X, reset=False)
        return join(sequences, self.context, position=self.position), lengths_of(sequences)

    def _shares(self, X):
        """Return the share of the frames of each clip that is predicted to be of each class."""
        frames, lengths = self._check_frames(X)
        labels = self.estimator_.predict(frames)
        votes = [sum_by_clip(labels == label, lengths) for label in self.classes_]
        return np.column_stack(votes) / lengths[:, np.newaxis]

    def _store(self, estimator):
        self.estimator_, self.classes_ = estimator, estimator.classes_
