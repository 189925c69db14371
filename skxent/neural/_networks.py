"""The networks: from standardised features to logits."""

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "gelu": nn.GELU}
CELLS = {"gru": nn.GRU, "lstm": nn.LSTM}
POOLINGS = ("mean", "last", "attention")


class Standardize(nn.Module):
    """Shift and scale features by constants that are not trained; add noise.

    Parameters
    ----------
    n_features : int
        Number of features. `mean` and `scale`, which are subtracted and divided
        by, begin as zeros and ones.
    noise : float
        Standard deviation of what is added in training, relative to `scale`.
    """

    def __init__(self, n_features, noise):
        super().__init__()
        self.register_buffer("mean", torch.zeros(n_features))
        self.register_buffer("scale", torch.ones(n_features))
        self.noise = noise

    def set_scale(self, mean, scale):
        """Set the mean and the scale of the features."""
        self.mean.copy_(torch.as_tensor(mean))
        self.scale.copy_(torch.as_tensor(scale))

    def forward(self, features):
        """Return the features standardised, in training with noise."""
        features = (features - self.mean) / self.scale
        if self.training and self.noise:
            features = features + self.noise * torch.randn_like(features)
        return features


class FeedForward(nn.Module):
    """Hidden layers of a linear map, batch normalisation, activation and dropout.

    Parameters
    ----------
    n_features, n_classes : int
        Sizes of what goes in and comes out.
    input_noise : float
        Standard deviation of what is added to standardised features in training.
    context : int
        Number of neighbours of a frame on each side.
    hidden_layer_sizes : tuple of int
        Numbers of hidden units.
    activation : {"relu", "tanh", "sigmoid", "gelu"}
        Of the hidden units.
    dropout : float
        Share of hidden units that are dropped in training.
    batch_norm : bool
        Whether to normalise the hidden units over the batch.
    """

    def __init__(
        self,
        n_features,
        n_classes,
        *,
        input_noise,
        context,
        hidden_layer_sizes,
        activation,
        dropout,
        batch_norm,
    ):
        super().__init__()
        self.standardize = Standardize(n_features, input_noise)
        self.batch_norm = batch_norm
        n_features = n_features * (2 * context + 1)
        layers = []
        for size in hidden_layer_sizes:
            layers.append(nn.Linear(n_features, size))
            if batch_norm:
                layers.append(nn.BatchNorm1d(size))
            layers += [ACTIVATIONS[activation](), nn.Dropout(dropout)]
            n_features = size
        self.layers = nn.Sequential(*layers, nn.Linear(n_features, n_classes))

    def forward(self, features):
        """Return logits of frames, each with its neighbours: (n_frames, n_near, n_features)."""
        if self.training and self.batch_norm and len(features) == 1:
            raise ValueError("batch_norm needs batches of two samples or more, got a single one")
        return self.layers(self.standardize(features).flatten(1))


class Recurrent(nn.Module):
    """Recurrent layers over packed sequences, pooled or not, and a linear map.

    Parameters
    ----------
    n_features, n_classes : int
        Sizes of what goes in and comes out.
    input_noise : float
        Standard deviation of what is added to standardised features in training.
    cell : {"gru", "lstm"}
        Kind of recurrent unit.
    hidden_size : int
        Number of units in each direction of each layer.
    n_layers : int
        Number of layers.
    bidirectional : bool
        Whether half of the units see the sequence from its end.
    dropout : float
        Share of what each layer hands on that is dropped in training.
    pooling : {"mean", "last", "attention"} or None
        What becomes of the frames; None gives logits for each.
    """

    def __init__(
        self,
        n_features,
        n_classes,
        *,
        input_noise,
        cell,
        hidden_size,
        n_layers,
        bidirectional,
        dropout,
        pooling,
    ):
        super().__init__()
        self.standardize = Standardize(n_features, input_noise)
        self.recurrent = CELLS[cell](
            n_features,
            hidden_size,
            n_layers,
            bidirectional=bidirectional,
            dropout=dropout if n_layers > 1 else 0.0,  # torch warns of one that does nothing
        )
        self.pooling = pooling
        n_units = hidden_size * (1 + bidirectional)
        if pooling == "attention":
            # A softmax over frames would not see an intercept.
            self.relevance = nn.Linear(n_units, 1, bias=False)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(n_units, n_classes)

    def forward(self, features, sizes, clips):
        """Return logits of clips or of frames, from the first frames of all clips on.

        `features` (n_frames, n_features) holds these, then the second frames, and so on; `sizes`
        says how many clips last so long, and `clips` which one each frame is of.
        """
        packed = PackedSequence(self.standardize(features), sizes.cpu())
        hidden, last = self.recurrent(packed)
        hidden = hidden.data
        if self.pooling in ("mean", "attention"):
            hidden = hidden.to(self.output.weight.dtype)  # no sums in half precision
        if self.pooling == "mean":
            hidden = _sum_by_clip(hidden, clips) / torch.bincount(clips).unsqueeze(1)
        elif self.pooling == "last":
            # Of the last layer, in either direction; an LSTM hands out its memory too.
            last = last if torch.is_tensor(last) else last[0]
            n_directions = 1 + self.recurrent.bidirectional
            hidden = torch.cat(tuple(last[-n_directions:]), dim=1)
        elif self.pooling == "attention":
            shares = _softmax_by_clip(self.relevance(torch.tanh(hidden))[:, 0], clips)
            hidden = _sum_by_clip(shares.unsqueeze(1) * hidden, clips)
        return self.output(self.dropout(hidden))


def _sum_by_clip(values, clips):
    sums = torch.zeros(
        int(clips.max()) + 1, values.shape[1], dtype=values.dtype, device=values.device
    )
    return sums.index_add(0, clips, values)


def _softmax_by_clip(scores, clips):
    highest = torch.full_like(scores[: int(clips.max()) + 1], -torch.inf)
    highest = highest.scatter_reduce(0, clips, scores.detach(), "amax")
    terms = torch.exp(scores - highest[clips])
    return terms / _sum_by_clip(terms.unsqueeze(1), clips)[clips, 0]
