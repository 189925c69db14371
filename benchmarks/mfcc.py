"""MFCCs of all of the Free Spoken Digit Dataset, side by side with python_speech_features.

    python benchmarks/mfcc.py

The clips are in memory; every tool computes the same 13 coefficients of the same frames, on one
core. The tools take turns, so that a busy machine slows all of them alike, and each is judged by
its fastest turn.
"""

import argparse
import time

import numpy as np
import python_speech_features
import scipy.fft
from threadpoolctl import threadpool_limits

from skxent import MFCCTransformer
from skxent.datasets import fetch_fsdd
from skxent.mfcc import compute, design

N_FFT = 256


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=7, help="how often each tool runs")
    turns = parser.parse_args().turns

    bunch = fetch_fsdd()
    rate, single = bunch.sample_rate, bunch.data
    double = [clip.astype(np.float64) for clip in single]
    seconds = sum(map(len, single)) / rate
    print(f"{len(single)} clips, {seconds:.0f} s of audio, best of {turns} turns, one core\n")

    transformer = MFCCTransformer(sample_rate=rate, n_fft=N_FFT, pooling=None)
    front_end = design(rate, n_fft=N_FFT, dtype="float32")
    n_frames = sum(front_end.n_frames(len(clip)) for clip in single)
    block = np.random.default_rng(0).normal(size=(1024, N_FFT)).astype(np.float32)

    def fourier_alone():
        for _ in range(0, n_frames, len(block)):
            scipy.fft.rfft(block)

    tools = {
        "python_speech_features": lambda: [
            python_speech_features.mfcc(clip, rate, nfft=N_FFT) for clip in single
        ],
        "MFCCTransformer, float32": lambda: transformer.transform(single),
        "MFCCTransformer, float64": lambda: transformer.transform(double),
        "mfcc.compute, float32": lambda: compute(single, front_end),
        "the Fourier transform alone": fourier_alone,
    }
    with threadpool_limits(limits=1):
        times = measure(tools, turns)
        ours = np.concatenate(list(transformer.transform(double)))
        theirs = np.concatenate(
            [python_speech_features.mfcc(clip, rate, nfft=N_FFT) for clip in double]
        )

    reference = times["python_speech_features"]
    print(f"{'':<30}{'seconds':>9}{'ratio':>9}")
    for name, best in times.items():
        print(f"{name:<30}{best:>9.3f}{reference / best:>8.1f}x")
    print(
        f"\nlargest difference from python_speech_features, float64: {abs(ours - theirs).max():.1e}"
    )


def measure(tools, turns):
    """Return each tool's fastest turn in seconds, after one turn to warm up."""
    times = {name: [] for name in tools}
    for _ in range(turns + 1):
        for name, run in tools.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return {name: min(taken[1:]) for name, taken in times.items()}


if __name__ == "__main__":
    main()
