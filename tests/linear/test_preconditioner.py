import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skxent.linear._preconditioner import CurvatureModel, Preconditioner
from skxent.optimizers import newton_cg
from tests.linear import strategies
from tests.linear.objectives import (
    changed,
    gram,
    in_blocks,
    kinds_of_csr,
    make_objective,
    objective_of,
    some_objective,
    some_params,
    sparse_problem_of,
    with_ones,
)

seeds = st.integers(0, 2**32 - 1)


# The inverse of a matrix


@st.composite
def systems(draw, log_scales=(-6, 6)):
    """A Gram matrix of columns of many scales, penalties of which some are zero, and rows."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_params = draw(st.integers(1, 6))
    columns = rng.normal(size=(n_params + 20, n_params)) * 10.0 ** rng.uniform(
        *log_scales, n_params
    )
    penalties = rng.uniform(0.0, 2.0, n_params) * (rng.uniform(size=n_params) < 0.7)
    return columns.T @ columns, penalties, rng.normal(size=(draw(st.integers(1, 4)), n_params))


@given(systems(log_scales=(-1, 1)))
def test_it_solves_with_the_matrix_and_its_penalties(system):
    matrix, penalties, rows = system
    solved = Preconditioner.from_matrix(matrix, penalties, 1.0)(rows)
    expected = np.linalg.solve(matrix + np.diag(penalties), rows.T).T
    # The columns are independent, with a condition below 1e5; the ridge is 1e-12.
    assert_allclose(solved, expected, rtol=1e-6, atol=1e-9 * np.abs(expected).max())


@given(systems())
def test_ridge_is_a_share_of_each_diagonal_entry(system):
    matrix, penalties, _ = system
    factor = Preconditioner.from_matrix(matrix, penalties, 1.0).factor
    assert_array_equal(np.triu(factor, 1), 0.0)
    assert (np.diag(factor) > 0.0).all()
    expected = matrix + np.diag(penalties)
    scale = np.sqrt(np.diag(expected))
    error = (factor @ factor.T - expected) / np.outer(scale, scale)
    assert np.abs(error).max() <= 2e-12


@given(systems(), st.integers(0, 2**32 - 1))
def test_rescaled_parameters_are_solved_for_alike(system, seed):
    # Powers of two round nothing.
    matrix, _, rows = system
    scales = 2.0 ** np.random.default_rng(seed).integers(-30, 30, len(matrix))
    without = np.zeros(len(matrix))
    solved = Preconditioner.from_matrix(matrix, without, 1.0)(rows)
    rescaled = Preconditioner.from_matrix(matrix * np.outer(scales, scales), without, 1.0)
    assert_allclose(rescaled(rows * scales) * scales, solved, rtol=1e-10)


@given(systems())
def test_its_inverse_is_symmetric_and_positive_definite(system):
    matrix, penalties, rows = system
    solved = Preconditioner.from_matrix(matrix, penalties, 1.0)(rows)
    assert (np.sum(solved * rows, axis=1) > 0.0).all()
    across = rows @ solved.T
    scale = np.sqrt(np.outer(np.diag(across), np.diag(across)))
    assert (np.abs(across - across.T) <= 1e-9 * scale).all()


@pytest.mark.parametrize("log_scale", [-100, -8, 0, 8, 100])
@pytest.mark.parametrize("n_copies", [2, 10, 300])
def test_dependent_columns_stay_finite(n_copies, log_scale):
    rng = np.random.default_rng(0)
    independent = rng.normal(size=(50, 3)) + 1000.0
    columns = [independent, independent @ rng.normal(size=(3, n_copies)), np.zeros((50, 1))]
    columns = np.column_stack(columns) * 10.0**log_scale
    matrix = columns.T @ columns
    solve = Preconditioner.from_matrix(matrix, np.zeros(len(matrix)), 1.0)
    row = rng.normal(size=(1, 50)) @ columns
    solved = solve(row)
    assert np.isfinite(solved).all()
    assert np.vdot(solved, row) > 0.0
    # What is in the range of the matrix is solved for, up to the ridge's share.
    assert_allclose(solved @ matrix, row, atol=1e-3 * np.abs(row).max())


def test_a_column_of_zeros_does_not_disturb_the_others():
    matrix = np.diag([4.0, 0.0, 9.0])
    solved = Preconditioner.from_matrix(matrix, np.zeros(3), 1.0)(np.array([[4.0, 0.0, 9.0]]))
    assert_allclose(solved, [[1.0, 0.0, 1.0]], rtol=1e-11)


def test_a_diagonal_is_divided_by_and_its_zeros_are_ones():
    solve = Preconditioner.from_diagonal(np.array([4.0, 0.0, 1e-300]), 0.5)
    assert_array_equal(solve(np.array([[8.0, 3.0, 1e-300]])), [[2.0, 3.0, 1.0]])
    assert solve.mean_curvature == 0.5


@given(systems(log_scales=(-1, 1)))
def test_a_diagonal_is_a_matrix_without_products(system):
    matrix, penalties, rows = system
    diagonal = np.diag(matrix) + penalties
    solved = Preconditioner.from_diagonal(diagonal, 1.0)(rows)
    whole = Preconditioner.from_matrix(np.diag(np.diag(matrix)), penalties, 1.0)
    assert_allclose(solved, whole(rows), rtol=1e-11)


def test_nothing_is_written_to():
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(9, 4))
    arrays = [columns.T @ columns, rng.uniform(size=4), rng.normal(size=(2, 4)), np.arange(4.0)]
    copies = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    matrix, penalties, rows, diagonal = arrays
    of_matrix = Preconditioner.from_matrix(matrix, penalties, 1.0)
    of_diagonal = Preconditioner.from_diagonal(diagonal, 1.0)
    for solve in (of_matrix, of_diagonal):
        for result in (solve(rows), solve.factor):
            assert not any(np.shares_memory(result, array) for array in arrays)
    for array, copy in zip(arrays, copies, strict=True):
        assert_array_equal(array, copy)


# The model of the curvature


def mean_curvatures(objective, params):
    """Mean of the Hessian's eigenvalues in the logits over the directions in which it curves."""
    logits = with_ones(objective) @ params.T
    if objective.samples.n_classes == 2:
        logits = np.column_stack([np.zeros(len(logits)), logits])
    means = []
    for row in np.exp(logits - logits.max(axis=1, keepdims=True)):
        p = row / row.sum()
        if objective.samples.n_classes == 2:  # one logit, of which this is the only eigenvalue
            means.append(p[0] * p[1])
        else:  # zero along what all classes share
            hessian = np.diag(p) - np.outer(p, p)
            means.append(np.linalg.eigvalsh(hessian)[1:].mean())
    return np.array(means)


