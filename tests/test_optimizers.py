import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skxent.optimizers import gradient_descent

momenta = st.floats(0.0, 0.99)
rates = st.floats(1e-6, 10.0)
seeds = st.integers(0, 2**32 - 1)


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


@given(momenta, rates, seeds)
def test_update_writes_to_none_of_its_arguments(momentum, rate, seed):
    params, gradient = np.random.default_rng(seed).normal(size=(2, 3))
    rule = gradient_descent(momentum)
    _, state = rule.update(gradient, rule.init(params), rate)
    kept = copy.deepcopy((gradient, state))
    gradient.flags.writeable = state.flags.writeable = False
    step, advanced = rule.update(gradient, state, rate)
    again, same = rule.update(gradient, state, rate)
    assert_array_equal(gradient, kept[0])
    assert_array_equal(state, kept[1])
    assert_array_equal(step, again)
    assert_array_equal(advanced, same)


@given(momenta, seeds)
def test_problems_side_by_side_are_advanced_each_by_its_own_rate(momentum, seed):
    rng = np.random.default_rng(seed)
    gradients = rng.normal(size=(3, 2, 4, 5))
    rates = rng.uniform(0.1, 1.0, size=(2, 1, 1))
    rule = gradient_descent(momentum)
    states = rule.init(gradients[0])
    single = [rule.init(gradients[0, i]) for i in range(2)]
    for gradient in gradients:
        steps, states = rule.update(gradient, states, rates)
        for i in range(2):
            step, single[i] = rule.update(gradient[i], single[i], rates[i, 0, 0])
            assert_array_equal(steps[i], step)


@pytest.mark.parametrize("momentum", [-0.1, 1.0, 2.0, np.nan])
def test_momentum_out_of_range_is_refused(momentum):
    with pytest.raises(ValueError, match=r"momentum must be in \[0, 1\), got"):
        gradient_descent(momentum)
