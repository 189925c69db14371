"""The loss on PyTorch, and the loop that descends it."""

import contextlib
import math
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional

from skxent.neural._compute import fewest_threads, load_weights, take_weights
from skxent.neural._data import cut_by_length, draw_batches

# Frames that are evaluated at once; some tens of MB of hidden units.
_MAX_FRAMES = 1 << 15


class Epoch(NamedTuple):
    """What came of a pass over the samples.

    Parameters
    ----------
    value : float
        Mean of the loss over the batches, each before its update.
    gradient_norm : float
        Median of the Euclidean norms of their gradients, before they are clipped.
    is_finite : bool
        Whether the loss, and the weights after it, are finite.
    """

    value: float
    gradient_norm: float
    is_finite: bool


class Training(NamedTuple):
    """What came of training.

    Parameters
    ----------
    losses : list of float
        Before the training, and of each epoch.
    gradient_norm : float
        Of the last epoch.
    is_diverged : bool
        Whether the loss or a weight was not finite any more. The network then has
        the weights of the epoch before.
    """

    losses: list[float]
    gradient_norm: float
    is_diverged: bool


def cross_entropy(logits, targets, weights, label_smoothing):
    r"""Return the weighted sum of cross-entropies.

    .. math::
        \sum_i w_i \left(\log \sum_k e^{z_{ik}} - t_i \cdot z_i\right)

    with the smoothed target :math:`t_i`, as :mod:`skxent.losses` has it. Where
    rows are frames, that is the sum over the frames of each sequence.

    Parameters
    ----------
    logits : torch.Tensor of shape (n_rows, n_classes)
        The z.
    targets : torch.Tensor of shape (n_rows,) or (n_rows, n_classes)
        Indices of classes, or distributions of the type of the logits.
    weights : torch.Tensor of shape (n_rows,)
        The w, of the type of the logits.
    label_smoothing : float
        Share of each target that is spread evenly over the classes.

    Returns
    -------
    loss : torch.Tensor of shape ()
        The sum, in nats.
    """
    losses = functional.cross_entropy(
        logits, targets, reduction="none", label_smoothing=label_smoothing
    )
    return weights @ losses


def make_optimizer(network, weight_decay):
    """Return AdamW, which decays weight matrices alone.

    Parameters
    ----------
    network : torch.nn.Module
        Whose parameters are to be learned.
    weight_decay : float
        Each step multiplies the matrices by one minus the learning rate times this.

    Returns
    -------
    optimizer : torch.optim.AdamW
        Its learning rate is set in each step.
    """
    parameters = list(network.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=0.0)


def run_epoch(
    network, problem, optimizer, rate_of, *, batch_size, random_state=None, max_grad_norm=None
):
    """Train a network with one pass over the items of a problem.

    On a GPU the network runs in half precision where that is safe.

    Parameters
    ----------
    network : torch.nn.Module
        Is changed.
    problem : Problem
        What to fit.
    optimizer : torch.optim.Optimizer
        Is changed.
    rate_of : callable
        ``rate_of(share) -> learning rate`` at a share of the pass, in [0, 1).
    batch_size : int
        Largest number of items of a batch.
    random_state : numpy.random.RandomState or None, default=None
        Draws the batches; None takes the items in their order.
    max_grad_norm : float, default=None
        Gradients of a larger Euclidean norm are scaled down to it.

    Returns
    -------
    result : Epoch
        Where the loss was not finite, the pass has ended.
    """
    with fewest_threads(network):
        return _run_epoch(
            network, problem, optimizer, rate_of, batch_size, random_state, max_grad_norm
        )


def _run_epoch(network, problem, optimizer, rate_of, batch_size, random_state, max_grad_norm):
    device = next(network.parameters()).device
    mixed, scaler = _mixed_precision(device)
    network.train()
    batches = draw_batches(problem.data.lengths_of(problem.items), batch_size, random_state)
    total, norms = 0.0, []
    for i, places in enumerate(batches):
        batch = problem.data.batch(problem.items[places])
        with mixed:
            logits = network(*(tensor.to(device) for tensor in batch.inputs))
        summed = _loss(logits, problem, batch.rows)
        # Of batches of any number of items, the gradients are then without bias.
        loss = summed / (problem.rows_per_item * batch.n_items)
        if not torch.isfinite(loss):
            return Epoch(loss.item(), math.nan, False)
        total += summed.item()
        for group in optimizer.param_groups:
            group["lr"] = rate_of(i / len(batches))
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        norm = torch.nn.utils.clip_grad_norm_(
            network.parameters(), math.inf if max_grad_norm is None else max_grad_norm
        )
        norms.append(float(norm))
        scaler.step(optimizer)
        scaler.update()
    value = total / (problem.rows_per_item * len(problem.items))
    is_finite = all(bool(torch.isfinite(p).all()) for p in network.parameters())
    return Epoch(value, float(np.median(norms)), is_finite)


