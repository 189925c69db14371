import numpy as np
import pytest
from hypothesis import given

from skxent.report._calibration import calibrate
from tests.report.strategies import predictions


@given(predictions())
def test_error_is_the_mean_difference_over_bins(drawn):
    targets, probabilities = drawn
    largest, is_right = probabilities.max(axis=1), probabilities.argmax(axis=1) == targets
    found = calibrate(largest, is_right)
    bins = [min(int(value * 10), 9) for value in largest]
    error = 0.0
    for number in range(10):
        members = [i for i, place in enumerate(bins) if place == number]
        assert found.counts[number] == len(members)
        if members:
            confidence, accuracy = np.mean(largest[members]), np.mean(is_right[members])
            assert found.confidence[number] == pytest.approx(confidence)
            assert found.accuracy[number] == pytest.approx(accuracy)
            error += len(members) / len(largest) * abs(confidence - accuracy)
    assert found.error == pytest.approx(error, abs=1e-12)
    assert 0.0 <= found.error <= 1.0


def test_probabilities_that_hold_have_no_error():
    largest = np.repeat([0.6, 0.9, 1.0], [10, 10, 5])
    is_right = np.concatenate([np.arange(10) < 6, np.arange(10) < 9, np.ones(5)]).astype(bool)
    found = calibrate(largest, is_right)
    assert found.error == pytest.approx(0.0, abs=1e-12)
    assert found.counts.tolist() == [0, 0, 0, 0, 0, 0, 10, 0, 0, 15]
