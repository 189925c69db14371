import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skxent.search._results import by_setting, choose, tabulate

RATES, ALPHAS = np.array([0.1, 0.2, 0.3]), np.array([1.0, 2.0])


def scores_of(seed=0, n_folds=4):
    return np.random.default_rng(seed).uniform(size=(3, 2, n_folds))


def test_rows_are_settings_with_the_alphas_first():
    values = np.arange(24).reshape(3, 2, 4)
    rows = by_setting(values)
    table = tabulate(values / 24, values, ALPHAS, RATES, (1.0, 1.0))
    for row, setting in zip(rows, table["params"], strict=True):
        rate, alpha = setting["learning_rate"], setting["alpha"]
        expected = values[RATES.tolist().index(rate), ALPHAS.tolist().index(alpha)]
        assert_array_equal(row, expected)
    assert [setting["alpha"] for setting in table["params"]] == [1.0] * 3 + [2.0] * 3
    assert_array_equal(table["param_learning_rate"], [0.1, 0.2, 0.3] * 2)
    assert_array_equal(table["split2_test_score"], rows[:, 2] / 24)


def test_seconds_are_shared_out():
    scores, n_iter = scores_of(), np.random.default_rng(1).integers(0, 50, (3, 2, 4))
    table = tabulate(scores, n_iter, ALPHAS, RATES, (7.0, 3.0))
    assert_allclose(4 * table["mean_fit_time"].sum(), 7.0)
    assert_allclose(4 * table["mean_score_time"].sum(), 3.0)
    # In proportion to the evaluations, one of them at the start.
    work = by_setting(n_iter + 1).mean(axis=1)
    assert_allclose(table["mean_fit_time"] / table["mean_fit_time"][0], work / work[0])
    assert_array_equal(table["std_score_time"], 0.0)


def test_ranks_are_those_of_the_means_with_ties_and_nan_last():
    scores = np.zeros((3, 2, 2))
    scores[:, 0] = [[0.5, 0.7], [0.9, 0.9], [np.nan, 1.0]]
    scores[:, 1] = [[0.6, 0.6], [0.2, 0.3], [0.7, 0.5]]
    table = tabulate(scores, np.ones((3, 2, 2)), ALPHAS, RATES, (1.0, 1.0))
    assert_array_equal(table["rank_test_score"], [2, 1, 6, 2, 5, 2])
    assert table["rank_test_score"].dtype == np.int32


def test_best_setting_has_the_highest_mean_the_first_of_several():
    status = np.full((3, 2, 4), "running", dtype="<U9")
    means = np.array([0.1, 0.8, np.nan, 0.8, 0.2, 0.3])
    assert choose(means, status, prune=True) == choose(means, status, prune=False) == 1


@pytest.mark.parametrize("reason", ["pruned", "diverged"])
def test_setting_that_was_dropped_in_a_fold_is_not_chosen_with_pruning(reason):
    status = np.full((3, 2, 4), "running", dtype="<U9")
    means = np.array([0.1, 0.8, 0.5, 0.7, 0.2, 0.3])
    status[1, 0, 3] = reason  # of the setting in row 1
    assert choose(means, status, prune=True) == 3
    assert choose(means, status, prune=False) == 1
    status[:] = reason
    assert choose(means, status, prune=True) == 1
