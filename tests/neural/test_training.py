"""The loss on PyTorch is that of skxent.losses, and what descends it is textbook AdamW."""

import functools
import math
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from tests.frames import strategies as frames_strategies
from tests.losses.oracles import one_hot
from tests.losses.strategies import cross_entropy_problems, label_smoothings
from tests.neural import oracles

torch = pytest.importorskip(
    "torch", reason="skxent.neural needs PyTorch: pip install skxent[neural]"
)

from skxent import losses  # noqa: E402
from skxent.neural import DNNClassifier, RNNClassifier  # noqa: E402
from skxent.neural._training import cross_entropy, make_optimizer  # noqa: E402
from skxent.optimizers import SCHEDULES, step_decay  # noqa: E402

# Of products as small as these, a second thread only waits for the first.
torch.set_num_threads(1)

seeds = st.integers(0, 2**32 - 1)
N_FEATURES = 3
# Without what is drawn in training, and with units that have a gradient everywhere.
DNN = DNNClassifier(
    hidden_layer_sizes=(6,), activation="tanh", dropout=0.0, context=1, batch_size=20
)
RNN = RNNClassifier(
    hidden_size=4, dropout=0.0, input_noise=0.0, time_mask=0.0, frequency_mask=0.0, batch_size=5
)
CLASSIFIERS = {
    "frames": DNN,
    "mean": RNN,
    "last": clone(RNN).set_params(pooling="last", cell="lstm"),
    "attention": clone(RNN).set_params(pooling="attention", bidirectional=False),
    "frame": clone(RNN).set_params(targets="frame", n_layers=2),
}
every_classifier = pytest.mark.parametrize("classifier", CLASSIFIERS.values(), ids=CLASSIFIERS)