def model_of(objective, params):
    """M, by its formula."""
    penalties = np.zeros(objective.shape[1])
    penalties[: objective.samples.X.shape[1]] = objective.alpha
    return gram(objective, mean_curvatures(objective, params)) + np.diag(penalties)


@given(strategies.linear_problems(), seeds)
def test_preconditioner_is_the_inverse_of_the_stated_matrix(problem, seed):
    objective = objective_of(problem)
    params = 0.1 * problem.params
    # The formula knows nothing of the 1e-10 that h has beside it.
    assume(mean_curvatures(objective, params).min() > 1e-4)
    model = model_of(objective, params)
    rows = np.random.default_rng(seed).normal(size=params.shape)
    solved = CurvatureModel(objective)(params)(rows @ model)
    # In units in which the diagonal is one, as M itself may be hard to solve with.
    scale = np.sqrt(np.diag(model))
    bound = 1e-6 * np.linalg.cond(model / np.outer(scale, scale)) * np.abs(rows * scale).max()
    assert (np.abs(solved - rows) * scale).max() <= bound


@in_blocks
@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_preconditioner_solves_with_the_stated_matrix(n_classes, block_bytes):
    objective = some_objective(n_classes, block_bytes=block_bytes)
    params = some_params(objective)
    rows = some_params(objective, 1)
    expected = np.linalg.solve(model_of(objective, params), rows.T).T
    # 1e-10 in h and the ridge of 1e-12 are no part of the formula.
    assert_allclose(CurvatureModel(objective)(params)(rows), expected, rtol=1e-7)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_preconditioner_is_kept_until_the_curvature_has_changed_by_a_half(n_classes):
    objective = some_objective(n_classes)
    zeros = np.zeros(objective.shape)
    direction = some_params(objective)
    first = CurvatureModel(objective)(zeros)
    is_kept = []
    for length in np.linspace(0.0, 8.0, 20):
        params = length * direction
        ratio = np.average(mean_curvatures(objective, zeros), weights=objective.samples.weights)
        ratio /= np.average(mean_curvatures(objective, params), weights=objective.samples.weights)
        is_kept.append(ratio < 1.5)
        assert (CurvatureModel(objective)(params, first) is first) == is_kept[-1]
        later = CurvatureModel(objective)(params)
        assert (CurvatureModel(objective)(zeros, later) is later) == is_kept[-1]
    assert True in is_kept
    assert False in is_kept


