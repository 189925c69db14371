"""Predictions of fitted linear softmax models."""

import numpy as np
from scipy.sparse import csr_array, issparse
from sklearn.base import ClassifierMixin
from sklearn.utils.extmath import safe_sparse_dot
from sklearn.utils.validation import check_is_fitted

from skxent._fitting._inputs import check_features
from skxent.losses import log_softmax, softmax

NOT_FITTED = (
    "This %(name)s instance is not fitted yet. Call 'fit' (of a search with refit=True) before "
    "using this method."
)


def coefficients_of(params, classes, *, fit_intercept, dtype):
    """Return parameters of an objective as `classes_`, `coef_` and `intercept_`."""
    coef, intercept = params, np.zeros(len(params))
    if fit_intercept:
        coef, intercept = params[:, :-1], params[:, -1]
    return {
        "classes_": classes,
        "coef_": coef.astype(dtype),
        "intercept_": intercept.astype(dtype),
    }


def params_of(classifier, n_features):
    """Return the coefficients of a classifier as the parameters of an objective."""
    coef, intercept = classifier.coef_, classifier.intercept_
    if coef.shape[1] != n_features:
        raise ValueError(
            f"warm_start needs the {coef.shape[1]} features of the earlier fit, got {n_features}"
        )
    coef = coef.toarray() if issparse(coef) else coef
    if classifier.fit_intercept:
        coef = np.column_stack([coef, intercept])
    return coef.astype(np.float64)


class LinearSoftmaxMixin(ClassifierMixin):
    """Predictions from `coef_`, `intercept_` and `classes_`."""

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
        check_is_fitted(self, "coef_", msg=NOT_FITTED)
        X = check_features(self, X, reset=False)
        logits = safe_sparse_dot(X, self.coef_.T, dense_output=True) + self.intercept_
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

    def sparsify(self):
        """Convert `coef_` to a sparse array, as for a model of few coefficients.

        With an L1 penalty, most of them may be zero. Where more than half are, a sparse
        array takes less memory, also in a file. What `warm_start` and `partial_fit`
        continue from besides (momentum, schedule, batches) is forgotten: they start
        from the coefficients, and make them dense.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        NotFittedError
            If it is not fitted.
        """
        check_is_fitted(self, "coef_", msg=NOT_FITTED)
        for model in self._models():
            model.coef_ = csr_array(model.coef_)
            vars(model).pop("_continuation", None)
        return self

    def densify(self):
        """Convert `coef_` back to a dense array, which it is after a fit.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        NotFittedError
            If it is not fitted.
        """
        check_is_fitted(self, "coef_", msg=NOT_FITTED)
        for model in self._models():
            model.coef_ = model.coef_.toarray() if issparse(model.coef_) else model.coef_
        return self

    def _models(self):
        """Return what has coefficients: the estimator, and the best one of a search."""
        return [self, *filter(None, [getattr(self, "best_estimator_", None)])]

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
