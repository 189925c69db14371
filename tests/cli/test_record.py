"""skxent record and listen, with a microphone that is none."""

import sys
import types

import numpy as np
import pytest
import soundfile

from skxent.cli import main
from skxent.cli._record import _LOUD

RATE = 16000


class PortAudioError(Exception):
    """As sounddevice's."""


def fake_sounddevice(signal, error=None):
    """A module with a microphone that hears a signal, block by block, and then stops."""
    module = types.ModuleType("sounddevice")
    module.PortAudioError = PortAudioError
    module.played, module.opened, module.position = [], [], 0

    class InputStream:
        def __init__(self, *, samplerate, blocksize, channels, dtype, device, callback):
            assert (channels, dtype) == (1, "float32")
            self.blocksize, self.callback = blocksize, callback
            module.opened.append((samplerate, device))

        def __enter__(self):
            buffer = np.empty((self.blocksize, 1), np.float32)  # which devices write over
            while module.position + self.blocksize <= len(signal):
                end = module.position + self.blocksize
                buffer[:, 0] = signal[module.position : end]
                self.callback(buffer, self.blocksize, None, None)
                module.position = end
                if module.position in module.stops:
                    break
            else:
                self.callback(np.full((1, 1), np.nan, np.float32), 1, None, None)
            return self

        def __exit__(self, *_):
            return False

    def query_devices(device, kind):
        assert kind == "input"
        if error is not None:
            raise error

    module.stops = ()
    module.query_devices = query_devices
    module.InputStream = InputStream
    module.play = lambda samples, rate, blocking: module.played.append((samples, rate, blocking))
    return module


def words(n_words, amplitude=0.3, pause=1.0):
    rng = np.random.default_rng(0)
    parts = [np.zeros(int(pause * RATE))]
    for _ in range(n_words):
        parts += [amplitude * rng.uniform(-1, 1, RATE // 2), np.zeros(int(pause * RATE))]
    return np.concatenate(parts).astype("float32")


@pytest.fixture
def microphone(monkeypatch):
    def plug_in(signal, error=None):
        module = fake_sounddevice(signal, error)
        monkeypatch.setitem(sys.modules, "sounddevice", module)
        return module

    return plug_in


def record(folder, *more):
    return main(["record", str(folder), "--label", "yes", "--speaker", "anna", *more])


def test_words_are_cut_played_and_written(microphone, tmp_path, capsys):
    module = microphone(words(2))
    # Each take opens the microphone anew, where the signal goes on.
    module.stops = (int(2.4 * RATE),)
    assert record(tmp_path, "--count", "2", "--device", "3") == 0
    names = ["anna_1.wav", "anna_2.wav"]
    assert sorted(path.name for path in (tmp_path / "yes").iterdir()) == names
    assert capsys.readouterr().out.split() == [str(tmp_path / "yes" / name) for name in names]
    for name, (played, rate, blocking) in zip(names, module.played, strict=True):
        samples, written_rate = soundfile.read(tmp_path / "yes" / name, dtype="float32")
        assert written_rate == rate == RATE
        assert blocking
        assert 0.5 <= len(samples) / RATE <= 0.75
        np.testing.assert_allclose(samples, played, atol=1 / 32768)
    assert module.opened == [(RATE, 3)] * 2


def test_no_file_is_replaced(microphone, tmp_path):
    (tmp_path / "yes").mkdir()
    for number in (1, 3):
        (tmp_path / "yes" / f"anna_{number}.wav").write_text("mine")
    module = microphone(words(1))
    assert record(tmp_path, "--count", "1", "--no-playback") == 0
    assert module.played == []
    assert (tmp_path / "yes" / "anna_2.wav").stat().st_size > 1000
    assert (tmp_path / "yes" / "anna_1.wav").read_text() == "mine"


@pytest.mark.parametrize(
    ("amplitude", "remark"), [(0.99, "too loud"), (0.3, None), (0.004, "too quiet")]
)
def test_a_level_that_does_not_suit_is_noted(amplitude, remark, microphone, tmp_path, capsys):
    assert _LOUD == -1.0
    microphone(words(1, amplitude))
    assert record(tmp_path, "--count", "1") == 0
    printed = capsys.readouterr().err
    assert [text in printed for text in ("too loud", "too quiet")] == [
        remark == "too loud",
        remark == "too quiet",
    ]


def test_on_a_terminal_a_clip_is_kept_if_wanted(microphone, tmp_path, monkeypatch):
    module = microphone(words(2))
    module.stops = (int(2.4 * RATE),)
    answers = iter(["r", ""])
    monkeypatch.setattr("builtins.input", lambda _: next(answers))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    assert record(tmp_path, "--count", "1") == 0
    assert len(module.played) == 2
    samples, _ = soundfile.read(tmp_path / "yes" / "anna_1.wav", dtype="float32")
    np.testing.assert_allclose(samples, module.played[1][0], atol=1 / 32768)


def test_where_there_is_no_device_there_is_a_sentence(microphone, model_path, tmp_path, capsys):
    microphone(words(1), PortAudioError("Error querying device -1"))
    assert record(tmp_path) == 2
    assert list(tmp_path.iterdir()) == []
    expected = "skxent: there is no microphone to record with (Error querying device -1)\n"
    assert capsys.readouterr().err == expected
    assert main(["listen", str(model_path)]) == 2
    assert capsys.readouterr().err == expected


def test_without_the_package_or_its_library_the_remedy_is_named(
    model_path, tmp_path, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    assert record(tmp_path) == 2
    assert 'pip install "skxent[record]"' in capsys.readouterr().err
    monkeypatch.delitem(sys.modules, "sounddevice")

    class NoLibrary:
        def find_spec(self, name, path=None, target=None):
            if name == "sounddevice":
                raise OSError("PortAudio library not found")

    monkeypatch.setattr(sys, "meta_path", [NoLibrary(), *sys.meta_path])
    assert main(["listen", str(model_path)]) == 2
    assert "install libportaudio2" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["", "a/b", "..", ".hidden", "a:b"])
def test_what_can_not_be_a_file_name_is_refused(name, tmp_path, capsys):
    assert main(["record", str(tmp_path), "--label", name, "--speaker", "anna"]) == 2
    assert "--label" in capsys.readouterr().err
    assert main(["record", str(tmp_path), "--label", "yes", "--speaker", name]) == 2
    assert "--speaker" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_listen_hears_words_until_it_is_stopped(microphone, model_path, recordings, capsys):
    signal, rate = soundfile.read(recordings / "six" / "usf1_0.flac", dtype="float32")
    assert rate == 8000
    pause = np.zeros(8000, np.float32)
    module = microphone(np.concatenate([pause, signal, pause]))
    module.stops = (16000,)

    def stop(*_):
        raise KeyboardInterrupt

    module.InputStream.__exit__ = lambda *_: False
    blocks = sys.modules["skxent.cli._microphone"].blocks

    def until_stopped(*args):
        for number, block in enumerate(blocks(*args)):
            if number == 35:
                stop()
            yield block

    sys.modules["skxent.cli._microphone"].blocks = until_stopped
    try:
        assert main(["listen", str(model_path)]) == 0
    finally:
        sys.modules["skxent.cli._microphone"].blocks = blocks
    printed = capsys.readouterr()
    assert "six" in printed.out
    assert "Ctrl-C ends it" in printed.err
