"""The features of an exported model are those of the transformer."""

import dataclasses

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skxent import MFCCTransformer
from skxent.export._export import add_features
from skxent.export._graph import Graph
from skxent.mfcc import CONVENTIONS

RATE = 8000
OPTIONS = onnxruntime.SessionOptions()
OPTIONS.intra_op_num_threads = 1


def run(graph, clips):
    """Return the outputs of a graph for clips of one length."""
    model = graph.to_model()
    session = onnxruntime.InferenceSession(model.SerializeToString(), OPTIONS)
    return session.run(None, {"waveform": np.asarray(clips, np.float32)})


def features_of(transformer, clips):
    """Return the rows of clips, or the frames that count of each, as the model computes them."""
    graph = Graph("test")
    added = add_features(graph, transformer)
    graph.output("frames", added.frames, ["batch", "frames", "columns"])
    graph.output("begin", added.begin, ["batch", 1])
    graph.output("end", added.end, ["batch", 1])
    frames, begin, end = run(graph, clips)
    if transformer.pooling is not None:
        return frames[:, 0]
    return [clip[i:j] for clip, (i,), (j,) in zip(frames, begin, end, strict=True)]


@st.composite
def signals(draw, max_samples=2500):
    """A batch of clips of one length: noise of a changing loudness, on an offset, with silence."""
    n_samples = draw(st.integers(1, max_samples))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    clips = []
    for _ in range(draw(st.integers(1, 2))):
        noise = rng.normal(size=n_samples)
        decibels = draw(st.lists(st.integers(-60, -10), min_size=1, max_size=6))
        places = np.linspace(0, 1, len(decibels))
        loudness = np.interp(np.linspace(0, 1, n_samples), places, decibels)
        clip = noise * 10 ** (loudness / 20) + draw(st.sampled_from([0.0, 0.0, 0.01, -0.3]))
        silent = draw(st.integers(0, n_samples))
        clip[: silent if draw(st.booleans()) else 0] = 0.0
        clips.append(clip)
    return np.array(clips, np.float32)


@st.composite
def conventions(draw):
    """A tool's convention, or one with some other choices."""
    name = draw(st.sampled_from(sorted(CONVENTIONS)))
    if not draw(st.booleans()):
        return name
    choices = {
        "edges": st.sampled_from(["pad", "snip", "center", "center_step"]),
        "remove_dc": st.booleans(),
        "preemphasis_over": st.sampled_from(["signal", "frame"]),
        "power": st.sampled_from([1, 2]),
        "energy": st.sampled_from(["spectrum", "frame", "windowed", None]),
    }
    chosen = draw(st.fixed_dictionaries({}, optional=choices))
    convention = dataclasses.replace(CONVENTIONS[name], **chosen)
    if convention.edges.startswith("center"):
        padding = draw(st.sampled_from(["constant", "reflect", "symmetric", "edge"]))
        convention = dataclasses.replace(convention, padding=padding)
    return convention


@st.composite
def transformers(draw):
    """A transformer of any settings; its float64 is what the model is compared with."""
    chosen = st.fixed_dictionaries(
        {
            "n_mels": st.just(20),
            "dtype": st.just("float64"),
            "convention": conventions(),
            "pooling": st.sampled_from([None, "mean", "mean_std", "statistics"]),
        },
        optional={
            "frame_length": st.sampled_from([0.01, 0.025, 0.032]),
            "frame_step": st.sampled_from([0.005, 0.010, 0.0123, 0.05]),
            "n_fft": st.sampled_from([256, 301, 512]),
            "window": st.sampled_from(["hann", "hamming", "boxcar", "povey"]),
            "preemphasis": st.sampled_from([0.0, 0.9]),
            "fmin": st.sampled_from([100.0, 300.0]),
            "fmax": st.sampled_from([3000.0, 3500.0]),
            "lifter": st.sampled_from([0, 10]),
            "features": st.sampled_from(["mfcc", "log_mel"]),
            "trim": st.sampled_from([20.0, 35.0, 60.0]),
            "deltas": st.sampled_from([1, 2]),
            "delta_width": st.sampled_from([1, 3]),
            "normalize": st.sampled_from(["mean", "mean_std"]),
            "n_segments": st.integers(2, 6),
        },
    )
    return MFCCTransformer(sample_rate=RATE, **draw(chosen))


def click(n_samples=1500):
    clip = np.zeros(n_samples)
    clip[700] = 1.0
    return clip


def full_scale(n_samples=1500):
    """Random signs, all samples as loud as can be."""
    return np.sign(np.random.default_rng(0).normal(size=n_samples))


AWKWARD = {
    "silence": np.zeros(1500),
    "one sample": np.array([0.25]),
    "one silent sample": np.zeros(1),
    "a click": click(),
    "full scale": full_scale(),
    "a frame and a sample": full_scale(201),
    "quiet": full_scale() / 32768,
}


@pytest.mark.parametrize("name", AWKWARD)
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_awkward_clips_have_their_features(convention, name):
    transformer = MFCCTransformer(
        sample_rate=RATE,
        convention=convention,
        n_mels=20,
        trim=35,
        deltas=2,
        normalize="mean",
        pooling="statistics",
        n_segments=3,
        dtype="float64",
    )
    clips = AWKWARD[name][np.newaxis].astype(np.float32)
    expected = transformer.transform(clips)
    np.testing.assert_allclose(features_of(transformer, clips), expected, rtol=1e-5, atol=2e-4)


def test_frames_of_pause_and_sound_do_not_count_as_noise():
    # Silence, noise, something a bit louder, and a word. The frames at both ends are part silence:
    # were they taken for the noise, all that is louder than them would be sound.
    rng = np.random.default_rng(0)
    parts = [(-40, 360), (-30, 480), (-10, 400), (-40, 200)]
    sound = [rng.normal(size=n) * 10 ** (decibels / 20) for decibels, n in parts]
    clips = np.concatenate([np.zeros(1200), *sound, np.zeros(1000)])[np.newaxis].astype(np.float32)
    settings = {"trim": 60.0, "pooling": None, "n_mels": 20, "dtype": "float64"}
    transformer = MFCCTransformer(sample_rate=RATE, **settings)
    assert len(features_of(transformer, clips)[0]) == len(transformer.transform(clips)[0]) == 16


@given(transformers(), signals())
def test_features_are_those_of_the_transformer(transformer, clips):
    expected = transformer.transform(clips)
    computed = features_of(transformer, clips)
    for ours, theirs in zip(computed, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=2e-3)
