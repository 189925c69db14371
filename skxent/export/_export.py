"""to_onnx: a fitted pipeline as a model that runs without Python."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np
import sklearn
from numpy.typing import NDArray

import skxent
from skxent._writing import replace_file
from skxent.export._classifiers import add_scalers, add_scores, kind_of_scores
from skxent.export._front_end import add_frames
from skxent.export._graph import Graph, import_onnx
from skxent.export._linear import add_outputs
from skxent.export._pooling import Clips, add_ranges, append_slopes, pool, trim
from skxent.export._steps import Steps, labels_of, take_apart
from skxent.mfcc._front_end import SETTINGS, shared_design

if TYPE_CHECKING:
    import onnx


def to_onnx(pipeline: Any, path: str | os.PathLike[str] | None = None) -> onnx.ModelProto:
    """Turn a fitted pipeline into an ONNX model, from waveforms to labels and probabilities.

    The model computes the features as well, so that an app hands it samples. It has no operators
    of its own, and runs wherever onnxruntime does: in Python, C++, Java, Swift, C# and, with
    onnxruntime-web, in a browser.

    Parameters
    ----------
    pipeline : fitted estimator
        A pipeline from clips to labels:

        - :class:`~skxent.MFCCTransformer`;
        - any number of StandardScaler;
        - :class:`~skxent.SoftmaxClassifier`, :class:`~skxent.SoftmaxClassifierCV`,
          LogisticRegression, LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis,
          RidgeClassifier or LinearSVC; a :class:`~skxent.FramewiseClassifier` of one of these,
          with or without StandardScaler; or :class:`~skxent.neural.DNNClassifier` or
          :class:`~skxent.neural.RNNClassifier`.

        Of a search, the best estimator is exported; of an :class:`~skxent.AugmentedClassifier`,
        the fitted one.
    path : path, default=None
        File to write the model to. It is replaced if it exists, once the model is written whole.
        None writes none.

    Returns
    -------
    model : onnx.ModelProto
        Its input is

        - ``waveform``: float32 of shape (batch, n_samples), mono, from -1 to 1, at the sample rate
          of the MFCCTransformer. All clips of a batch have the same length, of one sample or more:
          to pad a clip would change its features.

        Its outputs are

        - ``label``: int64 or strings of shape (batch,), as `predict` returns them;
        - ``probabilities``: float32 of shape (batch, n_classes), as `predict_proba` returns them.
          RidgeClassifier and LinearSVC have none.

        Its metadata (`metadata_props`) are texts: ``sample_rate`` in hertz, ``classes`` as a JSON
        list in the order of the probabilities, ``pipeline``, ``skxent_version`` and
        ``sklearn_version``.

    Raises
    ------
    ValueError
        If a step can't be exported, labels are neither strings nor integers, or a clip has
        several. The message names the step.
    NotFittedError
        If the pipeline is not fitted.
    ModuleNotFoundError
        If onnx is not installed, which ``pip install "skxent[onnx]"`` does.
    OSError
        If the file can't be written.

    Notes
    -----
    The Fourier transform is a convolution with sines and cosines, times the window. It is computed
    in float32, and so are networks; the rest is computed in float64. Results are those of the
    pipeline but for rounding. Where the pipeline's own features are made of rounding errors, as
    those of a constant signal other than silence, the two need not agree.

    The model does not resample. Nor does it check the samples: where some are not finite, neither
    are the probabilities.

    References
    ----------
    .. [1] "ONNX operators", https://onnx.ai/onnx/operators/

    Examples
    --------
    >>> import numpy as np
    >>> import onnxruntime
    >>> from sklearn.pipeline import make_pipeline
    >>> from skxent import MFCCTransformer, SoftmaxClassifier
    >>> from skxent.datasets import load_spoken_digits
    >>> from skxent.export import to_onnx
    >>> digits = load_spoken_digits()
    >>> pipeline = make_pipeline(MFCCTransformer(sample_rate=8000), SoftmaxClassifier())
    >>> model = to_onnx(pipeline.fit(digits.data, digits.target))
    >>> session = onnxruntime.InferenceSession(model.SerializeToString())
    >>> clip = digits.data[100].astype(np.float32)
    >>> label, probabilities = session.run(None, {"waveform": clip[np.newaxis]})
    >>> bool(label == pipeline.predict([clip]))
    True
    >>> bool(np.allclose(probabilities, pipeline.predict_proba([clip]), atol=1e-5))
    True
    """
    steps = take_apart(pipeline)
    labels = labels_of(steps.classifier)
    onnx = import_onnx()
    graph = Graph("skxent")
    clips = add_features(graph, steps.transformer.estimator)
    clips = clips.with_frames(add_scalers(clips.frames, steps.scalers))
    scores = add_scores(clips, steps.classifier)
    add_outputs(scores, labels, kind_of_scores(steps.classifier.estimator))
    model = graph.to_model(_describe(steps, labels))
    model.producer_name, model.producer_version = "skxent", skxent.__version__
    onnx.checker.check_model(model, full_check=True)
    if path is not None:
        replace_file(path, model.SerializeToString())
    return model


def add_features(graph: Graph, transformer: Any) -> Clips:
    """Return the features of clips by an MFCCTransformer; pooled, each clip has one row."""
    waveform = graph.input("waveform", np.float32, ["batch", "samples"])
    front_end = shared_design(**{name: getattr(transformer, name) for name in SETTINGS})
    has_trim = transformer.trim is not None
    frames, powers = add_frames(graph, waveform, front_end, with_powers=has_trim)
    clips = add_ranges(graph, frames)
    if powers is not None:
        clips = trim(clips, powers, transformer.trim)
    clips = append_slopes(clips, transformer.deltas, transformer.delta_width, transformer.normalize)
    if transformer.pooling is None:
        return clips
    rows = pool(clips, transformer.pooling, transformer.n_segments)
    return add_ranges(graph, rows.expand(1))


def _describe(steps: Steps, labels: NDArray[Any]) -> dict[str, str]:
    """Return the metadata of a model."""
    all_steps = (steps.transformer, *steps.scalers, steps.classifier)
    return {
        "sample_rate": f"{steps.transformer.estimator.sample_rate:.12g}",
        "classes": json.dumps(labels.tolist(), ensure_ascii=False),
        "pipeline": ", ".join(type(step.estimator).__name__ for step in all_steps),
        "skxent_version": skxent.__version__,
        "sklearn_version": sklearn.__version__,
    }
