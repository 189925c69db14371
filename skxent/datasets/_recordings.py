"""Read files named ``{digit}_{speaker}_{index}`` into a Bunch, for both data sets."""

import io
import re
from typing import NamedTuple

import numpy as np
import soundfile
from sklearn.utils import Bunch

SAMPLE_RATE = 8000
WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

_NAME = re.compile(r"([0-9])_([a-z0-9]+)_([0-9]+)\.(?:wav|flac)")


class Recording(NamedTuple):
    """Digit, speaker and index of a recording, which sort in this order."""

    digit: int
    speaker: str
    index: int


def parse_name(name: str) -> Recording:
    """Parse the name of a file, without its folder, such as ``7_george_12.wav``."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise ValueError(
            f"a recording must be named digit_speaker_index.wav (or .flac), such as "
            f"7_george_12.wav, got {name!r}"
        )
    return Recording(int(match[1]), match[2], int(match[3]))


def make_bunch(files: dict[str, tuple[str, bytes]], description: str) -> Bunch:
    """Decode files, given as path and content by name, in the order of digit, speaker, index."""
    recordings = sorted((parse_name(name), *files[name]) for name in files)
    return Bunch(
        data=[
            soundfile.read(io.BytesIO(content), dtype="float32")[0] for *_, content in recordings
        ],
        target=np.array([recording.digit for recording, *_ in recordings], dtype=np.int64),
        target_names=list(WORDS),
        speaker=np.array([recording.speaker for recording, *_ in recordings]),
        sample_rate=SAMPLE_RATE,
        filenames=[path for _, path, _ in recordings],
        DESCR=description,
    )
