"""Classifiers of sequences of frames."""

from skxent.sequences._framewise import FramewiseClassifier
from skxent.sequences._gaussian import GaussianClassifier

__all__ = ["FramewiseClassifier", "GaussianClassifier"]
