"""What callbacks see of a fit; the networks' are in tests/neural."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skxent import SoftmaxClassifier
from tests._fitting.callbacks import Watch
from tests._fitting.interrupts import Interrupt, fit_interrupted

X, Y = load_iris(return_X_y=True)
CURVES = ("loss_curve_", "validation_loss_curve_", "validation_score_curve_")


def assert_seen_as_far_as_it_had_come(watch, classifier, curves):
    """Compare the curves that were seen with the beginnings of those at the end."""
    assert len(watch.fitted) == classifier.n_iter_
    for n_iter, seen in enumerate(watch.fitted, start=1):
        assert seen.n_iter_ == n_iter
        for name in curves:
            assert_array_equal(getattr(seen, name), getattr(classifier, name)[: n_iter + 1])


@pytest.mark.filterwarnings("ignore:.*did not converge")
@pytest.mark.parametrize("solver", ["gd", "sgd", "adam", "lbfgs", "newton-cg"])
def test_callbacks_see_the_curves_so_far(solver):
    watch = Watch()
    settings = {"tol": 1e-2, "max_iter": 30, "random_state": 0}
    classifier = SoftmaxClassifier(solver=solver, **settings).set_callbacks(watch)
    classifier.fit(X, Y, X_val=X[::3], y_val=Y[::3])
    assert_seen_as_far_as_it_had_come(watch, classifier, CURVES)
    # Of an earlier fit they see nothing.
    classifier.fit(X, Y)
    assert_seen_as_far_as_it_had_come(watch, classifier, CURVES[:1])
    for seen in watch.fitted:
        assert not {*CURVES[1:], "gradient_norm_"} & vars(seen).keys()


def test_callbacks_see_the_curves_of_a_warm_start_alone():
    watch = Watch()
    classifier = SoftmaxClassifier(solver="gd", tol=0.1, warm_start=True, max_iter=5)
    with pytest.warns(match="did not converge"):
        classifier.fit(X, Y)
    classifier.set_callbacks(watch).set_params(max_iter=500).fit(X, Y)
    assert_seen_as_far_as_it_had_come(watch, classifier, CURVES[:1])
    assert np.all(np.diff(classifier.loss_curve_) < 0)


# It is the estimator as it would be if the fit ended there

SOLVERS = {
    "gd": {"solver": "gd", "learning_rate": 0.01},
    "sgd": {"solver": "sgd", "learning_rate": 1e-3, "class_weight": "balanced"},
    "adam": {"solver": "adam", "early_stopping": True},
    "lbfgs": {"solver": "lbfgs"},
    "newton-cg": {"solver": "newton-cg"},
}


def fitted_attributes(classifier):
    """All that a fit has set, but what callbacks don't see."""
    own = {*classifier.get_params(), "_skl_callbacks", "gradient_norm_", "_continuation"}
    return {name: value for name, value in vars(classifier).items() if name not in own}


def assert_same(first, second):
    assert first.keys() == second.keys()
    (sums, n_seen), (other_sums, other_n) = first.pop("_seen"), second.pop("_seen")
    assert n_seen == other_n
    assert_array_equal(sums, other_sums)
    for name, value in first.items():
        assert_array_equal(value, second[name], err_msg=name)


@pytest.mark.filterwarnings("ignore:.*did not converge")
@pytest.mark.parametrize("earlier", [None, {}, {"early_stopping": True}])
@pytest.mark.parametrize("settings", SOLVERS.values(), ids=SOLVERS)
def test_callbacks_see_a_fit_that_ended_there(settings, earlier):
    """Nothing of another fit before it, with other classes, features or settings, is in it."""
    watch = Watch()
    settings = {"tol": 0.0, "max_iter": 6, "random_state": 0, **settings}
    classifier = SoftmaxClassifier(**settings)
    if earlier is not None:
        classifier.set_params(solver="newton-cg", learning_rate="auto", **earlier)
        classifier.fit(X[:100, 1:], Y[:100] + 5, X_val=X[:100, 1:], y_val=Y[:100] + 5)
        classifier.set_params(early_stopping=False).set_params(**settings)
    classifier.set_callbacks(watch).fit(X, Y)
    for n_iter, seen in enumerate(watch.fitted, start=1):
        ended = SoftmaxClassifier(**settings).set_params(max_iter=n_iter).fit(X, Y)
        if settings.get("early_stopping"):  # callbacks see the current iterate, not the best
            assert_array_equal(seen.validation_loss_curve_, ended.validation_loss_curve_)
            continue
        assert_same(fitted_attributes(seen), fitted_attributes(ended))


@pytest.mark.filterwarnings("ignore:.*did not converge")
def test_warm_start_of_what_a_callback_saw_begins_with_its_coefficients():
    watch = Watch()
    settings = {"solver": "sgd", "learning_rate": 1e-3, "random_state": 0, "warm_start": True}
    classifier = SoftmaxClassifier(**settings, max_iter=5).fit(X, Y).set_callbacks(watch).fit(X, Y)
    seen = watch.fitted[2].set_callbacks()
    curve = seen.loss_curve_
    seen.fit(X, Y)
    assert seen.loss_curve_[0] == curve[-1]
    assert_array_equal(classifier.loss_curve_[:4], curve)


def test_what_a_callback_saw_knows_nothing_of_the_fit_under_way():
    watch = Watch()
    classifier = SoftmaxClassifier(solver="lbfgs").set_callbacks(watch)
    make_pipeline(StandardScaler(), classifier).fit(X, Y)
    assert {*vars(watch.fitted[0])} - {*vars(classifier)} == set()
    copied = pickle.loads(pickle.dumps(watch.fitted[1]))
    assert_array_equal(copied.coef_, watch.fitted[1].coef_)
    assert copied.set_callbacks().fit(X, Y).converged_


@pytest.mark.parametrize("task", ["end iteration", "begin iteration"])
def test_fit_that_is_interrupted_leaves_all_of_the_earlier_one(task):
    classifier = SoftmaxClassifier(solver="gd", tol=0.1).fit(X, Y, X_val=X[::3], y_val=Y[::3])
    before = dict(vars(classifier))
    classifier.set_callbacks(Watch(), Interrupt(2, task=task))
    with pytest.raises(KeyboardInterrupt):
        fit_interrupted(classifier, X, Y)
    classifier.set_callbacks()
    assert vars(classifier).keys() == before.keys()
    assert all(vars(classifier)[name] is value for name, value in before.items())
