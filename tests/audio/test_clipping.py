import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from skxent.audio._clipping import ClippingCounter, count_clipped

# Few values, so that many are the highest or lowest, side by side.
SIGNALS = st.lists(st.integers(-2, 2), min_size=1, max_size=30)


def count_one_by_one(values):
    """Clipped samples by the definition."""
    count = 0
    for i, value in enumerate(values):
        beside = [values[j] for j in (i - 1, i + 1) if 0 <= j < len(values)]
        is_extreme = value and value in (max(values), min(values))
        count += bool(is_extreme and value in beside)
    return count


@given(SIGNALS.filter(lambda values: max(values) != min(values)))
def test_clipped_samples_are_counted(values):
    assert count_clipped(np.array(values, dtype="float32")) == count_one_by_one(values)


@given(SIGNALS, st.data())
def test_blocks_count_as_the_whole(values, data):
    ends = data.draw(st.lists(st.integers(1, len(values)), max_size=6))
    counter = ClippingCounter()
    for block in np.split(np.array(values, dtype="float64"), sorted({*ends} - {len(values)})):
        counter.update(block)
    assert counter.n_clipped == count_clipped(np.array(values, dtype="float64"))
    assert (counter.lowest, counter.highest) == (min(values), max(values))
