"""What callbacks see of a fit; the networks' are in tests/neural."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import load_iris

from skxent import SoftmaxClassifier

X, Y = load_iris(return_X_y=True)
CURVES = ("loss_curve_", "validation_loss_curve_", "validation_score_curve_")


class Watch:
    """A callback that keeps what each iteration would have given."""

    def setup(self, estimator, context):
        self.fitted = []

    def teardown(self, estimator, context):
        pass

    def on_fit_task_begin(self, estimator, context):
        pass

    def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
        if context.task_name == "iteration":
            self.fitted.append(fitted_estimator)


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
        stale = {*CURVES[1:], "converged_", "gradient_norm_"} & vars(seen).keys()
        assert not stale


def test_callbacks_see_the_curves_of_a_warm_start_alone():
    watch = Watch()
    classifier = SoftmaxClassifier(solver="gd", tol=0.1, warm_start=True, max_iter=5)
    with pytest.warns(match="did not converge"):
        classifier.fit(X, Y)
    classifier.set_callbacks(watch).set_params(max_iter=500).fit(X, Y)
    assert_seen_as_far_as_it_had_come(watch, classifier, CURVES[:1])
    assert np.all(np.diff(classifier.loss_curve_) < 0)
