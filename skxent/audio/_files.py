"""Sound files: their samples, whole or block by block, and errors that say what is wrong."""

import contextlib
import os
import re
import stat
from collections.abc import Iterator
from io import FileIO
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from skxent.audio._foreign import check_foreign, look_up
from skxent.audio._ogg import find_streams
from skxent.audio._pyav import decode_foreign, foreign_length
from skxent.audio._silence import may_have_notes, without_notes
from skxent.audio._source import Source, begins, end_of_tags
from skxent.audio._wav import read_plain_wav

Path = str | os.PathLike[str]
Block = tuple[NDArray[Any], float]

# libsndfile reads a file that stops early as far as it goes, and notes it in its log.
_CUT_CHUNK = re.compile(
    r"^ *(?:data|SSND|riff|Riff size|Data Size) +: (\d+) \(should be (\d+)\)", re.MULTILINE
)

_CUT_STREAM = re.compile(r"[Ff]ile (?:seems to be|has been) truncated|truncated file")

_CUT_SHORT = "cut short: it ends before the length that it announces"


# Programs that write to a pipe can't know the size and announce one from here on: most
# 2^32 - 1 or 2^31 - 1, SoX 0x7FFFF000 rounded down to whole blocks.
_UNKNOWN_SIZE = 0x7FFF0000

# The length that libsndfile returns where a header says that it is unknown.
_UNKNOWN_LENGTH = (1 << 63) - 1

# Samples in the shortest frame of an mp3 file, and bytes of tags that may follow the last.
_MP3_STEP = 576
_MP3_TAGS = 1 << 16


def read_samples(path: Path, dtype: str, block_size: int = 1 << 20) -> Block:
    """Return the samples (n_samples, n_channels) and the rate of a sound file.

    Plain samples have the file's own type, unscaled; all others are decoded to `dtype`, in
    [-1, 1), in blocks of `block_size` values: memory is taken for what a file holds, and not for
    what its header claims.
    """
    blocks = list(read_blocks(path, dtype, block_size))
    rate = blocks[0][1]
    if len(blocks) == 1:
        return blocks[0]
    return np.concatenate([block for block, _ in blocks]), rate


def read_blocks(path: Path, dtype: str, n_samples: int, sample_rate: float = 0) -> Iterator[Block]:
    """Yield the samples of a sound file in blocks as `read_samples` returns them, and its rate.

    A block has `n_samples` values at most, over all channels, also once it is resampled to
    `sample_rate`. Errors are raised where they are found.
    """
    file, n_bytes = _open(path)
    with file, _report_system_errors():
        plain = read_plain_wav(file, n_bytes)
        if plain is not None:
            yield from cut(*plain, n_samples, sample_rate)
            return
        parts = _find_parts(file, n_bytes)
        foreign = _find_foreign(file, n_bytes)
        if foreign is not None:
            with _advise_pyav(*foreign):
                yield from _regroup(decode_foreign(file, foreign[0]), n_samples, sample_rate)
            return
        form: tuple[int, int] | None = None
        for start, end in parts:
            sound, source = _open_part(file, start, end)
            with sound:
                rate, n_channels = sound.samplerate, sound.channels
                form = form or (rate, n_channels)
                _check_form(form, (rate, n_channels), f"byte {start}")
                length = _block_length(n_samples, n_channels, rate, sample_rate)
                if source.endless:  # whole frames
                    length = max(length - length % _MP3_STEP, _MP3_STEP)
                for block in _decode(sound, source, dtype, length):
                    yield block, rate


def cut(signal: NDArray[Any], rate: float, n_samples: int, sample_rate: float) -> Iterator[Block]:
    """Yield views of a signal in blocks as `read_blocks` does."""
    n_channels = signal.shape[1] if signal.ndim == 2 else 1
    length = _block_length(n_samples, n_channels, rate, sample_rate)
    for start in range(0, len(signal), length):
        yield signal[start : start + length], rate


def file_length(path: Path) -> tuple[int, float]:
    """Return the number of samples of a channel and the rate that a file's header announces.

    Of an mp3 file without a length it is a guess; it is very large where a header says that the
    length is unknown.
    """
    file, n_bytes = _open(path)
    with file, _report_system_errors():
        plain = read_plain_wav(file, n_bytes)
        if plain is not None:
            return len(plain[0]), plain[1]
        parts = _find_parts(file, n_bytes)
        foreign = _find_foreign(file, n_bytes)
        if foreign is not None:
            with _advise_pyav(*foreign):
                return foreign_length(file, foreign[0])
        n_frames = 0
        for start, end in parts:
            with _decoder(Source(file, start, end)) as sound:
                n_frames += sound.frames
        return n_frames, sound.samplerate


