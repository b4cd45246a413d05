"""A file is there whole or not at all, and where it cannot be, one sentence says so."""

from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path

import pytest

from rtpjpeg.errors import TransportError
from rtpjpeg.inspector.output import files
from rtpjpeg.inspector.output.files import check_place, write_whole


def test_a_file_is_written_with_the_permissions_of_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    before = os.umask(0o027)
    try:
        write_whole(path, "é\udcff")
    finally:
        os.umask(before)
    assert path.read_bytes() == b"\xc3\xa9\\udcff"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["a.html"]


def test_what_is_replaced_keeps_its_permissions_and_its_place(tmp_path: Path) -> None:
    real, link = tmp_path / "real.html", tmp_path / "link.html"
    real.write_text("old")
    real.chmod(0o600)
    link.symlink_to(real)
    write_whole(link, "new")
    assert link.is_symlink() and real.read_text() == "new"
    assert stat.S_IMODE(real.stat().st_mode) == 0o600


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.html"
    path.write_text("old")

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(TransportError, match=r"a\.html cannot be written: No space left on device"):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.html"]


def test_a_device_that_is_full_is_no_traceback() -> None:
    with pytest.raises(TransportError, match="/dev/full cannot be written: No space left on device"):
        write_whole("/dev/full", "new")


def test_a_pipe_is_written_as_it_is(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    came: list[str] = []
    reader = threading.Thread(target=lambda: came.append(pipe.read_text()))
    reader.start()
    write_whole(pipe, "page")
    reader.join()
    assert came == ["page"] and stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(TransportError, match=f"there is no directory {tmp_path}/no, make it first"):
        check_place(tmp_path / "no" / "a.html")
    with pytest.raises(TransportError, match="it is a directory, expected the name of a file"):
        check_place(tmp_path)


def test_a_directory_without_permission_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files.os, "access", lambda path, mode: False)
    with pytest.raises(TransportError, match=f"no permission to write in {tmp_path}"):
        write_whole(tmp_path / "a.html", "new")


def test_a_relative_name_is_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_whole("a.html", "page")
    assert (tmp_path / "a.html").read_text() == "page"
