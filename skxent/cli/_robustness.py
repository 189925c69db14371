"""The command `skxent robustness`: the accuracy of a model in noise."""

import argparse
import json
import math

from skxent.augmentation import robustness_curve
from skxent.cli import _accuracy
from skxent.cli._arguments import add_folder, add_model, ratios
from skxent.cli._data import load as load_recordings
from skxent.cli._data import show_problems, without_silent
from skxent.cli._errors import CommandError
from skxent.cli._evaluate import add_trained, new_recordings
from skxent.cli._model import load
from skxent.cli._output import progress, show_table

DESCRIPTION = """\
Adds noise to the recordings, and prints the accuracy at each signal-to-noise ratio: the mean over
white, pink and brown noise and babble. Recordings that were trained with are left out.\
"""
EXAMPLE = """\
  skxent robustness words.skops new_recordings --snr 0,10,20\
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_model(parser)
    add_folder(parser, "whose labels are known")
    parser.add_argument(
        "--snr",
        type=ratios,
        default=[0.0, 5.0, 10.0, 20.0],
        metavar="DECIBELS",
        help="signal-to-noise ratios, as 0,10,20 or --snr=-5,0 (default: 0,5,10,20)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    add_trained(parser)


def run(args: argparse.Namespace) -> int:
    """Print the accuracies."""
    model = load(args.model)
    found = load_recordings(args.folder, args.speaker)
    show_problems(found)
    recordings = new_recordings(model, found, args.trained)
    audible = without_silent(recordings)
    has_problems = len(audible) < len(recordings) or any(not p.is_usable for p in found.problems)
    recordings = audible
    if not len(recordings):
        raise CommandError(f"there is nothing but silence in {args.folder}")
    groups = None
    if recordings.speaker_names:
        groups = [name or f"(unknown {i})" for i, name in enumerate(recordings.speakers)]
    with progress("adding noise"):
        curve = robustness_curve(
            model.estimator,
            recordings.paths,
            recordings.labels,
            snr=[*args.snr, math.inf],
            sample_rate=model.sample_rate,
            groups=groups,
        )
    names = [*(f"{ratio:g} dB" for ratio in args.snr), "no noise"]
    if args.json:
        rows = {"snr": names, "mean": curve.scores.tolist()}
        for noise, scores in zip(curve.effect_names, curve.effect_scores, strict=True):
            rows[noise] = scores.tolist()
        print(json.dumps(rows, indent=1))
        return int(has_problems)
    columns = [curve.scores, *curve.effect_scores]
    show_table(
        ["noise", "accuracy", *curve.effect_names],
        [
            [name, *(_accuracy.percent(float(column[i])) for column in columns)]
            for i, name in enumerate(names)
        ],
    )
    return int(has_problems)
