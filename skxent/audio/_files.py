"""Sound files: their samples, whole or block by block, and what is wrong with them."""

import contextlib
import os
import re
import stat

import numpy as np
import soundfile

from skxent.audio._wav import _read_plain_wav

# Files are decoded in blocks of this many values, so that memory is taken for what there
# is, and not for what a header claims.
_BLOCK = 1 << 20


# libsndfile reads what there is of a file that stops early, and notes it in its log.
_CUT_CHUNK = re.compile(
    r"^ *(?:data|SSND|riff|Riff size|Data Size) +: (\d+) \(should be (\d+)\)", re.MULTILINE
)


_CUT_STREAM = re.compile(
    r"File ended unexpectedly|Junk after the last page|Last page lacks an end|truncated file"
)


_CUT_SHORT = "cut short: it ends before the length that it announces"


# Sizes from here on are what programs announce that write to a pipe and can't know: most
# 2^32 - 1 or 2^31 - 1, SoX 0x7FFFF000 rounded down to whole blocks.
_UNKNOWN_SIZE = 0x7FFF0000


# What libsndfile gives as the length where a header says that it isn't known.
_UNKNOWN_LENGTH = (1 << 63) - 1


# Samples in the shortest frame of an mp3 file, and bytes of tags that may follow the last.
_MP3_STEP = 576


_MP3_TAGS = 1 << 16


def read_samples(path, dtype):
    """Read all samples of a sound file.

    Parameters
    ----------
    path : str or os.PathLike
        The file.
    dtype : {"float32", "float64"}
        Type to decode to, where the file is not one of plain samples.

    Returns
    -------
    samples : ndarray of shape (n_samples, n_channels)
        Of the given type in [-1, 1), or of the file's own type, unscaled.
    rate : int
        In hertz.

    Raises
    ------
    ValueError
        If the file is missing, unreadable, of no known format, or cut short.

    Examples
    --------
    >>> from skxent.datasets import load_spoken_digits
    >>> from skxent.audio._files import read_samples
    >>> samples, rate = read_samples(load_spoken_digits().filenames[0], "float32")
    >>> samples.shape[1], samples.dtype.name, rate
    (1, 'float32', 8000)
    """
    blocks = list(read_blocks(path, dtype, _BLOCK))
    rate = blocks[0][1]
    if len(blocks) == 1:
        return blocks[0]
    return np.concatenate([block for block, _ in blocks]), rate


def read_blocks(path, dtype, n_samples, sample_rate=0):
    """Read a sound file block by block.

    Parameters
    ----------
    path : str or os.PathLike
        As in :func:`read_samples`.
    dtype : {"float32", "float64"}
        As in :func:`read_samples`.
    n_samples : int
        Largest number of samples of a block, over all channels.
    sample_rate : float, default=0
        Where the samples will be resampled to: the limit holds then too.

    Yields
    ------
    samples : ndarray of shape (n_samples_i, n_channels)
        As :func:`read_samples` returns them.
    rate : int
        In hertz.

    Raises
    ------
    ValueError
        As :func:`read_samples`, at the place where it is found out.

    Examples
    --------
    >>> from skxent.datasets import load_spoken_digits
    >>> from skxent.audio._files import read_blocks
    >>> path = load_spoken_digits().filenames[0]
    >>> [len(block) for block, rate in read_blocks(path, "float32", 2000)]
    [2000, 1611]
    """
    file, n_bytes = _open(path)
    with file, _report_system_errors():
        plain = _read_plain_wav(file, n_bytes)
        if plain is not None:
            yield from cut(*plain, n_samples, sample_rate)
            return
        source = _Source(file, n_bytes)
        sound = _decoder(source)
        if sound.format == "MP3" and not _has_frame_count(file):
            sound.close()
            source = _Source(file, n_bytes, endless=True)
            sound = _decoder(source)
        with sound:
            rate = sound.samplerate
            length = _block_length(n_samples, sound.channels, rate, sample_rate)
            if source.endless:  # whole frames
                length = max(length - length % _MP3_STEP, _MP3_STEP)
            for block in _decode(sound, source, dtype, length):
                yield block, rate


def cut(signal, rate, n_samples, sample_rate):
    """Cut a signal into blocks as :func:`read_blocks` yields them.

    Parameters
    ----------
    signal : ndarray of shape (n_samples,) or (n_samples, n_channels)
        The signal.
    rate : float
        Its sample rate in hertz.
    n_samples : int
        As in :func:`read_blocks`.
    sample_rate : float
        As in :func:`read_blocks`.

    Yields
    ------
    samples : ndarray
        A view of the signal.
    rate : float
        The given one.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.audio._files import cut
    >>> [len(block) for block, _ in cut(np.zeros(10), 8000, 4, 8000)]
    [4, 4, 2]
    """
    n_channels = signal.shape[1] if signal.ndim == 2 else 1
    length = _block_length(n_samples, n_channels, rate, sample_rate)
    for start in range(0, len(signal), length):
        yield signal[start : start + length], rate


