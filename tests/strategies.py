"""Hypothesis strategies shared by the tests."""

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

# Softmax cross-entropy

float_types = st.sampled_from([np.float64, np.float32])
label_smoothings = st.sampled_from([0.0, 0.1, 0.75, 1.0]) | st.floats(0.0, 1.0)


class CrossEntropyProblem(NamedTuple):
    """The arguments of a cross-entropy of n_samples rows of logits."""

    logits: np.ndarray
    targets: np.ndarray
    sample_weight: np.ndarray
    label_smoothing: float

    @property
    def distributions(self):
        """The targets as rows of floats, before they are smoothed."""
        if self.targets.dtype.kind == "f":
            return self.targets
        return np.eye(self.logits.shape[1])[self.targets]


def logits_of(shape, dtype, magnitude=30.0):
    width = np.dtype(dtype).itemsize * 8
    return hnp.arrays(
        dtype, shape, elements=st.floats(-magnitude, magnitude, width=width, allow_subnormal=False)
    )


@st.composite
def distributions_of(draw, n_samples, n_classes, dtype):
    """Rows of multiples of 1/64, so that they sum to one exactly; many are one-hot."""
    cuts = draw(hnp.arrays(np.int64, (n_samples, n_classes - 1), elements=st.integers(0, 64)))
    edges = np.column_stack([np.zeros(n_samples), np.sort(cuts, axis=1), np.full(n_samples, 64.0)])
    return (np.diff(edges, axis=1) / 64.0).astype(dtype)


def targets_of(n_samples, n_classes, dtype):
    labels = hnp.arrays(np.int64, n_samples, elements=st.integers(0, n_classes - 1))
    return labels | distributions_of(n_samples, n_classes, dtype)


@st.composite
def sample_weights_of(draw, n_samples, elements=None):
    """Weights of which some may be zero, but not all."""
    elements = st.just(0.0) | st.floats(0.01, 100.0) if elements is None else elements
    weights = draw(hnp.arrays(np.float64, n_samples, elements=elements))
    weights[draw(st.integers(0, n_samples - 1))] = 1.0
    return weights


@st.composite
def cross_entropy_problems(draw, magnitude=30.0):
    dtype = draw(float_types)
    n_samples, n_classes = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    return CrossEntropyProblem(
        logits=draw(logits_of((n_samples, n_classes), dtype, magnitude)),
        targets=draw(targets_of(n_samples, n_classes, dtype)),
        sample_weight=draw(sample_weights_of(n_samples)),
        label_smoothing=draw(label_smoothings),
    )


# The linear objective and its classifier


class Samples(NamedTuple):
    """Samples of which every class has at least one."""

    X: np.ndarray
    labels: np.ndarray
    n_classes: int


@st.composite
def samples(draw, max_features=4, dtype=np.float64, n_classes=None, log_scales=(0, 0)):
    """Samples whose features are normal, times 10 to a power in the range log_scales."""
    n_classes = draw(st.integers(2, 4)) if n_classes is None else n_classes
    n_samples = draw(st.integers(n_classes, 12))
    n_features = draw(st.integers(1, max_features))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = np.concatenate(
        [np.arange(n_classes), rng.integers(0, n_classes, n_samples - n_classes)]
    )
    X = rng.normal(size=(n_samples, n_features)) + rng.normal(size=n_features)
    X *= 10.0 ** rng.uniform(*log_scales, n_features)
    return Samples(X.astype(dtype), rng.permutation(labels), n_classes)


class LinearProblem(NamedTuple):
    """The linear objective's arguments with every term of it, and where to evaluate it."""

    X: np.ndarray
    targets: np.ndarray
    sample_weight: np.ndarray
    class_weight: dict
    n_classes: int
    alpha: float
    label_smoothing: float
    fit_intercept: bool
    params: np.ndarray

    @property
    def distributions(self):
        """The targets as rows of floats, before they are smoothed."""
        return self.targets if self.targets.ndim == 2 else np.eye(self.n_classes)[self.targets]

    @property
    def terms(self):
        """What the oracles take beside params, X and targets."""
        names = ("n_classes", "alpha", "fit_intercept", "label_smoothing")
        names += ("sample_weight", "class_weight")
        return {name: getattr(self, name) for name in names}


@st.composite
def linear_problems(draw, soft=None, alphas=(0.01, 3.0), **settings):
    """Problems with labels or distributions (soft) as targets, or either; see samples."""
    X, targets, n_classes = draw(samples(**settings))
    if draw(st.booleans()) if soft is None else soft:
        targets = draw(distributions_of(len(X), n_classes, np.float64))
    fit_intercept = draw(st.booleans())
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = (1 if n_classes == 2 else n_classes, X.shape[1] + fit_intercept)
    return LinearProblem(
        X=X,
        targets=targets,
        sample_weight=draw(sample_weights_of(len(X))),
        class_weight=dict(enumerate(rng.uniform(0.5, 2.0, n_classes).tolist())),
        n_classes=n_classes,
        alpha=draw(st.sampled_from(alphas)),
        label_smoothing=draw(label_smoothings),
        fit_intercept=fit_intercept,
        params=3.0 * rng.normal(size=shape),
    )


# Audio


