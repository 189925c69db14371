"""The networks: no clip sees another one, and gradients are right to the last digit."""

import functools
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import log_softmax

from tests.frames import strategies
from tests.neural import oracles

torch = pytest.importorskip(
    "torch", reason="skxent.neural needs PyTorch: pip install skxent[neural]"
)

from skxent.frames._ragged import split  # noqa: E402
from skxent.neural import DNNClassifier, RNNClassifier  # noqa: E402
from skxent.neural._data import Frames, Sequences  # noqa: E402
from skxent.neural._networks import FeedForward, Recurrent  # noqa: E402
from skxent.neural._training import cross_entropy  # noqa: E402
from skxent.sequences._aggregation import aggregate_log_proba  # noqa: E402

# Of products as small as these, a second thread only waits for the first.
torch.set_num_threads(1)

seeds = st.integers(0, 2**32 - 1)
# For each of many networks.
few = settings(max_examples=settings.default.max_examples // 10)
N_FEATURES, N_CLASSES = 3, 4

RECURRENT = [
    {"cell": cell, "bidirectional": bidirectional, "n_layers": n_layers} | pooled
    for cell, bidirectional, n_layers, pooled in itertools.product(
        ("gru", "lstm"),
        (False, True),
        (1, 2),
        (
            {"pooling": "mean"},
            {"pooling": "last"},
            {"pooling": "attention"},
            {"targets": "frame"},
        ),
    )
]
FEED_FORWARD = [
    {"hidden_layer_sizes": (), "context": 2},
    {"hidden_layer_sizes": (5,), "context": 0},
    {"hidden_layer_sizes": (5,), "context": 1, "activation": "tanh"},
    {"hidden_layer_sizes": (5, 4), "context": 3, "activation": "gelu", "batch_norm": True},
    {"hidden_layer_sizes": (4,), "context": 1, "activation": "sigmoid", "batch_norm": True},
]


def name_of(form):
    return "-".join(str(value) for value in form.values())


every_network = pytest.mark.parametrize("form", [*FEED_FORWARD, *RECURRENT], ids=name_of)
# Batch normalisation sees the batch in training: that is what it is for.
every_network_of_clips_alone = pytest.mark.parametrize(
    "form", [*FEED_FORWARD[:3], *RECURRENT], ids=name_of
)


@functools.cache
def fitted(**form):
    """A classifier of two epochs, whose batch normalisation and standardisation have a say."""
    rng = np.random.default_rng(0)
    X = [rng.normal(2.0, 3.0, size=(n, N_FEATURES)) for n in rng.integers(1, 9, 24)]
    kind, size = (RNNClassifier, {"hidden_size": 3}) if "cell" in form else (DNNClassifier, {})
    # A large rate, so that the logits are not all alike.
    classifier = kind(**form, **size, max_iter=2, learning_rate=0.1, random_state=0)
    return classifier.fit(X, np.arange(24) % N_CLASSES)


def form_of(classifier):
    """What the oracle has to know beside the weights."""
    form = classifier.get_params()
    if form.pop("targets", "sequence") == "frame":
        form["pooling"] = None
    return form


def make_network(form, seed):
    """A network in float64 with random weights, as it is in training, but without dropout."""
    torch.manual_seed(seed)
    if "cell" in form:
        form = {name: value for name, value in form.items() if name != "targets"}
        masks = {"time_mask": 0.0, "frequency_mask": 0.0}
        form = {"pooling": None, "hidden_size": 3} | masks | form
        network = Recurrent(N_FEATURES, N_CLASSES, dropout=0.0, input_noise=0.0, **form)
    else:
        form = {"activation": "relu", "batch_norm": False, "frequency_mask": 0.0} | form
        network = FeedForward(N_FEATURES, N_CLASSES, dropout=0.0, input_noise=0.0, **form)
    network = network.double()
    network.standardize.set_scale(np.full(N_FEATURES, 0.5), np.array([0.5, 1.0, 2.0]))
    # PyTorch's first weights are small: those of a recurrence would hardly be seen.
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(2.0)
    return network.train()


def make_data(form, clips):
    frames, lengths = np.concatenate(clips), np.array([len(clip) for clip in clips])
    if "cell" in form:
        return Sequences(frames, lengths, per_frame="targets" in form)
    return Frames(frames, lengths, form["context"])


def is_framewise(form):
    return "cell" not in form or "targets" in form


def gradient_of(network, loss):
    return [g.numpy() for g in torch.autograd.grad(loss, list(network.parameters()))]


@pytest.fixture(autouse=True)
def _own_generator():
    with torch.random.fork_rng():
        yield


# Predictions


def log_probabilities(classifier, clips, max_frames):
    """Log-probabilities of clips and of their frames, computed for so many frames at once."""
    rows, lengths = classifier._log_proba(clips, max_frames)
    if not classifier._is_framewise(classifier._form):
        return rows, None
    return aggregate_log_proba(rows, lengths, "sum_log_proba"), split(rows, lengths)


@every_network
@few
@given(clips=strategies.clips(magnitudes=(-1, 2)), max_frames=st.sampled_from([1, 7, 1 << 15]))
def test_log_probabilities_are_those_of_a_clip_alone(form, clips, max_frames):
    classifier = fitted(**form)
    weights = {
        name: torch.from_numpy(value.astype(np.float64))
        for name, value in classifier.weights_.items()
    }
    log_proba, of_frames = log_probabilities(classifier, clips, max_frames)
    for i, clip in enumerate(clips):
        clip = torch.from_numpy(clip.astype(np.float32).astype(np.float64))
        logits = oracles.network_logits(weights, clip, **form_of(classifier)).numpy()
        expected = log_softmax(logits, axis=1)
        if is_framewise(form):
            assert_allclose(of_frames[i], expected, rtol=1e-10, atol=1e-10)
        assert_allclose(log_proba[i], log_softmax(expected.sum(axis=0)), rtol=1e-10, atol=1e-10)


@every_network
@few
@given(
    clips=strategies.clips(min_size=2, magnitudes=(-1, 2)),
    seed=seeds,
    max_frames=st.sampled_from([7, 1 << 15]),
)
def test_batch_mates_their_number_and_order_do_not_matter(form, clips, seed, max_frames):
    classifier = fitted(**form)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(clips))
    some = order[: rng.integers(1, len(clips) + 1)]
    longer = [np.concatenate([clip, clip[::-1], 5.0 + clip]) for clip in clips]
    together, of_frames = log_probabilities(classifier, clips, max_frames)
    for mates in ([], longer):
        mixed = [clips[i] for i in some] + mates
        others, _ = log_probabilities(classifier, mixed, max_frames)
        assert_allclose(others[: len(some)], together[some], rtol=1e-10, atol=1e-10)
    for i, clip in enumerate(clips):
        alone = classifier.predict_log_proba([clip])
        assert_allclose(alone[0], together[i], rtol=1e-10, atol=1e-10)
    assert_array_equal(classifier.predict(clips), classifier.classes_[together.argmax(axis=1)])
    assert_allclose(classifier.predict_log_proba(clips), together, rtol=1e-10, atol=1e-10)
    assert_allclose(classifier.predict_proba(clips), np.exp(together), atol=1e-10)
    if is_framewise(form):
        for found, expected in zip(classifier.predict_frames_proba(clips), of_frames, strict=True):
            assert_allclose(found, np.exp(expected), atol=1e-10)


