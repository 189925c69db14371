"""What is printed: results to standard output, all else to standard error."""

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TextIO

_MOST_SHOWN = 20


def note(text: str) -> None:
    """Print something beside the results."""
    print(text, file=sys.stderr)


def show_list(title: str, lines: Sequence[str], most: int = _MOST_SHOWN) -> None:
    """Print lines under a title beside the results, and how many more there are."""
    if lines:
        note(f"{title} ({len(lines)}):")
        for line in lines[:most]:
            note(f"  {line}")
        if len(lines) > most:
            note(f"  ... and {len(lines) - most} more")


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: drawn by rich on a terminal, if it is installed, else in aligned columns."""
    rich = _rich(sys.stdout)
    if rich is not None:
        from rich.table import Table
        from rich.text import Text

        table = Table(*columns, box=rich.box.SIMPLE)
        for row in rows:
            table.add_row(*map(Text, row))  # not markup: names may hold brackets
        rich.console.Console().print(table)
        return
    widths = [max(map(len, cells)) for cells in zip(columns, *rows, strict=True)]
    for row in (columns, *rows):
        line = "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        print(line.rstrip())


@contextlib.contextmanager
def progress(what: str, total: int = 1) -> Iterator[Callable[..., None]]:
    """Yield a function to be called after each of `total` steps, whose progress is drawn.

    It may be given the number of steps that are done, and of all.
    """
    rich = _rich(sys.stderr)
    if rich is None:
        yield lambda *_: None
        return
    from rich.progress import Progress

    with Progress(console=rich.console.Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)

        def advance(done: int | None = None, of: int | None = None) -> None:
            bar.update(task, completed=done, total=of, advance=1 if done is None else None)

        yield advance


def _rich(stream: TextIO) -> Any:
    """Return the package rich if the stream is a terminal and it is installed, else None."""
    if not stream.isatty():
        return None
    try:
        import rich.box
        import rich.console
    except ImportError:
        return None
    return rich
