"""Mel-frequency cepstral coefficients: pure functions from a signal to frames.

A signal goes through pre-emphasis, overlapping frames, window, spectrum, mel
filterbank, logarithm, cosine transform and lifter. :func:`design` resolves how a
tool takes these steps into a :class:`FrontEnd`. :func:`mfcc` computes the frames of one
signal, :func:`levels` how loud they are, :func:`stream` the frames of a signal that arrives
in chunks. :mod:`skxent.frames` has what comes after.
"""

from skxent.mfcc._conventions import CONVENTIONS, Convention
from skxent.mfcc._front_end import FrontEnd, design
from skxent.mfcc._stream import levels, mfcc, stream

__all__ = ["CONVENTIONS", "Convention", "FrontEnd", "design", "levels", "mfcc", "stream"]
