from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from numpy.testing import assert_allclose, assert_array_equal

from tests.linear import oracles
from tests.optimizers.strategies import seeds
from tests.search.objectives import alone, objectives_of, random_objectives, random_params
from tests.search.strategies import candidate_problems

both_outputs = pytest.mark.parametrize("n_classes", [2, 4])


# Values, gradients and held-out losses


@given(case=candidate_problems())
def test_each_candidate_has_the_objective_of_its_fold_alone(case):
    objectives = objectives_of(case)
    values, gradients, held_out = objectives(case.params)
    assert gradients.dtype == np.float64
    for i, params in enumerate(case.params):
        value, gradient = alone(objectives, i)(params)
        assert_allclose(values[i], value, rtol=1e-12, atol=1e-13)
        assert_allclose(gradients[i], gradient, rtol=1e-12, atol=1e-13)
        loss, _ = alone(objectives, i, left_out=True).loss_and_accuracy(params)
        assert_allclose(held_out[i], loss, rtol=1e-12, atol=1e-13)


@given(case=candidate_problems())
@settings(max_examples=20)
def test_each_candidate_has_the_objective_of_the_oracle(case):
    problem = case.problem
    values, gradients, held_out = objectives_of(case)(case.params)
    terms = {"n_classes": problem.n_classes, "fit_intercept": problem.fit_intercept}
    terms["label_smoothing"] = problem.label_smoothing
    for i, params in enumerate(case.params):
        data = params.tolist(), problem.X.tolist(), problem.targets.tolist()
        trained = terms | {"alpha": case.alphas[i]}
        trained["sample_weight"] = case.train_weights[case.folds[i]]
        value = oracles.linear_objective(*data, **trained).real
        gradient = oracles.linear_gradient(params, *data[1:], **trained)
        left_out = case.test_weights[case.folds[i]]
        loss = oracles.linear_objective(*data, **terms, sample_weight=left_out).real
        assert_allclose(values[i], value, rtol=1e-12, atol=1e-13)
        assert_allclose(gradients[i], gradient, rtol=1e-11, atol=1e-12)
        assert_allclose(held_out[i], loss, rtol=1e-12, atol=1e-13)


@given(case=candidate_problems(magnitude=300.0))
def test_huge_logits_overflow_nowhere(case):
    objectives = objectives_of(case)
    values, gradients, held_out = objectives(case.params)
    for i, params in enumerate(case.params):
        value, gradient = alone(objectives, i)(params)
        assert_allclose(values[i], value, rtol=1e-12)
        assert_allclose(gradients[i], gradient, rtol=1e-11, atol=1e-12)
        loss, _ = alone(objectives, i, left_out=True).loss_and_accuracy(params)
        # A loss of a sure sample is the difference of logits of some hundreds.
        assert_allclose(held_out[i], loss, rtol=1e-12, atol=1e-12)


@given(case=candidate_problems())
@settings(max_examples=20)
def test_float32_differs_by_the_rounding_of_float32(case):
    exact = objectives_of(case)(case.params)
    for given_, expected in zip(
        objectives_of(case, dtype=np.float32)(case.params), exact, strict=True
    ):
        assert given_.dtype == np.float64
        assert_allclose(given_, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("make", [scipy.sparse.csr_matrix, scipy.sparse.csr_array])
@given(case=candidate_problems(), seed=seeds)
@settings(max_examples=15)
def test_sparse_samples_have_the_objectives_of_dense_ones(make, case, seed):
    X = case.problem.X * np.random.default_rng(seed).integers(0, 2, case.problem.X.shape)
    expected = objectives_of(case, X)(case.params)
    for of_sparse, of_dense in zip(
        objectives_of(case, make(X))(case.params), expected, strict=True
    ):
        assert isinstance(of_sparse, np.ndarray)
        assert_allclose(of_sparse, of_dense, rtol=1e-12, atol=1e-13)


@both_outputs
@pytest.mark.parametrize("make", [np.asarray, scipy.sparse.csr_array])
def test_blocks_sum_up_to_the_whole(n_classes, make):
    objectives = random_objectives(n_classes, n_samples=101)
    objectives = replace(objectives, X=make(objectives.X))
    params = random_params(objectives)
    expected = objectives(params)
    assert len(objectives._blocks) == 1
    objectives = replace(objectives, block_bytes=1)
    assert len(objectives._blocks) == 7
    for of_blocks, whole in zip(objectives(params), expected, strict=True):
        assert_allclose(of_blocks, whole, rtol=1e-13, atol=1e-14)


@given(case=candidate_problems(), seed=seeds)
@settings(max_examples=20)
def test_some_of_the_candidates_have_what_they_have_among_all(case, seed):
    objectives = objectives_of(case)
    some = np.random.default_rng(seed).integers(0, len(case.folds), 3)
    mask = np.isin(np.arange(len(case.folds)), some)
    expected = objectives(case.params)
    for chosen in (some, mask):
        taken = objectives.take(chosen)
        assert taken.shape == case.params[chosen].shape
        for of_some, of_all in zip(taken(case.params[chosen]), expected, strict=True):
            # The order of a sum depends on where it lies in memory.
            assert_allclose(of_some, of_all[chosen], rtol=1e-13, atol=1e-14)


@given(case=candidate_problems())
@settings(max_examples=10)
def test_nothing_is_written_to_the_arguments(case):
    objectives, params = objectives_of(case), case.params.copy()
    before = [np.copy(value) for value in vars(objectives).values()]
    params.flags.writeable = False
    objectives(params)
    for value, old in zip(list(vars(objectives).values())[: len(before)], before, strict=True):
        assert_array_equal(value, old)


@both_outputs
def test_samples_that_a_fold_leaves_out_cannot_spoil_its_training(n_classes):
    objectives = random_objectives(n_classes)
    X = objectives.X.astype(np.float32)
    left_out = np.flatnonzero(objectives.test_weights[0])[0]
    X[left_out] = 3e38  # its logits overflow
    objectives = replace(objectives, X=X).take(np.array([0]))
    params = 10.0 * np.ones(objectives.shape) * (1 + np.arange(objectives.shape[1]))[:, np.newaxis]
    with np.errstate(over="ignore", invalid="ignore"):
        values, gradients, _ = objectives(params)
    value, gradient = alone(objectives, 0)(params[0])
    assert_allclose(values[0], value, rtol=1e-5)
    assert_allclose(gradients[0], gradient, rtol=1e-4, atol=1e-5)
