from array import array
from collections import UserList, deque

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy.sparse import dok_array
from sklearn.base import clone
from sklearn.naive_bayes import GaussianNB

from skxent import (
    FramewiseClassifier,
    SoftmaxClassifier,
    SoftmaxClassifierCV,
    learning_rate_range_test,
)
from skxent._fitting._lists import refuse_iterators

ITERATORS = {
    "generator": lambda values: (value for value in values),
    "map": lambda values: map(str, values),
    "zip": lambda values: zip(values, strict=True),
    "list_iterator": iter,
    "set": lambda values: set(map(str, values)),
    "dict_values": lambda values: dict(enumerate(values)).values(),
}
SEQUENCES = [list, tuple, deque, UserList, np.array, pd.Series, pl.Series, lambda v: array("d", v)]

X = np.random.default_rng(0).normal(size=(12, 3))
Y = np.arange(12) % 2
WEIGHTS = np.ones(12)
CLASSIFIERS = [
    SoftmaxClassifier(),
    SoftmaxClassifierCV(learning_rates=2, cv=2, max_iter=3),
    FramewiseClassifier(GaussianNB()),
]


@pytest.mark.parametrize("kind", ITERATORS)
def test_what_only_yields_its_entries_is_refused_with_what_to_pass(kind):
    values = ITERATORS[kind]([1.0, 2.0])
    message = rf"^sizes must be a list or an array, got {kind}; pass list\(sizes\)$"
    with pytest.raises(TypeError, match=message):
        refuse_iterators(values, "sizes")


def test_mapping_is_refused():
    with pytest.raises(TypeError, match=r"^sizes must be a list or an array, got dict$"):
        refuse_iterators({0: 1.0}, "sizes")


@pytest.mark.parametrize("make", SEQUENCES)
def test_sequences_are_not_refused(make):
    refuse_iterators(make([1.0, 2.0]), "sizes")


@pytest.mark.parametrize("values", [None, 1.0, "ab", pd.DataFrame({"a": [1.0]}), dok_array((2, 3))])
def test_what_other_checks_are_for_is_not_refused(values):
    refuse_iterators(values, "sizes")


@pytest.mark.parametrize(
    "classifier", CLASSIFIERS, ids=lambda classifier: type(classifier).__name__
)
@pytest.mark.parametrize("name", ["X", "y", "sample_weight"])
@pytest.mark.parametrize("kind", ["generator", "map", "set"])
def test_classifiers_say_what_to_pass(classifier, name, kind):
    given = {"X": X, "y": Y, "sample_weight": WEIGHTS}
    given[name] = ITERATORS[kind](given[name].tolist() if name != "X" else map(tuple, X))
    with pytest.raises(TypeError, match=rf"{name} must be a list or an array, got {kind}; pass"):
        clone(classifier).fit(**given)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(
    "classifier", CLASSIFIERS, ids=lambda classifier: type(classifier).__name__
)
def test_generator_of_samples_to_predict_is_refused(classifier):
    fitted = clone(classifier).fit(X, Y)
    for method in (fitted.predict, fitted.predict_proba):
        with pytest.raises(TypeError, match=r"X must be a list or an array, got generator; pass"):
            method(row for row in X)


@pytest.mark.parametrize("name", ["X_val", "y_val"])
def test_samples_to_validate_on_are_named(name):
    given = {"X_val": X, "y_val": Y} | {name: iter(Y)}
    with pytest.raises(TypeError, match=rf"{name} must be a list or an array, got"):
        SoftmaxClassifier().fit(X, Y, **given)


def test_classes_are_named():
    with pytest.raises(TypeError, match=r"classes must be a list or an array, got list_iterator"):
        SoftmaxClassifier().partial_fit(X, Y, iter([0, 1]))


@pytest.mark.parametrize("name", ["X", "y", "sample_weight"])
def test_range_test_says_what_to_pass(name):
    given = {"X": X, "y": Y, "sample_weight": WEIGHTS} | {name: iter(Y)}
    with pytest.raises(TypeError, match=f"{name} must be a list or an array, got"):
        learning_rate_range_test(SoftmaxClassifier(), **given)
