import copy
import math
import pickle
from functools import partial

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skxent._fitting._monitor import Plateau
from skxent.optimizers import (
    SCHEDULES,
    adam,
    constant,
    cosine,
    gradient_descent,
    inverse_scaling,
    one_cycle,
    step_decay,
    warmup,
)
from skxent.optimizers._schedules import WHOLE_FIT_SCHEDULES

momenta = st.floats(0.0, 0.99)
rates = st.floats(1e-6, 10.0)
seeds = st.integers(0, 2**32 - 1)
epochs = st.integers(0, 10_000)

RULES = {"plain": gradient_descent(), "momentum": gradient_descent(0.9), "adam": adam()}
every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
every_schedule = pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)


# Update rules


@every_rule
@given(rate=rates, seed=seeds)
def test_update_writes_to_none_of_its_arguments(rule, rate, seed):
    params, gradient = np.random.default_rng(seed).normal(size=(2, 3))
    params.flags.writeable = gradient.flags.writeable = False
    _, state = rule.update(gradient, rule.init(params), rate)
    kept = copy.deepcopy((gradient, state))
    for part in state if isinstance(state, tuple) else (state,):
        if isinstance(part, np.ndarray):
            part.flags.writeable = False
    step, advanced = rule.update(gradient, state, rate)
    again, same = rule.update(gradient, state, rate)
    assert_array_equal(gradient, kept[0])
    assert_array_equal(np.hstack(state), np.hstack(kept[1]))
    assert_array_equal(step, again)
    assert_array_equal(np.hstack(advanced), np.hstack(same))


@every_rule
@given(seed=seeds)
def test_problems_side_by_side_are_advanced_each_by_its_own_rate(rule, seed):
    rng = np.random.default_rng(seed)
    gradients = rng.normal(size=(3, 2, 4, 5))
    rates = rng.uniform(0.1, 1.0, size=(2, 1, 1))
    states = rule.init(gradients[0])
    single = [rule.init(gradients[0, i]) for i in range(2)]
    for gradient in gradients:
        steps, states = rule.update(gradient, states, rates)
        for i in range(2):
            step, single[i] = rule.update(gradient[i], single[i], rates[i, 0, 0])
            assert_array_equal(steps[i], step)


@given(rates, seeds)
def test_step_without_momentum_is_the_textbook_one(rate, seed):
    params, first, second = np.random.default_rng(seed).normal(size=(3, 2, 4))
    rule = gradient_descent()
    state = rule.init(params)
    for gradient in (first, second):
        step, state = rule.update(gradient, state, rate)
        assert_array_equal(step, -rate * gradient)


@given(momenta, rates, seeds)
def test_momentum_is_the_two_sequences_of_nesterov(momentum, rate, seed):
    gradients = np.random.default_rng(seed).normal(size=(6, 3))
    rule = gradient_descent(momentum)
    params = look_ahead = reached = np.zeros(3)
    state = rule.init(params)
    for gradient in gradients:
        step, state = rule.update(gradient, state, rate)
        params = params + step
        # x' = y - eta grad J(y), y' = x' + mu (x' - x); the rule's params are y.
        before, reached = reached, look_ahead - rate * gradient
        look_ahead = reached + momentum * (reached - before)
        assert_allclose(params, look_ahead, rtol=1e-12, atol=1e-12 * rate)


def algorithm_1(gradients, rate, beta_1, beta_2, epsilon):
    """Change of one parameter after each step of Algorithm 1 of Kingma and Ba (2015)."""
    m = v = 0.0
    changes = []
    for t, g in enumerate(gradients, start=1):
        m = beta_1 * m + (1 - beta_1) * g
        v = beta_2 * v + (1 - beta_2) * g * g
        m_hat = m / (1 - beta_1**t)
        v_hat = v / (1 - beta_2**t)
        changes.append(-rate * m_hat / (math.sqrt(v_hat) + epsilon))
    return changes


@given(
    rate=rates,
    beta_1=momenta,
    beta_2=st.floats(0.0, 0.9999),
    # Against gradients from 1e-9 to 1e3: above most of them, and below.
    epsilon=st.sampled_from([1e-12, 1e-8, 1e-3, 1.0]),
    seed=seeds,
)
def test_adam_is_algorithm_1_of_its_paper(rate, beta_1, beta_2, epsilon, seed):
    rng = np.random.default_rng(seed)
    gradients = rng.normal(size=(7, 3)) * 10.0 ** rng.uniform(-9, 3, size=3)
    rule = adam(beta_1, beta_2, epsilon)
    state = rule.init(gradients[0])
    steps = []
    for gradient in gradients:
        step, state = rule.update(gradient, state, rate)
        steps.append(step)
    expected = [algorithm_1(column, rate, beta_1, beta_2, epsilon) for column in gradients.T]
    # Where gradients of both signs cancel in the mean, so do the digits.
    assert_allclose(np.transpose(steps), expected, rtol=1e-10, atol=1e-12 * rate)


@given(rate=rates, magnitude=st.floats(-12.0, 3.0), beta_2=st.floats(0.0, 0.9999))
def test_epsilon_of_adam_stands_beside_the_corrected_root(rate, magnitude, beta_2):
    gradient = np.array([1.0, -2.0]) * 10.0**magnitude
    rule = adam(beta_2=beta_2, epsilon=1e-8)
    step, _ = rule.update(gradient, rule.init(gradient), rate)
    assert_allclose(step, -rate * gradient / (np.abs(gradient) + 1e-8), rtol=1e-10)


def test_adam_stays_where_the_gradient_is_zero():
    step, _ = adam().update(np.zeros(2), adam().init(np.ones(2)), 0.1)
    assert_array_equal(step, 0.0)


@pytest.mark.parametrize("value", [-0.1, 1.0, 2.0, np.nan])
@pytest.mark.parametrize(
    ("rule", "name"), [(gradient_descent, "momentum"), (adam, "beta_1"), (adam, "beta_2")]
)
def test_share_out_of_range_is_refused(rule, name, value):
    with pytest.raises(ValueError, match=rf"{name} must be in \[0, 1\), got {value}"):
        rule(**{name: value})


@pytest.mark.parametrize("epsilon", [0.0, -1e-8, np.nan])
def test_epsilon_that_is_not_positive_is_refused(epsilon):
    with pytest.raises(ValueError, match=f"epsilon must be positive, got {epsilon}"):
        adam(epsilon=epsilon)


# Schedules


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


# Plateau

losses = st.lists(
    # Many ties and many falls by exactly the tolerance.
    st.integers(-4, 12).map(lambda n: n / 4) | st.just(math.nan) | st.just(math.inf),
    min_size=1,
    max_size=12,
)
tolerances = st.sampled_from([0.0, 0.25, 0.3, 1.0])


@given(losses, tolerances)
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


@given(losses, tolerances, st.floats(0.01, 0.99))
def test_lower_counts_afresh_and_keeps_the_best(losses, tol, factor):
    plateau = Plateau()
    for loss in losses:
        plateau = plateau.update(loss, tol)
    before = tuple(plateau)
    assert plateau.lower(factor) == Plateau(plateau.best, 0, factor)
    assert_allclose(plateau.lower(factor).lower().factor, factor / 5, rtol=1e-15)
    assert tuple(plateau) == before
