"""Find, unpack and check the Free Spoken Digit Dataset, or download it."""

import gzip
import hashlib
import os
import tarfile
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import numpy as np
from sklearn.utils import Bunch
from sklearn.utils._param_validation import StrOptions, validate_params

from skxent.datasets._recordings import make_bunch, parse_name

FOLDER_NAME = "free-spoken-digit-dataset"
ARCHIVE_NAME = "free-spoken-digit-dataset-1.0.10.tar.gz"
ARCHIVE_URL = (
    "https://github.com/Jakobovski/free-spoken-digit-dataset/archive/refs/tags/v1.0.10.tar.gz"
)
SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
N_TEST_INDICES = 5


class DataSet(NamedTuple):
    """Names of recordings, and their SHA-256 as `_digest` defines it."""

    names: tuple[str, ...]
    sha256: str


FSDD = DataSet(
    names=tuple(
        f"{digit}_{speaker}_{index}.wav"
        for digit in range(10)
        for speaker in SPEAKERS
        for index in range(50)
    ),
    # Not that of the archive, whose bytes depend on the compressor of the server that packs it.
    sha256="0fbe6612aaa20a80ef4371894a46e060038337a518fe3d4728cb7eee7caa013c",
)

DESCRIPTION = """\
Free Spoken Digit Dataset (FSDD)
================================

Real recordings of the English digits "zero" to "nine", trimmed to have little silence at both
ends.

:Number of recordings: 3000 (10 digits, 6 speakers, indices 0 to 49)
:Sample rate: 8000 Hz, mono, 16 bits
:Target: the digit, 0 to 9
:Speaker: george, jackson, lucas, nicolas, theo or yweweler
:Official split: indices 0 to 4 are the test set (300), 5 to 49 the training set (2700)

The official split has every speaker in both parts. To measure how well a model does on new
speakers, split by `speaker`, for instance with `sklearn.model_selection.LeaveOneGroupOut`.

Source: https://github.com/Jakobovski/free-spoken-digit-dataset, version 1.0.10, by Zohar
Jackson and contributors. Licence: Creative Commons Attribution-ShareAlike 4.0 International
(CC BY-SA 4.0), https://creativecommons.org/licenses/by-sa/4.0/
"""


