"""The command `skxent check`: what is in a folder of recordings, and what is wrong with it."""

import argparse
import json
import zipfile
from collections import Counter
from typing import Any

from skxent.cli._arguments import add_folder
from skxent.cli._data import Recordings, load
from skxent.cli._folds import why_not_apart
from skxent.cli._output import show_table

DESCRIPTION = """\
Reads each recording to its end. Files that can't be used are listed with the reason and what to do,
and so is what can be used but looks like a mistake: silent, clipped, very short or long, the same
recording twice, labels with few recordings. Nothing is changed. The exit status is 1 if anything is
listed. For a model it prints what the model knows of itself.\
"""
EXAMPLE = """\
  skxent check recordings
  skxent check words.skops\
"""

# What problems advise to users of the function, and what to say to those of the command.
_ADVICE = {
    "give speaker='folder'": "say --speaker folder",
    "give their suffixes as formats": "convert them to wav",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_folder(parser, "to look through, or the file of a model")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(args: argparse.Namespace) -> int:
    """Print what is there."""
    if args.folder.endswith(".skops") or zipfile.is_zipfile(args.folder):
        return _show_model(args.folder)
    recordings = load(args.folder, args.speaker)
    if args.json:
        print(json.dumps(_summarize(recordings), indent=1, ensure_ascii=False))
    else:
        _show(recordings)
    return int(bool(recordings.problems))


def _show(recordings: Recordings) -> None:
    print(recordings.describe())
    counts = Counter(recordings.labels.tolist())
    show_table(["label", "recordings"], [[name, str(n)] for name, n in sorted(counts.items())])
    if len(counts) > 1:
        reason = why_not_apart(recordings.labels, recordings.speakers)
        print(
            f"speakers can't be kept apart: {reason}"
            if reason
            else f"speakers can be kept apart: {', '.join(recordings.speaker_names)}"
        )
    text = str(recordings.problems)
    for of_python, of_command in _ADVICE.items():
        text = text.replace(of_python, of_command)
    print(f"\n{text}")


def _summarize(recordings: Recordings) -> dict[str, Any]:
    return {
        "n_recordings": len(recordings),
        "labels": dict(sorted(Counter(recordings.labels.tolist()).items())),
        "speakers": recordings.speaker_names,
        "seconds": round(float(recordings.durations.sum()), 3),
        "sample_rates": sorted(set(recordings.sample_rates.tolist())),
        "problems": [problem._asdict() for problem in recordings.problems],
    }


def _show_model(path: str) -> int:
    from skxent.cli._model import load as load_model

    about = dict(load_model(path).about)
    for name in ("clips", "properties"):  # for machines
        about.pop(name, None)
    print(json.dumps(about, indent=1, ensure_ascii=False))
    return 0
