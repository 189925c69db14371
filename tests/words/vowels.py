"""Made-up voices: rows of vowels, as noise through resonances, with vocal tracts of any length."""

import numpy as np
from scipy.signal import lfilter

RATE = 8000
FORMANTS = {  # hertz
    "i": (300, 2300, 3000),
    "I": (360, 2100, 2800),
    "e": (430, 1950, 2700),
    "E": (520, 1800, 2600),
    "a": (750, 1300, 2500),
    "A": (650, 1100, 2450),
    "o": (480, 900, 2400),
    "u": (330, 800, 2300),
}


def draw_words(n_words, seed=0):
    """Return distinct words of three vowels, each written as a letter."""
    rng = np.random.default_rng(seed)
    words = set()
    while len(words) < n_words:
        words.add("".join(rng.choice(list(FORMANTS), 3, replace=False)))
    return sorted(words)


def say(words, stretch=1.0, seed=0):
    """Return a clip of each word by a voice whose formants are `stretch` times the usual ones."""
    rng = np.random.default_rng(seed)
    return [np.concatenate([_vowel(vowel, stretch, rng) for vowel in word]) for word in words]


def _vowel(vowel, stretch, rng):
    signal = rng.normal(size=rng.integers(600, 900))
    radius = np.exp(-np.pi * 100 / RATE)  # a bandwidth of 100 Hz
    for formant in FORMANTS[vowel]:
        formant = stretch * formant * np.exp(0.03 * rng.normal())
        angle = 2 * np.pi * formant / RATE
        signal = lfilter([1.0], [1.0, -2 * radius * np.cos(angle), radius**2], signal)
    return signal / np.abs(signal).max()
