"""The entry of the command: which command runs, what its errors say, and its exit status."""

import argparse
import importlib
import io
import os
import shlex
import sys
import warnings
from collections.abc import Sequence

from skxent.cli._arguments import Parser, did_you_mean
from skxent.cli._errors import CommandError

# The names of the modules that have them, with what they do.
COMMANDS = {
    "check": "what is in a folder of recordings, what is broken, what is suspicious",
    "train": "train a model with a folder of recordings",
    "predict": "classify recordings",
    "evaluate": "the accuracy of a model on recordings whose labels are known",
    "report": "an evaluation as a page to look at and listen to",
    "robustness": "the accuracy of a model in noise",
    "export": "write a model as an ONNX file, which runs without Python",
    "record": "record clips for the training with a microphone",
    "listen": "classify words as they are spoken",
}

_DESCRIPTION = """\
From a folder of recordings to a classifier that you can trust and use.

commands:
{commands}

skxent COMMAND --help explains a command, with an example.
"""

_EPILOG = """\
exit status:
  0    all is well
  1    the work was done, but there are problems: files that can't be used, for instance
  2    the work could not be done, and the reason is printed
  130  stopped with Ctrl-C

example:
  skxent train recordings -o words.skops --report words.html
  skxent predict words.skops new.wav
"""

_INTERRUPTED = 130  # what shells give for Ctrl-C


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command `skxent`.

    Results are printed to standard output, all else to standard error.

    Parameters
    ----------
    arguments : sequence of str, default=None
        What stands behind ``skxent`` on the command line. None takes it from there.

    Returns
    -------
    status : int
        0 if all is well, 1 if the work was done but there are problems, such as files that can't
        be used, 2 if the work could not be done, 130 after Ctrl-C.

    Examples
    --------
    >>> from skxent.cli import main
    >>> main(["--version"])
    skxent ...
    0
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # file names may hold what it can't encode
            stream.reconfigure(errors="backslashreplace")
    is_debugging = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning  # type: ignore[assignment]
            status = _run(arguments)
            sys.stdout.flush()  # where a closed pipe is noticed
            return status
    except SystemExit as end:  # argparse, after it has printed some help
        return int(end.code or 0)
    except KeyboardInterrupt:
        _complain("stopped: no file was left half-written")
        return _INTERRUPTED
    except BrokenPipeError:  # of what reads the results, such as head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if is_debugging:
            raise
        _complain(_describe(error))
        return 2


def _run(arguments: Sequence[str]) -> int:
    """Run the command that the first argument names."""
    parser = Parser(
        prog="skxent",
        usage="skxent COMMAND ...",
        description=_DESCRIPTION.format(
            commands="\n".join(f"  {name:12}{what}" for name, what in COMMANDS.items())
        ),
        epilog=_EPILOG,
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    parser.add_argument(
        "--debug", action="store_true", help="show where an error comes from (of any command)"
    )
    if not arguments or arguments[0].startswith("-"):
        if parser.parse_args(arguments).version:
            from skxent import __version__

            print(f"skxent {__version__}")
            return 0
        parser.print_help(sys.stderr)
        return 2
    name, *rest = arguments
    if name not in COMMANDS:
        parser.error(f"no command {name!r}{did_you_mean(name, COMMANDS)}")
    command = importlib.import_module(f"skxent.cli._{name}")
    what = COMMANDS[name]
    of_command = Parser(
        prog=f"skxent {name}",
        description=f"{what[0].upper()}{what[1:]}.\n\n{command.DESCRIPTION}",
        epilog=f"example:\n{command.EXAMPLE}",
    )
    command.add_arguments(of_command)
    as_given = argparse.Namespace(command_line=shlex.join(["skxent", *arguments]))
    status: int = command.run(of_command.parse_args(rest, as_given))
    return status


def _describe(error: Exception) -> str:
    """Return what went wrong, in a sentence."""
    if isinstance(error, CommandError | ValueError | TypeError | ImportError):
        return " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        return f"{name}{error.strerror or error}"
    return f"unexpected {type(error).__name__}: {error} (--debug shows where it comes from)"


def _show_warning(message: Warning | str, *_: object) -> None:
    """Show a warning as a line of its own, without the line of code that gave it."""
    print(f"note: {message}", file=sys.stderr)


def _complain(text: str) -> None:
    print(f"skxent: {text}", file=sys.stderr)
