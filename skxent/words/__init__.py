"""Words by the states of their frames."""

from skxent.words._classifier import LexiconClassifier
from skxent.words._error_rate import word_error_rate
from skxent.words._forced import Alignment, Interval
from skxent.words._vocal_tract import VTLNClassifier

__all__ = ["Alignment", "Interval", "LexiconClassifier", "VTLNClassifier", "word_error_rate"]
