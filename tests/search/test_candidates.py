from functools import partial

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skxent._fitting._samples import Samples
from skxent.linear._objective import LinearObjective
from skxent.optimizers import constant, cosine, descend, gradient_descent, inverse_scaling
from skxent.search import _candidates as candidates
from skxent.search._candidates import CandidateObjectives
from skxent.search._descend import descend_all
from tests._fitting.strategies import samples
from tests.linear import oracles
from tests.search.strategies import candidate_problems

seeds = st.integers(0, 2**32 - 1)
both_outputs = pytest.mark.parametrize("n_classes", [2, 4])


def shares_of(weights):
    return weights / weights.sum(axis=1, keepdims=True)


def objectives_of(case, X=None, dtype=np.float64):
    """The objectives of a problem of strategies.candidate_problems."""
    problem = case.problem
    return CandidateObjectives(
        X=problem.X.astype(dtype) if X is None else X,
        targets=problem.targets,
        n_classes=problem.n_classes,
        train_weights=shares_of(case.train_weights),
        test_weights=shares_of(case.test_weights),
        folds=case.folds,
        alphas=case.alphas,
        fit_intercept=problem.fit_intercept,
        label_smoothing=problem.label_smoothing,
    )


def alone(objectives, candidate, left_out=False):
    """The objective of one candidate, or of what it leaves out, on its fold's rows alone."""
    shares = objectives.test_weights if left_out else objectives.train_weights
    weights = shares[objectives.folds[candidate]]
    rows = np.flatnonzero(weights)
    return LinearObjective(
        Samples(
            objectives.X[rows],
            objectives.targets[rows],
            weights[rows],
            np.arange(objectives.n_classes),
        ),
        alpha=0.0 if left_out else float(objectives.alphas[candidate]),
        fit_intercept=objectives.fit_intercept,
        label_smoothing=objectives.label_smoothing,
    )


