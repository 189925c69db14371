"""scikit-learn's own checks of every estimator, in its various settings."""

import importlib.util

import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.estimator_checks import parametrize_with_checks

from skxent import (
    AudioAugmenter,
    AugmentedClassifier,
    FramewiseClassifier,
    LexiconClassifier,
    MFCCTransformer,
    SoftmaxClassifier,
    SoftmaxClassifierCV,
)
from skxent.augmentation import ChangeGain
from skxent.sequences import GaussianClassifier, SpeakerScaler
from skxent.words import VTLNClassifier

# The checks don't scale their features: with a learning rate, some of them take more iterations
# than the settings allow.
may_end_early = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

# The matrices of the checks have rows of two samples and more: with frames of two samples,
# a step of one and a long transform they are clips of several frames.
SHORT_FRAMES = {"sample_rate": 1000, "frame_length": 0.002, "frame_step": 0.001, "n_fft": 64}

TRANSFORMERS = [
    SpeakerScaler(),
    MFCCTransformer(),
    MFCCTransformer(
        **SHORT_FRAMES,
        window="hamming",
        n_mels=8,
        n_mfcc=8,
        deltas=2,
        normalize="mean",
        pooling="statistics",
        n_segments=3,
    ),
    MFCCTransformer(**SHORT_FRAMES, features="log_mel", n_mels=3, pooling="mean", dtype="float32"),
    MFCCTransformer(
        **SHORT_FRAMES,
        convention="librosa",
        n_mels=8,
        n_mfcc=8,
        on_error="warn",
        n_jobs=2,
        cache="memory",
    ),
]

# A few epochs suffice for the checks.
BATCHES = {"max_iter": 30, "random_state": 0}
LINEAR_CLASSIFIERS = [
    SoftmaxClassifier(),
    SoftmaxClassifier(solver="lbfgs"),
    SoftmaxClassifier(solver="lbfgs", alpha=0.01, tol=1e-9),
    SoftmaxClassifier(solver="newton-cg"),
    SoftmaxClassifier(alpha=0),
    SoftmaxClassifier(solver="lbfgs", alpha=0),
    SoftmaxClassifier(fit_intercept=False),
    SoftmaxClassifier(label_smoothing=0.1, class_weight="balanced", warm_start=True),
    SoftmaxClassifier(early_stopping=True, random_state=0),
]
LINEAR_CLASSIFIERS_WITH_A_RATE = [
    SoftmaxClassifier(solver="gd", max_iter=200),
    SoftmaxClassifier(solver="gd", schedule="adaptive"),
    SoftmaxClassifier(l1_ratio=0.5, max_iter=200),
    SoftmaxClassifier(solver="sgd", **BATCHES),
    SoftmaxClassifier(solver="sgd", schedule="adaptive", early_stopping=True, **BATCHES),
    SoftmaxClassifier(
        solver="adam", learning_rate=0.05, schedule="one_cycle", shuffle=False, **BATCHES
    ),
]

SEARCHES = [
    SoftmaxClassifierCV(max_iter=10),
    SoftmaxClassifierCV(learning_rates=3, cv=3, max_iter=20),
    SoftmaxClassifierCV(learning_rates=1, alphas=[1e-4, 1e-3], cv=3, max_iter=20, prune=False),
]

FRAMEWISE_CLASSIFIERS = [
    FramewiseClassifier(SoftmaxClassifier()),
    # The context repeats the columns: the optimum is the same, but the way to it is not.
    FramewiseClassifier(
        SoftmaxClassifier(alpha=0.01, tol=1e-9), aggregate="mean_log_proba", context=1
    ),
    FramewiseClassifier(LogisticRegression()),
    FramewiseClassifier(GaussianNB(), aggregate="mean_log_proba", position=True),
    FramewiseClassifier(DecisionTreeClassifier(random_state=0)),
    FramewiseClassifier(LinearSVC(), aggregate="vote"),
]
AUGMENTED_CLASSIFIERS = [
    AugmentedClassifier(
        make_pipeline(
            MFCCTransformer(**SHORT_FRAMES, n_mels=8, n_mfcc=8),
            SoftmaxClassifier(),
        ),
        AudioAugmenter(ChangeGain(), sample_rate=1000, random_state=0),
    )
]

