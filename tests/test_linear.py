import numpy as np
import oracles
import pytest
import strategies
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skxent import linear
from skxent.linear import LinearObjective

seeds = st.integers(0, 2**32 - 1)


@st.composite
def problems(draw, **settings):
    """An objective with every term switched on, and the same terms for the oracle."""
    X, labels, n_classes = draw(strategies.samples(**settings))
    rng = np.random.default_rng(draw(seeds))
    sample_weight = draw(strategies.sample_weights_of(len(X)))
    class_weight = dict(enumerate(rng.uniform(0.5, 2.0, n_classes).tolist()))
    terms = {
        "n_classes": n_classes,
        "alpha": draw(st.sampled_from([0.0, 0.01, 3.0])),
        "fit_intercept": draw(st.booleans()),
        "label_smoothing": draw(strategies.label_smoothings),
    }
    objective = LinearObjective(
        X=X,
        targets=labels,
        weights=sample_weight * np.array([class_weight[label] for label in labels]),
        **terms,
    )
    terms |= {"sample_weight": sample_weight, "class_weight": class_weight}
    return objective, terms, 3.0 * rng.normal(size=objective.shape)


def gram(objective):
    """X~' diag(w) X~ / sum(w), by its formula."""
    X = objective.X.astype(np.float64)
    if objective.fit_intercept:
        X = np.column_stack([X, np.ones(len(X))])
    return (X.T * objective.weights) @ X / objective.weights.sum()


# The tests' data fit one block; this makes several of them, of 32 rows.
@pytest.fixture(params=[1 << 20, 1], ids=["one block", "many blocks"])
def n_blocks(request, monkeypatch):
    monkeypatch.setattr(linear, "_BLOCK_BYTES", request.param)
    return 1 if request.param > 1 else 4


# Value and gradient


@given(problems())
def test_value_and_gradient_agree_with_loop_and_complex_step(problem):
    objective, terms, params = problem
    value, gradient = objective(params)
    expected = oracles.exact_linear_objective(params, objective.X, objective.targets, **terms)
    slopes = oracles.linear_gradient(params, objective.X, objective.targets, **terms)
    assert type(value) is float
    assert_allclose(value, expected, rtol=1e-12)
    # A sum over samples may cancel; its terms are of the size of X and of the params.
    scale = np.abs(objective.X).max() + np.abs(params).max() * terms["alpha"] + 1.0
    assert_allclose(gradient, slopes, rtol=1e-12, atol=1e-14 * scale)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_blocks_add_up_to_the_whole(n_classes, n_blocks):
    rng = np.random.default_rng(0)
    X, labels = rng.normal(size=(100, 3)), rng.integers(0, n_classes, 100)
    sample_weight = rng.uniform(0.0, 2.0, 100)
    terms = {"n_classes": n_classes, "alpha": 0.1, "label_smoothing": 0.2, "fit_intercept": True}
    objective = LinearObjective(X=X, targets=labels, weights=sample_weight, **terms)
    assert len(list(objective._blocks())) == n_blocks
    params = rng.normal(size=objective.shape)
    terms["sample_weight"] = sample_weight
    value, gradient = objective(params)
    expected = oracles.linear_objective(params.tolist(), X, labels, **terms)
    assert_allclose(value, expected.real, rtol=1e-13)
    slopes = oracles.linear_gradient(params, X, labels, **terms)
    assert_allclose(gradient, slopes, rtol=1e-12, atol=1e-15)
    largest = np.linalg.eigvalsh(gram(objective))[-1]
    cap = 0.25 if n_classes == 2 else 0.5
    assert_allclose(objective.curvature_bound(), cap * largest + 0.1, rtol=1e-13)


def test_blocks_hold_each_row_once(n_blocks):
    X = np.zeros((100, 3))
    objective = LinearObjective(X, np.zeros(100, int), np.ones(100), 3, 0.0, True)
    rows = np.concatenate([np.arange(100)[block] for block in objective._blocks()])
    assert_array_equal(rows, np.arange(100))


