"""Independent ways to the same numbers: plain loops, mpmath, complex steps.

Nothing here imports skxent, so that no oracle can share a mistake with what it
checks.
"""

import itertools
import math
from fractions import Fraction

import numpy as np


def slopes_of(frames, width):
    """Least-squares slopes over 2 * width + 1 frames, the ends repeated."""
    n_frames, n_coefficients = len(frames), len(frames[0])
    offsets = range(-width, width + 1)
    slopes = np.empty((n_frames, n_coefficients))
    for t in range(n_frames):
        for j in range(n_coefficients):
            products = [n * float(frames[min(max(t + n, 0), n_frames - 1)][j]) for n in offsets]
            slopes[t, j] = math.fsum(products) / sum(n * n for n in offsets)
    return slopes


def mean_of(values):
    return math.fsum(values) / len(values)


def deviation_of(values):
    mean = mean_of(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))


def segments_of(n_frames, n_segments):
    """First and past-the-last frame of each segment."""
    firsts = [s * n_frames // n_segments for s in range(n_segments + 1)]
    return [(a, max(b, a + 1)) for a, b in itertools.pairwise(firsts)]


def pooled(frames, statistics, n_segments):
    """Segments outermost, then statistics, then coefficients."""
    functions = {"mean": mean_of, "std": deviation_of, "min": min, "max": max}
    return [
        functions[statistic]([float(frame[j]) for frame in frames[start:stop]])
        for start, stop in segments_of(len(frames), n_segments)
        for statistic in statistics
        for j in range(len(frames[0]))
    ]


def span_of(levels, least):
    """First and last index of a level of at least `least`."""
    loud = [t for t, level in enumerate(levels) if level >= least]
    return loud[0], loud[-1]


def trimmed_range(levels, threshold):
    """First and past-the-last frame of a clip that are kept, and the least level of sound."""
    loudest = max(levels)
    first, last = span_of(levels, loudest - threshold)
    # A frame beside what is left out is not counted, unless there is no other.
    counted = range(first + (first > 0), last + 1 - (last < len(levels) - 1))
    inner = sorted(levels[t] for t in counted or range(first, last + 1))
    noise = inner[len(inner) // 10]
    least = min(loudest - 10, max(loudest - threshold, noise + 10))
    begin, end = (first + t for t in span_of(levels[first : last + 1], least))
    return max(first, begin - 3), min(last, end + 3) + 1, least


def spliced(clips, context, step=1):
    """Frames with their neighbours, frame by frame and number by number."""
    rows = []
    for clip in clips:
        for t in range(len(clip)):
            row = []
            for neighbour in range(t - context * step, t + context * step + 1, step):
                row += clip[min(max(neighbour, 0), len(clip) - 1)].tolist()
            rows.append(row)
    return rows


def positions(lengths):
    """The middle of each frame as a share of its clip, exact but for the last rounding."""
    return [
        float(Fraction(2 * frame + 1, 2 * length)) for length in lengths for frame in range(length)
    ]
