"""Writing a file so that it is there whole or not at all."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from ...errors import TransportError

_NEW_FILE = 0o666


def check_place(path: str | Path) -> None:
    """Raise ``TransportError`` when a file cannot be written there; best asked before the work is done."""
    if _is_special(path):
        return
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise TransportError(f"{path} cannot be written: it is a directory, expected the name of a file")
    if not target.parent.is_dir():
        raise TransportError(
            f"{path} cannot be written: there is no directory {target.parent}, make it first"
        )
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise TransportError(f"{path} cannot be written: no permission to write in {target.parent}")


def write_whole(path: str | Path, text: str) -> None:
    """Write text as UTF-8 under a name of its own, then move it to ``path``.

    What was there is there until then. A pipe or a device is written as it is. Raises ``TransportError``.
    """
    check_place(path)
    data = text.encode("utf-8", "backslashreplace")
    try:
        if _is_special(path):
            Path(path).write_bytes(data)
        else:
            _write_beside(Path(os.path.realpath(path)), data)
    except OSError as error:
        raise TransportError(f"{path} cannot be written: {error.strerror or error}") from None


def _is_special(path: str | Path) -> bool:
    """Tell whether there is a pipe or a device."""
    return os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path)


def _write_beside(target: Path, data: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=".rtpjpeg-", suffix=".part", dir=target.parent)
    try:
        with open(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, _mode_for(target))
        os.replace(name, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def _mode_for(target: Path) -> int:
    """Return the permissions of the file that is replaced, or of one that is made anew."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return _NEW_FILE & ~mask
