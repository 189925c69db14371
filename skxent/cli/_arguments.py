"""Arguments of commands: a parser that suggests the right word, and arguments that many share."""

import argparse
import difflib
import math
import re
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from skxent.cli._errors import CommandError


class Parser(argparse.ArgumentParser):
    """Parser whose errors are exceptions, and suggest what may have been meant."""

    def __init__(self, **settings: Any) -> None:
        settings.setdefault("formatter_class", argparse.RawDescriptionHelpFormatter)
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        """Raise the error; argparse itself prints it and ends the program."""
        raise CommandError(f"{message} (see {self.prog} --help)")

    def parse_args(self, args: Sequence[str], namespace: Any = None) -> Any:  # type: ignore[override]
        """Return the arguments; those that are unknown are an error with a suggestion."""
        found, unknown = self.parse_known_args(args, namespace)
        if unknown:
            known = self._option_string_actions
            self.error(f"unknown argument {unknown[0]}{did_you_mean(unknown[0], known)}")
        return found


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a suggestion to append to a message, or nothing where no word is close."""
    close = difflib.get_close_matches(word.partition("=")[0], list(known), n=1, cutoff=0.6)
    return f": did you mean {close[0]}?" if close else ""


def add_folder(parser: argparse.ArgumentParser, use: str) -> None:
    """Add the recordings, and how their labels and speakers are told."""
    parser.add_argument(
        "folder",
        metavar="FOLDER",
        help=f"recordings {use}: a folder for each label with its files, such as yes/anna_1.wav; "
        "a table (.csv) of path, label and speaker; or example:digits, example:fsdd",
    )
    parser.add_argument(
        "--speaker",
        choices=("stem", "folder", "none"),
        default="stem",
        help="where the speaker is named: in the file's name before the last underscore "
        "(yes/anna_1.wav), in a folder (yes/anna/1.wav), or nowhere (default: stem)",
    )


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add the file of the model."""
    parser.add_argument("model", metavar="MODEL", help="file that skxent train wrote")


def add_force(parser: argparse.ArgumentParser) -> None:
    """Add leave to replace a file."""
    parser.add_argument("--force", action="store_true", help="replace the output if it exists")


def add_microphone(parser: argparse.ArgumentParser, unit: str, pause: float) -> None:
    """Add the microphone, and the pause that ends a unit, such as a word."""
    parser.add_argument(
        "--pause",
        type=seconds,
        default=pause,
        metavar="SECONDS",
        help=f"silence that ends a {unit} (default: {pause})",
    )
    parser.add_argument("--device", metavar="NAME", help="microphone, as its name or number")


def count(text: str) -> int:
    """Return a whole number above zero."""
    value = int(text) if text.strip().isdecimal() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"it must be a whole number above zero, got {text!r}")
    return value


def seconds(text: str) -> float:
    """Return a time above zero."""
    value = _number(text)
    if not 0.0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"it must be seconds above zero, got {text!r}")
    return value


def ratios(text: str) -> list[float]:
    """Return the numbers in a list with commas between them."""
    values = [_number(part) for part in text.split(",")]
    if not all(map(math.isfinite, values)):
        raise argparse.ArgumentTypeError(
            f"it must be numbers with commas between them, such as 0,10,20, got {text!r}"
        )
    return values


def _number(text: str) -> float:
    """Return a number, or NaN where the text is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


def names(text: str) -> list[str]:
    """Return the names in a list with commas between them."""
    return [name for name in re.split(r"\s*,\s*", text.strip()) if name]
