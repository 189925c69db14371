"""A folder of recordings, and a model that was trained with it."""

import shutil
from pathlib import Path

import pytest

from skxent.cli import main
from skxent.datasets import load_spoken_digits

WORDS = {1: "one", 6: "six", 7: "seven"}
VOICES = ("caf1", "gbm1", "lam1", "usf1", "wmf1")


def copy_digits(folder, voices=VOICES, words=WORDS, takes=(0, 1)):
    """Copy some of the recordings of the package to ``folder/word/voice_take.flac``."""
    source = Path(load_spoken_digits().filenames[0]).parent
    for digit, word in words.items():
        (folder / word).mkdir(parents=True, exist_ok=True)
        for voice in voices:
            for take in takes:
                name = f"{digit}_{voice}_{take}.flac"
                shutil.copy(source / name, folder / word / f"{voice}_{take}.flac")
    return folder


@pytest.fixture(scope="session")
def recordings(tmp_path_factory):
    return copy_digits(tmp_path_factory.mktemp("recordings"))


@pytest.fixture(scope="session")
def unheard(tmp_path_factory):
    """Recordings of other voices, and of a label that no model knows."""
    folder = tmp_path_factory.mktemp("unheard")
    copy_digits(folder, ("nym1", "scm1"))
    return folder


@pytest.fixture(scope="session")
def model_path(tmp_path_factory, recordings):
    """A model that can be exported, which is quick to train."""
    path = tmp_path_factory.mktemp("models") / "words.skops"
    assert main(["train", str(recordings), "-o", str(path), "--portable", "--jobs", "1"]) == 0
    return path