# Training


def problem_of(form, clips, seed):
    """Targets that are distributions, and weights, of the rows of the logits."""
    rng = np.random.default_rng(seed)
    n_rows = sum(map(len, clips)) if is_framewise(form) else len(clips)
    targets = rng.dirichlet(np.ones(N_CLASSES), n_rows)
    return targets, rng.uniform(0.2, 3.0, n_rows)


def loss_of(network, batch, targets, weights):
    logits = network(*batch.inputs)
    rows = torch.from_numpy(batch.rows)
    return cross_entropy(logits, torch.from_numpy(targets)[rows], weights[rows], 0.1)


@every_network_of_clips_alone
@few
@given(clips=strategies.clips(min_size=2), seed=seeds)
def test_gradient_of_a_batch_is_the_sum_of_those_of_its_clips_alone(form, clips, seed):
    network = make_network(form, seed)
    data = make_data(form, clips)
    targets, weights = problem_of(form, clips, seed)
    weights = torch.from_numpy(weights)
    everything = np.random.default_rng(seed).permutation(len(clips))
    batch = data.batch(data.items_of(everything))
    together = gradient_of(network, loss_of(network, batch, targets, weights))
    alone = [
        gradient_of(
            network,
            loss_of(network, data.batch(data.items_of(np.array([i]))), targets, weights),
        )
        for i in range(len(clips))
    ]
    for gradient, parts in zip(together, zip(*alone, strict=True), strict=True):
        assert_allclose(gradient, sum(parts), rtol=1e-10, atol=1e-12)


