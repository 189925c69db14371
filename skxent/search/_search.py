"""SoftmaxClassifierCV: all learning rates, penalties and folds trained in one pass."""

import inspect
import math
import time
from numbers import Integral, Real

import numpy as np
from scipy.stats import rankdata
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
from skxent.search._descend import CandidateSolutions, descend_all
from skxent.search._halving import _Halving
from skxent.search._progress import _Progress

# The parameters of as many candidates as fit, with the copies that descending takes,
# are trained together; more go in groups.
_MAX_BYTES = 1 << 29


_N_COPIES = 8


class SoftmaxClassifierCV(CallbackSupportMixin, LinearSoftmaxMixin, BaseEstimator):
    r"""SoftmaxClassifier with its learning rate and penalty chosen by cross-validation.

    The scores are those of a :class:`~sklearn.model_selection.GridSearchCV` over
    ``SoftmaxClassifier(solver="gd")``. The candidates (rates times penalties
    times folds) are not trained one after the other, though, but together:
    their coefficients stand side by side, so that all logits and all gradients
    are one matrix product each, and a fold is a weight of zero or one on
    samples that all of them share.

    The samples must be ready when they come: what is learned from them before,
    such as the means of a :class:`~sklearn.preprocessing.StandardScaler` in a
    Pipeline, has seen the samples of all folds. Where that must not be, use
    GridSearchCV over the whole Pipeline.

    Parameters
    ----------
    learning_rates : int or array-like of float, default=10
        Learning rates to try. A number of them spans the useful range by itself,
        in even ratios from a thousandth of the safe rate :math:`1/L` to twice
        that rate, L being the bound of J's curvature.

    alphas : array-like of float, default=(1e-4,)
        Strengths of the L2 penalty to try.

    cv : int, splitter or iterable, default=5
        As in GridSearchCV: for a number, that many stratified folds.

    scoring : str or callable, default=None
        As in GridSearchCV, for a single score; None is the accuracy.

    solver : {"gd"}, default="gd"
        Full-batch gradient descent with Nesterov's momentum.

    schedule : {"constant", "inverse_scaling", "step", "cosine", "warmup", "one_cycle"} or \
            callable, default="constant"
        As in :class:`SoftmaxClassifier`.

    momentum : float, default=0.9
        In [0, 1).

    label_smoothing : float, default=0.0
        Share of each target, in [0, 1], that is spread evenly over the classes.

    class_weight : dict or "balanced", default=None
        Weights of the classes; "balanced" by the samples that a fold trains on.

    fit_intercept : bool, default=True
        Whether to learn the intercept.

    max_iter : int, default=1000
        Largest number of iterations of each candidate.

    tol : float, default=1e-4
        A candidate has converged where the largest absolute entry of its
        gradient is at most this.

    prune : bool, default=True
        Whether to drop candidates on the way: a rate as soon as it diverges in
        a fold; and after 1/16, 1/8, 1/4 and 1/2 of `max_iter` the half
        whose cross-entropy on the samples left out is larger, on average over
        the folds; two at least stay. What goes on is not trained again.
        The scores of what was dropped are those of its best iterate.
        ``False`` trains all to the end.

    refit : bool, default=True
        Whether to fit a SoftmaxClassifier to all samples with the best setting.

    Attributes
    ----------
    best_params_ : dict
        The learning rate and alpha of the highest mean score, of those that
        were not dropped; the first of several.

    best_score_ : float
        Their mean score.

    best_index_ : int
        Their place in `cv_results_`.

    best_estimator_ : SoftmaxClassifier
        Fitted with them to all samples, where `refit` is true.

    cv_results_ : dict of ndarray
        As of GridSearchCV. A candidate's fit time is its share of the time that
        all took together.

    scores_ : ndarray of shape (n_rates, n_alphas, n_folds)
        The score of each candidate.

    loss_paths_ : ndarray of shape (n_rates, n_alphas, n_folds, max_iter + 1)
        Cross-entropy of the samples that a fold leaves out, at the start and after
        each iteration; NaN from where a candidate ended.

    n_iter_ : ndarray of int of shape (n_rates, n_alphas, n_folds)
        Iterations of each candidate.

    status_ : ndarray of str of shape (n_rates, n_alphas, n_folds)
        "converged", "running" until `max_iter`, "diverged" (the loss became infinite
        or NaN) or "pruned", as are most rates that are too large: their loss rises,
        but stays finite until they are given up.

    learning_rates_ : ndarray of shape (n_rates,)
        The learning rates tried.

    safe_learning_rate_ : float
        The rate 1/L of all samples up to which descent is sure, for the largest
        alpha.

    scorer_ : callable
        What scores.

    n_splits_ : int
        Number of folds.

    classes_, coef_, intercept_ : ndarray
        Of the best estimator, where `refit` is true.

    n_features_in_ : int
        Number of features seen in fit.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X had some that are all strings.

    See Also
    --------
    SoftmaxClassifier : What is trained.
    sklearn.model_selection.GridSearchCV : Searches any parameter of anything.

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
        "solver": [StrOptions({"gd"})],
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
        solver="gd",
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
        self.solver = solver
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
            What the splitter takes, such as `groups`; with metadata routing
            also what the scorer takes.

        Returns
        -------
        self : SoftmaxClassifierCV
            The fitted search.

        Raises
        ------
        ValueError
            If the data, the weights or a setting to try are malformed, or a fold
            trains on or leaves out nothing of positive weight.
        """
        context = self._init_callback_context(max_subtasks=None)
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        alphas = _check_settings("alphas", self.alphas, is_zero_allowed=True)
        routed = self._route(sample_weight, params)
        checked = check_samples(self, X, y, sample_weight, reset=True)
        samples, labels, classes = checked.X, checked.labels, checked.classes
        cv = check_cv(self.cv, labels, classifier=is_classifier(self))
        folds = list(cv.split(samples, labels, **routed.splitter.split))
        with one_blas_thread():
            class_weights = weights_of_classes(self.class_weight, classes, checked.class_sums())
            whole = LinearObjective(
                checked.weighed(class_weights),
                alpha=float(alphas.max()),
                fit_intercept=bool(self.fit_intercept),
            )
            safe = safe_rate(whole, "gd", self.momentum, None)
            rates = self._resolve_rates(safe)
            start = time.perf_counter()
            objectives = self._make_objectives(checked, folds, len(rates), alphas)
            descents = self._descend(objectives, rates, len(alphas) * len(folds), context)
            fit_seconds = time.perf_counter() - start
        shape = len(rates), len(alphas), len(folds)
        self.learning_rates_, self.safe_learning_rate_ = rates, safe
        self.n_splits_ = len(folds)
        self.scorer_ = self._make_scorer()
        self.status_ = descents.status.reshape(shape)
        self.n_iter_ = descents.n_iter.reshape(shape)
        self.loss_paths_ = descents.held_out.reshape(*shape, -1)
        start = time.perf_counter()
        self.scores_ = self._score(
            samples, labels, classes, folds, descents.params, routed.scorer.score
        ).reshape(shape)
        score_seconds = time.perf_counter() - start
        self._tabulate(alphas, fit_seconds, score_seconds)
        for name in ("best_estimator_", "classes_", "coef_", "intercept_"):
            self.__dict__.pop(name, None)  # of an earlier fit
        if self.refit:
            self.best_estimator_ = self._make_classifier(**self.best_params_)
            self.best_estimator_.fit(X, y, sample_weight=sample_weight)
            for name in ("classes_", "coef_", "intercept_"):
                setattr(self, name, getattr(self.best_estimator_, name))
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
            What the scorer takes, such as `sample_weight`.

        Returns
        -------
        score : float
            By `scoring`, the accuracy by default.

        Raises
        ------
        NotFittedError
            If there is no best estimator.
        """
        check_is_fitted(self, "best_estimator_", msg=NOT_FITTED)
        return self._make_scorer()(self.best_estimator_, X, y, **params)

    def get_metadata_routing(self):
        """Return what is routed where.

        Returns
        -------
        routing : MetadataRouter
            To this estimator's fit, to the splitter and to the scorer.
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
        # As GridSearchCV does, where the scorer takes them.
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

    def _make_objectives(self, samples, folds, n_rates, alphas):
        """Return the objectives of all candidates: rates first, then alphas, then folds."""
        train, test = np.zeros((2, len(folds), len(samples)))
        for i, (trained, left_out) in enumerate(folds):
            sums = samples.class_sums(trained)
            class_weights = weights_of_classes(self.class_weight, samples.classes, sums)
            weights = samples.weighed(class_weights).weights
            for part, shares, rows in [("training", train, trained), ("test", test, left_out)]:
                of_rows = weights[rows]
                if not of_rows.sum() > 0.0:
                    raise ValueError(f"the {part} part of fold {i} has no positive weight")
                np.add.at(shares[i], rows, of_rows / of_rows.sum())  # rows may be repeated
        return CandidateObjectives(
            X=samples.X,
            targets=samples.targets,
            n_classes=samples.n_classes,
            train_weights=train,
            test_weights=test,
            folds=np.tile(np.arange(len(folds)), n_rates * len(alphas)),
            alphas=np.tile(np.repeat(alphas, len(folds)), n_rates),
            fit_intercept=bool(self.fit_intercept),
            label_smoothing=float(self.label_smoothing),
        )

    def _descend(self, objectives, rates, n_each, context):
        """Train all candidates, in groups of whole settings if they are too many."""
        n_folds = len(objectives.train_weights)
        n_settings = len(rates) * n_each // n_folds
        n_bytes = 8 * _N_COPIES * n_folds * math.prod(objectives.shape[1:])
        n_groups = math.ceil(n_settings / max(1, _MAX_BYTES // n_bytes))
        parts = []
        progress = _Progress(self, context, self.max_iter)
        for settings in np.array_split(np.arange(n_settings), n_groups):
            group = slice(settings[0] * n_folds, (settings[-1] + 1) * n_folds)
            parts.append(
                descend_all(
                    objectives.take(group),
                    make_rule("gd", self.momentum),
                    learning_rates=np.repeat(rates, n_each)[group],
                    max_iter=self.max_iter,
                    tol=self.tol,
                    factor_of=make_schedule(self.schedule, self.max_iter),
                    select=_Halving(len(settings), n_folds, self.max_iter) if self.prune else None,
                    monitor=progress,
                )
            )
            progress.close()
        return CandidateSolutions(
            *(
                np.concatenate([getattr(part, name) for part in parts])
                for name in ("params", "n_iter", "held_out", "status")
            )
        )

    def _make_classifier(self, learning_rate, alpha):
        return SoftmaxClassifier(
            solver="gd",
            learning_rate=learning_rate,
            alpha=alpha,
            schedule=self.schedule,
            momentum=self.momentum,
            label_smoothing=self.label_smoothing,
            class_weight=self.class_weight,
            fit_intercept=self.fit_intercept,
            max_iter=self.max_iter,
            tol=self.tol,
        )

    def _score(self, X, y, classes, folds, params, score_params):
        """Return the score of each candidate on what its fold leaves out."""
        classifier = SoftmaxClassifier(fit_intercept=self.fit_intercept)
        classifier.n_features_in_ = self.n_features_in_
        held_out = [
            (X[rows], y[rows], _check_method_params(X, score_params, rows)) for _, rows in folds
        ]
        scores = np.empty(len(params))
        for i, of_candidate in enumerate(params):
            vars(classifier).update(
                coefficients_of(
                    of_candidate, classes, fit_intercept=self.fit_intercept, dtype=X.dtype
                )
            )
            X_held_out, y_held_out, more = held_out[i % len(folds)]
            scores[i] = self.scorer_(classifier, X_held_out, y_held_out, **more)
        return scores

    def _tabulate(self, alphas, fit_seconds, score_seconds):
        """Make cv_results_ as GridSearchCV has it, and choose the best setting."""
        # Its order is that of the names: alpha first, then the learning rates.
        scores, n_iter, status = (
            values.swapaxes(0, 1).reshape(-1, self.n_splits_)
            for values in (self.scores_, self.n_iter_, self.status_)
        )
        settings = [
            {"alpha": float(alpha), "learning_rate": float(rate)}
            for alpha in alphas
            for rate in self.learning_rates_
        ]
        seconds = {
            "fit": fit_seconds * (n_iter + 1) / (n_iter + 1).sum(),
            "score": np.full(scores.shape, score_seconds / scores.size),
        }
        results = {}
        for name, values in seconds.items():
            results[f"mean_{name}_time"] = values.mean(axis=1)
            results[f"std_{name}_time"] = values.std(axis=1)
        for name in ("alpha", "learning_rate"):
            results[f"param_{name}"] = np.ma.array([setting[name] for setting in settings])
        results["params"] = settings
        for i in range(self.n_splits_):
            results[f"split{i}_test_score"] = scores[:, i]
        means = scores.mean(axis=1)
        results["mean_test_score"] = means
        results["std_test_score"] = scores.std(axis=1)
        is_nan = np.isnan(means)
        comparable = np.where(is_nan, -np.inf, means)
        results["rank_test_score"] = rankdata(-comparable, method="min").astype(np.int32)
        self.cv_results_ = results
        stays = np.ones(len(means), dtype=bool)
        if self.prune:
            stays = ~np.isin(status, ["pruned", "diverged"]).any(axis=1)
        if not stays.any():
            stays[:] = True
        self.best_index_ = int(np.argmax(np.where(stays, comparable, -np.inf)))
        self.best_params_ = settings[self.best_index_]
        self.best_score_ = float(means[self.best_index_])


def _takes_weights(scorer):
    if hasattr(scorer, "_accept_sample_weight"):
        return scorer._accept_sample_weight()
    return "sample_weight" in inspect.signature(scorer).parameters


def _check_settings(name, values, is_zero_allowed=False):
    """Return settings to try as an array, in the order given."""
    values = np.asarray(values, dtype=np.float64)
    if (
        values.ndim != 1
        or not values.size
        or not np.isfinite(values).all()
        or values.min() < 0.0
        or (values.min() == 0.0 and not is_zero_allowed)
        or len(np.unique(values)) != len(values)
    ):
        allowed = "not negative" if is_zero_allowed else "positive"
        raise ValueError(f"{name} must be different finite numbers, {allowed}, got {values}")
    return values
