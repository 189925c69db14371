"""What is wrong with a folder of recordings, as a table."""

import os
from typing import NamedTuple


class Problem(NamedTuple):
    """Something that is wrong with a file or a folder, and what to do about it.

    `is_usable` is False for what was left out, and True for what was kept.
    """

    path: str
    what: str
    advice: str
    is_usable: bool


class Problems(list):
    """A list of :class:`Problem`; its text is a table, and so is a data frame made of it."""

    def __str__(self) -> str:
        if not self:
            return "no problems"
        folder = _common_folder([problem.path for problem in self])
        lines = [f"in {printable(folder)}"] if folder else []
        for is_usable, title in ((False, "left out"), (True, "kept, but worth a look")):
            some = [problem for problem in self if problem.is_usable is is_usable]
            if some:
                lines += [f"{title}: {len(some)}", *_write_rows(some, folder)]
        return "\n".join(lines)


# Of the column of paths; longer ones have a line of their own.
_MOST_CHARACTERS = 30


def _common_folder(paths: list[str]) -> str:
    """Return the folder that all paths lie in, if there is one."""
    try:
        folder = os.path.commonpath(paths)
    except ValueError:  # absolute and relative ones
        return ""
    # A single file is no folder.
    return os.path.dirname(folder) if len({*paths}) == 1 else folder


def _write_rows(problems: list[Problem], folder: str) -> list[str]:
    """Return two lines or three for each problem: where and what, and what to do."""
    names = [
        printable(os.path.relpath(problem.path, folder) if folder else problem.path)
        for problem in problems
    ]
    width = max((len(name) for name in names if len(name) <= _MOST_CHARACTERS), default=4)
    indent = " " * (width + 6)
    lines = []
    for name, problem in zip(names, problems, strict=True):
        if len(name) > width:
            lines += [f"    {name}", f"{indent}{printable(problem.what)}"]
        else:
            lines.append(f"    {name:{width}}  {printable(problem.what)}")
        lines.append(f"{indent}-> {printable(problem.advice)}")
    return lines


def printable(text: str) -> str:
    """Return a text in one line that any terminal takes, whatever the name of a file has in it."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


# How the reason begins that a file can't be used, and what to do.
_ADVICE = [
    ("no such file", "correct its name, or leave it out of the table"),
    ("a link to no file", "delete the link, or bring back the file that it points to"),
    ("not a file", "delete it, or put a recording there"),
    ("can't be opened", "ask for the permission to read it, or copy it elsewhere"),
    ("can't be read as sound (the file is empty)", "copy it again from where it was recorded"),
    ("empty", "record it again, or delete it"),
    ("cut short", "copy it again from where it was recorded, or record it again"),
    ("damaged", "copy it again from where it was recorded, or record it again"),
    ("must be finite", "export it again, with 16 bits"),
]


def advise(reason: str) -> str:
    """Return what to do about a file that can't be used, from why."""
    if "ffmpeg -i" in reason:
        return "convert it to wav as it says"
    for begin, advice in _ADVICE:
        if reason.startswith(begin):
            return advice
    return "listen to it: if it is a recording, export it as wav; if not, delete it"
