"""What a sound file holds, found out in one pass and in little memory."""

import hashlib
from typing import NamedTuple

from skxent.audio._clipping import ClippingCounter
from skxent.audio._clips import to_float, to_mono
from skxent.audio._files import Path, read_blocks


class Inspection(NamedTuple):
    """Length and rate of a file, and its extremes, over all channels.

    `clipped` is a share of its samples. `digest` is equal for equal mono signals alone,
    whatever the format.
    """

    n_samples: int
    sample_rate: int
    lowest: float
    highest: float
    clipped: float
    digest: bytes


def inspect(path: Path, *, block_size: int = 1 << 18) -> Inspection:
    """Decode a sound file in blocks of `block_size` values.

    Raises
    ------
    ValueError
        If the file can't be used as a clip; the message does not name it.
    """
    counters: list[ClippingCounter] = []
    digest = hashlib.blake2b(digest_size=16)
    n_samples, sample_rate = 0, 0
    for block, rate in read_blocks(path, "float32", block_size):
        signals = to_float(block, "float32")
        digest.update(to_mono(signals, "float32", n_samples).data)
        counters = counters or [ClippingCounter() for _ in signals.T]
        for counter, signal in zip(counters, signals.T, strict=True):
            counter.update(signal)
        n_samples, sample_rate = n_samples + len(block), int(rate)
    return Inspection(
        n_samples,
        sample_rate,
        min(counter.lowest for counter in counters),
        max(counter.highest for counter in counters),
        sum(counter.n_clipped for counter in counters) / (n_samples * len(counters)),
        digest.digest(),
    )
