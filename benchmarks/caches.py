"""Caches on disk: a second pass over many short recordings.

    python benchmarks/caches.py

Wav files of some 0.4 s of noise at 8 kHz, to 13 coefficients, mean and deviation. "Computed"
is a pass without a cache, "filled" the first pass with an empty folder, "read" a pass in a new
process with a full one. The peer, joblib.Memory around a function of one path, keeps a file for
each clip, and gets fewer of them. The operating system has all files in its memory.
"""

import argparse
import os
import sys
import tempfile
import wave
from pathlib import Path

if __name__ == "__main__":  # run as a file: the package is in the folder above
    sys.path[0] = str(Path(__file__).resolve().parents[1])
# One thread for all tools. Must be set before numpy is imported.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", NUMBA_NUM_THREADS="1")

import joblib
import numpy as np
import soundfile

from benchmarks.machine import describe
from benchmarks.measure import in_process, timed
from benchmarks.rows import Row, compare, show
from skxent import MFCCTransformer
from skxent.mfcc import mfcc

SHORT = {"clips": 200, "peer_clips": 100, "turns": 1}
LIMIT = 600
PEERS = ("joblib", "soundfile")

RATE = 8000
AIM = 4.0


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=100_000, help="number of recordings")
    parser.add_argument("--peer-clips", type=int, default=5000, help="of these, for the peer")
    parser.add_argument("--turns", type=int, default=3)
    args = parser.parse_args()
    print(describe(PEERS))
    show(results(clips=args.clips, peer_clips=args.peer_clips, turns=args.turns))


def results(clips=100_000, peer_clips=5000, turns=3):
    """Yield rows of filling and reading, for all clips and beside the peer."""
    with tempfile.TemporaryDirectory() as folder:
        paths = write_clips(Path(folder) / "clips", clips)
        measured = {"computed": [], "read": []}
        filled, n_files = measure(of_transformer, paths, os.path.join(folder, "cache"))
        for _ in range(turns):
            measured["computed"].append(measure(of_transformer, paths, None)[0])
            measured["read"].append(
                measure(of_transformer, paths, os.path.join(folder, "cache"))[0]
            )
        yield Row(
            table="A second pass over wav files",
            problem=f"{clips:,} files",
            setting="cache=folder",
            tool="skxent, cache=None",
            aim=AIM,
            note=f"{1e6 * min(measured['read']) / clips:.0f} us a clip",
            **compare(measured["read"], measured["computed"]),
        )
        yield Row(
            table="The first pass, which fills the folder",
            problem=f"{clips:,} files",
            setting="cache=folder",
            tool="skxent, cache=None",
            note=f"{1e6 * filled / clips:.0f} us a clip, {n_files:,} files in the cache",
            **compare([filled], [min(measured["computed"])]),
        )
        some = paths[:peer_clips]
        for table in ("The first pass", "A second pass"):
            ours, _ = measure(of_transformer, some, os.path.join(folder, "few"))
            theirs, _ = measure(of_memory, some, os.path.join(folder, "memory"))
            yield Row(
                table=f"{table}, beside a file per clip",
                problem=f"{len(some):,} files",
                setting="cache=folder",
                tool="joblib.Memory, a clip per call",
                **compare([ours], [theirs]),
            )


def write_clips(folder, n_clips):
    """Write wav files of noise, a thousand in a folder, and return their paths."""
    noise = np.random.default_rng(0).normal(scale=1000, size=200_000).astype("<i2")
    paths = []
    for i in range(n_clips):
        if i % 1000 == 0:
            (folder / str(i // 1000)).mkdir(parents=True)
        paths.append(str(folder / str(i // 1000) / f"{i:06}.wav"))
        start, length = i * 104_729 % 190_000, 3000 + i * 7919 % 1000
        with wave.open(paths[-1], "wb") as file:
            file.setparams((1, 2, RATE, length, "NONE", ""))
            file.writeframes(noise[start : start + length].tobytes())
    return paths


def measure(function, *arguments):
    """Return the result of a measurement in a new process."""
    return next(in_process(function, arguments, LIMIT))


def of_transformer(paths, cache):
    """Yield the seconds of a pass, and the number of files in the cache."""
    MFCCTransformer(sample_rate=RATE).transform(paths[:10])
    transformer = MFCCTransformer(sample_rate=RATE, cache=cache)
    seconds, _ = timed(lambda: transformer.transform(paths))
    yield seconds, len(os.listdir(cache)) if cache else 0


def of_memory(paths, folder):
    """Yield the seconds of a pass through joblib.Memory, and None."""
    frames_of = joblib.Memory(folder, verbose=0).cache(frames)
    yield timed(lambda: [frames_of(path) for path in paths])[0], None


def frames(path):
    return mfcc(soundfile.read(path, dtype="float32")[0], RATE)


if __name__ == "__main__":
    main()
