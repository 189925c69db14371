"""Words in a row, of new speakers, and where each word begins and ends.

    python benchmarks/connected.py

Three to seven recordings of a speaker are joined to a row, with pauses of 0 to 0.5 s before,
between and after the words. In the test, pauses are of zeros, or of noise with the spectrum of the
quietest frames of these recordings; in training every other row is of either kind. Each speaker is
left out once. Of the Free Spoken Digit Dataset the training part is used, takes 5 to 49.

**Words in a row.** Compared is the word error rate: substitutions, deletions and insertions, for
each word that was said. The classifier is `LexiconClassifier` with its defaults, trained on rows
or, for comparison, on the recordings as they are. Features are 13 MFCCs and their slopes,
standardised over the row, with a floor of energies, so that zeros and faint noise are alike. These
features, and the word penalty of the defaults, were known to do well for these speakers, which
makes the figures slightly optimistic.

**Where words are.** The recordings are cut to the word first, by their level, and the ends of what
is left are the truth. A word's start or end is right if it is within 30 ms. The classifier sees
frames without slopes and neighbours, which would blur the boundaries.
"""

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

if __name__ == "__main__":  # run as a file: the package is in the folder above
    sys.path[0] = str(Path(__file__).resolve().parents[1])
# One thread for all tools. Must be set before numpy is imported.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", NUMBA_NUM_THREADS="1")

import numpy as np

from benchmarks.machine import describe
from benchmarks.recordings import prepare, takes_of, wav_recordings
from benchmarks.rows import Row, show
from skxent import LexiconClassifier, MFCCTransformer
from skxent.frames import trim
from skxent.mfcc import CONVENTIONS
from skxent.words import word_error_rate

SHORT = {"n_takes": 2, "n_speakers": 2}
LIMIT = 3600
PEERS = ("jiwer",)

KINDS = ("zeros", "noise")
# Zeros, and noise that nobody hears, get the same energies.
CONVENTION = replace(CONVENTIONS["psf"], floor=1e-6, floor_zero_only=False)
TOLERANCE = 0.03

RATES = "Wrong words in a row, of new speakers, in per cent"
BOUNDARIES = "Boundaries of words more than 30 ms off, of new speakers, in per cent"
AIMS = {RATES: 12.0, BOUNDARIES: 10.0}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--short", action="store_true", help="two speakers, two takes of each")
    args = parser.parse_args()
    print(describe(PEERS), f"recordings: {prepare()}", sep="\n")
    show(results(**SHORT if args.short else {}))


def results(n_takes=45, n_speakers=None):
    """Yield rows: error rates in rows of words, then boundaries, of each left-out speaker."""
    with wav_recordings() as bunch:
        takes = takes_of(bunch)
        chosen = np.flatnonzero((takes >= 5) & (takes < 5 + n_takes))
        if len(chosen) == 0:  # of the synthetic clips, each voice has a single take
            chosen = np.arange(len(bunch.target))
        rate, speakers = bunch.sample_rate, np.asarray(bunch.speaker)[chosen]
        recordings = {
            speaker: (
                [np.asarray(bunch.data[i]) for i in chosen[speakers == speaker]],
                bunch.target[chosen[speakers == speaker]],
            )
            for speaker in np.unique(speakers).tolist()
        }
    left_out = list(recordings)[:n_speakers]
    yield from rates(recordings, left_out, rate)
    yield from boundaries(recordings, left_out, rate)


def rates(recordings, left_out, rate):
    """Yield the word error rates of speakers left out, trained on rows and on single clips."""
    transformer = MFCCTransformer(
        sample_rate=rate, deltas=1, normalize="mean_std", convention=CONVENTION, pooling=None
    )
    frames = frames_of_rows(recordings, rate, transformer)
    singles = {
        speaker: {"training": (list(transformer.transform(clips)), words.tolist())}
        for speaker, (clips, words) in recordings.items()
    }
    classifier = LexiconClassifier()
    for name, of_training in (("rows", frames), ("single clips", singles)):
        wrong = {kind: [] for kind in KINDS}
        for speaker in left_out:
            fit_without(classifier, of_training, speaker)
            for kind in KINDS:
                clips, words = frames[speaker][kind]
                wrong[kind].append(100 * word_error_rate(words, classifier.transcribe(clips)))
        yield from rows(RATES, f"trained on {name}", left_out, wrong)


