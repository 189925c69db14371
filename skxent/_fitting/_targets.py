"""From labels or distributions and weights to what an objective takes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d


def encode(
    y: NDArray[Any], classes: NDArray[Any] | None = None, name: str = "y"
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Turn labels into indices of classes; leave distributions over classes as they are.

    Parameters
    ----------
    y : ndarray of shape (n_samples,) or (n_samples, n_classes)
        Labels, or probabilities of the classes.
    classes : ndarray of shape (n_classes,), default=None
        The labels in the order of their indices. None is those in `y`, sorted,
        or for distributions 0 to ``n_classes - 1``.
    name : str, default="y"
        What errors call `y`.

    Returns
    -------
    classes : ndarray of shape (n_classes,)
        The labels.
    targets : ndarray of shape (n_samples,) or (n_samples, n_classes)
        Indices (integers), or distributions (float64).

    Raises
    ------
    ValueError
        If there are fewer than two classes, a label is not among `classes`, or
        a row is no distribution over them.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent._fitting._targets import encode
    >>> encode(np.array(["yes", "no", "yes"]))
    (array(['no', 'yes'], dtype='<U3'), array([1, 0, 1]))
    """
    if y.ndim == 2:
        targets = _check_distributions(y, name)
        if classes is None:
            classes = np.arange(targets.shape[1])
        elif len(classes) != targets.shape[1]:
            raise ValueError(
                f"{name} must have a column for each of {len(classes)} classes, "
                f"got {targets.shape[1]}"
            )
    elif classes is None:
        check_classification_targets(y)
        classes, targets = np.unique(y, return_inverse=True)
    else:
        check_classification_targets(y)
        order = np.argsort(classes)
        places = np.searchsorted(classes, y, sorter=order)
        targets = order[np.minimum(places, len(classes) - 1)]
        unknown = np.unique(y[classes[targets] != y])
        if len(unknown):
            raise ValueError(f"{name} has labels that are not among the classes: {unknown[:5]}")
    if len(classes) < 2:
        raise ValueError(f"y must have at least two classes, got one class: {classes[0]}")
    return classes, targets


def check_classes(classes: ArrayLike | None, known: NDArray[Any] | None = None) -> NDArray[Any]:
    """Return the classes of a `partial_fit`: those so far, or in a first call those given.

    Parameters
    ----------
    classes : array-like of shape (n_classes,) or None
        What the call was given.
    known : ndarray of shape (n_classes,), default=None
        Those of the first call; None is that this is the first.

    Returns
    -------
    classes : ndarray of shape (n_classes,)
        In the order of the first call.

    Raises
    ------
    ValueError
        If there are none, they are not two or more different ones, or others
        than in the first call.

    Examples
    --------
    >>> from skxent._fitting._targets import check_classes
    >>> check_classes(["yes", "no"])
    array(['yes', 'no'], dtype='<U3')
    """
    if classes is None:
        if known is None:
            raise ValueError("the first call of partial_fit needs classes, all of them")
        return known
    given: NDArray[Any] = column_or_1d(classes)
    if known is None:
        if len(np.unique(given)) != len(given) or len(given) < 2:
            raise ValueError(f"classes must be two or more different labels, got {given.tolist()}")
        return given
    if len(given) != len(known) or set(given.tolist()) != set(known.tolist()):
        raise ValueError(
            f"classes must be those of the first call, {known.tolist()}, got {given.tolist()}"
        )
    return known


def weights_of_classes(
    class_weight: Mapping[Any, float] | str | None,
    classes: NDArray[Any],
    sums: NDArray[Any],
    *,
    need_all: bool = False,
) -> NDArray[Any]:
    r"""Return the weight of each class.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
        Weights by label, one where it has none; "balanced" is
        :math:`\sum_j s_j / (K s_k)` for the K classes whose sum is not zero.
    classes : ndarray of shape (n_classes,)
        The labels.
    sums : ndarray of shape (n_classes,)
        Sum s of the sample weights of each class.
    need_all : bool, default=False
        Whether each class must have a sample that counts.

    Returns
    -------
    weights : ndarray of shape (n_classes,)
        Finite, not negative.

    Raises
    ------
    ValueError
        If a weight is negative or not finite, or a class that has to count has
        no positive weight.

    Examples
    --------
    >>> import numpy as np
    >>> from skxent._fitting._targets import weights_of_classes
    >>> weights_of_classes("balanced", np.array(["a", "b"]), np.array([3.0, 1.0])).round(3)
    array([0.667, 2.   ])
    """
    if isinstance(class_weight, str):
        seen = sums > 0.0
        weights = np.ones(len(sums))
        # In this order, so that no sum of huge weights overflows.
        shares = sums[seen] / sums.max()
        weights[seen] = shares.sum() / (len(shares) * shares)
    else:
        weights = compute_class_weight(class_weight, classes=classes, y=classes)
        if not (np.isfinite(weights).all() and weights.min() >= 0.0):
            raise ValueError(f"class_weight must be finite and not negative, got {class_weight!r}")
    empty = classes[~(sums * weights > 0.0)]
    if need_all and len(empty):
        raise ValueError(
            "each class must have a sample of positive weight (sample_weight times "
            f"class_weight), class {empty[0]} has none"
        )
    return weights


def _check_distributions(y: NDArray[Any], name: str) -> NDArray[Any]:
    if y.dtype.kind not in "biuf":
        raise ValueError(
            f"{name} of shape {y.shape} must be probabilities of the classes, got {y.dtype}"
        )
    targets = y.astype(np.float64)
    sums = targets.sum(axis=1)
    # In this way round, as every comparison with NaN is false.
    right = (targets.min(axis=1) >= 0.0) & (np.abs(sums - 1.0) <= 1e-6)
    wrong = np.flatnonzero(~right)
    if len(wrong):
        raise ValueError(
            f"{name} of shape {y.shape} must hold a distribution over the classes in each row, "
            f"not negative and of sum one; row {wrong[0]} is {y[wrong[0]]}. Labels have shape "
            "(n_samples,)"
        )
    return targets
