from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skxent.optimizers import descend, gradient_descent
from skxent.optimizers._proximal import add_l1, proximal_gradient, proximal_step
from tests.optimizers.objectives import Quadratic, parabola
from tests.optimizers.strategies import seeds, strengths

rates = st.floats(0.01, 10.0)


def by_descent(objective, start, *, momentum=0.0, rate, **options):
    options = {"max_iter": 100, "tol": 0.0} | options
    return descend(objective, start, gradient_descent(momentum), learning_rate=rate, **options)


# One step


@given(seeds, strengths, rates)
def test_proximal_step_minimises_its_model_of_the_objective(seed, l1, rate):
    params, gradient = np.random.default_rng(seed).normal(size=(2, 2, 4))
    step = proximal_step(params, gradient, l1, rate)

    def model(candidates):
        change = candidates - params
        return gradient * change + change**2 / (2.0 * rate) + l1 * np.abs(candidates)

    # Convex in each parameter: no lower on either side is the minimum.
    for shift in (-1e-4, 1e-4):
        assert (model(step + shift) >= model(step) - 1e-13).all()
    assert (step[np.abs(params - rate * gradient) <= rate * l1] == 0.0).all()


@given(seeds, strengths, rates)
def test_proximal_gradient_is_the_step_over_the_rate(seed, l1, rate):
    params, gradient = np.random.default_rng(seed).normal(size=(2, 2, 4))
    slope = proximal_gradient(params, gradient, l1, rate)
    assert_allclose(params - rate * slope, proximal_step(params, gradient, l1, rate), atol=1e-14)
    value, same = add_l1(0.5, gradient, params, l1, rate)
    assert_array_equal(same, slope)
    assert_allclose(value, 0.5 + np.sum(l1 * np.abs(params)), rtol=1e-14)
    plain = proximal_gradient(params, gradient, np.zeros(4), rate)
    assert_allclose(plain, gradient, rtol=1e-9, atol=1e-12)


# Descent


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@given(seed=seeds, l1=strengths, share=st.floats(0.3, 1.0))
@settings(max_examples=15)
def test_minimum_with_l1_meets_the_conditions_of_optimality(momentum, seed, l1, share):
    objective = Quadratic(seed)
    solution = by_descent(
        objective,
        objective.start,
        momentum=momentum,
        rate=share / objective.largest,
        l1=l1,
        tol=1e-9,
        max_iter=20_000,
    )
    assert solution.converged
    params, slopes = solution.params, (solution.params - objective.minimum) @ objective.curvature
    strength = np.broadcast_to(l1, params.shape)
    is_zero = params == 0.0
    # Were a zero not exact, the slope there would have to be its strength.
    assert (np.abs(slopes[is_zero]) <= strength[is_zero] + 2e-9).all()
    assert_allclose(slopes[~is_zero], -(strength * np.sign(params))[~is_zero], rtol=0, atol=2e-9)


@given(seeds, strengths, st.floats(0.0, 0.95), st.sampled_from([1e-1, 1e-3, 1e-6]))
@example(84, np.array([0.1, 0.1, 0.0, 0.3]), 0.0, 0.1)
def test_solution_with_l1_tells_the_truth(seed, l1, momentum, tol):
    objective = Quadratic(seed)
    rate = 1.0 / objective.largest
    for max_iter in (0, 1, 20, 3000):
        seen = []
        solution = by_descent(
            objective,
            objective.start,
            momentum=momentum,
            rate=rate,
            l1=l1,
            max_iter=max_iter,
            tol=tol,
            monitor=lambda n_iter, params, value, seen=seen: seen.append(params),
        )
        assert_array_equal(solution.params, seen[-1])
        assert solution.n_iter == len(seen) - 1 <= max_iter
        value, gradient = objective(solution.params)
        assert_allclose(solution.value, value + np.sum(l1 * np.abs(solution.params)), rtol=1e-14)
        assert solution.value == solution.values[-1]
        moved = solution.params - rate * gradient
        shrunk = np.where(np.abs(moved) <= rate * l1, 0.0, moved - np.sign(moved) * rate * l1)
        expected = np.abs(solution.params - shrunk).max() / rate
        assert_allclose(solution.gradient_norm, expected, rtol=1e-6, atol=1e-14)
        assert solution.converged == (solution.gradient_norm <= tol)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@given(seed=seeds, share=st.floats(0.3, 1.0))
@settings(max_examples=15)
def test_iterates_with_l1_have_no_residues_of_zeros(momentum, seed, share):
    # Early stopping keeps an iterate, so that it is not only the last one that matters.
    objective = Quadratic(seed, n_params=20)
    iterates = []
    by_descent(
        objective,
        np.zeros_like(objective.start),
        momentum=momentum,
        rate=share / objective.largest,
        l1=np.full(20, 0.1),
        monitor=lambda n_iter, params, value: iterates.append(np.abs(params)),
    )
    assert any((sizes == 0.0).any() for sizes in iterates)
    for sizes in iterates:
        assert (sizes[sizes > 0.0] > 1e-14 * sizes.max()).all()


