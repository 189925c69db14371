"""Exported pipelines predict what the pipelines do."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import (
    LinearDiscriminantAnalysis,
    QuadraticDiscriminantAnalysis,
)
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import (
    LogisticRegression,
    LogisticRegressionCV,
    RidgeClassifier,
    RidgeClassifierCV,
)
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

import skxent
from skxent import (
    AudioAugmenter,
    AugmentedClassifier,
    FramewiseClassifier,
    LexiconClassifier,
    MFCCTransformer,
    SoftmaxClassifier,
    SoftmaxClassifierCV,
)
from skxent.augmentation import AddNoise
from skxent.datasets import load_spoken_digits
from skxent.export import to_onnx

DIGITS = load_spoken_digits()
CLIPS = [clip.astype(np.float32) for clip in DIGITS.data]
TRAIN = slice(0, None, 5)
WORDS = np.array(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])
WORDS = WORDS[DIGITS.target]
RATE = DIGITS.sample_rate


def transformer(**settings):
    return MFCCTransformer(sample_rate=RATE, **settings)


def fitted(*steps, labels=WORDS):
    return make_pipeline(*steps).fit(CLIPS[TRAIN], labels[TRAIN])


def open_model(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # more only wait for each other
    return onnxruntime.InferenceSession(model.SerializeToString(), options)


def predict_each(model, clips):
    """Return the outputs for clips of any lengths, one after the other."""
    session = open_model(model)
    outputs = [session.run(None, {"waveform": clip[np.newaxis]}) for clip in clips]
    return [np.concatenate(parts) for parts in zip(*outputs, strict=True)]


def assert_same(model, pipeline, clips, atol=1e-4):
    labels, probabilities = predict_each(model, clips)
    assert labels.tolist() == pipeline.predict(clips).tolist()
    expected = pipeline.predict_log_proba(clips)
    known = expected > -80  # or else zero in float32
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(np.log(probabilities)[known], expected[known], atol=atol, rtol=0)


@pytest.fixture(scope="module")
def pipeline():
    """Return the README's pipeline."""
    return fitted(
        transformer(trim=35, deltas=1, n_segments=5),
        StandardScaler(),
        SoftmaxClassifier(learning_rate=0.3),
    )


@pytest.fixture(scope="module")
def session(pipeline):
    return open_model(to_onnx(pipeline))


def test_all_spoken_digits_are_predicted_alike(pipeline):
    assert_same(to_onnx(pipeline), pipeline, CLIPS)


@pytest.mark.parametrize("convention", ["librosa", "kaldi", "htk"])
def test_conventions_are_predicted_alike(convention):
    pipeline = fitted(
        transformer(convention=convention, normalize="mean_std", n_segments=2),
        StandardScaler(),
        LogisticRegression(),
    )
    assert_same(to_onnx(pipeline), pipeline, CLIPS[::7])


def test_awkward_clips_are_predicted_alike(pipeline):
    click = np.zeros(3000, np.float32)
    click[1000] = 1.0
    loud = np.sign(np.random.default_rng(0).normal(size=3000)).astype(np.float32)
    clips = [np.zeros(3000, np.float32), np.full(1, 0.5, np.float32), click, loud]
    assert_same(to_onnx(pipeline), pipeline, clips)


@given(st.integers(0, 40), st.integers(1, 4), st.integers(1, 3000))
@settings(max_examples=20)
def test_a_clip_does_not_depend_on_its_batch(session, first, n_clips, n_samples):
    batch = np.zeros((n_clips, n_samples), np.float32)
    for row, clip in zip(batch, CLIPS[first:], strict=False):
        row[: len(clip)] = clip[:n_samples]
    labels, probabilities = session.run(None, {"waveform": batch})
    for i, clip in enumerate(batch):
        alone = session.run(None, {"waveform": clip[np.newaxis]})
        assert labels[i] == alone[0][0]
        np.testing.assert_allclose(probabilities[i], alone[1][0], rtol=1e-4, atol=1e-7)