@validate_params(
    {
        "data_home": [str, os.PathLike, None],
        "subset": [StrOptions({"all", "train", "test"})],
        "return_X_y": ["boolean"],
        "download_if_missing": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def fetch_fsdd(
    *,
    data_home: str | os.PathLike | None = None,
    subset: str = "all",
    return_X_y: bool = False,
    download_if_missing: bool = True,
) -> Bunch | tuple[list[np.ndarray], np.ndarray]:
    """Load the Free Spoken Digit Dataset, downloading it the first time.

    The data set [1]_ has 3,000 recordings of the ten English digits, 50 of each digit by each of
    six speakers, at 8 kHz, under CC BY-SA 4.0. Three places are searched, in this order:
    `data_home`, the folder that the environment variable ``SKXENT_DATA`` names, and the user's
    cache (``$XDG_CACHE_HOME/skxent``, or ``~/.cache/skxent``). The unpacked data set is searched
    for first, in all places: a folder ``recordings`` in the place itself or in a folder
    ``free-spoken-digit-dataset*`` of it. Next comes an archive
    ``free-spoken-digit-dataset*.tar.gz``. If there is neither, the archive (about 16 MB) is
    downloaded, which requires pooch: ``pip install "skxent[fetch]"``.

    An archive is unpacked into `data_home`, or into the cache if `data_home` is None or not
    writable. Every call checks that all 3,000 recordings are present and have the expected
    SHA-256.

    Parameters
    ----------
    data_home : str or path-like, default=None
        The folder to search first, and to download and unpack into. ``~`` is expanded.
    subset : {"all", "train", "test"}, default="all"
        Part of the official split: "test" has the recordings with indices 0 to 4 (300
        clips), "train" those with indices 5 to 49 (2,700 clips). Both have all speakers.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a Bunch.
    download_if_missing : bool, default=True
        Whether to download the data set if none of the places has it.

    Returns
    -------
    Bunch or (data, target)
        With these keys; all but `target_names`, `sample_rate` and `DESCR` have one entry per
        clip, in the order of digit, speaker and index.

        data : list of ndarray of shape (n_samples_of_the_clip,), float32
            The clips, in [-1, 1).
        target : ndarray of shape (n_clips,), int64
            The digit, 0 to 9.
        target_names : list of str
            The ten words, "zero" to "nine".
        speaker : ndarray of shape (n_clips,), str
            The speaker. Use it as `groups` to test on speakers that were not trained on.
        sample_rate : int
            8000 hertz.
        filenames : list of str
            The absolute paths of the wav files.
        DESCR : str
            Description of the data set, its source and its licence.

    Raises
    ------
    ValueError
        If a parameter is not one of the above, or the folder or archive that was found does
        not hold exactly the recordings of the data set.
    OSError
        If none of the places has the data set and `download_if_missing` is False, if the
        download fails, or if the destination is not writable.
    ImportError
        If the data set must be downloaded and pooch is not installed.

    See Also
    --------
    load_spoken_digits : Synthetic speech that comes with the package.

    References
    ----------
    .. [1] Z. Jackson and contributors, Free Spoken Digit Dataset, version 1.0.10,
       https://github.com/Jakobovski/free-spoken-digit-dataset

    Examples
    --------
    >>> from skxent.datasets import fetch_fsdd
    >>> digits = fetch_fsdd(subset="train")  # doctest: +SKIP
    >>> len(digits.data), sorted(set(digits.speaker))  # doctest: +SKIP
    (2700, ['george', 'jackson', 'lucas', 'nicolas', 'theo', 'yweweler'])
    """
    return fetch(
        FSDD,
        data_home=data_home,
        subset=subset,
        return_X_y=return_X_y,
        download_if_missing=download_if_missing,
    )


def fetch(
    data_set: DataSet,
    *,
    data_home: str | os.PathLike | None = None,
    subset: str = "all",
    return_X_y: bool = False,
    download_if_missing: bool = True,
) -> Bunch | tuple[list[np.ndarray], np.ndarray]:
    """Load a data set with the folders and names of the Free Spoken Digit Dataset."""
    folder, contents = find(data_set, data_home=data_home, download_if_missing=download_if_missing)
    files = {
        name: (str(folder / name), content)
        for name, content in contents.items()
        if subset == "all" or (parse_name(name).index < N_TEST_INDICES) == (subset == "test")
    }
    bunch = make_bunch(files, DESCRIPTION)
    return (bunch.data, bunch.target) if return_X_y else bunch


def find(
    data_set: DataSet,
    *,
    data_home: str | os.PathLike | None = None,
    download_if_missing: bool = True,
) -> tuple[Path, dict[str, bytes]]:
    """Return the folder of a data set's recordings, and the files in it by name, checked."""
    home = _home(data_home)
    places = _places(home)
    folder = _find_folder(places, data_set)
    if folder is None:
        archive = _find_archive(places, home, download_if_missing)
        folder = _unpack(archive, _destination(home), data_set)
    contents = _read_folder(folder, data_set)
    _check(contents, folder, data_set)
    return folder, contents


def _absolute(path: str | os.PathLike) -> Path:
    return Path(path).expanduser().absolute()


def _home(data_home: str | os.PathLike | None) -> Path | None:
    if data_home is None:
        return None
    home = _absolute(data_home)
    if home.exists() and not home.is_dir():
        raise NotADirectoryError(f"data_home must be a folder, got the file {home}")
    return home


def _cache_folder() -> Path:
    return _absolute(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "skxent"


def _places(home: Path | None) -> list[Path]:
    """Return the folders to search, in order."""
    shared = os.environ.get("SKXENT_DATA")
    candidates = [home, _absolute(shared) if shared else None, _cache_folder()]
    return list(dict.fromkeys(place for place in candidates if place is not None))


def _destination(home: Path | None) -> Path:
    """Return the folder to download and unpack into."""
    if home is None:
        return _cache_folder()
    existing = next(folder for folder in (home, *home.parents) if folder.exists())
    return home if os.access(existing, os.W_OK | os.X_OK) else _cache_folder()


def _find_folder(places: list[Path], data_set: DataSet) -> Path | None:
    """Return the first folder that holds any of the recordings, or None."""
    wanted = frozenset(data_set.names)
    for place in places:
        for candidate in (place, *sorted(place.glob(f"{FOLDER_NAME}*"))):
            recordings = candidate / "recordings"
            if recordings.is_dir() and not wanted.isdisjoint(os.listdir(recordings)):
                return recordings
    return None


def _find_archive(places: list[Path], home: Path | None, download_if_missing: bool) -> Path:
    """Return the path of the first archive, or of one that is downloaded."""
    for place in places:
        archives = sorted(place.glob(f"{FOLDER_NAME}*.tar.gz"))
        if archives:
            return archives[0]
    advice = (
        f"These folders were searched: {', '.join(map(str, places))}. Without a network, download "
        f"{ARCHIVE_URL} on another machine and save it to one of these folders as {ARCHIVE_NAME}, "
        f"or set the environment variable SKXENT_DATA to the folder that holds it."
    )
    if not download_if_missing:
        raise OSError(
            "the Free Spoken Digit Dataset was not found, and download_if_missing is False. "
            f"{advice}"
        )
    return _download(_destination(home), advice)


def _download(destination: Path, advice: str) -> Path:
    try:
        import pooch
    except ImportError as error:
        raise ImportError(
            f"the Free Spoken Digit Dataset was not found, and its download requires pooch: "
            f'pip install "skxent[fetch]". {advice}'
        ) from error
    try:
        path = pooch.retrieve(
            ARCHIVE_URL, known_hash=None, fname=ARCHIVE_NAME, path=destination, progressbar=False
        )
    except OSError as error:  # the base class of the exceptions of requests, too
        raise OSError(
            f"the Free Spoken Digit Dataset could not be downloaded: {error}. {advice}"
        ) from error
    return Path(path)


def _unpack(archive: Path, destination: Path, data_set: DataSet) -> Path:
    """Check an archive's recordings, write them below `destination` and return their folder."""
    contents = _read_archive(archive, data_set)
    _check(contents, archive, data_set)
    recordings = destination / FOLDER_NAME / "recordings"
    recordings.parent.mkdir(parents=True, exist_ok=True)
    # Written under another name and then renamed: an interrupted run leaves nothing that looks
    # like the data set, and of two runs at once, one renames first.
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=destination) as temporary:
        unfinished = Path(temporary) / "recordings"
        unfinished.mkdir()
        for name, content in contents.items():
            (unfinished / name).write_bytes(content)
        try:
            unfinished.rename(recordings)
        except OSError:
            if _find_folder([recordings.parent], data_set) is None:
                raise
    return recordings


def _read_archive(archive: Path, data_set: DataSet) -> dict[str, bytes]:
    """Read the recordings in an archive with any top folder; ignore links and other members.

    The name of a member only identifies a recording. It is never used as a path.
    """
    wanted = frozenset(data_set.names)
    contents = {}
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                path = PurePosixPath(member.name)
                if member.isreg() and path.parent.name == "recordings" and path.name in wanted:
                    contents[path.name] = tar.extractfile(member).read()
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise ValueError(
            f"{archive} is not a complete tar.gz archive ({error}): delete it and call "
            f"fetch_fsdd again"
        ) from error
    return contents


def _read_folder(folder: Path, data_set: DataSet) -> dict[str, bytes]:
    """Read the recordings in a folder; ignore other files."""
    return {
        name: (folder / name).read_bytes() for name in data_set.names if (folder / name).is_file()
    }


def _digest(contents: Mapping[str, bytes]) -> str:
    """Return the SHA-256 of all names and the SHA-256 of their contents, sorted by name."""
    total = hashlib.sha256()
    for name in sorted(contents):
        total.update(name.encode())
        total.update(hashlib.sha256(contents[name]).digest())
    return total.hexdigest()


def _check(contents: Mapping[str, bytes], source: Path, data_set: DataSet) -> None:
    """Raise an error if the contents are not exactly those of the data set."""
    names, sha256 = data_set
    missing = [name for name in names if name not in contents]
    if missing:
        problem = f"{len(missing)} of {len(names)} are missing, the first is {missing[0]}"
    elif (digest := _digest(contents)) != sha256:
        problem = f"their SHA-256 is {digest}, not {sha256}"
    else:
        return
    # A folder may be the user's own and hold other files, so it must not be deleted.
    remedy = f"move {source} away or give another data_home,"
    if not source.is_dir():
        remedy = f"delete {source}"
    raise ValueError(
        f"the recordings in {source} are not the Free Spoken Digit Dataset: {problem}; "
        f"{remedy} and call fetch_fsdd again"
    )
