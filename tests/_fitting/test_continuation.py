from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skxent._fitting._continuation import (
    Continuation,
    count_seen,
    store_epoch,
    store_fit,
    supports_partial_fit,
)
from skxent._fitting._monitor import Monitor, Plateau

SEEN = np.array([2.0, 3.0]), 4


def some_state(**changes):
    random_state = np.random.RandomState(0)
    state = Continuation("sgd", random_state, "start", seeds=random_state, rule="momentum")
    return replace(state, plateau=Plateau(1.0, 2, 0.2), n_epochs=5, **changes)


def fitted(**attributes):
    return SimpleNamespace(classes_=np.array(["a", "b"]), **attributes)


def some_result(converged=False):
    return SimpleNamespace(values=np.array([3.0, 2.0, 1.0]), converged=converged, gradient_norm=0.5)


# Where training starts


def test_a_state_of_its_kind_is_resumed():
    kept = some_state()
    start = Continuation("sgd", None, None)
    classifier = fitted(_continuation=kept)
    assert start.resume(classifier, np.array(["a", "b"]), "learned") is kept


@pytest.mark.parametrize(
    "attributes", [{}, {"_continuation": None}, {"_continuation": some_state(kind="adam")}]
)
def test_without_such_a_state_the_parameters_are_all_that_is_known(attributes):
    start = Continuation("sgd", np.random.RandomState(0), None)
    resumed = start.resume(fitted(**attributes), np.array(["a", "b"]), "learned")
    assert vars(resumed) == vars(start) | {"params": "learned"}
    assert resumed.params == "learned"
    assert resumed.random_state is start.random_state
    assert (resumed.rule, resumed.plateau, resumed.n_epochs) == (None, Plateau(), 0)


@pytest.mark.parametrize("classes", [["b", "a"], ["a", "c"], ["a"], ["a", "b", "c"]])
def test_other_classes_are_refused(classes):
    classifier = fitted(_continuation=some_state())
    with pytest.raises(ValueError, match=r"the classes of the earlier fit, \['a', 'b'\], got"):
        some_state().resume(classifier, np.array(classes), None)


def test_epochs_advance_what_changes_and_keep_the_rest():
    state = some_state()
    later = state.advance("end", "other momentum", 3, Plateau(0.5))
    assert (later.params, later.rule) == ("end", "other momentum")
    assert (later.plateau, later.n_epochs) == (Plateau(0.5), 8)
    assert later.random_state is state.random_state
    assert later.seeds is state.seeds
    assert later.kind == state.kind
    assert state.advance("end", None).n_epochs == 6
    assert state.advance("end", None).plateau == state.plateau


# What was seen


def test_samples_seen_before_are_counted():
    sums, n_samples = count_seen(fitted(), np.array([1.0, 0.5]), 3)
    assert (sums.tolist(), n_samples) == ([1.0, 0.5], 3)
    sums, n_samples = count_seen(fitted(_seen=SEEN), np.array([1.0, 0.5]), 3)
    assert (sums.tolist(), n_samples) == ([3.0, 3.5], 7)
    assert_array_equal(SEEN[0], [2.0, 3.0])


def test_parameters_that_need_a_whole_fit_are_named():
    classifier = SimpleNamespace(schedule="cosine", early_stopping=True)
    assert supports_partial_fit(classifier, schedule=False, early_stopping=False)
    with pytest.raises(AttributeError, match="schedule='cosine' has no partial_fit"):
        supports_partial_fit(classifier, schedule=True, early_stopping=True)
    with pytest.raises(AttributeError, match="early_stopping=True has no partial_fit"):
        supports_partial_fit(classifier, schedule=False, early_stopping=True)


# What is stored


def watched(patience=10, n_epochs=3):
    monitor = Monitor(
        tol=0.0, patience=patience, early_stopping=True, validate=lambda _: (1.0, 0.5)
    )
    for epoch in range(n_epochs):
        monitor(epoch, np.zeros(1), 0.0)
    return monitor


@pytest.mark.parametrize("converged", [False, True])
def test_attributes_of_a_fit(converged):
    classifier, state = fitted(), some_state()
    store_fit(classifier, some_result(converged), watched(), seen=SEEN, continuation=state)
    assert classifier.n_iter_ == 2
    assert_array_equal(classifier.loss_curve_, [3.0, 2.0, 1.0])
    assert classifier.converged_ is converged
    assert classifier.gradient_norm_ == 0.5
    assert_array_equal(classifier.validation_loss_curve_, [1.0, 1.0, 1.0])
    assert_array_equal(classifier.validation_score_curve_, [0.5, 0.5, 0.5])
    assert classifier._seen is SEEN
    assert classifier._continuation is state


def test_what_patience_has_ended_has_converged_and_is_not_continued():
    classifier = fitted()
    monitor = watched(patience=2)
    assert monitor.is_exhausted
    store_fit(classifier, some_result(), monitor, seen=SEEN, continuation=some_state())
    assert classifier.converged_
    assert classifier._continuation is None


def test_curves_of_an_earlier_validation_are_removed():
    classifier = fitted()
    store_fit(classifier, some_result(), watched(), seen=SEEN, continuation=None)
    monitor = Monitor(tol=0.0, patience=1)
    store_fit(classifier, some_result(), monitor, seen=SEEN, continuation=None)
    assert not hasattr(classifier, "validation_loss_curve_")
    assert not hasattr(classifier, "validation_score_curve_")


def test_an_epoch_more_is_appended_and_removes_what_was_true_of_the_fit():
    classifier, state = fitted(), some_state()
    store_epoch(classifier, 4.0, seen=SEEN, continuation=state)
    assert classifier.n_iter_ == 1
    assert_array_equal(classifier.loss_curve_, [4.0])
    store_fit(classifier, some_result(), watched(), seen=SEEN, continuation=None)
    before = set(vars(classifier))
    store_epoch(classifier, 4.0, seen=SEEN, continuation=state)
    assert classifier.n_iter_ == 3
    assert_array_equal(classifier.loss_curve_, [3.0, 2.0, 1.0, 4.0])
    assert classifier._continuation is state
    assert before - set(vars(classifier)) == {
        "converged_",
        "gradient_norm_",
        "validation_loss_curve_",
        "validation_score_curve_",
    }
