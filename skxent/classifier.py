"""SoftmaxClassifier: linear softmax cross-entropy classification."""

import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from skxent.linear import LinearObjective
from skxent.losses import log_softmax, softmax
from skxent.optimizers import gradient_descent
from skxent.solvers import descend, lbfgs
from skxent.threads import one_blas_thread

__all__ = ["SoftmaxClassifier"]

# Above this many parameters of one output, the Gram matrix and its Cholesky
# factor cost more than the iterations they save.
_MAX_PRECONDITIONED = 4096


class SoftmaxClassifier(ClassifierMixin, BaseEstimator):
    r"""Linear classifier trained with the softmax cross-entropy.

    Minimises

    .. math::
        J(W, b) = \frac{\sum_i w_i \, CE(t_i, W x_i + b)}{\sum_i w_i}
                  + \frac{\alpha}{2} \|W\|_2^2, \qquad
        CE(t, z) = \log \sum_k e^{z_k} - t \cdot z

    where :math:`t_i` is the (smoothed) one-hot target and :math:`w_i` the
    sample's weight times its class's. The intercept is not penalised. With two
    classes there is one logit and the sigmoid. The objective is that of
    :class:`~sklearn.linear_model.LogisticRegression` with
    ``C = 1 / (alpha * sum(w))``; here it can also be descended with a learning
    rate of your choice.

    Parameters
    ----------
    solver : {"auto", "gd", "lbfgs"}, default="auto"
        - "gd": full-batch gradient descent with Nesterov's momentum, restarted
          where it would climb; with ``momentum=0`` the textbook algorithm.
        - "lbfgs": limited-memory BFGS, preconditioned by the Gram matrix of the
          features, so that they need no scaling. It has no learning rate.
        - "auto": "lbfgs" where `learning_rate` is "auto", "gd" where it is a
          number.

    learning_rate : float or "auto", default="auto"
        Step size of "gd". "auto" is a safe one, the inverse of a bound on the
        curvature of J: without momentum, every rate up to it descends at every
        step. Giving a number to a solver without a learning rate is an error.

    momentum : float, default=0.9
        Momentum of "gd", in [0, 1).

    alpha : float, default=1e-4
        Strength of the L2 penalty, not negative.

    label_smoothing : float, default=0.0
        Share of each target, in [0, 1], that is spread evenly over the classes.

    class_weight : dict or "balanced", default=None
        Weights of the classes, one by default. "balanced" weighs a class by
        the inverse of its share of the samples (of their weights, where
        `sample_weight` is given).

    fit_intercept : bool, default=True
        Whether to learn the intercept; without it, b is zero.

    max_iter : int, default=1000
        Largest number of iterations.

    tol : float, default=1e-4
        The fit has converged where the largest absolute entry of J's gradient is
        at most this.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.

    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        W, of the type of X; one row for two classes.

    intercept_ : ndarray of shape (1,) or (n_classes,)
        b.

    n_iter_ : int
        Number of iterations done.

    loss_curve_ : ndarray of shape (n_iter_ + 1,)
        J at the start and after each iteration.

    learning_rate_ : float or None
        The learning rate used; None for a solver that has none.

    solver_ : {"gd", "lbfgs"}
        The solver used.

    converged_ : bool
        Whether `tol` was met, or nothing but rounding was left to gain.

    gradient_norm_ : float
        Largest absolute entry of J's gradient at the coefficients.

    n_features_in_ : int
        Number of features seen in fit.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X had some that are all strings.

    Warns
    -----
    ConvergenceWarning
        If `max_iter` was reached first, or the learning rate diverged: then the
        best finite iterate is kept. The message names the largest safe rate.

    See Also
    --------
    sklearn.linear_model.LogisticRegression : The same model for fixed solvers.
    skxent.MFCCTransformer : Features of recordings.

    References
    ----------
    .. [1] C. M. Bishop, "Pattern Recognition and Machine Learning", Springer
       2006, section 4.3.4.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skxent import SoftmaxClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = SoftmaxClassifier().fit(X, y)
    >>> classifier.score(X, y)
    0.98
    >>> classifier.predict_proba(X[:1]).round(3)
    array([[1., 0., 0.]])
    """

    _parameter_constraints = {  # noqa: RUF012, the name is scikit-learn's
        "solver": [StrOptions({"auto", "gd", "lbfgs"})],
        "learning_rate": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")],
        "momentum": [Interval(Real, 0, 1, closed="left")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "label_smoothing": [Interval(Real, 0, 1, closed="both")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "fit_intercept": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        *,
        solver="auto",
        learning_rate="auto",
        momentum=0.9,
        alpha=1e-4,
        label_smoothing=0.0,
        class_weight=None,
        fit_intercept=True,
        max_iter=1000,
        tol=1e-4,
    ):
        self.solver = solver
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.alpha = alpha
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
        """Learn the coefficients.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples. float32 is computed in float32, anything else in float64.
        y : array-like of shape (n_samples,)
            Labels of any type, of at least two classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; a weight of two is a sample given twice, a
            weight of zero one left out.

        Returns
        -------
        self : SoftmaxClassifier
            The fitted estimator.

        Raises
        ------
        ValueError
            If the data or the weights are malformed, there are fewer than two
            classes, a class has no positive weight, or a learning rate is given
            to a solver that has none.
        """
        solver = self._resolve_solver()
        X, y = validate_data(self, X, y, dtype=[np.float64, np.float32])
        check_classification_targets(y)
        classes, targets = np.unique(y, return_inverse=True)
        objective = LinearObjective(
            X=X,
            targets=targets,
            weights=self._weigh(X, y, classes, targets, sample_weight),
            n_classes=len(classes),
            alpha=float(self.alpha),
            fit_intercept=bool(self.fit_intercept),
            label_smoothing=float(self.label_smoothing),
        )
        # The products of a block are too small for a second BLAS thread to pay for
        # its waking, and on a busy machine it makes them many times slower.
        with one_blas_thread():
            solution = self._solve(objective, solver)
        n_features = X.shape[1]
        self.classes_ = classes
        self.coef_ = solution.params[:, :n_features].astype(X.dtype)
        if self.fit_intercept:
            self.intercept_ = solution.params[:, n_features].astype(X.dtype)
        else:
            self.intercept_ = np.zeros(len(self.coef_), dtype=X.dtype)
        self.n_iter_ = solution.n_iter
        self.loss_curve_ = solution.values
        self.converged_ = solution.converged
        self.gradient_norm_ = solution.gradient_norm
        return self

    def decision_function(self, X):
        """Compute the logits.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        logits : ndarray of shape (n_samples,) or (n_samples, n_classes)
            ``X @ coef_.T + intercept_``; with two classes, of the second one.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        logits = X @ self.coef_.T + self.intercept_
        return logits[:, 0] if len(self.classes_) == 2 else logits

    def predict(self, X):
        """Predict the most probable class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
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
        X : array-like of shape (n_samples, n_features)
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
        X : array-like of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        log_probabilities : ndarray of shape (n_samples, n_classes)
            Finite wherever the logits are, also where a probability rounds to
            zero or one.
        """
        return log_softmax(self._class_logits(X))

    def _class_logits(self, X):
        """Logits with one column for each class, also where there are two."""
        logits = self.decision_function(X)
        if logits.ndim == 1:
            return np.column_stack([np.zeros_like(logits), logits])
        return logits

    def _resolve_solver(self):
        if self.solver == "auto":
            return "lbfgs" if self.learning_rate == "auto" else "gd"
        if self.solver == "lbfgs" and self.learning_rate != "auto":
            raise ValueError(
                f"learning_rate={self.learning_rate!r} means nothing to solver='lbfgs', which "
                "finds its own steps; use solver='gd', or learning_rate='auto'"
            )
        return self.solver

    def _weigh(self, X, y, classes, targets, sample_weight):
        """Return each sample's weight times its class's."""
        if len(classes) < 2:
            raise ValueError(f"y must have at least two classes, got one class: {classes[0]}")
        weights = _check_sample_weight(
            sample_weight, X, dtype=np.float64, ensure_non_negative=True, copy=True
        )
        class_weights = compute_class_weight(
            self.class_weight, classes=classes, y=y, sample_weight=weights
        )
        if not (np.isfinite(class_weights).all() and class_weights.min() >= 0.0):
            raise ValueError(
                f"class_weight must be finite and not negative, got {self.class_weight!r}"
            )
        weights *= class_weights[targets]
        empty = classes[np.bincount(targets, weights) == 0]
        if len(empty):
            raise ValueError(
                "each class must have a sample of positive weight (sample_weight times "
                f"class_weight), class {empty[0]} has none"
            )
        return weights

    def _solve(self, objective, solver):
        start = np.zeros(objective.shape)
        stopping = {"max_iter": self.max_iter, "tol": self.tol}
        self.solver_ = solver
        if solver == "lbfgs":
            self.learning_rate_ = None
            factor = None
            if objective.shape[1] <= _MAX_PRECONDITIONED:
                factor = objective.curvature_factor()
            solution = lbfgs(objective, start, factor=factor, **stopping)
        else:
            if self.learning_rate == "auto":
                self.learning_rate_ = _safe_rate(objective)
            else:
                self.learning_rate_ = float(self.learning_rate)
            rule = gradient_descent(self.momentum)
            solution = descend(
                objective, start, rule, learning_rate=self.learning_rate_, **stopping
            )
        if not solution.converged:
            self._warn(objective, solution)
        return solution

    def _warn(self, objective, solution):
        """Say why the fit did not converge, and what would help."""
        if solution.diverged:
            problem = f"learning_rate={self.learning_rate_:.3g} diverged"
        else:
            problem = (
                f"solver {self.solver_!r} did not converge in {solution.n_iter} iterations "
                f"(gradient norm {solution.gradient_norm:.2g}, tol {self.tol:.2g})"
            )
        if self.solver_ == "lbfgs":
            advice = "increase max_iter or tol"
        else:
            is_safe = self.learning_rate == "auto"
            safe = self.learning_rate_ if is_safe else _safe_rate(objective)
            advice = f"the largest safe learning rate is {safe:.3g}"
            if not solution.diverged and solution.value == solution.values[-1]:  # still falling
                advice += "; increase max_iter, or scale the features (StandardScaler)"
        warnings.warn(f"{problem}: {advice}", ConvergenceWarning, stacklevel=5)


def _safe_rate(objective):
    """Return the largest rate that is sure to descend; any, where J is constant."""
    bound = objective.curvature_bound()
    return 1.0 / bound if bound > 0.0 else np.inf
