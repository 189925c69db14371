"""Displays of clips, losses, learning rates and robustness, with the API of scikit-learn's."""

from skxent.plotting._cepstral import CepstralDisplay
from skxent.plotting._learning_rate import LearningRateDisplay
from skxent.plotting._loss_curve import LossCurveDisplay
from skxent.plotting._robustness import RobustnessDisplay

__all__ = ["CepstralDisplay", "LearningRateDisplay", "LossCurveDisplay", "RobustnessDisplay"]
