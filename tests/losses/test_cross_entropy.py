import re

import mpmath
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from skxent.losses import (
    cross_entropy,
    log_softmax,
    sequence_cross_entropy,
    softmax,
    softmax_loss_gradient,
)
from tests.losses import oracles, strategies


def evaluate(problem, **changes):
    problem = problem._replace(**changes)
    return cross_entropy(
        problem.logits,
        problem.targets,
        sample_weight=problem.sample_weight,
        label_smoothing=problem.label_smoothing,
    )


def rounding(problem):
    """Bound of the rounding error of a loss whose logits are 30 at most."""
    return 200 * oracles.EPS[problem.logits.dtype]


# Laws


@given(strategies.cross_entropy_problems())
def test_gradient_agrees_with_the_complex_step(problem):
    expected = oracles.complex_step_gradient(
        lambda logits: oracles.mean_cross_entropy(
            logits,
            problem.distributions.tolist(),
            problem.sample_weight,
            problem.label_smoothing,
        ),
        problem.logits.astype(np.float64),
    )
    _, gradient = evaluate(problem)
    # p - t loses the digits that p and t have in common; each is 1 at most.
    unit = 16 * oracles.EPS[problem.logits.dtype]
    scale = problem.sample_weight.max() / problem.sample_weight.sum()
    assert_allclose(gradient, expected, rtol=20 * unit, atol=unit * scale)


@given(strategies.cross_entropy_problems())
def test_loss_agrees_with_the_loop(problem):
    expected = oracles.mean_cross_entropy(
        problem.logits.astype(np.float64),
        problem.distributions.tolist(),
        problem.sample_weight,
        problem.label_smoothing,
    )
    loss, _ = evaluate(problem)
    # The loop subtracts t . z from the logsumexp: an absolute error, in units of the logits.
    assert_allclose(loss, expected.real, rtol=rounding(problem), atol=1e-13)


@given(strategies.cross_entropy_problems())
def test_value_and_gradient_have_the_documented_types(problem):
    loss, gradient = evaluate(problem)
    assert type(loss) is float
    assert gradient.dtype == problem.logits.dtype
    assert gradient.shape == problem.logits.shape
    assert softmax(problem.logits).dtype == problem.logits.dtype
    assert log_softmax(problem.logits).dtype == problem.logits.dtype


@given(strategies.cross_entropy_problems(), st.integers(-1000, 1000))
def test_shift_of_a_row_changes_nothing(problem, shift):
    # Multiples of 1/64 are shifted without a rounding error, so equality is exact.
    logits = np.round(problem.logits * 64) / 64
    expected = evaluate(problem, logits=logits)
    loss, gradient = evaluate(problem, logits=logits + logits.dtype.type(shift))
    assert loss == expected[0]
    assert_array_equal(gradient, expected[1])
    assert_array_equal(softmax(logits + logits.dtype.type(shift)), softmax(logits))
    assert_array_equal(log_softmax(logits + logits.dtype.type(shift)), log_softmax(logits))


@given(strategies.cross_entropy_problems(), st.randoms(use_true_random=False))
def test_order_of_the_classes_does_not_matter(problem, random):
    n_classes = problem.logits.shape[1]
    order = random.sample(range(n_classes), n_classes)
    if problem.targets.dtype.kind == "f":
        targets = problem.targets[:, order]
    else:
        targets = np.argsort(order)[problem.targets]
    expected = evaluate(problem)
    loss, gradient = evaluate(problem, logits=problem.logits[:, order], targets=targets)
    # Only the order of the sums over the classes differs.
    unit = 8 * oracles.EPS[problem.logits.dtype]
    assert_allclose(loss, expected[0], rtol=unit, atol=0)
    assert_allclose(gradient, expected[1][:, order], rtol=unit, atol=unit)


