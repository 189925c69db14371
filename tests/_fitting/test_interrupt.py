"""Interrupts end a fit and keep what it has reached; those of networks are in tests/neural."""

import os
import pickle
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from skxent import (
    FramewiseClassifier,
    MFCCTransformer,
    SoftmaxClassifier,
    SoftmaxClassifierCV,
    StopOnInterrupt,
)
from tests._fitting.interrupts import Interrupt, fit_interrupted, handled_by

X, Y = load_iris(return_X_y=True)
SOLVERS = {
    "gd": {"solver": "gd"},
    "sgd": {"solver": "sgd", "learning_rate": 1e-3, "random_state": 0},
    "lbfgs": {"solver": "lbfgs"},
    "newton-cg": {"solver": "newton-cg"},
}
every_solver = pytest.mark.parametrize("settings", SOLVERS.values(), ids=SOLVERS)
SLOW = SoftmaxClassifier(solver="gd", tol=0.0, max_iter=200)
ENDED = "an interrupt ended {} after {}; it keeps what it has reached"


# What is kept


@every_solver
def test_interrupted_fit_is_a_fit_of_fewer_iterations(settings, capsys):
    classifier = SoftmaxClassifier(**settings, tol=0.0)
    stopped = clone(classifier).set_callbacks(Interrupt(3), StopOnInterrupt())
    assert fit_interrupted(stopped, X, Y) == [ENDED.format("SoftmaxClassifier", "iteration 3")]
    with pytest.warns(match="did not converge"):
        ended = clone(classifier).set_params(max_iter=3).fit(X, Y)
    assert_array_equal(stopped.coef_, ended.coef_)
    assert_array_equal(stopped.loss_curve_, ended.loss_curve_)
    assert stopped.n_iter_ == 3
    assert not stopped.converged_
    shown = capsys.readouterr()
    assert shown.err.count("Interrupted: the fit ends as soon as it can") == 1
    assert shown.out == ""


def test_what_ends_by_itself_is_no_interrupted_fit():
    classifier = SoftmaxClassifier().set_callbacks(StopOnInterrupt())
    assert fit_interrupted(classifier, X, Y) == []
    assert classifier.converged_
    assert_array_equal(classifier.coef_, SoftmaxClassifier().fit(X, Y).coef_)


def test_early_stopping_keeps_the_best_coefficients():
    settings = {"early_stopping": True, "learning_rate": 0.3, "solver": "sgd", "random_state": 1}
    classifier = SoftmaxClassifier(**settings).set_callbacks(Interrupt(6), StopOnInterrupt())
    fit_interrupted(classifier, X, Y)
    ended = SoftmaxClassifier(**settings, max_iter=6)
    with pytest.warns(match="did not converge"):
        ended.fit(X, Y)
    assert classifier.validation_loss_curve_[-1] > classifier.validation_loss_curve_.min()
    assert_array_equal(classifier.coef_, ended.coef_)
    assert_array_equal(classifier.validation_loss_curve_, ended.validation_loss_curve_)


@pytest.mark.filterwarnings("ignore:.*did not converge")
def test_warm_start_goes_on_from_where_the_interrupt_came():
    settings = SOLVERS["sgd"] | {"warm_start": True, "tol": 0.0, "max_iter": 20}
    stopped = SoftmaxClassifier(**settings).set_callbacks(Interrupt(8), StopOnInterrupt())
    fit_interrupted(stopped, X, Y)
    stopped.set_callbacks().set_params(max_iter=12).fit(X, Y)
    assert_array_equal(stopped.coef_, SoftmaxClassifier(**settings).fit(X, Y).coef_)


# Where there is nothing to keep, or no patience


@pytest.mark.parametrize("numbers", [(2, 3), (2, 2)])
def test_second_interrupt_ends_the_fit_at_once(numbers):
    interrupts = [Interrupt(number, task="end iteration") for number in numbers]
    classifier = clone(SLOW).set_callbacks(StopOnInterrupt(), *interrupts)
    with pytest.raises(KeyboardInterrupt):
        fit_interrupted(classifier, X, Y)
    assert not hasattr(classifier, "coef_")
    assert fit_interrupted(classifier.set_callbacks(StopOnInterrupt()), X, Y)[0].startswith(
        "solver"
    )


