"""Learning rates and penalties, all tried together."""

from skxent.search._learning_rate_range import learning_rate_range_test
from skxent.search._search import SoftmaxClassifierCV

__all__ = ["SoftmaxClassifierCV", "learning_rate_range_test"]
