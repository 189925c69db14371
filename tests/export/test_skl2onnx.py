"""SoftmaxClassifier as skl2onnx converts it."""

import numpy as np
import onnxruntime
import pytest
from skl2onnx import to_onnx
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skxent import SoftmaxClassifier
from skxent.export import register_skl2onnx


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("kind", [int, str])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_probabilities_and_labels_are_those_of_the_classifier(n_classes, kind, dtype):
    X, y = load_iris(return_X_y=True)
    X, y = X[y < n_classes].astype(dtype), y[y < n_classes].astype(kind)
    pipeline = make_pipeline(StandardScaler(), SoftmaxClassifier(alpha=0.1)).fit(X, y)
    register_skl2onnx()
    model = to_onnx(pipeline, X[:1], options={"zipmap": False})
    session = onnxruntime.InferenceSession(model.SerializeToString())
    labels, probabilities = session.run(None, {"X": X})
    assert labels.tolist() == pipeline.predict(X).tolist()
    np.testing.assert_allclose(probabilities, pipeline.predict_proba(X), rtol=1e-4, atol=1e-6)
