import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skxent.linear._preconditioner import Preconditioner


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
