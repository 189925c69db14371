"""Masks over time and features: what they cover, when they are drawn, and what they leave alone."""

import json
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from tests.frames import strategies
from tests.neural.clips import make_clips

torch = pytest.importorskip(
    "torch", reason="skxent.neural needs PyTorch: pip install skxent[neural]"
)

from skxent import losses  # noqa: E402
from skxent._writing import replace_file  # noqa: E402
from skxent.neural import DNNClassifier, RNNClassifier, load, save  # noqa: E402
from skxent.neural._archive import pack, read, unpack  # noqa: E402
from skxent.neural._data import Frames, Sequences  # noqa: E402
from skxent.neural._networks import FeedForward, Recurrent, draw_stretches  # noqa: E402

# Of products as small as these, a second thread only waits for the first.
torch.set_num_threads(1)

seeds = st.integers(0, 2**32 - 1)
shares = st.floats(0.0, 1.0, exclude_max=True)
N_FEATURES = 7
DNN = DNNClassifier(hidden_layer_sizes=(6,), context=1, batch_size=20, max_iter=4, random_state=0)
RNN = RNNClassifier(
    hidden_size=4,
    time_mask=0.0,
    frequency_mask=0.0,
    batch_size=5,
    max_iter=4,
    random_state=0,
)
MASKS = {
    "features": (DNN, {"frequency_mask": 0.5}),
    "frames": (RNN, {"time_mask": 0.8}),
    "bands": (RNN, {"frequency_mask": 0.5}),
    "frames of labels": (clone(RNN).set_params(targets="frame"), {"time_mask": 0.8}),
}
every_mask = pytest.mark.parametrize(("classifier", "mask"), MASKS.values(), ids=MASKS)


@pytest.fixture(autouse=True)
def _own_generator():
    with torch.random.fork_rng():
        yield


def most(length, share):
    """Largest number of a length that a share allows, without rounding errors of the product."""
    return math.floor(length * Fraction(share))


# Stretches


@given(lengths=st.lists(st.integers(1, 10**6), min_size=1), share=shares, seed=seeds)
def test_stretches_lie_within_and_are_no_longer_than_the_share(lengths, share, seed):
    torch.manual_seed(seed)
    starts, ends = draw_stretches(torch.tensor(lengths), share)
    assert starts.dtype == ends.dtype == torch.int64
    for start, end, length in zip(starts.tolist(), ends.tolist(), lengths, strict=True):
        assert 0 <= start <= end <= length
        # The product of two floats may be rounded up to a whole number.
        assert end - start <= most(length, share) + (share * length == most(length, share) + 1)
        assert end - start < length
    torch.manual_seed(seed)
    again = draw_stretches(torch.tensor(lengths), share)
    assert_array_equal(again, (starts, ends))


def test_widths_and_places_are_uniform():
    torch.manual_seed(0)
    n_draws = 60_000
    starts, ends = draw_stretches(torch.full((n_draws,), 5), 0.6)
    found = np.zeros((4, 6))
    np.add.at(found, ((ends - starts).numpy(), starts.numpy()), 1.0 / n_draws)
    expected = np.zeros((4, 6))
    for width in range(4):  # 0.6 of five are three
        n_places = 5 - width + 1
        expected[width, :n_places] = 1 / 4 / n_places
    # Five standard deviations of a share of 1/12, the largest.
    assert_allclose(found, expected, atol=5 * math.sqrt(1 / 12 / n_draws))


# What the layers get


def inputs_of_layers(form, clips, seed, noise=0.0, training=True):
    """Standardised frames of a batch, what the layers got of them, and each frame's clip.

    Both are (n_frames, n_near, n_features).
    """
    frames, lengths = np.concatenate(clips), np.array([len(clip) for clip in clips])
    n_features, got = frames.shape[1], []
    if "context" in form:
        sizes = {"hidden_layer_sizes": (3,), "activation": "relu", "batch_norm": False}
        network = FeedForward(n_features, 2, dropout=0.0, input_noise=noise, **sizes, **form)
        data = Frames(frames, lengths, form["context"])
        layers = network.layers
    else:
        units = {"cell": "gru", "hidden_size": 2, "n_layers": 1, "bidirectional": True}
        network = Recurrent(
            n_features, 2, dropout=0.0, pooling="mean", input_noise=noise, **units, **form
        )
        data = Sequences(frames, lengths, per_frame=True)
        layers = network.recurrent
    network = network.double().train(training)
    network.standardize.set_scale(np.full(n_features, -50.0), np.full(n_features, 2.0))
    layers.register_forward_pre_hook(lambda _, inputs: got.append(inputs[0]))
    batch = data.batch(data.items_of(np.arange(len(clips))))
    torch.manual_seed(seed)
    network(*batch.inputs)
    values = got[0] if torch.is_tensor(got[0]) else got[0].data
    plain = (batch.inputs[0].numpy() + 50.0) / 2.0  # nowhere zero
    return (
        plain.reshape(len(frames), -1, n_features),
        values.detach().numpy().reshape(len(frames), -1, n_features),
        np.repeat(np.arange(len(clips)), lengths)[batch.rows],
    )


