"""Displays of clips, where words are, losses, learning rates and robustness, as scikit-learn's."""

from skxent.plotting._alignment import AlignmentDisplay
from skxent.plotting._cepstral import CepstralDisplay
from skxent.plotting._learning_rate import LearningRateDisplay
from skxent.plotting._loss_curve import LossCurveDisplay
from skxent.plotting._robustness import RobustnessDisplay

__all__ = [
    "AlignmentDisplay",
    "CepstralDisplay",
    "LearningRateDisplay",
    "LossCurveDisplay",
    "RobustnessDisplay",
]
