import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import scale

from skxent import SoftmaxClassifier, learning_rate_range_test
from skxent.optimizers import inverse_scaling
from skxent.search._learning_rate_range import _suggest
from tests.linear import oracles

SOLVERS = {
    "gd": SoftmaxClassifier(solver="gd"),
    "plain": SoftmaxClassifier(solver="gd", momentum=0.0, alpha=0.01),
    "sgd": SoftmaxClassifier(solver="sgd"),
    "adam": SoftmaxClassifier(solver="adam"),
    "auto": SoftmaxClassifier(momentum=0.5),
}
every_solver = pytest.mark.parametrize("estimator", SOLVERS.values(), ids=SOLVERS)


def random_problem(n_classes=3, *, n_samples=300, n_features=4, seed=0):
    """Samples of overlapping classes, with weights."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n_samples) % n_classes
    X = rng.normal(size=(n_samples, n_features)) + rng.normal(size=(n_classes, n_features))[labels]
    return X, labels, rng.uniform(0.2, 3.0, n_samples)


def assert_same_test(result, expected, rtol=1e-12):
    for name in ("learning_rates", "losses", "smoothed_losses", "suggestion"):
        assert_allclose(result[name], expected[name], rtol=rtol)


# Rates and losses


@every_solver
@given(
    exponents=st.tuples(st.floats(-8.0, -2.0), st.floats(-1.0, 8.0)), n_steps=st.integers(10, 40)
)
@settings(max_examples=6)
def test_rates_rise_in_even_ratios_as_far_as_the_loss_allows(estimator, exponents, n_steps):
    X, y, _ = random_problem(n_samples=60)
    low, high = 10.0 ** np.array(exponents)
    result = learning_rate_range_test(
        estimator, X, y, min_learning_rate=low, max_learning_rate=high, n_steps=n_steps
    )
    rates = result.learning_rates
    n_done = len(rates)
    assert 3 <= n_done <= n_steps
    assert len(result.losses) == len(result.smoothed_losses) == n_done
    expected = low * (high / low) ** (np.arange(n_done) / (n_steps - 1))
    assert_allclose(rates, expected, rtol=1e-10)
    assert result.suggestion in rates
    assert np.isfinite(result.losses).all()
    lowest = np.minimum.accumulate(result.smoothed_losses)
    assert (result.smoothed_losses[1:] <= 4.0 * lowest[:-1]).all()


def range_test_by_loops(X, y, weights, rates, *, alpha, n_classes):
    """Textbook gradient descent with a rate that rises from step to step, the last one excluded."""
    params, losses = np.zeros((n_classes, X.shape[1] + 1)), []
    terms = {"n_classes": n_classes, "alpha": alpha, "sample_weight": weights}
    for rate in rates:
        losses.append(oracles.linear_objective(params.tolist(), X, y, **terms).real)
        gradient = np.array(oracles.linear_slopes(params.tolist(), X, y, **terms)).real
        params = params - rate * gradient
    return np.array(losses)


@pytest.mark.parametrize("solver", ["gd", "sgd"])
@pytest.mark.parametrize("n_samples", [30, 400])
@pytest.mark.parametrize("weighted", [False, True])
def test_losses_are_those_of_descent_with_rising_rates(solver, n_samples, weighted):
    X, y, weights = random_problem(n_samples=n_samples)
    weights = weights if weighted else None
    result = learning_rate_range_test(
        SoftmaxClassifier(solver=solver, momentum=0.0, alpha=0.02),
        X,
        y,
        sample_weight=weights,
        min_learning_rate=0.01,
        max_learning_rate=1.0,
        n_steps=8,
        batch_size=None,
    )
    given_weights = np.ones(n_samples) if weights is None else weights
    rates = 10.0 ** np.linspace(-2, 0, 8)
    expected = range_test_by_loops(X, y, given_weights, rates, alpha=0.02, n_classes=3)
    assert_allclose(result.losses, expected, rtol=1e-10)


@pytest.mark.parametrize("smoothing", [0.0, 0.5, 0.9])
def test_smoothed_losses_are_the_running_mean(smoothing):
    X, y, _ = random_problem()
    result = learning_rate_range_test(
        SOLVERS["sgd"], X, y, smoothing=smoothing, batch_size=32, random_state=0
    )
    for i, smoothed in enumerate(result.smoothed_losses):
        shares = smoothing ** np.arange(i, -1.0, -1.0)
        assert_allclose(smoothed, np.average(result.losses[: i + 1], weights=shares), rtol=1e-10)


@pytest.mark.parametrize("smoothing", [0.0, 0.8])
def test_loss_that_has_risen_to_four_times_its_lowest_ends_the_test(smoothing):
    X, y, _ = random_problem()
    settings = {"smoothing": smoothing, "n_steps": 60, "random_state": 0, "max_learning_rate": 1e6}
    result = learning_rate_range_test(SOLVERS["plain"], X, y, **settings)
    n_done = len(result.losses)
    assert n_done < 60
    # One more rate is one too many, whatever comes after it.
    rates = np.geomspace(1e-5, 1e6, 60)
    settings |= {"n_steps": n_done + 1, "max_learning_rate": rates[n_done]}
    assert_same_test(
        learning_rate_range_test(SOLVERS["plain"], X, y, **settings), result, rtol=1e-9
    )


def test_rates_that_overflow_end_the_test_without_a_warning():
    X, y, _ = random_problem()
    result = learning_rate_range_test(
        SOLVERS["plain"], X, y, max_learning_rate=1e300, n_steps=400, smoothing=0.0
    )
    assert len(result.losses) < 400
    assert np.isfinite(result.losses).all()


# The suggestion


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("batch_size", [None, 256, 8])
@pytest.mark.parametrize("n_classes", [2, 10])
@pytest.mark.parametrize(("value", "seed"), [(0.0, 0), (1.0, 1)])
def test_flat_curve_warns_and_suggests_no_rate(value, seed, n_classes, batch_size, momentum):
    X, y = np.full((300, 4), value), np.arange(300) % n_classes
    estimator = SoftmaxClassifier(momentum=momentum)
    with pytest.warns(
        UserWarning, match=r"hardly falls at rates from 1e-05 to .* no rate"
    ) as caught:
        result = learning_rate_range_test(estimator, X, y, batch_size=batch_size, random_state=seed)
    assert caught[0].filename == __file__
    assert result.suggestion is None
    assert len(result.losses) == len(result.smoothed_losses) == len(result.learning_rates)


@pytest.mark.parametrize("seed", range(5))
def test_little_that_can_be_learnt_suggests_a_rate_without_noise(seed):
    # The loss falls by one per cent alone.
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(5000, 5))
    y = (rng.random(5000) < 1.0 / (1.0 + np.exp(-0.25 * X[:, 0]))).astype(int)
    result = learning_rate_range_test(SoftmaxClassifier(), X, y, batch_size=None)
    assert 1e-2 < result.suggestion < 1.0


def test_rates_that_are_all_too_small_suggest_none():
    X, y, _ = random_problem()
    with pytest.warns(UserWarning, match="to 1e-05 .* or max_learning_rate"):
        result = learning_rate_range_test(
            SOLVERS["plain"], X, y, min_learning_rate=1e-9, max_learning_rate=1e-5
        )
    assert result.suggestion is None


def test_suggestion_waits_until_the_running_mean_has_settled():
    # The first batch is a hard one; the loss itself begins to fall at the 40th rate.
    losses = np.minimum(1.0, 1.0 - 0.02 * (np.arange(80) - 40))
    losses[0] = 1.3
    means = np.array(
        [np.average(losses[: i + 1], weights=0.8 ** np.arange(i, -1, -1)) for i in range(80)]
    )
    rates = np.geomspace(1e-5, 10.0, 80)
    assert np.argmin(np.gradient(means, np.log(rates))) == 0
    assert _suggest(rates, losses, means, smoothing=0.8) > rates[40]


@given(
    seed=st.integers(0, 2**32 - 1),
    fall=st.floats(1e-6, 1.0),
    noise=st.sampled_from([0.0, 1e-4, 1e-2]),
)
def test_suggestion_needs_a_fall_that_is_no_noise(seed, fall, noise):
    # Along a straight line, the scatter about it is the noise.
    rates, steps = np.geomspace(0.1, 1.0, 60), np.arange(60)
    smoothed = 1.0 - fall * steps / 59
    losses = smoothed + noise * np.where(steps % 2, 1.0, -1.0)
    suggestion = _suggest(rates, losses, smoothed, smoothing=0.0)
    if fall < 0.99e-3 or fall < 5.8 * noise:
        assert suggestion is None
    elif fall > 1.01e-3 and fall > 6.2 * noise:
        assert suggestion in rates


@every_solver
@pytest.mark.parametrize("n_classes", [2, 4])
def test_suggestion_is_where_the_loss_falls_fastest(estimator, n_classes):
    X, y, _ = random_problem(n_classes)
    result = learning_rate_range_test(estimator, X, y, random_state=0)
    place = int(np.flatnonzero(result.learning_rates == result.suggestion)[0])
    losses, logs = result.smoothed_losses, np.log(result.learning_rates)
    assert 0 < place < len(losses) - 1
    slope = (losses[place + 1] - losses[place - 1]) / (logs[place + 1] - logs[place - 1])
    slopes = (losses[2:] - losses[:-2]) / (logs[2:] - logs[:-2])
    assert slope < 0.0
    assert_allclose(slope, slopes.min(), rtol=1e-9)
    assert losses.min() < losses[place] < losses[0]


# It is a few steps of the textbook's algorithm, some of them short of the tolerance.
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@every_solver
def test_suggestion_trains_well(estimator):
    X, y = load_iris(return_X_y=True)
    X = scale(X)
    result = learning_rate_range_test(estimator, X, y, batch_size=None)
    trained = clone(estimator).set_params(learning_rate=result.suggestion, max_iter=60, tol=0.03)
    assert trained.fit(X, y).score(X, y) > 0.9


# Batches, weights and data of other kinds


@every_solver
@pytest.mark.parametrize("batch_size", [16, 256, None])
def test_seed_decides_the_result(estimator, batch_size):
    X, y, weights = random_problem()
    settings = {"batch_size": batch_size, "sample_weight": weights, "n_steps": 30}
    result = learning_rate_range_test(estimator, X, y, **settings, random_state=3)
    again = learning_rate_range_test(estimator, X, y, **settings, random_state=3)
    drawn = np.random.RandomState(3)
    from_generator = learning_rate_range_test(estimator, X, y, **settings, random_state=drawn)
    other = learning_rate_range_test(estimator, X, y, **settings, random_state=4)
    for name in result:
        assert_array_equal(again[name], result[name])
        assert_array_equal(from_generator[name], result[name])
    assert (result.losses[1:8] == other.losses[1:8]).all() == (batch_size is None)


@pytest.mark.parametrize("batch_size", [300, 301, 10_000])
def test_batch_of_all_samples_is_the_whole(batch_size):
    X, y, _ = random_problem()
    expected = learning_rate_range_test(SOLVERS["gd"], X, y, batch_size=None, n_steps=20)
    result = learning_rate_range_test(SOLVERS["gd"], X, y, batch_size=batch_size, n_steps=20)
    assert_same_test(result, expected, rtol=0)


class Spy:
    """An estimator that writes down what it is given."""

    calls = []  # noqa: RUF012, of all clones

    def __init__(self, learning_rate=0.5):
        self.learning_rate = learning_rate

    def get_params(self, deep=True):
        return {"learning_rate": self.learning_rate}

    def set_params(self, **params):
        self.learning_rate = params.get("learning_rate", self.learning_rate)
        return self

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        self.calls.append((self.learning_rate, X, y, classes, sample_weight))
        self.loss_curve_ = [1.0 / len(self.calls)]
        return self


def test_each_pass_sees_every_sample_once_with_its_label_and_weight():
    X = np.arange(12.0)[:, np.newaxis]
    Spy.calls.clear()
    result = learning_rate_range_test(
        Spy(),
        X,
        X[:, 0] % 5,
        sample_weight=100.0 + X[:, 0],
        n_steps=9,
        batch_size=4,
        random_state=0,
    )
    assert_array_equal([call[0] for call in Spy.calls], result.learning_rates)
    for first in (0, 3, 6):
        seen = np.concatenate([call[1][:, 0] for call in Spy.calls[first : first + 3]])
        assert_array_equal(np.sort(seen), np.arange(12))
        assert np.any(seen != np.arange(12))
    for i, (_, samples, labels, classes, weights) in enumerate(Spy.calls):
        assert_array_equal(labels, samples[:, 0] % 5)
        assert_array_equal(weights, 100.0 + samples[:, 0])
        assert classes is None if i else classes.tolist() == [0, 1, 2, 3, 4]


@every_solver
@pytest.mark.parametrize("make", [scipy.sparse.csr_matrix, scipy.sparse.csr_array])
def test_sparse_samples_have_the_result_of_dense_ones(estimator, make):
    X, y, _ = random_problem()
    X *= np.abs(X) > 0.5
    settings = {"batch_size": 64, "random_state": 0, "n_steps": 30, "max_learning_rate": 1.0}
    expected = learning_rate_range_test(estimator, X, y, **settings)
    assert_same_test(learning_rate_range_test(estimator, make(X), y, **settings), expected, 1e-9)


@every_solver
def test_frames_lists_and_labels_of_any_type_are_taken(estimator):
    X, y, weights = random_problem()
    settings = {"batch_size": 64, "random_state": 0, "n_steps": 30}
    expected = learning_rate_range_test(estimator, X, y, sample_weight=weights, **settings)
    frame = pd.DataFrame(X, columns=list("abcd"), index=np.arange(300)[::-1])
    names = pd.Series(np.array(["one", "three", "two"])[y])
    assert_same_test(
        learning_rate_range_test(
            estimator, frame, names, sample_weight=pd.Series(weights), **settings
        ),
        expected,
    )
    assert_same_test(
        learning_rate_range_test(
            estimator, X.tolist(), y.tolist(), sample_weight=weights.tolist(), **settings
        ),
        expected,
    )


@every_solver
@pytest.mark.parametrize("batch_size", [100, None])
def test_only_the_ratios_of_weights_matter(estimator, batch_size):
    X, y, weights = random_problem()
    settings = {"batch_size": batch_size, "max_learning_rate": 0.5}
    settings |= {"random_state": 0, "n_steps": 20}
    expected = learning_rate_range_test(estimator, X, y, sample_weight=weights, **settings)
    result = learning_rate_range_test(estimator, X, y, sample_weight=2.0**20 * weights, **settings)
    assert_same_test(result, expected, rtol=1e-9)
    unweighted = learning_rate_range_test(estimator, X, y, **settings)
    assert np.abs(unweighted.losses[-1] / expected.losses[-1] - 1.0) > 1e-6


@every_solver
def test_estimator_is_left_alone(estimator):
    X, y, weights = random_problem()
    given_ = X.copy(), y.copy(), weights.copy()
    fitted = clone(estimator).set_params(learning_rate=0.01).partial_fit(X, y, [0, 1, 2])
    params, coef, curve = fitted.get_params(), fitted.coef_.copy(), fitted.loss_curve_.copy()
    settings = {"sample_weight": weights, "n_steps": 20, "random_state": 0}
    result = learning_rate_range_test(fitted, X, y, **settings)
    assert fitted.get_params() == params
    assert_array_equal(fitted.coef_, coef)
    assert_array_equal(fitted.loss_curve_, curve)
    for after, before in zip((X, y, weights), given_, strict=True):
        assert_array_equal(after, before)
    # Nor does it start from what has been learned.
    fresh = learning_rate_range_test(estimator, X, y, **settings)
    assert_same_test(result, fresh, rtol=0)


@pytest.mark.parametrize("schedule", ["inverse_scaling", "step", inverse_scaling])
def test_rates_are_what_is_stepped_with_whatever_the_schedule(schedule):
    X, y, _ = random_problem()
    settings = {"batch_size": 64, "random_state": 0, "n_steps": 40, "max_learning_rate": 1.0}
    expected = learning_rate_range_test(SOLVERS["sgd"], X, y, **settings)
    scheduled = clone(SOLVERS["sgd"]).set_params(schedule=schedule)
    assert_same_test(learning_rate_range_test(scheduled, X, y, **settings), expected)


# Errors


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"min_learning_rate": 0.0}, "min_learning_rate"),
        ({"min_learning_rate": -1.0}, "min_learning_rate"),
        ({"min_learning_rate": np.nan}, "min_learning_rate"),
        ({"min_learning_rate": 10.0}, "min_learning_rate"),
        ({"max_learning_rate": 1e-6}, "max_learning_rate"),
        ({"max_learning_rate": np.inf}, "max_learning_rate"),
        ({"max_learning_rate": np.nan}, "max_learning_rate"),
        ({"n_steps": 3}, "n_steps"),
        ({"smoothing": 1.0}, "smoothing"),
        ({"smoothing": -0.1}, "smoothing"),
        ({"smoothing": np.nan}, "smoothing"),
        ({"batch_size": 0}, "batch_size"),
    ],
)
def test_setting_out_of_its_range_is_named(settings, name):
    X, y, _ = random_problem(n_samples=12)
    with pytest.raises(ValueError, match=name):
        learning_rate_range_test(SOLVERS["gd"], X, y, **settings)


@pytest.mark.parametrize(
    ("estimator", "reason"),
    [
        (SoftmaxClassifier(solver="lbfgs"), "solver='lbfgs' has no partial_fit"),
        (SoftmaxClassifier(solver="newton-cg"), "solver='newton-cg' has no partial_fit"),
        (SoftmaxClassifier(solver="gd", l1_ratio=0.1), "l1_ratio=0.1 has no partial_fit"),
        (LogisticRegression(), "no attribute 'partial_fit'"),
    ],
)
def test_estimator_that_has_no_partial_fit_is_refused(estimator, reason):
    X, y, _ = random_problem(n_samples=12)
    with pytest.raises(TypeError, match="must have a partial_fit") as caught:
        learning_rate_range_test(estimator, X, y)
    cause = caught.value.__cause__
    assert reason in f"{cause} {cause.__cause__}"


def test_schedule_that_spans_a_fit_is_set_aside():
    X, y, _ = random_problem(n_samples=12)
    constant, cosine = (
        learning_rate_range_test(SoftmaxClassifier(solver="sgd", schedule=schedule), X, y)
        for schedule in ("constant", "cosine")
    )
    assert_array_equal(cosine.losses, constant.losses)


def test_rates_that_diverge_at_once_are_named():
    X, y, _ = random_problem(n_samples=12)
    with pytest.raises(ValueError, match=r"diverges at the rate .* lower min_learning_rate"):
        learning_rate_range_test(
            SOLVERS["plain"], X, y, min_learning_rate=1e200, max_learning_rate=1e250
        )


def test_lengths_that_differ_are_an_error():
    X, y, weights = random_problem(n_samples=12)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        learning_rate_range_test(SOLVERS["gd"], X, y[:-1])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        learning_rate_range_test(SOLVERS["gd"], X, y, sample_weight=weights[:-1])