def _block_length(n_samples: int, n_channels: int, rate: float, sample_rate: float) -> int:
    return max(1, int(n_samples / (n_channels * max(1, sample_rate / rate))))


def _check_form(form: tuple[float, int], other: tuple[float, int], place: str) -> None:
    """Raise an error if the rate or the number of channels changes."""
    if other != form:
        raise ValueError(
            f"can't be read: it has {form[1]} channels at {form[0]} Hz, and from {place} on "
            f"{other[1]} channels at {other[0]} Hz"
        )


def _find_foreign(file: FileIO, n_bytes: int) -> tuple[str, str] | None:
    """Return what a whole file is that libsndfile does not read, and the usual ending."""
    file.seek(end_of_tags(file))
    found = look_up(file.read(64))
    if found is not None:
        check_foreign(file, found[0], n_bytes)
    return found


@contextlib.contextmanager
def _advise_pyav(kind: str, ending: str) -> Iterator[None]:
    """Say what to do about a file of a kind that needs PyAV, where that is missing."""
    try:
        yield
    except ImportError:
        raise ValueError(
            f"can't be read as sound (it is {kind}, which needs PyAV: pip install "
            f'"skxent[av]"; or convert it: ffmpeg -i in.{ending} out.wav)'
        ) from None


def _regroup(frames: Iterator[Block], n_samples: int, sample_rate: float) -> Iterator[Block]:
    """Join frames, of some milliseconds, to blocks as `read_blocks` yields them."""
    form: tuple[float, int] | None = None
    waiting: list[NDArray[Any]] = []
    n_waiting = n_read = 0
    for frame, rate in frames:
        form = form or (rate, frame.shape[1])
        _check_form(form, (rate, frame.shape[1]), f"sample {n_read}")
        n_read += len(frame)
        waiting.append(frame)
        n_waiting += len(frame)
        length = _block_length(n_samples, frame.shape[1], rate, sample_rate)
        if n_waiting >= length:
            whole = np.concatenate(waiting)
            n_waiting %= length
            rest = len(whole) - n_waiting
            yield from cut(whole[:rest], rate, n_samples, sample_rate)
            waiting = [whole[rest:]]
    if n_waiting and form is not None:
        yield np.concatenate(waiting), form[0]


class _ForwardFile(soundfile.SoundFile):  # type: ignore[misc]
    """A sound file without soundfile's seeks before each read to where it already is.

    They change the samples of an mp3 file at the borders of blocks.
    """

    def seekable(self) -> bool:
        return False


@contextlib.contextmanager
def _report_system_errors() -> Iterator[None]:
    """Raise the system's errors while a file is read as errors of the file."""
    try:
        yield
    except OSError as error:
        raise ValueError(f"can't be read ({error.strerror or error})") from error


def _open(path: Path) -> tuple[FileIO, int]:
    path = os.path.expanduser(path)
    try:
        status = os.stat(path)
        if stat.S_ISREG(status.st_mode) and status.st_size:
            return open(path, "rb", buffering=0), status.st_size
    except FileNotFoundError:
        is_link = os.path.islink(path)
        raise ValueError("a link to no file" if is_link else "no such file") from None
    except OSError as error:
        raise ValueError(f"can't be opened ({error.strerror})") from error
    is_file = stat.S_ISREG(status.st_mode)
    raise ValueError("can't be read as sound (the file is empty)" if is_file else "not a file")


def _find_parts(file: FileIO, n_bytes: int) -> list[tuple[int, int]]:
    """Return where the parts of a file that libsndfile reads as one begin and end."""
    if begins(file, b"OggS"):
        return find_streams(file, end_of_tags(file), n_bytes)
    return [(0, n_bytes)]


def _open_part(file: FileIO, start: int, end: int) -> tuple[_ForwardFile, Source]:
    """Open a part of a file such that it is read to its end."""
    source = Source(file, start, end)
    if begins(file, b"fLaC"):
        source.hide_length()
    sound = _decoder(source)
    if sound.format == "MP3" and not _has_frame_count(file):
        sound.close()
        source = Source(file, start, end, endless=True)
        sound = _decoder(source)
    elif sound.format == "NIST":  # libsndfile goes by the size of the file alone
        source.length = max(sound.frames, _nist_length(file))
    return sound, source