@given(strategies.cross_entropy_problems())
def test_loss_is_at_least_the_entropy_of_the_targets(problem):
    entropies = [
        oracles.entropy(oracles.smoothed(target, problem.label_smoothing))
        for target in problem.distributions.tolist()
    ]
    loss, _ = evaluate(problem)
    assert loss >= np.average(entropies, weights=problem.sample_weight) - rounding(problem)


@given(strategies.cross_entropy_problems())
def test_loss_of_labels_is_never_negative(problem):
    labels = problem.distributions.argmax(axis=1)
    assert evaluate(problem, targets=labels)[0] >= 0.0
    assert log_softmax(problem.logits).max() <= 0.0


@given(strategies.cross_entropy_problems())
def test_loss_at_the_logarithm_of_the_target_is_its_entropy_and_the_gradient_zero(problem):
    targets = (problem.distributions.astype(np.float64) + 1.0) / (1.0 + problem.logits.shape[1])
    loss, gradient = evaluate(problem, logits=np.log(targets), targets=targets, label_smoothing=0.0)
    entropies = [oracles.entropy(target) for target in targets.tolist()]
    assert_allclose(loss, np.average(entropies, weights=problem.sample_weight), rtol=1e-13)
    assert_allclose(gradient, 0.0, atol=1e-15)


@given(strategies.cross_entropy_problems())
def test_rows_of_the_gradient_sum_to_zero(problem):
    _, gradient = evaluate(problem)
    sums = gradient.sum(axis=1, dtype=np.float64)
    assert_allclose(sums, 0.0, atol=8 * oracles.EPS[problem.logits.dtype])


@given(strategies.cross_entropy_problems(), st.data())
def test_loss_lies_above_its_tangents_and_below_its_chords(problem, data):
    other = data.draw(strategies.logits_of(problem.logits.shape, problem.logits.dtype))
    middle = (problem.logits + other) / 2
    (here, slope), (there, _) = evaluate(problem), evaluate(problem, logits=other)
    between, _ = evaluate(problem, logits=middle)
    rise = np.vdot(slope.astype(np.float64), other.astype(np.float64) - problem.logits)
    # The logits differ by 60 at most, so that an error of the slope counts 60 times.
    tolerance = 60 * problem.logits.size * oracles.EPS[problem.logits.dtype]
    assert there >= here + rise - tolerance
    assert between <= (here + there) / 2 + tolerance


@given(strategies.cross_entropy_problems(), st.data())
def test_integer_weights_are_repeated_rows(problem, data):
    n_samples = len(problem.logits)
    counts = data.draw(strategies.sample_weights_of(n_samples, st.sampled_from([0.0, 1, 2, 3])))
    repeat = np.repeat(np.arange(n_samples), counts.astype(int))
    loss, gradient = evaluate(problem, sample_weight=counts)
    expected, repeated = evaluate(
        problem,
        logits=problem.logits[repeat],
        targets=problem.targets[repeat],
        sample_weight=None,
    )
    summed = np.zeros_like(gradient)
    np.add.at(summed, repeat, repeated)
    unit = 16 * oracles.EPS[problem.logits.dtype]
    assert_allclose(loss, expected, rtol=unit, atol=0)
    assert_allclose(gradient, summed, rtol=unit, atol=0)


@given(strategies.cross_entropy_problems())
def test_scale_of_the_weights_does_not_matter(problem):
    # A power of two is multiplied without a rounding error.
    loss, gradient = evaluate(problem)
    scaled, same = evaluate(problem, sample_weight=1024.0 * problem.sample_weight)
    assert scaled == loss
    assert_array_equal(same, gradient)


@given(strategies.cross_entropy_problems())
def test_labels_are_one_hot_distributions(problem):
    labels = problem.distributions.argmax(axis=1)
    one_hot = np.eye(problem.logits.shape[1], dtype=problem.logits.dtype)[labels]
    loss, gradient = evaluate(problem, targets=labels)
    same, close = evaluate(problem, targets=one_hot)
    unit = 8 * oracles.EPS[problem.logits.dtype]
    assert_allclose(same, loss, rtol=unit, atol=0)
    # With smoothing p - t may cancel, in either form.
    atol = unit if problem.label_smoothing else 0
    assert_allclose(close, gradient, rtol=unit, atol=atol)


