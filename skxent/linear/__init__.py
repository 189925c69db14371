"""The linear softmax model."""

from skxent.linear._classifier import SoftmaxClassifier

__all__ = ["SoftmaxClassifier"]
