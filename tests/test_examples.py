"""The gallery's scripts have the form that it promises; its build runs them.

So does the program beside them, which takes folders as they are.
"""

import ast
import importlib.util
import re
import runpy
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


def test_the_example_of_ones_own_folder_says_what_it_leaves_out(capsys):
    runpy.run_path(str(FOLDER / "plot_own_folder.py"))
    plt.close("all")
    printed = capsys.readouterr().out
    assert "left out: 1\n    usf1_0.wav  cut short" in printed
    assert "worth a look: 1\n    new recording.wav  it has no speaker" in printed
    assert "142 files" in printed


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


def left_out(printed):
    """What the program prints as left out: the reasons by path."""
    lines = printed.splitlines()
    lines = [line[4:].partition(": ") for line in lines if line.startswith("    ")]
    assert len({path for path, _, _ in lines}) == len(lines)
    return {Path(path): reason for path, _, reason in lines}


def test_the_program_takes_a_messy_folder_and_says_why_it_leaves_files_out(
    program, tmp_path, capsys
):
    write_takes(tmp_path)
    no, yes = tmp_path / "no", tmp_path / "yes"
    write(no / "dora_0.WAV", format="WAV")
    write(no / "dora_1.opus", format="OGG", subtype="OPUS")
    write(no / "dora_2.mp3")
    write(no / "dora_3.aiff")
    write(no / "dora_4.au")
    write(no / "dora_5.oga", format="OGG")
    write(no / "dora_6", format="WAV")
    reasons = {
        tmp_path / "anna_5.wav": "not in the folder of a word",
        yes / "more" / "anna_6.wav": "not in the folder of a word",
        yes / "recording.wav": "no speaker in its name",
        yes / "_1.wav": "no speaker in its name",
        yes / "notes.txt": "can't be read as sound",
        yes / "emil_1.wav": "cut short",
        yes / "emil_2.wav": "cut short",
        yes / "emil_3.wav": "empty",
        yes / "phone_1.m4a": "it is an M4A file",
        yes / "phone_2.wav": "it is an M4A file",
        yes / "gone_1.wav": "a link to no file",
        tmp_path / "maybe": "3 of the 10 recordings that a word needs",
    }
    for path in reasons:
        if path.suffix == ".wav":
            write(path)
    for take in range(3):
        write(tmp_path / "maybe" / f"anna_{take}.wav")
    for take in (1, 2):
        path = yes / f"emil_{take}.wav"
        path.write_bytes(path.read_bytes()[:1000])
    soundfile.write(yes / "emil_3.wav", np.zeros(0), 16000)
    (yes / "notes.txt").write_text("words")
    for name in ("phone_1.m4a", "phone_2.wav"):
        (yes / name).write_bytes(b"\0\0\0\x20ftypM4A " + bytes(100))
    (yes / "gone_1.wav").unlink()
    (yes / "gone_1.wav").symlink_to(tmp_path / "nowhere.wav")
    for hidden in (yes / "._anna_0.wav", tmp_path / ".DS_Store", tmp_path / ".git" / "a_1.wav"):
        hidden.parent.mkdir(exist_ok=True)
        hidden.write_bytes(b"of the system")

    paths, words, speakers = program.find_recordings(tmp_path, 16000)
    assert len(paths) == len(words) == len(speakers) == 31
    assert {path.name for path in paths if "dora" in path.name} == {
        *("dora_0.WAV", "dora_1.opus", "dora_2.mp3"),
        *("dora_3.aiff", "dora_4.au", "dora_5.oga", "dora_6"),
    }
    assert set(words) == {"no", "yes"}
    assert set(speakers) == {"anna", "ben", "carla", "dora"}
    printed = left_out(capsys.readouterr().out)
    assert printed.keys() == reasons.keys()
    for path, reason in reasons.items():
        assert reason in printed[path]
        assert str(path) not in printed[path]


def test_the_program_finds_words_that_are_links_in_the_folder_where_it_runs(
    program, tmp_path, monkeypatch, capsys
):
    write_takes(tmp_path / "elsewhere")
    (tmp_path / "here").mkdir()
    for word in ("no", "yes"):
        (tmp_path / "here" / word).symlink_to(tmp_path / "elsewhere" / word)
    write(tmp_path / "here" / "anna_1.wav")
    monkeypatch.chdir(tmp_path / "here")
    paths, words, speakers = program.find_recordings(Path(), 16000)
    assert len(paths) == 24
    assert set(words) == {"no", "yes"}
    assert set(speakers) == {"anna", "ben", "carla"}
    printed = left_out(capsys.readouterr().out)
    assert printed == {Path("anna_1.wav"): "not in the folder of a word"}


def test_the_program_has_no_speakers_where_names_tell_too_few(program, tmp_path, capsys):
    write_takes(tmp_path, speakers=("anna", "ben"))
    for word in ("no", "yes"):
        for take in range(4):
            write(tmp_path / word / f"{take}.wav")
    write(tmp_path / "maybe" / "carla_1.wav")  # a third speaker, of a word that is left out
    paths, words, speakers = program.find_recordings(tmp_path, 16000)
    assert len(paths) == len(words) == 24
    assert speakers is None
    printed = capsys.readouterr().out
    assert "at least three speakers" in printed
    assert left_out(printed).keys() == {tmp_path / "maybe"}


def test_the_program_names_the_words_of_a_folder_with_too_few_recordings(program, tmp_path, capsys):
    for word, n_takes in (("no", 12), ("yes", 9), ("maybe", 1)):
        for take in range(n_takes):
            write(tmp_path / word / f"{'abc'[take % 3]}_{take}.wav")
    with pytest.raises(SystemExit, match=r"found 1 of 'maybe', 12 of 'no', 9 of 'yes'$"):
        program.find_recordings(tmp_path, 16000)
    assert left_out(capsys.readouterr().out).keys() == {tmp_path / "maybe", tmp_path / "yes"}


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
