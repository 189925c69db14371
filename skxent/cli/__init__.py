"""The command `skxent`: from a folder of recordings to a model, and what a model is used for."""

from skxent.cli._main import main

__all__ = ["main"]
