"""What every classifier that is trained shares."""

from skxent._fitting._interrupt import StopOnInterrupt

__all__ = ["StopOnInterrupt"]
