"""Make the synthetic data sets of spoken words by the voices of espeak-ng.

Run by a maintainer from the root of the repository::

    python tools/make_spoken_words.py en multi

It replaces the files of these sets in skxent/datasets/spoken_words/ and prints a summary. The
words are chosen from the lists in tools/spoken_words/ so that few of them have all phones of the
language in many contexts. None is a digit or sounds like one. What is written is what is
spoken: the phones of a clip are espeak-ng's own. In the set "en" they are also those of the CMU
Pronouncing Dictionary, and words of which the two disagree are left out.

The same version of espeak-ng gives the same samples: each clip has its own random generator, seeded
by its voice and its word. The files differ from run to run in the serial number of the Ogg
stream. It requires skxent with the extra "speech" and the program espeak-ng (the files in
the repository are from version 1.51).
"""

import argparse
import heapq
import itertools
import re
import zlib
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
from make_spoken_digits import (
    SAMPLE_RATE,
    Voice,
    add_noise,
    check_variants,
    espeak,
    quantize,
    reverberate,
    synthesize,
    trim,
)

from skxent.datasets import cmudict_lexicon, split_ipa

SEED = 20261130
LISTS = Path(__file__).resolve().parent / "spoken_words"
DESTINATION = Path(__file__).resolve().parents[1] / "skxent" / "datasets" / "spoken_words"
MAX_BYTES = 3_000_000
QUALITY = 0.65  # of Vorbis, from 1 (small) to 0 (good)

