"""Displays: pictures of what the estimators see, in the style of scikit-learn."""

from skxent.plotting._cepstral import CepstralDisplay
from skxent.plotting._learning_rate import LearningRateDisplay
from skxent.plotting._loss_curve import LossCurveDisplay

__all__ = ["CepstralDisplay", "LearningRateDisplay", "LossCurveDisplay"]
