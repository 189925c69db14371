import copy
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skxent.optimizers import adam, gradient_descent
from skxent.optimizers._rules import make_rule
from tests.optimizers.strategies import seeds

momenta = st.floats(0.0, 0.99)
rates = st.floats(1e-6, 10.0)

RULES = {"plain": gradient_descent(), "momentum": gradient_descent(0.9), "adam": adam()}
every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)


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


# The names


@pytest.mark.parametrize("solver", ["gd", "sgd"])
@given(seed=seeds, momentum=st.floats(0.0, 0.99))
@settings(max_examples=10)
def test_momentum_is_that_of_the_rule(solver, seed, momentum):
    first, second = np.random.default_rng(seed).normal(size=(2, 3))
    rule = make_rule(solver, momentum)
    _, state = rule.update(first, rule.init(first), 0.1)
    step, _ = rule.update(second, state, 0.1)
    velocity = -0.1 * momentum * first - 0.1 * second
    assert_allclose(step, momentum * velocity - 0.1 * second, rtol=1e-12, atol=1e-15)


def test_momentum_of_adam_is_its_beta_1():
    first, second = np.array([1.0, -3.0]), np.array([2.0, 2.0])
    rule = make_rule("adam", 0.6)
    _, state = rule.update(first, rule.init(first), 0.1)
    step, _ = rule.update(second, state, 0.1)
    mean = (0.6 * 0.4 * first + 0.4 * second) / (1 - 0.6**2)
    square = (0.999 * 0.001 * first**2 + 0.001 * second**2) / (1 - 0.999**2)
    assert_allclose(step, -0.1 * mean / (np.sqrt(square) + 1e-8), rtol=1e-10)
