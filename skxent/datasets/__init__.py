"""Recordings to learn with, and how words are pronounced.

`load_spoken_digits` and `load_spoken_words` load synthetic speech that comes with the package and
works offline; `fetch_fsdd` loads real recordings of digits, which it downloads once.
`load_recordings` loads a folder of one's own, and says what is wrong with it.
`cmudict_lexicon` and `ipa_lexicon` say of which phones words consist.
"""

from skxent.datasets._folder import load_recordings
from skxent.datasets._fsdd import fetch_fsdd
from skxent.datasets._pronunciations import cmudict_lexicon, ipa_lexicon, split_ipa
from skxent.datasets._spoken_digits import load_spoken_digits
from skxent.datasets._spoken_words import load_spoken_words

__all__ = [
    "cmudict_lexicon",
    "fetch_fsdd",
    "ipa_lexicon",
    "load_recordings",
    "load_spoken_digits",
    "load_spoken_words",
    "split_ipa",
]
