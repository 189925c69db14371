"""A clip in any form, to a mono signal of floats."""

from skxent.audio._clips import chunks, count_samples, load, read, to_mono_float
from skxent.audio._deferred import Deferred

__all__ = ["Deferred", "chunks", "count_samples", "load", "read", "to_mono_float"]
