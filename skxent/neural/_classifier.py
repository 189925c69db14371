"""Base class of the neural classifiers: from X and y to the weights of a network."""

import warnings
from functools import partial
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.callback import CallbackSupportMixin, with_callbacks
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skxent._fitting._callbacks import report_iteration
from skxent._fitting._continuation import (
    Continuation,
    count_seen,
    store_epoch,
    store_fit,
    supports_partial_fit,
)
from skxent._fitting._inputs import PATIENCE, check_weights, has_validation
from skxent._fitting._interrupt import is_interrupted
from skxent._fitting._monitor import Monitor
from skxent._fitting._targets import check_classes, encode, weights_of_classes
from skxent.frames._neighbours import join
from skxent.frames._ragged import lengths_of, split
from skxent.losses import log_softmax
from skxent.neural._compute import computing, load_weights, moments_of, set_moments, take_weights
from skxent.neural._problem import Clips
from skxent.neural._training import (
    MAX_FRAMES,
    compute_logits,
    evaluate,
    make_optimizer,
    run_epoch,
    train,
)
from skxent.optimizers import SCHEDULES
from skxent.optimizers._schedules import WHOLE_FIT_SCHEDULES, make_schedule
from skxent.sequences._aggregation import aggregate_log_proba
from skxent.sequences._inputs import check_frame_targets, check_sequences
from skxent.sequences._scoring import SequenceClassifierMixin


def _supports_partial_fit(classifier):
    """Return whether the parameters allow partial_fit."""
    return supports_partial_fit(
        classifier,
        schedule=classifier.schedule in (*WHOLE_FIT_SCHEDULES, "adaptive"),
        early_stopping=classifier.early_stopping,
    )


def _has_frames(classifier):
    """Return whether there are logits of frames."""
    form = getattr(classifier, "_form", None) or classifier._get_form()
    if not classifier._is_framewise(form):
        raise AttributeError(f"{classifier!r} knows no labels of frames")
    return True


