"""Classifiers of sequences of frames."""

from skxent.sequences._forced import Alignment, Interval
from skxent.sequences._framewise import FramewiseClassifier
from skxent.sequences._gaussian import GaussianClassifier
from skxent.sequences._lexicon_classifier import LexiconClassifier

__all__ = [
    "Alignment",
    "FramewiseClassifier",
    "GaussianClassifier",
    "Interval",
    "LexiconClassifier",
]
