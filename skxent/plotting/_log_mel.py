"""Log-mel energies of a clip for displays, as a transformer computes them."""

import os

import numpy as np

from skxent.audio import load
from skxent.frames._trimming import kept_ranges
from skxent.mfcc._blocks import compute
from skxent.mfcc._front_end import SETTINGS, shared_design


def resolve_clip(transformer, clip):
    """Return the front end of a transformer's log-mel energies, and the signal of a clip."""
    settings = settings_of(transformer)
    try:
        signal = load(clip, transformer.sample_rate, dtype=transformer.dtype)
    except (TypeError, ValueError) as error:
        name = f" ({os.fspath(clip)})" if isinstance(clip, str | os.PathLike) else ""
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"clip{name}: {error}") from error
    front_end = shared_design(**settings | {"features": "log_mel"}).as_type(signal.dtype)
    front_end.warn_of_empty_filters(stacklevel=3)
    return front_end, signal


def compute_log_mel(front_end, signal, threshold):
    """Return log-mel energies, the centres of their frames, and the range that trimming keeps."""
    frames, lengths = compute([signal], front_end.with_levels())
    log_mel, levels = frames[:, :-1].copy(), frames[:, -1]
    kept = slice(0, len(log_mel))
    if threshold is not None:
        starts, ends = kept_ranges(levels, threshold, lengths)
        kept = slice(starts[0], ends[0])
    return log_mel, front_end.frame_times(len(log_mel)), kept


def frequency_ticks(frequencies):
    """Return ticks, in (fractional) rows of the image, and their labels in hertz."""
    from matplotlib.ticker import MaxNLocator

    lowest, highest = frequencies[[0, -1]]
    if len(frequencies) == 1:
        return [0], [f"{lowest:.0f}"]
    ticks = np.outer(10.0 ** np.arange(6), [1.0, 2.0, 3.0, 5.0]).ravel()
    ticks = ticks[(ticks >= lowest) & (ticks <= highest)]
    if len(ticks) < 3:  # the filters cover a narrow band
        ticks = MaxNLocator(5).tick_values(lowest, highest)
        ticks = ticks[(ticks >= lowest) & (ticks <= highest)]
    rows = np.interp(ticks, frequencies, np.arange(len(frequencies)))
    # From the top down, because the mel scale crowds the ticks at low frequencies.
    kept = []
    for i in reversed(range(len(rows))):
        if not kept or rows[kept[-1]] - rows[i] >= len(frequencies) / 12:
            kept.append(i)
    return rows[kept], [f"{tick:g}" for tick in ticks[kept]]


def settings_of(transformer):
    """Return the settings of the front end of an MFCCTransformer."""
    settings = transformer.get_params() if hasattr(transformer, "get_params") else {}
    if not settings.keys() >= set(SETTINGS):
        raise TypeError(f"transformer must be an MFCCTransformer, got {type(transformer).__name__}")
    return {name: settings[name] for name in SETTINGS}
