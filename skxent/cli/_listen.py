"""The command `skxent listen`: words as they are spoken."""

import argparse
import contextlib
import json

from skxent.cli import _microphone, _streams
from skxent.cli._arguments import add_microphone, add_model
from skxent.cli._model import load
from skxent.cli._output import note
from skxent.cli._predict import add_raw, classify
from skxent.cli._segments import Segment, Segmenter

DESCRIPTION = """\
Cuts what a microphone records, or standard input, at its pauses, and prints a line for each word:
where it begins in seconds, its label and the probability. A note says where it does not resemble
the recordings of the training. Ctrl-C ends it. Standard input is wav, or raw samples with --rate.\
"""
EXAMPLE = """\
  skxent listen words.skops
  ffmpeg -i talk.m4a -ac 1 -f wav - | skxent listen words.skops -\
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_model(parser)
    parser.add_argument(
        "source", nargs="?", metavar="-", choices=["-"], help="listen to standard input"
    )
    add_raw(parser)
    add_microphone(parser, "word", 0.3)
    parser.add_argument(
        "--least",
        type=float,
        default=0.0,
        metavar="P",
        help="print only words of at least this probability (default: 0)",
    )
    parser.add_argument("--json", action="store_true", help="print a line of JSON for each word")


def run(args: argparse.Namespace) -> int:
    """Print a line for each word."""
    model = load(args.model)
    if args.source == "-":
        rate, stream = _streams.standard_input(args.rate, args.format)
    else:
        _microphone.require(args.device)
        rate = args.rate or model.sample_rate
        stream = _microphone.blocks(rate, args.device)
        note("listening; Ctrl-C ends it")
    longest = 2.0 * float(model.about.get("longest", 2.5))
    segmenter = Segmenter(rate, pause=args.pause, longest=longest)

    def show(segments: list[Segment]) -> None:
        for start, samples in segments:
            (row,) = classify(model, [f"{start:.2f}"], [(rate, samples)])
            best = max((row["probabilities"] or {"": 0.0}).values())
            if row["error"]:
                note(f"{start:.2f}: {row['error']}")
            elif best >= args.least:
                line = {"start": round(start, 3), "seconds": round(len(samples) / rate, 3), **row}
                text = f"{start:8.2f}  {row['label']:12}  {best:.2f}"
                text += f"  unlike the training: {row['note']}" * bool(row["note"])
                print(json.dumps(line, ensure_ascii=False) if args.json else text, flush=True)

    with contextlib.closing(stream), contextlib.suppress(KeyboardInterrupt):
        for block in stream:
            show(segmenter.push(block))
    show(segmenter.close())
    return 0
