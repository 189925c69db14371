"""What X may be, guessed sizes of clips, and errors that name the clip."""

import os
import stat
import warnings
from collections.abc import Iterator, Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np
from sklearn.utils.validation import _num_samples, validate_data

from skxent.audio._deferred import Deferred, deferred_of

# What a column of clips holds.
_PATHS = (str, os.PathLike)
_CLIPS = (*_PATHS, tuple, np.ndarray)


def list_clips(X: Any) -> list[Any] | None:
    """Return the clips of a sequence or column; None for what may be a matrix of rows.

    A leading ``~`` of a path becomes the home directory.

    Raises
    ------
    TypeError, ValueError
        If X is a single clip, a folder, several columns, or no collection at all.
    """
    if isinstance(X, str | os.PathLike) and os.path.isdir(X):
        files = f"sorted(pathlib.Path({os.fspath(X)!r}).glob('**/*.wav'))"
        raise TypeError(f"X must be a list of clips, got a folder: give its files, {files}")
    if isinstance(X, str | bytes | os.PathLike):
        raise TypeError(f"X must be a list of clips, got a single path: give [{X!r}]")
    if isinstance(X, tuple) and len(X) == 2 and isinstance(X[0], Real):
        raise TypeError("X must be a list of clips, got a single pair: give [X]")
    if isinstance(X, Iterator):
        raise TypeError(
            f"X must be a list of clips, got a {type(X).__name__}, which gives its clips only "
            "once: pass a list, list(X)"
        )
    if hasattr(X, "__array__") and not hasattr(X, "shape"):
        X = np.asarray(X)  # pyarrow's elements are neither strings nor arrays
    shape = getattr(X, "shape", None)
    if shape is not None and len(shape) == 2 and _holds_clips(X):
        if shape[1] > 1:
            raise ValueError(
                f"X must have one column of clips, got {shape[1]} columns: select one, such "
                "as with a ColumnTransformer"
            )
        X = np.asarray(X)[:, 0]  # of a data frame, as ColumnTransformer selects it
        shape = X.shape
    is_column = shape is not None and len(shape) == 1
    if is_column and getattr(getattr(X, "dtype", None), "kind", "O") in "iufc":
        raise ValueError(
            f"X must be a list of clips, got a single signal of shape {shape}. Reshape your "
            "data: give [X]"
        )
    if is_column or isinstance(X, Sequence):
        clips = [_expand_home(clip) if isinstance(clip, _PATHS) else clip for clip in X]
        if not clips:
            raise ValueError("X must hold at least one clip, got none")
        return clips
    if shape is None:
        raise TypeError(f"X must be a list of clips or a 2-D array, got {type(X).__name__}")
    return None


def check_clips(estimator: Any, X: Any, y: Any = None, *, reset: bool, finite: bool = False) -> Any:
    """Return the clips of X; a matrix is checked as one, and its columns by those of `fit`."""
    clips = list_clips(X)
    if clips is None:
        clips = validate_data(estimator, X, reset=reset, dtype="numeric", ensure_all_finite=finite)
    elif reset:  # of an earlier fit, whose clips were rows of a matrix
        estimator.__dict__.pop("n_features_in_", None)
        estimator.__dict__.pop("feature_names_in_", None)
    if y is not None and (n_labels := _num_samples(y)) != len(clips):
        raise ValueError(f"y must have one label for each of {len(clips)} clips, got {n_labels}")
    return clips


def _expand_home(path: str | os.PathLike[str]) -> str | os.PathLike[str]:
    name = os.fspath(path)
    return os.path.expanduser(name) if name[:1] == "~" else path


def _holds_clips(table: Any) -> bool:
    """Return whether a table holds clips, not samples; some may be missing, the first too."""
    values = np.asarray(table)
    if values.dtype.kind not in "OUT":
        return False
    return any(issubclass(kind, _CLIPS) for kind in set(map(type, values.flat)))


def guess_size(clip: Any) -> int:
    """Guess how many samples a clip has: of a file, of 16 bits; zero for what is no clip."""
    # Arrays first, as the check for a path takes longer than all the rest.
    if isinstance(clip, np.ndarray) and clip.ndim:
        return len(clip)
    signal = clip[1] if isinstance(clip, tuple) and len(clip) == 2 else clip
    if isinstance(signal, Deferred):
        return signal.guess_size()
    if isinstance(signal, str | os.PathLike):
        try:
            status = os.stat(signal)
        except (OSError, ValueError):  # the loader says what is wrong with it
            return 0
        return status.st_size // 2 if stat.S_ISREG(status.st_mode) else 0
    try:
        return len(signal)
    except TypeError:  # also of an array without dimensions
        return 0


def describe(number: int, clip: Any, reason: str) -> str:
    """Return a message that names the clip and says what is wrong with it."""
    return f"{name_clip(number, clip)}: {reason}"


def error_of(number: int, clip: Any, error: TypeError | ValueError) -> TypeError | ValueError:
    """Return an error of a clip with a message that names the clip."""
    # Not the type of the error itself: a UnicodeEncodeError takes no message.
    kind = TypeError if isinstance(error, TypeError) else ValueError
    return kind(describe(number, clip, str(error)))


def name_clip(number: int, clip: Any) -> str:
    """Return the number of a clip and its path if it has one, or a deferred one's own name."""
    if (deferred := deferred_of(clip)) is not None:
        return str(deferred)
    path = f" ({os.fspath(clip)})" if isinstance(clip, str | os.PathLike) else ""
    return f"clip {number}{path}"


def warn_of_problems(problems: Mapping[int, str], n_clips: int, stacklevel: int) -> None:
    """Warn once of all clips that can't be used; `stacklevel` is seen from the caller."""
    if problems:
        shown = "; ".join([*problems.values()][:3]) + ("; ..." if len(problems) > 3 else "")
        warnings.warn(
            f"{len(problems)} of {n_clips} clips can't be used, and are NaN: {shown}",
            UserWarning,
            stacklevel=stacklevel + 1,
        )
