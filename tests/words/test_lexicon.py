import numpy as np
import pytest

from skxent.words._lexicon import check_lexicon, leave_out_unknown, state_sequences
from skxent.words._rows import check_words


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("W AH N", [("W", "AH", "N")]),
        ("  W\tAH N ", [("W", "AH", "N")]),
        (["W", "AH", "N"], [("W", "AH", "N")]),
        (("EY",), [("EY",)]),
        (["EY", "AH"], [("EY", "AH")]),
        ([["EY"], ["AH"]], [("EY",), ("AH",)]),
        (["W AH N", "EY"], [("W", "AH", "N"), ("EY",)]),
        ([("W", "AH"), "W EH"], [("W", "AH"), ("W", "EH")]),
        (["W AH", "W AH"], [("W", "AH")]),
    ],
)
def test_forms_of_pronunciations(entry, expected):
    assert check_lexicon({"one": entry}) == {"one": expected}


@pytest.mark.parametrize(
    ("lexicon", "error", "message"),
    [
        ([("one", "W AH N")], TypeError, r"lexicon must be a dict.*got list"),
        ({}, ValueError, "at least one word, got none"),
        ({"one": ""}, ValueError, "the word 'one' of the lexicon has no pronunciation"),
        ({"one": []}, ValueError, "the word 'one' of the lexicon has no pronunciation"),
        ({"one": [[]]}, ValueError, "the word 'one' of the lexicon has no pronunciation"),
        ({"one": ["W AH", ""]}, ValueError, "the word 'one' of the lexicon has no pronunciation"),
        ({"one": None}, TypeError, r"pronunciation of 'one' must be.*got NoneType"),
        ({"one": [1, 2]}, TypeError, "pronunciation of 'one' must be of strings, got int: 1"),
        ({"one": [["W", 2]]}, TypeError, "phones of 'one' must be strings .*, got 2"),
        ({"one": [["W", " "]]}, TypeError, "phones of 'one' must be strings .* not empty, got ' '"),
    ],
)
def test_malformed_lexicons_are_errors(lexicon, error, message):
    with pytest.raises(error, match=message):
        check_lexicon(lexicon)


def test_states_of_units_follow_one_another():
    lexicon = check_lexicon({"no": "N OW"})
    assert state_sequences(lexicon, "no", ["N", "OW"], 2) == [[0, 1, 2, 3]]
    assert state_sequences(lexicon, "no", ["OW", "X", "N"], 2) == [[4, 5, 0, 1]]


def test_pronunciations_with_unknown_phones_are_left_out_if_there_are_others():
    lexicon = check_lexicon({"the": ["DH AH", "DH IY"], "a": "AH"})
    assert leave_out_unknown(lexicon, ["AH", "DH"]) == {"the": [("DH", "AH")], "a": [("AH",)]}
    with pytest.raises(ValueError, match=r"'the' of the lexicon has 'DH'.*known are 'AH'"):
        leave_out_unknown(lexicon, ["AH"])


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (["b", "a"], (False, [("b",), ("a",)])),
        (np.array([3, 1]), (False, [(3,), (1,)])),
        (np.array(["b", "a"], dtype=object), (False, [("b",), ("a",)])),
        ([["b", "a"], ["b"]], (True, [("b", "a"), ("b",)])),
        ([["b", "a"], ["b", "b"]], (True, [("b", "a"), ("b", "b")])),
        (np.array([["b", "a"], ["b", "b"]]), (True, [("b", "a"), ("b", "b")])),
        ([np.array(["b", "a"]), ("b",)], (True, [("b", "a"), ("b",)])),
        ([[1, 2], [3]], (True, [(1, 2), (3,)])),
        ([1, 2.0], (False, [(1.0,), (2.0,)])),
    ],
)
def test_words_of_clips(y, expected):
    assert check_words(y, 2) == expected


def test_many_words_that_occur_once_are_no_reason_for_a_warning():
    words = [f"word {number}" for number in range(30)]
    assert check_words(words, 30) == (False, [(word,) for word in words])


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (["a"], "one entry for each of 2 clips, got 1"),
        ([["a"], "b"], r"y\[0\] is a list of words, but y\[1\] is a word: 'b'"),
        (["a", ["b"]], r"y\[0\] is a word, but y\[1\] is a list of words"),
        ([["a"], []], r"y\[1\] is a list of no words"),
        ([["a"], [["b"]]], r"y\[1\] must be a list of words"),
        (np.array([[0.5, 0.5], [0.1, 0.9]]), "got shape"),
        ([0.5, 1.5], "Unknown label type"),
        ([["a"], [{"b"}]], r"y\[1\] must be a list of words"),
    ],
)
def test_malformed_words_are_errors(y, message):
    with pytest.raises(ValueError, match=message):
        check_words(y, 2)


@pytest.mark.parametrize(
    "y", [["a", 1], ["a", np.nan], ["a", None], np.array(["a", 1], dtype=object)]
)
def test_words_of_several_kinds_are_errors(y):
    with pytest.raises(TypeError, match=r"y must be of one kind, got \w+ and \w+"):
        check_words(y, 2)
