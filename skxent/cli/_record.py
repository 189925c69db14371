"""The command `skxent record`: clips for the training, with a microphone."""

import argparse
import contextlib
import sys
from functools import partial
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from skxent.cli import _microphone
from skxent.cli._arguments import add_microphone, count
from skxent.cli._errors import CommandError
from skxent.cli._files import write_whole
from skxent.cli._output import note
from skxent.cli._segments import Segmenter

DESCRIPTION = """\
Waits for a word, cuts it out at its pauses, plays it, and writes it to FOLDER/LABEL/SPEAKER_1.wav,
_2.wav and so on; no file is replaced. On a terminal it shows the level, and asks whether to keep
what was played. Ctrl-C ends it, and what was kept stays.\
"""
EXAMPLE = """\
  skxent record recordings --label yes --speaker anna --count 10\
"""

_LOUD, _QUIET = -1.0, -40.0  # of full scale, in decibels: peaks above, and levels below, are noted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("folder", metavar="FOLDER", help="folder of the recordings")
    parser.add_argument("--label", required=True, help="what is spoken")
    parser.add_argument("--speaker", required=True, help="who speaks")
    parser.add_argument("--count", type=count, default=10, help="number of clips (default: 10)")
    parser.add_argument(
        "--rate", type=count, default=16000, metavar="HZ", help="sample rate (default: 16000)"
    )
    add_microphone(parser, "clip", 0.5)
    parser.add_argument("--no-playback", action="store_true", help="don't play the clips")


def run(args: argparse.Namespace) -> int:
    """Record, and write the clips."""
    for name, text in (("--label", args.label), ("--speaker", args.speaker)):
        if not text.strip() or text.startswith(".") or set(text) & set('/\\:*?"<>|'):
            raise CommandError(f"{name} {text!r} can't be part of a file's name")
    _microphone.require(args.device)
    folder = Path(args.folder) / args.label
    n_kept = 0
    while n_kept < args.count:
        path = _free_name(folder, args.speaker)
        note(f"{args.label!r}, {n_kept + 1} of {args.count}: speak now")
        clip = _record_clip(args.rate, args.pause, args.device)
        if not args.no_playback:
            _microphone.play(clip, args.rate)
        if not _is_kept(path, clip, args.rate):
            continue
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(str(path), partial(_write_wav, clip=clip, rate=args.rate))
        print(path, flush=True)
        n_kept += 1
    return 0


def _record_clip(rate: int, pause: float, device: str | None) -> NDArray[np.float32]:
    """Return the first stretch of sound that a microphone records, and show the level."""
    segmenter = Segmenter(rate, pause=pause)
    with contextlib.closing(_microphone.blocks(rate, device)) as stream:
        for block in stream:
            found = segmenter.push(block)
            _show_level(segmenter.level)
            if found:
                return found[0].samples
    raise CommandError("the microphone stopped before a word was spoken")


def _write_wav(path: str, clip: NDArray[np.float32], rate: int) -> None:
    soundfile.write(path, clip, rate, format="WAV", subtype="PCM_16")


def _free_name(folder: Path, speaker: str) -> Path:
    """Return the name of the speaker's next take: no file has it."""
    number = 1
    while (path := folder / f"{speaker}_{number}.wav").exists():
        number += 1
    return path


def _is_kept(path: Path, clip: NDArray[np.float32], rate: int) -> bool:
    """Say what was recorded, and ask on a terminal whether to keep it."""
    peak, level = (
        20.0 * np.log10(max(float(value), 1e-6))
        for value in (np.abs(clip).max(), np.sqrt(np.mean(clip**2)))
    )
    remark = ""
    if peak > _LOUD:
        remark = ", too loud: move away from the microphone"
    elif level < _QUIET:
        remark = ", too quiet: come closer to the microphone"
    note(f"\r{path.name}: {len(clip) / rate:.2f} s, {level:.0f} dB{remark}")
    if not sys.stdin.isatty():
        return True
    return input("Enter keeps it, r records it again: ").strip().lower() != "r"


def _show_level(level: float) -> None:
    """Draw the level on a terminal."""
    if sys.stderr.isatty():
        n_marks = int(np.clip((level + 60.0) / 2.0, 0.0, 30.0))
        print(f"\r  {'=' * n_marks:30} {max(level, -99.0):4.0f} dB", end="", file=sys.stderr)
