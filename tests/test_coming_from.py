"""Every default in the tables of docs/coming_from.md is that of the tool, or ours."""

import ast
import dataclasses
import inspect
import re
from pathlib import Path
from typing import NamedTuple

import kaldi_native_fbank
import librosa
import numpy as np
import pytest
import python_speech_features as psf
from numpy.testing import assert_allclose
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import scale

from skxent import MFCCTransformer, SoftmaxClassifier, SoftmaxClassifierCV
from skxent.frames import delta
from skxent.mfcc import CONVENTIONS, mfcc
from skxent.optimizers import inverse_scaling

PAGE = Path(__file__).parents[1] / "docs" / "coming_from.md"


# The tools' defaults, and ours


def defaults_of(*functions):
    """Defaults by name. Functions that take a parameter of one name must agree on it."""
    found = {}
    for function in functions:
        for name, parameter in inspect.signature(function).parameters.items():
            default = parameter.default
            if default is not parameter.empty:
                assert found.setdefault(name, default) is default or found[name] == default, name
    return found


def attributes_of(*objects):
    found = {}
    for thing in objects:
        for name in dir(thing):
            value = getattr(thing, name)
            if not name.startswith("_") and not callable(value):
                assert name not in found, name
                found[name] = value
    return found


def librosa_defaults():
    """Those of `librosa.feature.mfcc` and of what it hands its other arguments on to."""
    mel = defaults_of(librosa.filters.mel)
    del mel["norm"]  # mfcc has another norm, and calls this one mel_norm
    passed = defaults_of(librosa.feature.mfcc, librosa.feature.melspectrogram)
    return mel | passed


def kaldi_defaults():
    options = kaldi_native_fbank.MfccOptions()
    with_power = {"use_power": kaldi_native_fbank.FbankOptions().use_power}
    return attributes_of(options, options.frame_opts, options.mel_opts) | with_power


def skorch_defaults():
    """Those of skorch, and of what its arguments with a prefix go to."""
    torch = pytest.importorskip("torch")
    skorch = pytest.importorskip("skorch")
    shuffle = defaults_of(torch.utils.data.DataLoader)["shuffle"]
    return {
        **defaults_of(skorch.NeuralNet.__init__),
        **defaults_of(skorch.NeuralNetClassifier.__init__),
        "optimizer__nesterov": defaults_of(torch.optim.SGD)["nesterov"],
        "iterator_train__shuffle": bool(shuffle),  # None, which is not to
    }


def early_stopping():
    return pytest.importorskip("skorch").callbacks.EarlyStopping.__init__


def transformer_defaults(convention):
    return dataclasses.asdict(CONVENTIONS[convention]) | defaults_of(MFCCTransformer)


def classifier_defaults():
    return defaults_of(SoftmaxClassifier)


# By tool: its defaults and ours.
DEFAULTS = {
    "librosa": (librosa_defaults, lambda: transformer_defaults("librosa")),
    "python_speech_features": (lambda: defaults_of(psf.mfcc), lambda: transformer_defaults("psf")),
    "Kaldi": (kaldi_defaults, lambda: transformer_defaults("kaldi")),
    "LogisticRegression": (lambda: defaults_of(LogisticRegression), classifier_defaults),
    "MLPClassifier": (lambda: defaults_of(MLPClassifier), classifier_defaults),
    "skorch": (skorch_defaults, classifier_defaults),
}

# What a claim of the form `function(name=value)` is about.
FUNCTIONS = {
    "power_to_db": lambda: librosa.power_to_db,
    "feature.delta": lambda: librosa.feature.delta,
    "librosa.load": lambda: librosa.load,
    "LogisticRegressionCV": lambda: LogisticRegressionCV,
    "SoftmaxClassifierCV": lambda: SoftmaxClassifierCV,
    "fit": lambda: SoftmaxClassifier.fit,
    "EarlyStopping": early_stopping,
}

