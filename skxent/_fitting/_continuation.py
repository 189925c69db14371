"""What a classifier keeps of its training, so that a later fit or `partial_fit` continues it."""

import copy
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from skxent._fitting._monitor import Monitor, Plateau

# Attributes of a whole fit, which one more pass over some samples makes untrue.
_OF_A_FIT = (
    "converged_",
    "epoch_seconds_",
    "gradient_norm_",
    "validation_loss_curve_",
    "validation_score_curve_",
)


@dataclass(frozen=True, eq=False)
class Continuation:
    """State of training; what the parameters and the state of the update rule are is not its own.

    Parameters
    ----------
    kind : object
        What another fit must share to continue this one, such as the solver.
    random_state : RandomState
        Draws the batches.
    params : object
        Parameters after the last update; None for a model to be made.
    seeds : RandomState, default=None
        Seeds the generator of a network.
    rule : object, default=None
        State of the update rule; None is a fresh one.
    plateau : Plateau
        Progress of the loss.
    n_epochs : int, default=0
        Number of epochs so far.
    """

    kind: Any
    random_state: np.random.RandomState
    params: Any
    seeds: np.random.RandomState | None = None
    rule: Any = None
    plateau: Plateau = field(default_factory=Plateau)
    n_epochs: int = 0

    def resume(self, estimator: Any, classes: NDArray[Any], params: Any) -> Self:
        """Return what a fitted estimator has kept of its kind; else this, from its parameters."""
        if not np.array_equal(classes, estimator.classes_):
            raise ValueError(
                "warm_start needs the classes of the earlier fit, "
                f"{estimator.classes_.tolist()}, got {classes.tolist()}"
            )
        kept: Self | None = getattr(estimator, "_continuation", None)
        if kept is not None and kept.kind == self.kind:
            return kept
        return replace(self, params=params)

    def advance(
        self, params: Any, rule: Any, n_epochs: int = 1, plateau: Plateau | None = None
    ) -> Self:
        """Return the state after some more epochs."""
        return replace(
            self,
            params=params,
            rule=rule,
            plateau=self.plateau if plateau is None else plateau,
            n_epochs=self.n_epochs + n_epochs,
        )

    def detach(self) -> Self:
        """Return the state with its own generators, which a fit that goes on does not draw from."""
        own = {name: copy.deepcopy(getattr(self, name)) for name in ("random_state", "seeds")}
        return replace(self, **own)


def with_fit(estimator: Any, attributes: dict[str, Any]) -> dict[str, Any]:
    """Return all attributes of an estimator, those of a fit in place of those of an earlier one."""
    kept = {name: value for name, value in vars(estimator).items() if name not in _OF_A_FIT}
    return kept | attributes


def supports_partial_fit(estimator: Any, **needs_fit: bool) -> bool:
    """Return True, or raise an AttributeError that names a parameter that needs a whole fit."""
    for name, is_in_the_way in needs_fit.items():
        if is_in_the_way:
            raise AttributeError(f"{name}={getattr(estimator, name)!r} has no partial_fit")
    return True


def count_seen(
    estimator: Any, sums: NDArray[np.float64], n_samples: int
) -> tuple[NDArray[np.float64], int]:
    """Return the weight of each class, and the number of samples, with those seen before."""
    seen = getattr(estimator, "_seen", None)
    return (sums, n_samples) if seen is None else (seen[0] + sums, seen[1] + n_samples)


class Result(Protocol):
    """What training returns."""

    @property
    def values(self) -> NDArray[np.float64]:
        """The loss at the start and after each iteration."""

    @property
    def converged(self) -> bool:
        """Whether there was nothing left to gain."""

    @property
    def gradient_norm(self) -> float:
        """Norm of the gradient at the end."""


def store_fit(
    estimator: Any,
    monitor: Monitor,
    params: Any,
    result: Result,
    continuation: Continuation | None,
) -> None:
    """Set the attributes of a fit that ends with some parameters."""
    attributes = monitor.attributes(params, result.values, result.converged, continuation)
    attributes["gradient_norm_"] = result.gradient_norm
    estimator.__dict__ = with_fit(estimator, attributes)


def store_epoch(
    estimator: Any, learned: dict[str, Any], loss: float, continuation: Continuation
) -> None:
    """Set the attributes of one more epoch, and remove those of a whole fit."""
    curves = {
        "n_iter_": getattr(estimator, "n_iter_", 0) + 1,
        "loss_curve_": np.append(getattr(estimator, "loss_curve_", []), loss),
    }
    estimator.__dict__ = with_fit(estimator, learned | curves | {"_continuation": continuation})
