"""Cross-entropy of samples and of sequences, checked."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skxent.losses._inputs import as_floats, as_logits, check_lengths, check_targets, check_weights
from skxent.losses._kernels import softmax_loss_gradient


def cross_entropy(
    logits: ArrayLike,
    targets: ArrayLike,
    *,
    sample_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
) -> tuple[float | NDArray[Any], NDArray[Any]]:
    r"""Mean softmax cross-entropy and its gradient with respect to the logits.

    .. math::
        \ell = \frac{\sum_i w_i \, CE(t_i, z_i)}{\sum_i w_i}, \qquad
        CE(t, z) = \log \sum_k e^{z_k} - t \cdot z, \qquad
        \frac{\partial \ell}{\partial z_i} = \frac{w_i \, (p_i - t_i)}{\sum_j w_j}

    where :math:`p_i` is the softmax of :math:`z_i`, and the targets are
    smoothed first: :math:`t \leftarrow (1 - s) \, t + s / K` for the label
    smoothing :math:`s` and :math:`K` classes.

    Parameters
    ----------
    logits : array-like of shape (..., n_samples, n_classes)
        Finite scores. Leading axes are independent problems side by side.
    targets : array-like
        Integers of shape (..., n_samples): the index of each sample's class.
        Floats of shape (..., n_samples, n_classes): a distribution over the
        classes for each sample. Leading axes broadcast to the logits'.
    sample_weight : array-like of shape (n_samples,) or (..., n_samples), default=None
        Non-negative weights, not all zero; None gives all samples the same.
    label_smoothing : float, default=0.0
        Share of each target, in [0, 1], that is spread evenly over the classes.

    Returns
    -------
    loss : float or ndarray of shape (...)
        In nats, one value for each leading index; at least the entropy of the
        targets.
    gradient : ndarray of shape (..., n_samples, n_classes)
        Of the type of the logits; each row sums to zero.

    Raises
    ------
    ValueError
        If the shapes do not match, a label is not in ``0 .. n_classes - 1``, a
        distribution is negative or doesn't sum to one, or a parameter is out
        of its range.
    TypeError
        If the targets are neither integers nor floats.

    References
    ----------
    .. [1] I. Goodfellow, Y. Bengio and A. Courville, "Deep Learning", MIT
       Press 2016, sections 3.13 and 6.2.2.
    .. [2] C. Szegedy et al., "Rethinking the Inception architecture for
       computer vision", CVPR 2016 (label smoothing).

    Examples
    --------
    >>> from skxent.losses import cross_entropy
    >>> loss, gradient = cross_entropy([[0.0, 0.0], [0.0, 2.0]], [0, 1])
    >>> round(loss, 4)
    0.41
    >>> gradient.round(4)
    array([[-0.25  ,  0.25  ],
           [ 0.0596, -0.0596]])
    """
    logits = as_logits(logits, min_ndim=2)
    targets = check_targets(targets, logits.shape)
    weights = check_weights(sample_weight, logits.shape[:-1])
    weights = weights / weights.sum(axis=-1, keepdims=True)
    losses, gradient = _loss_gradient_of_any_shape(logits, targets, label_smoothing)
    gradient *= weights[..., np.newaxis]
    loss = np.sum(weights * losses, axis=-1)
    return (loss if loss.ndim else float(loss)), gradient


def sequence_cross_entropy(
    logits: Sequence[ArrayLike] | NDArray[Any],
    targets: Sequence[ArrayLike] | NDArray[Any],
    *,
    lengths: ArrayLike | None = None,
    sample_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
) -> tuple[float, list[NDArray[Any]] | NDArray[Any]]:
    r"""Cross-entropy of sequences, summed over the frames of each.

    .. math::
        \ell = \frac{\sum_i w_i \sum_{t=1}^{T_i} CE(t_{it}, z_{it})}{\sum_i w_i}

    A padded array is ignored beyond the end of each sequence, and its gradient is
    zero there.

    Parameters
    ----------
    logits : list of array-like of shape (n_frames_i, n_classes), or array-like \
            of shape (n_sequences, max_frames, n_classes) together with `lengths`
        Finite scores of each frame.
    targets : array-like of int of shape (n_sequences,), or list, or padded array
        One label for each sequence, which applies to all of its frames, or the targets
        of the frames of each sequence, as in :func:`cross_entropy`.
    lengths : array-like of int of shape (n_sequences,), default=None
        Number of frames of each sequence of a padded array. None for a list.
    sample_weight : array-like of shape (n_sequences,), default=None
        Non-negative weights, not all zero; None weighs all sequences alike.
    label_smoothing : float, default=0.0
        As in :func:`cross_entropy`.

    Returns
    -------
    loss : float
        Weighted mean over the sequences, in nats.
    gradient : list of ndarray, or ndarray of the padded shape
        Gradient in the logits: a list with one array for each sequence, or a padded array
        if `lengths` is given.

    Raises
    ------
    ValueError, TypeError
        If a sequence is empty, the number of its targets is not that of its frames,
        or `lengths` does not fit; and as in :func:`cross_entropy`.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.losses import sequence_cross_entropy
    >>> loss, gradient = sequence_cross_entropy([np.zeros((3, 2)), np.zeros((1, 2))], [0, 1])
    >>> round(loss, 4)  # (3 + 1) log 2 / 2
    1.3863
    >>> [frames.shape for frames in gradient]
    [(3, 2), (1, 2)]
    """
    if len(logits) == 0 or len(targets) != len(logits):
        raise ValueError(
            "logits and targets must hold the same number of sequences, at least one, "
            f"got {len(logits)} and {len(targets)}"
        )
    targets, counts = list(targets), check_lengths(logits, lengths)
    weights = check_weights(sample_weight, counts.shape)
    weights = weights / weights.sum()
    loss = 0.0
    gradients: list[NDArray[Any]] = []
    for i, (count, weight) in enumerate(zip(counts.tolist(), weights, strict=True)):
        try:
            frames = as_logits(logits[i], min_ndim=2)[:count]
            if frames.ndim > 2:
                raise ValueError(
                    f"logits must have shape (n_frames, n_classes), got shape {frames.shape}"
                )
            target = np.asarray(targets[i])
            if target.ndim == 0:
                target = np.full(count, target)
            elif lengths is not None:
                target = target[:count]
            target = check_targets(target, frames.shape)
            losses, gradient = _loss_gradient_of_any_shape(frames, target, label_smoothing)
        except (TypeError, ValueError) as error:
            raise type(error)(f"sequence {i}: {error}") from error
        loss += float(weight * losses.sum(dtype=np.float64))
        gradient *= weight
        gradients.append(gradient)
    if lengths is None:
        return loss, gradients
    padded = np.zeros_like(as_floats(logits))
    padded[np.arange(padded.shape[1]) < counts[:, np.newaxis]] = np.concatenate(gradients)
    return loss, padded


def _loss_gradient_of_any_shape(
    logits: NDArray[Any], targets: NDArray[Any], label_smoothing: float
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Apply softmax_loss_gradient to checked logits (..., n_samples, n_classes)."""
    if not 0.0 <= label_smoothing <= 1.0:
        raise ValueError(f"label_smoothing must be in [0, 1], got {label_smoothing!r}")
    shape = logits.shape
    if targets.dtype.kind == "f":
        targets = np.broadcast_to(targets, shape).reshape(-1, shape[-1])
    else:
        targets = np.broadcast_to(targets, shape[:-1]).ravel()
    losses, gradients = softmax_loss_gradient(
        logits.reshape(-1, shape[-1]), targets, label_smoothing
    )
    return losses.reshape(shape[:-1]), gradients.reshape(shape)
