"""Softmax and cross-entropy: values, gradients and Hessians in the logits.

Every function here is pure: it takes logits, returns new arrays and never
writes to its arguments, except to an array that is given as `out`. Nothing is
thresholded or clipped before a logarithm; accuracy comes from the order of
the operations instead:

- the largest logit of a row is subtracted from the row, and its exponential,
  which is then exactly one, is left out of the sum, so that ``logsumexp`` is a
  ``log1p`` and keeps its digits when the row is sure;
- ``1 - p`` of the most probable class is the sum of the other probabilities,
  never a subtraction from one.

The loss of a sure prediction is then accurate to a few units in the last
place: with logits ``[0, 40, 0]`` and class 1 it is 8.5e-18, where the usual
formula gives 0. Only :func:`fast_softmax_loss_gradient` uses the usual
formula, where speed matters more; its docstring bounds the error.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from skxent.frames._ragged import lengths_of, split, sum_by_clip

__all__ = [
    "binary_loss_gradient",
    "cross_entropy",
    "fast_softmax_loss_gradient",
    "hessian_product",
    "log_softmax",
    "sequence_cross_entropy",
    "softmax",
    "softmax_loss_gradient",
]


def softmax(logits: ArrayLike) -> NDArray[Any]:
    r"""Compute probabilities from logits along the last axis.

    .. math:: p_k = \frac{e^{z_k}}{\sum_j e^{z_j}}

    Parameters
    ----------
    logits : array-like of shape (..., n_classes)
        Finite scores, one for each class. Integers are converted to float64.

    Returns
    -------
    probabilities : ndarray of shape (..., n_classes)
        Non-negative; each row sums to one. float32 if the logits are.

    Raises
    ------
    ValueError
        If `logits` has no class axis or no class.

    References
    ----------
    .. [1] P. Blanchard, D. J. Higham and N. J. Higham, "Accurately computing
       the log-sum-exp and softmax functions", IMA J. Numer. Anal. 41, 2021.

    Examples
    --------
    >>> from skxent.losses import softmax
    >>> softmax([1000.0, 1000.0, -1000.0])
    array([0.5, 0.5, 0. ])
    """
    logits = _as_logits(logits)
    _, probabilities, _, _ = _exponentials(logits.reshape(-1, logits.shape[-1]))
    return probabilities.reshape(logits.shape)


def log_softmax(logits: ArrayLike) -> NDArray[Any]:
    r"""Compute log-probabilities (nats) from logits along the last axis.

    .. math:: \log p_k = z_k - \log \sum_j e^{z_j}

    The result is finite if the logits and their differences are, and keeps its
    relative accuracy where a probability rounds to one.

    Parameters
    ----------
    logits : array-like of shape (..., n_classes)
        Finite scores, one for each class. Integers are converted to float64.

    Returns
    -------
    log_probabilities : ndarray of shape (..., n_classes)
        Never positive. float32 if the logits are.

    Raises
    ------
    ValueError
        If `logits` has no class axis or no class.

    Examples
    --------
    >>> from skxent.losses import log_softmax
    >>> log_softmax([0.0, 40.0, 0.0])
    array([-4.00000000e+01, -8.49670851e-18, -4.00000000e+01])
    """
    logits = _as_logits(logits)
    shifted, _, rest, _ = _exponentials(logits.reshape(-1, logits.shape[-1]))
    shifted -= np.log1p(rest)[:, np.newaxis]
    return shifted.reshape(logits.shape)


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
    logits = _as_logits(logits, min_ndim=2)
    targets = _check_targets(targets, logits.shape)
    weights = _check_weights(sample_weight, logits.shape[:-1])
    weights = weights / weights.sum(axis=-1, keepdims=True)
    losses, gradient = _terms_of_any_shape(logits, targets, label_smoothing)
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
    counts = _check_lengths(logits, lengths)
    weights = _check_weights(sample_weight, counts.shape)
    weights = weights / weights.sum()
    parts: list[NDArray[Any]] = []
    frame_targets: list[NDArray[Any]] = []
    alike: dict[Any, list[int]] = {}  # sequences that share a call of the kernel
    for i, (count, target) in enumerate(zip(counts.tolist(), targets, strict=True)):
        try:
            part = _as_logits(logits[i], min_ndim=2)[:count]
            if part.ndim > 2:
                raise ValueError(
                    f"logits must have shape (n_frames, n_classes), got shape {part.shape}"
                )
            target = np.asarray(target)
            if target.ndim == 0:
                target = np.full(count, target)
            elif lengths is not None:
                target = target[:count]
            target = _check_targets(target, part.shape)
        except (TypeError, ValueError) as error:
            raise type(error)(f"sequence {i}: {error}") from error
        parts.append(part)
        frame_targets.append(target if target.ndim == 2 else target.astype(np.intp))
        alike.setdefault((part.dtype, part.shape[1], target.ndim), []).append(i)
    loss, gradients = 0.0, [np.empty(0)] * len(parts)
    for group in alike.values():
        losses, slopes = _terms_of_any_shape(
            np.concatenate([parts[i] for i in group]),
            np.concatenate([frame_targets[i] for i in group]),
            label_smoothing,
        )
        loss += float(weights[group] @ sum_by_clip(losses, counts[group]))
        slopes *= np.repeat(weights[group], counts[group])[:, np.newaxis]
        for i, gradient in zip(group, split(slopes, counts[group]), strict=True):
            gradients[i] = gradient
    if lengths is None:
        return loss, gradients
    padded = np.zeros_like(_as_floats(logits))
    padded[np.arange(padded.shape[1]) < counts[:, np.newaxis]] = np.concatenate(gradients)
    return loss, padded


def softmax_loss_gradient(
    logits: NDArray[Any], targets: NDArray[Any], label_smoothing: float = 0.0
) -> tuple[NDArray[Any], NDArray[Any]]:
    r"""Cross-entropy of each sample and its gradient, without checks and sums.

    The kernel of :func:`cross_entropy`, for callers that have checked their
    arguments, and weigh and sum the losses themselves.

    Parameters
    ----------
    logits : ndarray of shape (n_samples, n_classes)
        Floats.
    targets : ndarray of shape (n_samples,) or (n_samples, n_classes)
        Labels (integers), or distributions (floats).
    label_smoothing : float, default=0.0
        As in :func:`cross_entropy`.

    Returns
    -------
    losses : ndarray of shape (n_samples,)
        ``logsumexp(z) - t . z`` in nats.
    gradients : ndarray of shape (n_samples, n_classes)
        ``softmax(z) - t``. The entry of a sure class is computed as minus the sum
        of the other probabilities, and so keeps its digits.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.losses import softmax_loss_gradient
    >>> losses, gradients = softmax_loss_gradient(np.array([[0.0, 40.0, 0.0]]), np.array([1]))
    >>> losses
    array([8.49670851e-18])
    >>> gradients
    array([[ 4.24835426e-18, -8.49670851e-18,  4.24835426e-18]])
    """
    n_samples, n_classes = logits.shape
    shifted, gradients, rest, is_top = _exponentials(logits)
    normaliser = np.log1p(rest)
    complement = rest / (1.0 + rest)  # 1 - p of the largest logit, without cancellation
    if targets.ndim == 1:
        rows = np.arange(n_samples)
        at_target = shifted[rows, targets]
        losses = normaliser - at_target
        gradients[rows, targets] = np.where(
            at_target == 0.0, -complement, gradients[rows, targets] - 1.0
        )
        if label_smoothing:
            losses *= 1.0 - label_smoothing
            losses += label_smoothing * (normaliser - shifted.mean(axis=1))
            gradients -= label_smoothing / n_classes
            gradients[rows, targets] += label_smoothing
        return losses, gradients
    targets = targets.astype(logits.dtype, copy=False)
    if label_smoothing:
        targets = (1.0 - label_smoothing) * targets + label_smoothing / n_classes
    losses = np.sum(targets * (normaliser[:, np.newaxis] - shifted), axis=1)
    # p - t as p (1 - t) - t (1 - p): where the target is one-hot, one of the two
    # products is zero and the other loses nothing.
    complements = np.where(is_top, complement[:, np.newaxis], 1.0 - gradients)
    gradients *= 1.0 - targets
    gradients -= targets * complements
    return losses, gradients


def fast_softmax_loss_gradient(
    logits: NDArray[Any],
    targets: NDArray[Any],
    weights: NDArray[Any],
    label_smoothing: float = 0.0,
    *,
    out: NDArray[Any] | None = None,
) -> tuple[NDArray[Any], NDArray[Any]]:
    r"""Cross-entropy and weighted gradient of many problems side by side, with absolute accuracy.

    The usual formulas ``log(sum(exp(z - max(z)))) - t . (z - max(z))`` and
    ``softmax(z) - t``, which take 1.4 to 1.7 times less time than the exact
    :func:`softmax_loss_gradient`. With the machine epsilon :math:`\epsilon` of
    the logits' type, K classes, and D the largest difference of two logits of
    a sample, the errors are at most

    .. math::
        (K + 6) (1 + D) \, \epsilon \text{ of a loss}, \qquad
        (K + 8) \, \epsilon \, w_i \text{ of an entry of the gradient}

    Given up is the relative accuracy of smaller terms: the loss of a sure
    sample may be zero or slightly negative, and its gradient zero. Nothing is
    checked.

    Parameters
    ----------
    logits : ndarray of shape (n_problems, n_classes, n_samples)
        Floats. The samples are the last axis, so that sums over the classes
        run along memory.
    targets : ndarray of shape (n_samples,) or (n_classes, n_samples)
        Labels (integers), or distributions (floats), the same for all problems.
    weights : ndarray of shape (n_problems, n_samples)
        Factors of the gradients, of the logits' type.
    label_smoothing : float, default=0.0
        As in :func:`cross_entropy`.
    out : ndarray of the shape and type of `logits`, default=None
        Where the gradients are written, which may be `logits` itself. None is
        a new array.

    Returns
    -------
    losses : ndarray of shape (n_problems, n_samples)
        In nats, not weighted.
    gradients : ndarray of the shape of `logits`
        Weighted; `out`, if it is given.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.losses import fast_softmax_loss_gradient
    >>> logits = np.array([[[0.0], [1.0], [0.0]], [[0.0], [40.0], [0.0]]])
    >>> losses, gradients = fast_softmax_loss_gradient(logits, np.array([1]), np.ones((2, 1)))
    >>> losses.round(4)  # of the second one, the exact loss is 8.5e-18
    array([[0.5514],
           [0.    ]])
    >>> gradients[..., 0].round(4)
    array([[ 0.2119, -0.4239,  0.2119],
           [ 0.    ,  0.    ,  0.    ]])
    """
    n_classes, n_samples = logits.shape[1:]
    shifted = np.subtract(logits, logits.max(axis=1)[:, np.newaxis], out=out)
    spread = label_smoothing / n_classes
    if targets.ndim == 1:  # one logit of each sample is all that its label needs
        at_label = targets, np.arange(n_samples)
        losses = (label_smoothing - 1.0) * shifted[:, *at_label]
        if spread:
            losses -= spread * shifted.sum(axis=1)
    else:
        targets = targets.astype(logits.dtype, copy=False)
        if spread:
            targets = (1.0 - label_smoothing) * targets + spread
        losses = -np.einsum("cki,ki->ci", shifted, targets)
    gradients = np.exp(shifted, out=shifted)
    sums = gradients.sum(axis=1)
    losses += np.log(sums)
    gradients *= (weights / sums)[:, np.newaxis]
    if targets.ndim == 1:
        if spread:
            gradients -= (spread * weights)[:, np.newaxis]
        gradients[:, *at_label] -= (1.0 - label_smoothing) * weights
    else:
        gradients -= weights[:, np.newaxis] * targets
    return losses, gradients


def hessian_product(probabilities: NDArray[Any], directions: NDArray[Any]) -> NDArray[Any]:
    r"""Product of each sample's Hessian of the cross-entropy with a direction.

    .. math::
        \frac{\partial^2 CE}{\partial z^2} \, d
        = p \odot \left(d - \sum_k p_k d_k\right)

    with the softmax :math:`p` of the logits :math:`z`; it does not depend on
    the target. The direction's entry for the likeliest class is subtracted
    first, so that the product keeps its digits where this class is sure.
    Nothing is checked, as in :func:`softmax_loss_gradient`.

    Parameters
    ----------
    probabilities : ndarray of shape (n_samples, n_classes)
        Softmax of each sample's logits.
    directions : ndarray of shape (n_samples, n_classes)
        A direction in the space of the logits for each sample.

    Returns
    -------
    products : ndarray of shape (n_samples, n_classes)
        Each row sums to zero.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.losses import hessian_product, softmax
    >>> hessian_product(softmax([[0.0, 0.0], [0.0, 40.0]]), np.array([[1.0, 0.0], [1.0, 0.0]]))
    array([[ 2.50000000e-01, -2.50000000e-01],
           [ 4.24835426e-18, -4.24835426e-18]])
    """
    top = probabilities.argmax(axis=1)[:, np.newaxis]
    products: NDArray[Any] = directions - np.take_along_axis(directions, top, axis=1)
    products *= probabilities
    products -= probabilities * products.sum(axis=1)[:, np.newaxis]
    return products


def binary_loss_gradient(
    logits: NDArray[Any], targets: NDArray[Any], label_smoothing: float = 0.0
) -> tuple[NDArray[Any], NDArray[Any]]:
    r"""Cross-entropy of two classes, one logit for each sample, and its gradient.

    .. math::
        CE(t, z) = t \log(1 + e^{-z}) + (1 - t) \log(1 + e^{z}), \qquad
        \frac{\partial CE}{\partial z} = (1 - t) \, \sigma(z) - t \, \sigma(-z)

    which is the softmax cross-entropy of the logits ``[0, z]``. Nothing is
    checked, as in :func:`softmax_loss_gradient`.

    Parameters
    ----------
    logits : ndarray of shape (..., n_samples)
        Floats: the score of class 1 against class 0. Leading axes are
        independent problems side by side.
    targets : ndarray of shape (n_samples,)
        Labels 0 and 1, or probabilities of class 1.
    label_smoothing : float, default=0.0
        As in :func:`cross_entropy`, with two classes.

    Returns
    -------
    losses, gradients : ndarray of shape (..., n_samples)
        In nats, of the type of the logits.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent.losses import binary_loss_gradient
    >>> losses, gradients = binary_loss_gradient(np.array([0.0, -8.0]), np.array([1, 1]))
    >>> losses.round(4)
    array([0.6931, 8.0003])
    >>> gradients.round(4)
    array([-0.5   , -0.9997])
    """
    targets = targets.astype(logits.dtype, copy=False)
    if label_smoothing:
        targets = (1.0 - label_smoothing) * targets + 0.5 * label_smoothing
    decay = np.exp(-np.abs(logits))
    losses = np.log1p(decay)
    losses += targets * np.maximum(-logits, 0.0) + (1.0 - targets) * np.maximum(logits, 0.0)
    likelier, rarer = 1.0 / (1.0 + decay), decay / (1.0 + decay)
    positive = logits >= 0.0
    gradients = (1.0 - targets) * np.where(positive, likelier, rarer)
    gradients -= targets * np.where(positive, rarer, likelier)
    return losses, gradients


def _exponentials(
    logits: NDArray[Any],
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Return shifted logits, probabilities, sums of exponentials but one, and where the top is.

    The logits (n_samples, n_classes) are shifted by each row's largest. In Fortran order, the
    reductions run along the samples, as fast as memory allows.
    """
    shifted = logits - logits.max(axis=1)[:, np.newaxis]
    is_top = shifted == 0.0
    probabilities = np.exp(shifted)
    # The exponential of the largest logit is exactly 1. The sum leaves out one of them, where
    # several logits tie.
    probabilities -= is_top
    rest = probabilities.sum(axis=1)
    rest += is_top.sum(axis=1) - 1
    probabilities += is_top
    probabilities /= (1.0 + rest)[:, np.newaxis]
    return shifted, probabilities, rest, is_top


