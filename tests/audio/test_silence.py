import io
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
import soundfile

from skxent.audio._silence import may_have_notes, without_notes

NOTE = b"Note: Trying to resync...\n"


def write(text):
    os.write(2, text)


def test_notes_are_kept_off_the_standard_error_and_all_else_is_not(capfd):
    write(b"before\n")
    with without_notes():
        write(NOTE + b"[src/libmpg123/layer3.c:do():1] error: bad\n")
        write(b"\nWarning: Big change (MPEG version, layer, rate). Frankenstein stream?\n")
        write(b"from elsewhere\n\nWarning: the disk is almost full\n\nNote: mine\n")
        assert "elsewhere" not in capfd.readouterr().err
    write(b"after\n")
    expected = "from elsewhere\n\nWarning: the disk is almost full\n\nNote: mine\nafter\n"
    assert capfd.readouterr().err == expected


def test_the_last_block_of_all_threads_ends_the_silence(capfd):
    entered, leave = threading.Barrier(3), threading.Event()

    def work():
        with without_notes():
            entered.wait(10)
            leave.wait(10)
            write(NOTE)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    with without_notes():
        entered.wait(10)
        write(NOTE)
    write(b"while others are silent\n")
    assert capfd.readouterr().err == ""
    leave.set()
    for thread in threads:
        thread.join()
    assert capfd.readouterr().err == "while others are silent\n"
    write(NOTE)
    assert capfd.readouterr().err == NOTE.decode()


def test_an_error_ends_the_silence(capfd):
    with pytest.raises(KeyError), without_notes():
        raise KeyError
    write(NOTE)
    assert capfd.readouterr().err == NOTE.decode()


def test_no_file_descriptor_is_left_open():
    def block():
        with without_notes():
            return os.dup(2)

    first, second = block(), None
    os.close(first)
    second = block()
    os.close(second)
    assert first == second


SCRIPT = """
import os, sys
from skxent.audio._silence import without_notes
with without_notes():
    os.write(2, b"parent\\n")
    child = os.fork()
    if not child:
        os.write(2, b"child\\n")
        os._exit(0)
    os.waitpid(child, 0)
os.close(2)
with without_notes():
    pass
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_child_has_its_standard_error_and_a_process_may_have_none():
    result = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, check=True)
    assert result.stderr == b"child\nparent\n"


@pytest.mark.parametrize("name", ["FLAC", "OGG", "AIFF", "AU", "CAF", "W64"])
def test_only_what_may_be_mpeg_is_silenced(name):
    file = io.BytesIO()
    soundfile.write(file, np.zeros(1000), 8000, format=name)
    assert not may_have_notes(file.getvalue()[:4])
    for start in (b"ID3\x04", b"\xff\xfb\x90\x00", b"RIFF", b""):
        assert may_have_notes(start)
