"""Load a folder of recordings of one's own, and say what is wrong with it."""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.utils import Bunch

from skxent.audio._inspection import Inspection, inspect
from skxent.datasets._folder_checks import Recording, check_folder, check_recordings
from skxent.datasets._folder_files import FORMATS, Row, clean_text, list_rows, name_source
from skxent.datasets._folder_problems import Problem, Problems, advise, printable

_SPEAKERS = ("stem", "folder")


def load_recordings(
    folder: Any,
    *,
    label: str | Callable[[Path], Any] | None = "folder",
    speaker: str | Callable[[Path], Any] | None = "stem",
    formats: Iterable[str] | None = None,
    on_error: str = "collect",
    progress: Callable[[int, int], Any] | None = None,
) -> Bunch:
    """Load a folder of recordings: paths, labels, speakers, and what is wrong.

    Each file is decoded once, piece by piece, and only its path is kept:
    :class:`skxent.MFCCTransformer` takes paths as they are. Files that can't be used are left
    out and listed with the reason; files that can, but look like mistakes, are kept and listed.

    Parameters
    ----------
    folder : str, path-like or data frame
        - A folder with a folder for each label: ``label/speaker_take.wav`` or
          ``label/speaker/take.wav``. Hidden files and folders are ignored. Links to folders are
          followed.
        - A folder with a table ``metadata.csv``, as Hugging Face's AudioFolder has it, or the
          path of any CSV file. Its columns are "file_name" or "path" (relative to the table's
          folder), "label" and "speaker".
        - A pandas or polars data frame with such columns.
    label : "folder", callable or None, default="folder"
        Where labels come from. "folder" is the column "label" of a table that has one, and
        otherwise the folder directly below `folder`. A callable gets the path of a recording and
        returns its label. With None, recordings have no labels.
    speaker : {"stem", "folder"}, callable or None, default="stem"
        Where speakers come from. "stem" and "folder" are the column "speaker" of a table that
        has one. Otherwise, "stem" is what stands before the last ``_`` of a file's name, and
        "folder" the folder below the label's. A callable gets the path and returns the speaker,
        or None if it is unknown. With None, there are no speakers.
    formats : iterable of str, default=None
        Suffixes of the files of a folder that are recordings, in lower case and without the dot.
        None is those of the formats that can be read: wav, flac, ogg, opus, mp3, aiff and others
        and, with PyAV (``pip install "skxent[av]"``), m4a, aac, webm, wma and others.
    on_error : {"collect", "raise"}, default="collect"
        Whether recordings that can't be used are left out and listed in `problems`, or raise an
        error that names the first of them.
    progress : callable, default=None
        Called with the number of files that are decoded and the number of all, after each.

    Returns
    -------
    recordings : Bunch
        All but `problems` and `DESCR` have one entry for each recording that can be used, in the
        order of the paths, or of the table.

        paths : list of str
            Paths, to be given to :class:`skxent.MFCCTransformer`.
        labels : ndarray of shape (n_recordings,), str, or None
            Labels; None if `label` is.
        speakers : ndarray of shape (n_recordings,), object
            The speaker, a str, or None where it is unknown. `groups` of a cross-validation.
        durations : ndarray of shape (n_recordings,), float64
            In seconds.
        sample_rates : ndarray of shape (n_recordings,), int64
            In hertz.
        problems : list of named tuples
            With the fields `path`, `what` (is wrong), `advice`, and `is_usable`: False for what
            was left out, True for what was kept. The text of the list is a table, and
            ``pandas.DataFrame(problems)`` is one.
        DESCR : str
            How many recordings, labels and speakers there are, and how long they last.

    Raises
    ------
    TypeError, ValueError
        If `folder` is no folder or table, no recording in it can be used, a callable fails, or a
        parameter is invalid. With ``on_error="raise"``, also if any recording can't be used.

    See Also
    --------
    skxent.features.compare_clips : Whether clips resemble those of the training.

    Notes
    -----
    Recordings are listed in `problems`, and kept, if they

    - are silent: their highest and lowest sample differ by less than 0.001 of full scale;
    - are clipped: 1 % of their samples have the highest or lowest value of the recording, at
      half of full scale or above, and stand beside another one there;
    - are shorter than 0.1 s, or more than twenty times as long as the others' median;
    - have the same samples as another recording, whatever its format, name and label;
    - have no speaker, while others have one.

    So are labels with fewer than five recordings or a single speaker, labels that differ in
    upper and lower case alone, and several sample rates in a folder. Accents in labels and
    speakers are compared whatever their form in Unicode.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import soundfile
    >>> from skxent.datasets import load_recordings
    >>> folder = Path(tempfile.mkdtemp())
    >>> rng = np.random.default_rng(0)
    >>> for word in ("no", "yes"):
    ...     (folder / word).mkdir()
    ...     for speaker in ("anna", "ben", "cleo", "dan", "eve"):
    ...         clip = rng.uniform(-0.5, 0.5, 4000)
    ...         soundfile.write(folder / word / f"{speaker}_1.wav", clip, 8000)
    >>> _ = (folder / "yes" / "eve_1.wav").write_bytes(b"")
    >>> recordings = load_recordings(folder)
    >>> recordings.labels
    array(['no', 'no', 'no', 'no', 'no', 'yes', 'yes', 'yes', 'yes'], dtype='<U3')
    >>> recordings.speakers[:3], recordings.durations[0]
    (array(['anna', 'ben', 'cleo'], dtype=object), np.float64(0.5))
    >>> for problem in recordings.problems:
    ...     print(f"{Path(problem.path).name}: {problem.what}")
    eve_1.wav: can't be read as sound (the file is empty)
    ...: the label 'yes' has 4 recordings only
    """
    for name, value, texts in (("label", label, ("folder",)), ("speaker", speaker, _SPEAKERS)):
        if not (value is None or callable(value) or (isinstance(value, str) and value in texts)):
            raise ValueError(f"{name} must be one of {texts}, a callable or None, got {value!r}")
    if on_error not in ("collect", "raise"):
        raise ValueError(f"on_error must be 'collect' or 'raise', got {on_error!r}")
    if isinstance(formats, str):
        raise TypeError(f"formats must be a list of suffixes, such as ['{formats}'], got a text")
    suffixes = FORMATS if formats is None else {text.lower().lstrip(".") for text in formats}
    source = name_source(folder)
    notes, broken = Problems(), Problems()
    rows = list_rows(folder, suffixes, notes)
    recordings = [
        Recording(row.path, _find_label(row, label), _find_speaker(row, speaker)) for row in rows
    ]
    if speaker == "stem":
        notes += _check_depth(source, rows)
    if label is not None:
        recordings = _drop_unlabelled(recordings, broken)
    recordings, inspections = _inspect_all(recordings, broken, progress)
    if not rows:
        raise ValueError(_describe_none(source, notes))
    if not recordings or (on_error == "raise" and broken):
        count = (
            f"{len(broken)} of {len(rows)} recordings in {source} can't be used"
            if recordings
            else f"no recording in {source} can be used"
        )
        first = f"{printable(broken[0].path)}: {broken[0].what}; {broken[0].advice}"
        raise ValueError(f"{count}, the first is {first}")
    suspicious = [
        *check_recordings(recordings, inspections, has_speakers=speaker is not None),
        *check_folder(source, recordings, inspections, has_speakers=speaker is not None),
    ]
    problems = Problems([*notes, *broken, *suspicious])
    durations = np.array([found.n_samples / found.sample_rate for found in inspections])
    labels = None if label is None else np.array([recording.label for recording in recordings])
    speakers = np.empty(len(recordings), dtype=object)
    speakers[:] = [recording.speaker for recording in recordings]
    return Bunch(
        paths=[recording.path for recording in recordings],
        labels=labels,
        speakers=speakers,
        durations=durations,
        sample_rates=np.array([found.sample_rate for found in inspections], dtype=np.int64),
        problems=problems,
        DESCR=_describe(source, recordings, durations, problems),
    )


