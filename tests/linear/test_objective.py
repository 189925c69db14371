import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skxent.linear import _objective as linear
from skxent.optimizers import newton_cg
from tests.linear import oracles, strategies
from tests.linear.objectives import (
    changed,
    gram,
    make_objective,
    objective_of,
    oracle_terms,
    some_objective,
    some_params,
    sparse_problem_of,
    weights_of,
    with_ones,
)

seeds = st.integers(0, 2**32 - 1)
kinds_of_csr = pytest.mark.parametrize("kind", [sparse.csr_array, sparse.csr_matrix])


# The tests' data fit one block; this makes several of them, of 32 rows.
@pytest.fixture(params=[1 << 20, 1], ids=["one block", "many blocks"])
def n_blocks(request, monkeypatch):
    monkeypatch.setattr(linear, "_BLOCK_BYTES", request.param)
    monkeypatch.setattr(linear, "_MAX_BLOCK_BYTES", request.param)
    return 1 if request.param > 1 else 4


@pytest.fixture(params=[1 << 25, 0], ids=["kept", "recomputed"])
def kept_bytes(request, monkeypatch):
    monkeypatch.setattr(linear, "_MAX_KEPT_BYTES", request.param)


# Value and gradient


@given(strategies.linear_problems())
def test_value_and_gradient_agree_with_loop_and_complex_step(problem):
    value, gradient = objective_of(problem)(problem.params)
    X, targets, params = problem.X, problem.targets, problem.params
    expected = oracles.exact_linear_objective(params, X, targets, **problem.terms)
    slopes = oracles.linear_gradient(params, X, targets, **problem.terms)
    assert type(value) is float
    assert gradient.dtype == np.float64
    assert_allclose(value, expected, rtol=1e-12)
    # A sum over samples may cancel; its terms are of the size of X and of the params.
    scale = np.abs(X).max() + np.abs(params).max() * problem.alpha + 1.0
    assert_allclose(gradient, slopes, rtol=1e-12, atol=1e-14 * scale)


@given(strategies.linear_problems(soft=False))
def test_labels_are_one_hot_distributions(problem):
    value, gradient = objective_of(problem)(problem.params)
    same, close = objective_of(problem, targets=problem.distributions)(problem.params)
    scale = np.abs(problem.X).max() + 1.0
    assert_allclose(same, value, rtol=1e-13)
    assert_allclose(close, gradient, rtol=1e-13, atol=1e-14 * scale)


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_blocks_add_up_to_the_whole(n_classes, soft, n_blocks):
    objective = some_objective(n_classes, soft=soft)
    assert len(objective._blocks) == n_blocks
    params, terms = some_params(objective), oracle_terms(objective)
    value, gradient = objective(params)
    X, targets = objective.samples.X, objective.samples.targets
    expected = oracles.linear_objective(params.tolist(), X, targets, **terms)
    assert_allclose(value, expected.real, rtol=1e-13)
    slopes = oracles.linear_gradient(params, X, targets, **terms)
    assert_allclose(gradient, slopes, rtol=1e-12, atol=1e-15)
    largest = np.linalg.eigvalsh(gram(objective))[-1]
    cap = 0.25 if n_classes == 2 else 0.5
    assert_allclose(objective.curvature_bound(), cap * largest + 0.1, rtol=1e-13)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array, sparse.csr_matrix])