@pytest.mark.parametrize("task", ["begin fit", "begin iteration"])
def test_before_the_first_iteration_an_interrupt_is_what_it_always_is(task):
    classifier = clone(SLOW).set_callbacks(Interrupt(1, task=task), StopOnInterrupt())
    with pytest.raises(KeyboardInterrupt):
        fit_interrupted(classifier, X, Y)
    assert not hasattr(classifier, "coef_")


def test_other_handlers_get_the_interrupts_that_are_not_handled():
    handled = []

    def handle(signum, frame):
        handled.append(signum)

    first, second = Interrupt(1, task="begin fit"), Interrupt(5, task="end iteration")
    third = Interrupt(6, task="end iteration")
    classifier = clone(SLOW).set_callbacks(first, StopOnInterrupt(), second, third)
    with handled_by(handle), pytest.warns(match="after iteration 6"):
        classifier.fit(X, Y)
    assert handled == [signal.SIGINT] * 2


def test_handler_is_put_back_after_errors():
    classifier = SoftmaxClassifier().set_callbacks(StopOnInterrupt())
    with handled_by(), pytest.raises(ValueError, match="at least two classes"):
        classifier.fit(X, np.zeros(len(X)))


def test_handler_that_another_callback_has_set_is_left_alone():
    def handle(signum, frame):
        pass

    class Sets(Interrupt):
        def see(self, name):
            signal.signal(signal.SIGINT, handle)

    with handled_by():
        SoftmaxClassifier().set_callbacks(StopOnInterrupt(), Sets()).fit(X, Y)
        assert signal.signal(signal.SIGINT, signal.default_int_handler) is handle


@pytest.mark.parametrize("handler", [signal.SIG_IGN, signal.SIG_DFL])
def test_interrupts_that_python_does_not_handle_are_left_alone(handler):
    found = []

    class Looks(Interrupt):
        def see(self, name):
            found.append(signal.getsignal(signal.SIGINT))

    with handled_by(handler):
        SoftmaxClassifier().set_callbacks(StopOnInterrupt(), Looks()).fit(X, Y)
    assert set(found) == {handler}


def test_in_other_threads_it_does_nothing():
    classifier = SoftmaxClassifier().set_callbacks(StopOnInterrupt())
    with handled_by():
        thread = threading.Thread(target=classifier.fit, args=(X, Y))
        thread.start()
        thread.join()
    assert classifier.converged_


def test_several_at_once_are_as_one():
    callback = StopOnInterrupt()
    classifier = clone(SLOW).set_callbacks(Interrupt(3), callback, StopOnInterrupt(), callback)
    assert len(fit_interrupted(classifier, X, Y)) == 1
    assert classifier.n_iter_ == 3


def test_it_is_pickled_and_cloned_with_its_estimator():
    classifier = clone(SLOW).set_callbacks(Interrupt(3), StopOnInterrupt())
    for copied in (pickle.loads(pickle.dumps(classifier)), clone(classifier)):
        fit_interrupted(copied, X, Y)
        assert copied.n_iter_ == 3


# Estimators within estimators


@pytest.mark.filterwarnings("ignore:.*did not converge")
def test_search_of_all_candidates_ends_and_fits_the_best():
    search = SoftmaxClassifierCV(
        learning_rates=3, alphas=[0.01, 0.1], cv=2, tol=0.0, max_iter=50, prune=False
    )
    stopped = clone(search).set_callbacks(Interrupt(4), StopOnInterrupt())
    told = fit_interrupted(stopped, X, Y)
    assert told[-1] == ENDED.format("SoftmaxClassifierCV", "epoch 4 of 12 candidates")
    assert_array_equal(stopped.n_iter_, 4)
    assert_array_equal(stopped.status_, "running")
    ended = clone(search).set_params(max_iter=4).fit(X, Y)
    assert_array_equal(stopped.scores_, ended.scores_)
    assert stopped.best_params_ == ended.best_params_
    assert stopped.best_estimator_.n_iter_ == 50
    assert stopped.predict(X).shape == (150,)


