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


def draw_stretches(lengths, share):
    """Return where a random stretch of each length starts and ends (before the end).

    Its width is uniform over the whole numbers up to a share of the length, and its place over
    those where it fits.
    """
    # In float32, a number near one could be rounded up to it.
    options = {"dtype": torch.float64, "device": lengths.device}
    widths = torch.rand(lengths.shape, **options) * (torch.floor(share * lengths.double()) + 1)
    widths = widths.floor().to(lengths.dtype)
    starts = torch.rand(lengths.shape, **options) * (lengths - widths + 1)
    starts = starts.floor().to(lengths.dtype)
    return starts, starts + widths


def draw_bands(n_bands, features, share):
    """Return masks (n_bands, n_features) of random stretches of the features, the last axis."""
    places = torch.arange(features.shape[-1], device=features.device)
    starts, ends = draw_stretches(places.new_full((n_bands, 1), len(places)), share)
    return (starts <= places) & (places < ends)


class FeedForward(nn.Module):
    """Hidden layers of a linear map, batch normalisation, activation and dropout.

    Parameters
    ----------
    n_features, n_classes : int
        Sizes of what goes in and comes out.
    input_noise : float
        Standard deviation of what is added to standardised features in training.
    frequency_mask : float
        Largest share of the features that is set to zero in training.
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
        frequency_mask,
        context,
        hidden_layer_sizes,
        activation,
        dropout,
        batch_norm,
    ):
        super().__init__()
        self.standardize = Standardize(n_features, input_noise)
        self.frequency_mask = frequency_mask
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
        features = self.standardize(features)
        if self.training and self.frequency_mask:
            is_masked = draw_bands(len(features), features, self.frequency_mask)
            features = features.masked_fill(is_masked.unsqueeze(1), 0.0)
        return self.layers(features.flatten(1))


class Recurrent(nn.Module):
    """Recurrent layers over packed sequences, pooled or not, and a linear map.

    Parameters
    ----------
    n_features, n_classes : int
        Sizes of what goes in and comes out.
    input_noise : float
        Standard deviation of what is added to standardised features in training.
    time_mask, frequency_mask : float
        Largest shares of the frames of a sequence, and of the features, that are set to
        zero in training.
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
        time_mask,
        frequency_mask,
        cell,
        hidden_size,
        n_layers,
        bidirectional,
        dropout,
        pooling,
    ):
        super().__init__()
        self.standardize = Standardize(n_features, input_noise)
        self.time_mask = time_mask
        self.frequency_mask = frequency_mask
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
        packed = PackedSequence(self._mask(self.standardize(features), sizes, clips), sizes.cpu())
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

    def _mask(self, features, sizes, clips):
        """Return the features; in training, a stretch and a band of each clip are zero."""
        if self.training and self.time_mask:
            times = torch.repeat_interleave(torch.arange(len(sizes), device=clips.device), sizes)
            starts, ends = draw_stretches(torch.bincount(clips), self.time_mask)
            is_masked = (starts[clips] <= times) & (times < ends[clips])
            features = features.masked_fill(is_masked.unsqueeze(1), 0.0)
        if self.training and self.frequency_mask:
            is_masked = draw_bands(int(sizes[0]), features, self.frequency_mask)
            features = features.masked_fill(is_masked[clips], 0.0)
        return features


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
