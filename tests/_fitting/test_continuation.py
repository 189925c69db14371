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
    with_fit,
)
from skxent._fitting._monitor import Monitor, Plateau

SEEN = np.array([2.0, 3.0]), 4


def some_state(**changes):
    random_state = np.random.RandomState(0)
    state = Continuation("sgd", random_state, "start", seeds=random_state, rule="momentum")
    return replace(state, plateau=Plateau(1.0, 2, 0.2), n_epochs=5, **changes)


class Fitted:
    def __init__(self, **attributes):
        vars(self).update(classes_=np.array(["a", "b"]), **attributes)


def some_result(converged=False):
    return SimpleNamespace(values=np.array([3.0, 2.0, 1.0]), converged=converged, gradient_norm=0.5)


# Where training starts


def test_a_state_of_its_kind_is_resumed():
    kept = some_state()
    start = Continuation("sgd", None, None)
    classifier = Fitted(_continuation=kept)
    assert start.resume(classifier, np.array(["a", "b"]), "learned") is kept


@pytest.mark.parametrize(
    "attributes", [{}, {"_continuation": None}, {"_continuation": some_state(kind="adam")}]
)
def test_without_such_a_state_the_parameters_are_all_that_is_known(attributes):
    start = Continuation("sgd", np.random.RandomState(0), None)
    resumed = start.resume(Fitted(**attributes), np.array(["a", "b"]), "learned")
    assert vars(resumed) == vars(start) | {"params": "learned"}
    assert resumed.params == "learned"
    assert resumed.random_state is start.random_state
    assert (resumed.rule, resumed.plateau, resumed.n_epochs) == (None, Plateau(), 0)


@pytest.mark.parametrize("classes", [["b", "a"], ["a", "c"], ["a"], ["a", "b", "c"]])
def test_other_classes_are_refused(classes):
    classifier = Fitted(_continuation=some_state())
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
    sums, n_samples = count_seen(Fitted(), np.array([1.0, 0.5]), 3)
    assert (sums.tolist(), n_samples) == ([1.0, 0.5], 3)
    sums, n_samples = count_seen(Fitted(_seen=SEEN), np.array([1.0, 0.5]), 3)
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


def watched(patience=10, n_epochs=3, **settings):
    settings = {"early_stopping": True, "validate": lambda _: (1.0, 0.5), **settings}
    monitor = Monitor(tol=0.0, patience=patience, **settings)
    for epoch in range(n_epochs):
        monitor(epoch, np.zeros(1), 3.0 - epoch)
    return monitor


def test_a_fit_is_stored_with_the_norm_of_its_gradient():
    classifier, state = Fitted(), some_state()
    monitor = watched(learned=lambda params, n_iter: {"coef_": params, "_seen": SEEN})
    store_fit(classifier, monitor, "learned", some_result(), state)
    assert vars(classifier).pop("gradient_norm_") == 0.5
    assert vars(classifier).pop("classes_").tolist() == ["a", "b"]
    expected = monitor.attributes("learned", [3.0, 2.0, 1.0], continuation=state)
    assert vars(classifier).pop("_seen") is expected.pop("_seen") is SEEN
    assert vars(classifier).keys() == expected.keys()
    for name, value in expected.items():
        assert_array_equal(vars(classifier)[name], value)


def test_curves_of_an_earlier_validation_are_removed():
    classifier = Fitted()
    store_fit(classifier, watched(), None, some_result(), None)
    assert hasattr(classifier, "validation_loss_curve_")
    store_fit(classifier, watched(validate=None), None, some_result(), None)
    assert not hasattr(classifier, "validation_loss_curve_")
    assert not hasattr(classifier, "validation_score_curve_")


def test_an_epoch_more_is_appended_and_removes_what_was_true_of_the_fit():
    classifier, state = Fitted(), some_state()
    store_epoch(classifier, {"_seen": SEEN}, 4.0, state)
    assert classifier.n_iter_ == 1
    assert_array_equal(classifier.loss_curve_, [4.0])
    assert classifier._seen is SEEN
    store_fit(classifier, watched(), None, some_result(), None)
    before = set(vars(classifier))
    store_epoch(classifier, {"_seen": SEEN}, 4.0, state)
    assert classifier.n_iter_ == 3
    assert_array_equal(classifier.loss_curve_, [3.0, 2.0, 1.0, 4.0])
    assert classifier._continuation is state
    assert before - set(vars(classifier)) == {
        "converged_",
        "gradient_norm_",
        "validation_loss_curve_",
        "validation_score_curve_",
    }


def test_with_a_fit_is_a_copy():
    classifier = Fitted(coef_=1, converged_=True, gradient_norm_=0.5)
    before = dict(vars(classifier))
    assert with_fit(classifier, {"coef_": 2, "converged_": False}).keys() == {
        "classes_",
        "coef_",
        "converged_",
    }
    assert vars(classifier) == before


def test_a_detached_state_is_not_drawn_from():
    state = some_state()
    detached = state.detach()
    drawn = state.random_state.randint(100, size=3)
    assert_array_equal(detached.random_state.randint(100, size=3), drawn)
    assert_array_equal(detached.seeds.randint(100, size=3), drawn)
    assert (detached.params, detached.rule) == (state.params, state.rule)
    assert Continuation("sgd", np.random.RandomState(0), None).detach().seeds is None
