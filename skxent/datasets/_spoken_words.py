"""The data sets of synthetic spoken words that come with the package."""

import csv
import io
from importlib import resources

import numpy as np
import soundfile
from sklearn.utils import Bunch
from sklearn.utils._param_validation import StrOptions, validate_params

from skxent.datasets._recordings import SAMPLE_RATE

ENGLISH = """\
Synthetic spoken words, English
===============================

SYNTHETIC speech: no human being spoke these words. Common English words were made with the
speech synthesizer espeak-ng, to train models of phones that load at once and work offline. An
accuracy on these clips says nothing about real speech: a synthetic voice pronounces a word in
the same way each time.

:Number of recordings: 1600 (400 words, 4 of 36 voices each)
:Length: 0.27 to 1.07 s
:Sample rate: 8000 Hz, mono, Ogg Vorbis
:Target: the word; target_names has each once
:Phones: 39, those of the CMU Pronouncing Dictionary (ARPAbet) without stress
:Speaker: the voice, 44 or 45 recordings each

The words were chosen such that all phones are frequent in many places: each is in at least 12
words. A word has one pronunciation, which both espeak-ng and the CMU Pronouncing
Dictionary give it; it is spoken only by voices whose accent has it. The accents are us
(General American, 18 voices), ny (New York City, 6), gb (British, 8) and rp (Received
Pronunciation, 4); a voice's name is its accent, f or m, and a number.
"""

SEVERAL = """\
Synthetic spoken words, several languages
=========================================

SYNTHETIC speech: no human being spoke these words. Common words of twelve languages were made
with the speech synthesizer espeak-ng, to train models of phones that load at once and work
offline. An accuracy on these clips says nothing about real speech: a synthetic voice pronounces a
word in the same way each time, and with some languages the synthesizer takes liberties.

:Number of recordings: 1728 (12 languages, 48 words each, 3 of 6 voices each)
:Length: 0.21 to 1.27 s
:Sample rate: 8000 Hz, mono, Ogg Vorbis
:Target: the word; no two languages share a spelling
:Phones: 81, in the International Phonetic Alphabet
:Speaker: the voice, 24 recordings each, all in one language

The languages are German (de), English (en), Spanish (es), French (fr), Italian (it), Dutch (nl),
Polish (pl), Brazilian Portuguese (pt), Russian (ru), Swedish (sv), Turkish (tr) and Ukrainian
(uk). A voice's name is its language, f or m, and a number. The words were chosen such that the
phones of each language are frequent in many places. A pronunciation is espeak-ng's own, in
IPA; an affricate is one phone, with a tie bar, and a diphthong is two. Marks of length are left
out, so that languages share more phones: read other words with
``ipa_lexicon(transcriptions, length=False)``.
"""

BOTH = """\

A third of the voices, by chance, is noisy (white or pink noise 17 to 28 dB below the voice; 30 to
40 dB with the others), and a third has an echo that falls by 60 dB in 0.15 to 0.3 s. The clips of
a voice differ in pitch, rate and level. Silence before and after the word is cut to about
30 ms.

No word is a digit, zero to nine, of any of the languages, or sounds like one. Nor does a word
have a digit of its own language in it, as "gate" has "eight"; a digit of a single phone, the
French "un", is the exception. A model that was trained on these clips has not heard the digits.

The script that made them is tools/make_spoken_words.py in the source repository. Licence:
BSD-3-Clause, as the package.
"""

DESCRIPTIONS = {"en": ENGLISH + BOTH, "multi": SEVERAL + BOTH}


@validate_params({"language": [StrOptions({"en", "multi"})]}, prefer_skip_nested_validation=True)
def load_spoken_words(language: str = "en") -> Bunch:
    """Load synthetic spoken words with their pronunciations, which come with the package.

    The words train models of phones, with which a classifier recognises words that it has never
    heard from how they are pronounced. None is a digit, so that the digits of
    `load_spoken_digits` and `fetch_fsdd` are such words. The speech is SYNTHETIC, made with
    espeak-ng [1]_: an accuracy on it says nothing about real speech. Nothing is downloaded.

    Parameters
    ----------
    language : {"en", "multi"}, default="en"
        "en": 400 English words, four voices each, with phones of the CMU Pronouncing
        Dictionary. "multi": words of twelve languages, three voices each, with phones in
        the International Phonetic Alphabet.

    Returns
    -------
    Bunch
        With these keys; `data`, `target`, `pronunciations`, `speaker` and `language` have one
        entry per clip, in the order of language, word and voice.

        data : list of ndarray of shape (n_samples_of_the_clip,), float32
            The clips, in [-1, 1].
        target : ndarray of shape (n_clips,), str
            The word.
        target_names : list of str
            The words, each once.
        pronunciations : list of tuple of str
            The phones that are spoken.
        speaker : ndarray of shape (n_clips,), str
            The voice. Use it as `groups` to test on voices that were not trained on.
        language : ndarray of shape (n_clips,), str
            The language, such as "en".
        lexicon : dict of str to list of tuple of str
            For each word its pronunciations: here a single tuple of phones.
        sample_rate : int
            8000 hertz.
        DESCR : str
            Description of the data set, how it was made, and its licence.

    Raises
    ------
    ValueError
        If `language` is not one of the above.

    See Also
    --------
    cmudict_lexicon : The pronunciations of other English words.
    ipa_lexicon : Pronunciations written in the International Phonetic Alphabet.
    load_spoken_digits : Synthetic digits.

    References
    ----------
    .. [1] eSpeak NG, https://github.com/espeak-ng/espeak-ng

    Examples
    --------
    >>> from skxent.datasets import load_spoken_words
    >>> words = load_spoken_words()
    >>> len(words.data), len(words.lexicon), words.sample_rate
    (1600, 400, 8000)
    >>> words.lexicon[words.target[0]]
    [('AH', 'B', 'AA', 'L', 'IH', 'SH')]
    """
    folder = resources.files(__package__) / "spoken_words"
    table = (folder / f"{language}.tsv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(table), delimiter="\t", quoting=csv.QUOTE_NONE))
    # All clips are in one file: opening one each would take longer than decoding them.
    signal, _ = soundfile.read(
        io.BytesIO((folder / f"{language}.ogg").read_bytes()), dtype="float32"
    )
    ends = np.cumsum([int(row["n_samples"]) for row in rows])
    pronunciations = [tuple(row["phones"].split(" ")) for row in rows]
    return Bunch(
        # Vorbis may leave the range of what it was given by a little.
        data=[clip.copy() for clip in np.split(np.clip(signal, -1.0, 1.0), ends[:-1])],
        target=np.array([row["word"] for row in rows]),
        target_names=list(dict.fromkeys(row["word"] for row in rows)),
        pronunciations=pronunciations,
        speaker=np.array([row["voice"] for row in rows]),
        language=np.array([row["language"] for row in rows]),
        lexicon={row["word"]: [phones] for row, phones in zip(rows, pronunciations, strict=True)},
        sample_rate=SAMPLE_RATE,
        DESCR=DESCRIPTIONS[language],
    )
