"""Whether clips resemble those of the training, by quantiles that a model keeps."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxent.features._comparison import find_outliers, quantiles_of
from skxent.features._properties import PROPERTIES, measure


def summarize(clips: Sequence[Any], sample_rate: float) -> dict[str, list[float]]:
    """Return the quantiles of each property of the training clips, as a model keeps them."""
    table, _ = measure(clips, sample_rate, "warn")
    return {
        name: [round(value, 6) for value in quantiles_of(values[np.isfinite(values)])]
        for name, values in table.items()
    }


def find_unlike(
    table: Mapping[str, NDArray[np.float64]], quantiles: Mapping[str, Sequence[float]]
) -> dict[int, str]:
    """Return for each clip that lies outside the training what differs, as text."""
    notes: dict[int, list[str]] = {}
    for name, values in table.items():
        if name not in quantiles:  # of a model that does not tell
            continue
        low, _, _, high = quantiles[name]
        kind = PROPERTIES[name]
        for number in find_outliers(name, values, quantiles[name]).tolist():
            usual = kind.write(low, high)
            notes.setdefault(number, []).append(
                f"{name} {kind.write(float(values[number]))}, in the training {usual}"
            )
    return {number: "; ".join(found) for number, found in notes.items()}