def test_blocks_hold_each_row_once(kind, n_blocks):
    X = np.arange(300.0).reshape(100, 3) % 7
    objective = some_objective(3, X=kind(X))
    assert len(objective._blocks) == n_blocks
    rows = np.concatenate([np.arange(100)[block] for block, _ in objective._blocks])
    assert_array_equal(rows, np.arange(100))
    for block, part in objective._blocks:
        assert type(part) is type(objective.samples.X)
        assert_array_equal(part.toarray() if sparse.issparse(part) else part, X[block])


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array, sparse.csr_matrix])
def test_blocks_are_views(kind):
    objective = some_objective(3, X=kind(np.ones((100, 3))))
    for _, part in objective._blocks:
        data = part.data if sparse.issparse(part) else part
        whole = objective.samples.X.data if sparse.issparse(part) else objective.samples.X
        assert np.shares_memory(data, whole)


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
        solve = subject.preconditioner(problem.params)
        results += [solve(direction), solve.factor]
        subject.preconditioner(problem.params, solve)
        subject.loss_and_accuracy(problem.params)
        subject.curvature_bound(1)
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
    assert_allclose(objective.curvature_bound(), exact.curvature_bound(), rtol=1e-12)
    assert_allclose(objective.curvature_bound(1), exact.curvature_bound(1), rtol=1e-6)


def in_fortran_order(X, path):
    return np.asfortranarray(X)


def memory_mapped(X, path):
    np.save(path / "X.npy", X)
    return np.load(path / "X.npy", mmap_mode="r")


@pytest.mark.parametrize("stored", [in_fortran_order, memory_mapped])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_way_that_samples_are_stored_does_not_matter(n_classes, stored, tmp_path, n_blocks):
    objective = some_objective(n_classes)
    other = changed(objective, X=stored(objective.samples.X, tmp_path))
    params = some_params(objective)
    (value, gradient), (same, close) = objective(params), other(params)
    assert_allclose(same, value, rtol=1e-14)
    assert_allclose(close, gradient, rtol=1e-13, atol=1e-15)
    product, close = objective.hessian(params)(params), other.hessian(params)(params)
    assert_allclose(close, product, rtol=1e-13, atol=1e-15)
    solved, close = objective.preconditioner(params)(params), other.preconditioner(params)(params)
    assert_allclose(close, solved, rtol=1e-12)
    assert_allclose(other.curvature_bound(7), objective.curvature_bound(7), rtol=1e-13)
    assert_allclose(other.loss_and_accuracy(params), objective.loss_and_accuracy(params), 1e-13)


@st.composite
def sure_samples(draw):
    """A sample of whose class the model is 20 to 80 nats sure: the oracles have 60 digits."""
    n_classes = draw(st.integers(2, 4))
    rng = np.random.default_rng(draw(seeds))
    label, gap = draw(st.integers(0, n_classes - 1)), draw(st.floats(20.0, 80.0))
    logits = rng.uniform(-2.0, 2.0, n_classes)
    logits[label] += gap
    x = rng.uniform(0.5, 2.0, 2)
    params = np.outer(logits, x) / (x @ x)
    if n_classes == 2:
        params = params[1:] - params[:1]
    return x[np.newaxis], label, n_classes, params


@given(sure_samples(), st.booleans())
def test_loss_and_gradient_of_a_sure_sample_keep_their_digits(problem, soft):
    X, label, n_classes, params = problem
    targets = np.eye(n_classes)[[label]] if soft else np.array([label])
    objective = make_objective(X, targets, np.ones(1), n_classes, 0.0, False)
    value, gradient = objective(params)
    terms = {"n_classes": n_classes, "fit_intercept": False}
    exact = oracles.exact_linear_objective(params, X, targets, **terms)
    assert_allclose(value, exact, rtol=1e-12)
    slopes = oracles.exact_linear_gradient(params, X, targets, **terms)
    assert_allclose(gradient, slopes, rtol=1e-12)


@given(sure_samples())
def test_hessian_of_a_sure_sample_keeps_its_digits(problem):
    X, label, n_classes, params = problem
    objective = make_objective(X, np.array([label]), np.ones(1), n_classes, 0.0, False)
    # The sure class moves against all of the others, so that no sum over them cancels.
    direction = np.outer(np.arange(1.0, n_classes + 1.0), [1.0, 0.5])[: len(params)]
    direction[label % len(direction)] = -2.0
    product = objective.hessian(params)(direction)
    terms = {"n_classes": n_classes, "fit_intercept": False}
    exact = oracles.exact_linear_hessian_product(
        params, direction, X, objective.samples.targets, **terms
    )
    assert_allclose(product, exact, rtol=1e-12)


