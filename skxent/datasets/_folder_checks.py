"""Recordings that can be used, but look like mistakes."""

import collections
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from skxent.audio._inspection import Inspection
from skxent.datasets._folder_problems import Problem

# Of full scale: -60 dB. Quiet speech is some hundred times as loud.
_SILENCE = 0.001

# A single loud sample beside an equal one is no clipping; nor is what is quieter than half.
_CLIPPED_SHARE, _CLIPPED_LEVEL = 0.01, 0.5

# Integers that were written as floats, unscaled.
_TOO_LOUD = 4.0

_SHORTEST = 0.1
_LONGEST = 20.0  # times the others' median

# Folds of scikit-learn's cross-validation.
_FEWEST = 5


class Recording(NamedTuple):
    """Path, label and speaker of a recording; None where there is none."""

    path: str
    label: str | None
    speaker: str | None


def check_recordings(
    recordings: Sequence[Recording], inspections: Sequence[Inspection], has_speakers: bool
) -> list[Problem]:
    """Return what is suspicious of single recordings, in their order."""
    has_speakers = has_speakers and any(one.speaker is not None for one in recordings)
    durations = [found.n_samples / found.sample_rate for found in inspections]
    typical = float(np.median(sorted(durations)[:-1])) if len(durations) > 1 else math.inf
    firsts: dict[tuple[bytes, int], Recording] = {}
    problems = []
    for recording, found, duration in zip(recordings, inspections, durations, strict=True):
        remarks = [*_check_sound(found, duration, typical)]
        if not _is_silent(found):  # of which any two are alike
            first = firsts.setdefault((found.digest, found.sample_rate), recording)
            if first is not recording:
                remarks.append(_compare(recording, first))
        if has_speakers and recording.speaker is None:
            remarks.append(
                ("it has no speaker", "name it after its speaker, such as anna_1.wav, if you can")
            )
        problems += [Problem(recording.path, *remark, True) for remark in remarks]
    return problems


def _check_sound(found: Inspection, duration: float, typical: float) -> Iterator[tuple[str, str]]:
    """Yield what is suspicious of a sound, and what to do."""
    peak = max(found.highest, -found.lowest)
    if _is_silent(found):
        yield "silent", "listen to it, and record it again if there is nothing"
    elif peak > _TOO_LOUD:
        what = f"louder than full scale: it has samples of {peak:.3g}, where 1 is full scale"
        yield what, "export it again, with 16 bits"
    elif found.clipped >= _CLIPPED_SHARE and peak >= _CLIPPED_LEVEL:
        what = f"clipped: {100 * found.clipped:.1f} % of its samples are at its peak"
        yield what, "listen to it, and record it again, less loud"
    if duration < _SHORTEST:
        yield f"very short: {duration:.3f} s", "listen to it: is the word whole?"
    if duration > _LONGEST * typical:
        what = f"very long: {duration:.1f} s, where others have {typical:.2f} s"
        yield what, "cut it, if it has more than one word or a long pause"


def _is_silent(found: Inspection) -> bool:
    return found.highest - found.lowest < _SILENCE


def _compare(recording: Recording, first: Recording) -> tuple[str, str]:
    """Return what to say of a recording with the same samples as another one."""
    what = f"the same sound as {first.path}"
    if recording.label != first.label:
        return f"{what}, whose label is {first.label!r}", "delete the one with the wrong label"
    return what, "delete one: in training and test at once, it makes scores too good"


def check_folder(
    source: str,
    recordings: Sequence[Recording],
    inspections: Sequence[Inspection],
    has_speakers: bool,
) -> list[Problem]:
    """Return what is suspicious of labels, speakers and sample rates as a whole."""
    remarks = [*_check_labels(recordings)]
    if has_speakers:
        remarks += _check_speakers(recordings)
    rates = collections.Counter(found.sample_rate for found in inspections)
    if len(rates) > 1:
        counts = ", ".join(f"{rate} Hz ({count})" for rate, count in sorted(rates.items()))
        advice = f"give MFCCTransformer sample_rate={min(rates)}: the others are resampled to it"
        remarks.append((f"sample rates are mixed: {counts}", advice))
    return [Problem(source, *remark, True) for remark in remarks]


def _check_labels(recordings: Sequence[Recording]) -> Iterator[tuple[str, str]]:
    """Yield what is suspicious of labels."""
    counts = collections.Counter(one.label for one in recordings if one.label is not None)
    if len(counts) == 1:
        yield f"there is one label only, {next(iter(counts))!r}", "add recordings of another label"
    spellings: dict[str, str] = {}
    for label, count in sorted(counts.items()):
        if count < _FEWEST:
            s = "" if count == 1 else "s"
            what = f"the label {label!r} has {count} recording{s} only"
            yield what, f"record more: cross-validation needs {_FEWEST} or more"
        other = spellings.setdefault(label.casefold(), label)
        if other != label:
            what = f"the labels {other!r} and {label!r} differ in upper and lower case alone"
            yield what, "rename one, if they are meant to be the same"


def _check_speakers(recordings: Sequence[Recording]) -> Iterator[tuple[str, str]]:
    """Yield what is suspicious of speakers."""
    speakers = {one.speaker for one in recordings} - {None}
    if not speakers:
        advice = "name files speaker_take.wav; without speakers, scores are those of known voices"
        yield "no recording has a speaker", advice
    if len(speakers) == 1:
        what = f"there is one speaker only, {next(iter(speakers))!r}"
        yield what, "if that is wrong, say where speakers are: speaker='folder', or a function"
        return
    by_label: dict[str, list[str | None]] = {}
    for one in recordings:
        if one.label is not None:
            by_label.setdefault(one.label, []).append(one.speaker)
    for label, some in sorted(by_label.items()):
        if len(some) > 1 and {*some} == {some[0]} != {None}:
            what = f"the label {label!r} has one speaker only, {some[0]!r}"
            yield (
                what,
                "add other speakers: it can't be told whether the label or the voice is learnt",
            )
