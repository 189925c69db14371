"""The score of classifiers of sequences."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.utils.validation import check_is_fitted

from skxent.frames._ragged import lengths_of
from skxent.sequences._inputs import _check_weights, check_frame_targets, check_sequences


class SequenceClassifierMixin(ClassifierMixin):
    """The score of classifiers that predict for clips, and for their frames.

    Examples
    --------
    >>> from skxent import FramewiseClassifier
    >>> from skxent.sequences._scoring import SequenceClassifierMixin
    >>> issubclass(FramewiseClassifier, SequenceClassifierMixin)
    True
    """

    def score(self, X, y, sample_weight=None):
        """Return the accuracy: over clips, or with labels of frames over frames.

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
            Weights of the clips, which each of a clip's frames has; or of the frames, of
            which then `y` must be, too.

        Returns
        -------
        accuracy : float
            Share of the predictions that are right.

        Raises
        ------
        TypeError, ValueError
            If the clips, labels or weights are malformed.
        """
        check_is_fitted(self)
        lengths = lengths_of(check_sequences(self, X, reset=False))
        of_frames, y = check_frame_targets(y, lengths)
        if y.ndim != 1:
            raise ValueError("y must hold labels to be scored, got distributions over the classes")
        predicted = np.concatenate(self.predict_frames(X)) if of_frames else self.predict(X)
        if sample_weight is not None:
            weights_of_frames, sample_weight = _check_weights(sample_weight, lengths)
            if weights_of_frames and not of_frames:
                raise ValueError("sample_weight must be of clips, as y is, got one of frames")
            if of_frames and not weights_of_frames:
                sample_weight = np.repeat(sample_weight, lengths)
        return float(accuracy_score(y, predicted, sample_weight=sample_weight))