# The Hessian


@given(strategies.linear_problems(), seeds)
def test_hessian_agrees_with_the_complex_step_of_the_gradient(problem, seed):
    params = problem.params
    direction = np.random.default_rng(seed).normal(size=params.shape)
    product = objective_of(problem).hessian(params)(direction)
    exact = oracles.exact_linear_hessian_product(
        params, direction, problem.X, problem.targets, **problem.terms
    )
    scale = (1.0 + np.abs(problem.X).max()) ** 2 * np.abs(direction).max()
    assert product.shape == params.shape
    assert_allclose(product, exact, rtol=1e-12, atol=1e-14 * scale)


@given(strategies.linear_problems(max_features=1))
@settings(max_examples=15)
def test_hessian_agrees_with_second_differences(problem):
    multiply = objective_of(problem).hessian(problem.params)
    expected = oracles.linear_hessian(problem.params, problem.X, problem.targets, **problem.terms)
    units = np.eye(problem.params.size).reshape(-1, *problem.params.shape)
    hessian = np.array([multiply(unit).ravel() for unit in units])
    scale = (1.0 + np.abs(problem.X).max()) ** 2
    assert_allclose(hessian, expected, rtol=1e-11, atol=1e-14 * scale)


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.usefixtures("kept_bytes")
def test_hessian_is_the_same_in_blocks_kept_or_recomputed(n_classes, soft, n_blocks):
    objective = some_objective(n_classes, soft=soft)
    assert len(objective._blocks) == n_blocks
    params = some_params(objective)
    multiply, terms = objective.hessian(params), oracle_terms(objective)
    # One function multiplies many directions.
    for seed in (1, 2):
        direction = some_params(objective, seed)
        exact = oracles.exact_linear_hessian_product(
            params, direction, objective.samples.X, objective.samples.targets, **terms
        )
        assert_allclose(multiply(direction), exact, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("kept_bytes", [1 << 25, 0])
def test_probabilities_are_recomputed_only_where_they_are_not_kept(kept_bytes, monkeypatch):
    monkeypatch.setattr(linear, "_MAX_KEPT_BYTES", kept_bytes)
    calls = []
    softmax = linear.softmax
    monkeypatch.setattr(linear, "softmax", lambda logits: calls.append(1) or softmax(logits))
    objective = some_objective(3)
    multiply = objective.hessian(some_params(objective))
    for _ in range(3):
        multiply(some_params(objective, 1))
    assert len(calls) == (1 if kept_bytes else 3)


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("n_classes", [3, 4, 7])
def test_gradient_and_hessian_product_sum_to_zero_over_the_classes(n_classes, kind, n_blocks):
    # The products are rounded to float32, so that what they leave is seen if it is left.
    for seed in range(5):
        X = np.random.default_rng(seed).normal(size=(100, 3)).astype(np.float32)
        objective = some_objective(n_classes, X=kind(X), alpha=0.0)
        params = some_params(objective, seed)
        for rows in (objective(params)[1], objective.hessian(params)(some_params(objective, 9))):
            # The rounding of the subtraction, and of this very sum.
            bound = n_classes * np.finfo(np.float64).eps * np.abs(rows).max(axis=0)
            assert (np.abs(rows.sum(axis=0)) <= bound).all()


# Sparse samples


@kinds_of_csr
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.usefixtures("kept_bytes")
def test_csr_gives_what_dense_gives(n_classes, kind, n_blocks):
    dense = sparse_problem_of(np.random.default_rng(n_classes), n_classes)
    compressed = changed(dense, X=kind(dense.samples.X))
    params, direction = some_params(dense), some_params(dense, 1)
    (value, gradient), (same, close) = dense(params), compressed(params)
    assert type(close) is np.ndarray
    assert_allclose(same, value, rtol=1e-12)
    assert_allclose(close, gradient, rtol=1e-12, atol=1e-15)
    product, close = dense.hessian(params)(direction), compressed.hessian(params)(direction)
    assert type(close) is np.ndarray
    assert_allclose(close, product, rtol=1e-12, atol=1e-15)
    assert_allclose(
        compressed.loss_and_accuracy(params), dense.loss_and_accuracy(params), rtol=1e-12
    )
    rows = np.array([3, 50, 5, 3])
    assert_allclose(
        compressed.take(rows)(params)[1], dense.take(rows)(params)[1], rtol=1e-12, atol=1e-15
    )


@kinds_of_csr
@pytest.mark.parametrize("max_dense", [512, 2])
@pytest.mark.parametrize("batch_size", [None, 1, 7, 500])
def test_csr_has_the_curvature_bound_of_dense(kind, batch_size, max_dense, n_blocks, monkeypatch):
    monkeypatch.setattr(linear, "_MAX_DENSE", max_dense)
    dense = sparse_problem_of(np.random.default_rng(0), 3)
    compressed = changed(dense, X=kind(dense.samples.X))
    bound = compressed.curvature_bound(batch_size)
    assert_allclose(bound, dense.curvature_bound(batch_size), rtol=1e-12)


@kinds_of_csr
def test_float32_csr_stays_float32(kind, monkeypatch):
    types = set()
    terms = linear.softmax_loss_gradient

    def spied(logits, *rest):
        types.add(logits.dtype)
        return terms(logits, *rest)

    monkeypatch.setattr(linear, "softmax_loss_gradient", spied)
    dense = sparse_problem_of(np.random.default_rng(0), 3)
    compressed = changed(dense, X=kind(dense.samples.X.astype(np.float32)))
    params = some_params(dense)
    value, gradient = compressed(params)
    assert types == {np.dtype(np.float32)}
    expected, slopes = dense(params)
    assert_allclose(value, expected, rtol=1e-6)
    assert_allclose(gradient, slopes, rtol=1e-5, atol=1e-6)


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
    ratio = wide.curvature_bound(10) / dense.curvature_bound(10)
    assert 1.0 - 1e-12 <= ratio <= 1.005
    assert np.isfinite(wide.preconditioner(wide_params)(gradient)).all()


# Parts of the samples


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array, sparse.csr_matrix])
@given(strategies.linear_problems(), st.integers(1, 12), seeds)
@settings(max_examples=25)
def test_mean_over_batches_is_the_whole(kind, problem, batch_size, seed):
    objective = objective_of(problem, X=kind(problem.X))
    order = np.random.default_rng(seed).permutation(len(problem.X))
    batches = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
    parts = [objective.take(rows)(problem.params) for rows in batches]
    shares = [len(rows) / len(order) for rows in batches]
    value, gradient = objective(problem.params)
    mean = sum(share * part for share, (part, _) in zip(shares, parts, strict=True))
    assert_allclose(mean, value, rtol=1e-13)
    mean = sum(share * part for share, (_, part) in zip(shares, parts, strict=True))
    scale = np.abs(problem.X).max() + np.abs(problem.params).max() * problem.alpha + 1.0
    assert_allclose(mean, gradient, rtol=1e-12, atol=1e-13 * scale)


