import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import sparse

from skxent.linear._curvature import curvature_bound, safe_rate
from skxent.optimizers import descend, gradient_descent
from tests.linear import oracles, strategies
from tests.linear.objectives import (
    changed,
    gram,
    in_blocks,
    kinds_of_csr,
    make_objective,
    objective_of,
    some_objective,
    sparse_problem_of,
    weights_of,
)

seeds = st.integers(0, 2**32 - 1)


# Bounds


small_problems = strategies.linear_problems(max_features=2, n_classes=2)


@given(small_problems)
def test_no_hessian_exceeds_the_curvature_bound(problem):
    hessian = oracles.linear_hessian(problem.params, problem.X, problem.targets, **problem.terms)
    largest = np.linalg.eigvalsh(hessian)[-1]
    assert largest <= curvature_bound(objective_of(problem)) * (1.0 + 1e-12)


@given(strategies.linear_problems(log_scales=(-3, 3)))
def test_curvature_bound_by_iteration_is_that_of_the_matrix_or_just_above(problem):
    assume(problem.params.shape[1] > 2)  # fewer are too few for an iteration
    objective = objective_of(problem)
    exact = curvature_bound(objective)
    bound = curvature_bound(objective, max_dense=2)
    assert exact * (1.0 - 1e-12) <= bound <= 1.005 * exact


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array, sparse.csr_matrix])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_curvature_bound_by_iteration_is_not_below_one_of_many_near_eigenvalues(seed, kind):
    X = np.random.default_rng(seed).normal(size=(300, 200))
    exact = curvature_bound(some_objective(3, 300, X=X))
    bound = curvature_bound(some_objective(3, 300, X=kind(X)), max_dense=2)
    assert exact * (1.0 - 1e-12) <= bound <= 1.005 * exact


@in_blocks
@pytest.mark.parametrize("n_classes", [2, 3])
def test_curvature_bound_of_blocks_is_that_of_the_formula(n_classes, block_bytes):
    objective = some_objective(n_classes, block_bytes=block_bytes)
    largest = np.linalg.eigvalsh(gram(objective))[-1]
    cap = 0.25 if n_classes == 2 else 0.5
    assert_allclose(curvature_bound(objective), cap * largest + 0.1, rtol=1e-13)


@in_blocks
@kinds_of_csr
@pytest.mark.parametrize("max_dense", [512, 2])
@pytest.mark.parametrize("batch_size", [None, 1, 7, 500])
def test_csr_has_the_curvature_bound_of_dense(kind, batch_size, max_dense, block_bytes):
    dense = sparse_problem_of(np.random.default_rng(0), 3)
    compressed = changed(dense, X=kind(dense.samples.X), block_bytes=block_bytes)
    bound = curvature_bound(compressed, batch_size, max_dense=max_dense)
    expected = curvature_bound(dense, batch_size, max_dense=max_dense)
    assert_allclose(bound, expected, rtol=1e-12)


@given(strategies.linear_problems(), st.floats(0.1, 10.0))
def test_total_weight_divides_the_curvature_of_the_loss_but_not_of_the_penalty(problem, factor):
    objective = objective_of(problem)
    other = changed(objective, total_weight=factor * objective.samples.weights.sum())
    bound = (curvature_bound(objective) - problem.alpha) / factor + problem.alpha
    assert_allclose(curvature_bound(other), bound, rtol=1e-12)


@given(strategies.linear_problems(), st.sampled_from([1e-200, 1e-30, 1e30, 1e200]))
def test_scale_of_the_weights_does_not_matter(problem, factor):
    # Also in float32, which could hold no such weight.
    for dtype, rtol in ((np.float64, 1e-12), (np.float32, 1e-5)):
        objective = objective_of(problem, X=problem.X.astype(dtype))
        scaled = changed(objective, weights=factor * objective.samples.weights)
        assert_allclose(curvature_bound(scaled), curvature_bound(objective), rtol=rtol)


@pytest.mark.parametrize("n_features", [600, 3])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array, sparse.csr_matrix])
def test_curvature_bound_of_nothing_is_the_penalty(kind, n_features):
    X = kind(np.zeros((3, n_features)))
    objective = make_objective(X, np.array([0, 1, 1]), np.ones(3), 2, 0.25, False)
    assert curvature_bound(objective) == 0.25
    assert curvature_bound(objective, 2) == 0.25


@given(strategies.linear_problems(), st.integers(1, 13))
def test_curvature_bound_of_batches_is_the_expected_smoothness(problem, b):
    objective = objective_of(problem)
    n, weights = len(problem.X), weights_of(problem)
    cap = 0.25 if problem.n_classes == 2 else 0.5
    single = max(
        cap * n * w / sum(weights) * (sum(v * v for v in x) + problem.fit_intercept) + problem.alpha
        for w, x in zip(weights, problem.X.tolist(), strict=True)
    )
    whole = cap * np.linalg.eigvalsh(gram(objective))[-1] + problem.alpha
    expected = whole
    if b < n:
        expected = n * (b - 1) / (b * (n - 1)) * whole + (n - b) / (b * (n - 1)) * single
    assert_allclose(curvature_bound(objective, b), expected, rtol=1e-12)


