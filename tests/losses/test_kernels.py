import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skxent.losses import (
    binary_loss_gradient,
    fast_softmax_loss_gradient,
    hessian_product,
    softmax,
    softmax_loss_gradient,
)
from tests.losses import oracles, strategies

# The Hessian


@st.composite
def probabilities_and_directions(draw, magnitude=30.0):
    """Softmax of a few rows of logits, and two directions of their shape."""
    dtype = draw(strategies.float_types)
    shape = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    logits = draw(strategies.logits_of(shape, dtype, magnitude))
    directions = [draw(strategies.logits_of(shape, dtype)) for _ in range(2)]
    return logits, softmax(logits), *directions


def sizes_of_terms(probabilities, directions):
    """How large the numbers are of whose sums a product with the Hessian consists."""
    probabilities = probabilities.astype(np.float64)
    top = probabilities.argmax(axis=1)[:, np.newaxis]
    moves = np.abs(directions - np.take_along_axis(directions, top, axis=1).astype(np.float64))
    return probabilities * (moves + np.sum(probabilities * moves, axis=1, keepdims=True))


@given(probabilities_and_directions())
def test_hessian_terms_are_the_change_of_the_softmax(problem):
    logits, probabilities, directions, _ = problem
    products = hessian_product(probabilities, directions)
    assert products.dtype == logits.dtype
    assert products.shape == logits.shape
    sizes = sizes_of_terms(probabilities, directions)
    for i, product in enumerate(products):
        exact = oracles.exact_softmax_change(logits[i], directions[i])
        # Relative to the terms of the sum, whose digits may cancel if they have both signs.
        oracles.assert_accurate(product, exact, 2 * oracles.error_bound(logits), sizes[i].tolist())


@given(probabilities_and_directions())
def test_rows_of_hessian_terms_sum_to_zero(problem):
    logits, probabilities, directions, _ = problem
    sums = hessian_product(probabilities, directions).sum(axis=1, dtype=np.float64)
    sizes = sizes_of_terms(probabilities, directions).sum(axis=1)
    assert (
        np.abs(sums) <= 8 * oracles.EPS[logits.dtype] * sizes + np.finfo(logits.dtype).tiny
    ).all()


@given(probabilities_and_directions())
def test_hessian_terms_are_symmetric_and_positive_semidefinite(problem):
    logits, probabilities, first, second = problem
    sizes = [sizes_of_terms(probabilities, rows) for rows in (first, second)]
    products = [hessian_product(probabilities, rows) for rows in (first, second)]
    # The moves differ by 60 at most, so that an error of a product counts 60 times.
    unit = 60 * 16 * oracles.EPS[logits.dtype]
    across = np.sum(second * products[0].astype(np.float64), axis=1)
    back = np.sum(first * products[1].astype(np.float64), axis=1)
    assert (np.abs(across - back) <= unit * (sizes[0] + sizes[1]).sum(axis=1) + 1e-30).all()
    along = np.sum(first * products[0].astype(np.float64), axis=1)
    assert (along >= -unit * sizes[0].sum(axis=1) - 1e-30).all()


@given(probabilities_and_directions(), st.integers(-64, 64))
def test_hessian_terms_vanish_along_what_all_classes_share(problem, shift):
    _, probabilities, directions, _ = problem
    # Multiples of 1/64 are shifted without a rounding error, so equality is exact.
    directions = np.round(directions * 64) / 64
    shifted = directions + directions.dtype.type(shift)
    assert_array_equal(
        hessian_product(probabilities, shifted), hessian_product(probabilities, directions)
    )


@pytest.mark.parametrize("gap", [20.0, 36.7, 40.0, 200.0, 700.0])
@pytest.mark.parametrize("label", [0, 1, 2])
def test_hessian_terms_of_a_sure_class_keep_their_digits(gap, label):
    logits = np.array([0.0, 1.5, -2.0])
    logits[label] = gap
    direction = np.array([0.3, 1.1, 2.0])
    direction[label] = -0.7
    product = hessian_product(softmax(logits)[np.newaxis], direction[np.newaxis])[0]
    exact = oracles.exact_softmax_change(logits, direction)
    assert_allclose(product, [float(value) for value in exact], rtol=1e-12)


@given(probabilities_and_directions())
def test_hessian_terms_write_to_nothing(problem):
    arrays = problem[1:3]
    copies = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    products = hessian_product(*arrays)
    for array, copy in zip(arrays, copies, strict=True):
        assert_array_equal(array, copy)
        assert not np.shares_memory(products, array)