def _terms_of_any_shape(
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


def _as_floats(values: Any) -> NDArray[Any]:
    array = np.asarray(values)
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)


def _as_logits(logits: ArrayLike, min_ndim: int = 1) -> NDArray[Any]:
    logits = _as_floats(logits)
    if logits.ndim < min_ndim or 0 in logits.shape[-min_ndim:]:
        wanted = "(..., n_samples, n_classes)" if min_ndim == 2 else "(..., n_classes)"
        raise ValueError(
            f"logits must have shape {wanted} and not be empty, got shape {logits.shape}"
        )
    return logits


def _check_targets(targets: ArrayLike, shape: tuple[int, ...]) -> NDArray[Any]:
    """Check integer labels or float distributions against logits of `shape`."""
    targets = np.asarray(targets)
    if targets.dtype.kind not in "iuf":
        raise TypeError(
            "targets must be labels (integers) or distributions (floats), "
            f"got an array of {targets.dtype}"
        )
    labels = targets.dtype.kind != "f"
    wanted, core = (shape[:-1], 1) if labels else (shape, 2)
    # Only leading axes broadcast: one label for many samples must be a mistake.
    leading = (1,) * (len(wanted) - targets.ndim) + targets.shape[:-core]
    if (
        targets.shape[-core:] != wanted[-core:]
        or len(leading) != len(wanted) - core
        or any(n not in (1, m) for n, m in zip(leading, wanted, strict=False))
    ):
        kind = "labels (integers)" if labels else "distributions (floats)"
        raise ValueError(
            f"targets that are {kind} must have shape {wanted} for logits of shape {shape}, "
            f"got shape {targets.shape}"
        )
    low, high = targets.min(), targets.max()
    if labels:
        if low < 0 or high >= shape[-1]:
            raise ValueError(
                f"targets must be labels in 0 .. {shape[-1] - 1}, got values from {low} to {high}"
            )
        return targets
    if not low >= 0.0:  # NaN too
        raise ValueError(f"targets must be probabilities, got {low}")
    sums = targets.sum(axis=-1, dtype=np.float64)
    worst = np.unravel_index(np.argmax(np.abs(sums - 1.0)), sums.shape)
    if abs(sums[worst] - 1.0) > 1e-6:
        raise ValueError(
            "targets must sum to one over the classes, "
            f"got {sums[worst]:.7g} at index {tuple(map(int, worst))}"
        )
    return targets


