"""Words by the states of their frames."""

from skxent.words._classifier import LexiconClassifier
from skxent.words._forced import Alignment, Interval

__all__ = ["Alignment", "Interval", "LexiconClassifier"]
