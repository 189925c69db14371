"""skxent train: from a folder to a model, and what keeps it from one."""

import errno
import shutil

import numpy as np
import pytest
import skops.io
import soundfile

from skxent.cli import main
from skxent.cli._model import load
from skxent.cli._recipes import TASKS, fit, recipes
from tests.cli.conftest import VOICES, copy_digits


def train(folder, path, *more):
    return main(["train", str(folder), "-o", str(path), "--portable", "--jobs", "1", *more])


def test_a_model_of_words_knows_what_it_is(recordings, tmp_path, capsys):
    path = tmp_path / "words.skops"
    assert main(["train", str(recordings), "-o", str(path), "--jobs", "1"]) == 0
    printed = capsys.readouterr()
    for name in ("segments", "states", "finer states", "vote"):
        assert f"\n{name} " in printed.out
    assert printed.out.count("chosen") == 1
    assert "accuracy for new speakers: " in printed.out
    assert f"over {len(VOICES)} speakers" in printed.out
    assert f"saved {path}" in printed.out
    about = load(str(path)).about
    assert about["labels"] == ["one", "seven", "six"]
    assert about["sample_rate"] == 8000
    assert about["n_clips"] == len(about["clips"]) == 30
    assert set(about["accuracy_by_speaker"]) == set(VOICES)
    low, high = about["interval"]
    assert 0.6 < low <= about["accuracy"] <= high <= 1
    assert {"skxent", "python", "scikit-learn", "numpy", "skops"} <= set(about["versions"])
    assert about["command"].startswith("skxent ")
    low, lower, upper, high = about["properties"]["duration"]
    assert 0.2 < low < lower < upper < high < 0.8


def test_a_page_is_written_of_what_was_not_trained_with(recordings, tmp_path, capsys):
    page = tmp_path / "page.html"
    assert train(recordings, tmp_path / "m.skops", "--report", str(page)) == 0
    assert f"saved {page}" in capsys.readouterr().out
    content = page.read_text(encoding="utf-8")
    assert "caf1_0.flac" in content
    about = load(str(tmp_path / "m.skops")).about
    shown = [f"{100 * share:.1f}" for share in (about["accuracy"], *about["interval"])]
    assert f"<dd>{shown[0]}&nbsp;%</dd>" in content
    assert f"95&nbsp;% interval {shown[1]}–{shown[2]}&nbsp;%, for new speakers" in content


def test_an_output_is_replaced_with_leave_only(recordings, tmp_path, capsys):
    path = tmp_path / "m.skops"
    path.write_text("before")
    assert train(recordings, path) == 2
    assert "exists; give another name, or --force" in capsys.readouterr().err
    assert path.read_text() == "before"
    assert train(recordings, path, "--force") == 0
    assert load(str(path)).classes == ["one", "seven", "six"]