@given(seeds, st.integers(1, 3), st.booleans())
def test_curvature_bound_of_two_classes_is_attained_at_zero(seed, n_features, fit_intercept):
    # There sigma' is 1/4 for every sample.
    rng = np.random.default_rng(seed)
    X, labels = rng.normal(size=(6, n_features)), np.array([0, 1] * 3)
    objective = make_objective(X, labels, np.ones(6), 2, 0.0, fit_intercept)
    hessian = oracles.linear_hessian(
        np.zeros(objective.shape), X, labels, n_classes=2, fit_intercept=fit_intercept
    )
    assert_allclose(curvature_bound(objective), np.linalg.eigvalsh(hessian)[-1], rtol=1e-13)


@given(seeds, st.booleans())
def test_curvature_bound_of_many_classes_is_attained_by_two_rivals(seed, fit_intercept):
    # diag(p) - p p' has the eigenvalue 1/2 where p is 1/2 for two of the classes.
    rng = np.random.default_rng(seed)
    X, labels = np.abs(rng.normal(size=(4, 1))) + 0.1, np.array([0, 1, 2, 0])
    objective = make_objective(X, labels, np.ones(4), 3, 0.0, fit_intercept)
    params = np.zeros(objective.shape)
    params[2, 0] = -2000.0
    hessian = oracles.linear_hessian(params, X, labels, n_classes=3, fit_intercept=fit_intercept)
    assert_allclose(curvature_bound(objective), np.linalg.eigvalsh(hessian)[-1], rtol=1e-13)


@given(seeds, st.integers(2, 3), st.booleans())
def test_wide_samples_have_the_curvature_bound_of_the_formula(seed, n_classes, fit_intercept):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_classes, 7)) * 10.0 ** rng.uniform(-2, 2, 7)
    weights = rng.uniform(0.1, 3.0, n_classes)
    objective = make_objective(X, np.arange(n_classes), weights, n_classes, 0.5, fit_intercept)
    largest = np.linalg.eigvalsh(gram(objective))[-1]
    cap = 0.25 if n_classes == 2 else 0.5
    assert_allclose(curvature_bound(objective), cap * largest + 0.5, rtol=1e-12)
    # Samples of weight zero change no eigenvalue.
    tall = changed(
        objective,
        X=np.vstack([X, np.ones((10, 7))]),
        targets=np.zeros(n_classes + 10, dtype=int),
        weights=np.append(weights, np.zeros(10)),
    )
    assert_allclose(curvature_bound(tall), curvature_bound(objective), rtol=1e-12)


# Safe rates


def bound_by_hand(objective, batch_size=None):
    """Bound on the curvature of J, or expected smoothness of batches, by the formulas."""
    n, c = len(objective.samples.X), 0.25 if objective.samples.n_classes == 2 else 0.5
    shares = [w / sum(objective.samples.weights) for w in objective.samples.weights]
    rows = [np.append(x, [1.0] * objective.fit_intercept) for x in objective.samples.X]
    gram = sum(share * np.outer(x, x) for share, x in zip(shares, rows, strict=True))
    whole = c * np.linalg.norm(gram, 2) + objective.alpha
    if batch_size is None:
        return whole
    single = max(c * n * share * (x @ x) for share, x in zip(shares, rows, strict=True))
    single += objective.alpha
    b = min(batch_size, n)
    return n * (b - 1) / (b * (n - 1)) * whole + (n - b) / (b * (n - 1)) * single


@given(strategies.linear_problems(), st.floats(0.0, 0.99))
def test_safe_rate_of_gd_is_the_inverse_curvature(problem, momentum):
    objective = objective_of(problem)
    rate = safe_rate(objective, "gd", momentum, 4)
    assert_allclose(rate, 1.0 / bound_by_hand(objective), rtol=1e-10)


@given(strategies.linear_problems(), st.floats(0.0, 0.99), st.integers(1, 15))
def test_safe_rate_of_sgd_knows_momentum_and_batches(problem, momentum, batch_size):
    objective = objective_of(problem)
    rate = safe_rate(objective, "sgd", momentum, batch_size)
    expected = (1.0 - momentum) / (2.0 * bound_by_hand(objective, batch_size))
    assert_allclose(rate, expected, rtol=1e-10)


@given(strategies.linear_problems(log_scales=(-3, 3)))
def test_safe_rate_of_adam_knows_nothing_of_the_objective(problem):
    assert safe_rate(objective_of(problem), "adam", 0.9, 4) == 0.001


@pytest.mark.parametrize("solver", ["gd", "sgd"])
def test_safe_rate_is_positive_where_nothing_can_be_descended(solver):
    objective = make_objective(
        np.zeros((4, 2)), np.array([0, 1, 0, 1]), np.ones(4), 2, alpha=0.0, fit_intercept=False
    )
    assert safe_rate(objective, solver, 0.9, 2) == 1.0


@given(strategies.linear_problems(), seeds)
@settings(max_examples=25)
def test_safe_rate_descends_at_every_step(problem, seed):
    objective = objective_of(problem)
    rate = safe_rate(objective, "gd", 0.0, None)
    start = np.random.default_rng(seed).normal(size=objective.shape)
    rule = gradient_descent(momentum=0.0)
    solution = descend(objective, start, rule, learning_rate=rate, max_iter=50, tol=0.0)
    assert (np.diff(solution.values) <= 1e-14 * solution.values[0]).all()
