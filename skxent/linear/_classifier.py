"""SoftmaxClassifier: linear softmax cross-entropy classification."""

import functools
import math
import warnings
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if

from skxent._fitting._callbacks import report_iteration
from skxent._fitting._inputs import check_samples, has_validation
from skxent._fitting._monitor import Monitor, Plateau
from skxent._fitting._targets import check_classes, weights_of_classes
from skxent._threads import one_blas_thread
from skxent.linear._curvature import safe_rate
from skxent.linear._objective import LinearObjective
from skxent.linear._prediction import LinearSoftmaxMixin, coefficients_of
from skxent.linear._solve import (
    SECOND_ORDER,
    choose_second_order,
    draw_batches,
    l1_strengths,
    train,
)
from skxent.optimizers import SCHEDULES, Solution
from skxent.optimizers._descent import run_epoch
from skxent.optimizers._rules import make_rule
from skxent.optimizers._schedules import WHOLE_FIT_SCHEDULES, make_schedule

# What a ConvergenceWarning says of the rate that "auto" stands for.
_LARGEST = {
    "gd": "the largest safe learning rate",
    "sgd": "the largest safe learning rate",
    "adam": "the usual learning rate",
}


# What a partial_fit would make untrue.
_OF_A_FIT = ("converged_", "gradient_norm_", "validation_loss_curve_", "validation_score_curve_")


def _supports_partial_fit(classifier):
    """Tell available_if whether the settings allow partial_fit."""
    for name, is_in_the_way in [
        ("solver", classifier.solver in SECOND_ORDER),
        ("schedule", classifier.schedule in (*WHOLE_FIT_SCHEDULES, "adaptive")),
        ("early_stopping", classifier.early_stopping),
        ("l1_ratio", classifier.l1_ratio),
    ]:
        if is_in_the_way:
            raise AttributeError(f"{name}={getattr(classifier, name)!r} has no partial_fit")
    return True


