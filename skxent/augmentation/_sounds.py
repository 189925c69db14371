"""The user's own sounds: arrays, pairs, files and folders of files."""

import functools
import math
import os
import reprlib
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.random import Generator
from numpy.typing import NDArray

from skxent.audio import load

_SUFFIXES = {".aif", ".aiff", ".au", ".flac", ".mp3", ".oga", ".ogg", ".opus", ".wav"}


def as_list(sounds: Any) -> list[Any]:
    """Return one sound as a list of one, and several as a list."""
    is_signal = isinstance(sounds, np.ndarray) and sounds.dtype.kind in "iuf"
    is_one = is_signal or isinstance(sounds, str | os.PathLike) or _is_pair(sounds)
    return [sounds] if is_one or not np.iterable(sounds) else list(sounds)


def draw_sound(sounds: list[Any], rng: Generator) -> Any:
    """Return one of several sounds, and of a folder one of its files."""
    if not sounds:
        raise ValueError("there must be at least one sound, got none")
    sound = sounds[int(rng.integers(len(sounds)))]
    if not isinstance(sound, str | os.PathLike):
        return sound
    path = os.path.expanduser(sound)
    if not os.path.isdir(path):
        return path
    files = _list_files(path)
    return files[rng.integers(len(files))]


def describe(sound: Any) -> str:
    """Return what tells a sound from others, after its noun."""
    if isinstance(sound, str | os.PathLike):
        return repr(os.fspath(sound))
    signal = sound[1] if _is_pair(sound) else sound
    return f"of shape {signal.shape}" if isinstance(signal, np.ndarray) else reprlib.repr(signal)


def excerpt(sound: Any, n_samples: int, sample_rate: float, rng: Generator) -> NDArray[Any]:
    """Return samples (n_samples,) from a random place of a sound, repeated where it is short.

    Only what is needed of a long file is read, and only what is needed is resampled.
    """
    if isinstance(sound, str | os.PathLike):
        with soundfile.SoundFile(sound) as file:
            rate = file.samplerate
            n_needed = math.ceil(n_samples * rate / sample_rate)
            file.seek(rng.integers(max(file.frames - n_needed, 0) + 1))
            signal = file.read(n_needed, dtype="float32", always_2d=True)
    else:
        rate, signal = sound if _is_pair(sound) else (sample_rate, sound)
        if not isinstance(signal, np.ndarray):
            signal = load((rate, signal), rate)
        n_needed = math.ceil(n_samples * rate / sample_rate)
        start = rng.integers(max(len(signal) - n_needed, 0) + 1)
        signal = signal[start : start + n_needed]
    samples = load((rate, signal), sample_rate)
    if len(samples) >= n_samples:
        return samples[:n_samples]
    return samples.take(np.arange(n_samples) + rng.integers(len(samples)), mode="wrap")


def _is_pair(sound: Any) -> bool:
    """Return whether a sound is a pair of a rate and a signal."""
    return isinstance(sound, tuple) and len(sound) == 2 and isinstance(sound[0], Real)


def _list_files(folder: str) -> list[str]:
    """Return the sound files of a folder and of those in it; searched again if one changes."""
    files, folders, changed = _search(os.path.abspath(folder))
    if _changes_of(folders) != changed:
        _search.cache_clear()
        files, *_ = _search(os.path.abspath(folder))
    if not files:
        raise ValueError(f"the folder {folder!r} holds no sound files")
    return files


def _changes_of(folders: list[str]) -> list[int] | None:
    """Return when files or folders in each folder were last added or removed; None if one is."""
    try:
        return [os.stat(folder).st_mtime_ns for folder in folders]
    except FileNotFoundError:
        return None


@functools.lru_cache(maxsize=16)
def _search(folder: str) -> tuple[list[str], list[str], list[int] | None]:
    """Return a folder's sound files, sorted and without hidden ones, its folders and changes."""
    folders = [folder, *(str(path) for path in Path(folder).rglob("*") if path.is_dir())]
    changed = _changes_of(folders)  # before, so that what changes meanwhile is seen
    files = [
        str(path)
        for path in sorted(Path(folder).rglob("*"))
        if path.suffix.lower() in _SUFFIXES
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and path.is_file()
    ]
    return files, folders, changed