def assert_is_stretch(is_masked, share):
    """Assert that what is masked is without gaps, and at most a share."""
    places = np.flatnonzero(is_masked)
    assert len(places) <= most(len(is_masked), share)
    assert len(places) == 0 or places[-1] - places[0] == len(places) - 1


# Shares whose product with a small number is exact.
eighths = st.integers(0, 7).map(lambda n: n / 8)


@given(clips=strategies.clips(n_features=N_FEATURES), time_mask=eighths, band=eighths, seed=seeds)
def test_a_stretch_and_a_band_of_each_sequence_are_zero_and_the_rest_is_as_before(
    clips, time_mask, band, seed
):
    form = {"time_mask": time_mask, "frequency_mask": band}
    plain, masked, clip_of = inputs_of_layers(form, clips, seed)
    is_masked = (masked != plain)[:, 0]
    assert (masked[:, 0][is_masked] == 0.0).all()
    for i in range(len(clips)):
        of_clip = is_masked[clip_of == i]  # in the order of time
        in_time, in_features = of_clip.all(axis=1), of_clip.all(axis=0)
        assert_is_stretch(in_time, time_mask)
        assert_is_stretch(in_features, band)
        assert_array_equal(of_clip, in_time[:, np.newaxis] | in_features)


@given(
    clips=strategies.clips(n_features=N_FEATURES),
    context=st.integers(0, 2),
    band=eighths,
    seed=seeds,
)
def test_a_band_of_each_frame_and_its_neighbours_is_zero(clips, context, band, seed):
    form = {"context": context, "frequency_mask": band}
    plain, masked, _ = inputs_of_layers(form, clips, seed)
    is_masked = masked != plain
    assert (masked[is_masked] == 0.0).all()
    for of_frame in is_masked:
        assert_is_stretch(of_frame[0], band)
        assert (of_frame == of_frame[0]).all()


@pytest.mark.parametrize(
    "form",
    [
        {"context": 1, "frequency_mask": 0.6},
        {"time_mask": 0.6, "frequency_mask": 0.0},
        {"time_mask": 0.0, "frequency_mask": 0.6},
    ],
    ids=str,
)
def test_masks_cover_noise_and_differ_between_samples_and_draws(form):
    clips = [np.random.default_rng(i).normal(size=(9, N_FEATURES)) for i in range(40)]
    plain, masked, clip_of = inputs_of_layers(form, clips, seed=0, noise=0.5)
    is_masked = masked == 0.0
    assert (masked != plain)[~is_masked].all()  # by the noise
    of_clips = [is_masked[clip_of == i] for i in range(40)]
    assert len({of_clip.tobytes() for of_clip in of_clips}) > 10
    _, others, _ = inputs_of_layers(form, clips, seed=1, noise=0.5)
    assert ((others == 0.0) != is_masked).any()
    plain, values, _ = inputs_of_layers(form, clips, seed=0, noise=0.5, training=False)
    assert_array_equal(values, plain)


@pytest.mark.parametrize(
    "form", [{"context": 1, "frequency_mask": 0.0}, {"time_mask": 0.0, "frequency_mask": 0.0}]
)
def test_masks_that_are_off_draw_nothing(form):
    clips = [np.random.default_rng(i).normal(size=(9, N_FEATURES)) for i in range(3)]
    plain, values, _ = inputs_of_layers(form, clips, seed=0)
    assert_array_equal(values, plain)
    state = torch.get_rng_state()
    torch.manual_seed(0)
    assert torch.equal(torch.get_rng_state(), state)


# Classifiers