def boundaries(recordings, left_out, rate):
    """Yield the shares of boundaries that are not found, of speakers left out."""
    transformer = MFCCTransformer(
        sample_rate=rate, normalize="mean_std", convention=CONVENTION, pooling=None
    )
    trimmed = {
        speaker: ([cut(clip, rate) for clip in clips], words)
        for speaker, (clips, words) in recordings.items()
    }
    frames = frames_of_rows(trimmed, rate, transformer)
    classifier = LexiconClassifier(context=0, n_iter=4)
    wrong = {kind: [] for kind in KINDS}
    for speaker in left_out:
        fit_without(classifier, frames, speaker)
        for kind in KINDS:
            clips, words = frames[speaker][kind]
            spans = join_rows(*trimmed[speaker], rate, [kind], seed=1)[2]
            errors = [
                abs(found - true)
                for alignment, of_row in zip(classifier.align(clips, words), spans, strict=True)
                for interval, span in zip(alignment.words, of_row, strict=True)
                for found, true in zip(interval[:2], span, strict=True)
            ]
            wrong[kind].append(100 * np.mean(np.array(errors) > TOLERANCE))
    yield from rows(BOUNDARIES, "frames without neighbours", left_out, wrong)


def frames_of_rows(recordings, rate, transformer):
    """Return frames and words of rows for training, and of tests of each kind, by speaker."""
    frames = {}
    for number, (speaker, (clips, words)) in enumerate(recordings.items()):
        frames[speaker] = {}
        for name, kinds, seed in (
            ("training", KINDS, 2 + number),
            *((kind, [kind], 1) for kind in KINDS),
        ):
            signals, of_rows, _ = join_rows(clips, words, rate, kinds, seed)
            frames[speaker][name] = list(transformer.transform(signals)), of_rows
    return frames


def join_rows(clips, words, rate, kinds, seed):
    """Return signals of three to seven clips with pauses, their words, and their spans.

    Each clip is used once. Spans are the start and end of each word in seconds. The kinds of pauses
    take turns.
    """
    rng = np.random.default_rng(seed)
    order, signals, of_rows, spans = rng.permutation(len(clips)), [], [], []
    while len(order) >= 3:
        chosen, order = np.split(order, [rng.integers(3, 8)])
        noise = noise_floor([clips[i] for i in chosen], rate)
        is_silent = kinds[len(signals) % len(kinds)] == "zeros"
        parts, of_row, n_samples = [], [], 0
        for i in [*chosen, None]:
            pause = rng.normal(size=round(rng.uniform(0.0, 0.5) * rate) + len(noise) - 1)
            pause = np.convolve(pause, 0.0 * noise if is_silent else noise, mode="valid")
            parts.append(pause)
            n_samples += len(pause)
            if i is not None:
                of_row.append((n_samples / rate, (n_samples + len(clips[i])) / rate))
                parts.append(clips[i])
                n_samples += len(clips[i])
        signals.append(np.concatenate(parts).astype(np.float32))
        of_rows.append(words[chosen].tolist())
        spans.append(of_row)
    return signals, of_rows, spans


def noise_floor(clips, rate, n_fft=512):
    """Return a filter that gives white noise the spectrum of the quietest frames of clips."""
    length = round(0.025 * rate)
    frames = np.concatenate(
        [np.lib.stride_tricks.sliding_window_view(clip, length)[:: length // 2] for clip in clips]
    )
    quietest = np.argsort(np.square(frames).mean(axis=1))[: max(1, len(frames) // 20)]
    window = np.hanning(length)
    power = np.square(np.abs(np.fft.rfft(frames[quietest] * window, n_fft))).mean(axis=0)
    response = np.fft.irfft(np.sqrt(power / np.square(window).sum()), n_fft)
    return np.roll(response, n_fft // 2) * np.hanning(n_fft)


def cut(clip, rate):
    """Return a clip without what is quiet at its ends, in steps of 10 ms."""
    step = rate // 100
    powers = [np.square(clip[i : i + step]).mean() for i in range(0, len(clip), step)]
    levels = 10 * np.log10(np.array(powers) + 1e-12)
    numbers, _ = trim(np.arange(len(levels))[:, np.newaxis], levels, 35.0)
    return clip[numbers[0, 0] * step : (numbers[-1, 0] + 1) * step]


def fit_without(classifier, frames, speaker):
    """Fit a classifier to the training frames of all other speakers."""
    others = [of_speaker["training"] for other, of_speaker in frames.items() if other != speaker]
    clips, words = (
        [entry for part in parts for entry in part] for parts in zip(*others, strict=True)
    )
    classifier.fit(clips, words)


def rows(table, setting, left_out, wrong):
    """Yield the mean over the speakers of each kind of pauses, then each speaker's."""
    for kind, values in wrong.items():
        yield Row(
            table=table,
            problem=f"pauses of {kind}",
            setting=setting,
            ours=np.mean(values),
            unit="%",
            note=f"aim {AIMS[table]:g}",
        )
    for kind, values in wrong.items():
        for speaker, value in zip(left_out, values, strict=True):
            yield Row(
                table=table,
                problem=f"{speaker}, {kind}",
                setting=setting,
                ours=value,
                unit="%",
                detail=True,
            )


if __name__ == "__main__":
    main()