# Two classes have a single row of coefficients.
PROBLEMS = {"two": np.where(DIGITS.target % 2, "odd", "even"), "ten": WORDS}


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize(
    "classifier",
    [
        SoftmaxClassifier(),
        SoftmaxClassifier(fit_intercept=False),
        SoftmaxClassifierCV(alphas=[0.1, 1.0], cv=2),
        LogisticRegression(max_iter=1000),
        LogisticRegressionCV(
            Cs=[0.1],
            l1_ratios=(0,),
            cv=2,
            max_iter=1000,
            scoring="accuracy",
            use_legacy_attributes=False,
        ),
        LinearDiscriminantAnalysis(),
        QuadraticDiscriminantAnalysis(reg_param=0.5),
    ],
    ids=lambda classifier: type(classifier).__name__,
)
def test_classifiers_with_probabilities(classifier, problem):
    settings = {"n_mfcc": 8, "pooling": "mean"}
    pipeline = fitted(
        transformer(**settings), StandardScaler(), classifier, labels=PROBLEMS[problem]
    )
    assert_same(to_onnx(pipeline), pipeline, CLIPS[1::10])


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize(
    "classifier",
    [RidgeClassifier(), RidgeClassifierCV(), LinearSVC()],
    ids=lambda classifier: type(classifier).__name__,
)
def test_classifiers_without_probabilities_have_labels_alone(classifier, problem):
    pipeline = fitted(transformer(), StandardScaler(), classifier, labels=PROBLEMS[problem])
    (labels,) = predict_each(to_onnx(pipeline), CLIPS[::10])
    assert labels.tolist() == pipeline.predict(CLIPS[::10]).tolist()


@pytest.mark.parametrize(
    "classifier",
    [
        FramewiseClassifier(
            make_pipeline(StandardScaler(), QuadraticDiscriminantAnalysis(reg_param=0.1)),
            aggregate="mean_log_proba",
            position=True,
        ),
        FramewiseClassifier(LinearDiscriminantAnalysis(), context=2),
        FramewiseClassifier(RidgeClassifier(), aggregate="vote", context=1),
    ],
    ids=["discriminants", "context", "vote"],
)
def test_classifiers_of_frames(classifier):
    settings = {"trim": 35, "deltas": 1, "normalize": "mean_std"}
    pipeline = fitted(transformer(pooling=None, n_mfcc=8, **settings), classifier)
    assert_same(to_onnx(pipeline), pipeline, [*CLIPS[1::40], np.ones(1, np.float32)])


def networks():
    pytest.importorskip("torch")
    from skxent.neural import DNNClassifier, RNNClassifier

    few = {"max_iter": 1, "random_state": 0}
    yield DNNClassifier(hidden_layer_sizes=(9, 7), activation="gelu", context=1, **few)
    yield DNNClassifier(hidden_layer_sizes=(8,), activation="tanh", batch_norm=False, **few)
    yield DNNClassifier(hidden_layer_sizes=(), context=0, **few)
    yield RNNClassifier(hidden_size=5, n_layers=2, **few)
    yield RNNClassifier(hidden_size=5, cell="lstm", pooling="attention", **few)
    yield RNNClassifier(hidden_size=5, n_layers=2, cell="lstm", pooling="last", **few)
    yield RNNClassifier(hidden_size=5, bidirectional=False, targets="frame", **few)


def test_networks():
    for network in networks():
        settings = {"trim": 35, "deltas": 1, "pooling": None}
        pipeline = make_pipeline(transformer(**settings), network).fit(CLIPS[::16], WORDS[::16])
        # Weights as those of a long training: after one epoch all clips are as probable.
        for name, values in network.weights_.items():
            if "running" not in name and values.ndim == 2:
                pipeline[-1].weights_[name] = values * 2
        assert_same(to_onnx(pipeline), pipeline, [*CLIPS[1::80], np.ones(1, np.float32)])
        # In a batch, trimmed clips differ in their numbers of frames.
        batch = np.stack([np.resize(clip, 3000) for clip in CLIPS[:5]])
        batch[0, :1500], batch[1, 2000:] = 0.0, 0.0
        labels, probabilities = open_model(to_onnx(pipeline)).run(None, {"waveform": batch})
        assert labels.tolist() == pipeline.predict(batch).tolist()
        np.testing.assert_allclose(probabilities, pipeline.predict_proba(batch), rtol=1e-4)


