"""Softmax cross-entropy classification of audio with the scikit-learn API.

The rooms, from the top; each imports from those below it alone:

- ``cli``: the command `skxent`
- ``report``: a page to listen to, about a classifier of clips
- ``export``: fitted pipelines as ONNX models, from waveforms to labels
- ``plotting``: displays of clips, loss curves and searches
- ``search``: all learning rates, penalties and folds together; the range test
- ``neural``: networks on PyTorch
- ``words``: words by the states of their frames, also words that are not trained
- ``sequences``: classifiers of sequences of frames
- ``augmentation``: copies of clips with noise, echo or another speed, in training alone
- ``linear``: the linear softmax model, from its objective to `SoftmaxClassifier`
- ``features``: clips to rows, `MFCCTransformer`, and its caches
- ``losses``: the softmax cross-entropy of logits
- ``alignment``: the best path of states through a clip, by dynamic programming
- ``optimizers``: how to minimise any objective
- ``_fitting``: what all classifiers share in training: samples, targets, monitor, interrupts
- ``mfcc``: a signal to frames, as each tool computes them
- ``datasets``: recordings to learn with
- ``audio``: a clip in any form to a mono float signal
- ``frames``: frames of clips of any lengths: split, slopes, pooling
- ``_threads``: one BLAS thread while small products run
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from skxent._fitting import StopOnInterrupt
    from skxent.augmentation import AudioAugmenter, AugmentedClassifier
    from skxent.features import MFCCTransformer
    from skxent.linear import SoftmaxClassifier
    from skxent.search import SoftmaxClassifierCV, learning_rate_range_test
    from skxent.sequences import FramewiseClassifier
    from skxent.words import LexiconClassifier

__all__ = [
    "AudioAugmenter",
    "AugmentedClassifier",
    "FramewiseClassifier",
    "LexiconClassifier",
    "MFCCTransformer",
    "SoftmaxClassifier",
    "SoftmaxClassifierCV",
    "StopOnInterrupt",
    "__version__",
    "learning_rate_range_test",
]

__version__ = "0.1.0.dev0"

# Imported at their first use, so that `skxent --help` does not wait for scikit-learn.
_ROOM_OF = {
    "AudioAugmenter": "augmentation",
    "AugmentedClassifier": "augmentation",
    "FramewiseClassifier": "sequences",
    "LexiconClassifier": "words",
    "MFCCTransformer": "features",
    "SoftmaxClassifier": "linear",
    "SoftmaxClassifierCV": "search",
    "StopOnInterrupt": "_fitting",
    "learning_rate_range_test": "search",
}
_ROOMS = (
    "alignment",
    "audio",
    "augmentation",
    "datasets",
    "features",
    "frames",
    "linear",
    "losses",
    "mfcc",
    "optimizers",
    "search",
    "sequences",
    "words",
)


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"skxent.{name}")
    if name in _ROOM_OF:
        value = getattr(importlib.import_module(f"skxent.{_ROOM_OF[name]}"), name)
        globals()[name] = value  # found without this function from now on
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_ROOMS})
