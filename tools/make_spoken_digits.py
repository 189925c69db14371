"""Make the synthetic data set: ten spoken digits by the voices of espeak-ng.

Run by a maintainer from the root of the repository::

    python tools/make_spoken_digits.py

It replaces the FLAC files in skxent/datasets/spoken_digits/ and prints a summary. The same version
of espeak-ng gives the same samples: each clip has its own random generator, seeded by the numbers
of its voice, digit and take, so that changing a voice does not change the others. It requires
numpy, scipy, soundfile, soxr and the program espeak-ng (the files in the repository are from
version 1.51).
"""

import argparse
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile
import soxr
from scipy.signal import fftconvolve

WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
TAKES = 2
SAMPLE_RATE = 8000
SEED = 20240917
MAX_TOTAL_BYTES = 1_900_000
DESTINATION = Path(__file__).resolve().parents[1] / "skxent" / "datasets" / "spoken_digits"

SILENCE_DB = -40.0  # relative to the loudest moment of the clip
MARGIN = 0.030  # seconds kept on both sides of the speech
STEP = 2.0**-12  # 13 bits, the resolution of a telephone line; 16 bits make the files too large


class Voice(NamedTuple):
    """One speaker of the data set."""

    name: str  # accent, then f or m, then a number; no underscore
    accent: str  # espeak-ng's name of the language
    variant: str  # espeak-ng's name of the voice
    pitch: int  # 0 to 99, espeak-ng's default is 50
    rate: int  # words per minute, espeak-ng's default is 175
    snr: float | None = None  # decibels; None: no noise
    noise: str = "white"
    reverberation: float | None = (
        None  # seconds until it has fallen by 60 dB; None: no reverberation
    )


# Eight accents by three voices; one voice of each accent is noisy or reverberant.
VOICES = [
    Voice("usf1", "en-us", "f2", 58, 175),
    Voice("usm1", "en-us", "m1", 42, 160),
    Voice("usm2", "en-us", "m7", 36, 190, snr=20),
    Voice("nyf1", "en-us-nyc", "Annie", 52, 165, reverberation=0.20),
    Voice("nym1", "en-us-nyc", "m3", 55, 180),
    Voice("nym2", "en-us-nyc", "Mike", 40, 170),
    Voice("gbf1", "en-gb", "f4", 50, 170),
    Voice("gbm1", "en-gb", "adam", 45, 175, snr=24, noise="pink"),
    Voice("gbm2", "en-gb", "m2", 50, 195),
    Voice("rpf1", "en-gb-x-rp", "f1", 60, 185),
    Voice("rpm1", "en-gb-x-rp", "edward", 40, 165),
    Voice("rpm2", "en-gb-x-rp", "m5", 45, 175, snr=28, reverberation=0.25),
    Voice("scf1", "en-gb-scotland", "f3", 48, 180, snr=17, noise="pink"),
    Voice("scm1", "en-gb-scotland", "m4", 52, 185),
    Voice("scm2", "en-gb-scotland", "Andy", 38, 170),
    Voice("laf1", "en-gb-x-gbclan", "linda", 50, 175),
    Voice("lam1", "en-gb-x-gbclan", "m6", 45, 165, reverberation=0.30),
    Voice("lam2", "en-gb-x-gbclan", "caleb", 55, 180),
    Voice("wmf1", "en-gb-x-gbcwmd", "f5", 55, 165),
    Voice("wmm1", "en-gb-x-gbcwmd", "max", 42, 185),
    Voice("wmm2", "en-gb-x-gbcwmd", "grandpa", 35, 160, snr=22, reverberation=0.15),
    Voice("caf1", "en-029", "steph", 54, 170, snr=26),
    Voice("cam1", "en-029", "benjamin", 50, 180),
    Voice("cam2", "en-029", "m8", 60, 190),
]


def espeak(*arguments, text=None):
    """Run espeak-ng, with a text on its standard input, and return its output."""
    done = subprocess.run(
        ["espeak-ng", *arguments], input=text, check=True, capture_output=True, text=True
    )
    return done.stdout


def check_variants(variants):
    """Exit if espeak-ng lacks a variant, for which it would silently use the plain voice."""
    known = espeak("--voices=variant")
    missing = [variant for variant in variants if f"!v/{variant} " not in known]
    if missing:
        raise SystemExit(f"espeak-ng has no voice variant {', '.join(missing)}")


