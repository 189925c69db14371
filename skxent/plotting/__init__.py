"""Displays of clips, losses and learning rates, with the API of scikit-learn's displays."""

from skxent.plotting._cepstral import CepstralDisplay
from skxent.plotting._learning_rate import LearningRateDisplay
from skxent.plotting._loss_curve import LossCurveDisplay

__all__ = ["CepstralDisplay", "LearningRateDisplay", "LossCurveDisplay"]
