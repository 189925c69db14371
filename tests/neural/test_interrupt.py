"""Interrupts of networks, which end a fit between two batches."""

import os
import signal

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import make_pipeline

from tests._fitting.callbacks import Watch
from tests._fitting.interrupts import Interrupt, fit_interrupted, handled_by
from tests.neural.clips import make_clips

torch = pytest.importorskip(
    "torch", reason="skxent.neural needs PyTorch: pip install skxent[neural]"
)

from skxent import FramewiseClassifier, StopOnInterrupt  # noqa: E402
from skxent.neural import DNNClassifier, RNNClassifier  # noqa: E402

# Of products as small as these, a second thread only waits for the first.
torch.set_num_threads(1)

RANDOM = {"dropout": 0.2, "input_noise": 0.2, "learning_rate": 0.02, "random_state": 0}
DNN = DNNClassifier(hidden_layer_sizes=(6,), context=1, batch_size=20, max_iter=20, **RANDOM)
RNN = RNNClassifier(hidden_size=4, batch_size=5, max_iter=20, **RANDOM)
CLASSIFIERS = {
    "batch_norm": clone(DNN).set_params(batch_norm=True),
    "sequence": RNN,
    "frame": clone(RNN).set_params(targets="frame", cell="lstm"),
}
every_classifier = pytest.mark.parametrize("classifier", CLASSIFIERS.values(), ids=CLASSIFIERS)
X, Y, _ = make_clips()
ENDED = "an interrupt ended {} after iteration {}; it keeps what it has reached"


class InterruptBatch:
    """A schedule that sends interrupts before the updates of some numbers, counted from zero.

    It is a setting that asks for each update; no callback sees one.
    """

    def __init__(self, *numbers):
        self.numbers, self.n_seen = numbers, 0

    def __call__(self, epoch):
        if self.n_seen in self.numbers:
            os.kill(os.getpid(), signal.SIGINT)
        self.n_seen += 1
        return 1.0


def n_batches(classifier):
    """Updates of an epoch."""
    counted = InterruptBatch()
    clone(classifier).set_params(schedule=counted, max_iter=1).fit(X, Y)
    assert counted.n_seen > 2
    return counted.n_seen


def assert_same_network(first, second):
    assert_array_equal(first.loss_curve_, second.loss_curve_)
    for name, value in second.weights_.items():
        assert_array_equal(first.weights_[name], value)


@every_classifier
def test_interrupted_fit_is_a_fit_of_fewer_epochs(classifier):
    classifier = clone(classifier).set_params(schedule="constant")
    stopped = clone(classifier).set_callbacks(Interrupt(3), StopOnInterrupt())
    assert fit_interrupted(stopped, X, Y) == [ENDED.format(type(classifier).__name__, 3)]
    assert (stopped.n_iter_, stopped.converged_) == (3, False)
    assert len(stopped.epoch_seconds_) == 3
    assert_same_network(stopped, classifier.set_params(max_iter=3).fit(X, Y))


def test_with_a_schedule_of_a_whole_fit_it_is_the_beginning_of_the_longer_one():
    assert RNN.schedule == "one_cycle"
    stopped = clone(RNN).set_callbacks(Interrupt(3), StopOnInterrupt())
    fit_interrupted(stopped, X, Y)
    watch = Watch()
    whole = clone(RNN).set_callbacks(watch).fit(X, Y)
    assert_array_equal(stopped.loss_curve_, whole.loss_curve_[:4])
    assert_same_network(stopped, watch.fitted[2])
    shorter = clone(RNN).set_params(max_iter=3).fit(X, Y)
    assert (stopped.loss_curve_ != shorter.loss_curve_).any()


@every_classifier
@pytest.mark.parametrize("shuffle", [True, False])
def test_epoch_that_is_interrupted_is_undone(classifier, shuffle):
    classifier = clone(classifier).set_params(warm_start=True, shuffle=shuffle)
    schedule = InterruptBatch(2 * n_batches(classifier) + 1)
    stopped = clone(classifier).set_params(schedule=schedule).set_callbacks(StopOnInterrupt())
    assert fit_interrupted(stopped, X, Y) == [ENDED.format(type(classifier).__name__, 2)]
    # After that one no update follows.
    assert schedule.n_seen == 2 * n_batches(classifier) + 2
    assert (stopped.n_iter_, stopped.converged_) == (2, False)
    ended = clone(classifier).set_params(schedule="constant", max_iter=2).fit(X, Y)
    assert_same_network(stopped, ended)
    # With its optimizer and its generators, so that it goes on as well.
    stopped.set_callbacks().set_params(schedule="constant", max_iter=2).fit(X, Y)
    assert_same_network(stopped, ended.fit(X, Y))


