"""Independent ways to the same numbers: plain loops, mpmath, complex steps.

Nothing here imports skxent, so that no oracle can share a mistake with what it
checks.
"""

import cmath

import mpmath
import numpy as np

from tests.losses.oracles import (
    complex_step_gradient,
    cross_entropy_term,
    distribution_of,
    smoothed,
)


def linear_objective(
    params,
    X,
    labels,
    *,
    n_classes,
    alpha=0.0,
    sample_weight=None,
    class_weight=None,
    label_smoothing=0.0,
    fit_intercept=True,
    exp=cmath.exp,
    log=cmath.log,
):
    """J of the design, by loops: params has the intercept as its last column, if any.

    Two classes have one row of params, whose logit stands against zero. The numbers in params
    may be real, complex or mpmath's. Labels may be distributions, too: each of them has the
    expected class weight.
    """
    params = [list(row) for row in params]
    total = total_weight = 0.0
    for i, label in enumerate(labels):
        x = [float(value) for value in X[i]] + [1.0] * fit_intercept
        logits = [sum(w * value for w, value in zip(row, x, strict=True)) for row in params]
        if n_classes == 2:
            logits = [0 * logits[0], *logits]
        target = distribution_of(label, n_classes)
        weight = 1.0 if sample_weight is None else float(sample_weight[i])
        if class_weight is not None:
            weight *= sum(t * class_weight[k] for k, t in enumerate(target))
        target = smoothed(target, label_smoothing)
        total += weight * cross_entropy_term(logits, target, exp, log)
        total_weight += weight
    n_features = len(X[0])
    squares = sum(w * w for row in params for w in row[:n_features])
    return total / total_weight + alpha / 2 * squares


def linear_gradient(params, X, labels, **terms):
    return complex_step_gradient(
        lambda moved: linear_objective(moved.tolist(), X, labels, **terms),
        np.asarray(params, dtype=np.float64),
    )


def exact_linear_objective(params, X, labels, **terms):
    """J as a float that is right to its last digit, also where it is tiny."""
    with mpmath.workdps(60):
        rows = [[mpmath.mpf(value) for value in row] for row in np.asarray(params).tolist()]
        exact = linear_objective(rows, X, labels, **terms, exp=mpmath.exp, log=mpmath.log)
    return float(exact)


def linear_hessian(params, X, labels, **terms):
    """Hessian of J over the entries of params: second differences with 80 digits."""
    flat = [float(value) for value in np.ravel(params)]
    width = np.shape(params)[1]
    with mpmath.workdps(80):
        step = mpmath.mpf(10) ** -25

        def at(*moved):
            values = [
                value + step * moved.count(i) for i, value in enumerate(map(mpmath.mpf, flat))
            ]
            rows = [values[i : i + width] for i in range(0, len(values), width)]
            return linear_objective(rows, X, labels, **terms, exp=mpmath.exp, log=mpmath.log)

        here, once = at(), [at(i) for i in range(len(flat))]
        hessian = np.empty((len(flat), len(flat)))
        for i in range(len(flat)):
            for j in range(i + 1):
                second = (at(i, j) - once[i] - once[j] + here) / step**2
                hessian[i, j] = hessian[j, i] = float(second)
    return hessian


def linear_slopes(
    params,
    X,
    labels,
    *,
    n_classes,
    alpha=0.0,
    sample_weight=None,
    class_weight=None,
    label_smoothing=0.0,
    fit_intercept=True,
    exp=cmath.exp,
):
    """Gradient of J by the textbook's formula (p - t) x + alpha w, as lists; see linear_objective.

    p - t loses the digits of a sure class: give it mpmath's numbers there.
    """
    params = [list(row) for row in params]
    gradient = [[0 * value for value in row] for row in params]
    total_weight = 0.0
    for i, label in enumerate(labels):
        x = [float(value) for value in X[i]] + [1.0] * fit_intercept
        logits = [sum(w * value for w, value in zip(row, x, strict=True)) for row in params]
        if n_classes == 2:
            logits = [0 * logits[0], *logits]
        target = distribution_of(label, n_classes)
        weight = 1.0 if sample_weight is None else float(sample_weight[i])
        if class_weight is not None:
            weight *= sum(t * class_weight[k] for k, t in enumerate(target))
        target = smoothed(target, label_smoothing)
        top = max(value.real for value in logits)
        exponentials = [exp(value - top) for value in logits]
        slopes = [e / sum(exponentials) - t for e, t in zip(exponentials, target, strict=True)]
        for row, slope in zip(gradient, slopes[n_classes == 2 :], strict=True):
            for j, value in enumerate(x):
                row[j] += weight * slope * value
        total_weight += weight
    for row, values in zip(gradient, params, strict=True):
        for j, value in enumerate(values):
            row[j] = row[j] / total_weight + (alpha * value if j < len(X[0]) else 0.0)
    return gradient


def exact_linear_gradient(params, X, labels, **terms):
    """Gradient of J, each entry right to its last digit."""
    with mpmath.workdps(100):
        rows = [[mpmath.mpf(value) for value in row] for row in np.asarray(params).tolist()]
        slopes = linear_slopes(rows, X, labels, **terms, exp=mpmath.exp)
        return np.array([[float(value) for value in row] for row in slopes])


def exact_linear_hessian_product(params, direction, X, labels, **terms):
    """Hessian of J times a direction: a complex step of the gradient, right to the last digit."""
    params, direction = np.asarray(params).tolist(), np.asarray(direction).tolist()
    with mpmath.workdps(100):
        step = mpmath.mpf(10) ** -50
        rows = [
            [mpmath.mpc(w, step * d) for w, d in zip(*pair, strict=True)]
            for pair in zip(params, direction, strict=True)
        ]
        slopes = linear_slopes(rows, X, labels, **terms, exp=mpmath.exp)
        return np.array([[float(value.imag / step) for value in row] for row in slopes])
