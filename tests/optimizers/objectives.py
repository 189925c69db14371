"""Objectives that the solvers are tested on, and models of their Hessians."""

import numpy as np


def parabola(params):
    return 0.5 * float(np.sum(params**2)), params


class Quadratic:
    """J(W) = offset + sum over rows of (w - m)' A (w - m) / 2.

    The condition number of A is 100, before each parameter is scaled, on the space that its
    null directions leave.
    """

    def __init__(self, seed, n_params=4, n_null=0, log_scale=0.0, offset=0.0):
        rng = np.random.default_rng(seed)
        rotation, _ = np.linalg.qr(rng.normal(size=(n_params, n_params)))
        root = np.geomspace(0.1, 1.0, n_params)[n_null:, np.newaxis] * rotation[n_null:]
        scale = 10.0 ** np.linspace(-log_scale, log_scale, n_params)
        self.null = rotation[:n_null]
        self.curvature = (root * scale).T @ (root * scale)
        self.largest = np.linalg.eigvalsh(self.curvature)[-1]
        self.minimum = rng.normal(size=(2, n_params)) / scale
        self.start = rng.normal(size=(2, n_params)) / scale
        self.offset = offset

    def __call__(self, params):
        gradient = (params - self.minimum) @ self.curvature
        return self.offset + 0.5 * float(np.vdot(gradient, params - self.minimum)), gradient

    def hessian(self, params):
        return lambda direction: direction @ self.curvature

    def batches(self, n_batches=3):
        """Objectives whose mean is J: J plus linear terms that sum to zero."""
        slopes = np.random.default_rng(0).normal(size=(n_batches, *self.start.shape))
        slopes -= slopes.mean(axis=0)

        def tilted(slope, params):
            value, gradient = self(params)
            return value + float(np.vdot(slope, params)), gradient + slope

        return [lambda params, slope=slope: tilted(slope, params) for slope in slopes]


class LogSumExp:
    """J(W) = log sum_k exp(a_k . w + b_k) + ridge / 2 (w - c)' (w - c)."""

    ridge = 0.1

    def __init__(self, seed, shape=(2, 3), n_terms=6, scale=2.0):
        rng = np.random.default_rng(seed)
        self.slopes = scale * rng.normal(size=(n_terms, *shape))
        self.offsets = rng.normal(size=n_terms)
        self.centre, self.start = rng.normal(size=(2, *shape))

    def probabilities(self, params):
        scores = np.tensordot(self.slopes, params, 2) + self.offsets
        exponentials = np.exp(scores - scores.max())
        return scores.max() + np.log(exponentials.sum()), exponentials / exponentials.sum()

    def __call__(self, params):
        value, p = self.probabilities(params)
        away = params - self.centre
        gradient = np.tensordot(p, self.slopes, 1) + self.ridge * away
        return float(value + 0.5 * self.ridge * np.sum(away**2)), gradient

    def hessian(self, params):
        _, p = self.probabilities(params)

        def product(direction):
            changes = np.tensordot(self.slopes, direction, 2)
            changes = p * (changes - p @ changes)
            return np.tensordot(changes, self.slopes, 1) + self.ridge * direction

        return product


class Barrier:
    """J(W) = sum of w - log w, with a given value (NaN or infinity) where w is not positive."""

    def __init__(self, outside):
        self.outside = outside

    def __call__(self, params):
        if (params <= 0.0).any():
            return self.outside, np.full_like(params, self.outside)
        return float(np.sum(params - np.log(params))), 1.0 - 1.0 / params

    def hessian(self, params):
        return lambda direction: direction / params**2


class Quartic:
    """J(W) = sum of w ** 4."""

    def __call__(self, params):
        return float(np.sum(params**4)), 4.0 * params**3

    def hessian(self, params):
        return lambda direction: 12.0 * params**2 * direction


class Smooth:
    """The objective of a given function and a given Hessian."""

    def __init__(self, function, hessian=None):
        self.function, self.hessian = function, hessian

    def __call__(self, params):
        return self.function(params)


def random_matrix(seed, n_params):
    """A positive definite matrix of condition number up to about a hundred."""
    root = np.random.default_rng(seed).normal(size=(n_params, n_params))
    return root @ root.T + n_params / 10 * np.eye(n_params)


def solving_with(matrix):
    """Multiply rows by the inverse of a matrix."""
    return lambda rows: np.linalg.solve(matrix, rows.T).T


def fixed(matrix):
    """Return the preconditioner of a matrix."""
    return lambda params, current: solving_with(matrix)