# The settings of the page that are not defaults: by tool, in the first and the second column.
SETTINGS = {
    "librosa": (
        {
            "center=False",
            "pad_mode='reflect'",
            "feature.delta(order=2)",
        },
        {
            "power_to_db(top_db=None)",
            "edges='snip'",
            "features='log_mel'",
            "deltas=1",
            "delta_width=4",
        },
    ),
    "python_speech_features": (set(), {"features='log_mel'"}),
    "Kaldi": (set(), {"features='log_mel'"}),
    "LogisticRegression": (set(), set()),
    "MLPClassifier": (
        {"hidden_layer_sizes=()", "solver='lbfgs'", "learning_rate='invscaling'"},
        {"schedule='inverse_scaling'"},
    ),
    "skorch": (
        {
            "optimizer__nesterov=True",
            "optimizer=Adam",
            "train_split=predefined_split(dataset)",
        },
        {"solver='sgd'", "solver='adam'", "early_stopping=True"},
    ),
}


# The page's claims


class Claim(NamedTuple):
    """`name=value` of a cell, also as an argument of a function."""

    function: str | None
    name: str
    value: ast.expr
    resolved: str  # the convention's value, in parentheses after it

    def __str__(self):
        setting = f"{self.name}={ast.unparse(self.value)}"
        return f"{self.function}({setting})" if self.function else setting

    @property
    def is_name_only(self):
        """Whether it tells no value: `f(name=...)` or `f(name=name)`."""
        return ast.unparse(self.value) in ("...", self.name)


def claims(cell):
    for code, resolved in re.findall(r"`([^`]+)`(?: \((\"?[\w.]+\"?)\))?", cell):
        if "=" not in code:
            continue
        is_setting = re.match(r"\w+=", code)
        call = ast.parse(f"_({code})" if is_setting else code, mode="eval").body
        function = None if is_setting else ast.unparse(call.func)
        for keyword in call.keywords:
            yield Claim(function, keyword.arg, keyword.value, resolved)


def rows():
    """Rows of the tables by tool: the first two columns."""
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        name, _, text = section.partition("\n")
        lines = [line.split("|")[1:3] for line in text.splitlines() if line.startswith("| ")]
        for theirs, ours in lines[2:]:
            yield name, theirs.strip(), ours.strip()


ALL_CLAIMS = [
    pytest.param(tool, column, claim, id=f"{tool}-{column}-{claim}")
    for tool, *cells in rows()
    for column, cell in enumerate(cells)
    for claim in claims(cell)
]


def default_of(tool, column, claim):
    if claim.function is None:
        defaults = DEFAULTS[tool][column]()
    else:
        defaults = defaults_of(FUNCTIONS[claim.function]())
    assert claim.name in defaults, f"{tool} has no {claim}"
    return defaults[claim.name]


def is_same(default, value):
    try:
        value = ast.literal_eval(value)
    except ValueError:
        return is_called(default, ast.unparse(value))
    if isinstance(value, float):  # kaldi-native-fbank has float32
        return default == pytest.approx(value, rel=1e-6)
    return default == value


def is_called(default, code):
    """Whether an object is what the page calls so."""
    if code == "numpy.ones":  # a function of their own, which does the same
        return np.array_equal(default(5), np.ones(5))
    if code == "ValidSplit(5)":
        return type(default).__name__ == "ValidSplit" and default.cv == 5
    return getattr(default, "__name__", None) == code


@pytest.mark.parametrize(("tool", "column", "claim"), ALL_CLAIMS)
def test_a_value_is_the_default_unless_it_is_a_setting(tool, column, claim):
    default = default_of(tool, column, claim)
    if not claim.is_name_only:
        assert is_same(default, claim.value) != (str(claim) in SETTINGS[tool][column]), default


@pytest.mark.parametrize("tool", SETTINGS)
@pytest.mark.parametrize("column", [0, 1])
def test_every_setting_is_on_the_page(tool, column):
    here = [claim for *place, claim in (p.values for p in ALL_CLAIMS) if place == [tool, column]]
    assert SETTINGS[tool][column] <= {str(claim) for claim in here}


