"""Classifiers of sequences of frames, and what prepares the frames."""

from skxent.sequences._framewise import FramewiseClassifier
from skxent.sequences._gaussian import GaussianClassifier
from skxent.sequences._speaker_scaler import SpeakerScaler

__all__ = ["FramewiseClassifier", "GaussianClassifier", "SpeakerScaler"]
