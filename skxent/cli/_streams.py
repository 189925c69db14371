"""Streams of samples from standard input."""

import sys
import wave
from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxent.audio import to_mono_float
from skxent.cli._errors import CommandError
from skxent.cli._sounds import RAW

_BLOCK = 0.05  # seconds

# Of the samples of a wav file, by their bytes; one byte has no sign.
_WAV = {1: "u1", 2: "<i2", 4: "<i4"}


def standard_input(
    rate: int | None, sample_format: str
) -> tuple[float, Generator[NDArray[np.float32], None, None]]:
    """Return the rate and blocks of standard input: raw samples if a rate is given, else wav."""
    stream = sys.stdin.buffer
    if rate is not None:
        return rate, _raw(stream, rate, np.dtype(RAW[sample_format]))
    try:
        file = wave.open(stream, "rb")  # noqa: SIM115, read block by block
    except EOFError:
        raise CommandError("there is nothing in standard input") from None
    except wave.Error as error:
        raise CommandError(
            f"standard input is no wav stream of whole numbers ({error}); for raw samples give "
            "--rate"
        ) from error
    if file.getsampwidth() not in _WAV:
        raise CommandError(
            f"standard input has samples of {8 * file.getsampwidth()} bits; 8, 16 and 32 can be "
            "read"
        )
    return float(file.getframerate()), _wav(file)


def _raw(stream: Any, rate: int, kind: np.dtype[Any]) -> Generator[NDArray[np.float32], None, None]:
    n_bytes = max(1, round(_BLOCK * rate)) * kind.itemsize
    is_empty = True
    # A last sample that is not whole is left out.
    while len(content := stream.read(n_bytes)) >= kind.itemsize:
        is_empty = False
        whole = content[: len(content) - len(content) % kind.itemsize]
        yield to_mono_float(np.frombuffer(whole, kind), dtype="float32")
    if is_empty:
        raise CommandError("there is nothing in standard input")


def _wav(file: wave.Wave_read) -> Generator[NDArray[np.float32], None, None]:
    n_frames = max(1, round(_BLOCK * file.getframerate()))
    kind, n_channels = np.dtype(_WAV[file.getsampwidth()]), file.getnchannels()
    n_bytes = kind.itemsize * n_channels
    while len(content := file.readframes(n_frames)) >= n_bytes:
        whole = content[: len(content) - len(content) % n_bytes]
        samples = np.frombuffer(whole, kind)
        # One channel is the mean of all; to_mono_float wants more samples than channels.
        scaled = to_mono_float(samples, dtype="float32")
        yield scaled.reshape(-1, n_channels).mean(axis=1, dtype=np.float32)
