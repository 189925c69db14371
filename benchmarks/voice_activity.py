"""Pauses around words: MFCCTransformer(trim=35) beside voice activity detectors.

    python benchmarks/voice_activity.py

The README's pipeline, with other ways of finding the word in a clip. All clips, for training and
for the test, are cut in the same way: not at all, by `trim=35`, by webrtcvad (modes 1 and 3, a
decision for each 10 ms) or by Silero VAD (its ONNX model and defaults, but
`min_speech_duration_ms=0`, since by default it leaves out speech of less than 250 ms). Detectors
need some context, so they always see 0.3 s of zeros before and after a clip. What is kept reaches
from the first voiced frame to the last; if there is none, the clip stays as it is. Zeros that a
detector takes for speech are kept, too. Detectors begin early or end late, so without these zeros
a clip without pauses would be cut closer than one with pauses, which would count against them.

The classifier is trained on clips that were cut to their words by hand, and tested on speakers who
were left out: on such clips, on the same with 0.3 s of zeros on each side, and on words at a
random place in 1.5 s of pink noise whose power is 40 dB (faint), 20 dB or 10 dB below the word's.
Each figure is the percentage of wrong clips, the mean over six folds of speakers. The clips are
1,200 of the training part of the Free Spoken Digit Dataset, drawn once. Time is that of cutting
and features together, from float32 arrays with words in 1.5 s of faint noise: medians of the
turns. The spread is that of the ratios within a turn.
"""

import argparse
import os
import sys
from functools import partial
from pathlib import Path

if __name__ == "__main__":  # run as a file: the package is in the folder above
    sys.path[0] = str(Path(__file__).resolve().parents[1])
# One thread for all tools. Must be set before numpy is imported.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", NUMBA_NUM_THREADS="1")

import numpy as np
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.machine import describe
from benchmarks.measure import in_turns
from benchmarks.recordings import prepare, takes_of, wav_recordings
from benchmarks.rows import Row, show
from skxent import MFCCTransformer, SoftmaxClassifier

try:
    import webrtcvad
except ModuleNotFoundError:
    webrtcvad = None
try:
    import silero_vad
    import torch
except ModuleNotFoundError:
    silero_vad = None

DETECTORS = ("webrtcvad, mode 1", "webrtcvad, mode 3", "Silero VAD")
SHORT = {"n_clips": 120, "n_timed": 20, "turns": 1, "names": ("webrtcvad, mode 3",)}
LIMIT = 1800
PEERS = ("webrtcvad-wheels", "silero-vad", "onnxruntime")

CONTEXT = 0.3  # seconds
FAINT = "anywhere in 1.5 s, faint noise"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=7, help="number of turns of each tool")
    args = parser.parse_args()
    print(describe(PEERS), f"recordings: {prepare()}", sep="\n")
    show(results(turns=args.turns))


def results(n_clips=1200, turns=7, names=DETECTORS, n_timed=100):
    """Yield rows for each way of cutting: of its errors for each kind of test clips, its time."""
    with wav_recordings() as bunch:
        takes = takes_of(bunch)
        in_training = takes >= 5 if takes.max() > 5 else takes >= 0  # the synthetic ones have two
        chosen = np.random.default_rng(0).permutation(np.flatnonzero(in_training))[:n_clips]
        clips = [bunch.data[i] for i in chosen]
        words, speakers = bunch.target[chosen], np.asarray(bunch.speaker)[chosen]
        rate = bunch.sample_rate
    tests = test_clips(clips, rate)

    features = {"trim=35": transformer_of(rate, trim=35).transform}
    features["no trimming"] = untrimmed = transformer_of(rate, trim=None).transform
    for name in names:
        find = detector(name, rate)
        if find is not None:
            features[name] = partial(cut_and_transform, transform=untrimmed, find=find, rate=rate)

    errors = {}
    for name, transform in features.items():
        errors[name] = errors_of(transform, clips, tests, words, speakers)
        if name == "trim=35":
            continue
        for kind in tests:
            yield Row(
                table="Wrong clips of other speakers, in per cent",
                problem=kind,
                setting="trim=35",
                tool=name,
                ours=errors["trim=35"][kind],
                theirs=errors[name][kind],
                unit="%",
            )
    yield from by_time(features, tests[FAINT][:n_timed], turns)


def transformer_of(rate, trim):
    return MFCCTransformer(sample_rate=rate, trim=trim, deltas=1, n_segments=5)


