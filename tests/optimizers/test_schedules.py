import pickle
from functools import partial

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from skxent.optimizers import (
    SCHEDULES,
    constant,
    cosine,
    inverse_scaling,
    one_cycle,
    step_decay,
    warmup,
)
from skxent.optimizers._schedules import WHOLE_FIT_SCHEDULES, make_schedule

epochs = st.integers(0, 10_000)
every_schedule = pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)


@every_schedule
@given(epoch=epochs)
def test_schedule_is_a_share_of_the_rate(schedule, epoch):
    assert 0.0 < schedule(0) <= 1.0
    assert 0.0 <= schedule(epoch) <= 1.0


@pytest.mark.parametrize("schedule", [constant, inverse_scaling, step_decay, cosine])
@given(epoch=epochs)
def test_schedule_that_has_no_warm_up_starts_at_one_and_never_rises(schedule, epoch):
    assert schedule(0) == 1.0
    assert schedule(epoch + 1) <= schedule(epoch)


@given(epochs)
def test_constant_schedule_keeps_the_rate(epoch):
    assert constant(epoch) == 1.0


@given(epochs, st.floats(0.01, 2.0))
def test_inverse_scaling_is_a_power_of_the_number_of_epochs(epoch, power):
    expected = mpmath.exp(-mpmath.mpf(power) * mpmath.log(epoch + 1))
    assert_allclose(inverse_scaling(epoch, power=power), float(expected), rtol=1e-14)


@given(st.integers(0, 300), st.integers(1, 50), st.floats(0.01, 1.0))
def test_step_decay_multiplies_by_its_rate_every_so_many_epochs(epoch, every, rate):
    expected = 1.0
    for e in range(1, epoch + 1):
        if e % every == 0:
            expected *= rate
    assert_allclose(step_decay(epoch, every=every, rate=rate), expected, rtol=1e-12)


@given(st.integers(1, 10_000), st.data())
def test_cosine_falls_along_half_a_wave(n_epochs, data):
    epoch = data.draw(st.integers(0, n_epochs))
    # (1 + cos x) / 2 = cos(x / 2) ** 2
    expected = mpmath.cos(mpmath.pi * epoch / n_epochs / 2) ** 2
    assert_allclose(cosine(epoch, n_epochs=n_epochs), float(expected), atol=1e-15)


@given(st.integers(1, 10_000), st.integers(0, 10_000))
def test_cosine_is_zero_from_its_end_on(n_epochs, later):
    assert cosine(n_epochs + later, n_epochs=n_epochs) == 0.0
    assert cosine(n_epochs - 1, n_epochs=n_epochs) > 0.0


@given(st.integers(0, 100), st.integers(0, 200))
def test_warmup_rises_in_even_steps_to_the_full_rate(n_warmup, epoch):
    steps = [warmup(e, n_warmup=n_warmup) for e in range(n_warmup + 1)]
    assert_allclose(steps, np.linspace(0.0, 1.0, n_warmup + 2)[1:], rtol=1e-14)
    assert warmup(n_warmup + epoch, n_warmup=n_warmup) == 1.0


@given(st.integers(2, 1000), st.floats(0.05, 0.95), st.floats(0.0, 1.0), st.floats(0.0, 2.0))
def test_one_cycle_is_a_rising_and_a_falling_half_wave(n_epochs, peak, start, place):
    share = one_cycle(place * n_epochs, n_epochs=n_epochs, peak=peak, start=start)
    if place < peak:
        wave = mpmath.sin(mpmath.pi * place / peak / 2) ** 2
        expected = start + (1 - start) * wave
    else:
        expected = mpmath.cos(mpmath.pi * min((place - peak) / (1 - peak), 1.0) / 2) ** 2
    assert_allclose(share, float(expected), atol=1e-12)


@given(st.integers(1, 10_000), st.integers(0, 10_000))
def test_one_cycle_is_zero_from_its_end_on(n_epochs, later):
    assert one_cycle(n_epochs + later, n_epochs=n_epochs) == 0.0


def test_schedules_that_span_a_fit_take_its_length():
    for name in WHOLE_FIT_SCHEDULES:
        assert SCHEDULES[name](20, n_epochs=20) == 0.0 < SCHEDULES[name](20, n_epochs=40)


@pytest.mark.parametrize(
    "schedule",
    [
        *SCHEDULES.values(),
        partial(inverse_scaling, power=0.75),
        partial(step_decay, every=7, rate=0.5),
        partial(cosine, n_epochs=50),
        partial(warmup, n_warmup=50),
        partial(one_cycle, n_epochs=50),
    ],
)
def test_schedule_with_other_constants_can_be_pickled(schedule):
    loaded = pickle.loads(pickle.dumps(schedule))
    assert [loaded(epoch) for epoch in range(60)] == [schedule(epoch) for epoch in range(60)]


# The names


@pytest.mark.parametrize("name", sorted(SCHEDULES.keys() - set(WHOLE_FIT_SCHEDULES)))
def test_schedule_of_a_name_is_that_of_the_optimizers(name):
    factor_of = make_schedule(name, 10)
    assert [factor_of(e) for e in range(100)] == [SCHEDULES[name](e) for e in range(100)]


@pytest.mark.parametrize("name", WHOLE_FIT_SCHEDULES)
@given(max_iter=st.integers(1, 1000))
def test_schedule_that_spans_a_fit_ends_with_the_last_iteration(name, max_iter):
    factor_of = make_schedule(name, max_iter)
    assert factor_of(0) > 0.0
    assert factor_of(max_iter - 1) > 0.0
    assert factor_of(max_iter) == 0.0


def test_adaptive_schedule_is_the_function_given():
    factors = iter([1.0, 0.2])
    factor_of = make_schedule("adaptive", 10, lambda epoch: next(factors))
    assert [factor_of(0), factor_of(5)] == [1.0, 0.2]


@pytest.mark.parametrize("schedule", [lambda epoch: 1 / (epoch + 2), inverse_scaling])
def test_callable_schedule_is_taken_as_it_is(schedule):
    factor_of = make_schedule(schedule, 10)
    assert [factor_of(e) for e in range(20)] == [schedule(e) for e in range(20)]


@pytest.mark.parametrize("factor", [-0.1, np.nan, np.inf])
def test_callable_that_returns_no_factor_is_refused(factor):
    factor_of = make_schedule(lambda epoch: factor if epoch == 3 else 0.0, 10)
    assert factor_of(2) == 0.0
    with pytest.raises(ValueError, match=f"finite factor, not negative, got {factor} for epoch 3"):
        factor_of(3)