@pytest.mark.parametrize(("tool", "theirs", "ours"), list(rows()))
def test_the_same_is_a_parameter_of_the_same_name_and_value(tool, theirs, ours):
    if ours == "the same":
        our_defaults = DEFAULTS[tool][1]()
        choices = dataclasses.asdict(CONVENTIONS["librosa"]) if tool == "librosa" else {}
        for code in re.findall(r"`([^`]+)`", theirs):
            name = code.partition("=")[0]
            assert name in our_defaults
            for claim in claims(f"`{code}`"):
                assert is_same(choices.get(name, our_defaults[name]), claim.value)


def test_claims_are_found_wherever_they_stand():
    found = [str(claim) for _, _, claim in (p.values for p in ALL_CLAIMS)]
    for claim in (
        "power_to_db(top_db=80)",
        "feature.delta(width=9)",
        "LogisticRegressionCV(Cs=10)",
        "EarlyStopping(patience=5)",
        "train_split=ValidSplit(5)",
        "fit(y_val=...)",
    ):
        assert found.count(claim) == 1
    n_signs = sum(len(re.findall(r"\w=", cell)) for _, *cells in rows() for cell in cells)
    assert len(found) == n_signs


@pytest.mark.parametrize(
    ("tool", "convention"),
    [("python_speech_features", "psf"), ("Kaldi", "kaldi")],
)
def test_a_value_in_parentheses_is_the_conventions(tool, convention):
    choices = dataclasses.asdict(CONVENTIONS[convention])
    seen = 0
    for name, _, ours in rows():
        for claim in claims(ours) if name == tool else ():
            if claim.resolved and ast.unparse(claim.value) == "None" and claim.name in choices:
                seen += 1
                resolved = claim.resolved.strip('"')
                expected = {"rectangular": "boxcar"}.get(resolved, resolved)
                assert str(choices[claim.name]).removesuffix(".0") == expected
    assert seen >= 5


# Both tools with the settings of the page


@pytest.mark.parametrize("rate", [8000, 10_259, 10_260, 11_025, 16_000, 20_000, 20_499])
def test_psf_with_its_defaults(rate):
    signal = np.random.default_rng(rate).normal(size=rate)
    theirs = psf.mfcc(signal, rate)
    assert_allclose(mfcc(signal, rate, n_fft=512), theirs, rtol=0, atol=1e-9)
    if rate >= 10_260:
        assert_allclose(mfcc(signal, rate), theirs, rtol=0, atol=1e-9)
    else:
        assert np.abs(mfcc(signal, rate) - theirs).max() > 1


def test_psf_cuts_frames_that_are_longer_than_its_transform():
    with pytest.raises(ValueError, match=r"n_fft=512 is too short for a frame of 513 samples"):
        mfcc(np.ones(20_500), 20_500, n_fft=512)


@pytest.mark.parametrize(
    ("theirs", "choices"),
    [
        ({}, {}),
        ({"htk": True}, {"mel_scale": "htk"}),
        ({"mel_norm": None}, {"equal_area": False}),
    ],
)
def test_mel_filters_of_librosa(theirs, choices):
    signal = np.random.default_rng(0).normal(scale=0.1, size=16_000)  # of no use to top_db
    expected = librosa.feature.mfcc(y=signal, sr=16_000, **theirs).T
    actual = mfcc(
        signal,
        16_000,
        convention=dataclasses.replace(CONVENTIONS["librosa"], **choices),
        frame_length=2048 / 16_000,
        frame_step=512 / 16_000,
        n_mfcc=20,
    )
    assert_allclose(actual, expected, rtol=0, atol=1e-5)


