"""Output files: written whole or not at all, and replaced only with leave."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from skxent._writing import replacing
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


@contextlib.contextmanager
def writing(path: str) -> Iterator[None]:
    """Say that a file is unchanged, where what writes it as a whole fails."""
    try:
        yield
    except OSError as error:
        raise CommandError(
            f"{path} can't be written ({error.strerror or error}); what was there is unchanged"
        ) from error


def write_whole(path: str, write: Callable[[str], object]) -> None:
    """Write a file by a function of a path: whole, or not at all where that is interrupted."""
    with writing(path), replacing(path) as temporary:
        write(temporary)