def test_without_space_on_the_disk_nothing_is_lost(recordings, tmp_path, monkeypatch, capsys):
    path = tmp_path / "m.skops"
    path.write_text("before")

    def dump(_, file):
        with open(file, "w") as half:
            half.write("half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(skops.io, "dump", dump)
    assert train(recordings, path, "--force") == 2
    printed = capsys.readouterr().err
    assert "can't be written (No space left on device); what was there is unchanged" in printed
    assert path.read_text() == "before"
    assert [found.name for found in tmp_path.iterdir()] == ["m.skops"]


def test_broken_files_are_listed_once_and_left_out(tmp_path, capsys):
    folder = copy_digits(tmp_path / "quite messy")
    (folder / "one" / "broken [red]_1.wav").write_bytes(b"RIFF and no more")
    (folder / "six" / "notes.wav").write_text("a text")
    (folder / "seven" / "empty_1.flac").write_bytes(b"")
    shutil.copy(folder / "six" / "caf1_0.flac", folder / "six" / "new voice_1.FLAC")
    assert train(folder, tmp_path / "m.skops") == 0
    printed = capsys.readouterr()
    assert "31 recordings" in printed.out
    assert "left out (3):" in printed.err
    assert f"worth a look: skxent check '{folder}'\n" in printed.err  # to be copied
    for name in ("one/broken [red]_1.wav: ", "six/notes.wav: ", "seven/empty_1.flac: "):
        assert printed.err.count(name) == 1
    assert load(str(tmp_path / "m.skops")).about["n_clips"] == 31


def make_folder(folder, takes):
    """Write noise to ``folder/label/speaker_take.wav``."""
    rng = np.random.default_rng(0)
    for label, speaker, take in takes:
        (folder / label).mkdir(parents=True, exist_ok=True)
        noise = 0.1 * rng.normal(size=2400)
        soundfile.write(folder / label / f"{speaker}_{take}.wav", noise, 8000)
    return folder


@pytest.mark.parametrize(
    ("takes", "text"),
    [
        ([], "there are no recordings in"),
        ([("no", "ab"[i % 2], i) for i in range(6)], "recordings of 'no' only"),
        (
            [("no", "ab"[i % 2], i) for i in range(6)] + [("yes", "a", 0)],
            "'yes' has 1: record more",
        ),
    ],
)
def test_what_can_not_be_trained_with_is_a_sentence(takes, text, tmp_path, capsys):
    folder = make_folder(tmp_path / "recordings", takes)
    folder.mkdir(exist_ok=True)
    assert train(folder, tmp_path / "m.skops") == 2
    printed = capsys.readouterr()
    assert text in printed.err
    assert "Traceback" not in printed.err
    assert not (tmp_path / "m.skops").exists()


def test_a_folder_that_is_missing_and_an_example_that_is_none(tmp_path, capsys):
    assert train(tmp_path / "none", tmp_path / "m.skops") == 2
    assert "no such folder" in capsys.readouterr().err
    assert train("example:none", tmp_path / "m.skops") == 2
    assert "there are example:digits, example:fsdd" in capsys.readouterr().err


def test_one_speaker_is_said_to_flatter(tmp_path, capsys):
    takes = [(label, "anna", i) for label in ("no", "yes") for i in range(4)]
    assert train(make_folder(tmp_path / "r", takes), tmp_path / "m.skops") == 0
    printed = capsys.readouterr()
    assert "speakers are not kept apart: there are recordings of one speaker only" in printed.err
    assert "accuracy for known speakers: " in printed.out
    assert load(str(tmp_path / "m.skops")).about["accuracy_of"] == "known speakers"


def test_test_speakers_are_not_trained_with(recordings, tmp_path, capsys):
    path = tmp_path / "m.skops"
    assert train(recordings, path, "--test-speakers", "caf1, usf1") == 0
    assert "accuracy on caf1, usf1: " in capsys.readouterr().out
    about = load(str(path)).about
    assert about["n_clips"] == 18
    assert about["test"]["speakers"] == ["caf1", "usf1"]
    assert set(about["accuracy_by_speaker"]) == set(VOICES) - {"caf1", "usf1"}
    assert train(recordings, tmp_path / "n.skops", "--test-speakers", "zoe") == 2
    assert "there is no speaker zoe; there are caf1, " in capsys.readouterr().err


def test_noise_trains_with_noisy_copies(recordings, tmp_path):
    paths = [tmp_path / "plain.skops", tmp_path / "noisy.skops"]
    assert train(recordings, paths[0]) == train(recordings, paths[1], "--noise") == 0
    plain, noisy = (load(str(path)) for path in paths)
    assert noisy.about["noise"]
    assert [*map(type, plain.estimator)] == [*map(type, noisy.estimator)]
    assert np.abs(plain.estimator[-1].coef_ - noisy.estimator[-1].coef_).max() > 1e-3


def test_noise_leaves_out_what_is_silent(recordings, tmp_path, capsys):
    folder = tmp_path / "recordings"
    shutil.copytree(recordings, folder)
    soundfile.write(folder / "one" / f"{VOICES[0]}_9.wav", np.zeros(4000), 8000)
    assert train(folder, tmp_path / "noisy.skops", "--noise") == 0
    assert f"one/{VOICES[0]}_9.wav" in capsys.readouterr().err
    assert load(str(tmp_path / "noisy.skops")).about["n_clips"] == 30


@pytest.mark.parametrize(
    ("more", "text"),
    [
        (["--jobs", "0"], "--jobs"),
        (["--rate", "-5"], "--rate"),
        (["--report", "model.skops"], "can't be both the model and its report"),
    ],
)
def test_settings_that_make_no_sense_are_a_sentence(
    more, text, recordings, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    assert main(["train", str(recordings), "-o", "model.skops", *more]) == 2
    assert text in capsys.readouterr().err
    assert list(tmp_path.glob("*.skops")) == []


@pytest.mark.parametrize("task", TASKS)
def test_recipes_are_pipelines_with_probabilities(task):
    rng = np.random.default_rng(0)
    clips = [rng.normal(scale=0.1, size=3000) for _ in range(12)]
    labels = np.array(["a", "b", "c"] * 4)
    known = recipes(task)
    for name, recipe in known.items():
        assert name == recipe.name
        fitted = fit(recipe, known, 8000, clips, labels)
        np.testing.assert_allclose(fitted.predict_proba(clips).sum(axis=1), 1, atol=1e-6)
        assert [*fitted.classes_] == ["a", "b", "c"]
    assert recipes(task, portable=True).keys() < known.keys() or task != "words"
