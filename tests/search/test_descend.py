from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from numpy.testing import assert_allclose, assert_array_equal

from skxent.linear._curvature import curvature_bound
from skxent.optimizers import constant, cosine, descend, gradient_descent, inverse_scaling
from skxent.search._candidates import CandidateObjectives
from skxent.search._descend import CandidateSolutions, descend_all, descend_in_groups
from skxent.search._halving import Halving
from tests._fitting.strategies import samples
from tests.optimizers.strategies import seeds
from tests.search.objectives import alone, random_objectives, shares_of

both_outputs = pytest.mark.parametrize("n_classes", [2, 4])


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
        [1.0 / curvature_bound(alone(objectives, i)) for i in range(len(objectives.folds))]
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
    sparse = replace(dense, X=scipy.sparse.csr_array(dense.X))
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
    objectives = replace(objectives, X=objectives.X.astype(dtype))
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


# Groups


def group_options(objectives, **options):
    """Arguments for descents of which some end early."""
    rates = safe_rates(objectives) * np.repeat([0.03, 0.1, 0.3, 1.0, 1.5], 3)
    options = {"max_iter": 40, "tol": 1e-2, "factor_of": constant} | options
    return {"learning_rates": rates, **options}


def assert_same_descents(descents, expected):
    assert_array_equal(descents.status, expected.status)
    assert_array_equal(descents.n_iter, expected.n_iter)
    # One product of many rows and several of few may sum in another order.
    assert_allclose(descents.params, expected.params, rtol=0, atol=1e-13)
    assert_allclose(descents.held_out, expected.held_out, rtol=1e-13)


@both_outputs
@pytest.mark.parametrize(("n_settings", "sizes"), [(0, [3] * 5), (1, [3] * 5), (2, [6, 6, 3])])
def test_groups_of_settings_end_where_all_at_once_end(n_classes, n_settings, sizes):
    objectives = random_objectives(n_classes, n_settings=5)
    calls = []
    options = group_options(objectives)
    # Eight copies of the parameters of a setting in three folds, in float64.
    n_bytes = 8 * 8 * 3 * np.prod(objectives.shape[1:])
    grouped = descend_in_groups(
        objectives,
        gradient_descent(0.9),
        monitor=lambda epoch, n_alive: calls.append((epoch, n_alive)),
        max_bytes=n_settings * n_bytes + 1,
        **options,
    )
    assert [n_alive for epoch, n_alive in calls if epoch == 1] == sizes
    assert_same_descents(grouped, descend_all(objectives, gradient_descent(0.9), **options))
    assert set(grouped.status) == {"running", "converged"}


def test_groups_are_halved_each_by_itself():
    objectives = random_objectives(n_settings=5)
    options = group_options(objectives, tol=0.0)
    n_bytes = 3 * 8 * 8 * 3 * np.prod(objectives.shape[1:])  # of three settings
    rule = gradient_descent(0.9)
    grouped = descend_in_groups(objectives, rule, prune=True, max_bytes=n_bytes, **options)
    for group, n_settings in [(slice(0, 9), 3), (slice(9, 15), 2)]:
        rates = options["learning_rates"][group]
        expected = descend_all(
            objectives.take(group),
            rule,
            select=Halving(n_settings, 3, 40),
            **options | {"learning_rates": rates},
        )
        part = CandidateSolutions(*(of_all[group] for of_all in vars(grouped).values()))
        assert_same_descents(part, expected)
    assert np.count_nonzero(grouped.status == "pruned") == 3


def test_stop_request_ends_the_later_groups_after_an_update():
    objectives = random_objectives(n_settings=3)
    calls = []

    def monitor(epoch, n_alive):
        calls.append(epoch)
        return len(calls) >= 5

    options = {"max_iter": 40, "tol": 0.0, "factor_of": constant, "max_bytes": 1}
    options |= {"learning_rates": safe_rates(objectives)}
    stopped = descend_in_groups(objectives, gradient_descent(), monitor=monitor, **options)
    assert_array_equal(stopped.n_iter, np.repeat([5, 1, 1], 3))
    assert_array_equal(stopped.status, "running")
