import os
import shutil
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from skxent import MFCCTransformer
from skxent.audio import load
from skxent.datasets import load_recordings
from tests.datasets.folders import RATE, sound, write, write_folder, write_messy_folder

# Accents as letters of their own, scripts, signs of shells and tables, what moves the cursor.
LETTERS = "aB7 _-.,;'\"\\%*?#&éß\u0301\u0308\u200f漢😀\n\t\x1b"
NAMES = st.text(LETTERS, min_size=1, max_size=12).filter(
    lambda name: not name.startswith(".") and name.strip() == name
)


def reasons(recordings):
    """What is wrong with each file or folder, by its name."""
    return {Path(problem.path).name: problem.what for problem in recordings.problems}


def test_a_clean_folder_has_no_problems(tmp_path):
    recordings = load_recordings(write_folder(tmp_path))
    paths = sorted(str(path) for path in tmp_path.glob("*/*.wav"))
    assert recordings.paths == paths
    assert recordings.labels.tolist() == ["no"] * 5 + ["yes"] * 5
    assert recordings.speakers.tolist() == ["anna", "ben", "cleo", "dan", "eve"] * 2
    assert recordings.speakers.dtype == object
    assert recordings.durations.dtype == np.float64
    assert recordings.durations.tolist() == [0.5] * 10
    assert recordings.sample_rates.tolist() == [RATE] * 10
    assert recordings.problems == []
    assert str(recordings.problems) == "no problems"
    assert "10, 0.1 minutes" in recordings.DESCR
    assert "no (5), yes (5)" in recordings.DESCR
    assert np.isfinite(MFCCTransformer(sample_rate=RATE).fit_transform(recordings.paths)).all()


def test_a_messy_folder_is_sorted_out(tmp_path):
    expected = write_messy_folder(tmp_path)
    recordings = load_recordings(tmp_path)
    of_files = [one for one in recordings.problems if one.path != str(tmp_path)]
    assert {Path(one.path).name for one in of_files} == {*expected}
    for problem in of_files:
        what, is_usable = expected[Path(problem.path).name]
        assert problem.what.startswith(what)
        assert problem.is_usable is is_usable
        assert problem.advice
        assert (problem.path in recordings.paths) is is_usable
    assert [one.what for one in recordings.problems if one.path == str(tmp_path)] == [
        "files that are no recordings by their suffix: 1 .jpg, 1 .txt",
        "the label 'No' has 1 recording only",
        "the label 'maybe' has 1 recording only",
        "the labels 'No' and 'no' differ in upper and lower case alone",
        "sample rates are mixed: 8000 Hz (22), 16000 Hz (1)",
    ]
    names = [os.path.relpath(path, tmp_path) for path in recordings.paths]
    assert {"yes/fay_1.WAV", "yes/fay 2 ü_1.Flac", "yes/gus_1.opus"} < {*names}
    assert not any("/." in f"/{name}" for name in names)
    for path, duration, rate in zip(
        recordings.paths, recordings.durations, recordings.sample_rates, strict=True
    ):
        assert len(load(path, rate)) == round(duration * rate)
    assert recordings.speakers[names.index("no/nameless.wav")] is None
    assert recordings.speakers[names.index("yes/fay 2 ü_1.Flac")] == "fay 2 ü"


def test_problems_are_a_table(tmp_path):
    write_messy_folder(tmp_path)
    problems = load_recordings(tmp_path).problems
    table = pd.DataFrame(problems)
    assert [*table.columns] == ["path", "what", "advice", "is_usable"]
    assert len(table) == len(problems)
    text = str(problems)
    assert text.startswith(f"in {tmp_path}\nleft out: 9\n")
    assert f"\nkept, but worth a look: {table['is_usable'].sum()}\n" in text
    for problem in problems:
        assert problem.what in text
        assert f"-> {problem.advice}" in text


