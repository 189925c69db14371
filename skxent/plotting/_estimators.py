"""Several estimators and their names, shared by the displays."""

from collections.abc import Iterable, Mapping

from sklearn.pipeline import Pipeline

from skxent.plotting._lines import check_names, number_alike, text_of


def list_estimators(estimator, names):
    """Return estimators and names as lists of one length; names may be None."""
    if isinstance(estimator, Mapping):
        names = list(estimator) if names is None else names
        estimators = list(estimator.values())
    elif isinstance(estimator, Iterable) and not hasattr(estimator, "fit"):
        estimators = list(estimator)
    else:
        estimators = [estimator]
    if not estimators:
        raise ValueError("estimator must hold at least one estimator, got none")
    names = check_names(names, len(estimators), "estimators")
    return estimators, names


def unwrap(estimator):
    """Return the estimator that a search or pipeline ends with, and the parameters of all steps."""
    if hasattr(estimator, "best_estimator_"):
        return unwrap(estimator.best_estimator_)
    if isinstance(estimator, Pipeline):
        last, params = unwrap(estimator.steps[-1][1])
        earlier = dict(estimator.steps[:-1])
        settings = estimator.get_params().items()
        return last, params | {k: v for k, v in settings if k.partition("__")[0] in earlier}
    params = estimator.get_params() if hasattr(estimator, "get_params") else {}
    return estimator, params


def distinguish(unwrapped):
    """Return names by the parameters in which unwrapped estimators of one class differ."""
    kinds = [type(estimator).__name__ for estimator, _ in unwrapped]
    texts = [{key: text_of(value) for key, value in params.items()} for _, params in unwrapped]
    names = []
    for kind, text in zip(kinds, texts, strict=True):
        peers = [other for other, k in zip(texts, kinds, strict=True) if k == kind]
        differing = [
            f"{key}={value}"
            for key, value in text.items()
            if all(key in peer for peer in peers) and any(peer[key] != value for peer in peers)
        ]
        needs_kind = len(peers) < len(unwrapped) or not differing
        names.append(", ".join([kind] * needs_kind + differing))
    return number_alike(names)