def _check_weights(sample_weight: ArrayLike | None, shape: tuple[int, ...]) -> NDArray[Any]:
    """Check that weights fit samples of `shape`; None is one for each."""
    if sample_weight is None:
        return np.ones(shape)
    weights = np.asarray(sample_weight, dtype=np.float64)
    if weights.shape not in (shape, shape[-1:]):
        wanted = " or ".join(dict.fromkeys(map(str, (shape, shape[-1:]))))
        raise ValueError(f"sample_weight must have shape {wanted}, got shape {weights.shape}")
    if not (np.isfinite(weights).all() and weights.min() >= 0.0):
        raise ValueError("sample_weight must be finite and not negative")
    if not weights.sum(axis=-1).all():
        raise ValueError("sample_weight must not be zero for all samples")
    return weights


def _check_lengths(logits: Any, lengths: ArrayLike | None) -> NDArray[Any]:
    """Return the number of frames of each sequence."""
    if lengths is None:
        return lengths_of(logits)
    lengths, shape = np.asarray(lengths), np.shape(logits)
    if (
        len(shape) != 3
        or lengths.shape != shape[:1]
        or lengths.dtype.kind not in "iu"
        or not 1 <= lengths.min() <= lengths.max() <= shape[1]
    ):
        raise ValueError(
            "lengths must be one integer from 1 to max_frames for each sequence of logits of "
            f"shape (n_sequences, max_frames, n_classes), got {lengths!r} for shape {shape}"
        )
    return lengths
