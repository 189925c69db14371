"""Independent ways to the same numbers: plain loops, mpmath, complex steps.

Nothing here imports skxent, so that no oracle can share a mistake with what it
checks.
"""

import math


def network_logits(
    weights,
    clip,
    *,
    activation="relu",
    context=0,
    cell="gru",
    bidirectional=False,
    pooling=None,
    **_,
):
    """Logits of a clip by a network with given weights; it knows no batch and no padding.

    weights are tensors by the names of `weights_`, clip is a tensor of (n_frames, n_features).
    They are those of a feed-forward network, a row for each frame, or of a recurrent one, a row
    for each frame or with pooling a single row for the clip.
    """
    import torch

    frames = (clip - weights["standardize.mean"]) / weights["standardize.scale"]
    if "layers.0.weight" in weights:
        return _feed_forward(torch, weights, frames, activation, context)
    ours = {
        name.removeprefix("recurrent."): value
        for name, value in weights.items()
        if name.startswith("recurrent.")
    }
    n_layers = len([name for name in ours if name.startswith("weight_ih_l")]) // (1 + bidirectional)
    kind = {"gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[cell]
    size = ours["weight_hh_l0"].shape[1]
    layers = kind(frames.shape[1], size, n_layers, bidirectional=bidirectional, dtype=clip.dtype)
    units, _ = torch.func.functional_call(layers, ours, (frames,))  # of one clip, unpadded
    if pooling == "mean":
        units = sum(units) / len(units)
    elif pooling == "last":  # the backward half has read all of the clip at its first frame
        units = torch.cat([units[-1, :size], units[0, size:]])
    elif pooling == "attention":
        scores = [torch.exp(weights["relevance.weight"][0] @ torch.tanh(unit)) for unit in units]
        units = sum(score * unit for score, unit in zip(scores, units, strict=True)) / sum(scores)
    return torch.atleast_2d(units @ weights["output.weight"].T + weights["output.bias"])


def _feed_forward(torch, weights, frames, activation, context):
    last = len(frames) - 1
    functions = {
        "relu": lambda x: x * (x > 0),
        "tanh": torch.tanh,
        "sigmoid": lambda x: 1 / (1 + torch.exp(-x)),
        "gelu": lambda x: x * (1 + torch.erf(x / math.sqrt(2))) / 2,
    }
    places = sorted({int(name.split(".")[1]) for name in weights if name.startswith("layers.")})
    logits = []
    for t in range(len(frames)):
        shifted = range(t - context, t + context + 1)
        units = torch.cat([frames[min(max(s, 0), last)] for s in shifted])
        for place in places:
            layer = {
                name.split(".")[2]: value
                for name, value in weights.items()
                if name.startswith(f"layers.{place}.")
            }
            if "running_mean" in layer:
                units = (units - layer["running_mean"]) / torch.sqrt(layer["running_var"] + 1e-5)
                units = units * layer["weight"] + layer["bias"]
            else:
                units = layer["weight"] @ units + layer["bias"]
            follows = f"layers.{place + 1}.running_mean"
            if place != places[-1] and follows not in weights:
                units = functions[activation](units)
        logits.append(units)
    return torch.stack(logits)


def tensor_cross_entropy(logits, targets, weights, label_smoothing):
    """sum_i w_i CE(t_i, z_i) of rows of tensors, for distributions t_i, by the formula."""
    import torch

    n_classes = logits.shape[1]
    total = 0.0
    for row, target, weight in zip(logits, targets, weights, strict=True):
        smooth = [(1 - label_smoothing) * float(t) + label_smoothing / n_classes for t in target]
        top = row.max()
        normaliser = top + torch.log(sum(torch.exp(z - top) for z in row))
        total = total + weight * (normaliser - sum(t * z for t, z in zip(smooth, row, strict=True)))
    return total


def read_safetensors(content):
    """Metadata and arrays of a file of safetensors, by its specification."""
    import json
    import struct

    import numpy as np

    dtypes = {"F16": "<f2", "F32": "<f4", "F64": "<f8"}
    dtypes |= {f"{kind}{8 * n}": f"<{kind.lower()}{n}" for kind in "IU" for n in (1, 2, 4, 8)}
    (n_header,) = struct.unpack_from("<Q", content)
    assert n_header % 8 == 0
    header = json.loads(content[8 : 8 + n_header])
    metadata = header.pop("__metadata__")
    assert all(type(entry) is str for pair in metadata.items() for entry in pair)
    data, arrays = content[8 + n_header :], {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        values = np.frombuffer(data[begin:end], dtypes[entry["dtype"]])
        arrays[name] = values.reshape(entry["shape"])
    assert sum(array.nbytes for array in arrays.values()) == len(data)
    return metadata, arrays
