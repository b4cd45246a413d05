"""A capture file, compressed or not, or a pipe, read in large pieces."""

from __future__ import annotations

import os
import select
import stat
import time
from collections.abc import Iterator
from io import FileIO

from ...errors import CaptureError
from ...net.piece import Records
from ...net.records import GZIP, walk
from .unzipped import Unzipped

STDIN = "-"
PATIENCE = 0.25
"""Seconds for which what comes through a pipe is gathered, so that batches are neither many nor late."""


class CaptureFile:
    """The packets of a file. Raises ``CaptureError`` when it cannot be opened."""

    def __init__(self, path: str, block_size: int) -> None:
        self.name = "stdin" if path == STDIN else path
        self.bytes_read = 0
        self.notices: list[str] = []
        self._block_size = block_size
        try:
            self._file = FileIO(0, closefd=False) if path == STDIN else FileIO(path)
            status = os.fstat(self._file.fileno())
        except OSError as error:
            raise CaptureError(f"{self.name} cannot be read: {error.strerror}") from None
        self._regular = stat.S_ISREG(status.st_mode)
        self.size = status.st_size if self._regular else None
        self._unzipped = Unzipped(self._file, self.name, self.notices) if self._is_gzip() else None

    def records(self) -> Iterator[Records]:
        """Yield the packets. Raises ``CaptureError``, ``EndedEarly`` or ``OSError``."""
        return walk(self, self.name, self._block_size)

    def readinto(self, buffer: memoryview) -> int:
        """Read into the buffer; return how many bytes, 0 at the end."""
        if self._unzipped is not None:
            count = self._unzipped.readinto(buffer)
            self.bytes_read = self._file.tell()
            return count
        count = (self._file.readinto(buffer) or 0) if self._regular else self._gather(buffer)
        self.bytes_read += count
        return count

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _is_gzip(self) -> bool:
        """Tell whether a file is compressed; of a pipe the first bytes can be had only once."""
        return self._regular and os.pread(self._file.fileno(), len(GZIP), self._file.tell()) == GZIP

    def _gather(self, buffer: memoryview) -> int:
        """Wait for the first bytes, then take what comes in a moment."""
        count = self._file.readinto(buffer) or 0
        until = time.monotonic() + PATIENCE
        while count < len(buffer) and self._comes(until - time.monotonic()):
            more = self._file.readinto(buffer[count:])
            if not more:
                break
            count += more
        return count

    def _comes(self, seconds: float) -> bool:
        return seconds > 0 and bool(select.select([self._file], [], [], seconds)[0])