def test_a_preconditioner_of_more_curvature_is_not_the_old_one():
    objective = some_objective(3)
    params = 5.0 * some_params(objective)
    first = CurvatureModel(objective)(np.zeros(objective.shape))
    second = CurvatureModel(objective)(params, first)
    rows = some_params(objective, 1)
    assert_array_equal(second(rows), CurvatureModel(objective)(params)(rows))
    assert not np.allclose(second(rows), first(rows), rtol=0.1)


def sampling(objective):
    """The model of the fewest samples that there may be, which are 2048."""
    return CurvatureModel(objective, gram_size=0, cheap_products=0)


@pytest.fixture
def sampled():
    """An objective of which a preconditioner sees about half, and not the row of a rare column."""
    X = np.random.default_rng(0).normal(size=(4200, 5))
    X[:, 3] = 0.0
    objective = some_objective(3, n_samples=4200, X=X, alpha=0.0)
    rare = np.setdiff1d(X[:, 0], sampling(objective).sample.samples.X[:, 0])[0]
    X[X[:, 0] == rare, 3] = 3.0
    objective = changed(objective, X=X)
    drawn = sampling(objective).sample.samples.X
    assert drawn.shape == (2048, 5)
    assert not drawn[:, 3].any()
    return objective


def test_sampled_preconditioner_is_definite_and_near_the_whole_one(sampled):
    params = 0.3 * some_params(sampled)
    solve = sampling(sampled)(params)
    inverse = solve(np.eye(6))
    assert_allclose(inverse, inverse.T, rtol=1e-10, atol=1e-12 * np.abs(inverse).max())
    assert np.linalg.eigvalsh((inverse + inverse.T) / 2)[0] > 0.0
    # The eigenvalues of M^-1 times the matrix of all samples would be one for a whole M. Of half
    # of the samples they differ by a few times 1/sqrt(2048); along the rare column, for which a
    # hundredth of its variance stands in, by 100 times as much as the row's h from the mean.
    values = np.sort(np.linalg.eigvals(inverse @ model_of(sampled, params)).real)
    assert 0.8 <= values[0] <= values[-2] <= 1.2
    assert values[-1] <= 300.0


def test_sampled_preconditioner_sees_no_sample_without_weight(sampled):
    weights = sampled.samples.weights.copy()
    weights[::3] = 0.0
    X = sampled.samples.X.copy()
    X[::3] = 1e6
    params = 0.3 * some_params(sampled)
    light = changed(sampled, X=X, weights=weights)
    drawn = sampling(light).sample.samples
    assert len(drawn) == 2048
    assert drawn.weights.all()
    assert np.abs(drawn.X).max() < 1e6
    heavy = weights > 0.0
    kept = changed(light, X=X[heavy], targets=light.samples.targets[heavy], weights=weights[heavy])
    rows = some_params(sampled, 1)
    solved = sampling(light)(params)(rows)
    assert_allclose(solved, sampling(kept)(params)(rows), rtol=1e-10)


def test_same_samples_are_drawn_each_time(sampled):
    params, rows = some_params(sampled), some_params(sampled, 1)
    first = sampling(sampled)(params)(rows)
    assert_array_equal(sampling(changed(sampled))(params)(rows), first)


@in_blocks
@kinds_of_csr
@pytest.mark.parametrize("n_classes", [2, 3])
def test_preconditioner_of_few_sparse_features_is_that_of_dense_ones(n_classes, kind, block_bytes):
    dense = sparse_problem_of(np.random.default_rng(0), n_classes)
    params, rows = some_params(dense), some_params(dense, 1)
    compressed = changed(dense, X=kind(dense.samples.X), block_bytes=block_bytes)
    solved = CurvatureModel(compressed)(params)(rows)
    assert_allclose(solved, CurvatureModel(dense)(params)(rows), rtol=1e-10)


@kinds_of_csr
def test_sampled_preconditioner_of_sparse_features_is_that_of_dense_ones(sampled, kind):
    params, rows = 0.3 * some_params(sampled), some_params(sampled, 1)
    solved = sampling(changed(sampled, X=kind(sampled.samples.X)))(params)(rows)
    assert_allclose(solved, sampling(sampled)(params)(rows), rtol=1e-10)


