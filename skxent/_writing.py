"""Files that are written as a whole or not at all."""

import contextlib
import os
import shutil
import uuid
from collections.abc import Iterator


def replace_file(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file as a whole, see `replacing`."""
    with replacing(path) as temporary, open(temporary, "wb") as file:
        file.write(content)


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[str]:
    """Yield the path of an empty file to be written, which then takes the place of `path`.

    Where that fails, there is no file, or still the earlier one. A link is followed, and an
    existing file keeps its permissions.
    """
    path = os.path.realpath(path)
    if os.path.exists(path) and not os.path.isfile(path):
        raise FileExistsError(f"{path} exists, and is not a regular file")
    temporary = os.path.join(os.path.dirname(path), f"{uuid.uuid4().hex}.tmp")
    try:
        # Unlike a file of tempfile, it gets the permissions of the umask.
        open(temporary, "xb").close()
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            shutil.copymode(path, temporary)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.remove(temporary)
        raise
