"""From files named ``{digit}_{speaker}_{index}`` to a Bunch, for both data sets."""

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
    """What a file's name says; tuples sort by digit, then speaker, then index."""

    digit: int
    speaker: str
    index: int


def parse_name(name: str) -> Recording:
    """Read digit, speaker and index out of a file's name.

    Parameters
    ----------
    name : str
        The name without its folder, for instance ``"7_george_12.wav"``.

    Returns
    -------
    Recording
        The digit (0 to 9), the speaker and the index.

    Raises
    ------
    ValueError
        If the name is not of that form.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        raise ValueError(
            f"a recording is named digit_speaker_index.wav (or .flac), as 7_george_12.wav; "
            f"got {name!r}"
        )
    return Recording(int(match[1]), match[2], int(match[3]))


def make_bunch(files: dict[str, tuple[str, bytes]], description: str) -> Bunch:
    """Decode recordings, in the order of digit, speaker and index.

    Parameters
    ----------
    files : dict of str to (str, bytes)
        For each file's name, the path to report and the content.
    description : str
        The text of `DESCR`.

    Returns
    -------
    Bunch
        `data`, `target`, `target_names`, `speaker`, `sample_rate`, `filenames` and `DESCR`.
    """
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
