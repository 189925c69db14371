"""Objectives whose minimum is known."""

import numpy as np


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
