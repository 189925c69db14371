"""How pytest runs the examples of these pages: each page in an empty folder of its own."""

import importlib.util

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

# The configuration of Sphinx and what it generates are no tests.
collect_ignore_glob = ["*.py", "_build/*", "auto_examples/*", "generated/*"]
# Networks need PyTorch, which is an extra.
collect_ignore = [] if importlib.util.find_spec("torch") else ["networks.md"]


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path, monkeypatch):
    mpl.use("Agg")
    monkeypatch.chdir(tmp_path)
    yield
    plt.close("all")
