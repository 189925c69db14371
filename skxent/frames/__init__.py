"""Frames of clips of any lengths: joined and split, trimmed, slopes, normalisation, pooling."""

from skxent.frames._neighbours import delta
from skxent.frames._pooling import STATISTICS, normalize, pool, summarize
from skxent.frames._trimming import trim

__all__ = ["STATISTICS", "delta", "normalize", "pool", "summarize", "trim"]