def test_the_same_folder_gives_the_same(tmp_path):
    write_messy_folder(tmp_path / "one")
    calls = []
    first = load_recordings(tmp_path / "one", progress=lambda *args: calls.append(args))
    again = load_recordings(str(tmp_path / "one"))
    assert first.problems == again.problems
    assert first.paths == again.paths
    n_files = calls[0][1]
    assert calls == [(number + 1, n_files) for number in range(n_files)]


def test_an_unreadable_file_is_an_error_if_wanted(tmp_path):
    write_folder(tmp_path)
    (tmp_path / "notes.txt").write_text("no recording")
    write(tmp_path / "no" / "twin_1.wav", 1)  # suspicious, but usable
    assert len(load_recordings(tmp_path, on_error="raise").paths) == 11
    broken = tmp_path / "no" / "anna_1.wav"
    broken.write_bytes(broken.read_bytes()[:100])
    (tmp_path / "yes" / "eve_1.wav").write_bytes(b"")
    with pytest.raises(ValueError, match=r"2 of 11 .* first is .*anna_1.wav: cut short.*; copy it"):
        load_recordings(tmp_path, on_error="raise")


# Labels and speakers


def test_labels_and_speakers_may_be_folders(tmp_path):
    for label in ("no", "yes"):
        for number, speaker in enumerate(("anna", "ben")):
            write(tmp_path / label / speaker / "take_1.wav", number + 2 * (label == "no"))
    write(tmp_path / "no" / "deep" / "er" / "take_1.wav", 9)
    write(tmp_path / "no" / "take_1.wav", 10)
    recordings = load_recordings(tmp_path, speaker="folder")
    assert recordings.labels.tolist() == ["no"] * 4 + ["yes"] * 2
    assert recordings.speakers.tolist() == ["anna", "ben", "deep", None, "anna", "ben"]
    assert reasons(recordings)["take_1.wav"] == "it has no speaker"
    by_stem = load_recordings(tmp_path)
    assert set(by_stem.speakers) == {"take"}
    texts = [problem.what for problem in by_stem.problems]
    assert any(text.startswith("5 recordings lie in a folder below the label's") for text in texts)
    assert "there is one speaker only, 'take'" in texts


def test_labels_and_speakers_may_come_from_functions(tmp_path):
    for number, name in enumerate(("7_anna_0", "7_ben_0", "8_anna_0", "none_0", "8_x_0")):
        write(tmp_path / f"{name}.wav", number)
    recordings = load_recordings(
        tmp_path,
        label=lambda path: int(path.stem[0]) if path.stem[0].isdigit() else None,
        speaker=lambda path: {"x": float("nan")}.get(path.stem[2:-2], path.stem[2:-2]),
    )
    assert recordings.labels.tolist() == ["7", "7", "8", "8"]
    assert recordings.speakers.tolist() == ["anna", "ben", "anna", None]
    assert reasons(recordings)["none_0.wav"] == "it has no label"
    with pytest.raises(ValueError, match=r"label failed for .*7_anna_0.wav: IndexError: "):
        load_recordings(tmp_path, label=lambda path: path.stem.split("_")[5])


def test_a_folder_may_have_no_labels_and_no_speakers(tmp_path):
    write(tmp_path / "one.wav", 1)
    write(tmp_path / "more" / "two.wav", 2)
    recordings = load_recordings(tmp_path, label=None, speaker=None)
    assert [Path(path).name for path in recordings.paths] == ["two.wav", "one.wav"]
    assert recordings.labels is None
    assert recordings.speakers.tolist() == [None, None]
    assert recordings.problems == []
    assert "Labels: none" in recordings.DESCR


def test_what_can_not_be_learnt_is_said(tmp_path):
    for take in range(6):
        write(tmp_path / "one" / f"{take}.wav", take)
    texts = [problem.what for problem in load_recordings(tmp_path).problems]
    assert texts == ["there is one label only, 'one'", "no recording has a speaker"]
    write(tmp_path / "two" / "anna_1.wav", 7)
    write(tmp_path / "two" / "anna_2.wav", 8)
    write(tmp_path / "one" / "ben_1.wav", 9)
    problems = load_recordings(tmp_path).problems
    texts = [problem.what for problem in problems if problem.path == str(tmp_path)]
    assert texts == [
        "the label 'two' has 2 recordings only",
        "the label 'two' has one speaker only, 'anna'",
    ]


