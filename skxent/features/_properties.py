"""Properties of clips that features depend on: how long, loud, noisy, dull or clipped they are."""

import math
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from skxent._threads import one_blas_thread
from skxent.audio import load, read, to_mono_float
from skxent.audio._clipping import count_clipped
from skxent.audio._deferred import computed
from skxent.features._extraction import plan
from skxent.features._inputs import describe, error_of
from skxent.frames import trim
from skxent.frames._ragged import split
from skxent.mfcc import FrontEnd
from skxent.mfcc._blocks import compute
from skxent.mfcc._front_end import shared_design

# In decibels: below the loudest frame, what trimming leaves out, and what is not the sound itself.
_TRIM, _SOUND = 35.0, 20.0

# Of full scale: nothing is heard below, and 16 bits don't reach down to it.
_SILENCE = -120.0

# Below the sound, in decibels: quieter noise makes no difference.
_QUIETEST = -60.0

_ENERGY_SHARE = 0.99


class Property(NamedTuple):
    """The least difference that matters, an amount or a ratio, and how a property is written."""

    least: float
    is_ratio: bool
    unit: str
    n_digits: int
    more: str
    less: str

    def differs(self, values: Any, others: Any) -> Any:
        """Return whether values are above others by a difference that matters."""
        if self.is_ratio:
            return np.asarray(values) > self.least * np.asarray(others)
        return np.asarray(values) > np.asarray(others) + self.least

    def write(self, *values: float) -> str:
        """Return one value or the ends of a range, with the unit."""
        factor = 100.0 if self.unit == "%" else 1.0
        texts = [f"{factor * value:.{self.n_digits}f}" for value in values]
        return f"{' to '.join(texts)} {self.unit}"


PROPERTIES = {
    "duration": Property(1.25, True, "s", 2, "longer", "shorter"),
    "level": Property(3.0, False, "dB", 0, "louder", "quieter"),
    "pause": Property(0.1, False, "%", 0, "more", "less"),
    "noise": Property(6.0, False, "dB", 0, "noisier", "less noisy"),
    "bandwidth": Property(1.25, True, "Hz", 0, "wider", "narrower"),
    "clipping": Property(0.002, False, "%", 1, "more", "less"),
}


def measure(
    clips: Sequence[Any], sample_rate: float, on_error: str
) -> tuple[dict[str, NDArray[np.float64]], dict[int, str]]:
    """Return each property of clips, (n_clips,), and what is wrong with those that are NaN."""
    front_end = shared_design(
        sample_rate=sample_rate,
        convention="kaldi",
        features="log_mel",
        n_mels=40,
        fmin=0.0,
        window="hann",
    ).with_levels()
    table = np.full((len(clips), len(PROPERTIES)), np.nan)
    reasons: dict[int, str] = {}
    _, batches = plan(clips, 1)
    with one_blas_thread():
        for batch in batches:
            signals, clipping = {}, []
            for number in batch:
                try:
                    signal, share = _load(clips[number], sample_rate)
                except (TypeError, ValueError) as error:
                    if on_error == "raise":
                        raise error_of(number, clips[number], error) from error
                    reasons[number] = describe(number, clips[number], str(error))
                else:
                    signals[number] = signal
                    clipping.append(share)
            if signals:
                table[list(signals), -1] = clipping
                table[list(signals), :-1] = list(_measure_batch(signals, front_end))
    return dict(zip(PROPERTIES, table.T.copy(), strict=True)), reasons


def _load(clip: Any, sample_rate: float) -> tuple[NDArray[Any], float]:
    """Return a signal at the sample rate, and the share of samples that were clipped before."""
    if isinstance(clip, str | os.PathLike):
        samples, rate = read(clip)
        clip = rate, samples
    clip = computed(clip)  # once
    signal = load(clip, sample_rate, dtype="float64")
    samples = np.asarray(clip[1] if isinstance(clip, tuple) else clip)
    channels = [to_mono_float(channel) for channel in samples.reshape(len(samples), -1).T]
    return signal, sum(map(count_clipped, channels)) / samples.size


def _measure_batch(
    signals: Mapping[int, NDArray[Any]], front_end: FrontEnd
) -> Iterator[tuple[float, ...]]:
    """Yield all properties of each signal but the last one, clipping."""
    frames, lengths = compute(list(signals.values()), front_end)
    _, kept = trim(frames[:, -1:], frames[:, -1], _TRIM, lengths)
    clips = split(frames, lengths)
    for signal, clip, n_kept in zip(signals.values(), clips, kept.tolist(), strict=True):
        level, noise = _measure_levels(clip[:, -1])
        bandwidth = _measure_bandwidth(clip[:, :-1], front_end)
        duration = len(signal) / front_end.sample_rate
        yield duration, level, 1.0 - n_kept / len(clip), noise, bandwidth


def _measure_levels(levels: NDArray[Any]) -> tuple[float, float]:
    """Return the level of the sound in decibels, and that of the quietest tenth against it."""
    loudest = float(levels.max())
    if loudest < _SILENCE:
        return _SILENCE, _QUIETEST
    powers = 10.0 ** (levels[levels >= loudest - _SOUND] / 10.0)
    level = 10.0 * math.log10(powers.mean())
    heard = levels[levels > min(_SILENCE, loudest + _SILENCE)]  # not silence that was added
    n_below = len(heard) // 10
    noise = float(np.partition(heard, n_below)[n_below]) - level
    return level, max(noise, _QUIETEST)


def _measure_bandwidth(log_mel: NDArray[Any], front_end: FrontEnd) -> float:
    """Return the frequency below which nearly all energy of pre-emphasised frames lies."""
    energies = np.cumsum(np.exp(log_mel).sum(axis=0))
    centres = front_end.frequencies
    edges = [*(0.5 * (centres[1:] + centres[:-1])), 0.5 * front_end.sample_rate]
    return float(np.interp(_ENERGY_SHARE * energies[-1], energies, edges))
