"""The file that holds an SRTP key: nobody but its owner may read it."""

from __future__ import annotations

import os
import stat

from ..errors import ConfigError, TransportError
from ..srtpkey import SrtpKey

LARGEST = 4096
"""Bytes of a key file that are read; one line is far shorter."""
OTHERS = stat.S_IRWXG | stat.S_IRWXO


def read_key(path: str | os.PathLike[str]) -> SrtpKey:
    """Return the key of a file: one line, 30 bytes of Base64 or what stands behind a=crypto.

    Raises ``ConfigError`` for a file that others than its owner may read, and for a line that is no key;
    ``TransportError`` when the file cannot be read.
    """
    name = os.fspath(path)
    try:
        with open(path, "rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            text = b"" if mode & OTHERS else file.read(LARGEST)
    except OSError as error:
        raise TransportError(f"SRTP key file {name} cannot be read: {error.strerror}") from None
    if mode & OTHERS:
        raise ConfigError(
            f"SRTP key file {name}: found mode {mode:04o}, expected 0600, so that nobody else reads it:"
            f" chmod 600 {name}"
        )
    return _parse(text, name)


def _parse(text: bytes, name: str) -> SrtpKey:
    lines = [line for line in text.decode("ascii", "replace").splitlines() if line.strip()]
    if len(lines) != 1:
        raise ConfigError(f"SRTP key file {name}: found {len(lines)} lines, expected one with the key")
    try:
        return SrtpKey.parse(lines[0])
    except ConfigError as error:
        raise ConfigError(f"SRTP key file {name}: {error}") from None