VTLN_CLASSIFIERS = [
    VTLNClassifier(
        make_pipeline(
            MFCCTransformer(**SHORT_FRAMES, n_mels=8, n_mfcc=8, fmax=450),
            SoftmaxClassifier(),
        ),
        warps=(0.9, 1.0),
    )
]

GAUSSIAN_CLASSIFIERS = [GaussianClassifier(), GaussianClassifier(2), GaussianClassifier(mix=1.0)]

# Each row of the checks is a clip of one frame, which has room for a single state.
LEXICON_CLASSIFIERS = [
    LexiconClassifier(n_states=1),
    LexiconClassifier(
        None, LogisticRegression(), n_states=1, n_iter=0, n_refits=1, context=0, silence=False
    ),
]

NETWORKS = []
if importlib.util.find_spec("torch"):
    import torch

    from skxent.neural import DNNClassifier, RNNClassifier

    # A second thread slows products as small as these down.
    torch.set_num_threads(1)
    # The checks have few samples: a single batch takes the least time.
    ONE_BATCH = {"batch_size": 200, "max_iter": 30, "learning_rate": 0.05, "random_state": 0}
    NETWORKS = [
        DNNClassifier(hidden_layer_sizes=(8,), **ONE_BATCH),
        RNNClassifier(hidden_size=4, **ONE_BATCH),
    ]


def expected_failures(estimator):
    """Names of the checks that fail, each with its reason."""
    of_weights = of_class_weights = of_sparsify = of_signs = None
    match estimator:
        case SoftmaxClassifier(early_stopping=True):
            of_weights = "the validation samples are drawn from rows; a repeated row is another row"
        case SoftmaxClassifier(solver="auto" | "lbfgs", alpha=0):
            of_weights = "without a penalty many coefficients fit alike: rounding picks one"
        case SoftmaxClassifier(solver="lbfgs", tol=1e-4):
            of_weights = "L-BFGS amplifies rounding: fits agree within tol, not within 1e-7"
        case SoftmaxClassifier(fit_intercept=False):
            of_class_weights = (
                "the heavy class needs an intercept to win; LogisticRegression fails too"
            )
        case SoftmaxClassifierCV(cv=5):
            of_sparsify = "the check has three samples of each class, which five folds can't share"
        case AugmentedClassifier() | VTLNClassifier():
            of_signs = "cepstra are blind to the sign of a sample, and the classes differ by it"
        case _ if estimator in NETWORKS:
            of_weights = "batches and dropout are drawn by row; a repeated row is another row"
    reasons = {}
    if of_weights:
        for kind in ("dense", "sparse"):
            reasons[f"check_sample_weight_equivalence_on_{kind}_data"] = of_weights
    if of_class_weights:
        reasons["check_class_weight_classifiers"] = of_class_weights
    if of_sparsify:
        reasons["check_sparsify_coefficients"] = of_sparsify
    if of_signs:
        reasons["check_classifiers_train"] = of_signs
    return reasons


@parametrize_with_checks(TRANSFORMERS)
def test_transformer(estimator, check):
    check(estimator)


@parametrize_with_checks(LINEAR_CLASSIFIERS, expected_failed_checks=expected_failures)
def test_linear_classifier(estimator, check):
    check(estimator)


@may_end_early
@parametrize_with_checks(LINEAR_CLASSIFIERS_WITH_A_RATE, expected_failed_checks=expected_failures)
def test_linear_classifier_with_a_rate(estimator, check):
    check(estimator)


@may_end_early
@parametrize_with_checks(SEARCHES, expected_failed_checks=expected_failures)
def test_search(estimator, check):
    check(estimator)


@parametrize_with_checks(FRAMEWISE_CLASSIFIERS)
def test_framewise_classifier(estimator, check):
    check(estimator)


@parametrize_with_checks(AUGMENTED_CLASSIFIERS, expected_failed_checks=expected_failures)
def test_augmented_classifier(estimator, check):
    check(estimator)


@parametrize_with_checks(GAUSSIAN_CLASSIFIERS)
def test_gaussian_classifier(estimator, check):
    check(estimator)


@parametrize_with_checks(LEXICON_CLASSIFIERS)
def test_lexicon_classifier(estimator, check):
    check(estimator)


@parametrize_with_checks(VTLN_CLASSIFIERS, expected_failed_checks=expected_failures)
def test_vtln_classifier(estimator, check):
    check(estimator)


@parametrize_with_checks(NETWORKS, expected_failed_checks=expected_failures)
def test_network(estimator, check):
    check(estimator)
