import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skxent.linear._blocks import (
    add_gradient,
    average,
    cut,
    deviations,
    gram,
    logits,
    squared_norms,
    squares,
)
from tests.linear.objectives import N_BLOCKS, in_blocks, kinds_of_csr

every_kind = pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array, sparse.csr_matrix])


@in_blocks
@every_kind
def test_blocks_hold_each_row_once(kind, block_bytes):
    X = np.arange(300.0).reshape(100, 3) % 7
    blocks = cut(kind(X), 3, block_bytes)
    assert len(blocks) == N_BLOCKS[block_bytes]
    rows = np.concatenate([np.arange(100)[block] for block, _ in blocks])
    assert_array_equal(rows, np.arange(100))
    for block, part in blocks:
        assert type(part) is type(kind(X))
        assert_array_equal(part.toarray() if sparse.issparse(part) else part, X[block])


@in_blocks
def test_dense_blocks_are_views(block_bytes):
    X = np.ones((100, 3))
    assert all(np.shares_memory(part, X) for _, part in cut(X, 3, block_bytes))


@kinds_of_csr
def test_a_sparse_block_of_all_rows_is_a_view(kind):
    X = kind(np.ones((100, 3)))
    ((_, part),) = cut(X, 3, 1 << 25)
    assert np.shares_memory(part.data, X.data)
    assert np.shares_memory(part.indices, X.indices)


@given(st.integers(1, 5000), st.integers(1, 300), st.integers(1, 50))
@settings(max_examples=30)
def test_blocks_fit_the_cache_but_are_no_smaller_than_the_gradient(
    n_samples, n_features, n_outputs
):
    X = np.broadcast_to(0.0, (n_samples, n_features))
    for n_bytes in (1 << 16, 1 << 20):
        sizes = [part.shape[0] for _, part in cut(X, n_outputs, n_bytes)]
        # X, the logits, and what the losses make of these, in bytes a row.
        width = 8 * (n_features + 4 * n_outputs)
        most = min(max(n_bytes // 8, 8 * n_features * n_outputs), n_bytes)
        assert sizes[:-1] == [max(32, most // width)] * (len(sizes) - 1)
        assert 0 < sizes[-1] <= max(32, most // width)


def some_rows(kind, dtype=np.float64):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 4)) * (rng.uniform(size=(20, 4)) < 0.5)
    return X.astype(dtype), kind(X.astype(dtype))


@every_kind
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_params", [4, 5])
def test_products_are_those_of_the_matrix_with_ones(kind, dtype, n_params):
    dense, X = some_rows(kind, dtype)
    with_ones = np.column_stack([dense, np.ones(20)])[:, :n_params]
    rng = np.random.default_rng(1)
    params, slopes = rng.normal(size=(3, n_params)), rng.normal(size=(20, 3)).astype(dtype)
    rtol = 1e-5 if dtype == np.float32 else 1e-12
    found = logits(X, params)
    assert found.dtype == dtype
    assert found.flags.f_contiguous
    assert_allclose(found, with_ones @ params.T, rtol=rtol, atol=rtol)
    gradient = np.ones((3, n_params))
    add_gradient(gradient, X, slopes)
    assert_allclose(gradient, 1.0 + slopes.T @ with_ones, rtol=rtol, atol=rtol)
    weights = rng.uniform(size=20)
    expected = (with_ones.T * weights) @ with_ones
    blocks = [(slice(0, 8), X[:8]), (slice(8, 20), X[8:])]
    assert_allclose(gram(blocks, weights, n_params), expected, rtol=rtol, atol=rtol)


@every_kind
def test_statistics_of_columns_are_those_of_numpy(kind):
    dense, X = some_rows(kind)
    blocks = [(slice(0, 8), X[:8]), (slice(8, 20), X[8:])]
    weights = np.random.default_rng(1).uniform(size=20)
    assert_allclose(average(blocks, weights, squares), weights @ dense**2)
    assert_allclose(squared_norms(X), (dense**2).sum(axis=1))
    means = dense.mean(axis=0)
    distances = (dense - means) ** 2
    if kind is not np.asarray:  # of the entries that are stored
        distances[dense == 0.0] = 0.0
    assert_allclose(
        average(blocks, weights, lambda rows: deviations(rows, means)), weights @ distances
    )


@every_kind
def test_squares_of_float32_do_not_overflow(kind):
    X = kind(np.full((2, 2), 1e30, dtype=np.float32))
    assert_allclose(squared_norms(X), 2e60, rtol=1e-6)
