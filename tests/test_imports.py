import ast
import subprocess
import sys
from pathlib import Path

import pytest

import skxent

ROOT = Path(skxent.__file__).parent
LEAVES = {
    "losses",
    "optimizers",
    "solvers",
    "preconditioning",
    "range_test",
    "targets",
    "validation",
    "conventions",
    "frames",
    "decoding",
    "stores",
    "threads",
}
ALLOWED = {module: set() for module in LEAVES} | {
    "__init__": {"classifier", "features", "range_test", "search", "sequence"},
    "candidates": {"losses"},
    "linear": {"losses", "preconditioning"},
    "second_order": {"solvers"},
    "monitoring": {"optimizers"},
    "training": {"optimizers", "second_order", "solvers"},
    "classifier": {
        "linear",
        "monitoring",
        "optimizers",
        "prediction",
        "solvers",
        "targets",
        "threads",
        "training",
        "validation",
    },
    "prediction": {"losses", "validation"},
    "search": {
        "candidates",
        "classifier",
        "linear",
        "optimizers",
        "prediction",
        "targets",
        "threads",
        "training",
        "validation",
    },
    "ragged": {"validation"},
    "sequence": {"ragged"},
    "frontend": {"conventions"},
    "mfcc": {"frontend"},
    "audio": {"decoding"},
    "cache": {"stores"},
    "extraction": {"audio", "cache", "frontend", "mfcc"},
    "features": {"cache", "conventions", "extraction", "frames", "frontend", "threads"},
}
ALLOWED_FOLDERS = {
    "datasets": {"datasets"},
    "neural": {
        "losses",
        "monitoring",
        "neural",
        "optimizers",
        "ragged",
        "sequence",
        "targets",
        "training",
        "validation",
    },
    "plotting": {"audio", "frontend", "mfcc", "plotting", "range_test"},
}
OPTIONAL = {"matplotlib", "rich", "pooch", "pandas", "polars", "torch", "hypothesis"}

MODULES = sorted(path.relative_to(ROOT) for path in ROOT.rglob("*.py"))


def walk(tree):
    """The nodes of a tree, without what is there for type checkers alone."""
    yield tree
    for node in ast.iter_child_nodes(tree):
        if not (isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield from walk(node)


def imported(source, package):
    """The modules of skxent, without subfolders, that a source imports when it runs."""
    names = []
    for node in walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = package[: len(package) + 1 - node.level]
                base = ".".join([*parents, base]).rstrip(".")
            # From the package itself, the name may be a module, or what __init__ holds.
            names += [f"{base}.{alias.name}" if base == "skxent" else base for alias in node.names]
    parts = [name.split(".") for name in names]
    return {name[1] if len(name) > 1 else "__init__" for name in parts if name[0] == "skxent"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import numpy, skxent.losses", {"losses"}),
        ("from skxent.losses import softmax", {"losses"}),
        ("from skxent import losses", {"losses"}),
        ("import skxent", {"__init__"}),
        ("from . import losses", {"losses"}),
        ("from .datasets import fetch_fsdd", {"datasets"}),
        ("def f():\n    from skxent.datasets._fsdd import x", {"datasets"}),
        ("import skxentric", set()),
        ("if TYPE_CHECKING:\n    import skxent.losses", set()),
    ],
)
def test_every_form_of_import_is_seen(source, expected):
    assert imported(source, ("skxent",)) == expected


def test_relative_import_in_a_subfolder_is_seen():
    assert imported("from ..audio import load", ("skxent", "datasets")) == {"audio"}
    assert imported("from ._fsdd import load", ("skxent", "datasets")) == {"datasets"}


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_module_imports_only_what_the_design_allows(module):
    *folders, name = module.with_suffix("").parts
    if folders:
        folder = "/".join(folders)
        assert folder in ALLOWED_FOLDERS, f"say in {__file__} what skxent/{module} may import"
        allowed = ALLOWED_FOLDERS[folder]
    else:
        assert name in ALLOWED, f"say in ALLOWED of {__file__} what skxent/{module} may import"
        allowed = ALLOWED[name]
    found = imported((ROOT / module).read_text(), ("skxent", *folders))
    assert found <= allowed, f"skxent/{module} must not import {sorted(found - allowed)}"


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


def test_package_and_numeric_modules_need_no_optional_dependency():
    modules = ["skxent", "skxent.datasets", "skxent.plotting"] + [
        f"skxent.{path.stem}" for path in MODULES if path.stem in LEAVES
    ]
    run_python(BLOCK_OPTIONAL + f"import {', '.join(modules)}")


def test_neural_networks_say_what_they_need():
    code = "import skxent.neural"
    run = subprocess.run(
        [sys.executable, "-c", BLOCK_OPTIONAL + code], capture_output=True, text=True
    )
    assert run.returncode == 1
    assert 'pip install "skxent[neural]"' in run.stderr.splitlines()[-1]