def test_early_stopping_keeps_the_best_weights():
    settings = {"early_stopping": True, "learning_rate": 0.3, "validation_fraction": 0.3}
    stopped = clone(DNN).set_params(**settings, schedule="constant")
    ended = clone(stopped).set_params(max_iter=6).fit(X, Y)
    stopped.set_callbacks(Interrupt(6), StopOnInterrupt())
    fit_interrupted(stopped, X, Y)
    assert stopped.validation_loss_curve_.argmin() < 6
    assert_array_equal(stopped.validation_loss_curve_, ended.validation_loss_curve_)
    assert_same_network(stopped, ended)


@every_classifier
def test_in_the_first_epoch_there_is_nothing_to_keep(classifier):
    stopped = clone(classifier).set_params(schedule=InterruptBatch(1))
    with pytest.raises(KeyboardInterrupt):
        fit_interrupted(stopped.set_callbacks(StopOnInterrupt()), X, Y)
    assert not hasattr(stopped, "weights_")


def test_warm_start_that_is_interrupted_leaves_the_earlier_fit_as_it_was():
    classifier = clone(DNN).set_params(warm_start=True, max_iter=2).fit(X, Y)
    weights, kept = classifier.weights_, classifier._continuation
    copies = [
        {name: value.copy() for name, value in each.items()}
        for each in (weights, kept.params, *kept.rule.values())
    ]
    classifier.set_callbacks(StopOnInterrupt()).set_params(schedule=InterruptBatch(3))
    with pytest.raises(KeyboardInterrupt):
        fit_interrupted(classifier, X, Y)
    assert classifier.weights_ is weights
    for copied, each in zip(copies, (weights, kept.params, *kept.rule.values()), strict=True):
        for name, value in copied.items():
            assert_array_equal(each[name], value)


@every_classifier
@pytest.mark.parametrize("warm_start", [False, True])
def test_fit_that_is_interrupted_leaves_all_of_the_earlier_one(classifier, warm_start):
    classifier = clone(classifier).set_params(warm_start=warm_start, max_iter=3)
    classifier.fit(X, Y, X_val=X[:9], y_val=Y[:9])
    before = dict(vars(classifier))
    # In the second epoch; callbacks have seen the first.
    classifier.set_callbacks(Watch(), Interrupt(2))
    with pytest.raises(KeyboardInterrupt):
        fit_interrupted(classifier, X, Y)
    classifier.set_callbacks()
    assert vars(classifier).keys() == before.keys()
    assert all(vars(classifier)[name] is value for name, value in before.items())


def test_fit_that_diverges_goes_on_from_the_last_epoch_that_did_not():
    settings = {"schedule": lambda epoch: 1.0 if epoch < 2 else 1e30, "warm_start": True}
    diverged = clone(RNN).set_params(**settings, max_grad_norm=None, max_iter=5)
    with pytest.warns(ConvergenceWarning, match="diverged"):
        diverged.fit(X, Y)
    ended = clone(diverged).set_params(schedule="constant", max_iter=2).fit(X, Y)
    assert_same_network(diverged, ended)
    diverged.set_params(schedule="constant", max_iter=2).fit(X, Y)
    assert_same_network(diverged, ended.fit(X, Y))


def test_networks_in_other_estimators_end_with_them():
    frames = [clip[:, :2] for clip in X]
    stopped = FramewiseClassifier(clone(DNN).set_params(context=0))
    stopped.set_callbacks(Interrupt(3), StopOnInterrupt())
    assert fit_interrupted(stopped, frames, Y) == [ENDED.format("DNNClassifier", 3)]
    assert stopped.estimator_.n_iter_ == 3
    assert stopped.predict(frames).shape == (len(X),)
    pipeline = make_pipeline("passthrough", clone(RNN))
    pipeline.set_callbacks(Interrupt(3), StopOnInterrupt())
    assert fit_interrupted(pipeline, X, Y) == [ENDED.format("RNNClassifier", 3)]
    assert pipeline[-1].n_iter_ == 3


def test_handler_is_put_back_after_a_network_that_fails():
    with handled_by(), pytest.raises(ValueError, match="at least two classes"):
        clone(RNN).set_callbacks(StopOnInterrupt()).fit(np.eye(3), [0, 0, 0])
