"""Clips to rows of features: the transformer and its caches."""

from skxent.features._stores import DiskCache, MemoryCache
from skxent.features._transformer import MFCCTransformer

__all__ = ["DiskCache", "MFCCTransformer", "MemoryCache"]
