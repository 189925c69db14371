"""The Free Spoken Digit Dataset: found, unpacked and checked, or downloaded."""

import gzip
import hashlib
import os
import tarfile
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

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
RECORDING_NAMES = tuple(
    f"{digit}_{speaker}_{index}.wav"
    for digit in range(10)
    for speaker in SPEAKERS
    for index in range(50)
)
# Of the recordings, as `_digest` defines it: the archive's own bytes change with the compressor
# of the server that packs it, the recordings do not.
RECORDINGS_SHA256 = "0fbe6612aaa20a80ef4371894a46e060038337a518fe3d4728cb7eee7caa013c"
N_TEST_INDICES = 5

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

The official split has every speaker in both halves. To know how a model does on a new
speaker, split by `speaker`, for instance with `sklearn.model_selection.LeaveOneGroupOut`.

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
    """Load the Free Spoken Digit Dataset, and download it the first time.

    3,000 recordings [1]_ of the ten English digits by six speakers, 50 each, at 8 kHz, under
    CC BY-SA 4.0. Three places are searched, in this order: `data_home`, the folder that the
    environment variable ``SKXENT_DATA`` names, and the user's cache (``$XDG_CACHE_HOME/skxent``,
    or ``~/.cache/skxent``). In all of them the unpacked data set is looked for first: the place
    itself or a folder ``free-spoken-digit-dataset*`` in it, with the folder ``recordings``; then
    an archive ``free-spoken-digit-dataset*.tar.gz``. If there is neither, the archive (about 16
    MB) is downloaded, which needs pooch: ``pip install "skxent[fetch]"``.

    An archive is unpacked into `data_home`, or into the cache if `data_home` is None or cannot
    be written to. Every call checks that all 3,000 recordings are there and have the expected
    SHA-256.

    Parameters
    ----------
    data_home : str or path-like, default=None
        The folder to look into first, and to download and unpack into; ``~`` is expanded.
    subset : {"all", "train", "test"}, default="all"
        The official split: "test" has the recordings with the indices 0 to 4 (300 clips),
        "train" those with 5 to 49 (2,700 clips). Both have all speakers.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` in place of the Bunch.
    download_if_missing : bool, default=True
        Whether to download the data set if it is in none of the places.

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
            Who speaks: use it as `groups`, to test on speakers that were not trained on.
        sample_rate : int
            8000 hertz.
        filenames : list of str
            The absolute paths of the wav files.
        DESCR : str
            What the data set is, where it comes from, and its licence.

    Raises
    ------
    ValueError
        If a parameter is not one of the above, or if the folder or archive that was found does
        not hold exactly the recordings of the data set.
    OSError
        If the data set is in none of the places and `download_if_missing` is False, or the
        download failed, or `data_home` can't be written to.
    ImportError
        If it has to be downloaded and pooch is not installed.

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
    home = _home(data_home)
    places = _places(home)
    folder = _find_folder(places)
    if folder is None:
        folder = _unpack(_find_archive(places, home, download_if_missing), _destination(home))
    contents = _read_folder(folder)
    _check(contents, folder)
    files = {
        name: (str(folder / name), content)
        for name, content in contents.items()
        if subset == "all" or (parse_name(name).index < N_TEST_INDICES) == (subset == "test")
    }
    bunch = make_bunch(files, DESCRIPTION)
    return (bunch.data, bunch.target) if return_X_y else bunch


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
    """List the folders to search, the first one first."""
    shared = os.environ.get("SKXENT_DATA")
    candidates = [home, _absolute(shared) if shared else None, _cache_folder()]
    return list(dict.fromkeys(place for place in candidates if place is not None))


def _destination(home: Path | None) -> Path:
    """Give the folder to download and unpack into."""
    if home is None:
        return _cache_folder()
    existing = next(folder for folder in (home, *home.parents) if folder.exists())
    return home if os.access(existing, os.W_OK | os.X_OK) else _cache_folder()


def _find_folder(places: list[Path]) -> Path | None:
    """Give the first folder of recordings; a folder of other recordings is not taken for it."""
    wanted = frozenset(RECORDING_NAMES)
    for place in places:
        for candidate in (place, *sorted(place.glob(f"{FOLDER_NAME}*"))):
            recordings = candidate / "recordings"
            if recordings.is_dir() and not wanted.isdisjoint(os.listdir(recordings)):
                return recordings
    return None


def _find_archive(places: list[Path], home: Path | None, download_if_missing: bool) -> Path:
    """Give the first archive, or download it."""
    for place in places:
        archives = sorted(place.glob(f"{FOLDER_NAME}*.tar.gz"))
        if archives:
            return archives[0]
    advice = (
        f"It was looked for in {', '.join(map(str, places))}. Without a network, get {ARCHIVE_URL} "
        f"on another machine and put it into one of these folders under the name {ARCHIVE_NAME}, "
        f"or let the environment variable SKXENT_DATA name the folder that it is in."
    )
    if not download_if_missing:
        raise OSError(
            f"the Free Spoken Digit Dataset was not found, and download_if_missing is False. "
            f"{advice}"
        )
    return _download(_destination(home), advice)


def _download(destination: Path, advice: str) -> Path:
    try:
        import pooch
    except ImportError as error:
        raise ImportError(
            f"the Free Spoken Digit Dataset was not found, and pooch, which downloads it, is not "
            f'installed: pip install "skxent[fetch]". {advice}'
        ) from error
    try:
        path = pooch.retrieve(
            ARCHIVE_URL, known_hash=None, fname=ARCHIVE_NAME, path=destination, progressbar=False
        )
    except OSError as error:  # the exceptions of requests are among them
        raise OSError(
            f"the Free Spoken Digit Dataset could not be downloaded: {error}. {advice}"
        ) from error
    return Path(path)


def _unpack(archive: Path, destination: Path) -> Path:
    """Write an archive's recordings to `destination`; give their folder.

    They are checked, written to a folder with another name, and renamed: an interrupted run
    leaves nothing that looks like the data set, and of two runs at once one renames first.
    """
    contents = _read_archive(archive)
    _check(contents, archive)
    recordings = destination / FOLDER_NAME / "recordings"
    recordings.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=destination) as temporary:
        unfinished = Path(temporary) / "recordings"
        unfinished.mkdir()
        for name, content in contents.items():
            (unfinished / name).write_bytes(content)
        try:
            unfinished.rename(recordings)
        except OSError:
            if _find_folder([recordings.parent]) is None:
                raise
    return recordings


def _read_archive(archive: Path) -> dict[str, bytes]:
    """Read the recordings out of an archive, whatever its top folder is called.

    A member's name only says which recording it is: it never becomes a path. Links, and
    everything that is no recording, are passed over.
    """
    wanted = frozenset(RECORDING_NAMES)
    contents = {}
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                path = PurePosixPath(member.name)
                if member.isreg() and path.parent.name == "recordings" and path.name in wanted:
                    contents[path.name] = tar.extractfile(member).read()
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise ValueError(
            f"{archive} is no complete tar.gz archive ({error}): delete it and call fetch_fsdd "
            f"again"
        ) from error
    return contents


def _read_folder(folder: Path) -> dict[str, bytes]:
    """Read the recordings of a folder; other files in it are passed over."""
    return {
        name: (folder / name).read_bytes() for name in RECORDING_NAMES if (folder / name).is_file()
    }


def _digest(contents: Mapping[str, bytes]) -> str:
    """Give the SHA-256 over each name and the SHA-256 of its content, sorted by name."""
    total = hashlib.sha256()
    for name in sorted(contents):
        total.update(name.encode())
        total.update(hashlib.sha256(contents[name]).digest())
    return total.hexdigest()


def _check(contents: Mapping[str, bytes], source: Path) -> None:
    """Refuse what is not exactly the data set."""
    missing = [name for name in RECORDING_NAMES if name not in contents]
    if missing:
        problem = f"{len(missing)} of {len(RECORDING_NAMES)} are missing, the first is {missing[0]}"
    elif (digest := _digest(contents)) != RECORDINGS_SHA256:
        problem = f"their SHA-256 is {digest}, not {RECORDINGS_SHA256}"
    else:
        return
    # A folder may be the user's own, and hold more than this.
    remedy = f"move {source} away or give another data_home,"
    if not source.is_dir():
        remedy = f"delete {source}"
    raise ValueError(
        f"the recordings in {source} are not the Free Spoken Digit Dataset: {problem}; "
        f"{remedy} and call fetch_fsdd again"
    )
