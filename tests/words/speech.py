"""Made-up speech: clips of frames of known phones, words and pauses."""

from typing import NamedTuple

import numpy as np

LEXICON = {
    "no": "N OW",
    "on": "OW N",
    "noon": "N UW N",
    "own": "OW UW N",
    "moon": "M UW N",
    "mow": "M OW",
}
NEW = {"moo": "M UW", "noun": "N OW UW N", "own": "OW UW N"}
PHONES = ["M", "N", "OW", "UW"]
N_FEATURES = 5


class Speech(NamedTuple):
    """Clips, their words, where these begin and end (in frames), and who speaks."""

    clips: list
    words: list
    spans: list
    speakers: np.ndarray


def speak(rows, lexicon=None, pauses=(0, 4), n_speakers=3, seed=0, noise=0.5):
    """Frames of words in a row, each phone of three parts of one to three frames."""
    lexicon = LEXICON | NEW if lexicon is None else lexicon
    means = np.random.default_rng(1).normal(size=(len(PHONES), 3, N_FEATURES)) * 2
    rng = np.random.default_rng(seed)
    clips, spans = [], []
    speakers = rng.integers(0, n_speakers, len(rows))
    shifts = 0.2 * rng.normal(size=(n_speakers, N_FEATURES))
    for row, speaker in zip(rows, speakers, strict=True):
        frames = [np.full((rng.integers(*pauses, endpoint=True), N_FEATURES), -3.0)]
        of_row = []
        for word in [row] if isinstance(row, str) else row:
            begin = sum(map(len, frames))
            for phone in lexicon[word].split():
                for mean in means[PHONES.index(phone)]:
                    frames.append(np.tile(mean, (rng.integers(1, 4), 1)))
            of_row.append((begin, sum(map(len, frames))))
            frames.append(np.full((rng.integers(*pauses, endpoint=True), N_FEATURES), -3.0))
        clip = np.concatenate(frames)
        clips.append(clip + noise * rng.normal(size=clip.shape) + shifts[speaker])
        spans.append(of_row)
    return Speech(clips, list(rows), spans, speakers)


def draw_words(n_clips, words=tuple(LEXICON), seed=0):
    return [
        str(word) for word in np.random.default_rng(seed).permutation(np.resize(words, n_clips))
    ]