FEMALE = ["f1", "f2", "f3", "f4", "f5", "Annie"]
FEMALE += ["linda", "steph", "Alicia", "Andrea", "anika", "belinda"]
MALE = ["m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "adam"]
MALE += ["edward", "Mike", "Andy", "max", "benjamin", "Hugo", "Lee", "klatt2", "klatt4"]


class Accent(NamedTuple):
    """Voices that speak alike."""

    name: str  # the start of the names of its voices
    espeak: str  # espeak-ng's name of the language
    n_female: int
    n_male: int
    language: str


class Edition(NamedTuple):
    """A data set."""

    accents: list[Accent]
    n_words: int  # of each language
    n_takes: int  # of each word, each by another voice
    max_phones: int
    min_words: int  # that have a phone, or it is left out


EDITIONS = {
    "en": Edition(
        [
            Accent("us", "en-us", 8, 10, "en"),
            Accent("ny", "en-us-nyc", 3, 3, "en"),
            Accent("gb", "en-gb", 4, 4, "en"),
            Accent("rp", "en-gb-x-rp", 2, 2, "en"),
        ],
        n_words=400,
        n_takes=4,
        max_phones=6,
        min_words=10,
    ),
    "multi": Edition(
        [
            Accent("de", "de", 3, 3, "de"),
            Accent("en", "en-us", 3, 3, "en"),
            Accent("es", "es", 3, 3, "es"),
            Accent("fr", "fr-fr", 3, 3, "fr"),
            Accent("it", "it", 3, 3, "it"),
            Accent("nl", "nl", 3, 3, "nl"),
            Accent("pl", "pl", 3, 3, "pl"),
            Accent("pt", "pt-br", 3, 3, "pt"),
            Accent("ru", "ru", 3, 3, "ru"),
            Accent("sv", "sv", 3, 3, "sv"),
            Accent("tr", "tr", 3, 3, "tr"),
            Accent("uk", "uk", 3, 3, "uk"),
        ],
        n_words=48,
        n_takes=3,
        max_phones=7,
        min_words=3,
    ),
}

# Zero to nine, with the forms of gender and the usual other names.
DIGITS = {
    "de": "null eins ein eine zwei zwo drei vier fünf sechs sieben acht neun",
    "en": "zero oh one two three four five six seven eight nine",
    "es": "cero uno un una dos tres cuatro cinco seis siete ocho nueve",
    "fr": "zéro un une deux trois quatre cinq six sept huit neuf",
    "it": "zero uno un una due tre quattro cinque sei sette otto nove",
    "nl": "nul een één twee drie vier vijf zes zeven acht negen",
    "pl": "zero jeden jedna dwa dwie trzy cztery pięć sześć siedem osiem dziewięć",
    "pt": "zero um uma dois duas três quatro cinco seis meia sete oito nove",
    "ru": "ноль нуль один одна два две три четыре пять шесть семь восемь девять",
    "sv": "noll ett en två tre fyra fem sex sju åtta nio",
    "tr": "sıfır bir iki üç dört beş altı yedi sekiz dokuz",
    "uk": "нуль один одна два дві три чотири п'ять шість сім вісім дев'ять",
}

# espeak-ng's phonemes in the phones of the CMU Pronouncing Dictionary. Where it could write one
# in several ways, all are tried. What is missing has no phone of its own there (the flap, the
# vowel of British "lot") and its words are left out.
ARPABET = {
    **{phone: (phone.upper(),) for phone in "bdfklmnpstvwz"},
    **{"ɡ": ("G",), "h": ("HH",), "j": ("Y",), "ŋ": ("NG",), "ɹ": ("R",), "ʃ": ("SH",)},
    **{"ʒ": ("ZH",), "θ": ("TH",), "ð": ("DH",), "tʃ": ("CH",), "dʒ": ("JH",)},
    **{"ɪ": ("IH",), "i": ("IY",), "iː": ("IY",), "ɛ": ("EH",), "æ": ("AE",), "a": ("AE",)},
    **{"ʌ": ("AH",), "ə": ("AH",), "ɐ": ("AH",), "ɑː": ("AA",), "ɔ": ("AO",), "ɔː": ("AO",)},
    **{"ʊ": ("UH",), "uː": ("UW",), "eɪ": ("EY",), "aɪ": ("AY",), "ɔɪ": ("OY",), "aʊ": ("AW",)},
    **{"oʊ": ("OW",), "əʊ": ("OW",), "əl": ("AH L",), "ɚ": ("ER",)},
    **{"n̩": ("AH N",), "ən": ("AH N",)},
    **{"ɑːɹ": ("AA R",), "ɔːɹ": ("AO R",), "oːɹ": ("AO R",), "ɛɹ": ("EH R",), "oː": ("AO",)},
    **{"ɪɹ": ("IH R", "IY R"), "ʊɹ": ("UH R",), "iə": ("IH", "IY", "IY AH"), "aɪɚ": ("AY ER",)},
}
RHOTIC = {"en-us": {"ɜː": ("ER",)}}  # elsewhere this vowel has no r in it

# Phonemes that espeak-ng's IPA gives by its own symbol, which means another sound in IPA.
MENDED_IPA = {
    "de": {"ɜ": "ɐ"},
    "en-us": {"ɐ": "ə", "n̩": "ən"},
    "pt-br": {"y": "ɪ"},
    "ru": {"y": "ɨ", "ɭ": "ɫ", "ɭʲ": "lʲ", "ɪ^": "ɪ", 'u"': "ʉ"},
    "uk": {"y": "ɨ", "ɭ": "ɫ"},
}
AFFRICATES = {"ts", "dz", "tʃ", "dʒ", "tɕ", "dʑ", "pf", "tʂ", "dʐ"}


def read_list(language):
    """Return the candidates of a language, each once."""
    text = (LISTS / f"{language}.txt").read_text(encoding="utf-8")
    return list(dict.fromkeys(re.sub(r"(?m)^#.*$", "", text).split()))


def pronounce(words, accent):
    """Return espeak-ng's phonemes of each word in IPA, each a list of str, without stress.

    The list is empty if espeak-ng takes the word for one of another language.
    """
    options = ["-q", "-v", accent, "--ipa", "--sep=_"]
    lines = espeak(*options, text="".join(f"{word}\n" for word in words)).splitlines()
    if len(lines) != len(words):
        raise SystemExit(f"espeak-ng read {len(words)} words of {accent} as {len(lines)} lines")
    mended = MENDED_IPA.get(accent, {})
    spoken = [re.sub("[ˈˌ ]", "", line).split("_") for line in lines]
    return [
        [] if "(" in "".join(units) else [mended.get(unit, unit) for unit in units if unit]
        for units in spoken
    ]


def to_ipa(units):
    """Write phonemes as phones: affricates are one, diphthongs two, and length is left out.

    Languages differ in what they call long: the vowels of German "Vieh" and Italian "vi" are one.
    """
    phones = []
    for unit in units:
        *parts, last = split_ipa(unit, length=False)
        if len(parts) == 1 and parts[0] + last.rstrip("ʲ") in AFFRICATES:
            phones.append(f"{parts[0]}͡{last}")
        else:
            phones += [*parts, last]
    return tuple(phones)


def to_arpabet(units, accent):
    """Return the set of ways to write phonemes in ARPAbet; none if one of them has no phone."""
    table = ARPABET | RHOTIC.get(accent, {})
    ways = itertools.product(*(table.get(unit, ()) for unit in units))
    return {tuple(" ".join(way).split()) for way in ways}


def in_cmudict(words, spoken, accent):
    """Return for each word the pronunciation of cmudict that is spoken, or None."""
    written = cmudict_lexicon(words)
    found = []
    for word, units in zip(words, spoken, strict=True):
        ways = to_arpabet(units, accent)
        found.append(next((phones for phones in written[word] if phones in ways), None))
    return found


def contains(phones, part):
    """Whether the phones of another word follow each other in these phones."""
    n = len(part)
    return any(phones[i : i + n] == part for i in range(len(phones) - n + 1))


def without_length(phones):
    """Write long and short phones alike."""
    return tuple(phone.replace("ː", "") for phone in phones)


def sounds_like_a_digit(units, digits, language):
    """Whether a word is a digit of any language, or has one of its own language in it.

    `digits` has the phonemes of the digits of each language. A digit of one phoneme (the French
    "un") is in too many words to leave them all out.
    """
    if any(to_ipa(units) == to_ipa(digit) for own in digits.values() for digit in own):
        return True
    units = without_length(units)
    return any(
        len(digit) > 1 and contains(units, without_length(digit)) for digit in digits[language]
    )


def spoken_digits(accents):
    """Return the phonemes of the digits of each language, in all its accents."""
    digits = {}
    for accent in accents:
        digits.setdefault(accent.language, []).extend(
            pronounce(DIGITS[accent.language].split(), accent.espeak)
        )
    return digits


def features(phones):
    """Return what a word covers: each phone by its position in the word, and pairs of phones."""
    last = len(phones) - 1
    places = [(phone, (i > 0) + (i == last > 0)) for i, phone in enumerate(phones)]
    return [*phones, *places, *itertools.pairwise(phones)]


def choose(candidates, n_words):
    """Choose words, given as a dict of word to phones, that have all phones often.

    Greedily, the word that adds most for its length: the nth time that a phone, a phone at the
    start, inside or the end of a word, or a pair of phones is covered adds 1 / n. Of words that
    add the same, the first of the alphabet is taken.
    """
    seen = Counter()

    def gain(word):
        phones = candidates[word]
        return sum(1 / (1 + seen[f]) for f in features(phones)) / (len(phones) + 2)

    # A word never adds more later than now, so that only the words at the top are looked at again.
    queue = [(-gain(word), word) for word in candidates]
    heapq.heapify(queue)
    chosen = []
    while queue and len(chosen) < n_words:
        _, word = heapq.heappop(queue)
        now = (-gain(word), word)
        if queue and now > queue[0]:
            heapq.heappush(queue, now)
        else:
            seen.update(features(candidates[word]))
            chosen.append(word)
    return sorted(chosen)


def choose_all(candidates, n_words, min_words):
    """Choose words of each language, and none with a phone that fewer than `min_words` have."""
    while True:
        chosen = {language: choose(words, n_words) for language, words in candidates.items()}
        counts = Counter(
            phone
            for language, words in chosen.items()
            for word in words
            for phone in set(candidates[language][word])
        )
        if all(n >= min_words for n in counts.values()):
            return chosen
        candidates = {
            language: {
                word: phones
                for word, phones in words.items()
                if all(counts[phone] >= min_words for phone in phones)
            }
            for language, words in candidates.items()
        }


def make_voices(accents):
    """Return the voices of each accent; a third is noisy, a third in a room, by chance.

    The variants of espeak-ng are handed out in turn, so that each is in several accents.
    """
    voices = {}
    female, male = itertools.cycle(FEMALE), itertools.cycle(MALE)
    for accent in accents:
        rng = np.random.default_rng([SEED, zlib.crc32(accent.name.encode())])
        sexes = [("f", female)] * accent.n_female + [("m", male)] * accent.n_male
        numbers = Counter()
        voices[accent] = []
        for sex, variants in sexes:
            numbers[sex] += 1
            pitch = int(rng.integers(45, 70) if sex == "f" else rng.integers(30, 60))
            # There is some noise in all: without it, pauses would be digital silence.
            snr = rng.uniform(17, 28) if rng.random() < 1 / 3 else rng.uniform(30, 40)
            decay = rng.uniform(0.15, 0.3) if rng.random() < 1 / 3 else None
            voices[accent].append(
                Voice(
                    f"{accent.name}{sex}{numbers[sex]}",
                    accent.espeak,
                    next(variants),
                    pitch,
                    int(rng.integers(130, 190)),
                    snr,
                    str(rng.choice(["white", "pink"])),
                    decay,
                )
            )
    return voices


def make_clip(word, voice):
    """Return one recording as float samples, below 1 in magnitude."""
    rng = np.random.default_rng([SEED, zlib.crc32(f"{voice.name} {word}".encode())])
    pitch = voice.pitch + int(rng.integers(-10, 11))
    rate = voice.rate + int(rng.integers(-25, 26))
    signal = synthesize(word, voice, pitch, rate)
    if voice.reverberation is not None:
        signal = reverberate(signal, voice.reverberation, rng)
    signal = add_noise(trim(signal), voice.snr, voice.noise, rng)
    peak = 10.0 ** (rng.uniform(-10.0, -3.0) / 20.0)
    return quantize(signal * (peak / np.abs(signal).max()), rng)


def choose_words(name):
    """Return the words of an edition: language, word, phones, and the voices that speak so."""
    edition = EDITIONS[name]
    digits = spoken_digits(edition.accents)
    candidates, written = {}, {}
    for language in digits:
        # A spelling that two languages share would be two words of one name.
        words = [w for w in read_list(language) if not any(w in ws for ws in candidates.values())]
        accents = [accent for accent in edition.accents if accent.language == language]
        bad = set()
        for accent in accents:
            spoken = pronounce(words, accent.espeak)
            bad.update(
                word
                for word, units in zip(words, spoken, strict=True)
                if sounds_like_a_digit(units, digits, language)
            )
            if name == "en":
                phones = in_cmudict(words, spoken, accent.espeak)
            else:
                phones = [to_ipa(units) for units in spoken]
            written[accent] = dict(zip(words, phones, strict=True))
        candidates[language] = {
            word: phones
            for word, phones in written[accents[0]].items()
            if phones and 2 <= len(phones) <= edition.max_phones and word not in bad
        }
    voices = make_voices(edition.accents)
    rows = []
    for language, words in choose_all(candidates, edition.n_words, edition.min_words).items():
        for word in words:
            phones = candidates[language][word]
            agree = [
                a for a in edition.accents if a.language == language and written[a][word] == phones
            ]
            rows.append((language, word, phones, [v for a in agree for v in voices[a]]))
    return rows


def assign(rows, n_takes):
    """Return language, word, phones and voice of each clip, such that all voices speak alike often.

    A word is spoken by the voices that have spoken least so far, of those whose accent has
    these phones.
    """
    counts = Counter()
    clips = []
    for language, word, phones, voices in rows:
        rng = np.random.default_rng([SEED, zlib.crc32(word.encode())])
        ties = dict(zip(voices, rng.permutation(len(voices)), strict=True))
        speaking = sorted(voices, key=lambda voice: (counts[voice], ties[voice]))[:n_takes]
        counts.update(speaking)
        clips += [(language, word, phones, voice) for voice in speaking]
    return sorted(clips, key=lambda clip: (clip[0], clip[1], clip[3].name))


def write(name, clips, destination):
    """Write the clips one after the other into an Ogg file, and a table of them."""
    destination.mkdir(parents=True, exist_ok=True)
    lines = ["language\tword\tphones\tvoice\tn_samples\n"]
    with soundfile.SoundFile(
        destination / f"{name}.ogg",
        "w",
        SAMPLE_RATE,
        channels=1,
        format="OGG",
        subtype="VORBIS",
        compression_level=QUALITY,
    ) as file:
        for language, word, phones, voice in clips:
            signal = make_clip(word, voice)
            file.write(signal)
            row = (language, word, " ".join(phones), voice.name, str(signal.size))
            lines.append("\t".join(row) + "\n")
    (destination / f"{name}.tsv").write_text("".join(lines), encoding="utf-8", newline="\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("editions", nargs="+", choices=EDITIONS)
    parser.add_argument("--destination", type=Path, default=DESTINATION)
    arguments = parser.parse_args()
    check_variants(FEMALE + MALE)
    print(espeak("--version").strip())
    for name in arguments.editions:
        clips = assign(choose_words(name), EDITIONS[name].n_takes)
        write(name, clips, arguments.destination)
        summarize(name, clips, arguments.destination)


def summarize(name, clips, destination):
    """Print what was made, and exit if it is too large."""
    words = {(language, word): phones for language, word, phones, _ in clips}
    counts = Counter(phone for phones in words.values() for phone in set(phones))
    voices = Counter(voice.name for *_, voice in clips)
    total = sum((destination / f"{name}.{end}").stat().st_size for end in ("ogg", "tsv"))
    print(f"{name}: {len(clips)} clips, {len(words)} words, {len(voices)} voices, {total} bytes")
    print("words with each phone:", *(f"{p} {n}" for p, n in counts.most_common()))
    print("clips of each voice:", *(f"{v} {n}" for v, n in sorted(voices.items())))
    if total > MAX_BYTES:
        raise SystemExit(f"that is more than {MAX_BYTES} bytes")


if __name__ == "__main__":
    main()
