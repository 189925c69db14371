"""MFCCs of all of the Free Spoken Digit Dataset, side by side with the other tools.

    python benchmarks/mfcc.py

One core, 13 coefficients of frames of 25 ms every 10 ms. Each tool is compared with
MFCCTransformer in that tool's convention, which gives the same features; first from arrays in
memory, then from wav files, decoding included; and then two threads with one, on short files and
on long ones. The tools take turns, so that a busy machine slows all of them alike, and each is
judged by its fastest turn.
"""

import argparse
import functools
import os
import platform
import tempfile
import time
import warnings

# Before numpy is imported: one thread for everybody.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", NUMBA_NUM_THREADS="1")

import kaldi_native_fbank
import librosa
import numpy as np
import python_speech_features
import scipy.fft
import scipy.io.wavfile
import soundfile

from skxent import MFCCTransformer
from skxent.datasets import fetch_fsdd
from skxent.frontend import design

N_FFT, N_MELS = 256, 40


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=7, help="how often each tool runs")
    parser.add_argument("--clips", type=int, default=3000, help="how many clips to take")
    args = parser.parse_args()
    bunch = fetch_fsdd()
    clips, paths = bunch.data[: args.clips], bunch.filenames[: args.clips]
    rate = bunch.sample_rate
    seconds = sum(map(len, clips)) / rate
    print(f"{platform.machine()}, Python {platform.python_version()}, NumPy {np.__version__},")
    print(f"librosa {librosa.__version__}, kaldi-native-fbank {kaldi_native_fbank.__version__}")
    print(f"{len(clips)} clips, {seconds:.0f} s of audio, best of {args.turns} turns, one core\n")

    ours = {
        name: MFCCTransformer(sample_rate=rate, convention=name, n_mels=n_mels, pooling=None)
        for name, n_mels in [("psf", None), ("librosa", N_MELS), ("kaldi", None), ("htk", None)]
    }
    runs = {
        f"skxent, {name}": lambda transformer=transformer: transformer.transform(clips)
        for name, transformer in ours.items()
    }
    double = [clip.astype(np.float64) for clip in clips]
    runs["skxent, psf, float64"] = lambda: ours["psf"].transform(double)
    runs["python_speech_features"] = lambda: [psf_mfcc(clip, rate) for clip in clips]
    runs["librosa"] = lambda: [librosa_mfcc(clip, rate) for clip in clips]
    runs["kaldi-native-fbank"] = lambda: [kaldi_mfcc(clip, rate) for clip in clips]
    front_end = design(rate, dtype="float32")
    n_frames = sum(front_end.n_frames(len(clip)) for clip in clips)
    block = np.random.default_rng(0).normal(size=(1024, N_FFT)).astype(np.float32)

    def fourier_alone():
        for _ in range(0, n_frames, len(block)):
            scipy.fft.rfft(block)

    runs["Fourier transforms alone"] = fourier_alone
    runs["skxent, psf, paths"] = lambda: ours["psf"].transform(paths)
    runs["skxent, librosa, paths"] = lambda: ours["librosa"].transform(paths)
    runs["scipy.io.wavfile + psf"] = lambda: [
        psf_mfcc(scipy.io.wavfile.read(path)[1], rate) for path in paths
    ]
    runs["librosa.load + librosa"] = lambda: [
        librosa_mfcc(librosa.load(path, sr=rate)[0], rate) for path in paths
    ]
    with tempfile.TemporaryDirectory() as folder:
        sets = {"short wav": paths}
        for suffix in ("wav", "flac"):
            sets[f"minutes of {suffix}"] = write_minutes(folder, suffix, clips, rate)
        for name, files in sets.items():
            for n_jobs in (1, 2):
                transformer = MFCCTransformer(sample_rate=rate, n_jobs=n_jobs)
                runs[f"{name}, n_jobs={n_jobs}"] = functools.partial(transformer.transform, files)
        best = measure(runs, args.turns)

    print(f"{'':<32}{'seconds':>8}   {'skxent is faster by'}")
    compared = {
        "python_speech_features": ("skxent, psf", "skxent, psf, float64"),
        "librosa": ("skxent, librosa",),
        "kaldi-native-fbank": ("skxent, kaldi",),
        "scipy.io.wavfile + psf": ("skxent, psf, paths",),
        "librosa.load + librosa": ("skxent, librosa, paths",),
    }
    for name, taken in best.items():
        ratios = [f"{taken / best[other]:.1f}x ({other})" for other in compared.get(name, ())]
        print(f"{name:<32}{taken:>8.3f}   {', '.join(ratios)}")
    whole, alone = best["skxent, psf"], best["Fourier transforms alone"]
    print(f"\nskxent, psf, takes {whole / alone:.1f} times as long as its Fourier transforms alone")
    for name in sets:
        gain = best[f"{name}, n_jobs=1"] / best[f"{name}, n_jobs=2"]
        print(f"{name}: n_jobs=2 is {gain:.2f} times as fast as n_jobs=1")


def write_minutes(folder, suffix, clips, rate):
    """Write all clips one after the other to files of a minute; return their paths."""
    signal, length = np.concatenate(clips), 60 * rate
    paths = []
    for start in range(0, len(signal) - length, length):
        paths.append(os.path.join(folder, f"{start}.{suffix}"))
        soundfile.write(paths[-1], signal[start : start + length], rate, subtype="PCM_16")
    return paths


def psf_mfcc(clip, rate):
    return python_speech_features.mfcc(clip, rate, nfft=N_FFT)


def librosa_mfcc(clip, rate):
    return librosa.feature.mfcc(
        y=clip, sr=rate, n_mfcc=13, n_fft=N_FFT, win_length=200, hop_length=80, n_mels=N_MELS
    )


def kaldi_mfcc(clip, rate):
    options = kaldi_native_fbank.MfccOptions()
    options.frame_opts.samp_freq = rate
    options.frame_opts.dither = 0
    tool = kaldi_native_fbank.OnlineMfcc(options)
    tool.accept_waveform(rate, clip)
    tool.input_finished()
    return np.array([tool.get_frame(i) for i in range(tool.num_frames_ready)])


def measure(runs, turns):
    """Return each run's fastest turn in seconds, after one turn to warm up."""
    times = {name: [] for name in runs}
    for _ in range(turns + 1):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return {name: min(taken[1:]) for name, taken in times.items()}


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # librosa's, of clips shorter than its padding
        main()
