"""Labels or distributions as targets of an objective, and the weights of classes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from skxent._fitting._lists import refuse_iterators


def encode(
    y: NDArray[Any], classes: NDArray[Any] | None = None, name: str = "y"
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the classes, and labels as their indices or distributions as they are.

    Without `classes`, these are the sorted labels, or 0 to n_classes - 1 for distributions. Raises
    a ValueError, which calls y `name`, if there are fewer than two classes, a label is not among
    them, or a row is no distribution over them.
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
    """Return the classes of a `partial_fit` in the order of the first call.

    They are those known from earlier calls or, in a first call, those given. Raises a ValueError
    if there are none, they are not two or more different ones, or others than in the first call.
    """
    if classes is None:
        if known is None:
            raise ValueError("the first call of partial_fit needs classes, all of them")
        return known
    refuse_iterators(classes, "classes")
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
    r"""Return the weight of each class (n_classes,), from the sum of its sample weights.

    "balanced" is :math:`\sum_j s_j / (K s_k)` for the K classes whose sum s is not zero; a dict
    has weights by label, one where it has none. Raises a ValueError if a weight is negative or not
    finite or, with `need_all`, a class has no positive weight.
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
    """Return y in float64 if each row is a distribution."""
    if y.dtype.kind not in "biuf":
        raise ValueError(
            f"{name} of shape {y.shape} must be probabilities of the classes, got {y.dtype}"
        )
    targets = y.astype(np.float64)
    sums = targets.sum(axis=1)
    # This way round, as every comparison with NaN is false.
    right = (targets.min(axis=1) >= 0.0) & (np.abs(sums - 1.0) <= 1e-6)
    wrong = np.flatnonzero(~right)
    if len(wrong):
        raise ValueError(
            f"{name} of shape {y.shape} must hold a distribution over the classes in each row, "
            f"not negative and of sum one; row {wrong[0]} is {y[wrong[0]]}. Labels have shape "
            "(n_samples,)"
        )
    return targets
