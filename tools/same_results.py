"""Compute results on the spoken digits, to compare two versions of the package bit for bit.

    python tools/same_results.py save before.npz     # with the one version installed
    python tools/same_results.py compare before.npz  # with the other

Features, coefficients, probabilities and losses are compared. `compare` prints each array that
differs, with the largest difference. A change that only moves code should print none.
"""

import argparse
import importlib.util
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.preprocessing import scale

from skxent import FramewiseClassifier, MFCCTransformer, SoftmaxClassifier, SoftmaxClassifierCV
from skxent.datasets import load_spoken_digits

CONVENTIONS = ("psf", "librosa", "kaldi", "htk")
CLASSIFIERS = [
    {},
    {"solver": "gd"},
    {"solver": "sgd"},
    {"solver": "adam"},
    {"solver": "lbfgs"},
    {"solver": "newton-cg"},
    {"l1_ratio": 0.5, "alpha": 0.01},
    {"solver": "adam", "early_stopping": True},
    {"schedule": "adaptive", "learning_rate": 0.01},
    {"class_weight": "balanced", "label_smoothing": 0.1},
    {"fit_intercept": False},
]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=["save", "compare"])
    parser.add_argument("path", help="an .npz file")
    args = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    warnings.simplefilter("ignore", UserWarning)  # of scale, in float32
    results = compute()
    if args.action == "save":
        np.savez(args.path, **results)
        return
    saved = np.load(args.path)
    n_different = 0
    for name, values in results.items():
        if not np.array_equal(values, saved[name], equal_nan=True):
            n_different += 1
            print(f"{name}: {describe(values, saved[name])}")
    print(f"{len(results)} arrays, {n_different} differ")


def compute():
    """Return arrays by their names."""
    digits = load_spoken_digits()
    clips, y = digits.data, digits.target
    results = {}
    for convention in CONVENTIONS:
        for dtype in ("float32", "float64"):
            transformer = MFCCTransformer(
                sample_rate=8000, convention=convention, dtype=dtype, deltas=1, n_segments=5
            )
            results[f"features, {convention}, {dtype}"] = transformer.fit_transform(clips)
    X = results["features, psf, float32"]
    scaled = scale(X)
    for settings in CLASSIFIERS:
        for kind, samples in [("raw", X), ("scaled", scaled), ("float64", scaled.astype(float))]:
            classifier = SoftmaxClassifier(**{"max_iter": 60, "random_state": 0} | settings)
            classifier.fit(samples, y)
            results[f"coef_, {settings}, {kind}"] = classifier.coef_
            results[f"probabilities, {settings}, {kind}"] = classifier.predict_proba(samples)
            results[f"loss_curve_, {settings}, {kind}"] = classifier.loss_curve_
    classifier = SoftmaxClassifier(solver="adam")
    for _ in range(3):
        classifier.partial_fit(scaled, y, classes=np.unique(y))
    results["coef_, partial_fit"] = classifier.coef_
    for labels in (y, y % 2):
        search = SoftmaxClassifierCV(learning_rates=4, alphas=(1e-4, 1e-2), cv=3, max_iter=60)
        search.fit(scaled, labels)
        n_classes = len(search.classes_)
        results[f"search, {n_classes} classes: losses"] = search.loss_paths_
        results[f"search, {n_classes} classes: scores"] = search.scores_
        results[f"search, {n_classes} classes: coef_"] = search.coef_
    transformer = MFCCTransformer(sample_rate=8000, deltas=1, pooling=None, normalize="mean")
    frames = transformer.fit_transform(clips)
    results["frames"] = np.concatenate(list(frames))
    framewise = FramewiseClassifier(SoftmaxClassifier(max_iter=50), context=1).fit(frames, y)
    results["probabilities, framewise"] = framewise.predict_proba(frames)
    if importlib.util.find_spec("torch"):
        from skxent.neural import DNNClassifier, RNNClassifier

        for network in (DNNClassifier(hidden_layer_sizes=(8,)), RNNClassifier(hidden_size=8)):
            network.set_params(max_iter=2, random_state=0).fit(frames[:100], y[:100])
            name = type(network).__name__
            results[f"probabilities, {name}"] = network.predict_proba(frames[:50])
    return results


def describe(values, saved):
    if values.shape != saved.shape:
        return f"shape {saved.shape} before, {values.shape} now"
    difference = np.abs(values.astype(np.float64) - saved)
    return f"differs by {np.nanmax(difference):.1e} at most, of {np.nanmax(np.abs(saved)):.1e}"


if __name__ == "__main__":
    main()
