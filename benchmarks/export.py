"""Exported models beside the pipelines that they were made of.

    python benchmarks/export.py

Each pipeline is fitted to a tenth of the clips and turned into an ONNX model by
`skxent.export.to_onnx`. onnxruntime runs the model, and the pipeline computes probabilities, both
in one thread: clip by clip as in an app, which is where Python's overhead counts, and then 64 clips
at a time, cut or padded to half a second. Clips are float32 arrays. The two take turns. The time is
that of the processor in the fastest turn, and the spread is that of the ratios within a turn. The
note has the largest difference of a log-probability above -80, of all clips one by one, and how
many labels differ.
"""

import argparse
import os
import sys
import time
from functools import partial
from pathlib import Path

if __name__ == "__main__":  # run as a file: the package is in the folder above
    sys.path[0] = str(Path(__file__).resolve().parents[1])
# One thread for all tools. Must be set before numpy is imported.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", NUMBA_NUM_THREADS="1")

import numpy as np
import onnxruntime
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.machine import describe
from benchmarks.measure import in_turns
from benchmarks.recordings import prepare, wav_recordings
from benchmarks.rows import Row, compare, show
from skxent import FramewiseClassifier, MFCCTransformer, SoftmaxClassifier
from skxent.export import to_onnx

SHORT = {"turns": 1, "n_clips": 60}
LIMIT = 480
PEERS = ("onnx", "onnxruntime")

BATCH = 64
LEAST_LOG_PROBABILITY = -80  # a smaller probability is near zero in float32


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=5, help="number of turns of each")
    parser.add_argument("--clips", type=int, default=None, help="number of clips; all by default")
    args = parser.parse_args()
    print(describe(PEERS), f"recordings: {prepare()}", sep="\n")
    show(results(turns=args.turns, n_clips=args.clips))


def results(turns=5, n_clips=None):
    """Yield two rows for each pipeline: clip by clip, and in batches."""
    with wav_recordings() as bunch:
        rate, words = bunch.sample_rate, bunch.target
        clips = [clip.astype(np.float32) for clip in bunch.data]
    chosen = np.random.default_rng(0).permutation(len(clips))[:n_clips]
    batches = [
        np.stack([half_a_second(clips[i], rate) for i in chosen[first : first + BATCH]])
        for first in range(0, len(chosen), BATCH)
    ]
    for name, pipeline in pipelines(rate).items():
        pipeline.fit(clips[::10], words[::10])
        model = to_onnx(pipeline).SerializeToString()
        session = open_session(model)
        some = [clips[i] for i in chosen]
        rows = [clip[np.newaxis] for clip in some]
        difference, n_other = compare_outputs(pipeline, session, some)
        for problem, inputs, note in [
            ("clip by clip", rows, f"up to {difference:.1e} apart, {n_other} other labels"),
            (f"{BATCH} clips of 0.5 s at a time", batches, f"a file of {len(model) / 1e6:.2f} MB"),
        ]:
            times = in_turns(
                {
                    "onnxruntime": partial(run_all, partial(run, session), inputs),
                    "pipeline": partial(run_all, pipeline.predict_proba, inputs),
                },
                turns,
                clock=time.process_time,
            )
            yield Row(
                table=f"{len(some):,} clips to probabilities",
                problem=f"{name}, {problem}",
                setting="exported, onnxruntime",
                tool="the pipeline itself",
                note=note,
                **compare(times["onnxruntime"], times["pipeline"]),
            )


def pipelines(rate):
    """Return pipelines by their names."""
    frames = MFCCTransformer(
        sample_rate=rate, trim=35, deltas=2, normalize="mean_std", pooling=None
    )
    discriminants = make_pipeline(StandardScaler(), QuadraticDiscriminantAnalysis(reg_param=0.1))
    segments = {"sample_rate": rate, "trim": 35, "deltas": 1, "n_segments": 5}
    return {
        f'SoftmaxClassifier, convention="{convention}"': make_pipeline(
            MFCCTransformer(convention=convention, **segments),
            StandardScaler(),
            SoftmaxClassifier(learning_rate=0.3),
        )
        for convention in ("psf", "librosa", "kaldi", "htk")
    } | {
        "FramewiseClassifier(QDA)": make_pipeline(
            frames,
            FramewiseClassifier(discriminants, aggregate="mean_log_proba", position=True),
        )
    }


def half_a_second(clip, rate):
    """Return the beginning of a clip, padded with zeros if it is shorter."""
    n_samples = rate // 2
    return np.pad(clip[:n_samples], (0, max(0, n_samples - len(clip))))


def open_session(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options)


def run(session, waveform):
    return session.run(None, {"waveform": waveform})


def run_all(function, inputs):
    for values in inputs:
        function(values)


def compare_outputs(pipeline, session, clips):
    """Return the largest difference of log-probabilities, and the number of other labels."""
    expected = pipeline.predict_log_proba(clips)
    outputs = [run(session, clip[np.newaxis]) for clip in clips]
    labels, probabilities = (np.concatenate(parts) for parts in zip(*outputs, strict=True))
    known = expected > LEAST_LOG_PROBABILITY
    differences = np.abs(np.log(probabilities[known]) - expected[known])
    return differences.max(), int(np.sum(labels != pipeline.predict(clips)))


if __name__ == "__main__":
    main()
