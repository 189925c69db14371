import importlib
import importlib.util
import inspect
import pkgutil

import pytest
from numpydoc.docscrape import NumpyDocString
from numpydoc.validate import validate

import skxent

EXEMPTED = {
    "ES01",  # the summary may say everything
    "SA01",  # not everything has relatives
    "RT02",  # a single return value has a name too, as in scikit-learn: its shape refers to it
    "EX01",  # tested below: the example of a method is its class's
}
MODULES = ["skxent"] + [
    f"skxent.{module.name}"
    for module in pkgutil.iter_modules(skxent.__path__)
    # Without its extra, skxent.neural cannot be checked.
    if not module.name.startswith("_")
    and (module.name != "neural" or importlib.util.find_spec("torch"))
]


def public_names():
    """Full names of what the modules' __all__ hold, and of the methods of their classes."""
    names = set()
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        for name in module.__all__:
            value = getattr(module, name)
            if not callable(value) or not value.__module__.startswith("skxent"):
                continue
            names.add(f"{value.__module__}.{value.__qualname__}")
            if inspect.isclass(value):
                names |= {
                    f"{value.__module__}.{value.__qualname__}.{member}"
                    for member, defined in vars(value).items()
                    if not member.startswith("_")
                    and (inspect.isfunction(defined) or isinstance(defined, property))
                }
    return sorted(names)


def is_member(full_name):
    return inspect.isclass(find(full_name.rpartition(".")[0]))


def find(full_name):
    parts = full_name.split(".")
    for i in range(len(parts), 0, -1):
        try:
            value = importlib.import_module(".".join(parts[:i]))
        except ModuleNotFoundError:
            continue
        for part in parts[i:]:
            value = getattr(value, part)
        return value
    raise LookupError(full_name)


@pytest.mark.parametrize("name", MODULES)
def test_module_says_what_it_is_and_what_is_public(name):
    module = importlib.import_module(name)
    assert module.__doc__.splitlines()[0].endswith(".")
    assert sorted(module.__all__) == sorted(set(module.__all__))
    for public in module.__all__:
        assert hasattr(module, public)


@pytest.mark.parametrize("name", public_names())
def test_docstring_is_valid_numpydoc(name):
    errors = [error for error in validate(name)["errors"] if error[0] not in EXEMPTED]
    assert errors == []


@pytest.mark.parametrize("name", [name for name in public_names() if not is_member(name)])
def test_functions_and_classes_have_an_example(name):
    examples = "\n".join(NumpyDocString(inspect.getdoc(find(name)))["Examples"])
    assert ">>> " in examples


def test_public_names_are_found():
    names = public_names()
    assert "skxent.linear._classifier.SoftmaxClassifier.fit" in names
    assert "skxent.losses._cross_entropy.cross_entropy" in names
    assert "skxent.features._stores.MemoryCache.get" in names
