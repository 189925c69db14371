"""Softmax and cross-entropy: values, gradients and Hessians in the logits.

Every function here is pure: it takes logits, returns new arrays and never
writes to its arguments, except to an array that is given as `out`. Nothing is
thresholded or clipped before a logarithm; accuracy comes from the order of
the operations instead:

- the largest logit of a row is subtracted from the row, and its exponential,
  which is then exactly one, is left out of the sum, so that ``logsumexp`` is a
  ``log1p`` and keeps its digits when the row is sure;
- ``1 - p`` of the most probable class is the sum of the other probabilities,
  never a subtraction from one.

The loss of a sure prediction is then accurate to a few units in the last
place: with logits ``[0, 40, 0]`` and class 1 it is 8.5e-18, where the usual
formula gives 0. Only :func:`fast_softmax_loss_gradient` uses the usual
formula, where speed matters more; its docstring bounds the error.
"""

from skxent.losses._cross_entropy import cross_entropy, sequence_cross_entropy
from skxent.losses._kernels import (
    binary_loss_gradient,
    fast_softmax_loss_gradient,
    hessian_product,
    softmax_loss_gradient,
)
from skxent.losses._softmax import log_softmax, softmax

__all__ = [
    "binary_loss_gradient",
    "cross_entropy",
    "fast_softmax_loss_gradient",
    "hessian_product",
    "log_softmax",
    "sequence_cross_entropy",
    "softmax",
    "softmax_loss_gradient",
]