@given(strategies.cross_entropy_problems())
def test_arguments_are_not_written_to(problem):
    copies = [np.array(value) for value in problem]
    for value in problem[:3]:
        value.flags.writeable = False
    evaluate(problem)
    softmax(problem.logits)
    log_softmax(problem.logits)
    softmax_loss_gradient(problem.logits, problem.targets, problem.label_smoothing)
    sequence_cross_entropy(
        problem.logits[np.newaxis],
        problem.targets[np.newaxis],
        lengths=[len(problem.logits)],
        sample_weight=problem.sample_weight[:1] + 1.0,
        label_smoothing=problem.label_smoothing,
    )
    for value, copy in zip(problem, copies, strict=True):
        assert_array_equal(value, copy)


@given(strategies.cross_entropy_problems())
def test_results_share_no_memory_with_the_arguments(problem):
    for result in (evaluate(problem)[1], softmax(problem.logits), log_softmax(problem.logits)):
        assert not np.shares_memory(result, problem.logits)
        assert not np.shares_memory(result, problem.targets)


@given(st.data(), st.booleans(), st.booleans())
def test_leading_axes_are_independent_problems(data, shared_targets, shared_weights):
    dtype = data.draw(strategies.float_types)
    n_samples, n_classes = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 4))
    logits = data.draw(strategies.logits_of((2, 3, n_samples, n_classes), dtype))
    smoothing = data.draw(strategies.label_smoothings)
    targets = [
        data.draw(strategies.targets_of(n_samples, n_classes, dtype))
        for _ in range(1 if shared_targets else 6)
    ]
    if len({array.ndim for array in targets}) > 1:
        targets = [array if array.ndim == 2 else np.eye(n_classes)[array] for array in targets]
    weights = [
        data.draw(strategies.sample_weights_of(n_samples))
        for _ in range(1 if shared_weights else 6)
    ]
    stacked_targets = (
        targets[0] if shared_targets else np.reshape(targets, (2, 3, *targets[0].shape))
    )
    stacked_weights = weights[0] if shared_weights else np.reshape(weights, (2, 3, n_samples))
    losses, gradients = cross_entropy(
        logits, stacked_targets, sample_weight=stacked_weights, label_smoothing=smoothing
    )
    assert losses.shape == (2, 3)
    assert gradients.dtype == dtype
    for i, index in enumerate(np.ndindex(2, 3)):
        loss, gradient = cross_entropy(
            logits[index],
            targets[i % len(targets)],
            sample_weight=weights[i % len(weights)],
            label_smoothing=smoothing,
        )
        assert_allclose(losses[index], loss, rtol=4 * oracles.EPS[np.dtype(dtype)], atol=0)
        assert_array_equal(gradients[index], gradient)
    assert_array_equal(softmax(logits)[1, 2], softmax(logits[1, 2]))
    assert_array_equal(log_softmax(logits)[1, 2], log_softmax(logits[1, 2]))


@given(st.data())
def test_leading_axes_of_targets_broadcast(data):
    logits = data.draw(strategies.logits_of((2, 3, 4, 2), np.float64))
    targets = data.draw(strategies.distributions_of(8, 2, np.float64)).reshape(2, 1, 4, 2)
    loss, gradient = cross_entropy(logits, targets)
    expected, same = cross_entropy(logits, np.broadcast_to(targets, logits.shape))
    assert_array_equal(loss, expected)
    assert_array_equal(gradient, same)


@pytest.mark.parametrize("order", ["C", "F"])
def test_memory_order_of_the_logits_does_not_matter(order):
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(50, 4))
    expected = cross_entropy(logits, np.arange(50) % 4)
    loss, gradient = cross_entropy(np.asarray(logits, order=order), np.arange(50) % 4)
    assert_allclose(loss, expected[0], rtol=1e-14)
    assert_allclose(gradient, expected[1], rtol=1e-13, atol=1e-17)


