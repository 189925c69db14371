"""MFCCs of spoken digits, against other tools.

    python benchmarks/mfcc.py

One core, 13 coefficients of frames of 25 ms every 10 ms. Each tool is compared with
MFCCTransformer in that tool's convention, which gives the same features: first from float32 arrays
in memory, then from wav files, including decoding. librosa and kaldi-native-fbank compute in
float32, as MFCCTransformer does. python_speech_features computes in float64, so it is compared with
MFCCTransformer in float64, too. Then two threads are compared with one, on short files and on long
ones. The tools take turns, so that other load on the machine affects all of them alike. The time is
that of the fastest turn, and the spread is that of the ratios within a turn.
"""

import argparse
import functools
import os
import sys
import tempfile
import warnings
from pathlib import Path

if __name__ == "__main__":  # run as a file: the package is in the folder above
    sys.path[0] = str(Path(__file__).resolve().parents[1])
# One thread for all tools. Must be set before numpy is imported.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", NUMBA_NUM_THREADS="1")

import kaldi_native_fbank
import librosa
import numpy as np
import python_speech_features
import scipy.fft
import scipy.io.wavfile
import soundfile

from benchmarks.machine import describe
from benchmarks.measure import in_turns
from benchmarks.recordings import prepare, wav_recordings
from benchmarks.rows import Row, compare, in_digits, show
from skxent import MFCCTransformer

SHORT = {"turns": 1, "clips": 60}
LIMIT = 480
PEERS = ("python_speech_features", "librosa", "kaldi-native-fbank", "soundfile")

N_FFT, N_MELS = 256, 40
AIMS = {
    "python_speech_features": 10,
    "librosa": 15,
    "kaldi-native-fbank": 12,
    "scipy.io.wavfile + python_speech_features": 4,
    "librosa.load + librosa": 10,
}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=7, help="number of turns of each tool")
    parser.add_argument("--clips", type=int, default=3000, help="number of clips")
    args = parser.parse_args()
    print(describe(PEERS), f"recordings: {prepare()}", sep="\n")
    show(results(turns=args.turns, clips=args.clips))


def results(turns=7, clips=3000):
    """Yield a row for each tool and for each number of threads."""
    with wav_recordings() as bunch, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of librosa, for clips shorter than its padding
        rate = bunch.sample_rate
        ours = {
            name: MFCCTransformer(sample_rate=rate, convention=name, n_mels=n_mels, pooling=None)
            for name, n_mels in [("psf", None), ("librosa", N_MELS), ("kaldi", None)]
        }
        yield from from_arrays(ours, bunch.data[:clips], rate, turns)
        yield from from_files(ours, bunch.filenames[:clips], rate, turns)
        yield from threads(bunch.data[:clips], bunch.filenames[:clips], rate, turns)


def from_arrays(ours, clips, rate, turns):
    """Return a row for each tool, from float32 arrays, and one for float64."""
    runs = {
        f'convention="{name}"': functools.partial(transformer.transform, clips)
        for name, transformer in ours.items()
    }
    double = [clip.astype(np.float64) for clip in clips]
    runs["float64"] = lambda: ours["psf"].transform(double)
    runs["python_speech_features"] = lambda: [psf_mfcc(clip, rate) for clip in clips]
    runs["librosa"] = lambda: [librosa_mfcc(clip, rate) for clip in clips]
    runs["kaldi-native-fbank"] = lambda: [kaldi_mfcc(clip, rate) for clip in clips]
    n_frames = sum(map(len, ours["psf"].transform(clips)))
    block = np.random.default_rng(0).normal(size=(1024, N_FFT)).astype(np.float32)

    def fourier_alone():
        for _ in range(0, n_frames, len(block)):
            scipy.fft.rfft(block)

    runs["Fourier transforms"] = fourier_alone
    times = in_turns(runs, turns)
    alone = min(times["Fourier transforms"])
    share = min(times['convention="psf"']) / alone
    problem = f"{len(clips):,} clips, {sum(map(len, clips)) / rate:,.0f} s of audio"
    rows = [
        Row(
            table="From arrays, float32",
            problem=problem,
            setting=setting,
            tool=tool,
            aim=AIMS[tool],
            note=note,
            **compare(times[setting], times[tool]),
        )
        for setting, tool, note in [
            (
                'convention="psf"',
                "python_speech_features",
                f"{in_digits(share, 2)} times its Fourier transforms alone ({alone:.3f} s)",
            ),
            ('convention="librosa"', "librosa", f"{N_MELS} mels"),
            ('convention="kaldi"', "kaldi-native-fbank", ""),
        ]
    ]
    rows.append(
        Row(
            table="From arrays, float64",
            problem=problem,
            setting='convention="psf"',
            tool="python_speech_features",
            note="the same features to twelve digits",
            **compare(times["float64"], times["python_speech_features"]),
        )
    )
    return rows


def from_files(ours, paths, rate, turns):
    """Return a row for each tool, from wav files."""
    runs = {
        'convention="psf"': lambda: ours["psf"].transform(paths),
        'convention="librosa"': lambda: ours["librosa"].transform(paths),
        "scipy.io.wavfile + python_speech_features": lambda: [
            psf_mfcc(scipy.io.wavfile.read(path)[1], rate) for path in paths
        ],
        "librosa.load + librosa": lambda: [
            librosa_mfcc(librosa.load(path, sr=rate)[0], rate) for path in paths
        ],
    }
    times = in_turns(runs, turns)
    settings, tools = list(runs)[:2], list(runs)[2:]
    return [
        Row(
            table="From wav files",
            problem=f"{len(paths):,} files",
            setting=setting,
            tool=tool,
            aim=AIMS[tool],
            **compare(times[setting], times[tool]),
        )
        for setting, tool in zip(settings, tools, strict=True)
    ]


def threads(clips, paths, rate, turns):
    """Return rows that compare two threads with one, on short files and on long ones."""
    with tempfile.TemporaryDirectory() as folder:
        sets = {"short wav files": paths}
        for suffix in ("wav", "flac"):
            files = write_minutes(folder, suffix, clips, rate)
            sets[f"{suffix} files of {soundfile.info(files[0]).duration:.0f} s"] = files
        runs = {
            (name, n_jobs): functools.partial(
                MFCCTransformer(sample_rate=rate, n_jobs=n_jobs).transform, files
            )
            for name, files in sets.items()
            for n_jobs in (1, 2)
        }
        times = in_turns(runs, turns)
    return [
        Row(
            table="Two threads against one, both of skxent",
            problem=name,
            setting="n_jobs=2",
            tool="skxent, n_jobs=1",
            detail=True,
            **compare(times[name, 2], times[name, 1]),
        )
        for name in sets
    ]


def write_minutes(folder, suffix, clips, rate):
    """Write the joined clips to files of at most a minute, and return their paths."""
    signal = np.concatenate(clips)
    length = min(60 * rate, len(signal) // 2)
    paths = []
    for start in range(0, len(signal) - length + 1, length):
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


if __name__ == "__main__":
    main()
