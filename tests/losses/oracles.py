"""Independent ways to the same numbers: plain loops, mpmath, complex steps.

Nothing here imports skxent, so that no oracle can share a mistake with what it
checks.
"""

import cmath
import math

import mpmath
import numpy as np

EPS = {np.dtype(kind): float(np.finfo(kind).eps) for kind in (np.float32, np.float64)}


def exact_softmax_terms(logits, target):
    """Softmax, its logarithm, CE(t, z) and its gradient of one row, as lists of mpmath numbers.

    The textbook formulas, with so many digits that none of their cancellations matters: the
    smallest probability that a double can hold is 5e-324.
    """
    logits = [mpmath.mpf(float(value)) for value in logits]
    target = [mpmath.mpf(float(value)) for value in target]
    with mpmath.workdps(400):
        top = max(logits)
        exponentials = [mpmath.exp(value - top) for value in logits]
        normaliser = mpmath.fsum(exponentials)
        probabilities = [value / normaliser for value in exponentials]
        logarithms = [value - top - mpmath.log(normaliser) for value in logits]
        loss = -mpmath.fsum(t * value for t, value in zip(target, logarithms, strict=True))
        gradient = [p - t for p, t in zip(probabilities, target, strict=True)]
    return probabilities, logarithms, loss, gradient


def cross_entropy_term(logits, target, exp=cmath.exp, log=cmath.log):
    """CE(t, z) = log(sum_k exp(z_k)) - t . z of lists of real or complex numbers."""
    top = max(value.real for value in logits)
    total = sum(exp(value - top) for value in logits)
    return top + log(total) - sum(t * z for t, z in zip(target, logits, strict=True))


def smoothed(target, label_smoothing):
    return [(1 - label_smoothing) * t + label_smoothing / len(target) for t in target]


def one_hot(labels, n_classes):
    return [[float(k == label) for k in range(n_classes)] for label in labels]


def distribution_of(target, n_classes):
    """A label or a distribution, as the latter."""
    if np.ndim(target) == 0:
        return one_hot([target], n_classes)[0]
    return [float(share) for share in target]


def entropy(target):
    return -sum(t * math.log(t) for t in target if t > 0)


def mean_cross_entropy(logits, targets, weights, label_smoothing):
    """Weighted mean of CE over rows of logits (real or complex) and of distributions."""
    total = 0.0
    for row, target, weight in zip(logits.tolist(), targets, weights, strict=True):
        total += weight * cross_entropy_term(row, smoothed(target, label_smoothing))
    return total / sum(weights)


def complex_step_gradient(function, point):
    """Gradient of an analytic function of an array: no difference is taken, no digit is lost."""
    gradient = np.empty(point.shape)
    for index in np.ndindex(point.shape):
        moved = point.astype(np.complex128)
        moved[index] += 1e-30j
        gradient[index] = function(moved).imag / 1e-30
    return gradient


def exact_softmax_change(logits, direction):
    """Derivative of the softmax of one row along a direction, as mpmath numbers.

    A complex step, with so many digits that none of its cancellations matters. As the gradient
    of the cross-entropy is softmax(z) - t, it is the product with its Hessian.
    """
    with mpmath.workdps(400):
        step = mpmath.mpf(10) ** -200
        exponentials = [
            mpmath.exp(mpmath.mpc(float(z), step * mpmath.mpf(float(d))))
            for z, d in zip(logits, direction, strict=True)
        ]
        total = mpmath.fsum(exponentials)
        return [(value / total).imag / step for value in exponentials]


def error_bound(logits):
    """Relative error of a sum of exponentials of logits below their maximum.

    The difference to the maximum is rounded, by up to eps / 2 times the span of the logits, and
    exponentiated; a difference that underflows (104 or 745) does not count. So the bound is
    1.7e-13 in float64 and 1.4e-5 in float32, whatever the logits.
    """
    eps, tiny = EPS[logits.dtype], float(np.finfo(logits.dtype).tiny)
    span = min(float(logits.max()) - float(logits.min()), 35.0 - np.log(tiny))
    return (span + logits.size + 8) * eps


def assert_accurate(values, exact, bound, scales=None):
    """Compare with mpmath numbers, relative to these or to scales; underflow is no error."""
    values = np.atleast_1d(values)
    tiny = 2 * float(np.finfo(values.dtype).tiny)
    for value, number, scale in zip(values, exact, scales or exact, strict=True):
        error = abs(mpmath.mpf(float(value)) - number)
        assert error <= bound * abs(scale) + tiny, (value, mpmath.nstr(number, 20))
