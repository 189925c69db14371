"""Signals that are computed when they are asked for."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Deferred(ABC):
    """A signal that is computed each time it is asked for, and never held.

    Wherever an array of samples is taken, alone or in a ``(sample_rate, signal)`` pair, an
    instance of a subclass is taken, too: as an array-like by NumPy, and as a clip by
    :func:`skxent.audio.load` and :class:`skxent.MFCCTransformer`, which ask for its samples
    once. Subclasses implement `compute`. The other methods are hints, and optional. A subclass
    with `__slots__` takes little memory.

    See Also
    --------
    skxent.AudioAugmenter : Makes copies of clips that are such signals.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.audio import Deferred, load
    >>> class Tone(Deferred):
    ...     __slots__ = ("frequency",)
    ...
    ...     def __init__(self, frequency):
    ...         self.frequency = frequency
    ...
    ...     def compute(self):
    ...         return np.sin(2 * np.pi * self.frequency * np.arange(4) / 8000)
    >>> load((8000, Tone(2000)), 8000).round(3)
    array([ 0.,  1.,  0., -1.])
    """

    __slots__ = ()

    @abstractmethod
    def compute(self) -> NDArray[Any]:
        """Return the samples: the same in each call.

        Returns
        -------
        signal : ndarray of shape (n_samples,) or (n_samples, n_channels)
            As :func:`skxent.audio.to_mono_float` takes it.

        Raises
        ------
        TypeError, ValueError
            If there are none. The message need not name the clip, `str` of the instance does.
        """

    def guess_size(self) -> int:
        """Return about how many samples there are, without computing them.

        Returns
        -------
        n_samples : int
            Decides which clips are computed together. 0, the default, if it is not known.
        """
        return 0

    def cache_key(self) -> str | None:
        """Return a key that is equal for equal samples alone, without computing them.

        Returns
        -------
        key : str or None
            None, the default, keeps what is made of the samples out of caches.
        """
        return None

    def __str__(self) -> str:
        return f"a {type(self).__name__}"

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        try:
            samples = self.compute()
        except (TypeError, ValueError) as error:
            kind = TypeError if isinstance(error, TypeError) else ValueError
            raise kind(f"{self}: {error}") from error
        return np.array(samples, dtype, copy=copy)


def deferred_of(clip: Any) -> Deferred | None:
    """Return the deferred signal that a clip is, or that it has in its pair."""
    signal = clip[1] if isinstance(clip, tuple) and len(clip) == 2 else clip
    return signal if isinstance(signal, Deferred) else None


def computed(clip: Any) -> Any:
    """Return a clip with its samples computed, if they are deferred; errors don't name it."""
    deferred = deferred_of(clip)
    if deferred is None:
        return clip
    return (clip[0], deferred.compute()) if isinstance(clip, tuple) else deferred.compute()
