"""Softmax cross-entropy classification of audio with the scikit-learn API."""

from skxent.features import MFCCTransformer
from skxent.linear import SoftmaxClassifier
from skxent.search import SoftmaxClassifierCV, learning_rate_range_test
from skxent.sequences import FramewiseClassifier

__all__ = [
    "FramewiseClassifier",
    "MFCCTransformer",
    "SoftmaxClassifier",
    "SoftmaxClassifierCV",
    "__version__",
    "learning_rate_range_test",
]

__version__ = "0.1.0.dev0"
