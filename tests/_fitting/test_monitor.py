import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from skxent._fitting._monitor import Monitor, Plateau

losses = st.lists(st.integers(0, 12).map(lambda n: n / 4), min_size=1, max_size=25)
tolerances = st.sampled_from([0.0, 0.25, 0.3])
patiences = st.integers(1, 5)


def watch(monitor, losses):
    """Tell a monitor of epochs until it stops; return the last one."""
    for epoch, loss in enumerate(losses):
        if monitor(epoch, params_of(epoch), loss):
            break
    return epoch


def params_of(epoch):
    return np.array([[float(epoch)]])


def stale_epochs(losses, tol, last):
    """How many epochs before and including the last one did not lower the loss."""
    for n_stale, epoch in enumerate(range(last, 0, -1)):
        if losses[epoch] < min(losses[:epoch]) - tol:
            return n_stale
    return last


# Patience


@given(losses, tolerances, patiences)
def test_early_stopping_stops_at_the_first_epoch_out_of_patience(losses, tol, patience):
    monitor = Monitor(tol=tol, patience=patience, early_stopping=True)
    last = watch(monitor, losses)
    spent = [e for e in range(len(losses)) if stale_epochs(losses, tol, e) >= patience]
    assert last == (spent[0] if spent else len(losses) - 1)
    assert monitor.is_exhausted == bool(spent)


@given(losses, tolerances, patiences)
def test_early_stopping_keeps_the_parameters_of_the_lowest_loss(losses, tol, patience):
    monitor = Monitor(tol=tol, patience=patience, early_stopping=True)
    last = watch(monitor, losses)
    assert monitor.best_params[0, 0] == np.argmin(losses[: last + 1])
    assert monitor.best_loss == min(losses[: last + 1])


@given(losses, tolerances, patiences)
def test_without_early_stopping_nothing_is_stopped_or_kept(losses, tol, patience):
    monitor = Monitor(tol=tol, patience=patience)
    assert watch(monitor, losses) == len(losses) - 1
    assert monitor.best_params is None
    assert not monitor.is_exhausted
    assert monitor.plateau.factor == 1.0


def test_loss_that_is_nan_is_never_the_best():
    monitor = Monitor(tol=0.0, patience=10, early_stopping=True)
    watch(monitor, [math.nan, 2.0, math.nan, 1.0, 3.0])
    assert monitor.best_params[0, 0] == 3


# Adaptive rates