class NeuralClassifier(CallbackSupportMixin, SequenceClassifierMixin, BaseEstimator):
    """Classifier of sequences by a network, which a subclass makes.

    A subclass has the parameters of `_parameter_constraints` and its own. `_FORM`
    names those that shape the network; `fit` keeps their values in `_form`, which
    the methods `_is_framewise`, `_make_data` and `_make_network` take.
    """

    _parameter_constraints = {  # noqa: RUF012, the name is scikit-learn's
        "input_noise": [Interval(Real, 0, None, closed="left")],
        "frequency_mask": [Interval(Real, 0, 1, closed="left")],
        # Above it, a step of AdamW is not finite in float32.
        "learning_rate": [Interval(Real, 0, 1e30, closed="neither")],
        "schedule": [StrOptions({*SCHEDULES, "adaptive"}), callable],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "max_grad_norm": [Interval(Real, 0, None, closed="neither"), None],
        "label_smoothing": [Interval(Real, 0, 1, closed="both")],
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": PATIENCE,
        "warm_start": ["boolean"],
        "shuffle": ["boolean"],
        "device": [str],
        "random_state": ["random_state"],
    }

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, X_val=None, y_val=None, sample_weight_val=None):
        """Learn the weights of the network.

        Parameters
        ----------
        X : list or object array of n_sequences arrays of shape (n_frames_i, n_features), or \
                array-like of shape (n_samples, n_features)
            Sequences of any lengths; the rows of a matrix are sequences of one frame
            each. They are computed in float32.
        y : array-like of shape (n_sequences,) or (n_sequences, n_classes), or list of \
                n_sequences array-likes of shape (n_frames_i,) or (n_frames_i, n_classes)
            Labels of any type, of at least two classes; or for each sequence a
            distribution over the classes. A list of arrays has those of the frames.
        sample_weight : array-like of shape (n_sequences,), default=None
            Non-negative weights of the sequences.
        X_val : like X, default=None
            Sequences to validate on after each epoch. They are not trained on.
        y_val : like y, default=None
            Their targets, of the classes of `y`.
        sample_weight_val : array-like, default=None
            Their weights.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError
            If the data or the weights are malformed, there are not as many targets
            as frames or sequences, there are fewer than two classes, a class has no
            positive weight, `early_stopping` can't set samples of each class aside,
            `batch_norm` gets a batch of a single sample, or the `device` can't be
            used.
        """
        context = self._init_callback_context(max_subtasks=self.max_iter)
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        form = self._get_form()
        random_state = check_random_state(self.random_state)
        samples, validation = self._check(form, X, y, sample_weight, reset=True), None
        classes = samples.rows.classes
        if has_validation(X_val, y_val, sample_weight_val):
            validation = self._check(form, X_val, y_val, sample_weight_val, classes, name="y_val")
        elif self.early_stopping:
            samples, validation = samples.hold_out(self.validation_fraction, random_state)
        sums, n_rows = samples.class_sums(), len(samples.chosen_rows)
        class_weights = weights_of_classes(self.class_weight, classes, sums, need_all=True)
        scale = sums @ class_weights / n_rows
        problem = samples.problem(class_weights, scale, self.label_smoothing)
        if validation is not None:
            held_out = validation.problem(class_weights, scale, self.label_smoothing)
        start = self._start(classes, random_state, go_on=self.warm_start)
        monitor = Monitor.of(
            self,
            validate=None if validation is None else lambda _: evaluate(network, held_out),
            plateau=start.plateau,
            learned=lambda weights, n_iter: (
                self._learned(form, classes, (sums, n_rows), weights)
                | {"epoch_seconds_": np.array(monitor.seconds[:n_iter])}
            ),
            report=partial(report_iteration, context, self, X, y, sample_weight),
            continuation=lambda weights: start.advance(
                weights, moments_of(optimizer), len(monitor.values) - 1, monitor.plateau
            ).detach(),
        )
        with computing(self.device, start.seeds) as device:
            network, optimizer = self._set_up(form, start, samples, problem, device)
            result = train(
                network,
                problem,
                optimizer,
                self._rates(start, monitor),
                max_iter=self.max_iter,
                monitor=monitor,
                is_stopped=partial(is_interrupted, context),
                **self._options(start),
            )
        best = result.last[0] if monitor.best_params is None else monitor.best_params
        end = start.advance(*result.last, len(result.values) - 1, monitor.plateau)
        store_fit(self, monitor, best, result, end)
        if result.diverged:
            self._warn("the weights are those of the epoch before", stacklevel=5)
        context.call_on_fit_task_end(estimator=self, X=X, y=y)
        return self

    @available_if(_supports_partial_fit)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Update the weights in one pass over new sequences.

        They are taken in their order, in batches of `batch_size`. The optimizer and
        the schedule continue between the calls, each of which is an epoch; the first
        call sets how features are standardised.

        Parameters
        ----------
        X : list or object array of n_sequences arrays of shape (n_frames_i, n_features), or \
                array-like of shape (n_samples, n_features)
            Sequences, as in `fit`.
        y : array-like or list
            Targets as in `fit`, of which some classes may be missing.
        classes : array-like of shape (n_classes,), default=None
            All labels, needed in the first call. Their order is kept.
        sample_weight : array-like of shape (n_sequences,), default=None
            Non-negative weights. They are divided by the mean weight of all
            sequences seen so far.

        Returns
        -------
        self : estimator
            The fitted estimator.

        Raises
        ------
        ValueError
            If the data or the weights are malformed, a label is not among the
            classes, or the first call lacks `classes`.
        AttributeError
            With the schedules "cosine", "one_cycle" and "adaptive" and with
            `early_stopping`, which need a whole fit.
        """
        is_first = not hasattr(self, "classes_")
        form = self._get_form() if is_first else self._form
        classes = check_classes(classes, getattr(self, "classes_", None))
        samples = self._check(form, X, y, sample_weight, classes, reset=is_first)
        start = self._start(classes, check_random_state(self.random_state), go_on=True)
        sums, n_rows = count_seen(self, samples.class_sums(), len(samples.chosen_rows))
        class_weights = weights_of_classes(self.class_weight, classes, sums)
        scale = sums @ class_weights / max(n_rows, 1)
        if not (len(samples.chosen) and scale > 0.0):
            raise ValueError("there must be a sample of positive weight")
        problem = samples.problem(class_weights, scale, self.label_smoothing)
        with computing(self.device, start.seeds) as device:
            network, optimizer = self._set_up(form, start, samples, problem, device)
            before = take_weights(network)
            options = self._options(start) | {"random_state": None}
            rate_of = partial(self._rates(start), 0)
            result = run_epoch(network, problem, optimizer, rate_of, **options)
            weights, moments = take_weights(network), moments_of(optimizer)
        if not result.is_finite:
            weights, moments = before, None
            self._warn("the weights are left as they were", stacklevel=4)
        learned = self._learned(form, classes, (sums, n_rows), weights)
        store_epoch(self, learned, result.value, start.advance(weights, moments))
        self.gradient_norm_ = result.gradient_norm
        return self

    def predict(self, X):
        """Predict the most probable class of each sequence.

        Parameters
        ----------
        X : list or object array of n_sequences arrays of shape (n_frames_i, n_features), or \
                array-like of shape (n_samples, n_features)
            Sequences.

        Returns
        -------
        labels : ndarray of shape (n_sequences,)
            Entries of `classes_`.
        """
        best = self.predict_log_proba(X).argmax(axis=1)
        return self.classes_[best]

    def predict_proba(self, X):
        """Predict the probability of each class for each sequence.

        Parameters
        ----------
        X : list or object array of n_sequences arrays of shape (n_frames_i, n_features), or \
                array-like of shape (n_samples, n_features)
            Sequences.

        Returns
        -------
        probabilities : ndarray of shape (n_sequences, n_classes)
            In the order of `classes_`.
        """
        return np.exp(self.predict_log_proba(X))

    def predict_log_proba(self, X):
        """Predict the natural logarithm of each class's probability.

        If the network has logits for frames, the log-probabilities of a sequence
        are the sums of its frames', normalised.

        Parameters
        ----------
        X : list or object array of n_sequences arrays of shape (n_frames_i, n_features), or \
                array-like of shape (n_samples, n_features)
            Sequences.

        Returns
        -------
        log_probabilities : ndarray of shape (n_sequences, n_classes)
            In the order of `classes_`; finite.
        """
        log_proba, lengths = self._log_proba(X)
        if not self._is_framewise(self._form):
            return log_proba
        return aggregate_log_proba(log_proba, lengths, "sum_log_proba")

    @available_if(_has_frames)
    def predict_frames(self, X):
        """Predict the most probable class of each frame.

        Parameters
        ----------
        X : list or object array of n_sequences arrays of shape (n_frames_i, n_features), or \
                array-like of shape (n_samples, n_features)
            Sequences.

        Returns
        -------
        labels : object array of n_sequences arrays of shape (n_frames_i,)
            Entries of `classes_`.
        """
        log_proba, lengths = self._log_proba(X)
        return split(self.classes_[log_proba.argmax(axis=1)], lengths)

    @available_if(_has_frames)
    def predict_frames_proba(self, X):
        """Predict the probability of each class for each frame.

        Parameters
        ----------
        X : list or object array of n_sequences arrays of shape (n_frames_i, n_features), or \
                array-like of shape (n_samples, n_features)
            Sequences.

        Returns
        -------
        probabilities : object array of n_sequences arrays of shape (n_frames_i, n_classes)
            In the order of `classes_`.
        """
        log_proba, lengths = self._log_proba(X)
        return split(np.exp(log_proba), lengths)

    def _log_proba(self, X, max_frames=MAX_FRAMES):
        """Return log-probabilities of all rows that there are logits for, and lengths."""
        check_is_fitted(self, "weights_")
        frames, lengths = self._check_frames(X, reset=False)
        with computing(self.device) as device:
            network = self._make_network(self._form, frames.shape[1], len(self.classes_))
            load_weights(network, self.weights_)
            # In float64, rounding hardly depends on the batch of a sequence.
            network = network.double() if device.type == "cpu" else network.to(device)
            data = self._make_data(self._form, frames, lengths)
            logits = compute_logits(network, data, len(lengths), len(self.classes_), max_frames)
        return log_softmax(logits), lengths

    def _get_form(self):
        return {name: getattr(self, name) for name in self._FORM}

    def _check_frames(self, X, *, reset):
        """Return the frames of all sequences, and their lengths."""
        sequences = check_sequences(self, X, reset=reset)
        with np.errstate(over="ignore"):
            frames = join(sequences).astype(np.float32, copy=False)
        if not np.isfinite(frames).all():
            raise ValueError("X has values too large for float32; scale the features")
        return frames, lengths_of(sequences)

    def _check(self, form, X, y, sample_weight, classes=None, *, reset=False, name="y"):
        """Return checked clips."""
        frames, lengths = self._check_frames(X, reset=reset)
        framewise = self._is_framewise(form)
        per_frame, y = check_frame_targets(y, lengths, name)
        if per_frame and not framewise:
            raise ValueError(
                f"{name} has labels for the frames of each sequence; {type(self).__name__} takes "
                "them with targets='frame'"
            )
        classes, targets = encode(y, classes, name=name)
        if framewise and not per_frame:
            targets = np.repeat(targets, lengths, axis=0)
        weights = check_weights(lengths, lengths, sample_weight)
        data = self._make_data(form, frames, lengths)
        return Clips.of(data, lengths, framewise, targets, weights, classes)

    def _start(self, classes, random_state, go_on):
        """Return the state to start from: a fresh one, or that of an earlier fit."""
        # Seeds have a generator of their own, so that two fits draw the batches of one that is
        # as long as both.
        seeds = np.random.RandomState(random_state.randint(np.iinfo(np.int32).max))
        fresh = Continuation("adamw", random_state, params=None, seeds=seeds)
        if not (go_on and hasattr(self, "weights_")):
            return fresh
        return fresh.resume(self, classes, self.weights_)

    def _set_up(self, form, start, samples, problem, device):
        """Return the network and the optimizer with the state to start from."""
        n_features = samples.data.frames.shape[1]
        network = self._make_network(form, n_features, samples.rows.n_classes)
        if start.params is None:
            weights = samples.frame_weights(problem)
            scaler = StandardScaler().fit(samples.data.frames.numpy(), sample_weight=weights)
            network.standardize.set_scale(scaler.mean_, scaler.scale_)
        else:
            try:
                load_weights(network, start.params)
            except RuntimeError as error:
                raise ValueError(
                    "warm_start needs the features of the earlier fit, and the parameters that "
                    f"its network was made of, {self._form}, got {n_features} features and {form}"
                ) from error
        network.to(device)
        optimizer = make_optimizer(network, self.weight_decay)
        set_moments(optimizer, start.rule or {})
        return network, optimizer

    def _rates(self, start, monitor=None):
        """Return the learning rate as a function of the epoch and a share of it."""
        n_before = 0 if self.schedule in WHOLE_FIT_SCHEDULES else start.n_epochs
        factor_of = make_schedule(
            self.schedule, self.max_iter, lambda epoch: monitor.plateau.factor
        )
        if callable(self.schedule):  # of whole epochs
            return lambda epoch, share: self.learning_rate * factor_of(n_before + epoch)
        return lambda epoch, share: self.learning_rate * factor_of(n_before + epoch + share)

    def _options(self, start):
        return {
            "batch_size": self.batch_size,
            "random_state": start.random_state if self.shuffle else None,
            "max_grad_norm": self.max_grad_norm,
        }

    def _learned(self, form, classes, seen, weights):
        """Return the attributes that are known without the curves."""
        learned = {"_form": form, "classes_": classes, "weights_": weights, "_seen": seen}
        return learned | {"solver_": "adamw", "learning_rate_": float(self.learning_rate)}

    def _warn(self, outcome, stacklevel):
        warnings.warn(
            f"learning_rate={self.learning_rate:.3g} diverged; {outcome}. Lower it, or "
            "max_grad_norm",
            ConvergenceWarning,
            stacklevel=stacklevel,
        )
