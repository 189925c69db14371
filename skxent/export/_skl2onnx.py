"""SoftmaxClassifier for skl2onnx, which converts whole scikit-learn pipelines of rows."""

from typing import Any

import numpy as np
from scipy.sparse import issparse

from skxent.export._linear import for_each_class
from skxent.linear import SoftmaxClassifier
from skxent.search import SoftmaxClassifierCV

# What callers of convert_sklearn may ask of the outputs; skl2onnx itself does what they ask.
_OPTIONS = {
    "zipmap": [True, False, "columns"],
    "nocl": [True, False],
    "output_class_labels": [False, True],
}


def register_skl2onnx() -> None:
    """Teach skl2onnx to convert SoftmaxClassifier and SoftmaxClassifierCV.

    For pipelines of rows, such as of skl2onnx's many transformers and a
    :class:`~skxent.SoftmaxClassifier`. From sound to probabilities, :func:`to_onnx` is the way.

    Raises
    ------
    ModuleNotFoundError
        If skl2onnx is not installed, which ``pip install skl2onnx`` does.

    See Also
    --------
    to_onnx : Exports pipelines that begin with clips.

    References
    ----------
    .. [1] sklearn-onnx, "Register a new converter", https://onnx.ai/sklearn-onnx/

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.decomposition import PCA
    >>> from sklearn.pipeline import make_pipeline
    >>> from skxent import SoftmaxClassifier
    >>> from skxent.export import register_skl2onnx
    >>> register_skl2onnx()
    >>> from skl2onnx import to_onnx
    >>> X, y = load_iris(return_X_y=True)
    >>> X = X.astype(np.float32)
    >>> pipeline = make_pipeline(PCA(3), SoftmaxClassifier()).fit(X, y)
    >>> model = to_onnx(pipeline, X[:1], options={"zipmap": False})
    >>> [value.name for value in model.graph.output]
    ['label', 'probabilities']
    """
    try:
        from skl2onnx import update_registered_converter
        from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes
    except ModuleNotFoundError as error:
        if error.name != "skl2onnx":
            raise
        raise ModuleNotFoundError(
            "register_skl2onnx needs skl2onnx, which `pip install skl2onnx` installs",
            name="skl2onnx",
        ) from error
    for kind in (SoftmaxClassifier, SoftmaxClassifierCV):
        update_registered_converter(
            kind,
            f"Skxent{kind.__name__}",
            calculate_linear_classifier_output_shapes,
            _convert,
            options=_OPTIONS,
        )


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes from rows to labels and probabilities."""
    from onnx import TensorProto
    from skl2onnx.common.data_types import guess_proto_type

    classifier = operator.raw_operator
    element = guess_proto_type(operator.inputs[0].type)
    if element not in (TensorProto.FLOAT, TensorProto.DOUBLE):
        element = TensorProto.FLOAT
    coef = classifier.coef_.toarray() if issparse(classifier.coef_) else classifier.coef_
    coef, intercept = for_each_class(coef, classifier.intercept_)

    def constant(name: str, kind: int, values: Any) -> str:
        name = scope.get_unique_variable_name(name)
        container.add_initializer(name, kind, values.shape, values.ravel().tolist())
        return str(name)

    def node(kind: str, inputs: list[str], output: str | None = None, **attributes: Any) -> str:
        output = output or scope.get_unique_variable_name(kind.lower())
        name = scope.get_unique_operator_name(kind)
        container.add_node(kind, inputs, output, name=name, **attributes)
        return output

    labels = classifier.classes_
    is_text = labels.dtype.kind not in "iub"
    labels = constant(
        "classes",
        TensorProto.STRING if is_text else TensorProto.INT64,
        np.array([str(label).encode() if is_text else int(label) for label in labels]),
    )
    rows = node("Cast", [operator.inputs[0].full_name], to=element)
    products = node("MatMul", [rows, constant("coef", element, coef.T)])
    logits = node("Add", [products, constant("intercept", element, intercept)])
    best = node("ArgMax", [logits], axis=1, keepdims=0)
    node("Gather", [labels, best], operator.outputs[0].full_name)
    node("Softmax", [logits], operator.outputs[1].full_name, axis=1)
