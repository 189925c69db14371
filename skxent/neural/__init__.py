"""Neural networks trained with the softmax cross-entropy, on PyTorch."""

try:
    import torch  # noqa: F401
except ModuleNotFoundError as error:
    if error.name != "torch":
        raise
    raise ModuleNotFoundError(
        'skxent.neural needs PyTorch, which `pip install "skxent[neural]"` installs', name="torch"
    ) from error

from skxent.neural._dnn import DNNClassifier
from skxent.neural._files import load, save
from skxent.neural._rnn import RNNClassifier

__all__ = ["DNNClassifier", "RNNClassifier", "load", "save"]
