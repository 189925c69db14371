"""Figures of tests are drawn without a screen, and closed."""

import matplotlib.pyplot as plt
import pytest


@pytest.fixture(autouse=True)
def _no_figure_is_left():
    plt.switch_backend("Agg")
    yield
    plt.close("all")