def test_slopes_of_librosa():
    frames = np.random.default_rng(0).normal(size=(40, 13))
    ours = delta(frames, 4)
    theirs = librosa.feature.delta(frames.T, width=9).T
    assert_allclose(ours[4:-4], theirs[4:-4], rtol=0, atol=1e-12)
    assert np.abs(ours - theirs)[[0, -1]].min(axis=0).max() > 0.01
    theirs = librosa.feature.delta(frames.T, width=9, mode="nearest").T
    assert_allclose(ours, theirs, rtol=0, atol=1e-12)


@pytest.fixture(scope="module")
def flowers():
    X, y = load_iris(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))
    return scale(X)[order], y[order]


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5, 1.0])
def test_logistic_regression(flowers, l1_ratio):
    X, y = flowers
    C = 0.1
    theirs = LogisticRegression(
        C=C, l1_ratio=l1_ratio, solver="saga", tol=1e-10, max_iter=10_000, random_state=0
    ).fit(X, y)
    ours = SoftmaxClassifier(alpha=1 / (C * len(X)), l1_ratio=l1_ratio, tol=1e-9, max_iter=10_000)
    assert_allclose(ours.fit(X, y).coef_, theirs.coef_, rtol=0, atol=1e-6)


class MLPFromZero(MLPClassifier):
    def _init_coef(self, fan_in, fan_out, dtype):
        return np.zeros((fan_in, fan_out), dtype), np.zeros(fan_out, dtype)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("batch_size", [150, 50])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("learning_rate", ["constant", "invscaling"])
def test_sgd_of_mlp_classifier(flowers, batch_size, momentum, learning_rate):
    X, y = flowers
    both = {
        "solver": "sgd",
        "batch_size": batch_size,
        "momentum": momentum,
        "shuffle": False,
        "max_iter": 20,
        "tol": 0,
    }
    theirs = MLPFromZero(
        hidden_layer_sizes=(),
        alpha=0.3,
        learning_rate=learning_rate,
        learning_rate_init=0.1,
        n_iter_no_change=20,
        **both,
    ).fit(X, y)
    schedules = {
        "constant": "constant",
        "invscaling": lambda epoch: inverse_scaling(len(X) * epoch, power=0.5),
    }
    ours = SoftmaxClassifier(
        alpha=0.3 / batch_size, learning_rate=0.1, schedule=schedules[learning_rate], **both
    ).fit(X, y)
    assert theirs.n_iter_ == ours.n_iter_ == 20
    assert_allclose(ours.coef_, theirs.coefs_[0].T, rtol=0, atol=2e-15)
    assert_allclose(ours.intercept_, theirs.intercepts_[0], rtol=0, atol=2e-15)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("batch_size", [150, 50])
@pytest.mark.parametrize(
    ("optimizer", "theirs", "ours"),
    [
        (
            "SGD",
            {"optimizer__momentum": 0.9, "optimizer__nesterov": True},
            {"solver": "sgd", "momentum": 0.9},
        ),
        ("Adam", {}, {"solver": "adam"}),
    ],
)
def test_skorch(flowers, batch_size, optimizer, theirs, ours):
    torch = pytest.importorskip("torch")
    skorch = pytest.importorskip("skorch")
    X, y = flowers

    class Linear(torch.nn.Linear):
        def __init__(self):
            super().__init__(X.shape[1], 3, bias=False, dtype=torch.float64)
            torch.nn.init.zeros_(self.weight)

    net = skorch.NeuralNetClassifier(
        Linear,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=getattr(torch.optim, optimizer),
        optimizer__weight_decay=0.02,
        lr=0.1,
        max_epochs=20,
        batch_size=-1 if batch_size == len(X) else batch_size,
        train_split=None,
        verbose=0,
        **theirs,
    ).fit(X, y)
    classifier = SoftmaxClassifier(
        alpha=0.02,
        batch_size=batch_size,
        learning_rate=0.1,
        shuffle=False,
        fit_intercept=False,
        max_iter=20,
        tol=0,
        **ours,
    ).fit(X, y)
    weights = net.module_.weight.detach().numpy()
    assert_allclose(classifier.coef_, weights, rtol=0, atol=2e-15)
