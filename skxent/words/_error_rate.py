"""How many words of a transcription are wrong."""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np

from skxent._fitting._lists import refuse_iterators


def word_error_rate(y_true: Sequence[Iterable[Any]], y_pred: Sequence[Iterable[Any]]) -> float:
    r"""Word error rate of words in a row.

    .. math::
        \frac{S + D + I}{N}

    with the fewest substitutions S, deletions D and insertions I that make the words that were
    found of those that were said, N in all. These are summed over the clips: a word counts the
    same in a short clip and in a long one. Computed by jiwer [1]_: ``pip install skxent[speech]``.

    Parameters
    ----------
    y_true : list of list
        The words that each clip holds, in order: strings, numbers or anything hashable. A clip
        of silence alone has none.
    y_pred : list of list
        The words that were found in each clip, as :meth:`skxent.LexiconClassifier.transcribe`
        returns them.

    Returns
    -------
    rate : float
        Zero if all words are right, one if none was found. With many insertions it is above
        one.

    Raises
    ------
    ImportError
        If jiwer is not installed.
    TypeError
        If the words of a clip are not a list, or a word is not hashable.
    ValueError
        If `y_true` and `y_pred` differ in length, or if `y_true` holds no word.

    See Also
    --------
    skxent.LexiconClassifier.transcribe : Finds words in a row.

    Notes
    -----
    A scorer for :class:`~sklearn.model_selection.GridSearchCV`, of which more is better, is
    ``lambda estimator, X, y: -word_error_rate(y, estimator.transcribe(X))``. `cv` must then be a
    splitter, such as :class:`~sklearn.model_selection.GroupKFold`: a number of folds is split by
    classes, and lists of words are none.

    References
    ----------
    .. [1] N. Vaessen, "JiWER: similarity measures for automatic speech recognition
       evaluation", https://github.com/jitsi/jiwer

    Examples
    --------
    Of five words one is taken for another, and one is missing:

    >>> from skxent.words import word_error_rate
    >>> word_error_rate([["one", "two", "six"], ["no", "one"]], [["one", "ten", "six"], ["no"]])
    0.4
    """
    try:
        import jiwer
    except ImportError as error:
        raise ImportError("word_error_rate needs jiwer: pip install 'skxent[speech]'") from error
    said, found = _as_rows(y_true, "y_true"), _as_rows(y_pred, "y_pred")
    if len(said) != len(found):
        raise ValueError(
            f"y_true and y_pred must have the same number of clips, got {len(said)} and "
            f"{len(found)}"
        )
    if not any(said):
        raise ValueError(f"y_true must hold at least one word, got none in {len(said)} clips")
    # jiwer takes text apart at spaces, which words may have: it is given numbers.
    numbers: dict[Hashable, str] = {}

    def written(rows: list[list[Hashable]]) -> list[str]:
        return [
            " ".join(numbers.setdefault(word, str(len(numbers))) for word in row) for row in rows
        ]

    return float(jiwer.process_words(written(said), written(found)).wer)


def _as_rows(y: Any, name: str) -> list[list[Hashable]]:
    """Return the words of each clip as lists."""
    refuse_iterators(y, name)
    if not isinstance(y, Iterable):
        raise TypeError(f"{name} must be a list of lists of words, got {y!r:.40}")
    rows = []
    for clip, entry in enumerate(y):
        if not isinstance(entry, list | tuple | np.ndarray):
            raise TypeError(f"{name}[{clip}] must be a list of words, got {entry!r:.40}")
        row = list(entry)
        for word in row:
            if not isinstance(word, Hashable):
                raise TypeError(f"{name}[{clip}] must be a list of words, got {entry!r:.60}")
        rows.append(row)
    return rows
