"""A capture file in memory, piece by piece, and the packets of a piece as columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ..train import Bytes, Column

PIECE = 1 << 18
"""Bytes of a piece, for who takes packet by packet."""
SLACK = 1 << 11
"""Bytes behind the last one of a piece, so that headers are gathered there without asking for the end.

A packet of Ethernet that the capture cut short ends there too.
"""
MOST_RECORDS = 1 << 16
"""Of one piece, so that a file of tiny packets costs no more memory than another one."""
LATEST = 1 << 62
"""Nanoseconds since 1970 that a time says at most (the year 2116), so that differences fit 64 bits too."""
NOT_A_PACKET = -1
"""Link type of a block that is no packet and that Wireshark numbers like one: a line of a log, an event."""


class EndedEarly(Exception):
    """The file ends inside a record, as it does when the capturing program was killed."""


@dataclass(slots=True)
class Records:
    """The packets of a piece of a capture, one entry a packet in each column."""

    data: Bytes
    """The bytes of the piece, uint8, and SLACK bytes more."""
    starts: Column
    """Position in ``data`` of the frame."""
    lengths: Column
    """Bytes of the frame that were captured."""
    times: Column
    """Nanoseconds since 1970, 0 to LATEST; 0 where the file does not say."""
    link_types: Column

    def __len__(self) -> int:
        return len(self.starts)


class Stream(Protocol):
    """What bytes are read from: a raw or a buffered file."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """Fill the buffer, or a part of it; return how many bytes, 0 at the end."""


class Window:
    """The part of a stream that is in memory.

    Each move takes memory of its own, so that who holds the bytes of an earlier part keeps them.
    """

    def __init__(self, stream: Stream, size: int) -> None:
        self._stream = stream
        self._size = size
        self.data: Bytes = np.zeros(SLACK, np.uint8)
        self.view = self.data.data
        self.place = 0
        """Position in the stream of the first byte."""
        self.end = 0
        """Bytes that are there."""

    def move(self, used: int, need: int) -> bool:
        """Forget ``used`` bytes and read on; return whether ``need`` bytes are there now.

        When not, the stream has ended, and ``end`` says how many bytes are left over.
        """
        left = self.end - used
        data = np.empty(max(self._size, need) + SLACK, np.uint8)
        data[:left] = self.data[used : self.end]
        self.data, self.view = data, data.data
        self.place, self.end = self.place + used, left
        while self.end < need and (count := self._stream.readinto(self.view[self.end : -SLACK])):
            self.end += count
        data[self.end : self.end + SLACK] = 0
        return self.end >= need


def rows_at(data: Bytes, starts: Column, size: int) -> Bytes:
    """Return ``size`` bytes from each start as rows; all of them must be inside of ``data``.

    Numpy copies items of ``size`` bytes that may begin anywhere, many times faster than byte by byte.
    """
    anywhere = np.ndarray((data.size - size + 1,), np.dtype((np.void, size)), data, 0, (1,))
    return anywhere[starts].view(np.uint8).reshape(-1, size)
