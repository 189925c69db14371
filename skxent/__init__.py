"""Softmax cross-entropy classification of audio with the scikit-learn API."""

from skxent.classifier import SoftmaxClassifier
from skxent.features import MFCCTransformer

__all__ = ["MFCCTransformer", "SoftmaxClassifier", "__version__"]

__version__ = "0.1.0.dev0"
