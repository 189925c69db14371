"""A sound file, or a part of it, as libsndfile reads it."""

import os
from io import FileIO
from typing import Any

from skxent.audio._flac import LENGTH, check_header

# libmpg123 looks for a frame byte by byte, which takes long; as many are read in vain.
_MOST_SINGLE_BYTES = 1 << 12


class Source:
    """The bytes from `start` to `end` of a file, as libsndfile reads them.

    Where an mp3 file's header has no length, libsndfile guesses it from the size of the
    file and of its first frame, and reads no further. `endless` announces a larger size than any.
    """

    def __init__(self, file: FileIO, start: int, end: int, endless: bool = False) -> None:
        self.file, self.start, self.n_bytes, self.endless = file, start, end - start, endless
        self.size = 1 << 40 if endless else self.n_bytes
        self.is_frame_cut = False
        self.n_single_bytes = 0
        self.length = 0  # that is hidden from libsndfile
        self.changes: dict[int, int] = {}
        self.error: OSError | None = None
        self.position = 0
        file.seek(start)

    def hide_length(self) -> None:
        """Let libsndfile read a FLAC file to its end, and not to where its header says."""
        header = end_of_tags(self.file)
        self.length = check_header(self.file, header)
        if self.length:
            places = range(header + LENGTH.start, header + LENGTH.stop)
            self.changes = dict.fromkeys(places, 0)
            self.file.seek(places[0])
            self.changes[places[0]] = self.file.read(1)[0] & 0xF0
        self.file.seek(self.start)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> None:
        # A callback must not raise, whatever sizes a header holds.
        position = offset + (0, self.position, self.size)[whence]
        if position >= 0:
            self.position = position
            self.file.seek(self.start + min(position, self.n_bytes))

    def tell(self) -> int:
        return self.position

    def readinto(self, buffer: Any) -> int:
        n_wanted = n_bytes = len(buffer)
        self.n_single_bytes = self.n_single_bytes + 1 if n_wanted == 1 else 0
        if self.n_single_bytes > _MOST_SINGLE_BYTES:
            return 0
        if self.endless and self.position >= self.size - 128:  # libmpg123 looks for a tag there
            buffer[:] = bytes(n_wanted)
        else:
            n_bytes = self.read_file(buffer)
            # The header of an mp3 frame has 4 bytes; what is longer is the rest of it.
            self.is_frame_cut |= 4 < n_wanted != n_bytes
        self.position += n_bytes
        return n_bytes

    def read_file(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")[: max(self.n_bytes - self.position, 0)]
        try:
            n_read = self.file.readinto(view)
        except OSError as error:  # which must not leave a callback
            self.error = error
            return 0
        for place, byte in self.changes.items():
            if self.position <= place < self.position + n_read:
                view[place - self.position] = byte
        return n_read

    def check(self) -> None:
        """Raise the error that occurred while reading the file, if any."""
        if self.error is not None:
            raise self.error


def begins(file: FileIO, name: bytes) -> bool:
    """Return whether a file begins with four bytes, after its tags."""
    file.seek(end_of_tags(file))
    return file.read(4) == name


def end_of_tags(file: FileIO) -> int:
    """Return where the ID3v2 tag at the start of a file ends."""
    file.seek(0)
    start = file.read(10)
    n_bytes = 0
    if start[:3] == b"ID3":
        for byte in start[6:]:
            n_bytes = n_bytes << 7 | byte & 0x7F
        n_bytes += 10
    return n_bytes