@every_network_of_clips_alone
@few
@given(clips=strategies.clips(), seed=seeds)
def test_loss_and_gradient_of_a_batch_are_those_of_loops_over_its_clips(form, clips, seed):
    network = make_network(form, seed)
    data = make_data(form, clips)
    targets, weights = problem_of(form, clips, seed)
    batch = data.batch(data.items_of(np.arange(len(clips))))
    loss = loss_of(network, batch, targets, torch.from_numpy(weights))
    by_name = dict(network.named_parameters()) | dict(network.named_buffers())
    expected, first = 0.0, 0
    for i, clip in enumerate(clips):
        logits = oracles.network_logits(by_name, torch.from_numpy(clip), **{"pooling": None} | form)
        rows = slice(first, first + len(clip)) if is_framewise(form) else slice(i, i + 1)
        first += len(clip)
        expected += oracles.tensor_cross_entropy(logits, targets[rows], weights[rows], 0.1)
    assert_allclose(loss.item(), expected.item(), rtol=1e-12)
    parameters = list(network.parameters())
    for gradient, by_hand in zip(
        torch.autograd.grad(loss, parameters),
        torch.autograd.grad(expected, parameters),
        strict=True,
    ):
        assert_allclose(gradient, by_hand, rtol=1e-9, atol=1e-12)


SMOOTH = [
    {"hidden_layer_sizes": (3, 2), "context": 1, "activation": "tanh"},
    {"hidden_layer_sizes": (3,), "context": 2, "activation": "gelu", "batch_norm": True},
    {"hidden_layer_sizes": (2, 2), "context": 0, "activation": "sigmoid"},
    {"cell": "gru", "bidirectional": True, "n_layers": 2, "pooling": "attention"},
    {"cell": "lstm", "bidirectional": True, "n_layers": 1, "pooling": "attention"},
    {"cell": "lstm", "bidirectional": False, "n_layers": 1, "pooling": "last"},
    {"cell": "gru", "bidirectional": True, "n_layers": 1, "pooling": "mean"},
    {"cell": "gru", "bidirectional": False, "n_layers": 1, "targets": "frame"},
]


@pytest.mark.parametrize("form", SMOOTH, ids=name_of)
def test_gradient_of_the_whole_network_is_that_of_finite_differences(form):
    network = make_network(form | {"hidden_size": 2} if "cell" in form else form, seed=0)
    rng = np.random.default_rng(1)
    clips = [rng.normal(size=(n, N_FEATURES)) for n in (4, 1, 3)]
    data = make_data(form, clips)
    targets, weights = problem_of(form, clips, seed=2)
    batch = data.batch(data.items_of(np.arange(3)))
    names = [name for name, _ in network.named_parameters()]

    def loss_at(*parameters):
        logits = torch.func.functional_call(
            network, dict(zip(names, parameters, strict=True)), batch.inputs
        )
        rows = torch.from_numpy(batch.rows)
        return cross_entropy(
            logits, torch.from_numpy(targets)[rows], torch.from_numpy(weights)[rows], 0.1
        )

    parameters = [parameter.detach().requires_grad_() for parameter in network.parameters()]
    # Central differences: their error is some 1e-10 times a third derivative.
    torch.autograd.gradcheck(loss_at, parameters, eps=1e-5, atol=1e-7, rtol=1e-6)


