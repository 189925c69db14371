"""SoftmaxClassifier: linear softmax cross-entropy classification."""

import warnings
from functools import partial
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if

from skxent._fitting._callbacks import report_iteration
from skxent._fitting._continuation import (
    Continuation,
    count_seen,
    store_epoch,
    store_fit,
    supports_partial_fit,
)
from skxent._fitting._inputs import PATIENCE, check_samples, check_validation
from skxent._fitting._monitor import Monitor
from skxent._fitting._targets import check_classes, weights_of_classes
from skxent._threads import one_blas_thread
from skxent.linear._objective import LinearObjective
from skxent.linear._prediction import LinearSoftmaxMixin, coefficients_of, params_of
from skxent.linear._solve import SECOND_ORDER, Solver, name_partial_solver, name_solver
from skxent.optimizers import SCHEDULES
from skxent.optimizers._schedules import WHOLE_FIT_SCHEDULES


def _supports_partial_fit(classifier):
    """Return whether the parameters allow partial_fit."""
    return supports_partial_fit(
        classifier,
        solver=classifier.solver in SECOND_ORDER,
        schedule=classifier.schedule in (*WHOLE_FIT_SCHEDULES, "adaptive"),
        early_stopping=classifier.early_stopping,
        l1_ratio=bool(classifier.l1_ratio),
    )


