"""Clips to rows of features: the transformer and its caches; how clips differ from others."""

from skxent.features._comparison import ClipComparison, compare_clips
from skxent.features._stores import DiskCache, MemoryCache
from skxent.features._transformer import MFCCTransformer

__all__ = ["ClipComparison", "DiskCache", "MFCCTransformer", "MemoryCache", "compare_clips"]
