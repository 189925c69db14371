"""The gallery's scripts have the form that it promises; its build runs them.

So does the program beside them, which takes folders as they are.
"""

import ast
import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from matplotlib import pyplot as plt
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV

from skxent import SoftmaxClassifier

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


@pytest.fixture
def program():
    spec = importlib.util.spec_from_file_location("spoken_digits", FOLDER / "spoken_digits.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write(path, **settings):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(0).normal(scale=0.1, size=4000)
    soundfile.write(path, noise, 16000, **settings)


def write_takes(folder, speakers=("anna", "ben", "carla")):
    for word in ("no", "yes"):
        for speaker in speakers:
            for take in range(4):
                write(folder / word / f"{speaker}_{take}.wav")


def test_the_program_takes_a_messy_folder_and_prints_what_it_leaves_out(program, tmp_path, capsys):
    write_takes(tmp_path)
    write(tmp_path / "no" / "dora_0.WAV", format="WAV")
    write(tmp_path / "no" / "dora_1.opus", format="OGG", subtype="OPUS")
    write(tmp_path / "no" / "dora_2.mp3")
    write(tmp_path / "yes" / "recording.wav")
    write(tmp_path / "yes" / "_1.wav")
    (tmp_path / "yes" / "._anna_0.wav").write_bytes(b"a shadow")
    (tmp_path / ".DS_Store").write_bytes(b"of the system")
    (tmp_path / "yes" / "notes.txt").write_text("words")
    broken = tmp_path / "yes" / "emil_1.wav"
    broken.write_bytes((tmp_path / "yes" / "anna_1.wav").read_bytes()[:1000])

    paths, words, speakers = program.find_recordings(tmp_path, 16000)
    assert len(paths) == len(words) == len(speakers) == 27
    assert {path.suffix for path in paths} == {".wav", ".WAV", ".opus", ".mp3"}
    assert set(speakers) == {"anna", "ben", "carla", "dora"}
    printed = capsys.readouterr().out
    for name in ("recording.wav", "_1.wav", "notes.txt", "emil_1.wav"):
        assert f"    {tmp_path / 'yes' / name}" in printed
    assert "cut short" in printed
    assert "DS_Store" not in printed
    assert "._anna" not in printed


def test_the_program_has_no_speakers_where_names_tell_too_few(program, tmp_path, capsys):
    write_takes(tmp_path, speakers=("anna", "ben"))
    for word in ("no", "yes"):
        for take in range(4):
            write(tmp_path / word / f"{take}.wav")
    paths, words, speakers = program.find_recordings(tmp_path, 16000)
    assert len(paths) == len(words) == 24
    assert speakers is None
    assert "at least three speakers" in capsys.readouterr().out


def test_the_program_says_what_a_folder_must_have(program, tmp_path):
    (tmp_path / "no").mkdir()
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(SystemExit, match=f"--data {re.escape(str(folder))}: "):
            program.find_recordings(folder, 16000)


def test_the_figure_of_the_program_names_words_and_counts_only_what_happened(program, tmp_path):
    X, y = load_iris(return_X_y=True)
    names = ["setosa", "versicolor", "virginica"]
    words = np.array(names)[y]
    classifier = SoftmaxClassifier(solver="gd", max_iter=20, tol=1.0)
    search = GridSearchCV(classifier, {"learning_rate": [0.001, 0.01]}, cv=3).fit(X, words)
    program.draw(search, words, np.roll(words, 10), names, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 10_000
    axes = {ax.get_xlabel(): ax for ax in plt.gcf().axes}
    assert set(axes) == {"Recognised word", "Learning rate", "Iteration"}
    matrix = axes["Recognised word"]
    assert [label.get_text() for label in matrix.get_xticklabels()] == names
    counts = sorted(text.get_text() for text in matrix.texts if text.get_visible())
    assert counts == ["10", "10", "10", "40", "40", "40"]
    plt.close("all")