@given(problems())
def test_nothing_is_written_to(problem):
    objective, _, params = problem
    arrays = [objective.X, objective.targets, objective.weights, params]
    copies = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    _, gradient = objective(params)
    objective.curvature_bound()
    objective.curvature_factor()
    for array, copy in zip(arrays, copies, strict=True):
        assert_array_equal(array, copy)
    assert not np.shares_memory(gradient, params)


@given(problems(dtype=np.float32))
def test_float32_samples_give_what_their_values_give_in_float64(problem):
    objective, terms, params = problem
    params = params.astype(np.float32).astype(np.float64)
    value, gradient = objective(params)
    exact = LinearObjective(
        X=objective.X.astype(np.float64),
        targets=objective.targets,
        weights=objective.weights,
        **{
            name: terms[name] for name in ("n_classes", "alpha", "fit_intercept", "label_smoothing")
        },
    )
    expected, slopes = exact(params)
    scale = (1.0 + np.abs(objective.X).max()) * (1.0 + np.abs(params).max())
    assert gradient.dtype == np.float64
    assert_allclose(value, expected, rtol=1e-5, atol=1e-6 * scale)
    assert_allclose(gradient, slopes, rtol=1e-5, atol=1e-6 * scale * (1.0 + scale))
    assert_allclose(objective.curvature_bound(), exact.curvature_bound(), rtol=1e-12)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_memory_order_does_not_matter(n_classes):
    rng = np.random.default_rng(1)
    X, labels = rng.normal(size=(80, 5)), rng.integers(0, n_classes, 80)
    rows = {
        order: LinearObjective(
            np.asarray(X, order=order), labels, np.ones(80), n_classes, 0.1, True
        )
        for order in "CF"
    }
    params = rng.normal(size=rows["C"].shape)
    (value, gradient), (same, close) = rows["C"](params), rows["F"](params)
    assert_allclose(same, value, rtol=1e-14)
    assert_allclose(close, gradient, rtol=1e-13, atol=1e-15)
    assert_allclose(rows["F"].curvature_factor(), rows["C"].curvature_factor(), rtol=1e-12)


def test_value_of_sure_predictions_keeps_its_digits():
    X = np.array([[1.0], [-1.0]])
    for n_classes, params in ((2, [[40.0]]), (3, [[20.0], [-20.0], [-20.0]])):
        labels = np.array([1, 0]) if n_classes == 2 else np.array([0, 1])
        objective = LinearObjective(X[:1], labels[:1], np.ones(1), n_classes, 0.0, False)
        value, gradient = objective(np.array(params))
        expected = (n_classes - 1) * np.exp(-40.0)
        assert_allclose(value, expected, rtol=1e-14)
        assert_allclose(np.abs(gradient).max(), expected, rtol=1e-14)


# Bounds on the curvature


@given(problems(max_features=2, n_classes=2) | problems(max_features=1, n_classes=3))
def test_no_hessian_exceeds_the_curvature_bound(problem):
    objective, terms, params = problem
    hessian = oracles.linear_hessian(params, objective.X, objective.targets, **terms)
    largest = np.linalg.eigvalsh(hessian)[-1]
    assert largest <= objective.curvature_bound() * (1.0 + 1e-12)


@given(seeds, st.integers(1, 3), st.booleans())
def test_curvature_bound_of_two_classes_is_attained_at_zero(seed, n_features, fit_intercept):
    # There sigma' is 1/4 for every sample.
    rng = np.random.default_rng(seed)
    X, labels = rng.normal(size=(6, n_features)), np.array([0, 1] * 3)
    objective = LinearObjective(X, labels, np.ones(6), 2, 0.0, fit_intercept)
    hessian = oracles.linear_hessian(
        np.zeros(objective.shape), X, labels, n_classes=2, fit_intercept=fit_intercept
    )
    assert_allclose(objective.curvature_bound(), np.linalg.eigvalsh(hessian)[-1], rtol=1e-13)


