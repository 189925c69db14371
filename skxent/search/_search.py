"""SoftmaxClassifierCV: all learning rates, penalties and folds trained in one pass."""

import inspect
import time
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, _fit_context, is_classifier
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.metrics import check_scoring
from sklearn.model_selection import check_cv
from sklearn.utils import Bunch
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    _routing_enabled,
    process_routing,
)
from sklearn.utils.validation import _check_method_params, check_is_fitted

from skxent._fitting._inputs import check_samples
from skxent._fitting._targets import weights_of_classes
from skxent._threads import one_blas_thread
from skxent.linear import SoftmaxClassifier
from skxent.linear._curvature import safe_rate
from skxent.linear._objective import LinearObjective
from skxent.linear._prediction import NOT_FITTED, LinearSoftmaxMixin, coefficients_of
from skxent.optimizers import SCHEDULES
from skxent.optimizers._rules import make_rule
from skxent.optimizers._schedules import make_schedule
from skxent.search._candidates import CandidateObjectives
from skxent.search._descend import descend_in_groups
from skxent.search._progress import Progress
from skxent.search._results import choose, tabulate


class SoftmaxClassifierCV(CallbackSupportMixin, LinearSoftmaxMixin, BaseEstimator):
    r"""SoftmaxClassifier with its learning rate and penalty chosen by cross-validation.

    The scores are those of a :class:`~sklearn.model_selection.GridSearchCV` over
    ``SoftmaxClassifier(solver="gd")``, but the candidates (rates times penalties
    times folds) are trained together: their coefficients stand side by side, so
    that all logits and all gradients are one matrix product each, and the folds
    share the samples, with a weight of zero on those that they leave out.

    The candidates of all folds see the same features. If these depend on the
    samples, as after a :class:`~sklearn.preprocessing.StandardScaler` in a
    Pipeline, the samples left out have had their part in them. To avoid this,
    use GridSearchCV over the whole Pipeline.

    Parameters
    ----------
    learning_rates : int or array-like of float, default=10
        Learning rates to try. A number of them is spaced in even ratios from a
        thousandth of the safe rate :math:`1/L` to twice that rate, where L is
        the bound on the curvature of J; 1 is the safe rate itself.

    alphas : array-like of float, default=(1e-4,)
        Strengths of the L2 penalty to try.

    cv : int, splitter or iterable, default=5
        Cross-validation splitter, as in GridSearchCV; a number is that of
        stratified folds.

    scoring : str or callable, default=None
        A single score, as in GridSearchCV; None is the accuracy.

    schedule : {"constant", "inverse_scaling", "step", "cosine", "warmup", "one_cycle"} or \
            callable, default="constant"
        As in :class:`SoftmaxClassifier`.

    momentum : float, default=0.9
        Nesterov's momentum, in [0, 1).

    label_smoothing : float, default=0.0
        Share of each target, in [0, 1], that is spread evenly over the classes.

    class_weight : dict or "balanced", default=None
        Weights of the classes. "balanced" is computed from the samples that a
        fold trains on.

    fit_intercept : bool, default=True
        Whether to learn the intercept.

    max_iter : int, default=1000
        Largest number of iterations of each candidate.

    tol : float, default=1e-4
        A candidate has converged when the largest absolute entry of its
        gradient is at most this.

    prune : bool, default=True
        Whether to stop training candidates early: a setting as soon as it
        diverges in a fold; and after 1/16, 1/8, 1/4 and 1/2 of `max_iter` the
        half of the settings with the larger cross-entropy on the samples left
        out, on average over the folds, as long as two remain [1]_. Pruned
        candidates are scored at their last iterate, but not chosen. ``False``
        trains all candidates to the end.

    refit : bool, default=True
        Whether to fit a SoftmaxClassifier to all samples with the best setting.

    Attributes
    ----------
    best_params_ : dict
        The learning rate and alpha with the highest mean score, of those that
        were not pruned and did not diverge; the first of several.

    best_score_ : float
        Their mean score.

    best_index_ : int
        Their row in `cv_results_`.

    best_estimator_ : SoftmaxClassifier
        The estimator with them, fitted to all samples, if `refit` is True.

    cv_results_ : dict of ndarray
        As in GridSearchCV. A candidate's fit time is its share of the time that
        all took together.

    scores_ : ndarray of shape (n_rates, n_alphas, n_folds)
        The score of each candidate.

    loss_paths_ : ndarray of shape (n_rates, n_alphas, n_folds, max_iter + 1)
        Cross-entropy of the samples that the fold leaves out, at the start and
        after each iteration; NaN after the last one of a candidate.

    n_iter_ : ndarray of int of shape (n_rates, n_alphas, n_folds)
        Number of iterations of each candidate.

    status_ : ndarray of str of shape (n_rates, n_alphas, n_folds)
        "converged", "running" (until `max_iter`), "diverged" (the loss became
        infinite or NaN) or "pruned". Most rates that are too large are pruned:
        their loss rises but is still finite.

    learning_rates_ : ndarray of shape (n_rates,)
        The learning rates tried.

    safe_learning_rate_ : float
        The rate 1/L for all samples and the largest alpha, up to which gradient
        descent is certain to descend.

    scorer_ : callable
        The scorer.

    n_splits_ : int
        Number of folds.

    classes_, coef_, intercept_ : ndarray
        Those of the best estimator, if `refit` is True.

    n_features_in_ : int
        Number of features seen in fit.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features seen in fit, if they were all strings.

    See Also
    --------
    SoftmaxClassifier : The classifier that is trained.
    sklearn.model_selection.GridSearchCV : A search over any parameters of any estimator.

    References
    ----------
    .. [1] K. Jamieson and A. Talwalkar, "Non-stochastic best arm identification
       and hyperparameter optimization", AISTATS 2016 (successive halving).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.preprocessing import scale
    >>> from skxent import SoftmaxClassifierCV
    >>> X, y = load_iris(return_X_y=True)
    >>> search = SoftmaxClassifierCV(learning_rates=[0.001, 0.1], tol=1e-2).fit(scale(X), y)
    >>> search.best_params_
    {'alpha': 0.0001, 'learning_rate': 0.1}
    >>> search.scores_.shape
    (2, 1, 5)
    """

    _parameter_constraints = {  # noqa: RUF012, the name is scikit-learn's
        "learning_rates": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "alphas": ["array-like"],
        "cv": ["cv_object"],
        "scoring": [str, callable, None],
        "schedule": [StrOptions(set(SCHEDULES)), callable],
        "momentum": [Interval(Real, 0, 1, closed="left")],
        "label_smoothing": [Interval(Real, 0, 1, closed="both")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "fit_intercept": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "prune": ["boolean"],
        "refit": ["boolean"],
    }

    def __init__(
        self,
        *,
        learning_rates=10,
        alphas=(1e-4,),
        cv=5,
        scoring=None,
        schedule="constant",
        momentum=0.9,
        label_smoothing=0.0,
        class_weight=None,
        fit_intercept=True,
        max_iter=1000,
        tol=1e-4,
        prune=True,
        refit=True,
    ):
        self.learning_rates = learning_rates
        self.alphas = alphas
        self.cv = cv
        self.scoring = scoring
        self.schedule = schedule
        self.momentum = momentum
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.prune = prune
        self.refit = refit

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, **params):
        """Train and score all candidates, and fit the best setting.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Labels, or distributions over the classes where `scoring` and `cv`
            take them.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights.
        **params : dict
            Parameters of the splitter, such as `groups`; with metadata routing
            also those of the scorer.

        Returns
        -------
        self : SoftmaxClassifierCV
            The fitted search.

        Raises
        ------
        ValueError
            If the data, the weights or a setting to try are malformed, or a fold
            has no sample of positive weight to train on or to leave out.
        """
        context = self._init_callback_context(max_subtasks=None)
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        alphas = _check_settings("alphas", self.alphas, is_zero_allowed=True)
        routed = self._route(sample_weight, params)
        samples = check_samples(self, X, y, sample_weight, reset=True)
        cv = check_cv(self.cv, samples.labels, classifier=is_classifier(self))
        folds = list(cv.split(samples.X, samples.labels, **routed.splitter.split))
        with one_blas_thread():
            safe = self._compute_safe_rate(samples, float(alphas.max()))
            rates = self._resolve_rates(safe)
            start = time.perf_counter()
            found = self._search(samples, folds, rates, alphas, context)
            fit_seconds = time.perf_counter() - start
        shape = len(rates), len(alphas), len(folds)
        self.learning_rates_, self.safe_learning_rate_ = rates, safe
        self.n_splits_, self.scorer_ = len(folds), self._make_scorer()
        self.status_, self.n_iter_ = found.status.reshape(shape), found.n_iter.reshape(shape)
        self.loss_paths_ = found.held_out.reshape(*shape, -1)
        start = time.perf_counter()
        scores = self._score(samples, folds, found.params, routed.scorer.score)
        seconds = fit_seconds, time.perf_counter() - start
        self.scores_ = scores.reshape(shape)
        self.cv_results_ = tabulate(self.scores_, self.n_iter_, alphas, rates, seconds)
        means = self.cv_results_["mean_test_score"]
        self.best_index_ = choose(means, self.status_, self.prune)
        self.best_params_ = self.cv_results_["params"][self.best_index_]
        self.best_score_ = float(means[self.best_index_])
        self._refit(X, y, sample_weight)
        context.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    def score(self, X, y, **params):
        """Return the score of the best estimator.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.
        y : array-like of shape (n_samples,)
            Labels.
        **params : dict
            Parameters of the scorer, such as `sample_weight`.

        Returns
        -------
        score : float
            By `scoring`; the accuracy by default.

        Raises
        ------
        NotFittedError
            If the search is not fitted, or was fitted with ``refit=False``.
        """
        check_is_fitted(self, "best_estimator_", msg=NOT_FITTED)
        return self._make_scorer()(self.best_estimator_, X, y, **params)

    def get_metadata_routing(self):
        """Return how metadata are routed.

        Returns
        -------
        routing : MetadataRouter
            To the fit of this estimator, to the splitter and to the scorer.
        """
        to_split = MethodMapping().add(caller="fit", callee="split")
        to_score = MethodMapping().add(caller="fit", callee="score")
        to_score = to_score.add(caller="score", callee="score")
        router = MetadataRouter(owner=self).add_self_request(self)
        router.add(splitter=check_cv(self.cv, classifier=True), method_mapping=to_split)
        return router.add(scorer=self._make_scorer(), method_mapping=to_score)

    def _route(self, sample_weight, params):
        if _routing_enabled():
            return process_routing(self, "fit", sample_weight=sample_weight, **params)
        # As in GridSearchCV, the scorer gets the weights if it takes them.
        score = {}
        if sample_weight is not None and _takes_weights(self._make_scorer()):
            score["sample_weight"] = sample_weight
        return Bunch(splitter=Bunch(split=params), scorer=Bunch(score=score))

    def _make_scorer(self):
        return check_scoring(SoftmaxClassifier(), scoring=self.scoring)

    def _resolve_rates(self, safe):
        if isinstance(self.learning_rates, Integral):
            if self.learning_rates == 1:
                return np.array([safe])
            return np.geomspace(1e-3 * safe, 2.0 * safe, self.learning_rates)
        return _check_settings("learning_rates", self.learning_rates)

    def _compute_safe_rate(self, samples, alpha):
        sums = samples.class_sums()
        class_weights = weights_of_classes(self.class_weight, samples.classes, sums)
        objective = LinearObjective(
            samples.weighed(class_weights), alpha=alpha, fit_intercept=bool(self.fit_intercept)
        )
        return safe_rate(objective, "gd", self.momentum, None)

    def _search(self, samples, folds, rates, alphas, context):
        """Train all candidates: rates first, then alphas, then folds."""
        n_folds = len(folds)
        train, test = self._weigh_folds(samples, folds)
        objectives = CandidateObjectives(
            X=samples.X,
            targets=samples.targets,
            n_classes=samples.n_classes,
            train_weights=train,
            test_weights=test,
            folds=np.tile(np.arange(n_folds), len(rates) * len(alphas)),
            alphas=np.tile(np.repeat(alphas, n_folds), len(rates)),
            fit_intercept=bool(self.fit_intercept),
            label_smoothing=float(self.label_smoothing),
        )
        progress = Progress(self, context, self.max_iter)
        found = descend_in_groups(
            objectives,
            make_rule("gd", self.momentum),
            learning_rates=np.repeat(rates, len(alphas) * n_folds),
            max_iter=self.max_iter,
            tol=self.tol,
            factor_of=make_schedule(self.schedule, self.max_iter),
            prune=self.prune,
            monitor=progress,
        )
        progress.close()
        return found

    def _weigh_folds(self, samples, folds):
        """Return weights (n_folds, n_samples) of sum one to train on, and of those left out."""
        train, test = np.zeros((2, len(folds), len(samples)))
        for i, (trained, left_out) in enumerate(folds):
            sums = samples.class_sums(trained)
            class_weights = weights_of_classes(self.class_weight, samples.classes, sums)
            weights = samples.weighed(class_weights).weights
            for part, of_folds, rows in [("training", train, trained), ("test", test, left_out)]:
                of_rows = weights[rows]
                if not of_rows.sum() > 0.0:
                    raise ValueError(f"the {part} part of fold {i} has no positive weight")
                np.add.at(of_folds[i], rows, of_rows / of_rows.sum())  # rows may be repeated
        return train, test

    def _make_classifier(self, learning_rate, alpha):
        """Return the classifier of a setting; the other parameters have the same names."""
        classifier = SoftmaxClassifier(solver="gd", learning_rate=learning_rate, alpha=alpha)
        shared = self.get_params(deep=False).keys() & classifier.get_params()
        return classifier.set_params(**{name: getattr(self, name) for name in shared})

    def _score(self, samples, folds, params, score_params):
        """Return the score of each candidate on the samples that its fold leaves out."""
        X, y = samples.X, samples.labels
        classifier = SoftmaxClassifier(fit_intercept=self.fit_intercept)
        classifier.n_features_in_ = self.n_features_in_
        held_out = [
            (X[rows], y[rows], _check_method_params(X, score_params, rows)) for _, rows in folds
        ]
        scores = np.empty(len(params))
        options = {"fit_intercept": self.fit_intercept, "dtype": X.dtype}
        for i, of_candidate in enumerate(params):
            vars(classifier).update(coefficients_of(of_candidate, samples.classes, **options))
            X_held_out, y_held_out, more = held_out[i % len(folds)]
            scores[i] = self.scorer_(classifier, X_held_out, y_held_out, **more)
        return scores

    def _refit(self, X, y, sample_weight):
        """Fit the best setting to all samples, if wanted; forget an earlier fit in any case."""
        for name in ("best_estimator_", "classes_", "coef_", "intercept_"):
            self.__dict__.pop(name, None)
        if not self.refit:
            return
        self.best_estimator_ = self._make_classifier(**self.best_params_)
        self.best_estimator_.fit(X, y, sample_weight=sample_weight)
        for name in ("classes_", "coef_", "intercept_"):
            setattr(self, name, getattr(self.best_estimator_, name))


def _takes_weights(scorer):
    if hasattr(scorer, "_accept_sample_weight"):
        return scorer._accept_sample_weight()
    return "sample_weight" in inspect.signature(scorer).parameters


def _check_settings(name, values, is_zero_allowed=False):
    """Return settings to try as an array, in the order given."""
    values = np.asarray(values, dtype=np.float64)
    is_list = values.ndim == 1 and values.size and len(np.unique(values)) == len(values)
    in_range = np.isfinite(values) & (values >= 0.0) & ((values > 0.0) | is_zero_allowed)
    if not (is_list and in_range.all()):
        allowed = "not negative" if is_zero_allowed else "positive"
        raise ValueError(f"{name} must be different finite numbers, {allowed}, got {values}")
    return values
