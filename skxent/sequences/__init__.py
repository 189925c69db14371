"""Classifiers of sequences of frames."""

from skxent.sequences._framewise import FramewiseClassifier

__all__ = ["FramewiseClassifier"]
