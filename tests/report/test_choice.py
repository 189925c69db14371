import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from skxent.report._choice import by_importance, fit_in


@st.composite
def judged(draw):
    """Labels, whether clips are right or suspected, and an order."""
    n = draw(st.integers(1, 40))
    targets = np.array(draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)))
    flags = [np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n))) for _ in range(2)]
    return np.array(draw(st.permutations(range(n)))), targets, *flags


@given(judged(), st.integers(0, 6))
def test_what_matters_comes_first_in_order_then_some_of_each_class(clips, n_each):
    order, targets, is_right, suspected = clips
    chosen = by_importance(order, targets, is_right, suspected, n_each)
    assert len(chosen) == len(set(chosen))
    matters = [i for i in order if suspected[i] or not is_right[i]]
    assert chosen[: len(matters)] == matters
    rest = chosen[len(matters) :]
    place = {number: i for i, number in enumerate(order.tolist())}
    for label in range(4):
        others = [i for i in order if targets[i] == label and i not in matters]
        of_class = [i for i in rest if targets[i] == label]
        assert len(of_class) == min(n_each, len(others))
        assert [place[i] for i in of_class] == sorted(place[i] for i in of_class)
        if of_class:
            assert of_class[0] == others[0]
    turns = [[targets[i] for i in rest[: k + 1]].count(targets[rest[k]]) for k in range(len(rest))]
    assert turns == sorted(turns)  # one of each class in turn


def test_right_clips_are_spread_from_the_highest_loss_to_the_lowest():
    order, no = np.arange(100), np.zeros(100, bool)
    assert by_importance(order, np.zeros(100, int), ~no, no, 4) == [0, 25, 50, 75]


@given(st.lists(st.integers(0, 30), max_size=40), st.integers(0, 200))
def test_items_that_fit_never_take_more_than_the_room(sizes, room):
    items = [str(i) + "x" * size for i, size in enumerate(sizes)]
    found = fit_in(iter(items), room)
    assert sum(len(item) + 1 for item in found) <= room
    assert [item for item in items if item in found] == found
    assert all(len(item) + 1 <= 0.1 * room for item in found)
    if sum(len(item) + 1 for item in items) <= 0.99 * room:
        assert found == [item for item in items if len(item) + 1 <= 0.1 * room]


def test_items_after_the_room_is_full_are_not_made():
    def make():
        for i in range(1000):
            made.append(i)
            yield "x" * 9

    made = []
    assert len(fit_in(make(), 100)) == 10
    assert len(made) == 10