class SoftmaxClassifier(CallbackSupportMixin, LinearSoftmaxMixin, BaseEstimator):
    r"""Linear classifier trained with the softmax cross-entropy.

    Minimises

    .. math::
        J(W, b) &= \frac{\sum_i w_i \, CE(t_i, W x_i + b)}{\sum_i w_i}
                   + \alpha \left(\frac{1 - \rho}{2} \|W\|_2^2 + \rho \|W\|_1\right) \\
        CE(t, z) &= \log \sum_k e^{z_k} - t \cdot z

    where :math:`t_i` is the (smoothed) target, one-hot for a label,
    :math:`w_i` the sample's weight times its class's, and :math:`\rho` is
    `l1_ratio`. The intercept is not penalised. With two classes there is one
    logit and the sigmoid. The objective is that of
    :class:`~sklearn.linear_model.LogisticRegression` with
    ``C = 1 / (alpha * sum(w))``; here it can also be descended with a learning
    rate of your choice.

    Parameters
    ----------
    solver : {"auto", "gd", "sgd", "adam", "lbfgs", "newton-cg"}, default="auto"
        - "gd": full-batch gradient descent with Nesterov's momentum, restarted
          where it would climb; with ``momentum=0`` the textbook algorithm. The
          only one with an L1 penalty, by proximal steps.
        - "sgd": stochastic gradient descent with Nesterov's momentum, in
          batches.
        - "adam": Adam, in batches.
        - "lbfgs": limited-memory BFGS. It has no learning rate.
        - "newton-cg": truncated Newton steps by conjugate gradients. It has no
          learning rate, and takes the fewest steps, each of them long.
        - "auto": "gd" where `learning_rate` is a number, `schedule` is not
          "constant" or `l1_ratio` is not zero. Otherwise "lbfgs", the fastest
          on most problems; but "newton-cg" for up to 128 coefficients, where it
          costs no more, and hardly depends on rounding, and for more than 2,048
          features (512 sparse ones). In `partial_fit` "sgd"
          where `learning_rate` is a number, "adam" otherwise.

        "lbfgs" and "newton-cg" look at the features through a model of the
        objective's curvature, so that these need no scaling.

    learning_rate : float or "auto", default="auto"
        Step size of "gd", "sgd" and "adam". "auto" is for "gd" a safe one, the
        inverse of a bound on the curvature of J: without momentum, every rate
        up to it descends at every step. For "sgd" it is
        :math:`(1 - \mu) / (2 L_b)`, with the momentum :math:`\mu` and a bound
        :math:`L_b` for batches; for "adam" 0.001. Giving a number to a solver
        without a learning rate is an error.

    schedule : {"constant", "inverse_scaling", "step", "cosine", "warmup", "one_cycle", \
            "adaptive"} or callable, default="constant"
        Factor of the learning rate in each epoch (an iteration of "gd", a pass
        over the samples of the others), counted from zero.

        - "inverse_scaling": ``(1 + epoch) ** -0.5``.
        - "step": divided by ten every 30 epochs.
        - "cosine": half a cosine from one to zero at `max_iter`, in each fit.
        - "warmup": rises in even steps to one in the sixth epoch, and stays there.
        - "one_cycle": rises to one within the first 30 % of `max_iter`, and falls to
          zero in the rest, in each fit.
        - "adaptive": one, until the loss of the validation samples (or of the
          training, where there are none) has not fallen by more than `tol` for
          `n_iter_no_change` epochs; then a fifth, and so on. It ends the fit
          where the factor is below 1e-4.
        - A callable ``epoch -> factor``. Those of :mod:`skxent.optimizers` take
          other constants by :func:`functools.partial`.

    momentum : float, default=0.9
        Momentum of "gd" and "sgd", beta_1 of "adam", in [0, 1).

    batch_size : int, default=256
        Number of samples of a batch of "sgd" and "adam".

    alpha : float, default=1e-4
        Strength of the penalty, not negative.

    l1_ratio : float, default=0.0
        Share of the L1 penalty, in [0, 1]. Above zero, coefficients that don't
        help are exactly zero (with `early_stopping`, nearly all of them).

    label_smoothing : float, default=0.0
        Share of each target, in [0, 1], that is spread evenly over the classes.

    class_weight : dict or "balanced", default=None
        Weights of the classes, one by default. "balanced" weighs a class by
        the inverse of its share of the samples (of their weights, where
        `sample_weight` is given); in `partial_fit` of those seen so far. A
        target that is a distribution has the expected weight of its class.

    fit_intercept : bool, default=True
        Whether to learn the intercept; without it, b is zero.

    max_iter : int, default=1000
        Largest number of iterations, or of passes over the samples.

    tol : float, default=1e-4
        The fit has converged where the largest absolute entry of J's gradient is
        at most this. Also what "adaptive" and `early_stopping` take for a fall
        of the loss.

    early_stopping : bool, default=False
        Whether to stop where the cross-entropy of the validation samples has
        not fallen by more than `tol` for `n_iter_no_change` epochs, and to keep
        the coefficients of its lowest value. These samples are the `X_val` of
        `fit` or, without, a part of X of the same share of each class. Of
        recordings give an `X_val` of other speakers.

    validation_fraction : float, default=0.1
        Share of the samples, in (0, 1), that `early_stopping` sets aside.

    n_iter_no_change : int, default=10
        Patience of "adaptive" and `early_stopping`, in epochs.

    warm_start : bool, default=False
        Whether `fit` goes on from the coefficients of an earlier fit, and with
        a learning rate also from the state of its momentum, schedule and
        batches (unless `early_stopping` or "adaptive" has ended that).

    shuffle : bool, default=True
        Whether batches are drawn anew for each epoch.

    random_state : int, RandomState instance or None, default=None
        Draws the batches, and the samples that `early_stopping` sets aside.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted; in the order of `classes` after a first
        `partial_fit`; 0 to ``n_classes - 1`` for targets that are
        distributions.

    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        W, of the type of X; one row for two classes.

    intercept_ : ndarray of shape (1,) or (n_classes,)
        b.

    n_iter_ : int
        Number of iterations of the last `fit`, and of `partial_fit` since.

    loss_curve_ : ndarray of shape (n_iter_ + 1,)
        J at the start and after each iteration. A `partial_fit` appends the mean
        of J over its batches, each before its update; without a `fit` before,
        these are all.

    validation_loss_curve_ : ndarray of shape (n_iter_ + 1,)
        Cross-entropy of the validation samples, with class weights and label
        smoothing, without the penalty. Only where there are such samples.

    validation_score_curve_ : ndarray of shape (n_iter_ + 1,)
        Their accuracy.

    learning_rate_ : float or None
        The learning rate used, before the schedule; None for a solver that has
        none.

    solver_ : {"gd", "sgd", "adam", "lbfgs", "newton-cg"}
        The solver used.

    converged_ : bool
        Whether `tol` was met, nothing but rounding was left to gain, or
        `early_stopping` or "adaptive" ended the fit. As the next one, and the curves
        of the validation samples, it is that of a `fit`; a `partial_fit` removes it.

    gradient_norm_ : float
        Largest absolute entry of J's gradient at the coefficients; with an L1
        penalty, of the step that "gd" would take, by its learning rate.

    n_features_in_ : int
        Number of features seen in fit.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, where X had some that are all strings.

    Warns
    -----
    ConvergenceWarning
        If `max_iter` was reached first, or the learning rate diverged: then the
        best finite iterate is kept. The message names the largest safe rate of
        "gd" and "sgd".

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
        "solver": [StrOptions({"auto", "gd", "sgd", "adam", "lbfgs", "newton-cg"})],
        "learning_rate": [StrOptions({"auto"}), Interval(Real, 0, None, closed="neither")],
        "schedule": [StrOptions({*SCHEDULES, "adaptive"}), callable],
        "momentum": [Interval(Real, 0, 1, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "l1_ratio": [Interval(Real, 0, 1, closed="both")],
        "label_smoothing": [Interval(Real, 0, 1, closed="both")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "fit_intercept": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "warm_start": ["boolean"],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        *,
        solver="auto",
        learning_rate="auto",
        schedule="constant",
        momentum=0.9,
        batch_size=256,
        alpha=1e-4,
        l1_ratio=0.0,
        label_smoothing=0.0,
        class_weight=None,
        fit_intercept=True,
        max_iter=1000,
        tol=1e-4,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        warm_start=False,
        shuffle=True,
        random_state=None,
    ):
        self.solver = solver
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.momentum = momentum
        self.batch_size = batch_size
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.warm_start = warm_start
        self.shuffle = shuffle
        self.random_state = random_state

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None, sample_weight_val=None):
        """Learn the coefficients.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples. float32 is computed in float32, anything else in float64.
            Sparse ones are taken as CSR, and stay sparse.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Labels of any type, of at least two classes; or for each sample a
            distribution over the classes.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights; a weight of two is a sample given twice, a
            weight of zero one left out.
        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Samples to validate on after each iteration. They are not trained on.
        y_val : array-like of shape (n_val,) or (n_val, n_classes), default=None
            Their targets, of the classes of `y`.
        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights.

        Returns
        -------
        self : SoftmaxClassifier
            The fitted estimator.

        Raises
        ------
        ValueError
            If the data or the weights are malformed, there are fewer than two
            classes, a class has no positive weight, a learning rate, a schedule
            or an L1 penalty is given to a solver that has none, or
            `early_stopping` can't set samples of each class aside.
        """
        solver = self._resolve_solver()
        context = self._init_callback_context(max_subtasks=self.max_iter)
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        samples, validation = check_samples(self, X, y, sample_weight, reset=True), None
        classes, random_state = samples.classes, check_random_state(self.random_state)
        if has_validation(X_val, y_val, sample_weight_val):
            validation = check_samples(
                self, X_val, y_val, sample_weight_val, classes=classes, reset=False, name="y_val"
            )
        elif self.early_stopping:
            samples, validation = samples.hold_out(self.validation_fraction, random_state)
        sums = samples.class_sums()
        class_weights = weights_of_classes(self.class_weight, classes, sums, need_all=True)
        objective = self._make_objective(samples.weighed(class_weights))
        validate = None
        if validation is not None:
            validate = self._make_objective(validation.weighed(class_weights)).loss_and_accuracy
        if solver is None:
            solver = choose_second_order(objective)
        start, state = self._start(classes, objective.shape, solver, random_state)
        monitor = Monitor(
            tol=self.tol,
            patience=self.n_iter_no_change,
            validate=validate,
            early_stopping=self.early_stopping,
            adaptive=self.schedule == "adaptive",
            plateau=state["plateau"],
            report=lambda params: report_iteration(
                context,
                self,
                X,
                y,
                sample_weight,
                functools.partial(self._coefficients, params, classes, params.dtype),
            ),
        )
        # The products of a block are too small for a second BLAS thread to pay for
        # its waking, and on a busy machine it makes them many times slower.
        with one_blas_thread():
            learning_rate = self._resolve_rate(objective, solver)
            l1 = self.alpha * self.l1_ratio
            best = solution = train(
                objective,
                start,
                solver,
                max_iter=self.max_iter,
                tol=self.tol,
                monitor=monitor,
                learning_rate=learning_rate,
                schedule=self.schedule,
                momentum=self.momentum,
                l1=l1,
                batch_size=self.batch_size,
                shuffle=self.shuffle,
                random_state=state["random_state"],
                state=state["rule"],
                n_epochs=state["n_epochs"],
            )
            if monitor.best_params is not None:
                best = Solution.at(
                    objective,
                    monitor.best_params,
                    l1=l1_strengths(objective, l1),
                    learning_rate=learning_rate or 1.0,
                )
        vars(self).update(self._coefficients(best.params, classes, samples.X.dtype))
        self.solver_, self.learning_rate_ = solver, learning_rate
        self.n_iter_, self.loss_curve_ = solution.n_iter, solution.values
        self.converged_ = solution.converged or monitor.is_exhausted
        self.gradient_norm_ = best.gradient_norm
        for name, curve in [("loss", monitor.losses), ("score", monitor.scores)]:
            self.__dict__.pop(f"validation_{name}_curve_", None)
            if validate is not None:
                setattr(self, f"validation_{name}_curve_", np.array(curve))
        self._seen = sums, len(samples)
        self._state = None
        # What patience has ended would end again at once: the next fit starts afresh.
        if solution.last is not None and not monitor.is_exhausted:
            state["params"], state["rule"] = solution.last
            state["plateau"] = monitor.plateau
            state["n_epochs"] += solution.n_iter
            self._state = state
        if not self.converged_ and not solution.stopped:
            self._warn(objective, solution)
        context.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    @available_if(_supports_partial_fit)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Go on from the coefficients so far, with one pass over new samples.

        The samples are passed in batches of `batch_size` in their order, by
        "gd" all at once. The state of momentum and schedule is kept between the
        calls, each of which is an epoch of the schedule.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples, as in `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Labels, of which some classes may be missing, or distributions.
        classes : array-like of shape (n_classes,), default=None
            All labels that there will be; needed in the first call. Their order
            is kept. (Scorers of probabilities expect a sorted one.)
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights. They are divided by the mean weight of all
            samples seen so far.

        Returns
        -------
        self : SoftmaxClassifier
            The fitted estimator.

        Raises
        ------
        ValueError
            If the data or the weights are malformed, a label is not among the
            classes, or the first call lacks `classes`.
        AttributeError
            With the solvers "lbfgs" and "newton-cg", the schedules "cosine",
            "one_cycle" and "adaptive", `early_stopping` and `l1_ratio`, which need a whole fit.
        """
        solver = self._resolve_solver(is_partial=True)
        is_first = not hasattr(self, "classes_")
        classes = check_classes(classes, getattr(self, "classes_", None))
        samples = check_samples(self, X, y, sample_weight, classes=classes, reset=is_first)
        sums, n_seen = (0.0, 0) if is_first else self._seen
        sums, n_seen = sums + samples.class_sums(), n_seen + len(samples)
        class_weights = weights_of_classes(self.class_weight, classes, sums)
        mean_weight = float(sums @ class_weights) / n_seen
        if not mean_weight > 0.0:
            raise ValueError("there must be a sample of positive weight")
        objective = self._make_objective(
            samples.weighed(class_weights), total_weight=mean_weight * len(samples)
        )
        random_state = check_random_state(self.random_state)
        start, state = self._start(classes, objective.shape, solver, random_state, go_on=True)
        rule = make_rule(solver, self.momentum)
        with one_blas_thread():
            learning_rate = self._resolve_rate(objective, solver)
            if self.learning_rate == "auto" and state["rule"] is not None:
                # Safe for all samples so far.
                learning_rate = min(learning_rate, self.learning_rate_)
            factor = make_schedule(self.schedule, self.max_iter)(state["n_epochs"])
            batch_size = len(samples) if solver == "gd" else self.batch_size
            params, rule_state, value = run_epoch(
                draw_batches(objective, batch_size, None),
                start,
                rule,
                rule.init(start) if state["rule"] is None else state["rule"],
                learning_rate * factor,
            )
            if not (math.isfinite(value) and np.isfinite(params).all()):
                safe = safe_rate(objective, solver, self.momentum, self.batch_size)
                warnings.warn(
                    f"learning_rate={learning_rate:.3g} diverged; the coefficients are left as "
                    f"they were; {_LARGEST[solver]} is {safe:.3g}",
                    ConvergenceWarning,
                    stacklevel=3,
                )
                params, rule_state = start, None
        curve = [] if is_first else self.loss_curve_
        n_iter = 0 if is_first else self.n_iter_
        vars(self).update(self._coefficients(params, classes, samples.X.dtype))
        self.solver_, self.learning_rate_ = solver, learning_rate
        self.n_iter_, self.loss_curve_ = n_iter + 1, np.append(curve, value)
        for name in _OF_A_FIT:
            self.__dict__.pop(name, None)
        self._seen = sums, n_seen
        state |= {"params": params, "rule": rule_state, "n_epochs": state["n_epochs"] + 1}
        self._state = state
        return self

    def _resolve_solver(self, is_partial=False):
        """Return the solver; None where any of those without a learning rate will do."""
        has_rate = self.learning_rate != "auto"
        needs_rate = {
            f"learning_rate={self.learning_rate!r}": has_rate,
            f"schedule={self.schedule!r}": self.schedule != "constant",
        }
        solver = self.solver
        if solver == "auto" and is_partial:
            solver = "sgd" if has_rate else "adam"
        elif solver == "auto":
            solver = "gd" if any(needs_rate.values()) or self.l1_ratio else None
        if solver in SECOND_ORDER:
            for setting, is_given in needs_rate.items():
                if is_given:
                    raise ValueError(
                        f"{setting} means nothing to solver={solver!r}, which finds its own "
                        "steps; use solver='gd', or leave it out"
                    )
        if self.l1_ratio and solver != "gd":
            raise ValueError(f"l1_ratio={self.l1_ratio!r} needs solver='gd', got {solver!r}")
        return solver

    def _resolve_rate(self, objective, solver):
        if solver in SECOND_ORDER:
            return None
        if self.learning_rate == "auto":
            return safe_rate(objective, solver, self.momentum, self.batch_size)
        return float(self.learning_rate)

    def _make_objective(self, samples, total_weight=None):
        return LinearObjective(
            samples,
            alpha=float(self.alpha * (1.0 - self.l1_ratio)),
            fit_intercept=bool(self.fit_intercept),
            label_smoothing=float(self.label_smoothing),
            total_weight=total_weight,
        )

    def _start(self, classes, shape, solver, random_state, go_on=False):
        """Return the parameters to start from, and the state of what iterates."""
        fresh = {
            "solver": solver,
            "params": None,
            "rule": None,
            "plateau": Plateau(),
            "n_epochs": 0,
            "random_state": random_state,
        }
        if not (go_on or self.warm_start) or not hasattr(self, "coef_"):
            return np.zeros(shape), fresh
        if not np.array_equal(classes, self.classes_):
            raise ValueError(
                "warm_start needs the classes of the earlier fit, "
                f"{self.classes_.tolist()}, got {classes.tolist()}"
            )
        if self.coef_.shape[1] != shape[1] - self.fit_intercept:
            raise ValueError(
                f"warm_start needs the {self.coef_.shape[1]} features of the earlier fit, "
                f"got {shape[1] - self.fit_intercept}"
            )
        state = getattr(self, "_state", None)
        if state is not None and state["solver"] == solver and state["params"].shape == shape:
            return state["params"], dict(state)
        params = np.zeros(shape)
        params[:, : self.coef_.shape[1]] = self.coef_
        if self.fit_intercept:
            params[:, -1] = self.intercept_
        return params, fresh

    def _coefficients(self, params, classes, dtype):
        return coefficients_of(params, classes, fit_intercept=self.fit_intercept, dtype=dtype)

    def _warn(self, objective, solution):
        """Say why the fit did not converge, and what would help."""
        if solution.diverged:
            problem = f"learning_rate={self.learning_rate_:.3g} diverged"
        else:
            problem = (
                f"solver {self.solver_!r} did not converge in {solution.n_iter} iterations "
                f"(gradient norm {solution.gradient_norm:.2g}, tol {self.tol:.2g})"
            )
        if self.solver_ in SECOND_ORDER:
            advice = "increase max_iter or tol"
        else:
            safe = self.learning_rate_
            if self.learning_rate != "auto":
                safe = safe_rate(objective, self.solver_, self.momentum, self.batch_size)
            advice = f"{_LARGEST[self.solver_]} is {safe:.3g}"
            if not solution.diverged and solution.values[-1] == solution.values.min():
                # It is still falling.
                advice += "; increase max_iter, or scale the features (StandardScaler)"
        warnings.warn(f"{problem}: {advice}", ConvergenceWarning, stacklevel=5)
