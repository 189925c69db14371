"""The gallery's scripts have the form that it promises; its build runs them."""

import ast
import re
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("plot_*.py"))


def test_there_is_a_gallery():
    assert EXAMPLES


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_asks_a_question_first_and_answers_it_last(path):
    source = path.read_text(encoding="utf-8")
    title, underline, *introduction = ast.get_docstring(ast.parse(source)).splitlines()
    assert re.fullmatch("=+", underline)
    assert len(underline) == len(title)
    assert "?" in title + " ".join(introduction)
    *_, last_cell = re.split(r"^# %%$", source, flags=re.MULTILINE)
    heading, *prose = last_cell.strip().splitlines()
    assert heading == "# The answer"
    assert all(line.startswith("#") for line in prose)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_needs_no_download_and_leaves_nothing_behind(path):
    names = {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute | ast.Name)
    }
    assert names.isdisjoint({"fetch_fsdd", "savefig", "mkdtemp"})
