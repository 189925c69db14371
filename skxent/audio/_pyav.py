"""Sound that libsndfile does not read, decoded by FFmpeg's libraries, which PyAV brings."""

import contextlib
import os
from collections.abc import Iterator
from io import FileIO
from typing import Any

from numpy.typing import NDArray

# What a file may turn out to be: FFmpeg also knows lists of addresses to load.
_DEMUXERS = (
    "aac,ac3,amr,ape,asf,avi,caf,dsf,eac3,flv,matroska,mov,mp4,m4a,mpc,mpc8,mpeg,ogg,rm,tta,wv"
)

# Damage is an error, where a decoder can tell, and not hidden.
_DECODER_OPTIONS = {"err_detect": "crccheck+bitstream+buffer+explode"}
_OPTIONS = {"format_whitelist": _DEMUXERS, **_DECODER_OPTIONS}

# Formats whose headers tell the length and not a guess from the bit rate.
_HAVE_LENGTH = {"asf", "ape", "caf", "dsf", "matroska", "mov", "mpc", "mpc8", "tta", "wv"}

# In seconds: two frames of AAC at 16 kHz.
_SLACK = 0.128

Frame = tuple[NDArray[Any], int]


class _Reader:
    """A file as PyAV reads it, which prints errors of a seek to where a damaged file points.

    What the system reports of a read is kept: FFmpeg may take it for the end of the file.
    """

    def __init__(self, file: FileIO) -> None:
        self.file = file
        self.error: OSError | None = None
        file.seek(0)

    def read(self, n_bytes: int) -> bytes:
        try:
            return self.file.read(n_bytes)
        except OSError as error:
            self.error = error
            return b""

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        try:
            return self.file.seek(offset, whence)
        except OSError:
            return -1

    def tell(self) -> int:
        return self.file.tell()


def decode_foreign(file: FileIO, kind: str) -> Iterator[Frame]:
    """Yield the samples of the first sound track, frame by frame, and its rate.

    Arrays have shape (n_samples_i, n_channels) and the decoder's own type, unscaled. `kind` is
    what the file is, for errors.

    Raises
    ------
    ImportError
        If PyAV is not installed.
    ValueError
        If the file can't be decoded to its end.
    """
    with _open(file, kind) as (container, stream):
        found, rate, last = 0, 0, None
        for frame in container.decode(stream):
            if last is not None:
                yield last, rate
            last, rate = _samples_of(frame), frame.sample_rate
            found += len(last)
        expected = _length(container, stream)
        demuxer = container.format.name.split(",")[0]
        excess = found - expected
        if last is not None:
            # An encoder pads the last frame of an MP4; other formats tell the decoder of it.
            is_padded = demuxer == "mov" and 0 < excess < len(last)
            yield (last[:-excess] if is_padded else last), rate
        if demuxer in _HAVE_LENGTH and excess < -_SLACK * stream.codec_context.sample_rate:
            raise ValueError("cut short: it ends before the length that it announces")
        if last is None:
            raise ValueError("empty: it has no samples")


def foreign_length(file: FileIO, kind: str) -> tuple[int, int]:
    """Return the number of samples that a file announces or else has packets for, and its rate.

    Raises
    ------
    ImportError, ValueError
        As in `decode_foreign`.
    """
    with _open(file, kind) as (container, stream):
        n_samples = _length(container, stream) or _count(container, stream)
        return n_samples, stream.codec_context.sample_rate


@contextlib.contextmanager
def _open(file: FileIO, kind: str) -> Iterator[tuple[Any, Any]]:
    """Open a file and its first sound track; errors of FFmpeg's become those of the file."""
    import av

    reader = _Reader(file)
    problem = f"can't be read as sound (it is {kind}"
    try:
        with av.open(reader, options=_OPTIONS, metadata_errors="ignore") as container:
            # The codec of a stream may be unknown.
            streams = [one for one in container.streams.audio if one.codec_context is not None]
            if not streams:
                raise ValueError(f"{problem} without sound)")
            if not streams[0].codec_context.sample_rate:
                raise ValueError("empty: it has no samples")
            problem = "damaged or cut short ("
            streams[0].codec_context.options = _DECODER_OPTIONS
            yield container, streams[0]
            if reader.error is not None:
                raise reader.error
    except (av.FFmpegError, ValueError) as error:
        if reader.error is not None:
            raise reader.error from None
        if not isinstance(error, av.FFmpegError):
            raise
        separator = "" if problem.endswith("(") else "; "
        raise ValueError(f"{problem}{separator}FFmpeg: {error.strerror})") from error


def _samples_of(frame: Any) -> NDArray[Any]:
    samples: NDArray[Any] = frame.to_ndarray()
    n_channels = frame.layout.nb_channels
    return samples.T if frame.format.is_planar else samples.reshape(-1, n_channels)


def _length(container: Any, stream: Any) -> int:
    """Return the number of samples that the header announces, 0 if it does not."""
    seconds = float((container.duration or 0) / 1_000_000)
    if stream.duration is not None:
        seconds = float(stream.duration * stream.time_base)
    return max(round(seconds * int(stream.codec_context.sample_rate)), 0)


def _count(container: Any, stream: Any) -> int:
    """Return the number of samples by the times of all packets."""
    times = [
        float((packet.pts + (packet.duration or 0)) * packet.time_base)
        for packet in container.demux(stream)
        if packet.pts is not None
    ]
    return max(round(max(times, default=0.0) * int(stream.codec_context.sample_rate)), 0)
