"""GaussianClassifier: classes with a normal distribution each, of regularised covariances."""

from numbers import Integral, Real

import numpy as np
from scipy.linalg import cholesky, eigh, solve_triangular
from scipy.special import logsumexp
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.utils._param_validation import Interval
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from skxent._fitting._inputs import refuse_huge_values

# Samples in a block, whose distances stay in the cache.
_BLOCK_ROWS = 1 << 10

# Share of a feature's variance that is taken to be within the classes, at least.
_SMALLEST_SHARE = 1e-10


class GaussianClassifier(ClassifierMixin, BaseEstimator):
    r"""Classifier by a normal distribution of each class, its covariance mixed with a shared one.

    Class k has the prior :math:`\pi_k`, the mean :math:`\mu_k` and the covariance

    .. math::
        \Sigma_k = (1 - \gamma) \bigl( (1 - \lambda) S_k + \lambda S \bigr)
            + \gamma \operatorname{diag}(S), \qquad S = \sum_k \pi_k S_k

    where :math:`S_k` is the covariance of its samples, :math:`\lambda` is `mix` and
    :math:`\gamma` is `shrinkage`: regularised discriminant analysis [1]_. It lies between
    :class:`~sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis`, whose covariances
    need many samples of each class, and
    :class:`~sklearn.discriminant_analysis.LinearDiscriminantAnalysis`, which has only one.

    Parameters
    ----------
    n_components : int, default=None
        Number of directions, at most, that the samples are first projected on: those in which
        the means of the classes differ most, by linear discriminant analysis [2]_. At most one
        less than there are classes, and no more than features. None projects on none.

    mix : float, default=0.3
        Share of the covariance that all classes have in common, in [0, 1].

    shrinkage : float, default=0.01
        Share of the diagonal of the shared covariance, in [0, 1]. It keeps directions with
        little variance of their own from counting for too much.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted.

    priors_ : ndarray of shape (n_classes,)
        Share of each class in the weights of the samples.

    means_ : ndarray of shape (n_classes, n_features)
        Mean of each class.

    n_features_in_ : int
        Number of features.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features. Defined only if X had column names that are all strings.

    See Also
    --------
    skxent.LexiconClassifier : Words by the states of such a classifier.

    Notes
    -----
    The scale of the features does not matter, and constant features are ignored.

    References
    ----------
    .. [1] J. H. Friedman, "Regularized discriminant analysis", Journal of the American
       Statistical Association 84, 1989. There, covariances are mixed in proportion to the
       number of samples, and shrunk to a multiple of the identity.
    .. [2] R. Haeb-Umbach and H. Ney, "Linear discriminant analysis for improved large
       vocabulary continuous speech recognition", ICASSP 1992.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skxent.sequences import GaussianClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> GaussianClassifier().fit(X, y).score(X, y)
    0.98
    """

    _parameter_constraints = {  # noqa: RUF012, the name is scikit-learn's
        "n_components": [Interval(Integral, 1, None, closed="left"), None],
        "mix": [Interval(Real, 0, 1, closed="both")],
        "shrinkage": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(self, n_components=None, *, mix=0.3, shrinkage=0.01):
        self.n_components = n_components
        self.mix = mix
        self.shrinkage = shrinkage

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Fit the means and covariances of the classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,)
            Labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights, not negative. A weight of two is equivalent to giving a sample twice.

        Returns
        -------
        self : GaussianClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If there is one class only, if the squares of the features overflow, or if a covariance
            has no inverse: without `mix` and `shrinkage`, classes need more samples than features.
        """
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32])
        refuse_huge_values(X)
        check_classification_targets(y)
        weights = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        if (weights == 0.0).any():
            X, y, weights = X[weights > 0.0], y[weights > 0.0], weights[weights > 0.0]
        classes, targets = np.unique(y, return_inverse=True)
        if len(classes) < 2:
            raise ValueError(
                f"y must have two classes at least, got one class: {classes.tolist()[0]!r}"
            )
        order = np.argsort(targets, kind="stable")
        edges = np.cumsum(np.bincount(targets))[:-1]
        weights = weights / weights.sum()
        parts = list(zip(np.split(X[order], edges), np.split(weights[order], edges), strict=True))
        self.classes_ = classes
        self.priors_ = np.array([of_class.sum() for _, of_class in parts])
        self._center = weights @ X
        means = np.array([w @ (x - self._center) / w.sum() for x, w in parts])
        self.means_ = means + self._center
        shared, diagonal = self._share(parts)
        self._whitener = self._whiten(shared, diagonal, means)
        self._white_means = means @ self._whitener.T
        self._roots, self._constants = self._solve(parts, shared, diagonal)
        return self

    def _share(self, parts):
        """Return the shared covariance, and the diagonal matrix that it is mixed with."""
        shared = np.zeros((len(self._center),) * 2)
        for (samples, weights), mean in zip(parts, self.means_, strict=True):
            centred = samples - mean
            centred *= np.sqrt(weights)[:, np.newaxis]
            shared += centred.T @ centred
        # The variance of all samples is that within the classes, and that of their means.
        of_all = shared.diagonal() + self.priors_ @ np.square(self.means_ - self._center)
        variances = np.maximum(shared.diagonal(), _SMALLEST_SHARE * of_all)
        # What is constant, but for rounding, has no variance: with any, it counts for nothing.
        rounding = 8 * np.finfo(np.float64).eps * self._center
        variances[of_all <= np.square(rounding)] = 1.0
        shared[np.diag_indices_from(shared)] = variances
        return shared, np.diag(variances)

    def _whiten(self, shared, diagonal, means):
        """Return the matrix that makes the shared covariance one, and projects on directions."""
        covariance = (1.0 - self.shrinkage) * shared + self.shrinkage * diagonal
        try:
            factor = cholesky(covariance, lower=True)
        except np.linalg.LinAlgError as error:
            raise self._no_inverse() from error
        whitener = solve_triangular(factor, np.eye(len(factor)), lower=True)
        n_components = min(self.n_components or np.inf, len(means) - 1, len(factor))
        if self.n_components is None or n_components == len(factor):
            return whitener
        white = np.sqrt(self.priors_)[:, np.newaxis] * (means @ whitener.T)
        _, directions = eigh(white.T @ white)
        return directions[:, : -n_components - 1 : -1].T @ whitener

    def _solve(self, parts, shared, diagonal):
        """Return the matrices that whiten each class, and the constants of its log-density."""
        share = (1.0 - self.shrinkage) * (1.0 - self.mix)
        common = (1.0 - self.shrinkage) * self.mix * shared + self.shrinkage * diagonal
        common = self._whitener @ common @ self._whitener.T
        roots = np.empty((len(parts), *common.shape))
        for k, (samples, weights) in enumerate(parts):
            white = (samples - self.means_[k]) @ self._whitener.T
            white *= np.sqrt(weights / weights.sum())[:, np.newaxis]
            try:
                factor = cholesky(share * (white.T @ white) + common, lower=True)
            except np.linalg.LinAlgError as error:
                raise self._no_inverse() from error
            roots[k] = solve_triangular(factor, np.eye(len(factor)), lower=True)
        return roots, np.log(np.diagonal(roots, axis1=1, axis2=2)).sum(axis=1)

    def _no_inverse(self):
        return ValueError(
            f"a covariance has no inverse with mix={self.mix!r} and "
            f"shrinkage={self.shrinkage!r}; raise one of them"
        )

    def decision_function(self, X):
        """Compute the logarithm of each class's prior and density, but for a common constant.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_classes) or, of two classes, (n_samples,)
            As of `score_classes`. Of two classes that of the second minus that of the first.
        """
        scores = self.score_classes(X)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict(self, X):
        """Predict the most probable class of each sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        labels : ndarray of shape (n_samples,)
            Entries of `classes_`.
        """
        scores = self.score_classes(X)
        return self.classes_[scores.argmax(axis=1)]

    def predict_proba(self, X):
        """Predict the probability of each class, for each sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        return np.exp(self.predict_log_proba(X))

    def predict_log_proba(self, X):
        """Predict the natural logarithm of each class's probability, for each sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        scores = self.score_classes(X)
        scores -= logsumexp(scores, axis=1, keepdims=True)
        return scores

    def score_classes(self, X, classes=None):
        r"""Compute the logarithm of the priors and densities of some classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.
        classes : array-like of int of shape (n_chosen,), default=None
            Indices in `classes_`; None for all. The time is proportional to their number.

        Returns
        -------
        scores : ndarray of shape (n_samples, n_chosen)
            :math:`\log \pi_k - \frac12 \log |\Sigma_k| - \frac12 (x - \mu_k)^T \Sigma_k^{-1}
            (x - \mu_k)`, plus a constant that all classes share.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        classes = range(len(self.classes_)) if classes is None else classes
        scores = np.empty((len(X), len(classes)))
        for start in range(0, len(X), _BLOCK_ROWS):
            rows = slice(start, start + _BLOCK_ROWS)
            white = (X[rows] - self._center) @ self._whitener.T
            for column, k in enumerate(classes):
                distances = white - self._white_means[k]
                if self.mix < 1.0:  # else the shared covariance is that of all, and white already
                    distances = distances @ self._roots[k].T
                scores[rows, column] = np.einsum("ij,ij->i", distances, distances)
        scores *= -0.5
        scores += (np.log(self.priors_) + self._constants)[list(classes)]
        return scores