@st.composite
def signals(draw, min_size=1, max_size=4000):
    """Noise and sines at several levels, maybe with an offset and a silent stretch."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_samples = draw(st.integers(min_size, max_size))
    time = np.arange(n_samples)
    signal = rng.normal(scale=draw(st.sampled_from([1e-4, 1e-2, 1.0])), size=n_samples)
    for _ in range(draw(st.integers(0, 3))):
        phase = rng.uniform(0, np.pi) * (time + rng.uniform())
        signal += draw(st.sampled_from([1e-3, 0.1, 1.0])) * np.sin(phase)
    signal += draw(st.sampled_from([0.0, 0.0, 0.25]))
    if draw(st.booleans()):
        start = draw(st.integers(0, n_samples - 1))
        signal[start : draw(st.integers(start, n_samples))] = 0.0
    return signal * draw(st.sampled_from([1e-3, 1.0, 1e4]))


@st.composite
def front_end_settings(draw, sample_rate, windows=(None,)):
    """Settings of an MFCC front end; every second one leaves its parameter to the convention."""
    frame_length = draw(st.sampled_from([0.005, 0.016, 0.02, 0.0225, 0.025, 0.05]))
    frame_step = draw(st.sampled_from([0.0025, 0.005, 0.008, 0.01, 0.0125, 0.03]))
    n_samples = int(frame_length * sample_rate + 0.5)
    n_mels = draw(st.none() | st.integers(3, 60))
    return {
        "frame_length": frame_length,
        "frame_step": frame_step,
        "n_fft": draw(st.none() | st.integers(n_samples, 2 * n_samples)),
        "window": draw(st.sampled_from(windows)),
        "preemphasis": draw(st.none() | st.sampled_from([0.0, 0.5, 0.97, 1.0])),
        "n_mels": n_mels,
        "fmin": draw(st.none() | st.floats(0, 0.2 * sample_rate)),
        "fmax": draw(st.none() | st.floats(0.25 * sample_rate, 0.5 * sample_rate)),
        "n_mfcc": draw(st.integers(1, 26 if n_mels is None else n_mels)),
        "lifter": draw(st.none() | st.sampled_from([0.0, 10.5, 22.0, 40.0])),
    }


sample_rates = st.sampled_from([8000, 11025, 16000, 44100])


@st.composite
def clips_of_frames(draw, n_coefficients=3, max_frames=40):
    """Frames of a few clips, as a list of (n_frames, n_coefficients) arrays."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    lengths = draw(st.lists(st.integers(1, max_frames), min_size=1, max_size=5))
    offset = draw(st.sampled_from([0.0, -36.0, 1e3]))
    return [offset + rng.normal(size=(length, n_coefficients)) for length in lengths]


# Candidates, side by side on the same samples


class CandidateProblem(NamedTuple):
    """A linear problem's samples, shared by candidates of several folds, and where to evaluate."""

    problem: LinearProblem
    train_weights: np.ndarray
    test_weights: np.ndarray
    folds: np.ndarray
    alphas: np.ndarray
    params: np.ndarray


@st.composite
def candidate_problems(draw, magnitude=3.0, **settings):
    """Candidates whose folds overlap in any way: each has its own weights, many of them zero."""
    problem = draw(linear_problems(**settings))
    n_folds, n_candidates = draw(st.integers(1, 3)), draw(st.integers(1, 5))
    train, test = (
        np.array([draw(sample_weights_of(len(problem.X))) for _ in range(n_folds)])
        for _ in range(2)
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return CandidateProblem(
        problem=problem,
        train_weights=train,
        test_weights=test,
        folds=rng.integers(0, n_folds, n_candidates),
        alphas=rng.uniform(0.01, 3.0, n_candidates),
        params=magnitude * rng.normal(size=(n_candidates, *problem.params.shape)),
    )


# Ragged sequences


@st.composite
def sequences(draw, dtypes=float_types, max_frames=6):
    """Normal frames of one to five sequences, each of a type of its own."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    lengths = draw(st.lists(st.integers(1, max_frames), min_size=1, max_size=5))
    n_features = draw(st.integers(1, 4))
    return [rng.normal(size=(length, n_features)).astype(draw(dtypes)) for length in lengths]


class FrameProbabilities(NamedTuple):
    """Log-probabilities of the frames of sequences, and the number of frames of each."""

    log_proba: np.ndarray
    lengths: np.ndarray


@st.composite
def frame_probabilities(draw, dtypes=float_types, with_zeros=False, max_frames=6):
    """Sure and unsure frames; with zeros, some of their probabilities but never all."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    lengths = np.array(draw(st.lists(st.integers(1, max_frames), min_size=1, max_size=5)))
    logits = rng.normal(size=(lengths.sum(), draw(st.integers(2, 4))))
    logits *= draw(st.sampled_from([0.1, 3.0, 300.0]))
    if with_zeros:
        is_zero = rng.random(logits.shape) < draw(st.sampled_from([0.2, 0.8]))
        is_zero[np.arange(len(logits)), rng.integers(0, logits.shape[1], len(logits))] = False
        logits[is_zero] = -np.inf
    logits -= np.logaddexp.reduce(logits, axis=1, keepdims=True)
    return FrameProbabilities(logits.astype(draw(dtypes)), lengths)


# Sequences of any lengths

lengths_of_clips = st.lists(st.integers(1, 12), min_size=1, max_size=6)


@st.composite
def clips(draw, n_features=3, min_size=1, magnitudes=(0, 0)):
    """Arrays of (n_frames_i, n_features): normal, times 10 to a power in the range magnitudes."""
    lengths = draw(st.lists(st.integers(1, 12), min_size=min_size, max_size=6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scales = 10.0 ** rng.uniform(*magnitudes, len(lengths))
    pairs = zip(lengths, scales, strict=True)
    return [scale * rng.normal(size=(length, n_features)) for length, scale in pairs]