@settings(max_examples=25)
@given(st.dictionaries(NAMES, st.lists(NAMES, min_size=1, max_size=3), min_size=1, max_size=3))
def test_any_name_of_a_label_and_a_speaker_comes_through(tmp_path_factory, tree):
    folder = tmp_path_factory.mktemp("names")
    whole = write(folder / ".wav" / "one.wav")
    expected = set()
    for label, speakers in tree.items():
        for speaker in speakers:
            path = folder / label / f"{speaker}_1.WAV"
            path.parent.mkdir(exist_ok=True)
            if not path.exists():
                shutil.copy(whole, path)
            expected.add((normal(label), normal(speaker), str(path)))
    recordings = load_recordings(folder)
    found = zip(
        recordings.labels.tolist(), recordings.speakers.tolist(), recordings.paths, strict=True
    )
    assert {*found} == expected
    assert "\x1b" not in str(recordings.problems)


def normal(text):
    return unicodedata.normalize("NFC", text)


def test_accents_are_one_whatever_their_form(tmp_path):
    for number, form in enumerate(("NFC", "NFD")):
        name = unicodedata.normalize(form, "café")
        write(tmp_path / name / f"{unicodedata.normalize(form, 'zoë')}_{number}.wav", number)
    recordings = load_recordings(tmp_path)
    assert recordings.labels.tolist() == ["café", "café"]
    assert recordings.speakers.tolist() == ["zoë", "zoë"]
    assert len({*recordings.paths}) == 2


def test_names_that_are_no_text_can_be_printed(tmp_path):
    path = os.fsencode(tmp_path) + b"/caf\xe9/a\nb_1.wav"
    os.mkdir(os.path.dirname(path))
    Path(os.fsdecode(path)).write_bytes(b"")
    write(tmp_path / "yes" / "anna_1.wav")
    problems = load_recordings(tmp_path).problems
    assert r"caf\udce9/a\nb_1.wav" in str(problems)
    str(problems).encode()


# Links


def test_links_to_folders_are_followed_once(tmp_path):
    write_folder(tmp_path / "elsewhere", ["yes"])
    write_folder(tmp_path / "folder", ["no"], seed=5)
    folder = tmp_path / "folder"
    (folder / "yes").symlink_to(tmp_path / "elsewhere" / "yes")
    for name in ("a", "b", "c", "d", "e", "f", "g", "h"):  # each of them reaches all others
        (tmp_path / "ring" / name).mkdir(parents=True)
    for one in (tmp_path / "ring").iterdir():
        for other in (tmp_path / "ring").iterdir():
            (one / f"to {other.name}").symlink_to(other)
    (folder / "ring").symlink_to(tmp_path / "ring")
    recordings = load_recordings(folder)
    assert recordings.labels.tolist() == ["no"] * 5 + ["yes"] * 5
    assert {problem.what for problem in recordings.problems} == {
        "a link to a folder that is read already"
    }


