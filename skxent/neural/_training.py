"""The loss on PyTorch, and the loop that descends it."""

import contextlib
import math
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch.nn import functional

from skxent.neural._compute import (
    fewest_threads,
    load_weights,
    moments_of,
    set_moments,
    take_weights,
)
from skxent.neural._data import cut_by_length, draw_batches

# Frames that are evaluated at once; some tens of MB of hidden units.
MAX_FRAMES = 1 << 15


class Epoch(NamedTuple):
    """Result of a pass over the samples.

    Parameters
    ----------
    value : float
        Mean of the loss over the batches, each before its update.
    gradient_norm : float
        Median of the Euclidean norms of their gradients, before they are clipped.
    is_finite : bool
        Whether the loss, and the weights after it, are finite.
    is_whole : bool, default=True
        Whether it was not stopped between two batches.
    """

    value: float
    gradient_norm: float
    is_finite: bool
    is_whole: bool = True


class Training(NamedTuple):
    """Result of training.

    Parameters
    ----------
    values : ndarray of shape (n_epochs + 1,)
        The loss at the start and of each epoch.
    gradient_norm : float
        Of the last epoch.
    diverged : bool
        Whether the loss or a weight became infinite or NaN.
    last : tuple of dict
        The weights and the optimizer's moments after the last whole epoch of a
        finite loss, which are also the network's.
    converged : bool
        False: only patience ends the training of a network.
    """

    values: np.ndarray
    gradient_norm: float
    diverged: bool
    last: tuple[dict, dict]
    converged: bool = False


def cross_entropy(logits, targets, weights, label_smoothing):
    r"""Return the weighted sum of cross-entropies.

    .. math::
        \sum_i w_i \left(\log \sum_k e^{z_{ik}} - t_i \cdot z_i\right)

    with the smoothed target :math:`t_i`, as :mod:`skxent.losses` has it. Where
    rows are frames, that is the sum over the frames of each sequence.
    """
    losses = functional.cross_entropy(
        logits, targets, reduction="none", label_smoothing=label_smoothing
    )
    return weights @ losses


def make_optimizer(network, weight_decay):
    """Return AdamW that decays the weight matrices alone; its rate is set in each step."""
    parameters = list(network.parameters())
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=0.0)


def run_epoch(
    network,
    problem,
    optimizer,
    rate_of,
    *,
    batch_size,
    random_state=None,
    max_grad_norm=None,
    is_stopped=lambda: False,
):
    """Train a network with one pass over a problem, which ends where the loss is not finite.

    The batches are drawn or, without a random state, in order. ``rate_of(share)`` is the learning
    rate at a share of the pass. Gradients of a larger Euclidean norm than `max_grad_norm` are
    scaled down to it. On a GPU the network runs in half precision where that is safe. Before each
    batch, ``is_stopped()`` is asked whether to leave the pass unfinished.
    """
    with fewest_threads(network):
        return _run_epoch(
            network,
            problem,
            optimizer,
            rate_of,
            batch_size,
            random_state,
            max_grad_norm,
            is_stopped,
        )


def _run_epoch(
    network, problem, optimizer, rate_of, batch_size, random_state, max_grad_norm, is_stopped
):
    device = next(network.parameters()).device
    mixed, scaler = _mixed_precision(device)
    network.train()
    batches = draw_batches(problem.data.lengths_of(problem.items), batch_size, random_state)
    total, norms = 0.0, []
    for i, places in enumerate(batches):
        if is_stopped():
            return Epoch(math.nan, math.nan, is_finite=True, is_whole=False)
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


def train(network, problem, optimizer, rate_of, *, max_iter, monitor, random_state=None, **options):
    """Train a network epoch by epoch, until `max_iter` or the monitor stops it.

    ``rate_of(epoch, share)`` is the learning rate at a share of an epoch; `random_state` and
    `options` are those of `run_epoch`. An epoch that diverges or is stopped is undone.
    """
    losses, norm, diverged = [evaluate(network, problem)[0]], math.nan, False
    last = take_weights(network), moments_of(optimizer)
    is_finished = monitor(0, last[0], losses[0])
    while not is_finished and len(losses) <= max_iter:
        epoch, drawn = len(losses) - 1, random_state and random_state.get_state()
        result = run_epoch(
            network,
            problem,
            optimizer,
            partial(rate_of, epoch),
            random_state=random_state,
            **options,
        )
        if not (result.is_finite and result.is_whole):
            load_weights(network, last[0])
            set_moments(optimizer, last[1])
            if random_state is not None:
                random_state.set_state(drawn)
            diverged = not result.is_finite
            break
        losses.append(result.value)
        last, norm = (take_weights(network), moments_of(optimizer)), result.gradient_norm
        is_finished = monitor(epoch + 1, last[0], result.value)
    return Training(np.array(losses), norm, diverged, last)


def evaluate(network, problem):
    """Return the loss, a weighted mean, and the weighted accuracy of a network in evaluation."""
    loss = hits = total = 0.0
    for logits, rows in _logits_of_batches(network, problem.data, problem.items):
        targets, weights = problem.targets[rows], problem.weights[rows]
        loss += float(_loss(logits, problem, rows))
        labels = targets.argmax(axis=1) if targets.ndim == 2 else targets
        hits += float(weights @ (logits.argmax(dim=1).cpu().numpy() == labels))
        total += float(weights.sum())
    return loss / total, hits / total


def compute_logits(network, data, n_clips, n_classes, max_frames=MAX_FRAMES):
    """Return the logits (n_rows, n_classes) of clips or of their frames, in the clips' order."""
    items = data.items_of(np.arange(n_clips))
    logits = np.empty((len(data.rows_of(items)), n_classes))
    for values, rows in _logits_of_batches(network, data, items, max_frames):
        logits[rows] = values.cpu().numpy()
    return logits


def _logits_of_batches(network, data, items, max_frames=MAX_FRAMES):
    device = next(network.parameters()).device
    network.eval()
    with torch.inference_mode(), fewest_threads(network):
        for places in cut_by_length(data.lengths_of(items), max_frames):
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
