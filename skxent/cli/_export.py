"""The command `skxent export`: a model as an ONNX file."""

import argparse

from skxent.cli._arguments import add_force, add_model
from skxent.cli._errors import CommandError
from skxent.cli._files import check_output, writing
from skxent.cli._model import load

DESCRIPTION = """\
The file takes the samples of a clip and returns the label and the probabilities, in any program
that runs ONNX: on a phone, in a browser, in C++ or C#. Only some models can be written so: train
with --portable.\
"""
EXAMPLE = """\
  skxent train recordings -o words.skops --portable
  skxent export words.skops words.onnx\
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_model(parser)
    parser.add_argument("output", metavar="ONNX", help="file to write")
    add_force(parser)


def run(args: argparse.Namespace) -> int:
    """Write the file."""
    check_output(args.output, args.force)
    model = load(args.model)
    try:
        from skxent.export import to_onnx

        with writing(args.output):
            to_onnx(model.estimator, args.output)
    except ImportError as error:
        raise CommandError(
            f'an export needs the package {error.name}: pip install "skxent[onnx]"'
        ) from error
    except (TypeError, ValueError) as error:
        raise CommandError(
            f"{error}. Train a model with --portable, which considers only what can be exported"
        ) from error
    print(
        f"saved {args.output}: takes samples at {model.sample_rate:g} Hz, and returns the label "
        f"and the probabilities of {', '.join(model.classes)}"
    )
    return 0
