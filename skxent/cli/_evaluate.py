"""The command `skxent evaluate`: the accuracy of a model on recordings with labels."""

import argparse
import json
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skxent.cli import _accuracy
from skxent.cli._arguments import add_folder, add_force, add_model
from skxent.cli._data import Recordings, digests, show_problems
from skxent.cli._data import load as load_recordings
from skxent.cli._errors import CommandError
from skxent.cli._files import check_output
from skxent.cli._model import Model, load, probabilities
from skxent.cli._output import note, progress, show_list
from skxent.cli._pages import write_page

DESCRIPTION = """\
Prints the accuracy with its interval, which is one over speakers where these are known, and the
accuracy for each label and speaker. Recordings that were trained with are left out, since their
accuracy says nothing about new ones. The exit status is 1 if recordings can't be used.\
"""
EXAMPLE = """\
  skxent evaluate words.skops new_recordings --report new.html\
"""


class Evaluation(NamedTuple):
    """Recordings that were classified, and the probabilities; whether others could not be."""

    recordings: Recordings
    probabilities: NDArray[np.float64]
    predicted: NDArray[np.str_]
    has_problems: bool

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Whether each recording's likeliest label is its own."""
        return np.asarray(self.predicted == self.recordings.labels)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_model(parser)
    add_folder(parser, "whose labels are known")
    parser.add_argument("--report", metavar="PAGE", help="HTML page to write, to listen to")
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_trained(parser)
    add_force(parser)


def add_trained(parser: argparse.ArgumentParser) -> None:
    """Add leave to evaluate recordings of the training."""
    parser.add_argument(
        "--trained",
        action="store_true",
        help="evaluate the recordings that were trained with, too",
    )


def run(args: argparse.Namespace) -> int:
    """Print the accuracy."""
    if args.report:
        check_output(args.report, args.force)
    model = load(args.model)
    evaluation = evaluate(model, args.folder, args.speaker, args.trained)
    if args.json:
        print(json.dumps(_summarize(evaluation), indent=1, ensure_ascii=False))
    else:
        _show(evaluation)
    if args.report:
        write_report(args.report, model, evaluation)
    return int(evaluation.has_problems)


def evaluate(model: Model, source: str, speaker: str, with_trained: bool) -> Evaluation:
    """Return the probabilities of recordings with labels."""
    found = load_recordings(source, speaker)
    show_problems(found)
    recordings = new_recordings(model, found, with_trained)
    unknown = sorted(set(recordings.labels.tolist()) - set(model.classes))
    if unknown:
        note(
            f"the model knows no {', '.join(map(repr, unknown))}, and is wrong where these are: it "
            f"knows {', '.join(map(repr, model.classes))}"
        )
    with progress("classifying"):
        values, reasons = probabilities(model, recordings.paths)
    show_list("can't be classified", list(reasons.values()))
    usable = np.array([i for i in range(len(recordings)) if i not in reasons], dtype=np.intp)
    if not len(usable):
        raise CommandError(f"no recording in {source} can be classified")
    has_problems = bool(reasons) or any(not problem.is_usable for problem in found.problems)
    values = values[usable]
    predicted = np.array(model.classes)[values.argmax(axis=1)]
    return Evaluation(recordings.take(usable), values, predicted, has_problems)


def new_recordings(model: Model, recordings: Recordings, with_trained: bool) -> Recordings:
    """Return the recordings that the model was not trained with, or all if they are wanted."""
    known = set(model.about.get("clips", []))
    is_trained = np.array([digest in known for digest in digests(recordings)])
    n_trained = int(is_trained.sum())
    if not n_trained:
        return recordings
    if with_trained:
        note(f"{n_trained} of them were trained with, which flatters the accuracy")
        return recordings
    if n_trained == len(recordings):
        raise CommandError(
            f"the model was trained with all recordings of {recordings.source}, so that their "
            "accuracy would say nothing about new ones; with --trained it is computed all the same"
        )
    note(f"left out: {n_trained} recordings that the model was trained with")
    return recordings.take(np.flatnonzero(~is_trained))


def write_report(path: str, model: Model, evaluation: Evaluation) -> None:
    """Write the page on an evaluation."""
    recordings = evaluation.recordings
    write_page(path, recordings, evaluation.probabilities, model.classes, model, recordings.groups)
    note(f"saved {path}")


def _show(evaluation: Evaluation) -> None:
    recordings, correct = evaluation.recordings, evaluation.correct
    print(recordings.describe())
    _accuracy.show_by("label", recordings.labels, correct)
    if recordings.groups is not None:
        _accuracy.show_by("speaker", recordings.groups, correct)
    show_list("most often mistaken", _accuracy.confused(recordings.labels, evaluation.predicted))
    share = _accuracy.overall(correct, recordings.groups)
    print(f"accuracy: {_accuracy.write(share)}, the interval at 95 %")


def _summarize(evaluation: Evaluation) -> dict[str, Any]:
    recordings, correct = evaluation.recordings, evaluation.correct
    share = _accuracy.overall(correct, recordings.groups)
    return {
        "accuracy": share.value,
        "interval": [share.low, share.high],
        "n_recordings": len(recordings),
        "by_label": _accuracy.by(recordings.labels, correct),
        "by_speaker": _accuracy.by(recordings.speakers, correct),
    }