# Accuracy


def check_accuracy(logits, target):
    bound = oracles.error_bound(logits)
    probabilities, logarithms, loss, gradient = oracles.exact_softmax_terms(logits, target)
    oracles.assert_accurate(softmax(logits), probabilities, bound)
    oracles.assert_accurate(log_softmax(logits), logarithms, bound)
    losses, gradients = softmax_loss_gradient(logits[np.newaxis], target[np.newaxis])
    oracles.assert_accurate(losses, [loss], bound)
    # p - t = p (1 - t) - t (1 - p): where p and t are nearly alike, the condition of the
    # difference itself takes the digits. Where t is 0 or 1, one product is the gradient.
    with mpmath.workdps(400):
        scales = [
            p * (1 - float(t)) + float(t) * (1 - p)
            for p, t in zip(probabilities, target, strict=True)
        ]
    oracles.assert_accurate(gradients[0], gradient, bound, scales)
    if target.max() == 1.0:
        label = target.argmax()
        losses, gradients = softmax_loss_gradient(logits[np.newaxis], np.array([label]))
        oracles.assert_accurate(losses, [loss], bound)
        oracles.assert_accurate(gradients[0], gradient, bound)


EXTREMES = [
    [0, 40, 0],
    [0, 40, 40],
    [700, -700],
    [-700, 700, -700],
    [1e4, -1e4, 0],
    [1e4, 1e4, 1e4],
    [-1e4, -1e4],
    [3, 3, 3, -3],
    [0, 0],
    [0, 1e-20],
    [1e-10, 0, -1e-10],
    [0, 36.7, 36.8],
    [-745, 0],
    [-104, 0, -103],
    [87, 0, -1],
    [1e6, 1e6 + 1],
    [5],
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("logits", EXTREMES)
def test_extreme_logits_are_accurate_for_each_label_and_for_a_mixture(logits, dtype):
    logits = np.array(logits, dtype=dtype)
    for target in np.eye(logits.size, dtype=dtype):
        check_accuracy(logits, target)
    if logits.size > 1:
        mixture = np.full(logits.size, 1 / 64, dtype=dtype)
        mixture[0] = 1 - mixture[1:].sum()
        check_accuracy(logits, mixture)


@given(st.data())
def test_all_logits_are_accurate(data):
    dtype = data.draw(strategies.float_types)
    n_classes = data.draw(st.integers(2, 5))
    magnitude = data.draw(st.sampled_from([1.0, 32.0, 1024.0]))
    logits = data.draw(strategies.logits_of(n_classes, dtype, magnitude))
    if data.draw(st.booleans()):
        logits = np.round(logits)
    check_accuracy(logits, data.draw(strategies.distributions_of(1, n_classes, dtype))[0])


@pytest.mark.parametrize("label_smoothing", [1e-12, 0.1, 1.0])
@pytest.mark.parametrize("logits", EXTREMES)
def test_extreme_logits_are_accurate_with_label_smoothing(logits, label_smoothing):
    logits = np.array(logits, dtype=np.float64)
    for label, target in enumerate(np.eye(logits.size)):
        with mpmath.workdps(400):
            share = mpmath.mpf(label_smoothing)
            exact_target = [(1 - share) * float(t) + share / logits.size for t in target]
        # The smoothed target is no float: its rounding is an error relative to p and t.
        p, logarithms, _, _ = oracles.exact_softmax_terms(logits, target)
        with mpmath.workdps(400):
            gradient = [a - b for a, b in zip(p, exact_target, strict=True)]
            scales = [a + b for a, b in zip(p, exact_target, strict=True)]
            loss = -mpmath.fsum(a * b for a, b in zip(exact_target, logarithms, strict=True) if a)
        for form in (np.array([label]), target[np.newaxis]):
            losses, gradients = softmax_loss_gradient(logits[np.newaxis], form, label_smoothing)
            oracles.assert_accurate(losses, [loss], oracles.error_bound(logits))
            oracles.assert_accurate(gradients[0], gradient, oracles.error_bound(logits), scales)


def test_loss_and_gradient_of_a_sure_prediction_keep_their_digits():
    loss, gradient = cross_entropy([[0.0, 40.0, 0.0]], [1])
    small = float(mpmath.exp(-40))
    assert_allclose(loss, 2 * small, rtol=1e-15)
    assert_allclose(gradient, [[small, -2 * small, small]], rtol=1e-15)


@given(strategies.cross_entropy_problems(magnitude=2.0**100))
def test_finite_logits_give_finite_results(problem):
    loss, gradient = evaluate(problem)
    assert np.isfinite(loss)
    assert np.isfinite(gradient).all()
    assert np.isfinite(log_softmax(problem.logits)).all()


# Sequences


@st.composite
def sequences(draw):
    dtype = draw(strategies.float_types)
    n_classes = draw(st.integers(1, 3))
    lengths = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    logits = [draw(strategies.logits_of((length, n_classes), dtype)) for length in lengths]
    if draw(st.booleans()):
        targets = [draw(st.integers(0, n_classes - 1)) for _ in lengths]
    else:
        targets = [draw(strategies.targets_of(length, n_classes, dtype)) for length in lengths]
    weights = draw(strategies.sample_weights_of(len(lengths)))
    return lengths, logits, targets, weights, draw(strategies.label_smoothings)


@given(sequences())
def test_loss_of_sequences_is_the_sum_of_those_of_their_frames(problem):
    lengths, logits, targets, weights, smoothing = problem
    loss, gradients = sequence_cross_entropy(
        logits, targets, sample_weight=weights, label_smoothing=smoothing
    )
    unit = 8 * oracles.EPS[logits[0].dtype]
    total = 0.0
    shares = weights / weights.sum()
    for i, length in enumerate(lengths):
        frame_targets = targets[i]
        if np.ndim(frame_targets) == 0:
            frame_targets = [frame_targets] * length
        mean, gradient = cross_entropy(logits[i], frame_targets, label_smoothing=smoothing)
        total += shares[i] * length * mean
        assert gradients[i].dtype == logits[i].dtype
        assert_allclose(gradients[i], shares[i] * length * gradient, rtol=unit, atol=0)
    assert type(loss) is float
    assert_allclose(loss, total, rtol=unit, atol=0)


@given(sequences(), st.sampled_from([0.0, -7.0, np.nan, np.inf, -np.inf]), st.integers(0, 2))
def test_padding_counts_for_nothing(problem, filling, extra):
    lengths, logits, targets, weights, smoothing = problem
    n_classes = logits[0].shape[1]
    shape = (len(lengths), max(lengths) + extra)
    padded = np.full((*shape, n_classes), filling, dtype=logits[0].dtype)
    for i, length in enumerate(lengths):
        padded[i, :length] = logits[i]
    kinds = {np.ndim(target) for target in targets}
    if kinds == {0}:
        padded_targets = np.array(targets)
    elif kinds == {1}:
        padded_targets = np.full(shape, -1)
        for i, length in enumerate(lengths):
            padded_targets[i, :length] = targets[i]
    else:
        padded_targets = np.full((*shape, n_classes), filling, dtype=logits[0].dtype)
        targets = [np.eye(n_classes)[t] if t.ndim == 1 else t for t in targets]
        for i, length in enumerate(lengths):
            padded_targets[i, :length] = targets[i]
    expected, parts = sequence_cross_entropy(
        logits, targets, sample_weight=weights, label_smoothing=smoothing
    )
    loss, gradient = sequence_cross_entropy(
        padded,
        padded_targets,
        lengths=lengths,
        sample_weight=weights,
        label_smoothing=smoothing,
    )
    assert loss == expected
    assert gradient.shape == padded.shape
    assert gradient.dtype == padded.dtype
    for i, length in enumerate(lengths):
        assert_array_equal(gradient[i, :length], parts[i])
        assert_array_equal(gradient[i, length:], 0.0)


def test_sequences_may_differ_in_type_in_classes_and_in_kind_of_targets():
    logits = [np.eye(3, dtype=np.float32), np.eye(3), np.arange(8).reshape(2, 4), np.eye(3)]
    targets = [np.uint64([0, 1, 1]), np.int64([2, 0, 0]), np.float32(np.eye(4)[:2]), np.uint8(1)]
    loss, gradients = sequence_cross_entropy(logits, targets)
    pairs = zip(logits, targets, strict=True)
    alone = [sequence_cross_entropy([one], np.array([target])) for one, target in pairs]
    assert_allclose(loss, np.mean([loss for loss, _ in alone]), rtol=1e-15)
    for gradient, (_, (expected,)) in zip(gradients, alone, strict=True):
        assert gradient.dtype == expected.dtype
        assert_array_equal(gradient, expected * expected.dtype.type(0.25))


# Errors


TWO_ROWS = np.zeros((2, 3))


@pytest.mark.parametrize(
    ("targets", "error", "message"),
    [
        ([0], ValueError, r"labels \(integers\) must have shape (2,) .* got shape (1,)"),
        (1, ValueError, "got shape ()"),
        ([[0, 1]] * 3, ValueError, "got shape (3, 2)"),
        ([0, 3], ValueError, "labels in 0 .. 2, got values from 0 to 3"),
        ([-1, 0], ValueError, "got values from -1 to 0"),
        ([0.0, 1.0], ValueError, r"distributions \(floats\) must have shape (2, 3)"),
        ([[0.5, 0.5]] * 2, ValueError, "got shape (2, 2)"),
        ([[0.2, 0.3, 0.5]], ValueError, "got shape (1, 3)"),
        ([[1, 0, 0], [0.5, 0.6, 0]], ValueError, r"must sum to one .* 1.1 at index (1,)"),
        ([[1, 0, 0], [0.5, 0.49999, 0]], ValueError, r"got 0.99999 at index (1,)"),
        ([[1, 0, 0], [-0.5, 1.5, 0]], ValueError, "probabilities, got -0.5"),
        ([[1, 0, 0], [np.nan, 1, 0]], ValueError, "probabilities, got nan"),
        ([[1, 0, 0], [np.inf, 0, 0]], ValueError, "must sum to one .* got inf"),
        ([True, False], TypeError, "integers.*floats.* got an array of bool"),
        (["0", "1"], TypeError, "got an array of <U1"),
        ([None, 1], TypeError, "got an array of object"),
        ([1j, 0j], TypeError, "got an array of complex128"),
    ],
)
def test_bad_targets_are_refused(targets, error, message):
    escaped = re.sub(r"(?<!\\)\((\d*,? ?\d*)(?<!\\)\)", r"\\(\1\\)", message)
    with pytest.raises(error, match="targets.*" + escaped):
        cross_entropy(TWO_ROWS, targets)


def test_targets_may_sum_to_one_up_to_rounding():
    targets = np.full((2, 3), 1 / 3, dtype=np.float32)
    loss, _ = cross_entropy(TWO_ROWS, targets)
    assert_allclose(loss, np.log(3.0), rtol=1e-6)


@pytest.mark.parametrize("logits", [[1.0, 2.0], np.zeros((0, 2)), np.zeros((2, 0))])
def test_cross_entropy_refuses_logits_without_samples(logits):
    with pytest.raises(ValueError, match=r"logits must have shape \(\.\.\., n_samples, n_classes"):
        cross_entropy(logits, [0])


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0], r"shape \(2,\), got shape \(1,\)"),
        ([[1.0, 1.0]], r"got shape \(1, 2\)"),
        (1.0, r"got shape \(\)"),
        ([1.0, -1.0], "finite and not negative"),
        ([1.0, np.nan], "finite and not negative"),
        ([1.0, np.inf], "finite and not negative"),
        ([0.0, 0.0], "not be zero for all"),
    ],
)
def test_bad_weights_are_refused(weights, message):
    with pytest.raises(ValueError, match="sample_weight must.*" + message):
        cross_entropy(TWO_ROWS, [0, 1], sample_weight=weights)
    with pytest.raises(ValueError, match="sample_weight must.*" + message):
        sequence_cross_entropy([TWO_ROWS, TWO_ROWS], [0, 1], sample_weight=weights)


