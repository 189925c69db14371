"""Recordings of a folder, a table or an example, and what is wrong with them."""

import dataclasses
import hashlib
import shlex
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from skxent.cli._errors import CommandError
from skxent.cli._output import note, progress, show_list
from skxent.datasets import load_recordings
from skxent.datasets._fsdd import FSDD, find
from skxent.datasets._recordings import WORDS, parse_name
from skxent.datasets._spoken_digits import spoken_digits_folder

# Functions that return the folder of each.
_EXAMPLES = {"example:digits": spoken_digits_folder, "example:fsdd": lambda: find(FSDD)[0]}

# Below, no part of the folds would have the label. Speech is little above; more only takes longer.
MIN_CLIPS, _MAX_RATE = 3, 16000


@dataclasses.dataclass(frozen=True)
class Recordings:
    """Recordings that can be used; speakers are None where they are unknown."""

    source: str
    paths: list[str]
    labels: np.ndarray
    speakers: np.ndarray
    durations: np.ndarray
    sample_rates: np.ndarray
    problems: list[Any]

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def speaker_names(self) -> list[str]:
        """The names of the speakers that are known."""
        return sorted({speaker for speaker in self.speakers if speaker is not None})

    @property
    def groups(self) -> np.ndarray | None:
        """The speaker of each recording, or None if no speaker is known."""
        return self.speakers if self.speaker_names else None

    def take(self, indices: Any) -> "Recordings":
        """Return some of the recordings."""
        return dataclasses.replace(
            self,
            paths=[self.paths[i] for i in indices],
            labels=self.labels[indices],
            speakers=self.speakers[indices],
            durations=self.durations[indices],
            sample_rates=self.sample_rates[indices],
        )

    def describe(self) -> str:
        """Return a line on how many there are, and how long."""
        shortest, middle, longest = np.quantile(self.durations, [0, 0.5, 1])
        rates = sorted(set(self.sample_rates.tolist()))
        return (
            f"{len(self)} recordings, {len(set(self.labels))} labels, "
            f"{len(self.speaker_names) or 'no'} speakers, {middle:.2f} s long in the middle "
            f"({shortest:.2f} to {longest:.2f} s), {', '.join(map(str, rates))} Hz"
        )


def load(source: str, speaker: str = "stem") -> Recordings:
    """Return the recordings of a folder, a table or an example."""
    settings: dict[str, Any] = {"speaker": None if speaker == "none" else speaker}
    folder = source
    if source.startswith("example:"):
        if source not in _EXAMPLES:
            raise CommandError(f"no example {source!r}: there are {', '.join(_EXAMPLES)}")
        folder = str(_EXAMPLES[source]())  # type: ignore[no-untyped-call]
        settings = {
            "label": lambda path: WORDS[parse_name(path.name).digit],
            "speaker": None if speaker == "none" else lambda path: parse_name(path.name).speaker,
        }
    with progress("reading the recordings") as advance:
        found = load_recordings(folder, **settings, progress=advance)
    return Recordings(
        source,
        found.paths,
        found.labels,
        found.speakers,
        found.durations,
        found.sample_rates,
        found.problems,
    )


def show_problems(recordings: Recordings) -> None:
    """Print what was left out, and how much is worth a look (`skxent check` prints that, too)."""
    left_out = [problem for problem in recordings.problems if not problem.is_usable]
    show_list("left out", [f"{name_of(p.path, recordings)}: {p.what}" for p in left_out])
    n_suspicious = len(recordings.problems) - len(left_out)
    if n_suspicious:
        note(f"{n_suspicious} more are worth a look: skxent check {shlex.quote(recordings.source)}")


def without_silent(recordings: Recordings) -> Recordings:
    """Return the recordings to which noise can be added: silence has no signal-to-noise ratio."""
    silent = {problem.path for problem in recordings.problems if problem.what == "silent"}
    kept = [i for i, path in enumerate(recordings.paths) if path not in silent]
    if len(kept) == len(recordings):
        return recordings
    left_out = [name_of(path, recordings) for path in recordings.paths if path in silent]
    show_list("left out, as noise can't be added to silence", left_out)
    return recordings.take(kept)


def name_of(path: str, recordings: Recordings) -> str:
    """Return a path as its user knows it, below the folder that was given."""
    try:
        name = str(Path(path).relative_to(recordings.source))
    except ValueError:
        return str(path)
    return "the folder" if name == "." else name


def refuse_few(recordings: Recordings, least: int) -> None:
    """Raise an error if there are not several labels, with enough recordings each."""
    counts = Counter(recordings.labels.tolist())
    if len(counts) < 2:
        raise CommandError(
            f"{recordings.source} has recordings of {', '.join(map(repr, counts))} only, and there "
            "is nothing to tell apart: it must have a folder for each of two labels or more"
        )
    rare = [f"{name!r} has {count}" for name, count in counts.items() if count < least]
    if rare:
        raise CommandError(
            f"{recordings.source}: each label must have {least} recordings at least; "
            f"{', '.join(rare)}: record more (skxent record), or move these folders elsewhere"
        )


def choose_rate(recordings: Recordings) -> int:
    """Return the sample rate that nearly all recordings have at least, 16,000 Hz at most."""
    return int(min(np.quantile(recordings.sample_rates, 0.05, method="lower"), _MAX_RATE))


def digests(recordings: Recordings) -> list[str]:
    """Return short digests of the files, by which a model knows those of its training."""
    return [
        hashlib.blake2b(Path(path).read_bytes(), digest_size=8).hexdigest()
        for path in recordings.paths
    ]