def synthesize(word, voice, pitch, rate):
    """Return one spoken word as samples at SAMPLE_RATE."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "word.wav"
        # Half of the usual amplitude: several variants clip at 100.
        options = ["-a", "50", "-p", str(pitch), "-s", str(rate)]
        espeak("-v", f"{voice.accent}+{voice.variant}", *options, "-w", str(path), word)
        signal, rate_of_file = soundfile.read(path)
    return soxr.resample(signal, rate_of_file, SAMPLE_RATE)


def reverberate(signal, decay_time, rng):
    """Add the echoes of a room: noise that falls by 60 dB in `decay_time`, 8 dB below the voice."""
    times = np.arange(round(decay_time * SAMPLE_RATE)) / SAMPLE_RATE
    echoes = rng.standard_normal(times.size) * 10.0 ** (-3.0 * times / decay_time)
    echoes *= 10.0 ** (-8.0 / 20.0) / np.linalg.norm(echoes)
    echoes[0] = 1.0
    return fftconvolve(signal, echoes)


def trim(signal):
    """Cut the silence at both ends, except MARGIN."""
    window = round(0.010 * SAMPLE_RATE)
    level = np.sqrt(np.convolve(signal**2, np.full(window, 1.0 / window), mode="same"))
    loud = np.flatnonzero(level > level.max() * 10.0 ** (SILENCE_DB / 20.0))
    margin = round(MARGIN * SAMPLE_RATE)
    return signal[max(loud[0] - margin, 0) : loud[-1] + 1 + margin]


def add_noise(signal, snr, colour, rng):
    """Add white or pink (power over frequency like 1/f) noise, `snr` decibels below the voice."""
    spectrum = np.fft.rfft(rng.standard_normal(signal.size))
    spectrum[0] = 0.0
    if colour == "pink":
        spectrum[1:] /= np.sqrt(np.arange(1, spectrum.size))
    noise = np.fft.irfft(spectrum, signal.size)
    wanted = np.linalg.norm(signal) * 10.0 ** (-snr / 20.0)
    return signal + noise * (wanted / np.linalg.norm(noise))


def quantize(signal, rng):
    """Round to multiples of STEP, with triangular dither.

    Without dither, the margins would be exact zeros. Real recordings have no such digital silence,
    whose logarithm would be an outlier in every clip.
    """
    dither = rng.triangular(-1.0, 0.0, 1.0, signal.size)
    return np.round(signal / STEP + dither) * STEP


def make_clip(digit, voice, take):
    """Return one recording as float samples, below 1 in magnitude."""
    rng = np.random.default_rng([SEED, VOICES.index(voice), digit, take])
    pitch = voice.pitch + int(rng.integers(-6, 7))
    rate = voice.rate + int(rng.integers(-15, 16))
    signal = synthesize(WORDS[digit], voice, pitch, rate)
    if voice.reverberation is not None:
        signal = reverberate(signal, voice.reverberation, rng)
    signal = trim(signal)
    if voice.snr is not None:
        signal = add_noise(signal, voice.snr, voice.noise, rng)
    peak = 10.0 ** (rng.uniform(-14.0, -2.0) / 20.0)
    return quantize(signal * (peak / np.abs(signal).max()), rng)


def write_all(destination):
    """Write all clips, and return their durations in seconds."""
    destination.mkdir(parents=True, exist_ok=True)
    for old in destination.glob("*.flac"):
        old.unlink()
    durations = []
    for voice in VOICES:
        for digit in range(len(WORDS)):
            for take in range(TAKES):
                clip = make_clip(digit, voice, take)
                path = destination / f"{digit}_{voice.name}_{take}.flac"
                soundfile.write(path, clip, SAMPLE_RATE, subtype="PCM_16", compression_level=1.0)
                durations.append(clip.size / SAMPLE_RATE)
    return durations


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--destination", type=Path, default=DESTINATION)
    destination = parser.parse_args().destination
    check_variants(voice.variant for voice in VOICES)
    durations = write_all(destination)
    total = sum(path.stat().st_size for path in destination.glob("*.flac"))
    print(espeak("--version").strip())
    print(f"{len(durations)} clips by {len(VOICES)} voices in {destination}")
    print(f"{min(durations):.2f} to {max(durations):.2f} s, {sum(durations):.0f} s in all")
    print(f"{total} bytes")
    if total > MAX_TOTAL_BYTES:
        raise SystemExit(f"that is more than {MAX_TOTAL_BYTES} bytes: use fewer voices or takes")


if __name__ == "__main__":
    main()
