"""The documentation names all that is public, and its links lead somewhere."""

import importlib.util
import pkgutil
import re
from pathlib import Path

import pytest

import skxent

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
# Without its extra, skxent.neural cannot be checked.
ABSENT = set() if importlib.util.find_spec("torch") else {"skxent.neural"}
MODULES = ["skxent"] + [
    f"skxent.{module.name}"
    for module in pkgutil.iter_modules(skxent.__path__)
    if not module.name.startswith("_") and f"skxent.{module.name}" not in ABSENT
]
EXEMPTED = {"__version__"}  # a string, which says nothing about itself

# What a link to a heading is made of, as GitHub and MyST make it.
NOT_IN_ANCHORS = re.compile(r"[^\w\- ]")


def listed_names():
    """Full names in the API reference: entries of its autosummaries, and data."""
    names, module = [], None
    for line in (ROOT / "docs" / "api.md").read_text(encoding="utf-8").splitlines():
        if match := re.fullmatch(r"\.\. module:: (\S+)", line):
            module = match[1]
        elif match := re.fullmatch(r"(?:   |\.\. py:data:: )(\w+)", line):
            names.append(f"{module}.{match[1]}")
    return names


def find(full_name):
    module, _, name = full_name.rpartition(".")
    return getattr(importlib.import_module(module), name)


def anchors_of(page):
    """The anchors of the headings of a page, but not of what looks like one in code."""
    text = page.read_text(encoding="utf-8")
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {NOT_IN_ANCHORS.sub("", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("module_name", MODULES)
def test_api_reference_has_each_public_name(module_name):
    listed = [find(name) for name in listed_names() if name.rpartition(".")[0] not in ABSENT]
    module = importlib.import_module(module_name)
    missing = {
        name
        for name in set(module.__all__) - EXEMPTED
        if not any(getattr(module, name) is value for value in listed)
    }
    assert not missing, f"docs/api.md lacks {sorted(missing)} of {module_name}"


def test_api_reference_has_each_name_once():
    names = listed_names()
    assert len(names) > 50
    assert len(names) == len(set(names))


def test_the_sidebar_of_the_api_reference_is_grouped_by_room():
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    rooms = re.findall(r"^\.\. module:: (\S+)$", text, flags=re.MULTILINE)
    assert re.findall(r"^   :caption: (\S+)$", text, flags=re.MULTILINE) == rooms


def test_the_guide_leads_to_each_of_its_pages_by_a_question_with_an_answer():
    text = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
    toctrees = "".join(re.findall(r"^```{toctree}\n(.*?)^```", text, re.S | re.M))
    pages = set(re.findall(r"^(?:.*<)?(\w+)>?$", toctrees, re.M))
    questions = re.findall(r"^- \[([^]]*\?)\]\((\w+)\.md[^)]*\)\\\n  (.*\S)$", text, re.M)
    assert len(questions) == len(re.findall(r"^- ", text, re.M)) > 15
    assert {page for _, page, _ in questions} == pages


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: page.name)
def test_links_lead_to_files_and_headings(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if target.startswith(("https://", "#skxent", "auto_examples/")):  # Sphinx checks the latter
            continue
        path, _, anchor = target.partition("#")
        linked = page if not path else page.parent / path
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors_of(linked), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python_is_shown_as_examples_that_run(page):
    for block in re.findall(
        r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.S | re.M
    ):
        assert block.startswith(">>> "), f"pytest runs what has prompts; this has none:\n{block}"
