"""The entry of the command: help, suggestions, errors and exit status."""

import importlib
import io
import subprocess
import sys
from importlib import metadata

import pytest

import skxent
from skxent.cli import main
from skxent.cli._main import COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_has_an_example_that_its_parser_takes(name, capsys):
    assert main([name, "--help"]) == 0
    printed = capsys.readouterr()
    assert f"usage: skxent {name}" in printed.out
    assert f"  skxent {name} " in printed.out.partition("example:")[2]
    assert not printed.err


@pytest.mark.parametrize("name", COMMANDS)
def test_arguments_of_the_examples_are_known(name, monkeypatch):
    command = importlib.import_module(f"skxent.cli._{name}")
    seen = []
    monkeypatch.setattr(command, "run", lambda args: seen.append(args) or 0)
    lines = [line.rpartition("| ")[2].strip() for line in command.EXAMPLE.splitlines()]
    lines = [line.partition(" > ")[0] for line in lines if line.startswith(f"skxent {name} ")]
    for line in lines:
        assert main(line.split()[1:]) == 0
    assert len(seen) == len(lines) >= 1


def test_help_lists_the_commands_and_the_exit_status(capsys):
    assert main(["--help"]) == 0
    printed = capsys.readouterr().out
    for name in COMMANDS:
        assert f"\n  {name} " in printed
    assert "exit status:" in printed


def test_without_a_command_the_help_is_an_error(capsys):
    assert main([]) == 2
    printed = capsys.readouterr()
    assert not printed.out
    assert "usage: skxent COMMAND" in printed.err


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"skxent {skxent.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "suggestion"),
    [
        (["trian", "folder"], "no command 'trian': did you mean train?"),
        (["evalute"], "no command 'evalute': did you mean evaluate?"),
        (
            ["train", "folder", "-o", "m.skops", "--reprot", "page.html"],
            "unknown argument --reprot: did you mean --report?",
        ),
        (["--versoin"], "unknown argument --versoin: did you mean --version?"),
        (["predict", "m.skops", "a.wav", "--jsn=1"], "--jsn=1: did you mean --json?"),
    ],
)
def test_a_typo_suggests_the_right_word(arguments, suggestion, capsys):
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert suggestion in printed.err
    assert not printed.out


def test_what_is_like_no_word_has_no_suggestion(capsys):
    assert main(["qqqqqqqq"]) == 2
    assert capsys.readouterr().err == ("skxent: no command 'qqqqqqqq' (see skxent --help)\n")


def test_what_is_missing_is_named(capsys):
    assert main(["train", "folder"]) == 2
    assert "required: -o/--output (see skxent train --help)" in capsys.readouterr().err


def raising(error):
    def run(_):
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("two\nlines"), "skxent: two lines\n"),
        (FileNotFoundError(2, "No such file or directory", "x.wav"), "skxent: x.wav: No such file"),
        (KeyError("x"), "skxent: unexpected KeyError: 'x' (--debug shows where it comes from)\n"),
    ],
)
def test_an_error_is_a_sentence_and_its_origin_is_shown_on_demand(error, text, monkeypatch, capsys):
    monkeypatch.setattr("skxent.cli._check.run", raising(error))
    assert main(["check", "folder"]) == 2
    printed = capsys.readouterr()
    assert printed.err.startswith(text)
    assert "Traceback" not in printed.err
    assert not printed.out
    with pytest.raises(type(error)):
        main(["check", "folder", "--debug"])


def test_ctrl_c_has_the_status_of_shells(monkeypatch, capsys):
    monkeypatch.setattr("skxent.cli._check.run", raising(KeyboardInterrupt()))
    assert main(["check", "folder"]) == 130
    assert capsys.readouterr().err.startswith("skxent: stopped")


def test_the_command_is_installed_and_runs_as_a_module():
    run = subprocess.run(
        [sys.executable, "-m", "skxent", "trian"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == "skxent: no command 'trian': did you mean train? (see skxent --help)\n"
    scripts = metadata.entry_points(group="console_scripts", name="skxent")
    assert all(script.value == "skxent.cli:main" for script in scripts)


def test_names_that_a_terminal_can_not_encode_are_printed(tmp_path, monkeypatch):
    printed = io.BytesIO()
    monkeypatch.setattr("sys.stderr", io.TextIOWrapper(printed, encoding="ascii"))
    assert main(["check", str(tmp_path / "caf\udce9 ü")]) == 2
    sys.stderr.flush()
    assert b"caf\\udce9 \\xfc" in printed.getvalue()
