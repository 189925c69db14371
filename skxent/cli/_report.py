"""The command `skxent report`: an evaluation as a page."""

import argparse

from skxent.cli._arguments import add_folder, add_force, add_model
from skxent.cli._evaluate import add_trained, evaluate, write_report
from skxent.cli._files import check_output
from skxent.cli._model import load

DESCRIPTION = """\
The page is one file that needs no network. It has the accuracy, the mistakes to listen to, and
labels that may be wrong. skxent train --report writes the page on the training itself.\
"""
EXAMPLE = """\
  skxent report words.skops new_recordings -o new.html\
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_model(parser)
    add_folder(parser, "whose labels are known")
    parser.add_argument("-o", "--output", required=True, metavar="PAGE", help="file to write")
    add_trained(parser)
    add_force(parser)


def run(args: argparse.Namespace) -> int:
    """Write the page."""
    check_output(args.output, args.force)
    model = load(args.model)
    evaluation = evaluate(model, args.folder, args.speaker, args.trained)
    write_report(args.output, model, evaluation)
    return int(evaluation.has_problems)
