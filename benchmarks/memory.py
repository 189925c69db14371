"""Memory that a recording of hours takes, beyond its samples and its features.

    python benchmarks/memory.py

Each way runs in a process of its own; what is measured is how far the largest resident memory
rises over what the process had before, with the samples already there if they are its input.
"""

import argparse
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile

from skxent import MFCCTransformer

RATE = 16000


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hours", type=float, default=2.0, help="length of the recording")
    hours = parser.parse_args().hours
    print(f"{hours:g} h at {RATE} Hz; MB beyond input and output\n")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.wav"
        write_noise(path, hours)
        ways = [
            ("float32 array", "float32", {}),
            ("int16 pair", "int16", {}),
            ("wav file", "path", {}),
            ("wav file, to 8 kHz", "path", {"sample_rate": 8000}),
            ("wav file, frames", "path", {"pooling": None}),
            ("wav file, 5 segments, CMVN", "path", {"n_segments": 5, "normalize": "mean_std"}),
            ("wav file, two deltas", "path", {"deltas": 2}),
        ]
        for name, kind, settings in ways:
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                beyond, seconds = pool.apply(run, (path, kind, settings))
            print(f"{name:<28}{beyond / 1e6:>8.0f} MB{seconds:>8.1f} s")


def write_noise(path, hours):
    minute = np.random.default_rng(0).normal(scale=1000, size=60 * RATE).astype(np.int16)
    with soundfile.SoundFile(path, "w", RATE, 1, subtype="PCM_16") as file:
        for _ in range(round(60 * hours)):
            file.write(minute)


def run(path, kind, settings):
    """Return the bytes beyond input and output that a transform takes, and its seconds."""
    transformer = MFCCTransformer(**{"sample_rate": RATE, **settings})
    transformer.transform([np.ones(RATE, dtype=np.float32)])
    clip = path if kind == "path" else soundfile.read(path, dtype=kind)[0]
    if kind == "int16":
        clip = (RATE, clip)
    before, start = resident(), time.perf_counter()
    features = transformer.transform([clip])
    seconds = time.perf_counter() - start
    output = features[0].nbytes if transformer.pooling is None else features.nbytes
    return peak() - before - output, seconds


def resident():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
