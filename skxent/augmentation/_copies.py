"""Copies of clips that are made when they are asked for, and the keys that caches know them by."""

import hashlib
import os
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from skxent.audio import Deferred, load
from skxent.augmentation._chain import apply
from skxent.features._cache import _spell, clip_key
from skxent.features._inputs import guess_size, name_clip

# Part of every key: raise it when an effect makes another copy of the same clip.
_FORMAT = 1


class Source:
    """What all copies of some clips are made from; `groups` are numbers, one for each clip.

    What is drawn for a copy depends on the seed, the number of the copy and the clip's samples, and
    not on where the clip stands among the others: it is the same in every fold and process.
    """

    def __init__(
        self,
        clips: Sequence[Any],
        effects: Sequence[Callable[..., Any]],
        sample_rate: float,
        seed: int,
        *,
        is_repeatable: bool,
        groups: NDArray[Any] | None = None,
    ) -> None:
        self.clips, self.effects, self.sample_rate, self.seed = clips, effects, sample_rate, seed
        self.is_repeatable, self.groups = is_repeatable, groups

    def copy(self, place: int, number: int) -> NDArray[Any]:
        """Return the samples of a copy of the clip at a place."""
        samples = load(self.clips[place], self.sample_rate)
        with np.errstate(over="ignore"):  # beyond float32, which is enough to tell clips apart
            content = samples.astype("<f4").tobytes()
        digest = hashlib.sha256(content, usedforsecurity=False).digest()
        rng = np.random.default_rng([self.seed, number, int.from_bytes(digest)])
        others = partial(self._draw_other, place, samples)
        return apply(self.effects, samples, self.sample_rate, rng, others)

    def key(self, place: int, number: int) -> str | None:
        """Return the key of a copy, None where it will not be made again or might be another."""
        if self._settings is None:
            return None
        pool: tuple[Any, ...] = ()
        if any(getattr(effect, "needs_others", False) for effect in self.effects):
            if self._pool is None:
                return None
            pool = (self._pool, None if self.groups is None else self.groups[place])
        parameters = (_FORMAT, self._settings, self.sample_rate, self.seed, number, pool)
        return clip_key(self.clips[place], parameters)

    def _draw_other(self, place: int, samples: NDArray[Any], rng: Generator) -> NDArray[Any]:
        """Return the samples of another clip: of another group or, without groups, with others."""
        places: Sequence[int] | NDArray[Any] = range(len(self.clips))
        if self.groups is not None:
            places = np.flatnonzero(self.groups != self.groups[place])
        if len(places):
            # From a place that is drawn, so that the clip itself and those that can't be loaded
            # (which is an error of their own) are skipped.
            first = int(rng.integers(len(places)))
            for step in range(len(places)):
                other = places[(first + step) % len(places)]
                try:
                    drawn = load(self.clips[other], self.sample_rate)
                except (TypeError, ValueError):
                    continue
                if self.groups is not None or not np.array_equal(drawn, samples):
                    return drawn
        wanted = "clip" if self.groups is None else "clip of another group"
        raise ValueError(f"an effect needs another {wanted}, and there is none")

    @cached_property
    def _settings(self) -> str | None:
        """The key of the effects; None where they, or the seed, would not be the same again."""
        keys = [key_of_effect(effect) for effect in self.effects]
        if not self.is_repeatable or None in keys:
            return None
        return _digest(repr(keys))

    @cached_property
    def _pool(self) -> str | None:
        """The key of all clips and groups, for effects that draw from them."""
        keys = [clip_key(clip, ()) for clip in self.clips]
        groups = None if self.groups is None else self.groups.tolist()
        return None if None in keys else _digest(repr((keys, groups)))


class Copy(Deferred):
    """A copy of a clip. It holds three references, since there are many."""

    __slots__ = ("number", "place", "source")

    def __init__(self, source: Source, place: int, number: int) -> None:
        self.source, self.place, self.number = source, place, number

    def compute(self) -> NDArray[Any]:
        """Return the samples, at the sample rate of the source."""
        try:
            return self.source.copy(self.place, self.number)
        except (TypeError, ValueError):  # whoever asks adds the name
            raise
        except Exception as error:
            error.add_note(f"It was raised for {self}.")
            raise

    def guess_size(self) -> int:
        """Return about how many samples the clip has."""
        return guess_size(self.source.clips[self.place])

    def cache_key(self) -> str | None:
        """Return a key of the seed, the effects' settings, the clip and those it is mixed with."""
        return self.source.key(self.place, self.number)

    def __str__(self) -> str:
        clip = self.source.clips[self.place]
        return f"{name_clip(self.place, clip)}, copy {self.number}"


def key_of_effect(effect: Callable[..., Any]) -> str | None:
    """Return a key of an effect's class and settings; None if its results might change.

    The code of a user's own function or class may change under its name, and what an object does
    may depend on more than can be seen: these have no key.
    """
    kind = type(effect)
    if kind.__module__.partition(".")[0] != __name__.partition(".")[0]:
        return None
    settings = effect.get_params(deep=False)  # type: ignore[attr-defined]
    try:
        spelled = [(name, _spell_setting(value)) for name, value in sorted(settings.items())]
    except TypeError:
        return None
    return repr((kind.__qualname__, spelled))


def _spell_setting(value: Any) -> str:
    """Spell out a setting, with the content of arrays and the state of files and folders."""
    if isinstance(value, str | os.PathLike):
        path = os.path.expanduser(value)
        if os.path.isdir(path):
            files = sorted(Path(path).rglob("*"))
            return repr((os.path.abspath(path), [clip_key(file, ()) for file in files]))
        return repr((os.fspath(value), clip_key(path, ())))
    if isinstance(value, tuple | list):
        return f"({','.join(map(_spell_setting, value))})"
    if isinstance(value, np.ndarray):
        if (key := clip_key(value, ())) is None:
            raise TypeError(f"an array of {value.dtype} of shape {value.shape}")
        return key
    return _spell(value)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(), usedforsecurity=False).hexdigest()