def random_objectives(n_classes=3, *, n_samples=40, n_features=3, n_settings=4, seed=0, **terms):
    """Candidates of three folds: each trains on two thirds of the samples, with weights."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n_samples) % n_classes
    X = rng.normal(size=(n_samples, n_features)) + rng.normal(size=(n_classes, n_features))[labels]
    is_left_out = rng.integers(0, 3, n_samples) == np.arange(3)[:, np.newaxis]
    weights = rng.uniform(0.2, 3.0, n_samples)
    terms = {
        "X": X,
        "targets": labels,
        "fit_intercept": True,
        "label_smoothing": 0.1,
        "alphas": np.repeat(rng.uniform(0.05, 0.5, n_settings), 3),
    } | terms
    return CandidateObjectives(
        n_classes=n_classes,
        train_weights=shares_of(weights * ~is_left_out),
        test_weights=shares_of(weights * is_left_out),
        folds=np.tile(np.arange(3), n_settings),
        **terms,
    )


def random_params(objectives, seed=0):
    return np.random.default_rng(seed).normal(size=objectives.shape)


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
def test_blocks_sum_up_to_the_whole(n_classes, make, monkeypatch):
    objectives = random_objectives(n_classes, n_samples=101)
    objectives = CandidateObjectives(**{**vars(objectives), "X": make(objectives.X)})
    params = random_params(objectives)
    expected = objectives(params)
    assert len(objectives._ranges) == 1
    monkeypatch.setattr(candidates, "_BLOCK_BYTES", 1)
    assert len(objectives._ranges) == 7
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
    objectives = CandidateObjectives(**{**vars(objectives), "X": X}).take(np.array([0]))
    params = 10.0 * np.ones(objectives.shape) * (1 + np.arange(objectives.shape[1]))[:, np.newaxis]
    with np.errstate(over="ignore", invalid="ignore"):
        values, gradients, _ = objectives(params)
    value, gradient = alone(objectives, 0)(params[0])
    assert_allclose(values[0], value, rtol=1e-5)
    assert_allclose(gradients[0], gradient, rtol=1e-4, atol=1e-5)


# CandidateSolutions


def watched(objectives, candidate, rule, rate, factor_of, **options):
    """Descend the objective of one candidate alone; return what it leaves out on the way, too."""
    left_out, losses = alone(objectives, candidate, left_out=True), []

    def monitor(n_iter, params, value):
        losses.append(left_out.loss_and_accuracy(params)[0])

    solution = descend(
        alone(objectives, candidate),
        np.zeros(objectives.shape[1:]),
        rule,
        learning_rate=lambda epoch: rate * factor_of(epoch),
        monitor=monitor,
        **options,
    )
    return solution, losses


def safe_rates(objectives):
    return np.array(
        [1.0 / alone(objectives, i).curvature_bound() for i in range(len(objectives.folds))]
    )


def assert_each_ends_where_it_ends_alone(objectives, rule, rates, factor_of=constant, **options):
    descents = descend_all(objectives, rule, learning_rates=rates, factor_of=factor_of, **options)
    for i, rate in enumerate(rates):
        solution, losses = watched(objectives, i, rule, rate, factor_of, **options)
        status = "converged" if solution.converged else "running"
        assert descents.status[i] == ("diverged" if solution.diverged else status)
        assert descents.n_iter[i] == solution.n_iter
        assert_allclose(descents.params[i], solution.params, rtol=0, atol=1e-9)
        assert_allclose(descents.held_out[i, : len(losses)], losses, rtol=1e-9, atol=1e-9)
        assert np.isnan(descents.held_out[i, len(losses) :]).all()
    return descents


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@given(problem=samples(), seed=seeds)
@settings(max_examples=15)
def test_each_candidate_ends_where_it_ends_alone(momentum, problem, seed):
    rng = np.random.default_rng(seed)
    n_samples, n_candidates = len(problem.X), 6
    train, test = rng.uniform(0.1, 3.0, (2, 2, n_samples)) * rng.integers(0, 2, (2, 2, n_samples))
    train[:, 0], test[:, -1] = 1.0, 1.0
    objectives = CandidateObjectives(
        X=problem.X,
        targets=problem.labels,
        n_classes=problem.n_classes,
        train_weights=shares_of(train),
        test_weights=shares_of(test),
        folds=np.arange(n_candidates) % 2,
        alphas=rng.uniform(0.05, 1.0, n_candidates),
        fit_intercept=bool(seed % 2),
        label_smoothing=0.1,
    )
    rates = safe_rates(objectives) * [0.01, 0.1, 0.5, 1.0, 1.0, 0.3]
    assert_each_ends_where_it_ends_alone(
        objectives, gradient_descent(momentum), rates, max_iter=60, tol=1e-3
    )


@both_outputs
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_what_diverges_leaves_the_others_alone(n_classes, momentum):
    objectives = random_objectives(n_classes)
    rates = safe_rates(objectives)
    rates[1::4] = 1e3 / objectives.alphas[1::4]  # the penalty alone climbs without bound
    rates[2::4] *= 0.01
    descents = assert_each_ends_where_it_ends_alone(
        objectives, gradient_descent(momentum), rates, max_iter=150, tol=1e-4
    )
    assert_array_equal(descents.status == "diverged", np.arange(12) % 4 == 1)
    assert set(descents.status) == {"diverged", "running", "converged"}
    assert np.isfinite(descents.params).all()


@both_outputs
def test_momentum_restarts_for_each_candidate_by_itself(n_classes):
    objectives = random_objectives(n_classes)
    rates = safe_rates(objectives) * np.repeat([0.1, 0.3, 1.0, 2.0], 3)
    n_restarts = []
    for i, rate in enumerate(rates):
        starts = []
        rule = gradient_descent(0.95)
        counting = rule._replace(init=lambda params, starts=starts: starts.append(0) or 0 * params)
        watched(objectives, i, counting, rate, constant, max_iter=200, tol=1e-6)
        n_restarts.append(len(starts) - 1)
    assert len(set(n_restarts)) > 2  # or nothing is shown
    assert_each_ends_where_it_ends_alone(
        objectives, gradient_descent(0.95), rates, max_iter=200, tol=1e-6
    )


@pytest.mark.parametrize("factor_of", [inverse_scaling, partial(cosine, n_epochs=30)])
def test_schedules_lower_the_rates_of_all(factor_of):
    objectives = random_objectives()
    rates = safe_rates(objectives) * np.linspace(0.1, 1.5, 12)
    assert_each_ends_where_it_ends_alone(
        objectives, gradient_descent(0.9), rates, factor_of, max_iter=30, tol=1e-4
    )


def test_sparse_samples_descend_as_dense_ones():
    dense = random_objectives()
    sparse = CandidateObjectives(**{**vars(dense), "X": scipy.sparse.csr_array(dense.X)})
    rates = safe_rates(dense)
    options = {"max_iter": 40, "tol": 1e-4, "learning_rates": rates, "factor_of": constant}
    expected = descend_all(dense, gradient_descent(0.9), **options)
    descents = descend_all(sparse, gradient_descent(0.9), **options)
    assert_array_equal(descents.status, expected.status)
    assert_allclose(descents.params, expected.params, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@both_outputs
def test_what_differs_from_training_alone_is_the_order_of_the_products_sums(n_classes, dtype):
    # One product of all candidates and one for each sum the same terms in another order, so
    # that the iterates differ by some units of the last place of X's type, and no more.
    objectives = random_objectives(n_classes)
    objectives = CandidateObjectives(**{**vars(objectives), "X": objectives.X.astype(dtype)})
    rates = 0.1 * safe_rates(objectives)  # so small that no iterate is near the minimum
    rule, options = gradient_descent(0.9), {"max_iter": 10, "tol": 0.0}
    descents = descend_all(objectives, rule, learning_rates=rates, factor_of=constant, **options)
    for i, rate in enumerate(rates):
        solution, _ = watched(objectives, i, rule, rate, constant, **options)
        limit = 64 * np.finfo(dtype).eps * np.abs(solution.params).max()
        assert_allclose(descents.params[i], solution.params, rtol=0, atol=limit)


@both_outputs
def test_dropping_candidates_changes_nothing_for_the_rest(n_classes):
    objectives = random_objectives(n_classes)
    rates = safe_rates(objectives) * np.repeat([0.1, 0.3, 1.0, 2.0], 3)
    options = {"learning_rates": rates, "max_iter": 40, "tol": 1e-3, "factor_of": constant}
    drops = {3: [0, 4], 4: [11], 5: [1, 2, 6]}
    is_kept = np.ones(12, dtype=bool)

    def select(epoch, held_out, is_diverged):
        assert not is_diverged.any()
        is_kept[drops.get(epoch, [])] = False
        return is_kept

    whole = descend_all(objectives, gradient_descent(0.9), **options)
    pruned = descend_all(objectives, gradient_descent(0.9), select=select, **options)
    assert_array_equal(pruned.status[is_kept], whole.status[is_kept])
    assert_array_equal(pruned.n_iter[is_kept], whole.n_iter[is_kept])
    assert_allclose(pruned.params[is_kept], whole.params[is_kept], rtol=0, atol=1e-13)
    assert_allclose(pruned.held_out[is_kept], whole.held_out[is_kept], rtol=1e-13)
    for epoch, dropped in drops.items():
        assert_array_equal(pruned.status[dropped], "pruned")
        assert_array_equal(pruned.n_iter[dropped], epoch)
        assert_allclose(
            pruned.held_out[dropped, : epoch + 1], whole.held_out[dropped, : epoch + 1], rtol=1e-13
        )
        assert np.isnan(pruned.held_out[dropped, epoch + 1 :]).all()


def test_what_has_converged_or_diverged_is_not_called_pruned():
    objectives = random_objectives()
    rates = safe_rates(objectives)
    rates[0] = 1e3 / objectives.alphas[0]
    options = {"learning_rates": rates, "max_iter": 100, "tol": 1e-3, "factor_of": constant}
    whole = descend_all(objectives, gradient_descent(0.9), **options)
    last = whole.n_iter.max()

    def select(epoch, held_out, is_diverged):
        return np.full(12, epoch < last)

    pruned = descend_all(objectives, gradient_descent(0.9), select=select, **options)
    assert set(whole.status) == {"diverged", "converged"}
    assert_array_equal(pruned.status, whole.status)


def test_select_sees_the_losses_so_far_and_what_diverged():
    objectives = random_objectives()
    rates = safe_rates(objectives)
    rates[5] = 1e3 / objectives.alphas[5]
    seen = []

    def select(epoch, held_out, is_diverged):
        seen.append((epoch, held_out.copy(), is_diverged.copy()))
        return ~is_diverged

    descents = descend_all(
        objectives,
        gradient_descent(),
        learning_rates=rates,
        max_iter=80,
        tol=0.0,
        factor_of=constant,
        select=select,
    )
    assert [epoch for epoch, _, _ in seen] == list(range(81))
    for epoch, held_out, is_diverged in seen:
        assert np.isnan(held_out[:, epoch + 1 :]).all()
        assert_array_equal(held_out[:, : epoch + 1], descents.held_out[:, : epoch + 1])
        assert_array_equal(is_diverged, (np.arange(12) == 5) & (epoch >= descents.n_iter[5]))


def test_monitor_ends_all_descents_where_it_asks_to():
    objectives = random_objectives()
    rates, calls = safe_rates(objectives) * np.repeat([0.1, 0.3, 1.0, 2.0], 3), []

    def monitor(epoch, n_alive):
        calls.append((epoch, n_alive))
        return epoch == 7

    options = {"learning_rates": rates, "tol": 0.0, "factor_of": constant}
    rule = gradient_descent(0.9)
    stopped = descend_all(objectives, rule, max_iter=50, monitor=monitor, **options)
    ended = descend_all(objectives, rule, max_iter=7, **options)
    assert calls == [(epoch, 12) for epoch in range(1, 8)]
    assert_array_equal(stopped.status, "running")
    assert_array_equal(stopped.n_iter, 7)
    assert_array_equal(stopped.params, ended.params)
    assert_array_equal(stopped.held_out[:, :8], ended.held_out)


def test_monitor_hears_how_many_are_left():
    objectives, calls = random_objectives(), []
    descents = descend_all(
        objectives,
        gradient_descent(0.9),
        learning_rates=safe_rates(objectives) * np.linspace(0.1, 1.0, 12),
        max_iter=60,
        tol=1e-2,
        factor_of=constant,
        monitor=lambda epoch, n_alive: calls.append((epoch, n_alive)),
    )
    assert len(set(descents.n_iter)) > 3
    assert calls == [
        (epoch, np.count_nonzero(descents.n_iter >= epoch))
        for epoch in range(1, descents.n_iter.max() + 1)
    ]


def test_start_that_has_converged_is_where_it_ends():
    objectives = random_objectives()
    descents = descend_all(
        objectives,
        gradient_descent(0.9),
        learning_rates=np.ones(12),
        max_iter=5,
        tol=100.0,
        factor_of=constant,
    )
    assert_array_equal(descents.n_iter, 0)
    assert_array_equal(descents.params, 0.0)
    assert_array_equal(descents.status, "converged")
