"""What every fitted linear softmax model does with new samples."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from skxent.losses import log_softmax, softmax
from skxent.validation import check_samples

__all__ = ["LinearSoftmaxMixin"]

_NO_COEFFICIENTS = (
    "This %(name)s instance has no coefficients yet: call 'fit' first, of a search with refit=True"
)


class LinearSoftmaxMixin(ClassifierMixin):
    """Predictions from `coef_`, `intercept_` and `classes_`.

    Examples
    --------
    >>> from skxent import SoftmaxClassifier
    >>> from skxent.prediction import LinearSoftmaxMixin
    >>> issubclass(SoftmaxClassifier, LinearSoftmaxMixin)
    True
    """

    def decision_function(self, X):
        """Compute the logits.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        logits : ndarray of shape (n_samples,) or (n_samples, n_classes)
            ``X @ coef_.T + intercept_``; with two classes, of the second one.
        """
        check_is_fitted(self, "coef_", msg=_NO_COEFFICIENTS)
        X = check_samples(self, X, reset=False)
        logits = X @ self.coef_.T + self.intercept_
        return logits[:, 0] if len(self.classes_) == 2 else logits

    def predict(self, X):
        """Predict the most probable class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Entries of `classes_`.
        """
        best = np.argmax(self._class_logits(X), axis=1)
        return self.classes_[best]

    def predict_proba(self, X):
        """Predict the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        return softmax(self._class_logits(X))

    def predict_log_proba(self, X):
        """Predict the natural logarithm of each class's probability.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            Finite wherever the logits are, also where a probability rounds to
            zero or one.
        """
        return log_softmax(self._class_logits(X))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _class_logits(self, X):
        """Logits with one column for each class, also where there are two."""
        logits = self.decision_function(X)
        if logits.ndim == 1:
            return np.column_stack([np.zeros_like(logits), logits])
        return logits
