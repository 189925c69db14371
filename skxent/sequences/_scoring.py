"""Accuracy of classifiers of sequences."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.validation import check_is_fitted

from skxent.frames._ragged import lengths_of
from skxent.sequences._inputs import check_frame_targets, check_frame_weights, check_sequences


class SequenceClassifierMixin(ClassifierMixin):
    """Score of classifiers that predict classes of clips and of their frames."""

    def score(self, X, y, sample_weight=None):
        """Return the accuracy over clips or, where y holds labels of frames, over frames.

        Parameters
        ----------
        X : list or object array of array-like of shape (n_frames_i, n_features), \
                array-like of shape (n_clips, n_frames, n_features) or (n_clips, n_features)
            Clips.
        y : array-like of shape (n_clips,), or list or object array of array-like of shape \
                (n_frames_i,)
            Labels of the clips or of their frames.
        sample_weight : array-like of shape (n_clips,) or list or object array of array-like \
                of shape (n_frames_i,), default=None
            Weights of the clips, which apply to each of their frames, or of the frames if
            `y` holds labels of frames.

        Returns
        -------
        accuracy : float
            Weighted share of correct predictions.

        Raises
        ------
        TypeError, ValueError
            If the clips, labels or weights are malformed.
        """
        check_is_fitted(self)
        lengths = lengths_of(check_sequences(self, X, reset=False))
        per_frame, y = check_frame_targets(y, lengths)
        if y.ndim != 1:
            raise ValueError("score needs labels, but y holds distributions over the classes")
        predicted = np.concatenate(self.predict_frames(X)) if per_frame else self.predict(X)
        if sample_weight is not None:
            weights_per_frame, sample_weight = check_frame_weights(sample_weight, lengths)
            if weights_per_frame and not per_frame:
                raise ValueError("sample_weight must be of clips, as y is, but is of frames")
            if per_frame and not weights_per_frame:
                sample_weight = np.repeat(sample_weight, lengths)
        return float(accuracy_score(y, predicted, sample_weight=sample_weight))