@pytest.mark.parametrize("rows", [slice(10, 30), slice(None), np.arange(10, 30), [7, 7, 3]])
def test_a_batch_of_a_batch_is_a_batch(rows):
    objective = some_objective(3, soft=True)
    first = np.arange(100)[::-1][:60]
    twice, once = objective.take(first).take(rows), objective.take(first[rows])
    params = some_params(objective)
    assert_allclose(twice(params)[0], once(params)[0], rtol=1e-14)
    assert_allclose(twice(params)[1], once(params)[1], rtol=1e-13, atol=1e-15)


@given(strategies.linear_problems(), st.floats(0.1, 10.0))
def test_total_weight_divides_the_loss_but_not_the_penalty(problem, factor):
    params = problem.params
    objective = objective_of(problem)
    total = factor * objective.samples.weights.sum()
    other = changed(objective, total_weight=total)
    n_features = problem.X.shape[1]
    penalty = problem.alpha / 2 * float(np.sum(params[:, :n_features] ** 2))
    slopes = problem.alpha * np.where(np.arange(params.shape[1]) < n_features, params, 0.0)
    assert_allclose(
        other(params)[0], (objective(params)[0] - penalty) / factor + penalty, rtol=1e-12
    )
    scale = (np.abs(problem.X).max() + np.abs(slopes).max() + 1.0) * (1.0 + 1.0 / factor)
    expected = (objective(params)[1] - slopes) / factor + slopes
    assert_allclose(other(params)[1], expected, rtol=1e-12, atol=1e-14 * scale)
    bound = (objective.curvature_bound() - problem.alpha) / factor + problem.alpha
    assert_allclose(other.curvature_bound(), bound, rtol=1e-12)


