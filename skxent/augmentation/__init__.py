"""Copies of clips with noise, echo or another speed, in training alone."""

from skxent.augmentation._augmenter import AudioAugmenter
from skxent.augmentation._classifier import AugmentedClassifier
from skxent.augmentation._effects import BandLimit, ChangeGain, ChangeSpeed, Clipping, Shift
from skxent.augmentation._noise import AddNoise
from skxent.augmentation._robustness import robustness_curve
from skxent.augmentation._rooms import Reverberate

__all__ = [
    "AddNoise",
    "AudioAugmenter",
    "AugmentedClassifier",
    "BandLimit",
    "ChangeGain",
    "ChangeSpeed",
    "Clipping",
    "Reverberate",
    "Shift",
    "robustness_curve",
]
