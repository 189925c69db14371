"""Softmax cross-entropy classification of audio with the scikit-learn API."""

from skxent.classifier import SoftmaxClassifier
from skxent.features import MFCCTransformer
from skxent.range_test import learning_rate_range_test
from skxent.search import SoftmaxClassifierCV
from skxent.sequence import FramewiseClassifier

__all__ = [
    "FramewiseClassifier",
    "MFCCTransformer",
    "SoftmaxClassifier",
    "SoftmaxClassifierCV",
    "__version__",
    "learning_rate_range_test",
]

__version__ = "0.1.0.dev0"