def test_a_network_of_rows():
    network, *_ = networks()
    pipeline = fitted(transformer(), StandardScaler(), network)
    assert_same(to_onnx(pipeline), pipeline, CLIPS[1::80])


def test_what_is_inside_searches_and_augmentation_is_exported(pipeline):
    plain = make_pipeline(transformer(), "passthrough", StandardScaler(), SoftmaxClassifier())
    noisy = AugmentedClassifier(plain, AudioAugmenter(AddNoise(), sample_rate=RATE, random_state=0))
    search = GridSearchCV(noisy, {"estimator__softmaxclassifier__alpha": [0.1]}, cv=2)
    search.fit(CLIPS[::8], DIGITS.target[::8])
    model = to_onnx(search)
    assert_same(model, search, CLIPS[1::40])
    steps = {prop.key: prop.value for prop in model.metadata_props}["pipeline"]
    assert steps == "MFCCTransformer, StandardScaler, SoftmaxClassifier"


@pytest.mark.parametrize("labels", [DIGITS.target, DIGITS.target - 5, WORDS, WORDS.astype(object)])
def test_labels_are_integers_or_strings(labels):
    pipeline = fitted(transformer(), SoftmaxClassifier(), labels=labels)
    found, _ = predict_each(to_onnx(pipeline), CLIPS[::40])
    assert found.tolist() == pipeline.predict(CLIPS[::40]).tolist()
    assert found.dtype == (np.int64 if labels.dtype.kind == "i" else object)


def test_a_model_says_what_it_is(pipeline, tmp_path):
    path = tmp_path / "words.onnx"
    path.write_text("an older file")
    to_onnx(pipeline, path)
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert {opset.domain for opset in model.opset_import} == {""}
    assert not model.functions
    about = open_model(model).get_modelmeta().custom_metadata_map
    assert float(about["sample_rate"]) == RATE
    assert json.loads(about["classes"]) == pipeline.classes_.tolist()
    assert about["pipeline"] == "MFCCTransformer, StandardScaler, SoftmaxClassifier"
    assert about["skxent_version"] == skxent.__version__
    assert len(path.read_bytes()) < 400_000


def test_labels_of_any_script_survive():
    names = np.array(["<script>", 'a "b"', "çà et là", "ノー", ""])[DIGITS.target % 5]
    pipeline = fitted(transformer(), SoftmaxClassifier(), labels=names)
    model = to_onnx(pipeline)
    labels, _ = predict_each(model, CLIPS[:40])
    assert labels.tolist() == pipeline.predict(CLIPS[:40]).tolist()
    about = {prop.key: prop.value for prop in model.metadata_props}
    assert json.loads(about["classes"]) == pipeline.classes_.tolist()


def test_sparse_coefficients_are_exported():
    pipeline = fitted(transformer(), SoftmaxClassifier())
    model = to_onnx(pipeline)
    pipeline[-1].sparsify()
    assert to_onnx(pipeline) == model


def test_a_model_is_the_same_each_time(pipeline):
    assert to_onnx(pipeline).SerializeToString() == to_onnx(pipeline).SerializeToString()


def test_a_pipeline_is_left_as_it_was(pipeline):
    before = pipeline.predict_log_proba(CLIPS[:5])
    coef = pipeline[-1].coef_.copy()
    to_onnx(pipeline)
    np.testing.assert_array_equal(pipeline[-1].coef_, coef)
    np.testing.assert_array_equal(pipeline.predict_log_proba(CLIPS[:5]), before)


