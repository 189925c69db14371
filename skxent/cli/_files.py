"""Output files: written whole or not at all, and replaced only with leave."""

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from skxent.cli._errors import CommandError


def check_output(path: str, force: bool) -> None:
    """Raise an error if a file can't be written, before any work is done for it."""
    target = Path(path)
    if target.is_dir():
        raise CommandError(f"{path} is a folder; give the name of a file to write")
    if target.exists() and not target.is_file():  # a device or a pipe, which would be replaced
        raise CommandError(f"{path} is no ordinary file, and can't be replaced by one")
    if target.exists() and not force:
        raise CommandError(f"{path} exists; give another name, or --force to replace it")
    folder = target.resolve().parent
    if not folder.is_dir():
        raise CommandError(f"{path} can't be written: there is no folder {target.parent}")
    if not os.access(folder, os.W_OK):
        raise CommandError(f"{path} can't be written: the folder {target.parent} is read-only")


def write_whole(path: str, write: Callable[[str], object]) -> None:
    """Write a file by a function of a path: whole, or not at all where that is interrupted."""
    target = Path(path).resolve()  # a link stays one
    # In the same folder, since a file can't be renamed from one disk to another.
    handle, temporary = tempfile.mkstemp(
        prefix=f".{target.stem[:50]}-", suffix=target.suffix, dir=target.parent
    )
    os.close(handle)
    try:
        write(temporary)
        os.chmod(temporary, 0o666 & ~_umask())  # mkstemp's are for their owner alone
        os.replace(temporary, target)
    except OSError as error:
        raise CommandError(
            f"{path} can't be written ({error.strerror or error}); what was there is unchanged"
        ) from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
