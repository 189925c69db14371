"""What tests read off figures."""

import numpy as np


def legend(display):
    """Texts of the legend."""
    return [text.get_text() for text in display.ax_.get_legend().get_texts()]


def points(line):
    return sorted(zip(*(np.asarray(values).tolist() for values in line.get_data()), strict=True))


def edges(band):
    return np.concatenate([path.vertices for path in band.get_paths()])[:, 1]