class SoftmaxClassifier(CallbackSupportMixin, LinearSoftmaxMixin, BaseEstimator):
    r"""Linear classifier trained with the softmax cross-entropy.

    It minimises

    .. math::
        J(W, b) &= \frac{\sum_i w_i \, CE(t_i, W x_i + b)}{\sum_i w_i}
                   + \alpha \left(\frac{1 - \rho}{2} \|W\|_2^2 + \rho \|W\|_1\right) \\
        CE(t, z) &= \log \sum_k e^{z_k} - t \cdot z

    where :math:`t_i` is the (smoothed) target, one-hot for a label,
    :math:`w_i` the sample's weight times its class's, and :math:`\rho` is
    `l1_ratio`. The intercept is not penalised. Two classes have one logit and
    the sigmoid. :class:`~sklearn.linear_model.LogisticRegression` minimises the
    same objective with ``C = 1 / (alpha * sum(w))``.

    Parameters
    ----------
    solver : {"auto", "gd", "sgd", "adam", "lbfgs", "newton-cg"}, default="auto"
        - "gd": full-batch gradient descent with Nesterov's momentum, restarted
          where it would climb; textbook gradient descent with ``momentum=0``.
          The only solver for an L1 penalty, by proximal steps.
        - "sgd": stochastic gradient descent with Nesterov's momentum.
        - "adam": Adam, in batches as "sgd".
        - "lbfgs": limited-memory BFGS, without a learning rate.
        - "newton-cg": truncated Newton steps by conjugate gradients, without a
          learning rate. It takes the fewest steps, but each is long.
        - "auto": "gd" if `learning_rate` is a number, `schedule` is not
          "constant" or `l1_ratio` is not zero. Otherwise "lbfgs", the fastest
          on most problems, but "newton-cg" for up to 128 coefficients and for
          more than 2,048 features (512 sparse ones). In `partial_fit`, "sgd"
          if `learning_rate` is a number, "adam" otherwise.

        "lbfgs" and "newton-cg" precondition with a model of the curvature, so
        that features need no scaling.

    learning_rate : float or "auto", default="auto"
        Step size of "gd", "sgd" and "adam"; other solvers take no number. For
        "gd", "auto" is the inverse of a bound on the curvature of J: without
        momentum, every rate up to it descends at every step. For "sgd" it is
        :math:`(1 - \mu) / (2 L_b)`, with the momentum :math:`\mu` and a bound
        :math:`L_b` for batches; for "adam", 0.001.

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
        - "adaptive": divided by five whenever the validation loss (without such
          samples, the training loss) has not fallen by more than `tol` for
          `n_iter_no_change` epochs. The fit ends when it is below 1e-4.
        - A callable ``epoch -> factor``, as those of :mod:`skxent.optimizers`.

    momentum : float, default=0.9
        Momentum of "gd" and "sgd", beta_1 of "adam", in [0, 1).

    batch_size : int, default=256
        Number of samples of a batch of "sgd" and "adam".

    alpha : float, default=1e-4
        Strength of the penalty, not negative.

    l1_ratio : float, default=0.0
        Share of the L1 penalty, in [0, 1], which makes coefficients exactly zero.

    label_smoothing : float, default=0.0
        Share of each target, in [0, 1], that is spread evenly over the classes.

    class_weight : dict or "balanced", default=None
        Weights of the classes, one by default; a distribution has the expected
        one. "balanced" is inverse to the class's share of the sample weights (in
        `partial_fit`, of those seen so far).

    fit_intercept : bool, default=True
        Whether to learn the intercept; without it, b is zero.

    max_iter : int, default=1000
        Largest number of iterations, or of passes over the samples.

    tol : float, default=1e-4
        The fit has converged when the largest absolute entry of J's gradient is
        at most this. Also the least decrease of the loss that "adaptive" and
        `early_stopping` count.

    early_stopping : bool, default=False
        Whether to stop when the cross-entropy of the validation samples has not
        fallen by more than `tol` for `n_iter_no_change` epochs, and to keep the
        coefficients of its lowest value. These samples are the `X_val` of `fit`
        (for recordings, of other speakers), or else a stratified part of X.

    validation_fraction : float, default=0.1
        Share of the samples, in (0, 1), that `early_stopping` sets aside.

    n_iter_no_change : int, default=10
        Patience of "adaptive" and `early_stopping`, in epochs; ``np.inf`` never ends a fit.

    warm_start : bool, default=False
        Whether `fit` continues from the coefficients of an earlier fit and, with
        a learning rate, from the state of its momentum, schedule and batches
        (unless `early_stopping` or "adaptive" has ended it).

    shuffle : bool, default=True
        Whether batches are redrawn for each epoch.

    random_state : int, RandomState instance or None, default=None
        Draws the batches, and the samples that `early_stopping` sets aside.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted, or as given to the first `partial_fit`; 0 to
        ``n_classes - 1`` for targets that are distributions.

    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        W, of the type of X; one row for two classes.

    intercept_ : ndarray of shape (1,) or (n_classes,)
        b.

    n_iter_ : int
        Number of iterations of the last `fit`, and of `partial_fit` since.

    loss_curve_ : ndarray of shape (n_iter_ + 1,)
        J at the start and after each iteration; the last is that of the coefficients
        (unless `early_stopping`, or a rate that diverged, has left earlier ones). A
        `partial_fit` appends the mean of J over its batches, each before its update.

    validation_loss_curve_ : ndarray of shape (n_iter_ + 1,)
        Cross-entropy of the validation samples, with class weights and label
        smoothing, without the penalty. Only where there are such samples.

    validation_score_curve_ : ndarray of shape (n_iter_ + 1,)
        Their accuracy.

    learning_rate_ : float or None
        The learning rate used, before the schedule; None without one.

    solver_ : {"gd", "sgd", "adam", "lbfgs", "newton-cg"}
        The solver used.

    converged_ : bool
        Whether `tol` was met, nothing but rounding was left to gain, or
        `early_stopping` or "adaptive" ended the fit. A `partial_fit` removes this
        attribute, `gradient_norm_` and the validation curves.

    gradient_norm_ : float
        Largest absolute entry of J's gradient at the coefficients; with an L1
        penalty, of the next step of "gd" divided by the learning rate.

    n_features_in_ : int
        Number of features seen in fit.

    feature_names_in_ : ndarray of shape (n_features_in_,)
        Names of the features, if X had some that are all strings.

    Warns
    -----
    ConvergenceWarning
        If `max_iter` was reached first or the learning rate diverged (the best
        finite iterate is kept). The message gives the safe rate of the solver.

    See Also
    --------
    sklearn.linear_model.LogisticRegression : The same model with other solvers.

    References
    ----------
    .. [1] C. M. Bishop, "Pattern Recognition and Machine Learning", 2006, section 4.3.4.

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
        "n_iter_no_change": PATIENCE,
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
            If the data or the weights are malformed, a class has no positive weight,
            there are fewer than two, a learning rate, a schedule or an L1 penalty
            is given to a solver that has none, or `early_stopping` can't set
            samples of each class aside.
        """
        name = name_solver(self.solver, self.learning_rate, self.schedule, self.l1_ratio)
        context = self._init_callback_context(max_subtasks=self.max_iter)
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        random_state = check_random_state(self.random_state)
        samples = check_samples(self, X, y, sample_weight, reset=True)
        samples, validation = check_validation(
            self, samples, X_val, y_val, sample_weight_val, random_state
        )
        classes, sums = samples.classes, samples.class_sums()
        class_weights = weights_of_classes(self.class_weight, classes, sums, need_all=True)
        objective, validate = self._make_objective(samples.weighed(class_weights)), None
        if validation is not None:
            validate = self._make_objective(validation.weighed(class_weights)).loss_and_accuracy
        solver = Solver.of(name, self, objective)
        start = self._start(classes, objective.shape, solver, random_state, self.warm_start)
        with one_blas_thread():
            learning_rate = solver.rate(objective)
            learned = partial(self._learned, samples, (sums, len(samples)), solver, learning_rate)
            monitor = Monitor.of(
                self,
                validate=validate,
                plateau=start.plateau,
                learned=lambda params, n_iter: learned(params),
                report=partial(report_iteration, context, self, X, y, sample_weight),
            )
            solution = solver.minimise(objective, start, learning_rate, monitor)
        end = solution.last and start.advance(*solution.last, solution.n_iter, monitor.plateau)
        store_fit(self, monitor, solution.params, solution, end)
        if not self.converged_ and not solution.stopped:
            problem = solver.explain_failure(solution, objective, learning_rate)
            warnings.warn(problem, ConvergenceWarning, stacklevel=4)
        context.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    @available_if(_supports_partial_fit)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Update the coefficients in one pass over new samples.

        They are taken in their order, in batches of `batch_size`, by "gd" all at
        once. Momentum and schedule continue between the calls, each of which is
        an epoch.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples, as in `fit`.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Labels, of which some classes may be missing, or distributions.
        classes : array-like of shape (n_classes,), default=None
            All labels, needed in the first call. Their order is kept. (Scorers of
            probabilities expect a sorted one.)
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
        is_first = not hasattr(self, "classes_")
        classes = check_classes(classes, getattr(self, "classes_", None))
        samples = check_samples(self, X, y, sample_weight, classes=classes, reset=is_first)
        sums, n_seen = count_seen(self, samples.class_sums(), len(samples))
        class_weights = weights_of_classes(self.class_weight, classes, sums)
        mean_weight = float(sums @ class_weights) / n_seen
        if not mean_weight > 0.0:
            raise ValueError("there must be a sample of positive weight")
        objective = self._make_objective(
            samples.weighed(class_weights), total_weight=mean_weight * len(samples)
        )
        solver = Solver.of(name_partial_solver(self.solver, self.learning_rate), self, objective)
        random_state = check_random_state(self.random_state)
        start = self._start(classes, objective.shape, solver, random_state, go_on=True)
        with one_blas_thread():
            learning_rate = solver.rate(objective)
            if self.learning_rate == "auto" and start.rule is not None:  # safe for all so far
                learning_rate = min(learning_rate, self.learning_rate_)
            end, loss, diverged = solver.run_epoch(objective, start, learning_rate)
        if diverged:
            warnings.warn(
                f"learning_rate={learning_rate:.3g} diverged; the coefficients are left as they "
                f"were; {solver.describe_rate(objective, learning_rate)}",
                ConvergenceWarning,
                stacklevel=3,
            )
        learned = self._learned(samples, (sums, n_seen), solver, learning_rate, end.params)
        store_epoch(self, learned, loss, end)
        return self

    def _make_objective(self, samples, total_weight=None):
        return LinearObjective(
            samples,
            alpha=float(self.alpha * (1.0 - self.l1_ratio)),
            fit_intercept=bool(self.fit_intercept),
            label_smoothing=float(self.label_smoothing),
            total_weight=total_weight,
        )

    def _start(self, classes, shape, solver, random_state, go_on):
        """Return the state to start from: a fresh one, or that of an earlier fit."""
        start = Continuation((solver.name, shape), random_state, np.zeros(shape))
        if go_on and hasattr(self, "coef_"):
            return start.resume(self, classes, params_of(self, shape[1] - self.fit_intercept))
        return start

    def _learned(self, samples, seen, solver, learning_rate, params):
        """Return the attributes that are known without the curves."""
        options = {"fit_intercept": self.fit_intercept, "dtype": samples.X.dtype}
        used = {"solver_": solver.name, "learning_rate_": learning_rate, "_seen": seen}
        return coefficients_of(params, samples.classes, **options) | used