class Own(ClassifierMixin, BaseEstimator):
    """A classifier that nobody knows."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return self.classes_[np.zeros(len(X), int)]


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([transformer(), SVC()], r"step 'svc' \(SVC\) can't be exported: .* SoftmaxClassifier, "),
        ([transformer(), Own()], r"step 'own' \(Own\) can't be exported: of classifiers"),
        ([transformer(), PCA(2), SoftmaxClassifier()], r"step 'pca' \(PCA\) .* StandardScaler can"),
        (
            [transformer(pooling=None), FramewiseClassifier(SVC(), aggregate="vote")],
            r"the estimator of step 'framewiseclassifier' \(FramewiseClassifier\) \(SVC\) can't",
        ),
    ],
    ids=["SVC", "own", "PCA", "frames"],
)
def test_what_cannot_be_exported_is_named(steps, message):
    pipeline = make_pipeline(*steps).fit(CLIPS[::12], WORDS[::12])
    with pytest.raises(ValueError, match=message):
        to_onnx(pipeline)


def test_words_from_sounds_cannot_be_exported():
    lexicon = {word: [[f"{word} 1", f"{word} 2"]] for word in np.unique(WORDS)}
    pipeline = make_pipeline(transformer(pooling=None), LexiconClassifier(lexicon))
    with pytest.raises(NotFittedError, match="LexiconClassifier"):
        to_onnx(pipeline)
    pipeline.fit(CLIPS[::12], WORDS[::12])
    message = r"step 'lexiconclassifier' \(LexiconClassifier\) can't be exported: of classifiers"
    with pytest.raises(ValueError, match=message):
        to_onnx(pipeline)


def test_a_pipeline_begins_with_the_features_and_ends_with_a_classifier():
    rows = transformer().fit_transform(CLIPS[::12])
    classifier = SoftmaxClassifier().fit(rows, WORDS[::12])
    with pytest.raises(ValueError, match=r"SoftmaxClassifier\) .* begin with an MFCCTransformer"):
        to_onnx(classifier)
    with pytest.raises(ValueError, match=r"MFCCTransformer\) .* end with a classifier"):
        to_onnx(make_pipeline(transformer()))


def test_features_other_than_those_of_the_fit_are_refused():
    pipeline = fitted(transformer(pooling="mean"), StandardScaler(), SoftmaxClassifier())
    pipeline[0].set_params(n_mfcc=12)
    with pytest.raises(ValueError, match=r"fitted to 13 features, and .* computes 12"):
        to_onnx(pipeline)
    pipeline[0].set_params(n_mfcc=13, pooling=None)
    with pytest.raises(ValueError, match=r"step 'standardscaler'.* has pooling=None"):
        to_onnx(pipeline)


def test_an_unfitted_pipeline_is_refused():
    with pytest.raises(NotFittedError):
        to_onnx(make_pipeline(transformer(), StandardScaler(), SoftmaxClassifier()))
    with pytest.raises(NotFittedError):
        to_onnx(GridSearchCV(make_pipeline(transformer(), SoftmaxClassifier()), {}))


def test_a_search_without_refit_is_refused():
    pipeline = make_pipeline(transformer(), SoftmaxClassifier())
    search = GridSearchCV(pipeline, {}, cv=2, refit=False).fit(CLIPS[::8], WORDS[::8])
    with pytest.raises(ValueError, match=r"pipeline \(GridSearchCV\) .* refit=True"):
        to_onnx(search)


def test_labels_of_other_types_are_refused():
    pipeline = fitted(transformer(), LogisticRegression(max_iter=1000), labels=DIGITS.target > 4)
    with pytest.raises(ValueError, match=r"strings or integers, got \[False, True\]"):
        to_onnx(pipeline)


@pytest.mark.parametrize("classifier", [RidgeClassifier(), RidgeClassifierCV()], ids=repr)
def test_several_labels_of_a_clip_are_refused(classifier):
    labels = np.stack([DIGITS.target % 2, DIGITS.target > 4, DIGITS.target % 3 == 0], axis=1)
    pipeline = fitted(transformer(), classifier, labels=labels.astype(int))
    with pytest.raises(ValueError, match=r"step 'ridge.* it predicts several labels"):
        to_onnx(pipeline)


def test_a_rate_keeps_its_digits():
    pipeline = make_pipeline(MFCCTransformer(sample_rate=22050.125), SoftmaxClassifier())
    model = to_onnx(pipeline.fit(CLIPS[::12], WORDS[::12]))
    assert float(open_model(model).get_modelmeta().custom_metadata_map["sample_rate"]) == 22050.125


def test_a_folder_that_is_missing_is_an_error(pipeline, tmp_path):
    with pytest.raises(FileNotFoundError, match="none"):
        to_onnx(pipeline, tmp_path / "none" / "words.onnx")