def _find_label(row: Row, label: str | Callable[[Path], Any] | None) -> str | None:
    if callable(label):
        return _call("label", label, row.path)
    if label is None:
        return None
    if "label" in row.columns:
        return row.columns["label"]
    return clean_text(row.parts[0]) if len(row.parts) > 1 else None


def _find_speaker(row: Row, speaker: str | Callable[[Path], Any] | None) -> str | None:
    if callable(speaker):
        return _call("speaker", speaker, row.path)
    if speaker is None:
        return None
    if "speaker" in row.columns:
        return row.columns["speaker"]
    if speaker == "folder":
        return clean_text(row.parts[1]) if len(row.parts) > 2 else None
    return clean_text(Path(row.path).stem.rpartition("_")[0])


def _check_depth(source: str, rows: list[Row]) -> list[Problem]:
    """Return whether speakers may be folders, where they are taken from the names of files."""
    deep = [row for row in rows if len(row.parts) > 2 and "speaker" not in row.columns]
    if not deep:
        return []
    count = "1 recording lies" if len(deep) == 1 else f"{len(deep)} recordings lie"
    what = f"{count} in a folder below the label's, as {deep[0].path}"
    return [Problem(source, what, "if such folders are speakers, give speaker='folder'", True)]


def _call(name: str, function: Callable[[Path], Any], path: str) -> str | None:
    """Return what a callable says of a path, as a text."""
    try:
        return clean_text(function(Path(path)))
    except Exception as error:
        raise ValueError(f"{name} failed for {path}: {type(error).__name__}: {error}") from error