@given(strategies.linear_problems(), st.sampled_from([1e-200, 1e-30, 1e30, 1e200]))
def test_scale_of_the_weights_does_not_matter(problem, factor):
    # Also in float32, which could hold no such weight.
    for dtype, rtol in ((np.float64, 1e-12), (np.float32, 1e-5)):
        objective = objective_of(problem, X=problem.X.astype(dtype))
        scaled = changed(objective, weights=factor * objective.samples.weights)
        assert_allclose(scaled(problem.params)[0], objective(problem.params)[0], rtol=rtol)
        assert_allclose(scaled.curvature_bound(), objective.curvature_bound(), rtol=rtol)


# Bounds on the curvature

small_problems = strategies.linear_problems(max_features=2, n_classes=2)
small_problems |= strategies.linear_problems(max_features=1, n_classes=3)


@given(small_problems)
def test_no_hessian_exceeds_the_curvature_bound(problem):
    hessian = oracles.linear_hessian(problem.params, problem.X, problem.targets, **problem.terms)
    largest = np.linalg.eigvalsh(hessian)[-1]
    assert largest <= objective_of(problem).curvature_bound() * (1.0 + 1e-12)


@given(strategies.linear_problems(log_scales=(-3, 3)))
def test_curvature_bound_by_iteration_is_that_of_the_matrix_or_just_above(problem):
    assume(problem.params.shape[1] > 2)  # fewer are too few for an iteration
    objective = objective_of(problem)
    exact = objective.curvature_bound()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linear, "_MAX_DENSE", 2)
        bound = objective.curvature_bound()
    assert exact * (1.0 - 1e-12) <= bound <= 1.005 * exact


@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array, sparse.csr_matrix])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_curvature_bound_by_iteration_is_not_below_one_of_many_near_eigenvalues(
    seed, kind, monkeypatch
):
    X = np.random.default_rng(seed).normal(size=(300, 200))
    exact = some_objective(3, 300, X=X).curvature_bound()
    monkeypatch.setattr(linear, "_MAX_DENSE", 2)
    bound = some_objective(3, 300, X=kind(X)).curvature_bound()
    assert exact * (1.0 - 1e-12) <= bound <= 1.005 * exact


@pytest.mark.parametrize("n_features", [600, 3])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array, sparse.csr_matrix])
def test_curvature_bound_of_nothing_is_the_penalty(kind, n_features):
    X = kind(np.zeros((3, n_features)))
    objective = make_objective(X, np.array([0, 1, 1]), np.ones(3), 2, 0.25, False)
    assert objective.curvature_bound() == 0.25
    assert objective.curvature_bound(2) == 0.25


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
    assert_allclose(objective.curvature_bound(b), expected, rtol=1e-12)


