"""skxent check, evaluate, report, robustness, export: with a model, on other recordings."""

import errno
import json
import os

import numpy as np
import pytest
import soundfile

from skxent.cli import main
from skxent.cli._model import load
from tests.cli.conftest import copy_digits


def test_check_counts_and_lists(recordings, tmp_path, capsys):
    folder = copy_digits(tmp_path / "r", takes=(0, 1))
    (folder / "six" / "broken_1.wav").write_bytes(b"no sound")
    (folder / "six" / "again_1.flac").write_bytes((folder / "six/caf1_0.flac").read_bytes())
    assert main(["check", str(folder)]) == 1
    printed = capsys.readouterr().out
    assert "31 recordings, 3 labels, 6 speakers" in printed
    assert "left out: 1\n" in printed
    assert "broken_1.wav" in printed.partition("worth a look")[0]
    assert "again_1.flac" in printed.partition("worth a look")[2]
    assert main(["check", str(folder), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["labels"] == {"one": 10, "seven": 10, "six": 11}
    assert {problem["is_usable"] for problem in found["problems"]} == {False, True}


def test_check_of_good_recordings_is_zero(recordings, capsys):
    assert main(["check", str(recordings)]) == 0
    printed = capsys.readouterr().out
    assert "speakers can be kept apart: caf1, gbm1, lam1, usf1, wmf1" in printed


def test_check_of_a_model_prints_what_it_knows(model_path, tmp_path, capsys):
    unnamed = tmp_path / "model"
    unnamed.write_bytes(model_path.read_bytes())
    for path in (model_path, unnamed):
        assert main(["check", str(path)]) == 0
        about = json.loads(capsys.readouterr().out)
        assert about["labels"] == ["one", "seven", "six"]
        assert "clips" not in about


def test_evaluate_prints_the_accuracy_that_predictions_have(model_path, unheard, capsys):
    assert main(["evaluate", str(model_path), str(unheard), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    paths = sorted(unheard.glob("*/*.flac"))
    predicted = load(str(model_path)).estimator.predict([*map(str, paths)])
    correct = predicted == [path.parent.name for path in paths]
    assert found["accuracy"] == pytest.approx(np.mean(correct))
    assert found["n_recordings"] == 12
    assert set(found["by_speaker"]) == {"nym1", "scm1"}
    low, high = found["interval"]
    assert low <= found["accuracy"] <= high
    assert main(["evaluate", str(model_path), str(unheard)]) == 0
    assert f"accuracy: {100 * found['accuracy']:.1f} % (" in capsys.readouterr().out


def test_recordings_of_the_training_are_left_out(model_path, recordings, tmp_path, capsys):
    assert main(["evaluate", str(model_path), str(recordings)]) == 2
    assert "trained with all recordings" in capsys.readouterr().err
    assert main(["evaluate", str(model_path), str(recordings), "--trained"]) == 0
    assert "30 of them were trained with" in capsys.readouterr().err
    folder = copy_digits(tmp_path / "r", ("caf1", "nym1", "scm1"))
    assert main(["evaluate", str(model_path), str(folder), "--json"]) == 0
    printed = capsys.readouterr()
    assert "left out: 6 recordings that the model was trained with" in printed.err
    assert json.loads(printed.out)["n_recordings"] == 12


def test_a_label_that_the_model_does_not_know_is_wrong_and_said_so(model_path, tmp_path, capsys):
    folder = copy_digits(tmp_path / "r", ("nym1", "scm1"), {1: "one", 2: "two"})
    page = tmp_path / "page.html"
    arguments = ["evaluate", str(model_path), str(folder), "--json", "--report", str(page)]
    assert main(arguments) == 0
    printed = capsys.readouterr()
    assert "the model knows no 'two'" in printed.err
    assert json.loads(printed.out)["by_label"]["two"] == 0
    assert page.stat().st_size > 10_000


def test_a_bad_file_among_others_is_status_one(model_path, tmp_path, capsys):
    folder = copy_digits(tmp_path / "r", ("nym1", "scm1"))
    (folder / "six" / "broken_1.wav").write_bytes(b"no sound")
    assert main(["evaluate", str(model_path), str(folder)]) == 1
    assert "six/broken_1.wav: can't be read as sound" in capsys.readouterr().err


def test_report_writes_the_page(model_path, unheard, tmp_path, capsys):
    page = tmp_path / "page.html"
    arguments = ["report", str(model_path), str(unheard), "-o", str(page)]
    assert main(arguments) == 0
    assert capsys.readouterr().out == ""
    assert "nym1_0.flac" in page.read_text(encoding="utf-8")
    assert main(arguments) == 2
    assert "exists; give another name, or --force" in capsys.readouterr().err
    assert main([*arguments, "--force"]) == 0


def test_robustness_prints_the_accuracy_at_each_ratio(model_path, unheard, capsys):
    arguments = ["robustness", str(model_path), str(unheard), "--snr=-20,10"]
    assert main([*arguments, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["snr"] == ["-20 dB", "10 dB", "no noise"]
    assert len(found["white"]) == 3
    assert found["mean"][0] < found["mean"][-1]
    assert main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["noise", "accuracy", "white"]
    assert lines[-1].startswith("no noise")


def test_noise_in_silence_is_left_out_and_said_so(model_path, tmp_path, capsys):
    folder = copy_digits(tmp_path / "r", ("nym1", "scm1"), takes=(0,))
    soundfile.write(folder / "six" / "nym1_9.wav", np.zeros(8000), 8000)
    arguments = ["robustness", str(model_path), str(folder), "--snr", "0"]
    for more in ([], ["--json"]):
        assert main([*arguments, *more]) == 1
        assert "left out, as noise can't be added to silence (1):" in capsys.readouterr().err
    for path in folder.rglob("*.flac"):
        path.unlink()
    assert main(arguments) == 2
    assert "there is nothing but silence in" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["loud", "nan", "0,,5"])
def test_what_is_no_list_of_ratios_is_refused(text, model_path, unheard, capsys):
    assert main(["robustness", str(model_path), str(unheard), "--snr", text]) == 2
    assert "--snr: it must be numbers with commas" in capsys.readouterr().err


def test_export_writes_what_onnxruntime_runs(model_path, unheard, tmp_path, capsys):
    pytest.importorskip("skxent.export")
    runtime = pytest.importorskip("onnxruntime")
    path = tmp_path / "words.onnx"
    assert main(["export", str(model_path), str(path)]) == 0
    assert "8000 Hz" in capsys.readouterr().out
    assert runtime.InferenceSession(path).get_inputs()
    assert main(["export", str(model_path), str(path)]) == 2
    assert "exists" in capsys.readouterr().err


def test_a_disk_without_space_leaves_the_page_that_was_there(
    model_path, unheard, tmp_path, monkeypatch, capsys
):
    page = tmp_path / "page.html"
    page.write_text("before")

    def replace(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", replace)
    assert main(["report", str(model_path), str(unheard), "-o", str(page), "--force"]) == 2
    assert "No space left on device" in capsys.readouterr().err
    assert [found.name for found in tmp_path.iterdir()] == ["page.html"]
    assert page.read_text() == "before"


@pytest.mark.parametrize("command", ["predict", "evaluate", "robustness"])
def test_a_model_that_is_none_is_refused_by_all(command, unheard, tmp_path, capsys):
    path = tmp_path / "a.skops"
    path.write_text("words")
    assert main([command, str(path), str(unheard)]) == 2
    assert "is no model" in capsys.readouterr().err