def _drop_unlabelled(recordings: list[Recording], problems: Problems) -> list[Recording]:
    """Return the recordings that have a label, and note the others."""
    what = "it has no label"
    advice = "move it into the folder of its label, or fill in the column 'label' of its table"
    kept = []
    for recording in recordings:
        if recording.label is None:
            problems.append(Problem(recording.path, what, advice, False))
        else:
            kept.append(recording)
    return kept


def _inspect_all(
    recordings: list[Recording],
    problems: Problems,
    progress: Callable[[int, int], Any] | None,
) -> tuple[list[Recording], list[Inspection]]:
    """Return the recordings that can be used, and what they hold; note the others."""
    kept, inspections = [], []
    for number, recording in enumerate(recordings, start=1):
        try:
            inspections.append(inspect(recording.path))
            kept.append(recording)
        except ValueError as error:
            reason = str(error)
            problems.append(Problem(recording.path, reason, advise(reason), False))
        if progress is not None:
            progress(number, len(recordings))
    return kept, inspections


def _describe_none(source: str, notes: Problems) -> str:
    """Return why a folder without recordings can't be used."""
    found = f" ({notes[0].what})" if notes else ""
    return (
        f"there are no recordings in {source}{found}: make a folder in it for each label, with "
        "files such as label/speaker_take.wav"
    )


def _describe(source: str, recordings: list[Recording], durations: Any, problems: Problems) -> str:
    """Return how many recordings, labels and speakers there are, and how many problems."""
    labels = Counter(recording.label for recording in recordings if recording.label is not None)
    speakers = {recording.speaker for recording in recordings} - {None}
    n_left_out = sum(not problem.is_usable for problem in problems)
    names = ", ".join(f"{name} ({count})" for name, count in labels.items())
    return "\n".join(
        [
            f"Recordings of {source}",
            "",
            f":Number of recordings: {len(recordings)}, {durations.sum() / 60:.1f} minutes",
            f":Labels: {names or 'none'}",
            f":Number of speakers: {len(speakers)}",
            f":Left out: {n_left_out}, see `problems`",
        ]
    )
