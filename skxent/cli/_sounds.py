"""Recordings to classify: files, folders, and standard input."""

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from skxent.cli._errors import CommandError
from skxent.datasets._folder_files import FORMATS, list_folder
from skxent.datasets._folder_problems import Problems

# The formats of raw samples, as ffmpeg and sox name them.
RAW = {"u8": "u1", "s16le": "<i2", "s32le": "<i4", "f32le": "<f4", "f64le": "<f8"}


@contextlib.contextmanager
def list_clips(
    sources: Sequence[str], rate: int | None, sample_format: str
) -> Iterator[tuple[list[str], list[Any]]]:
    """Yield the names of clips, and the clips: of a folder its sound files, of "-" the input."""
    with contextlib.ExitStack() as stack:
        shown: list[str] = []
        clips: list[Any] = []
        for source in sources:
            found = _list_folder(source) if Path(source).is_dir() else [source]
            shown += found
            if source == "-":
                found = [stack.enter_context(_standard_input(rate, sample_format))]
            clips += found
        yield shown, clips


def _list_folder(folder: str) -> list[str]:
    """Return the sound files below a folder, without what is hidden."""
    found = [os.path.join(folder, name) for name in list_folder(folder, FORMATS, Problems())]
    if not found:
        raise CommandError(f"there are no sound files in {folder}")
    return found


@contextlib.contextmanager
def _standard_input(rate: int | None, sample_format: str) -> Iterator[Any]:
    """Yield the clip that standard input holds: raw samples if a rate is given, else a file."""
    content = sys.stdin.buffer.read()
    if not content:
        raise CommandError("there is nothing in standard input")
    if rate is not None:
        yield rate, decode(content, sample_format)
        return
    # Not in memory: the readers of files find what is wrong with them.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "standard_input"
        path.write_bytes(content)
        yield str(path)


def decode(content: bytes, sample_format: str) -> np.ndarray:
    """Return raw samples as an array; a sample that is not whole is left out."""
    kind = np.dtype(RAW[sample_format])
    return np.frombuffer(content[: len(content) - len(content) % kind.itemsize], kind)