def make_clips(n_clips=16, n_classes=3, seed=0):
    """Clips of overlapping classes, and weights; their features have offsets and scales."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n_clips) % n_classes
    means = rng.normal(size=(n_classes, N_FEATURES))
    clips = [
        (rng.normal(size=(rng.integers(1, 9), N_FEATURES)) + means[label]) * [1.0, 10.0, 0.1] + 5.0
        for label in labels
    ]
    return clips, labels, rng.uniform(0.2, 3.0, n_clips)


# The same loss


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-6), (np.float64, 1e-12)])
@given(problem=cross_entropy_problems(magnitude=10.0))
def test_loss_and_gradient_are_those_of_the_losses(dtype, tolerance, problem):
    logits = torch.from_numpy(problem.logits.astype(dtype)).requires_grad_()
    targets = problem.targets
    if targets.dtype.kind == "f":
        targets = targets.astype(dtype)
    weights = problem.sample_weight / problem.sample_weight.sum()
    loss = cross_entropy(
        logits,
        torch.from_numpy(targets),
        torch.from_numpy(weights.astype(dtype)),
        problem.label_smoothing,
    )
    (gradient,) = torch.autograd.grad(loss, logits)
    expected, slopes = losses.cross_entropy(
        problem.logits.astype(dtype).astype(np.float64),
        problem.targets.astype(np.float64) if targets.dtype.kind == "f" else targets,
        sample_weight=weights,
        label_smoothing=problem.label_smoothing,
    )
    # Of logits up to 10, no loss is above 20 + log 5.
    assert_allclose(loss.item(), expected, rtol=tolerance, atol=20 * tolerance)
    assert_allclose(gradient, slopes, atol=tolerance)


@given(
    clips=frames_strategies.clips(n_features=4),
    seed=seeds,
    label_smoothing=label_smoothings,
    soft=st.booleans(),
)
def test_loss_of_sequences_is_that_of_the_losses(clips, seed, label_smoothing, soft):
    rng = np.random.default_rng(seed)
    lengths = [len(clip) for clip in clips]
    weights = rng.uniform(0.2, 3.0, len(clips))
    if soft:
        targets = [rng.dirichlet(np.ones(4), length) for length in lengths]
    else:
        targets = [rng.integers(0, 4, length) for length in lengths]
    logits = torch.from_numpy(np.concatenate(clips)).requires_grad_()
    loss = cross_entropy(
        logits,
        torch.from_numpy(np.concatenate(targets)),
        torch.from_numpy(np.repeat(weights / weights.sum(), lengths)),
        label_smoothing,
    )
    (gradient,) = torch.autograd.grad(loss, logits)
    settings = {"sample_weight": weights, "label_smoothing": label_smoothing}
    expected, slopes = losses.sequence_cross_entropy(clips, targets, **settings)
    assert_allclose(loss.item(), expected, rtol=1e-12)
    assert_allclose(gradient, np.concatenate(slopes), atol=1e-12)
    # The same in a padded array, whose padding is ignored.
    padded = np.full((len(clips), max(lengths) + 2, 4), np.nan)
    padded_targets = np.zeros(padded.shape if soft else padded.shape[:2], targets[0].dtype)
    for i, length in enumerate(lengths):
        padded[i, :length], padded_targets[i, :length] = clips[i], targets[i]
    expected, slopes = losses.sequence_cross_entropy(
        padded, padded_targets, lengths=lengths, **settings
    )
    assert_allclose(loss.item(), expected, rtol=1e-12)
    is_real = np.arange(padded.shape[1]) < np.array(lengths)[:, np.newaxis]
    assert_allclose(gradient, slopes[is_real], atol=1e-12)


def loss_by_hand(classifier, X, y, weights, class_weight, label_smoothing, soft=None):
    """J of a fitted classifier by its documentation, from its own predictions."""
    if classifier._is_framewise(classifier._get_form()):
        lengths = [len(clip) for clip in X]
        log_proba = np.log(np.concatenate(classifier.predict_frames_proba(X).tolist()))
        y, weights = np.repeat(y, lengths), np.repeat(weights, lengths)
        soft = None if soft is None else np.repeat(soft, lengths, axis=0)
    else:
        log_proba = classifier.predict_log_proba(X)
    of_classes = np.array([class_weight[label] for label in classifier.classes_.tolist()])
    of_targets = of_classes[y] if soft is None else soft @ of_classes
    value, _ = losses.cross_entropy(
        log_proba,
        y if soft is None else soft,
        sample_weight=weights * of_targets,
        label_smoothing=label_smoothing,
    )
    effective = weights * of_targets
    labels = y if soft is None else soft.argmax(axis=1)
    return value, np.average(log_proba.argmax(axis=1) == labels, weights=effective)


@every_classifier
@pytest.mark.parametrize("soft", [False, True])
def test_loss_curve_starts_at_the_mean_of_the_documentation(classifier, soft):
    X, y, weights = make_clips()
    class_weight = {0: 0.5, 1: 2.0, 2: 1.5}
    targets = np.random.default_rng(1).dirichlet(np.ones(3), len(y)) if soft else y
    classifier = clone(classifier).set_params(
        class_weight=class_weight, label_smoothing=0.2, warm_start=True, max_iter=2, random_state=0
    )
    classifier.fit(X, targets, weights)
    terms = (weights, class_weight, 0.2, targets if soft else None)
    value, accuracy = loss_by_hand(classifier, X, y, *terms)
    classifier.fit(X, targets, weights, X, targets, weights)
    assert_allclose(classifier.loss_curve_[0], value, rtol=1e-5)
    assert_allclose(classifier.validation_loss_curve_[0], value, rtol=1e-5)
    assert_allclose(classifier.validation_score_curve_[0], accuracy, rtol=1e-6)


@pytest.mark.parametrize("name", ["frames", "frame"])
def test_labels_of_frames_are_compared_with_their_frames(name):
    X, _, weights = make_clips()
    rng = np.random.default_rng(1)
    y = [rng.integers(0, 3, len(clip)) for clip in X]
    classifier = clone(CLASSIFIERS[name]).set_params(warm_start=True, max_iter=2, random_state=0)
    classifier.fit(X, y, weights)
    log_proba = np.log(np.concatenate(classifier.predict_frames_proba(X).tolist()))
    expected, _ = losses.cross_entropy(
        log_proba,
        np.concatenate(y),
        sample_weight=np.repeat(weights, [len(clip) for clip in X]),
        label_smoothing=classifier.label_smoothing,
    )
    assert_allclose(classifier.fit(X, y, weights).loss_curve_[0], expected, rtol=1e-5)


# The same steps


def train_by_hand(classifier, X, y, weights, *, n_epochs, rate_of, moments=None):
    """What fit and partial_fit do to weights, in float64: PyTorch's AdamW on loops over clips.

    moments is the state of an optimizer to continue from, by the names of the weights.
    Returns weights, loss of each epoch, norms of the gradients of the last one, and the optimizer.
    """
    form = classifier.get_params()
    framewise = classifier._is_framewise(classifier._get_form())
    if framewise:
        form["pooling"] = None
    clips = [torch.from_numpy(clip.astype(np.float32).astype(np.float64)) for clip in X]
    values = {
        name: torch.from_numpy(value.astype(np.float64))
        for name, value in classifier.weights_.items()
    }
    learned = [name for name in values if not name.startswith("standardize.")]
    for name in learned:
        values[name].requires_grad_()
    optimizer = torch.optim.AdamW(
        [
            {
                "params": [values[name]],
                # What multiplies is a matrix, what is added a vector.
                "weight_decay": classifier.weight_decay if values[name].ndim == 2 else 0.0,
            }
            for name in learned
        ]
    )
    n_classes = len(classifier.classes_)
    # An item is a frame of a clip, or all of it.
    if "cell" in form:
        items = [(clip, slice(None)) for clip in range(len(clips))]
    else:
        items = [(clip, slice(t, t + 1)) for clip in range(len(clips)) for t in range(len(X[clip]))]
    n_rows = sum(map(len, X)) if framewise else len(X)
    per_row = [len(clip) if framewise else 1 for clip in X]
    mean_weight = np.dot(weights, per_row) / n_rows
    curve = []
    for epoch in range(n_epochs):
        batches = np.array_split(np.arange(len(items)), -(-len(items) // classifier.batch_size))
        total, norms = 0.0, []
        for i, batch in enumerate(batches):
            summed = 0.0
            for clip, rows in (items[place] for place in batch):
                logits = oracles.network_logits(values, clips[clip], **form)[rows]
                summed = summed + oracles.tensor_cross_entropy(
                    logits,
                    one_hot([y[clip]] * len(logits), n_classes),
                    [weights[clip] / mean_weight] * len(logits),
                    classifier.label_smoothing,
                )
            total += summed.item()
            optimizer.zero_grad()
            (summed / (n_rows / len(items) * len(batch))).backward()
            gradients = [values[name].grad for name in learned]
            norm = math.sqrt(sum(float((g**2).sum()) for g in gradients))
            norms.append(norm)
            if classifier.max_grad_norm is not None and norm > classifier.max_grad_norm:
                for gradient in gradients:
                    gradient.mul_(classifier.max_grad_norm / norm)
            for group in optimizer.param_groups:
                group["lr"] = classifier.learning_rate * rate_of(epoch + i / len(batches))
            if moments is not None:
                optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
                moments = None
            optimizer.step()
        curve.append(total / n_rows)
    values = {name: value.detach().numpy() for name, value in values.items()}
    return values, curve, norms, optimizer.state_dict()["state"]


def assert_same_weights(weights, expected, atol):
    assert weights.keys() == expected.keys()
    for name, value in weights.items():
        assert_allclose(value, expected[name], atol=atol, err_msg=name)


@every_classifier
@pytest.mark.parametrize(
    "settings",
    [
        {"max_grad_norm": None, "schedule": "constant"},
        {"max_grad_norm": 0.1, "schedule": "one_cycle", "weight_decay": 0.3},
        {"max_grad_norm": 0.5, "schedule": "warmup", "label_smoothing": 0.3},
    ],
    ids=lambda settings: settings["schedule"],
)
def test_fit_is_a_loop_of_adamw(classifier, settings):
    X, y, weights = make_clips(10)
    classifier = clone(classifier).set_params(
        **settings, shuffle=False, learning_rate=0.01, max_iter=4, random_state=0
    )
    # The first weights are those of a fit that moves nothing.
    start = clone(classifier).set_params(max_iter=1, learning_rate=1e-30).fit(X, y, weights)
    start.set_params(learning_rate=0.01)
    factor_of = SCHEDULES[settings["schedule"]]
    if settings["schedule"] == "one_cycle":
        factor_of = functools.partial(factor_of, n_epochs=4)
    expected, curve, norms, _ = train_by_hand(start, X, y, weights, n_epochs=4, rate_of=factor_of)
    classifier.fit(X, y, weights)
    # AdamW's steps are of the size of the rate; of one, float32 keeps some five digits.
    assert_same_weights(classifier.weights_, expected, atol=1e-5)
    assert_allclose(classifier.loss_curve_[0], start.loss_curve_[0], rtol=1e-6)
    assert_allclose(classifier.loss_curve_[1:], curve, rtol=1e-5)
    assert_allclose(classifier.gradient_norm_, np.median(norms), rtol=1e-3)
    assert classifier.n_iter_ == 4


@every_classifier
@pytest.mark.parametrize("schedule", ["constant", "inverse_scaling", "warmup"])
def test_partial_fits_are_a_loop_of_adamw(classifier, schedule):
    X, y, weights = make_clips(10)
    classifier = clone(classifier).set_params(
        schedule=schedule, weight_decay=0.3, max_grad_norm=0.5, random_state=0
    )
    classifier.set_params(learning_rate=1e-30).partial_fit(X, y, [0, 1, 2], weights)
    start = clone(classifier).set_params(learning_rate=0.01)
    start.weights_, start.classes_, start._form = (
        classifier.weights_,
        classifier.classes_,
        classifier._form,
    )
    # The optimizer has seen one epoch's gradients, by which nothing was moved.
    _, _, _, moments = train_by_hand(
        start.set_params(learning_rate=1e-30), X, y, weights, n_epochs=1, rate_of=lambda _: 1.0
    )
    start.set_params(learning_rate=0.01)
    expected, curve, norms, _ = train_by_hand(
        start,
        X,
        y,
        weights,
        n_epochs=3,
        rate_of=lambda epoch: SCHEDULES[schedule](1 + epoch),
        moments=moments,
    )
    classifier.set_params(learning_rate=0.01)
    for _ in range(3):
        classifier.partial_fit(X, y, sample_weight=weights)
    assert_same_weights(classifier.weights_, expected, atol=1e-5)
    assert_allclose(classifier.loss_curve_[1:], curve, rtol=1e-5)
    assert_allclose(classifier.gradient_norm_, np.median(norms), rtol=1e-3)
    assert classifier.n_iter_ == 4


# Learning rates


def rates_of(classifier, X, y, run):
    """The learning rates of all groups of parameters in each step."""
    rates = []
    step = torch.optim.AdamW.step

    def spy(optimizer, *args, **kwargs):
        rates.append({group["lr"] for group in optimizer.param_groups})
        return step(optimizer, *args, **kwargs)

    with mock.patch.object(torch.optim.AdamW, "step", spy):
        run(classifier, X, y)
    assert all(len(of_groups) == 1 for of_groups in rates)
    return [rate for (rate,) in rates]


def fit(classifier, X, y):
    classifier.fit(X, y)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_rates_move_with_every_batch(schedule):
    X, y, _ = make_clips(20)
    classifier = clone(RNN).set_params(schedule=schedule, max_iter=8, learning_rate=0.02)
    rates = rates_of(classifier, X, y, fit)
    settings = {"n_epochs": 8} if schedule in ("cosine", "one_cycle") else {}
    # Twenty clips in batches of five.
    expected = [0.02 * SCHEDULES[schedule](i / 4, **settings) for i in range(32)]
    assert_allclose(rates, expected, rtol=1e-12)


def test_callable_schedule_is_asked_for_whole_epochs():
    asked = []

    def schedule(epoch):
        asked.append(epoch)
        return step_decay(epoch, every=2, rate=0.5)

    X, y, _ = make_clips(20)
    classifier = clone(RNN).set_params(
        schedule=schedule, max_iter=5, learning_rate=0.02, warm_start=True
    )
    rates = rates_of(classifier, X, y, fit)
    assert_allclose(rates, 0.02 * np.repeat([1.0, 1.0, 0.5, 0.5, 0.25], 4), rtol=1e-12)
    assert set(asked) == set(range(5))
    assert all(isinstance(epoch, int) for epoch in asked)
    # Which are counted on by later fits, and by partial_fit.
    rates = rates_of(classifier.set_params(max_iter=2), X, y, fit)
    assert_allclose(rates, 0.02 * np.repeat([0.25, 0.125], 4), rtol=1e-12)
    rates = rates_of(classifier, X, y, lambda c, X, y: c.partial_fit(X, y))
    assert_allclose(rates, 0.02 * np.repeat([0.125], 4), rtol=1e-12)


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle"])
def test_schedules_that_span_a_fit_begin_anew_in_each(schedule):
    X, y, _ = make_clips()
    classifier = clone(RNN).set_params(schedule=schedule, max_iter=3, warm_start=True)
    assert rates_of(classifier, X, y, fit) == rates_of(classifier, X, y, fit)


def test_adaptive_rates_follow_the_plateaus_of_the_loss():
    X, y, _ = make_clips()
    classifier = clone(RNN).set_params(
        schedule="adaptive", max_iter=60, learning_rate=0.02, tol=0.3, n_iter_no_change=2
    )
    rates = rates_of(classifier, X, y, fit)
    curve, factor, best, stale, expected = classifier.loss_curve_, 1.0, np.inf, 0, []
    for epoch, loss in enumerate(curve):
        best, stale = min(best, loss), 0 if loss < best - 0.3 else stale + 1
        if stale == 2:
            factor, stale = factor / 5, 0
        expected += [0.02 * factor] * 4 if epoch + 1 < len(curve) else []
    assert_allclose(rates, expected, rtol=1e-12)
    # Six fifths of a fifth are below 1e-4.
    assert factor < 1e-4
    assert classifier.converged_
    assert classifier.n_iter_ < 60


@pytest.mark.parametrize("factor", [-1.0, np.nan, np.inf])
def test_schedule_that_returns_no_factor_is_named(factor):
    X, y, _ = make_clips()
    with pytest.raises(ValueError, match="schedule must return a finite factor"):
        clone(RNN).set_params(schedule=lambda epoch: factor).fit(X, y)


# Clipping and decay


@pytest.mark.parametrize("max_grad_norm", [1e-3, 0.05, 1e9, None])
def test_gradients_are_scaled_down_to_the_largest_norm(max_grad_norm):
    norms = []
    step = torch.optim.AdamW.step

    def spy(optimizer, *args, **kwargs):
        squares = [
            float((p.grad.double() ** 2).sum())
            for group in optimizer.param_groups
            for p in group["params"]
        ]
        norms.append(math.sqrt(sum(squares)))
        return step(optimizer, *args, **kwargs)

    X, y, _ = make_clips()
    classifier = clone(DNN).set_params(max_grad_norm=max_grad_norm, max_iter=5, random_state=0)
    with mock.patch.object(torch.optim.AdamW, "step", spy):
        classifier.fit(X, y)
    if max_grad_norm in (1e9, None):
        n_batches = len(norms) // 5
        assert_allclose(classifier.gradient_norm_, np.median(norms[-n_batches:]), rtol=1e-5)
        assert min(norms) > 0.05
    else:
        assert_allclose(norms, max_grad_norm, rtol=1e-3)
        assert classifier.gradient_norm_ > 2 * max_grad_norm


def test_weight_decay_is_of_what_multiplies_alone():
    X, y, _ = make_clips()
    for classifier in (clone(DNN).set_params(batch_norm=True), CLASSIFIERS["attention"]):
        classifier = clone(classifier).set_params(
            schedule="constant", learning_rate=1e-4, max_iter=3, shuffle=False, random_state=0
        )
        start = clone(classifier).set_params(max_iter=1, learning_rate=1e-30).fit(X, y).weights_
        plain = clone(classifier).set_params(weight_decay=0.0).fit(X, y).weights_
        decayed = clone(classifier).set_params(weight_decay=100.0).fit(X, y).weights_
        n_steps = 3 * (4 if "relevance.weight" in start else -(-sum(map(len, X)) // 20))
        for name, value in start.items():
            if name.startswith(("standardize.", "layers.1.")) and name != "layers.1.weight":
                continue
            change = decayed[name] - plain[name]
            if value.ndim == 2:
                # 1e-4 * 100 of it in each step; the gradients differ by less than a step.
                expected = ((1 - 0.01) ** n_steps - 1) * value
                assert_allclose(change, expected, atol=0.02 * np.abs(expected).max() + 5e-4)
                assert np.abs(expected).max() > 2e-3
            else:
                assert np.abs(change).max() < 5e-4


def test_what_multiplies_is_what_has_two_dimensions():
    network = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3))
    groups = make_optimizer(network, 0.25).param_groups
    assert [group["weight_decay"] for group in groups] == [0.25, 0.0]
    assert groups[0]["params"] == [network[0].weight]
    others = [network[0].bias, network[1].weight, network[1].bias]
    assert all(a is b for a, b in zip(groups[1]["params"], others, strict=True))


def test_network_of_one_layer_without_decay_comes_to_the_minimum():
    from skxent import SoftmaxClassifier

    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    X = rng.normal(size=(90, 4)) + rng.normal(size=(3, 4))[y]
    weights = rng.uniform(0.2, 3.0, 90)
    terms = {"class_weight": {0: 0.5, 1: 2.0, 2: 1.5}, "label_smoothing": 0.1}
    exact = SoftmaxClassifier(alpha=0.0, tol=1e-9, **terms).fit(X, y, weights)
    classifier = DNNClassifier(
        hidden_layer_sizes=(),
        weight_decay=0.0,
        learning_rate=0.1,
        schedule="cosine",
        max_iter=300,
        random_state=0,
        **terms,
    ).fit(X, y, weights)
    minimum = exact.loss_curve_.min()
    value, _ = loss_by_hand(classifier, X[:, np.newaxis], y, weights, *terms.values())
    assert minimum - 1e-6 < value < minimum + 1e-5
    assert_allclose(classifier.loss_curve_[-1], value, rtol=1e-5)
    assert_allclose(classifier.predict_proba(X), exact.predict_proba(X), atol=1e-3)
    assert_array_equal(classifier.predict(X), exact.predict(X))


@every_classifier
def test_loss_falls_on_separable_clips(classifier):
    rng = np.random.default_rng(0)
    y = np.arange(30) % 3
    X = [
        rng.normal(size=(n, 3)) + 6.0 * np.eye(3)[k]
        for n, k in zip(rng.integers(2, 9, 30), y, strict=True)
    ]
    classifier = clone(classifier).set_params(
        max_iter=20, learning_rate=0.02, label_smoothing=0.0, random_state=0
    )
    curve = classifier.fit(X, y).loss_curve_
    assert_allclose(curve[0], np.log(3), rtol=0.5)
    assert curve[-1] < 0.1 * curve[0]
    assert classifier.score(X, y) == 1.0
