r"""The linear softmax objective: value, gradient and Hessian.

With logits :math:`z_i = W x_i + b`, targets :math:`t_i` and weights
:math:`w_i`, this is the smooth part of the objective that every linear
classifier of the package minimises:

.. math::
    J(W, b) = \frac{\sum_i w_i \, CE(t_i, z_i)}{\sum_i w_i}
              + \frac{\alpha}{2} \|W\|_2^2

Two classes have one logit and the sigmoid, three or more one logit each. The
parameters are one array of shape ``(n_outputs, n_features + fit_intercept)``;
the intercept is its last column, and is not penalised.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from skxent._fitting._samples import Samples
from skxent.linear._blocks import Block, add_gradient, cut, logits
from skxent.losses import binary_loss_gradient, hessian_product, softmax, softmax_loss_gradient
from skxent.optimizers._solution import LinearMap


@dataclass(frozen=True, eq=False)
class LinearObjective:
    """The objective J of samples, as a function of the parameters.

    It works through X in blocks of rows and never holds the logits of all
    samples. Products are computed in the type of X; sums and parameters are
    float64.

    Parameters
    ----------
    samples : Samples
        What J is a mean over, of at least two classes; X is float32 or float64.
    alpha : float
        Strength of the L2 penalty.
    fit_intercept : bool
        Whether the parameters have an intercept as their last column.
    label_smoothing : float, default=0.0
        Share of each target that is spread evenly over the classes.
    total_weight : float, default=None
        What the weights are divided by; None is their sum, which must then be
        positive.
    block_bytes : int, default=2**25
        Largest size of a block of rows with their logits.
    kept_bytes : int, default=2**25
        Largest size of the probabilities that a Hessian keeps between products.
    """

    samples: Samples
    alpha: float
    fit_intercept: bool
    label_smoothing: float = 0.0
    total_weight: float | None = None
    block_bytes: int = 1 << 25
    kept_bytes: int = 1 << 25

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the parameters, (n_outputs, n_features + fit_intercept)."""
        n_outputs = 1 if self.samples.n_classes == 2 else self.samples.n_classes
        return n_outputs, self.samples.X.shape[1] + self.fit_intercept

    @cached_property
    def shares(self) -> NDArray[np.float64]:
        """Weights divided by their total, before float32 sees weights that it can't hold."""
        return self.samples.weights / self._total

    @cached_property
    def blocks(self) -> list[Block]:
        """Pairs of a range of rows and X there."""
        return cut(self.samples.X, self.shape[0], self.block_bytes)

    def __call__(self, params: NDArray[Any]) -> tuple[float, NDArray[Any]]:
        """Return the value of J, in nats, and its gradient, of the shape of `params`."""
        coef = params[:, : self.samples.X.shape[1]]
        value, gradient = 0.0, np.zeros(params.shape)
        for rows, X in self.blocks:
            losses, slopes = self._loss_gradient(logits(X, params), rows)
            value += float(self.shares[rows] @ losses)
            slopes *= self.shares[rows, np.newaxis]
            add_gradient(gradient, X, slopes)
        self._balance(gradient)
        gradient[:, : coef.shape[1]] += self.alpha * coef
        return value + 0.5 * self.alpha * float(np.vdot(coef, coef)), gradient

    def loss_and_accuracy(self, params: NDArray[Any]) -> tuple[float, float]:
        """Return the mean cross-entropy without the penalty, and the weighted accuracy.

        A distribution counts as its most probable class.
        """
        loss = accuracy = 0.0
        for rows, X in self.blocks:
            scores = logits(X, params)
            losses, _ = self._loss_gradient(scores, rows)
            loss += float(self.shares[rows] @ losses)
            if self.samples.n_classes == 2:
                scores = np.column_stack([np.zeros_like(scores), scores])
            targets = self.samples.targets[rows]
            if targets.ndim == 2:
                targets = targets.argmax(axis=1)
            accuracy += float(self.shares[rows] @ (scores.argmax(axis=1) == targets))
        return loss, accuracy

    def hessian(self, params: NDArray[Any]) -> LinearMap:
        """Return the Hessian of J at `params` as a function that multiplies a direction by it."""
        n_samples, n_features = self.samples.X.shape
        size = n_samples * self.shape[0] * self.samples.X.dtype.itemsize
        kept = None
        if size <= self.kept_bytes:
            kept = [self.logit_curvature(X, params) for _, X in self.blocks]

        def product(direction: NDArray[Any]) -> NDArray[Any]:
            result = np.zeros(self.shape)
            for i, (rows, X) in enumerate(self.blocks):
                curvature = kept[i] if kept else self.logit_curvature(X, params)
                slopes = logits(X, direction)
                if self.samples.n_classes == 2:
                    slopes *= curvature
                else:
                    slopes = hessian_product(curvature, slopes)
                slopes *= self.shares[rows, np.newaxis]
                add_gradient(result, X, slopes)
            self._balance(result)
            result[:, :n_features] += self.alpha * direction[:, :n_features]
            return result

        return product

    def logit_curvature(self, X: Any, params: NDArray[Any]) -> NDArray[Any]:
        """Return what curves the loss of a block: probabilities, or the slope of the sigmoid."""
        scores = logits(X, params)
        if self.samples.n_classes > 2:
            return softmax(scores)
        decay: NDArray[np.floating] = np.exp(-np.abs(scores))
        return decay / (1.0 + decay) ** 2

    def take(self, rows: slice | NDArray[Any]) -> Self:
        """Return the objective of some samples: of random ones, its mean gradient is that of J."""
        samples = self.samples.take(rows)
        total = self._total * len(samples) / len(self.samples)
        return replace(self, samples=samples, total_weight=total)

    def batches(
        self, batch_size: int, random_state: np.random.RandomState | None = None
    ) -> Iterator[Self]:
        """Yield the objectives of all samples in batches, in random order or in their own."""
        n_samples = len(self.samples)
        order = None if random_state is None else random_state.permutation(n_samples)
        for first in range(0, n_samples, batch_size):
            rows = slice(first, first + batch_size)
            yield self.take(rows if order is None else order[rows])

    @cached_property
    def _total(self) -> float:
        weights = self.samples.weights
        return float(weights.sum()) if self.total_weight is None else self.total_weight

    @cached_property
    def _targets(self) -> NDArray[Any]:
        """Targets as the losses take them: for two classes, the share of the second one."""
        targets = self.samples.targets
        return targets[:, 1] if targets.ndim == 2 and self.samples.n_classes == 2 else targets

    def _loss_gradient(
        self, scores: NDArray[Any], rows: slice
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the losses of a block (n_rows,), and their slopes (n_rows, n_outputs)."""
        targets = self._targets[rows]
        if self.samples.n_classes > 2:
            return softmax_loss_gradient(scores, targets, self.label_smoothing)
        losses, slopes = binary_loss_gradient(scores[:, 0], targets, self.label_smoothing)
        return losses, slopes[:, np.newaxis]

    def _balance(self, gradient: NDArray[Any]) -> None:
        """Make the slopes of the classes sum to zero, as those of a softmax do.

        J does not curve along a shift of all logits. What rounding leaves there, a second-order
        solver would take for a slope that never ends.
        """
        if self.samples.n_classes > 2:
            gradient -= gradient.mean(axis=0)