def test_a_folder_without_access_is_named(tmp_path, monkeypatch):
    write_folder(tmp_path)
    scandir = os.scandir

    def refuse(path):
        if os.fspath(path).endswith("yes"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    recordings = load_recordings(tmp_path)
    assert {*recordings.labels} == {"no"}
    assert reasons(recordings)["yes"] == "a folder that can't be opened (Permission denied)"


# Sounds


@pytest.mark.parametrize(
    ("suffix", "format_"), [("flac", "FLAC"), ("aiff", "AIFF"), ("wav", "RF64")]
)
def test_the_same_sound_is_found_in_any_format(tmp_path, suffix, format_):
    write_folder(tmp_path)
    samples, rate = soundfile.read(tmp_path / "no" / "anna_1.wav", dtype="int16")
    twin = tmp_path / "yes" / f"twin_1.{suffix}"
    soundfile.write(twin, np.column_stack([samples, samples]), rate, format=format_)
    what = reasons(load_recordings(tmp_path))[twin.name]
    assert what == f"the same sound as {tmp_path / 'no' / 'anna_1.wav'}, whose label is 'no'"
    samples[-1] += 1
    soundfile.write(twin, samples, rate, format=format_)
    assert load_recordings(tmp_path).problems == []


def test_a_sound_is_long_compared_with_the_others(tmp_path):
    soundfile.write(tmp_path / "a.wav", sound(1, 1.0), RATE)
    soundfile.write(tmp_path / "b.wav", sound(2, 20.0), RATE)
    recordings = load_recordings(tmp_path, label=None, speaker=None)
    assert recordings.problems == []
    soundfile.write(tmp_path / "b.wav", sound(2, 20.1), RATE)
    recordings = load_recordings(tmp_path, label=None, speaker=None)
    assert reasons(recordings) == {"b.wav": "very long: 20.1 s, where others have 1.00 s"}


# Tables


def rows_of(folder):
    names = sorted(str(path.relative_to(folder)) for path in folder.glob("*/*.wav"))
    return [(name, name.split("/")[0].upper(), f"{Path(name).stem[0]}.") for name in names]


@pytest.mark.parametrize("name", ["metadata.csv", "own table.csv"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("path_column", ["file_name", "path", "Path"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_a_table_says_what_files_are(tmp_path, name, delimiter, path_column, start):
    write_folder(tmp_path)
    rows = rows_of(tmp_path)[::-1]  # its own order
    lines = [delimiter.join(row) for row in [(path_column, "label", "speaker"), *rows]]
    (tmp_path / name).write_text(start + "\r\n".join(lines) + "\r\n", encoding="utf-8")
    recordings = load_recordings(tmp_path if name == "metadata.csv" else tmp_path / name)
    assert recordings.paths == [str(tmp_path / row[0]) for row in rows]
    assert recordings.labels.tolist() == [row[1] for row in rows]
    assert recordings.speakers.tolist() == [row[2] for row in rows]
    assert recordings.problems == []


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame])
def test_a_data_frame_says_what_files_are(tmp_path, make):
    write_folder(tmp_path)
    rows = rows_of(tmp_path)
    table = make(
        {
            "path": [str(tmp_path / row[0]) for row in rows],
            "label": [row[1] for row in rows],
            "speaker": [None, *(row[2] for row in rows[1:])],
        }
    )
    recordings = load_recordings(table)
    assert recordings.paths == [str(tmp_path / row[0]) for row in rows]
    assert recordings.labels.tolist() == [row[1] for row in rows]
    assert recordings.speakers.tolist() == [None, *(row[2] for row in rows[1:])]
    assert reasons(recordings) == {"anna_1.wav": "it has no speaker"}


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA, pd.NaT, "", "  "])
def test_missing_cells_are_missing(tmp_path, missing):
    write_folder(tmp_path)
    paths = [str(path) for path in sorted(tmp_path.glob("*/*.wav"))]
    table = pd.DataFrame(
        {
            "path": pd.Series([*paths[:9], missing], dtype=object),
            "label": pd.Series([missing, *"aaaabbbbb"], dtype=object),
            "speaker": pd.Series([*"abcdefg", missing, "h", "i"], dtype=object),
        }
    )
    recordings = load_recordings(table)
    assert recordings.paths == paths[1:9]
    assert recordings.labels.tolist() == [*"aaaabbbb"]
    assert recordings.speakers.tolist() == [*"bcdefg", None, "h"]
    what = [problem.what for problem in recordings.problems if not problem.is_usable]
    assert what[-1] == "it has no label"
    assert len(what) == 2


def test_a_table_may_leave_labels_and_speakers_to_names(tmp_path):
    write_folder(tmp_path)
    names = [row[0] for row in rows_of(tmp_path)]
    (tmp_path / "metadata.csv").write_text("\n".join(["file_name", *names]))
    recordings = load_recordings(tmp_path)
    assert recordings.labels.tolist() == ["no"] * 5 + ["yes"] * 5
    assert recordings.speakers.tolist() == ["anna", "ben", "cleo", "dan", "eve"] * 2
    assert recordings.problems == []


def test_files_and_rows_without_each_other_are_named(tmp_path):
    write_folder(tmp_path)
    lines = ["file_name,label", "no/anna_1.wav,no", "no/none_1.wav,no", "yes/ben_1.wav,yes"]
    (tmp_path / "metadata.csv").write_text("\n".join(lines))
    recordings = load_recordings(tmp_path)
    assert [Path(path).name for path in recordings.paths] == ["anna_1.wav", "ben_1.wav"]
    texts = [problem.what for problem in recordings.problems if not problem.is_usable]
    assert texts == ["8 recordings are not in metadata.csv, as no/ben_1.wav", "no such file"]


def test_a_table_may_write_names_in_its_own_way(tmp_path):
    name = unicodedata.normalize("NFD", "zoë_1.wav")
    write(tmp_path / "café" / name)
    text = "file_name,label\n" + unicodedata.normalize("NFC", f"café\\{name},x\n")
    (tmp_path / "metadata.csv").write_text(text)
    recordings = load_recordings(tmp_path)
    assert recordings.paths == [str(tmp_path / "café" / name)]


# What is no folder of recordings


def test_what_is_no_folder_of_recordings_is_an_error(tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ValueError, match=r"no recordings in .*empty: make a folder in it for each"):
        load_recordings(empty)
    (empty / "notes.txt").write_text("nothing")
    with pytest.raises(ValueError, match=r"by their suffix: 1 .txt\): make a folder"):
        load_recordings(empty)
    with pytest.raises(ValueError, match=r"no such folder: .*none"):
        load_recordings(tmp_path / "none")
    path = write(tmp_path / "flat" / "anna_1.wav")
    with pytest.raises(ValueError, match=r"got a sound file, .*anna_1.wav"):
        load_recordings(path)
    with pytest.raises(ValueError, match=r"no recording in .*flat can be used.*it has no label"):
        load_recordings(path.parent)
    path.write_bytes(b"")
    with pytest.raises(ValueError, match=r"no recording in .*flat can be used.*the file is empty"):
        load_recordings(path.parent, label=None)
    with pytest.raises(TypeError, match="folder must be a path or a data frame, got int"):
        load_recordings(7)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must have a column 'file_name' or 'path'"),
        (b"name,label\na,b\n", r"must have .* got \['name', 'label'\]"),
        (b"path,label\ncaf\xe9,x\n", "is no text in UTF-8"),
        (b'path,label\n"a.wav,x\n', "is no table in CSV"),
    ],
)
def test_what_is_no_table_is_an_error(tmp_path, content, message):
    path = tmp_path / "metadata.csv"
    path.write_bytes(content)
    for source in (path, tmp_path):
        with pytest.raises(ValueError, match=f"metadata.csv {message}"):
            load_recordings(source)


@pytest.mark.parametrize(
    "wrong", [{"label": "stem"}, {"speaker": "name"}, {"speaker": 3}, {"on_error": "warn"}]
)
def test_wrong_settings_are_errors(tmp_path, wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must be"):
        load_recordings(write_folder(tmp_path), **wrong)


def test_formats_are_a_list(tmp_path):
    with pytest.raises(TypeError, match=r"formats must be a list of suffixes, such as \['wav'\]"):
        load_recordings(write_folder(tmp_path), formats="wav")


def test_formats_choose_the_files(tmp_path):
    write_folder(tmp_path)
    (tmp_path / "no" / "anna_1.wav").rename(tmp_path / "no" / "anna_1.sound")
    recordings = load_recordings(tmp_path, formats=[".Sound"])
    assert [Path(path).name for path in recordings.paths] == ["anna_1.sound"]
    assert "no recordings by their suffix: 9 .wav" in recordings.problems[0].what
