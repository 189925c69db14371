"""Mel-frequency cepstral coefficients: pure functions from a signal to frames."""

from skxent.mfcc._conventions import CONVENTIONS, Convention
from skxent.mfcc._front_end import FrontEnd, design
from skxent.mfcc._stream import mfcc, stream

__all__ = ["CONVENTIONS", "Convention", "FrontEnd", "design", "mfcc", "stream"]
