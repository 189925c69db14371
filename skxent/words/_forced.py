"""Where words, phones and states are in a clip, and how Praat reads it."""

from dataclasses import dataclass
from os import PathLike
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skxent.alignment._graph import Place


class Interval(NamedTuple):
    """A part of a clip, and what it is.

    Parameters
    ----------
    start : float
        Where it begins, in seconds.
    end : float
        Where it ends, in seconds.
    label : object
        A word, a phone, or the number of a state.

    Examples
    --------
    >>> from skxent.words import Interval
    >>> Interval(0.0, 0.25, "no").end
    0.25
    """

    start: float
    end: float
    label: Any


@dataclass(frozen=True)
class Alignment:
    """Where the words of a clip are, the phones of each, and the states of each phone.

    Parameters
    ----------
    words : list of Interval
        Start and end in seconds, and the word, for each word in order. There may be silence
        between them.
    phones : list of Interval
        The same of the phones, or of the words where each word is its own unit.
    states : list of Interval
        The same of the states, numbered from zero in each phone.
    duration : float
        Of the clip, in seconds.

    See Also
    --------
    skxent.LexiconClassifier.align : Returns such alignments.

    Examples
    --------
    >>> from skxent.words import Alignment, Interval
    >>> word = Interval(0.1, 0.4, "no")
    >>> phones = [Interval(0.1, 0.2, "N"), Interval(0.2, 0.4, "OW")]
    >>> states = [Interval(0.1, 0.2, 0), Interval(0.2, 0.4, 0)]
    >>> alignment = Alignment([word], phones, states, duration=0.5)
    >>> round(alignment.phones[1].end - alignment.phones[1].start, 3)
    0.2
    """

    words: list[Interval]
    phones: list[Interval]
    states: list[Interval]
    duration: float

    def save_textgrid(self, path: str | PathLike[str]) -> None:
        """Write the words and phones as a TextGrid of Praat [1]_.

        Needs praatio: ``pip install skxent[speech]``.

        Parameters
        ----------
        path : str or path-like
            The file, which is overwritten.

        Raises
        ------
        ImportError
            If praatio is not installed.

        References
        ----------
        .. [1] P. Boersma and D. Weenink, "Praat: doing phonetics by computer",
           https://www.praat.org
        """
        try:
            from praatio.data_classes.textgrid import Textgrid
            from praatio.textgrid import IntervalTier
        except ImportError as error:
            raise ImportError(
                "save_textgrid needs praatio: pip install 'skxent[speech]'"
            ) from error
        grid = Textgrid(0.0, self.duration)
        for name, intervals in (("words", self.words), ("phones", self.phones)):
            entries = [(start, end, str(label)) for start, end, label in intervals]
            grid.addTier(IntervalTier(name, entries, 0.0, self.duration))
        grid.save(str(path), format="long_textgrid", includeBlankSpaces=True)


def boundaries(n_frames: int, frame_step: float, frame_length: float) -> NDArray[Any]:
    """Return where frames begin and end, in seconds, if each moment is of the nearest frame."""
    times = np.arange(n_frames + 1) * frame_step
    times[1:] += (frame_length - frame_step) / 2  # halfway between the centres of frames
    times[-1] = (n_frames - 1) * frame_step + frame_length
    return times


def make_alignment(
    nodes: NDArray[Any],
    places: list[Place],
    words: list[Any],
    units: list[list[tuple[Any, ...]]],
    n_states: int,
    times: NDArray[np.float64],
) -> Alignment:
    """Return the alignment of a path.

    `nodes` are the path's, `places` say what the nodes are. `words` are those of the row, and
    `units` the units of their pronunciations. `times` are the boundaries of the frames.
    """
    first = np.flatnonzero(np.diff(nodes, prepend=-1))
    last = np.append(first[1:], len(nodes))
    of_states, of_phones, of_words = [], [], []
    for start, end in zip(first.tolist(), last.tolist(), strict=True):
        position, alternative, step = places[nodes[start]]
        if position < 0:
            continue
        phone, state = divmod(step, n_states)
        span = Interval(float(times[start]), float(times[end]), state)
        of_states.append(span)
        if state == 0:
            label = units[position][alternative][phone]
            of_phones.append(span._replace(label=label))
            if phone == 0:
                of_words.append(span._replace(label=words[position]))
        # What comes later of a phone or word prolongs it.
        of_phones[-1] = of_phones[-1]._replace(end=span.end)
        of_words[-1] = of_words[-1]._replace(end=span.end)
    return Alignment(of_words, of_phones, of_states, float(times[-1]))
