"""Every default in the tables of docs/coming_from.md is that of the tool, or ours."""

import ast
import dataclasses
import inspect
import re
from pathlib import Path

import kaldi_native_fbank
import librosa
import numpy as np
import pytest
import python_speech_features as psf
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.neural_network import MLPClassifier

from skxent import MFCCTransformer, SoftmaxClassifier
from skxent.mfcc import CONVENTIONS, mfcc

PAGE = Path(__file__).parents[1] / "docs" / "coming_from.md"


def defaults_of(*callables):
    """The sets of defaults of parameters by name, over some functions and classes."""
    found = {}
    for function in callables:
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.default is not inspect.Parameter.empty:
                found.setdefault(name, []).append(parameter.default)
    return found


def attributes_of(*objects):
    return {
        name: [getattr(thing, name)]
        for thing in objects
        for name in dir(thing)
        if not name.startswith("_") and not callable(getattr(thing, name))
    }


def choices_of(name):
    return {key: [value] for key, value in dataclasses.asdict(CONVENTIONS[name]).items()}


def skorch_defaults():
    """Those of skorch, and of what it is given."""
    torch = pytest.importorskip("torch")
    skorch = pytest.importorskip("skorch")
    from skorch.callbacks import EarlyStopping

    found = defaults_of(skorch.NeuralNet.__init__, EarlyStopping.__init__)
    return found | {"optimizer": [torch.optim.SGD.__name__]}


TRANSFORMER, CLASSIFIER = defaults_of(MFCCTransformer), defaults_of(SoftmaxClassifier)
KALDI = kaldi_native_fbank.MfccOptions()
TOOLS = {
    "librosa": (
        lambda: defaults_of(
            librosa.feature.mfcc,
            librosa.feature.melspectrogram,
            librosa.filters.mel,
            librosa.power_to_db,
            librosa.feature.delta,
        ),
        TRANSFORMER | choices_of("librosa"),
    ),
    "python_speech_features": (
        lambda: defaults_of(psf.mfcc, psf.fbank),
        TRANSFORMER | {"energy": choices_of("psf")["energy"]},
    ),
    "Kaldi": (
        lambda: (
            attributes_of(KALDI, KALDI.frame_opts, KALDI.mel_opts)
            | {"use_power": [kaldi_native_fbank.FbankOptions().use_power]}
        ),
        choices_of("kaldi") | TRANSFORMER,
    ),
    "LogisticRegression": (
        lambda: defaults_of(LogisticRegression, LogisticRegressionCV),
        CLASSIFIER,
    ),
    "MLPClassifier": (lambda: defaults_of(MLPClassifier), CLASSIFIER),
    "skorch": (skorch_defaults, CLASSIFIER),
}

# What a row says about a setting that is not the default.
SETTINGS = {
    *("center=False", "pad_mode='reflect'", "window='hann'", "deltas=1", "delta_width=4"),
    *("features='log_mel'", "edges='snip'", "width=9", "order=2"),
    *("hidden_layer_sizes=()", "solver='lbfgs'", "solver='newton-cg'", "schedule='constant'"),
    *("learning_rate='invscaling'", "schedule='inverse_scaling'", "solver='sgd'", "solver='adam'"),
    *("optimizer__nesterov=True", "optimizer=Adam", "iterator_train__shuffle=False"),
    *("train_split=ValidSplit(5)", "train_split=predefined_split(dataset)"),
    *("early_stopping=True", "top_db=None"),
}


def sections():
    """Rows of the tables by tool: the first two columns."""
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        name, _, text = section.partition("\n")
        rows = [line.split("|")[1:3] for line in text.splitlines() if line.startswith("| ")]
        for theirs, ours in rows[2:]:
            yield name, theirs.strip(), ours.strip()


def claims(cell):
    """The `name=value` of a cell; a value in parentheses after it is the convention's."""
    for name, value, resolved in re.findall(r"`(\w+)=([^`]+)`(?: \((\"?[\w.]+\"?)\))?", cell):
        try:
            yield name, ast.literal_eval(value), resolved
        except ValueError:  # a name, as of a class
            yield name, value, resolved


def is_same(default, value):
    if value == "numpy.ones":  # a function of their own, which does the same
        return np.array_equal(default(5), np.ones(5))
    if isinstance(value, float):  # kaldi-native-fbank has float32
        return default == pytest.approx(value, rel=1e-6)
    return getattr(default, "__name__", default) == value


@pytest.mark.parametrize(("tool", "theirs", "ours"), list(sections()))
def test_a_default_is_what_the_page_says(tool, theirs, ours):
    find_theirs, our_defaults = TOOLS[tool]
    for cell, find in [(theirs, find_theirs), (ours, lambda: our_defaults)]:
        for name, value, _ in claims(cell):
            if f"{name}={value!r}" in SETTINGS or f"{name}={value}" in SETTINGS:
                continue
            defaults = find()
            assert name in defaults, f"{tool} has no {name}"
            assert any(is_same(default, value) for default in defaults[name]), defaults[name]


@pytest.mark.parametrize(
    ("tool", "convention"),
    [("python_speech_features", "psf"), ("Kaldi", "kaldi")],
)
def test_a_value_in_parentheses_is_the_conventions(tool, convention):
    choices = dataclasses.asdict(CONVENTIONS[convention])
    seen = 0
    for name, _, ours in sections():
        for parameter, value, resolved in claims(ours) if name == tool else ():
            if resolved and value is None and parameter in choices:
                seen += 1
                expected = {"rectangular": "boxcar"}.get(resolved.strip('"'), resolved.strip('"'))
                assert str(choices[parameter]).removesuffix(".0") == expected
    assert seen >= 5


@pytest.mark.parametrize("rate", [8000, 11025, 16000, 20000])
def test_psf_with_its_defaults(rate):
    signal = np.random.default_rng(rate).normal(size=rate)
    theirs = psf.mfcc(signal, rate)
    np.testing.assert_allclose(mfcc(signal, rate, n_fft=512), theirs, rtol=0, atol=1e-9)
    if rate != 8000:
        np.testing.assert_allclose(mfcc(signal, rate), theirs, rtol=0, atol=1e-9)
