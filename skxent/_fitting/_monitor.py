"""What is watched while a solver iterates: validation, patience, the best epoch."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple, Self

from numpy.typing import NDArray


class Plateau(NamedTuple):
    """The losses of the epochs so far, as far as stopping and "adaptive" rates need them.

    Parameters
    ----------
    best : float, default=inf
        The lowest loss.
    n_stale : int, default=0
        For how many epochs in a row the loss has not fallen below the best before
        by more than the tolerance.
    factor : float, default=1.0
        Factor of the "adaptive" learning rate.

    Examples
    --------
    >>> from skxent._fitting._monitor import Plateau
    >>> plateau = Plateau()
    >>> for loss in [1.0, 0.5, 0.499, 0.51]:
    ...     plateau = plateau.update(loss, tol=0.01)
    >>> plateau
    Plateau(best=0.499, n_stale=2, factor=1.0)
    >>> plateau.lower()
    Plateau(best=0.499, n_stale=0, factor=0.2)
    """

    best: float = math.inf
    n_stale: int = 0
    factor: float = 1.0

    def update(self, loss: float, tol: float) -> Self:
        """Return the plateau after one more epoch.

        Parameters
        ----------
        loss : float
            The epoch's.
        tol : float
            How much a loss has to fall to count as better.

        Returns
        -------
        plateau : Plateau
            A new one.
        """
        n_stale = 0 if loss < self.best - tol else self.n_stale + 1
        return self._replace(best=min(self.best, loss), n_stale=n_stale)

    def lower(self, factor: float = 0.2) -> Self:
        """Return the plateau with a lower learning rate, its epochs counted afresh.

        Parameters
        ----------
        factor : float, default=0.2
            Of the learning rate.

        Returns
        -------
        plateau : Plateau
            A new one.
        """
        return self._replace(n_stale=0, factor=factor * self.factor)


# The factor of an "adaptive" learning rate below which nothing is to be gained.
_MIN_FACTOR = 1e-4


class Monitor:
    """Told of each epoch by a solver; says when to stop, and remembers the best epoch.

    Parameters
    ----------
    tol : float
        How much the loss has to fall below the best one before to count.
    patience : int
        After how many epochs without that something is done: with `adaptive`
        the learning rate is divided by five, until that is in vain too;
        otherwise with `early_stopping` the solver is stopped.
    validate : callable, default=None
        ``validate(params) -> (loss, score)`` on samples that are not trained on;
        None watches the training loss.
    early_stopping : bool, default=False
        Whether to stop, and to keep the parameters of the lowest loss.
    adaptive : bool, default=False
        Whether to lower the learning rate.
    plateau : Plateau, default=None
        From where to go on; None is a fresh one.
    report : callable, default=None
        ``report(params) -> stop`` after each epoch.

    Attributes
    ----------
    losses, scores : list of float
        What `validate` returned, for the start and each epoch.
    best_params : ndarray or None
        Those of the lowest loss, with `early_stopping`.
    plateau : Plateau
        The losses so far.
    is_exhausted : bool
        Whether patience was what stopped the solver.

    Examples
    --------
    >>> from skxent._fitting._monitor import Monitor
    >>> monitor = Monitor(tol=0.0, patience=2, early_stopping=True)
    >>> [monitor(epoch, params=epoch, value=loss) for epoch, loss in enumerate([3, 1, 2, 4])]
    [False, False, False, True]
    >>> monitor.best_params
    1
    """

    def __init__(
        self,
        *,
        tol: float,
        patience: int,
        validate: Callable[[NDArray[Any]], tuple[float, float]] | None = None,
        early_stopping: bool = False,
        adaptive: bool = False,
        plateau: Plateau | None = None,
        report: Callable[[NDArray[Any]], bool] | None = None,
    ) -> None:
        self.tol = tol
        self.patience = patience
        self.validate = validate
        self.early_stopping = early_stopping
        self.adaptive = adaptive
        self.plateau = Plateau() if plateau is None else plateau
        self.report = report
        self.losses: list[float] = []
        self.scores: list[float] = []
        self.best_loss = math.inf
        self.best_params: NDArray[Any] | None = None
        self.is_exhausted = False

    def __call__(self, epoch: int, params: NDArray[Any], value: float) -> bool:
        """Watch one epoch; return whether to stop.

        Parameters
        ----------
        epoch : int
            Zero is the start.
        params : ndarray
            After the epoch.
        value : float
            The training loss there.

        Returns
        -------
        stop : bool
            True to stop.
        """
        if self.validate is not None:
            value, score = self.validate(params)
            self.losses.append(value)
            self.scores.append(score)
        if self.early_stopping and (value < self.best_loss or self.best_params is None):
            self.best_loss, self.best_params = min(self.best_loss, value), params
        # A start that goes on from an earlier fit has been watched by that.
        if epoch or math.isinf(self.plateau.best):
            self.plateau = self.plateau.update(value, self.tol)
        if self.plateau.n_stale >= self.patience:
            if self.adaptive:
                self.plateau = self.plateau.lower()
                self.is_exhausted = self.plateau.factor < _MIN_FACTOR
            else:
                self.is_exhausted = self.early_stopping
        stop = bool(self.report(params)) if epoch and self.report is not None else False
        return stop or self.is_exhausted