def check_diagonal(model, dense, scales):
    """M is a multiple of the stated diagonal, and no curvature of the mean h is above it."""
    params = some_params(dense)
    level = np.average(mean_curvatures(dense, params), weights=dense.samples.weights)
    diagonal = level * np.append(scales, 1.0)
    diagonal[:-1] += dense.alpha
    solve = model(params)
    assert solve.factor.ndim == 1
    multiples = 1.0 / (solve(np.ones(dense.shape)) * diagonal)
    # The 1e-10 that h has beside the formula is less than this.
    assert_allclose(multiples, multiples[0, 0], rtol=1e-7)
    assert multiples.min() >= 1.0 - 1e-7
    above = np.diag(multiples[0] * diagonal) - level * gram(dense)
    assert np.linalg.eigvalsh(above)[0] >= -1e-7 * diagonal.max()


@in_blocks
@kinds_of_csr
@pytest.mark.parametrize("n_classes", [2, 3])
def test_preconditioner_of_many_sparse_features_is_the_stated_diagonal(
    n_classes, kind, block_bytes
):
    dense = sparse_problem_of(np.random.default_rng(0), n_classes)
    weights = dense.samples.weights.tolist()
    squares, shares = [], []
    for column in dense.samples.X.T.tolist():
        inside = [(w, v) for w, v in zip(weights, column, strict=True) if v != 0.0]
        of_column = sum(w for w, _ in inside)
        squares.append(sum(w * v * v for w, v in inside) / of_column if inside else 0.0)
        shares.append(of_column / sum(weights))
    compressed = changed(dense, X=kind(dense.samples.X), block_bytes=block_bytes)
    model = CurvatureModel(compressed, max_sparse_gram=3)
    check_diagonal(model, dense, np.mean(shares) * np.array(squares))


@in_blocks
@pytest.mark.parametrize("n_classes", [2, 3])
def test_preconditioner_of_many_features_is_the_stated_diagonal(n_classes, block_bytes):
    objective = some_objective(n_classes, block_bytes=block_bytes)
    scales = np.diag(gram(objective))[:-1]
    check_diagonal(CurvatureModel(objective, max_gram=3), objective, scales)


@kinds_of_csr
@pytest.mark.parametrize("max_gram", [512, 3])
def test_a_feature_that_is_always_zero_leaves_it_finite(kind, max_gram):
    dense = sparse_problem_of(np.random.default_rng(0), 3)
    objective = changed(dense, X=kind(dense.samples.X), alpha=0.0)
    params = some_params(dense)
    assert not objective(params)[1][:, 2].any()
    solve = CurvatureModel(objective, max_sparse_gram=max_gram)(params)
    assert np.isfinite(solve(objective(params)[1])).all()


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_rescaled_features_rescale_every_iterate(n_classes, kind):
    # Powers of two round nothing, and without a penalty no scale is better than another.
    rng = np.random.default_rng(0)
    scales = 2.0 ** np.array([-20, 0, 13])
    objective = some_objective(n_classes, alpha=0.0, X=kind(rng.normal(size=(100, 3))))
    scaled = changed(objective, X=kind(objective.samples.X * scales))
    for n_iter in (1, 2, 3):
        found, other = (
            newton_cg(
                subject,
                np.zeros(subject.shape),
                max_iter=n_iter,
                tol=0.0,
                precondition=CurvatureModel(subject),
            ).params
            for subject in (objective, scaled)
        )
        assert np.abs(found).max() > 0.01
        assert_allclose(other * np.append(scales, 1.0), found, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("log_scale", [-8, 0, 8])
def test_preconditioner_of_dependent_columns_is_finite(n_classes, log_scale):
    rng = np.random.default_rng(0)
    independent = rng.normal(size=(50, 3)) + 1000.0
    columns = [independent, independent @ rng.normal(size=(3, 200)), np.zeros((50, 1))]
    X = np.column_stack([*columns, np.ones((50, 1))]) * 10.0**log_scale
    objective = make_objective(X, np.arange(50) % n_classes, np.ones(50), n_classes, 0.0, True)
    for params in (np.zeros(objective.shape), 1e-3 * some_params(objective)):
        solve = CurvatureModel(objective)(params)
        _, gradient = objective(params)
        solved = solve(gradient)
        assert np.isfinite(solved).all()
        assert np.vdot(solved, gradient) > 0.0
