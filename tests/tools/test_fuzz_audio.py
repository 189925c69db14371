import functools
import importlib.util
import pathlib
import sys
import time

import numpy as np
import pytest

from skxent.audio import chunks, read

pytest.importorskip("resource", reason="Windows does not have it")

TOOL = pathlib.Path(__file__).parents[2] / "tools" / "fuzz_audio.py"


@pytest.fixture(scope="module")
def fuzz():
    spec = importlib.util.spec_from_file_location("fuzz_audio", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_some_mutations_of_files_with_checksums_do_not_fail(fuzz, capsys):
    fuzz.main(["--mutations", "40", "--seed", "1", "--formats", "OGG", "FLAC", "--jobs", "1"])
    output = capsys.readouterr().out
    assert "FLAC PCM_16" in output
    assert "OGG VORBIS" in output
    assert output.endswith(" s, 0 fail\n")


def test_a_failure_is_reported_and_kept(fuzz, capsys, tmp_path):
    arguments = ["--mutations", "3", "--formats", "AU", "--jobs", "1", "--keep", str(tmp_path)]
    with pytest.raises(SystemExit, match=r"--seed 0 --formats AU --only 0 1 2$"):
        fuzz.main([*arguments, "--cpu", "-1"])
    output = capsys.readouterr().out
    assert "1: AU " in output
    assert "slow: 0." in output
    assert output.endswith(" s, 3 fail\n")
    assert sorted(path.name[:3] for path in tmp_path.iterdir()) == ["0_0", "0_1", "0_2"]
    kept = next(tmp_path.glob("0_1_*")).read_bytes()
    assert kept == fuzz.mutate(1, 0, ("AU",))[-1]


def test_a_number_repeats_a_mutation(fuzz):
    wanted = ("FLAC", "OGG", "MP3", "WAVEX")
    first = [fuzz.mutate(number, 5, wanted) for number in range(30)]
    fuzz.original.cache_clear()
    assert [fuzz.mutate(number, 5, wanted) for number in range(30)] == first
    assert [fuzz.mutate(number, 6, wanted) for number in range(30)] != first
    assert len({damage for _, damage, _, _ in first}) > 5
    assert sum(before != after for _, _, before, after in first) > 25


def test_whole_files_do_not_hold_the_time(fuzz):
    kinds = [("WAV", "FLOAT"), ("AIFF", "DOUBLE"), ("MAT5", "PCM_16"), ("OGG", "VORBIS")]
    first = [fuzz.original(*kind, 0) for kind in kinds]
    fuzz.original.cache_clear()
    time.sleep(1.1)
    assert [fuzz.original(*kind, 0) for kind in kinds] == first


def test_every_format_but_those_without_a_header_of_its_own_is_damaged(fuzz, tmp_path):
    common, every = fuzz.formats()
    assert common == fuzz.COMMON
    assert {"WAV", "AIFF", "CAF", "W64", "RF64", "FLAC", "OGG", "MP3"} <= {
        name for name, _ in every
    }
    assert ("WAV", "IMA_ADPCM") in every
    for name, subtype in every:
        path = tmp_path / "clip"
        path.write_bytes(fuzz.original(name, subtype, 1))
        assert len(read(path)[0]) >= 4800


def damaged(function, change):
    """A function that returns something else for the damaged file."""

    @functools.wraps(function)
    def wrong(path, *args, **kwargs):
        result = function(path, *args, **kwargs)
        return change(result) if path.read_bytes().endswith(b"damaged") else result

    return wrong


def fail(error):
    def change(result):
        raise error

    return change


PLANTED = {
    "loss": {"read": damaged(read, lambda result: (result[0][:-1], result[1]))},
    "change": {"read": damaged(read, lambda result: (-result[0], result[1]))},
    "error": {"read": damaged(read, fail(KeyError("key")))},
    "nan": {"transform": lambda path: np.array([[0.0, np.nan]])},
    "pieces": {"chunks": damaged(chunks, lambda pieces: [*pieces, np.zeros(1)])},
}


@pytest.mark.parametrize("problem", PLANTED)
def test_a_planted_defect_is_found(fuzz, tmp_path, problem):
    before = fuzz.original("FLAC", "PCM_16", 0)
    case = ("FLAC", "PCM_16"), "insert", before, before + b"damaged", tmp_path / "clip"
    assert fuzz.examine(*case) == ("same", {})
    _, wrong = fuzz.examine(*case, **PLANTED[problem])
    assert list(wrong) == [problem]


@pytest.mark.parametrize(
    ("error", "problem"),
    [
        (ValueError("clip 0 ({path}): damaged"), None),
        (ValueError("damaged"), "error"),
        (TypeError("clip 0 ({path}): damaged"), "error"),
    ],
)
def test_an_error_must_be_a_value_error_that_names_the_clip(fuzz, tmp_path, error, problem):
    path = tmp_path / "clip"
    error = type(error)(str(error).format(path=path))
    before = fuzz.original("WAV", "PCM_16", 0)
    case = ("WAV", "PCM_16"), "flip", before, before, path
    _, wrong = fuzz.examine(*case, transform=lambda path: fail(error)(None))
    assert list(wrong) == ([problem] if problem else [])


def test_a_file_that_is_cut_must_be_an_error_where_it_tells_its_length(fuzz, tmp_path):
    before = fuzz.original("AU", "PCM_16", 0)
    case = ("AU", "PCM_16"), "cut", before, before[:-100] + b"damaged", tmp_path / "clip"
    _, wrong = fuzz.examine(*case)
    assert wrong == {}
    shorter = damaged(lambda path: (np.zeros((9, 1)), 16000), lambda whole: (whole[0][:5], 16000))
    _, wrong = fuzz.examine(*case, read=shorter)
    assert list(wrong) == ["loss"]


WORKER = """
import json, os, sys, time
for line in sys.stdin:
    if line == "1\\n":
        os.write(2, b"last words")
        os.abort()
    if line == "2\\n":
        time.sleep(600)
    print(json.dumps(["same", {}]), flush=True)
"""


def test_processes_that_die_or_hang_are_seen(fuzz):
    results = list(fuzz.examine_all(range(5), [sys.executable, "-c", WORKER], jobs=1, timeout=5))
    assert [number for number, _, _ in results] == list(range(5))
    assert [outcome for _, outcome, _ in results] == ["same", "died", "died", "same", "same"]
    crash, hang = results[1][2], results[2][2]
    assert crash == {"crash": "status -6, last words"}
    assert hang == {"hang": "over 5 s"}
