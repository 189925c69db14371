"""The files of a folder or a table, in a fixed order, and what the table says of them."""

import collections
import csv
import os
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from skxent.audio._clips import is_missing
from skxent.datasets._folder_problems import Problem, Problems

FORMATS = (
    *("wav", "wave", "flac", "ogg", "oga", "opus", "mp3", "aif", "aiff", "aifc", "au", "snd"),
    *("caf", "w64", "rf64", "sph", "nist"),
    *("m4a", "m4b", "mp4", "aac", "3gp", "3g2", "amr", "webm", "mka", "wma"),
)

# Each is the name of a column, the best first.
_PATH_COLUMNS = ("file_name", "path")


class Row(NamedTuple):
    """A recording: its path, the folders and the name below the root, and its table's columns."""

    path: str
    parts: tuple[str, ...]
    columns: Mapping[str, str | None]


def list_rows(source: Any, formats: Iterable[str], problems: Problems) -> list[Row]:
    """Return the recordings of a folder, a CSV file or a data frame; note what is left out."""
    if hasattr(source, "columns"):
        columns = {str(name): list(source[name]) for name in source.columns}
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        return _list_table(None, [*columns], rows, name_source(source), problems)
    root = name_source(source)
    if not os.path.isdir(root):
        if not os.path.exists(root):
            raise ValueError(f"no such folder: {root}")
        if _suffix(root) in formats:
            raise ValueError(f"folder must be a folder or a table, got a sound file, {root}")
        return _list_table(os.path.dirname(root), *_read_csv(root), root, problems)
    found = list_folder(root, formats, problems)
    table_path = os.path.join(root, "metadata.csv")
    if os.path.isfile(table_path):
        rows = _list_table(root, *_read_csv(table_path), table_path, problems)
        listed = {os.path.normpath(row.path) for row in rows}
        others = [
            name for name in found if os.path.normpath(os.path.join(root, name)) not in listed
        ]
        if others:
            count = "1 recording is" if len(others) == 1 else f"{len(others)} recordings are"
            what = f"{count} not in metadata.csv, as {others[0]}"
            problems.append(Problem(root, what, "add them to the table, or delete them", False))
        return rows
    return [Row(os.path.join(root, name), _parts(name), {}) for name in found]


def _parts(name: str) -> tuple[str, ...]:
    return tuple(unicodedata.normalize("NFC", name).split(os.sep))


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1][1:].lower()


def name_source(source: Any) -> str:
    """Return what to call a folder or a table."""
    if hasattr(source, "columns"):
        return "the table"
    if not isinstance(source, str | os.PathLike):
        raise TypeError(f"folder must be a path or a data frame, got {type(source).__name__}")
    return os.path.expanduser(os.fsdecode(source))


# Folders


def list_folder(root: str, formats: Iterable[str], problems: Problems) -> list[str]:
    """Return the names of all recordings below a folder, and count files of other kinds."""
    found, others = [], collections.Counter()
    for name in _walk(root, problems):
        suffix = _suffix(name)
        if suffix in formats:
            found.append(name)
        elif name != "metadata.csv":
            others[f".{suffix}" if suffix else "without a suffix"] += 1
    if others:
        kinds = ", ".join(f"{count} {suffix}" for suffix, count in sorted(others.items()))
        what = f"files that are no recordings by their suffix: {kinds}"
        advice = "nothing, if that is right; otherwise give their suffixes as formats"
        problems.append(Problem(root, what, advice, False))
    return sorted(found, key=lambda name: (_parts(name), name))


def _walk(root: str, problems: Problems) -> Iterator[str]:
    """Yield the names of files below a folder that are not hidden; each folder is read once.

    Links to folders come after all other folders, so that they can't lead in circles, and a
    folder is known by its own name where it has one.
    """
    seen = set()
    folders, links = [""], []
    while folders or links:
        is_link = not folders
        name = folders.pop() if folders else links.pop(0)
        path = os.path.join(root, name)
        try:
            status = os.stat(path)
            if (status.st_dev, status.st_ino) in seen:
                what = "a link to a folder that is read already"
                problems.append(Problem(path, what, "nothing, if that is right", False))
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(path) as scan:
                entries = sorted(scan, key=lambda entry: entry.name)
        except OSError as error:
            what = f"a folder that can't be opened ({error.strerror})"
            problems.append(Problem(path, what, "ask for the permission to read it", False))
            continue
        for entry in entries:
            if entry.name.startswith("."):
                continue
            child = os.path.join(name, entry.name)
            if not _is_folder(entry):
                yield child
            elif entry.is_symlink():
                links.append(child)
            else:
                folders.append(child)
        if is_link:
            links.sort()


def _is_folder(entry: os.DirEntry) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself, which is an error of a file
        return False


# Tables


def _read_csv(path: str) -> tuple[list[str], list[dict[str, Any]]]:
    """Return the columns and the rows of a CSV file."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            header = file.readline()
            file.seek(0)
            delimiter = max(",;\t", key=header.count)
            reader = csv.DictReader(file, delimiter=delimiter, strict=True)
            columns = [name for name in reader.fieldnames or [] if name]
            rows = list(reader)
    except OSError as error:
        raise ValueError(f"{path} can't be opened ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is no text in UTF-8: save it as CSV in UTF-8") from error
    except csv.Error as error:
        raise ValueError(f"{path} is no table in CSV: {error}") from error
    return columns, rows


def _list_table(
    root: str | None,
    columns: list[str],
    rows: list[dict[str, Any]],
    name: str,
    problems: Problems,
) -> list[Row]:
    """Return the recordings of a table, in its order; paths are relative to `root`, if any."""
    known = {column.strip().lower(): column for column in columns}
    path_column = next((known[key] for key in _PATH_COLUMNS if key in known), None)
    if path_column is None:
        raise ValueError(
            f"{name} must have a column 'file_name' or 'path', and may have 'label' and "
            f"'speaker', got {columns}"
        )
    wanted = {key: known[key] for key in ("label", "speaker") if key in known}
    names: dict[tuple[str, ...], str] | None = None
    listed = []
    for number, row in enumerate(rows):
        if is_missing(row[path_column]) or not str(row[path_column]).strip():
            what = f"row {number} has no path"
            problems.append(Problem(name, what, "fill in the path, or delete the row", False))
            continue
        path = os.path.expanduser(str(row[path_column]))
        parts: tuple[str, ...] = ()
        if root is not None and not os.path.isabs(path):
            parts = _parts(os.path.normpath(path.replace("\\", "/")))
            if not os.path.lexists(os.path.join(root, path)):
                # Accents may be written in another form there, and folders after Windows' manner.
                names = names or {_parts(below): below for below in _walk(root, Problems())}
                path = names.get(parts, path)
            path = os.path.join(root, path)
        values = {key: clean_text(row[column]) for key, column in wanted.items()}
        listed.append(Row(path, parts, values))
    return listed


def clean_text(value: Any) -> str | None:
    """Return a value as a text with accents in one form; None if it is missing or blank."""
    return None if is_missing(value) else unicodedata.normalize("NFC", str(value)).strip() or None