def _nist_length(file: FileIO) -> int:
    position = file.tell()
    file.seek(0)
    count = re.search(rb"\nsample_count -i (\d+)", file.read(1024))
    file.seek(position)
    return int(count[1]) if count else 0


def _has_frame_count(file: FileIO) -> bool:
    """Return whether the first frame of an mp3 file states the number of frames."""
    position = file.tell()
    file.seek(end_of_tags(file))
    has_count = re.search(b"Xing|Info", file.read(4096)) is not None
    file.seek(position)
    return has_count


def _decoder(source: Source) -> _ForwardFile:
    """Open a file with libsndfile."""
    source.file.seek(0)
    may_be_mpeg = may_have_notes(source.file.read(4))
    source.seek(0)
    try:
        with without_notes() if may_be_mpeg else contextlib.nullcontext():
            sound = _ForwardFile(source)
    except soundfile.LibsndfileError as error:
        source.check()
        reason = _explain(error)
        raise ValueError(f"can't be read as sound ({reason})") from error
    source.check()
    _check_whole(sound)
    return sound


def _explain(error: soundfile.LibsndfileError) -> str:
    """Return why libsndfile does not read a file."""
    # What libsndfile says where it finds no frame.
    reason = str(error.error_string)
    return "it has no mp3 frames" if reason.startswith("File does not exist") else reason


def _decode(sound: _ForwardFile, source: Source, dtype: str, length: int) -> Iterator[NDArray[Any]]:
    """Yield arrays of shape (n_samples_i, n_channels), all but the last of `length`."""
    expected, found = source.length or sound.frames, 0
    is_mpeg = "MPEG" in sound.subtype
    source.is_frame_cut = False  # libsndfile may look beyond the end to guess the format
    n_wanted = n_given = -1
    while n_wanted == n_given and found < expected:
        n_wanted = min(length, expected - found)
        with without_notes() if is_mpeg else contextlib.nullcontext():
            block = _decode_block(sound, source, dtype, n_wanted)
        source.check()
        n_given = len(block)
        found += n_given
        if n_given:
            yield block
    _check_whole(sound)
    if source.endless:
        if source.is_frame_cut:
            raise ValueError("cut short: its last frame is not whole")
        if source.n_bytes - source.position > _MP3_TAGS:
            raise ValueError(f"damaged: it can't be decoded after sample {found}")
    elif found < expected - (0 if source.length else _slack(sound)):
        raise ValueError(_CUT_SHORT)
    elif source.length and _goes_on(sound):
        raise ValueError(f"damaged: it goes on after the {expected} samples that it announces")
    if not found:
        raise ValueError("empty: it has no samples")


def _decode_block(sound: _ForwardFile, source: Source, dtype: str, n_samples: int) -> NDArray[Any]:
    try:
        if not source.endless:
            decoded: NDArray[Any] = sound.read(n_samples, dtype=dtype, always_2d=True)
            return decoded
    except soundfile.LibsndfileError as error:
        source.check()
        raise ValueError(f"damaged or cut short ({error.error_string})") from error
    # It ends with an error, which costs the samples of that call: ask for few at a time.
    block = np.empty((n_samples, sound.channels), dtype)
    found = 0
    with contextlib.suppress(soundfile.LibsndfileError):
        while found < n_samples:
            part = sound.read(out=block[found : found + _MP3_STEP])
            if not len(part):
                break
            found += len(part)
    return block[:found]


def _goes_on(sound: _ForwardFile) -> bool:
    """Return whether a sample follows; what follows may also be tags, which are none."""
    try:
        return len(sound.read(1)) > 0
    except soundfile.LibsndfileError:
        return False


def _check_whole(sound: _ForwardFile) -> None:
    log = sound.extra_info
    chunk = _CUT_CHUNK.search(log)
    if _CUT_STREAM.search(log) or (chunk and int(chunk[2]) < int(chunk[1]) < _UNKNOWN_SIZE):
        sound.close()
        raise ValueError(_CUT_SHORT)


def _slack(sound: _ForwardFile) -> int:
    """Return by how many samples a whole file may be shorter than its header announces."""
    if sound.frames == _UNKNOWN_LENGTH or (sound.format != "MP3" and "MPEG" in sound.subtype):
        return int(sound.frames)
    # An encoder that doesn't state its delay may have counted the frame with the header.
    return 1152 if sound.format == "MP3" and sound.frames % _MP3_STEP == 0 else 0
