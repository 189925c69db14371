"""The command `skxent predict`: labels and probabilities of recordings."""

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from skxent.cli._arguments import add_model, count
from skxent.cli._errors import CommandError
from skxent.cli._likeness import find_unlike
from skxent.cli._model import Model, load, probabilities
from skxent.cli._output import show_table
from skxent.cli._sounds import RAW, list_clips
from skxent.features._properties import measure

DESCRIPTION = """\
Prints one row for each recording: its label, the probabilities, and a note if it does not resemble
the recordings of the training (in duration, level, pauses, noise, bandwidth or clipping), since the
probabilities can't be trusted then. A file that can't be used has a row with the reason, and the
exit status is 1.\
"""
EXAMPLE = """\
  skxent predict words.skops new.wav
  skxent predict words.skops recordings --csv > labels.csv
  ffmpeg -i talk.m4a -f wav - | skxent predict words.skops -
  arecord -f S16_LE -r 16000 -d 2 -t raw | skxent predict words.skops - --rate 16000\
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_model(parser)
    parser.add_argument(
        "sources",
        nargs="+",
        metavar="FILE",
        help="sound files, folders of them, or - for standard input",
    )
    parser.add_argument(
        "--top", type=count, default=1, metavar="N", help="number of labels to print (default: 1)"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="print CSV, with all probabilities")
    form.add_argument("--json", action="store_true", help="print JSON, with all probabilities")
    add_raw(parser)


def add_raw(parser: argparse.ArgumentParser) -> None:
    """Add the form of raw samples in standard input."""
    parser.add_argument(
        "--rate", type=count, metavar="HZ", help="standard input is raw samples at this rate"
    )
    parser.add_argument(
        "--format",
        choices=[*RAW],
        default="s16le",
        help="format of raw samples, one channel (default: s16le)",
    )


def run(args: argparse.Namespace) -> int:
    """Print the rows."""
    if args.sources.count("-") > 1:
        raise CommandError("- stands for standard input, and can be given once only")
    if args.rate is not None and "-" not in args.sources:
        raise CommandError("--rate is for samples from standard input: give - for them")
    model = load(args.model)
    with list_clips(args.sources, args.rate, args.format) as (shown, clips):
        rows = classify(model, shown, clips)
    if args.json:
        print(json.dumps(rows, indent=1, ensure_ascii=False))
    elif args.csv:
        _print_csv(rows, model.classes)
    else:
        _print_table(rows, args.top)
    return int(any(row["error"] for row in rows))


def classify(model: Model, shown: Sequence[str], clips: Sequence[Any]) -> list[dict[str, Any]]:
    """Return a row for each clip: file, label, probabilities, note and error, as JSON has them."""
    table, broken = measure(clips, model.sample_rate, "warn")
    reasons = {number: _without_name(reason) for number, reason in broken.items()}
    usable = [number for number in range(len(clips)) if number not in reasons]
    found, failed = probabilities(model, [clips[number] for number in usable])
    by_number = dict(zip(usable, found, strict=True))
    reasons |= {usable[i]: _without_name(reason) for i, reason in failed.items()}
    notes = find_unlike(table, model.about.get("properties", {}))
    classes = model.classes
    rows = []
    for number, name in enumerate(shown):
        row: dict[str, Any] = {"file": name, "label": None, "probabilities": None}
        if number not in reasons:
            values = by_number[number]
            row["label"] = classes[int(np.argmax(values))]
            row["probabilities"] = {
                label: round(float(value), 6) for label, value in zip(classes, values, strict=True)
            }
        row["note"] = notes.get(number, "")
        row["error"] = reasons.get(number, "")
        rows.append(row)
    return rows


def _without_name(reason: str) -> str:
    """Return what is wrong with a clip, which its row names already."""
    begin, _, rest = reason.partition(": ")
    return rest if begin.startswith("clip ") else reason


def _print_csv(rows: Sequence[dict[str, Any]], classes: Sequence[str]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["file", "label", *classes, "note", "error"])
    for row in rows:
        values = row["probabilities"] or dict.fromkeys(classes, "")
        writer.writerow(
            [row["file"], row["label"] or "", *values.values(), row["note"], row["error"]]
        )


def _print_table(rows: Sequence[dict[str, Any]], n_shown: int) -> None:
    lines = []
    for row in rows:
        if row["error"]:
            lines.append([row["file"], "can't be used", row["error"]])
            continue
        by_value = sorted(row["probabilities"].items(), key=lambda item: -item[1])
        best = ", ".join(f"{label} {value:.2f}" for label, value in by_value[:n_shown])
        lines.append([row["file"], best, f"unlike the training: {row['note']}" * bool(row["note"])])
    show_table(["file", "label", ""], lines)