@pytest.mark.filterwarnings("ignore:.*did not converge")
@pytest.mark.parametrize("earlier", [(), (4,)], ids=["alone", "after another"])
@pytest.mark.parametrize("stage", ["scorer", "refit"])
def test_after_its_search_an_interrupt_ends_all_at_once(stage, earlier):
    n_iter, n_calls = 4 if earlier else 20, 0

    def interrupt(*_):
        nonlocal n_calls
        n_calls += 1
        # The search has asked for the factor of each of its iterations.
        if n_calls == (1 if stage == "scorer" else n_iter + 3):
            os.kill(os.getpid(), signal.SIGINT)
        return 1.0

    changed = {"scoring": interrupt} if stage == "scorer" else {"schedule": interrupt}
    search = SoftmaxClassifierCV(
        learning_rates=2, cv=2, tol=0.0, max_iter=20, prune=False, **changed
    ).set_callbacks(Interrupt(*earlier), StopOnInterrupt())
    with pytest.raises(KeyboardInterrupt):
        fit_interrupted(search, X, Y)
    assert not hasattr(search, "coef_")


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cg"])
def test_after_the_last_iteration_an_interrupt_is_told_of(solver):
    ended = SoftmaxClassifier(solver=solver).fit(X, Y)
    # After StopOnInterrupt has been asked for the last time.
    late = Interrupt(ended.n_iter_, task="end iteration")
    classifier = SoftmaxClassifier(solver=solver).set_callbacks(StopOnInterrupt(), late)
    iteration = f"iteration {ended.n_iter_}"
    assert fit_interrupted(classifier, X, Y) == [ENDED.format("SoftmaxClassifier", iteration)]
    assert classifier.converged_
    assert_array_equal(classifier.coef_, ended.coef_)


def test_framewise_classifier_ends_with_its_estimator():
    clips = np.split(X, 15)
    labels = np.arange(15) % 3
    stopped = FramewiseClassifier(SLOW).set_callbacks(Interrupt(3), StopOnInterrupt())
    told = fit_interrupted(stopped, clips, labels)
    assert told == [ENDED.format("SoftmaxClassifier", "iteration 3")]
    with pytest.warns(match="did not converge"):
        ended = FramewiseClassifier(clone(SLOW).set_params(max_iter=3)).fit(clips, labels)
    assert_array_equal(stopped.predict_log_proba(clips), ended.predict_log_proba(clips))
    assert stopped.estimator_.n_iter_ == 3
    assert not stopped.estimator_.converged_


def make_pipeline_of_clips():
    clips = [np.sin(np.arange(800) * pitch / 30) for pitch in range(1, 13)]
    return make_pipeline(MFCCTransformer(sample_rate=8000), clone(SLOW)), clips, np.arange(12) % 2


def test_pipeline_ends_with_its_classifier():
    pipeline, clips, labels = make_pipeline_of_clips()
    pipeline.set_callbacks(Interrupt(3), StopOnInterrupt())
    assert fit_interrupted(pipeline, clips, labels) == [
        ENDED.format("SoftmaxClassifier", "iteration 3")
    ]
    assert pipeline[-1].n_iter_ == 3
    assert pipeline.predict(clips).shape == (12,)


def test_while_features_are_computed_there_is_nothing_to_keep():
    pipeline, clips, labels = make_pipeline_of_clips()
    pipeline.set_callbacks(Interrupt(1, task="end clips"), StopOnInterrupt())
    with pytest.raises(KeyboardInterrupt):
        fit_interrupted(pipeline, clips, labels)
    assert not hasattr(pipeline[-1], "coef_")


