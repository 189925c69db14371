import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse

from skxent.linear._objective import LinearObjective
from tests.linear import oracles, strategies
from tests.linear.objectives import (
    ALL_TERMS,
    N_BLOCKS,
    changed,
    in_blocks,
    kinds_of_csr,
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
kept_or_not = pytest.mark.parametrize("kept_bytes", [1 << 25, 0])


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


@in_blocks
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_blocks_add_up_to_the_whole(n_classes, soft, block_bytes):
    objective = some_objective(n_classes, soft=soft, block_bytes=block_bytes)
    assert len(objective.blocks) == N_BLOCKS[block_bytes]
    params, terms = some_params(objective), oracle_terms(objective)
    value, gradient = objective(params)
    X, targets = objective.samples.X, objective.samples.targets
    expected = oracles.linear_objective(params.tolist(), X, targets, **terms)
    assert_allclose(value, expected.real, rtol=1e-13)
    slopes = oracles.linear_gradient(params, X, targets, **terms)
    assert_allclose(gradient, slopes, rtol=1e-12, atol=1e-15)


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


@given(strategies.linear_problems(), st.sampled_from([1e-200, 1e-30, 1e30, 1e200]))
def test_scale_of_the_weights_does_not_matter(problem, factor):
    # Also in float32, which could hold no such weight.
    for dtype, rtol in ((np.float64, 1e-12), (np.float32, 1e-5)):
        objective = objective_of(problem, X=problem.X.astype(dtype))
        scaled = changed(objective, weights=factor * objective.samples.weights)
        assert_allclose(scaled(problem.params)[0], objective(problem.params)[0], rtol=rtol)


# The Hessian


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


@in_blocks
@kept_or_not
@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_hessian_is_the_same_in_blocks_kept_or_recomputed(n_classes, soft, block_bytes, kept_bytes):
    objective = some_objective(n_classes, soft=soft, block_bytes=block_bytes, kept_bytes=kept_bytes)
    params = some_params(objective)
    multiply, terms = objective.hessian(params), oracle_terms(objective)
    # One function multiplies many directions.
    for seed in (1, 2):
        direction = some_params(objective, seed)
        exact = oracles.exact_linear_hessian_product(
            params, direction, objective.samples.X, objective.samples.targets, **terms
        )
        assert_allclose(multiply(direction), exact, rtol=1e-12, atol=1e-15)


@kept_or_not
def test_probabilities_are_recomputed_only_where_they_are_not_kept(kept_bytes):
    calls = []

    class Counted(LinearObjective):
        def logit_curvature(self, X, params):
            calls.append(1)
            return super().logit_curvature(X, params)

    objective = Counted(some_objective(3).samples, **ALL_TERMS, kept_bytes=kept_bytes)
    multiply = objective.hessian(some_params(objective))
    for _ in range(3):
        multiply(some_params(objective, 1))
    assert len(calls) == (1 if kept_bytes else 3)


@in_blocks
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("n_classes", [3, 4, 7])
def test_gradient_and_hessian_product_sum_to_zero_over_the_classes(n_classes, kind, block_bytes):
    # The products are rounded to float32, so that what they leave is seen if it is left.
    for seed in range(5):
        X = np.random.default_rng(seed).normal(size=(100, 3)).astype(np.float32)
        objective = some_objective(n_classes, X=kind(X), alpha=0.0, block_bytes=block_bytes)
        params = some_params(objective, seed)
        for rows in (objective(params)[1], objective.hessian(params)(some_params(objective, 9))):
            # The rounding of the subtraction, and of this very sum.
            bound = n_classes * np.finfo(np.float64).eps * np.abs(rows).max(axis=0)
            assert (np.abs(rows.sum(axis=0)) <= bound).all()


# Sparse samples


@in_blocks
@kept_or_not
@kinds_of_csr
@pytest.mark.parametrize("n_classes", [2, 3])
def test_csr_gives_what_dense_gives(n_classes, kind, block_bytes, kept_bytes):
    dense = sparse_problem_of(np.random.default_rng(n_classes), n_classes)
    dense = changed(dense, block_bytes=block_bytes, kept_bytes=kept_bytes)
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
def test_float32_csr_stays_float32(kind):
    dense = sparse_problem_of(np.random.default_rng(0), 3)
    compressed = changed(dense, X=kind(dense.samples.X.astype(np.float32)))
    params = some_params(dense)
    assert all(compressed.logit_curvature(X, params).dtype == "f4" for _, X in compressed.blocks)
    value, gradient = compressed(params)
    expected, slopes = dense(params)
    assert_allclose(value, expected, rtol=1e-6)
    assert_allclose(gradient, slopes, rtol=1e-5, atol=1e-6)


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


@in_blocks
@pytest.mark.parametrize("n_classes", [2, 3])
def test_loss_and_accuracy_of_blocks_add_up(n_classes, block_bytes):
    objective = some_objective(n_classes, block_bytes=block_bytes)
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


@given(strategies.linear_problems(), st.integers(1, 15), st.none() | seeds)
def test_each_sample_is_in_one_batch_of_a_pass(problem, batch_size, seed):
    objective = objective_of(problem)
    n_samples = len(problem.X)
    random_state = None if seed is None else np.random.RandomState(seed)
    batches = [batch.samples for batch in objective.batches(batch_size, random_state)]
    sizes = [len(batch) for batch in batches]
    assert sizes[:-1] == [batch_size] * (len(sizes) - 1)
    assert sum(sizes) == n_samples
    assert 0 < sizes[-1] <= batch_size
    rows = np.concatenate(
        [np.column_stack([batch.X, batch.targets, batch.weights]) for batch in batches]
    )
    expected = np.column_stack([problem.X, problem.targets, objective.samples.weights])
    if seed is None:
        assert_array_equal(rows, expected)
    else:
        order = np.random.RandomState(seed).permutation(n_samples)
        assert_array_equal(rows, expected[order])
        assert sorted(map(tuple, rows)) == sorted(map(tuple, expected))


@given(strategies.linear_problems(), st.integers(1, 15), seeds)
def test_gradients_of_a_pass_have_the_mean_of_the_whole(problem, batch_size, seed):
    objective, params = objective_of(problem), problem.params
    value, gradient = objective(params)
    mean_value, mean_gradient = 0.0, np.zeros(objective.shape)
    for batch in objective.batches(batch_size, np.random.RandomState(seed)):
        share = len(batch.samples) / len(problem.X)
        part = batch(params)
        mean_value += share * part[0]
        mean_gradient += share * part[1]
    scale = np.abs(problem.X).max() + np.abs(params).max() * problem.alpha + 1.0
    assert_allclose(mean_value, value, rtol=1e-12)
    assert_allclose(mean_gradient, gradient, rtol=1e-9, atol=1e-13 * scale)


def test_each_pass_draws_other_batches_and_a_seed_the_same():
    objective = some_objective(3)

    def two_passes():
        random_state = np.random.RandomState(5)
        return [
            np.concatenate([batch.samples.X for batch in objective.batches(7, random_state)])
            for _ in range(2)
        ]

    first, second = two_passes()
    assert not np.array_equal(first, second)
    assert_array_equal(two_passes(), [first, second])