@given(seeds, st.booleans())
def test_curvature_bound_of_many_classes_is_attained_by_two_rivals(seed, fit_intercept):
    # diag(p) - p p' has the eigenvalue 1/2 where p is 1/2 for two of the classes.
    rng = np.random.default_rng(seed)
    X, labels = np.abs(rng.normal(size=(4, 1))) + 0.1, np.array([0, 1, 2, 0])
    objective = LinearObjective(X, labels, np.ones(4), 3, 0.0, fit_intercept)
    params = np.zeros(objective.shape)
    params[2, 0] = -2000.0
    hessian = oracles.linear_hessian(params, X, labels, n_classes=3, fit_intercept=fit_intercept)
    assert_allclose(objective.curvature_bound(), np.linalg.eigvalsh(hessian)[-1], rtol=1e-13)


@given(seeds, st.integers(2, 3), st.booleans())
def test_wide_samples_have_the_curvature_bound_of_the_formula(seed, n_classes, fit_intercept):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_classes, 7)) * 10.0 ** rng.uniform(-2, 2, 7)
    weights = rng.uniform(0.1, 3.0, n_classes)
    objective = LinearObjective(X, np.arange(n_classes), weights, n_classes, 0.5, fit_intercept)
    assert objective.shape[1] > len(X)
    largest = np.linalg.eigvalsh(gram(objective))[-1]
    cap = 0.25 if n_classes == 2 else 0.5
    assert_allclose(objective.curvature_bound(), cap * largest + 0.5, rtol=1e-12)
    # Samples of weight zero change no eigenvalue, but which product is the smaller one.
    X = np.vstack([X, np.zeros((10, 7))])
    tall = LinearObjective(
        X,
        np.zeros(len(X), int),
        np.concatenate([weights, np.zeros(10)]),
        n_classes,
        0.5,
        fit_intercept,
    )
    assert tall.shape[1] <= len(X)
    assert_allclose(tall.curvature_bound(), objective.curvature_bound(), rtol=1e-12)


def test_curvature_bound_of_nothing_is_the_penalty():
    objective = LinearObjective(np.zeros((3, 2)), np.array([0, 1, 1]), np.ones(3), 2, 0.25, False)
    assert objective.curvature_bound() == 0.25


@given(problems(log_scales=(-6, 6)))
def test_curvature_factor_is_that_of_the_stated_matrix(problem):
    objective, terms, _ = problem
    cap = 0.25 if terms["n_classes"] == 2 else 0.5
    expected = cap * gram(objective)
    expected[np.diag_indices(objective.X.shape[1])] += terms["alpha"]
    factor = objective.curvature_factor()
    assert_array_equal(np.triu(factor, 1), 0.0)
    assert (np.diag(factor) > 0.0).all()
    # The ridge is 1e-12 of each diagonal entry, however the columns are scaled.
    scale = np.sqrt(np.diag(expected) + 1e-300)
    error = (factor @ factor.T - expected) / np.outer(scale, scale)
    assert np.abs(error).max() <= 2e-12


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("log_scale", [-8, 0, 8])
def test_curvature_factor_of_dependent_columns_is_finite(n_classes, log_scale):
    rng = np.random.default_rng(0)
    independent = rng.normal(size=(50, 3)) + 1000.0
    columns = [independent, independent @ rng.normal(size=(3, 200)), np.zeros((50, 1))]
    X = np.column_stack([*columns, np.ones((50, 1))]) * 10.0**log_scale
    objective = LinearObjective(X, np.arange(50) % n_classes, np.ones(50), n_classes, 0.0, True)
    factor = objective.curvature_factor()
    assert np.isfinite(factor).all()
    assert (np.diag(factor) > 0.0).all()
