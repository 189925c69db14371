"""The command `skxent train`: from a folder of recordings to a model."""

import argparse
import datetime as dt
import importlib.metadata
import platform
from pathlib import Path
from typing import Any

import numpy as np

import skxent
from skxent.cli import _accuracy
from skxent.cli._arguments import add_folder, add_force, count, names
from skxent.cli._choose import Choice, Features, choose, count_fits
from skxent.cli._data import (
    MIN_CLIPS,
    Recordings,
    choose_rate,
    digests,
    load,
    refuse_few,
    show_problems,
    without_silent,
)
from skxent.cli._errors import CommandError
from skxent.cli._files import check_output
from skxent.cli._folds import make_folds
from skxent.cli._likeness import summarize
from skxent.cli._model import Model, probabilities, save
from skxent.cli._output import note, progress, show_list, show_table
from skxent.cli._pages import write_page
from skxent.cli._recipes import TASKS, Recipe, augmenter, fit, recipes

DESCRIPTION = """\
Candidates are compared by a nested cross-validation that keeps speakers apart, so that the
accuracy that is printed is that for new speakers; where it can't keep them apart, it says why.
The best candidate is trained with all recordings, and saved with what is known of it.

tasks:
  words   short words, which are told apart by the order of their sounds
  voices  voices or emotions, which are told apart by the clip as a whole
  sounds  everyday sounds, which are told apart by timbre; nothing is trimmed
With --task voices, what stands before the last underscore of a file's name is what is kept apart,
such as the word that is spoken: anna/yes_1.wav.\
"""
EXAMPLE = """\
  skxent train recordings -o words.skops --report words.html
  skxent train example:digits -o digits.skops\
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_folder(parser, "to train with")
    parser.add_argument("-o", "--output", required=True, metavar="MODEL", help="file to write")
    parser.add_argument(
        "--task", choices=TASKS, default="words", help="what is told apart (default: words)"
    )
    parser.add_argument(
        "--test-speakers",
        type=names,
        default=[],
        metavar="NAMES",
        help="speakers to test with, who are not trained with, such as anna,ben",
    )
    parser.add_argument("--report", metavar="PAGE", help="HTML page to write, to listen to")
    parser.add_argument(
        "--noise", action="store_true", help="train with a noisy copy of each recording as well"
    )
    parser.add_argument(
        "--portable",
        action="store_true",
        help="consider only what skxent export can write as an ONNX file",
    )
    parser.add_argument("--rate", type=count, metavar="HZ", help="sample rate (default: chosen)")
    parser.add_argument(
        "--jobs",
        type=count,
        default=-1,
        metavar="N",
        help="number of processes (default: one for each core)",
    )
    add_force(parser)


def run(args: argparse.Namespace) -> int:
    """Choose, train, save and report."""
    for path in filter(None, (args.output, args.report)):
        check_output(path, args.force)
    if args.report and Path(args.report).resolve() == Path(args.output).resolve():
        raise CommandError(f"{args.output} can't be both the model and its report")
    everything = load(args.folder, args.speaker)
    show_problems(everything)
    recordings, test = _set_aside(everything, args.test_speakers)
    if args.noise:
        recordings = without_silent(recordings)
    refuse_few(recordings, MIN_CLIPS)
    print(recordings.describe())
    rate = args.rate or choose_rate(recordings)
    candidates = recipes(args.task, portable=args.portable)
    folds = make_folds(recordings.labels, recordings.speakers)
    if folds.reason:
        note(
            f"speakers are not kept apart: {folds.reason}. The accuracy is for known speakers, and "
            "flatters for new ones."
        )
    features = _compute(candidates, recordings, rate, args.noise, args.jobs)
    n_fits = count_fits(len(features), folds.n_parts)
    with progress(f"comparing {len(candidates)} candidates", n_fits) as advance:
        choice = choose(
            candidates, features, recordings.labels, folds, n_jobs=args.jobs, advance=advance
        )
    _show_candidates(candidates, choice)
    about = _describe(args, recordings, rate, candidates[choice.best])
    groups = None if folds.speakers is None else recordings.speakers
    about |= _show_accuracy(recordings, choice, groups)
    with progress("training with all recordings") as advance:
        estimator = fit(
            candidates[choice.best],
            candidates,
            rate,
            recordings.paths,
            recordings.labels,
            noise=args.noise,
        )
        about["properties"] = summarize(recordings.paths, rate)
        advance()
    model = Model(estimator, about)
    if test is not None:
        about["test"] = _show_test(model, test)
    save(model, args.output)
    print(f"saved {args.output}")
    if args.report:
        write_page(args.report, recordings, choice.probabilities, choice.classes, model, groups)
        print(f"saved {args.report}")
    return 0


def _set_aside(recordings: Recordings, speakers: list[str]) -> tuple[Recordings, Recordings | None]:
    """Return the recordings to train with, and those of some speakers to test with."""
    if not speakers:
        return recordings, None
    unknown = sorted(set(speakers) - set(recordings.speaker_names))
    if unknown:
        raise CommandError(
            f"--test-speakers: there is no speaker {', '.join(unknown)}; there are "
            f"{', '.join(recordings.speaker_names) or 'none'}"
        )
    is_test = np.isin(recordings.speakers.astype(str), speakers)
    return recordings.take(np.flatnonzero(~is_test)), recordings.take(np.flatnonzero(is_test))


def _compute(
    candidates: dict[str, Recipe], recordings: Recordings, rate: float, noise: bool, n_jobs: int
) -> dict[str, Features]:
    """Return the features of each candidate, computed once for all folds.

    They do not depend on other clips, so no fold learns from another one.
    """
    clips, copies = recordings.paths, None
    if noise:
        both, *_ = augmenter(rate).fit_resample(clips, recordings.labels)
        copies = both[len(clips) :]
    single = [name for name, recipe in candidates.items() if not recipe.members]
    features = {}
    with progress("computing features", len(single)) as advance:
        for name in single:
            transformer = candidates[name].transformer(rate, cache="memory", n_jobs=n_jobs)
            features[name] = Features(
                transformer.fit_transform(clips),
                None if copies is None else transformer.transform(copies),
            )
            advance()
    return features


def _show_candidates(candidates: dict[str, Recipe], choice: Choice) -> None:
    show_table(
        ["candidate", "accuracy", "", ""],
        [
            [
                name,
                _accuracy.percent(float(choice.correct[name].mean())),
                candidates[name].what,
                "chosen" if name == choice.best else "",
            ]
            for name in candidates
            if name in choice.correct
        ],
    )
    show_list(
        "candidates that these recordings can't train",
        [f"{name}: {reason}" for name, reason in choice.failures.items()],
    )


def _show_accuracy(recordings: Recordings, choice: Choice, groups: Any) -> dict[str, Any]:
    """Print the accuracy of such a choice, and return what the model keeps of it.

    `groups` are the speakers that were kept apart, or None.
    """
    predicted = choice.classes[choice.probabilities.argmax(axis=1)]
    correct = predicted == recordings.labels
    share = _accuracy.overall(correct, groups)
    kind = "known" if groups is None else "new"
    about: dict[str, Any] = {
        "accuracy": round(share.value, 4),
        "interval": [round(share.low, 4), round(share.high, 4)],
        "accuracy_of": f"{kind} speakers",
    }
    if groups is not None:
        about["accuracy_by_speaker"] = _accuracy.by(groups, correct)
        _accuracy.show_by("new speaker", groups, correct)
    show_list("most often mistaken", _accuracy.confused(recordings.labels, predicted))
    print(
        f"accuracy for {kind} speakers: {_accuracy.write(share)}, the interval at 95 %"
        + (f" over {len(recordings.speaker_names)} speakers" if groups is not None else "")
    )
    return about


def _show_test(model: Model, test: Recordings) -> dict[str, Any]:
    """Print the accuracy on the speakers that were set aside, and return it."""
    found, reasons = probabilities(model, test.paths)
    show_list("can't be classified", list(reasons.values()))
    predicted = np.array(model.classes)[np.nan_to_num(found, nan=-1.0).argmax(axis=1)]
    correct = (predicted == test.labels) & np.isfinite(found).all(axis=1)
    share = _accuracy.overall(correct, test.speakers)
    print(f"accuracy on {', '.join(test.speaker_names)}: {_accuracy.write(share)}")
    return {"speakers": test.speaker_names, "accuracy": round(share.value, 4)}


def _describe(
    args: argparse.Namespace, recordings: Recordings, rate: float, recipe: Recipe
) -> dict[str, Any]:
    """Return what a model keeps of how it came about."""
    packages = ("scikit-learn", "numpy", "scipy", "skops")
    return {
        "task": args.task,
        "sample_rate": rate,
        "recipe": recipe.name,
        "recipe_is": recipe.what,
        "noise": args.noise,
        "labels": sorted(set(recordings.labels.tolist())),
        "n_clips": len(recordings),
        "n_speakers": len(recordings.speaker_names),
        "longest": round(float(recordings.durations.max()), 3),
        "clips": digests(recordings),
        "versions": {
            "skxent": skxent.__version__,
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in packages},
        },
        "command": args.command_line,
        "date": dt.datetime.now().astimezone().isoformat(timespec="seconds"),
    }
