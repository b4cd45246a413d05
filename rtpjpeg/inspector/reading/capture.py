"""A capture: its batches, and what is to be said about it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Protocol, Self

from ...errors import CaptureError
from ...net.pcap import ENDED_EARLY
from ...net.piece import EndedEarly, Records
from ..batch import Batch
from .file import CaptureFile
from .finder import Finder

BLOCK = 1 << 23
"""Bytes of a capture file that are taken at once."""


class Source(Protocol):
    """Where packets come from: a file or an interface."""

    name: str
    size: int | None
    bytes_read: int
    notices: list[str]

    def records(self) -> Iterator[Records]:
        """Yield the packets, piece by piece. Raises ``CaptureError``, ``EndedEarly``, ``OSError``."""

    def close(self) -> None:
        """Give up file or socket."""


class Capture(Iterator[Batch]):
    """The UDP datagrams of a capture, batch by batch, in its order; a batch may be empty.

    Raises ``CaptureError`` from ``next`` where a file is broken, behind the batch of what stands before. A
    last record that is cut off ends it with a notice. ``with`` closes it.
    """

    def __init__(self, source: Source) -> None:
        self.notices: list[str] = []
        """Sentences about the capture itself; complete at its end."""
        self._source = source
        self._finder = Finder()
        self._walk = self._batches()

    def __next__(self) -> Batch:
        return next(self._walk)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def name(self) -> str:
        """File or interface."""
        return self._source.name

    @property
    def size(self) -> int | None:
        """Bytes of the file; None for a pipe and for an interface."""
        return self._source.size

    @property
    def bytes_read(self) -> int:
        """Bytes of the file, or of the packets of an interface, so far."""
        return self._source.bytes_read

    @property
    def packets(self) -> int:
        """Packets of the capture so far, whatever they are."""
        return self._finder.packets

    @property
    def skipped(self) -> Counter[str]:
        """How many packets were left out, by reason."""
        return self._finder.skipped

    @property
    def cut_short(self) -> list[int]:
        """Numbers of the UDP packets that the capture cut short, of the piece behind the last batch only.

        Those whose headers are all there are in the batch; how many are not says ``skipped``. Ask after each
        one.
        """
        return self._finder.cut_short

    def close(self) -> None:
        """End the capture, and close its file or socket; the notices are complete then."""
        self._walk.close()
        self._source.close()

    def _batches(self) -> Generator[Batch, None, None]:
        try:
            with closing(self._source):
                for records in self._source.records():
                    yield self._finder.find(records)
        except OSError as error:
            raise CaptureError(f"{self.name} cannot be read: {error.strerror or error}") from None
        except EndedEarly:
            self.notices.append(ENDED_EARLY.format(name=self.name))
        finally:
            self.notices += self._finder.finish(self.name)
            self.notices += self._source.notices


def read_capture(path: str | os.PathLike[str], *, block_size: int = BLOCK) -> Capture:
    """Open a pcap or pcapng file, a pipe, or with ``-`` what comes on stdin.

    ``block_size`` is how many bytes of it are taken at once, and about what a batch holds. Raises
    ``CaptureError`` when it cannot be opened.
    """
    return Capture(CaptureFile(os.fspath(path), block_size))