def train(network, problem, optimizer, rate_of, *, max_iter, monitor, **options):
    """Train a network epoch by epoch.

    Parameters
    ----------
    network : torch.nn.Module
        Is changed.
    problem : Problem
        What to fit.
    optimizer : torch.optim.Optimizer
        Is changed.
    rate_of : callable
        ``rate_of(epoch, share) -> learning rate`` at a share of an epoch, which are
        counted from zero.
    max_iter : int
        Largest number of epochs.
    monitor : skxent._fitting._monitor.Monitor
        Told of the weights and the loss of each, and says when to stop.
    **options : dict
        The options of :func:`run_epoch`.

    Returns
    -------
    result : Training
        Losses, and whether they stayed finite.
    """
    losses, norm = [evaluate(network, problem)[0]], math.nan
    weights = take_weights(network)
    is_finished = monitor(0, weights, losses[0])
    while not is_finished and len(losses) <= max_iter:
        epoch = len(losses) - 1
        result = run_epoch(network, problem, optimizer, partial(rate_of, epoch), **options)
        if not result.is_finite:
            load_weights(network, weights)
            return Training(losses, norm, is_diverged=True)
        losses.append(result.value)
        weights, norm = take_weights(network), result.gradient_norm
        is_finished = monitor(epoch + 1, weights, result.value)
    return Training(losses, norm, is_diverged=False)


def evaluate(network, problem):
    """Return the loss and the accuracy of a network, as they are without training.

    Parameters
    ----------
    network : torch.nn.Module
        Is left as it is.
    problem : Problem
        What to judge by.

    Returns
    -------
    loss : float
        Mean over the weights.
    accuracy : float
        Weighted share of rows whose most probable class is that of the target.
    """
    loss = hits = total = 0.0
    for logits, rows in _logits_of_batches(network, problem.data, problem.items):
        targets, weights = problem.targets[rows], problem.weights[rows]
        loss += float(_loss(logits, problem, rows))
        labels = targets.argmax(axis=1) if targets.ndim == 2 else targets
        hits += float(weights @ (logits.argmax(dim=1).cpu().numpy() == labels))
        total += float(weights.sum())
    return loss / total, hits / total


def compute_logits(network, data, n_clips, n_classes):
    """Return the logits of clips, or of their frames.

    Parameters
    ----------
    network : torch.nn.Module
        Is left as it is.
    data : Frames or Sequences
        The clips.
    n_clips, n_classes : int
        Their number, and that of the classes.

    Returns
    -------
    logits : ndarray of shape (n_rows, n_classes)
        In the order of the clips.
    """
    items = data.items_of(np.arange(n_clips))
    logits = np.empty((len(data.rows_of(items)), n_classes))
    for values, rows in _logits_of_batches(network, data, items):
        logits[rows] = values.cpu().numpy()
    return logits


def _logits_of_batches(network, data, items):
    device = next(network.parameters()).device
    network.eval()
    with torch.inference_mode(), fewest_threads(network):
        for places in cut_by_length(data.lengths_of(items), _MAX_FRAMES):
            batch = data.batch(items[places])
            yield network(*(tensor.to(device) for tensor in batch.inputs)), batch.rows


def _loss(logits, problem, rows):
    targets, weights = (
        torch.from_numpy(values[rows]).to(logits.device)
        for values in (problem.targets, problem.weights)
    )
    return cross_entropy(logits.float(), targets, weights, problem.label_smoothing)


def _mixed_precision(device):
    """Return the context of a forward pass, and what scales the loss for half precision."""
    is_mixed = device.type == "cuda"
    mixed = torch.autocast("cuda", torch.float16) if is_mixed else contextlib.nullcontext()
    return mixed, torch.amp.GradScaler(device.type, enabled=is_mixed)
