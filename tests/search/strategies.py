"""Hypothesis strategies shared by the tests."""

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from tests.linear.strategies import LinearProblem, linear_problems
from tests.losses.strategies import sample_weights_of


class CandidateProblem(NamedTuple):
    """A linear problem's samples, shared by candidates of several folds, and where to evaluate."""

    problem: LinearProblem
    train_weights: np.ndarray
    test_weights: np.ndarray
    folds: np.ndarray
    alphas: np.ndarray
    params: np.ndarray


@st.composite
def candidate_problems(draw, magnitude=3.0, **settings):
    """Candidates whose folds overlap in any way: each has its own weights, many of them zero."""
    problem = draw(linear_problems(**settings))
    n_folds, n_candidates = draw(st.integers(1, 3)), draw(st.integers(1, 5))
    train, test = (
        np.array([draw(sample_weights_of(len(problem.X))) for _ in range(n_folds)])
        for _ in range(2)
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return CandidateProblem(
        problem=problem,
        train_weights=train,
        test_weights=test,
        folds=rng.integers(0, n_folds, n_candidates),
        alphas=rng.uniform(0.01, 3.0, n_candidates),
        params=magnitude * rng.normal(size=(n_candidates, *problem.params.shape)),
    )
