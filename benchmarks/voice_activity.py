"""Pauses around words: MFCCTransformer(trim=35) beside voice activity detectors.

    python benchmarks/voice_activity.py

The README's pipeline is trained on clips that were cut to their words, and tested on other
speakers, whose clips are cut in the same way: as they are, with 0.3 s of zeros on each side, and
with the word at a random place in 1.5 s, in zeros or in pink noise (20 or 10 dB below the mean
power of the word). Compared is the percentage of wrong clips, averaged over six folds of
speakers. Of the Free Spoken Digit Dataset, only the training part is used. A detector cuts off
the samples before and after what it takes for speech; a clip without speech stays as it is. It is
given 0.3 s of zeros on each side of a clip to begin with, since it begins early or ends late,
alike in training and test. webrtcvad decides for each 10 ms, in each of its modes. Silero VAD has
its own defaults, which leave out speech of less than 250 ms, or none of that
(`min_speech_duration_ms=0`). Time is that of cutting and features, from float32 arrays: the
figure is the median of the turns, and the spread that of the ratios within a turn.
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
from benchmarks.recordings import prepare, wav_recordings
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

SHORT = {"n_clips": 120, "turns": 1, "names": ("webrtcvad, mode 3",)}
LIMIT = 1800
PEERS = ("webrtcvad-wheels", "silero-vad", "onnxruntime")

TRIM = 35
PAUSE = 0.3  # seconds
ACCURACY = "Wrong clips of other speakers, in per cent"


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=7, help="number of turns of each tool")
    args = parser.parse_args()
    print(describe(PEERS), f"recordings: {prepare()}", sep="\n")
    show(results(turns=args.turns))


def results(n_clips=None, turns=7, names=None, n_timed=300):
    """Yield a row for each detector and kind of test clips, then one for its time."""
    with wav_recordings() as bunch:
        takes = np.array([int(Path(name).stem.rpartition("_")[2]) for name in bunch.filenames])
        chosen = np.flatnonzero(takes >= 5) if takes.max() > 5 else np.arange(len(takes))
        chosen = np.random.default_rng(0).permutation(chosen)[:n_clips]
        clips = [bunch.data[i] for i in chosen]
        words, speakers = bunch.target[chosen], np.asarray(bunch.speaker)[chosen]
        rate = bunch.sample_rate
    known = detectors(rate)
    cuts = {name: known[name] for name in names or known if name in known}
    kinds = test_clips(clips, rate)
    yield from by_accuracy(cuts, clips, kinds, words, speakers, rate)
    for kind in ("as they are", "anywhere in 1.5 s"):
        yield from by_time(cuts, kind, kinds[kind][:n_timed], rate, turns)


def detectors(rate):
    """Return functions from samples to those between the ends of speech, by their names."""
    found = {}
    if webrtcvad is not None:
        for mode in range(4):
            of_mode = partial(find_by_webrtcvad, rate=rate, mode=mode)
            found[f"webrtcvad, mode {mode}"] = partial(cut, find=of_mode, rate=rate)
    if silero_vad is not None:
        model = silero_vad.load_silero_vad(onnx=True)
        for name, settings in (
            ("Silero VAD", {}),
            ("Silero VAD, from 0 ms", {"min_speech_duration_ms": 0}),
        ):
            of_model = partial(find_by_silero, rate=rate, model=model, **settings)
            found[name] = partial(cut, find=of_model, rate=rate)
    return found


def cut(clip, find, rate):
    """Return the samples between the ends of what a detector finds in a clip between pauses."""
    padded = np.pad(clip, round(PAUSE * rate))
    begin, end = find(padded)
    return padded[begin:end] if begin < end else clip


def find_by_webrtcvad(samples, rate, mode):
    detector, step = webrtcvad.Vad(mode), rate // 100
    integers = np.clip(np.round(samples * 32768), -32768, 32767).astype(np.int16)
    begins = range(0, len(samples) - step + 1, step)
    speech = [i for i in begins if detector.is_speech(integers[i : i + step].tobytes(), rate)]
    return (speech[0], speech[-1] + step) if speech else (0, 0)


def find_by_silero(samples, rate, model, **settings):
    stretches = silero_vad.get_speech_timestamps(
        torch.from_numpy(samples), model, sampling_rate=rate, **settings
    )
    return (stretches[0]["start"], stretches[-1]["end"]) if stretches else (0, 0)


def test_clips(clips, rate):
    """Return the clips with pauses and noise of all kinds, by the name of the kind."""
    rng = np.random.default_rng(1)
    around = []
    for clip in clips:
        rest = max(0, rate * 3 // 2 - len(clip))
        before = rng.integers(rest + 1)
        around.append(np.pad(clip, (before, rest - before)))
    kinds = {
        "as they are": clips,
        "0.3 s of zeros on each side": [np.pad(clip, round(PAUSE * rate)) for clip in clips],
        "anywhere in 1.5 s": around,
    }
    noises = [pink(len(clip), rng) for clip in around]
    for snr in (20, 10):
        kinds[f"anywhere in 1.5 s, pink noise at {snr} dB"] = [
            padded + (np.sqrt(np.mean(clip**2) / 10 ** (snr / 10)) * noise).astype(np.float32)
            for padded, clip, noise in zip(around, clips, noises, strict=True)
        ]
    return kinds


def pink(n_samples, rng):
    """Return noise of variance 1 whose power falls as the frequency rises."""
    spectrum = np.fft.rfft(rng.normal(size=n_samples))
    spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
    spectrum[0] = 0.0
    noise = np.fft.irfft(spectrum, n_samples)
    return noise / noise.std()


def by_accuracy(cuts, clips, kinds, words, speakers, rate):
    """Yield a row for each kind of test clips, without cutting and with each detector."""

    def score(trim, shorten):
        transform = transformer_of(rate, trim).transform
        X = transform([shorten(clip) for clip in clips])
        tests = {kind: transform([shorten(clip) for clip in some]) for kind, some in kinds.items()}
        accuracies = dict.fromkeys(kinds, 0.0)
        cv = GroupKFold(6)
        for train, test in cv.split(X, words, speakers):
            classifier = make_pipeline(StandardScaler(), SoftmaxClassifier(learning_rate=0.3))
            classifier.fit(X[train], words[train])
            for kind, rows in tests.items():
                accuracies[kind] += classifier.score(rows[test], words[test]) / cv.n_splits
        return accuracies

    ours = score(TRIM, as_it_is)
    for name, shorten in ({"no trimming": as_it_is} | cuts).items():
        for kind, accuracy in score(None, shorten).items():
            yield Row(
                table=ACCURACY,
                problem=kind,
                setting=f"trim={TRIM}",
                tool=name,
                ours=100 * (1 - ours[kind]),
                theirs=100 * (1 - accuracy),
                unit="%",
                note=f"accuracy {ours[kind]:.3f} beside {accuracy:.3f}",
            )


def by_time(cuts, kind, clips, rate, turns):
    """Yield a row for each detector, and one for features without cutting."""
    plain = transformer_of(rate, None).transform

    def cut_and_transform(shorten):
        return plain([shorten(clip) for clip in clips])

    runs = {f"trim={TRIM}": partial(transformer_of(rate, TRIM).transform, clips)}
    runs["no trimming"] = partial(plain, clips)
    runs |= {name: partial(cut_and_transform, shorten) for name, shorten in cuts.items()}
    times = in_turns(runs, turns)
    ours = times.pop(f"trim={TRIM}")
    for name, theirs in times.items():
        ratios = [b / a for a, b in zip(ours, theirs, strict=True)]
        yield Row(
            table="Cutting and features",
            problem=f"{len(clips):,} clips {kind}",
            setting=f"trim={TRIM}",
            tool=name,
            ours=float(np.median(ours)),
            theirs=float(np.median(theirs)),
            spread=(min(ratios), max(ratios)) if turns > 1 else None,
            note=f"{1e3 * np.median(theirs) / len(clips):.2f} ms a clip",
            detail=name == "no trimming",
        )


def as_it_is(clip):
    return clip


def transformer_of(rate, trim):
    return MFCCTransformer(sample_rate=rate, trim=trim, deltas=1, n_segments=5)


if __name__ == "__main__":
    main()
