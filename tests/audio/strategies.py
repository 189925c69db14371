"""Sounds, and the bytes of wav files."""

import struct

import numpy as np
from hypothesis import strategies as st

RATE = 8000


NOISE = np.random.default_rng(0).uniform(-0.5, 0.5, size=20_000)


def tone(frequency, rate, seconds=0.5):
    return np.sin(2 * np.pi * frequency / rate * np.arange(round(seconds * rate)))


def wav_bytes(samples, announced, rate=RATE):
    """A mono 16-bit wav file whose header announces a number of bytes, right or wrong."""
    riff = min(announced + 36, 0xFFFFFFFF)
    return b"".join(
        [
            struct.pack("<4sI4s", b"RIFF", riff, b"WAVE"),
            struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16),
            struct.pack("<4sI", b"data", announced),
            samples.astype("<i2").tobytes(),
        ]
    )


RATES = st.sampled_from([8000, 11025, 16000, 22050, 44100, 48000])


def riff(*parts):
    """A wav file of chunks, each a name and a content; the data chunk may come at any place."""
    body = b"".join(
        struct.pack("<4sI", name, len(content)) + content + bytes(len(content) % 2)
        for name, content in parts
    )
    return struct.pack("<4sI4s", b"RIFF", len(body) + 4, b"WAVE") + body
