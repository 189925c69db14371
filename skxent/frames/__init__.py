"""Frames of clips of any lengths: joined and split, slopes, normalisation, pooling."""

from skxent.frames._neighbours import delta
from skxent.frames._pooling import STATISTICS, normalize, pool, summarize

__all__ = ["STATISTICS", "delta", "normalize", "pool", "summarize"]