# Two classes with one logit


@given(st.data(), strategies.float_types)
def test_binary_terms_are_softmax_terms_of_zero_and_the_logit(data, dtype):
    logits = data.draw(strategies.logits_of(4, dtype, 1000.0))
    smoothing = data.draw(strategies.label_smoothings)
    pairs = np.column_stack([np.zeros_like(logits), logits])
    distributions = data.draw(strategies.distributions_of(4, 2, dtype))
    labels = distributions.argmax(axis=1)
    for binary, multinomial in ((distributions[:, 1], distributions), (labels, labels)):
        losses, gradients = binary_loss_gradient(logits, binary, smoothing)
        expected, expected_gradients = softmax_loss_gradient(pairs, multinomial, smoothing)
        assert losses.dtype == gradients.dtype == dtype
        unit, tiny = 8 * oracles.EPS[np.dtype(dtype)], float(np.finfo(dtype).tiny)
        assert_allclose(losses, expected, rtol=unit, atol=tiny)
        exact = smoothing == 0.0 and multinomial is labels
        atol = tiny if exact else unit
        assert_allclose(gradients, expected_gradients[:, 1], rtol=unit, atol=atol)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("label", [0, 1])
def test_binary_terms_are_accurate(label, dtype):
    for logit in [0.0, 1e-20, -1e-20, 0.5, -37.0, 40.0, 87.0, -103.0, 700.0, -700.0, 1e4, -1e4]:
        pair = np.array([0.0, logit], dtype=dtype)
        _, _, loss, gradient = oracles.exact_softmax_terms(pair, np.eye(2)[label])
        losses, gradients = binary_loss_gradient(pair[1:], np.array([label]))
        oracles.assert_accurate(losses, [loss], oracles.error_bound(pair))
        oracles.assert_accurate(gradients, gradient[1:], oracles.error_bound(pair))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("label_smoothing", [1e-6, 0.01, 0.0732])
def test_binary_loss_of_a_sure_class_is_accurate_with_label_smoothing(label_smoothing, dtype):
    for logit in [4.0, 12.0, 60.0]:
        pair = np.array([0.0, logit], dtype=dtype)
        share = 1.0 - label_smoothing / 2.0
        _, _, loss, _ = oracles.exact_softmax_terms(pair, np.array([1.0 - share, share]))
        losses, _ = binary_loss_gradient(pair[1:], np.array([1]), label_smoothing)
        # The exact share of the other class, to which 1 - share is rounded.
        rounding = 2.0**-52 * logit / float(loss)
        oracles.assert_accurate(losses, [loss], oracles.error_bound(pair) + rounding)


# The fast kernel


@given(st.sampled_from([1.0, 30.0, 1000.0]).flatmap(strategies.fast_problems))
def test_fast_kernel_is_within_the_bounds_of_its_docstring(problem):
    logits, targets, weights, smoothing = problem
    losses, gradients = fast_softmax_loss_gradient(*problem)
    assert losses.dtype == gradients.dtype == logits.dtype
    n_problems, n_classes, n_samples = logits.shape
    eps = oracles.EPS[logits.dtype]
    for c, i in np.ndindex(n_problems, n_samples):
        target = oracles.distribution_of(targets[..., i], n_classes)
        target = oracles.smoothed([mpmath.mpf(t) for t in target], mpmath.mpf(smoothing))
        _, _, loss, gradient = oracles.exact_softmax_terms(logits[c, :, i], target)
        widest = float(np.ptp(logits[c, :, i].astype(np.float64)))
        assert abs(losses[c, i] - loss) <= (n_classes + 6) * (1 + widest) * eps
        for value, exact in zip(gradients[c, :, i], gradient, strict=True):
            error = abs(float(value) - float(weights[c, i]) * exact)
            assert error <= (n_classes + 8) * eps * float(weights[c, i])


@given(strategies.fast_problems())
def test_fast_kernel_writes_to_nothing_but_out(problem):
    copies = [np.array(value) for value in problem]
    for value in problem[:3]:
        value.flags.writeable = False
    losses, gradients = fast_softmax_loss_gradient(*problem)
    assert not np.shares_memory(gradients, problem.logits)
    for value, copy in zip(problem, copies, strict=True):
        assert_array_equal(value, copy)
    out = problem.logits.copy()  # the logits themselves may be written to
    again, written = fast_softmax_loss_gradient(out, *problem[1:], out=out)
    assert written is out
    assert_array_equal(again, losses)
    assert_array_equal(written, gradients)
