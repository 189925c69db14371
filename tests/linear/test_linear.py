import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skxent.linear._curvature import curvature_bound
from skxent.linear._preconditioner import CurvatureModel
from tests.linear import strategies
from tests.linear.objectives import (
    changed,
    in_blocks,
    kinds_of_csr,
    objective_of,
    some_objective,
    some_params,
    sparse_problem_of,
)

seeds = st.integers(0, 2**32 - 1)


@given(strategies.linear_problems(max_features=2))
@settings(max_examples=20)
def test_nothing_is_written_to(problem):
    objective = objective_of(problem)
    direction = np.ones_like(problem.params)
    compressed = sparse.csr_array(problem.X)
    arrays = [
        objective.samples.X,
        objective.samples.targets,
        objective.samples.weights,
        problem.params,
        direction,
    ]
    arrays += [compressed.data, compressed.indices, compressed.indptr]
    copies = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    for subject in (objective, changed(objective, X=compressed)):
        results = [subject(problem.params)[1], subject.hessian(problem.params)(direction)]
        solve = CurvatureModel(subject)(problem.params)
        results += [solve(direction), solve.factor]
        CurvatureModel(subject)(problem.params, solve)
        subject.loss_and_accuracy(problem.params)
        curvature_bound(subject, 1)
        subject.take(np.array([0, 1]))(problem.params)
        for result in results:
            assert not any(np.shares_memory(result, array) for array in arrays)
    for array, copy in zip(arrays, copies, strict=True):
        assert_array_equal(array, copy)


@given(strategies.linear_problems(dtype=np.float32))
def test_float32_samples_give_what_their_values_give_in_float64(problem):
    objective = objective_of(problem)
    exact = changed(objective, X=problem.X.astype(np.float64))
    params = problem.params.astype(np.float32).astype(np.float64)
    direction = np.ones_like(params)
    value, gradient = objective(params)
    expected, slopes = exact(params)
    product = objective.hessian(params)(direction)
    scale = (1.0 + np.abs(problem.X).max()) * (1.0 + np.abs(params).max())
    assert gradient.dtype == product.dtype == np.float64
    assert_allclose(value, expected, rtol=1e-5, atol=1e-6 * scale)
    assert_allclose(gradient, slopes, rtol=1e-5, atol=1e-6 * scale * (1.0 + scale))
    bends = exact.hessian(params)(direction)
    assert_allclose(product, bends, rtol=1e-5, atol=1e-6 * scale * (1.0 + scale) ** 2)
    assert_allclose(curvature_bound(objective), curvature_bound(exact), rtol=1e-12)
    assert_allclose(curvature_bound(objective, 1), curvature_bound(exact, 1), rtol=1e-6)


def in_fortran_order(X, path):
    return np.asfortranarray(X)


def memory_mapped(X, path):
    np.save(path / "X.npy", X)
    return np.load(path / "X.npy", mmap_mode="r")


@in_blocks
@pytest.mark.parametrize("stored", [in_fortran_order, memory_mapped])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_way_that_samples_are_stored_does_not_matter(n_classes, stored, tmp_path, block_bytes):
    objective = some_objective(n_classes, block_bytes=block_bytes)
    other = changed(objective, X=stored(objective.samples.X, tmp_path))
    params = some_params(objective)
    (value, gradient), (same, close) = objective(params), other(params)
    assert_allclose(same, value, rtol=1e-14)
    assert_allclose(close, gradient, rtol=1e-13, atol=1e-15)
    product, close = objective.hessian(params)(params), other.hessian(params)(params)
    assert_allclose(close, product, rtol=1e-13, atol=1e-15)
    solved, close = CurvatureModel(objective)(params)(params), CurvatureModel(other)(params)(params)
    assert_allclose(close, solved, rtol=1e-12)
    assert_allclose(curvature_bound(other, 7), curvature_bound(objective, 7), rtol=1e-13)
    assert_allclose(other.loss_and_accuracy(params), objective.loss_and_accuracy(params), 1e-13)


@kinds_of_csr
@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_million_sparse_features_are_never_made_dense(n_classes, kind, monkeypatch):
    def refuse(self, *args, **kwargs):
        raise AssertionError("made dense")

    # All that is not zero lies in a few columns, so that a small dense problem is the same.
    rng = np.random.default_rng(0)
    columns = np.sort(rng.choice(1_000_000, 20, replace=False))
    dense = sparse_problem_of(rng, n_classes, n_samples=2000, n_features=20)
    row, column = np.nonzero(dense.samples.X)
    entries = dense.samples.X[row, column], (row, columns[column])
    wide = changed(dense, X=kind(entries, shape=(2000, 1_000_000)))
    for base in (sparse.csr_array, sparse.csr_matrix, sparse.csc_array, sparse.csc_matrix):
        monkeypatch.setattr(base, "toarray", refuse)
        monkeypatch.setattr(base, "todense", refuse)
    places = np.append(columns, 1_000_000)
    params = some_params(dense)
    wide_params = np.zeros(wide.shape)
    wide_params[:, places] = params
    value, gradient = wide(wide_params)
    expected, slopes = dense(params)
    assert_allclose(value, expected, rtol=1e-12)
    assert_allclose(gradient[:, places], slopes, rtol=1e-12, atol=1e-15)
    assert_array_equal(np.delete(gradient, places, axis=1), 0.0)
    product = wide.hessian(wide_params)(wide_params)
    assert_allclose(product[:, places], dense.hessian(params)(params), rtol=1e-12, atol=1e-15)
    # The larger one comes from an iteration that ends within a thousandth, above.
    ratio = curvature_bound(wide, 10) / curvature_bound(dense, 10)
    assert 1.0 - 1e-12 <= ratio <= 1.005
    assert np.isfinite(CurvatureModel(wide)(wide_params)(gradient)).all()
