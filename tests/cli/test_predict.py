"""skxent predict, listen: rows, notes, errors, standard input."""

import csv
import io
import json
import sys

import numpy as np
import pytest
import soundfile

from skxent.audio import read
from skxent.cli import main
from skxent.cli._sounds import RAW, decode


@pytest.fixture
def standard_input(monkeypatch):
    """A function that sets what stands in standard input."""

    def set_input(content):
        stream = io.TextIOWrapper(io.BytesIO(content))
        monkeypatch.setattr(sys, "stdin", stream)

    return set_input


def predict(model_path, *sources):
    return main(["predict", str(model_path), *map(str, sources)])


def test_a_row_has_the_likeliest_labels(model_path, recordings, capsys):
    assert predict(model_path, recordings / "seven" / "usf1_0.flac", "--top", "2") == 0
    header, row = capsys.readouterr().out.splitlines()
    assert header.split() == ["file", "label"]
    name, best, value, second, other = row.replace(",", "").split()
    assert name.endswith("seven/usf1_0.flac")
    assert (best, second) in {("seven", "one"), ("seven", "six")}
    assert float(value) > float(other)


def test_json_and_csv_have_all_probabilities(model_path, recordings, capsys):
    files = [recordings / "seven" / "usf1_0.flac", recordings / "one" / "usf1_1.flac"]
    assert predict(model_path, *files, "--json") == 0
    printed = capsys.readouterr()
    assert not printed.err
    rows = json.loads(printed.out)
    assert [row["file"] for row in rows] == [*map(str, files)]
    assert [row["label"] for row in rows] == ["seven", "one"]
    assert all(sum(row["probabilities"].values()) == pytest.approx(1) for row in rows)
    assert predict(model_path, *files, "--csv") == 0
    table = [*csv.DictReader(io.StringIO(capsys.readouterr().out))]
    assert [row["label"] for row in table] == ["seven", "one"]
    for row, other in zip(table, rows, strict=True):
        for label, value in other["probabilities"].items():
            assert float(row[label]) == value
    with pytest.raises(AssertionError):
        assert predict(model_path, *files, "--csv", "--json") == 0


def test_a_folder_stands_for_its_sound_files(model_path, recordings, tmp_path, capsys):
    (tmp_path / "a b").mkdir()
    for name in ("a b/ü 1.FLAC", ".hidden.flac", "2.flac"):
        (tmp_path / name).write_bytes((recordings / "one" / "usf1_0.flac").read_bytes())
    (tmp_path / "notes.txt").write_text("no sound")
    assert predict(model_path, tmp_path, "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["file"] for row in rows] == [
        str(tmp_path / name) for name in ("2.flac", "a b/ü 1.FLAC")
    ]
    assert [row["label"] for row in rows] == ["one", "one"]
    (tmp_path / "none").mkdir()
    assert predict(model_path, tmp_path / "none") == 2
    assert "there are no sound files in" in capsys.readouterr().err


def test_a_bad_file_has_a_row_with_the_reason_and_the_others_go_on(
    model_path, recordings, tmp_path, capsys
):
    (tmp_path / "bad.wav").write_text("a text")
    files = [tmp_path / "none.wav", recordings / "six" / "usf1_0.flac", tmp_path / "bad.wav"]
    assert predict(model_path, *files, "--json") == 1
    printed = capsys.readouterr()
    rows = json.loads(printed.out)
    assert rows[0]["error"] == "no such file"
    assert (rows[1]["label"], rows[1]["error"]) == ("six", "")
    assert "can't be read as sound" in rows[2]["error"]
    assert rows[0]["label"] is rows[0]["probabilities"] is None
    assert predict(model_path, *files) == 1
    lines = capsys.readouterr().out.splitlines()
    assert ["can't be used" in line for line in lines] == [False, True, False, True]
    assert predict(model_path, *files, "--csv") == 1
    assert len(capsys.readouterr().out.splitlines()) == 4