@given(seeds, st.integers(1, 3), st.booleans())
def test_curvature_bound_of_two_classes_is_attained_at_zero(seed, n_features, fit_intercept):
    # There sigma' is 1/4 for every sample.
    rng = np.random.default_rng(seed)
    X, labels = rng.normal(size=(6, n_features)), np.array([0, 1] * 3)
    objective = make_objective(X, labels, np.ones(6), 2, 0.0, fit_intercept)
    hessian = oracles.linear_hessian(
        np.zeros(objective.shape), X, labels, n_classes=2, fit_intercept=fit_intercept
    )
    assert_allclose(objective.curvature_bound(), np.linalg.eigvalsh(hessian)[-1], rtol=1e-13)


@given(seeds, st.booleans())
def test_curvature_bound_of_many_classes_is_attained_by_two_rivals(seed, fit_intercept):
    # diag(p) - p p' has the eigenvalue 1/2 where p is 1/2 for two of the classes.
    rng = np.random.default_rng(seed)
    X, labels = np.abs(rng.normal(size=(4, 1))) + 0.1, np.array([0, 1, 2, 0])
    objective = make_objective(X, labels, np.ones(4), 3, 0.0, fit_intercept)
    params = np.zeros(objective.shape)
    params[2, 0] = -2000.0
    hessian = oracles.linear_hessian(params, X, labels, n_classes=3, fit_intercept=fit_intercept)
    assert_allclose(objective.curvature_bound(), np.linalg.eigvalsh(hessian)[-1], rtol=1e-13)


@given(seeds, st.integers(2, 3), st.booleans())
def test_wide_samples_have_the_curvature_bound_of_the_formula(seed, n_classes, fit_intercept):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_classes, 7)) * 10.0 ** rng.uniform(-2, 2, 7)
    weights = rng.uniform(0.1, 3.0, n_classes)
    objective = make_objective(X, np.arange(n_classes), weights, n_classes, 0.5, fit_intercept)
    largest = np.linalg.eigvalsh(gram(objective))[-1]
    cap = 0.25 if n_classes == 2 else 0.5
    assert_allclose(objective.curvature_bound(), cap * largest + 0.5, rtol=1e-12)
    # Samples of weight zero change no eigenvalue.
    tall = changed(
        objective,
        X=np.vstack([X, np.ones((10, 7))]),
        targets=np.zeros(n_classes + 10, dtype=int),
        weights=np.append(weights, np.zeros(10)),
    )
    assert_allclose(tall.curvature_bound(), objective.curvature_bound(), rtol=1e-12)


# Loss and accuracy


