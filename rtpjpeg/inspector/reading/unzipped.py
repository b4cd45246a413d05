"""A capture that was compressed by gzip, as Wireshark does it when it is told to."""

from __future__ import annotations

import gzip
import zlib
from io import FileIO

from ...errors import CaptureError

ENDS_EARLY = "{name}: its gzip data ends early; what stands before it was read"


class Unzipped:
    """What stands in a compressed file, one member or many (RFC 1952 section 2.2).

    What can be unpacked is handed out before a fault is told: a sentence goes to ``notices`` where the file
    ends too early.
    """

    def __init__(self, file: FileIO, name: str, notices: list[str]) -> None:
        self._gzip = gzip.GzipFile(fileobj=file)
        self._name = name
        self._notices = notices
        self._over = False
        self._fault: Exception | None = None

    def readinto(self, buffer: memoryview) -> int:
        """Read into the buffer; return how many bytes, 0 at the end.

        Raises ``CaptureError`` where the data is damaged.
        """
        count = 0
        while count < len(buffer) and (piece := self._piece(len(buffer) - count)):
            buffer[count : count + len(piece)] = piece
            count += len(piece)
        if self._fault is not None and not count:
            found = f"gzip data that cannot be unpacked ({self._fault})"
            raise CaptureError(f"{self._name}: found {found}, expected a pcap or pcapng capture")
        return count

    def _piece(self, size: int) -> bytes:
        """Return the next bytes, none at the end and behind a fault."""
        if self._over:
            return b""
        try:
            return self._gzip.read1(size)
        except EOFError:
            self._notices.append(ENDS_EARLY.format(name=self._name))
        except (zlib.error, gzip.BadGzipFile) as fault:
            self._fault = fault
        self._over = True
        return b""
