"""Memory for a long recording, beyond its samples and its features.

    python benchmarks/memory.py

Noise at 16 kHz. Each way runs once in a process of its own. Measured is the increase of the peak
resident memory, without the features. Samples that are the input are loaded before. The peers get
a shorter recording, since their memory grows with its length: they hold all frames at once.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

if __name__ == "__main__":  # run as a file: the package is in the folder above
    sys.path[0] = str(Path(__file__).resolve().parents[1])
# One thread for all tools. Must be set before numpy is imported.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", NUMBA_NUM_THREADS="1")

import librosa
import numpy as np
import python_speech_features
import soundfile

from benchmarks.machine import describe
from benchmarks.measure import in_process, peak, reset_peak, resident, timed
from benchmarks.rows import Row, show
from skxent import MFCCTransformer

SHORT = {"hours": 0.02, "peer_hours": 0.01, "ways": ("wav file",), "tools": ("librosa",)}
LIMIT = 300
PEERS = ("python_speech_features", "librosa", "soundfile")

RATE, N_FFT = 16000, 512
WAYS = {
    "float32 array": ("float32", {}),
    "int16 pair": ("int16", {}),
    "wav file": ("path", {}),
    "wav file, to 8 kHz": ("path", {"sample_rate": 8000}),
    "wav file, frames": ("path", {"pooling": None}),
    "wav file, 5 segments, CMVN": ("path", {"n_segments": 5, "normalize": "mean_std"}),
    "wav file, two deltas": ("path", {"deltas": 2}),
}
# Convention in which skxent is compared with each peer.
TOOLS = {"python_speech_features": "psf", "librosa": "librosa"}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hours", type=float, default=2.0, help="length of the recording")
    parser.add_argument(
        "--peer-hours", type=float, default=0.25, help="length of the recording for the peers"
    )
    args = parser.parse_args()
    print(describe(PEERS))
    show(results(hours=args.hours, peer_hours=args.peer_hours))


def results(hours=2.0, peer_hours=0.25, ways=tuple(WAYS), tools=tuple(TOOLS)):
    """Yield a row for each peer, and one for each way through the transformer."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.wav"
        write_noise(path, peer_hours)
        for tool in tools:
            convention = TOOLS[tool]
            settings = {"convention": convention, "pooling": None}
            ours, _ = measure(of_transformer, path, "float32", settings)
            theirs, _ = measure(of_peer, path, tool)
            yield Row(
                table="Against the peers: frames of a float32 array",
                problem=f"{in_words(peer_hours)} at 16 kHz",
                setting=f'convention="{convention}"',
                tool=tool,
                ours=ours / 1e6,
                theirs=theirs / 1e6,
                unit="MB",
            )
        write_noise(path, hours)
        for name in ways:
            kind, settings = WAYS[name]
            beyond, seconds = measure(of_transformer, path, kind, settings)
            yield Row(
                table=f"A recording of {in_words(hours)} at 16 kHz",
                problem=name,
                ours=beyond / 1e6,
                unit="MB",
                note=f"in {seconds:.1f} s",
                detail=True,
            )


def in_words(hours):
    return f"{hours:g} hours" if hours >= 1 else f"{60 * hours:g} minutes"


def write_noise(path, hours):
    minute = np.random.default_rng(0).normal(scale=1000, size=60 * RATE).astype(np.int16)
    left = round(3600 * hours) * RATE
    with soundfile.SoundFile(path, "w", RATE, 1, subtype="PCM_16") as file:
        while left > 0:
            file.write(minute[:left])
            left -= len(minute)


def measure(function, *arguments):
    """Return the result of a measurement in a new process."""
    return next(in_process(function, arguments, LIMIT))


def of_transformer(path, kind, settings):
    """Yield the memory of a transform beyond input and output, in bytes, and its seconds."""
    transformer = MFCCTransformer(**{"sample_rate": RATE, **settings})
    transformer.transform([np.ones(RATE, dtype=np.float32)])
    clip = path if kind == "path" else soundfile.read(path, dtype=kind)[0]
    if kind == "int16":
        clip = (RATE, clip)
    yield beyond(lambda: transformer.transform([clip])[0])


def of_peer(path, tool):
    """Yield the memory of a peer beyond input and output, in bytes, and its seconds."""
    compute = {"python_speech_features": psf_mfcc, "librosa": librosa_mfcc}[tool]
    compute(np.ones(RATE, dtype=np.float32))
    clip = soundfile.read(path, dtype="float32")[0]
    yield beyond(lambda: compute(clip))


def psf_mfcc(clip):
    return python_speech_features.mfcc(clip, RATE, nfft=N_FFT)


def librosa_mfcc(clip):
    return librosa.feature.mfcc(
        y=clip, sr=RATE, n_mfcc=13, n_fft=N_FFT, win_length=400, hop_length=160
    )


def beyond(run):
    """Return the increase of the peak memory without the features, and the seconds."""
    reset_peak()
    before = resident()
    seconds, features = timed(run)
    return peak() - before - features.nbytes, seconds


if __name__ == "__main__":
    main()
