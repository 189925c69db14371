"""The gallery's scripts have the form that it promises; its build runs them.

The program beside them takes folders as they are.
"""

import ast
import re
import runpy
import sys
from pathlib import Path

import pytest
import sklearn.model_selection
import soundfile
from matplotlib import pyplot as plt
from sklearn.model_selection import cross_val_predict

from skxent.datasets import load_spoken_digits

FOLDER = Path(__file__).parents[1] / "examples"
EXAMPLES = sorted(FOLDER.glob("plot_*.py"))


def test_there_is_a_gallery():
    assert EXAMPLES


def test_the_order_of_the_gallery_names_examples_and_begins_with_ones_own_folder():
    conf = (FOLDER.parent / "docs" / "conf.py").read_text(encoding="utf-8")
    order = re.findall(r'^ +"(plot_\w+\.py)",$', conf, flags=re.MULTILINE)
    assert order[0] == "plot_own_folder.py"
    assert set(order) <= {path.name for path in EXAMPLES}


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


def test_the_example_of_ones_own_folder_says_what_it_leaves_out(capsys):
    runpy.run_path(str(FOLDER / "plot_own_folder.py"))
    plt.close("all")
    printed = capsys.readouterr().out
    assert "left out: 1\n    usf1_0.wav  cut short" in printed
    assert "worth a look: 1\n    new recording.wav  it has no speaker" in printed
    assert "142 files" in printed


def test_the_program_takes_a_folder_and_writes_a_page(tmp_path, monkeypatch, capsys):
    digits = load_spoken_digits()
    for clip, target, name in zip(digits.data, digits.target, digits.filenames, strict=True):
        _, speaker, take = Path(name).stem.split("_")
        if target < 3 and speaker[-1] == "1":
            path = tmp_path / "recordings" / digits.target_names[target] / f"{speaker}_{take}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, clip, digits.sample_rate)
    (tmp_path / "recordings" / "one" / "notes.wav").write_text("no sound")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["spoken_digits.py", "recordings"])
    monkeypatch.setattr(sklearn.model_selection, "cross_val_predict", in_this_process)
    runpy.run_path(str(FOLDER / "spoken_digits.py"), run_name="__main__")
    printed = capsys.readouterr().out
    assert "notes.wav" in printed
    assert float(re.search(r"new speakers: ([\d.]+)%", printed)[1]) > 80
    assert (tmp_path / "spoken_digits.html").stat().st_size > 10_000


def in_this_process(*args, **settings):
    """Cross-validate without the time that processes take to start."""
    return cross_val_predict(*args, **{**settings, "n_jobs": 1})
