"""Files are written as a whole or not at all."""

import contextlib
import os
import stat

import pytest

from skxent._writing import replace_file


def test_file_is_replaced_as_a_whole(tmp_path):
    path = tmp_path / "file"
    replace_file(path, b"first")
    replace_file(str(path), b"second")
    assert path.read_bytes() == b"second"
    assert os.listdir(tmp_path) == ["file"]


def test_full_disk_is_an_error_and_leaves_the_earlier_file(tmp_path):
    path = tmp_path / "file"
    replace_file(path, b"first")
    resource = pytest.importorskip("resource")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, limits[1]))
    try:
        with pytest.raises(OSError):
            replace_file(path, bytes(1 << 20))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == b"first"
    assert os.listdir(tmp_path) == ["file"]


def test_what_is_no_file_is_not_replaced(tmp_path):
    with pytest.raises(FileNotFoundError):
        replace_file(tmp_path / "missing" / "file", b"first")
    with pytest.raises(OSError, match="not a regular file"):
        replace_file(tmp_path, b"first")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        replace_file(tmp_path / "pipe", b"first")
    assert stat.S_ISFIFO(os.stat(tmp_path / "pipe").st_mode)


def test_permissions_and_links_are_kept(tmp_path):
    umask = os.umask(0o027)
    try:
        replace_file(tmp_path / "file", b"first")
    finally:
        os.umask(umask)
    assert stat.S_IMODE(os.stat(tmp_path / "file").st_mode) == 0o640
    os.chmod(tmp_path / "file", 0o600)
    with contextlib.suppress(OSError):
        os.symlink(tmp_path / "file", tmp_path / "link")
        replace_file(tmp_path / "link", b"second")
        assert os.path.islink(tmp_path / "link")
        assert (tmp_path / "file").read_bytes() == b"second"
    assert stat.S_IMODE(os.stat(tmp_path / "file").st_mode) == 0o600
