"""Scores of the networks of skxent.neural, from their weights as arrays.

torch.onnx would need the networks in another form anyway, since it exports no packed sequences, and
traces a recurrent layer step by step. ONNX has recurrent layers for clips of any lengths.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skxent.export._graph import Value
from skxent.export._pooling import Clips
from skxent.export._sequences import add_aggregation, add_context

Weights = Mapping[str, NDArray[Any]]

# The order of the gates in the weights: PyTorch's places, in ONNX's order.
_GATES = {"gru": (1, 0, 2), "lstm": (0, 3, 1, 2)}

# What PyTorch's batch normalisation adds to the variance.
_BATCH_NORM_EPS = 1e-5


def add_feed_forward_scores(clips: Clips, weights: Weights, form: Mapping[str, Any]) -> Value:
    """Return scores of clips by the network of a DNNClassifier: (batch, n_classes)."""
    near = add_context(_standardize(clips, weights), form["context"], position=False)
    hidden = near.frames.cast(np.float32)
    numbers = [
        int(name.split(".")[1])
        for name, values in weights.items()
        if name.startswith("layers.") and values.ndim == 2
    ]
    for number in sorted(numbers):
        hidden = hidden @ _linear(weights, number)[0].T + _linear(weights, number)[1]
        if number != max(numbers):
            hidden = _activate(hidden, form["activation"])
    return add_aggregation(clips, hidden.cast(np.float64), "sum_log_proba")


def add_recurrent_scores(clips: Clips, weights: Weights, form: Mapping[str, Any]) -> Value:
    """Return scores of clips by the network of an RNNClassifier: (batch, n_classes)."""
    graph, lengths = clips.graph, clips.n_frames()
    # What counts of a clip must come first. Its last frame fills what remains, and isn't seen.
    places = (clips.times + clips.begin).at_most(clips.end - 1)
    frames = _standardize(clips, weights).frames.cast(np.float32)
    clips = Clips(graph, frames.take_by_clip(places), lengths - lengths, lengths)
    hidden = clips.frames.transpose(1, 0, 2)
    n_before = lengths.reshape(-1).cast(np.int32)
    for layer in range(form["n_layers"]):
        inputs = [graph.constant(array, np.float32) for array in _recurrent(weights, layer, form)]
        outputs, last = graph.add_all(
            form["cell"].upper(),
            hidden,
            *inputs,
            n_before,
            dtypes=[np.float32, np.float32],
            hidden_size=form["hidden_size"],
            direction="bidirectional" if form["bidirectional"] else "forward",
            **({"linear_before_reset": 1} if form["cell"] == "gru" else {}),
        )
        hidden = outputs.transpose(0, 2, 1, 3).reshape(0, 0, -1)
    hidden = hidden.cast(np.float64)
    if form["targets"] == "frame":
        # Turned around as late as can be: onnxruntime 1.32 crashes where it moves this past the
        # product and the softmax itself.
        scores = _output(hidden, weights).apply("LogSoftmax", axis=-1)
        return add_aggregation(clips, scores.transpose(1, 0, 2), "sum_log_proba")
    hidden = hidden.transpose(1, 0, 2)
    if form["pooling"] == "last":
        rows = last.transpose(1, 0, 2).reshape(0, -1).cast(np.float64)
        return _output(rows, weights)
    if form["pooling"] == "mean":
        shares = clips.mask() / lengths.expand(2).cast(np.float64)
    else:
        relevance = hidden.apply("Tanh") @ weights["relevance.weight"].T.astype(np.float64)
        outside = graph.constant(-np.inf, np.float64)
        relevance = relevance.transpose(0, 2, 1).otherwise(clips.mask() >= 1.0, outside)
        shares = relevance.apply("Softmax", axis=-1)
    return _output((shares @ hidden).reshape(0, -1), weights)


def _standardize(clips: Clips, weights: Weights) -> Clips:
    mean, scale = weights["standardize.mean"], weights["standardize.scale"]
    return clips.with_frames((clips.frames - mean) / scale)


def _linear(weights: Weights, number: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the matrix and the intercept of a layer, with the batch normalisation after it."""
    matrix, intercept = (
        weights[f"layers.{number}.{name}"].astype(np.float64) for name in ("weight", "bias")
    )
    if f"layers.{number + 1}.running_mean" in weights:
        factor, shift, mean, variance = (
            weights[f"layers.{number + 1}.{name}"].astype(np.float64)
            for name in ("weight", "bias", "running_mean", "running_var")
        )
        factor = factor / np.sqrt(variance + _BATCH_NORM_EPS)
        matrix, intercept = factor[:, np.newaxis] * matrix, factor * (intercept - mean) + shift
    return matrix, intercept


def _activate(hidden: Value, activation: str) -> Value:
    if activation == "gelu":
        shares: Value = (hidden / np.sqrt(2.0)).apply("Erf") + 1.0
        return hidden * shares * 0.5
    return hidden.apply({"relu": "Relu", "tanh": "Tanh", "sigmoid": "Sigmoid"}[activation])


def _recurrent(weights: Weights, layer: int, form: Mapping[str, Any]) -> list[NDArray[Any]]:
    """Return the weights of a recurrent layer as ONNX has them: each (n_directions, ...)."""
    gates = _GATES[form["cell"]]
    directions = ("", "_reverse") if form["bidirectional"] else ("",)

    def in_order(name: str, direction: str) -> NDArray[Any]:
        values = weights[f"recurrent.{name}_l{layer}{direction}"]
        return np.concatenate([np.split(values, len(gates))[gate] for gate in gates])

    return [
        np.stack([np.concatenate([in_order(name, end) for name in names]) for end in directions])
        for names in (("weight_ih",), ("weight_hh",), ("bias_ih", "bias_hh"))
    ]


def _output(hidden: Value, weights: Weights) -> Value:
    logits: Value = hidden @ weights["output.weight"].T + weights["output.bias"]
    return logits