def make_grid(estimator=SLOW, **settings):
    return GridSearchCV(clone(estimator), {"alpha": [0.1, 0.2]}, cv=2, **settings)


@pytest.mark.filterwarnings("ignore:.*did not converge")
def test_grid_search_has_no_result_before_its_last_fit():
    # Each of four fits has 200 iterations; the fifth is of the best candidate to all samples.
    for number in (1, 7, 205, 500, 800):
        search = make_grid().set_callbacks(Interrupt(number), StopOnInterrupt())
        with pytest.raises(KeyboardInterrupt):
            fit_interrupted(search, X, Y)
        with pytest.raises((NotFittedError, AttributeError)):
            search.predict(X)
    search = make_grid().set_callbacks(Interrupt(805), StopOnInterrupt())
    assert fit_interrupted(search, X, Y)[-1] == ENDED.format("SoftmaxClassifier", "iteration 5")
    assert search.best_estimator_.n_iter_ == 5
    assert search.predict(X).shape == (150,)


@pytest.mark.filterwarnings("ignore:.*did not converge")
@pytest.mark.parametrize(("task", "number"), [("begin fit", 6), ("end fit", 4)])
def test_between_two_fits_an_interrupt_ends_a_search_at_once(task, number):
    # The first fit that begins, and the last that ends, is the search itself.
    search = make_grid().set_callbacks(StopOnInterrupt(), Interrupt(number, task=task))
    with pytest.raises(KeyboardInterrupt):
        fit_interrupted(search, X, Y)
    with pytest.raises((NotFittedError, AttributeError)):
        search.predict(X)


@pytest.mark.filterwarnings("ignore:.*did not converge")
def test_grid_search_in_processes_is_interrupted_at_once():
    search = make_grid(n_jobs=2).set_callbacks(StopOnInterrupt())
    with handled_by():
        assert search.fit(X, Y).best_estimator_.n_iter_ == 200
    # Workers interrupt the main process.
    slow = clone(SLOW).set_params(max_iter=10**6)
    search = make_grid(slow, n_jobs=2).set_callbacks(Interrupt(50), StopOnInterrupt())
    with pytest.raises(KeyboardInterrupt):
        fit_interrupted(search, X, Y)


def test_estimators_that_do_not_stop_are_interrupted_as_always():
    classifier = LogisticRegression().set_callbacks(
        Interrupt(3, task="end lbfgs-iter"), StopOnInterrupt()
    )
    with pytest.raises(KeyboardInterrupt):
        fit_interrupted(classifier, X, Y)


def test_within_an_estimator_without_callbacks_an_interrupt_ends_a_single_fit():
    inner = clone(SLOW).set_callbacks(Interrupt(3), StopOnInterrupt())
    classifier = OneVsRestClassifier(inner)
    told = fit_interrupted(classifier, X, Y)
    assert told == [ENDED.format("SoftmaxClassifier", "iteration 3")] * 3
    assert [each.n_iter_ for each in classifier.estimators_] == [3, 3, 3]


# As a user does it

PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from sklearn.datasets import load_iris
from skxent import SoftmaxClassifier, StopOnInterrupt

class Says(StopOnInterrupt):
    def on_fit_task_end(self, estimator, context):
        stop = super().on_fit_task_end(estimator, context)
        if context.task_name == "iteration" and context.task_id == 0:
            print("begun", flush=True)
        return stop

X, y = load_iris(return_X_y=True)
classifier = SoftmaxClassifier(solver="gd", tol=0.0, max_iter=10**9, learning_rate=1e-9)
classifier.set_callbacks(Says()).fit(X, y)
print(len(classifier.loss_curve_) - classifier.n_iter_, classifier.predict(X).shape)
"""


def test_signal_from_outside_ends_the_fit_of_a_program():
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out) == (0, "1 (150,)\n"), err
    assert "Interrupted: the fit ends as soon as it can" in err
    assert "ConvergenceWarning: an interrupt ended SoftmaxClassifier after iteration" in err
