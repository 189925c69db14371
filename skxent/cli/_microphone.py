"""A microphone and a loudspeaker, by sounddevice."""

import queue
from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxent.cli._errors import CommandError

_BLOCK = 0.05  # seconds


def require(device: str | None = None) -> None:
    """Raise an error if there is no microphone."""
    sound = _sounddevice()
    try:
        sound.query_devices(_device(device), "input")
    except (sound.PortAudioError, ValueError) as error:
        raise CommandError(f"there is no microphone to record with ({error})") from error


def blocks(
    sample_rate: float, device: str | None = None
) -> Generator[NDArray[np.float32], None, None]:
    """Yield what a microphone records, in blocks of shape (n_samples,), without an end.

    The microphone is switched off when the iterator is closed.
    """
    sound = _sounddevice()
    arrived: queue.SimpleQueue[NDArray[np.float32]] = queue.SimpleQueue()

    def keep(samples: NDArray[np.float32], *_: Any) -> None:
        arrived.put(samples[:, 0].copy())  # the device writes over it

    try:
        with sound.InputStream(
            samplerate=sample_rate,
            blocksize=round(_BLOCK * sample_rate),
            channels=1,
            dtype="float32",
            device=_device(device),
            callback=keep,
        ):
            while True:
                yield arrived.get()
    except (sound.PortAudioError, ValueError) as error:
        raise CommandError(f"there is no microphone to record with ({error})") from error


def play(samples: NDArray[np.float32], sample_rate: float) -> None:
    """Play samples to their end."""
    sound = _sounddevice()
    try:
        sound.play(samples, sample_rate, blocking=True)
    except (sound.PortAudioError, ValueError) as error:
        raise CommandError(f"it can't be played ({error}); see --no-playback") from error


def _device(name: str | None) -> str | int | None:
    """Return a device's number or part of its name, as sounddevice takes it."""
    return int(name) if name is not None and name.isdecimal() else name


def _sounddevice() -> Any:
    try:
        import sounddevice
    except ImportError as error:
        raise CommandError(
            'a microphone needs the package sounddevice: pip install "skxent[record]"'
        ) from error
    except OSError as error:  # the library is not part of the package on Linux
        raise CommandError(
            f"a microphone needs the library PortAudio ({error}): install libportaudio2"
        ) from error
    return sounddevice
