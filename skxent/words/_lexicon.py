"""Lexicons: words, and the units that they are pronounced as."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

# For each word its pronunciations, for each pronunciation its units.
Lexicon = dict[Any, list[tuple[Any, ...]]]


def check_lexicon(lexicon: Any) -> Lexicon:
    """Return the pronunciations of each word as tuples of phones.

    A pronunciation is a string of phones with spaces between them, or a sequence of phones. A
    word has one, or a sequence of several, which are strings with spaces or sequences.
    """
    if not isinstance(lexicon, Mapping):
        raise TypeError(
            "lexicon must be a dict of words and their pronunciations, got "
            f"{type(lexicon).__name__}"
        )
    if len(lexicon) == 0:
        raise ValueError("lexicon must hold at least one word, got none")
    return {word: _pronunciations(word, entry) for word, entry in lexicon.items()}


def whole_words(words: Iterable[Any]) -> Lexicon:
    """Return a lexicon in which each word is its own unit."""
    return {word: [(word,)] for word in words}


def refuse_unknown_words(
    lexicon: Lexicon, rows: Sequence[Sequence[Any]], clips: Iterable[int]
) -> None:
    """Raise a ValueError if a word of a clip is not in the lexicon; clips are their indices."""
    for clip, row in zip(clips, rows, strict=True):
        for word in row:
            if word not in lexicon:
                raise ValueError(f"the word {word!r} of clip {clip} is not in the lexicon")


def trained_units(lexicon: Lexicon, words: Iterable[Any]) -> NDArray[Any]:
    """Return the units of some words, sorted."""
    units = [unit for word in dict.fromkeys(words) for each in lexicon[word] for unit in each]
    return sorted_words(units, "y")


def state_sequences(
    lexicon: Lexicon, word: Any, units: Sequence[Any], n_states: int
) -> list[list[int]]:
    """Return the states of each pronunciation of a word; those of unit u begin at u n_states."""
    index = {unit: i for i, unit in enumerate(units)}
    return [
        [index[unit] * n_states + k for unit in pronunciation for k in range(n_states)]
        for pronunciation in lexicon[word]
    ]


def leave_out_unknown(lexicon: Lexicon, units: Iterable[Any]) -> Lexicon:
    """Return the lexicon without pronunciations that have other units, but for words of no other.

    The latter are errors.
    """
    known = set(units)
    kept: Lexicon = {}
    for word, pronunciations in lexicon.items():
        kept[word] = [each for each in pronunciations if known.issuperset(each)]
        if not kept[word]:
            unknown = next(unit for unit in pronunciations[0] if unit not in known)
            raise ValueError(
                f"the word {word!r} of the lexicon has {unknown!r}, which was never trained; "
                f"known are {', '.join(map(repr, sorted(known)))}"
            )
    return kept


def sorted_words(words: Any, name: str) -> NDArray[Any]:
    """Return distinct words or units, sorted, which must be of one kind."""
    distinct = list(dict.fromkeys(words))
    try:
        distinct.sort()
    except TypeError:
        kinds = sorted({type(word).__name__ for word in distinct})
        raise TypeError(f"{name} must be of one kind, got {' and '.join(kinds)}") from None
    if all(isinstance(word, str) for word in distinct):
        return np.array(distinct)
    array = np.array(distinct)
    if array.ndim != 1 or array.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be strings or numbers, got {distinct[0]!r:.60}")
    return array


def _pronunciations(word: Any, entry: Any) -> list[tuple[Any, ...]]:
    """Return the pronunciations of a word, as tuples of phones."""
    if isinstance(entry, str):
        found = [tuple(entry.split())]
    elif not isinstance(entry, Sequence):
        raise TypeError(
            f"the pronunciation of {word!r} must be a string or a list of phones, or a list of "
            f"several pronunciations, got {type(entry).__name__}"
        )
    elif all(isinstance(part, str) and len(part.split()) == 1 for part in entry):
        found = [tuple(part.strip() for part in entry)]
    else:
        found = []
        for part in entry:
            if not isinstance(part, str | Sequence):
                raise TypeError(
                    f"the pronunciation of {word!r} must be of strings, got "
                    f"{type(part).__name__}: {part!r:.40}"
                )
            found.append(tuple(part.split()) if isinstance(part, str) else tuple(part))
    for pronunciation in found:
        for phone in pronunciation:
            if not isinstance(phone, str) or not phone.strip():
                raise TypeError(
                    f"the phones of {word!r} must be strings that are not empty, got {phone!r:.40}"
                )
    if len(found) == 0 or any(len(pronunciation) == 0 for pronunciation in found):
        raise ValueError(f"the word {word!r} of the lexicon has no pronunciation")
    return list(dict.fromkeys(found))
