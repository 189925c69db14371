import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skxent.words import word_error_rate

pytest.importorskip("jiwer")

# Words may have spaces, be numbers, or look like those that stand for them.
words = st.sampled_from(["a", "b", "a b", " ", "", "0", "1", 0, 1, ("t", 1)])
rows = st.lists(words, max_size=4)
pairs = st.lists(st.tuples(rows, rows), min_size=1, max_size=5).filter(
    lambda pairs: any(said for said, _ in pairs)
)


def edits(said, found):
    """The fewest edits, by the plain recursion."""
    if not said or not found:
        return len(said) + len(found)
    return min(
        edits(said[1:], found) + 1,
        edits(said, found[1:]) + 1,
        edits(said[1:], found[1:]) + (said[0] != found[0]),
    )


def rate(pairs):
    return word_error_rate([said for said, _ in pairs], [found for _, found in pairs])


@given(pairs)
def test_rate_is_the_number_of_edits_for_each_word(pairs):
    n_edits = sum(edits(said, found) for said, found in pairs)
    assert rate(pairs) == pytest.approx(n_edits / sum(len(said) for said, _ in pairs))


@given(pairs, st.randoms(use_true_random=False))
def test_order_of_the_clips_does_not_matter(pairs, random):
    assert rate(random.sample(pairs, len(pairs))) == rate(pairs)


@given(pairs)
def test_extremes(pairs):
    said = [said for said, _ in pairs]
    assert word_error_rate(said, said) == 0.0
    assert word_error_rate(said, [[] for _ in said]) == 1.0
    assert word_error_rate(said, [[object() for _ in row] for row in said]) == 1.0
    assert word_error_rate(said, [[*row, *row] for row in said]) == 1.0


def test_words_in_arrays_and_tuples():
    said = np.array([["no", "own"], ["on", "no"]])
    assert word_error_rate(said, [("no", "own"), ["on"]]) == 0.25
    assert word_error_rate([np.array([1, 2])], [[1, 2]]) == 0.0
    assert isinstance(word_error_rate([[1]], [[1]]), float)


@pytest.mark.parametrize(
    ("said", "found", "error", "message"),
    [
        ([["a"], ["b"]], [["a"]], ValueError, "the same number of clips, got 2 and 1"),
        ([], [], ValueError, "at least one word, got none in 0 clips"),
        ([[], []], [["a"], []], ValueError, "at least one word, got none in 2 clips"),
        ([["a"], "b"], [["a"], ["b"]], TypeError, r"y_true\[1\] must be a list.*got 'b'"),
        (["a"], ["a"], TypeError, r"y_true\[0\] must be a list of words, got 'a'"),
        ([["a"]], [3], TypeError, r"y_pred\[0\] must be a list of words, got 3"),
        ([["a"]], [[["a"]]], TypeError, r"y_pred\[0\] must be a list of words, got \[\['a'\]\]"),
        (iter([["a"]]), [["a"]], TypeError, r"y_true must be a list or an array.*pass list"),
        ([["a"]], 3, TypeError, "y_pred must be a list of lists of words, got 3"),
    ],
)
def test_malformed_words_are_errors(said, found, error, message):
    with pytest.raises(error, match=message):
        word_error_rate(said, found)


def test_without_jiwer(monkeypatch):
    monkeypatch.setitem(sys.modules, "jiwer", None)
    with pytest.raises(ImportError, match=r"needs jiwer: pip install 'skxent\[speech\]'"):
        word_error_rate([["a"]], [["a"]])
