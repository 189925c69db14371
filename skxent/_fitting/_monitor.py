"""What is watched while a solver iterates: validation, patience, the best epoch."""

import math
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

Attributes: TypeAlias = Callable[[], dict[str, Any]]


class Plateau(NamedTuple):
    """Progress of the loss, as far as stopping and "adaptive" learning rates need it.

    Parameters
    ----------
    best : float, default=inf
        The lowest loss.
    n_stale : int, default=0
        Number of epochs in a row whose loss was not below the best by more than
        the tolerance.
    factor : float, default=1.0
        Factor of the "adaptive" learning rate.
    """

    best: float = math.inf
    n_stale: int = 0
    factor: float = 1.0

    def update(self, loss: float, tol: float) -> Self:
        """Return the plateau after one more epoch."""
        n_stale = 0 if loss < self.best - tol else self.n_stale + 1
        return self._replace(best=min(self.best, loss), n_stale=n_stale)

    def lower(self, factor: float = 0.2) -> Self:
        """Return the plateau with a lower learning rate and no stale epochs."""
        return self._replace(n_stale=0, factor=factor * self.factor)


class Monitor:
    """Watches the epochs of a solver: stops it, and keeps the best parameters.

    Parameters
    ----------
    tol : float
        How much the loss has to fall below the best one before to count.
    patience : int
        Number of epochs without such a fall after which something is done:
        `adaptive` divides the learning rate by five, and stops when it is below
        `min_factor`; otherwise `early_stopping` stops.
    validate : callable, default=None
        ``validate(params) -> (loss, score)`` on samples that are not trained on;
        None watches the training loss.
    early_stopping : bool, default=False
        Whether to stop, and to keep the parameters of the lowest loss.
    adaptive : bool, default=False
        Whether to lower the learning rate.
    plateau : Plateau, default=None
        Progress of an earlier fit that is continued.
    report : callable, default=None
        ``report(before, params) -> stop`` after each epoch, with the parameters
        before it and after it.
    learned : callable
        ``learned(params, n_iter)``, the attributes that only the estimator knows of a
        fit that ends with these parameters.
    min_factor : float, default=1e-4
        The factor of an "adaptive" rate below which the solver is stopped.

    Attributes
    ----------
    values : list of float
        The training loss, at the start and of each epoch.
    losses, scores : list of float
        What `validate` returned, for the start and each epoch.
    seconds : list of float
        Time that each epoch took, with its validation.
    best_params : object
        Parameters of the lowest loss, with `early_stopping`; None without.
    plateau : Plateau
        Progress of the loss so far.
    is_exhausted : bool
        Whether patience stopped the solver.
    """

    def __init__(
        self,
        *,
        tol: float,
        patience: int,
        validate: Callable[[Any], tuple[float, float]] | None = None,
        early_stopping: bool = False,
        adaptive: bool = False,
        plateau: Plateau | None = None,
        report: Callable[[Any, Any], bool] | None = None,
        learned: Callable[[Any, int], dict[str, Any]] = lambda params, n_iter: {},
        min_factor: float = 1e-4,
    ) -> None:
        self.tol = tol
        self.patience = patience
        self.validate = validate
        self.early_stopping = early_stopping
        self.adaptive = adaptive
        self.plateau = Plateau() if plateau is None else plateau
        self.report = report
        self.learned = learned
        self.min_factor = min_factor
        self.values: list[float] = []
        self.losses: list[float] = []
        self.scores: list[float] = []
        self.seconds: list[float] = []
        self.began = math.nan
        self.before: Any = None
        self.best_loss = math.inf
        self.best_params: Any = None
        self.is_exhausted = False

    @classmethod
    def of(
        cls,
        estimator: Any,
        *,
        validate: Callable[[Any], tuple[float, float]] | None,
        plateau: Plateau,
        learned: Callable[[Any, int], dict[str, Any]],
        report: Callable[[Attributes, Attributes], bool],
        continuation: Callable[[Any], Any] = lambda params: None,
    ) -> Self:
        """Return the monitor that the parameters of an estimator ask for.

        ``report`` gets functions that return the attributes of a fit that ends before and after an
        epoch, the latter with the state that is continued from there, ``continuation(params)``.
        """
        monitor = cls(
            tol=estimator.tol,
            patience=estimator.n_iter_no_change,
            validate=validate,
            early_stopping=estimator.early_stopping,
            adaptive=estimator.schedule == "adaptive",
            plateau=plateau,
            report=lambda before, params: report(
                lambda: monitor.attributes(before, monitor.values[:-1]),
                lambda: monitor.attributes(
                    params, monitor.values, continuation=continuation(params)
                ),
            ),
            learned=learned,
        )
        return monitor

    def __call__(self, epoch: int, params: Any, value: float) -> bool:
        """Watch an epoch, of which zero is the start; return whether to stop."""
        self.values.append(value)
        if self.validate is not None:
            value, score = self.validate(params)
            self.losses.append(value)
            self.scores.append(score)
        if epoch:
            self.seconds.append(time.perf_counter() - self.began)
        if self.early_stopping and (value < self.best_loss or self.best_params is None):
            self.best_loss, self.best_params = min(self.best_loss, value), params
        # The start of a continued fit was the end of the earlier one, which has counted it.
        if epoch or math.isinf(self.plateau.best):
            self.plateau = self.plateau.update(value, self.tol)
        if self.plateau.n_stale >= self.patience:
            if self.adaptive:
                self.plateau = self.plateau.lower()
                self.is_exhausted = self.plateau.factor < self.min_factor
            else:
                self.is_exhausted = self.early_stopping
        stop = False
        if epoch and self.report is not None:
            stop = bool(self.report(self.before, params))
        self.before = params
        self.began = time.perf_counter()
        return stop or self.is_exhausted

    def attributes(
        self,
        params: Any,
        values: Sequence[float] | NDArray[np.float64],
        converged: bool = False,
        continuation: Any = None,
    ) -> dict[str, Any]:
        """Return all attributes of a fit that ends with some parameters, after some losses."""
        n_values = len(values)
        is_exhausted = self.is_exhausted and n_values >= len(self.values)
        attributes = self.learned(params, n_values - 1) | {
            "n_iter_": n_values - 1,
            "loss_curve_": np.array(values),
            "converged_": converged or is_exhausted,
            # What patience has ended is not continued, as it would end.
            "_continuation": None if is_exhausted else continuation,
        }
        if self.validate is not None:
            attributes["validation_loss_curve_"] = np.array(self.losses[:n_values])
            attributes["validation_score_curve_"] = np.array(self.scores[:n_values])
        return attributes