@given(seeds, st.floats(0.0, 0.9))
def test_separable_quadratic_with_l1_has_its_closed_form(seed, momentum):
    rng = np.random.default_rng(seed)
    scale, minimum = rng.uniform(0.2, 1.0, size=5), rng.normal(size=(2, 5))
    l1 = rng.choice([0.0, 0.1, 0.3, 1.0], size=(2, 5))
    solution = by_descent(
        lambda p: (0.5 * float(np.sum(scale * (p - minimum) ** 2)), scale * (p - minimum)),
        rng.normal(size=(2, 5)),
        momentum=momentum,
        rate=1.0,
        l1=l1,
        tol=1e-12,
        max_iter=5000,
    )
    expected = np.sign(minimum) * np.maximum(np.abs(minimum) - l1 / scale, 0.0)
    assert solution.converged
    assert_allclose(solution.params, expected, rtol=0, atol=1e-11)
    assert_array_equal(solution.params == 0.0, expected == 0.0)


@given(seeds, st.floats(0.0, 0.9), st.floats(1e3, 1e12))
def test_very_strong_l1_leaves_only_what_it_does_not_penalise(seed, momentum, strength):
    objective = Quadratic(seed)
    solution = by_descent(
        objective,
        objective.start,
        momentum=momentum,
        rate=1.0 / objective.largest,
        l1=np.array([strength, strength, strength, 0.0]),
        tol=1e-10,
        max_iter=5000,
    )
    assert solution.converged
    assert_array_equal(solution.params[:, :3], 0.0)
    # With the others at zero: a (w - m) = sum over the others of their curvature times m.
    others = objective.minimum[:, :3] @ objective.curvature[:3, 3]
    expected = objective.minimum[:, 3] + others / objective.curvature[3, 3]
    assert_allclose(solution.params[:, 3], expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@given(seed=seeds, l1=strengths, share=st.floats(0.3, 1.0))
@settings(max_examples=15)
def test_iterate_is_zero_where_the_proximal_step_is(momentum, seed, l1, share):
    # From a start without zeros, where momentum is restarted most.
    objective, iterates = Quadratic(seed), []
    rate = share / objective.largest
    by_descent(
        objective,
        objective.start,
        momentum=momentum,
        rate=rate,
        l1=l1,
        monitor=lambda n_iter, params, value: iterates.append(params),
    )
    for before, after in pairwise(iterates):
        step = proximal_step(before, objective(before)[1], l1, rate)
        assert_array_equal(after == 0.0, step == 0.0)


@given(seeds, strengths, st.floats(0.01, 1.0))
def test_proximal_descent_is_monotone_up_to_the_inverse_curvature(seed, l1, share):
    objective = Quadratic(seed)
    solution = by_descent(objective, objective.start, rate=share / objective.largest, l1=l1)
    assert (np.diff(solution.values) <= 1e-13 * solution.values[0]).all()


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("n_more", [0, 5])
@given(seed=seeds)
@settings(max_examples=15)
def test_zeros_are_exact_also_where_the_rate_has_fallen_to_zero(n_more, momentum, seed):
    objective = Quadratic(seed)
    l1 = np.array([0.0, 0.3, 0.3, 0.3])
    rates = 0.5 * (1.0 + np.cos(np.linspace(0.0, np.pi, 1001))) / objective.largest
    rates = np.append(rates, np.zeros(n_more))
    options = {"rate": lambda n: rates[n], "l1": l1, "max_iter": 1000 + n_more}
    solution = by_descent(objective, objective.start, momentum=momentum, **options)
    slopes = np.abs((solution.params - objective.minimum) @ objective.curvature)
    # What is certain to be zero at the minimum is zero here.
    is_surely_zero = slopes < l1 - 1e-2
    assert_array_equal(solution.params[is_surely_zero], 0.0)


def test_rate_of_zero_leaves_what_is_not_yet_zero():
    # 3 - 0.5 * 3 - 0.5 = 1 is where a rate of zero stays.
    solution = by_descent(
        parabola,
        np.full((1, 1), 3.0),
        rate=lambda n_iter: 0.0 if n_iter else 0.5,
        l1=np.ones(1),
        max_iter=3,
    )
    assert_array_equal(solution.params, 1.0)
    assert_array_equal(solution.values, [7.5, 1.5, 1.5, 1.5])


@given(seeds)
@settings(max_examples=15)
@example(26)
@example(36)
def test_zeros_are_exact_also_where_values_differ_by_rounding_alone(seed):
    # At the minimum the value is 1e9, and its rounding errors are about 1e-7.
    objective = Quadratic(seed, offset=1e9)
    options = {"momentum": 0.9, "rate": 1.0 / objective.largest, "l1": np.full(4, 0.1)}
    solution = by_descent(objective, objective.start, **options, tol=1e-7, max_iter=3000)
    assert solution.converged
    slopes = np.abs((solution.params - objective.minimum) @ objective.curvature)
    assert_array_equal(solution.params[slopes < 0.1 - 2e-5], 0.0)