def test_a_clip_unlike_the_training_has_a_note(model_path, recordings, tmp_path, capsys):
    samples, rate = read(recordings / "six" / "usf1_0.flac")
    changed = {
        "as it is": samples,
        "longer": np.tile(samples, (5, 1)),
        "quieter": 0.01 * samples,
        "clipped": np.clip(20 * samples, -0.9, 0.9),
    }
    for name, signal in changed.items():
        soundfile.write(tmp_path / f"{name}.wav", signal, rate)
    assert predict(model_path, *(tmp_path / f"{name}.wav" for name in changed), "--json") == 0
    notes = [row["note"] for row in json.loads(capsys.readouterr().out)]
    assert notes[0] == ""
    assert "duration 2." in notes[1]
    assert ", in the training 0." in notes[1]
    assert "level -" in notes[2]
    assert "clipping " in notes[3]


def test_standard_input_is_a_file_or_raw_samples(model_path, recordings, standard_input, capsys):
    path = recordings / "seven" / "usf1_0.flac"
    standard_input(path.read_bytes())
    assert predict(model_path, "-", "--json") == 0
    (expected,) = json.loads(capsys.readouterr().out)
    assert (expected["file"], expected["label"]) == ("-", "seven")
    samples = soundfile.read(path, dtype="int16")[0]
    for name, raw in (("s16le", samples), ("f32le", (samples / 32768).astype("<f4"))):
        standard_input(raw.astype(RAW[name]).tobytes())
        assert predict(model_path, "-", "--json", "--rate", "8000", "--format", name) == 0
        assert json.loads(capsys.readouterr().out) == [expected]


def test_an_empty_standard_input_is_said_to_be(model_path, standard_input, capsys):
    for arguments in (["-"], ["-", "--rate", "8000"]):
        standard_input(b"")
        assert predict(model_path, *arguments) == 2
        assert capsys.readouterr().err == "skxent: there is nothing in standard input\n"
        standard_input(b"")
        assert main(["listen", str(model_path), *arguments]) == 2
        assert capsys.readouterr().err == "skxent: there is nothing in standard input\n"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["predict", "-", "-"], "- stands for standard input, and can be given once only"),
        (["predict", "a.wav", "--rate", "8000"], "--rate is for samples from standard input"),
        (["predict", "a.wav", "--top", "0"], "--top: it must be a whole number above zero"),
        (["predict", "-", "--rate", "0"], "--rate: it must be a whole number above zero"),
        (["listen", "-", "--rate", "0"], "--rate: it must be a whole number above zero"),
        (["listen", "-", "--pause", "-1"], "--pause: it must be seconds above zero, got '-1'"),
        (["listen", "-", "--pause", "long"], "--pause: it must be seconds above zero"),
    ],
)
def test_numbers_and_options_that_make_no_sense_are_refused(arguments, text, model_path, capsys):
    command, *rest = arguments
    assert main([command, str(model_path), *rest]) == 2
    printed = capsys.readouterr()
    assert text in printed.err
    assert not printed.out


def test_a_last_sample_that_is_not_whole_is_left_out():
    np.testing.assert_array_equal(decode(b"\1\0\2\0\3", "s16le"), [1, 2])


def row_of_words(recordings):
    """Two words with pauses, at 8,000 Hz, as 16-bit samples."""
    parts = [
        soundfile.read(recordings / word / "usf1_0.flac", dtype="int16")[0]
        for word in ("seven", "one")
    ]
    pause = np.zeros(6000, "int16")
    return np.concatenate([pause, parts[0], pause, parts[1], pause])


@pytest.mark.parametrize("form", ["wav", "stereo", "raw"])
def test_listen_hears_the_words_of_a_stream(form, model_path, recordings, standard_input, capsys):
    signal, more = row_of_words(recordings), []
    if form == "raw":
        content, more = signal.tobytes(), ["--rate", "8000"]
    else:
        file = io.BytesIO()
        channels = np.stack([signal, signal], axis=1) if form == "stereo" else signal
        soundfile.write(file, channels, 8000, format="WAV", subtype="PCM_16")
        content = file.getvalue()
    standard_input(content)
    assert main(["listen", str(model_path), "-", "--json", *more]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["label"] for row in rows] == ["seven", "one"]
    assert rows[0]["start"] == pytest.approx(0.75, abs=0.2)
    standard_input(content)
    assert main(["listen", str(model_path), "-", "--least", "1.1", *more]) == 0
    assert capsys.readouterr().out == ""


def test_listen_says_what_it_can_not_read(model_path, standard_input, capsys):
    standard_input(b"words " * 100)
    assert main(["listen", str(model_path), "-"]) == 2
    assert "standard input is no wav stream" in capsys.readouterr().err