def file_length(path):
    """Ask a file's header for its length.

    Parameters
    ----------
    path : str or os.PathLike
        The file.

    Returns
    -------
    n_frames : int
        Number of samples of one channel; of an mp3 file without a length a guess,
        and very large where a header says that it doesn't know.
    rate : int
        In hertz.

    Raises
    ------
    ValueError
        If the file is missing, or is no sound file.

    Examples
    --------
    >>> from skxent.datasets import load_spoken_digits
    >>> from skxent.audio._files import file_length
    >>> file_length(load_spoken_digits().filenames[0])
    (3611, 8000)
    """
    file, n_bytes = _open(path)
    with file, _report_system_errors():
        plain = _read_plain_wav(file, n_bytes)
        if plain is not None:
            return len(plain[0]), plain[1]
        with _decoder(_Source(file, n_bytes)) as sound:
            return sound.frames, sound.samplerate


def _block_length(n_samples, n_channels, rate, sample_rate):
    return max(1, int(n_samples / (n_channels * max(1, sample_rate / rate))))


class _ForwardFile(soundfile.SoundFile):
    """A sound file without the seeks to where it is already, that soundfile makes at each read.

    They change the samples of an mp3 file at the borders of blocks.
    """

    def seekable(self):
        return False


class _Source:
    """What libsndfile reads a file through, so that neither its name nor its system matters.

    Where an mp3 file's header has no length, libsndfile makes one up from the size of the
    file and of its first frame, and reads no further. `endless` makes it larger than any.
    """

    def __init__(self, file, n_bytes, endless=False):
        self.file, self.n_bytes, self.endless = file, n_bytes, endless
        self.size = 1 << 40 if endless else self.n_bytes
        self.is_frame_cut = False
        self.error = None
        self.position = 0
        file.seek(0)

    def seek(self, offset, whence=os.SEEK_SET):
        # A callback must not raise, whatever sizes a header holds.
        position = offset + (0, self.position, self.size)[whence]
        if position >= 0:
            self.position = position
            self.file.seek(min(position, self.n_bytes))

    def tell(self):
        return self.position

    def readinto(self, buffer):
        n_wanted = n_bytes = len(buffer)
        if self.endless and self.position >= self.size - 128:  # libmpg123 looks for a tag there
            buffer[:] = bytes(n_wanted)
        else:
            n_bytes = self.read_file(buffer)
            # The header of an mp3 frame has 4 bytes; what is longer is the rest of it.
            self.is_frame_cut |= 4 < n_wanted != n_bytes
        self.position += n_bytes
        return n_bytes

    def read_file(self, buffer):
        try:
            return self.file.readinto(buffer)
        except OSError as error:  # which must not leave a callback
            self.error = error
            return 0

    def check(self):
        """Raise the error that reading the file has met, if any."""
        if self.error is not None:
            raise self.error


@contextlib.contextmanager
def _report_system_errors():
    """Turn what the system reports while a file is read into an error of the file."""
    try:
        yield
    except OSError as error:
        raise ValueError(f"can't be read ({error.strerror or error})") from error


def _open(path):
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


def _has_frame_count(file):
    """Tell whether an mp3 file begins with a frame that tells the number of frames."""
    position = file.tell()
    file.seek(0)
    start = file.read(10)
    n_skipped = 0
    if start[:3] == b"ID3":
        for byte in start[6:]:
            n_skipped = n_skipped << 7 | byte & 0x7F
        n_skipped += 10
    file.seek(n_skipped)
    has_count = re.search(b"Xing|Info", file.read(4096)) is not None
    file.seek(position)
    return has_count


def _decoder(source):
    """Return a file that libsndfile has opened."""
    try:
        sound = _ForwardFile(source)
    except soundfile.LibsndfileError as error:
        source.check()
        raise ValueError(f"can't be read as sound ({error.error_string})") from error
    source.check()
    _check_whole(sound)
    return sound


def _decode(sound, source, dtype, length):
    """Yield arrays of shape (n_samples_i, n_channels), all but the last of `length`."""
    expected, found = sound.frames, 0
    source.is_frame_cut = False  # libsndfile may look beyond the end to guess the format
    n_wanted = n_given = -1
    while n_wanted == n_given and found < expected:
        n_wanted = min(length, expected - found)
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
    elif found < expected - _slack(sound):
        raise ValueError(_CUT_SHORT)
    if not found:
        raise ValueError("empty: it has no samples")


def _decode_block(sound, source, dtype, n_samples):
    try:
        if not source.endless:
            return sound.read(n_samples, dtype=dtype, always_2d=True)
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


def _check_whole(sound):
    log = sound.extra_info
    chunk = _CUT_CHUNK.search(log)
    if _CUT_STREAM.search(log) or (chunk and int(chunk[2]) < int(chunk[1]) < _UNKNOWN_SIZE):
        sound.close()
        raise ValueError(_CUT_SHORT)


def _slack(sound):
    """Return the number of samples by which a whole file may be shorter than it announces."""
    if sound.frames == _UNKNOWN_LENGTH or (sound.format != "MP3" and "MPEG" in sound.subtype):
        return sound.frames
    # An encoder that doesn't tell its delay may have counted the frame with the header.
    return 1152 if sound.format == "MP3" and sound.frames % _MP3_STEP == 0 else 0