# What is in training alone


@every_network
def test_noise_and_dropout_are_drawn_in_training_alone(form):
    network = make_network(form, seed=0)
    clips = [np.random.default_rng(i).normal(size=(5, N_FEATURES)) for i in range(3)]
    data = make_data(form, clips)
    batch = data.batch(data.items_of(np.arange(3)))
    plain = network.eval()(*batch.inputs)
    network.standardize.noise = 1.0
    assert torch.equal(network(*batch.inputs), plain)
    network.train()
    assert not torch.equal(network(*batch.inputs), network(*batch.inputs))
    network.standardize.noise = 0.0
    assert torch.equal(network(*batch.inputs), network(*batch.inputs))
    dropouts = [m for m in network.modules() if isinstance(m, torch.nn.Dropout)]
    for dropout in dropouts:
        dropout.p = 0.5
    if dropouts:
        assert not torch.equal(network(*batch.inputs), network(*batch.inputs))
        network.eval()
        assert torch.equal(network(*batch.inputs), network(*batch.inputs))


def test_noise_is_of_the_size_of_the_standardised_features():
    network = make_network(FEED_FORWARD[1], seed=0).float()
    network.standardize.noise = 0.5
    network.standardize.set_scale(np.array([0.0, 1.0, 2.0]), np.array([1.0, 10.0, 100.0]))
    noisy = network.standardize(torch.tensor([[0.0, 1.0, 2.0]]).expand(20_000, 3))
    # Deviations of 20,000 draws are within 2 % of what they are of, six times their own.
    assert_allclose(noisy.std(dim=0), 0.5, rtol=0.03)
    assert_allclose(noisy.mean(dim=0), 0.0, atol=0.02)


@pytest.mark.parametrize("n_layers", [1, 2])
def test_dropout_is_between_the_layers_and_before_the_output(n_layers):
    networks = []

    class Spied(RNNClassifier):
        def _make_network(self, *args):
            networks.append(super()._make_network(*args))
            return networks[-1]

    classifier = Spied(n_layers=n_layers, dropout=0.25, max_iter=1, random_state=0)
    classifier.fit(np.random.default_rng(0).normal(size=(10, 2)), np.arange(10) % 2)
    assert networks[0].recurrent.dropout == (0.25 if n_layers > 1 else 0.0)
    assert networks[0].dropout.p == 0.25


@every_network
def test_network_is_of_the_form_that_it_was_asked_for(form):
    weights = fitted(**form).weights_
    if "cell" not in form:
        sizes = [N_FEATURES * (2 * form["context"] + 1), *form["hidden_layer_sizes"], N_CLASSES]
        matrices = [weight.shape for weight in weights.values() if weight.ndim == 2]
        assert matrices == [(n_out, n_in) for n_in, n_out in itertools.pairwise(sizes)]
        return
    gates = {"gru": 3, "lstm": 4}[form["cell"]]
    n_directions = 1 + form["bidirectional"]
    for layer in range(form["n_layers"]):
        n_in = 3 * n_directions if layer else N_FEATURES
        assert weights[f"recurrent.weight_ih_l{layer}"].shape == (gates * 3, n_in)
        backwards = f"recurrent.weight_ih_l{layer}_reverse"
        assert (backwards in weights) == form["bidirectional"]
    assert f"recurrent.weight_ih_l{form['n_layers']}" not in weights
    assert ("relevance.weight" in weights) == (form.get("pooling") == "attention")
    assert weights["output.weight"].shape == (N_CLASSES, 3 * n_directions)


def test_attention_has_no_weight_that_the_loss_can_not_see():
    network = make_network(RECURRENT[2], seed=0)
    clips = [np.random.default_rng(i).normal(size=(5, N_FEATURES)) for i in range(3)]
    data = make_data(RECURRENT[2], clips)
    targets, weights = problem_of(RECURRENT[2], clips, seed=0)
    loss = loss_of(network, data.batch(np.arange(3)), targets, torch.from_numpy(weights))
    for gradient in gradient_of(network, loss):
        assert np.abs(gradient).max() > 1e-6