@every_mask
def test_masks_are_drawn_by_the_seed_and_in_training_alone(classifier, mask):
    X, y, weights = make_clips()
    still = clone(classifier).set_params(dropout=0.0, input_noise=0.0)
    plain = clone(still).fit(X, y, weights, X_val=X, y_val=y)
    first, second = (
        clone(still).set_params(**mask).fit(X, y, weights, X_val=X, y_val=y) for _ in range(2)
    )
    assert_array_equal(first.loss_curve_, second.loss_curve_)
    for name, value in first.weights_.items():
        assert_array_equal(value, second.weights_[name], err_msg=name)
    # The loss at the start is without masks, the others are not.
    assert first.loss_curve_[0] == plain.loss_curve_[0]
    assert first.validation_loss_curve_[0] == plain.validation_loss_curve_[0]
    assert (first.loss_curve_[1:] != plain.loss_curve_[1:]).all()
    assert_array_equal(first.predict_log_proba(X), first.predict_log_proba(X))
    # What is predicted depends on the weights alone, and so does what is validated.
    plain.weights_ = first.weights_
    assert_array_equal(plain.predict_log_proba(X), first.predict_log_proba(X))
    last = losses.cross_entropy(
        first.predict_log_proba(X), y, label_smoothing=first.label_smoothing
    )
    if not hasattr(first, "predict_frames"):
        assert_allclose(first.validation_loss_curve_[-1], last[0], rtol=1e-5)


def test_masked_frames_count_in_the_loss_like_all_others():
    logits = []

    class Spied(RNNClassifier):
        def _make_network(self, *args):
            network = super()._make_network(*args)
            network.output.register_forward_hook(lambda *passed: logits.append(passed[2].detach()))
            return network

    X, y, weights = make_clips(n_clips=6)
    y = [np.arange(len(clip)) % 3 for clip in X]
    classifier = Spied(targets="frame", time_mask=0.9, frequency_mask=0.6, max_iter=1)
    classifier.set_params(shuffle=False, batch_size=6, random_state=0).fit(X, y, weights)
    data = Sequences(np.concatenate(X), np.array([len(clip) for clip in X]), per_frame=True)
    rows = data.batch(np.arange(6)).rows
    of_frames = np.repeat(weights, data.lengths)[rows]
    # The second pass is that of the epoch; the first, without masks, is the loss at the start.
    expected, _ = losses.cross_entropy(
        logits[1].double().numpy(),
        np.concatenate(y)[rows],
        sample_weight=of_frames / of_frames.sum(),
        label_smoothing=classifier.label_smoothing,
    )
    assert_allclose(classifier.loss_curve_[1], expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("classifier", "name"),
    [(DNN, "frequency_mask"), (RNN, "time_mask"), (RNN, "frequency_mask")],
    ids=["DNN", "RNN-time", "RNN-frequency"],
)
@pytest.mark.parametrize("value", [-0.1, 1.0, 3, np.nan, "all", None])
def test_masks_of_other_values_are_refused(classifier, name, value):
    X, y, _ = make_clips()
    with pytest.raises(ValueError, match=f"'{name}' parameter"):
        clone(classifier).set_params(**{name: value}).fit(X, y)


def test_rows_have_no_time_to_mask():
    with pytest.raises(TypeError, match="time_mask"):
        DNNClassifier(time_mask=0.1)
    X, y = np.random.default_rng(0).normal(size=(30, 4)), np.arange(30) % 2
    still = clone(RNN).set_params(input_noise=0.0, dropout=0.0)
    plain = clone(still).fit(X, y)
    masked = clone(still).set_params(time_mask=0.9).fit(X, y)
    assert_array_equal(masked.loss_curve_, plain.loss_curve_)


@every_mask
def test_files_from_before_there_were_masks_are_loaded(classifier, mask, tmp_path):
    X, y, _ = make_clips()
    classifier = clone(classifier).fit(X, y)
    save(classifier, tmp_path / "new")
    text, arrays = unpack(read(tmp_path / "new"))
    document = json.loads(text)
    for part in ("parameters", "form"):
        entries = document[part]["dict"]
        document[part]["dict"] = [entry for entry in entries if not entry[0].endswith("_mask")]
        assert len(document[part]["dict"]) < len(entries)
    replace_file(tmp_path / "old", pack(json.dumps(document), arrays))
    loaded = load(tmp_path / "old")
    assert loaded.get_params() == classifier.get_params()
    assert loaded._form == classifier._form
    assert_array_equal(loaded.predict_log_proba(X), classifier.predict_log_proba(X))