@given(patiences)
def test_adaptive_divides_the_rate_by_five_until_that_is_in_vain(patience):
    monitor = Monitor(tol=0.0, patience=patience, adaptive=True)
    factors = []
    for epoch in range(100):
        is_last = monitor(epoch, params_of(epoch), 1.0)
        factors.append(monitor.plateau.factor)
        if is_last:
            break
    # Five times a fifth is 3.2e-4, six times 6.4e-5, which is below 1e-4.
    assert epoch == 6 * patience
    assert monitor.is_exhausted
    expected = [0.2 ** (e // patience) for e in range(6 * patience + 1)]
    np.testing.assert_allclose(factors, expected, rtol=1e-12)


@given(losses, tolerances, patiences, st.booleans())
def test_adaptive_gives_each_rate_its_own_patience(losses, tol, patience, early_stopping):
    monitor = Monitor(tol=tol, patience=patience, adaptive=True, early_stopping=early_stopping)
    last = watch(monitor, losses)
    n_stale = n_lowered = 0
    for epoch in range(1, last + 1):
        falls = losses[epoch] < min(losses[:epoch]) - tol
        n_stale = 0 if falls else n_stale + 1
        if n_stale == patience:
            n_stale, n_lowered = 0, n_lowered + 1
    assert monitor.plateau.n_stale == n_stale
    np.testing.assert_allclose(monitor.plateau.factor, 0.2**n_lowered, rtol=1e-12)
    assert monitor.is_exhausted == (n_lowered == 6)
    assert (last == len(losses) - 1) or n_lowered == 6


# What is watched


@given(losses, tolerances, patiences)
def test_validation_decides_and_the_training_loss_does_not(losses, tol, patience):
    def validate(params):
        epoch = int(params[0, 0])
        return losses[epoch], -epoch

    told = Monitor(tol=tol, patience=patience, early_stopping=True)
    last = watch(told, losses)
    validated = Monitor(tol=tol, patience=patience, early_stopping=True, validate=validate)
    falling = [-100.0 * epoch for epoch in range(len(losses))]
    assert watch(validated, falling) == last
    assert validated.plateau == told.plateau
    assert validated.best_params[0, 0] == told.best_params[0, 0]
    assert validated.losses == losses[: last + 1]
    assert validated.scores == [-epoch for epoch in range(last + 1)]


def test_curves_are_empty_without_validation():
    monitor = Monitor(tol=0.0, patience=1)
    watch(monitor, [3.0, 2.0])
    assert (monitor.losses, monitor.scores) == ([], [])


@pytest.mark.parametrize("patience", [1, 10])
def test_report_hears_of_each_epoch_but_the_start_and_stops(patience):
    heard = []

    def report(before, params):
        assert before[0, 0] == params[0, 0] - 1
        heard.append(int(params[0, 0]))
        return len(heard) == 3

    monitor = Monitor(tol=0.0, patience=patience, report=report)
    assert watch(monitor, [1.0] * 8) == 3
    assert heard == [1, 2, 3]
    assert not monitor.is_exhausted


def test_report_hears_of_the_epoch_that_exhausts_the_patience():
    heard = []
    monitor = Monitor(
        tol=0.0,
        patience=2,
        early_stopping=True,
        report=lambda before, params: heard.append((before[0, 0], params[0, 0])),
    )
    assert watch(monitor, [1.0] * 8) == 2
    assert heard == [(0, 1), (1, 2)]


@pytest.mark.parametrize("converged", [False, True])
def test_attributes_of_a_fit(converged):
    monitor = Monitor(
        tol=0.0,
        patience=10,
        validate=lambda params: (params[0, 0], -params[0, 0]),
        learned=lambda params, n_iter: {
            "coef_": params,
            "epoch_seconds_": monitor.seconds[:n_iter],
        },
    )
    watch(monitor, [3.0, 2.0, 1.0])
    for n_values in (1, 2, 3):
        seen = monitor.attributes("params", monitor.values[:n_values], converged, "state")
        assert (seen["n_iter_"], seen["coef_"]) == (n_values - 1, "params")
        assert len(seen["epoch_seconds_"]) == n_values - 1
        assert seen["loss_curve_"].tolist() == [3.0, 2.0, 1.0][:n_values]
        assert seen["validation_loss_curve_"].tolist() == [0, 1, 2][:n_values]
        assert seen["validation_score_curve_"].tolist() == [0, -1, -2][:n_values]
        assert (seen["converged_"], seen["_continuation"]) == (converged, "state")
    # A solver that diverged has one value more than was watched.
    assert monitor.attributes("params", [3.0, 2.0, 1.0, np.inf])["n_iter_"] == 3


def test_what_patience_has_ended_has_converged_and_is_not_continued():
    monitor = Monitor(tol=0.0, patience=2, early_stopping=True)
    assert watch(monitor, [1.0] * 8) == 2
    ended = monitor.attributes(None, monitor.values, continuation="state")
    assert (ended["converged_"], ended["_continuation"]) == (True, None)
    before = monitor.attributes(None, monitor.values[:-1], continuation="state")
    assert (before["converged_"], before["_continuation"]) == (False, "state")
    assert ended.keys() == {"n_iter_", "loss_curve_", "converged_", "_continuation"}


@given(losses, tolerances, patiences, st.data(), st.booleans())
def test_monitor_goes_on_from_the_plateau_of_an_earlier_one(losses, tol, patience, data, adaptive):
    n_before = data.draw(st.integers(1, len(losses)))
    settings = {"tol": tol, "patience": patience, "adaptive": adaptive}
    whole, first = Monitor(**settings), Monitor(**settings)
    assume(watch(first, losses[:n_before]) == n_before - 1)
    last = watch(whole, losses)
    # A start is where the call before has ended, and has been watched by that.
    second = Monitor(**settings, plateau=first.plateau)
    assert watch(second, losses[n_before - 1 :]) == last - n_before + 1
    assert second.plateau == whole.plateau


@given(tolerances)
def test_monitor_is_told_of_its_first_start(tol):
    monitor = Monitor(tol=tol, patience=3)
    monitor(0, params_of(0), 2.0)
    assert monitor.plateau == Plateau(best=2.0)


# Plateau

any_losses = st.lists(
    # Many ties and many falls by exactly the tolerance.
    st.integers(-4, 12).map(lambda n: n / 4) | st.just(math.nan) | st.just(math.inf),
    min_size=1,
    max_size=12,
)
any_tolerances = tolerances | st.just(1.0)


@given(any_losses, any_tolerances)
def test_plateau_counts_the_epochs_since_the_last_fall(losses, tol):
    plateau = Plateau()
    for loss in losses:
        plateau = plateau.update(loss, tol)
    bests = [min([x for x in losses[:e] if x == x], default=math.inf) for e in range(len(losses))]
    falls = [e for e, loss in enumerate(losses) if loss < bests[e] - tol]
    last = falls[-1] if falls else -1
    assert plateau.n_stale == len(losses) - 1 - last
    assert plateau.best == min([x for x in losses if x == x], default=math.inf)
    assert plateau.factor == 1.0


def test_losses_that_creep_down_by_the_tolerance_count_for_nothing():
    plateau = Plateau()
    for loss in [4.0, 3.5, 3.0, 2.5]:
        plateau = plateau.update(loss, tol=0.5)
    assert plateau == Plateau(best=2.5, n_stale=3)


@given(any_losses, any_tolerances, st.floats(0.01, 0.99))
def test_lower_counts_afresh_and_keeps_the_best(losses, tol, factor):
    plateau = Plateau()
    for loss in losses:
        plateau = plateau.update(loss, tol)
    before = tuple(plateau)
    assert plateau.lower(factor) == Plateau(plateau.best, 0, factor)
    assert_allclose(plateau.lower(factor).lower().factor, factor / 5, rtol=1e-15)
    assert tuple(plateau) == before