@given(strategies.linear_problems())
def test_loss_and_accuracy_agree_with_the_loop(problem):
    X, params = problem.X, problem.params
    loss, accuracy = objective_of(problem).loss_and_accuracy(params)
    terms = problem.terms | {"alpha": 0.0}
    assert type(loss) is type(accuracy) is float
    exact = oracles.exact_linear_objective(params, X, problem.targets, **terms)
    assert_allclose(loss, exact, rtol=1e-12)
    weights, right = weights_of(problem), 0.0
    for x, target, weight in zip(X.tolist(), problem.distributions.tolist(), weights, strict=True):
        x = [*x, 1.0][: params.shape[1]]
        logits = [sum(w * v for w, v in zip(row, x, strict=True)) for row in params.tolist()]
        if problem.n_classes == 2:
            logits = [0.0, *logits]
        # Of classes that are equally likely, the first one.
        right += weight * (logits.index(max(logits)) == target.index(max(target)))
    assert_allclose(accuracy, right / sum(weights), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_loss_and_accuracy_of_blocks_add_up(n_classes, n_blocks):
    objective = some_objective(n_classes)
    assert len(objective._blocks) == n_blocks
    params = some_params(objective)
    logits = with_ones(objective) @ params.T
    if n_classes == 2:
        logits = np.column_stack([np.zeros(100), logits])
    right = logits.argmax(axis=1) == objective.samples.targets
    loss, accuracy = objective.loss_and_accuracy(params)
    assert_allclose(accuracy, np.average(right, weights=objective.samples.weights), rtol=1e-13)
    terms = oracle_terms(objective) | {"alpha": 0.0}
    expected = oracles.exact_linear_objective(
        params, objective.samples.X, objective.samples.targets, **terms
    )
    assert_allclose(loss, expected, rtol=1e-13)


# The preconditioner


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
    solved = objective.preconditioner(params)(rows @ model)
    # In units in which the diagonal is one, as M itself may be hard to solve with.
    scale = np.sqrt(np.diag(model))
    bound = 1e-6 * np.linalg.cond(model / np.outer(scale, scale)) * np.abs(rows * scale).max()
    assert (np.abs(solved - rows) * scale).max() <= bound


@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_preconditioner_solves_with_the_stated_matrix(n_classes, n_blocks):
    objective = some_objective(n_classes)
    params = some_params(objective)
    rows = some_params(objective, 1)
    expected = np.linalg.solve(model_of(objective, params), rows.T).T
    # 1e-10 in h and the ridge of 1e-12 are no part of the formula.
    assert_allclose(objective.preconditioner(params)(rows), expected, rtol=1e-7)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_preconditioner_is_kept_until_the_curvature_has_changed_by_a_half(n_classes):
    objective = some_objective(n_classes)
    zeros = np.zeros(objective.shape)
    direction = some_params(objective)
    first = objective.preconditioner(zeros)
    is_kept = []
    for length in np.linspace(0.0, 8.0, 20):
        params = length * direction
        ratio = np.average(mean_curvatures(objective, zeros), weights=objective.samples.weights)
        ratio /= np.average(mean_curvatures(objective, params), weights=objective.samples.weights)
        is_kept.append(ratio < 1.5)
        assert (objective.preconditioner(params, first) is first) == is_kept[-1]
        later = objective.preconditioner(params)
        assert (objective.preconditioner(zeros, later) is later) == is_kept[-1]
    assert True in is_kept
    assert False in is_kept


def test_a_preconditioner_of_more_curvature_is_not_the_old_one():
    objective = some_objective(3)
    params = 5.0 * some_params(objective)
    first = objective.preconditioner(np.zeros(objective.shape))
    second = objective.preconditioner(params, first)
    rows = some_params(objective, 1)
    assert_array_equal(second(rows), objective.preconditioner(params)(rows))
    assert not np.allclose(second(rows), first(rows), rtol=0.1)


@pytest.fixture
def sampled(monkeypatch):
    """An objective of which a preconditioner sees about half, and not the row of a rare column."""
    # The least number of samples it is made from.
    monkeypatch.setattr(linear, "_GRAM_SIZE", 0)
    monkeypatch.setattr(linear, "_CHEAP_PRODUCTS", 0)
    X = np.random.default_rng(0).normal(size=(4200, 5))
    X[:, 3] = 0.0
    objective = some_objective(3, n_samples=4200, X=X, alpha=0.0)
    sample = objective._sample
    rare = np.setdiff1d(X[:, 0], sample.samples.X[:, 0])[0]
    X[X[:, 0] == rare, 3] = 3.0
    objective = changed(objective, X=X)
    assert objective._sample.samples.X.shape == (2048, 5)
    assert not objective._sample.samples.X[:, 3].any()
    return objective


def test_sampled_preconditioner_is_definite_and_near_the_whole_one(sampled):
    params = 0.3 * some_params(sampled)
    solve = sampled.preconditioner(params)
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
    assert len(light._sample.samples.weights) == 2048
    assert light._sample.samples.weights.all()
    assert np.abs(light._sample.samples.X).max() < 1e6
    heavy = weights > 0.0
    kept = changed(light, X=X[heavy], targets=light.samples.targets[heavy], weights=weights[heavy])
    rows = some_params(sampled, 1)
    solved = light.preconditioner(params)(rows)
    assert_allclose(solved, kept.preconditioner(params)(rows), rtol=1e-10)


def test_same_samples_are_drawn_each_time(sampled):
    params, rows = some_params(sampled), some_params(sampled, 1)
    first = sampled.preconditioner(params)(rows)
    assert_array_equal(changed(sampled).preconditioner(params)(rows), first)


@kinds_of_csr
@pytest.mark.parametrize("n_classes", [2, 3])
def test_preconditioner_of_few_sparse_features_is_that_of_dense_ones(n_classes, kind, n_blocks):
    dense = sparse_problem_of(np.random.default_rng(0), n_classes)
    params, rows = some_params(dense), some_params(dense, 1)
    solved = changed(dense, X=kind(dense.samples.X)).preconditioner(params)(rows)
    assert_allclose(solved, dense.preconditioner(params)(rows), rtol=1e-10)


@kinds_of_csr
def test_sampled_preconditioner_of_sparse_features_is_that_of_dense_ones(sampled, kind):
    params, rows = 0.3 * some_params(sampled), some_params(sampled, 1)
    solved = changed(sampled, X=kind(sampled.samples.X)).preconditioner(params)(rows)
    assert_allclose(solved, sampled.preconditioner(params)(rows), rtol=1e-10)


def check_diagonal(objective, dense, scales):
    """M is a multiple of the stated diagonal, and no curvature of the mean h is above it."""
    params = some_params(dense)
    level = np.average(mean_curvatures(dense, params), weights=dense.samples.weights)
    diagonal = level * np.append(scales, 1.0)
    diagonal[:-1] += dense.alpha
    solve = objective.preconditioner(params)
    assert solve.factor.ndim == 1
    multiples = 1.0 / (solve(np.ones(dense.shape)) * diagonal)
    # The 1e-10 that h has beside the formula is less than this.
    assert_allclose(multiples, multiples[0, 0], rtol=1e-7)
    assert multiples.min() >= 1.0 - 1e-7
    above = np.diag(multiples[0] * diagonal) - level * gram(dense)
    assert np.linalg.eigvalsh(above)[0] >= -1e-7 * diagonal.max()


@kinds_of_csr
@pytest.mark.parametrize("n_classes", [2, 3])
def test_preconditioner_of_many_sparse_features_is_the_stated_diagonal(
    n_classes, kind, n_blocks, monkeypatch
):
    monkeypatch.setattr(linear, "_MAX_SPARSE_GRAM", 3)
    dense = sparse_problem_of(np.random.default_rng(0), n_classes)
    weights = dense.samples.weights.tolist()
    squares, shares = [], []
    for column in dense.samples.X.T.tolist():
        inside = [(w, v) for w, v in zip(weights, column, strict=True) if v != 0.0]
        of_column = sum(w for w, _ in inside)
        squares.append(sum(w * v * v for w, v in inside) / of_column if inside else 0.0)
        shares.append(of_column / sum(weights))
    check_diagonal(
        changed(dense, X=kind(dense.samples.X)), dense, np.mean(shares) * np.array(squares)
    )


@pytest.mark.parametrize("n_classes", [2, 3])
def test_preconditioner_of_many_features_is_the_stated_diagonal(n_classes, monkeypatch, n_blocks):
    monkeypatch.setattr(linear, "_MAX_GRAM", 3)
    objective = some_objective(n_classes)
    check_diagonal(objective, objective, np.diag(gram(objective))[:-1])


@kinds_of_csr
@pytest.mark.parametrize("max_gram", [512, 3])
def test_a_feature_that_is_always_zero_leaves_it_finite(kind, max_gram, monkeypatch):
    monkeypatch.setattr(linear, "_MAX_SPARSE_GRAM", max_gram)
    dense = sparse_problem_of(np.random.default_rng(0), 3)
    objective = changed(dense, X=kind(dense.samples.X), alpha=0.0)
    params = some_params(dense)
    assert not objective(params)[1][:, 2].any()
    assert np.isfinite(objective.preconditioner(params)(objective(params)[1])).all()


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
                precondition=subject.preconditioner,
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
        solve = objective.preconditioner(params)
        _, gradient = objective(params)
        solved = solve(gradient)
        assert np.isfinite(solved).all()
        assert np.vdot(solved, gradient) > 0.0