@pytest.mark.parametrize("label_smoothing", [-0.1, 1.1, np.nan, np.inf])
def test_bad_label_smoothing_is_refused(label_smoothing):
    with pytest.raises(ValueError, match=r"label_smoothing must be in \[0, 1\], got"):
        cross_entropy(TWO_ROWS, [0, 1], label_smoothing=label_smoothing)
    with pytest.raises(ValueError, match=r"label_smoothing must be in \[0, 1\], got"):
        sequence_cross_entropy([TWO_ROWS], [0], label_smoothing=label_smoothing)


@pytest.mark.parametrize(
    "lengths", [[2], [0, 2], [2, 4], [-1, 2], [2.0, 2.0], [[2, 2]], 2, [True, True]]
)
def test_bad_lengths_are_refused(lengths):
    with pytest.raises(ValueError, match="lengths must be one integer from 1 to max_frames"):
        sequence_cross_entropy(np.zeros((2, 3, 2)), [0, 1], lengths=lengths)


def test_lengths_without_a_padded_array_are_refused():
    with pytest.raises(ValueError, match="lengths must be"):
        sequence_cross_entropy(np.zeros((2, 3)), [0, 1], lengths=[1, 1])


@pytest.mark.parametrize(
    ("logits", "targets", "error", "message"),
    [
        ([], [], ValueError, "at least one, got 0 and 0"),
        ([TWO_ROWS], [0, 1], ValueError, "same number of sequences.* got 1 and 2"),
        ([TWO_ROWS, np.zeros((0, 3))], [0, 1], ValueError, "sequence 1: logits must have shape"),
        ([TWO_ROWS, TWO_ROWS], [0, 3], ValueError, "sequence 1: targets must be labels in 0"),
        ([TWO_ROWS], [[0, 1, 1]], ValueError, r"sequence 0: targets.* got shape \(3,\)"),
        ([TWO_ROWS], [[0]], ValueError, r"sequence 0: targets.* got shape \(1,\)"),
        ([TWO_ROWS], [True], TypeError, "sequence 0: targets.* got an array of bool"),
        ([TWO_ROWS], ["a"], TypeError, "sequence 0: targets.* got an array of <U1"),
        ([TWO_ROWS], [[[0.5, 0.6, 0.0]] * 2], ValueError, "sequence 0: targets must sum to one"),
        ([np.zeros(3)], [0], ValueError, "sequence 0: logits must have shape"),
        (
            [np.zeros((1, 2, 3))],
            [[[0, 0]]],
            ValueError,
            r"sequence 0: logits must have shape \(n_frames, n_classes\), got shape \(1, 2, 3\)",
        ),
    ],
)
def test_bad_sequences_are_refused(logits, targets, error, message):
    with pytest.raises(error, match=message):
        sequence_cross_entropy(logits, targets)


def test_padded_targets_with_fewer_frames_than_the_sequence_are_refused():
    with pytest.raises(ValueError, match=r"sequence 1: targets.* got shape \(2,\)"):
        sequence_cross_entropy(np.zeros((2, 3, 2)), np.zeros((2, 2), dtype=int), lengths=[2, 3])


def test_targets_of_sequences_may_be_a_column_of_a_data_frame():
    logits = [np.eye(3), np.eye(3)[:2]]
    loss, gradient = sequence_cross_entropy(logits, pd.Series([2, 1], index=[7, 5]))
    expected, _ = sequence_cross_entropy(logits, [2, 1])
    assert loss == expected
    assert [part.shape for part in gradient] == [(3, 3), (2, 3)]
