"""Recordings for the benchmarks: real ones, or synthetic ones if there are none."""

import contextlib
import tempfile
from pathlib import Path

import numpy as np
import scipy.io.wavfile

from skxent.datasets import fetch_fsdd, load_spoken_digits

REAL = "the Free Spoken Digit Dataset, 3,000 real recordings"
SYNTHETIC = "480 synthetic clips (`skxent.datasets.load_spoken_digits`)"


def prepare(download=True):
    """Find or download the Free Spoken Digit Dataset, and describe the recordings available."""
    try:
        fetch_fsdd(download_if_missing=download)
    except (OSError, ImportError):
        return SYNTHETIC
    return REAL


@contextlib.contextmanager
def wav_recordings():
    """Yield the recordings with paths of wav files, without downloading any."""
    if prepare(download=False) == REAL:
        yield fetch_fsdd()
        return
    bunch = load_spoken_digits()
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for path, clip in zip(bunch.filenames, bunch.data, strict=True):
            paths.append(str(Path(folder) / Path(path).with_suffix(".wav").name))
            samples = np.round(clip * 32768).astype(np.int16)  # exact, as they were integers
            scipy.io.wavfile.write(paths[-1], bunch.sample_rate, samples)
        bunch.filenames = paths
        yield bunch


def takes_of(bunch):
    """Return the number of each clip's take, from the name of its file."""
    return np.array([int(Path(name).stem.rpartition("_")[2]) for name in bunch.filenames])