def cut_and_transform(clips, transform, find, rate):
    return transform([cut(clip, find, rate) for clip in clips])


def cut(clip, find, rate):
    """Return what a detector takes for speech, of a clip with zeros before and after it."""
    padded = np.pad(clip, round(CONTEXT * rate))
    begin, end = find(padded)
    return padded[begin:end] if begin < end else clip


def detector(name, rate):
    """Return a detector's function from samples to where speech begins and ends, or None."""
    if name == "Silero VAD":
        if silero_vad is not None:
            return partial(find_by_silero, rate=rate, model=silero_vad.load_silero_vad(onnx=True))
        package = "silero-vad onnxruntime"
    else:
        if webrtcvad is not None:
            return partial(find_by_webrtcvad, rate=rate, mode=int(name[-1]))
        package = "webrtcvad-wheels"
    print(f"{name} is left out, since it isn't installed: pip install {package}", file=sys.stderr)
    return None


def find_by_webrtcvad(samples, rate, mode):
    vad, length = webrtcvad.Vad(mode), rate // 100
    integers = np.clip(np.round(samples * 32768), -32768, 32767).astype(np.int16)
    begins = range(0, len(samples) - length + 1, length)
    voiced = [i for i in begins if vad.is_speech(integers[i : i + length].tobytes(), rate)]
    return (voiced[0], voiced[-1] + length) if voiced else (0, 0)


def find_by_silero(samples, rate, model):
    voiced = silero_vad.get_speech_timestamps(
        torch.from_numpy(samples), model, sampling_rate=rate, min_speech_duration_ms=0
    )
    return (voiced[0]["start"], voiced[-1]["end"]) if voiced else (0, 0)


def test_clips(clips, rate):
    """Return the test clips of each kind, by its name."""
    rng = np.random.default_rng(1)
    longer, noises = [], []
    for clip in clips:
        rest = max(0, rate * 3 // 2 - len(clip))
        before = rng.integers(rest + 1)
        longer.append(np.pad(clip, (before, rest - before)))
        power = np.mean(clip**2, dtype=np.float64)
        noises.append(np.sqrt(power) * pink(len(longer[-1]), rng))

    def with_noise(snr):
        pairs = zip(longer, noises, strict=True)
        return [(clip + 10 ** (-snr / 20) * noise).astype(np.float32) for clip, noise in pairs]

    return {
        "as they are": clips,
        "0.3 s of zeros on each side": [np.pad(clip, round(0.3 * rate)) for clip in clips],
        FAINT: with_noise(40),
        "anywhere in 1.5 s, noise at 20 dB": with_noise(20),
        "anywhere in 1.5 s, noise at 10 dB": with_noise(10),
    }


def pink(n_samples, rng):
    """Return noise of variance 1 whose power falls as the frequency rises."""
    spectrum = np.fft.rfft(rng.normal(size=n_samples))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0.0
    noise = np.fft.irfft(spectrum, n_samples)
    return noise / noise.std()


def errors_of(transform, clips, tests, words, speakers):
    """Return the percentage of wrong clips of each kind, of speakers left out of the training."""
    X = transform(clips)
    X_test = {kind: transform(some) for kind, some in tests.items()}
    folds = list(GroupKFold(6).split(X, words, speakers))
    wrong = {kind: [] for kind in tests}
    for train, test in folds:
        classifier = make_pipeline(StandardScaler(), SoftmaxClassifier(learning_rate=0.3))
        classifier.fit(X[train], words[train])
        for kind, rows in X_test.items():
            wrong[kind].append(100 * (1 - classifier.score(rows[test], words[test])))
    return {kind: float(np.mean(of_folds)) for kind, of_folds in wrong.items()}


def by_time(features, clips, turns):
    """Yield a row for each way of cutting; without any, for the time of the features alone."""
    times = in_turns({name: partial(run, clips) for name, run in features.items()}, turns)
    ours = times.pop("trim=35")
    for name, theirs in times.items():
        ratios = [b / a for a, b in zip(ours, theirs, strict=True)]
        yield Row(
            table="Cutting and features",
            problem=f"{len(clips):,} clips {FAINT}",
            setting="trim=35",
            tool=name,
            ours=float(np.median(ours)),
            theirs=float(np.median(theirs)),
            spread=(min(ratios), max(ratios)) if turns > 1 else None,
            note=f"{min(ratios):.2f} to {max(ratios):.2f} in the turns" if turns > 1 else "",
            detail=name == "no trimming",
        )


if __name__ == "__main__":
    main()
