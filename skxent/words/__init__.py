"""Words by the states of their frames."""

from skxent.words._classifier import LexiconClassifier
from skxent.words._error_rate import word_error_rate
from skxent.words._forced import Alignment, Interval

__all__ = ["Alignment", "Interval", "LexiconClassifier", "word_error_rate"]
