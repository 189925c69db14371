import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skxent.search._halving import Halving


def held_out_of(*losses, n_folds=2, max_iter=32):
    """Losses of settings, the same in each fold and at each epoch."""
    return np.repeat(np.array(losses, dtype=float), n_folds)[:, np.newaxis].repeat(max_iter + 1, 1)


NONE_DIVERGED = np.zeros(10, dtype=bool)


def test_better_half_is_kept_at_the_rungs_alone_until_two_are_left():
    halving = Halving(5, 2, max_iter=32)
    held_out = held_out_of(3.0, 1.0, 5.0, 2.0, 4.0)
    kept = [halving(epoch, held_out, NONE_DIVERGED)[::2].copy() for epoch in range(33)]
    assert [epoch for epoch in range(1, 33) if kept[epoch].sum() < kept[epoch - 1].sum()] == [2, 4]
    assert_array_equal(kept[2], [True, True, False, True, False])
    assert_array_equal(kept[32], [False, True, False, True, False])


@pytest.mark.parametrize("max_iter", [16, 17, 100])
def test_rungs_are_shares_of_the_iterations_rounded_up(max_iter):
    halving = Halving(64, 1, max_iter)
    held_out = np.arange(64.0)[:, np.newaxis].repeat(max_iter + 1, axis=1)
    counts = [halving(e, held_out, np.zeros(64, bool)).sum() for e in range(max_iter + 1)]
    rungs = [int(np.ceil(max_iter * share)) for share in (1 / 16, 1 / 8, 1 / 4, 1 / 2)]
    for epoch in range(1, max_iter + 1):
        assert counts[epoch] == counts[epoch - 1] // (2 if epoch in rungs else 1)


def test_mean_over_the_folds_decides():
    halving = Halving(3, 2, max_iter=16)
    held_out = np.array([1.0, 9.0, 4.0, 4.0, 6.0, 2.0])[:, np.newaxis].repeat(17, axis=1)
    assert_array_equal(halving(1, held_out, np.zeros(6, bool)), [0, 0, 1, 1, 1, 1])


def test_setting_that_diverges_in_a_fold_is_dropped_at_any_epoch_and_stays_so():
    halving = Halving(5, 2, max_iter=32)
    held_out = held_out_of(1.0, 2.0, 3.0, 4.0, 5.0)
    has_diverged = NONE_DIVERGED.copy()
    has_diverged[1] = True
    assert_array_equal(halving(1, held_out, has_diverged), np.repeat([0, 1, 1, 1, 1], 2))
    # It does not count as one of the better half, however low its loss.
    assert_array_equal(halving(2, held_out, NONE_DIVERGED), np.repeat([0, 1, 1, 0, 0], 2))


def test_last_loss_of_what_has_converged_counts():
    halving = Halving(4, 1, max_iter=32)
    held_out = np.full((4, 33), np.nan)
    held_out[:, 0] = 9.0
    held_out[0, 1] = 1.5  # converged after the first update
    held_out[1:, 1] = 8.0
    held_out[1:, 2] = [1.0, 2.0, 3.0]
    assert_array_equal(halving(2, held_out, np.zeros(4, bool)), [1, 1, 0, 0])
