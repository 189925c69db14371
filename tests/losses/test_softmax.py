import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_allclose, assert_array_equal

from skxent.losses import log_softmax, softmax
from tests.losses import oracles, strategies


@pytest.mark.parametrize("function", [softmax, log_softmax])
def test_softmax_of_a_vector_is_that_of_a_row(function):
    assert_array_equal(function([1, 2, 3]), function([[1.0, 2.0, 3.0]])[0])


@given(strategies.cross_entropy_problems(magnitude=1e4))
def test_probabilities_sum_to_one(problem):
    probabilities = softmax(problem.logits)
    assert probabilities.min() >= 0.0
    sums = probabilities.sum(axis=1, dtype=np.float64)
    assert_allclose(sums, 1.0, rtol=0, atol=4 * oracles.EPS[problem.logits.dtype])


@pytest.mark.parametrize("logits", [1.0, [], np.zeros((2, 0)), np.zeros(())])
@pytest.mark.parametrize("function", [softmax, log_softmax])
def test_softmax_refuses_logits_without_classes(function, logits):
    with pytest.raises(ValueError, match=r"logits must have shape \(\.\.\., n_classes\)"):
        function(logits)
