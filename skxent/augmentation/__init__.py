"""Copies of clips with noise, echo or another speed, in training alone."""
